#include "platform/vm/memory/kernel_space.h"

#include <set>

#include "test_machine.h"

namespace litebox::vm::test {
namespace {

class KernelSpace_ : public testing::Test {
  protected:
    TestMachine machine;
    static std::optional<Processor::Translation> at(u64 address) {
        return TestMachine::kernel_translation(address);
    }
};

TEST_F(KernelSpace_, NoPageOfTheImageIsWritableAndExecutable) {
    for (u64 page = 0; page < TestMachine::image_pages; page++) {
        auto there = at(TestMachine::image_base + page * page_size);
        ASSERT_TRUE(there.has_value());
        EXPECT_EQ(there->frame, TestMachine::ram_begin + page * page_size);
        bool text = page < TestMachine::image_text_pages;
        bool constant = !text && page < TestMachine::image_text_pages + TestMachine::image_constant_pages;
        EXPECT_EQ(there->executable, text);
        EXPECT_EQ(there->writable, !text && !constant);
    }
    EXPECT_FALSE(at(TestMachine::image_base + TestMachine::image_pages * page_size).has_value());
}

TEST_F(KernelSpace_, TheDirectMapShowsAllRamButTheImage) {
    u64 base = machine_head().direct_base;
    for (Physical frame = TestMachine::ram_begin; frame < machine.ram_end; frame += page_size) {
        auto there = at(base + frame);
        bool image = frame < TestMachine::ram_begin + TestMachine::image_pages * page_size;
        ASSERT_EQ(there.has_value(), !image) << std::hex << frame;
        if (image) continue;
        ASSERT_EQ(there->frame, frame);
        ASSERT_TRUE(there->writable);
        ASSERT_FALSE(there->executable);
    }
    EXPECT_FALSE(at(base + machine.ram_end).has_value());
    EXPECT_FALSE(at(base + TestMachine::ram_begin - page_size).has_value());
}

TEST_F(KernelSpace_, RegionPagesComeZeroedWhenTouchedAndGoWhenReleased) {
    u64 before = frames().free_frames();
    u64 address = TestMachine::region_base + 5 * page_size;
    EXPECT_FALSE(at(address).has_value());
    ASSERT_TRUE(resolve_kernel_fault(address + 123, true));
    auto there = at(address);
    ASSERT_TRUE(there.has_value());
    EXPECT_TRUE(there->writable);
    EXPECT_FALSE(there->executable);
    for (u64 i = 0; i < page_size; i++) ASSERT_EQ(static_cast<u8*>(direct(there->frame))[i], 0);
    platform::release_pages(TestMachine::region_page(5), page_size);
    EXPECT_FALSE(at(address).has_value());
    EXPECT_LE(before - frames().free_frames(), 2u);  // tables
    EXPECT_FALSE(resolve_kernel_fault(TestMachine::region_base - 1, false));
    EXPECT_FALSE(resolve_kernel_fault(TestMachine::region_base + (u64{1} << 30), false));
    EXPECT_FALSE(resolve_kernel_fault(TestMachine::stacks_base, true));
}

TEST_F(KernelSpace_, CommittedPagesAreThereWhenGuestsHaveTakenTheRest) {
    constexpr u64 pages = 700;
    ASSERT_TRUE(platform::commit_pages(TestMachine::region_page(100), pages * page_size).ok());
    EXPECT_EQ(frames().promised_frames(), pages);
    ASSERT_TRUE(platform::commit_pages(TestMachine::region_page(100), pages * page_size).ok());
    EXPECT_EQ(frames().promised_frames(), pages) << "committed once";
    while (frames().allocate(0, FrameUse::anonymous).ok()) {
    }
    while (frames().allocate(0, FrameUse::kernel).ok()) {
    }
    for (u64 page = 100; page < 100 + pages; page++)
        ASSERT_TRUE(resolve_kernel_fault(TestMachine::region_base + page * page_size, true));
    EXPECT_EQ(frames().promised_frames(), 0u);
    EXPECT_FALSE(resolve_kernel_fault(TestMachine::region_base + 5000 * page_size, true));
    EXPECT_FALSE(platform::commit_pages(TestMachine::region_page(6000), page_size).ok());
}

TEST_F(KernelSpace_, ACommitmentThatFailsLeavesNothingBehind) {
    u64 promised = frames().promised_frames();
    EXPECT_FALSE(platform::commit_pages(TestMachine::region_page(0), u64{512} << 20).ok());
    EXPECT_EQ(frames().promised_frames(), promised);
    EXPECT_FALSE(platform::commit_pages(TestMachine::region_page(0), u64{2} << 30).ok());
    ASSERT_TRUE(platform::commit_pages(TestMachine::region_page(0), u64{1} << 20).ok());
    platform::release_pages(TestMachine::region_page(0), u64{1} << 20);
    EXPECT_EQ(frames().promised_frames(), promised);
}

TEST_F(KernelSpace_, ReleasedPagesOfTheRegionStayWithGuestsThatMapThem) {
    Space* space = make_space().value();
    machine.use(space);
    constexpr u64 address = 0x400000;
    TestMachine::region_bytes(7)[0] = 42;
    ASSERT_TRUE(
        platform::map_pages(address, page_size, platform::prot_read, TestMachine::region_page(7), true).ok());
    platform::release_pages(TestMachine::region_page(7), page_size);
    TestMachine::region_bytes(7)[0] = 43;
    u8* seen = machine.processors[0].access(*space, address, Access::read);
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(*seen, 42);
    machine.end(space);
}

TEST_F(KernelSpace_, StacksHaveUnmappedMemoryBelowThemAndComeBack) {
    std::vector<u8*> stacks;
    std::set<u64> slots;
    for (int i = 0; i < 40; i++) {
        auto stack = allocate_stack();
        ASSERT_TRUE(stack.ok());
        u64 lowest = reinterpret_cast<u64>(stack.value());
        EXPECT_TRUE(slots.insert(lowest).second);
        for (u64 at_byte = lowest; at_byte < lowest + kernel_stack_size; at_byte += page_size) {
            auto there = at(at_byte);
            ASSERT_TRUE(there.has_value() && there->writable && !there->executable);
        }
        for (u64 below = 1; below <= kernel_stack_slot - kernel_stack_size; below += page_size)
            ASSERT_FALSE(at(lowest - below).has_value());
        stacks.push_back(stack.value());
    }
    for (int round = 0; round < 3; round++) {
        for (u8* stack : stacks) free_stack(stack);
        u64 all_free = frames().free_frames();
        for (auto& stack : stacks) stack = allocate_stack().value();
        std::set<u8*> distinct(stacks.begin(), stacks.end());
        EXPECT_EQ(distinct.size(), stacks.size());
        for (u8* stack : stacks) free_stack(stack);
        EXPECT_EQ(frames().free_frames(), all_free);
        for (auto& stack : stacks) stack = allocate_stack().value();
    }
}

TEST_F(KernelSpace_, AStackThatCannotBeHadTakesNothing) {
    std::vector<u8*> stacks;
    for (;;) {
        u64 before = frames().free_frames();
        auto stack = allocate_stack();
        if (!stack.ok()) {
            EXPECT_GE(frames().free_frames() + 2, before);
            break;
        }
        stacks.push_back(stack.value());
    }
    EXPECT_GT(frames().free_frames(), 0u);
    for (u8* stack : stacks) free_stack(stack);
}

TEST_F(KernelSpace_, DeviceRegistersAreMappedWhereTheyLieWithinTheirPage) {
    auto mapped = map_device(0xfeb00e00, 512);
    ASSERT_TRUE(mapped.ok());
    u64 address = reinterpret_cast<u64>(mapped.value());
    EXPECT_EQ(address % page_size, 0xe00u);
    EXPECT_EQ(at(address)->frame, 0xfeb00000u);
    EXPECT_FALSE(at(address)->executable);
    EXPECT_FALSE(map_device(~u64{0} - 10, 100).ok());
    EXPECT_FALSE(map_device(0xfeb00000, 0).ok());
}

}  // namespace
}  // namespace litebox::vm::test
