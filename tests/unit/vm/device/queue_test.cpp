// Virtqueues and their transport against devices that keep the rules, and against those that do not.
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/vm/device/simulated_device.h"

namespace litebox::vm {
namespace {

struct Fixture : ::testing::Test {
    SimulatedDevice simulated{DeviceKind::entropy};
    VirtioDevice device;
    RequestQueue queue;
    SharedFrames frames;

    void SetUp() override {
        frames = SharedFrames::allocate(1).value();
        ASSERT_TRUE(device.begin(simulated, "test", 0).ok());
        ASSERT_TRUE(queue.begin(device, 0).ok());
        ASSERT_TRUE(device.start().ok());
        queue.set_patience(20000000);
    }
    u16 offer(u32 room = 64) {
        SharedRange parts[] = {frames.to_device(0, 16), frames.from_device(page_size, room)};
        return queue.submit(parts).value();
    }
    std::string stopped_by(u16 chain) {
        try {
            queue.wait(chain);
        } catch (const MachineStopped& stopped) {
            return stopped.what();
        }
        return "";
    }
};
constexpr char broke_the_ring[] = "the test device answered requests that it was not given";
bool is_about(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

TEST_F(Fixture, ChainsComeBackInAnyOrder) {
    u16 first = offer(), second = offer(), third = offer();
    simulated.use(0, third, 3);
    simulated.use(0, first, 64);
    simulated.use(0, second, 0);
    EXPECT_EQ(queue.wait(first), 64u);
    EXPECT_EQ(queue.wait(second), 0u);
    EXPECT_EQ(queue.wait(third), 3u);
}

TEST_F(Fixture, TheRingGoesRoundAndDescriptorsAreFoundAgain) {
    simulated.on_chain = [&](u16 at, SimulatedDevice::Chain chain) {
        simulated.use(at, chain.id, chain.room());
    };
    for (int i = 0; i < 70000; i++) ASSERT_EQ(queue.wait(offer(32)), 32u);
}

TEST_F(Fixture, AFullRingSaysSo) {
    SharedRange part[] = {frames.to_device(0, 16)};
    for (u32 i = 0; i < queue.entries(); i++) ASSERT_TRUE(queue.submit(part).ok());
    EXPECT_EQ(queue.submit(part).error(), Errno::eagain);
}

TEST_F(Fixture, AnIdOutOfRangeEndsTheMachine) {
    u16 chain = offer();
    simulated.use(0, 64, 0);
    EXPECT_TRUE(is_about(stopped_by(chain), broke_the_ring));
}

TEST_F(Fixture, AnIdThatIsAPartOfAChainEndsTheMachine) {
    u16 chain = offer();
    simulated.use(0, chain + 1u, 0);
    EXPECT_TRUE(is_about(stopped_by(chain), broke_the_ring));
}

TEST_F(Fixture, AnIdTwiceEndsTheMachine) {
    u16 chain = offer(), other = offer();
    simulated.use(0, chain, 0);
    EXPECT_EQ(queue.wait(chain), 0u);
    simulated.use(0, chain, 0);
    EXPECT_TRUE(is_about(stopped_by(other), broke_the_ring));
}

TEST_F(Fixture, ALengthAboveTheRoomEndsTheMachine) {
    u16 chain = offer(64);
    simulated.use(0, chain, 65);
    EXPECT_TRUE(is_about(stopped_by(chain), broke_the_ring));
}

TEST_F(Fixture, AnIndexThatLeapsEndsTheMachine) {
    u16 chain = offer();
    simulated.write_used(0, 0, chain, 0);
    simulated.set_used_index(0, 1000);
    EXPECT_TRUE(is_about(stopped_by(chain), broke_the_ring));
}

TEST_F(Fixture, AnIndexThatGoesBackEndsTheMachine) {
    u16 chain = offer();
    simulated.use(0, chain, 0);
    EXPECT_EQ(queue.wait(chain), 0u);
    simulated.set_used_index(0, 0);
    EXPECT_TRUE(is_about(stopped_by(offer()), broke_the_ring));
}

// The device ties its descriptors into a loop and lengthens them: the driver does not look at them again.
TEST_F(Fixture, SpoiledDescriptorsHurtOnlyTheDevice) {
    for (int round = 0; round < 3; round++) {
        u16 chain = offer();
        SimulatedDevice::Memory memory = simulated.memory(0);
        for (usize i = 0; i < 64 * 16; i++) memory.descriptors[i] = 0xff;
        for (usize i = 0; i < 64 * 2; i++) memory.driver[4 + i] = 0xff;
        simulated.use(0, chain, 64);
        EXPECT_EQ(queue.wait(chain), 64u);
    }
    simulated.on_chain = [&](u16 at, SimulatedDevice::Chain chain) {
        EXPECT_EQ(chain.parts.size(), 2u);
        simulated.use(at, chain.id, 0);
    };
    EXPECT_EQ(queue.wait(offer()), 0u);
}

TEST_F(Fixture, ADeviceThatNeverAnswersEndsTheMachine) {
    EXPECT_TRUE(is_about(stopped_by(offer()), "the test device did not answer in time"));
}

// The answer is there, its interrupt is not.
TEST_F(Fixture, ALostInterruptCostsTimeOnly) {
    queue.set_patience(10000000000);
    u16 chain = offer();
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        simulated.use(0, chain, 5);
    });
    EXPECT_EQ(queue.wait(chain), 5u);
    later.join();
}

TEST_F(Fixture, AnInterruptWakesWhoWaits) {
    u16 chain = offer();
    queue.set_patience(60000000000);
    std::thread waiter([&] { EXPECT_EQ(queue.wait(chain), 7u); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    simulated.use(0, chain, 7);
    VirtioDevice::interrupt(&device);
    waiter.join();
    EXPECT_EQ(simulated.interrupt_status, 0u);
}

TEST_F(Fixture, InterruptsWithoutEndStopTheMachine) {
    std::string reason;
    try {
        for (int i = 0; i < 2000000; i++) VirtioDevice::interrupt(&device);
    } catch (const MachineStopped& stopped) {
        reason = stopped.what();
    }
    EXPECT_TRUE(is_about(reason, "the test device raises interrupts without end"));
}

TEST_F(Fixture, ABrokenQueueTakesNothingMore) {
    offer();
    simulated.use(0, 64, 0);
    VirtioDevice::interrupt(&device);
    EXPECT_TRUE(queue.broken());
    EXPECT_THROW(offer(), MachineStopped);
}

TEST_F(Fixture, BuffersEndWhereTheyEnd) {
    u8 bytes[32] = {};
    EXPECT_THROW(frames.write(2 * page_size - 16, bytes), MachineStopped);
    EXPECT_THROW(frames.read(~usize{0} - 8, bytes), MachineStopped);
    EXPECT_THROW((void)frames.from_device(page_size, page_size + 1), MachineStopped);
    frames.write(2 * page_size - 32, bytes);
}

struct Start : ::testing::Test {
    SimulatedDevice simulated{DeviceKind::block};
    VirtioDevice device;
};

TEST_F(Start, LegacyDevicesAreRefused) {
    EXPECT_EQ(probe(simulated).value(), DeviceKind::block);
    simulated.version = 1;
    EXPECT_EQ(probe(simulated).error(), Errno::enodev);
    simulated.version = 2;
    simulated.magic = 1;
    EXPECT_EQ(probe(simulated).error(), Errno::enodev);
}

TEST_F(Start, WithoutVersion1ThereIsNoDevice) {
    simulated.features = 0xffff;
    EXPECT_EQ(device.begin(simulated, "test", ~u64{0}).error(), Errno::enodev);
}

TEST_F(Start, ADeviceThatDoesNotAgreeIsRefused) {
    simulated.accepts_features = false;
    EXPECT_EQ(device.begin(simulated, "test", 0).error(), Errno::enodev);
}

TEST_F(Start, AResetWithoutEndIsGivenUp) {
    simulated.resets = false;
    EXPECT_EQ(device.begin(simulated, "test", 0).error(), Errno::eio);
}

TEST_F(Start, AQueueWithoutEntriesIsRefused) {
    ASSERT_TRUE(device.begin(simulated, "test", 0).ok());
    simulated.most_entries = 0;
    RequestQueue queue;
    EXPECT_EQ(queue.begin(device, 0).error(), Errno::enodev);
}

TEST_F(Start, AQueueHasAPowerOfTwoOfEntriesAtMostAsMany) {
    ASSERT_TRUE(device.begin(simulated, "test", 0).ok());
    simulated.most_entries = 100;
    RequestQueue queue;
    ASSERT_TRUE(queue.begin(device, 0).ok());
    EXPECT_EQ(queue.entries(), 64);
}

TEST_F(Start, AConfigurationThatNeverStandsStillIsGivenUp) {
    ASSERT_TRUE(device.begin(simulated, "test", 0).ok());
    simulated.configuration[0] = 0x34;
    simulated.configuration[1] = 0x12;
    EXPECT_EQ(device.configuration(0, 2).value().any(), 0x1234u);
    u32 generation = 0;
    simulated.generation = [&] { return generation++; };
    EXPECT_EQ(device.configuration(0, 2).error(), Errno::eio);
    EXPECT_EQ(device.configuration64(0).error(), Errno::eio);
}

}  // namespace
}  // namespace litebox::vm
