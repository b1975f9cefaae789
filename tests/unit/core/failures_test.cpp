// Every South operation fails in turn, at each of its calls in a scenario: the guest gets an errno (or dies
// of it), no lock stays held, and afterwards the library OS holds as much memory as before.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "core/kernel.h"
#include "core/memory/page_allocator.h"
#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;

namespace {

constexpr int kill_signal = 9, user = 10;

struct Scenario {
    const char* name;
    void (*run)(Guest&);
};

void files_in_memory(Guest& guest) {
    guest.mkdir("/tmp/d");
    i64 fd = guest.open("/tmp/d/f", O_RDWR | O_CREAT);
    guest.write_text(fd, std::string(9000, 'x'));
    guest.call(SYS_lseek, fd, 100, SEEK_SET);
    std::string text;
    guest.read_text(fd, text, 5000);
    guest.call(SYS_ftruncate, fd, 3);
    guest.call(SYS_fallocate, fd, 3, 0, 4096);
    Scratch scratch(guest);
    u64 from = scratch.text("/tmp/d/f"), to = scratch.text("/tmp/d/g");
    guest.call(SYS_link, from, to);
    guest.call(SYS_symlink, scratch.text("f"), scratch.text("/tmp/d/s"));
    guest.call(SYS_rename, to, scratch.text("/tmp/d/h"));
    guest.call(SYS_setxattr, from, scratch.text("user.a"), scratch.text("value"), 5, 0);
    i64 directory = guest.open("/tmp/d", O_RDONLY | O_DIRECTORY);
    guest.call(SYS_getdents64, directory, scratch.space(1024), 1024);
    guest.read_text(guest.open("/tmp/d/s", O_RDONLY), text, 10);
    i64 lock = guest.open("/tmp/d/h", O_RDWR);
    guest.call(SYS_flock, lock, 2);
    struct flock range = {F_WRLCK, SEEK_SET, 0, 10, 0};
    guest.call(SYS_fcntl, fd, F_SETLK, scratch.value(range));
}

void granted_files(Guest& guest) {
    std::string text;
    i64 fd = guest.open("/etc/dir/file", O_RDWR);
    guest.read_text(fd, text, 5000);
    guest.write_text(fd, "copied up");
    guest.read_text(guest.open("/etc/link", O_RDONLY), text, 100);
    Scratch scratch(guest);
    i64 directory = guest.open("/etc", O_RDONLY | O_DIRECTORY);
    guest.call(SYS_getdents64, directory, scratch.space(1024), 1024);
    u64 at = guest.map(page_size, 1, MAP_PRIVATE, guest.open("/etc/other", O_RDONLY));
    if (static_cast<i64>(at) > 0) guest.load<u32>(at);
    guest.call(SYS_stat, scratch.text("/etc/dir/none"), scratch.space(144));
    guest.call(SYS_rename, scratch.text("/etc/dir/file"), scratch.text("/etc/dir/moved"));
}

void mappings(Guest& guest) {
    u64 at = guest.map(16 * page_size);
    guest.store<u32>(at + 3 * page_size, 1);
    guest.call(SYS_mprotect, at + page_size, 2 * page_size, 1);
    guest.call(SYS_munmap, at + 5 * page_size, page_size);
    guest.call(SYS_mremap, at + 8 * page_size, 4 * page_size, 8 * page_size, 1);
    guest.call(SYS_madvise, at, 4 * page_size, 4);
    u64 shared = guest.map(8 * page_size, 3, MAP_SHARED | MAP_ANONYMOUS);
    guest.store<u32>(shared, 1);
    i64 fd = guest.open("/tmp/mapped", O_RDWR | O_CREAT);
    guest.call(SYS_ftruncate, fd, 4 * page_size);
    u64 file = guest.map(4 * page_size, 3, MAP_SHARED, fd);
    if (static_cast<i64>(file) > 0) guest.store<u32>(file + page_size, 7);
    u64 copy = guest.map(4 * page_size, 3, MAP_PRIVATE, fd);
    if (static_cast<i64>(copy) > 0) guest.store<u32>(copy + 2 * page_size, 7);
    guest.call(SYS_ftruncate, fd, page_size);
    u64 end = static_cast<u64>(guest.call(SYS_brk, 0));
    guest.call(SYS_brk, end + 3 * page_size);
    guest.call(SYS_mlock, at, 2 * page_size);
    guest.call(SYS_msync, shared, page_size, 4);
}

void children(Guest& guest) {
    u64 page = guest.map(page_size);
    i64 fd = guest.open("/tmp/shared", O_RDWR | O_CREAT);
    guest.call(SYS_ftruncate, fd, 4 * page_size);
    guest.map(4 * page_size, 3, MAP_SHARED, fd);
    i64 pid = guest.fork([=](Guest& child) {
        child.store<u32>(page, 5);
        child.sleep(1000000);
    });
    guest.call(SYS_ftruncate, fd, 0);
    guest.vfork([](Guest& child) {
        child.execute("/bin/child", {"child", "argument"});
        child.exit(1);
    });
    guest.thread([](Guest&) {}, page);
    if (pid > 0) guest.kill(pid, user);
    guest.vfork([](Guest& child) { child.exit(2); });
    for (int i = 0; i < 4; i++) guest.wait(-1, nullptr, 1);
    guest.execute("/bin/child");
}

void events(Guest& guest) {
    auto [in, out] = guest.pipe();
    guest.write_text(out, std::string(5000, 'p'));
    std::string text;
    guest.read_text(in, text, 3000);
    i64 epoll = guest.call(SYS_epoll_create1, 0);
    Scratch scratch(guest);
    epoll_event event{EPOLLIN | EPOLLET, {}};
    guest.call(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, in, scratch.value(event));
    guest.call(SYS_epoll_wait, epoll, scratch.space(64), 4, 10);
    i64 counter = guest.call(SYS_eventfd2, 3, 0);
    guest.call(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, counter, scratch.value(event));
    i64 timer = guest.call(SYS_timerfd_create, 1, 0);
    const u64 soon[4] = {0, 1000000, 0, 1000000};
    guest.call(SYS_timerfd_settime, timer, 0, scratch.bytes(soon, sizeof(soon)), 0);
    guest.read_text(timer, text, 8);
    guest.call(SYS_signalfd4, -1, scratch.value(u64{1} << (user - 1)), 8, 0);
    guest.handle(user, [](Guest&, int, u64, u64) {});
    guest.kill(guest.call(SYS_getpid), user);
    guest.call(SYS_timer_create, 1, 0, scratch.space(8));
    guest.call(SYS_setitimer, 0, scratch.bytes(soon, sizeof(soon)), 0);
    i64 terminal = guest.open("/dev/ptmx", O_RDWR | O_NOCTTY);
    guest.write_text(terminal, "line\n");
    guest.call(SYS_tee, in, out, 10, 2);
    guest.call(SYS_splice, in, 0, guest.open("/tmp/spliced", O_WRONLY | O_CREAT), 0, 100, 2);
}

void sockets(Guest& guest) {
    Scratch scratch(guest);
    u64 pair = scratch.space(8);
    std::string text;
    if (guest.call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
        int one = guest.load<int>(pair), other = guest.load<int>(pair + 4);
        struct {
            u64 length;
            int level, type, descriptor, padding;
        } control = {20, SOL_SOCKET, SCM_RIGHTS, one, 0};
        u64 part[2] = {scratch.text("data"), 4};
        msghdr header{};
        header.msg_iov = reinterpret_cast<iovec*>(scratch.bytes(part, sizeof(part)));
        header.msg_iovlen = 1;
        header.msg_control = reinterpret_cast<void*>(scratch.value(control));
        header.msg_controllen = sizeof(control);
        guest.call(SYS_sendmsg, one, scratch.value(header), MSG_DONTWAIT);
        header.msg_control = reinterpret_cast<void*>(scratch.space(64));
        guest.call(SYS_recvmsg, other, scratch.value(header), MSG_DONTWAIT);
        guest.call(SYS_sendmsg, one, scratch.value(header), MSG_DONTWAIT);
    }
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(1234);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    u64 address = scratch.value(name);
    i64 server = guest.call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    guest.call(SYS_bind, server, address, sizeof(name));
    guest.call(SYS_listen, server, 4);
    i64 client = guest.call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    guest.call(SYS_connect, client, address, sizeof(name));
    i64 accepted = guest.call(SYS_accept4, server, 0, 0, SOCK_NONBLOCK);
    guest.write_text(client, std::string(3000, 't'));
    guest.read_text(accepted, text, 1000);
    i64 datagram = guest.call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    guest.call(SYS_bind, datagram, address, sizeof(name));
    guest.call(SYS_sendto, datagram, address, 10, 0, address, sizeof(name));
    guest.call(SYS_recvfrom, datagram, scratch.space(64), 64, 0, 0, 0);
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    std::memcpy(path.sun_path, "/tmp/socket", 12);
    u64 where = scratch.value(path);
    i64 listener = guest.call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    guest.call(SYS_bind, listener, where, sizeof(path));
    guest.call(SYS_listen, listener, 1);
    guest.call(SYS_connect, guest.call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0), where,
               sizeof(path));
}

