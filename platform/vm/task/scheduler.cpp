#include "platform/vm/task/scheduler.h"

#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"
#include "platform/vm/task/watchdog.h"

extern "C" __attribute__((visibility("hidden"))) void litebox_switch(litebox::u64* save_stack,
                                                                     litebox::u64 load_stack);

namespace litebox::vm {

namespace {

constexpr u64 slice_ns = 4000000;
/// Somebody who wakes waits at least this much behind who runs, so that two do not swap places all the time.
constexpr u64 wake_advantage_ns = 1000000;
/// How much a thread that slept may have saved up.
constexpr u64 sleeper_credit_ns = 2000000;
/// Real-time threads have at most this much of each period while others wait, as Linux limits them
/// (sched_rt_runtime_us).
constexpr u64 period_ns = 1000000000, realtime_most_ns = 950000000;

PlatformBlock& block_of(TreeNode& node) {
    return *reinterpret_cast<PlatformBlock*>(reinterpret_cast<u8*>(&node) -
                                             __builtin_offsetof(PlatformBlock, run_node));
}
PlatformBlock& block_of_timer(TreeNode& node) {
    return *reinterpret_cast<PlatformBlock*>(reinterpret_cast<u8*>(&node) -
                                             __builtin_offsetof(PlatformBlock, timer_node));
}

/// Where it stands in a queue: real-time threads by priority, before all others; these by what they had.
u64 key_of(const PlatformBlock& block) {
    constexpr u64 above_highest_priority = 100;
    return block.realtime != 0 ? above_highest_priority - block.realtime : block.virtual_ns;
}

/// Under the queue's lock.
void put(RunQueue& queue, PlatformBlock& block) {
    u64 floor = queue.least_virtual_ns > sleeper_credit_ns ? queue.least_virtual_ns - sleeper_credit_ns : 0;
    block.virtual_ns = max(block.virtual_ns, max(floor, least_fair_key));
    queue.ready.insert(block.run_node, key_of(block));
    queue.count++;
}

void take_out(RunQueue& queue, PlatformBlock& block) {
    queue.ready.remove(block.run_node);
    queue.count--;
    block.state.store(RunState::running, std::memory_order_relaxed);
}

/// Whether another processor has yet to get off its stack. Waiting for that here could be mutual.
bool still_elsewhere(const PlatformBlock& block, const Processor& processor) {
    return &block != processor.current && block.on_processor.load(std::memory_order_acquire) != 0;
}

/// Of the present period, the running thread's part included.
u64 realtime_had(Processor& processor, u64 now) {
    RunQueue& queue = processor.queue;
    if (now - queue.period_begin_ns >= period_ns) {
        queue.period_begin_ns = now;
        queue.realtime_ns = 0;
    }
    const PlatformBlock& running = *processor.current;
    u64 since = max(queue.period_begin_ns, running.started_ns.load(std::memory_order_relaxed));
    return queue.realtime_ns + (running.realtime != 0 && now > since ? now - since : 0);
}

/// The first; where real-time threads have had their part, the first of the others.
PlatformBlock* take_first(Processor& processor, bool spare_realtime) {
    RunQueue& queue = processor.queue;
    TreeNode* chosen = nullptr;
    for (TreeNode* node = queue.ready.first(); node != nullptr; node = OrderedTree::next(*node)) {
        if (still_elsewhere(block_of(*node), processor)) continue;
        if (chosen == nullptr) chosen = node;
        if (spare_realtime && block_of(*node).realtime != 0) continue;
        chosen = node;
        break;
    }
    if (chosen == nullptr) return nullptr;
    PlatformBlock& block = block_of(*chosen);
    take_out(queue, block);
    if (block.realtime == 0) queue.least_virtual_ns = max(queue.least_virtual_ns, block.virtual_ns);
    return &block;
}

bool may_run_on(const PlatformBlock& block, const Processor& processor) {
    return (block.affinity.load(std::memory_order_relaxed) >> processor.number & 1) != 0;
}

/// The first of another queue that may run here.
PlatformBlock* steal_from(Processor& thief, Processor& victim) {
    if (victim.queue.count == 0) return nullptr;
    SpinGuard guard(victim.queue.lock);
    for (TreeNode* node = victim.queue.ready.first(); node != nullptr; node = OrderedTree::next(*node)) {
        PlatformBlock& block = block_of(*node);
        if (!may_run_on(block, thief) || still_elsewhere(block, thief)) continue;
        take_out(victim.queue, block);
        // Queues count from different beginnings.
        u64 ahead = block.virtual_ns > victim.queue.least_virtual_ns
                        ? block.virtual_ns - victim.queue.least_virtual_ns
                        : 0;
        block.virtual_ns = thief.queue.least_virtual_ns + ahead;
        return &block;
    }
    return nullptr;
}

PlatformBlock* steal(Processor& thief) {
    Machine& all = machine();
    for (u32 i = 1; i < all.processor_count; i++) {
        Processor& victim = *all.processors[(thief.number + i) % all.processor_count];
        if (!victim.online.load(std::memory_order_acquire)) continue;
        if (PlatformBlock* block = steal_from(thief, victim)) return block;
    }
    return nullptr;
}

/// The processor time that `block` has had since it was last counted.
void account(PlatformBlock& block, u64 now) {
    u64 since = block.started_ns.exchange(now, std::memory_order_acq_rel);
    u64 ran = now > since ? now - since : 0;
    block.virtual_ns += ran * normal_weight / block.weight;
    block.cpu_ns.store(block.cpu_ns.load(std::memory_order_relaxed) + ran, std::memory_order_relaxed);
    if (block.home != nullptr) block.home->cpu_ns.fetch_add(ran, std::memory_order_relaxed);
}

void save_guest_registers(PlatformBlock& block) {
    asm volatile("rdfsbase %0" : "=r"(block.fs_base));
    asm volatile("swapgs; rdgsbase %0; swapgs" : "=r"(block.guest_gs_base));
    asm volatile("xsave64 (%0)" : : "r"(block.vectors), "a"(~0u), "d"(~0u) : "memory");
}

void load_guest_registers(Processor& processor, PlatformBlock& block) {
    asm volatile("wrfsbase %0" : : "r"(block.fs_base));
    asm volatile("swapgs; wrgsbase %0; swapgs" : : "r"(block.guest_gs_base));
    // What is loaded here is stale once the thread has run elsewhere.
    if (processor.vectors_of == &block && block.vectors_on == &processor) return;
    asm volatile("xrstor64 (%0)" : : "r"(block.vectors), "a"(~0u), "d"(~0u) : "memory");
    processor.vectors_of = &block;
    block.vectors_on = &processor;
}

/// When others that wait get their turn.
u64 turn_end(Processor& processor, const PlatformBlock& running, u64 now) {
    if (running.sliced) return now + slice_ns;
    u64 had = realtime_had(processor, now);
    return now + max(slice_ns, realtime_most_ns - min(had, realtime_most_ns));
}

/// When the processor has to look at the clock again. A timer that ends earlier stays: one interrupt too many
/// takes less than telling the controller at every switch, which under emulation wakes a thread of the host.
void plan_timer(Processor& processor, const PlatformBlock& running, u64 now) {
    u64 deadline = platform::no_deadline;
    {
        SpinGuard guard(processor.timers.lock);
        if (TreeNode* first = processor.timers.armed.first()) deadline = first->key;
    }
    if (processor.queue.count > 0 && &running != processor.idle_block)
        deadline = min(deadline, turn_end(processor, running, now));
    if (deadline < processor.programmed_ns) program_timer(deadline);
}

void switch_to(Processor& processor, PlatformBlock& next) {
    PlatformBlock& previous = *processor.current;
    if (previous.has_guest) save_guest_registers(previous);
    next.on_processor.store(1, std::memory_order_relaxed);
    next.processor.store(&processor, std::memory_order_relaxed);
    processor.current = &next;
    processor.previous = &previous;
    // Who has no guest memory runs under anybody's tables, and what is known of them stays for who comes
    // back. Not with several processors: each shoot-down of that space would wake this one.
    if (next.space != nullptr || machine().processor_count > 1) load_space(processor, next.space);
    set_trap_stack(processor, next.head.core_stack - FRAME_SIZE);
    asm volatile("wrgsbase %0" : : "r"(&next.head) : "memory");
    if (next.has_guest) load_guest_registers(processor, next);
    litebox_switch(&previous.saved_stack, next.saved_stack);
    litebox_finish_switch();
}

}  // namespace

void load_space(Processor& processor, platform::Space* space) {
    platform::Space* before = processor.loaded_space;
    if (before == space) return;
    u64 bit = u64{1} << processor.number;
    if (space != nullptr) space->active.fetch_or(bit, std::memory_order_seq_cst);
    processor.loaded_space = space;
    asm volatile("mov %0, %%cr3" : : "r"(space != nullptr ? space->root : machine().kernel_root) : "memory");
    if (before != nullptr) before->active.fetch_and(~bit, std::memory_order_seq_cst);
}

extern "C" void litebox_finish_switch() {
    Processor& processor = this_processor();
    PlatformBlock& previous = *processor.previous;
    bool dead = previous.state.load(std::memory_order_relaxed) == RunState::dead;
    std::atomic<u32>* cleared = dead ? previous.cleared : nullptr;
    previous.on_processor.store(0, std::memory_order_release);
    if (!dead) return;
    recycle_block(previous);
    if (cleared == nullptr) return;
    cleared->store(1, std::memory_order_release);
    platform::unpark(*cleared, ~0u);
}

void schedule() {
    Processor& processor = this_processor();
    PlatformBlock& current = *processor.current;
    u64 now = platform::monotonic_ns();
    u64 had = processor.queue.realtime_ns = realtime_had(processor, now);
    account(current, now);
    current.pending.fetch_and(~u32{pending_switch}, std::memory_order_relaxed);
    PlatformBlock* next = nullptr;
    bool moves;
    {
        SpinGuard guard(processor.queue.lock);
        bool goes_on = &current != processor.idle_block &&
                       current.state.load(std::memory_order_relaxed) == RunState::running;
        if (goes_on && may_run_on(current, processor)) {
            current.state.store(RunState::queued, std::memory_order_relaxed);
            put(processor.queue, current);
            goes_on = false;
        }
        moves = goes_on;
        next = take_first(processor, had >= realtime_most_ns);
    }
    // It stands in another's queue before it is off this one's stack: nobody takes it before that.
    if (moves) (void)make_ready(current, RunState::running);
    if (next == nullptr) next = steal(processor);
    if (next == nullptr) next = processor.idle_block;
    next->started_ns.store(now, std::memory_order_relaxed);
    processor.idle.store(next == processor.idle_block, std::memory_order_relaxed);
    plan_timer(processor, *next, now);
    if (next != &current) switch_to(processor, *next);
}

namespace {

Processor& choose_processor(PlatformBlock& block) {
    Machine& all = machine();
    Processor* last = block.processor.load(std::memory_order_relaxed);
    bool last_good = last != nullptr && may_run_on(block, *last);
    if (last_good && last->idle.load(std::memory_order_relaxed)) return *last;
    Processor* good = last_good ? last : nullptr;
    for (u32 i = 0; i < all.processor_count; i++) {
        Processor& candidate = *all.processors[i];
        if (!candidate.online.load(std::memory_order_acquire) || !may_run_on(block, candidate)) continue;
        if (candidate.idle.load(std::memory_order_relaxed)) return candidate;
        if (good == nullptr) good = &candidate;
    }
    return good != nullptr ? *good : this_processor();
}

void ask_to_switch(Processor& processor) {
    PlatformBlock* running = processor.current;
    running->pending.fetch_or(pending_switch, std::memory_order_relaxed);
    if (&processor != &this_processor()) send_reschedule(processor);
}

/// Until now nobody else wanted the processor, so its timer does not end slices. The timer interrupt, which
/// holds the lock of the timers, comes here.
void begin_slices(Processor& processor) {
    if (&processor != &this_processor()) return send_reschedule(processor);
    u64 end = turn_end(processor, *processor.current, platform::monotonic_ns());
    if (end < processor.programmed_ns) program_timer(end);
}

}  // namespace

void reschedule_interrupt() {
    Processor& processor = this_processor();
    plan_timer(processor, *processor.current, platform::monotonic_ns());
}

bool make_ready(PlatformBlock& block, RunState from) {
    if (!block.state.compare_exchange_strong(from, RunState::queued, std::memory_order_acq_rel)) return false;
    InterruptsOff off;
    Processor& processor = choose_processor(block);
    bool first, alone;
    {
        SpinGuard guard(processor.queue.lock);
        put(processor.queue, block);
        PlatformBlock& running = *processor.current;
        bool ahead = block.realtime != 0 || running.realtime != 0
                         ? key_of(block) < key_of(running)
                         : block.virtual_ns + wake_advantage_ns < running.virtual_ns;
        first = ahead || &running == processor.idle_block;
        alone = processor.queue.count == 1;
        // The watchdog counts from when a processor has somebody waiting: before, it may have had no tick for
        // long.
        if (alone) processor.last_tick_ns.store(platform::monotonic_ns(), std::memory_order_relaxed);
        processor.idle.store(false, std::memory_order_relaxed);
    }
    if (first)
        ask_to_switch(processor);
    else if (alone)
        begin_slices(processor);
    return true;
}

void preempt_if_due() {
    PlatformBlock& block = this_block();
    if ((block.pending.load(std::memory_order_relaxed) & pending_switch) != 0 && block.preemption_held == 0)
        schedule();
}

void arm_timer(PlatformBlock& block, u64 deadline_ns) {
    InterruptsOff off;
    Processor& processor = this_processor();
    block.timer_processor = &processor;
    bool first;
    {
        SpinGuard guard(processor.timers.lock);
        // In the order of the latest moments; the timer interrupt takes all whose earliest has come.
        u64 latest = deadline_ns;
        if (!checked_add(deadline_ns, block.timer_slack_ns, &latest)) latest = deadline_ns;
        block.timer_deadline_ns = deadline_ns;
        deadline_ns = latest;
        processor.timers.armed.insert(block.timer_node, latest);
        first = processor.timers.armed.first() == &block.timer_node;
    }
    if (first && deadline_ns < processor.programmed_ns) program_timer(deadline_ns);
}

void disarm_timer(PlatformBlock& block) {
    TimerQueue& timers = block.timer_processor->timers;
    SpinGuard guard(timers.lock);
    if (block.timer_node.linked) timers.armed.remove(block.timer_node);
}

void timer_interrupt() {
    Processor& processor = this_processor();
    processor.programmed_ns = platform::no_deadline;
    u64 now = platform::monotonic_ns();
    watch_processors(now);
    {
        SpinGuard guard(processor.timers.lock);
        while (TreeNode* node = processor.timers.armed.first()) {
            PlatformBlock& block = block_of_timer(*node);
            if (block.timer_deadline_ns > now) break;
            processor.timers.armed.remove(*node);
            park_timed_out(block);
        }
    }
    PlatformBlock& current = *processor.current;
    bool over = current.sliced
                    ? now - min(now, current.started_ns.load(std::memory_order_relaxed)) >= slice_ns
                    : realtime_had(processor, now) >= realtime_most_ns;
    if (processor.queue.count > 0 && over)
        current.pending.fetch_or(pending_switch, std::memory_order_relaxed);
    plan_timer(processor, current, now);
}

void idle_loop() {
    for (;;) {
        asm volatile("cli" : : : "memory");
        Processor& processor = this_processor();
        processor.idle.store(true, std::memory_order_seq_cst);
        bool nothing = processor.queue.count == 0 &&
                       (this_block().pending.load(std::memory_order_seq_cst) & pending_switch) == 0;
        if (nothing) host_io::halt_until_interrupt();
        asm volatile("cli" : : : "memory");
        schedule();
        asm volatile("sti" : : : "memory");
    }
}

}  // namespace litebox::vm

