#include "core/task/futex.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"
#include "linux/task_calls.h"

namespace litebox::sys {

namespace {

enum Operation : u32 {
    wait,
    wake,
    descriptor,
    requeue,
    compare_requeue,
    wake_operation,
    lock_pi,
    unlock_pi,
    try_lock_pi,
    wait_bit_set,
    wake_bit_set,
    wait_requeue_pi,
    compare_requeue_pi,
    lock_pi2
};
constexpr u32 private_flag = 128, realtime_flag = 256;

Result<u64> counted(Result<u32> result) {
    if (!result.ok()) return result.error();
    return u64{result.value()};
}
Result<u64> done(Result<void> result) {
    if (!result.ok()) return result.error();
    return u64{0};
}

/// FUTEX_WAIT's timeout is relative, the others' absolute.
Result<u64> deadline_of(u32 operation, u32 flags, u64 timeout) {
    if (timeout == 0) return platform::no_deadline;
    u64 ns = TRY(to_ns(TRY(UserPtr<const AbiTimespec>(timeout).read())));
    if (operation == wait) return deadline_after(ns);
    bool realtime = operation == lock_pi || (flags & realtime_flag) != 0;
    return deadline_from(realtime ? clock_realtime : clock_monotonic, ns);
}

/// A relative FUTEX_WAIT that a signal interrupted goes on with its first deadline.
Result<u64> wait_again(Thread& thread) {
    auto& words = thread.restart.words;
    auto result = futex_wait({words[0], words[1] != 0}, static_cast<u32>(words[2]),
                             static_cast<u32>(words[3]), words[4]);
    if (!result.ok() && result.error() == Errno::restartsys) return Errno::restart_block;
    return done(std::move(result));
}

Result<u64> start_wait(Thread& thread, FutexAddress word, u32 value, u32 bit_set, u64 deadline) {
    auto result = futex_wait(word, value, bit_set, deadline);
    if (result.ok() || result.error() != Errno::restartsys || deadline == platform::no_deadline)
        return done(std::move(result));
    thread.restart.function = wait_again;
    u64 words[6] = {word.address, word.shared ? u64{1} : 0, value, bit_set, deadline, 0};
    memcpy(thread.restart.words, words, sizeof(words));
    return Errno::restart_block;
}

}  // namespace

Result<u64> futex(Thread& thread, u64 address, u32 operation_and_flags, u32 value, u64 timeout, u64 second,
                  u32 value3) {
    u32 operation = operation_and_flags & ~(private_flag | realtime_flag);
    bool shared = (operation_and_flags & private_flag) == 0;
    FutexAddress word{address, shared}, other{second, shared};
    bool clocked = operation == wait_bit_set || operation == wait_requeue_pi || operation == lock_pi2 ||
                   operation == wait;
    if ((operation_and_flags & realtime_flag) != 0 && !clocked) return Errno::enosys;
    bool timed = clocked || operation == lock_pi;
    u64 deadline = timed ? TRY(deadline_of(operation, operation_and_flags, timeout)) : platform::no_deadline;
    u32 value2 = static_cast<u32>(timeout);
    switch (operation) {
        case wait:
            return start_wait(thread, word, value, futex_match_any, deadline);
        case wait_bit_set:
            return start_wait(thread, word, value, value3, deadline);
        case wake:
            return counted(futex_wake(word, value, futex_match_any));
        case wake_bit_set:
            return counted(futex_wake(word, value, value3));
        case requeue:
        case compare_requeue:
            if (static_cast<i32>(value) < 0 || static_cast<i32>(value2) < 0) return Errno::einval;
            return counted(
                futex_requeue(word, value, value2, other, operation == requeue ? nullptr : &value3));
        case wake_operation:
            return counted(futex_wake_operation(word, value, other, value2, value3));
        case lock_pi:
        case lock_pi2:
            return done(futex_lock_pi(word, deadline, false));
        case try_lock_pi:
            return done(futex_lock_pi(word, platform::no_deadline, true));
        case unlock_pi:
            return done(futex_unlock_pi(word));
        case wait_requeue_pi:
            return done(futex_wait_requeue_pi(word, value, deadline, other));
        case compare_requeue_pi:
            if (value != 1) return Errno::einval;
            return counted(futex_requeue_pi(word, value2, other, value3));
        default:
            return Errno::enosys;
    }
}

Result<u64> futex_waitv(Thread&, u64 rows, u32 count, u32 flags, UserPtr<const AbiTimespec> timeout,
                        int clock) {
    struct Row {
        u64 value, address;
        u32 flags, reserved;
    };
    constexpr u32 most_rows = 128, size_32 = 2;
    if (flags != 0 || count == 0 || count > most_rows || rows == 0) return Errno::einval;
    u64 deadline = platform::no_deadline;
    if (timeout) {
        if (clock != clock_realtime && clock != clock_monotonic) return Errno::einval;
        deadline = TRY(deadline_from(clock, TRY(to_ns(TRY(timeout.read())))));
    }
    Vector<FutexWaitRow> words;
    for (u32 i = 0; i < count; i++) {
        auto row = TRY(UserPtr<const Row>(rows).offset(i).read());
        if (row.reserved != 0 || (row.flags & ~private_flag) != size_32) return Errno::einval;
        TRY(words.push(
            FutexWaitRow{{row.address, (row.flags & private_flag) == 0}, static_cast<u32>(row.value)}));
    }
    return counted(futex_wait_many(words.data(), count, deadline));
}

Result<u64> set_robust_list(Thread& thread, u64 head, usize length) {
    constexpr usize head_size = 24;
    if (length != head_size) return Errno::einval;
    thread.robust_list = head;
    return u64{0};
}

Result<u64> get_robust_list(Thread& thread, i32 tid, UserPtr<u64> head, UserPtr<u64> length) {
    Ref<Thread> target = tid == 0 ? Ref<Thread>(&thread) : tasks().find_thread(tid);
    if (!target) return Errno::esrch;
    TRY(length.write(24));
    TRY(head.write(target->robust_list));
    return u64{0};
}

}  // namespace litebox::sys
