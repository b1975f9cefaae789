// futex(2), every operation, under many orders of its threads.
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include "core/base/errno.h"
#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;

namespace {

constexpr u64 orders = 25;

i64 error(Errno errno_value) {
    return -static_cast<i64>(errno_value);
}

i64 futex(Guest& guest, u64 word, int operation, u64 value, u64 timeout = 0, u64 word2 = 0, u64 value3 = 0) {
    return guest.call(SYS_futex, word, operation, value, timeout, word2, value3);
}

/// Runs `body` with a page of shared words, in many orders.
void in_every_order(const std::function<void(Guest&, u64 words)>& body) {
    for (u64 seed = 1; seed <= orders; seed++) {
        Machine machine({.seed = seed});
        auto outcome = machine.run([&](Guest& guest) { body(guest, guest.map(page_size)); });
        ASSERT_TRUE(outcome.exited_with(0)) << "seed " << seed << "\n" << outcome.deadlock.report;
    }
}

void add(Guest& guest, u64 word, u32 amount) {
    for (u32 now = guest.load<u32>(word);;) {
        u32 found = guest.compare_exchange(word, now, now + amount);
        if (found == now) return;
        now = found;
    }
}

/// Until so many have begun to wait.
void await_waiters(Guest& guest, u64 counter, u32 count) {
    while (guest.load<u32>(counter) != count) guest.call(SYS_sched_yield);
    guest.sleep(1000000);  // virtual: all of them sleep by then
}

/// Threads that wait on a word, count themselves in before and out after.
void start_waiters(Guest& guest, int count, u64 word, u64 counters, int operation = FUTEX_WAIT,
                   u64 bits = ~0u) {
    for (int i = 0; i < count; i++)
        EXPECT_GT(guest.thread([=](Guest& waiter) {
            add(waiter, counters, 1);
            EXPECT_EQ(futex(waiter, word, operation, 0, 0, 0, bits), 0);
            add(waiter, counters + 4, 1);
        }),
                  0);
}

}  // namespace

TEST(Futex, AWaitLooksAtTheWordAndAtTheTime) {
    in_every_order([](Guest& guest, u64 words) {
        Scratch scratch(guest);
        EXPECT_EQ(futex(guest, words, FUTEX_WAIT, 1), error(Errno::eagain));
        EXPECT_EQ(futex(guest, words + 1, FUTEX_WAIT, 0), error(Errno::einval));
        EXPECT_EQ(futex(guest, 8, FUTEX_WAIT, 0), error(Errno::efault));
        EXPECT_EQ(futex(guest, words, FUTEX_WAIT_BITSET, 0, 0, 0, 0), error(Errno::einval));
        EXPECT_EQ(futex(guest, words, FUTEX_WAIT, 0, scratch.value(timespec{0, 5000000})),
                  error(Errno::etimedout));
        EXPECT_EQ(futex(guest, words, FUTEX_WAIT, 0, scratch.value(timespec{0, -1})), error(Errno::einval));
        EXPECT_EQ(futex(guest, words, FUTEX_WAIT_BITSET, 0, scratch.value(timespec{0, 0}), 0, 1),
                  error(Errno::etimedout));
        EXPECT_EQ(futex(guest, words, FUTEX_WAKE, 1), 0);
        EXPECT_EQ(futex(guest, words, 99, 0), error(Errno::enosys));
    });
}

TEST(Futex, AWakeWakesAsManyAsItSays) {
    in_every_order([](Guest& guest, u64 words) {
        start_waiters(guest, 5, words, words + 64);
        await_waiters(guest, words + 64, 5);
        EXPECT_EQ(futex(guest, words, FUTEX_WAKE, 2), 2);
        EXPECT_EQ(futex(guest, words, FUTEX_WAKE, 10), 3);
        while (guest.load<u32>(words + 68) != 5) guest.call(SYS_sched_yield);
    });
}

TEST(Futex, BitsChooseWhoIsWoken) {
    in_every_order([](Guest& guest, u64 words) {
        start_waiters(guest, 2, words, words + 64, FUTEX_WAIT_BITSET, 1);
        start_waiters(guest, 2, words, words + 64, FUTEX_WAIT_BITSET, 6);
        await_waiters(guest, words + 64, 4);
        EXPECT_EQ(futex(guest, words, FUTEX_WAKE_BITSET, 10, 0, 0, 8), 0);
        EXPECT_EQ(futex(guest, words, FUTEX_WAKE_BITSET, 10, 0, 0, 2), 2);
        EXPECT_EQ(futex(guest, words, FUTEX_WAKE_BITSET, 10, 0, 0, 1), 2);
    });
}

