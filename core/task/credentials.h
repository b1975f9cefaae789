// Who a task is. Immutable and shared; a change makes a new one.
#pragma once

#include "core/base/ref.h"
#include "core/base/vector.h"

namespace litebox {

struct Credentials : RefCounted<Credentials> {
    u32 uid = 0, euid = 0, suid = 0, fsuid = 0;
    u32 gid = 0, egid = 0, sgid = 0, fsgid = 0;
    Vector<u32> groups;
    u64 permitted = 0, effective = 0, inheritable = 0, bounding = 0, ambient = 0;
    u32 securebits = 0;
    bool no_new_privileges = false;

    [[nodiscard]] bool capable(int capability) const { return (effective >> capability & 1) != 0; }
    [[nodiscard]] bool in_group(u32 gid) const;  // fsgid or a supplementary group
    Result<Ref<Credentials>> copy() const;
};

inline constexpr int cap_chown = 0, cap_dac_override = 1, cap_dac_read_search = 2, cap_fowner = 3,
                     cap_fsetid = 4, cap_kill = 5, cap_setgid = 6, cap_setuid = 7, cap_setpcap = 8,
                     cap_net_bind_service = 10, cap_net_admin = 12, cap_net_raw = 13, cap_ipc_lock = 14,
                     cap_sys_chroot = 18, cap_sys_ptrace = 19, cap_sys_admin = 21, cap_sys_nice = 23,
                     cap_sys_resource = 24, cap_sys_time = 25, cap_mknod = 27, cap_lease = 28;
inline constexpr u64 all_capabilities = (u64{1} << 41) - 1;

}  // namespace litebox
