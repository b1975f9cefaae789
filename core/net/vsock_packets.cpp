// vsock sockets: what the host sends. On the platform's thread, one packet after the other.
#include "core/net/network.h"
#include "core/net/vsock_socket.h"

namespace litebox {

using platform::VsockPacket;

VsockPacket VsockSocket::packet(Operation operation, u32 flags) {
    told_ = taken_;
    u64 own = platform::vsock_address().value_or(0);
    return {own,
            peer_.context,
            local_.port,
            peer_.port,
            platform::vsock_stream,
            operation,
            flags,
            static_cast<u32>(room.load()),
            taken_};
}

u32 VsockSocket::credit() const {
    u32 under_way = sent_ - peer_taken_;
    return peer_room_ > under_way ? peer_room_ - under_way : 0;
}

/// False: the peer says that it has taken what was never sent.
bool VsockSocket::note_credit(const VsockPacket& packet) {
    constexpr u32 half = u32{1} << 31;
    u32 ahead = packet.taken - peer_taken_;
    // Else it is older than what is known: threads of the host's overtake one another.
    if (ahead < half) {
        if (ahead > sent_ - peer_taken_) return false;
        peer_taken_ = packet.taken;
    }
    peer_room_ = packet.room;
    return true;
}

/// False: it is more than there is room for, or the peer had said that nothing would follow.
bool VsockSocket::take_data(std::span<const u8> payload) {
    if (peer_write_shut_) return false;
    if (read_shut_) {
        taken_ += static_cast<u32>(payload.size());
        return true;
    }
    if (payload.empty()) return true;
    auto cursor = IoCursor::kernel(payload.data(), payload.size());
    Own<Ancillary> none;
    auto written = in_->write(cursor, none);
    return written.ok() && written.value() == payload.size();
}

/// What had arrived can still be read.
void VsockSocket::end_by_peer() {
    peer_read_shut_ = peer_write_shut_ = true;
    in_->close_writer();
}

VsockSocket::Outcome VsockSocket::broken() {
    peer_read_shut_ = peer_write_shut_ = true;
    in_->reset();
    return {Operation::reset, true};
}

VsockSocket::Outcome VsockSocket::take_connecting(const VsockPacket& packet) {
    if (packet.operation == Operation::response && note_credit(packet)) {
        state_ = State::connected;
        return {};
    }
    state_ = State::fresh;
    bool refused = packet.operation == Operation::reset;
    pending_error.store(static_cast<int>(refused ? Errno::econnreset : Errno::eproto));
    return {refused ? Operation{} : Operation::reset, true};
}

VsockSocket::Outcome VsockSocket::take_shutdown(u32 flags) {
    constexpr u32 receives_no_more = 1, sends_no_more = 2;
    if ((flags & receives_no_more) != 0) peer_read_shut_ = true;
    if ((flags & sends_no_more) != 0 && !peer_write_shut_) {
        peer_write_shut_ = true;
        in_->close_writer();
    }
    // Nothing goes either way any more: the answer to that ends the connection for both.
    if (peer_read_shut_ && peer_write_shut_) return {Operation::reset, true};
    return {};
}

VsockSocket::Outcome VsockSocket::take_connected(const VsockPacket& packet, std::span<const u8> payload) {
    if (packet.operation == Operation::reset) {
        end_by_peer();
        return {{}, true};
    }
    if (!note_credit(packet)) return broken();
    switch (packet.operation) {
        case Operation::data:
            return take_data(payload) ? Outcome{} : broken();
        case Operation::shutdown:
            return take_shutdown(packet.flags);
        case Operation::credit_update:
            return {};
        case Operation::credit_request:
            return {Operation::credit_update, false};
        default:
            return broken();
    }
}

void VsockSocket::take(const VsockPacket& received, std::span<const u8> payload) {
    Outcome outcome;
    VsockPacket answer{};
    {
        LockGuard guard(mutex_);
        // It may have ended since it was found.
        bool ended = peer_read_shut_ && peer_write_shut_;
        if (state_ == State::connecting)
            outcome = take_connecting(received);
        else if (state_ == State::connected && !ended)
            outcome = take_connected(received, payload);
        else if (received.operation != Operation::reset)
            outcome.answer = Operation::reset;
        if (outcome.over) network().vsock.end_connection(*this);
        if (outcome.answer != Operation{}) answer = packet(outcome.answer);
    }
    // What brought data has woken who waits for them.
    if (received.operation != Operation::data || outcome.over) poll_queue_.wake(~0u, ~0u);
    if (outcome.answer != Operation{}) platform::vsock_send(answer, {});
}

Result<void> VsockSocket::take_request(const VsockPacket& received) {
    auto pending = TRY(make_own<Pending>());
    pending->socket = TRY(make_ref<VsockSocket>(0u));
    VsockSocket& child = *pending->socket;
    TRY(child.open_channel());
    child.room.store(room.load());
    child.connect_timeout_ns.store(connect_timeout_ns.load());
    child.local_ = {static_cast<u32>(received.destination), received.destination_port};
    child.peer_ = {static_cast<u32>(received.source), received.source_port};
    if (!child.note_credit(received)) return Errno::econnrefused;
    {
        LockGuard guard(mutex_);
        if (state_ != State::listening || backlog_count_ >= backlog_limit_) return Errno::econnrefused;
        TRY(network().vsock.add_connection(child, child.local_, child.peer_));
        backlog_count_++;
    }
    child.state_ = State::connected;
    // Before anybody can have it by accept: nothing of it may go out before this.
    child.say(Operation::response);
    {
        LockGuard guard(mutex_);
        backlog_.push_back(pending.release());
    }
    accept_queue_.wake(poll_in | poll_read_normal);
    poll_queue_.wake(poll_in | poll_read_normal);
    return {};
}

void VsockSocket::lose() {
    if (!give_up_connecting(Errno::econnreset)) {
        LockGuard guard(mutex_);
        if (state_ == State::connected) (void)broken();
    }
    network().vsock.end_connection(*this);
    poll_queue_.wake(~0u, ~0u);
}

}  // namespace litebox
