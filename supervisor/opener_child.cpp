// The child that becomes the opener: identity, namespaces, the grants as its root, the image.
//
// It is made before the C library of this program has started (entry.S), so that the kernel makes namespaces
// while the supervisor reads its command line. So nothing here may use that library: no errno, no heap, no
// memcpy. System calls and plain memory only.

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <type_traits>

#include "platform/process/boot/raw.h"
#include "supervisor/handover.h"
#include "supervisor/limits.h"
#include "supervisor/opener_plan.h"

namespace litebox::supervisor {

namespace {

template <typename T>
u64 word(T value) {
    if constexpr (std::is_pointer_v<T>)
        return reinterpret_cast<u64>(value);
    else
        return static_cast<u64>(value);
}

template <typename... Arguments>
i64 call(i64 number, Arguments... arguments) {
    return process::raw::call(number, word(arguments)...);
}
bool bad(i64 result) {
    return result < 0 && result > -4096;
}

[[noreturn]] void leave(int status) {
    for (;;) call(SYS_exit_group, status);
}

[[noreturn]] void fail(OpenerPlan& plan, OpenerStep step, i64 result, size_t item = 0) {
    plan.error = static_cast<int32_t>(-result);
    plan.item = static_cast<uint32_t>(item);
    plan.failed = step;
    leave(125);
}

/// The supervisor's death ends this one too. To be asked for again after each change of identity.
void tie_to(int32_t supervisor) {
    call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (call(SYS_getppid) != supervisor) leave(125);
}

bool write_file(const char* path, const char* text, size_t length) {
    i64 file = call(SYS_open, path, O_WRONLY | O_CLOEXEC, 0);
    if (bad(file)) return false;
    bool good = call(SYS_write, file, text, length) == static_cast<i64>(length);
    call(SYS_close, file);
    return good;
}

void start_anew(const OpenerPlan& plan) {
    call(SYS_close, plan.supervisor_end);
    u64 none = 0;
    call(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
    // Granted files are written under the invoker's own limit of file sizes; too much is EFBIG, no signal.
    struct {
        u64 handler, flags, restorer, mask;
    } ignore{word(SIG_IGN), 0, 0, 0};
    call(SYS_rt_sigaction, SIGXFSZ, &ignore, 0, sizeof(ignore.mask));
    // A session of its own: signals of the invoker's terminal and process group are the supervisor's alone.
    call(SYS_setsid);
    tie_to(plan.supervisor);
    // The sandbox's processes are the first to go when memory runs out.
    write_file("/proc/self/oom_score_adj", "1000", 4);
}

void enter_namespaces(OpenerPlan& plan) {
    if (plan.is_root) {
        i64 done = call(SYS_setgroups, 0, 0);
        if (!bad(done)) done = call(SYS_setresgid, plan.group, plan.group, plan.group);
        if (!bad(done)) done = call(SYS_setresuid, plan.user, plan.user, plan.user);
        if (!bad(done)) done = call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
        if (bad(done)) fail(plan, OpenerStep::dropping_root, done);
        tie_to(plan.supervisor);
    }
    constexpr int kinds =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID;
    if (i64 done = call(SYS_unshare, kinds); bad(done)) fail(plan, OpenerStep::namespaces, done);
}

/// "1000 1000 1": this id and no other.
bool map_to_itself(const char* path, uint32_t id) {
    char text[32];
    size_t digits = 1, length = 0;
    for (uint32_t rest = id; rest >= 10; rest /= 10) digits++;
    for (int twice = 0; twice < 2; twice++) {
        uint32_t rest = id;
        for (size_t i = digits; i-- > 0; rest /= 10) text[length + i] = static_cast<char>('0' + rest % 10);
        length += digits;
        text[length++] = ' ';
    }
    text[length++] = '1';
    return write_file(path, text, length);
}

/// Root's maps are written by the supervisor, as only it may; then the plan is there too.
void wait_for_plan(OpenerPlan& plan) {
    char byte = namespaces_made;
    if (!plan.is_root) {
        write_file("/proc/self/setgroups", "deny", 4);
        if (!map_to_itself("/proc/self/uid_map", plan.user) ||
            !map_to_itself("/proc/self/gid_map", plan.group))
            fail(plan, OpenerStep::identity_maps, -EPERM);
    }
    if (call(SYS_write, plan.child_end, &byte, 1) != 1 || call(SYS_read, plan.child_end, &byte, 1) != 1)
        leave(125);
    if (byte != go_on) fail(plan, OpenerStep::identity_maps, -EPERM);
}

/// A detached mount of what is granted.
i64 take_grant(const PlannedGrant& grant) {
    // What the supervisor saw was no link: the sandbox has been told of those.
    constexpr unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW;
    i64 tree = call(SYS_open_tree, AT_FDCWD, grant.host, flags);
    if (bad(tree)) return tree;
    // What the host mounts beneath it later stays outside.
    mount_attr attributes = {MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, MS_PRIVATE, 0};
    if (grant.read_only) attributes.attr_set |= MOUNT_ATTR_RDONLY;
    i64 done =
        call(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof(attributes));
    return bad(done) ? done : tree;
}

i64 place_grant(const PlannedGrant& grant) {
    i64 made = grant.directory ? call(SYS_mkdir, grant.place, 0755)
                               : call(SYS_mknod, grant.place, S_IFREG | 0444, 0);
    if (!bad(made))
        made = call(SYS_move_mount, grant.tree, "", AT_FDCWD, grant.place, MOVE_MOUNT_F_EMPTY_PATH);
    call(SYS_close, grant.tree);
    return made;
}

constexpr unsigned inert = MS_NOSUID | MS_NODEV | MS_NOEXEC;

/// A root of nothing but the grants, by number. In the mount namespace of a new user namespace nothing that
/// is done here reaches the host's mounts.
void build_root(OpenerPlan& plan) {
    // All are taken before the first is placed: one of them may lie where the root is made.
    for (size_t i = 0; i < plan.grant_count; i++) {
        if (plan.grants[i].host == nullptr) continue;
        i64 tree = take_grant(plan.grants[i]);
        if (bad(tree)) fail(plan, OpenerStep::granting, tree, i);
        plan.grants[i].tree = static_cast<int32_t>(tree);
    }
    i64 done = call(SYS_mount, "litebox", root_under_construction, "tmpfs", inert, "mode=0755,size=1m");
    if (bad(done)) fail(plan, OpenerStep::root, done);
    for (size_t i = 0; i < plan.grant_count; i++) {
        if (plan.grants[i].host == nullptr) continue;
        done = place_grant(plan.grants[i]);
        if (bad(done)) fail(plan, OpenerStep::placing, done, i);
    }
    for (size_t i = 0; i < plan.covered_count; i++) {
        done = call(SYS_mount, "litebox", plan.covered[i], "tmpfs", inert | MS_RDONLY, "mode=0555,size=4k");
        if (bad(done)) fail(plan, OpenerStep::covering, done, i);
    }
    done = call(SYS_chdir, root_under_construction);
    if (!bad(done)) done = call(SYS_pivot_root, ".", ".");
    if (!bad(done)) done = call(SYS_umount2, ".", MNT_DETACH);
    if (!bad(done)) done = call(SYS_chdir, "/");
    if (!bad(done)) done = call(SYS_mount, 0, "/", 0, MS_REMOUNT | MS_BIND | MS_RDONLY | inert, 0);
    if (bad(done)) fail(plan, OpenerStep::changing_root, done);
}

/// The openers become whom they look at files as; they need that and nothing else.
void keep_identity_capabilities(OpenerPlan& plan) {
    constexpr u32 set_gid = 6, set_uid = 7, both = 1u << set_gid | 1u << set_uid;
    struct {
        u32 version;
        i32 pid;
    } header{0x20080522, 0};
    struct {
        u32 effective, permitted, inheritable;
    } words[2] = {{both, both, both}, {0, 0, 0}};
    i64 done = call(SYS_capset, &header, words);
    for (u32 capability : {set_gid, set_uid})
        if (!bad(done)) done = call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
    if (bad(done)) fail(plan, OpenerStep::capabilities, done);
}

/// Inside its user namespace: no core files, no more processes and threads than agreed, enough descriptors
/// for the windows.
void limit_self(const OpenerPlan& plan) {
    u64 none[2] = {0, 0}, tasks[2] = {plan.tasks, plan.tasks}, files[2];
    call(SYS_prlimit64, 0, RLIMIT_CORE, none, 0);
    // Counted in the sandbox's own user namespace, and beyond it against the invoker's.
    call(SYS_prlimit64, 0, RLIMIT_NPROC, tasks, 0);
    if (bad(call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, files))) return;
    files[0] = needed_descriptors < files[1] ? needed_descriptors : files[1];
    call(SYS_prlimit64, 0, RLIMIT_NOFILE, files, 0);
}

/// Puts the descriptors where the image expects them and closes all others: what the invoker left open would
/// lie in the guest's windows.
i64 arrange_descriptors(const OpenerPlan& plan) {
    Handover handover;
    i64 got = call(SYS_recvmsg, plan.child_end, handover.message(), MSG_CMSG_CLOEXEC);
    if (got != 1 || !handover.complete()) leave(125);
    // High copies first, so that no target is overwritten before it was a source.
    constexpr int above_all = 64;
    int from[handed_over + 1];
    for (size_t i = 0; i <= handed_over; i++) {
        i64 copy = call(SYS_fcntl, i == handed_over ? plan.child_end : handover.descriptors()[i],
                        F_DUPFD_CLOEXEC, above_all);
        if (bad(copy)) return copy;
        from[i] = static_cast<int>(copy);
    }
    for (size_t i = 0; i <= handed_over; i++) {
        int to = i == handed_over ? child_end_at : handover_places[i];
        i64 done = call(SYS_dup3, from[i], to, to >= image_at ? O_CLOEXEC : 0);
        if (bad(done)) return done;
    }
    i64 done = call(SYS_close_range, 0, process::arena_descriptor - 1, 0);
    if (!bad(done)) done = call(SYS_close_range, process::text_descriptor + 1, image_at - 1, 0);
    if (!bad(done)) done = call(SYS_close_range, child_end_at + 1, ~0u, 0);
    return done;
}

[[noreturn]] void run_opener_child(OpenerPlan& plan) {
    start_anew(plan);
    enter_namespaces(plan);
    wait_for_plan(plan);
    build_root(plan);
    if (plan.is_root) keep_identity_capabilities(plan);
    tie_to(plan.supervisor);
    limit_self(plan);
    i64 done = call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!bad(done)) done = arrange_descriptors(plan);
    const char* const nothing[] = {nullptr};
    if (!bad(done)) done = call(SYS_execveat, image_at, "", nothing, nothing, AT_EMPTY_PATH);
    fail(plan, OpenerStep::image, done);
}

/// Null where it cannot be made.
OpenerPlan* make_opener_child() {
    i64 memory = call(SYS_mmap, 0, opener_plan_room, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bad(memory)) return nullptr;
    auto* plan = reinterpret_cast<OpenerPlan*>(memory);
    int ends[2];
    if (bad(call(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))) return nullptr;
    plan->supervisor_end = ends[0];
    plan->child_end = ends[1];
    plan->supervisor = static_cast<int32_t>(call(SYS_getpid));
    plan->user = static_cast<uint32_t>(call(SYS_geteuid));
    plan->group = static_cast<uint32_t>(call(SYS_getegid));
    plan->is_root = plan->user == 0;
    if (plan->is_root)
        plan->user = plan->group = unprivileged_identity(static_cast<uint32_t>(plan->supervisor));
    i64 child = call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) run_opener_child(*plan);
    call(SYS_close, ends[1]);
    plan->child = static_cast<int32_t>(child);
    return bad(child) ? nullptr : plan;
}

bool same(const char* a, const char* b) {
    while (*a != 0 && *a == *b) a++, b++;
    return *a == *b;
}

/// Made before the C library started, and not taken yet.
OpenerPlan* early_child = nullptr;

}  // namespace

OpenerPlan* take_opener_child() {
    OpenerPlan* taken = early_child;
    early_child = nullptr;
    return taken != nullptr ? taken : make_opener_child();
}

OpenerPlan* take_early_child() {
    OpenerPlan* taken = early_child;
    early_child = nullptr;
    return taken;
}

/// Of entry.S, with what the kernel put on the stack: the number of words, then the words.
extern "C" void litebox_start_early(const u64* stack) {
    if (stack[0] < 3) return;
    const char* name = reinterpret_cast<const char*>(stack[2]);
    if (!same(name, "run") && !same(name, "profile")) return;
    // Streams that are not there: our own files would take their numbers. The supervisor opens them first.
    for (int stream = 0; stream < 3; stream++)
        if (bad(call(SYS_fcntl, stream, F_GETFD))) return;
    early_child = make_opener_child();
}

}  // namespace litebox::supervisor
