// System calls of the memory room. See linux/calls.h.
#pragma once

#include "core/memory/user.h"
#include "core/task/thread.h"

namespace litebox::sys {

Result<u64> mmap(Thread& thread, u64 address, u64 length, u32 protection, u32 flags, int descriptor,
                 u64 offset);
Result<u64> munmap(Thread& thread, u64 address, u64 length);
Result<u64> mprotect(Thread& thread, u64 address, u64 length, u32 protection);
Result<u64> pkey_mprotect(Thread& thread, u64 address, u64 length, u32 protection, int key);
Result<u64> pkey_alloc(Thread& thread, u32 flags, u32 rights);
Result<u64> pkey_free(Thread& thread, int key);
Result<u64> mremap(Thread& thread, u64 address, u64 old_length, u64 new_length, u64 flags, u64 new_address);
Result<u64> madvise(Thread& thread, u64 address, u64 length, int advice);
Result<u64> msync(Thread& thread, u64 address, u64 length, int flags);
Result<u64> mincore(Thread& thread, u64 address, u64 length, UserPtr<u8> vector);
Result<u64> mlock(Thread& thread, u64 address, u64 length);
Result<u64> mlock2(Thread& thread, u64 address, u64 length, u32 flags);
Result<u64> munlock(Thread& thread, u64 address, u64 length);
Result<u64> mlockall(Thread& thread, int flags);
Result<u64> munlockall(Thread& thread);
Result<u64> brk(Thread& thread, u64 address);
Result<u64> memfd_create(Thread& thread, UserText name, u32 flags);
Result<u64> process_vm_readv(Thread& thread, i32 pid, u64 local, u64 local_count, u64 remote,
                             u64 remote_count, u64 flags);
Result<u64> process_vm_writev(Thread& thread, i32 pid, u64 local, u64 local_count, u64 remote,
                              u64 remote_count, u64 flags);
Result<u64> process_madvise(Thread& thread, int descriptor, u64 vector, u64 count, int advice, u32 flags);
Result<u64> remap_file_pages(Thread& thread, u64 address, u64 length, u32 protection, u64 page, u32 flags);
Result<u64> mbind(Thread& thread, u64 address, u64 length, u64 mode, u64 mask, u64 bits);
Result<u64> set_mempolicy(Thread& thread, int mode, u64 mask, u64 bits);
Result<u64> get_mempolicy(Thread& thread, UserPtr<i32> mode, u64 mask, u64 bits, u64 address, u64 flags);

}  // namespace litebox::sys
