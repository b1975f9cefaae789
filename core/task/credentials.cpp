#include "core/task/credentials.h"

namespace litebox {

bool Credentials::in_group(u32 wanted) const {
    if (fsgid == wanted) return true;
    for (u32 group : groups)
        if (group == wanted) return true;
    return false;
}

Result<Ref<Credentials>> Credentials::copy() const {
    auto copy = TRY(make_ref<Credentials>());
    copy->uid = uid, copy->euid = euid, copy->suid = suid, copy->fsuid = fsuid;
    copy->gid = gid, copy->egid = egid, copy->sgid = sgid, copy->fsgid = fsgid;
    for (u32 group : groups) TRY(copy->groups.push(group));
    copy->permitted = permitted, copy->effective = effective, copy->inheritable = inheritable;
    copy->bounding = bounding, copy->ambient = ambient;
    copy->securebits = securebits;
    copy->no_new_privileges = no_new_privileges;
    return copy;
}

}  // namespace litebox
