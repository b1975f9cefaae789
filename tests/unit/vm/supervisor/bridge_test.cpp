// The bridge between a machine's control port and the rings: the test plays the machine, which may be
// hostile, and the threads that serve the rings.
#include "supervisor/vm/bridge.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "supervisor/streams.h"

namespace litebox::supervisor {
namespace {

using process::OutRing;
using process::Rings;
using vm::ControlHeader;
using vm::ToHost;
using vm::ToKernel;

constexpr uint32_t broke_the_rules = process::broken + 1;

std::string word(uint32_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

class BridgeTest : public ::testing::Test {
  protected:
    BridgeTest() {
        int control[2], log[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, control) != 0 || pipe(log) != 0) abort();
        machine_ = Descriptor(control[1]);
        log_ = Descriptor(log[1]);
        void* memory =
            mmap(nullptr, sizeof(Rings), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        rings_ = static_cast<Rings*>(memory);
        // Its threads hold on to it for good.
        bridge_ = new Bridge(*rings_, Descriptor(control[0]), Descriptor(log[0]));
        bridge_->start();
    }

    void say(const std::string& bytes) {
        size_t done = 0;
        while (done < bytes.size()) {
            ssize_t written = send(machine_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
            if (written <= 0) return;
            done += static_cast<size_t>(written);
        }
    }
    static std::string frame(ToHost kind, const std::string& bytes = "") {
        return header(static_cast<uint32_t>(kind), static_cast<uint32_t>(bytes.size())) + bytes;
    }
    static std::string header(uint32_t kind, uint32_t length) {
        const ControlHeader head{kind, length};
        return {reinterpret_cast<const char*>(&head), sizeof(head)};
    }
    /// The next frame for the machine: its kind, and its bytes in `bytes`.
    ToKernel hear(std::string& bytes) {
        ControlHeader head{};
        EXPECT_EQ(recv(machine_.get(), &head, sizeof(head), MSG_WAITALL), ssize_t{sizeof(head)});
        bytes.resize(head.length);
        if (head.length != 0) {
            EXPECT_EQ(recv(machine_.get(), bytes.data(), head.length, MSG_WAITALL), ssize_t{head.length});
        }
        return static_cast<ToKernel>(head.kind);
    }
    void ring() {
        rings_->control.system_bell.fetch_add(1);
        futex_wake(rings_->control.system_bell);
    }
    static bool comes_true(const std::function<bool()>& what) {
        constexpr int looks = 20000;
        for (int i = 0; i < looks; i++) {
            if (what()) return true;
            usleep(1000);
        }
        return false;
    }
    void expect_refused(const std::string& bytes) {
        say(bytes);
        EXPECT_TRUE(comes_true([this] { return bridge_->finished(); }));
        EXPECT_EQ(rings_->control.stop_state.load(), broke_the_rules);
    }
    /// Takes one record out of the ring, as the streams' thread does.
    std::string take_record(uint32_t& kind) {
        OutRing& ring = rings_->out;
        EXPECT_TRUE(comes_true([&] { return ring.produced.load() != taken_; }));
        auto byte = [&](uint32_t at) { return ring.bytes[(taken_ + at) % OutRing::size]; };
        uint32_t head = 0;
        for (uint32_t i = 0; i < 4; i++) head |= uint32_t{byte(i)} << 8 * i;
        std::string bytes;
        for (uint32_t i = 0; i < (head & 0xffffff); i++) bytes += static_cast<char>(byte(4 + i));
        kind = head >> 24;
        taken_ += 4 + ((head & 0xffffff) + 3) / 4 * 4;
        ring.consumed.store(taken_);
        futex_wake(ring.consumed);
        return bytes;
    }

    Rings* rings_;
    Bridge* bridge_;
    Descriptor machine_, log_;
    uint32_t taken_ = 0;
};

TEST_F(BridgeTest, OutputBecomesRecordsHoweverItIsCut) {
    for (char c : frame(ToHost::output, "one") + frame(ToHost::error, "two")) say({&c, 1});
    uint32_t kind;
    EXPECT_EQ(take_record(kind), "one");
    EXPECT_EQ(kind, OutRing::output);
    EXPECT_EQ(take_record(kind), "two");
    EXPECT_EQ(kind, OutRing::error);
}

TEST_F(BridgeTest, AFloodWaitsForRoom) {
    const std::string piece(vm::longest_control_frame, 'x');
    constexpr int pieces = 40;
    std::thread writer([&] {
        for (int i = 0; i < pieces; i++) say(frame(ToHost::output, piece));
    });
    size_t total = 0;
    while (total < pieces * piece.size()) {
        EXPECT_LE(rings_->out.produced.load() - taken_, OutRing::size);
        uint32_t kind;
        total += take_record(kind).size();
    }
    writer.join();
    EXPECT_EQ(total, pieces * piece.size());
}

TEST_F(BridgeTest, ALengthBeyondTheLimitIsRefused) {
    expect_refused(header(static_cast<uint32_t>(ToHost::output), vm::longest_control_frame + 1));
}
TEST_F(BridgeTest, ALengthNearTheEndOfNumbersIsRefused) {
    expect_refused(header(static_cast<uint32_t>(ToHost::output), ~0u));
}
TEST_F(BridgeTest, AnUnknownKindIsRefused) {
    expect_refused(header(77, 0));
}
TEST_F(BridgeTest, AWishOfAnotherSizeIsRefused) {
    expect_refused(frame(ToHost::ask, "short"));
}
TEST_F(BridgeTest, AStatusOfAnotherSizeIsRefused) {
    expect_refused(frame(ToHost::stopped, word(0) + word(0)));
}
TEST_F(BridgeTest, TotalsOfAnotherSizeAreRefused) {
    expect_refused(frame(ToHost::totals, word(0)));
}
TEST_F(BridgeTest, AStartWithBytesIsRefused) {
    expect_refused(frame(ToHost::start, "x"));
}

TEST_F(BridgeTest, TheStatusIsTheLastThingTaken) {
    say(frame(ToHost::start) + frame(ToHost::stopped, word(7 << 8)) + header(77, 0));
    ASSERT_TRUE(comes_true([this] { return bridge_->finished(); }));
    EXPECT_EQ(rings_->control.stop_state.load(), process::stopped);
    EXPECT_EQ(rings_->control.stop_status.load(), 7u << 8);
    EXPECT_NE(rings_->control.first_instruction_ns.load(), 0u);
}

TEST_F(BridgeTest, AReasonIsCutToItsRoom) {
    say(frame(ToHost::broken, std::string(vm::longest_control_frame, 'r')));
    ASSERT_TRUE(comes_true([this] { return bridge_->finished(); }));
    EXPECT_EQ(rings_->control.stop_state.load(), process::broken);
    EXPECT_EQ(strnlen(rings_->control.reason, sizeof(rings_->control.reason)),
              sizeof(rings_->control.reason) - 1);
}

TEST_F(BridgeTest, AnEndWithoutAWordLeavesTheLogsLastLines) {
    ASSERT_EQ(write(log_.get(), "first\nsecond\x1b[2J\r\nthird", 23), 23);
    log_.reset();
    machine_.reset();
    ASSERT_TRUE(comes_true([this] { return bridge_->finished(); }));
    EXPECT_EQ(rings_->control.stop_state.load(), process::running);
    EXPECT_EQ(bridge_->last_words(), "first / second?[2J / third");
}

TEST_F(BridgeTest, AWishIsPutToTheStreamsAndBounded) {
    const vm::AskInput wish{vm::AskInput::read, ~0u};
    say(frame(ToHost::ask, {reinterpret_cast<const char*>(&wish), sizeof(wish)}));
    ASSERT_TRUE(comes_true([this] { return rings_->in.asked.load() == 1; }));
    EXPECT_EQ(rings_->in.kind.load(), vm::AskInput::read);
    EXPECT_EQ(rings_->in.wanted.load(), process::InRing::size);
}

TEST_F(BridgeTest, InputAndItsEndReachTheMachine) {
    memcpy(rings_->in.bytes, "typed", 5);
    rings_->in.produced.store(5);
    rings_->in.ended.store(1);
    rings_->in.answered.store(1);
    ring();
    std::string bytes;
    EXPECT_EQ(hear(bytes), ToKernel::input);
    EXPECT_EQ(bytes, "typed");
    EXPECT_EQ(hear(bytes), ToKernel::input_end);
    EXPECT_EQ(bytes, "");
    EXPECT_EQ(rings_->in.consumed.load(), 5u);
}

TEST_F(BridgeTest, WhatIsReadableIsTold) {
    rings_->in.readable.store(1);
    rings_->in.answered.store(1);
    ring();
    std::string bytes;
    EXPECT_EQ(hear(bytes), ToKernel::readable);
}

TEST_F(BridgeTest, SignalsWindowModeAndClosedStreamsReachTheMachine) {
    auto& control = rings_->control;
    std::string bytes;
    control.signals_pending.store(1u << 2 | 1u << 15);
    ring();
    EXPECT_EQ(hear(bytes), ToKernel::signal);
    EXPECT_EQ(bytes, word(2));
    EXPECT_EQ(hear(bytes), ToKernel::signal);
    EXPECT_EQ(bytes, word(15));
    control.window_rows_columns.store(25u << 16 | 80);
    ring();
    EXPECT_EQ(hear(bytes), ToKernel::window);
    EXPECT_EQ(bytes, std::string("\x19\0\x50\0", 4));
    control.raw_active.store(1);
    ring();
    EXPECT_EQ(hear(bytes), ToKernel::raw_active);
    EXPECT_EQ(bytes, word(1));
    rings_->out_closed[1].store(1);
    ring();
    EXPECT_EQ(hear(bytes), ToKernel::closed);
    EXPECT_EQ(bytes, word(2));
}

}  // namespace
}  // namespace litebox::supervisor
