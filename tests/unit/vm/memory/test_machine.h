// A machine for tests of memory/: physical memory in a buffer, processors that keep translations until they
// are told to drop them, host files in memory.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/vm/memory/entry.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm::test {

/// A file of the host, with its bytes.
class MemoryFile final : public FileBacking {
  public:
    Result<usize> read(u64 offset, std::span<u8> to) override;
    Result<void> write(u64 offset, std::span<const u8> from) override;
    void forgotten() override { times_forgotten++; }

    std::vector<u8> bytes;
    Errno read_error{}, write_error{};
    u64 reads = 0, writes = 0, times_forgotten = 0;
    /// Called in the middle of each read.
    void (*during_read)(MemoryFile&) = nullptr;
};

/// A processor's view of a space: what its translation buffer holds stays until it is shot down.
class Processor {
  public:
    struct Translation {
        Physical frame;
        bool writable, executable;
    };
    /// As the processor walks the tables: every level must permit. No answer: a page fault.
    static std::optional<Translation> walk(Physical root, u64 address, bool user);
    /// The byte of guest memory at `address`; null when the fault is final, `last_answer` says why.
    u8* access(Space& space, u64 address, Access access);
    void drop(const Space* space, u64 begin, u64 end);
    /// Frames that this processor could still reach.
    [[nodiscard]] std::vector<Physical> reachable() const;

    FaultAnswer last_answer = FaultAnswer::resolved;

  private:
    std::map<std::pair<const Space*, u64>, Translation> buffer_;
};

class TestMachine {
  public:
    explicit TestMachine(u64 bytes = u64{64} << 20);
    ~TestMachine();
    TestMachine(const TestMachine&) = delete;
    TestMachine& operator=(const TestMachine&) = delete;

    /// An address of the page region, as the core would have it.
    static void* region_page(u64 page);
    /// The bytes of a page of the region.
    static u8* region_bytes(u64 page);
    /// The kernel's translation of an address.
    static std::optional<Processor::Translation> kernel_translation(u64 address);
    /// No processor can reach a frame that is free.
    void check_reachable() const;
    void use(Space* space);
    /// No processor has it loaded any more; then it is dropped.
    void end(Space* space);

    static TestMachine& current();

    std::vector<Processor> processors{2};
    std::vector<std::unique_ptr<MemoryFile>> files;  // by slot
    Space* space = nullptr;
    u64 shot_down = 0;

    static constexpr u64 region_base = 0xffffc00000000000, stacks_base = 0xffffd00000000000,
                         devices_base = 0xffffe00000000000, image_base = 0xfffff00000000000;
    static constexpr u64 image_pages = 8, image_text_pages = 3, image_constant_pages = 2;
    static constexpr Physical ram_begin = 0x100000;
    Physical ram_end;

  private:
    u8* buffer_;
    u64 length_;
    std::unique_ptr<MemoryState> state_;
};

}  // namespace litebox::vm::test
