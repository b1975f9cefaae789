// Streams between programs here and whoever runs the machine (vsock(7)), over the packets of
// platform/vsock_device.h, with credit as VIRTIO 1.2, 5.10.6.3 has it.
//
// The peer is the host, and may lie. It gets no more of this side's memory than one channel's bytes for each
// connection, and of connections no more than a listener's backlog. Bytes beyond the room it was told of,
// word of bytes taken that were never sent, what is no operation or is none in this state: each is answered
// with a reset, and the program sees ECONNRESET.
#pragma once

#include "core/net/byte_channel.h"
#include "core/net/vsock_table.h"
#include "core/task/timers.h"

namespace litebox {

class VsockSocket final : public Socket {
  public:
    static constexpr u64 most_room = u64{1} << 18, least_room = 128;
    static constexpr u64 default_connect_ns = u64{2} * 1000000000;

    explicit VsockSocket(u32 flags) : Socket(family_vsock, socket_stream, 0, flags) {}
    ~VsockSocket() override;
    Result<void> bind(const SocketAddress& address) override;
    Result<void> listen(int backlog) override;
    Result<Ref<Socket>> accept(bool wait) override;
    Result<void> connect(const SocketAddress& address, bool wait) override;
    Result<usize> send(OutgoingMessage& message) override;
    Result<usize> receive(IncomingMessage& message) override;
    Result<void> shutdown(Shutdown how) override;
    Result<SocketAddress> local_address() override;
    Result<SocketAddress> peer_address() override;
    u32 poll(PollTable* table) override;
    bool accepting() override;
    usize readable_bytes() override;
    int take_pending_error() override;

    // Options of the level AF_VSOCK.
    std::atomic<u64> room{most_room};  // that the peer is told of
    std::atomic<u64> connect_timeout_ns{default_connect_ns};

    // For the table, on the platform's thread.
    VsockTable::Entry entry;
    void take(const platform::VsockPacket& packet, std::span<const u8> payload);
    /// A request for this listener. ECONNREFUSED, ENOMEM: it is to be refused.
    Result<void> take_request(const platform::VsockPacket& packet);
    /// The connection is gone, and the host does not know of it either.
    void lose();

  private:
    using Operation = platform::VsockOperation;
    enum class State : u8 { fresh, connecting, listening, connected };
    /// What follows from a packet, once no lock is held.
    struct Outcome {
        Operation answer{};  // none: 0
        bool over = false;   // the connection
    };
    struct Pending {
        ListNode node;
        Ref<VsockSocket> socket;
    };
    struct ConnectTimer final : Timer {
        VsockSocket* socket = nullptr;
        void fire(u64) override { (void)socket->give_up_connecting(Errno::etimedout); }
    };

    // Under the lock.
    platform::VsockPacket packet(Operation operation, u32 flags = 0);
    [[nodiscard]] u32 credit() const;
    bool note_credit(const platform::VsockPacket& packet);
    bool take_data(std::span<const u8> payload);
    Outcome take_connecting(const platform::VsockPacket& packet);
    Outcome take_connected(const platform::VsockPacket& packet, std::span<const u8> payload);
    Outcome take_shutdown(u32 flags);
    Outcome broken();
    void end_by_peer();

    void say(Operation operation, u32 flags = 0);
    Result<void> begin_connecting(const SocketAddress& address);
    bool give_up_connecting(Errno error);
    Result<void> start_timer();
    Result<void> open_channel();
    Result<Ref<ByteChannel>> incoming();
    Result<u32> reserve(usize wanted);
    bool reads_no_more();
    void note_taken(usize bytes);

    Mutex mutex_{LockRank::socket};
    State state_ = State::fresh;
    VsockAddress local_, peer_;
    bool bound_ = false;
    bool read_shut_ = false, write_shut_ = false;            // by this side
    bool peer_read_shut_ = false, peer_write_shut_ = false;  // by the other

    // Counted modulo 2^32, as packets tell them.
    u32 sent_ = 0, peer_room_ = 0, peer_taken_ = 0;  // this way out
    u32 taken_ = 0, told_ = 0;                       // what came in: out of the channel; told of to the peer
    Ref<ByteChannel> in_;

    List<Pending, &Pending::node> backlog_;
    usize backlog_count_ = 0, backlog_limit_ = 0;
    ConnectTimer timer_;
    bool timer_registered_ = false;
    WaitQueue accept_queue_, poll_queue_;
};

}  // namespace litebox
