// Unix sockets: byte streams on channels; datagrams and sequenced packets on packet queues.
#pragma once

#include "core/file/inode.h"
#include "core/net/network.h"
#include "core/net/packet_queue.h"
#include "core/net/stream_socket.h"

namespace litebox {

/// The name of a Unix socket: a node in a file system, or an abstract one.
struct UnixName {
    SocketAddress address;
    Path place;  // keeps the identity of a path's socket
    Ref<Inode> inode;
    bool bound = false;
};

/// Makes the node or registers the abstract name. EADDRINUSE, EINVAL when bound already.
Result<void> bind_unix_name(Socket& socket, UnixName& name, const SocketAddress& address);
/// The socket that an address names. ECONNREFUSED, ENOENT and what path walk says.
Result<Ref<Socket>> find_unix_socket(const SocketAddress& address, int type);

class UnixStreamSocket final : public StreamSocket {
  public:
    UnixStreamSocket(int type, u32 flags) : StreamSocket(family_unix, type, 0, flags) {}
    ~UnixStreamSocket() override;
    Result<void> bind(const SocketAddress& address) override;
    Result<void> connect(const SocketAddress& address, bool wait) override;

  protected:
    Result<Ref<StreamSocket>> make_accepted() override;
    Result<void> ensure_bound() override;

  private:
    UnixName name_;
};

/// SOCK_DGRAM and SOCK_SEQPACKET.
class UnixPacketSocket final : public Socket {
  public:
    UnixPacketSocket(int type, u32 flags) : Socket(family_unix, type, 0, flags) {}
    ~UnixPacketSocket() override;
    static Result<void> join(UnixPacketSocket& a, UnixPacketSocket& b);

    Result<void> bind(const SocketAddress& address) override;
    Result<void> listen(int backlog) override;
    Result<Ref<Socket>> accept(bool wait) override;
    Result<void> connect(const SocketAddress& address, bool wait) override;
    Result<usize> send(OutgoingMessage& message) override;
    Result<usize> receive(IncomingMessage& message) override;
    Result<void> shutdown(Shutdown how) override;
    Result<SocketAddress> local_address() override;
    Result<SocketAddress> peer_address() override;
    PeerCredentials peer_credentials() override { return peer_credentials_; }
    u32 poll(PollTable* table) override;
    bool accepting() override { return listening_; }
    int take_pending_error() override;
    usize readable_bytes() override { return mailbox_->queue.first_length(); }

  private:
    /// What outlives a socket while peers still hold on to it.
    struct Mailbox : RefCounted<Mailbox> {
        PacketQueue queue;
        std::atomic<bool> shut{false};    // closed by shutdown, its socket is still there
        std::atomic<bool> closed{false};  // nobody receives any more
        std::atomic<bool> ended{false};   // nobody sends any more (sequenced packets)
        std::atomic<const void*> peer{
            nullptr};               // the mailbox that the owner is connected to; for comparison only
        std::atomic<int> error{0};  // the owner's, from the other side
    };
    Result<void> may_send_to(const Mailbox& mailbox) const;
    void change_peer(Ref<Mailbox> fresh, const SocketAddress& name);
    /// Under mutex_. The old one, which stays while somebody may hang on its queue; `gone` are earlier ones,
    /// to be dropped under no lock.
    Ref<Mailbox> replace_peer(Ref<Mailbox> fresh, Vector<Ref<Mailbox>>& gone);
    Result<Ref<Mailbox>> target(const OutgoingMessage& message);

    Mutex mutex_{LockRank::socket};
    Ref<Mailbox> mailbox_, peer_;
    Vector<Ref<Mailbox>> former_peers_;  // whoever polls this socket hung on them
    UnixName name_;
    SocketAddress peer_name_;
    PeerCredentials peer_credentials_;
    bool connected_ = false, listening_ = false;
    Vector<Ref<UnixPacketSocket>> backlog_;
    usize backlog_limit_ = 0;
    WaitQueue accept_queue_;
    friend Result<Ref<Socket>> make_unix_socket(int type, u32 flags);
};

Result<Ref<Socket>> make_unix_socket(int type, u32 flags);

}  // namespace litebox
