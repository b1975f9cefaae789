#include "core/file/events/file_signals.h"

#include "core/file/file_systems.h"
#include "core/kernel.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"

namespace litebox {

namespace {

/// si_code of SIGIO, and what goes with it as si_band.
enum Reason : int {
    reason_in = 1,
    reason_out,
    reason_message,
    reason_error,
    reason_priority,
    reason_hang_up
};

int reason_of(u32 events) {
    if (events == ~0u) return reason_hang_up;
    if ((events & poll_priority) != 0) return reason_priority;
    if ((events & poll_in) != 0) return reason_in;
    if ((events & poll_out) != 0) return reason_out;
    if ((events & poll_hang_up) != 0) return reason_hang_up;
    return (events & poll_error) != 0 ? reason_error : 0;
}

int band_of(int reason) {
    switch (reason) {
        case reason_in:
            return poll_in | poll_read_normal;
        case reason_out:
            return poll_out | poll_write_normal | poll_write_band;
        case reason_priority:
            return poll_priority | poll_read_band;
        case reason_hang_up:
            return poll_hang_up | poll_error;
        default:
            return poll_error;
    }
}

/// As kill(2) would be judged, had the owner's setter called it.
bool permitted(const SignalOwner& owner, Thread& target) {
    const Credentials& to = *target.credentials;
    return owner.euid == 0 || owner.euid == to.suid || owner.euid == to.uid || owner.uid == to.suid ||
           owner.uid == to.uid;
}

void send_to_process(const SignalOwner& owner, Process& process, const SignalInfo& info) {
    {
        LockGuard guard(process.signal_mutex);
        Thread* first = process.threads.first();
        if (first == nullptr || !permitted(owner, *first)) return;
    }
    (void)send_signal(process, info);
}

void send_to_owner(const SignalOwner& owner, const SignalInfo& info) {
    if (owner.kind == SignalOwner::Kind::thread) {
        Ref<Thread> thread = tasks().find_thread(owner.id);
        if (!thread) return;
        {
            LockGuard guard(thread->process->signal_mutex);
            if (!permitted(owner, *thread)) return;
        }
        (void)send_signal(*thread, info);
        return;
    }
    if (owner.kind == SignalOwner::Kind::process) {
        if (Ref<Process> process = tasks().find_process(owner.id)) send_to_process(owner, *process, info);
        return;
    }
    Vector<Ref<Process>> members;
    {
        LockGuard guard(tasks().mutex);
        for (Process& process : tasks().processes)
            if (process.group_id == owner.id) (void)members.push(Ref<Process>(&process));
    }
    for (Ref<Process>& process : members) send_to_process(owner, *process, info);
}

}  // namespace

SignalOwner FileSignals::owner() {
    LockGuard guard(mutex_);
    return owner_;
}

Result<void> FileSignals::set_owner(const SignalOwner& owner) {
    LockGuard one(settings_mutex_);
    {
        LockGuard guard(mutex_);
        owner_ = owner;
    }
    return hook_or_unhook();
}

int FileSignals::signal() {
    LockGuard guard(mutex_);
    return signal_;
}

void FileSignals::set_signal(int signal) {
    LockGuard guard(mutex_);
    signal_ = signal;
}

Result<void> FileSignals::set_async(bool on, int descriptor) {
    LockGuard one(settings_mutex_);
    {
        LockGuard guard(mutex_);
        async_ = on;
        descriptor_ = descriptor;
    }
    return hook_or_unhook();
}

// SIGURG needs an owner only, SIGIO O_ASYNC too.
Result<void> FileSignals::hook_or_unhook() {
    bool wanted;
    {
        LockGuard guard(mutex_);
        wanted = async_ || (owner_.id != 0 && file_.as_socket() != nullptr);
    }
    if (!wanted) unhook();
    if (!wanted || !hooks_.empty()) return {};
    failed_ = false;
    file_.poll(this);
    if (!failed_) return {};
    unhook();
    return Errno::enomem;
}

void FileSignals::add(WaitQueue& queue) {
    auto hook = make_own<Hook>(*this);
    if (!hook.ok() || !hooks_.reserve(hooks_.size() + 1).ok()) {
        failed_ = true;
        return;
    }
    hook.value()->queue = &queue;
    queue.add(*hook.value());
    (void)hooks_.push(std::move(hook).value());
}

void FileSignals::unhook() {
    for (auto& hook : hooks_) hook->queue->remove(*hook);
    hooks_.clear();
}

bool FileSignals::Hook::notify(u32 events) {
    signals.tell(events);
    return false;
}

void FileSignals::tell(u32 events) {
    PendingFileSignals::Record record{};
    bool async;
    {
        LockGuard guard(mutex_);
        record = {owner_, signal_, reason_of(events), descriptor_};
        async = async_;
    }
    if (record.owner.id == 0 || record.reason == 0) return;
    PendingFileSignals& pending = kernel().files->pending_signals;
    if (record.reason == reason_priority && file_.as_socket() != nullptr)
        pending.add({record.owner, sigurg, 0, -1});
    if (async) pending.add(record);
    if (Thread* waker = current_thread()) waker->work.fetch_or(work_file_signal, std::memory_order_relaxed);
}

void PendingFileSignals::add(const Record& record) {
    LockGuard guard(mutex_);
    for (usize i = 0; i < count_; i++)
        if (records_[i] == record) return;
    if (count_ < room) records_[count_++] = record;
}

void PendingFileSignals::send() {
    for (;;) {
        Record next;
        {
            LockGuard guard(mutex_);
            if (count_ == 0) return;
            next = records_[0];
            count_--;
            for (usize i = 0; i < count_; i++) records_[i] = records_[i + 1];
        }
        SignalInfo info;
        info.code = code_kernel;
        info.signal = next.reason == 0 ? next.signal : sigio;
        if (next.reason != 0 && next.signal != 0) {
            info.signal = next.signal;
            info.code = next.reason;
            info.band = band_of(next.reason);
            info.descriptor = next.descriptor;
        }
        send_to_owner(next.owner, info);
    }
}

bool sends_signals(File& file) {
    return file.as_pipe() != nullptr || file.as_socket() != nullptr || file.as_terminal() != nullptr;
}

Result<FileSignals*> signals_of(File& file) {
    FileSignals* there = file.signals.load(std::memory_order_acquire);
    if (there != nullptr) return there;
    Own<FileSignals> made = TRY(make_own<FileSignals>(file));
    if (file.signals.compare_exchange_strong(there, made.get(), std::memory_order_acq_rel))
        return made.release();
    return there;
}

void send_file_signals() {
    if (Thread* thread = current_thread()) thread->work.fetch_and(~u32{work_file_signal});
    kernel().files->pending_signals.send();
}

void end_file_signals(File& file) {
    if (FileSignals* signals = file.signals.exchange(nullptr)) HeapDelete<FileSignals>{}(signals);
}

}  // namespace litebox
