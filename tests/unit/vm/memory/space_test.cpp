#include "platform/vm/memory/space.h"

#include <cstring>

#include "test_machine.h"

namespace litebox::vm::test {
namespace {

using platform::prot_execute;
using platform::prot_none;
using platform::prot_read;
using platform::prot_write;
constexpr u8 read_write = prot_read | prot_write;
constexpr u64 base = 0x10000000, huge = u64{2} << 20;

class Space_ : public testing::Test {
  protected:
    Space_() {
        space = make_space().value();
        machine.use(space);
    }
    u8* touch(u64 address, Access access, usize processor = 0) {
        return machine.processors[processor].access(*machine.space, address, access);
    }
    void put(u64 address, u8 value) {
        u8* there = touch(address, Access::write);
        ASSERT_NE(there, nullptr);
        *there = value;
    }
    int get(u64 address, usize processor = 0) {
        u8* there = touch(address, Access::read, processor);
        return there == nullptr ? -1 : *there;
    }
    TestMachine machine;
    Space* space;
};

TEST_F(Space_, AnonymousMemoryIsZeroAndKeepsWhatIsWritten) {
    ASSERT_TRUE(platform::map_anonymous(base, 16 * page_size, read_write).ok());
    EXPECT_EQ(get(base + 5), 0);
    EXPECT_EQ(space->resident.load(), 0u) << "memory that was only read has no frame";
    put(base + 5, 7);
    EXPECT_EQ(get(base + 5), 7);
    EXPECT_EQ(get(base + 5, 1), 7);
    EXPECT_EQ(space->resident.load(), 1u);
    EXPECT_EQ(touch(base + 16 * page_size, Access::read), nullptr);
    EXPECT_EQ(machine.processors[0].last_answer, FaultAnswer::refused);
    EXPECT_EQ(touch(base, Access::execute), nullptr);
}

TEST_F(Space_, NothingOutsideOfTheGuestsPartCanBeMappedOrTouched) {
    u64 bad[] = {0, 0x1000, 0x7ffffffff000, u64{1} << 47, 0xffff800000000000, ~u64{0} << 12};
    for (u64 address : bad) {
        EXPECT_FALSE(platform::map_anonymous(address, page_size, read_write).ok());
        EXPECT_FALSE(platform::unmap(address, page_size).ok());
        EXPECT_FALSE(platform::protect(address, page_size, read_write).ok());
        EXPECT_EQ(resolve_fault(*space, address, Access::write), FaultAnswer::refused);
        EXPECT_FALSE(page_in(*space, address).ok());
    }
    EXPECT_FALSE(platform::map_anonymous(base, ~u64{0} << 12, read_write).ok());
    EXPECT_FALSE(platform::map_anonymous(base, 0, read_write).ok());
    EXPECT_FALSE(platform::map_anonymous(base + 1, page_size, read_write).ok());
    EXPECT_FALSE(platform::map_pages(base, page_size, prot_read, space, true).ok());
    EXPECT_FALSE(platform::map_pages(base, u64{2} << 30, prot_read, TestMachine::region_page(0), true).ok());
}

TEST_F(Space_, AGuestsTablesNeverReachTheKernelsHalf) {
    for (u64 i = table_entries / 2; i < table_entries; i++)
        EXPECT_EQ(table_at(space->root)[i], table_at(memory_state().kernel.root)[i]);
    ASSERT_TRUE(platform::map_anonymous(0x10000, 0x7ffffffff000 - 0x10000, read_write).ok());
    put(0x7fffffffe000, 1);
    ASSERT_TRUE(platform::unmap(0x10000, 0x7ffffffff000 - 0x10000).ok());
    for (u64 i = table_entries / 2; i < table_entries; i++)
        EXPECT_EQ(table_at(space->root)[i], table_at(memory_state().kernel.root)[i]);
}

TEST_F(Space_, HugeRangesCostFewTables) {
    u64 before = frames().free_frames();
    constexpr u64 terabyte = u64{1} << 40;
    ASSERT_TRUE(platform::map_anonymous(terabyte, 20 * terabyte, prot_none).ok());
    ASSERT_TRUE(platform::protect(5 * terabyte, page_size, read_write).ok());
    put(5 * terabyte, 3);
    EXPECT_LT(before - frames().free_frames(), 16u);
    ASSERT_TRUE(platform::unmap(terabyte, 20 * terabyte).ok());
    EXPECT_EQ(frames().free_frames(), before);
}

TEST_F(Space_, NoAccessKeepsThePage) {
    ASSERT_TRUE(platform::map_anonymous(base, page_size, read_write).ok());
    put(base, 9);
    EXPECT_EQ(get(base, 1), 9);
    ASSERT_TRUE(platform::protect(base, page_size, prot_none).ok());
    EXPECT_EQ(get(base), -1);
    EXPECT_EQ(get(base, 1), -1);
    ASSERT_TRUE(platform::protect(base, page_size, prot_read).ok());
    EXPECT_EQ(get(base), 9);
    EXPECT_EQ(touch(base, Access::write), nullptr);
    ASSERT_TRUE(platform::protect(base, page_size, read_write).ok());
    put(base, 10);
    EXPECT_EQ(get(base, 1), 10);
}

TEST_F(Space_, ForkCopiesOnWriteOnBothSides) {
    ASSERT_TRUE(platform::map_anonymous(base, 4 * page_size, read_write).ok());
    put(base, 1);
    put(base + page_size, 2);
    (void)get(base, 1);
    Space* child = copy_space(*space).value();
    EXPECT_EQ(child->resident.load(), 2u);
    put(base, 11);
    EXPECT_EQ(get(base, 1), 11) << "the other processor reads the new page";
    machine.use(child);
    EXPECT_EQ(get(base), 1);
    put(base + page_size, 22);
    put(base + 2 * page_size, 33);
    machine.use(space);
    EXPECT_EQ(get(base + page_size), 2);
    EXPECT_EQ(get(base + 2 * page_size), 0);
    machine.end(child);
    u64 before = frames().free_frames();
    put(base + page_size, 3);
    EXPECT_EQ(frames().free_frames(), before) << "the last owner takes the page as it is";
}

TEST_F(Space_, PagesOfTheRegionAreSharedOrCopied) {
    void* page = TestMachine::region_page(3);
    TestMachine::region_bytes(3)[10] = 5;
    ASSERT_TRUE(platform::map_pages(base, page_size, read_write, page, true).ok());
    ASSERT_TRUE(platform::map_pages(base + page_size, page_size, read_write, page, false).ok());
    EXPECT_EQ(get(base + 10), 5);
    EXPECT_EQ(get(base + page_size + 10), 5);
    put(base + 10, 6);
    EXPECT_EQ(TestMachine::region_bytes(3)[10], 6);
    EXPECT_EQ(get(base + page_size + 10), 6);
    put(base + page_size + 10, 7);
    EXPECT_EQ(TestMachine::region_bytes(3)[10], 6);
    Space* child = copy_space(*space).value();
    machine.use(child);
    put(base + 10, 8);
    EXPECT_EQ(TestMachine::region_bytes(3)[10], 8);
    EXPECT_EQ(get(base + page_size + 10), 7);
    machine.end(child);
}

TEST_F(Space_, DiscardedMemoryIsZero) {
    ASSERT_TRUE(platform::map_anonymous(base, 8 * page_size, read_write).ok());
    for (u64 i = 0; i < 8; i++) put(base + i * page_size, 1);
    ASSERT_TRUE(platform::advise(base + 2 * page_size, 3 * page_size, platform::Advice::dont_need).ok());
    for (u64 i = 0; i < 8; i++) EXPECT_EQ(get(base + i * page_size), i >= 2 && i < 5 ? 0 : 1);
    EXPECT_EQ(space->resident.load(), 5u);
    put(base + 2 * page_size, 4);
    EXPECT_EQ(get(base + 2 * page_size, 1), 4);
}

TEST_F(Space_, LargePagesWhereTheyAreWantedAndSplitWhereTheyMustBe) {
    constexpr u64 place = 16 * huge;
    ASSERT_TRUE(platform::map_anonymous(place, 2 * huge, read_write).ok());
    ASSERT_TRUE(platform::advise(place, 2 * huge, platform::Advice::huge_page).ok());
    put(place + 12345, 1);
    EXPECT_EQ(space->resident.load(), 512u);
    EXPECT_EQ(get(place + huge - 1), 0);
    put(place + huge - 1, 2);
    Space* child = copy_space(*space).value();
    put(place + 12345, 3);
    EXPECT_EQ(space->resident.load(), 512u);
    machine.use(child);
    EXPECT_EQ(get(place + 12345), 1);
    EXPECT_EQ(get(place + huge - 1), 2);
    machine.use(space);
    ASSERT_TRUE(platform::unmap(place + page_size, page_size).ok());
    EXPECT_EQ(get(place + page_size), -1);
    EXPECT_EQ(get(place + huge - 1), 2);
    machine.end(child);
    ASSERT_TRUE(platform::protect(place, 2 * huge, prot_none).ok());
    EXPECT_EQ(get(place + 12345), -1);
    ASSERT_TRUE(platform::protect(place, 2 * huge, read_write).ok());
    EXPECT_EQ(get(place + 12345), 3);
    ASSERT_TRUE(platform::advise(place, 2 * huge, platform::Advice::dont_need).ok());
    EXPECT_EQ(get(place + 12345), 0);
    EXPECT_EQ(space->resident.load(), 0u);
}

TEST_F(Space_, MoveTakesThePagesAlong) {
    ASSERT_TRUE(platform::map_anonymous(base, 600 * page_size, read_write).ok());
    for (u64 i = 0; i < 600; i += 7) put(base + i * page_size, static_cast<u8>(i));
    (void)get(base, 1);
    u64 target = base + (u64{1} << 32) + 3 * page_size;
    u64 frames_before = frames().free_frames();
    ASSERT_TRUE(platform::move(base, 600 * page_size, target, 600 * page_size).ok());
    for (u64 i = 0; i < 600; i++) {
        EXPECT_EQ(get(base + i * page_size), -1);
        EXPECT_EQ(get(base + i * page_size, 1), -1);
        EXPECT_EQ(get(target + i * page_size), i % 7 == 0 ? static_cast<u8>(i) : 0);
    }
    EXPECT_LT(frames_before - frames().free_frames(), 8u);
    EXPECT_FALSE(platform::move(target, 2 * page_size, target + page_size, 2 * page_size).ok());
}

TEST_F(Space_, AMoveThatFailsLeavesEverythingWhereItWas) {
    ASSERT_TRUE(platform::map_anonymous(base, 1500 * page_size, read_write).ok());
    for (u64 i = 0; i < 1500; i += 11) put(base + i * page_size, static_cast<u8>(i));
    std::vector<Physical> hoard;
    while (auto frame = frames().allocate(0, FrameUse::table)) hoard.push_back(frame.value());
    u64 target = base + (u64{1} << 32) + page_size;
    for (int spare = 0; spare < 8; spare++) {
        bool moved = platform::move(base, 1500 * page_size, target, 1500 * page_size).ok();
        u64 now = moved ? target : base;
        for (u64 i = 0; i < 1500; i += 11) ASSERT_EQ(get(now + i * page_size), static_cast<u8>(i)) << spare;
        if (moved) return;
        frames().release(hoard.back());
        hoard.pop_back();
    }
    FAIL() << "eight tables are enough for the target";
}

TEST_F(Space_, EndedSpacesGiveEverythingBack) {
    Space* warm = copy_space(*space).value();
    machine.end(warm);
    u64 before = frames().free_frames();
    for (int i = 0; i < 3; i++) {
        Space* other = make_space().value();
        machine.use(other);
        ASSERT_TRUE(platform::map_anonymous(base, u64{8} << 20, read_write).ok());
        ASSERT_TRUE(platform::map_anonymous(u64{1} << 40, u64{4} << 40, read_write).ok());
        for (u64 at = 0; at < u64{8} << 20; at += 5 * page_size) put(base + at, 1);
        Space* child = copy_space(*other).value();
        put(base, 2);
        machine.end(other);
        machine.use(child);
        put(base + page_size, 2);
        machine.end(child);
        EXPECT_EQ(frames().free_frames(), before);
    }
}

TEST_F(Space_, AForkWithoutMemoryFailsAndLeavesNoTrace) {
    ASSERT_TRUE(platform::map_anonymous(base, u64{16} << 20, read_write).ok());
    for (u64 at = 0; at < u64{16} << 20; at += page_size) put(base + at, static_cast<u8>(at >> 12));
    std::vector<Physical> hoard;
    while (auto frame = frames().allocate(0, FrameUse::table)) hoard.push_back(frame.value());
    for (int spare = 0; spare < 20; spare++) {
        u64 before = frames().free_frames();
        auto child = copy_space(*space);
        if (child.ok()) machine.end(child.value());
        EXPECT_EQ(frames().free_frames(), before);
        for (u64 at = 0; at < u64{16} << 20; at += 33 * page_size)
            ASSERT_EQ(get(base + at), static_cast<u8>(at >> 12));
        if (child.ok()) return;
        frames().release(hoard.back());
        hoard.pop_back();
    }
    FAIL() << "20 tables are enough for the child";
}

TEST_F(Space_, MemoryThatRunsOutIsAnAnswer) {
    ASSERT_TRUE(platform::map_anonymous(base, u64{1} << 30, read_write).ok());
    u64 at = base;
    while (touch(at, Access::write) != nullptr) at += page_size;
    EXPECT_EQ(machine.processors[0].last_answer, FaultAnswer::no_memory);
    EXPECT_GT(frames().free_frames(), 0u);
    EXPECT_FALSE(platform::advise(at, page_size, platform::Advice::populate_write).ok());
    ASSERT_TRUE(platform::unmap(base, u64{1} << 30).ok());
    ASSERT_TRUE(platform::map_anonymous(base, page_size, read_write).ok());
    put(base, 1);
}

TEST_F(Space_, ManyScatteredPagesLeaveNoTablesBehind) {
    u64 before = frames().free_frames();
    for (u64 i = 0; i < 3000; i++) {
        ASSERT_TRUE(platform::map_anonymous(base + i * (u64{1} << 30), page_size, read_write).ok());
        put(base + i * (u64{1} << 30), 1);
        ASSERT_TRUE(platform::unmap(base + i * (u64{1} << 30), page_size).ok());
    }
    EXPECT_EQ(frames().free_frames(), before);
}

TEST_F(Space_, AHeldSpaceOutlivesItsThreadsAndAnEndedOneCannotBeHeld) {
    ASSERT_TRUE(hold_space(space));
    drop_space(space);
    ASSERT_TRUE(platform::map_anonymous(base, page_size, read_write).ok());
    put(base, 1);
    machine.end(space);
    EXPECT_FALSE(hold_space(space));
}

}  // namespace
}  // namespace litebox::vm::test
