#include "supervisor/vm/bridge.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "supervisor/filter.h"
#include "supervisor/streams.h"
#include "supervisor/watch.h"

namespace litebox::supervisor {

using process::InRing;
using process::OutRing;
using vm::ControlHeader;
using vm::ToHost;
using vm::ToKernel;

namespace {

void start_thread(void* (*run)(void*), void* argument) {
    pthread_t thread;
    if (int error = pthread_create(&thread, nullptr, run, argument); error != 0)
        throw std::system_error(error, std::generic_category(), "starting a thread");
    pthread_detach(thread);
}

constexpr size_t longest_log = 8192;

}  // namespace

Bridge::Bridge(process::Rings& rings, Descriptor control, Descriptor log)
    : rings_(rings), control_(std::move(control)), log_(std::move(log)) {
    // No growing later: there a filter holds.
    words_.reserve(4 * longest_log);
}

void Bridge::start() {
    window_ = rings_.control.window_rows_columns.load();
    start_thread(run_from_machine, this);
    start_thread(run_to_machine, this);
}

bool Bridge::confine() const {
    const auto control = static_cast<uint64_t>(control_.get()), log = static_cast<uint64_t>(log_.get());
    return put_on_filter(make_ring_filter({control, log}, {control}));
}

void* Bridge::run_from_machine(void* self) {
    auto& bridge = *static_cast<Bridge*>(self);
    if (bridge.confine())
        bridge.from_machine();
    else
        bridge.broke_rules();
    bridge.finished_ = true;
    bridge.tell_watch();
    return nullptr;
}

void* Bridge::run_to_machine(void* self) {
    auto& bridge = *static_cast<Bridge*>(self);
    if (!bridge.confine()) return nullptr;
    std::atomic<uint32_t>& bell = bridge.rings_.control.system_bell;
    for (;;) {
        uint32_t rung = bell.load(std::memory_order_acquire);
        if (!bridge.to_machine()) return nullptr;
        futex_wait(bell, rung, -1);
    }
}

void Bridge::tell_watch() const {
    syscall(SYS_tgkill, getpid(), getpid(), Streams::news_signal);
}

// From the machine.

void Bridge::from_machine() {
    bool log_open = true;
    for (;;) {
        pollfd ready[] = {{control_.get(), POLLIN, 0}, {log_open ? log_.get() : -1, POLLIN, 0}};
        poll(ready, 2, -1);
        if (ready[1].revents != 0) log_open = take_log();
        if (ready[0].revents != 0 && !take_control()) break;
    }
    // The monitor's last words came before its end, or never will.
    constexpr int moment_ms = 100;
    pollfd more{log_.get(), POLLIN, 0};
    bool said = rings_.control.stop_state.load() == process::stopped;
    while (!said && log_open && poll(&more, 1, moment_ms) > 0) log_open = take_log();
}

/// False at its end.
bool Bridge::take_log() {
    char bytes[1024];
    ssize_t got = read(log_.get(), bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    if (words_.size() + static_cast<size_t>(got) > 2 * longest_log)
        words_.erase(0, words_.size() - longest_log);
    words_.append(bytes, static_cast<size_t>(got));
    return true;
}

/// Reads what is there and takes every whole frame. False: nothing more will come, or is wanted.
bool Bridge::take_control() {
    ssize_t got = read(control_.get(), buffer_ + filled_, buffer_size - filled_);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    filled_ += static_cast<size_t>(got);
    size_t taken = 0;
    while (filled_ - taken >= sizeof(ControlHeader)) {
        ControlHeader head;
        memcpy(&head, buffer_ + taken, sizeof(head));
        if (head.length > vm::longest_control_frame) {
            broke_rules();
            return false;
        }
        if (filled_ - taken < sizeof(head) + head.length) break;
        if (!take_frame(static_cast<ToHost>(head.kind), {buffer_ + taken + sizeof(head), head.length}))
            return false;
        taken += sizeof(head) + head.length;
    }
    filled_ -= taken;
    memmove(buffer_, buffer_ + taken, filled_);
    return true;
}

void Bridge::broke_rules() {
    // No state that a sandbox can have.
    rings_.control.stop_state.store(process::broken + 1, std::memory_order_release);
}

/// False after the last one, and after one that breaks the rules.
bool Bridge::take_frame(ToHost kind, std::span<const char> bytes) {
    uint32_t word = 0;
    switch (kind) {
        case ToHost::output:
            put_record(OutRing::output, bytes);
            return true;
        case ToHost::error:
            put_record(OutRing::error, bytes);
            return true;
        case ToHost::report:
            put_record(OutRing::report, bytes);
            return true;
        case ToHost::ask:
            return take_ask(bytes);
        case ToHost::totals:
            return take_totals(bytes);
        case ToHost::broken:
            return take_end(process::broken, 0, bytes);
        case ToHost::start:
            if (!bytes.empty()) break;
            rings_.control.first_instruction_ns.store(now_us() * 1000);
            return true;
        case ToHost::raw:
        case ToHost::stopped:
            if (bytes.size() != sizeof(word)) break;
            memcpy(&word, bytes.data(), sizeof(word));
            return take_word(kind, word);
    }
    broke_rules();
    return false;
}

bool Bridge::take_word(ToHost kind, uint32_t word) {
    if (kind == ToHost::stopped) return take_end(process::stopped, word, {});
    rings_.control.raw_wanted.store(word != 0 ? 1 : 0);
    futex_wake(rings_.out.produced);
    return true;
}

bool Bridge::take_end(uint32_t state, uint32_t status, std::span<const char> reason) {
    auto& control = rings_.control;
    size_t length = std::min(reason.size(), sizeof(control.reason) - 1);
    memcpy(control.reason, reason.data(), length);
    control.reason[length] = '\0';
    control.stop_status.store(status);
    control.stop_state.store(state, std::memory_order_release);
    return false;
}

bool Bridge::take_ask(std::span<const char> bytes) {
    vm::AskInput wish;
    if (bytes.size() != sizeof(wish)) {
        broke_rules();
        return false;
    }
    memcpy(&wish, bytes.data(), sizeof(wish));
    InRing& in = rings_.in;
    in.kind.store(wish.kind == vm::AskInput::read ? vm::AskInput::read : vm::AskInput::tell);
    in.wanted.store(std::min(wish.wanted, InRing::size));
    in.asked.fetch_add(1);
    futex_wake(in.asked);
    return true;
}

bool Bridge::take_totals(std::span<const char> bytes) {
    vm::Totals totals;
    if (bytes.size() != sizeof(totals)) {
        broke_rules();
        return false;
    }
    memcpy(&totals, bytes.data(), sizeof(totals));
    auto& control = rings_.control;
    control.guest_calls.store(totals.guest_calls);
    control.host_calls.store(totals.host_calls);
    control.files_lost.store(totals.files_lost);
    control.name_lookup_failed.store(totals.name_lookup_failed);
    return true;
}

/// Waits for room: who floods is held back by the control port, which is read no further meanwhile.
void Bridge::put_record(uint32_t kind, std::span<const char> bytes) {
    constexpr uint32_t header_size = sizeof(uint32_t), largest = 32768;
    OutRing& ring = rings_.out;
    uint32_t at = ring.produced.load(std::memory_order_relaxed);
    auto copy = [&](uint32_t place, const void* from, uint32_t length) {
        uint32_t offset = place % OutRing::size, first = std::min(length, OutRing::size - offset);
        memcpy(ring.bytes + offset, from, first);
        memcpy(ring.bytes, static_cast<const char*>(from) + first, length - first);
    };
    while (!bytes.empty()) {
        auto length = static_cast<uint32_t>(std::min<size_t>(bytes.size(), largest));
        uint32_t whole = header_size + ((length + 3) & ~3u);
        uint32_t consumed = ring.consumed.load(std::memory_order_acquire);
        if (OutRing::size - (at - consumed) < whole) {
            futex_wait(ring.consumed, consumed, -1);
            continue;
        }
        const uint32_t header = kind << 24 | length;
        copy(at, &header, header_size);
        copy(at + header_size, bytes.data(), length);
        at += whole;
        ring.produced.store(at);
        if (ring.sleeping.exchange(0) != 0) futex_wake(ring.produced);
        bytes = bytes.subspan(length);
    }
}

std::string Bridge::last_words() const {
    constexpr size_t most_lines = 3;
    std::string_view text = words_;
    std::string clean;
    size_t lines = 0;
    while (!text.empty() && lines < most_lines) {
        size_t begin = text.rfind('\n');
        std::string_view line = text.substr(begin == std::string_view::npos ? 0 : begin + 1);
        text = text.substr(0, begin == std::string_view::npos ? 0 : begin);
        std::string shown;
        for (char c : line)
            if (c != '\r') shown += c >= ' ' && c < 0x7f ? c : '?';
        if (shown.empty()) continue;
        clean = clean.empty() ? shown : shown + " / " + clean;
        lines++;
    }
    return clean;
}

// To the machine.

bool Bridge::send(ToKernel kind, std::span<const char> bytes) {
    const ControlHeader head{static_cast<uint32_t>(kind), static_cast<uint32_t>(bytes.size())};
    memcpy(frame_, &head, sizeof(head));
    if (!bytes.empty()) memmove(frame_ + sizeof(head), bytes.data(), bytes.size());
    size_t length = sizeof(head) + bytes.size();
    for (size_t done = 0; done < length;) {
        ssize_t written = write(control_.get(), frame_ + done, length - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        done += static_cast<size_t>(written);
    }
    return true;
}

bool Bridge::send_word(ToKernel kind, uint32_t word) {
    return send(kind, {reinterpret_cast<const char*>(&word), sizeof(word)});
}

/// False once the machine takes nothing any more.
bool Bridge::to_machine() {
    return send_changes() && send_input();
}

bool Bridge::send_changes() {
    auto& control = rings_.control;
    uint32_t raw = control.raw_active.load(), window = control.window_rows_columns.load();
    if (raw != raw_ && !send_word(ToKernel::raw_active, raw)) return false;
    raw_ = raw;
    const uint16_t size[] = {static_cast<uint16_t>(window >> 16), static_cast<uint16_t>(window)};
    if (window != window_ && !send(ToKernel::window, {reinterpret_cast<const char*>(size), sizeof(size)}))
        return false;
    window_ = window;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t closed = rings_.out_closed[i].load();
        if (closed != closed_[i] && !send_word(ToKernel::closed, i + 1)) return false;
        closed_[i] = closed;
    }
    uint32_t signals = control.signals_pending.exchange(0);
    for (uint32_t signal = 1; signal < 32; signal++)
        if ((signals >> signal & 1) != 0 && !send_word(ToKernel::signal, signal)) return false;
    return true;
}

/// What the streams' thread has put into the ring, or the answer that there is something.
bool Bridge::send_input() {
    InRing& in = rings_.in;
    uint32_t answered = in.answered.load(std::memory_order_acquire);
    uint32_t there = in.produced.load(std::memory_order_acquire) - consumed_;
    bool answer = answered != answered_;
    answered_ = answered;
    char* bytes = frame_ + sizeof(ControlHeader);
    for (uint32_t i = 0; i < there; i++)
        bytes[i] = static_cast<char>(in.bytes[(consumed_ + i) % InRing::size]);
    consumed_ += there;
    in.consumed.store(consumed_, std::memory_order_release);
    if (there != 0 && !send(ToKernel::input, {bytes, there})) return false;
    if (in.ended.exchange(0) != 0) return send(ToKernel::input_end, {});
    if (there == 0 && answer && in.readable.load() != 0) return send(ToKernel::readable, {});
    return true;
}

}  // namespace litebox::supervisor
