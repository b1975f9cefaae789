// The guest's registers beyond the frame: vector state, %fs, and the whole set of a lent host thread.

#include "arch/x86_64/xsave.h"
#include "core/base/heap.h"
#include "platform/process/state.h"
#include "platform/process/vector_state.h"

namespace litebox::platform {

using namespace process;

struct GuestState {
    arch::RegisterFrame frame;
    u64 fs_base;
    void* memory;  // what this object and its vector area lie in
    u8* vectors;
};

usize xsave_size() {
    return sandbox().xsave_size + sizeof(u32);
}

void save_vector_state(void* area) {
    SandboxState& state = sandbox();
    save_vectors(static_cast<u8*>(area));
    arch::mark_signal_area(static_cast<u8*>(area), state.xsave_size + sizeof(u32), state.xsave_features);
}

void restore_vector_state(const void* area) {
    load_vectors(static_cast<const u8*>(area));
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
    usize size = alignment + sandbox().xsave_size + sizeof(GuestState);
    auto* memory = static_cast<u8*>(heap_allocate(size));
    if (memory == nullptr) return Errno::enomem;
    auto* vectors =
        reinterpret_cast<u8*>((reinterpret_cast<u64>(memory) + alignment - 1) & ~u64{alignment - 1});
    auto* state = reinterpret_cast<GuestState*>(vectors + sandbox().xsave_size);
    *state = {this_block().frame(), fs_base(), memory, vectors};
    save_vectors(vectors);
    return state;
}

void restore_guest_state(GuestState* state) {
    this_block().frame() = state->frame;
    set_fs_base(state->fs_base);
    load_vectors(state->vectors);
    heap_free(state->memory);
}

}  // namespace litebox::platform
