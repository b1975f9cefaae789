// Descriptors in flight that keep the very channel they are in.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;

namespace {

struct Pair {
    int one, other;
};

Pair make_pair(Guest& guest) {
    Scratch scratch(guest);
    u64 at = scratch.space(8);
    EXPECT_EQ(guest.call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, at), 0);
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
