#include "platform/vm/device/network_device.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/vm/device/simulated_device.h"

namespace litebox::vm {
namespace {

constexpr u64 feature_mtu = 1 << 3, feature_address = 1 << 5, feature_status = 1 << 16;
constexpr usize header_length = 12;

struct Network : ::testing::Test {
    SimulatedDevice simulated{DeviceKind::network};
    NetworkDevice device;
    std::vector<std::vector<u8>> sent;
    bool takes = true;  // what is sent

    void configure(u64 features, std::vector<u8> address, u16 status, u16 mtu) {
        simulated.features |= features;
        std::copy(address.begin(), address.end(), simulated.configuration.begin());
        std::memcpy(simulated.configuration.data() + 6, &status, sizeof(status));
        std::memcpy(simulated.configuration.data() + 10, &mtu, sizeof(mtu));
        simulated.on_chain = [this](u16 queue, SimulatedDevice::Chain chain) {
            if (queue == 0 || !takes) return simulated.waiting[queue].push_back(std::move(chain));
            sent.push_back(chain.sent());
            simulated.use(queue, chain.id, 0);
        };
    }
    void begin(u64 features = feature_address) {
        configure(features, {2, 0, 0, 0, 0, 1}, 1, 1500);
        ASSERT_TRUE(device.begin(simulated).ok());
    }
    /// The device puts a frame, behind `header`, into the oldest buffer; `claims`: how much it says it wrote.
    void deliver(const std::vector<u8>& frame, std::vector<u8> header = std::vector<u8>(header_length),
                 i64 claims = -1) {
        SimulatedDevice::Chain chain = std::move(simulated.waiting[0].front());
        simulated.waiting[0].pop_front();
        header.insert(header.end(), frame.begin(), frame.end());
        u32 written = chain.answer(header);
        simulated.use(0, chain.id, claims < 0 ? written : static_cast<u32>(claims));
    }
    Result<std::vector<u8>> receive() {
        std::vector<u8> frame(2048);
        frame.resize(TRY(device.receive(frame, 0)));
        return frame;
    }
};

std::vector<u8> frame_of(usize length, u8 seed) {
    std::vector<u8> frame(length);
    for (usize i = 0; i < length; i++) frame[i] = static_cast<u8>(seed + i);
    return frame;
}

TEST_F(Network, FramesGoOutWhole) {
    begin();
    ASSERT_TRUE(device.send(frame_of(14, 1)).ok());
    ASSERT_TRUE(device.send(frame_of(1514, 2)).ok());
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(std::vector<u8>(sent[1].begin() + header_length, sent[1].end()), frame_of(1514, 2));
    EXPECT_EQ(std::vector<u8>(sent[1].begin(), sent[1].begin() + header_length),
              std::vector<u8>(header_length));
}

TEST_F(Network, WhatIsNoFrameIsNotSent) {
    begin();
    EXPECT_EQ(device.send(frame_of(13, 1)).error(), Errno::emsgsize);
    EXPECT_EQ(device.send(frame_of(1515, 1)).error(), Errno::emsgsize);
    EXPECT_TRUE(sent.empty());
}

TEST_F(Network, FramesComeInInOrderAndBuffersGoRound) {
    begin();
    EXPECT_EQ(receive().error(), Errno::eagain);
    for (int round = 0; round < 100; round++) {
        deliver(frame_of(60, static_cast<u8>(round)));
        deliver(frame_of(1514, static_cast<u8>(round + 1)));
        EXPECT_EQ(receive().value(), frame_of(60, static_cast<u8>(round)));
        EXPECT_EQ(receive().value(), frame_of(1514, static_cast<u8>(round + 1)));
        EXPECT_EQ(receive().error(), Errno::eagain);
    }
}

TEST_F(Network, ReceiveHasRoomForTheLargestFrame) {
    begin();
    std::vector<u8> small(1513);
    EXPECT_EQ(device.receive(small, 0).error(), Errno::emsgsize);
}

TEST_F(Network, WhatTheDeviceMakesUpIsDropped) {
    begin();
    std::vector<u8> checksum(header_length), segmented(header_length);
    checksum[0] = 1;
    segmented[1] = 3;
    deliver(frame_of(60, 1), checksum);
    deliver(frame_of(60, 2), segmented);
    deliver(frame_of(13, 3));
    deliver(frame_of(1515, 4));
    deliver({}, {1, 2, 3});
    deliver(frame_of(60, 5), std::vector<u8>(header_length), 0);
    deliver(frame_of(60, 6));
    Result<std::vector<u8>> received = Errno::eagain;
    for (int tries = 0; tries < 8 && !received.ok(); tries++) received = receive();
    ASSERT_TRUE(received.ok());
    EXPECT_EQ(received.value(), frame_of(60, 6));
}

TEST_F(Network, ALengthAboveTheBuffersEndsTheMachine) {
    begin();
    deliver(frame_of(60, 1), std::vector<u8>(header_length), 1 << 20);
    EXPECT_THROW((void)receive(), MachineStopped);
}

TEST_F(Network, ABufferGivenBackTwiceEndsTheMachine) {
    begin();
    u16 id = simulated.waiting[0].front().id;
    deliver(frame_of(60, 1));
    simulated.use(0, id, header_length + 60);
    EXPECT_THROW((void)receive(), MachineStopped);
}

TEST_F(Network, AFrameThatChangesWhileItIsReadHurtsNobody) {
    begin();
    SimulatedDevice::Chain chain = simulated.waiting[0].front();
    deliver(frame_of(60, 1));
    std::vector<u8> first = receive().value();
    chain.answer(std::vector<u8>(header_length + 60, 0xff));
    EXPECT_EQ(first, frame_of(60, 1));
}

TEST_F(Network, AnAddressForManyOrNoneIsRefused) {
    configure(feature_address, {1, 0, 0, 0, 0, 1}, 1, 1500);
    EXPECT_EQ(device.begin(simulated).error(), Errno::eio);
    simulated.configuration[0] = simulated.configuration[5] = 0;
    NetworkDevice again;
    EXPECT_EQ(again.begin(simulated).error(), Errno::eio);
}

TEST_F(Network, WithoutAnAddressOneIsDrawn) {
    begin(0);
    u8 first[6], second[6];
    device.address(first);
    device.address(second);
    EXPECT_EQ(first[0] & 3, 2);
    EXPECT_EQ(std::memcmp(first, second, sizeof(first)), 0);
}

TEST_F(Network, TheLargestFrameIsTheDevicesIfOursCanHoldIt) {
    configure(feature_mtu, {}, 0, 1280);
    ASSERT_TRUE(device.begin(simulated).ok());
    EXPECT_EQ(device.mtu(), 1280);
    EXPECT_EQ(device.send(frame_of(1295, 1)).error(), Errno::emsgsize);

    SimulatedDevice with_large(DeviceKind::network), with_tiny(DeviceKind::network);
    with_large.features |= feature_mtu;
    with_large.configuration[10] = with_large.configuration[11] = 0xff;
    NetworkDevice large;
    ASSERT_TRUE(large.begin(with_large).ok());
    EXPECT_EQ(large.mtu(), 1500);

    with_tiny.features |= feature_mtu;
    with_tiny.configuration[10] = 67;
    NetworkDevice tiny;
    EXPECT_EQ(tiny.begin(with_tiny).error(), Errno::eio);
}

TEST_F(Network, TheLinkIsAsTheDeviceTells) {
    begin(feature_status);
    EXPECT_TRUE(device.link_up().value());
    simulated.configuration[6] = 0;
    EXPECT_FALSE(device.link_up().value());
}

TEST_F(Network, ADeviceWithoutVersionOneIsRefused) {
    simulated.features = feature_address;
    EXPECT_EQ(device.begin(simulated).error(), Errno::enodev);
}

TEST_F(Network, OffloadsAreNotAgreedOn) {
    u32 agreed[2] = {};
    struct Watched : SimulatedDevice {
        using SimulatedDevice::SimulatedDevice;
        u32* agreed = nullptr;
        u32 select = 0;
        void write(u32 offset, u32 value) override {
            if (offset == 0x24) select = value;
            if (offset == 0x20) agreed[select & 1] = value;
            SimulatedDevice::write(offset, value);
        }
    } all(DeviceKind::network);
    all.agreed = agreed;
    all.features = ~u64{0};
    all.configuration[0] = 2;
    all.configuration[10] = 0xdc, all.configuration[11] = 5;
    ASSERT_TRUE(device.begin(all).ok());
    EXPECT_EQ(agreed[0], feature_mtu | feature_address | feature_status);
    EXPECT_EQ(agreed[1], 1u);
}

}  // namespace
}  // namespace litebox::vm
