// Messages that keep their borders: datagrams and sequenced packets waiting for their reader.
#pragma once

#include "core/net/socket.h"

namespace litebox {

struct Packet {
    ListNode node;
    SocketAddress from;
    Own<Ancillary> ancillary;
    Vector<u8> data;
    InetAddress to;
    i32 time_to_live = 0, traffic_class = 0;
    u64 arrived_ns = 0;  // real time
};

class PacketQueue : Pinned {
  public:
    ~PacketQueue();
    /// EAGAIN when it is full.
    Result<void> push(Own<Packet> packet, usize limit_bytes);
    /// EAGAIN when there is none. Cuts to the cursor's length; the message tells whole length and truncation.
    Result<usize> take(IncomingMessage& message);
    void clear();
    [[nodiscard]] bool empty();
    [[nodiscard]] usize first_length();
    [[nodiscard]] bool full(usize limit_bytes);

    WaitQueue read_queue, write_queue;

  private:
    static constexpr usize most_packets = 4096;
    Mutex mutex_{LockRank::pipe};
    List<Packet, &Packet::node> packets_;
    usize bytes_ = 0, count_ = 0;
};

}  // namespace litebox
