#include "core/net/unix_socket.h"

#include "core/file/change.h"
#include "core/file/permission.h"
#include "core/task/process.h"

namespace litebox {

namespace {

constexpr usize largest_packet = 212960;

/// The node of a path's socket, made exclusively.
Result<Path> make_socket_node(string_view path) {
    auto made = make_node_at(*current_thread(), at_working_directory, path, mode_socket | 0777, 0);
    if (!made.ok() && made.error() == Errno::eexist) return Errno::eaddrinuse;
    return made;
}

string_view path_of(const SocketAddress& address) {
    string_view name = address.unix_name();
    return name.substr(0, min(name.find('\0'), name.size()));
}

}  // namespace

Result<void> bind_unix_name(Socket& socket, UnixName& name, const SocketAddress& address) {
    if (address.family != family_unix) return Errno::einval;
    if (name.bound) {
        // A path is looked at before the socket is, as Linux does.
        bool path = address.name_length > 0 && !address.abstract();
        bool there = path && walk(*current_thread(), at_working_directory, path_of(address), 0).ok();
        return there ? Errno::eaddrinuse : Errno::einval;
    }
    if (address.name_length == 0) {
        TRY(network().autobind(socket, name.address));
    } else if (address.abstract()) {
        TRY(network().bind_unix(socket, nullptr, address.unix_name()));
        name.address = address;
    } else {
        name.place = TRY(make_socket_node(path_of(address)));
        name.inode = name.place.inode();
        TRY(network().bind_unix(socket, name.inode.get(), {}));
        name.address = address;
    }
    name.bound = true;
    return {};
}

Result<Ref<Socket>> find_unix_socket(const SocketAddress& address, int type) {
    if (address.family != family_unix || address.name_length == 0) return Errno::einval;
    if (address.abstract()) return network().find_unix(nullptr, address.unix_name(), type);
    Thread& thread = *current_thread();
    auto place = TRY(walk(thread, at_working_directory, path_of(address), walk_follow));
    auto inode = place.path.inode();
    TRY(check_access(thread, *inode, 2));
    if (inode->type() != mode_socket) return Errno::econnrefused;
    return network().find_unix(inode.get(), {}, type);
}

UnixStreamSocket::~UnixStreamSocket() {
    if (name_.bound) network().unbind_unix(*this);
}

Result<void> UnixStreamSocket::bind(const SocketAddress& address) {
    TRY(bind_unix_name(*this, name_, address));
    LockGuard guard(mutex_);
    local_ = name_.address;
    bound_ = true;
    return {};
}

Result<void> UnixStreamSocket::ensure_bound() {
    return name_.bound ? Result<void>() : Errno::einval;
}

Result<Ref<StreamSocket>> UnixStreamSocket::make_accepted() {
    auto socket = TRY(make_ref<UnixStreamSocket>(type, 0));
    socket->options.pass_credentials.store(options.pass_credentials.load());
    return Ref<StreamSocket>(std::move(socket));
}

Result<void> UnixStreamSocket::connect(const SocketAddress& address, bool wait) {
    if (address.family == family_none) return Errno::einval;
    {
        LockGuard guard(mutex_);
        if (state_ == State::connected) return Errno::eisconn;
        if (state_ == State::listening) return Errno::einval;
    }
    auto found = TRY(find_unix_socket(address, type));
    if (found->type != type) return Errno::eprototype;
    auto& listener = static_cast<StreamSocket&>(*found);
    SocketAddress own = name_.address;
    own.family = family_unix;
    return connect_to(listener, own, address, wait);
}

Result<Ref<Socket>> make_unix_socket(int type, u32 flags) {
    if (type == socket_stream) return Ref<Socket>(TRY(make_ref<UnixStreamSocket>(type, flags)));
    auto socket = TRY(make_ref<UnixPacketSocket>(type, flags));
    socket->mailbox_ = TRY(make_ref<UnixPacketSocket::Mailbox>());
    return Ref<Socket>(std::move(socket));
}

UnixPacketSocket::~UnixPacketSocket() {
    if (name_.bound) network().unbind_unix(*this);
    if (mailbox_) {
        mailbox_->closed.store(true);
        mailbox_->queue.write_queue.wake(~0u, ~0u);
    }
    if (peer_ && type == socket_sequenced) {
        peer_->ended.store(true);
        peer_->queue.read_queue.wake(~0u, ~0u);
    }
}

Result<void> UnixPacketSocket::join(UnixPacketSocket& a, UnixPacketSocket& b) {
    a.peer_ = b.mailbox_;
    b.peer_ = a.mailbox_;
    a.connected_ = b.connected_ = true;
    a.mailbox_->peer.store(b.mailbox_.get());
    b.mailbox_->peer.store(a.mailbox_.get());
    a.peer_credentials_ = b.peer_credentials_ = own_credentials();
    return {};
}

Result<void> UnixPacketSocket::bind(const SocketAddress& address) {
    return bind_unix_name(*this, name_, address);
}

Result<void> UnixPacketSocket::listen(int backlog) {
    if (type != socket_sequenced) return Errno::eopnotsupp;
    LockGuard guard(mutex_);
    if (!name_.bound || connected_) return Errno::einval;
    listening_ = true;
    backlog_limit_ = static_cast<usize>(backlog < 0 ? 4096 : min(backlog, 4096)) + 1;
    peer_credentials_ = own_credentials();
    return {};
}

Result<Ref<Socket>> UnixPacketSocket::accept(bool wait) {
    if (type != socket_sequenced) return Errno::eopnotsupp;
    Ref<UnixPacketSocket> accepted;
    auto take = [&] {
        LockGuard guard(mutex_);
        if (backlog_.empty()) return false;
        accepted = std::move(backlog_[0]);
        backlog_.remove(0);
        return true;
    };
    if (!listening_) return Errno::einval;
    if (!take()) {
        if (!wait) return Errno::eagain;
        u64 deadline = receive_deadline();
        auto waited = wait_until(accept_queue_, deadline, take);
        if (!waited.ok()) return timed_wait_error(waited.error(), deadline);
    }
    return Ref<Socket>(std::move(accepted));
}

Result<void> UnixPacketSocket::connect(const SocketAddress& address, bool wait) {
    if (address.family == family_none) {
        if (type != socket_datagram) return Errno::einval;
        change_peer(nullptr, {});
        return {};
    }
    auto found = TRY(find_unix_socket(address, type));
    if (found->type != type) return Errno::eprototype;
    auto& other = static_cast<UnixPacketSocket&>(*found);
    if (type == socket_datagram) {
        TRY(may_send_to(*other.mailbox_));
        change_peer(other.mailbox_, address);
        return {};
    }
    {
        LockGuard guard(mutex_);
        if (connected_) return Errno::eisconn;
        if (listening_) return Errno::einval;
    }
    auto accepted = TRY(make_ref<UnixPacketSocket>(type, 0u));
    accepted->mailbox_ = TRY(make_ref<Mailbox>());
    TRY(accepted->make_inode());
    TRY(join(*this, *accepted));
    accepted->name_.address = other.name_.address;
    accepted->peer_name_ = name_.address;
    peer_name_ = address;
    auto offer = [&]() -> Result<bool> {
        LockGuard guard(other.mutex_);
        if (!other.listening_) return Errno::econnrefused;
        if (other.backlog_.size() >= other.backlog_limit_) return false;
        peer_credentials_ = other.peer_credentials_;
        TRY(other.backlog_.push(accepted));
        return true;
    };
    while (!TRY(offer())) {
        if (!wait) return Errno::eagain;
        constexpr u64 retry_ns = 1'000'000;
        u32 generation = wait_generation();
        auto result = block(generation, platform::monotonic_ns() + retry_ns, Interruptible::yes);
        if (!result.ok() && result.error() != Errno::etimedout) return result;
    }
    other.accept_queue_.wake(poll_in | poll_read_normal);
    return {};
}

/// A datagram socket that is connected takes messages from its peer only.
Result<void> UnixPacketSocket::may_send_to(const Mailbox& mailbox) const {
    const void* peer = mailbox.peer.load();
    return peer == nullptr || peer == mailbox_.get() ? Result<void>() : Errno::eperm;
}

Ref<UnixPacketSocket::Mailbox> UnixPacketSocket::replace_peer(Ref<Mailbox> fresh,
                                                              Vector<Ref<Mailbox>>& gone) {
    for (usize i = 0; i < former_peers_.size();) {
        bool polled = !former_peers_[i]->queue.write_queue.empty();
        if (!polled && gone.push(former_peers_[i]).ok())
            former_peers_.remove(i);
        else
            i++;
    }
    Ref<Mailbox> before = std::exchange(peer_, std::move(fresh));
    // Polls hang on it under mutex_, and leave it before this socket's end. Without memory it stays for ever.
    if (before && !before->queue.write_queue.empty() && !former_peers_.push(before).ok()) before->ref();
    return before;
}

/// Datagrams: null disconnects. Whoever was tied to this socket in both directions is told that messages are
/// lost.
void UnixPacketSocket::change_peer(Ref<Mailbox> fresh, const SocketAddress& name) {
    Ref<Mailbox> before;
    Vector<Ref<Mailbox>> gone;
    {
        LockGuard guard(mutex_);
        before = replace_peer(fresh, gone);
        peer_name_ = name;
        connected_ = static_cast<bool>(fresh);
        mailbox_->peer.store(fresh.get());
    }
    if (!before || before == fresh) return;
    mailbox_->queue.clear();
    if (before->peer.load() != mailbox_.get()) return;
    before->error.store(static_cast<int>(Errno::econnreset));
    before->queue.read_queue.wake(poll_error, ~0u);
}

int UnixPacketSocket::take_pending_error() {
    if (int error = Socket::take_pending_error()) return error;
    return mailbox_->error.exchange(0);
}

Result<Ref<UnixPacketSocket::Mailbox>> UnixPacketSocket::target(const OutgoingMessage& message) {
    if (message.to != nullptr && type == socket_datagram) {
        auto found = TRY(find_unix_socket(*message.to, type));
        if (found->type != type) return Errno::eprototype;
        Ref<Mailbox> mailbox = static_cast<UnixPacketSocket&>(*found).mailbox_;
        TRY(may_send_to(*mailbox));
        return mailbox;
    }
    LockGuard guard(mutex_);
    if (message.to != nullptr && connected_ && type == socket_sequenced) return peer_;
    if (!connected_ || !peer_) return Errno::enotconn;
    return peer_;
}

Result<usize> UnixPacketSocket::send(OutgoingMessage& message) {
    if ((message.flags & message_out_of_band) != 0) return Errno::eopnotsupp;
    usize length = message.data->remaining();
    if (length > max<usize>(largest_packet, options.send_buffer.load())) return Errno::emsgsize;
    if (int error = take_pending_error()) return static_cast<Errno>(error);
    auto to = TRY(target(message));
    TRY(add_credentials(message));
    auto packet = TRY(make_own<Packet>());
    TRY(packet->data.resize(length));
    if (length > 0) TRY(message.data->take(packet->data.data(), length));
    packet->from = name_.address;
    packet->from.family = family_unix;
    packet->ancillary = std::move(message.ancillary);
    bool wait = message.wait && (message.flags & message_dont_wait) == 0;
    u64 deadline = send_deadline();
    usize limit = options.send_buffer.load();
    ThreadWaiter waiter(*current_thread());
    ThreadWaiter::Scope scope(to->queue.write_queue, waiter);
    for (;;) {
        u32 generation = wait_generation();
        if (to->closed.load()) {
            if (type == socket_sequenced || to->shut.load()) return broken_pipe(message.flags);
            if (message.to != nullptr) return Errno::econnrefused;
            bool was_connected = connected_;
            change_peer(nullptr, {});
            return was_connected ? Errno::econnrefused : Errno::enotconn;
        }
        if (!to->queue.full(limit)) {
            TRY(to->queue.push(std::move(packet), limit * 2));
            return length;
        }
        if (!wait) return Errno::eagain;
        auto result = block(generation, deadline, Interruptible::yes);
        if (!result.ok()) return timed_wait_error(result.error(), deadline);
    }
}

Result<usize> UnixPacketSocket::receive(IncomingMessage& message) {
    if ((message.flags & message_out_of_band) != 0) return Errno::eopnotsupp;
    if (type == socket_sequenced && !connected_) return Errno::enotconn;
    bool wait = message.wait && (message.flags & message_dont_wait) == 0;
    u64 deadline = receive_deadline();
    ThreadWaiter waiter(*current_thread());
    waiter.exclusive = true;
    ThreadWaiter::Scope scope(mailbox_->queue.read_queue, waiter);
    for (;;) {
        u32 generation = wait_generation();
        auto taken = mailbox_->queue.take(message);
        if (taken.ok()) {
            message.has_from = message.from.name_length > 0 && type == socket_datagram;
            return taken;
        }
        if (taken.error() != Errno::eagain) return taken;
        if (mailbox_->ended.load() || mailbox_->closed.load()) return usize{0};
        if (!wait) return Errno::eagain;
        auto result = block(generation, deadline, Interruptible::yes);
        if (!result.ok()) return timed_wait_error(result.error(), deadline);
    }
}

Result<void> UnixPacketSocket::shutdown(Shutdown how) {
    Ref<Mailbox> peer;
    Vector<Ref<Mailbox>> gone;
    {
        LockGuard guard(mutex_);
        if (!connected_) return Errno::enotconn;
        peer = peer_;
    }
    if (how != Shutdown::write) {
        mailbox_->shut.store(true);
        mailbox_->closed.store(true);
        mailbox_->queue.read_queue.wake(~0u, ~0u);
        mailbox_->queue.write_queue.wake(~0u, ~0u);
    }
    if (how != Shutdown::read && peer) {
        if (type == socket_sequenced) {
            peer->ended.store(true);
            peer->queue.read_queue.wake(~0u, ~0u);
        }
        LockGuard guard(mutex_);
        auto shut = make_ref<Mailbox>();
        if (!shut.ok()) return shut.error();
        shut.value()->closed.store(true);
        if (type == socket_sequenced) replace_peer(shut.value(), gone);
    }
    return {};
}

Result<SocketAddress> UnixPacketSocket::local_address() {
    SocketAddress address = name_.address;
    address.family = family_unix;
    return address;
}

Result<SocketAddress> UnixPacketSocket::peer_address() {
    LockGuard guard(mutex_);
    if (!connected_) return Errno::enotconn;
    SocketAddress address = peer_name_;
    address.family = family_unix;
    return address;
}

u32 UnixPacketSocket::poll(PollTable* table) {
    Ref<Mailbox> peer;
    bool waiting;
    {
        LockGuard guard(mutex_);
        peer = peer_;
        waiting = !backlog_.empty();
        if (table != nullptr && peer) table->add(peer->queue.write_queue);
    }
    u32 events = mailbox_->error.load() != 0 ? u32{poll_error} : 0;
    if (table != nullptr) {
        table->add(mailbox_->queue.read_queue);
        if (listening_) table->add(accept_queue_);
    }
    if (listening_) return waiting ? u32{poll_in} | poll_read_normal : 0;
    bool ended = mailbox_->ended.load() || mailbox_->closed.load();
    if (!mailbox_->queue.empty() || ended) events |= poll_in | poll_read_normal;
    if (ended) events |= poll_read_hang_up;
    if (type == socket_sequenced && (!peer || (ended && peer->closed.load()))) events |= poll_hang_up;
    if (!peer || !peer->queue.full(options.send_buffer.load()))
        events |= poll_out | poll_write_normal | poll_write_band;
    return events;
}

}  // namespace litebox
