// Eight processes of eight threads each that fork, vfork, exec, map and truncate files, stop and continue and
// kill each other: whatever they do to each other, all of them end, and nothing of them is left.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;

namespace {

constexpr u64 file_length = 16 * page_size;
constexpr int stop = 19, go_on = 18, kill_signal = 9, user = 10, no_child = 10;

struct Rounds {
    int processes, threads, actions;
};

/// A small generator per guest thread: what it does depends on the seed alone.
class Dice {
  public:
    explicit Dice(u64 seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
    u32 below(u32 limit) {
        state_ = state_ * 6364136223846793005 + 1442695040888963407;
        return static_cast<u32>(state_ >> 33) % limit;
    }

  private:
    u64 state_;
};

void touch_mapping(Guest& guest, Dice& dice) {
    i64 fd = guest.open("/tmp/shared", O_RDWR);
    if (fd < 0) return;
    int flags = dice.below(2) == 0 ? MAP_SHARED : MAP_PRIVATE;
    u64 at = guest.map(file_length, 3, flags, fd);
    if (static_cast<i64>(at) > 0)
        for (int i = 0; i < 4; i++) guest.store<u32>(at + dice.below(16) * page_size, i);
    guest.call(SYS_munmap, at, file_length);
    guest.close(fd);
}

void resize_file(Guest& guest, Dice& dice) {
    i64 fd = guest.open("/tmp/shared", O_RDWR | O_CREAT);
    guest.call(SYS_ftruncate, fd, dice.below(16) * page_size);
    guest.call(SYS_ftruncate, fd, file_length);
    guest.close(fd);
}

void act(Guest& guest, Dice& dice) {
    switch (dice.below(9)) {
        case 0:
            if (guest.fork([](Guest& child) { child.exit(1); }) > 0) guest.wait(-1, nullptr, 1);
            break;
        case 1:
            guest.vfork([](Guest& child) { child.execute("/bin/child"); });
            break;
        case 2:
            guest.vfork([](Guest& child) { child.exit(2); });
            break;
        case 3:
            touch_mapping(guest, dice);
            break;
        case 4:
            resize_file(guest, dice);
            break;
        case 5:
            guest.kill(3 + dice.below(40), dice.below(4) == 0 ? stop : user);
            break;
        case 6:
            guest.kill(3 + dice.below(40), go_on);
            break;
        case 7: {
            auto [in, out] = guest.pipe();
            guest.write_text(out, "x");
            guest.close(in);
            guest.close(out);
            break;
        }
        default:
            guest.sleep(dice.below(100000));
    }
}

void one_process(Guest& guest, Rounds rounds, u64 seed) {
    constexpr int segv = 11, bus = 7;
    for (int signal : {segv, bus})
        guest.handle(signal,
                     [](Guest& handler, int, u64, u64 context) { handler.skip_instruction(context); });
    guest.handle(user, [](Guest&, int, u64, u64) {});
    for (int i = 1; i < rounds.threads; i++)
        guest.thread([=](Guest& thread) {
            Dice dice(seed * 100 + static_cast<u64>(i));
            for (int j = 0; j < rounds.actions; j++) act(thread, dice);
        });
    Dice dice(seed);
    for (int j = 0; j < rounds.actions; j++) act(guest, dice);
    guest.sleep(1000000);
    if (dice.below(2) == 0) guest.call(SYS_exit, 0);
}

void all_processes(Guest& guest, Rounds rounds, u64 seed) {
    guest.close(guest.open("/tmp/shared", O_RDWR | O_CREAT));
    for (int i = 0; i < rounds.processes; i++)
        guest.fork([=](Guest& child) { one_process(child, rounds, seed * 1000 + static_cast<u64>(i)); });
    // Whoever is stopped for good, or waits for that, is ended.
    for (int i = 0; i < 200; i++) {
        guest.sleep(2000000);
        guest.kill(-1, go_on);
        while (guest.wait(-1, nullptr, 1) > 0) continue;
        if (guest.wait(-1, nullptr, 1) == -no_child) break;
    }
    guest.kill(-1, kill_signal);
    while (guest.wait(-1) > 0) continue;
}

void run_once(Options options, Rounds rounds) {
    Machine machine(options);
    machine.install("/bin/child", [](Guest& guest) { guest.exit(3); });
    auto outcome = machine.run([&](Guest& guest) {
        all_processes(guest, rounds, options.seed);
        // The last ones are on their way out: on a loaded machine that takes a while.
        constexpr int most_looks = 4000;
        for (int i = 0; i < most_looks && guest.machine().live_threads() > 2; i++) guest.sleep(5000000);
        // The first program and the system thread.
        EXPECT_EQ(guest.machine().live_threads(), 2u) << "seed " << options.seed << "\n"
                                                      << guest.machine().scheduler().who_waits();
        EXPECT_EQ(guest.machine().live_spaces(), 2u);
    });
    EXPECT_TRUE(outcome.exited_with(0)) << "seed " << options.seed << ", status " << outcome.status << "\n"
                                        << outcome.deadlock.report;
}

}  // namespace

TEST(Stress, EightProcessesOfEightThreadsEndUnderManySeeds) {
    for (u64 seed = 1; seed <= 6; seed++) run_once({.seed = seed}, {8, 8, 6});
}

TEST(Stress, SmallerOnesUnderMoreSeeds) {
    for (u64 seed = 100; seed < 160; seed++) run_once({.seed = seed}, {3, 3, 8});
}

TEST(Stress, FreeRunning) {
    for (u64 seed = 1; seed <= 4; seed++) run_once({.seed = seed, .free_running = true}, {8, 8, 6});
}
