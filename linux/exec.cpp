#include "linux/exec.h"

#include "arch/x86_64/registers.h"
#include "core/task/futex.h"
#include "core/task/lifecycle.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"
#include "linux/image.h"

namespace litebox {

namespace {

constexpr int deepest_script = 5;
constexpr usize head_size = 256;  // BINPRM_BUF_SIZE

Result<void> add_string(Vector<char>& bytes, string_view text) {
    TRY(bytes.reserve(bytes.size() + text.size() + 1));
    for (char c : text) TRY(bytes.push(c));
    return bytes.push('\0');
}

/// Opens for execution: a regular file with an execute bit that the thread may use.
Result<Ref<File>> open_executable(Thread& thread, int directory, string_view name, u32 flags) {
    // An empty name: the descriptor itself (AT_EMPTY_PATH).
    auto file = name.empty() ? TRY(thread.files->get(directory))
                             : TRY(open_file(thread, directory, name, open_read_only | open_path | flags, 0));
    auto inode = file->inode();
    if (inode && inode->type() == mode_symlink) return Errno::eloop;
    if (!inode || inode->type() != mode_regular) return Errno::eacces;
    TRY(check_access(thread, *inode, 1));
    auto opened = TRY(inode->open(open_read_only));
    opened->path = file->path;
    TRY(opened->deny_writers());
    return opened;
}

Result<usize> read_head(File& file, std::span<u8> to) {
    u64 position = 0;
    auto cursor = IoCursor::kernel(to.data(), to.size());
    usize total = 0;
    while (cursor.remaining() > 0) {
        usize bytes = TRY(file.read(cursor, position));
        if (bytes == 0) break;
        total += bytes;
    }
    return total;
}

string_view trimmed(string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// The line behind "#!": interpreter and at most one argument.
struct ScriptLine {
    string_view interpreter, argument;
};
Result<ScriptLine> parse_script_line(string_view head) {
    string_view line = head.substr(2);
    usize end = line.find('\n');
    if (end == string_view::npos) {
        // A cut line may have cut the interpreter's name: only whole names count.
        usize name_end = trimmed(line).find_first_of(" \t"sv);
        if (head.size() == head_size && name_end == string_view::npos) return Errno::enoexec;
    } else {
        line = line.substr(0, end);
    }
    if (usize zero = line.find('\0'); zero != string_view::npos) line = line.substr(0, zero);
    line = trimmed(line);
    if (line.empty()) return Errno::enoexec;
    usize space = line.find_first_of(" \t"sv);
    if (space == string_view::npos) return ScriptLine{line, {}};
    return ScriptLine{line.substr(0, space), trimmed(line.substr(space))};
}

/// Follows "#!" lines until an ELF is found.
Result<void> resolve(Thread& thread, ExecPlan& plan) {
    u8 head[head_size];
    String script;
    for (int depth = 0;; depth++) {
        usize length = TRY(read_head(*plan.file, head));
        string_view text(reinterpret_cast<char*>(head), length);
        if (text.size() < 2 || text.substr(0, 2) != "#!"sv) {
            plan.image = TRY(parse_elf({head, length}, *plan.file));
            return {};
        }
        if (depth >= deepest_script) return Errno::eloop;
        if (depth == 0 && plan.name_vanishes) return Errno::enoent;
        auto line = TRY(parse_script_line(text));
        script = depth == 0 ? TRY(String::from(plan.name.view())) : std::move(script);
        string_view texts[3] = {line.interpreter, line.argument, script.view()};
        if (line.argument.empty()) {
            texts[1] = texts[2];
            TRY(plan.strings.replace_first({texts, 2}));
        } else {
            TRY(plan.strings.replace_first(texts));
        }
        String interpreter = TRY(String::from(line.interpreter));
        plan.file = TRY(open_executable(thread, at_working_directory, interpreter.view(), 0));
        script = std::move(interpreter);
    }
}

Result<void> resolve_interpreter(Thread& thread, ExecPlan& plan) {
    if (plan.image.interpreter.empty()) return {};
    plan.interpreter_file =
        TRY(open_executable(thread, at_working_directory, plan.image.interpreter.view(), 0));
    u8 head[head_size];
    usize length = TRY(read_head(*plan.interpreter_file, head));
    auto image = parse_elf({head, length}, *plan.interpreter_file);
    if (!image.ok()) return image.error() == Errno::enoexec ? Errno::elibbad : image.error();
    plan.interpreter = std::move(image).value();
    return {};
}

Result<void> check_strings(Thread& thread, const ExecStrings& strings) {
    constexpr u64 largest = u64{6} << 20, smallest = u64{128} << 10;
    u64 limit = max(min(thread.process->limit(limit_stack) / 4, largest), smallest);
    u64 pointers = (u64{strings.argument_count} + strings.environment_count) * sizeof(u64);
    if (strings.bytes.size() + pointers > limit) return Errno::e2big;
    return {};
}

Result<Own<ExecPlan>> make_plan(Thread& thread, int directory, string_view name, u32 flags,
                                ExecStrings strings) {
    auto plan = TRY(make_own<ExecPlan>());
    TRY(check_strings(thread, strings));
    plan->strings = std::move(strings);
    plan->file = TRY(open_executable(thread, directory, name, flags));
    if (name.empty() || (directory != at_working_directory && name.front() != '/')) {
        TextBuilder text;
        text.text("/dev/fd/"sv).decimal(directory);
        if (!name.empty()) text.character('/').text(name);
        if (text.failed()) return Errno::enomem;
        plan->name = TRY(String::from(text.view()));
        plan->name_vanishes = TRY(thread.files->close_on_exec(directory));
    } else {
        plan->name = TRY(String::from(name));
    }
    if (plan->strings.argument_count == 0) TRY(plan->strings.replace_first(std::span<const string_view>{}));
    TRY(resolve(thread, *plan));
    TRY(resolve_interpreter(thread, *plan));
    return plan;
}

string_view base_name(string_view path) {
    usize slash = path.rfind('/');
    return slash == string_view::npos ? path : path.substr(slash + 1);
}

void set_thread_name(Thread& thread, string_view name) {
    name = name.substr(0, sizeof(thread.name) - 1);
    memset(thread.name, 0, sizeof(thread.name));
    memcpy(thread.name, name.data(), name.size());
}

Result<Ref<SignalActions>> reset_actions(SignalActions& old) {
    auto fresh = TRY(make_ref<SignalActions>());
    LockGuard guard(old.mutex);
    for (int i = 0; i < signal_max; i++)
        if (old.actions[i].handler == handler_ignore) fresh->actions[i].handler = handler_ignore;
    return fresh;
}

/// What changes in the task at exec, besides its memory. After this there is no way back.
Result<void> renew_task(Thread& thread, ExecPlan& plan, Ref<SignalActions> actions,
                        Ref<DescriptorTable> files) {
    Process& process = *thread.process;
    String executable_path;
    if (plan.file->path.valid()) executable_path = TRY(plan.file->path.text(thread.directory->root()));
    thread.actions = actions;
    replace_shared(thread, &Thread::files, std::move(files));
    thread.files->close_on_exec_all();
    thread.alternate_stack = {};
    thread.clear_child_tid = thread.robust_list = thread.robust_list_length = thread.rseq = 0;
    thread.restart.function = nullptr;
    set_thread_name(thread, base_name(plan.name.view()));
    drop_timers(process, false);
    {
        LockGuard guard(process.signal_mutex);
        process.actions = std::move(actions);
        process.executable = plan.file;
        process.executable_path = std::move(executable_path);
        process.command_line.clear();
        process.environment.clear();
        const char* bytes = plan.strings.bytes.data();
        usize split = plan.strings.argument_bytes;
        for (usize i = 0; i < plan.strings.bytes.size(); i++)
            TRY((i < split ? process.command_line : process.environment).push(bytes[i]));
    }
    auto credentials = TRY(thread.credentials->copy());
    credentials->suid = credentials->fsuid = credentials->euid;
    credentials->sgid = credentials->fsgid = credentials->egid;
    constexpr u32 securebit_keep_caps = 16;
    credentials->securebits &= ~securebit_keep_caps;
    replace_shared(thread, &Thread::credentials, std::move(credentials));
    LockGuard guard(tasks().mutex);
    process.has_execed = true;
    process.barriers_registered = 0;
    process.exit_signal = sigchld;
    return {};
}

/// The process cannot go on: it has lost its old image and has no new one.
void die_in_exec(Thread& thread) {
    SignalInfo info;
    info.signal = sigkill;
    info.code = code_kernel;
    (void)send_signal(*thread.process, info);
}

void start_in_blank_space(Thread* thread) {
    Own<ExecPlan> plan(static_cast<ExecPlan*>(std::exchange(thread->exec_plan, nullptr)));
    // Whoever called exec may not have bound the space yet, and a short program would end without one to
    // retire.
    while (thread->space->platform_space() == nullptr) platform::yield();
    if (!load_image(*thread, *plan).ok()) die_in_exec(*thread);
}

void change_place(Thread& thread, Ref<AddressSpace> space, ThreadBlock* block) {
    replace_shared(thread, &Thread::space, std::move(space));
    LockGuard guard(thread.process->signal_mutex);
    thread.block = block;
}

/// The old space stays with others (a vfork parent, mostly): the image goes into a new one.
Result<void> execute_elsewhere(Thread& thread, Own<ExecPlan> plan) {
    auto space = TRY(AddressSpace::create(nullptr));
    ThreadBlock* block = TRY(platform::create_thread_block(&thread));
    ThreadBlock* old_block = thread.block;
    Ref<AddressSpace> old_space = thread.space;
    change_place(thread, space, block);
    thread.exec_plan = plan.get();
    thread.tell_scheduling();
    // Before it runs: it may end over there before this host thread goes on as its parent.
    bool borrowed = std::exchange(thread.is_vfork_child, false);
    auto started = platform::blank_space(block, start_in_blank_space);
    if (!started.ok()) {
        change_place(thread, old_space, old_block);
        thread.exec_plan = nullptr;
        thread.is_vfork_child = borrowed;
        platform::free_thread_block(block);
        return started.error();
    }
    (void)plan.release();  // the new thread's
    space->bind(started.value());
    return {};
}

void release_sleeping_parent(Process& process) {
    if (Thread* parent = std::exchange(process.vfork_parent, nullptr)) release_vfork_parent(parent);
}

/// Threads of this process that have ended may still be on their way out of the space: a moment later it is
/// ours alone.
void await_departures(const AddressSpace& space) {
    constexpr int most_looks = 200;
    constexpr u64 look_ns = 50'000;
    for (int i = 0; i < most_looks && space.host_threads.load() > 1; i++) {
        u32 generation = wait_generation();
        (void)block(generation, platform::monotonic_ns() + look_ns, Interruptible::no);
    }
}

/// The image runs elsewhere now, on a host thread of its own: this one leaves the old space.
[[noreturn]] void leave_old_space(Ref<AddressSpace> space) {
    bool last = space->host_threads.fetch_sub(1) == 1;
    platform::Space* host_space = space->platform_space();
    space = nullptr;
    if (last) platform::retire_space(host_space);
    platform::exit_thread(nullptr);
}

Result<void> switch_image(Thread& thread, Own<ExecPlan> plan) {
    auto actions = TRY(reset_actions(*thread.actions));
    // A table shared with another process (CLONE_FILES) is unshared.
    Ref<DescriptorTable> files = thread.files->ref_count() > 1 ? TRY(thread.files->copy()) : thread.files;
    TRY(become_only_thread());
    release_robust_list(thread);  // the locks it holds are in the memory that goes
    TRY(renew_task(thread, *plan, std::move(actions), std::move(files)));
    bool borrowed = thread.is_vfork_child;
    if (!borrowed) await_departures(*thread.space);
    if (borrowed || thread.space->host_threads.load() > 1) {
        Ref<Thread> self(borrowed ? &thread
                                  : nullptr);  // it may have ended in its new space before we are done here
        Ref<AddressSpace> old_space = thread.space;
        Thread* sleeping_parent = std::exchange(thread.process->vfork_parent, nullptr);
        auto moved = execute_elsewhere(thread, std::move(plan));
        if (sleeping_parent != nullptr) release_vfork_parent(sleeping_parent);
        if (!moved.ok()) {
            die_in_exec(thread);
            return {};
        }
        if (!borrowed) leave_old_space(std::move(old_space));
        old_space = nullptr;
        resume_vfork_parent(thread);
        return {};
    }
    thread.space->clear();
    if (!load_image(thread, *plan).ok()) die_in_exec(thread);
    release_sleeping_parent(*thread.process);
    return {};
}

}  // namespace

Result<void> ExecStrings::add_argument(string_view text) {
    TRY(add_string(bytes, text));
    argument_count++;
    argument_bytes = bytes.size();
    return {};
}

Result<void> ExecStrings::add_environment(string_view text) {
    TRY(add_string(bytes, text));
    environment_count++;
    return {};
}

Result<void> ExecStrings::replace_first(std::span<const string_view> texts) {
    Vector<char> fresh;
    for (string_view text : texts) TRY(add_string(fresh, text));
    u32 added = static_cast<u32>(texts.size());
    if (texts.empty()) {
        // execve with an empty argv: Linux gives the program one empty argument.
        TRY(add_string(fresh, ""sv));
        added = 1;
    }
    usize skip = argument_count > 0 ? strlen(bytes.data()) + 1 : 0;
    u64 kept = argument_bytes - skip;
    u64 front = fresh.size();
    TRY(fresh.reserve(fresh.size() + bytes.size() - skip));
    for (usize i = skip; i < bytes.size(); i++) TRY(fresh.push(bytes[i]));
    bytes = std::move(fresh);
    argument_count += added - (skip != 0 ? 1 : 0);
    argument_bytes = front + kept;
    return {};
}

Result<void> execute(Thread& thread, int directory, string_view name, u32 flags, ExecStrings strings) {
    auto plan = TRY(make_plan(thread, directory, name, flags, std::move(strings)));
    return switch_image(thread, std::move(plan));
}

Result<void> execute_first(Thread& thread, string_view path, ExecStrings strings) {
    auto plan = TRY(make_plan(thread, at_working_directory, path, 0, std::move(strings)));
    TRY(renew_task(thread, *plan, TRY(reset_actions(*thread.actions)), thread.files));
    thread.process->has_execed = false;
    return load_image(thread, *plan);
}

}  // namespace litebox