constexpr Scenario scenarios[] = {{"files_in_memory", files_in_memory},
                                  {"granted_files", granted_files},
                                  {"mappings", mappings},
                                  {"children", children},
                                  {"events", events},
                                  {"sockets", sockets}};

struct Held {
    usize objects, pages, threads, spaces, slots;
    bool operator==(const Held&) const = default;
};

class Sweep {
  public:
    Sweep(Guest& guest, const Scenario& scenario) : guest_(guest), scenario_(scenario) {}

    void run(u64 most_calls) {
        leak_nothing();
        for (usize i = 0; i < operation_count; i++) {
            auto operation = static_cast<Operation>(i);
            u64 before = faults().calls(operation);
            play();
            u64 calls = faults().calls(operation) - before;
            // Where there are many, a sample: the first ones, then ever fewer.
            for (u64 nth = 1; nth <= calls; nth += 1 + nth * nth / most_calls) fail(operation, nth);
        }
    }

    [[nodiscard]] u64 struck() { return faults().struck(); }

  private:
    Faults& faults() { return guest_.machine().faults(); }

    Held held() {
        Machine& machine = guest_.machine();
        guest_.press_for_memory();
        return {machine.heap_objects(), kernel().pages->pages_in_use(), machine.live_threads(),
                machine.live_spaces(), machine.files().slots_in_use()};
    }

