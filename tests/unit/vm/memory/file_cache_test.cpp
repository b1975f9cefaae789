#include "platform/vm/memory/file_cache.h"

#include <cstring>
#include <random>

#include "test_machine.h"

namespace litebox::vm::test {
namespace {

using platform::prot_read;
using platform::prot_write;
constexpr u64 base = 0x10000000;

class FileCache_ : public testing::Test {
  protected:
    FileCache_() {
        space = make_space().value();
        machine.use(space);
        (void)add_file(10 * page_size + 100);
    }
    MemoryFile& add_file(usize size) {
        auto added = std::make_unique<MemoryFile>();
        for (usize i = 0; i < size; i++) added->bytes.push_back(static_cast<u8>(i / 7 + i / page_size));
        machine.files.push_back(std::move(added));
        return *machine.files.back();
    }
    MemoryFile& file() { return *machine.files[0]; }
    CachedFile& open(int slot = 0) { return *cached_file_of_slot(slot).value(); }
    u8* touch(u64 address, Access access) { return machine.processors[0].access(*space, address, access); }
    void map(u64 address, u64 pages, u8 protection, bool shared, u64 offset = 0) {
        ASSERT_TRUE(
            platform::map_host_file(address, pages * page_size, protection, 0, offset * page_size, shared)
                .ok());
    }
    TestMachine machine;
    Space* space;
};

TEST_F(FileCache_, ReadsWhatTheFileHasAndStopsAtItsEnd) {
    CachedFile& cached = open();
    std::vector<u8> bytes(20 * page_size);
    for (u64 offset : {u64{0}, u64{1}, 3 * page_size + 17, 10 * page_size, 10 * page_size + 99,
                       10 * page_size + 100, u64{1} << 40}) {
        u64 wanted = offset < file().bytes.size() ? file().bytes.size() - offset : 0;
        EXPECT_EQ(read_cached(cached, bytes.data(), bytes.size(), offset).value(), wanted);
        EXPECT_EQ(std::memcmp(bytes.data(), file().bytes.data() + std::min<u64>(offset, file().bytes.size()),
                              wanted),
                  0);
    }
    u64 reads = file().reads;
    EXPECT_EQ(read_cached(cached, bytes.data(), 5 * page_size, 0).value(), 5 * page_size);
    EXPECT_EQ(file().reads, reads) << "read once";
    close_cached_file(cached);
}

TEST_F(FileCache_, MappingsShareTheFramesAndEndWithTheFile) {
    map(base, 12, prot_read, true);
    map(base + (u64{1} << 30), 12, prot_read, false);
    EXPECT_EQ(resolve_fault(*space, base, Access::read), FaultAnswer::blocked);
    u8* shared = touch(base + 5, Access::read);
    u8* private_page = touch(base + (u64{1} << 30) + 5, Access::read);
    ASSERT_NE(shared, nullptr);
    EXPECT_EQ(shared, private_page);
    EXPECT_EQ(*shared, file().bytes[5]);
    u8* tail = touch(base + 10 * page_size + 100, Access::read);
    ASSERT_NE(tail, nullptr);
    EXPECT_EQ(*tail, 0) << "zeros behind the end";
    EXPECT_EQ(touch(base + 11 * page_size, Access::read), nullptr);
    EXPECT_EQ(machine.processors[0].last_answer, FaultAnswer::blocked);
    EXPECT_EQ(page_in(*space, base + 11 * page_size).error(), Errno::efault);
    EXPECT_EQ(touch(base, Access::write), nullptr);
}

TEST_F(FileCache_, PrivateWritesStayPrivate) {
    map(base, 4, prot_read | prot_write, false);
    *touch(base, Access::write) = 200;
    EXPECT_EQ(*touch(base, Access::read), 200);
    CachedFile& cached = open();
    EXPECT_TRUE(flush_cached(cached).ok());
    close_cached_file(cached);
    EXPECT_EQ(file().writes, 0u);
    EXPECT_NE(file().bytes[0], 200);
}

TEST_F(FileCache_, SharedWritesAreWrittenBackUntilTheMappingIsGone) {
    map(base, 11, prot_read | prot_write, true);
    CachedFile& cached = open();
    (void)touch(base, Access::read);
    EXPECT_TRUE(flush_cached(cached).ok());
    EXPECT_EQ(file().writes, 0u) << "nothing was changed";
    u8* there = touch(base, Access::write);
    *there = 201;
    EXPECT_TRUE(flush_cached(cached).ok());
    EXPECT_EQ(file().bytes[0], 201);
    *there = 202;  // through the translation that the processor still has
    EXPECT_TRUE(flush_cached(cached).ok());
    EXPECT_EQ(file().bytes[0], 202);
    *there = 203;
    *touch(base + 10 * page_size + 99, Access::write) = 204;
    ASSERT_TRUE(platform::unmap(base, 11 * page_size).ok());
    usize size = file().bytes.size();
    EXPECT_TRUE(flush_cached(cached).ok());
    EXPECT_EQ(file().bytes[0], 203);
    EXPECT_EQ(file().bytes.back(), 204);
    EXPECT_EQ(file().bytes.size(), size);
    u64 writes = file().writes;
    EXPECT_TRUE(flush_cached(cached).ok());
    EXPECT_EQ(file().writes, writes) << "clean now";
    close_cached_file(cached);
}

TEST_F(FileCache_, ChangedPagesOutliveTheirSpaceAndMemoryPressure) {
    map(base, 2, prot_read | prot_write, true);
    *touch(base, Access::write) = 77;
    machine.end(space);
    EXPECT_EQ(file().times_forgotten, 0u);
    (void)reclaim_cached(~u64{0} >> 1);
    EXPECT_EQ(cached_frames(), 1u);
    flush_all_cached();
    EXPECT_EQ(file().bytes[0], 77);
    (void)reclaim_cached(~u64{0} >> 1);
    EXPECT_EQ(cached_frames(), 0u);
    EXPECT_EQ(file().times_forgotten, 1u);
}

TEST_F(FileCache_, AWriteThatFailsIsToldAndTriedAgain) {
    map(base, 1, prot_read | prot_write, true);
    *touch(base, Access::write) = 88;
    ASSERT_TRUE(platform::unmap(base, page_size).ok());
    CachedFile& cached = open();
    file().write_error = Errno::enospc;
    EXPECT_EQ(flush_cached(cached).error(), Errno::enospc);
    file().write_error = Errno{};
    EXPECT_TRUE(flush_cached(cached).ok());
    EXPECT_EQ(file().bytes[0], 88);
    close_cached_file(cached);
}

TEST_F(FileCache_, WritesOfOthersShowInMappings) {
    map(base, 2, prot_read, true);
    (void)touch(base, Access::read);
    CachedFile& cached = open();
    u8 text[] = "changed";
    std::memcpy(file().bytes.data() + page_size - 3, text, sizeof(text));
    note_written(cached, page_size - 3, text);
    EXPECT_EQ(*touch(base + page_size - 3, Access::read), 'c');
    EXPECT_EQ(*touch(base + page_size, Access::read), 'n');
    close_cached_file(cached);
}

TEST_F(FileCache_, APageReadWhileTheFileChangesIsReadAgain) {
    CachedFile& cached = open();
    static CachedFile* changing;
    changing = &cached;
    file().during_read = [](MemoryFile& read) {
        read.during_read = nullptr;
        read.bytes[0] = 99;
        u8 value = 99;
        note_written(*changing, 0, {&value, 1});
    };
    u8 seen = 0;
    EXPECT_EQ(read_cached(cached, &seen, 1, 0).value(), 1u);
    EXPECT_EQ(seen, 99);
    close_cached_file(cached);
}

TEST_F(FileCache_, AShrunkFileLosesItsPagesAndAGrownOneShowsZerosThere) {
    map(base, 11, prot_read, true);
    (void)touch(base + 9 * page_size, Access::read);
    CachedFile& cached = open();
    file().bytes.resize(2 * page_size + 10);
    note_size(cached, 2 * page_size + 10);
    u8 byte = 0;
    EXPECT_EQ(read_cached(cached, &byte, 1, 2 * page_size + 10).value(), 0u);
    EXPECT_EQ(*touch(base + 2 * page_size + 10, Access::read), 0);
    file().bytes.resize(4 * page_size);
    note_size(cached, 4 * page_size);
    EXPECT_EQ(read_cached(cached, &byte, 1, 2 * page_size + 10).value(), 1u);
    EXPECT_EQ(byte, 0);
    close_cached_file(cached);
}

TEST_F(FileCache_, InvalidatedPagesAreReadAgain) {
    CachedFile& cached = open();
    u8 byte = 0;
    EXPECT_EQ(read_cached(cached, &byte, 1, 0).value(), 1u);
    file().bytes[0] = 55;
    file().bytes.push_back(66);
    invalidate_cached(cached);
    EXPECT_EQ(read_cached(cached, &byte, 1, 0).value(), 1u);
    EXPECT_EQ(byte, 55);
    EXPECT_EQ(read_cached(cached, &byte, 1, file().bytes.size() - 1).value(), 1u);
    EXPECT_EQ(byte, 66);
    close_cached_file(cached);
}

TEST_F(FileCache_, AnErrorOfTheHostIsTheReadersError) {
    CachedFile& cached = open();
    file().read_error = Errno::eio;
    u8 byte = 0;
    EXPECT_EQ(read_cached(cached, &byte, 1, 0).error(), Errno::eio);
    map(base, 1, prot_read, false);
    EXPECT_EQ(touch(base, Access::read), nullptr);
    file().read_error = Errno{};
    EXPECT_NE(touch(base, Access::read), nullptr);
    close_cached_file(cached);
}

TEST_F(FileCache_, ReadingABigFileWithLittleMemoryWorks) {
    MemoryFile& big = add_file(0);
    big.bytes.resize(u64{80} << 20, 3);
    CachedFile& cached = open(1);
    std::vector<u8> bytes(u64{1} << 20);
    for (u64 offset = 0; offset < big.bytes.size(); offset += bytes.size()) {
        ASSERT_EQ(read_cached(cached, bytes.data(), bytes.size(), offset).value(), bytes.size());
        ASSERT_EQ(bytes.back(), 3);
    }
    close_cached_file(cached);
    EXPECT_TRUE(frames().allocate(0, FrameUse::kernel).ok());
    ASSERT_TRUE(platform::map_anonymous(base, page_size, prot_read | prot_write).ok());
    EXPECT_NE(touch(base, Access::write), nullptr) << "guests get the cache's memory";
}

TEST_F(FileCache_, ThousandsOfFilesComeAndGo) {
    u64 before = 0;
    for (int round = 0; round < 3; round++) {
        std::vector<std::unique_ptr<MemoryFile>> many;
        for (u64 i = 0; i < 2000; i++) {
            many.push_back(std::make_unique<MemoryFile>());
            many.back()->bytes.assign(100, static_cast<u8>(i));
            bool kept = false;
            auto cached = open_cached_file({7, i}, *many.back(), &kept);
            ASSERT_TRUE(cached.ok() && kept);
            u8 byte = 0;
            ASSERT_EQ(read_cached(*cached.value(), &byte, 1, 50).value(), 1u);
            ASSERT_EQ(byte, static_cast<u8>(i));
            bool again = true;
            EXPECT_EQ(open_cached_file({7, i}, *many.back(), &again).value(), cached.value());
            EXPECT_FALSE(again);
            close_cached_file(*cached.value());
            close_cached_file(*cached.value());
        }
        (void)reclaim_cached(~u64{0} >> 1);
        for (auto& each : many) EXPECT_EQ(each->times_forgotten, 1u);
        if (round == 1) before = frames().free_frames();
    }
    EXPECT_EQ(frames().free_frames(), before);
}

TEST_F(FileCache_, RandomReadsAgreeWithTheFile) {
    MemoryFile& sparse = add_file(0);
    std::mt19937_64 random(5);
    sparse.bytes.resize(u64{6} << 20);
    for (auto& byte : sparse.bytes) byte = static_cast<u8>(random());
    CachedFile& cached = open(1);
    std::vector<u8> bytes(70000);
    for (int i = 0; i < 800; i++) {
        u64 offset = random() % (sparse.bytes.size() + 1000), length = random() % bytes.size();
        if (random() % 8 == 0) (void)reclaim_cached(random() % 500);
        if (random() % 4 == 0 && offset + length <= sparse.bytes.size()) {
            for (u64 j = 0; j < length; j++) sparse.bytes[offset + j] = static_cast<u8>(random());
            note_written(cached, offset, {sparse.bytes.data() + offset, length});
            continue;
        }
        u64 there = offset < sparse.bytes.size() ? std::min<u64>(length, sparse.bytes.size() - offset) : 0;
        ASSERT_EQ(read_cached(cached, bytes.data(), length, offset).value(), there);
        ASSERT_EQ(std::memcmp(bytes.data(), sparse.bytes.data() + std::min<u64>(offset, sparse.bytes.size()),
                              there),
                  0);
    }
    close_cached_file(cached);
}

}  // namespace
}  // namespace litebox::vm::test