namespace litebox::platform {

using namespace vm;

namespace {

/// A step of one in niceness is a tenth of the processor time between two equals: a quarter more or less
/// weight.
u32 weight_of(int nice) {
    constexpr int lowest = -20, highest = 19;
    u32 weight = normal_weight;
    for (int i = max(nice, lowest); i < 0; i++) weight = weight * 5 / 4;
    for (int i = min(nice, highest); i > 0; i--) weight = max(weight * 4 / 5, 1u);
    return weight;
}

constexpr u32 idle_weight = 3;

}  // namespace

void set_scheduling(ThreadBlock* head, const Scheduling& scheduling) {
    using Policy = Scheduling::Policy;
    PlatformBlock& block = platform_block(head);
    bool realtime =
        scheduling.policy == Policy::first_in_first_out || scheduling.policy == Policy::round_robin;
    block.weight = scheduling.policy == Policy::idle ? idle_weight : weight_of(scheduling.nice);
    block.realtime = realtime ? scheduling.priority : 0;
    block.sliced = scheduling.policy != Policy::first_in_first_out;
    block.timer_slack_ns = realtime ? 0 : scheduling.timer_slack_ns;
    block.affinity.store(scheduling.affinity, std::memory_order_relaxed);
    if (&block != &this_block()) return;
    InterruptsOff off;
    if ((scheduling.affinity >> this_processor().number & 1) == 0) schedule();
}

}  // namespace litebox::platform
