// vsock sockets against a host that the test plays.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <deque>

#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;
using platform::VsockOperation;
using platform::VsockPacket;

namespace {

constexpr u64 own = 42, host = 2;
constexpr u32 port = 5000, host_port = 9000, host_room = 1 << 18;

struct VsockStreams : ::testing::Test {
    Machine machine;
    struct Sent {
        VsockPacket packet;
        std::string payload;
    };
    std::deque<Sent> sent;
    /// What the host answers; without it, nothing.
    std::function<void(const Sent&)> answer;

    void SetUp() override { provide(own); }
    void provide(u64 address) {
        machine.vsock().address = address;
        machine.vsock().on_send = [this](const VsockPacket& packet, std::string payload) {
            sent.push_back({packet, std::move(payload)});
            if (answer) answer(sent.back());
        };
    }
    void run(const GuestProgram& program) {
        auto outcome = machine.run(program);
        EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report << outcome.report;
    }
    /// From the host's port to the program's.
    void say(VsockOperation operation, std::string payload = {}, u32 taken = 0, u32 flags = 0,
             u32 room = host_room, u32 to = port) {
        machine.vsock_arrives(
            {host, own, host_port, to, platform::vsock_stream, operation, flags, room, taken},
            std::move(payload));
    }
    void reply(const Sent& to, VsockOperation operation, std::string payload = {}, u32 taken = 0,
               u32 flags = 0, u32 room = host_room) {
        const VsockPacket& from = to.packet;
        machine.vsock_arrives({from.destination, from.source, from.destination_port, from.source_port,
                               platform::vsock_stream, operation, flags, room, taken},
                              std::move(payload));
    }
    void accept_all(u32 room = host_room) {
        answer = [this, room](const Sent& one) {
            if (one.packet.operation == VsockOperation::request)
                reply(one, VsockOperation::response, {}, 0, 0, room);
        };
    }
    /// Whether such a packet is sent, by whichever thread it falls to.
    bool soon(Guest& guest, VsockOperation operation) const {
        for (int i = 0; i < 100 && count(operation) == 0; i++) guest.call(SYS_poll, 0, 0, 1);
        return count(operation) != 0;
    }
    [[nodiscard]] usize count(VsockOperation operation) const {
        usize result = 0;
        for (const Sent& one : sent) result += one.packet.operation == operation ? 1 : 0;
        return result;
    }
};

u64 name_at(Scratch& scratch, u32 context, u32 number) {
    sockaddr_vm name{};
    name.svm_family = AF_VSOCK;
    name.svm_cid = context;
    name.svm_port = number;
    return scratch.value(name);
}

i64 make(Guest& guest, int flags = 0) {
    return guest.call(SYS_socket, AF_VSOCK, SOCK_STREAM | flags, 0);
}
i64 connect_to_host(Guest& guest, i64 socket) {
    Scratch scratch(guest);
    return guest.call(SYS_connect, socket, name_at(scratch, VMADDR_CID_HOST, host_port), sizeof(sockaddr_vm));
}
i64 bind_port(Guest& guest, i64 socket, u32 number, u32 context = VMADDR_CID_ANY) {
    Scratch scratch(guest);
    return guest.call(SYS_bind, socket, name_at(scratch, context, number), sizeof(sockaddr_vm));
}
i64 listener(Guest& guest, int backlog, int flags = 0) {
    i64 socket = make(guest, flags);
    EXPECT_EQ(bind_port(guest, socket, port), 0);
    EXPECT_EQ(guest.call(SYS_listen, socket, backlog), 0);
    return socket;
}
i64 accept_one(Guest& guest, i64 socket) {
    return guest.call(SYS_accept4, socket, 0, 0, 0);
}
i64 send_text(Guest& guest, i64 socket, std::string_view text, int flags = MSG_NOSIGNAL) {
    Scratch scratch(guest);
    return guest.call(SYS_sendto, socket, scratch.bytes(text.data(), text.size()), text.size(), flags, 0, 0);
}
u32 poll_once(Guest& guest, i64 socket, int timeout, short events = POLLIN | POLLOUT) {
    Scratch scratch(guest);
    u64 at = scratch.value(pollfd{static_cast<int>(socket), events, 0});
    if (guest.call(SYS_poll, at, 1, timeout) != 1) return 0;
    return static_cast<u32>(guest.load<pollfd>(at).revents);
}
sockaddr_vm name_of(Guest& guest, i64 socket, u64 call) {
    Scratch scratch(guest);
    u64 at = scratch.space(sizeof(sockaddr_vm)), length = scratch.value(int{sizeof(sockaddr_vm)});
    EXPECT_EQ(guest.call(call, socket, at, length), 0);
    return guest.load<sockaddr_vm>(at);
}
int pending_error(Guest& guest, i64 socket) {
    Scratch scratch(guest);
    u64 at = scratch.value(int{0}), length = scratch.value(int{4});
    EXPECT_EQ(guest.call(SYS_getsockopt, socket, SOL_SOCKET, SO_ERROR, at, length), 0);
    return guest.load<int>(at);
}

}  // namespace