    void clean() {
        for (const char* name : {"/tmp/d/f", "/tmp/d/g", "/tmp/d/h", "/tmp/d/s", "/tmp/mapped", "/tmp/shared",
                                 "/tmp/spliced", "/tmp/socket"})
            guest_.unlink(name);
        Scratch scratch(guest_);
        guest_.call(SYS_rmdir, scratch.text("/tmp/d"));
        guest_.call(SYS_rename, scratch.text("/etc/dir/moved"), scratch.text("/etc/dir/file"));
    }

    void play() {
        i64 pid = guest_.fork([run = scenario_.run](Guest& child) { run(child); });
        // What a failure left asleep is ended.
        constexpr u64 patience = u64{2} * 1000000000;
        guest_.sleep(patience);
        faults().clear();
        guest_.kill(-1, kill_signal);
        if (pid > 0) guest_.wait(pid);
        while (guest_.wait(-1) > 0) continue;
        clean();
        guest_.sleep(10000000);
    }

    /// Without failures.
    void leak_nothing() {
        Machine& machine = guest_.machine();
        // The table of names makes its parts as names fall into them: all of them now.
        constexpr int names = 700;
        for (int i = 0; i < names; i++) guest_.unlink("/tmp/none" + std::to_string(i));
        for (int i = 0; i < 3; i++) play();
        machine.track_heap();
        Held before = held();
        constexpr int times = 4;
        for (int i = 0; i < times; i++) play();
        EXPECT_LT(held().objects, before.objects + times) << scenario_.name << "\n" << machine.heap_report();
        EXPECT_LT(held().pages, before.pages + times);
    }

    void fail(Operation operation, u64 nth) {
        guest_.machine().set_label(std::string(scenario_.name) + ": " + name_of(operation) + " " +
                                   std::to_string(nth));
        // A failed run may leave other things cached than a good one, which a good one afterwards levels; and
        // tables grow now and then. A leak grows every time.
        constexpr int times = 7;
        Held before = held();
        for (int i = 0; i < times; i++) {
            faults().fail_nth(operation, nth);
            play();
            play();
            Held after = held();
            bool grows = after.objects > before.objects || after.pages > before.pages ||
                         after.threads > before.threads || after.spaces > before.spaces ||
                         after.slots > before.slots;
            if (!grows) return;
            if (i + 1 < times) before = after;
        }
        guest_.machine().track_heap();
        faults().fail_nth(operation, nth);
        play();
        play();
        Held after = held();
        ADD_FAILURE() << guest_.machine().label() << " leaks: " << before.objects << " then " << after.objects
                      << " objects, " << before.pages << " then " << after.pages << " pages, "
                      << after.threads << " threads, " << after.spaces << " spaces, " << after.slots
                      << " slots\n"
                      << guest_.machine().heap_report();
    }

    Guest& guest_;
    const Scenario& scenario_;
};

class Failures : public testing::TestWithParam<Scenario> {};

TEST_P(Failures, OfEachOperationEndInAnErrnoAndLeakNothing) {
    Machine machine({.seed = 7});
    machine.files().add_file("/etc/dir/file", std::string(6000, 'f'));
    machine.files().add_file("/etc/other", "other");
    machine.files().add_link("/etc/link", "dir/file");
    machine.install("/bin/child", [](Guest& guest) { guest.exit(0); });
    u64 struck = 0;
    auto outcome = machine.run([&](Guest& guest) {
        Sweep sweep(guest, GetParam());
        sweep.run(60);
        struck = sweep.struck();
    });
    EXPECT_TRUE(outcome.exited_with(0)) << machine.label() << "\n" << outcome.deadlock.report;
    EXPECT_GT(struck, 20u);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Failures, testing::ValuesIn(scenarios),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
