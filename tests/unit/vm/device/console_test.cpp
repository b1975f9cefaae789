// The console device, the frames on its control port and the streams above them, against whoever runs the
// machine.
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "platform/vm/host/control_channel.h"
#include "tests/unit/vm/device/simulated_device.h"

namespace litebox::vm {
namespace {

using Bytes = std::vector<u8>;

template <typename T>
Bytes bytes_of(const T& value) {
    const auto* at = reinterpret_cast<const u8*>(&value);
    return Bytes(at, at + sizeof(value));
}

struct Console : ::testing::Test {
    static constexpr u16 input_queue = 4, output_queue = 5, control_in = 2, control_out = 3;
    SimulatedDevice simulated{DeviceKind::console};
    ConsoleDevice console;
    ControlChannel channel;
    Bytes sent;
    std::string port_name = "litebox.control";
    bool answers_handshake = true, takes_output = true;

    void control(u32 port, u16 event, u16 value, std::string_view rest = {}) {
        struct {
            u32 port;
            u16 event, value;
        } head{port, event, value};
        Bytes message(sizeof(head) + rest.size());
        std::memcpy(message.data(), &head, sizeof(head));
        if (!rest.empty()) std::memcpy(message.data() + sizeof(head), rest.data(), rest.size());
        auto& waiting = simulated.waiting[control_in];
        ASSERT_FALSE(waiting.empty());
        auto chain = waiting.front();
        waiting.pop_front();
        simulated.use(control_in, chain.id, chain.answer(message));
    }
    void serve(u16 queue, const SimulatedDevice::Chain& chain) {
        if (queue == control_in || queue == input_queue || (queue == output_queue && !takes_output)) {
            simulated.waiting[queue].push_back(chain);
            return;
        }
        Bytes bytes = chain.sent();
        simulated.use(queue, chain.id, 0);
        if (queue == output_queue) sent.insert(sent.end(), bytes.begin(), bytes.end());
        if (queue != control_out || !answers_handshake) return;
        u16 event;
        std::memcpy(&event, bytes.data() + 4, sizeof(event));
        if (event == 0) control(1, 1, 1);
        if (event == 3) control(1, 7, 1, port_name);
        if (event == 3) control(1, 6, 1);
    }
    void SetUp() override {
        simulated.features |= 2;
        u32 ports = 2;
        std::memcpy(simulated.configuration.data() + 4, &ports, sizeof(ports));
        simulated.on_chain = [this](u16 queue, SimulatedDevice::Chain chain) { serve(queue, chain); };
    }
    Result<void> open(u64 patience = 100000000) {
        EXPECT_TRUE(console.begin(simulated).ok());
        auto opened = console.open_port("litebox.control", patience);
        if (opened.ok()) channel.begin(console, true, [](ControlChannel&) {});
        return opened;
    }
    void receive(const Bytes& bytes) {
        for (usize at = 0; at < bytes.size();) {
            auto& waiting = simulated.waiting[input_queue];
            ASSERT_FALSE(waiting.empty());
            auto chain = waiting.front();
            waiting.pop_front();
            Bytes part(bytes.begin() + static_cast<isize>(at), bytes.end());
            u32 length = chain.answer(part);
            simulated.use(input_queue, chain.id, length);
            at += length;
            channel.serve_once();
        }
    }
    static Bytes frame(ToKernel kind, const Bytes& payload) {
        ControlHeader head{static_cast<u32>(kind), static_cast<u32>(payload.size())};
        Bytes bytes(sizeof(head) + payload.size());
        std::memcpy(bytes.data(), &head, sizeof(head));
        if (!payload.empty()) std::memcpy(bytes.data() + sizeof(head), payload.data(), payload.size());
        return bytes;
    }
    std::string stopped_by(const Bytes& bytes) {
        try {
            receive(bytes);
        } catch (const MachineStopped& stopped) {
            return stopped.what();
        }
        return "";
    }
    static std::string read(ControlChannel& channel) {
        u8 bytes[100];
        auto got = channel.read(bytes, false);
        if (!got.ok()) return "error " + std::to_string(static_cast<int>(got.error()));
        return {reinterpret_cast<const char*>(bytes), got.value()};
    }
};
constexpr char eagain[] = "error 11";

TEST_F(Console, TheControlPortIsFoundByItsName) {
    EXPECT_TRUE(open().ok());
}

TEST_F(Console, AnotherPortIsNotTheControlPort) {
    port_name = "litebox.contro";
    EXPECT_EQ(open().error(), Errno::enoent);
}

TEST_F(Console, ADeviceThatTellsOfNoPortIsGivenUp) {
    answers_handshake = false;
    EXPECT_EQ(open(20000000).error(), Errno::enoent);
}

TEST_F(Console, ControlMessagesThatMakeNoSenseAreNotFollowed) {
    answers_handshake = false;
    ASSERT_TRUE(console.begin(simulated).ok());
    control(~0u, 7, 1, "litebox.control");
    control(7, 7, 1, "litebox.control");
    control(~0u, 1, 1);
    control(1, 99, 1);
    control(0, 5, 0, "x");
    EXPECT_EQ(console.open_port("litebox.control", 20000000).error(), Errno::enoent);
}

TEST_F(Console, AFloodOfControlMessagesEndsTheSearchInTime) {
    answers_handshake = false;
    simulated.on_chain = [&](u16 queue, SimulatedDevice::Chain chain) {
        if (queue != control_in) return simulated.use(queue, chain.id, 0);
        simulated.use(queue, chain.id, chain.answer(Bytes(8, 0x63)));
    };
    EXPECT_EQ(open(20000000).error(), Errno::enoent);
}

TEST_F(Console, OutputGoesOutInFrames) {
    ASSERT_TRUE(open().ok());
    const Bytes text = {'h', 'i'};
    EXPECT_EQ(channel.write(1, text, true).value(), 2u);
    EXPECT_EQ(sent, (Bytes{1, 0, 0, 0, 2, 0, 0, 0, 'h', 'i'}));
}

TEST_F(Console, LongOutputIsCutInFramesWithoutLoss) {
    ASSERT_TRUE(open().ok());
    Bytes text(100000);
    for (usize i = 0; i < text.size(); i++) text[i] = static_cast<u8>(i * 7);
    EXPECT_EQ(channel.write(2, text, true).value(), text.size());
    Bytes got;
    for (usize at = 0; at < sent.size();) {
        ControlHeader head;
        std::memcpy(&head, sent.data() + at, sizeof(head));
        EXPECT_EQ(head.kind, 2u);
        at += sizeof(head);
        got.insert(got.end(), sent.begin() + static_cast<isize>(at),
                   sent.begin() + static_cast<isize>(at + head.length));
        at += head.length;
    }
    EXPECT_EQ(got, text);
}

TEST_F(Console, AReaderThatDoesNotReadHoldsUpOnlyWhoWaits) {
    ASSERT_TRUE(open().ok());
    takes_output = false;
    Bytes text(100000);
    auto done = channel.write(1, text, false);
    ASSERT_TRUE(done.ok());
    EXPECT_LT(done.value(), text.size());
    EXPECT_EQ(channel.write(1, text, false).error(), Errno::eagain);
    EXPECT_EQ(channel.writable(), 0u);
    u64 begin = platform::monotonic_ns();
    channel.tell_last(ToHost::broken, {}, 20000000);
    EXPECT_LT(platform::monotonic_ns() - begin, u64{20} * 1000000000);
}

TEST_F(Console, AClosedStreamIsABrokenPipe) {
    ASSERT_TRUE(open().ok());
    receive(frame(ToKernel::closed, bytes_of(u32{1})));
    const u8 byte = 1;
    EXPECT_EQ(channel.write(1, {&byte, 1}, true).error(), Errno::epipe);
    EXPECT_TRUE(channel.write(2, {&byte, 1}, true).ok());
}

TEST_F(Console, InputIsAskedForAndRead) {
    ASSERT_TRUE(open().ok());
    EXPECT_EQ(read(channel), eagain);
    ControlHeader head;
    std::memcpy(&head, sent.data(), sizeof(head));
    EXPECT_EQ(head.kind, static_cast<u32>(ToHost::ask));
    EXPECT_EQ(channel.readable(), 0);
    receive(frame(ToKernel::readable, {}));
    EXPECT_EQ(channel.readable(), 1);
    receive(frame(ToKernel::input, {'a', 'b'}));
    EXPECT_EQ(channel.readable(), 2);
    EXPECT_EQ(read(channel), "ab");
    receive(frame(ToKernel::input_end, {}));
    EXPECT_EQ(channel.readable(), -1);
    EXPECT_EQ(read(channel), "");
    EXPECT_EQ(read(channel), eagain);
}

TEST_F(Console, AReadWaitsForItsInput) {
    ASSERT_TRUE(open().ok());
    std::thread reader([&] {
        u8 byte = 0;
        EXPECT_EQ(channel.read({&byte, 1}, true).value(), 1u);
        EXPECT_EQ(byte, 'x');
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    receive(frame(ToKernel::input, {'x'}));
    reader.join();
}

TEST_F(Console, FramesMayComeByteByByte) {
    ASSERT_TRUE(open().ok());
    Bytes all = frame(ToKernel::input, {'a', 'b', 'c'});
    Bytes window = frame(ToKernel::window, {24, 0, 80, 0});
    all.insert(all.end(), window.begin(), window.end());
    for (u8 byte : all) receive({byte});
    EXPECT_EQ(read(channel), "abc");
    EXPECT_EQ(channel.window().rows, 24);
    EXPECT_EQ(channel.window().columns, 80);
}

TEST_F(Console, InputThatNobodyAskedForStaysWithinItsRing) {
    ASSERT_TRUE(open().ok());
    for (int i = 0; i < 3; i++) receive(frame(ToKernel::input, Bytes(longest_control_frame, 'x')));
    isize there = channel.readable();
    EXPECT_GT(there, 0);
    EXPECT_LE(there, 65536);
}

TEST_F(Console, FramesThatMakeNoSenseEndTheMachine) {
    for (const Bytes& bad :
         {frame(static_cast<ToKernel>(0), {}), frame(static_cast<ToKernel>(8), {}),
          frame(ToKernel::input, {}), frame(ToKernel::input_end, {1}), frame(ToKernel::window, {1, 2, 3}),
          frame(ToKernel::signal, {1, 2, 3, 4, 5}), bytes_of(ControlHeader{1, longest_control_frame + 1}),
          bytes_of(ControlHeader{1, ~0u})}) {
        struct Sink final : ControlSink {
            void input(std::span<const u8>) override {}
            void frame(ToKernel, u32) override {}
        } sink;
        ControlReader reader(sink);
        EXPECT_EQ(reader.feed(bad).error(), Errno::eio);
        EXPECT_EQ(reader.feed(Console::frame(ToKernel::readable, {})).error(), Errno::eio) << "and stays so";
    }
    ASSERT_TRUE(open().ok());
    EXPECT_NE(stopped_by(frame(static_cast<ToKernel>(77), {})).find("frames that make no sense"),
              std::string::npos);
}

TEST_F(Console, ACloseFromOutsideEndsTheMachine) {
    ASSERT_TRUE(open().ok());
    control(1, 6, 0);
    EXPECT_NE(stopped_by(frame(ToKernel::readable, {})).find("closed from outside"), std::string::npos);
}

TEST_F(Console, SignalsOutOfRangeAreNone) {
    ASSERT_TRUE(open().ok());
    for (u32 number : {0u, 32u, 64u, ~0u, 15u}) receive(frame(ToKernel::signal, bytes_of(number)));
    EXPECT_EQ(channel.take_signals(), 1u << 15);
}

}  // namespace
}  // namespace litebox::vm
