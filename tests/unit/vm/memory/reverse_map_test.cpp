// Pages of host files that leave mappings: for lack of memory, because the file was shortened, and writes
// that are noticed again after a write-back.

#include "platform/vm/memory/reverse_map.h"

#include "test_machine.h"

namespace litebox::vm::test {
namespace {

using platform::prot_none;
using platform::prot_read;
using platform::prot_write;
constexpr u64 base = 0x10000000, file_pages = 40, everything = ~u64{0} >> 1;

class ReverseMap : public testing::Test {
  protected:
    ReverseMap() {
        auto made = std::make_unique<MemoryFile>();
        for (u64 i = 0; i < file_pages * page_size; i++)
            made->bytes.push_back(static_cast<u8>(1 + i / page_size));
        machine.files.push_back(std::move(made));
        space = make_space().value();
        machine.use(space);
    }
    MemoryFile& file() { return *machine.files[0]; }
    void map(u64 address, u64 pages, u8 protection, bool shared, u64 first = 0) {
        ASSERT_TRUE(
            platform::map_host_file(address, pages * page_size, protection, 0, first * page_size, shared)
                .ok());
    }
    u8* touch(u64 address, Access access = Access::read) { return touch_in(*space, address, access); }
    u8* touch_in(Space& where, u64 address, Access access = Access::read) {
        return machine.processors[0].access(where, address, access);
    }
    void shorten(u64 size) {
        file().bytes.resize(size);
        CachedFile& cached = *cached_file_of_slot(0).value();
        note_size(cached, size);
        close_cached_file(cached);
    }
    TestMachine machine;
    Space* space;
};

TEST_F(ReverseMap, MappedPagesAreGivenBackWhenMemoryIsShortAndComeAgain) {
    map(base, 8, prot_read, true);
    map(base + (u64{1} << 30), 8, prot_read, false);
    for (u64 i = 0; i < 8; i++) {
        (void)touch(base + i * page_size);
        (void)touch(base + (u64{1} << 30) + i * page_size);
    }
    u64 free = frames().free_frames(), had = cached_frames();
    EXPECT_GE(space->resident.load(), 16u);
    EXPECT_EQ(reclaim_cached(everything), had);
    EXPECT_EQ(space->resident.load(), 0u);
    EXPECT_GE(frames().free_frames(), free + had);
    machine.check_reachable();
    EXPECT_EQ(*touch(base + 3 * page_size), 4);
    EXPECT_EQ(*touch(base + (u64{1} << 30) + 7 * page_size), 8);
}

TEST_F(ReverseMap, TheLastPagesDoNotComeAndGoForEver) {
    keep_last_pages();
    map(base, file_pages, prot_read, true);
    for (u64 i = 0; i < file_pages; i++) (void)touch(base + i * page_size);
    u64 had = space->resident.load();
    ASSERT_LT(cached_frames(), 256u);
    EXPECT_EQ(reclaim_cached(everything), cached_frames() - had);
    EXPECT_EQ(space->resident.load(), had);
}

TEST_F(ReverseMap, WhatWasTouchedLatelyStaysLonger) {
    map(base, 32, prot_read, true);
    for (u64 i = 0; i < 32; i++) (void)touch(base + i * page_size);
    // Only the pages mapped are left, and the first look spares them all.
    (void)reclaim_cached(cached_frames() - 32);
    ASSERT_EQ(cached_frames(), 32u);
    // As the processor would mark a page that it goes to again.
    u64* table = table_at(Entry{
        table_at(Entry{table_at(Entry{table_at(space->root)[0]}.frame())[0]}.frame())[index_in(base, 2)]}
                              .frame());
    for (u64 i = 0; i < 32; i++) table[i] &= ~Entry::accessed_bit;
    table[5] |= Entry::accessed_bit;
    EXPECT_EQ(reclaim_idle(32), 31u);
    EXPECT_TRUE(Entry{table[5]}.present());
    EXPECT_EQ(reclaim_idle(1), 1u);
    EXPECT_FALSE(Entry{table[5]}.present());
}

TEST_F(ReverseMap, ChangedPagesStayUntilTheyAreWrittenBack) {
    map(base, 2, prot_read | prot_write, true);
    *touch(base, Access::write) = 99;
    EXPECT_EQ(changed_frames(), 1u);
    (void)reclaim_cached(everything);
    EXPECT_EQ(cached_frames(), 1u);
    EXPECT_EQ(*touch(base), 99);
    EXPECT_EQ(file().bytes[0], 1);
    write_back_changed();
    EXPECT_EQ(file().bytes[0], 99);
    EXPECT_EQ(reclaim_cached(everything), 1u);
    EXPECT_EQ(*touch(base), 99);
}

TEST_F(ReverseMap, AWriteAfterTheWriteBackIsNoticedAgain) {
    map(base, 1, prot_read | prot_write, true);
    Space* child = copy_space(*space).value();
    *touch(base, Access::write) = 50;
    *touch_in(*child, base + 1, Access::write) = 51;
    write_back_changed();
    EXPECT_EQ(changed_frames(), 0u);
    u64 writes = file().writes;
    write_back_changed();
    EXPECT_EQ(file().writes, writes) << "nothing was changed meanwhile";
    *touch_in(*child, base, Access::write) = 52;
    EXPECT_EQ(changed_frames(), 1u);
    write_back_changed();
    EXPECT_EQ(file().bytes[0], 52);
    EXPECT_EQ(file().bytes[1], 51);
    machine.end(child);
}

TEST_F(ReverseMap, APageBehindTheEndOfAShortenedFileIsGoneInAllSpaces) {
    map(base, 8, prot_read | prot_write, true);
    *touch(base + 5 * page_size, Access::write) = 77;
    map(base + (u64{1} << 30), 8, prot_read, false);
    (void)touch(base + (u64{1} << 30) + 6 * page_size);
    Space* child = copy_space(*space).value();
    (void)touch_in(*child, base + 5 * page_size);
    ASSERT_TRUE(platform::protect(base + 4 * page_size, page_size, prot_none).ok());
    shorten(3 * page_size + 10);
    for (u64 page : {u64{4}, u64{5}, u64{7}}) EXPECT_EQ(touch(base + page * page_size), nullptr) << page;
    EXPECT_EQ(touch(base + (u64{1} << 30) + 6 * page_size), nullptr);
    EXPECT_EQ(touch_in(*child, base + 5 * page_size), nullptr);
    EXPECT_EQ(machine.processors[0].last_answer, FaultAnswer::blocked) << "the file has no such page: SIGBUS";
    EXPECT_EQ(*touch(base + 3 * page_size), 4);
    EXPECT_EQ(*touch(base + 3 * page_size + 10), 0);
    EXPECT_EQ(changed_frames(), 0u);
    machine.check_reachable();
    shorten(8 * page_size);  // it grows again
    EXPECT_EQ(*touch(base + 5 * page_size), 0);
    machine.end(child);
}

TEST_F(ReverseMap, APageThatMovesWhileTheFileIsShortenedIsFound) {
    map(base, 4, prot_read, true);
    (void)touch(base);
    ASSERT_TRUE(platform::move(base, 4 * page_size, base - (u64{1} << 24), 4 * page_size).ok());
    (void)touch(base - (u64{1} << 24) + 3 * page_size);
    shorten(page_size);
    EXPECT_EQ(touch(base - (u64{1} << 24) + 3 * page_size), nullptr);
    EXPECT_NE(touch(base - (u64{1} << 24)), nullptr);
}

TEST_F(ReverseMap, FilesMuchLargerThanMemoryAreReadThroughAMapping) {
    constexpr u64 pages = 24000;  // 94 MiB, of 64
    file().bytes.resize(pages * page_size, 9);
    map(base, pages, prot_read, true);
    for (u64 i = 0; i < pages; i++) {
        u8* there = touch(base + i * page_size);
        ASSERT_NE(there, nullptr) << i;
        ASSERT_EQ(*there, i < file_pages ? 1 + i : 9);
    }
    machine.check_reachable();
}

TEST_F(ReverseMap, TheFileIsForgottenOnlyAfterItsLastMapping) {
    map(base, 4, prot_read, true);
    (void)touch(base);
    (void)reclaim_cached(everything);
    EXPECT_EQ(file().times_forgotten, 0u);
    ASSERT_TRUE(platform::unmap(base, 4 * page_size).ok());
    EXPECT_EQ(file().times_forgotten, 1u);
}

}  // namespace
}  // namespace litebox::vm::test
