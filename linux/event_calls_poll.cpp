// poll(2) and select(2).

#include "core/file/events/poll_wait.h"
#include "core/task/process.h"
#include "core/task/signal_send.h"
#include "core/task/timers.h"
#include "linux/event_calls.h"
#include "linux/signal_mask.h"

namespace litebox {

Result<void> TemporaryMask::apply(UserPtr<const u64> mask, usize size) {
    if (!mask) return {};
    if (size != sizeof(u64)) return Errno::einval;
    u64 bits = TRY(mask.read());
    thread_.saved_mask = thread_.mask;
    thread_.restore_mask = true;
    set_signal_mask(thread_, {bits});
    applied_ = true;
    return {};
}

TemporaryMask::~TemporaryMask() {
    // With a signal to deliver, its handler's frame takes the saved mask.
    if (!applied_ || interrupted_) return;
    thread_.restore_mask = false;
    set_signal_mask(thread_, thread_.saved_mask);
}

namespace {

constexpr u64 ns_per_millisecond = 1'000'000;

u64 deadline_of_ms(int timeout_ms) {
    if (timeout_ms < 0) return platform::no_deadline;
    return timeout_ms == 0 ? 0 : deadline_after(static_cast<u64>(timeout_ms) * ns_per_millisecond);
}

/// Repeats `look(table)` until it counts something, the deadline passes (0: at once), or a signal comes.
template <typename Look>
Result<u64> look_until(u64 deadline, Look&& look) {
    u64 found = TRY(look(nullptr));
    if (found > 0 || deadline == 0) return found;
    ThreadPollTable table;
    bool hang = true;
    for (;;) {
        u32 generation = wait_generation();
        found = TRY(look(hang ? &table : nullptr));
        hang = false;
        if (found > 0) return found;
        if (table.failed()) return Errno::enomem;
        auto result = block(generation, deadline, Interruptible::yes);
        if (result.ok()) continue;
        if (result.error() == Errno::etimedout) return u64{0};
        return Errno::eintr;
    }
}

Result<u64> look_at_descriptors(Thread& thread, std::span<sys::PollDescriptor> rows, PollTable* table) {
    u64 found = 0;
    for (auto& row : rows) {
        row.returned = 0;
        if (row.descriptor < 0) continue;
        auto file = thread.files->get(row.descriptor);
        if (!file.ok() || (file.value()->flags() & open_path) != 0) {
            row.returned = poll_invalid;
        } else {
            u32 wanted = row.events | poll_error | poll_hang_up;
            row.returned = static_cast<u16>(file.value()->poll(table) & wanted);
        }
        if (row.returned != 0) found++;
    }
    return found;
}

Result<u64> poll_until(Thread& thread, UserPtr<sys::PollDescriptor> descriptors, u32 count, u64 deadline) {
    if (count > thread.process->limit(limit_nofile)) return Errno::einval;
    // Few descriptors, the common case, need no allocation.
    constexpr u32 on_stack = 16;
    sys::PollDescriptor few[on_stack];
    Vector<sys::PollDescriptor> many;
    if (count > on_stack) TRY(many.resize(count));
    std::span<sys::PollDescriptor> rows(count > on_stack ? many.data() : few, count);
    TRY(descriptors.read_array(rows));
    u64 found =
        TRY(look_until(deadline, [&](PollTable* table) { return look_at_descriptors(thread, rows, table); }));
    for (u32 i = 0; i < count; i++)
        TRY(copy_to_user(
            descriptors.address() + i * sizeof(rows[i]) + offsetof(sys::PollDescriptor, returned),
            &rows[i].returned, sizeof(rows[i].returned)));
    return found;
}

/// What is left of a timeout goes back to the program, as Linux does.
template <typename T, typename Convert>
Result<void> write_rest(UserPtr<T> timeout, u64 deadline, Convert&& convert) {
    if (!timeout || deadline == platform::no_deadline) return {};
    u64 now = platform::monotonic_ns();
    // A timeout in read-only memory is no error.
    (void)timeout.write(convert(deadline > now ? deadline - now : 0));
    return {};
}

struct SelectSets {
    int count = 0;
    u32 words = 0;
    Vector<u64> wanted[3], found[3];
    u64 address[3] = {};
};

Result<void> read_sets(SelectSets& sets) {
    for (int i = 0; i < 3; i++) {
        TRY(sets.wanted[i].resize(sets.words));
        TRY(sets.found[i].resize(sets.words));
        for (u64& word : sets.wanted[i]) word = 0;
        if (sets.address[i] != 0)
            TRY(copy_from_user(sets.wanted[i].data(), sets.address[i], sets.words * sizeof(u64)));
    }
    return {};
}

Result<u64> look_at_sets(Thread& thread, SelectSets& sets, PollTable* table) {
    constexpr u32 conditions[3] = {poll_in | poll_read_normal | poll_read_band | poll_hang_up | poll_error,
                                   poll_out | poll_write_normal | poll_write_band | poll_error,
                                   poll_priority};
    u64 found = 0;
    for (auto& set : sets.found)
        for (u64& word : set) word = 0;
    for (int descriptor = 0; descriptor < sets.count; descriptor++) {
        u32 word = static_cast<u32>(descriptor) / 64;
        u64 bit = u64{1} << descriptor % 64;
        if (((sets.wanted[0][word] | sets.wanted[1][word] | sets.wanted[2][word]) & bit) == 0) continue;
        auto file = TRY(thread.files->get(descriptor));
        u32 events = file->poll(table);
        for (int i = 0; i < 3; i++) {
            if ((sets.wanted[i][word] & bit) == 0 || (events & conditions[i]) == 0) continue;
            sets.found[i][word] |= bit;
            found++;
        }
    }
    return found;
}

Result<u64> select_until(Thread& thread, int count, u64 readable, u64 writable, u64 exceptional,
                         u64 deadline) {
    if (count < 0) return Errno::einval;
    SelectSets sets;
    u64 most = min<u64>(thread.process->limit(limit_nofile), 1 << 20);
    sets.count = static_cast<int>(min<u64>(static_cast<u64>(count), most));
    sets.words = (static_cast<u32>(sets.count) + 63) / 64;
    sets.address[0] = readable, sets.address[1] = writable, sets.address[2] = exceptional;
    TRY(read_sets(sets));
    u64 found =
        TRY(look_until(deadline, [&](PollTable* table) { return look_at_sets(thread, sets, table); }));
    for (int i = 0; i < 3; i++)
        if (sets.address[i] != 0)
            TRY(copy_to_user(sets.address[i], sets.found[i].data(), sets.words * sizeof(u64)));
    return found;
}

Result<u64> deadline_of(UserPtr<AbiTimespec> timeout) {
    if (!timeout) return platform::no_deadline;
    u64 ns = TRY(to_ns(TRY(timeout.read())));
    return ns == 0 ? u64{0} : deadline_after(ns);
}

Errno interrupted_as(Errno error) {
    return error == Errno::eintr ? Errno::restartnohand : error;
}

}  // namespace

namespace sys {

Result<u64> poll(Thread& thread, UserPtr<PollDescriptor> descriptors, u32 count, int timeout_ms) {
    return poll_until(thread, descriptors, count, deadline_of_ms(timeout_ms));
}

Result<u64> ppoll(Thread& thread, UserPtr<PollDescriptor> descriptors, u32 count,
                  UserPtr<AbiTimespec> timeout, UserPtr<const u64> mask, usize mask_size) {
    u64 deadline = TRY(deadline_of(timeout));
    TemporaryMask temporary(thread);
    TRY(temporary.apply(mask, mask_size));
    auto result = poll_until(thread, descriptors, count, deadline);
    TRY(write_rest(timeout, deadline, [](u64 ns) { return to_timespec(ns); }));
    if (result.ok()) return result;
    if (result.error() == Errno::eintr) temporary.interrupted();
    return interrupted_as(result.error());
}

Result<u64> select(Thread& thread, int count, u64 readable, u64 writable, u64 exceptional,
                   UserPtr<AbiTimeval> timeout) {
    u64 deadline = platform::no_deadline;
    if (timeout) {
        AbiTimeval time = TRY(timeout.read());
        // Microseconds beyond a second are carried over, as Linux does here.
        if (time.seconds < 0 || time.microseconds < 0) return Errno::einval;
        time.seconds += time.microseconds / 1'000'000;
        time.microseconds %= 1'000'000;
        u64 ns = TRY(to_ns(time));
        deadline = ns == 0 ? 0 : deadline_after(ns);
    }
    auto result = select_until(thread, count, readable, writable, exceptional, deadline);
    TRY(write_rest(timeout, deadline, [](u64 ns) { return to_timeval(ns); }));
    if (!result.ok()) return interrupted_as(result.error());
    return result;
}

Result<u64> pselect6(Thread& thread, int count, u64 readable, u64 writable, u64 exceptional,
                     UserPtr<AbiTimespec> timeout, u64 mask) {
    struct MaskArgument {
        u64 address, size;
    } argument{};
    if (mask != 0) argument = TRY(UserPtr<const MaskArgument>(mask).read());
    u64 deadline = TRY(deadline_of(timeout));
    TemporaryMask temporary(thread);
    TRY(temporary.apply(UserPtr<const u64>(argument.address), argument.size));
    auto result = select_until(thread, count, readable, writable, exceptional, deadline);
    TRY(write_rest(timeout, deadline, [](u64 ns) { return to_timespec(ns); }));
    if (result.ok()) return result;
    if (result.error() == Errno::eintr) temporary.interrupted();
    return interrupted_as(result.error());
}

}  // namespace sys

}  // namespace litebox
