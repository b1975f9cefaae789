// Connections of bytes: what TCP and Unix stream sockets share once names are resolved.
#pragma once

#include "core/net/byte_channel.h"

namespace litebox {

class StreamSocket : public Socket {
  public:
    using Socket::Socket;
    ~StreamSocket() override;

    Result<void> listen(int backlog) override;
    Result<Ref<Socket>> accept(bool wait) override;
    Result<usize> send(OutgoingMessage& message) override;
    Result<usize> receive(IncomingMessage& message) override;
    Result<void> shutdown(Shutdown how) override;
    Result<SocketAddress> local_address() override;
    Result<SocketAddress> peer_address() override;
    u32 poll(PollTable* table) override;
    bool accepting() override { return state() == State::listening; }
    usize readable_bytes() override;
    bool at_mark() override;
    int take_pending_error() override;
    void set_urgent_in_line(bool in_line) override;
    PeerCredentials peer_credentials() override { return peer_credentials_; }

    /// Ties two ends together (socketpair).
    static Result<void> join(StreamSocket& a, StreamSocket& b);

  protected:
    enum class State : u8 { fresh, listening, connected };
    State state() {
        LockGuard guard(mutex_);
        return state_;
    }
    /// A new socket for the listener's side of a connection.
    virtual Result<Ref<StreamSocket>> make_accepted() = 0;
    /// The listener needs a name before it listens.
    virtual Result<void> ensure_bound() = 0;
    /// The client's half of connect, once its listener is found. EAGAIN when its backlog is full and `wait`
    /// is false.
    Result<void> connect_to(StreamSocket& listener, const SocketAddress& own, const SocketAddress& peer,
                            bool wait);
    [[nodiscard]] bool urgent_possible() const { return family != family_unix; }

    Mutex mutex_{LockRank::socket};
    State state_ = State::fresh;
    SocketAddress local_, peer_;
    bool bound_ = false;

  private:
    struct Pending {
        ListNode node;
        Ref<StreamSocket> socket;
    };
    Result<void> offer(Ref<StreamSocket> accepted);
    void move_peek_offset(bool peek, usize bytes);
    Result<usize> discard(IncomingMessage& message, ByteChannel& channel, bool wait);
    Result<Ref<ByteChannel>> incoming();
    Result<Ref<ByteChannel>> outgoing();
    Ref<ByteChannel> in_, out_;
    PeerCredentials peer_credentials_;
    List<Pending, &Pending::node> backlog_;
    usize backlog_count_ = 0, backlog_limit_ = 0;
    bool closing_ = false;
    WaitQueue accept_queue_, backlog_room_, poll_queue_;
};

PeerCredentials own_credentials();

}  // namespace litebox
