// The guest's registers beyond the frame: vector state, bases, and the whole set while a vfork child borrows
// the thread.

#include "arch/x86_64/xsave.h"
#include "core/base/heap.h"
#include "platform/vm/machine.h"

namespace litebox::platform {

using namespace vm;

namespace {

void save_vectors(void* area) {
    asm volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}
void load_vectors(const void* area) {
    asm volatile("xrstor64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

u64 guest_gs_base() {
    InterruptsOff off;
    u64 base;
    asm volatile("swapgs; rdgsbase %0; swapgs" : "=r"(base));
    return base;
}
void set_guest_gs_base(u64 base) {
    InterruptsOff off;
    asm volatile("swapgs; wrgsbase %0; swapgs" : : "r"(base));
}

}  // namespace

struct GuestState {
    arch::RegisterFrame frame;
    u64 fs_base, gs_base;
    void* memory;  // what this object and its vector area lie in
    u8* vectors;
};

usize xsave_size() {
    return machine().xsave_size + sizeof(u32);
}

void save_vector_state(void* area) {
    Machine& all = machine();
    constexpr usize header = arch::legacy_area_size;
    // XSAVE leaves what it does not write.
    __builtin_memset(static_cast<u8*>(area) + header, 0, arch::xsave_header_size);
    save_vectors(area);
    arch::mark_signal_area(static_cast<u8*>(area), all.xsave_size + sizeof(u32), all.xsave_features);
}

void restore_vector_state(const void* area) {
    load_vectors(area);
}

u64 fs_base() {
    u64 base;
    asm volatile("rdfsbase %0" : "=r"(base));
    return base;
}

void set_fs_base(u64 base) {
    asm volatile("wrfsbase %0" : : "r"(base));
}

Result<GuestState*> save_guest_state() {
    constexpr usize alignment = 64;
    usize vector_size = machine().xsave_size;
    auto* memory = static_cast<u8*>(heap_allocate(alignment + vector_size + sizeof(GuestState)));
    if (memory == nullptr) return Errno::enomem;
    auto* vectors =
        reinterpret_cast<u8*>((reinterpret_cast<u64>(memory) + alignment - 1) & ~u64{alignment - 1});
    auto* state = reinterpret_cast<GuestState*>(vectors + vector_size);
    *state = {this_block().frame(), fs_base(), guest_gs_base(), memory, vectors};
    __builtin_memset(vectors, 0, vector_size);
    save_vectors(vectors);
    return state;
}

void restore_guest_state(GuestState* state) {
    this_block().frame() = state->frame;
    set_fs_base(state->fs_base);
    set_guest_gs_base(state->gs_base);
    load_vectors(state->vectors);
    heap_free(state->memory);
}

}  // namespace litebox::platform
