#include "core/file/events/event_files.h"
#include "core/kernel.h"

namespace litebox {

namespace {

class TimerFile final : public File {
  public:
    TimerFile(int clock, u32 flags) : File(open_read_write | flags), clock_(clock), timer_(*this) {}
    ~TimerFile() override { kernel().timers->unregister_timer(timer_); }
    Result<void> start() { return kernel().timers->register_timer(timer_); }

    Result<usize> read(IoCursor& to, u64&) override {
        if (to.remaining() < sizeof(u64)) return Errno::einval;
        u64 expirations = 0;
        while ((expirations = take()) == 0) {
            if (non_blocking()) return Errno::eagain;
            TRY(wait_until(queue_, platform::no_deadline, [&] { return ready(); }));
        }
        return to.put(&expirations, sizeof(expirations));
    }

    Result<usize> write(IoCursor&, u64&) override { return Errno::einval; }

    u32 poll(PollTable* table) override {
        if (table != nullptr) table->add(queue_);
        return ready() ? u32{poll_in} | poll_read_normal : 0;
    }

    Result<TimerSetting> set(TimerSetting wanted, bool absolute) {
        u64 deadline = 0;
        TimerSetting old;
        {
            u64 now = TRY(read_clock(clock_));
            LockGuard guard(mutex_);
            old = locked_setting(now);
            interval_ = wanted.interval_ns;
            expired_ = 0;
            expiry_ = 0;
            if (wanted.value_ns != 0) {
                expiry_ = absolute ? wanted.value_ns : saturating(now, wanted.value_ns);
                deadline = deadline_after(expiry_ > now ? expiry_ - now : 0);
            }
        }
        kernel().timers->arm(timer_, deadline);
        return old;
    }

    Result<TimerSetting> setting() {
        u64 now = TRY(read_clock(clock_));
        LockGuard guard(mutex_);
        return locked_setting(now);
    }

    File* as_timer_file() override { return this; }
    Result<u64> seek(i64, int) override { return u64{0}; }  // accepted and without effect, as Linux does
    Result<String> describe() override { return String::from("anon_inode:[timerfd]"sv); }

  private:
    struct Alarm final : public Timer {
        explicit Alarm(TimerFile& owner) : file(owner) {}
        void fire(u64) override { next_deadline = file.fired(); }
        TimerFile& file;
    };

    static u64 saturating(u64 a, u64 b) {
        u64 sum;
        return checked_add(a, b, &sum) ? sum : ~u64{0};
    }
    u64 fired() {
        u64 next = 0;
        {
            u64 now = read_clock(clock_).value_or(0);
            LockGuard guard(mutex_);
            if (expiry_ == 0) return 0;
            if (now < expiry_) return deadline_after(expiry_ - now);
            u64 times = 1;
            if (interval_ != 0) {
                times += (now - expiry_) / interval_;
                expiry_ = saturating(expiry_, times * interval_);
                next = deadline_after(expiry_ - now);
            } else {
                expiry_ = 0;
            }
            expired_ += times;
        }
        queue_.wake(poll_in | poll_read_normal);
        return next;
    }
    u64 take() {
        LockGuard guard(mutex_);
        return std::exchange(expired_, 0);
    }
    bool ready() {
        LockGuard guard(mutex_);
        return expired_ != 0;
    }
    TimerSetting locked_setting(u64 now) const {
        if (expiry_ == 0) return {0, interval_};
        return {expiry_ > now ? expiry_ - now : 1, interval_};
    }

    int clock_;
    Mutex mutex_{LockRank::rename};
    u64 expiry_ = 0, interval_ = 0, expired_ = 0;
    WaitQueue queue_;
    Alarm timer_;
};

Result<TimerFile*> as_timer(File& file) {
    auto* timer = static_cast<TimerFile*>(file.as_timer_file());
    if (timer == nullptr) return Errno::einval;
    return timer;
}

}  // namespace

Result<Ref<File>> open_timer_file(int clock, u32 flags) {
    auto file = TRY(make_ref<TimerFile>(clock, flags));
    auto started = file->start();
    if (!started.ok()) return started.error();
    return Ref<File>(std::move(file));
}

Result<TimerSetting> set_timer_file(File& file, TimerSetting setting, bool absolute, bool) {
    return TRY(as_timer(file))->set(setting, absolute);
}

Result<TimerSetting> get_timer_file(File& file) {
    return TRY(as_timer(file))->setting();
}

}  // namespace litebox
