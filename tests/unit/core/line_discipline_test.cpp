// The line discipline: what is typed at a pseudo-terminal's master, and what its program side then reads.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "platform/simulated/machine.h"

// After the system's own headers: the kernel's termios, as ioctl(2) takes it.
#include <asm/termbits.h>

using namespace litebox;
using namespace litebox::simulated;

namespace {

struct Terminal {
    Guest& guest;
    i64 master = -1, slave = -1;

    explicit Terminal(Guest& owner) : guest(owner) {
        Scratch scratch(guest);
        master = guest.open("/dev/ptmx", O_RDWR | O_NOCTTY);
        EXPECT_GE(master, 0);
        EXPECT_EQ(guest.call(SYS_ioctl, master, TIOCSPTLCK, scratch.value(int{0})), 0);
        slave = guest.open("/dev/pts/0", O_RDWR | O_NOCTTY | O_NONBLOCK);
        EXPECT_GE(slave, 0);
    }
    ~Terminal() {
        guest.close(slave);
        guest.close(master);
    }
    void change(const std::function<void(termios&)>& how) {
        Scratch scratch(guest);
        u64 at = scratch.space(sizeof(termios));
        EXPECT_EQ(guest.call(SYS_ioctl, slave, TCGETS, at), 0);
        auto settings = guest.load<termios>(at);
        how(settings);
        guest.store(at, settings);
        EXPECT_EQ(guest.call(SYS_ioctl, slave, TCSETS, at), 0);
    }
    void type(std::string_view text) {
        EXPECT_EQ(guest.write_text(master, text), static_cast<i64>(text.size()));
    }
    /// One read; "-" where there is nothing to read.
    std::string line() {
        std::string text;
        return guest.read_text(slave, text, 4096) < 0 ? "-" : text;
    }
    std::string shown() {
        std::string text;
        EXPECT_EQ(guest.call(SYS_fcntl, master, F_SETFL, O_RDWR | O_NONBLOCK), 0);
        return guest.read_text(master, text, 4096) < 0 ? "-" : text;
    }
};

void at_terminal(const std::function<void(Terminal&)>& body) {
    Machine machine;
    auto outcome = machine.run([&](Guest& guest) {
        Terminal terminal(guest);
        body(terminal);
    });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.deadlock.report;
}

}  // namespace

TEST(LineDiscipline, ALineIsReadWhenItIsEnded) {
    at_terminal([](Terminal& terminal) {
        terminal.type("unfinished");
        EXPECT_EQ(terminal.line(), "-");
        terminal.type(" line\rnext\n");
        EXPECT_EQ(terminal.line(), "unfinished line\n") << "a return is a newline";
        EXPECT_EQ(terminal.line(), "next\n") << "one line a read";
        EXPECT_EQ(terminal.line(), "-");
    });
}

TEST(LineDiscipline, ErasingStopsAtTheLinesBeginning) {
    at_terminal([](Terminal& terminal) {
        terminal.type("done\nab\x7f\x7f\x7f\x7fxyz\x7f\n");
        EXPECT_EQ(terminal.line(), "done\n");
        EXPECT_EQ(terminal.line(), "xy\n");
        terminal.type("gone\x15kept\n");
        EXPECT_EQ(terminal.line(), "kept\n");
        terminal.type("two words\x17one\n");
        EXPECT_EQ(terminal.line(), "two one\n");
        terminal.type("a\x16\x15z\n");
        EXPECT_EQ(terminal.line(), "a\x15z\n") << "taken literally";
    });
}

TEST(LineDiscipline, TheEndOfFileEndsAReadNotTheTerminal) {
    at_terminal([](Terminal& terminal) {
        terminal.type("\x04");
        EXPECT_EQ(terminal.line(), "");
        terminal.type("part\x04rest\n");
        EXPECT_EQ(terminal.line(), "part");
        EXPECT_EQ(terminal.line(), "rest\n");
    });
}

TEST(LineDiscipline, NothingOfALineThatIsTooLongIsTornFromItsEnd) {
    at_terminal([](Terminal& terminal) {
        std::string longest(5000, 'x');
        for (usize at = 0; at < longest.size(); at += 500)
            terminal.guest.write_text(terminal.master, longest.substr(at, 500));
        terminal.type("\n");
        std::string line = terminal.line();
        EXPECT_EQ(line.size(), 4096u);
        EXPECT_EQ(line.back(), '\n');
    });
}

TEST(LineDiscipline, EchoShowsControlCharactersAndErases) {
    at_terminal([](Terminal& terminal) {
        terminal.type(
            "a\x01\x7f\x7f"
            "b\n");
        EXPECT_EQ(terminal.shown(), "a^A\b \b\b \b\b \bb\r\n");
        terminal.change([](termios& settings) { settings.c_lflag &= ~ECHO; });
        terminal.type("secret\n");
        EXPECT_EQ(terminal.shown(), "-");
        terminal.change([](termios& settings) { settings.c_lflag |= ECHONL; });
        terminal.type("secret\n");
        EXPECT_EQ(terminal.shown(), "\r\n");
    });
}

TEST(LineDiscipline, RawInputPassesAsItIs) {
    at_terminal([](Terminal& terminal) {
        terminal.change([](termios& settings) {
            settings.c_iflag = 0;
            settings.c_oflag = 0;
            settings.c_lflag = 0;
            settings.c_cc[VMIN] = 1;
            settings.c_cc[VTIME] = 0;
        });
        const std::string all("\x03\r\n\x7f\x04\x00\xff", 7);
        terminal.type(all);
        EXPECT_EQ(terminal.line(), all);
        EXPECT_EQ(terminal.shown(), "-");
    });
}

TEST(LineDiscipline, WhatWaitsSurvivesAChangeOfMode) {
    at_terminal([](Terminal& terminal) {
        terminal.type("half");
        EXPECT_EQ(terminal.line(), "-");
        terminal.change([](termios& settings) { settings.c_lflag &= ~ICANON; });
        EXPECT_EQ(terminal.line(), "half");
    });
}
