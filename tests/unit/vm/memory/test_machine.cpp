#include "test_machine.h"

#include <sys/mman.h>

#include <cstring>

namespace litebox::vm {

using test::TestMachine;

void shoot_down(Space& space, u64 begin, u64 end) {
    TestMachine::current().shot_down++;
    for (auto& processor : TestMachine::current().processors) processor.drop(&space, begin, end);
}

void shoot_down_kernel(u64 /*begin*/, u64 /*end*/) {
    TestMachine::current().shot_down++;
}

Space& current_space() {
    return *TestMachine::current().space;
}

Result<CachedFile*> cached_file_of_slot(int slot) {
    auto& files = TestMachine::current().files;
    if (slot < 0 || static_cast<usize>(slot) >= files.size()) return Errno::ebadf;
    bool kept = false;
    return open_cached_file({1, static_cast<u64>(slot) + 1}, *files[static_cast<usize>(slot)], &kept);
}

namespace test {

namespace {
TestMachine* the_machine = nullptr;
}

Result<usize> MemoryFile::read(u64 offset, std::span<u8> to) {
    reads++;
    if (read_error != Errno{}) return read_error;
    usize part = offset < bytes.size() ? std::min<usize>(to.size(), bytes.size() - offset) : 0;
    if (part > 0) std::memcpy(to.data(), bytes.data() + offset, part);
    if (during_read != nullptr) during_read(*this);
    return part;
}

Result<void> MemoryFile::write(u64 offset, std::span<const u8> from) {
    writes++;
    if (write_error != Errno{}) return write_error;
    usize part = offset < bytes.size() ? std::min<usize>(from.size(), bytes.size() - offset) : 0;
    if (part > 0) std::memcpy(bytes.data() + offset, from.data(), part);
    return {};
}

std::optional<Processor::Translation> Processor::walk(Physical root, u64 address, bool user) {
    Physical table = root;
    bool writable = true, executable = true;
    for (unsigned level = top_level;; level--) {
        Entry entry{table_at(table)[index_in(address, level)]};
        if (!entry.present()) return std::nullopt;
        if (user && (entry.bits & Entry::user_bit) == 0) return std::nullopt;
        writable = writable && (entry.bits & Entry::writable_bit) != 0;
        executable = executable && (entry.bits & Entry::no_execute_bit) == 0;
        if (entry.is_table(level)) {
            table = entry.frame();
            continue;
        }
        u64 within = address & (span_of(level) - 1);
        return Translation{(entry.frame() & ~(span_of(level) - 1)) + page_down(within), writable, executable};
    }
}

u8* Processor::access(Space& space, u64 address, Access access) {
    auto permits = [&](const Translation& t) {
        return access == Access::write ? t.writable : access == Access::execute ? t.executable : true;
    };
    std::pair<const Space*, u64> key{&space, page_down(address)};
    for (int tries = 0; tries < 100; tries++) {
        auto known = buffer_.find(key);
        if (known == buffer_.end() || !permits(known->second)) {
            if (known != buffer_.end()) buffer_.erase(known);  // a fault drops the translation it came of
            auto walked = walk(space.root, address, true);
            if (walked.has_value()) known = buffer_.emplace(key, *walked).first;
            if (!walked.has_value() || !permits(*walked)) {
                if (walked.has_value()) buffer_.erase(key);
                last_answer = resolve_fault(space, address, access);
                if (last_answer == FaultAnswer::blocked && page_in(space, address).ok()) continue;
                if (last_answer != FaultAnswer::resolved) return nullptr;
                continue;
            }
        }
        return static_cast<u8*>(direct(known->second.frame)) + address % page_size;
    }
    ADD_FAILURE() << "the fault at " << std::hex << address << " is resolved for ever";
    return nullptr;
}

void Processor::drop(const Space* space, u64 begin, u64 end) {
    std::erase_if(buffer_, [&](auto& each) {
        return each.first.first == space && each.first.second >= begin && each.first.second < end;
    });
}

std::vector<Physical> Processor::reachable() const {
    std::vector<Physical> frames;
    for (auto& [key, translation] : buffer_) frames.push_back(translation.frame);
    return frames;
}

TestMachine::TestMachine(u64 bytes) : ram_end(ram_begin + bytes), length_(bytes) {
    constexpr u64 alignment = u64{2} << 20;
    buffer_ = static_cast<u8*>(mmap(nullptr, bytes + 2 * alignment, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    the_machine = this;
    u64 aligned = (reinterpret_cast<u64>(buffer_) + alignment - 1) & ~(alignment - 1);
    state_ = std::make_unique<MemoryState>();
    // direct_base is aligned to 2 MiB, RAM begins 1 MiB behind it.
    machine_head() = {aligned, state_.get()};
    constexpr u64 image_end = ram_begin + image_pages * page_size;
    PhysicalRange usable[] = {{image_end, ram_begin + bytes / 2},
                              {ram_begin + bytes / 2 + 16 * page_size, ram_end}};
    state_->frames.begin(usable);
    PhysicalRange ram[] = {{ram_begin, ram_end}};
    KernelPlacement placement{};
    placement.ram = ram;
    placement.image_base = image_base;
    placement.image_physical = ram_begin;
    placement.text_end = image_base + image_text_pages * page_size;
    placement.constants_end = placement.text_end + image_constant_pages * page_size;
    placement.image_end = image_base + image_pages * page_size;
    placement.region_base = region_base;
    placement.region_length = u64{1} << 30;
    placement.stacks_base = stacks_base;
    placement.devices_base = devices_base;
    EXPECT_TRUE(build_kernel_space(placement).ok());
}

TestMachine::~TestMachine() {
    munmap(buffer_, length_ + (u64{4} << 20));
    machine_head() = {};
    the_machine = nullptr;
}

TestMachine& TestMachine::current() {
    return *the_machine;
}

void* TestMachine::region_page(u64 page) {
    return reinterpret_cast<void*>(region_base + page * page_size);
}

u8* TestMachine::region_bytes(u64 page) {
    auto frame = region_frame(page);
    if (!frame.ok()) return nullptr;
    frames().release(frame.value());
    return static_cast<u8*>(direct(frame.value()));
}

std::optional<Processor::Translation> TestMachine::kernel_translation(u64 address) {
    return Processor::walk(memory_state().kernel.root, address, false);
}

void TestMachine::check_reachable() const {
    for (auto& processor : processors)
        for (Physical frame : processor.reachable())
            ASSERT_NE(vm::frames().references(frame), 0u)
                << "a processor still sees the free frame " << frame;
}

void TestMachine::use(Space* next) {
    space = next;
}

void TestMachine::end(Space* ended) {
    for (auto& processor : processors) processor.drop(ended, 0, ~u64{0});
    drop_space(ended);
}

}  // namespace test
}  // namespace litebox::vm
