#include "arch/x86_64/registers.h"
#include "core/kernel.h"
#include "core/task/futex.h"
#include "core/task/lifecycle.h"
#include "core/task/pidfd.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"
#include "linux/exec.h"
#include "linux/rusage_abi.h"
#include "linux/signal_delivery.h"
#include "linux/task_calls.h"

namespace litebox {

namespace {

struct CloneRequest {
    u64 flags = 0;
    u64 stack_pointer = 0;  // 0: the parent's
    u64 tls = 0;
    u64 parent_tid = 0, child_tid = 0, pidfd = 0;
    int exit_signal = 0;
};

/// First code of a new thread: what the parent could not do for it.
void start_child(Thread* thread) {
    if (thread->start_with_tls) platform::set_fs_base(thread->start_tls);
    if (thread->set_child_tid != 0) (void)UserPtr<i32>(thread->set_child_tid).write(thread->tid);
    bool restart = false;
    leave_to_guest(platform::guest_frame(current_block()), nullptr, &restart);
}

void start_forked_child(Thread* thread) {
    thread->space->finish_fork();
    start_child(thread);
}

void set_child_registers(arch::RegisterFrame& child, const CloneRequest& request) {
    child.rax = 0;
    if (request.stack_pointer != 0) child.rsp = request.stack_pointer;
    child.full_restore = 1;
}

/// The child on its own host thread: in this space, or in a copy of it.
Result<void> start_own_thread(Thread& parent, Thread& child, const CloneRequest& request) {
    ThreadBlock* block = TRY(platform::create_thread_block(&child));
    auto give_block = [&](ThreadBlock* block) {
        LockGuard guard(child.process->signal_mutex);
        child.block = block;
    };
    give_block(block);
    auto& frame = platform::guest_frame(child.block);
    frame = platform::guest_frame(parent.block);
    set_child_registers(frame, request);
    child.tell_scheduling();
    Result<void> started;
    if ((request.flags & clone_vm) != 0) {
        child.space->host_threads.fetch_add(1);
        started = platform::start_thread(child.block, start_child);
        if (!started.ok()) child.space->host_threads.fetch_sub(1);
    } else {
        started = parent.space->fork(child, start_forked_child);
    }
    if (!started.ok()) {
        give_block(nullptr);
        platform::free_thread_block(block);
    }
    return started;
}

/// vfork: the child becomes current; the registers are the parent's until it changes them.
Result<void> start_borrowing(const Ref<Thread>& child, const CloneRequest& request) {
    TRY(lend_to_vfork_child(child));
    auto& frame = platform::guest_frame(child->block);
    frame.rax = 0;
    if (request.stack_pointer != 0) frame.rsp = request.stack_pointer;
    if (child->start_with_tls) platform::set_fs_base(child->start_tls);
    if (child->set_child_tid != 0) (void)UserPtr<i32>(child->set_child_tid).write(child->tid);
    return {};
}

Result<void> wait_for_vfork(Thread& parent) {
    for (;;) {
        u32 generation = wait_generation();
        if (parent.vfork_done.exchange(false)) return {};
        TRY(block(generation, platform::no_deadline, Interruptible::no));
    }
}

/// Descriptor for CLONE_PIDFD, or -1.
Result<int> add_pidfd(Thread& parent, Thread& child, const CloneRequest& request) {
    if ((request.flags & clone_pidfd) == 0) return -1;
    int descriptor = TRY(parent.files->add(TRY(open_pidfd(*child.process, 0)), true));
    auto written = UserPtr<i32>(request.pidfd).write(descriptor);
    if (written.ok()) return descriptor;
    (void)parent.files->close(descriptor);
    return written.error();
}

Result<u64> do_clone(Thread& parent, const CloneRequest& request) {
    bool borrow = (request.flags & (clone_vm | clone_vfork | clone_thread)) == (clone_vm | clone_vfork);
    if (parent.is_vfork_child && (request.flags & clone_thread) != 0) return Errno::eagain;
    Ref<Thread> child = TRY(create_task(request.flags, request.exit_signal));
    child->start_with_tls = (request.flags & clone_settls) != 0;
    child->start_tls = request.tls;
    if ((request.flags & clone_child_settid) != 0) child->set_child_tid = request.child_tid;
    if ((request.flags & clone_child_cleartid) != 0) child->clear_child_tid = request.child_tid;
    if ((request.flags & clone_parent_settid) != 0) (void)UserPtr<i32>(request.parent_tid).write(child->tid);
    child->work.fetch_or(parent.work.load() & work_notify);
    auto pidfd = add_pidfd(parent, *child, request);
    if (!pidfd.ok()) {
        abandon_task(*child);
        return pidfd.error();
    }
    i32 tid = child->tid;
    bool sleep = (request.flags & clone_vfork) != 0 && !borrow;
    if (sleep) {
        parent.ref();
        child->process->vfork_parent = &parent;
    }
    auto started = borrow ? start_borrowing(child, request) : start_own_thread(parent, *child, request);
    if (!started.ok()) {
        if (sleep) {
            child->process->vfork_parent = nullptr;
            parent.unref();
        }
        if (pidfd.value() >= 0) (void)parent.files->close(pidfd.value());
        abandon_task(*child);
        return started.error();
    }
    if (sleep) TRY(wait_for_vfork(parent));
    return static_cast<u64>(tid);
}

constexpr u64 exit_signal_mask = 0xff;

}  // namespace

namespace sys {

Result<u64> fork(Thread& thread) {
    CloneRequest request;
    request.exit_signal = sigchld;
    return do_clone(thread, request);
}

Result<u64> vfork(Thread& thread) {
    CloneRequest request;
    request.flags = clone_vm | clone_vfork;
    request.exit_signal = sigchld;
    return do_clone(thread, request);
}

Result<u64> clone(Thread& thread, u64 flags, u64 stack, u64 parent_tid, u64 child_tid, u64 tls) {
    CloneRequest request;
    request.flags = static_cast<u32>(flags) & ~exit_signal_mask;
    request.exit_signal = static_cast<int>(flags & exit_signal_mask);
    if (request.exit_signal > signal_max) return Errno::einval;
    request.stack_pointer = stack;
    request.parent_tid = request.pidfd = parent_tid;
    request.child_tid = child_tid;
    request.tls = tls;
    if ((flags & (clone_pidfd | clone_parent_settid)) == (clone_pidfd | clone_parent_settid))
        return Errno::einval;
    return do_clone(thread, request);
}

Result<u64> clone3(Thread& thread, u64 arguments, usize size) {
    struct Arguments {
        u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
            cgroup;
    };
    constexpr usize first_size = 64;
    if (size > page_size) return Errno::e2big;
    if (size < first_size) return Errno::einval;
    Arguments a{};
    TRY(copy_from_user(&a, arguments, min(size, sizeof(a))));
    for (usize i = sizeof(a); i < size; i++)
        if (TRY(UserPtr<const u8>(arguments + i).read()) != 0) return Errno::e2big;
    if ((a.flags & exit_signal_mask & ~u64{clone_newtime}) != 0 || (a.flags >> 34) != 0) return Errno::einval;
    if (a.exit_signal > signal_max || (a.flags & clone_detached) != 0) return Errno::einval;
    if ((a.flags & (clone_thread | clone_parent)) != 0 && a.exit_signal != 0) return Errno::einval;
    if ((a.stack == 0) != (a.stack_size == 0)) return Errno::einval;
    if (a.set_tid_size != 0) return a.set_tid_size > 32 || a.set_tid == 0 ? Errno::einval : Errno::eperm;
    if (a.set_tid != 0) return Errno::einval;
    if ((a.flags & clone_into_cgroup) != 0) return Errno::ebadf;
    CloneRequest request;
    request.flags = a.flags;
    request.exit_signal = static_cast<int>(a.exit_signal);
    request.stack_pointer = a.stack + a.stack_size;
    request.tls = a.tls;
    request.parent_tid = a.parent_tid;
    request.child_tid = a.child_tid;
    request.pidfd = a.pidfd;
    return do_clone(thread, request);
}

}  // namespace sys

namespace {

constexpr usize longest_path = 4096, longest_string = u64{128} << 10;
constexpr u64 most_strings = 0x7fffffff / 8;

template <typename Add>
Result<void> read_strings(u64 vector, Add&& add) {
    if (vector == 0) return {};
    for (u64 i = 0;; i++) {
        if (i > most_strings) return Errno::e2big;
        u64 address = TRY(UserPtr<const u64>(vector + i * sizeof(u64)).read());
        if (address == 0) return {};
        auto text = copy_string_from_user(address, longest_string);
        if (!text.ok()) return text.error() == Errno::enametoolong ? Errno::e2big : text.error();
        TRY(add(text.value().view()));
    }
}

Result<u64> do_execve(Thread& thread, int directory, UserText path, u64 arguments, u64 environment,
                      u32 flags) {
    constexpr u64 most_bytes = u64{6} << 20;
    String name = TRY(copy_string_from_user(path.address(), longest_path));
    bool empty_path = (flags & 0x1000) != 0;  // AT_EMPTY_PATH
    if (name.empty() && !empty_path) return Errno::enoent;
    ExecStrings strings;
    auto limited = [&](auto add) {
        return [&strings, add](string_view text) -> Result<void> {
            if (strings.bytes.size() + text.size() > most_bytes) return Errno::e2big;
            return (strings.*add)(text);
        };
    };
    TRY(read_strings(arguments, limited(&ExecStrings::add_argument)));
    TRY(read_strings(environment, limited(&ExecStrings::add_environment)));
    u32 open_flags = (flags & 0x100) != 0 ? u32{open_no_follow} : 0;  // AT_SYMLINK_NOFOLLOW
    TRY(execute(thread, directory, name.view(), open_flags, std::move(strings)));
    return u64{0};
}

}  // namespace

namespace sys {

Result<u64> execve(Thread& thread, UserText path, u64 arguments, u64 environment) {
    return do_execve(thread, at_working_directory, path, arguments, environment, 0);
}

Result<u64> execveat(Thread& thread, int directory, UserText path, u64 arguments, u64 environment,
                     int flags) {
    if ((flags & ~0x1100) != 0) return Errno::einval;
    return do_execve(thread, directory, path, arguments, environment, static_cast<u32>(flags));
}

Result<u64> exit(Thread&, int status) {
    exit_current_thread((status & 0xff) << 8);
    return u64{0};
}

Result<u64> exit_group(Thread& thread, int status) {
    exit_current_group((status & 0xff) << 8);
    exit_current_thread(thread.process->group_exit_status);
    return u64{0};
}

Result<u64> wait4(Thread& thread, i32 pid, UserPtr<i32> status, int options, u64 usage) {
    constexpr int allowed =
        wait_no_hang | wait_stopped | wait_continued | wait_no_thread | wait_all | wait_clone;
    if ((options & ~allowed) != 0) return Errno::einval;
    if (pid == static_cast<i32>(0x80000000)) return Errno::esrch;
    WaitTarget target;
    if (pid > 0) target = {WaitTarget::Kind::process, pid};
    if (pid == 0) target = {WaitTarget::Kind::group, thread.process->group_id};
    if (pid < -1) target = {WaitTarget::Kind::group, -pid};
    WaitReport report = TRY(wait_for_child(target, options | wait_exited));
    if (report.pid == 0) return u64{0};
    if (status) TRY(status.write(report.wait_status));
    if (usage != 0) TRY(UserPtr<litebox::AbiRusage>(usage).write(to_abi(report.usage)));
    return static_cast<u64>(report.pid);
}

Result<u64> waitid(Thread& thread, int kind, i32 id, UserPtr<AbiSiginfo> info, int options, u64 usage) {
    constexpr int events = wait_exited | wait_stopped | wait_continued;
    constexpr int allowed = events | wait_no_hang | wait_no_reap | wait_no_thread | wait_all | wait_clone;
    if ((options & ~allowed) != 0 || (options & events) == 0) return Errno::einval;
    bool would_block = false;  // a non-blocking pidfd
    WaitTarget target;
    switch (kind) {
        case 0:
            break;  // P_ALL
        case 1:     // P_PID
            if (id <= 0) return Errno::einval;
            target = {WaitTarget::Kind::process, id};
            break;
        case 2:  // P_PGID
            if (id < 0) return Errno::einval;
            target = {WaitTarget::Kind::group, id == 0 ? thread.process->group_id : id};
            break;
        case 3: {  // P_PIDFD
            if (id < 0) return Errno::einval;
            auto file = TRY(thread.files->get(id));
            target = {WaitTarget::Kind::process, TRY(pidfd_process(*file))->pid};
            would_block = file->non_blocking() && (options & wait_no_hang) == 0;
            if (would_block) options |= wait_no_hang;
            break;
        }
        default:
            return Errno::einval;
    }
    WaitReport report = TRY(wait_for_child(target, options));
    if (report.pid == 0 && would_block) return Errno::eagain;
    if (info) {
        SignalInfo details;
        details.signal = report.pid != 0 ? int{sigchld} : 0;
        details.code = report.code;
        details.pid = report.pid;
        details.uid = report.uid;
        details.status = report.status;
        TRY(info.write(to_abi(details)));
    }
    if (usage != 0 && report.pid != 0) TRY(UserPtr<litebox::AbiRusage>(usage).write(to_abi(report.usage)));
    return u64{0};
}

Result<u64> set_tid_address(Thread& thread, u64 address) {
    thread.clear_child_tid = address;
    return static_cast<u64>(thread.tid);
}

Result<u64> pidfd_open(Thread& thread, i32 pid, u32 flags) {
    if ((flags & ~u32{open_non_blocking}) != 0 || pid <= 0) return Errno::einval;
    auto process = tasks().find_process(pid);
    if (!process) return tasks().find_thread(pid) ? Errno::einval : Errno::esrch;
    return static_cast<u64>(TRY(thread.files->add(TRY(open_pidfd(*process, flags)), true)));
}

namespace {

/// A pidfd, or /proc/PID held open.
Result<Ref<Process>> signalled_process(File& file) {
    auto process = pidfd_process(file);
    if (process.ok()) return process;
    Ref<Inode> inode = file.inode();
    Process* named = inode ? inode->as_process() : nullptr;
    if (named == nullptr) return process;
    return Ref<Process>(named);
}

}  // namespace

Result<u64> pidfd_send_signal(Thread& thread, int descriptor, int signal, UserPtr<AbiSiginfo> info,
                              u32 flags) {
    if (flags != 0) return Errno::einval;
    auto file = TRY(thread.files->get(descriptor));
    auto process = TRY(signalled_process(*file));
    if (signal < 0 || signal > signal_max) return Errno::einval;
    SignalInfo details;
    details.code = code_user;
    details.pid = thread.process->pid;
    details.uid = thread.credentials->uid;
    if (info) {
        details = from_abi(TRY(info.read()));
        if (details.signal != signal) return Errno::einval;
        bool forged = details.code >= 0 || details.code == code_tkill;
        if (forged && process.get() != thread.process) return Errno::eperm;
    }
    details.signal = signal;
    if (process->zombie) return Errno::esrch;
    if (!may_signal(thread, *process, signal)) return Errno::eperm;
    if (signal != 0) TRY(send_signal(*process, details));
    return u64{0};
}

Result<u64> pidfd_getfd(Thread& thread, int pidfd, int descriptor, u32 flags) {
    if (flags != 0) return Errno::einval;
    auto process = TRY(pidfd_process(*TRY(thread.files->get(pidfd))));
    if (process->zombie) return Errno::esrch;
    if (!may_signal(thread, *process, sigkill)) return Errno::eperm;
    Ref<DescriptorTable> files;
    {
        LockGuard guard(process->signal_mutex);
        if (Thread* first = process->threads.first()) files = first->files;
    }
    if (!files) return Errno::esrch;
    return static_cast<u64>(TRY(thread.files->add(TRY(files->get(descriptor)), true)));
}

Result<u64> kcmp(Thread& thread, i32 first, i32 second, int type, u64 a, u64 b) {
    auto one = tasks().find_thread(first), two = tasks().find_thread(second);
    if (!one || !two) return Errno::esrch;
    if (!may_signal(thread, *one->process, sigkill) || !may_signal(thread, *two->process, sigkill))
        return Errno::eperm;
    auto compare = [](const void* x, const void* y) { return u64{x == y ? 0u : (x < y ? 1u : 2u)}; };
    switch (type) {
        case 0:
            return compare(TRY(one->files->get(static_cast<int>(a))).get(),
                           TRY(two->files->get(static_cast<int>(b))).get());
        case 1:
            return compare(one->space.get(), two->space.get());
        case 2:
            return compare(one->files.get(), two->files.get());
        case 3:
            return compare(one->directory.get(), two->directory.get());
        case 4:
            return compare(one->actions.get(), two->actions.get());
        case 5:
        case 6:
            return compare(one->process, two->process);
        default:
            return Errno::einval;
    }
}

Result<u64> ptrace(Thread&, i64, i32, u64, u64) {
    return Errno::eperm;
}

Result<u64> unshare(Thread& thread, u64 flags) {
    constexpr u64 ours = clone_fs | clone_files | clone_vm | clone_sighand | clone_thread | clone_sysvsem;
    constexpr u64 namespaces = clone_newns | clone_newcgroup | clone_newuts | clone_newipc | clone_newuser |
                               clone_newpid | clone_newnet | clone_newtime;
    if ((flags & ~(ours | namespaces)) != 0) return Errno::einval;
    if ((flags & namespaces) != 0) return Errno::eperm;
    if ((flags & (clone_vm | clone_sighand | clone_thread)) != 0 && thread.process->live_threads > 1)
        return Errno::einval;
    if ((flags & clone_fs) != 0) replace_shared(thread, &Thread::directory, TRY(thread.directory->copy()));
    if ((flags & clone_files) != 0) replace_shared(thread, &Thread::files, TRY(thread.files->copy()));
    return u64{0};
}

Result<u64> setns(Thread& thread, int descriptor, int) {
    TRY(thread.files->get(descriptor));
    return Errno::eperm;
}

Result<u64> reboot(Thread&, u32, u32, u32, u64) {
    return Errno::eperm;
}

}  // namespace sys

}  // namespace litebox
