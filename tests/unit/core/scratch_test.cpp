// Files in memory whose pages lie on a scratch disk: what is read is what a plain string would hold.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/file/file.h"
#include "core/kernel.h"
#include "core/memory/mapping.h"
#include "core/memory/page_allocator.h"
#include "core/memory/scratch_disk.h"
#include "platform/simulated/machine.h"

using namespace litebox;
using simulated::Machine;

namespace {

constexpr u64 most_in_memory = 64, disk_pages = 2048;

void on_machine(const std::function<void(Machine&, ScratchDisk&)>& body) {
    Machine machine({.region_bytes = u64{1} << 30});
    machine.disks().emplace_back();
    machine.disks()[0].bytes.resize(disk_pages * page_size);
    machine.disks()[0].read_only = false;
    auto outcome = machine.run([&](simulated::Guest&) {
        auto scratch = ScratchDisk::create(most_in_memory);
        ASSERT_TRUE(scratch.ok());
        body(machine, *scratch.value());
    });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.status << outcome.deadlock.report << outcome.report;
}

Ref<MemoryObject> make_object(ScratchDisk& scratch) {
    auto object = MemoryObject::create(Ref<PageQuota>(kernel().memory_quota)).value();
    object->use_scratch(scratch);
    return object;
}

Result<usize> put(MemoryObject& object, std::string_view text, u64 offset) {
    IoCursor from = IoCursor::kernel(text.data(), text.size());
    return object.write(from, offset);
}

std::string all_of(MemoryObject& object) {
    std::string text(object.size(), '?');
    IoCursor to = IoCursor::kernel(text.data(), text.size());
    EXPECT_EQ(object.read(to, 0).value(), text.size());
    return text;
}

std::string numbered(usize length, u32 seed) {
    std::string text;
    for (u32 i = seed; text.size() < length; i++) text += std::to_string(i * 2654435761u);
    return text.substr(0, length);
}

TEST(Scratch, FilesLargerThanMemoryHoldWhatWasWritten) {
    on_machine([](Machine&, ScratchDisk& scratch) {
        std::string expected[3];
        Ref<MemoryObject> objects[3];
        u64 before = kernel().pages->pages_in_use();
        for (u32 i = 0; i < 3; i++) {
            objects[i] = make_object(scratch);
            expected[i] = numbered(400 * page_size + 17, i);
            EXPECT_EQ(put(*objects[i], expected[i], 0).value(), expected[i].size());
        }
        EXPECT_LT(kernel().pages->pages_in_use() - before, 700u);
        for (int round = 0; round < 2; round++)
            for (u32 i = 0; i < 3; i++) EXPECT_TRUE(all_of(*objects[i]) == expected[i]) << i;
    });
}

TEST(Scratch, AnyOrderOfChangesIsAsWithoutIt) {
    on_machine([](Machine&, ScratchDisk& scratch) {
        std::mt19937 random(1);
        auto object = make_object(scratch), other = make_object(scratch);
        std::string expected;
        auto below = [&](u64 limit) { return random() % limit; };
        for (int step = 0; step < 600; step++) {
            u64 at = below(200 * page_size), length = below(40 * page_size) + 1;
            u64 end = min<u64>(at + length, expected.size());
            switch (below(6)) {
                case 0:
                case 1: {
                    std::string text = numbered(length, static_cast<u32>(step));
                    EXPECT_EQ(put(*object, text, at).value(), length);
                    if (expected.size() < at + length) expected.resize(at + length);
                    expected.replace(at, length, text);
                    break;
                }
                case 2:
                    ASSERT_TRUE(object->punch_hole(at, length).ok());
                    if (at < end) expected.replace(at, end - at, end - at, '\0');
                    break;
                case 3:
                    ASSERT_TRUE(object->resize(at).ok());
                    expected.resize(at);
                    break;
                case 4:
                    scratch.put_out(below(300));
                    break;
                default:
                    // Another's pages push these out, and take the slots that were given back.
                    ASSERT_TRUE(put(*other, numbered(length, 1), at).ok());
                    ASSERT_TRUE(other->punch_hole(at, length / 2).ok());
            }
            ASSERT_EQ(object->size(), expected.size());
            if (step % 10 == 0) ASSERT_TRUE(all_of(*object) == expected) << step;
        }
        u64 resident = object->resident_pages();
        scratch.put_out(disk_pages);
        EXPECT_EQ(object->resident_pages(), resident);
        u64 data = object->seek_data(0).value();
        EXPECT_LT(data, expected.size());
        EXPECT_TRUE(all_of(*object) == expected);
    });
}

TEST(Scratch, APageThatIsMappedStaysWhereItIs) {
    on_machine([](Machine&, ScratchDisk& scratch) {
        auto object = make_object(scratch);
        ASSERT_TRUE(put(*object, numbered(20 * page_size, 1), 0).ok());
        scratch.put_out(20);
        Mapping mapping;
        ASSERT_TRUE(object->attach(mapping).ok());
        EXPECT_EQ(object->page(3, false).value(), nullptr);
        u8* page = object->page(3, true).value();
        EXPECT_EQ(scratch.put_out(20), 0u);
        EXPECT_EQ(object->page(3, false).value(), page);
        object->detach(mapping);
        EXPECT_GT(scratch.put_out(20), 0u);
        EXPECT_EQ(all_of(*object), numbered(20 * page_size, 1));
    });
}

TEST(Scratch, ADiskThatFailsIsAnErrorAndLosesNothing) {
    on_machine([](Machine& machine, ScratchDisk& scratch) {
        auto object = make_object(scratch);
        std::string expected = numbered(20 * page_size, 1), text(page_size, '?');
        ASSERT_TRUE(put(*object, expected, 0).ok());
        scratch.put_out(20);
        machine.faults().fail_often(simulated::Operation::block_read, 1);
        IoCursor to = IoCursor::kernel(text.data(), text.size());
        EXPECT_EQ(object->read(to, 0).error(), Errno::eio);
        EXPECT_EQ(put(*object, "x", 100).error(), Errno::eio);
        EXPECT_EQ(object->resize(100).error(), Errno::eio);
        machine.faults().clear();
        EXPECT_EQ(all_of(*object), expected);
    });
}

}  // namespace
