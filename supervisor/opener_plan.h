// What the child that becomes the opener is told by the supervisor, in memory that both share until it starts
// the image, and what it tells back when it fails. Once filled in, nothing has to be computed in the child:
// it makes system calls only (see opener_child.cpp for why).
#pragma once

#include <cstddef>
#include <cstdint>

namespace litebox::supervisor {

/// Where it failed.
enum class OpenerStep : uint32_t {
    none,
    dropping_root,
    namespaces,
    identity_maps,
    granting,  // `item` says which grant
    root,
    placing,
    covering,  // `item` says which place
    changing_root,
    capabilities,
    image,
};

struct PlannedGrant {
    const char* host;   // what is granted; null: nothing to mount
    const char* place;  // where in the root that is made
    bool directory, read_only;
    int32_t tree;  // the child's: its detached mount
};

struct OpenerPlan {
    // From the start.
    int32_t supervisor, child;  // process numbers
    bool is_root;  // the invoker; then `identity` is the run's unprivileged one, else the invoker's
    uint32_t user, group;
    int32_t supervisor_end, child_end;  // of the socket between the two

    // Before the supervisor's first message.
    uint64_t tasks;
    PlannedGrant* grants;
    size_t grant_count;
    const char** covered;  // what is shown as an empty directory
    size_t covered_count;

    // From the child, before it ends.
    OpenerStep failed;
    int32_t error;
    uint32_t item;
};

/// Of the memory that both share: the plan, then what it points to.
inline constexpr size_t opener_plan_room = size_t{8} << 20;

/// Where the grants are mounted until they become the root.
inline constexpr char root_under_construction[] = "/tmp";

/// An id that owns nothing, of the run whose supervisor is `process`: no sandbox that runs at the same time
/// has the same one, as process numbers are below 2^22.
constexpr uint32_t unprivileged_identity(uint32_t process) {
    return 1'000'000'000 + process;
}

/// The child's messages.
inline constexpr char namespaces_made = 'u';
/// The supervisor's: the plan is there and the identity maps are written; or they could not be.
inline constexpr char go_on = 'm', give_up = 'x';

/// The child of this process, made now unless it was made already. Null where the host refuses.
OpenerPlan* take_opener_child();
/// Only the one that was made already; null if there is none, or it was taken.
OpenerPlan* take_early_child();

}  // namespace litebox::supervisor