TEST_F(VsockStreams, KindsAndStatesAreRefusedAsLinuxDoes) {
    run([](Guest& guest) {
        EXPECT_EQ(guest.call(SYS_socket, AF_VSOCK, SOCK_DGRAM, 0), -ENODEV);
        EXPECT_EQ(guest.call(SYS_socket, AF_VSOCK, SOCK_RAW, 0), -ESOCKTNOSUPPORT);
        EXPECT_EQ(guest.call(SYS_socket, AF_VSOCK, SOCK_STREAM, 7), -EPROTONOSUPPORT);
        i64 socket = make(guest);
        EXPECT_EQ(guest.call(SYS_listen, socket, 1), -EINVAL);
        EXPECT_EQ(send_text(guest, socket, "x"), -ENOTCONN);
        EXPECT_EQ(guest.call(SYS_shutdown, socket, 1), -ENOTCONN);
        EXPECT_EQ(accept_one(guest, socket), -EINVAL);
        sockaddr_vm unnamed = name_of(guest, socket, SYS_getsockname);
        EXPECT_EQ(unnamed.svm_cid, VMADDR_CID_ANY);
        EXPECT_EQ(unnamed.svm_port, VMADDR_PORT_ANY);
        EXPECT_EQ(bind_port(guest, socket, port, 77), -EADDRNOTAVAIL);
        EXPECT_EQ(bind_port(guest, socket, 1000), -EACCES);
        EXPECT_EQ(bind_port(guest, socket, port, own), 0);
        EXPECT_EQ(bind_port(guest, socket, port, own), -EINVAL);
        i64 other = make(guest);
        EXPECT_EQ(bind_port(guest, other, port), -EADDRINUSE);
        EXPECT_EQ(bind_port(guest, other, VMADDR_PORT_ANY), 0);
        EXPECT_GE(name_of(guest, other, SYS_getsockname).svm_port, 1024u);
    });
}

TEST_F(VsockStreams, WithoutTheDeviceConnectSaysSo) {
    provide(0);
    run([](Guest& guest) {
        EXPECT_EQ(connect_to_host(guest, make(guest)), -ENODEV);
        EXPECT_EQ(guest.open("/dev/vsock", O_RDONLY), -ENOENT);
        EXPECT_EQ(accept_one(guest, listener(guest, 1, SOCK_NONBLOCK)), -EAGAIN);
    });
}

TEST_F(VsockStreams, BytesGoBothWaysAndBothEndsClose) {
    answer = [this](const Sent& one) {
        if (one.packet.operation == VsockOperation::request) reply(one, VsockOperation::response);
        if (one.packet.operation == VsockOperation::data)
            reply(one, VsockOperation::data, "<" + one.payload + ">", 5);
        if (one.packet.operation == VsockOperation::shutdown) reply(one, VsockOperation::reset);
    };
    run([this](Guest& guest) {
        i64 socket = make(guest);
        ASSERT_EQ(connect_to_host(guest, socket), 0);
        EXPECT_EQ(connect_to_host(guest, socket), -EISCONN);
        EXPECT_EQ(name_of(guest, socket, SYS_getpeername).svm_port, host_port);
        EXPECT_EQ(send_text(guest, socket, "hello"), 5);
        std::string text;
        EXPECT_EQ(guest.read_text(socket, text, 100), 7);
        EXPECT_EQ(text, "<hello>");
        guest.close(socket);
        EXPECT_TRUE(soon(guest, VsockOperation::shutdown));
        EXPECT_EQ(count(VsockOperation::shutdown), 1u);
        EXPECT_EQ(sent.back().packet.flags, 3u);
        EXPECT_EQ(sent.front().packet.source, own);
    });
}

