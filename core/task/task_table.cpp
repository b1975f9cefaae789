#include "core/task/task_table.h"

#include "core/kernel.h"

namespace litebox {

TaskTable& tasks() {
    return *kernel().tasks;
}

Result<TaskTable*> TaskTable::create(u32 task_limit) {
    auto table = TRY(make_own<TaskTable>());
    table->task_limit = task_limit;
    auto init = TRY(make_ref<Process>());
    init->pid = 1;
    init->group_id = 1;
    init->session = TRY(make_ref<Session>());
    init->session->id = 1;
    init->actions = TRY(make_ref<SignalActions>());
    init->executable_path = TRY(String::from("init"sv));
    table->init = init.leak();
    table->processes.push_back(table->init);
    table->last_id_ = 1;
    return table.release();
}

Process* TaskTable::process(i32 pid) {
    if (pid == 1) return init;
    Thread* found = thread(pid);
    if (found != nullptr) return found->process->pid == pid ? found->process : nullptr;
    // The leader may have ended before the other threads, or be a zombie.
    for (Process& candidate : processes)
        if (candidate.pid == pid) return &candidate;
    return nullptr;
}

Thread* TaskTable::thread(i32 tid) {
    if (tid <= 0) return nullptr;
    for (Thread& candidate : buckets_[static_cast<u32>(tid) % bucket_count])
        if (candidate.tid == tid) return &candidate;
    return nullptr;
}

bool TaskTable::group_exists(i32 group, const Session* session) {
    for (Process& candidate : processes)
        if (candidate.group_id == group && (session == nullptr || candidate.session.get() == session))
            return true;
    return false;
}

bool TaskTable::group_orphaned(i32 group) {
    for (Process& member : processes) {
        if (member.group_id != group || member.zombie || member.parent == nullptr) continue;
        // The program that was asked for has the invoker for its job control.
        if (member.pid == kernel().first_pid && member.parent == init) return false;
        if (member.parent->group_id != group && member.parent->session == member.session) return false;
    }
    return true;
}

Result<i32> TaskTable::allocate_id() {
    for (i32 tried = 0; tried < id_limit; tried++) {
        last_id_ = last_id_ + 1 >= id_limit ? 300 : last_id_ + 1;
        i32 id = last_id_;
        if (id > 1 && process(id) == nullptr && thread(id) == nullptr && !group_exists(id)) return id;
    }
    return Errno::eagain;
}

Result<void> TaskTable::add(Thread& thread, Process& process, bool new_process) {
    if (task_count >= task_limit) return Errno::eagain;
    thread.tid = TRY(allocate_id());
    thread.ref();
    buckets_[static_cast<u32>(thread.tid) % bucket_count].push_back(&thread);
    task_count++;
    if (new_process) {
        process.pid = thread.tid;
        process.ref();
        processes.push_back(&process);
        forks++;
    }
    return {};
}

void TaskTable::remove_thread(Thread& thread) {
    if (!thread.table_node.linked()) return;
    thread.table_node.unlink();
    task_count--;
    thread.unref();
}

void TaskTable::remove_process(Process& process) {
    process.table_node.unlink();
    if (process.sibling_node.linked()) process.sibling_node.unlink();
    process.unref();
}

void TaskTable::renumber(Thread& thread, i32 tid) {
    if (thread.tid == tid) return;
    thread.table_node.unlink();
    thread.tid = tid;
    buckets_[static_cast<u32>(tid) % bucket_count].push_back(&thread);
}

Ref<Process> TaskTable::find_process(i32 pid) {
    LockGuard guard(mutex);
    return Ref<Process>(process(pid));
}

Ref<Thread> TaskTable::find_thread(i32 tid) {
    LockGuard guard(mutex);
    return Ref<Thread>(thread(tid));
}

}  // namespace litebox
