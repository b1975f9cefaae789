#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "platform/vm/device/socket_device.h"
#include "tests/unit/vm/device/simulated_device.h"

namespace litebox::vm {
namespace {

using platform::VsockOperation;
using platform::VsockPacket;

constexpr usize header_length = 44;
constexpr u64 own = 42;

std::vector<u8> bytes_of(const VsockPacket& packet, u32 length) {
    std::vector<u8> bytes(header_length);
    std::memcpy(bytes.data(), &packet.source, 8);
    std::memcpy(bytes.data() + 8, &packet.destination, 8);
    std::memcpy(bytes.data() + 16, &packet.source_port, 4);
    std::memcpy(bytes.data() + 20, &packet.destination_port, 4);
    std::memcpy(bytes.data() + 24, &length, 4);
    std::memcpy(bytes.data() + 28, &packet.type, 2);
    std::memcpy(bytes.data() + 30, &packet.operation, 2);
    std::memcpy(bytes.data() + 32, &packet.flags, 4);
    std::memcpy(bytes.data() + 36, &packet.room, 4);
    std::memcpy(bytes.data() + 40, &packet.taken, 4);
    return bytes;
}

struct Vsock : ::testing::Test {
    SimulatedDevice simulated{DeviceKind::socket};
    SocketDevice device;
    std::vector<std::vector<u8>> sent;
    bool takes = true;
    VsockPacket packet{};
    std::span<const u8> payload;

    void begin(u64 address = own) {
        std::memcpy(simulated.configuration.data(), &address, sizeof(address));
        simulated.on_chain = [this](u16 queue, SimulatedDevice::Chain chain) {
            if (queue != 1 || !takes) return simulated.waiting[queue].push_back(std::move(chain));
            sent.push_back(chain.sent());
            simulated.use(queue, chain.id, 0);
        };
    }
    void start() {
        begin();
        ASSERT_TRUE(device.begin(simulated).ok());
    }
    void deliver(const VsockPacket& header, const std::vector<u8>& body, u32 says) {
        SimulatedDevice::Chain chain = std::move(simulated.waiting[0].front());
        simulated.waiting[0].pop_front();
        std::vector<u8> bytes = bytes_of(header, says);
        bytes.insert(bytes.end(), body.begin(), body.end());
        u32 written = chain.answer(bytes);
        simulated.use(0, chain.id, written);
    }
};

constexpr VsockPacket incoming{2, own, 1000, 2000, platform::vsock_stream, VsockOperation::data, 3, 4, 5};

TEST_F(Vsock, PacketsComeInAsTheyWereSent) {
    start();
    deliver(incoming, {1, 2, 3}, 3);
    ASSERT_EQ(device.take(packet, payload), SocketDevice::News::packet);
    EXPECT_EQ(bytes_of(packet, 3), bytes_of(incoming, 3));
    EXPECT_EQ(std::vector<u8>(payload.begin(), payload.end()), (std::vector<u8>{1, 2, 3}));
}

TEST_F(Vsock, PacketsGoOutAsTheyAre) {
    start();
    const std::vector<u8> body(platform::vsock_largest_payload, 7);
    device.send(incoming, body);
    device.send(incoming, {});
    ASSERT_EQ(sent.size(), 2u);
    std::vector<u8> expected = bytes_of(incoming, static_cast<u32>(body.size()));
    expected.insert(expected.end(), body.begin(), body.end());
    EXPECT_EQ(sent[0], expected);
    EXPECT_EQ(sent[1], bytes_of(incoming, 0));
}

TEST_F(Vsock, APacketShorterThanItSaysIsDropped) {
    start();
    deliver(incoming, {1, 2, 3}, 4);
    deliver(incoming, {1, 2, 3}, ~u32{0});
    deliver(incoming, {9}, 1);
    EXPECT_EQ(device.take(packet, payload), SocketDevice::News::dropped);
    EXPECT_EQ(device.take(packet, payload), SocketDevice::News::dropped);
    EXPECT_EQ(device.take(packet, payload), SocketDevice::News::packet);
    EXPECT_EQ(payload.size(), 1u);
    EXPECT_EQ(device.take(packet, payload), SocketDevice::News::none);
}

TEST_F(Vsock, APacketForSomebodyElseIsDropped) {
    start();
    VsockPacket other = incoming;
    other.destination = own + 1;
    deliver(other, {}, 0);
    EXPECT_EQ(device.take(packet, payload), SocketDevice::News::dropped);
}

TEST_F(Vsock, AnAddressThatIsNoMachinesIsRefused) {
    for (u64 address : {u64{0}, u64{2}, u64{0xffffffff}, u64{1} << 32 | 5}) {
        begin(address);
        SocketDevice refused;
        EXPECT_EQ(refused.begin(simulated).error(), Errno::eio) << address;
    }
}

TEST_F(Vsock, WordThatConnectionsAreLostBringsTheNewAddress) {
    start();
    simulated.configuration[0] = 43;
    SimulatedDevice::Chain chain = simulated.waiting[2].front();
    simulated.use(2, chain.id, chain.answer({0, 0, 0, 0}));
    EXPECT_EQ(device.take(packet, payload), SocketDevice::News::lost);
    EXPECT_EQ(device.address(), 43u);
}

TEST_F(Vsock, AnUnknownEventIsNoEvent) {
    start();
    SimulatedDevice::Chain chain = simulated.waiting[2].front();
    simulated.use(2, chain.id, chain.answer({9, 0, 0, 0}));
    deliver(incoming, {}, 0);
    EXPECT_EQ(device.take(packet, payload), SocketDevice::News::packet);
}

TEST_F(Vsock, RepliesFindPlaceWhereDataHasTakenAllItsOwn) {
    start();
    takes = false;
    const std::vector<u8> body(100, 7);
    std::atomic<int> done{0};
    std::thread sender([&] {
        for (int i = 0; i < 40; i++) {
            device.send(incoming, body);
            done++;
        }
    });
    while (simulated.waiting[1].size() < 16) std::this_thread::yield();
    for (int i = 0; i < 8; i++) device.send(incoming, {});
    EXPECT_EQ(simulated.waiting[1].size(), 24u);
    EXPECT_EQ(done, 16);
    // Now the device takes one after the other.
    while (done < 40) {
        VirtioDevice::interrupt(&device.device());
        if (simulated.waiting[1].empty()) {
            std::this_thread::yield();
            continue;
        }
        simulated.use(1, simulated.waiting[1].front().id, 0);
        simulated.waiting[1].pop_front();
    }
    sender.join();
}

}  // namespace
}  // namespace litebox::vm
