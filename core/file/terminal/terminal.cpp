#include "core/file/terminal/terminal.h"

#include "core/task/lifecycle.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"

namespace litebox {

Terminal::Terminal(u32 which) : number(which) {}

Terminal::~Terminal() = default;

usize Terminal::ready_bytes() const {
    return line_ - read_;
}

usize Terminal::input_room() {
    LockGuard guard(mutex_);
    usize used = buffer_.size() - read_;
    return used >= line_limit ? 0 : line_limit - used;
}

void Terminal::end_of_file() {
    {
        LockGuard guard(mutex_);
        file_ended_ = true;
    }
    read_queue.wake(poll_in | poll_read_normal, ~0u);
}

void Terminal::signal_foreground(int signal) {
    i32 group = 0;
    {
        LockGuard guard(tasks().mutex);
        for (Process& process : tasks().processes)
            if (process.session && process.session->terminal == this) {
                group = process.session->foreground_group;
                break;
            }
    }
    if (group == 0) return;
    SignalInfo info;
    info.signal = signal;
    info.code = code_kernel;
    (void)send_to_group(group, info);
}

/// Job control: a background process that reads or writes its controlling terminal stops, or fails with EIO.
Result<void> Terminal::check_background(int signal) {
    Thread& thread = *current_thread();
    Process& process = *thread.process;
    i32 group;
    bool orphaned;
    {
        LockGuard guard(tasks().mutex);
        if (!process.session || process.session->terminal != this) return {};
        group = process.group_id;
        if (group == process.session->foreground_group || process.session->foreground_group == 0) return {};
        orphaned = tasks().group_orphaned(group);
    }
    bool ignored;
    {
        LockGuard guard(thread.actions->mutex);
        ignored = thread.actions->actions[signal - 1].handler == handler_ignore;
    }
    ignored |= thread.mask.has(signal);
    if (ignored) return signal == sigttin ? Errno::eio : Result<void>();
    if (orphaned) return Errno::eio;
    SignalInfo info;
    info.signal = signal;
    info.code = code_kernel;
    (void)send_to_group(group, info);
    return Errno::restartsys;
}

Result<usize> Terminal::read(IoCursor& to, bool wait) {
    TRY(check_background(sigttin));
    u64 deadline = platform::no_deadline;
    usize minimum = 1;
    u64 between_ns = 0;  // VTIME behind the first byte
    {
        LockGuard guard(mutex_);
        if ((settings_.local & canonical) == 0) {
            constexpr u64 tenth_ns = 100'000'000;
            minimum = settings_.characters[char_minimum];
            u8 time = settings_.characters[char_time];
            if (time > 0 && minimum == 0) deadline = deadline_after(time * tenth_ns);
            if (time > 0 && minimum > 0) between_ns = time * tenth_ns;
            if (minimum == 0 && time == 0) deadline = 0;
        }
    }
    usize done = 0;
    ThreadWaiter waiter(*current_thread());
    ThreadWaiter::Scope scope(read_queue, waiter);
    for (;;) {
        u32 generation = wait_generation();
        u8 piece[256];
        usize length = 0;
        bool line_done = false, ended = false;
        {
            LockGuard guard(mutex_);
            bool lines = (settings_.local & canonical) != 0;
            while (length < min(sizeof(piece), to.remaining()) && read_ < line_) {
                u8 end = line_ends_[read_];
                u8 byte = buffer_[read_++];
                if (end != 2) piece[length++] = byte;
                if (end != 0 && lines) {
                    line_done = true;
                    break;
                }
            }
            if (read_ == buffer_.size()) {
                buffer_.clear();
                line_ends_.clear();
                read_ = line_ = 0;
            }
            if (length == 0 && !line_done && file_ended_) {
                file_ended_ = false;
                ended = true;
            }
        }
        if (length > 0) {
            TRY(to.put(piece, length));
            done += length;
            drained();
        }
        if (line_done || ended || to.remaining() == 0) return done;
        if (length == sizeof(piece)) continue;
        if (done > 0 && (minimum <= 1 || done >= minimum)) return done;
        if (hung_up()) return done;
        if (!wait) return done > 0 ? Result<usize>(done) : Errno::eagain;
        if (deadline == 0) return done;
        if (between_ns != 0 && length > 0) deadline = deadline_after(between_ns);
        TRY(want_input(true));
        auto result = block(generation, deadline, Interruptible::yes);
        if (result.ok()) continue;
        if (result.error() == Errno::etimedout) return done;
        return done > 0 ? Result<usize>(done) : result.error();
    }
}

Result<usize> Terminal::write(IoCursor& from, bool wait) {
    if ((settings().local & stop_background_output) != 0) TRY(check_background(sigttou));
    usize done = 0;
    while (from.remaining() > 0) {
        if (hung_up()) return done > 0 ? Result<usize>(done) : Errno::eio;
        u32 generation = wait_generation();
        ThreadWaiter waiter(*current_thread());
        ThreadWaiter::Scope scope(write_queue, waiter);
        bool stopped;
        {
            LockGuard guard(mutex_);
            stopped = stopped_;
        }
        if (stopped || !can_send()) {
            if (!wait) return done > 0 ? Result<usize>(done) : Errno::eagain;
            auto result = block(generation, platform::no_deadline, Interruptible::yes);
            if (result.ok()) continue;
            return done > 0 ? Result<usize>(done) : result.error();
        }
        u8 raw[64], cooked[sizeof(raw) * 8];
        usize length = TRY(from.take(raw, min(sizeof(raw), from.remaining())));
        usize made = 0;
        if (processes_output()) {
            memcpy(cooked, raw, length);
            made = length;
        } else {
            LockGuard guard(mutex_);
            for (usize i = 0; i < length; i++) {
                u8 out[8];
                usize count = process(raw[i], out);
                memcpy(cooked + made, out, count);
                made += count;
            }
        }
        for (usize sent = 0; sent < made;) {
            usize took = send({cooked + sent, made - sent});
            sent += took;
            if (took > 0 || hung_up()) {
                if (hung_up()) break;
                continue;
            }
            u32 again = wait_generation();
            if (can_send()) continue;
            // What was taken from the program must go out: wait even if it asked not to.
            if (!block(again, platform::no_deadline, Interruptible::yes).ok()) break;
        }
        done += length;
    }
    return done;
}

u32 Terminal::poll(PollTable* table) {
    if (table != nullptr) {
        table->add(read_queue);
        table->add(write_queue);
    }
    (void)want_input(false);
    u32 events = 0;
    if (hung_up()) return poll_in | poll_read_normal | poll_out | poll_hang_up | poll_error;
    {
        LockGuard guard(mutex_);
        if (ready_bytes() > 0 || file_ended_) events |= poll_in | poll_read_normal;
        if (stopped_) return events;
    }
    if (can_send()) events |= poll_out | poll_write_normal;
    return events;
}

void Terminal::hang_up() {
    if (hung_up_.exchange(true)) return;
    read_queue.wake(~0u, ~0u);
    write_queue.wake(~0u, ~0u);
    Ref<Session> session;
    i32 leader = 0;
    {
        LockGuard guard(tasks().mutex);
        for (Process& process : tasks().processes)
            if (process.session && process.session->terminal == this) {
                session = process.session;
                leader = session->id;
                break;
            }
    }
    if (!session) return;
    SignalInfo info;
    info.signal = sighup;
    info.code = code_kernel;
    if (auto process = tasks().find_process(leader)) (void)send_signal(*process, info);
    hang_up_session(*session);
}

void Terminal::set_size(const AbiWindowSize& fresh) {
    {
        LockGuard guard(mutex_);
        if (memcmp(&size_, &fresh, sizeof(fresh)) == 0) return;
        size_ = fresh;
    }
    signal_foreground(sigwinch);
}

AbiWindowSize Terminal::size() {
    LockGuard guard(mutex_);
    return size_;
}

Termios Terminal::settings() {
    LockGuard guard(mutex_);
    return settings_;
}

Result<void> Terminal::set_settings(const Termios& fresh, bool flush_input) {
    TRY(check_background(sigttou));
    auto flows = [](const Termios& settings) {
        constexpr u8 control_s = 023, control_q = 021;
        return (settings.input & flow_output) != 0 && settings.characters[char_stop] == control_s &&
               settings.characters[char_start] == control_q;
    };
    u8 packet = 0;
    {
        LockGuard guard(mutex_);
        if (flows(settings_) != flows(fresh)) packet = flows(fresh) ? packet_do_stop : packet_no_stop;
        bool was_canonical = (settings_.local & canonical) != 0;
        settings_ = fresh;
        bool now_canonical = (settings_.local & canonical) != 0;
        // What was an unfinished line is readable without line mode; and what is there counts as a line with
        // it.
        if (was_canonical && !now_canonical) line_ = buffer_.size();
        if (!was_canonical && now_canonical && !line_ends_.empty()) {
            line_ends_.last() = 1;
            line_ = buffer_.size();
        }
        if (flush_input) {
            buffer_.clear();
            line_ends_.clear();
            read_ = line_ = 0;
        }
    }
    settings_changed(fresh);
    if (packet != 0) tell_packet(packet);
    read_queue.wake(poll_in | poll_read_normal, ~0u);
    return {};
}

/// tcflush(3): 0 input, 1 output, 2 both.
void Terminal::flush(u64 queues) {
    if (queues != 1) {
        {
            LockGuard guard(mutex_);
            buffer_.clear();
            line_ends_.clear();
            read_ = line_ = 0;
        }
        tell_packet(packet_flush_read);
    }
    if (queues != 0) {
        flush_output();
        tell_packet(packet_flush_write);
    }
}

void Terminal::become_controlling() {
    Process& process = *current_thread()->process;
    LockGuard guard(tasks().mutex);
    if (!process.session || process.session->id != process.pid || process.session->terminal != nullptr)
        return;
    for (Process& other : tasks().processes)
        if (other.session && other.session->terminal == this) return;
    process.session->terminal = this;
    process.session->foreground_group = process.group_id;
}

}  // namespace litebox
