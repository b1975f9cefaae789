// A host that sends what it likes to programs that listen, connect, read and write over vsock. The core must
// not panic, nobody in it may wait for ever with a lock, and what it sends in turn is well-formed.
#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <map>
#include <vector>

#include "fuzz/input.h"
#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;
using platform::VsockOperation;
using platform::VsockPacket;

namespace {

constexpr u64 own = 3, host = 2;
constexpr u32 listening_port = 2000, first_host_port = 10, host_ports = 4;

struct World {
    fuzz::Input& input;
    Machine machine;
    std::vector<i64> sockets;
    std::vector<u32> own_ports{listening_port};  // that the host has seen

    explicit World(fuzz::Input& bytes) : input(bytes) {
        machine.vsock().address = own;
        machine.vsock().on_send = [this](const VsockPacket& packet, const std::string& payload) {
            FUZZ_CHECK(packet.source == own && packet.room <= 1 << 18);
            FUZZ_CHECK(payload.size() <= platform::vsock_largest_payload);
            FUZZ_CHECK(packet.operation == VsockOperation::data || payload.empty());
            if (own_ports.size() < 16) own_ports.push_back(packet.source_port);
            // Half of what is asked for comes about.
            if (packet.operation == VsockOperation::request && input.flip())
                arrive(packet.source_port, packet.destination_port, VsockOperation::response);
        };
    }
    void arrive(u32 to, u32 from, VsockOperation operation) {
        u16 type = input.below(16) == 0 ? input.take<u16>() : platform::vsock_stream;
        u32 room = input.flip() ? input.take<u16>() : ~u32{0};
        u32 taken = input.flip() ? 0 : input.take<u16>();
        usize length = operation == VsockOperation::data ? input.take<u16>() % 5000 : 0;
        machine.vsock_arrives({host, own, from, to, type, operation, input.take<u8>(), room, taken},
                              std::string(length, 'x'));
    }
    void send_packet() {
        u32 to = own_ports[input.below(static_cast<u32>(own_ports.size()))];
        arrive(to, first_host_port + input.below(host_ports), static_cast<VsockOperation>(input.below(10)));
    }
    void open(Guest& guest) {
        Scratch scratch(guest);
        sockaddr_vm name{};
        name.svm_family = AF_VSOCK;
        name.svm_cid = VMADDR_CID_HOST;
        name.svm_port = first_host_port + input.below(host_ports);
        i64 socket = guest.call(SYS_socket, AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (socket < 0) return;
        guest.call(SYS_connect, socket, scratch.value(name), sizeof(name));
        sockets.push_back(socket);
    }
    void act(Guest& guest) {
        constexpr usize most = 8, buffer = 6000;
        i64 socket = sockets[input.below(static_cast<u32>(sockets.size()))];
        Scratch scratch(guest);
        u64 bytes = scratch.space(buffer);
        switch (input.below(10)) {
            case 0:
                if (sockets.size() < most) open(guest);
                return;
            case 1: {
                i64 accepted = guest.call(SYS_accept4, sockets[0], 0, 0, SOCK_NONBLOCK);
                if (accepted >= 0) sockets.push_back(accepted);
                return;
            }
            case 2:
                guest.call(SYS_sendto, socket, bytes, input.take<u16>() % buffer, MSG_NOSIGNAL, 0, 0);
                return;
            case 3: {
                i64 length = guest.call(SYS_recvfrom, socket, bytes, buffer, 0, 0, 0);
                FUZZ_CHECK(length <= static_cast<i64>(buffer));
                return;
            }
            case 4:
                guest.call(SYS_shutdown, socket, input.below(3));
                return;
            case 5:
                if (sockets.size() < 2) return;
                guest.close(sockets.back());
                sockets.pop_back();
                return;
            case 6:
                machine.vsock_lost();
                return;
            case 7:
                guest.sleep(u64{1} << input.below(34));
                return;
            default:
                return send_packet();
        }
    }
    void run(Guest& guest) {
        Scratch scratch(guest);
        sockaddr_vm name{};
        name.svm_family = AF_VSOCK;
        name.svm_cid = VMADDR_CID_ANY;
        name.svm_port = listening_port;
        sockets.push_back(guest.call(SYS_socket, AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0));
        FUZZ_CHECK(guest.call(SYS_bind, sockets[0], scratch.value(name), sizeof(name)) == 0);
        FUZZ_CHECK(guest.call(SYS_listen, sockets[0], 2) == 0);
        while (!input.empty()) act(guest);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    World world(input);
    auto outcome = world.machine.run([&](Guest& guest) { world.run(guest); });
    FUZZ_CHECK(outcome.stopped);
    return 0;
}
