// Sockets whose ends go in an order that nobody would choose: descriptors in flight that keep the very
// channel they are in, and peers that are polled and then left.
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;

namespace {

struct Pair {
    int one, other;
};

Pair make_pair(Guest& guest, int type = SOCK_STREAM) {
    Scratch scratch(guest);
    u64 at = scratch.space(8);
    EXPECT_EQ(guest.call(SYS_socketpair, AF_UNIX, type, 0, at), 0);
    return {guest.load<int>(at), guest.load<int>(at + 4)};
}

void send_descriptor(Guest& guest, int over, int descriptor) {
    Scratch scratch(guest);
    struct {
        u64 length;
        int level, type, descriptor, padding;
    } control = {20, SOL_SOCKET, SCM_RIGHTS, descriptor, 0};
    const u64 part[2] = {scratch.text("data"), 4};
    msghdr header{};
    header.msg_iov = reinterpret_cast<iovec*>(scratch.bytes(part, sizeof(part)));
    header.msg_iovlen = 1;
    header.msg_control = reinterpret_cast<void*>(scratch.value(control));
    header.msg_controllen = sizeof(control);
    EXPECT_EQ(guest.call(SYS_sendmsg, over, scratch.value(header), 0), 4);
}

}  // namespace

TEST(Sockets, AReadThatDropsItsSendersLastDescriptorEnds) {
    Machine machine;
    auto outcome = machine.run([](Guest& guest) {
        Pair pair = make_pair(guest);
        send_descriptor(guest, pair.one, pair.one);
        guest.close(pair.one);
        std::string text;
        EXPECT_EQ(guest.read_text(pair.other, text, 10), 4);
        EXPECT_EQ(guest.read_text(pair.other, text, 10), 0);
    });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
}

TEST(Sockets, AReceiverThatClosesFreesTheSenderInFlight) {
    Machine machine;
    auto outcome = machine.run([&](Guest& guest) {
        usize before = 0;
        for (int i = 0; i < 20; i++) {
            Pair pair = make_pair(guest);
            send_descriptor(guest, pair.one, pair.one);
            guest.close(pair.one);
            guest.close(pair.other);
            if (i == 0) before = machine.heap_objects();
        }
        EXPECT_EQ(machine.heap_objects(), before);
    });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
}

TEST(Sockets, APeerThatIsLeftAndGoneIsNotPolledAnyMore) {
    for (int type : {SOCK_SEQPACKET, SOCK_DGRAM}) {
        Machine machine;
        auto outcome = machine.run([&](Guest& guest) {
            Scratch scratch(guest);
            Pair pair = make_pair(guest, type);
            i64 set = guest.call(SYS_epoll_create1, 0);
            epoll_event event{EPOLLOUT | EPOLLIN, {}};
            EXPECT_EQ(guest.call(SYS_epoll_ctl, set, EPOLL_CTL_ADD, pair.one, scratch.value(event)), 0);
            if (type == SOCK_SEQPACKET) {
                EXPECT_EQ(guest.call(SYS_shutdown, pair.one, SHUT_WR), 0);
            } else {
                const sockaddr nobody{AF_UNSPEC, {}};
                EXPECT_EQ(guest.call(SYS_connect, pair.one, scratch.value(nobody), sizeof(nobody)), 0);
            }
            guest.close(pair.other);
            EXPECT_EQ(guest.call(SYS_epoll_ctl, set, EPOLL_CTL_DEL, pair.one, 0), 0);
            guest.close(pair.one);
        });
        EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
    }
}
