// System calls of the network room. See linux/calls.h.
#pragma once

#include "core/memory/user.h"
#include "core/task/thread.h"
#include "linux/time_abi.h"

namespace litebox::sys {

Result<u64> socket(Thread& thread, int family, int type, int protocol);
Result<u64> socketpair(Thread& thread, int family, int type, int protocol, UserPtr<i32> pair);
Result<u64> bind(Thread& thread, int descriptor, u64 address, u32 length);
Result<u64> connect(Thread& thread, int descriptor, u64 address, u32 length);
Result<u64> listen(Thread& thread, int descriptor, int backlog);
Result<u64> accept(Thread& thread, int descriptor, u64 address, UserPtr<i32> length);
Result<u64> accept4(Thread& thread, int descriptor, u64 address, UserPtr<i32> length, u32 flags);
Result<u64> getsockname(Thread& thread, int descriptor, u64 address, UserPtr<i32> length);
Result<u64> getpeername(Thread& thread, int descriptor, u64 address, UserPtr<i32> length);
Result<u64> sendto(Thread& thread, int descriptor, u64 buffer, usize size, u32 flags, u64 address,
                   u32 length);
Result<u64> recvfrom(Thread& thread, int descriptor, u64 buffer, usize size, u32 flags, u64 address,
                     UserPtr<i32> length);
Result<u64> sendmsg(Thread& thread, int descriptor, u64 message, u32 flags);
Result<u64> recvmsg(Thread& thread, int descriptor, u64 message, u32 flags);
Result<u64> sendmmsg(Thread& thread, int descriptor, u64 messages, u32 count, u32 flags);
Result<u64> recvmmsg(Thread& thread, int descriptor, u64 messages, u32 count, u32 flags,
                     UserPtr<const AbiTimespec> timeout);
Result<u64> shutdown(Thread& thread, int descriptor, int how);
Result<u64> setsockopt(Thread& thread, int descriptor, int level, int name, u64 value, i32 length);
Result<u64> getsockopt(Thread& thread, int descriptor, int level, int name, u64 value, UserPtr<i32> length);

}  // namespace litebox::sys
