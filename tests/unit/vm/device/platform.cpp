#include "tests/unit/vm/device/platform.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>

#include "core/base/heap.h"
#include "platform/vm/device/lent_frames.h"

namespace litebox {

void* heap_allocate(usize size) {
    return std::malloc(size);
}
void heap_free(void* object) {
    std::free(object);
}

}  // namespace litebox

namespace litebox::platform {

namespace {

std::mutex park_mutex;
std::condition_variable park_condition;

}  // namespace

u64 monotonic_ns() {
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<u64>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

ParkResult park(std::atomic<u32>& word, u32 expected, u64 deadline) {
    std::unique_lock lock(park_mutex);
    if (word.load() != expected) return ParkResult::woken;
    u64 now = monotonic_ns(), longest = u64{1} << 40;
    u64 left = deadline <= now ? 0 : min(deadline - now, longest);
    bool changed = park_condition.wait_for(lock, std::chrono::nanoseconds(left),
                                           [&] { return word.load() != expected; });
    return changed ? ParkResult::woken : ParkResult::timed_out;
}

void unpark(std::atomic<u32>&, u32) {
    std::lock_guard lock(park_mutex);
    park_condition.notify_all();
}

void fill_entropy(std::span<u8> out) {
    std::random_device source;
    for (u8& byte : out) byte = static_cast<u8>(source());
}

bool spinning_pays() {
    return false;
}

void panic(std::string_view reason) {
    throw vm::MachineStopped(std::string(reason));
}

}  // namespace litebox::platform

namespace litebox::vm {

namespace {

/// What tests have allocated goes with the process.
struct Allocations {
    std::mutex mutex;
    std::vector<void*> all;
    void release() {
        std::lock_guard lock(mutex);
        for (void* one : all) std::free(one);
        all.clear();
    }
    ~Allocations() { release(); }
} allocations;

}  // namespace

void release_shared_memory() {
    allocations.release();
}

Result<SharedMemory> allocate_shared_memory(unsigned order) {
    usize size = usize{page_size} << order;
    void* memory = std::aligned_alloc(page_size, size);
    if (memory == nullptr) return Errno::enomem;
    std::memset(memory, 0, size);
    std::lock_guard lock(allocations.mutex);
    allocations.all.push_back(memory);
    return SharedMemory{static_cast<u8*>(memory), reinterpret_cast<u64>(memory)};
}

namespace {
std::atomic<usize> lent;
}

usize lent_pages() {
    return lent;
}

Result<u64> lend_page(const u8* page, bool) {
    u64 address = reinterpret_cast<u64>(page);
    constexpr u64 elsewhere = u64{1} << 60;
    lent++;
    return scattered_frames ? elsewhere + 2 * (address % (u64{1} << 48)) : address;
}

void take_back_page(u64) {
    lent--;
}

}  // namespace litebox::vm
