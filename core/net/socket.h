// Sockets: what all families share. Unix sockets and TCP and UDP over the sandbox's own loopback derive from
// it.
#pragma once

#include "core/file/file.h"
#include "core/net/address.h"
#include "core/task/wait_queue.h"

namespace litebox {

enum MessageFlag : u32 {  // values are Linux's MSG_*
    message_out_of_band = 1,
    message_peek = 2,
    message_dont_route = 4,
    message_control_truncated = 8,
    message_truncated = 0x20,
    message_dont_wait = 0x40,
    message_end_of_record = 0x80,
    message_wait_all = 0x100,
    message_error_queue = 0x2000,
    message_no_signal = 0x4000,
    message_more = 0x8000,
    message_wait_for_one = 0x10000,
    message_close_on_exec = 0x40000000,
};

struct PeerCredentials {
    i32 pid = 0;
    u32 uid = ~u32{0}, gid = ~u32{0};
};

/// What travels with data: descriptors and who sent it. Owned by the message.
struct Ancillary {
    Vector<Ref<File>> files;
    PeerCredentials credentials;
    bool has_credentials = false;
};

struct OutgoingMessage {
    IoCursor* data = nullptr;
    const SocketAddress* to = nullptr;  // null: the peer
    Own<Ancillary> ancillary;
    u32 flags = 0;
    bool wait = true;
    i32 time_to_live = -1, traffic_class = -1;  // of this datagram alone; -1: as the options say
};

struct IncomingMessage {
    IoCursor* data = nullptr;
    u32 flags = 0;  // wanted
    bool wait = true;
    SocketAddress from;
    bool has_from = false;
    Own<Ancillary> ancillary;
    u32 result_flags = 0;
    /// Of a datagram: where it was sent to, its time to live, and when it arrived (real time).
    bool has_arrival = false;
    InetAddress to;
    i32 time_to_live = 0, traffic_class = 0;
    u64 arrived_ns = 0;
    usize whole_length = 0;  // of a datagram, also when it was cut
};

enum class Shutdown : u8 { read = 0, write = 1, both = 2 };

class Socket : public File {
  public:
    Socket(int family, int type, int protocol, u32 flags);
    ~Socket() override;

    const int family, type, protocol;

    virtual Result<void> bind(const SocketAddress& address) = 0;
    virtual Result<void> listen(int backlog);
    virtual Result<Ref<Socket>> accept(bool wait);
    virtual Result<void> connect(const SocketAddress& address, bool wait) = 0;
    virtual Result<usize> send(OutgoingMessage& message) = 0;
    virtual Result<usize> receive(IncomingMessage& message) = 0;
    virtual Result<void> shutdown(Shutdown how) = 0;
    virtual Result<SocketAddress> local_address() = 0;
    virtual Result<SocketAddress> peer_address() = 0;
    virtual PeerCredentials peer_credentials() { return {}; }
    virtual bool accepting() { return false; }
    virtual usize readable_bytes() { return 0; }
    virtual usize unsent_bytes() { return 0; }
    virtual bool at_mark() { return false; }
    /// SO_ERROR: what went wrong meanwhile, once; 0: nothing.
    virtual int take_pending_error() { return pending_error.exchange(0); }
    virtual void set_urgent_in_line(bool in_line) { options.out_of_band_inline.store(in_line); }
    /// Datagram sockets: 1 connected to `from`, 0 not connected, -1 connected to somebody else.
    virtual int matches_peer(const InetAddress*) { return 0; }

    // File.
    Result<usize> read(IoCursor& to, u64& position) override;
    Result<usize> write(IoCursor& from, u64& position) override;
    Result<u64> ioctl(u32 command, u64 argument) override;
    Ref<Inode> inode() override { return inode_; }
    Socket* as_socket() override { return this; }
    Result<String> describe() override;
    Result<void> make_inode();
    [[nodiscard]] u64 number() const { return number_; }  // of the inode

    // SOL_SOCKET options that the families look at; others are only remembered.
    struct Options {
        std::atomic<u64> receive_timeout_ns{0}, send_timeout_ns{0};  // 0: none
        std::atomic<u32> send_buffer{212992}, receive_buffer{212992};
        std::atomic<bool> reuse_address{false}, reuse_port{false}, keep_alive{false}, broadcast{false},
            pass_credentials{false}, only_v6{false}, out_of_band_inline{false}, linger_on{false},
            time_stamps{false};
        std::atomic<u32> linger_seconds{0}, low_water{1}, priority{0}, mark{0};
        std::atomic<i32> peek_offset{-1};
        // Control data that a datagram's receiver asked for, and the sender's time to live.
        std::atomic<bool> precise_time_stamps{false}, packet_info{false}, packet_info_v6{false},
            receive_ttl{false}, receive_hop_limit{false};
        std::atomic<bool> receive_traffic_class{false};
        std::atomic<i32> time_to_live{-1}, traffic_class{-1};  // -1: 64 and 0
    } options;
    std::atomic<int> pending_error{0};
    /// Options that have no effect here: remembered, so that they read back.
    struct Remembered {
        int level, name;
        i32 value;
    };
    Mutex remembered_mutex{LockRank::leaf};
    Vector<Remembered> remembered;

    /// Takes the pending error, if any, as a failure.
    Result<void> take_error();

  protected:
    /// Who sends it goes along with a Unix message where somebody may ask (SO_PASSCRED).
    static Result<void> add_credentials(OutgoingMessage& message);
    [[nodiscard]] u64 receive_deadline() const;
    [[nodiscard]] u64 send_deadline() const;
    /// SIGPIPE unless the message says not to.
    Errno broken_pipe(u32 flags) const;

  private:
    Ref<Inode> inode_;
    u64 number_ = 0;
};

/// A wait that a timeout of the socket ends is EAGAIN.
Errno timed_wait_error(Errno error, u64 deadline);

}  // namespace litebox
