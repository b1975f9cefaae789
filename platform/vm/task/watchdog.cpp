#include "platform/vm/task/watchdog.h"

#include "platform/vm/machine.h"
#include "platform/vm/text_line.h"

namespace litebox::vm {

namespace {

constexpr u64 patience_ns = 60000000000;

[[noreturn]] void give_up(u32 number) {
    TextLine line;
    line.text("processor ").decimal(number).text(" has not answered for a minute");
    platform::panic(line.view());
}

}  // namespace

void watch_processors(u64 now) {
    Machine& all = machine();
    this_processor().last_tick_ns.store(now, std::memory_order_relaxed);
    for (u32 i = 0; i < all.processor_count; i++) {
        Processor& other = *all.processors[i];
        bool busy = other.online.load(std::memory_order_acquire) &&
                    !other.idle.load(std::memory_order_relaxed) && other.queue.count > 0;
        if (busy && now > other.last_tick_ns.load(std::memory_order_relaxed) + patience_ns) give_up(i);
    }
}

void watch_wait(u64& since) {
    u64 now = platform::monotonic_ns();
    if (since == 0) since = now;
    if (now < since + patience_ns) return;
    u64 waiting = machine().interrupts.shoot_down.waiting.load(std::memory_order_relaxed);
    give_up(waiting == 0 ? 0 : static_cast<u32>(__builtin_ctzll(waiting)));
}

}  // namespace litebox::vm
