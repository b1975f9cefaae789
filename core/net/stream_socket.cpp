#include "core/net/stream_socket.h"

#include "core/task/process.h"

namespace litebox {

PeerCredentials own_credentials() {
    Thread& thread = *current_thread();
    return {thread.process->pid, thread.credentials->euid, thread.credentials->egid};
}

StreamSocket::~StreamSocket() {
    if (in_) in_->forget_reader();
    if (out_) out_->forget_writer();
    if (out_) out_->close_writer();
    if (in_) {
        bool inet = family != family_unix;
        bool abandons = inet && options.linger_on.load() && options.linger_seconds.load() == 0;
        // Data that nobody will read: the other side learns that it was lost.
        bool resets = out_ && (abandons || in_->readable() > 0);
        if (resets) out_->reset();
        in_->close_reader(inet && !resets);
    }
    while (Pending* pending = backlog_.pop_front()) {
        if (pending->socket->out_) pending->socket->out_->reset();
        if (pending->socket->in_) pending->socket->in_->reset();
        HeapDelete<Pending>{}(pending);
    }
}

Result<void> StreamSocket::join(StreamSocket& a, StreamSocket& b) {
    auto forth = TRY(ByteChannel::create()), back = TRY(ByteChannel::create());
    a.out_ = b.in_ = forth;
    a.in_ = b.out_ = back;
    forth->observe(&b.poll_queue_, &a.poll_queue_);
    back->observe(&a.poll_queue_, &b.poll_queue_);
    a.state_ = b.state_ = State::connected;
    a.peer_credentials_ = b.peer_credentials_ = own_credentials();
    a.peer_.family = b.peer_.family = a.local_.family = b.local_.family = a.family;
    return {};
}

Result<void> StreamSocket::listen(int backlog) {
    constexpr int most = 4096;
    TRY(ensure_bound());
    LockGuard guard(mutex_);
    if (state_ == State::connected) return Errno::einval;
    state_ = State::listening;
    peer_credentials_ = own_credentials();
    backlog_limit_ = static_cast<usize>(backlog < 0 || backlog > most ? most : backlog) + 1;
    return {};
}

Result<void> StreamSocket::offer(Ref<StreamSocket> accepted) {
    auto pending = TRY(make_own<Pending>());
    pending->socket = std::move(accepted);
    {
        LockGuard guard(mutex_);
        if (state_ != State::listening || closing_) return Errno::econnrefused;
        if (backlog_count_ >= backlog_limit_) return Errno::eagain;
        backlog_count_++;
        backlog_.push_back(pending.release());
    }
    accept_queue_.wake(poll_in | poll_read_normal);
    poll_queue_.wake(poll_in | poll_read_normal);
    return {};
}

Result<void> StreamSocket::connect_to(StreamSocket& listener, const SocketAddress& own,
                                      const SocketAddress& peer, bool wait) {
    auto accepted = TRY(listener.make_accepted());
    TRY(accepted->make_inode());
    auto forth = TRY(ByteChannel::create()), back = TRY(ByteChannel::create());
    accepted->in_ = forth;
    accepted->out_ = back;
    accepted->state_ = State::connected;
    forth->observe(&accepted->poll_queue_, nullptr);
    back->observe(nullptr, &accepted->poll_queue_);
    accepted->local_ = peer;
    accepted->peer_ = own;
    accepted->peer_credentials_ = own_credentials();
    u64 deadline = send_deadline();
    for (;;) {
        u32 generation = wait_generation();
        ThreadWaiter waiter(*current_thread());
        ThreadWaiter::Scope scope(listener.backlog_room_, waiter);
        auto offered = listener.offer(accepted);
        if (offered.ok()) break;
        if (offered.error() != Errno::eagain) return offered;
        if (!wait) return Errno::eagain;
        auto result = block(generation, deadline, Interruptible::yes);
        if (!result.ok()) return timed_wait_error(result.error(), deadline);
    }
    {
        LockGuard guard(mutex_);
        out_ = forth;
        in_ = back;
        back->set_urgent_in_line(options.out_of_band_inline.load());
        forth->observe(nullptr, &poll_queue_);
        back->observe(&poll_queue_, nullptr);
        local_ = own;
        peer_ = peer;
        state_ = State::connected;
    }
    {
        LockGuard guard(listener.mutex_);
        peer_credentials_ = listener.peer_credentials_;
    }
    poll_queue_.wake(poll_out | poll_write_normal, ~0u);
    return {};
}

Result<Ref<Socket>> StreamSocket::accept(bool wait) {
    u64 deadline = receive_deadline();
    ThreadWaiter waiter(*current_thread());
    waiter.exclusive = true;
    ThreadWaiter::Scope scope(accept_queue_, waiter);
    for (;;) {
        u32 generation = wait_generation();
        Own<Pending> pending;
        {
            LockGuard guard(mutex_);
            if (state_ != State::listening || closing_) return Errno::einval;
            pending = Own<Pending>(backlog_.pop_front());
            if (pending) backlog_count_--;
        }
        if (pending) {
            backlog_room_.wake(~0u);
            return Ref<Socket>(std::move(pending->socket));
        }
        if (!wait) return Errno::eagain;
        auto result = block(generation, deadline, Interruptible::yes);
        if (!result.ok()) return timed_wait_error(result.error(), deadline);
    }
}

Result<Ref<ByteChannel>> StreamSocket::incoming() {
    LockGuard guard(mutex_);
    if (state_ == State::listening) return family == family_unix ? Errno::einval : Errno::enotconn;
    if (!in_) return family == family_unix ? Errno::einval : Errno::enotconn;
    return in_;
}

Result<Ref<ByteChannel>> StreamSocket::outgoing() {
    LockGuard guard(mutex_);
    if (!out_) return Errno::enotconn;
    return out_;
}

Result<usize> StreamSocket::send(OutgoingMessage& message) {
    TRY(take_error());
    if (message.to != nullptr && family == family_unix)
        return state() == State::connected ? Errno::eisconn : Errno::eopnotsupp;
    auto channel = outgoing();
    if (!channel.ok()) {
        if (channel.error() == Errno::enotconn && family != family_unix) return broken_pipe(message.flags);
        return channel.error();
    }
    ByteChannel& out = *channel.value();
    if (family == family_unix)
        TRY(add_credentials(message));
    else if (auto in = incoming(); in.ok() && in.value()->take_reset())
        return Errno::econnreset;
    bool wait = message.wait && (message.flags & message_dont_wait) == 0;
    if ((message.flags & message_out_of_band) != 0) {
        if (!urgent_possible()) return Errno::eopnotsupp;
        // All but the last byte are ordinary.
        u8 urgent = 0;
        usize ordinary = message.data->remaining();
        if (ordinary == 0) return usize{0};
        Vector<u8> bytes;
        TRY(bytes.resize(ordinary));
        TRY(message.data->take(bytes.data(), ordinary));
        urgent = bytes[ordinary - 1];
        auto rest = IoCursor::kernel(bytes.data(), ordinary - 1);
        Own<Ancillary> none;
        while (rest.remaining() > 0) TRY(out.write(rest, none));
        TRY(out.send_urgent(urgent));
        return ordinary;
    }
    usize done = 0;
    u64 deadline = send_deadline();
    if (message.data->remaining() == 0)
        return out.broken() ? Result<usize>(broken_pipe(message.flags)) : usize{0};
    while (message.data->remaining() > 0) {
        u32 generation = wait_generation();
        auto written = out.write(*message.data, message.ancillary);
        if (written.ok()) {
            done += written.value();
            if (message.data->remaining() == 0) break;
            if (!wait) break;
            continue;
        }
        Errno error = written.error();
        if (error == Errno::eagain && wait) {
            ThreadWaiter waiter(*current_thread());
            ThreadWaiter::Scope scope(out.write_queue, waiter);
            if (out.room() > 0 || out.broken()) continue;
            auto result = block(generation, deadline, Interruptible::yes);
            if (result.ok()) continue;
            error = timed_wait_error(result.error(), deadline);
        }
        if (done > 0) break;
        return error == Errno::epipe ? broken_pipe(message.flags) : error;
    }
    return done;
}

Result<usize> StreamSocket::discard(IncomingMessage& message, ByteChannel& channel, bool wait) {
    u8 scrap[512];
    usize wanted = message.data->remaining(), done = 0;
    u64 deadline = receive_deadline();
    while (done < wanted) {
        auto cursor = IoCursor::kernel(scrap, min(sizeof(scrap), wanted - done));
        auto taken = channel.read(cursor, nullptr, false);
        if (taken.ok() && taken.value() == 0) break;
        if (taken.ok()) {
            done += taken.value();
            continue;
        }
        if (done > 0 || taken.error() != Errno::eagain || !wait) {
            if (done > 0) break;
            return taken.error();
        }
        auto waited = wait_until(channel.read_queue, deadline,
                                 [&] { return channel.readable() > 0 || channel.at_end(); });
        if (!waited.ok()) return timed_wait_error(waited.error(), deadline);
    }
    return done;
}

/// SO_PEEK_OFF: peeking moves it on, reading back.
void StreamSocket::move_peek_offset(bool peek, usize bytes) {
    i32 offset = options.peek_offset.load(), moved = static_cast<i32>(bytes);
    options.peek_offset.store(peek ? offset + moved : max(offset - moved, 0));
}

int StreamSocket::take_pending_error() {
    if (int error = Socket::take_pending_error()) return error;
    auto channel = incoming();
    return channel.ok() && channel.value()->take_reset() ? static_cast<int>(Errno::econnreset) : 0;
}

void StreamSocket::set_urgent_in_line(bool in_line) {
    options.out_of_band_inline.store(in_line);
    if (auto channel = incoming(); channel.ok()) channel.value()->set_urgent_in_line(in_line);
}

Result<usize> StreamSocket::receive(IncomingMessage& message) {
    auto channel = TRY(incoming());
    bool peek = (message.flags & message_peek) != 0;
    bool wait = message.wait && (message.flags & message_dont_wait) == 0;
    if ((message.flags & message_out_of_band) != 0) {
        if (!urgent_possible()) return Errno::eopnotsupp;
        u8 byte = TRY(channel->take_urgent(peek));
        message.result_flags |= message_out_of_band;
        return message.data->put(&byte, 1);
    }
    if (int error = pending_error.exchange(0)) return static_cast<Errno>(error);
    if (message.data->remaining() == 0 && !channel->at_end() && channel->readable() == 0 && !wait)
        return Errno::eagain;
    if (message.data->remaining() == 0) return usize{0};
    // TCP takes MSG_TRUNC as: throw the bytes away.
    if ((message.flags & message_truncated) != 0 && family != family_unix)
        return discard(message, *channel, wait);
    u64 deadline = receive_deadline();
    bool wait_all = (message.flags & message_wait_all) != 0 && !peek;
    usize done = 0;
    for (;;) {
        u32 generation = wait_generation();
        i32 offset = options.peek_offset.load();
        auto taken = channel->read(*message.data, done == 0 ? &message.ancillary : nullptr, peek,
                                   peek && offset > 0 ? static_cast<u64>(offset) : 0);
        if (taken.ok()) {
            done += taken.value();
            if (offset >= 0) move_peek_offset(peek, taken.value());
            bool more = wait_all && taken.value() > 0 && message.data->remaining() > 0 && !message.ancillary;
            if (!more) return done;
            continue;
        }
        Errno error = taken.error();
        if (error == Errno::eagain && wait) {
            ThreadWaiter waiter(*current_thread());
            waiter.exclusive = true;
            ThreadWaiter::Scope scope(channel->read_queue, waiter);
            if (channel->readable() > 0 || channel->at_end()) continue;
            auto result = block(generation, deadline, Interruptible::yes);
            if (result.ok()) continue;
            error = timed_wait_error(result.error(), deadline);
        }
        return done > 0 ? Result<usize>(done) : error;
    }
}

Result<void> StreamSocket::shutdown(Shutdown how) {
    Ref<ByteChannel> in, out;
    {
        LockGuard guard(mutex_);
        if (state_ == State::listening && family != family_unix) {
            if (how == Shutdown::write) return {};
            closing_ = true;
            state_ = State::fresh;
        } else if (state_ != State::connected) {
            if (family == family_unix) return {};
            return Errno::enotconn;
        }
        in = in_, out = out_;
        if (in && family != family_unix && in->was_reset()) return Errno::enotconn;
    }
    accept_queue_.wake(~0u, ~0u);
    poll_queue_.wake(~0u, ~0u);
    if (in && how != Shutdown::write) {
        // Unix: the other side may not write any more. TCP: what arrives is dropped without a word, reads
        // give the end.
        if (family == family_unix)
            in->close_reader();
        else
            in->close_writer();
    }
    if (out && how != Shutdown::read) out->close_writer();
    return {};
}

Result<SocketAddress> StreamSocket::local_address() {
    LockGuard guard(mutex_);
    SocketAddress address = local_;
    address.family = family;
    return address;
}

Result<SocketAddress> StreamSocket::peer_address() {
    LockGuard guard(mutex_);
    if (state_ != State::connected) return Errno::enotconn;
    // A connection that has ended in both directions has no peer.
    if (family != family_unix && in_->was_reset()) return Errno::enotconn;
    SocketAddress address = peer_;
    address.family = family;
    return address;
}

u32 StreamSocket::poll(PollTable* table) {
    // One queue for all states: a poller may hang on it before the socket is connected.
    if (table != nullptr) table->add(poll_queue_);
    Ref<ByteChannel> in, out;
    State state;
    bool waiting;
    {
        LockGuard guard(mutex_);
        state = state_;
        in = in_, out = out_;
        waiting = backlog_count_ > 0;
    }
    u32 events = pending_error.load() != 0 ? u32{poll_error} : 0;
    if (state == State::listening) {
        return events | (waiting ? u32{poll_in} | poll_read_normal : 0);
    }
    if (state != State::connected) {
        return events | poll_out | poll_write_normal | poll_hang_up;
    }
    bool ended = in->at_end(), broken = out->broken() || out->at_end();
    if (in->readable() > 0 || ended) events |= poll_in | poll_read_normal;
    if (in->urgent_pending()) events |= poll_priority;
    if (ended) events |= poll_read_hang_up;
    if (ended && broken) events |= poll_hang_up;
    if (in->was_reset()) events |= poll_hang_up;
    if (in->error_pending()) events |= poll_error;
    if (out->room() > 0 || broken) events |= poll_out | poll_write_normal;
    return events;
}

usize StreamSocket::readable_bytes() {
    auto channel = incoming();
    return channel.ok() ? channel.value()->readable() : 0;
}

bool StreamSocket::at_mark() {
    auto channel = incoming();
    return channel.ok() && channel.value()->at_urgent_mark();
}

}  // namespace litebox
