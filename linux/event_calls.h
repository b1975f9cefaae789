// System calls of the event room. See linux/calls.h.
#pragma once

#include "core/memory/user.h"
#include "core/task/thread.h"
#include "linux/time_abi.h"

namespace litebox::sys {

struct PollDescriptor {
    i32 descriptor;
    u16 events, returned;
};
Result<u64> poll(Thread& thread, UserPtr<PollDescriptor> descriptors, u32 count, int timeout_ms);
Result<u64> ppoll(Thread& thread, UserPtr<PollDescriptor> descriptors, u32 count,
                  UserPtr<AbiTimespec> timeout, UserPtr<const u64> mask, usize mask_size);
Result<u64> select(Thread& thread, int count, u64 readable, u64 writable, u64 exceptional,
                   UserPtr<AbiTimeval> timeout);
Result<u64> pselect6(Thread& thread, int count, u64 readable, u64 writable, u64 exceptional,
                     UserPtr<AbiTimespec> timeout, u64 mask);
Result<u64> epoll_create(Thread& thread, int size);
Result<u64> epoll_create1(Thread& thread, u32 flags);
Result<u64> epoll_ctl(Thread& thread, int epoll, int operation, int descriptor, u64 event);
Result<u64> epoll_wait(Thread& thread, int epoll, u64 events, int count, int timeout_ms);
Result<u64> epoll_pwait(Thread& thread, int epoll, u64 events, int count, int timeout_ms,
                        UserPtr<const u64> mask, usize mask_size);
Result<u64> epoll_pwait2(Thread& thread, int epoll, u64 events, int count, UserPtr<const AbiTimespec> timeout,
                         UserPtr<const u64> mask, usize mask_size);
Result<u64> eventfd(Thread& thread, u32 initial);
Result<u64> eventfd2(Thread& thread, u32 initial, u32 flags);
Result<u64> signalfd(Thread& thread, int descriptor, UserPtr<const u64> mask, usize mask_size);
Result<u64> signalfd4(Thread& thread, int descriptor, UserPtr<const u64> mask, usize mask_size, u32 flags);
Result<u64> timerfd_create(Thread& thread, int clock, u32 flags);
Result<u64> timerfd_settime(Thread& thread, int descriptor, int flags, UserPtr<const AbiItimerspec> value,
                            UserPtr<AbiItimerspec> old);
Result<u64> timerfd_gettime(Thread& thread, int descriptor, UserPtr<AbiItimerspec> value);

}  // namespace litebox::sys
