// The loader's tables, as QEMU, Firecracker and cloud-hypervisor lay them out, and as a hostile one might.
#include "platform/vm/boot/boot_info.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

namespace litebox::vm {
namespace {

constexpr u64 mib = 1 << 20;

struct Entry {
    u64 address, size;
    u32 type;
};

/// The first 16 MiB of a machine; structures are put where a test says.
class Loader {
  public:
    static constexpr u64 size = 16 * mib;
    static constexpr u64 start_at = 0x6000, map_at = 0x7000, command_line_at = 0x20000, modules_at = 0x9000;

    void put(u64 at, const void* bytes, size_t length) { std::memcpy(memory_.get() + at, bytes, length); }
    void map(const std::vector<Entry>& entries) {
        u64 at = map_at;
        for (const Entry& entry : entries) {
            u64 words[3] = {entry.address, entry.size, entry.type};
            put(at, words, sizeof(words));
            at += sizeof(words);
        }
        count = static_cast<u32>(entries.size());
    }
    void command_line(const std::string& text) {
        put(command_line_at, text.c_str(), text.size() + 1);
        command_line_address = command_line_at;
    }
    void module(u64 address, u64 length) {
        u64 words[4] = {address, length, 0, 0};
        put(modules_at, words, sizeof(words));
        module_count = 1;
    }
    bool read(BootInfo& info) {
        struct {
            u32 magic, version, flags, modules;
            u64 module_list, command_line, rsdp, map;
            u32 map_count, reserved;
        } start{magic, version, 0, module_count, modules_at, command_line_address, 0, map_address, count, 0};
        put(start_at, &start, sizeof(start));
        BootMemory memory{memory_.get(), {mib, 2 * mib}};
        return read_start_info(start_at, memory, info, problem).ok();
    }

    u32 magic = 0x336ec578, version = 1, count = 0, module_count = 0;
    u64 map_address = map_at, command_line_address = 0;
    std::string_view problem;

  private:
    std::unique_ptr<u8[]> memory_ = std::make_unique<u8[]>(size);
};

std::string text_of(const RangeList& list) {
    std::string text;
    for (const PhysicalRange& range : list.all())
        text += std::to_string(range.begin) + "-" + std::to_string(range.end) + " ";
    return text;
}

TEST(BootInfo, a_qemu_map_loses_the_first_megabyte_and_the_image) {
    Loader loader;
    loader.map({{0, 0x9fc00, 1}, {0x9fc00, 0x400, 2}, {mib, 127 * mib, 1}, {0xfeffc000, 0x4000, 2}});
    loader.command_line("cpus=2 program=/bin/sh");
    BootInfo info;
    ASSERT_TRUE(loader.read(info)) << loader.problem;
    EXPECT_EQ(text_of(info.ram), "0-651264 1048576-134217728 ");
    EXPECT_EQ(text_of(info.usable), "2097152-134217728 ");
    EXPECT_EQ(info.command_line(), "cpus=2 program=/bin/sh");
    EXPECT_EQ(info.option("cpus"), "2");
    EXPECT_EQ(info.option("program"), "/bin/sh");
    EXPECT_EQ(info.option("pro"), "");
}

TEST(BootInfo, a_module_in_the_middle_splits_the_memory_around_it) {
    Loader loader;
    loader.map({{0, 0xa0000, 1}, {mib, 15 * mib, 1}});
    loader.module(8 * mib + 100, 5000);
    BootInfo info;
    ASSERT_TRUE(loader.read(info)) << loader.problem;
    EXPECT_EQ(info.module.begin, 8 * mib + 100);
    EXPECT_EQ(info.module.end, 8 * mib + 5100);
    EXPECT_EQ(text_of(info.usable), "2097152-8388608 8396800-16777216 ");
}

TEST(BootInfo, entries_in_any_order_and_memory_above_4_gib_are_taken) {
    Loader loader;
    loader.map({{u64{4} << 30, u64{4} << 30, 1}, {mib, 3071 * mib, 1}, {0, 0xa0000, 1}});
    BootInfo info;
    ASSERT_TRUE(loader.read(info)) << loader.problem;
    EXPECT_EQ(text_of(info.usable), "2097152-3221225472 4294967296-8589934592 ");
}

struct Refusal {
    const char* name;
    void (*spoil)(Loader&);
};

class BadLoader : public testing::TestWithParam<Refusal> {};

TEST_P(BadLoader, is_refused_with_a_reason) {
    Loader loader;
    loader.map({{0, 0xa0000, 1}, {mib, 15 * mib, 1}});
    loader.command_line("a=b");
    GetParam().spoil(loader);
    BootInfo info;
    EXPECT_FALSE(loader.read(info));
    EXPECT_FALSE(loader.problem.empty());
}

constexpr u64 all_ones = ~u64{0};
const Refusal refusals[] = {
    {"another_magic", [](Loader& l) { l.magic++; }},
    {"version_0_without_a_map", [](Loader& l) { l.version = 0; }},
    {"no_entry", [](Loader& l) { l.count = 0; }},
    {"map_above_4_gib", [](Loader& l) { l.map_address = (u64{1} << 32) - 8; }},
    {"range_that_wraps",
     [](Loader& l) {
         l.map({{mib, all_ones, 1}});
     }},
    {"range_beyond_all_memory",
     [](Loader& l) {
         l.map({{mib, u64{1} << 60, 1}});
     }},
    {"ranges_that_overlap",
     [](Loader& l) {
         l.map({{mib, 8 * mib, 1}, {4 * mib, 8 * mib, 1}});
     }},
    {"no_usable_memory",
     [](Loader& l) {
         l.map({{0, 0xa0000, 1}, {mib, 64 * mib, 2}});
     }},
    {"module_that_wraps", [](Loader& l) { l.module(4 * mib, all_ones - mib); }},
    {"module_over_the_first_megabyte", [](Loader& l) { l.module(0x1000, 0x1000); }},
    {"endless_command_line", [](Loader& l) { l.command_line(std::string(5000, 'x')); }},
};
INSTANTIATE_TEST_SUITE_P(Loader, BadLoader, testing::ValuesIn(refusals),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace litebox::vm
