// The inodes and open files of proc and sysfs.
#include "core/file/procfs/procfs.h"

#include "core/file/directory_file.h"
#include "core/file/file_systems.h"
#include "core/file/walker.h"
#include "core/kernel.h"
#include "core/task/task_table.h"

namespace litebox {

namespace {

class ProcFileSystem final : public FileSystem {
  public:
    ProcFileSystem(const ProcEntry& entry, string_view name, u64 magic)
        : entry_(entry), name_(name), magic_(magic) {}
    Ref<Inode> root() override;
    Result<FileSystemStatus> status() override {
        FileSystemStatus status;
        status.type = magic_;
        return status;
    }
    [[nodiscard]] string_view type_name() const override { return name_; }

  private:
    const ProcEntry& entry_;
    string_view name_;
    u64 magic_;
};

// Position of a table's entry in listings; processes, threads and descriptors come behind.
constexpr u64 first_position = 2, first_dynamic = 1024;

class ProcInode final : public Inode {
  public:
    ProcInode(ProcFileSystem& owner, const ProcEntry& entry, ProcSubject subject, u64 number)
        : owner_(&owner), entry_(entry), subject_(std::move(subject)), number_(number) {}

    Result<Attributes> attributes() override;
    [[nodiscard]] u32 type() const override;
    FileSystem& file_system() override { return *owner_; }
    [[nodiscard]] EntryCaching caching() const override {
        bool fixed = entry_.kind == ProcKind::directory && !subject_.process;
        return fixed ? EntryCaching::keep : EntryCaching::never;
    }
    Result<Ref<Inode>> lookup(string_view name) override;
    Result<void> read_directory(u64 position, DirectorySink& sink) override;
    Result<String> read_link() override;
    [[nodiscard]] bool magic_link() const override { return entry_.kind == ProcKind::place; }
    Result<Path> follow_magic() override;
    Result<Ref<File>> open(u32 flags) override;
    Process* as_process() override;
    /// Nobody finds a name that would be free.
    Result<Ref<Inode>> create(string_view, u32, u64, const Credentials&) override { return Errno::enoent; }
    Result<void> set_attributes(const AttributeChange& change) override {
        // O_TRUNC on a writable file is harmless.
        return change.fields & (AttributeChange::mode | AttributeChange::uid | AttributeChange::gid)
                   ? Result<void>(Errno::eperm)
                   : Result<void>();
    }
    [[nodiscard]] const ProcEntry& entry() const { return entry_; }
    [[nodiscard]] const ProcSubject& subject() const { return subject_; }

  private:
    Result<Ref<Inode>> child(const ProcEntry& entry, ProcSubject subject, u64 number);
    Result<Ref<Inode>> lookup_number(string_view name);
    Result<void> list_dynamic(u64 from, DirectorySink& sink);
    Result<void> list_processes(u64 from, DirectorySink& sink);
    Result<void> list_threads(u64 from, DirectorySink& sink);
    Result<void> list_descriptors(u64 from, DirectorySink& sink);
    [[nodiscard]] u64 base_number() const;

