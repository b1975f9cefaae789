#include "linux/signal_frame.h"

#include "arch/x86_64/xsave.h"
#include "core/task/signal_send.h"
#include "linux/signal_abi.h"

namespace litebox {

namespace {

constexpr u64 red_zone = 128;
constexpr u64 user_code_segment = 0x33, user_stack_segment = 0x2b;
constexpr u64 flag_direction = 0x400, flag_trap = 0x100, flag_resume = 0x10000;

/// Heap memory aligned as XSAVE wants it.
class VectorArea : Pinned {
  public:
    static Result<u8*> get(VectorArea& area) {
        area.memory_ = heap_allocate(platform::xsave_size() + alignment);
        if (area.memory_ == nullptr) return Errno::enomem;
        u64 address = (reinterpret_cast<u64>(area.memory_) + alignment - 1) & ~(alignment - 1);
        return reinterpret_cast<u8*>(address);
    }
    ~VectorArea() {
        if (memory_ != nullptr) heap_free(memory_);
    }

  private:
    static constexpr u64 alignment = 64;
    void* memory_ = nullptr;
};

AbiSigcontext to_context(const arch::RegisterFrame& f) {
    AbiSigcontext c{};
    c.r8 = f.r8, c.r9 = f.r9, c.r10 = f.r10, c.r11 = f.r11, c.r12 = f.r12, c.r13 = f.r13, c.r14 = f.r14,
    c.r15 = f.r15;
    c.rdi = f.rdi, c.rsi = f.rsi, c.rbp = f.rbp, c.rbx = f.rbx, c.rdx = f.rdx, c.rax = f.rax, c.rcx = f.rcx;
    c.rsp = f.rsp, c.rip = f.rip, c.rflags = f.rflags;
    c.cs = user_code_segment, c.ss = user_stack_segment;
    return c;
}

void from_context(arch::RegisterFrame& f, const AbiSigcontext& c) {
    f.r8 = c.r8, f.r9 = c.r9, f.r10 = c.r10, f.r11 = c.r11, f.r12 = c.r12, f.r13 = c.r13, f.r14 = c.r14,
    f.r15 = c.r15;
    f.rdi = c.rdi, f.rsi = c.rsi, f.rbp = c.rbp, f.rbx = c.rbx, f.rdx = c.rdx, f.rax = c.rax, f.rcx = c.rcx;
    f.rsp = c.rsp, f.rip = c.rip;
    f.rflags = (f.rflags & ~arch::guest_flags) | (c.rflags & arch::guest_flags);
    f.orig_rax = ~u64{0};
    f.full_restore = 1;
}

AbiStack current_stack(const Thread& thread, u64 stack_pointer) {
    AbiStack stack{};
    stack.base = thread.alternate_stack.base;
    stack.size = thread.alternate_stack.size;
    stack.flags = thread.alternate_stack.flags & ss_autodisarm;
    if (thread.alternate_stack.size == 0)
        stack.flags |= ss_disable;
    else if (on_alternate_stack(thread, stack_pointer))
        stack.flags |= ss_onstack;
    return stack;
}

/// Where the frame goes: the alternate stack when asked for and not in use, else below the red zone.
Result<u64> stack_for(Thread& thread, u64 stack_pointer, const SignalAction& action, usize vector_size) {
    bool alternate = (action.flags & sa_onstack) != 0 && thread.alternate_stack.size != 0 &&
                     !on_alternate_stack(thread, stack_pointer);
    u64 top =
        alternate ? thread.alternate_stack.base + thread.alternate_stack.size : stack_pointer - red_zone;
    u64 vector = (top - vector_size) & ~u64{63};
    u64 needed = sizeof(AbiSignalFrame) + vector_size + 128;
    bool nested = on_alternate_stack(thread, stack_pointer) && !alternate;
    u64 lowest = alternate || nested ? thread.alternate_stack.base : 0;
    if (top < needed || top - needed < lowest) return Errno::efault;
    return vector;
}

}  // namespace

bool on_alternate_stack(const Thread& thread, u64 stack_pointer) {
    // With SS_AUTODISARM the stack is free again as soon as a handler runs.
    if ((thread.alternate_stack.flags & ss_autodisarm) != 0) return false;
    return stack_pointer > thread.alternate_stack.base &&
           stack_pointer - thread.alternate_stack.base <= thread.alternate_stack.size;
}

Result<void> push_signal_frame(Thread& thread, arch::RegisterFrame& frame, const SignalAction& action,
                               const SignalInfo& info, SignalSet restored_mask) {
    usize vector_size = platform::xsave_size();
    u64 vector = TRY(stack_for(thread, frame.rsp, action, vector_size));
    VectorArea area;
    u8* bytes = TRY(VectorArea::get(area));
    platform::save_vector_state(bytes);
    arch::mark_signal_area(bytes, vector_size, arch::enabled_features());

    AbiSignalFrame image{};
    u64 address = ((vector - sizeof(image)) & ~u64{15}) - 8;
    image.return_address = action.restorer;
    image.uc_flags = uc_fp_xstate | uc_sigcontext_ss | uc_strict_restore_ss;
    image.stack = current_stack(thread, frame.rsp);
    image.context = to_context(frame);
    image.context.fpstate = vector;
    image.context.cr2 = info.address;
    image.context.error = static_cast<u64>(thread.fault_error);
    image.context.trap_number = static_cast<u64>(thread.fault_trap);
    image.context.old_mask = restored_mask.bits;
    image.mask = restored_mask.bits;
    image.info = to_abi(info);
    TRY(copy_to_user(vector, bytes, vector_size));
    TRY(copy_to_user(address, &image, sizeof(image)));
    if ((thread.alternate_stack.flags & ss_autodisarm) != 0) thread.alternate_stack = {};

    frame.rdi = static_cast<u64>(info.signal);
    frame.rsi = address + offsetof(AbiSignalFrame, info);
    frame.rdx = address + offsetof(AbiSignalFrame, uc_flags);
    frame.rax = 0;
    frame.rsp = address;
    frame.rip = action.handler;
    frame.rflags &= ~(flag_direction | flag_trap | flag_resume);
    frame.full_restore = 1;
    return {};
}

Result<void> pop_signal_frame(Thread& thread, arch::RegisterFrame& frame) {
    // The handler's return has popped the return address.
    AbiSignalFrame image;
    TRY(copy_from_user(&image, frame.rsp - 8, sizeof(image)));
    usize vector_size = platform::xsave_size();
    VectorArea area;
    u8* bytes = TRY(VectorArea::get(area));
    if (image.context.fpstate != 0) {
        memset(bytes, 0, vector_size);
        // A frame of legacy state alone may end right behind it.
        if (!copy_from_user(bytes, image.context.fpstate, vector_size).ok())
            TRY(copy_from_user(bytes, image.context.fpstate, arch::legacy_area_size));
        arch::sanitise_signal_area(bytes, vector_size, arch::enabled_features());
        platform::restore_vector_state(bytes);
    }
    from_context(frame, image.context);
    SignalSet mask;
    mask.bits = image.mask;
    set_signal_mask(thread, mask);
    u32 mode = image.stack.flags & ~ss_autodisarm;
    if (mode == ss_disable)
        thread.alternate_stack = {};
    else if (mode == 0 || mode == ss_onstack)
        thread.alternate_stack = {image.stack.base, image.stack.size, image.stack.flags & ss_autodisarm};
    return {};
}

}  // namespace litebox
