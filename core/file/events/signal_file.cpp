#include "core/file/events/event_files.h"
#include "core/task/process.h"
#include "core/task/signal_send.h"

namespace litebox {

namespace {

struct AbiSignalRecord {
    u32 signal;
    i32 error, code;
    u32 pid, uid;
    i32 descriptor;
    u32 timer_id, band, overrun, trap;
    i32 status, integer;
    u64 pointer, user_time, system_time, address;
    u16 address_bits, padding;
    i32 call;
    u64 call_address;
    u32 architecture;
    u8 rest[28];
};
static_assert(sizeof(AbiSignalRecord) == 128);

AbiSignalRecord to_record(const SignalInfo& info) {
    AbiSignalRecord record{};
    record.signal = static_cast<u32>(info.signal);
    record.error = info.error;
    record.code = info.code;
    record.pid = static_cast<u32>(info.pid);
    record.uid = info.uid;
    record.timer_id = static_cast<u32>(info.timer_id);
    record.overrun = static_cast<u32>(info.overrun);
    record.status = info.status;
    record.integer = static_cast<i32>(info.value);
    record.pointer = info.value;
    record.user_time = static_cast<u64>(info.user_time);
    record.system_time = static_cast<u64>(info.system_time);
    record.address = info.address;
    return record;
}

class SignalFile final : public File {
  public:
    SignalFile(SignalSet signals, u32 flags) : File(open_read_write | flags), signals_(signals.bits) {}

    Result<usize> read(IoCursor& to, u64&) override {
        if (to.remaining() < sizeof(AbiSignalRecord)) return Errno::einval;
        Thread& thread = *current_thread();
        usize done = 0;
        while (to.remaining() >= sizeof(AbiSignalRecord)) {
            SignalInfo info;
            if (!take(thread, info)) {
                if (done > 0) break;
                if (non_blocking()) return Errno::eagain;
                TRY(wait_until(thread.process->signal_event, platform::no_deadline,
                               [&] { return ready(thread); }));
                continue;
            }
            AbiSignalRecord record = to_record(info);
            TRY(to.put(&record, sizeof(record)));
            done += sizeof(record);
        }
        return done;
    }

    Result<usize> write(IoCursor&, u64&) override { return Errno::einval; }

    u32 poll(PollTable* table) override {
        Thread* thread = current_thread();
        if (thread == nullptr) return 0;
        if (table != nullptr) table->add(thread->process->signal_event);
        return ready(*thread) ? u32{poll_in} | poll_read_normal : 0;
    }

    File* as_signal_file() override { return this; }
    void set(SignalSet signals) { signals_.store(signals.bits); }
    Result<u64> seek(i64, int) override { return u64{0}; }  // accepted and without effect, as Linux does
    Result<String> describe() override { return String::from("anon_inode:[signalfd]"sv); }
    void describe_info(TextBuilder& text) override {
        text.text("sigmask:\t"sv).hex(signals_.load(), 16).character('\n');
    }

  private:
    bool take(Thread& thread, SignalInfo& info) {
        bool taken = take_signal(thread, {signals_.load()}, info);
        if (!taken) return false;
        timer_signal_taken(*thread.process, info);
        update_signal_work(thread);
        return true;
    }
    bool ready(Thread& thread) { return (pending_signals(thread).bits & signals_.load()) != 0; }
    std::atomic<u64> signals_;
};

}  // namespace

Result<Ref<File>> open_signal_file(SignalSet signals, u32 flags) {
    return Ref<File>(TRY(make_ref<SignalFile>(signals, flags)));
}

Result<void> set_signal_file(File& file, SignalSet signals) {
    auto* target = static_cast<SignalFile*>(file.as_signal_file());
    if (target == nullptr) return Errno::einval;
    target->set(signals);
    return {};
}

}  // namespace litebox
