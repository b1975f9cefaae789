#include "supervisor/streams.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace litebox::supervisor {

using process::InRing;
using process::OutRing;

int futex_wait(std::atomic<uint32_t>& word, uint32_t expected, int timeout_ms) {
    timespec timeout{timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    return static_cast<int>(
        syscall(SYS_futex, &word, FUTEX_WAIT, expected, timeout_ms < 0 ? nullptr : &timeout, nullptr, 0));
}
void futex_wake(std::atomic<uint32_t>& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
}

void Streams::start() {
    output_ = std::thread([this] { output_loop(); });
    std::thread([this] { input_loop(); }).detach();
}

void Streams::wake_output() {
    futex_wake(rings_.out.produced);
}

void Streams::finish() {
    ending_.store(true);
    wake_output();
    if (output_.joinable()) output_.join();
    set_raw(false);
}

void Streams::pause_terminal(bool pause) {
    if (!raw_ || !saved_valid_) return;
    termios mode = saved_;
    if (!pause) cfmakeraw(&mode);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
}

/// The program asked for raw input, or gave it back.
void Streams::set_raw(bool raw) {
    if (raw == raw_) return;
    raw_ = raw;
    if (raw) {
        saved_valid_ = tcgetattr(STDIN_FILENO, &saved_) == 0;
        termios mode = saved_;
        cfmakeraw(&mode);
        if (saved_valid_) tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
    } else if (saved_valid_) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
    }
    rings_.control.raw_active.store(raw ? 1 : 0);
    futex_wake(rings_.control.raw_active);
}

/// Reports come as lines; those that begin with a byte of 1 are for us, the rest for the person.
void Streams::take_report_text(const char* bytes, size_t length) {
    constexpr size_t longest_line = 65536;
    report_text_.append(bytes, length);
    for (size_t end; (end = report_text_.find('\n')) != std::string::npos; report_text_.erase(0, end + 1))
        take_report_line(report_text_.substr(0, end));
    if (report_text_.size() > longest_line) report_text_.clear();
}

void Streams::take_report_line(const std::string& line) {
    constexpr size_t most_files = 65536;
    unsigned number;
    unsigned long long count, errors;
    if (sscanf(line.c_str(), "\001call %u %llu %llu", &number, &count, &errors) == 3) {
        if (calls_.size() < 512) calls_.push_back({number, count, errors});
    } else if (line.rfind("\001open ", 0) == 0) {
        if (files_.size() < most_files) files_.insert(line.substr(6));
    } else if (line.empty() || line[0] != 1) {
        std::string text = line + "\n";
        (void)!write(report_descriptor_, text.data(), text.size());
    }
}

void Streams::take_reports(std::vector<CallCount>& calls, std::vector<std::string>& files) {
    calls = calls_;
    files.assign(files_.begin(), files_.end());
}

void Streams::write_out(uint32_t kind, const char* bytes, size_t length) {
    if (kind == OutRing::report) return take_report_text(bytes, length);
    int descriptor = kind == OutRing::output ? STDOUT_FILENO : STDERR_FILENO;
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {
            pollfd ready{descriptor, POLLOUT, 0};
            poll(&ready, 1, 100);
            continue;
        }
        if (written <= 0) {
            // Nobody reads any more: the writer inside learns it as EPIPE.
            rings_.out_closed[kind == OutRing::error ? 1 : 0].store(1);
            return;
        }
        bytes += written;
        length -= static_cast<size_t>(written);
    }
}

/// Takes every whole record there is. False when nothing was there.
bool Streams::drain() {
    constexpr uint32_t header_size = 4, longest = 1 << 17;
    static thread_local char record[longest];
    uint32_t produced = rings_.out.produced.load(std::memory_order_acquire);
    bool any = false;
    while (produced != consumed_ && !violated_) {
        uint32_t there = produced - consumed_;
        auto copy = [&](uint32_t position, void* to, uint32_t length) {
            uint32_t at = position % OutRing::size, first = std::min(length, OutRing::size - at);
            memcpy(to, rings_.out.bytes + at, first);
            memcpy(static_cast<char*>(to) + first, rings_.out.bytes, length - first);
        };
        uint32_t header;
        if (there > OutRing::size || there < header_size) {
            violated_ = true;
            break;
        }
        copy(consumed_, &header, header_size);
        uint32_t kind = header >> 24, length = header & 0xffffff, whole = header_size + ((length + 3) & ~3u);
        if (length > longest || whole > there || kind < OutRing::output || kind > OutRing::report) {
            violated_ = true;
            break;
        }
        copy(consumed_ + header_size, record, length);
        consumed_ += whole;
        rings_.out.consumed.store(consumed_, std::memory_order_release);
        futex_wake(rings_.out.consumed);
        write_out(kind, record, length);
        any = true;
    }
    return any;
}

void Streams::output_loop() {
    while (!violated_) {
        uint32_t seen = rings_.out.produced.load(std::memory_order_acquire);
        set_raw(rings_.control.raw_wanted.load() != 0);
        if (drain()) continue;
        if (ending_) return;
        rings_.out.sleeping.store(1, std::memory_order_seq_cst);
        if (rings_.out.produced.load(std::memory_order_seq_cst) == seen && !ending_)
            futex_wait(rings_.out.produced, seen, 100);
        rings_.out.sleeping.store(0, std::memory_order_relaxed);
    }
}

/// Reads only what the sandbox asks for, so that input nobody asked for stays with the invoker.
void Streams::input_loop() {
    constexpr uint32_t ask_read = 1;
    InRing& in = rings_.in;
    uint32_t answered = 0, produced = 0;
    static char bytes[InRing::size];
    for (;;) {
        uint32_t asked = in.asked.load(std::memory_order_acquire);
        if (asked == answered) {
            futex_wait(in.asked, asked, -1);
            continue;
        }
        uint32_t kind = in.kind.load(), wanted = std::min<uint32_t>(in.wanted.load(), InRing::size);
        if (kind != ask_read) {
            pollfd ready{STDIN_FILENO, POLLIN, 0};
            poll(&ready, 1, -1);
            in.readable.store(1);
        } else {
            uint32_t used = produced - in.consumed.load(std::memory_order_acquire);
            uint32_t room = used > InRing::size ? 0 : InRing::size - used;
            ssize_t got = read(STDIN_FILENO, bytes, std::min(wanted, room));
            if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
                pollfd ready{STDIN_FILENO, POLLIN, 0};
                poll(&ready, 1, -1);
                continue;
            }
            in.readable.store(0);
            if (got <= 0) in.ended.store(1);
            for (ssize_t i = 0; i < got; i++)
                in.bytes[(produced + static_cast<uint32_t>(i)) % InRing::size] = static_cast<u8>(bytes[i]);
            if (got > 0) produced += static_cast<uint32_t>(got);
            in.produced.store(produced, std::memory_order_release);
        }
        answered = asked;
        in.answered.store(answered, std::memory_order_release);
        futex_wake(in.answered);
        rings_.control.system_bell.fetch_add(1);
        futex_wake(rings_.control.system_bell);
    }
}

}  // namespace litebox::supervisor
