#include "core/task/lifecycle.h"

namespace litebox {

Result<void> lend_to_vfork_child(Ref<Thread> child) {
    Thread& parent = *current_thread();
    child->lender_state = TRY(platform::save_guest_state());
    child->is_vfork_child = true;
    child->lender = &parent;
    parent.ref();
    {
        LockGuard guard(child->process->signal_mutex);
        child->block = parent.block;
    }
    child->resume_value = 0;
    parent.state.store('D', std::memory_order_relaxed);
    parent.block->thread = child.get();
    return {};
}

void resume_vfork_parent(Thread& child) {
    Thread* parent = std::exchange(child.lender, nullptr);
    platform::restore_guest_state(std::exchange(child.lender_state, nullptr));
    parent->resume_value = static_cast<u64>(child.tid);
    parent->state.store('R', std::memory_order_relaxed);
    current_block()->thread = parent;
    parent->unref();  // the task table holds it
}

}  // namespace litebox
