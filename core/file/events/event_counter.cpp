#include "core/file/events/event_files.h"

namespace litebox {

namespace {

constexpr u64 largest = ~u64{0} - 1;

class EventCounter final : public File {
  public:
    EventCounter(u64 initial, bool semaphore, u32 flags)
        : File(open_read_write | flags), value_(initial), semaphore_(semaphore) {}

    Result<usize> read(IoCursor& to, u64&) override {
        if (to.remaining() < sizeof(u64)) return Errno::einval;
        u64 taken = 0;
        while (!take(taken)) {
            if (non_blocking()) return Errno::eagain;
            TRY(wait_until(readable_, platform::no_deadline, [&] { return value_.load() != 0; }));
        }
        writable_.wake(poll_out | poll_write_normal);
        return to.put(&taken, sizeof(taken));
    }

    Result<usize> write(IoCursor& from, u64&) override {
        if (from.remaining() < sizeof(u64)) return Errno::einval;
        u64 added = 0;
        TRY(from.take(&added, sizeof(added)));
        if (added == ~u64{0}) return Errno::einval;
        while (!give(added)) {
            if (non_blocking()) return Errno::eagain;
            TRY(wait_until(writable_, platform::no_deadline,
                           [&] { return value_.load() <= largest - added; }));
        }
        readable_.wake(poll_in | poll_read_normal);
        return sizeof(added);
    }

    u32 poll(PollTable* table) override {
        if (table != nullptr) {
            table->add(readable_);
            table->add(writable_);
        }
        u64 value = value_.load();
        u32 events = 0;
        if (value > 0) events |= poll_in | poll_read_normal;
        if (value < largest) events |= poll_out | poll_write_normal;
        return events;
    }

    Result<u64> seek(i64, int) override { return u64{0}; }  // accepted and without effect, as Linux does
    Result<String> describe() override { return String::from("anon_inode:[eventfd]"sv); }
    void describe_info(TextBuilder& text) override {
        text.text("eventfd-count: "sv).hex(value_.load(), 16).character('\n');
    }

  private:
    bool take(u64& taken) {
        u64 value = value_.load();
        do {
            if (value == 0) return false;
            taken = semaphore_ ? 1 : value;
        } while (!value_.compare_exchange_weak(value, value - taken));
        return true;
    }
    bool give(u64 added) {
        u64 value = value_.load();
        do {
            if (value > largest - added) return false;
        } while (!value_.compare_exchange_weak(value, value + added));
        return true;
    }

    std::atomic<u64> value_;
    bool semaphore_;
    WaitQueue readable_, writable_;
};

}  // namespace

Result<Ref<File>> open_event_counter(u64 initial, bool semaphore, u32 flags) {
    return Ref<File>(TRY(make_ref<EventCounter>(initial, semaphore, flags)));
}

}  // namespace litebox
