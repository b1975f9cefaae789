#include "core/net/packet_queue.h"

#include "core/task/timers.h"

namespace litebox {

PacketQueue::~PacketQueue() {
    while (Packet* packet = packets_.pop_front()) HeapDelete<Packet>{}(packet);
}

void PacketQueue::clear() {
    for (;;) {
        // Freed without the lock: a packet may carry the last reference to a socket.
        Own<Packet> packet;
        LockGuard guard(mutex_);
        packet = Own<Packet>(packets_.pop_front());
        if (!packet) break;
        bytes_ -= packet->data.size();
        count_--;
    }
    write_queue.wake(poll_out | poll_write_normal, ~0u);
}

Result<void> PacketQueue::push(Own<Packet> packet, usize limit_bytes) {
    packet->arrived_ns = TRY(read_clock(clock_realtime));
    {
        LockGuard guard(mutex_);
        if (count_ >= most_packets || (count_ > 0 && bytes_ + packet->data.size() > limit_bytes))
            return Errno::eagain;
        bytes_ += packet->data.size();
        count_++;
        packets_.push_back(packet.release());
    }
    read_queue.wake(poll_in | poll_read_normal);
    return {};
}

Result<usize> PacketQueue::take(IncomingMessage& message) {
    bool peek = (message.flags & message_peek) != 0;
    Own<Packet> packet;
    Vector<u8> copy;
    {
        LockGuard guard(mutex_);
        Packet* first = packets_.first();
        if (first == nullptr) return Errno::eagain;
        message.from = first->from;
        message.has_arrival = true;
        message.to = first->to;
        message.time_to_live = first->time_to_live;
        message.traffic_class = first->traffic_class;
        message.arrived_ns = first->arrived_ns;
        if (peek) {
            TRY(copy.resize(first->data.size()));
            memcpy(copy.data(), first->data.data(), copy.size());
        } else {
            first->node.unlink();
            bytes_ -= first->data.size();
            count_--;
            packet = Own<Packet>(first);
        }
    }
    const Vector<u8>& data = peek ? copy : packet->data;
    message.has_from = true;
    message.whole_length = data.size();
    if (packet) message.ancillary = std::move(packet->ancillary);
    if (data.size() > message.data->remaining()) message.result_flags |= message_truncated;
    usize wanted = min(data.size(), message.data->remaining());
    usize copied = wanted == 0 ? 0 : TRY(message.data->put(data.data(), wanted));
    if (!peek) write_queue.wake(poll_out | poll_write_normal);
    return copied;
}

bool PacketQueue::empty() {
    LockGuard guard(mutex_);
    return packets_.empty();
}

usize PacketQueue::first_length() {
    LockGuard guard(mutex_);
    Packet* first = packets_.first();
    return first != nullptr ? first->data.size() : 0;
}

bool PacketQueue::full(usize limit_bytes) {
    LockGuard guard(mutex_);
    return count_ >= most_packets || bytes_ >= limit_bytes;
}

}  // namespace litebox