    Ref<ProcFileSystem> owner_;
    const ProcEntry& entry_;
    ProcSubject subject_;
    u64 number_;
};

Ref<Inode> ProcFileSystem::root() {
    auto made = make_ref<ProcInode>(*this, entry_, ProcSubject{}, u64{1});
    return made.ok() ? Ref<Inode>(std::move(made).value()) : Ref<Inode>();
}

constexpr ProcEntry process_directory{"", ProcKind::directory, 0555};
constexpr ProcEntry thread_directory{"", ProcKind::directory, 0555};

Result<Path> descriptor_place(const ProcSubject& subject) {
    TRY(check_inspect(subject));
    Ref<DescriptorTable> table = descriptors_of(subject);
    if (!table) return Errno::enoent;
    Ref<File> file = TRY(table->get(static_cast<int>(subject.number)));
    return place_of(*file);
}

constexpr ProcEntry descriptor_entry{"", ProcKind::place, 0700, nullptr, nullptr, descriptor_place};
constexpr ProcEntry information_entry{"", ProcKind::text, 0400, write_descriptor_information};

ProcTable children_of(const ProcEntry& entry) {
    if (&entry == &process_directory) return process_entries();
    if (&entry == &thread_directory) return thread_entries();
    return {entry.children, entry.child_count};
}

u32 ProcInode::type() const {
    switch (entry_.kind) {
        case ProcKind::text:
        case ProcKind::memory:
            return mode_regular;
        case ProcKind::link:
        case ProcKind::place:
            return mode_symlink;
        default:
            return mode_directory;
    }
}

u64 ProcInode::base_number() const {
    u64 pid = subject_.thread    ? static_cast<u64>(subject_.thread->tid)
              : subject_.process ? static_cast<u64>(subject_.process->pid)
                                 : 0;
    return pid << 24 | (number_ & 0xff) << 12;
}

Result<Attributes> ProcInode::attributes() {
    Attributes result;
    result.inode = number_;
    result.device = owner_->device();
    result.mode = type() | entry_.mode;
    result.block_size = 1024;
    result.links = type() == mode_directory ? 2 : 1;
    if (Ref<Credentials> who = subject_.process ? credentials_of(subject_) : Ref<Credentials>()) {
        bool own = subject_.process->dumpable || (entry_.mode & 0777) == 0555;
        result.uid = own ? who->euid : 0;
        result.gid = own ? who->egid : 0;
    }
    result.access = result.modify = result.change = Timestamp::now();
    if (entry_.kind == ProcKind::place && entry_.place == descriptor_place) {
        Ref<DescriptorTable> table = descriptors_of(subject_);
        auto file = table ? table->get(static_cast<int>(subject_.number)) : Result<Ref<File>>(Errno::enoent);
        if (!file.ok()) return Errno::enoent;
        result.mode =
            mode_symlink | (file.value()->readable() ? 0500u : 0u) | (file.value()->writable() ? 0300u : 0u);
        result.size = 64;
    }
    return result;
}

Process* ProcInode::as_process() {
    return &entry_ == &process_directory && !subject_.thread ? subject_.process.get() : nullptr;
}

Result<Ref<Inode>> ProcInode::child(const ProcEntry& entry, ProcSubject subject, u64 number) {
    return Ref<Inode>(TRY(make_ref<ProcInode>(*owner_, entry, std::move(subject), number)));
}

// A name that is a number: a process, a thread, a descriptor.
Result<Ref<Inode>> ProcInode::lookup_number(string_view name) {
    if (name.size() > 1 && name.front() == '0') return Errno::enoent;
    auto parsed = parse_decimal(name);
    if (!parsed.ok() || parsed.value() > INT32_MAX) return Errno::enoent;
    auto number = static_cast<u32>(parsed.value());
    ProcSubject subject = subject_;
    switch (entry_.kind) {
        case ProcKind::processes: {
            Ref<Thread> thread = tasks().find_thread(static_cast<i32>(number));
            if (thread) {
                subject.process = tasks().find_process(thread->process->pid);
                if (thread->tid != thread->process->pid) subject.thread = thread;
            } else {
                subject.process = tasks().find_process(static_cast<i32>(number));
            }
            if (!subject.process) return Errno::enoent;
            return child(process_directory, std::move(subject), u64{number} << 24);
        }
        case ProcKind::threads:
            subject.thread = tasks().find_thread(static_cast<i32>(number));
            if (!subject.thread || subject.thread->process != subject.process.get()) return Errno::enoent;
            return child(thread_directory, std::move(subject), u64{number} << 24 | 1);
        case ProcKind::descriptors:
        case ProcKind::information: {
            Ref<DescriptorTable> table = descriptors_of(subject_);
            if (!table || !table->get(static_cast<int>(number)).ok()) return Errno::enoent;
            subject.number = number;
            bool link = entry_.kind == ProcKind::descriptors;
            return child(link ? descriptor_entry : information_entry, std::move(subject),
                         base_number() + number + 16);
        }
        default:
            return Errno::enoent;
    }
}

Result<Ref<Inode>> ProcInode::lookup(string_view name) {
    if (type() != mode_directory) return Errno::enotdir;
    // Through a descriptor or working directory that outlived the process.
    if (subject_.process && tasks().find_process(subject_.process->pid) != subject_.process)
        return Errno::esrch;
    ProcTable children = children_of(entry_);
    for (usize i = 0; i < children.size(); i++)
        if (children[i].name == name)
            return child(children[i], subject_, base_number() + number_ * 64 + i + 1);
    if (entry_.kind == ProcKind::processors && name.starts_with("cpu")) {
        auto number = parse_decimal(name.substr(3));
        if (!number.ok() || number.value() >= platform::processor_count()) return Errno::enoent;
        ProcSubject subject;
        subject.number = static_cast<u32>(number.value());
        // The first of the table's entries is the template of one processor's directory.
        return child(children_of(entry_)[0], std::move(subject), number_ * 64 + 32 + number.value());
    }
    return lookup_number(name);
}

Result<void> ProcInode::read_directory(u64 position, DirectorySink& sink) {
    ProcTable children = children_of(entry_);
    for (u64 at = max(position, first_position); at < first_position + children.size(); at++) {
        const ProcEntry& entry = children[at - first_position];
        if (entry.name.empty()) continue;
        u32 type = entry.kind == ProcKind::text || entry.kind == ProcKind::memory  ? mode_regular
                   : entry.kind == ProcKind::link || entry.kind == ProcKind::place ? mode_symlink
                                                                                   : mode_directory;
        if (!sink.entry(entry.name, base_number() + number_ * 64 + at - first_position + 1, type, at + 1))
            return {};
    }
    return list_dynamic(position < first_dynamic ? 0 : position - first_dynamic, sink);
}

bool pass_number(DirectorySink& sink, string_view prefix, u64 number, u64 inode, u32 type) {
    TextBuilder name;
    name.text(prefix).unsigned_decimal(number);
    return !name.failed() && sink.entry(name.view(), inode, type, first_dynamic + number + 1);
}

Result<void> ProcInode::list_dynamic(u64 from, DirectorySink& sink) {
    switch (entry_.kind) {
        case ProcKind::processes:
            return list_processes(from, sink);
        case ProcKind::threads:
            return list_threads(from, sink);
        case ProcKind::descriptors:
        case ProcKind::information:
            return list_descriptors(from, sink);
        case ProcKind::processors:
            for (u64 i = from; i < platform::processor_count(); i++)
                if (!pass_number(sink, "cpu", i, number_ * 64 + 32 + i, mode_directory)) return {};
            return {};
        default:
            return {};
    }
}

// The lowest numbers first, a few at a time: the table's lock is not held while the sink works.
Result<void> ProcInode::list_processes(u64 from, DirectorySink& sink) {
    for (;;) {
        i32 next = INT32_MAX;
        {
            LockGuard guard(tasks().mutex);
            for (Process& process : tasks().processes)
                if (static_cast<u64>(process.pid) >= from && process.pid < next) next = process.pid;
        }
        if (next == INT32_MAX) return {};
        if (!pass_number(sink, "", static_cast<u64>(next), static_cast<u64>(next) << 24, mode_directory))
            return {};
        from = static_cast<u64>(next) + 1;
    }
}

Result<void> ProcInode::list_threads(u64 from, DirectorySink& sink) {
    for (;;) {
        i32 next = INT32_MAX;
        {
            LockGuard guard(subject_.process->signal_mutex);
            for (Thread& thread : subject_.process->threads)
                if (static_cast<u64>(thread.tid) >= from && thread.tid < next) next = thread.tid;
        }
        if (next == INT32_MAX) return {};
        if (!pass_number(sink, "", static_cast<u64>(next), static_cast<u64>(next) << 24 | 1, mode_directory))
            return {};
        from = static_cast<u64>(next) + 1;
    }
}

Result<void> ProcInode::list_descriptors(u64 from, DirectorySink& sink) {
    TRY(check_inspect(subject_));
    Ref<DescriptorTable> table = descriptors_of(subject_);
    if (!table) return {};
    u32 type = entry_.kind == ProcKind::descriptors ? mode_symlink : mode_regular;
    for (int at = table->next(static_cast<int>(from)); at >= 0; at = table->next(at + 1)) {
        auto number = static_cast<u64>(at);
        if (!pass_number(sink, "", number, base_number() + number + 16, type)) return {};
    }
    return {};
}

Result<Path> ProcInode::follow_magic() {
    return entry_.place(subject_);
}

Result<String> ProcInode::read_link() {
    if (entry_.kind == ProcKind::link) {
        TextBuilder text;
        TRY(entry_.text(text, subject_));
        if (text.failed()) return Errno::enomem;
        return String::from(text.view());
    }
    if (entry_.kind != ProcKind::place) return Errno::einval;
    Path root = current_thread()->directory->root();
    if (entry_.place == descriptor_place) {
        TRY(check_inspect(subject_));
        Ref<DescriptorTable> table = descriptors_of(subject_);
        if (!table) return Errno::enoent;
        Ref<File> file = TRY(table->get(static_cast<int>(subject_.number)));
        return file->path.valid() ? file->path.text(root) : file->describe();
    }
    return TRY(entry_.place(subject_)).text(root);
}

class ProcTextFile final : public File {
  public:
    ProcTextFile(ProcInode& node, u32 flags) : File(flags), node_(&node) {}
    Result<usize> read(IoCursor& to, u64& position) override;
    Result<usize> write(IoCursor& from, u64& position) override;
    [[nodiscard]] bool seekable() const override { return true; }
    Result<u64> seek(i64 offset, int whence) override;
    Ref<Inode> inode() override { return node_; }

