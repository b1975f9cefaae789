// The sandbox's network: names of Unix sockets, ports of its own loopback interface, and vsock.
// Kernel::network.
#pragma once

#include "core/net/vsock_table.h"

namespace litebox {

class NetworkStack : Pinned {
  public:
    static Result<NetworkStack*> create();

    // Unix names. Paths are found by the inode that bind made.
    Result<void> bind_unix(Socket& socket, const void* inode, string_view abstract_name);
    void unbind_unix(Socket& socket);
    /// ECONNREFUSED when nobody has the name. Abstract names of other types are apart.
    Result<Ref<Socket>> find_unix(const void* inode, string_view abstract_name, int type);
    /// An unused abstract name of five hexadecimal digits (autobind).
    Result<void> autobind(Socket& socket, SocketAddress& address);

    // Ports: TCP and UDP each have their own.
    struct PortRequest {
        int protocol;  // each has ports of its own
        int type;      // socket_stream or socket_datagram
        InetAddress address;
        bool only_v6, reuse_address, reuse_port, v6;
    };
    /// Port 0 asks for an unused one, which `address.port` then tells. EADDRINUSE.
    Result<void> bind_port(Socket& socket, PortRequest& request);
    void unbind_port(Socket& socket);
    /// Whether bound sockets listen changes who may share their port.
    /// EADDRINUSE where another listens there already.
    Result<void> mark_listening(Socket& socket);
    /// The listener or datagram socket that gets what is sent to `to`; datagram sockets connected to `from`
    /// come first.
    Ref<Socket> find_port(int protocol, const InetAddress& to, const InetAddress* from);

    /// One line of /proc/net/{tcp,udp,udplite}[6] for each bound socket of the protocol and family.
    void list_ports(TextBuilder& to, int protocol, int family);
    VsockTable vsock;

    /// Somebody has set SO_PASSCRED: from now on messages carry who sent them.
    std::atomic<bool> credentials_asked{false};

  private:
    struct Name {
        ListNode node;
        Socket* socket;
        const void* inode;
        String abstract_name;
    };
    struct Port {
        ListNode node;
        Socket* socket;
        PortRequest request;
        bool listening;
        u32 owner;
    };
    bool conflicts(const Port& other, const PortRequest& request) const;
    static bool reaches(const Port& port, int protocol, const InetAddress& to);
    Result<u16> unused_port(const PortRequest& request);
    bool free_port(const PortRequest& request);
    Mutex mutex_{LockRank::socket};
    List<Name, &Name::node> names_;
    List<Port, &Port::node> ports_;
    u16 next_port_ = 32768;
    u32 next_name_ = 0;
};

NetworkStack& network();

}  // namespace litebox
