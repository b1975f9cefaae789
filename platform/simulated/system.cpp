// South: the system thread, time, entropy, the invoker's streams, the end.
#include <cstdio>
#include <cstdlib>

#include "platform/simulated/machine.h"

namespace litebox::simulated {

void Machine::ring() {
    bell_.fetch_add(1);
    scheduler_->unpark(bell_, 1);
}

void Machine::set_alarm(u64 deadline, Kernel* kernel) {
    kernel_.store(kernel);
    if (deadline < alarm_.exchange(deadline)) ring();
}

void Machine::happens_at(u64 when, std::function<void()> event) {
    std::lock_guard guard(mutex_);
    events_.emplace(when, std::move(event));
}

void Machine::note_input() {
    streams_.input_word.fetch_add(1);
    scheduler_->unpark(streams_.input_word, ~0u);
    news_.store(true);
}

void Machine::type_at(u64 when, std::string_view bytes, bool end) {
    happens_at(when, [this, text = std::string(bytes), end] {
        {
            std::lock_guard guard(streams_mutex_);
            streams_.input.insert(streams_.input.end(), text.begin(), text.end());
            streams_.input_ended = end;
        }
        note_input();
    });
}

void Machine::signal_at(u64 when, int signal) {
    happens_at(when, [signal] { upcall::host_signal(signal); });
}

void Machine::end_at(u64 when) {
    constexpr int killed = 137;
    happens_at(when, [] { platform::stop(killed); });
}

void Machine::run_events() {
    for (;;) {
        {
            std::lock_guard guard(mutex_);
            if (events_.empty() || events_.begin()->first > scheduler_->now()) return;
            running_event_ = std::move(events_.begin()->second);
            events_.erase(events_.begin());
        }
        running_event_();
    }
}

/// Timers, and what the host has for the program. Its block has no current thread.
void Machine::system_loop() {
    for (;;) {
        u32 heard = bell_.load();
        Kernel* kernel = kernel_.load();
        if (kernel != nullptr) {
            set_kernel(kernel);
            u64 deadline = alarm_.load();
            if (deadline <= scheduler_->now() &&
                alarm_.compare_exchange_strong(deadline, platform::no_deadline))
                upcall::alarm();
            run_events();
            if (news_.exchange(false)) upcall::stream_ready();
        }
        u64 next = alarm_.load();
        if (kernel != nullptr) {
            std::lock_guard guard(mutex_);
            if (!events_.empty()) next = std::min(next, events_.begin()->first);
        }
        scheduler_->park(this_thread(), bell_, heard, next);
    }
}

}  // namespace litebox::simulated

namespace litebox::platform {

using namespace simulated;

u64 monotonic_ns() {
    return machine().scheduler().now();
}
u64 realtime_ns() {
    constexpr u64 start = u64{1700000000} * 1000000000;
    return start + monotonic_ns();
}
u64 boottime_ns() {
    return monotonic_ns();
}

void set_alarm(u64 deadline) {
    machine().set_alarm(deadline, current_block()->kernel);
    machine().pass_point();
}

u64 thread_cpu_ns(ThreadBlock* block) {
    return machine().scheduler().cpu_ns(thread_of(block));
}
u64 space_cpu_ns(Space*) {
    return machine().scheduler().cpu_ns(this_thread());
}
u64 resident_pages(Space* space) {
    return space->memory.own_pages();
}
void fill_entropy(std::span<u8> out) {
    machine().fill_entropy(out);
}
u32 processor_count() {
    return 2;
}
u32 current_processor() {
    return this_thread().number % 2;
}
/// It stays as it is, zeros: every reading of the clock is a system call.
void share_clock(ClockData&) {}

namespace {

/// Takes what is there, when something is.
Result<usize> take_input(Machine::Streams& streams, std::span<u8> to) {
    if (streams.input.empty() && !streams.input_ended) return Errno::eagain;
    usize count = std::min(to.size(), streams.input.size());
    std::copy_n(streams.input.begin(), count, to.begin());
    streams.input.erase(streams.input.begin(), streams.input.begin() + static_cast<isize>(count));
    return count;
}

}  // namespace

Result<usize> stream_read(std::span<u8> to, bool wait) {
    TRY(machine().begin(Operation::stream_read));
    for (;;) {
        std::atomic<u32>* word = nullptr;
        u32 seen = 0;
        auto taken = machine().with_streams([&](Machine::Streams& streams) {
            word = &streams.input_word;
            seen = streams.input_word.load();
            return take_input(streams, to);
        });
        if (taken.ok() || !wait) return taken;
        if (this_thread().kicked.load() != 0) {
            (void)park(*word, seen, no_deadline);
            return Errno::eintr;
        }
        (void)park(*word, seen, no_deadline);
        if (word->load() == seen) return Errno::eintr;
    }
}

Result<usize> stream_write(int stream, std::span<const u8> from, bool) {
    TRY(machine().begin(Operation::stream_write));
    machine().with_streams([&](Machine::Streams& streams) {
        (stream == 2 ? streams.error_output : streams.output).append(from.begin(), from.end());
    });
    return from.size();
}

isize stream_readable() {
    return machine().with_streams([](Machine::Streams& streams) -> isize {
        if (!streams.input.empty()) return static_cast<isize>(streams.input.size());
        return streams.input_ended ? -1 : 0;
    });
}
usize stream_writable(int) {
    return 64 << 10;
}
bool stream_is_terminal(int stream) {
    return (machine().options().terminal_streams >> stream & 1) != 0;
}
WindowSize terminal_size() {
    return {24, 80, 0, 0};
}
void terminal_raw(bool raw) {
    machine().with_streams([&](Machine::Streams& streams) { streams.raw = raw; });
}

const BootParameters& boot_parameters() {
    return machine().parameters();
}
u64 host_call_count() {
    return 0;
}
void tell_start() {}
void tell_totals(u64, u64, bool) {}

void stop(int status) {
    machine().stop(status);
}

void panic(std::string_view reason) {
    std::fprintf(stderr, "panic of the core: %.*s\n", static_cast<int>(reason.size()), reason.data());
    if (hosted_block != nullptr)
        std::fprintf(stderr, "(seed %llu, system call %lld) %s\n",
                     static_cast<unsigned long long>(machine().options().seed),
                     static_cast<long long>(this_thread().last_call), machine().label().c_str());
    std::abort();
}

void report(std::string_view line) {
    machine().with_streams([&](Machine::Streams& streams) { streams.report.append(line).append("\n"); });
}

}  // namespace litebox::platform
