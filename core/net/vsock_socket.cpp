// vsock sockets: what programs call.
#include "core/net/vsock_socket.h"

#include "core/kernel.h"
#include "core/net/network.h"
#include "core/task/process.h"

namespace litebox {

using platform::VsockPacket;

namespace {

constexpr u32 no_more_received = 1, no_more_sent = 2;  // of a shutdown packet

SocketAddress name_of(const VsockAddress& address) {
    SocketAddress name;
    name.family = family_vsock;
    name.vsock = address;
    return name;
}

}  // namespace

VsockSocket::~VsockSocket() {
    if (timer_registered_) kernel().timers->unregister_timer(timer_);
    network().vsock.forget(*this);
    if (in_) in_->forget_reader();
    bool told = (read_shut_ && write_shut_) || (peer_read_shut_ && peer_write_shut_);
    if (state_ == State::connected && !told) say(Operation::shutdown, no_more_received | no_more_sent);
    while (Pending* pending = backlog_.pop_front()) HeapDelete<Pending>{}(pending);
}

void VsockSocket::say(Operation operation, u32 flags) {
    VsockPacket out{};
    {
        LockGuard guard(mutex_);
        out = packet(operation, flags);
    }
    platform::vsock_send(out, {});
}

Result<void> VsockSocket::open_channel() {
    in_ = TRY(ByteChannel::create());
    in_->observe(&poll_queue_, nullptr);
    return {};
}

Result<void> VsockSocket::bind(const SocketAddress& address) {
    constexpr u32 first_unprivileged = 1024;
    if (address.family != family_vsock) return Errno::einval;
    LockGuard guard(mutex_);
    if (bound_) return Errno::einval;
    VsockAddress wanted = address.vsock;
    if (wanted.context != VsockAddress::any) {
        auto own = platform::vsock_address();
        if (!own.ok() || own.value() != wanted.context) return Errno::eaddrnotavail;
    }
    if (wanted.port < first_unprivileged && !current_thread()->credentials->capable(cap_net_bind_service))
        return Errno::eacces;
    TRY(network().vsock.bind(*this, wanted));
    local_ = wanted;
    bound_ = true;
    return {};
}

Result<void> VsockSocket::listen(int backlog) {
    constexpr int most = 4096;
    LockGuard guard(mutex_);
    if ((state_ != State::fresh && state_ != State::listening) || !bound_) return Errno::einval;
    state_ = State::listening;
    backlog_limit_ = static_cast<usize>(backlog < 0 || backlog > most ? most : backlog) + 1;
    return {};
}

Result<Ref<Socket>> VsockSocket::accept(bool wait) {
    u64 deadline = receive_deadline();
    ThreadWaiter waiter(*current_thread());
    waiter.exclusive = true;
    ThreadWaiter::Scope scope(accept_queue_, waiter);
    for (;;) {
        u32 generation = wait_generation();
        Own<Pending> pending;
        {
            LockGuard guard(mutex_);
            if (state_ != State::listening) return Errno::einval;
            pending = Own<Pending>(backlog_.pop_front());
            if (pending) backlog_count_--;
        }
        if (pending) {
            TRY(pending->socket->make_inode());
            return Ref<Socket>(std::move(pending->socket));
        }
        if (!wait) return Errno::eagain;
        auto result = block(generation, deadline, Interruptible::yes);
        if (!result.ok()) return timed_wait_error(result.error(), deadline);
    }
}

Result<void> VsockSocket::begin_connecting(const SocketAddress& address) {
    if (address.family != family_vsock) return Errno::einval;
    u64 own = TRY(platform::vsock_address());
    VsockPacket request{};
    {
        LockGuard guard(mutex_);
        if (state_ != State::fresh) return Errno::einval;
        if (timer_registered_) kernel().timers->arm(timer_, 0);
        VsockAddress local = bound_ ? local_ : VsockAddress{};
        if (!bound_) TRY(network().vsock.bind(*this, local));
        bound_ = true;
        local_ = local;
        TRY(open_channel());
        VsockAddress end{static_cast<u32>(own), local.port};
        TRY(network().vsock.add_connection(*this, end, address.vsock));
        peer_ = address.vsock;
        sent_ = peer_room_ = peer_taken_ = taken_ = 0;
        state_ = State::connecting;
        request = packet(Operation::request);
    }
    platform::vsock_send(request, {});
    return {};
}

/// False: it was connecting no more.
bool VsockSocket::give_up_connecting(Errno error) {
    {
        LockGuard guard(mutex_);
        if (state_ != State::connecting) return false;
        state_ = State::fresh;
        pending_error.store(static_cast<int>(error));
        network().vsock.end_connection(*this);
    }
    poll_queue_.wake(~0u, ~0u);
    return true;
}

Result<void> VsockSocket::start_timer() {
    {
        LockGuard guard(mutex_);
        timer_.socket = this;
        if (!timer_registered_) TRY(kernel().timers->register_timer(timer_));
        timer_registered_ = true;
    }
    kernel().timers->arm(timer_, deadline_after(connect_timeout_ns.load()));
    return {};
}

Result<void> VsockSocket::connect(const SocketAddress& address, bool wait) {
    bool under_way = false;
    {
        LockGuard guard(mutex_);
        if (state_ == State::connected) return read_shut_ || write_shut_ ? Errno::einval : Errno::eisconn;
        if (state_ == State::listening) return Errno::einval;
        under_way = state_ == State::connecting;
        if (under_way && !wait) return Errno::ealready;
    }
    if (!under_way) {
        TRY(take_error());
        TRY(begin_connecting(address));
    }
    if (!wait) {
        auto timed = start_timer();
        if (timed.ok()) return Errno::einprogress;
        (void)give_up_connecting(timed.error());
        return take_error();
    }
    u64 deadline = deadline_after(connect_timeout_ns.load());
    auto waited = wait_until(poll_queue_, deadline, [&] {
        LockGuard guard(mutex_);
        return state_ != State::connecting;
    });
    if (!waited.ok()) {
        Errno error = waited.error() == Errno::restartsys ? Errno::eintr : waited.error();
        (void)give_up_connecting(error);
    }
    return take_error();
}

Result<u32> VsockSocket::reserve(usize wanted) {
    LockGuard guard(mutex_);
    if (write_shut_ || peer_read_shut_) return Errno::epipe;
    u32 piece = static_cast<u32>(min<usize>(min<usize>(wanted, platform::vsock_largest_payload), credit()));
    if (piece == 0) return Errno::eagain;
    sent_ += piece;
    return piece;
}

Result<usize> VsockSocket::send(OutgoingMessage& message) {
    if ((message.flags & message_out_of_band) != 0) return Errno::eopnotsupp;
    {
        LockGuard guard(mutex_);
        if (message.to != nullptr) return state_ == State::connected ? Errno::eisconn : Errno::eopnotsupp;
        if (state_ != State::connected) return Errno::enotconn;
        if (in_->take_reset()) return Errno::econnreset;
    }
    bool wait = message.wait && (message.flags & message_dont_wait) == 0;
    u64 deadline = send_deadline();
    Vector<u8> bytes;
    TRY(bytes.resize(min(message.data->remaining(), platform::vsock_largest_payload)));
    usize done = 0;
    Result<void> problem = {};
    while (message.data->remaining() > 0) {
        auto piece = reserve(message.data->remaining());
        if (!piece.ok() && piece.error() == Errno::eagain && wait) {
            auto waited = wait_until(poll_queue_, deadline, [&] {
                LockGuard guard(mutex_);
                return credit() > 0 || write_shut_ || peer_read_shut_;
            });
            if (waited.ok()) continue;
            problem = timed_wait_error(waited.error(), deadline);
        } else if (!piece.ok()) {
            problem = piece.error();
        }
        if (!problem.ok()) break;
        auto took = message.data->take(bytes.data(), piece.value());
        usize length = took.ok() ? took.value() : 0;
        VsockPacket out{};
        {
            LockGuard guard(mutex_);
            sent_ -= piece.value() - static_cast<u32>(length);
            out = packet(Operation::data);
        }
        if (length > 0) platform::vsock_send(out, {bytes.data(), length});
        done += length;
        if (!took.ok()) problem = took.error();
        if (!problem.ok()) break;
    }
    if (done > 0 || problem.ok()) return done;
    return problem.error() == Errno::epipe ? broken_pipe(message.flags) : problem.error();
}

Result<Ref<ByteChannel>> VsockSocket::incoming() {
    LockGuard guard(mutex_);
    if (state_ != State::connected) return Errno::enotconn;
    return in_;
}

bool VsockSocket::reads_no_more() {
    LockGuard guard(mutex_);
    return read_shut_;
}

/// Half of the room is told of at once: the peer neither waits for it nor is woken for each byte.
void VsockSocket::note_taken(usize bytes) {
    VsockPacket update{};
    {
        LockGuard guard(mutex_);
        taken_ += static_cast<u32>(bytes);
        if (taken_ - told_ < room.load() / 2 || peer_write_shut_) return;
        update = packet(Operation::credit_update);
    }
    platform::vsock_send(update, {});
}

Result<usize> VsockSocket::receive(IncomingMessage& message) {
    auto channel = TRY(incoming());
    if ((message.flags & message_out_of_band) != 0) return Errno::eopnotsupp;
    bool peek = (message.flags & message_peek) != 0;
    bool wait = message.wait && (message.flags & message_dont_wait) == 0;
    bool all = (message.flags & message_wait_all) != 0 && !peek;
    u64 deadline = receive_deadline();
    if (message.data->remaining() == 0 || reads_no_more()) return usize{0};
    usize done = 0;
    for (;;) {
        auto taken = channel->read(*message.data, nullptr, peek);
        if (taken.ok()) {
            done += taken.value();
            if (!peek && taken.value() > 0) note_taken(taken.value());
            if (all && taken.value() > 0 && message.data->remaining() > 0) continue;
            return done;
        }
        Errno error = taken.error();
        if (error == Errno::eagain && wait) {
            auto waited = wait_until(channel->read_queue, deadline,
                                     [&] { return channel->readable() > 0 || channel->at_end(); });
            if (waited.ok()) continue;
            error = timed_wait_error(waited.error(), deadline);
        }
        if (done > 0) return done;
        return error;
    }
}

Result<void> VsockSocket::shutdown(Shutdown how) {
    VsockPacket word{};
    bool tell = false;
    {
        LockGuard guard(mutex_);
        if (state_ != State::connected) return Errno::enotconn;
        if (how != Shutdown::write) read_shut_ = true;
        if (how != Shutdown::read) write_shut_ = true;
        tell = !(peer_read_shut_ && peer_write_shut_);
        word = packet(Operation::shutdown,
                      (read_shut_ ? no_more_received : 0) | (write_shut_ ? no_more_sent : 0));
        if (read_shut_) in_->close_writer();
    }
    poll_queue_.wake(~0u, ~0u);
    if (tell) platform::vsock_send(word, {});
    return {};
}

Result<SocketAddress> VsockSocket::local_address() {
    LockGuard guard(mutex_);
    return name_of(local_);
}

Result<SocketAddress> VsockSocket::peer_address() {
    LockGuard guard(mutex_);
    if (state_ != State::connected || read_shut_ || write_shut_) return Errno::enotconn;
    return name_of(peer_);
}

u32 VsockSocket::poll(PollTable* table) {
    if (table != nullptr) table->add(poll_queue_);
    constexpr u32 readable = poll_in | poll_read_normal, writable = poll_out | poll_write_normal;
    u32 events = pending_error.load() != 0 ? u32{poll_error} : 0;
    LockGuard guard(mutex_);
    switch (state_) {
        case State::fresh:
            return events | writable;
        case State::connecting:
            return events;
        case State::listening:
            return events | (backlog_.empty() ? 0 : readable);
        case State::connected:
            break;
    }
    bool ended = peer_read_shut_ && peer_write_shut_;
    if (in_->error_pending()) events |= poll_error;
    if ((read_shut_ && write_shut_) || (write_shut_ && peer_write_shut_)) events |= poll_hang_up;
    if (read_shut_ || peer_write_shut_) events |= poll_read_hang_up | readable;
    if (in_->readable() > 0) events |= readable;
    if (!write_shut_ && (ended || credit() > 0)) events |= writable;
    return events;
}

bool VsockSocket::accepting() {
    LockGuard guard(mutex_);
    return state_ == State::listening;
}

usize VsockSocket::readable_bytes() {
    auto channel = incoming();
    return channel.ok() ? channel.value()->readable() : 0;
}

int VsockSocket::take_pending_error() {
    if (int error = Socket::take_pending_error()) return error;
    auto channel = incoming();
    return channel.ok() && channel.value()->take_reset() ? static_cast<int>(Errno::econnreset) : 0;
}

}  // namespace litebox