TEST_F(VsockStreams, NothingIsSentBeyondTheCredit) {
    accept_all(1000);
    run([this](Guest& guest) {
        i64 socket = make(guest);
        ASSERT_EQ(connect_to_host(guest, socket), 0);
        EXPECT_EQ(send_text(guest, socket, std::string(5000, 'a'), MSG_DONTWAIT), 1000);
        EXPECT_EQ(send_text(guest, socket, "b", MSG_DONTWAIT), -EAGAIN);
        EXPECT_EQ(poll_once(guest, socket, 0), 0u);
        reply(sent.front(), VsockOperation::credit_update, {}, 600, 0, 1000);
        EXPECT_EQ(poll_once(guest, socket, -1), u32{POLLOUT});
        // An older word, which another thread of the host's was slow with, takes nothing back.
        reply(sent.front(), VsockOperation::credit_update, {}, 200, 0, 1000);
        guest.sleep(1000000);
        EXPECT_EQ(send_text(guest, socket, std::string(5000, 'c'), MSG_DONTWAIT), 600);
        EXPECT_EQ(count(VsockOperation::reset), 0u);
    });
}

TEST_F(VsockStreams, TheHostIsToldOfRoomBeforeItRunsOut) {
    accept_all();
    run([this](Guest& guest) {
        i64 socket = make(guest);
        ASSERT_EQ(connect_to_host(guest, socket), 0);
        const Sent request = sent.front();
        for (int i = 0; i < 64; i++) reply(request, VsockOperation::data, std::string(4096, 'x'));
        std::string text;
        usize got = 0;
        while (got < 64 * 4096) {
            i64 length = guest.read_text(socket, text, 4096);
            ASSERT_GT(length, 0);
            got += static_cast<usize>(length);
        }
        EXPECT_GE(count(VsockOperation::credit_update), 1u);
        EXPECT_GE(sent.back().packet.taken, u32{32} * 4096);
        reply(request, VsockOperation::credit_request);
        guest.sleep(1000000);
        EXPECT_EQ(sent.back().packet.taken, u32{64} * 4096);
        EXPECT_EQ(sent.back().packet.room, u32{1} << 18);
    });
}

TEST_F(VsockStreams, AListenerTakesNoMoreThanItsBacklog) {
    run([this](Guest& guest) {
        i64 socket = listener(guest, 1);
        for (u32 i = 0; i < 5; i++)
            machine.vsock_arrives(
                {host, own, host_port + i, port, platform::vsock_stream, VsockOperation::request, 0, 100, 0});
        EXPECT_EQ(poll_once(guest, socket, -1), u32{POLLIN});
        guest.sleep(1000000);
        EXPECT_EQ(count(VsockOperation::response), 2u);
        EXPECT_EQ(count(VsockOperation::reset), 3u);
        i64 connection = accept_one(guest, socket);
        EXPECT_EQ(name_of(guest, connection, SYS_getpeername).svm_port, host_port);
        EXPECT_EQ(name_of(guest, connection, SYS_getsockname).svm_cid, own);
        // The one that nobody took is told, once.
        guest.close(socket);
        EXPECT_EQ(count(VsockOperation::shutdown), 1u);
    });
}

TEST_F(VsockStreams, AHostThatNeverAnswersIsATimeoutForThoseWhoDoNotWaitToo) {
    run([](Guest& guest) {
        EXPECT_EQ(connect_to_host(guest, make(guest)), -ETIMEDOUT);
        i64 socket = make(guest, SOCK_NONBLOCK);
        EXPECT_EQ(connect_to_host(guest, socket), -EINPROGRESS);
        EXPECT_EQ(connect_to_host(guest, socket), -EALREADY);
        EXPECT_EQ(poll_once(guest, socket, 0), 0u);
        EXPECT_NE(poll_once(guest, socket, -1) & POLLERR, 0u);
        EXPECT_EQ(pending_error(guest, socket), ETIMEDOUT);
        EXPECT_EQ(connect_to_host(guest, socket), -EINPROGRESS);
        guest.close(socket);
    });
}

TEST_F(VsockStreams, ALateAnswerIsForNobody) {
    run([this](Guest& guest) {
        EXPECT_EQ(connect_to_host(guest, make(guest)), -ETIMEDOUT);
        reply(sent.front(), VsockOperation::response);
        guest.sleep(1000000);
        EXPECT_EQ(sent.back().packet.operation, VsockOperation::reset);
    });
}

