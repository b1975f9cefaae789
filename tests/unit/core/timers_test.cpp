// Timers and sleeps in virtual time, where they can be exact.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#include "core/base/errno.h"
#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;

namespace {

constexpr u64 millisecond = 1000000;

void in_every_order(const std::function<void(Guest&)>& body) {
    for (u64 seed = 1; seed <= 15; seed++) {
        Machine machine({.seed = seed});
        auto outcome = machine.run(body);
        ASSERT_TRUE(outcome.exited_with(0)) << "seed " << seed << "\n" << outcome.deadlock.report;
    }
}

timespec spec(u64 ns) {
    return {static_cast<time_t>(ns / 1000000000), static_cast<long>(ns % 1000000000)};
}

u64 now(Guest& guest) {
    Scratch scratch(guest);
    u64 at = scratch.space(sizeof(timespec));
    EXPECT_EQ(guest.call(SYS_clock_gettime, CLOCK_MONOTONIC, at), 0);
    auto time = guest.load<timespec>(at);
    return static_cast<u64>(time.tv_sec) * 1000000000 + static_cast<u64>(time.tv_nsec);
}

}  // namespace

TEST(Timers, ASleepIsNeverShorterThanAsked) {
    in_every_order([](Guest& guest) {
        Scratch scratch(guest);
        for (u64 length : {u64{1}, millisecond, 70 * millisecond, 3000 * millisecond}) {
            u64 before = now(guest);
            EXPECT_EQ(guest.sleep(length), 0);
            EXPECT_GE(now(guest), before + length);
        }
        u64 until = now(guest) + 20 * millisecond;
        EXPECT_EQ(
            guest.call(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, scratch.value(spec(until)), 0),
            0);
        EXPECT_GE(now(guest), until);
        u64 before = now(guest);
        EXPECT_EQ(guest.call(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, scratch.value(spec(1)), 0),
                  0);
        EXPECT_LT(now(guest), before + millisecond) << "that time is past";
    });
}

TEST(Timers, ATimerFileCountsWhatWasMissed) {
    in_every_order([](Guest& guest) {
        Scratch scratch(guest);
        i64 timer = guest.call(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);
        itimerspec every{spec(10 * millisecond), spec(10 * millisecond)};
        EXPECT_EQ(guest.call(SYS_timerfd_settime, timer, 0, scratch.value(every), 0), 0);
        u64 count = scratch.space(8);
        EXPECT_EQ(guest.call(SYS_read, timer, count, 8), -static_cast<i64>(Errno::eagain));
        guest.sleep(35 * millisecond);
        EXPECT_EQ(guest.call(SYS_read, timer, count, 8), 8);
        EXPECT_EQ(guest.load<u64>(count), 3u);
        u64 left = scratch.space(sizeof(itimerspec));
        EXPECT_EQ(guest.call(SYS_timerfd_gettime, timer, left), 0);
        auto remaining = guest.load<itimerspec>(left);
        EXPECT_EQ(remaining.it_interval.tv_nsec, static_cast<long>(10 * millisecond));
        EXPECT_GT(remaining.it_value.tv_nsec, 0);
        EXPECT_LE(remaining.it_value.tv_nsec, static_cast<long>(10 * millisecond));
    });
}

TEST(Timers, AnIntervalTimerKeepsItsBeatAndEndsWhenTold) {
    in_every_order([](Guest& guest) {
        Scratch scratch(guest);
        int rung = 0;
        guest.handle(SIGALRM, [&](Guest&, int, u64, u64) { rung++; });
        u64 begun = now(guest);
        itimerval every{{0, 10000}, {0, 10000}};
        EXPECT_EQ(guest.call(SYS_setitimer, ITIMER_REAL, scratch.value(every), 0), 0);
        while (rung < 5) guest.call(SYS_pause);
        EXPECT_GE(now(guest), begun + 50 * millisecond);
        EXPECT_LT(now(guest), begun + 60 * millisecond) << "ticks do not add up";
        EXPECT_EQ(guest.call(SYS_setitimer, ITIMER_REAL, scratch.value(itimerval{}), 0), 0);
        int then = rung;
        EXPECT_EQ(guest.sleep(100 * millisecond), 0);
        EXPECT_EQ(rung, then);
    });
}

TEST(Timers, APosixTimerTellsHowOftenItRanOver) {
    in_every_order([](Guest& guest) {
        Scratch scratch(guest);
        sigset_t alarm_only{};
        sigemptyset(&alarm_only);
        sigaddset(&alarm_only, SIGUSR1);
        u64 set = scratch.value(alarm_only);
        EXPECT_EQ(guest.call(SYS_rt_sigprocmask, SIG_BLOCK, set, 0, 8), 0);
        sigevent event{};
        event.sigev_notify = SIGEV_SIGNAL;
        event.sigev_signo = SIGUSR1;
        event.sigev_value.sival_int = 42;
        u64 id_at = scratch.space(8);
        EXPECT_EQ(guest.call(SYS_timer_create, CLOCK_MONOTONIC, scratch.value(event), id_at), 0);
        int id = guest.load<int>(id_at);
        itimerspec every{spec(10 * millisecond), spec(10 * millisecond)};
        EXPECT_EQ(guest.call(SYS_timer_settime, id, 0, scratch.value(every), 0), 0);
        guest.sleep(45 * millisecond);
        u64 info_at = scratch.space(sizeof(siginfo_t));
        EXPECT_EQ(guest.call(SYS_rt_sigtimedwait, set, info_at, 0, 8), SIGUSR1);
        auto info = guest.load<siginfo_t>(info_at);
        EXPECT_EQ(info.si_value.sival_int, 42);
        EXPECT_EQ(info.si_overrun, 3);
        EXPECT_EQ(guest.call(SYS_timer_getoverrun, id), 3);
        EXPECT_EQ(guest.call(SYS_timer_delete, id), 0);
        EXPECT_EQ(guest.call(SYS_timer_gettime, id, scratch.space(32)), -static_cast<i64>(Errno::einval));
    });
}

TEST(Timers, TheEarliestOfManySleepersWakesFirst) {
    in_every_order([](Guest& guest) {
        u64 words = guest.map(page_size);
        for (u32 i = 0; i < 8; i++)
            guest.thread([=](Guest& sleeper) {
                sleeper.sleep((8 - i) * 10 * millisecond);
                u32 place = sleeper.load<u32>(words);
                sleeper.store<u32>(words + 4 + 4 * place, i);
                sleeper.store<u32>(words, place + 1);
            });
        guest.sleep(200 * millisecond);
        EXPECT_EQ(guest.load<u32>(words), 8u);
        for (u32 i = 0; i < 8; i++) EXPECT_EQ(guest.load<u32>(words + 4 + 4 * i), 7 - i);
    });
}
