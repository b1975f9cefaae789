// A machine whose root is an image: what programs see, map, run and change.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/unit/core/imagefs/fixture.h"

using namespace litebox;
using namespace litebox::imagefs_test;
using simulated::Guest;
using simulated::Machine;
using simulated::Operation;
using simulated::Scratch;

namespace {

constexpr int bus_signal = 7;

std::string pattern(usize size) {
    std::string text;
    for (usize i = 0; i < size; i++) text += static_cast<char>('a' + i * 31 % 23);
    return text;
}

/// Runs `program` as /bin/init of an image of `tree`, with a hash tree.
simulated::Outcome run_in_image(Tree& tree, const simulated::GuestProgram& program, u64 seed = 1,
                                const std::function<void(Machine&)>& prepare = nullptr) {
    simulated::Options options{.seed = seed, .uid = 0, .gid = 0, .root_image = true};
    {
        // Programs are addresses, which are the same in every machine.
        Machine maker(options);
        Bytes init = maker.executable([](Guest&) {}), child = maker.executable([](Guest&) {});
        tree.add_file("bin/init", {reinterpret_cast<const char*>(init.data()), init.size()}, 0755);
        tree.add_file("bin/child", {reinterpret_cast<const char*>(child.data()), child.size()}, 0755);
    }
    Verified verified = with_hash_tree(make_image(tree));
    options.root_hash = verified.root_hash;
    Machine machine(options);
    machine.disks().push_back({verified.bytes});
    machine.add_code(program);
    machine.add_code([](Guest& guest) { guest.exit(9); });
    if (prepare) prepare(machine);
    return machine.run(program);
}

}  // namespace

TEST(ImageRoot, IsBootedReadListedAndMapped) {
    Tree tree;
    std::string contents = pattern(70001);
    tree.add_file("data/file", contents);
    tree.add_link("data/link", "file");
    auto outcome = run_in_image(tree, [&](Guest& guest) {
        std::string text;
        i64 fd = guest.open("/data/link", O_RDONLY);
        EXPECT_EQ(guest.read_text(fd, text, 100000), 70001);
        EXPECT_EQ(text, contents);
        for (int flags : {MAP_PRIVATE, MAP_SHARED}) {
            u64 at = guest.map(72 << 10, PROT_READ, flags, fd);
            ASSERT_GT(static_cast<i64>(at), 0);
            EXPECT_EQ(guest.text(at, contents.size()), contents);
            // Behind the file's end a page shows zeros.
            EXPECT_EQ(guest.load<u64>(at + 70008), 0u);
        }
        EXPECT_EQ(static_cast<i64>(guest.map(4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd)), -EACCES);
        guest.exit(3);
    });
    EXPECT_TRUE(outcome.exited_with(3)) << outcome.status << outcome.report << outcome.deadlock.report;
}

