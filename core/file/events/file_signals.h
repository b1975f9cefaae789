// Signals that tell of a descriptor: SIGIO and SIGURG (fcntl(2): F_SETOWN, F_SETSIG, O_ASYNC).
#pragma once

#include "core/file/file.h"
#include "core/task/signal.h"
#include "core/task/wait_queue.h"

namespace litebox {

/// Who is told, and as whom.
struct SignalOwner {
    enum class Kind : u8 { thread, process, group };  // F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP
    Kind kind = Kind::thread;
    i32 id = 0;  // 0: nobody
    u32 uid = 0, euid = 0;
    bool operator==(const SignalOwner&) const = default;
};

/// What a file that may send signals has beside it. It hangs on the file's queues while there is something to
/// tell.
class FileSignals final : public PollTable, Pinned {
  public:
    explicit FileSignals(File& file) : file_(file) {}
    ~FileSignals() { unhook(); }

    SignalOwner owner();
    /// ENOMEM: it could not be hung on the file's queues.
    Result<void> set_owner(const SignalOwner& owner);
    int signal();
    void set_signal(int signal);
    /// O_ASYNC through `descriptor`.
    Result<void> set_async(bool on, int descriptor);

    void add(WaitQueue& queue) override;

  private:
    struct Hook final : public Waiter {
        explicit Hook(FileSignals& owner) : signals(owner) {}
        bool notify(u32 events) override;
        FileSignals& signals;
        WaitQueue* queue = nullptr;
    };
    void tell(u32 events);
    Result<void> hook_or_unhook();
    void unhook();

    File& file_;
    Mutex settings_mutex_{LockRank::epoll};  // one change at a time
    Vector<Own<Hook>> hooks_;
    bool failed_ = false;
    Mutex mutex_{LockRank::leaf};
    SignalOwner owner_;
    int signal_ = 0;  // F_SETSIG; 0: SIGIO without details
    int descriptor_ = -1;
    bool async_ = false;
};

/// Signals that were told under locks under which none can be sent. Who woke somebody sends them before it
/// sleeps or returns to the guest.
class PendingFileSignals : Pinned {
  public:
    struct Record {
        SignalOwner owner;
        int signal, reason, descriptor;
        bool operator==(const Record&) const = default;
    };
    /// Records that say the same as one that is there are one, as signals are; beyond the room for them they
    /// are lost.
    void add(const Record& record);
    void send();

  private:
    static constexpr usize room = 64;
    Mutex mutex_{LockRank::leaf};
    Record records_[room];
    usize count_ = 0;
};

/// Whether O_ASYNC means something for the file.
bool sends_signals(File& file);
/// Makes File::signals if it is not there yet.
Result<FileSignals*> signals_of(File& file);
/// The file goes.
void end_file_signals(File& file);
/// Sends what waits to be sent. Under no lock.
void send_file_signals();

}  // namespace litebox