  private:
    Result<void> generate();
    Ref<ProcInode> node_;
    Mutex mutex_{LockRank::leaf};
    Vector<char> text_;
    bool generated_ = false;
};

Result<void> ProcTextFile::generate() {
    TextBuilder text;
    TRY(node_->entry().text(text, node_->subject()));
    if (text.failed()) return Errno::enomem;
    Vector<char> bytes = text.take();
    LockGuard guard(mutex_);
    std::swap(text_, bytes);
    generated_ = true;
    return {};
}

Result<usize> ProcTextFile::read(IoCursor& to, u64& position) {
    if (node_->entry().text == nullptr) return Errno::einval;
    bool fresh;
    {
        LockGuard guard(mutex_);
        fresh = generated_ && position != 0;
    }
    if (!fresh) TRY(generate());
    // Pieces pass through the stack: the text may be replaced by another reader of this description
    // meanwhile.
    usize total = 0;
    while (to.remaining() > 0) {
        char piece[512];
        usize length;
        {
            LockGuard guard(mutex_);
            if (position >= text_.size()) break;
            length = min(min(text_.size() - static_cast<usize>(position), sizeof(piece)), to.remaining());
            memcpy(piece, text_.data() + position, length);
        }
        auto put = to.put(piece, length);
        if (!put.ok()) return total > 0 ? Result<usize>(total) : put.error();
        position += put.value();
        total += put.value();
        if (put.value() < length) break;
    }
    return total;
}

Result<usize> ProcTextFile::write(IoCursor& from, u64& position) {
    if (node_->entry().store == nullptr) return Errno::eperm;
    char text[256];
    usize length = from.remaining();
    if (length > sizeof(text)) return Errno::einval;
    usize got = TRY(from.take(text, length));
    string_view view(text, got);
    while (!view.empty() && (view.back() == '\n' || view.back() == '\0')) view.remove_suffix(1);
    TRY(node_->entry().store(view, node_->subject()));
    position += got;
    return got;
}

Result<u64> ProcTextFile::seek(i64 offset, int whence) {
    if (whence != 0 && whence != 1) return Errno::einval;
    i64 base = whence == 1 ? static_cast<i64>(position) : 0, target;
    if (!checked_add(base, offset, &target) || target < 0) return Errno::einval;
    return position = static_cast<u64>(target);
}

// PID/mem: the process's memory by address.
class ProcMemoryFile final : public File {
  public:
    ProcMemoryFile(ProcInode& node, Ref<AddressSpace> space, u32 flags)
        : File(flags), node_(&node), space_(std::move(space)) {}
    Result<usize> read(IoCursor& to, u64& position) override { return transfer(to, position, false); }
    Result<usize> write(IoCursor& from, u64& position) override { return transfer(from, position, true); }
    [[nodiscard]] bool seekable() const override { return true; }
    Result<u64> seek(i64 offset, int whence) override {
        if (whence != 0 && whence != 1) return Errno::einval;
        return position = static_cast<u64>(offset) + (whence == 1 ? position : 0);
    }
    Ref<Inode> inode() override { return node_; }

