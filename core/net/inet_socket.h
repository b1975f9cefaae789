// TCP and UDP over IPv4 and IPv6 within the sandbox: its only interface is loopback.
#pragma once

#include "core/net/network.h"
#include "core/net/packet_queue.h"
#include "core/net/stream_socket.h"

namespace litebox {

class TcpSocket final : public StreamSocket {
  public:
    TcpSocket(int family, u32 flags) : StreamSocket(family, socket_stream, 6, flags) {}
    ~TcpSocket() override;
    Result<void> bind(const SocketAddress& address) override;
    Result<void> connect(const SocketAddress& address, bool wait) override;

  protected:
    Result<Ref<StreamSocket>> make_accepted() override;
    Result<void> ensure_bound() override;

  private:
    Result<void> bind_to(InetAddress address);
    bool connecting_ = false;  // a connect that did not wait has not been asked about yet
};

class UdpSocket final : public Socket {
  public:
    /// `protocol`: 17, or 136 for UDP-Lite, whose checksums cover nothing that could be damaged here.
    UdpSocket(int family, int protocol, u32 flags) : Socket(family, socket_datagram, protocol, flags) {}
    ~UdpSocket() override;
    Result<void> bind(const SocketAddress& address) override;
    Result<void> connect(const SocketAddress& address, bool wait) override;
    Result<usize> send(OutgoingMessage& message) override;
    Result<usize> receive(IncomingMessage& message) override;
    Result<void> shutdown(Shutdown how) override;
    Result<SocketAddress> local_address() override;
    Result<SocketAddress> peer_address() override;
    u32 poll(PollTable* table) override;
    usize readable_bytes() override { return queue_.first_length(); }
    int matches_peer(const InetAddress* from) override;

  private:
    Result<void> ensure_bound();
    Mutex mutex_{LockRank::descriptor_table};
    PacketQueue queue_;
    void disconnect();
    InetAddress local_, peer_;
    InetAddress asked_;        // what bind named
    bool asked_port_ = false;  // by number
    bool bound_ = false, connected_ = false, read_shut_ = false, write_shut_ = false;
};

/// EADDRNOTAVAIL unless the address is the sandbox's own; EAFNOSUPPORT and EINVAL for other families.
Result<InetAddress> local_inet(const Socket& socket, const SocketAddress& address);
/// Where a packet to `address` goes: loopback, or ENETUNREACH.
Result<InetAddress> route(const Socket& socket, const SocketAddress& address);
SocketAddress inet_name(const Socket& socket, const InetAddress& address);
/// The loopback address of the same kind (for sources).
InetAddress loopback_like(const InetAddress& address);

}  // namespace litebox
