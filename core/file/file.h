// Open files: what a descriptor refers to (an "open file description"), and the table of descriptors.
#pragma once

#include "core/base/lock.h"
#include "core/base/ref.h"
#include "core/base/vector.h"
#include "core/file/inode.h"
#include "core/file/path.h"
#include "core/memory/user.h"
#include "core/task/wait_queue.h"

namespace litebox {

enum OpenFlag : u32 {  // values are Linux's (x86-64)
    open_read_only = 0,
    open_write_only = 1,
    open_read_write = 2,
    open_access_mode = 3,
    open_create = 0100,
    open_exclusive = 0200,
    open_no_controlling_terminal = 0400,
    open_truncate = 01000,
    open_append = 02000,
    open_non_blocking = 04000,
    open_data_sync = 010000,
    open_async = 020000,
    open_direct = 040000,
    open_large_file = 0100000,
    open_directory = 0200000,
    open_no_follow = 0400000,
    open_no_access_time = 01000000,
    open_close_on_exec = 02000000,
    open_sync = 04010000,
    open_path = 010000000,
    open_temporary = 020200000
};

enum PollEvent : u32 {
    poll_in = 1,
    poll_priority = 2,
    poll_out = 4,
    poll_error = 8,
    poll_hang_up = 16,
    poll_invalid = 32,
    poll_read_normal = 64,
    poll_read_band = 128,
    poll_write_normal = 256,
    poll_write_band = 512,
    poll_read_hang_up = 0x2000
};

class File : public RefCounted<File> {
  public:
    File(u32 flags) : flags_(flags & ~u32{open_no_controlling_terminal}) {}
    virtual ~File();

    // Positions: `position` points to the file offset to use and advance; streams (pipes, sockets, terminals)
    // ignore it. Blocking files honour open_non_blocking in flags() (EAGAIN), and return restartsys when a
    // signal interrupts.
    virtual Result<usize> read(IoCursor& to, u64& position);
    virtual Result<usize> write(IoCursor& from, u64& position);
    [[nodiscard]] virtual bool seekable() const { return false; }
    virtual Result<u64> seek(i64 offset, int whence);  // SEEK_SET.. SEEK_HOLE; default ESPIPE
    /// Ready events now; with `waiter`, also hangs it on the queues that announce changes (PollTable removes
    /// it).
    virtual u32 poll(class PollTable* table);
    virtual Result<u64> ioctl(u32 command, u64 argument);
    /// What to map for [offset, offset + length); ENODEV where the file cannot be mapped. EACCES by mode is
    /// the caller's.
    virtual Result<MappingSource> map(u64 offset, u64 length, bool shared);
    /// Whether a mapping is permitted beyond what the open mode says (seals); may take rights out of
    /// `max_protection`.
    virtual Result<void> may_map(bool, u8, u8*) { return {}; }
    virtual Result<void> read_directory(DirectorySink& sink);  // from the file's own position
    virtual Result<void> truncate(u64 size);
    virtual Result<void> allocate(int mode, u64 offset, u64 length);
    virtual Result<void> sync();
    /// A descriptor that refers to this was closed (flush; POSIX locks); the last reference's end is the
    /// destructor.
    virtual void descriptor_closed();
    virtual Result<Attributes> attributes();
    virtual Ref<Inode> inode() { return nullptr; }  // null for anonymous kinds (epoll, eventfd)
    /// For sockets: sendmsg and the rest find the socket by this.
    virtual class Socket* as_socket() { return nullptr; }
    virtual class Pipe* as_pipe() { return nullptr; }
    virtual class Epoll* as_epoll() { return nullptr; }
    virtual class Terminal* as_terminal() { return nullptr; }
    virtual File* as_signal_file() { return nullptr; }
    virtual File* as_timer_file() { return nullptr; }
    virtual class Process* as_process() { return nullptr; }  // pidfds
    /// As /proc/PID/fd shows it when there is no path: "pipe:[123]", "anon_inode:[eventpoll]".
    virtual Result<String> describe();
    /// Lines for /proc/PID/fdinfo behind pos/flags/mnt_id.
    virtual void describe_info(TextBuilder&) {}

