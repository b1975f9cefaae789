// The invoker's streams, over rings that the supervisor serves. What comes back is believed as far as indices
// are kept inside their ring.

#include "platform/process/streams.h"

#include "platform/process/abi/rings.h"
#include "platform/process/host.h"
#include "platform/process/mailbox.h"
#include "platform/process/state.h"

namespace litebox::process {

namespace {

constexpr usize header_size = sizeof(u32);
constexpr u32 largest_record = 32768;

constexpr u32 padded(u32 length) {
    return (length + 3) & ~u32{3};
}

/// Sleeps while `word` is `expected`; EINTR when the thread was kicked.
Result<void> wait_for(std::atomic<u32>& word, u32 expected) {
    PlatformBlock& block = this_block();
    if (block.kicked.load(std::memory_order_relaxed) == 0) {
        (void)platform::park(word, expected, platform::no_deadline);
        if (word.load(std::memory_order_acquire) != expected) return {};
    }
    block.kicked.store(0, std::memory_order_relaxed);
    serve_mailbox(block);
    return Errno::eintr;
}

void copy_to_ring(OutRing& ring, u32 at, const u8* from, u32 length) {
    for (u32 done = 0; done < length;) {
        u32 offset = (at + done) % OutRing::size;
        u32 part = min(length - done, OutRing::size - offset);
        __builtin_memcpy(ring.bytes + offset, from + done, part);
        done += part;
    }
}

u32 room_in(const OutRing& ring) {
    u32 used = ring.produced.load(std::memory_order_relaxed) - ring.consumed.load(std::memory_order_acquire);
    return used > OutRing::size ? 0 : OutRing::size - used;
}

/// Under the lock: how many bytes went in.
u32 put_some(OutRing& ring, u32 kind, std::span<const u8> bytes) {
    u32 room = room_in(ring);
    if (room < header_size + 4) return 0;
    u32 length = static_cast<u32>(
        min<usize>(min(bytes.size(), (usize{room} - header_size) & ~usize{3}), largest_record));
    u32 at = ring.produced.load(std::memory_order_relaxed);
    u32 header = kind << 24 | length;
    copy_to_ring(ring, at, reinterpret_cast<const u8*>(&header), header_size);
    copy_to_ring(ring, at + header_size, bytes.data(), length);
    ring.produced.store(at + header_size + padded(length));
    if (ring.sleeping.exchange(0) != 0) (void)host::wake(ring.produced, 1);
    return length;
}

u32 waiting_input(const InRing& ring) {
    u32 there = ring.produced.load(std::memory_order_acquire) - ring.consumed.load(std::memory_order_relaxed);
    return min(there, InRing::size);
}

usize take_input(InRing& ring, std::span<u8> to) {
    u32 at = ring.consumed.load(std::memory_order_relaxed);
    usize length = min<usize>(waiting_input(ring), to.size());
    for (usize done = 0; done < length;) {
        u32 offset = (at + static_cast<u32>(done)) % InRing::size;
        usize part = min<usize>(length - done, InRing::size - offset);
        __builtin_memcpy(to.data() + done, ring.bytes + offset, part);
        done += part;
    }
    ring.consumed.store(at + static_cast<u32>(length), std::memory_order_release);
    return length;
}

enum InputWish : u32 { read_wish = 1, tell_wish = 2 };

/// Under the lock. A wish that is under way stays; a read outdoes the wish to be told.
void ask_for_input(InRing& ring, InputWish wish, usize bytes) {
    u32 asked = ring.asked.load(std::memory_order_relaxed);
    bool open = ring.answered.load(std::memory_order_acquire) != asked;
    if (open && ring.kind.load(std::memory_order_relaxed) <= wish) return;
    ring.kind.store(wish, std::memory_order_relaxed);
    ring.wanted.store(static_cast<u32>(min<usize>(bytes, InRing::size)), std::memory_order_relaxed);
    ring.asked.store(asked + 1);
    (void)host::wake(ring.asked, 1);
}

}  // namespace

Result<usize> put_record(u32 kind, std::span<const u8> bytes, bool wait) {
    SandboxState& state = sandbox();
    OutRing& ring = state.rings->out;
    for (;;) {
        u32 consumed = ring.consumed.load(std::memory_order_acquire);
        u32 done = 0;
        {
            LockGuard guard(state.output_mutex);
            done = put_some(ring, kind, bytes);
        }
        if (done != 0 || bytes.empty()) return done;
        if (!wait) return Errno::eagain;
        TRY(wait_for(ring.consumed, consumed));
    }
}

}  // namespace litebox::process

namespace litebox::platform {

using namespace process;

Result<usize> stream_write(int stream, std::span<const u8> from, bool wait) {
    u32 kind = stream == 2 ? OutRing::error : OutRing::output;
    usize done = 0;
    while (done < from.size()) {
        // Nobody reads any more.
        if (sandbox().rings->out_closed[stream == 2 ? 1 : 0].load(std::memory_order_acquire) != 0)
            return Errno::epipe;
        auto put = put_record(kind, from.subspan(done), wait);
        if (!put.ok() && done == 0) return put.error();
        if (!put.ok()) break;
        done += put.value();
    }
    return done;
}

Result<usize> stream_read(std::span<u8> to, bool wait) {
    SandboxState& state = sandbox();
    InRing& ring = state.rings->in;
    for (;;) {
        u32 answered = 0;
        // Told that there is some: a read answers at once.
        bool soon = wait || ring.readable.load(std::memory_order_acquire) != 0;
        {
            LockGuard guard(state.input_mutex);
            if (usize taken = take_input(ring, to)) return taken;
            if (ring.ended.exchange(0) != 0 || to.empty()) return usize{0};
            ask_for_input(ring, soon ? read_wish : tell_wish, to.size());
            answered = ring.answered.load(std::memory_order_relaxed);
            if (answered == ring.asked.load(std::memory_order_relaxed)) continue;
        }
        if (!soon) return Errno::eagain;
        TRY(wait_for(ring.answered, answered));
    }
}

isize stream_readable() {
    SandboxState& state = sandbox();
    InRing& ring = state.rings->in;
    LockGuard guard(state.input_mutex);
    if (u32 there = waiting_input(ring)) return there;
    if (ring.ended.load() != 0) return -1;
    if (ring.readable.load(std::memory_order_acquire) != 0) return 1;
    ask_for_input(ring, tell_wish, 0);
    return 0;
}

usize stream_writable(int) {
    u32 room = room_in(sandbox().rings->out);
    return room < header_size + 4 ? 0 : room - header_size;
}

bool stream_is_terminal(int stream) {
    return stream >= 0 && stream < 3 && (sandbox().terminal_streams >> stream & 1) != 0;
}

WindowSize terminal_size() {
    u32 both = sandbox().rings->control.window_rows_columns.load(std::memory_order_relaxed);
    return {static_cast<u16>(both >> 16), static_cast<u16>(both), 0, 0};
}

void terminal_raw(bool raw) {
    ControlBlock& control = sandbox().rings->control;
    u32 wanted = raw ? 1 : 0;
    if (control.raw_wanted.exchange(wanted, std::memory_order_acq_rel) == wanted) return;
    (void)host::wake(sandbox().rings->out.produced, 1);
    // The next byte typed is to find the terminal changed; a supervisor that is slow does not hold the
    // program for ever.
    constexpr int looks = 50;
    constexpr u64 look_ns = 1000000;
    for (int i = 0; i < looks && control.raw_active.load(std::memory_order_acquire) != wanted; i++)
        (void)park(control.raw_active, wanted ^ 1, monotonic_ns() + look_ns);
}

}  // namespace litebox::platform
