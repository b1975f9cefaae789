// Sequences of system calls from several threads and processes, on the simulated platform. Whatever the guest
// asks for and in whatever order, it gets an errno or a signal: a panic, a deadlock over a lock of the core,
// or a sanitizer's finding is a bug.
#include <fcntl.h>
#include <sys/syscall.h>

#include <cstdio>
#include <cstdlib>

#include "fuzz/grammar.h"

using namespace litebox;
using simulated::Guest;

namespace {

/// LITEBOX_FUZZ_TRACE=1 prints the calls: for whoever looks at a reproducer.
bool tracing() {
    static const bool on = std::getenv("LITEBOX_FUZZ_TRACE") != nullptr;
    return on;
}

/// All tasks draw from one input; only one of them runs at a time.
struct Script {
    fuzz::Input input;
    int calls = 0;
    static constexpr int most_calls = 96;
};

void play(Guest& guest, Script& script);

void make_call(Guest& guest, Script& script) {
    fuzz::CallMaker maker(script.input, guest);
    fuzz::Call call = maker.next();
    script.calls++;
    if (tracing())
        std::fprintf(stderr, "%s(%llx, %llx, %llx, %llx, %llx, %llx)\n", call.name,
                     static_cast<unsigned long long>(call.arguments[0]),
                     static_cast<unsigned long long>(call.arguments[1]),
                     static_cast<unsigned long long>(call.arguments[2]),
                     static_cast<unsigned long long>(call.arguments[3]),
                     static_cast<unsigned long long>(call.arguments[4]),
                     static_cast<unsigned long long>(call.arguments[5]));
    i64 result =
        guest.call_with_child(call.number, call.arguments, [&script](Guest& child) { play(child, script); });
    if (tracing()) std::fprintf(stderr, "  %s = %lld\n", call.name, static_cast<long long>(result));
}

void play(Guest& guest, Script& script) {
    while (!script.input.empty() && script.calls < Script::most_calls) make_call(guest, script);
}

/// Interrupts whatever sleeps for ever.
void start_alarm(Guest& guest) {
    constexpr int alarm = 14;
    guest.handle(alarm, [](Guest&, int, u64, u64) {});
    constexpr u64 period_us = 20000;
    const u64 value[4] = {0, period_us, 0, period_us};
    simulated::Scratch scratch(guest);
    guest.call(SYS_setitimer, 0, scratch.bytes(value, sizeof(value)), 0);
}

void first_program(Guest& guest, Script& script) {
    i64 worker = guest.fork([&script](Guest& child) {
        fuzz::prepare_guest(child);
        start_alarm(child);
        int threads = script.input.take<u8>() % 3;
        for (int i = 0; i < threads; i++) child.thread([&script](Guest& other) { play(other, script); });
        play(child, script);
        child.sleep(1000000);
    });
    // What has locked itself up is ended from outside after a while.
    guest.sleep(u64{10} * 1000000000);
    guest.kill(-1, 9);
    guest.wait(worker);
    while (guest.wait(-1) > 0) continue;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    Script script{{data, size}};
    simulated::Options options;
    options.seed = script.input.take<u16>();
    options.region_bytes = u64{24} << 20;
    options.temporary_limit = u64{4} << 20;
    options.thread_limit = 40;
    options.terminal_streams = script.input.flip() ? 7 : 0;
    options.root_writable = script.input.flip();
    if (script.input.flip()) options.uid = options.gid = 0;
    simulated::Machine machine(options);
    fuzz::prepare_host(machine);
    machine.install("/bin/child", [&script](Guest& guest) { play(guest, script); });
    // The first program too may be stopped for ever, while a timer of the others' goes on.
    machine.end_at(u64{100} * 1000000000);
    auto outcome = machine.run([&script](Guest& guest) { first_program(guest, script); });
    if (outcome.deadlock.over_locks) {
        std::fprintf(stderr, "deadlock:\n%s", outcome.deadlock.report.c_str());
        std::abort();
    }
    return 0;
}
