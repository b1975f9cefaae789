#include "supervisor/streams.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

#include "supervisor/file_changes.h"
#include "supervisor/filter.h"
#include "supervisor/terminal.h"

namespace litebox::supervisor {

using process::InRing;
using process::OutRing;

const int Streams::news_signal = SIGURG;

int futex_wait(std::atomic<uint32_t>& word, uint32_t expected, int timeout_ms) {
    timespec timeout{timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    return static_cast<int>(
        syscall(SYS_futex, &word, FUTEX_WAIT, expected, timeout_ms < 0 ? nullptr : &timeout, nullptr, 0));
}
void futex_wake(std::atomic<uint32_t>& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
}

void open_missing_streams() {
    for (int stream = 0; stream < 3; stream++)
        if (fcntl(stream, F_GETFD) < 0) (void)!open("/dev/null", O_RDWR);
}

namespace {

/// A guest that rings without anything to say does not keep a processor of the host busy.
class Patience {
  public:
    void nothing_came() {
        constexpr int patience = 64, nap_us = 1000;
        if (++empty_ > patience) usleep(nap_us);
    }
    void something_came() { empty_ = 0; }

  private:
    int empty_ = 0;
};

void start_thread(void* (*run)(void*), void* argument) {
    pthread_t thread;
    if (int error = pthread_create(&thread, nullptr, run, argument); error != 0)
        throw std::system_error(error, std::generic_category(), "starting a thread");
    pthread_detach(thread);
}

}  // namespace

Streams::Streams(process::Rings& rings, process::FileRing* changes, int report_descriptor)
    : rings_(rings),
      changes_(changes),
      out_(rings.out),
      reports_(report_descriptor),
      report_descriptor_(report_descriptor),
      input_terminal_(isatty(STDIN_FILENO)),
      output_terminal_{isatty(STDOUT_FILENO) != 0, isatty(STDERR_FILENO) != 0},
      job_controlled_(getsid(getppid()) == getsid(0) && getpgid(getppid()) != getpgrp()) {
    if (input_terminal_) input_wake_ = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void Streams::start() {
    // One heap for all threads: another one would be set up with calls that their filter refuses.
    mallopt(M_ARENA_MAX, 1);
    start_thread(run_output, this);
    start_thread(run_input, this);
}

void* Streams::run_output(void* self) {
    auto& streams = *static_cast<Streams*>(self);
    if (streams.confine())
        streams.output_loop();
    else
        streams.done_ = true;
    return nullptr;
}
void* Streams::run_input(void* self) {
    if (static_cast<Streams*>(self)->confine()) static_cast<Streams*>(self)->input_loop();
    return nullptr;
}

/// False, and the sandbox must end: nobody serves its rings without a filter.
bool Streams::confine() {
    uint64_t wake = input_terminal_ ? static_cast<uint64_t>(input_wake_.get()) : STDIN_FILENO;
    bool confined = put_on_filter(make_ring_filter(
        {STDIN_FILENO, wake}, {STDOUT_FILENO, STDERR_FILENO, static_cast<uint64_t>(report_descriptor_)}));
    if (!confined) violated_ = true;
    return confined;
}

void Streams::tell(uint32_t news) {
    news_.fetch_or(news);
    syscall(SYS_tgkill, getpid(), getpid(), news_signal);
}

void Streams::terminal_changed(bool raw) {
    raw_.store(raw);
    uint64_t one = 1;
    if (input_wake_.get() >= 0) (void)!write(input_wake_.get(), &one, sizeof(one));
    futex_wake(rings_.in.asked);
    rings_.control.raw_active.store(raw ? 1 : 0);
    futex_wake(rings_.control.raw_active);
    ring_system_bell();
}

void Streams::end() {
    ending_.store(1);
    futex_wake(ending_);
    futex_wake(rings_.out.produced);
    futex_wake(rings_.in.asked);
}

void Streams::take_reports(std::vector<CallCount>& calls, std::vector<std::string>& files) {
    reports_.hand_over(calls, files);
}

/// Whether a terminal may answer these bytes: escape sequences, ENQ, and their eight-bit forms.
void Streams::look_for_queries(int descriptor, std::string_view bytes) {
    if (queried_ || !output_terminal_[descriptor - STDOUT_FILENO]) return;
    for (char c : bytes) {
        constexpr char enquiry = 0x05, escape = 0x1b;
        if (c == escape || c == enquiry || (static_cast<unsigned char>(c) & 0xe0) == 0x80)
            return queried_.store(true);
    }
}

void Streams::write_out(uint32_t kind, const char* bytes, size_t length) {
    if (kind == OutRing::report) return reports_.take({bytes, length});
    int descriptor = kind == OutRing::output ? STDOUT_FILENO : STDERR_FILENO;
    look_for_queries(descriptor, {bytes, length});
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
            return ring_system_bell();
        }
        written_.fetch_add(static_cast<uint64_t>(written));
        bytes += written;
        length -= static_cast<size_t>(written);
    }
}

/// Takes every whole record there is. False when nothing was there.
bool Streams::drain() {
    uint32_t produced = out_.produced();
    bool any = false;
    while (produced != out_.consumed()) {
        uint32_t kind;
        std::string_view bytes;
        if (!out_.take(produced, kind, bytes)) {
            violated_ = true;
            tell(0);
            return false;
        }
        futex_wake(rings_.out.consumed);
        write_out(kind, bytes.data(), bytes.size());
        any = true;
    }
    return any;
}

/// Nothing more comes but the end: false.
bool Streams::goes_on() {
    if (rings_.control.stop_state.load() == process::running) return true;
    tell(0);
    while (ending_ == 0) futex_wait(ending_, 0, -1);
    return drain();
}

void Streams::output_loop() {
    Patience patience;
    while (!violated_) {
        uint32_t seen = rings_.out.produced.load(std::memory_order_acquire);
        if (drain()) {
            patience.something_came();
            continue;
        }
        // Only now: what was written before a change of mode was meant for the mode before.
        bool raw_wanted = rings_.control.raw_wanted.load() != 0;
        if (input_terminal_ && raw_wanted != raw_) {
            tcdrain(STDIN_FILENO);
            tell(change_raw);
        }
        if (ending_ != 0 || !goes_on()) break;
        rings_.out.sleeping.store(1, std::memory_order_seq_cst);
        if (rings_.out.produced.load(std::memory_order_seq_cst) == seen && ending_ == 0 &&
            rings_.control.stop_state.load() == process::running &&
            futex_wait(rings_.out.produced, seen, 100) == 0)
            patience.nothing_came();
        rings_.out.sleeping.store(0, std::memory_order_relaxed);
    }
    for (int i = 0; i < 2; i++)
        if (output_terminal_[i]) tcdrain(STDOUT_FILENO + i);
    done_ = true;
    tell(0);
}

void Streams::input_loop() {
    Patience patience;
    while (ending_ == 0) {
        uint32_t asked = rings_.in.asked.load(std::memory_order_acquire);
        if (raw_ && !input_ended_) {
            read_typed();
        } else if (asked == answered_) {
            patience.nothing_came();
            futex_wait(rings_.in.asked, asked, input_terminal_ ? 500 : -1);
        } else {
            patience.something_came();
            serve_request(asked);
        }
    }
}

/// Waits for input. False: the terminal changed meanwhile.
bool Streams::input_ready() {
    pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {input_wake_.get(), POLLIN, 0}};
    poll(ready, 2, -1);
    uint64_t count;
    if ((ready[1].revents & POLLIN) != 0) (void)!read(input_wake_.get(), &count, sizeof(count));
    return ready[0].revents != 0 && ready[1].revents == 0;
}

