#include "platform/vm/device/block_device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "platform/vm/device/entropy_device.h"
#include "tests/unit/vm/device/simulated_device.h"

namespace litebox::vm {
namespace {

struct Disk : ::testing::Test {
    SimulatedDevice simulated{DeviceKind::block};
    BlockDevice device;
    std::vector<u8> bytes = std::vector<u8>(1 << 20);
    u8 status = 0;
    u32 short_by = 0;
    u32 flushes = 0;

    void serve(u16 queue, const SimulatedDevice::Chain& chain) {
        std::vector<u8> sent = chain.sent();
        u32 type;
        u64 sector;
        std::memcpy(&type, sent.data(), sizeof(type));
        std::memcpy(&sector, sent.data() + 8, sizeof(sector));
        std::vector<u8> answer;
        if (type == 0) answer.assign(bytes.begin() + static_cast<isize>(sector * 512), bytes.end());
        if (type == 0) answer.resize(chain.room() - 1);
        if (type == 1) std::memcpy(bytes.data() + sector * 512, sent.data() + 16, sent.size() - 16);
        if (type == 4) flushes++;
        answer.push_back(status);
        simulated.use(queue, chain.id, chain.answer(answer) - short_by);
    }
    void begin(u64 features = 1 << 9) {
        simulated.features |= features;
        u64 sectors = bytes.size() / 512;
        std::memcpy(simulated.configuration.data(), &sectors, sizeof(sectors));
        simulated.on_chain = [this](u16 queue, SimulatedDevice::Chain chain) { serve(queue, chain); };
        ASSERT_TRUE(device.begin(simulated).ok());
    }
};

TEST_F(Disk, WhatIsWrittenIsRead) {
    begin();
    EXPECT_EQ(device.size(), bytes.size());
    for (usize length : {usize{512}, usize{4096}, usize{300} << 10}) {
        std::vector<u8> out(length), in(length);
        for (usize i = 0; i < length; i++) out[i] = static_cast<u8>(i / 512 + i + length);
        ASSERT_TRUE(device.write(1024, out).ok());
        ASSERT_TRUE(device.read(1024, in).ok());
        EXPECT_EQ(in, out);
    }
    EXPECT_TRUE(device.flush().ok());
    EXPECT_EQ(flushes, 1u);
}

/// Memory of whole pages, and something behind.
struct Pages {
    explicit Pages(usize length) : memory(static_cast<u8*>(std::aligned_alloc(page_size, room)), std::free) {
        span = {memory.get(), length};
    }
    static constexpr usize room = 2 << 20;
    std::unique_ptr<u8, decltype(&std::free)> memory;
    std::span<u8> span;
};

TEST_F(Disk, WholePagesAreLentForTheRequestAndNotCopied) {
    begin();
    Pages out((200 << 10) + 512), in((200 << 10) + 512);
    for (usize i = 0; i < out.span.size(); i++) out.span[i] = static_cast<u8>(i * 7 + i / 512);
    usize most = 0;
    auto serve_chain = simulated.on_chain;
    simulated.on_chain = [&](u16 queue, SimulatedDevice::Chain chain) {
        most = std::max(most, lent_pages());
        bool inside = chain.parts[1].bytes >= in.memory.get() && chain.parts[1].bytes < in.span.end().base();
        EXPECT_TRUE(!chain.parts[1].writable || inside || chain.parts[1].length == 512);
        serve_chain(queue, chain);
    };
    ASSERT_TRUE(device.write(512, out.span).ok());
    ASSERT_TRUE(device.read(512, in.span).ok());
    EXPECT_TRUE(std::equal(out.span.begin(), out.span.end(), in.span.begin()));
    EXPECT_EQ(most, 50u);
    EXPECT_EQ(lent_pages(), 0u);
}

TEST_F(Disk, APageOnLoanComesBackFromADiskThatFailsOrGivesLess) {
    begin();
    Pages pages(4 * page_size);
    status = 1;
    EXPECT_EQ(device.read(0, pages.span).error(), Errno::eio);
    EXPECT_EQ(device.write(0, pages.span).error(), Errno::eio);
    status = 0, short_by = 1;
    EXPECT_EQ(device.read(0, pages.span).error(), Errno::eio);
    EXPECT_EQ(lent_pages(), 0u);
}

TEST_F(Disk, ARequestHasNoMorePartsThanTheDiskTakes) {
    scattered_frames = true;
    for (u32 most_parts : {0u, 1u, 3u, ~0u}) {
        SimulatedDevice other(DeviceKind::block);
        BlockDevice disk;
        other.features |= 1 << 2;
        u64 sectors = bytes.size() / 512;
        std::memcpy(other.configuration.data(), &sectors, sizeof(sectors));
        std::memcpy(other.configuration.data() + 12, &most_parts, sizeof(most_parts));
        usize most = 0, requests = 0;
        other.on_chain = [&](u16 queue, SimulatedDevice::Chain chain) {
            most = std::max(most, chain.parts.size() - 2);
            requests++;
            *chain.parts.back().bytes = 0;  // the status; the frames are not to be followed
            other.use(queue, chain.id, chain.room());
        };
        ASSERT_TRUE(disk.begin(other).ok());
        Pages pages(64 * page_size);
        ASSERT_TRUE(disk.read(0, pages.span).ok());
        usize expected = std::clamp<usize>(most_parts, 1, LentFrames::most_runs);
        EXPECT_EQ(most, expected);
        EXPECT_EQ(requests, (64 + expected - 1) / expected);
    }
    scattered_frames = false;
}

TEST_F(Disk, BeyondTheEndOrOffTheUnitIsRefused) {
    begin();
    std::vector<u8> two(1024);
    EXPECT_EQ(device.read(bytes.size() - 512, two).error(), Errno::einval);
    EXPECT_EQ(device.read(~u64{511}, two).error(), Errno::einval);
    EXPECT_EQ(device.read(100, two).error(), Errno::einval);
    EXPECT_EQ(device.write(0, std::span(two).first(100)).error(), Errno::einval);
}

TEST_F(Disk, ADiskThatFailsOrGivesLessIsAnError) {
    begin();
    std::vector<u8> some(512);
    status = 1;
    EXPECT_EQ(device.read(0, some).error(), Errno::eio);
    EXPECT_EQ(device.write(0, some).error(), Errno::eio);
    status = 0xff;
    EXPECT_EQ(device.read(0, some).error(), Errno::eio);
    status = 0;
    short_by = 1;
    EXPECT_EQ(device.read(0, some).error(), Errno::eio);
}

TEST_F(Disk, AReadOnlyDiskIsNotWritten) {
    begin(1 << 5);
    EXPECT_TRUE(device.read_only());
    std::vector<u8> some(512);
    EXPECT_EQ(device.write(0, some).error(), Errno::erofs);
}

TEST_F(Disk, ASizeThatOverflowsIsRefused) {
    std::memset(simulated.configuration.data(), 0xff, 8);
    EXPECT_EQ(device.begin(simulated).error(), Errno::eio);
}

TEST(Entropy, WhatComesIsCounted) {
    SimulatedDevice simulated(DeviceKind::entropy);
    simulated.on_chain = [&](u16 queue, SimulatedDevice::Chain chain) {
        simulated.use(queue, chain.id, chain.answer({1, 2, 3}));
    };
    EntropyDevice device;
    ASSERT_TRUE(device.begin(simulated).ok());
    u8 bytes[EntropyDevice::most_bytes] = {};
    EXPECT_EQ(device.collect(bytes), 3u);
    EXPECT_EQ(bytes[2], 3);
}

}  // namespace
}  // namespace litebox::vm
