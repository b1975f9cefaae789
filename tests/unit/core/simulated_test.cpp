// The simulated platform itself: it boots, runs programs, and tells the truth about how they ended.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;

TEST(SimulatedPlatform, RunsAProgramThatWritesAndReadsAFile) {
    Machine machine;
    machine.files().add_file("/etc/motd", "hello from the host\n");
    auto outcome = machine.run([](Guest& guest) {
        i64 fd = guest.open("/tmp/file", O_CREAT | O_RDWR);
        EXPECT_GE(fd, 0);
        EXPECT_EQ(guest.write_text(fd, "contents"), 8);
        EXPECT_EQ(guest.call(8, fd, 0, 0), 0);
        std::string text;
        EXPECT_EQ(guest.read_text(fd, text, 100), 8);
        EXPECT_EQ(text, "contents");
        i64 host = guest.open("/etc/motd", O_RDONLY);
        EXPECT_EQ(guest.read_text(host, text, 100), 20);
        guest.write_text(1, text);
        guest.exit(3);
    });
    EXPECT_TRUE(outcome.exited_with(3)) << outcome.status << outcome.deadlock.report;
    EXPECT_EQ(outcome.output, "hello from the host\n");
}

TEST(SimulatedPlatform, ForkedChildHasItsOwnCopyOfMemory) {
    for (u64 seed = 1; seed <= 20; seed++) {
        Machine machine({.seed = seed});
        auto outcome = machine.run([](Guest& guest) {
            u64 page = guest.map(4096);
            guest.store<u32>(page, 1);
            i64 pid = guest.fork([page](Guest& child) {
                EXPECT_EQ(child.load<u32>(page), 1u);
                child.store<u32>(page, 2);
                child.exit(7);
            });
            EXPECT_GT(pid, 0);
            int status = 0;
            EXPECT_EQ(guest.wait(pid, &status), pid);
            EXPECT_EQ(status, 7 << 8);
            EXPECT_EQ(guest.load<u32>(page), 1u);
        });
        EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
    }
}

TEST(SimulatedPlatform, VforkChildBorrowsItsParentAndExecs) {
    for (u64 seed = 1; seed <= 20; seed++) {
        Machine machine({.seed = seed});
        machine.install("/bin/child", [](Guest& guest) {
            guest.write_text(1, "child");
            guest.exit(5);
        });
        auto outcome = machine.run([](Guest& guest) {
            i64 pid = guest.vfork([](Guest& child) { child.execute("/bin/child"); });
            EXPECT_GT(pid, 0);
            int status = 0;
            EXPECT_EQ(guest.wait(pid, &status), pid);
            EXPECT_EQ(status, 5 << 8);
            pid = guest.vfork([](Guest& child) { child.exit(6); });
            EXPECT_EQ(guest.wait(pid, &status), pid);
            EXPECT_EQ(status, 6 << 8);
        });
        EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
        EXPECT_EQ(outcome.output, "child");
    }
}

TEST(SimulatedPlatform, HandlersRunAndInterruptedCallsGoOn) {
    static constexpr int usr1 = 10;
    constexpr u64 restart = 0x10000000;
    for (u64 seed = 1; seed <= 20; seed++) {
        Machine machine({.seed = seed});
        auto outcome = machine.run([&](Guest& guest) {
            int handled = 0;
            auto [in, out] = guest.pipe();
            guest.handle(
                usr1,
                [&handled, writer = out](Guest& handler, int signal, u64, u64) {
                    EXPECT_EQ(signal, usr1);
                    handled++;
                    handler.write_text(writer, "x");
                },
                restart);
            i64 parent = guest.call(39);
            guest.fork([parent](Guest& child) {
                child.sleep(1000000);
                child.kill(parent, usr1);
            });
            std::string text;
            EXPECT_EQ(guest.read_text(in, text, 1), 1);
            EXPECT_EQ(handled, 1);
            EXPECT_GT(guest.wait(-1), 0);
        });
        EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
    }
}

TEST(SimulatedPlatform, ATouchOfNothingIsASignal) {
    Machine machine;
    auto outcome = machine.run([](Guest& guest) {
        constexpr int segv = 11;
        i64 pid = guest.fork([](Guest& child) { child.load<u32>(0x123456000); });
        int status = 0;
        guest.wait(pid, &status);
        EXPECT_EQ(status & 0x7f, segv);
        u64 told = 0;
        guest.handle(segv, [&](Guest& handler, int, u64 info, u64 context) {
            told = handler.load<u64>(info + 16);
            handler.skip_instruction(context);
        });
        EXPECT_FALSE(guest.store<u32>(0x123456000, 1));
        EXPECT_EQ(told, 0x123456000u);
    });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
}

TEST(SimulatedPlatform, ThreadsShareMemoryAndAreJoinedByTheirWord) {
    for (u64 seed = 1; seed <= 20; seed++) {
        Machine machine({.seed = seed});
        auto outcome = machine.run([](Guest& guest) {
            constexpr u64 futex = 202;
            u64 page = guest.map(4096);
            guest.store<u32>(page, 1);
            i64 tid = guest.thread([page](Guest& other) { other.store<u32>(page + 8, 42); }, page);
            EXPECT_GT(tid, 0);
            while (u32 word = guest.load<u32>(page)) guest.call(futex, page, 0, word, 0, 0, 0);
            EXPECT_EQ(guest.load<u32>(page + 8), 42u);
        });
        EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
    }
}

TEST(SimulatedPlatform, AnHourOfSleepTakesNoTime) {
    Machine machine;
    auto outcome = machine.run([](Guest& guest) { EXPECT_EQ(guest.sleep(u64{3600} * 1000000000), 0); });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
}

TEST(SimulatedPlatform, ADeadlockIsToldWithWhoWaitsWhere) {
    Machine machine;
    auto outcome = machine.run([](Guest& guest) {
        std::string text;
        auto [in, out] = guest.pipe();
        guest.read_text(in, text, 1);
    });
    EXPECT_FALSE(outcome.stopped);
    EXPECT_TRUE(outcome.deadlock.found);
    EXPECT_FALSE(outcome.deadlock.over_locks);
    EXPECT_NE(outcome.deadlock.report.find("system call 0"), std::string::npos) << outcome.deadlock.report;
}

TEST(SimulatedPlatform, FreeRunningThreadsEndToo) {
    Machine machine({.free_running = true});
    auto outcome = machine.run([](Guest& guest) {
        auto [in, out] = guest.pipe();
        for (int i = 0; i < 4; i++)
            guest.fork([writer = out](Guest& child) {
                child.sleep(1000000);
                child.write_text(writer, "x");
            });
        std::string text;
        for (int i = 0; i < 4; i++) EXPECT_EQ(guest.read_text(in, text, 1), 1);
        for (int i = 0; i < 4; i++) EXPECT_GT(guest.wait(-1), 0);
    });
    EXPECT_TRUE(outcome.exited_with(0));
}