/// Only the terminal's foreground may read: the whole sandbox stops until it is there, as any program would.
void Streams::wait_for_foreground() {
    tell(input_in_background);
    pollfd wake{input_wake_.get(), POLLIN, 0};
    poll(&wake, 1, -1);
}

/// A terminal that edits lines itself, or no terminal: read only what the sandbox asks for, so that input
/// nobody asked for stays with the invoker.
void Streams::serve_request(uint32_t asked) {
    constexpr uint32_t ask_read = 1;
    static char bytes[InRing::size];
    InRing& in = rings_.in;
    uint32_t kind = in.kind.load(), wanted = std::min<uint32_t>(in.wanted.load(), InRing::size);
    if (input_terminal_ && job_controlled_ && !InvokerTerminal::foreground()) return wait_for_foreground();
    if ((input_terminal_ || kind != ask_read) && !input_ready()) return;
    if (kind != ask_read) {
        in.readable.store(1);
        return answer(asked);
    }
    uint32_t used = produced_ - in.consumed.load(std::memory_order_acquire);
    uint32_t room = used > InRing::size ? 0 : InRing::size - used;
    ssize_t got = read(STDIN_FILENO, bytes, std::min(wanted, room));
    if (got < 0 && errno == EINTR) return;
    if (got < 0 && errno == EAGAIN) {
        input_ready();
        return;
    }
    if (got < 0 && errno == EIO && input_terminal_ && job_controlled_) return wait_for_foreground();
    in.readable.store(0);
    if (got <= 0) in.ended.store(1);
    if (got > 0) push({bytes, static_cast<size_t>(got)});
    answer(asked);
}

/// A raw terminal is read whether the program reads or not: else one that hangs would hold it.
void Streams::read_typed() {
    if (!input_ready()) return;
    char typed[1024];
    ssize_t got = read(STDIN_FILENO, typed, sizeof(typed));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    std::string pass;
    auto found = EscapeScanner::Found::nothing;
    if (got <= 0) {
        input_ended_ = true;
        rings_.in.ended.store(1);
    } else {
        found = escape_.scan({typed, static_cast<size_t>(got)}, pass);
    }
    if (found == EscapeScanner::Found::end) tell(escaped);
    if (found == EscapeScanner::Found::suspend) tell(suspend_wanted);
    rings_.in.readable.store(0);
    push(pass);
    answer(rings_.in.asked.load(std::memory_order_acquire));
}

/// What the ring has no room for is lost, as in a terminal's own buffer.
void Streams::push(std::string_view bytes) {
    InRing& in = rings_.in;
    uint32_t used = produced_ - in.consumed.load(std::memory_order_acquire);
    size_t room = used > InRing::size ? 0 : InRing::size - used;
    for (char byte : bytes.substr(0, room)) in.bytes[produced_++ % InRing::size] = static_cast<u8>(byte);
    in.produced.store(produced_, std::memory_order_release);
}

void Streams::answer(uint32_t asked) {
    if (changes_ != nullptr) announce_file_changes(*changes_);
    answered_ = asked;
    rings_.in.answered.store(asked, std::memory_order_release);
    futex_wake(rings_.in.answered);
    ring_system_bell();
}

void Streams::ring_system_bell() {
    rings_.control.system_bell.fetch_add(1);
    futex_wake(rings_.control.system_bell);
}

}  // namespace litebox::supervisor
