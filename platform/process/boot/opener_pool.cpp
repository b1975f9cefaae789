// How the openers come to be.
#include "platform/process/boot/confine.h"
#include "platform/process/boot/opener.h"
#include "platform/process/boot/opener_state.h"
#include "platform/process/boot/tie.h"

extern "C" litebox::i64 litebox_clone_opener(litebox::u64 flags, litebox::u64 stack, void (*run)(void*),
                                             void* argument);

namespace litebox::process {

namespace {

constexpr u64 stack_size = u64{256} << 10;

void* take_memory(u64 length) {
    constexpr u64 read_write = 3, private_anonymous_no_reserve = 0x4022;
    i64 memory = raw::call(raw::nr_mmap, 0, length, read_write, private_anonymous_no_reserve, ~u64{0}, 0);
    if (failed(memory)) fail(no_openers);
    return reinterpret_cast<void*>(memory);
}

/// From here on files are looked at as the lane's identity.
void confine(const StartBlock& block, u32 lane) {
    const FileLaneParameters& who = block.lanes[lane];
    if (block.switch_identity) {
        if (failed(raw::call(raw::nr_setresgid, who.gid, who.gid, who.gid))) fail(no_privileges);
        if (failed(raw::call(raw::nr_setresuid, who.uid, who.uid, who.uid))) fail(no_privileges);
    }
    drop_privileges();
}

/// Guests may signal whoever has their identity: the kick means nothing here, and no handler runs.
void hear_no_signals() {
    constexpr u64 set_mask = 2, mask_size = 8;
    u64 all = ~u64{0};
    raw::call(raw::nr_rt_sigprocmask, set_mask, reinterpret_cast<u64>(&all), 0, mask_size);
}

/// What each does first takes long: the first guest process has its start ahead of that.
void wait_for_begin(OpenerPool& pool) {
    while (pool.begun.load(std::memory_order_acquire) == 0)
        raw::call(raw::nr_futex, reinterpret_cast<u64>(&pool.begun), raw::futex_wait, 0, 0);
}

void run_lane(void* argument) {
    Opener& opener = *static_cast<Opener*>(argument);
    hear_no_signals();
    wait_for_begin(*opener.pool);
    confine(opener.block(), opener.lane);
    put_on_filter(opener.block().opener_filter);
    serve_lane(opener);
}

void run_watcher(void* argument) {
    OpenerPool& pool = *static_cast<OpenerPool*>(argument);
    hear_no_signals();
    wait_for_begin(pool);
    confine(*pool.block, 0);
    put_on_filter(pool.block->opener_filter);
    watch_for_changes(pool);
}

/// A process of its own for the kernel (threads cannot be made in another PID namespace than one's own),
/// which shares everything that matters here.
void make_thread(void (*run)(void*), void* argument) {
    constexpr u64 clone_vm = 0x100, clone_files = 0x400, clone_parent = 0x8000, sigchld = 17;
    u64 stack = reinterpret_cast<u64>(take_memory(stack_size)) + stack_size;
    if (failed(litebox_clone_opener(clone_vm | clone_files | clone_parent | sigchld, stack, run, argument)))
        fail(no_openers);
}

}  // namespace

OpenerPool& make_openers(const StartBlock& block) {
    OpenerPool& pool = *static_cast<OpenerPool*>(take_memory(sizeof(OpenerPool)));
    pool.block = &block;
    pool.ring = &reinterpret_cast<Rings*>(block.windows.rings)->files;
    open_watches(pool);
    if (pool.watches.descriptor >= 0) make_thread(run_watcher, &pool);
    for (u32 lane = 1; lane < block.lanes.size(); lane++) {
        auto* opener = new (take_memory(sizeof(Opener))) Opener;
        opener->pool = &pool;
        opener->lane = lane;
        make_thread(run_lane, opener);
    }
    return pool;
}

void serve_files(OpenerPool& pool) {
    auto* opener = new (take_memory(sizeof(Opener))) Opener;
    opener->pool = &pool;
    opener->lane = 0;
    confine(*pool.block, 0);
    // The others are in the sandbox's PID namespace, and end with it.
    tie_to_supervisor(pool.block->supervisor);
    put_on_filter(pool.block->opener_filter);
    pool.begun.store(1, std::memory_order_release);
    raw::call(raw::nr_futex, reinterpret_cast<u64>(&pool.begun), raw::futex_wake, 0x7fffffff);
    serve_lane(*opener);
}

}  // namespace litebox::process
