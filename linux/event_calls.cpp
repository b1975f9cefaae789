// epoll, eventfd, signalfd, timerfd.

#include "linux/event_calls.h"
#include "core/file/devfs/device.h"
#include "core/file/events/epoll.h"
#include "core/file/events/event_files.h"
#include "linux/signal_mask.h"

namespace litebox::sys {

namespace {

#pragma pack(push, 1)
struct AbiEpollEvent {
    u32 events;
    u64 data;
};
#pragma pack(pop)
static_assert(sizeof(AbiEpollEvent) == 12);

constexpr int control_add = 1, control_remove = 2, control_modify = 3;
constexpr u64 ns_per_millisecond = 1'000'000;

Result<u64> install(Thread& thread, Result<Ref<File>> file, u32 flags) {
    return static_cast<u64>(TRY(thread.files->add(TRY(std::move(file)), (flags & open_close_on_exec) != 0)));
}

Result<u64> wait_for_events(Thread& thread, int descriptor, u64 events, int count, u64 deadline) {
    constexpr int most = 0x7fffffff / static_cast<int>(sizeof(AbiEpollEvent));
    if (count <= 0 || count > most) return Errno::einval;
    auto file = TRY(thread.files->get(descriptor));
    Epoll* epoll = file->as_epoll();
    if (epoll == nullptr) return Errno::einval;
    // Few at a time, the common case, need no allocation.
    constexpr usize on_stack = 24;
    EpollEvent few[on_stack];
    Vector<EpollEvent> many;
    const EpollEvent* ready = few;
    usize found = 0;
    auto look = [&]() -> Result<bool> {
        usize wanted = min(static_cast<usize>(count), epoll->ready_count());
        if (wanted > on_stack) {
            TRY(many.resize(wanted));
            ready = many.data();
            found = epoll->collect({many.data(), wanted});
        } else {
            ready = few;
            found = epoll->collect({few, wanted});
        }
        return found > 0;
    };
    if (!TRY(look())) {
        if (deadline == 0) return u64{0};
        ThreadWaiter waiter(thread);
        waiter.exclusive = true;
        ThreadWaiter::Scope scope(epoll->queue(), waiter);
        for (;;) {
            u32 generation = wait_generation();
            if (TRY(look())) break;
            auto result = block(generation, deadline, Interruptible::yes);
            if (result.ok()) continue;
            if (result.error() == Errno::etimedout) return u64{0};
            return Errno::eintr;
        }
    }
    for (usize i = 0; i < found; i++)
        TRY(UserPtr<AbiEpollEvent>(events).offset(i).write({ready[i].events, ready[i].data}));
    return u64{found};
}

u64 deadline_of_ms(int timeout_ms) {
    if (timeout_ms < 0) return platform::no_deadline;
    return timeout_ms == 0 ? 0 : deadline_after(static_cast<u64>(timeout_ms) * ns_per_millisecond);
}

}  // namespace

Result<u64> epoll_create(Thread& thread, int size) {
    if (size <= 0) return Errno::einval;
    return epoll_create1(thread, 0);
}

Result<u64> epoll_create1(Thread& thread, u32 flags) {
    if ((flags & ~u32{open_close_on_exec}) != 0) return Errno::einval;
    return install(thread, Epoll::create(), flags);
}

Result<u64> epoll_ctl(Thread& thread, int epoll_descriptor, int operation, int descriptor, u64 event) {
    EpollEvent wanted{};
    if (operation != control_remove) {
        auto abi = TRY(UserPtr<const AbiEpollEvent>(event).read());
        wanted = {abi.events, abi.data};
    }
    auto set = TRY(thread.files->get(epoll_descriptor));
    auto file = TRY(thread.files->get(descriptor));
    Epoll* epoll = set->as_epoll();
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    if (epoll == nullptr || file.get() == set.get()) return Errno::einval;
    // Ordinary files and directories are always ready: epoll refuses them.
    if (auto inode = file->inode()) {
        bool always_ready = inode->type() == mode_regular || inode->type() == mode_directory;
        if (inode->type() == mode_character) {
            // null, zero and full have nothing to wait for either.
            u64 device = TRY(inode->attributes()).special;
            always_ready = device_major(device) == 1 && device_minor(device) <= 7;
        }
        if (always_ready) return Errno::eperm;
    }
    switch (operation) {
        case control_add:
            TRY(epoll->add(descriptor, file, wanted));
            break;
        case control_modify:
            TRY(epoll->modify(descriptor, *file, wanted));
            break;
        case control_remove:
            TRY(epoll->remove(descriptor, *file));
            break;
        default:
            return Errno::einval;
    }
    return u64{0};
}

Result<u64> epoll_wait(Thread& thread, int epoll, u64 events, int count, int timeout_ms) {
    return wait_for_events(thread, epoll, events, count, deadline_of_ms(timeout_ms));
}

Result<u64> epoll_pwait(Thread& thread, int epoll, u64 events, int count, int timeout_ms,
                        UserPtr<const u64> mask, usize mask_size) {
    TemporaryMask temporary(thread);
    TRY(temporary.apply(mask, mask_size));
    auto result = wait_for_events(thread, epoll, events, count, deadline_of_ms(timeout_ms));
    if (!result.ok() && result.error() == Errno::eintr) temporary.interrupted();
    return result;
}

Result<u64> epoll_pwait2(Thread& thread, int epoll, u64 events, int count, UserPtr<const AbiTimespec> timeout,
                         UserPtr<const u64> mask, usize mask_size) {
    u64 deadline = platform::no_deadline;
    if (timeout) {
        u64 ns = TRY(to_ns(TRY(timeout.read())));
        deadline = ns == 0 ? 0 : deadline_after(ns);
    }
    TemporaryMask temporary(thread);
    TRY(temporary.apply(mask, mask_size));
    auto result = wait_for_events(thread, epoll, events, count, deadline);
    if (!result.ok() && result.error() == Errno::eintr) temporary.interrupted();
    return result;
}

Result<u64> eventfd(Thread& thread, u32 initial) {
    return eventfd2(thread, initial, 0);
}

Result<u64> eventfd2(Thread& thread, u32 initial, u32 flags) {
    constexpr u32 semaphore = 1;
    if ((flags & ~(semaphore | open_non_blocking | open_close_on_exec)) != 0) return Errno::einval;
    return install(thread, open_event_counter(initial, (flags & semaphore) != 0, flags & open_non_blocking),
                   flags);
}

Result<u64> signalfd(Thread& thread, int descriptor, UserPtr<const u64> mask, usize mask_size) {
    return signalfd4(thread, descriptor, mask, mask_size, 0);
}

Result<u64> signalfd4(Thread& thread, int descriptor, UserPtr<const u64> mask, usize mask_size, u32 flags) {
    if ((flags & ~(u32{open_non_blocking} | open_close_on_exec)) != 0 || mask_size != sizeof(u64))
        return Errno::einval;
    SignalSet signals{TRY(mask.read())};
    signals.remove(sigkill);
    signals.remove(sigstop);
    if (descriptor == -1) return install(thread, open_signal_file(signals, flags & open_non_blocking), flags);
    TRY(set_signal_file(*TRY(thread.files->get(descriptor)), signals));
    return static_cast<u64>(descriptor);
}

Result<u64> timerfd_create(Thread& thread, int clock, u32 flags) {
    bool known = clock == clock_realtime || clock == clock_monotonic || clock == clock_boottime ||
                 clock == clock_realtime_alarm || clock == clock_boottime_alarm;
    if (!known || (flags & ~(u32{open_non_blocking} | open_close_on_exec)) != 0) return Errno::einval;
    bool alarm = clock == clock_realtime_alarm || clock == clock_boottime_alarm;
    constexpr int cap_wake_alarm = 35;
    if (alarm && !thread.credentials->capable(cap_wake_alarm)) return Errno::eperm;
    return install(thread, open_timer_file(clock, flags & open_non_blocking), flags);
}

Result<u64> timerfd_settime(Thread& thread, int descriptor, int flags, UserPtr<const AbiItimerspec> value,
                            UserPtr<AbiItimerspec> old) {
    constexpr int absolute = 1, cancel_on_set = 2;
    if ((flags & ~(absolute | cancel_on_set)) != 0) return Errno::einval;
    auto abi = TRY(value.read());
    TimerSetting setting{TRY(to_ns(abi.value)), TRY(to_ns(abi.interval))};
    auto file = TRY(thread.files->get(descriptor));
    auto before = TRY(set_timer_file(*file, setting, (flags & absolute) != 0, (flags & cancel_on_set) != 0));
    if (old) TRY(old.write({to_timespec(before.interval_ns), to_timespec(before.value_ns)}));
    return u64{0};
}

Result<u64> timerfd_gettime(Thread& thread, int descriptor, UserPtr<AbiItimerspec> value) {
    auto file = TRY(thread.files->get(descriptor));
    auto setting = TRY(get_timer_file(*file));
    TRY(value.write({to_timespec(setting.interval_ns), to_timespec(setting.value_ns)}));
    return u64{0};
}

}  // namespace litebox::sys