TEST(Futex, WaitersMoveToTheOtherWordAndAreWokenThere) {
    in_every_order([](Guest& guest, u64 words) {
        u64 other = words + 128;
        start_waiters(guest, 5, words, words + 64);
        await_waiters(guest, words + 64, 5);
        EXPECT_EQ(futex(guest, words, FUTEX_CMP_REQUEUE, 1, 2, other, 7), error(Errno::eagain));
        EXPECT_EQ(futex(guest, words, FUTEX_CMP_REQUEUE, 1, 2, other, 0), 3) << "one woken, two moved";
        EXPECT_EQ(futex(guest, other, FUTEX_WAKE, 10), 2);
        EXPECT_EQ(futex(guest, words, FUTEX_REQUEUE, 0, 10, other), 2);
        EXPECT_EQ(futex(guest, words, FUTEX_WAKE, 10), 0);
        EXPECT_EQ(futex(guest, other, FUTEX_WAKE, 10), 2);
    });
}

TEST(Futex, WakeOpChangesTheSecondWordAndDecidesByWhatItWas) {
    in_every_order([](Guest& guest, u64 words) {
        u64 other = words + 128;
        start_waiters(guest, 2, words, words + 64);
        start_waiters(guest, 2, other, words + 64);
        await_waiters(guest, words + 64, 4);
        constexpr u32 add_five_if_zero = FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0);
        EXPECT_EQ(futex(guest, words, FUTEX_WAKE_OP, 1, 1, other, add_five_if_zero), 2);
        EXPECT_EQ(guest.load<u32>(other), 5u);
        EXPECT_EQ(futex(guest, words, FUTEX_WAKE_OP, 1, 1, other, add_five_if_zero), 1) << "it was five";
        EXPECT_EQ(guest.load<u32>(other), 10u);
        EXPECT_EQ(futex(guest, other, FUTEX_WAKE, 10), 1);
    });
}

TEST(Futex, OneAtATimeHoldsALockWithInheritance) {
    in_every_order([](Guest& guest, u64 words) {
        constexpr int threads = 4, turns = 5;
        for (int i = 0; i < threads; i++)
            guest.thread([=](Guest& worker) {
                for (int turn = 0; turn < turns; turn++) {
                    EXPECT_EQ(futex(worker, words, FUTEX_LOCK_PI, 0), 0);
                    EXPECT_EQ(worker.load<u32>(words) & FUTEX_TID_MASK, worker.call(SYS_gettid));
                    u32 inside = worker.load<u32>(words + 64);
                    worker.call(SYS_sched_yield);
                    worker.store<u32>(words + 64, inside + 1);
                    EXPECT_EQ(futex(worker, words, FUTEX_UNLOCK_PI, 0), 0);
                }
                add(worker, words + 68, 1);
            });
        while (guest.load<u32>(words + 68) != threads) guest.call(SYS_sched_yield);
        EXPECT_EQ(guest.load<u32>(words + 64), u32{threads * turns}) << "a change was lost";
        EXPECT_EQ(futex(guest, words, FUTEX_UNLOCK_PI, 0), error(Errno::eperm));
        EXPECT_EQ(futex(guest, words, FUTEX_TRYLOCK_PI, 0), 0);
        EXPECT_EQ(futex(guest, words, FUTEX_LOCK_PI, 0), error(Errno::edeadlk));
    });
}

TEST(Futex, AnOwnerThatEndsLeavesWordOfIt) {
    in_every_order([](Guest& guest, u64 words) {
        guest.thread(
            [=](Guest& owner) {
                Scratch scratch(owner);
                // A robust list of one lock, whose word lies 16 bytes behind its link.
                u64 lock = words + 256;
                const u64 head[3] = {lock, 16, 0};
                u64 at = words + 512;
                owner.write(at, head, sizeof(head));
                owner.store<u64>(lock, at);
                owner.store<u32>(lock + 16, static_cast<u32>(owner.call(SYS_gettid)));
                EXPECT_EQ(owner.call(SYS_set_robust_list, at, 24), 0);
            },
            words + 128);
        while (guest.load<u32>(words + 272) != FUTEX_OWNER_DIED) guest.call(SYS_sched_yield);
    });
}