  private:
    Result<usize> transfer(IoCursor& cursor, u64& position, bool write);
    Ref<ProcInode> node_;
    Ref<AddressSpace> space_;
};

Result<usize> ProcMemoryFile::transfer(IoCursor& cursor, u64& position, bool write) {
    usize total = 0;
    while (cursor.remaining() > 0) {
        u8 piece[512];
        usize length = min(cursor.remaining(), sizeof(piece));
        Result<usize> done = Errno::eio;
        if (write) {
            length = TRY(cursor.take(piece, length));
            done = space_->write_remote(position, {piece, length});
        } else {
            done = space_->read_remote(position, {piece, length});
            if (done.ok()) done = cursor.put(piece, done.value());
        }
        if (!done.ok() || done.value() == 0) {
            if (total > 0) return total;
            return done.ok() || done.error() == Errno::efault ? Errno::eio : done.error();
        }
        position += done.value();
        total += done.value();
        if (done.value() < length) break;
    }
    return total;
}

Result<Ref<File>> ProcInode::open(u32 flags) {
    switch (entry_.kind) {
        case ProcKind::text:
            if ((entry_.mode & 0044) == 0 && subject_.process) TRY(check_inspect(subject_));
            return Ref<File>(TRY(make_ref<ProcTextFile>(*this, flags)));
        case ProcKind::memory: {
            TRY(check_inspect(subject_));
            Ref<AddressSpace> space = space_of(subject_);
            if (!space) return Errno::esrch;
            return Ref<File>(TRY(make_ref<ProcMemoryFile>(*this, std::move(space), flags)));
        }
        case ProcKind::link:
        case ProcKind::place:
            return Errno::eloop;
        default:
            if (entry_.kind == ProcKind::descriptors) TRY(check_inspect(subject_));
            return open_directory_file(*this, flags);
    }
}

template <typename Member>
auto taken(const ProcSubject& subject, Member member) {
    using Type = std::remove_cvref_t<decltype(std::declval<Thread&>().*member)>;
    if (!subject.process) return Type();
    LockGuard guard(subject.process->signal_mutex);
    Thread* thread = subject.thread ? subject.thread.get() : subject.process->threads.first();
    return thread == nullptr ? Type() : Type(thread->*member);
}

}  // namespace

Ref<AddressSpace> space_of(const ProcSubject& subject) {
    return taken(subject, &Thread::space);
}
Ref<DescriptorTable> descriptors_of(const ProcSubject& subject) {
    return taken(subject, &Thread::files);
}
Ref<FileContext> context_of(const ProcSubject& subject) {
    return taken(subject, &Thread::directory);
}
Ref<Credentials> credentials_of(const ProcSubject& subject) {
    return taken(subject, &Thread::credentials);
}

Result<void> check_inspect(const ProcSubject& subject) {
    Thread& me = *current_thread();
    if (me.process == subject.process.get()) return {};
    Ref<Credentials> other = credentials_of(subject);
    if (!other) return Errno::esrch;
    const Credentials& who = *me.credentials;
    if (who.capable(cap_sys_ptrace)) return {};
    bool same = who.fsuid == other->euid && who.fsuid == other->suid && who.fsuid == other->uid &&
                who.fsgid == other->egid && who.fsgid == other->sgid && who.fsgid == other->gid;
    if (!same || !subject.process->dumpable) return Errno::eacces;
    return {};
}

Result<Ref<FileSystem>> make_process_file_system() {
    return Ref<FileSystem>(TRY(make_ref<ProcFileSystem>(proc_root_entry(), "proc", u64{0x9fa0})));
}
Result<Ref<FileSystem>> make_system_file_system() {
    return Ref<FileSystem>(TRY(make_ref<ProcFileSystem>(sysfs_root_entry(), "sysfs", u64{0x62656572})));
}

}  // namespace litebox
