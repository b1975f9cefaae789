#include <random>
#include <set>

#include "test_machine.h"

namespace litebox::vm::test {
namespace {

class Frames_ : public testing::Test {
  protected:
    TestMachine machine{u64{16} << 20};
};

TEST_F(Frames_, AreAlignedDisjointAndInRam) {
    std::set<Physical> taken;
    std::mt19937_64 random(1);
    for (;;) {
        unsigned order = random() % 6;
        auto block = frames().allocate(order, FrameUse::kernel);
        if (!block.ok()) break;
        EXPECT_EQ(block.value() % (page_size << order), 0u);
        for (u64 i = 0; i < u64{1} << order; i++) {
            Physical frame = block.value() + i * page_size;
            EXPECT_GE(frame, TestMachine::ram_begin + TestMachine::image_pages * page_size);
            EXPECT_LT(frame, machine.ram_end);
            EXPECT_TRUE(taken.insert(frame).second);
        }
    }
    EXPECT_GT(taken.size(), 3500u);
}

TEST_F(Frames_, AllComeBackAndMerge) {
    std::vector<Physical> blocks;
    u64 before = frames().free_frames();
    while (true) {
        auto frame = frames().allocate(0, FrameUse::kernel);
        if (!frame.ok()) break;
        blocks.push_back(frame.value());
    }
    EXPECT_EQ(frames().free_frames(), 0u);
    EXPECT_EQ(blocks.size(), before);
    std::shuffle(blocks.begin(), blocks.end(), std::mt19937_64(2));
    for (Physical frame : blocks) frames().release(frame);
    EXPECT_EQ(frames().free_frames(), before);
    EXPECT_TRUE(frames().allocate(Frames::largest_order, FrameUse::kernel).ok());
}

TEST_F(Frames_, GuestsLeaveAReserveForTheKernel) {
    while (frames().allocate(0, FrameUse::anonymous).ok()) {
    }
    EXPECT_FALSE(frames().allocate(0, FrameUse::file).ok());
    u64 left = frames().free_frames();
    EXPECT_GE(left, 32u);
    while (frames().allocate(0, FrameUse::table).ok()) {
    }
    EXPECT_GT(frames().free_frames(), 0u);
    EXPECT_LT(frames().free_frames(), left);
    EXPECT_TRUE(frames().allocate(0, FrameUse::kernel).ok());
}

TEST_F(Frames_, ALimitHoldsForGuests) {
    u64 used = frames().total_frames() - frames().free_frames();
    frames().set_limit(used + 200);
    u64 got = 0;
    while (frames().allocate(0, FrameUse::anonymous).ok()) got++;
    EXPECT_LE(got, 200u);
    EXPECT_GT(got, 100u);
    EXPECT_TRUE(frames().allocate(0, FrameUse::kernel).ok());
}

TEST_F(Frames_, PromisedOnesAreThereWhenEverythingElseIsGone) {
    ASSERT_TRUE(frames().promise(10).ok());
    while (frames().allocate(0, FrameUse::kernel).ok()) {
    }
    EXPECT_EQ(frames().free_frames(), 10u);
    for (int i = 0; i < 10; i++) EXPECT_NE(frames().take_promised(), 0u);
    EXPECT_EQ(frames().free_frames(), 0u);
    EXPECT_FALSE(frames().promise(1).ok());
}

TEST_F(Frames_, ASaturatedCountNeverFrees) {
    Physical frame = frames().allocate(0, FrameUse::anonymous).value();
    u64 before = frames().free_frames();
    for (int i = 0; i < 100; i++) frames().retain(frame);
    for (int i = 0; i < 100; i++) frames().release(frame);
    EXPECT_EQ(frames().references(frame), 1u);
    frames().release(frame);
    EXPECT_EQ(frames().free_frames(), before + 1);
}

TEST_F(Frames_, RandomOperationsAgreeWithAModel) {
    std::mt19937_64 random(3);
    std::map<Physical, u32> references;
    u64 before = frames().free_frames();
    for (int step = 0; step < 100000; step++) {
        unsigned choice = random() % 4;
        if (choice == 0 || references.empty()) {
            unsigned order = random() % 4 == 0 ? random() % 10 : 0;
            auto block = frames().allocate(order, FrameUse::anonymous);
            if (!block.ok()) continue;
            for (u64 i = 0; i < u64{1} << order; i++)
                ASSERT_TRUE(references.emplace(block.value() + i * page_size, 1).second);
            continue;
        }
        auto any = references.lower_bound(random() % (machine.ram_end));
        if (any == references.end()) any = references.begin();
        ASSERT_EQ(frames().references(any->first), any->second);
        if (choice == 1) {
            frames().retain(any->first);
            any->second++;
        } else {
            frames().release(any->first);
            if (--any->second == 0) references.erase(any);
        }
        ASSERT_EQ(frames().free_frames(), before - references.size());
    }
    for (auto& [frame, count] : references)
        for (u32 i = 0; i < count; i++) frames().release(frame);
    EXPECT_EQ(frames().free_frames(), before);
}

}  // namespace
}  // namespace litebox::vm::test
