// A device that passes packets, network or vsock, and means harm: it fills what it likes into buffers, says
// any length, changes its configuration, and spoils its rings. What the driver hands on is never longer than
// what the device could have written, and bears what a packet must; else the machine stops with the reason.
#include <cstring>

#include "fuzz/input.h"
#include "platform/vm/device/network_device.h"
#include "platform/vm/device/socket_device.h"
#include "tests/unit/vm/device/simulated_device.h"

using namespace litebox;
using namespace litebox::vm;

namespace {

constexpr u32 entries = 8;

/// The device's side, the same for both kinds.
struct Harm {
    SimulatedDevice simulated;

    Harm(DeviceKind kind, fuzz::Input& input) : simulated(kind) {
        simulated.most_entries = entries;
        simulated.features |= input.take<u32>();
        for (usize i = 0; i < 12; i++) simulated.configuration[i] = input.take<u8>();
        simulated.on_chain = [this](u16 queue, SimulatedDevice::Chain chain) {
            simulated.waiting[queue].push_back(std::move(chain));
        };
    }
    void fill(u16 queue, fuzz::Input& input) {
        auto& waiting = simulated.waiting[queue];
        if (waiting.empty()) return;
        SimulatedDevice::Chain chain = std::move(waiting.front());
        waiting.pop_front();
        std::vector<u8> bytes(input.take<u8>());
        for (u8& byte : bytes) byte = input.take<u8>();
        u32 written = chain.answer(bytes);
        simulated.use(queue, chain.id, input.flip() ? written : input.take<u16>());
    }
    void step(fuzz::Input& input) {
        u16 queue = input.take<u8>() % 3;
        switch (input.take<u8>() % 6) {
            case 0:
                return simulated.use(queue % 2, input.take<u8>() % (entries + 2), input.take<u16>());
            case 1:
                return simulated.set_used_index(queue % 2, input.take<u16>());
            case 2:
                simulated.configuration[input.take<u8>() % 12] = input.take<u8>();
                return;
            default:
                return fill(queue, input);
        }
    }
};

void run_network(fuzz::Input& input) {
    Harm harm(DeviceKind::network, input);
    NetworkDevice device;
    if (!device.begin(harm.simulated).ok()) return;
    std::vector<u8> frame(NetworkDevice::ethernet_header + device.mtu());
    int sends = 0;  // no more than surely find place: nobody waits here
    while (!input.empty()) {
        harm.step(input);
        VirtioDevice::interrupt(&device.device());
        auto received = device.receive(frame, 0);
        FUZZ_CHECK(!received.ok() ||
                   (received.value() >= NetworkDevice::ethernet_header && received.value() <= frame.size()));
        u8 address[NetworkDevice::address_length];
        device.address(address);
        FUZZ_CHECK((address[0] & 1) == 0);
        if (sends < 2) sends += device.send(frame).ok() ? 1 : 0;
    }
}

void run_vsock(fuzz::Input& input) {
    Harm harm(DeviceKind::socket, input);
    harm.simulated.configuration[0] = 3;
    std::memset(harm.simulated.configuration.data() + 1, 0, 7);
    SocketDevice device;
    if (!device.begin(harm.simulated).ok()) return;
    platform::VsockPacket packet{};
    std::span<const u8> payload;
    int sends = 0;
    while (!input.empty()) {
        harm.step(input);
        VirtioDevice::interrupt(&device.device());
        auto news = device.take(packet, payload);
        FUZZ_CHECK(news != SocketDevice::News::packet ||
                   (payload.size() <= PacketQueues::room && packet.destination == device.address()));
        if (sends++ < 4) device.send(packet, {});
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    try {
        if (input.flip())
            run_network(input);
        else
            run_vsock(input);
    } catch (const MachineStopped&) {
        // A rule was broken: that is the end.
    }
    release_shared_memory();
    return 0;
}