TEST_F(VsockStreams, WhatCannotBeResetsTheConnectionAndLeavesWhatHadArrived) {
    const std::vector<std::function<void(const Sent&)>> lies = {
        [this](const Sent& to) { reply(to, VsockOperation::credit_update, {}, 1); },
        [this](const Sent& to) { reply(to, VsockOperation::response); },
        [this](const Sent& to) { reply(to, VsockOperation::request); },
        [this](const Sent& to) { reply(to, static_cast<VsockOperation>(0)); },
        [this](const Sent& to) { reply(to, static_cast<VsockOperation>(0xffff)); },
        [this](const Sent& to) {
            reply(to, VsockOperation::shutdown, {}, 0, 2);
            reply(to, VsockOperation::data, "more");
        },
        [this](const Sent& to) {
            for (int i = 0; i < 64; i++) reply(to, VsockOperation::data, std::string(4096, 'x'));
        },
    };
    accept_all();
    run([&](Guest& guest) {
        for (const auto& lie : lies) {
            sent.clear();
            i64 socket = make(guest);
            ASSERT_EQ(connect_to_host(guest, socket), 0);
            const Sent request = sent.front();
            reply(request, VsockOperation::data, "before");
            lie(request);
            EXPECT_NE(poll_once(guest, socket, -1, 0) & POLLERR, 0u);
            EXPECT_TRUE(soon(guest, VsockOperation::reset));
            EXPECT_EQ(count(VsockOperation::reset), 1u);
            std::string text;
            EXPECT_EQ(guest.read_text(socket, text, 6), 6);
            EXPECT_EQ(text, "before");
            i64 length = 1;
            while (length > 0) length = guest.read_text(socket, text, 4096);
            EXPECT_EQ(length, -ECONNRESET);
            EXPECT_EQ(send_text(guest, socket, "x"), -EPIPE);
            guest.close(socket);
            EXPECT_EQ(count(VsockOperation::shutdown), 0u);
        }
    });
}

TEST_F(VsockStreams, ADeviceThatLosesItsConnectionsResetsThemAndListenersStay) {
    accept_all();
    run([this](Guest& guest) {
        i64 waiting = listener(guest, 1);
        i64 socket = make(guest), under_way = make(guest, SOCK_NONBLOCK);
        ASSERT_EQ(connect_to_host(guest, socket), 0);
        answer = nullptr;
        EXPECT_EQ(connect_to_host(guest, under_way), -EINPROGRESS);
        machine.vsock_lost();
        std::string text;
        EXPECT_EQ(guest.read_text(socket, text, 1), -ECONNRESET);
        EXPECT_NE(poll_once(guest, under_way, -1) & POLLERR, 0u);
        EXPECT_EQ(pending_error(guest, under_way), ECONNRESET);
        say(VsockOperation::request);
        EXPECT_GE(accept_one(guest, waiting), 0);
    });
}

TEST_F(VsockStreams, PacketsForNobodyCostNothingButAnAnswer) {
    run([this](Guest& guest) {
        usize before = machine.heap_objects();
        for (u16 operation = 0; operation < 100; operation++)
            say(static_cast<VsockOperation>(operation), "text", operation, operation, operation, 77);
        guest.sleep(1000000);
        EXPECT_EQ(count(VsockOperation::reset), 99u);  // all but for the reset
        EXPECT_EQ(machine.heap_objects(), before);
    });
}

TEST_F(VsockStreams, NothingStaysOfConnectionsThatHaveEnded) {
    accept_all();
    run([this](Guest& guest) {
        i64 listening = listener(guest, 10);
        usize before = 0;
        for (int i = 0; i < 20; i++) {
            i64 socket = make(guest, SOCK_NONBLOCK);
            connect_to_host(guest, socket);
            say(VsockOperation::request);
            i64 connection = accept_one(guest, listening);
            say(VsockOperation::data, "unread");
            guest.sleep(1000000);
            guest.close(connection);
            guest.close(socket);
            sent.clear();
            if (i == 0) before = machine.heap_objects();
        }
        EXPECT_EQ(machine.heap_objects(), before);
    });
}

TEST_F(VsockStreams, OneThreadsWaitEndsWhenAnotherShutsDown) {
    accept_all(10);
    run([](Guest& guest) {
        i64 socket = make(guest);
        ASSERT_EQ(connect_to_host(guest, socket), 0);
        guest.thread([socket](Guest& other) {
            other.sleep(1000000);
            EXPECT_EQ(other.call(SYS_shutdown, socket, SHUT_RDWR), 0);
        });
        EXPECT_EQ(send_text(guest, socket, std::string(20, 'a')), 10);
        std::string text;
        EXPECT_EQ(guest.read_text(socket, text, 1), 0);
        EXPECT_EQ(send_text(guest, socket, "x"), -EPIPE);
    });
}

TEST_F(VsockStreams, TheDeviceFileTellsTheContext) {
    run([](Guest& guest) {
        i64 control = guest.open("/dev/vsock", O_RDONLY);
        Scratch scratch(guest);
        u64 at = scratch.value(u32{0});
        EXPECT_EQ(guest.call(SYS_ioctl, control, IOCTL_VM_SOCKETS_GET_LOCAL_CID, at), 0);
        EXPECT_EQ(guest.load<u32>(at), own);
    });
}