    [[nodiscard]] u32 flags() const { return flags_.load(std::memory_order_relaxed); }
    void set_flags(u32 flags) { flags_.store(flags, std::memory_order_relaxed); }
    [[nodiscard]] bool readable() const {
        return (flags() & open_path) == 0 && (flags() & open_access_mode) != open_write_only;
    }
    [[nodiscard]] bool writable() const {
        return (flags() & open_path) == 0 && (flags() & open_access_mode) != open_read_only;
    }
    [[nodiscard]] bool non_blocking() const { return (flags() & open_non_blocking) != 0; }

    /// The last reference is going: nothing may find the file any more.
    void released();
    // Epolls that watch this file (core/file/events).
    Mutex epolls_mutex{LockRank::file};
    Vector<class Epoll*> epolls;

    Mutex position_mutex{LockRank::file};  // f_pos: held over read and write of seekable files
    u64 position = 0;
    Path path;                  // where it was opened; not valid() for anonymous files
    Ref<Inode> counted_writer;  // inode that counts this file as a writer (ETXTBSY)
    /// The file is being run: until allow_writers, or its end, nobody opens it for writing. ETXTBSY where
    /// somebody has.
    Result<void> deny_writers();
    void allow_writers();
    std::atomic<class FileSignals*> signals{nullptr};  // SIGIO and SIGURG, once somebody asked for them

  private:
    std::atomic<u32> flags_;
    Ref<Inode> denied_writer_;
};

/// Collects the queues a poll call hangs on; implemented by poll/select (core/file/poll.cpp) and epoll.
class PollTable {
  public:
    virtual void add(WaitQueue& queue) = 0;

  protected:
    ~PollTable() = default;
};

/// A file for the length of a call: counted only where another thread could close the descriptor meanwhile.
class FileHold {
  public:
    FileHold(File* file, bool counted) : file_(file), counted_(counted) {}
    FileHold(FileHold&& other) noexcept
        : file_(std::exchange(other.file_, nullptr)), counted_(other.counted_) {}
    FileHold& operator=(FileHold&&) = delete;
    ~FileHold() {
        if (counted_ && file_ != nullptr) file_->unref();
    }
    File* operator->() const { return file_; }
    File& operator*() const { return *file_; }
    File* get() const { return file_; }
    /// Nobody else can use the file during this call.
    [[nodiscard]] bool exclusive() const { return !counted_ && file_->ref_count() == 1; }

  private:
    File* file_;
    bool counted_;
};

/// Descriptors of a process. get() and hold() take no lock; the rest are short.
class DescriptorTable : public RefCounted<DescriptorTable> {
  public:
    static constexpr u32 limit = 1u << 20;  // fs.nr_open

    static Result<Ref<DescriptorTable>> create();
    ~DescriptorTable();
    /// EBADF when not open.
    Result<Ref<File>> get(int descriptor) const;
    /// The same for use within one system call of the calling thread, which must be of this table's process.
    Result<FileHold> hold(int descriptor) const;
    /// Lowest free descriptor >= `lowest`; EMFILE at the process's limit.
    Result<int> add(Ref<File> file, bool close_on_exec, int lowest = 0);
    /// dup2: replaces what was there (closing it).
    Result<void> set(int descriptor, Ref<File> file, bool close_on_exec);
    Result<void> close(int descriptor);
    Result<void> close_range(u32 first, u32 last);
    Result<bool> close_on_exec(int descriptor) const;
    Result<void> set_close_on_exec(int descriptor, bool value);
    Result<void> mark_range_close_on_exec(u32 first, u32 last);
    /// A copy of the descriptors below `up_to` (all: -1).
    Result<Ref<DescriptorTable>> copy(int up_to = -1);
    void close_on_exec_all();
    void close_all();
    /// Open descriptors in ascending order from `from`; -1 at the end.
    int next(int from) const;

    DescriptorTable();  // empty and unusable: call create()

  private:
    struct State;
    State* state_ = nullptr;
};

}  // namespace litebox
