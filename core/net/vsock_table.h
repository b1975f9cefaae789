// Who has which vsock port, and which connections there are. What the host sends is handed to its socket from
// here; what is for nobody is answered with a reset.
#pragma once

#include "core/net/socket.h"
#include "platform/vsock_device.h"

namespace litebox {

class VsockSocket;

class VsockTable : Pinned {
  public:
    /// Any port asks for an unused one, which `address` then tells. EADDRINUSE, EADDRNOTAVAIL.
    Result<void> bind(VsockSocket& socket, VsockAddress& address);
    /// EADDRINUSE: another connection has the same two ends.
    Result<void> add_connection(VsockSocket& socket, const VsockAddress& local, const VsockAddress& peer);
    /// The connection goes, its port stays.
    void end_connection(VsockSocket& socket);
    /// Both go.
    void forget(VsockSocket& socket);

    // Upcalls.
    void take(const platform::VsockPacket& packet, std::span<const u8> payload);
    void lose_all();

    /// What stands here of a socket; under the table's lock.
    struct Entry {
        ListNode port_node, connection_node;
        VsockAddress bound, local, peer;
        VsockSocket* socket = nullptr;
    };

  private:
    static constexpr usize buckets = 64;
    static usize bucket_of(u32 local_port, u32 peer_port) { return (local_port ^ peer_port * 31) % buckets; }
    using Connections = List<Entry, &Entry::connection_node>;

    bool port_taken(const VsockAddress& address);
    Entry* connection_between(const VsockAddress& local, const VsockAddress& peer);
    Ref<VsockSocket> find_connection(const VsockAddress& local, const VsockAddress& peer);
    Ref<VsockSocket> find_port(const VsockAddress& local);
    Ref<VsockSocket> any_connection();

    Mutex mutex_{LockRank::descriptor_table};
    List<Entry, &Entry::port_node> ports_;
    Connections connections_[buckets];
    u32 next_port_ = 0;  // 0: not drawn yet
};

/// Says to the sender of `packet` that it is for nobody.
void refuse_vsock(const platform::VsockPacket& packet);

}  // namespace litebox