TEST(ImageRoot, GivesPrivateMappingsTheirOwnCopiesWhenTheyAreWritten) {
    Tree tree;
    std::string contents = pattern(40 << 10);
    tree.add_file("file", contents);
    auto outcome = run_in_image(tree, [&](Guest& guest) {
        i64 fd = guest.open("/file", O_RDONLY);
        u64 read_only = guest.map(40 << 10, PROT_READ, MAP_PRIVATE, fd);
        u64 writable = guest.map(40 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
        EXPECT_EQ(guest.load<char>(read_only + 8192), contents[8192]);
        guest.store<char>(writable + 8192, '!');
        // Read only at first, then written in the middle: what was not there yet comes from the file.
        u64 later = guest.map(40 << 10, PROT_READ, MAP_PRIVATE, fd);
        EXPECT_EQ(guest.load<char>(later + 100), contents[100]);
        EXPECT_EQ(guest.call(SYS_mprotect, later + 4096, 8 << 10, PROT_READ | PROT_WRITE), 0);
        guest.store<char>(later + 4096, '?');
        EXPECT_EQ(guest.call(SYS_mprotect, later, 40 << 10, PROT_READ), 0);
        std::string changed = contents;
        changed[4096] = '?';
        EXPECT_EQ(guest.text(later, changed.size()), changed);
        // Without access, and with it again.
        EXPECT_EQ(guest.call(SYS_mprotect, later, 40 << 10, PROT_NONE), 0);
        EXPECT_EQ(guest.call(SYS_mprotect, later, 40 << 10, PROT_READ), 0);
        EXPECT_EQ(guest.text(later, changed.size()), changed);
        i64 pid = guest.fork([&](Guest& child) {
            EXPECT_EQ(child.text(later, changed.size()), changed);
            EXPECT_EQ(child.text(read_only, contents.size()), contents);
            child.exit(0);
        });
        guest.wait(pid);
        EXPECT_EQ(guest.text(read_only, contents.size()), contents);
        EXPECT_EQ(guest.load<char>(writable + 8193), contents[8193]);
    });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.status << outcome.report << outcome.deadlock.report;
}

TEST(ImageRoot, RunsProgramsOfTheImage) {
    Tree tree;
    auto outcome = run_in_image(tree, [&](Guest& guest) {
        i64 pid = guest.fork([](Guest& child) {
            child.execute("/bin/child");
            child.exit(1);
        });
        int status = 0;
        guest.wait(pid, &status);
        EXPECT_EQ(status, 9 << 8);
    });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.status << outcome.report << outcome.deadlock.report;
}

TEST(ImageRoot, KeepsChangesInMemory) {
    Tree tree;
    tree.add_file("file", "from the image");
    tree.add_file("gone", "gone");
    tree.add_file("directory/below", "below");
    Bytes before, after;
    Machine* used = nullptr;
    auto outcome = run_in_image(
        tree,
        [&](Guest& guest) {
            before = used->disks()[0].bytes;
            std::string text;
            i64 fd = guest.open("/file", O_RDWR);
            EXPECT_EQ(guest.write_text(fd, "into"), 4);
            EXPECT_EQ(guest.read_text(guest.open("/file", O_RDONLY), text, 100), 14);
            EXPECT_EQ(text, "into the image");
            EXPECT_EQ(guest.unlink("/gone"), 0);
            EXPECT_EQ(guest.open("/gone", O_RDONLY), -ENOENT);
            EXPECT_EQ(guest.unlink("/directory/below"), 0);
            Scratch scratch(guest);
            EXPECT_EQ(guest.call(SYS_rmdir, scratch.text("/directory")), 0);
            EXPECT_EQ(guest.mkdir("/directory"), 0);
            EXPECT_EQ(guest.open("/directory/below", O_RDONLY), -ENOENT);
            EXPECT_GE(guest.open("/new", O_RDWR | O_CREAT), 0);
            EXPECT_EQ(guest.call(SYS_rename, scratch.text("/file"), scratch.text("/directory/moved")), 0);
            EXPECT_EQ(guest.read_text(guest.open("/directory/moved", O_RDONLY), text, 100), 14);
            after = used->disks()[0].bytes;
        },
        1, [&](Machine& machine) { used = &machine; });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.status << outcome.report << outcome.deadlock.report;
    EXPECT_TRUE(before == after);
}

TEST(ImageRoot, WithAWrongBlockIsEioForReadersAndBusErrorForMappings) {
    Tree tree;
    tree.add_file("good", std::string(20000, 'g'));
    tree.add_file("zz-bad", pattern(40 << 10));
    Machine* used = nullptr;
    auto outcome = run_in_image(
        tree,
        [&](Guest& guest) {
            i64 fd = guest.open("/zz-bad", O_RDONLY);
            // The host changes page 3 of the file, wherever it lies.
            used->disks()[0].alter = [](u64, std::span<u8> bytes) {
                std::string wanted = pattern(40 << 10).substr(3 * 4096, 4096);
                for (usize at = 0; at + 4096 <= bytes.size(); at += 4096)
                    if (std::memcmp(bytes.data() + at, wanted.data(), 4096) == 0) bytes[at + 77]++;
            };
            Scratch scratch(guest);
            u64 buffer = guest.map(64 << 10);
            EXPECT_EQ(guest.call(SYS_pread64, fd, buffer, 64 << 10, 0), 3 * 4096);
            EXPECT_EQ(guest.call(SYS_pread64, fd, buffer, 4096, 3 * 4096), -EIO);
            EXPECT_EQ(guest.call(SYS_pread64, fd, buffer, 4096, 4 * 4096), 4096);
            EXPECT_EQ(guest.call(SYS_pread64, fd, buffer, 4096, 4 * 4096 - 1), -EIO);
            int signals = 0;
            guest.handle(
                bus_signal,
                [&](Guest& handler, int, u64, u64 context) {
                    signals++;
                    handler.skip_instruction(context);
                },
                SA_SIGINFO);
            u64 at = guest.map(40 << 10, PROT_READ, MAP_PRIVATE, fd);
            EXPECT_EQ(guest.load<char>(at + 2 * 4096), pattern(40 << 10)[2 * 4096]);
            EXPECT_EQ(guest.load<char>(at + 3 * 4096), 0);
            EXPECT_EQ(signals, 1);
            // Where all of it is wanted at once there is none.
            EXPECT_EQ(static_cast<i64>(guest.map(40 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd)), -EIO);
            EXPECT_EQ(guest.call(SYS_mprotect, at, 40 << 10, PROT_READ | PROT_WRITE), -EIO);
            EXPECT_EQ(guest.load<char>(at + 4 * 4096), pattern(40 << 10)[4 * 4096]);
            std::string text;
            EXPECT_EQ(guest.read_text(guest.open("/good", O_RDONLY), text, 30000), 20000);
            EXPECT_EQ(text, std::string(20000, 'g'));
            // The host repents.
            used->disks()[0].alter = nullptr;
            EXPECT_EQ(guest.call(SYS_pread64, fd, buffer, 64 << 10, 0), 40 << 10);
        },
        1, [&](Machine& machine) { used = &machine; });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.status << outcome.report << outcome.deadlock.report;
}

TEST(ImageRoot, OfBadBytesEndsTheBootWithTheReason) {
    struct Case {
        Bytes disk;
        const char* reason;
    };
    Tree tree;
    tree.add_file("file", "contents");
    Bytes good = make_image(tree), packed = good, damaged = good;
    packed[1024 + 80] |= 1;
    damaged[1024 + 16] ^= 1;
    const Case cases[] = {{Bytes(8192), "no EROFS image"},
                          {packed, "compression"},
                          {damaged, "damaged"},
                          {Bytes(good.begin(), good.end() - 4096), "damaged"}};
    for (const Case& each : cases) {
        auto boot = [&] {
            Machine machine({.root_image = true});
            machine.disks().push_back({each.disk});
            (void)machine.run([](Guest&) {});
        };
        EXPECT_DEATH(boot(), "the view could not be built") << each.reason;
    }
}

// Threads that read and map the same file at once see one set of pages.
TEST(ImageRoot, HoldsUnderEveryOrderOfItsReaders) {
    Tree tree;
    std::string contents = pattern(50000);
    tree.add_file("file", contents);
    for (u64 seed = 1; seed <= 8; seed++) {
        auto outcome = run_in_image(
            tree,
            [&](Guest& guest) {
                for (int i = 0; i < 4; i++)
                    guest.fork([&, i](Guest& child) {
                        i64 fd = child.open("/file", O_RDONLY);
                        if (i % 2 == 0) {
                            std::string text;
                            EXPECT_EQ(child.read_text(fd, text, 60000), 50000);
                            EXPECT_EQ(text, contents);
                        } else {
                            u64 at = child.map(50000, PROT_READ, MAP_PRIVATE, fd);
                            EXPECT_EQ(child.text(at, 50000), contents);
                        }
                        child.exit(0);
                    });
                while (guest.wait(-1) > 0) continue;
            },
            seed);
        EXPECT_TRUE(outcome.exited_with(0)) << outcome.status << outcome.report << outcome.deadlock.report;
    }
}
