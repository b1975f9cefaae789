// From typed bytes to lines, signals and echo; from written bytes to what a terminal shows. termios(3).

#include "core/file/terminal/terminal.h"
#include "core/task/signal_send.h"

namespace litebox {

namespace {
constexpr u8 disabled = 0;  // _POSIX_VDISABLE
bool is(const Termios& settings, SpecialCharacter which, u8 byte) {
    return byte != disabled && settings.characters[which] == byte;
}
bool continues_utf8(u8 byte) {
    return (byte & 0xc0) == 0x80;
}
}  // namespace

void Terminal::append(u8 byte) {
    if (!buffer_.push(byte).ok()) return;
    if (!line_ends_.push(u8{0}).ok()) buffer_.pop();
}

bool Terminal::pull_back() {
    if (buffer_.size() <= line_) return false;
    buffer_.pop();
    line_ends_.pop();
    return true;
}

void Terminal::echo_byte(u8 byte, Effects& effects) {
    auto put = [&](u8 c) {
        if (effects.echo_length < sizeof(effects.echo)) effects.echo[effects.echo_length++] = c;
    };
    bool control = byte < 0x20 && byte != '\t' && byte != '\n';
    if ((settings_.local & echo_control) != 0 && (control || byte == 0x7f)) {
        put('^');
        put(static_cast<u8>(byte ^ 0x40));
        return;
    }
    if (byte == '\n' && (settings_.output & process_output) != 0 &&
        (settings_.output & out_new_line_to_both) != 0)
        put('\r');
    put(byte);
}

/// Erases the last character of the line and what it looks like.
void Terminal::erase_one(Effects& effects) {
    if (buffer_.size() <= line_) return;
    u8 last = buffer_.last();
    pull_back();
    if ((settings_.input & utf8_input) != 0)
        while (continues_utf8(last) && buffer_.size() > line_) {
            last = buffer_.last();
            pull_back();
        }
    if ((settings_.local & echo) == 0) return;
    if ((settings_.local & echo_erase) == 0) return echo_byte(settings_.characters[char_erase], effects);
    bool wide = (settings_.local & echo_control) != 0 && (last < 0x20 || last == 0x7f) && last != '\t';
    for (int i = 0; i < (wide ? 2 : 1); i++)
        for (u8 c : {u8{'\b'}, u8{' '}, u8{'\b'}})
            if (effects.echo_length < sizeof(effects.echo)) effects.echo[effects.echo_length++] = c;
}

bool Terminal::type_signal(u8 byte, Effects& effects) {
    if ((settings_.local & make_signals) == 0) return false;
    int signal = is(settings_, char_interrupt, byte) ? int{sigint}
                 : is(settings_, char_quit, byte)    ? int{sigquit}
                 : is(settings_, char_suspend, byte) ? int{sigtstp}
                                                     : 0;
    if (signal == 0) return false;
    if ((settings_.local & no_flush) == 0) {
        buffer_.clear();
        line_ends_.clear();
        read_ = line_ = 0;
        effects.resumed = stopped_;
        stopped_ = false;
    }
    if ((settings_.local & echo) != 0) echo_byte(byte, effects);
    effects.signal = signal;
    return true;
}

void Terminal::type_canonical(u8 byte, Effects& effects) {
    bool extended = (settings_.local & extended_input) != 0;
    if (is(settings_, char_erase, byte)) return erase_one(effects);
    if (extended && is(settings_, char_word_erase, byte)) {
        while (buffer_.size() > line_ && buffer_.last() == ' ') erase_one(effects);
        while (buffer_.size() > line_ && buffer_.last() != ' ') erase_one(effects);
        return;
    }
    if (is(settings_, char_kill, byte)) {
        constexpr u32 wiping = echo | echo_kill | echo_kill_erase | echo_erase;
        bool wipes = (settings_.local & wiping) == wiping;
        if (wipes)
            while (buffer_.size() > line_ && effects.echo_length + 8 < sizeof(effects.echo))
                erase_one(effects);
        while (pull_back()) {
        }
        if (wipes || (settings_.local & echo) == 0) return;
        echo_byte(byte, effects);
        if ((settings_.local & echo_kill) != 0) echo_byte('\n', effects);
        return;
    }
    if (extended && (settings_.local & echo) != 0 && is(settings_, char_reprint, byte)) {
        echo_byte(byte, effects);
        echo_byte('\n', effects);
        effects.reprint = true;
        return;
    }
    if (extended && is(settings_, char_literal_next, byte)) {
        literal_ = true;
        return;
    }
    bool end_of_file = is(settings_, char_end_of_file, byte);
    bool ends = byte == '\n' || end_of_file || is(settings_, char_end_of_line, byte) ||
                (extended && is(settings_, char_end_of_line2, byte));
    if (!ends && buffer_.size() - line_ >= line_limit) return;
    append(byte);
    bool echoes = (settings_.local & echo) != 0 || (byte == '\n' && (settings_.local & echo_new_line) != 0);
    if (echoes && !end_of_file) echo_byte(byte, effects);
    if (!ends) return;
    line_ends_.last() = end_of_file ? 2 : 1;
    line_ = buffer_.size();
    effects.wake = true;
}

void Terminal::type_one(u8 byte, Effects& effects) {
    if ((settings_.input & strip_eighth) != 0) byte &= 0x7f;
    bool lowers = (settings_.input & upper_to_lower) != 0 && (settings_.local & extended_input) != 0;
    if (lowers && byte >= 'A' && byte <= 'Z') byte = static_cast<u8>(byte - 'A' + 'a');
    if (literal_) {
        literal_ = false;
        append(byte);
        if ((settings_.local & echo) != 0) echo_byte(byte, effects);
        return;
    }
    if ((settings_.input & flow_output) != 0) {
        if (is(settings_, char_stop, byte)) {
            if (!stopped_) effects.packet |= packet_stop;
            stopped_ = true;
            return;
        }
        if (is(settings_, char_start, byte) || (stopped_ && (settings_.input & flow_any) != 0)) {
            if (stopped_) effects.packet |= packet_start;
            stopped_ = false;
            effects.resumed = true;
            if (is(settings_, char_start, byte)) return;
        }
    }
    if (type_signal(byte, effects)) return;
    if (byte == '\r') {
        if ((settings_.input & ignore_return) != 0) return;
        if ((settings_.input & return_to_new_line) != 0) byte = '\n';
    } else if (byte == '\n' && (settings_.input & new_line_to_return) != 0) {
        byte = '\r';
    }
    if ((settings_.local & canonical) != 0) return type_canonical(byte, effects);
    append(byte);
    line_ = buffer_.size();
    if ((settings_.local & echo) != 0) echo_byte(byte, effects);
    effects.wake = true;
}

usize Terminal::type(std::span<const u8> bytes) {
    usize taken = 0;
    for (u8 byte : bytes) {
        Effects effects;
        {
            LockGuard guard(mutex_);
            bool raw_full = (settings_.local & canonical) == 0 && buffer_.size() - read_ >= line_limit;
            bool lines_full = (settings_.local & canonical) != 0 && line_ - read_ >= 4 * line_limit;
            if (raw_full || lines_full) break;
            type_one(byte, effects);
        }
        taken++;
        apply(effects);
    }
    return taken;
}

void Terminal::type_cooked(std::span<const u8> bytes) {
    {
        LockGuard guard(mutex_);
        for (u8 byte : bytes) {
            append(byte);
            if (byte == '\n' && !line_ends_.empty()) line_ends_.last() = 1;
        }
        // A piece without a newline was ended by the other side's end-of-file character.
        if (!line_ends_.empty()) line_ends_.last() = 1;
        line_ = buffer_.size();
    }
    read_queue.wake(poll_in | poll_read_normal, ~0u);
}

/// Shows the unfinished line again, piece by piece: it may be long.
void Terminal::reprint_line() {
    for (usize at = 0;;) {
        Effects piece;
        {
            LockGuard guard(mutex_);
            while (line_ + at < buffer_.size() && piece.echo_length + 2 < sizeof(piece.echo))
                echo_byte(buffer_[line_ + at++], piece);
        }
        if (piece.echo_length == 0) return;
        apply(piece);
    }
}

void Terminal::apply(const Effects& effects) {
    if (effects.echo_length > 0) {
        (void)send({effects.echo, effects.echo_length});
        for (usize i = 0; i < effects.echo_length; i++)
            column_ = effects.echo[i] == '\n' || effects.echo[i] == '\r' ? 0 : column_ + 1;
    }
    if (effects.reprint) reprint_line();
    if (effects.wake) read_queue.wake(poll_in | poll_read_normal, ~0u);
    if (effects.resumed) write_queue.wake(poll_out | poll_write_normal, ~0u);
    if (effects.packet != 0) tell_packet(effects.packet);
    if (effects.signal != 0) signal_foreground(effects.signal);
}

/// Output processing of one byte; returns how many bytes came of it.
usize Terminal::process(u8 byte, u8 (&out)[8]) {
    if ((settings_.output & process_output) == 0) {
        out[0] = byte;
        return 1;
    }
    switch (byte) {
        case '\n':
            if ((settings_.output & out_new_line_to_both) != 0) {
                column_ = 0;
                out[0] = '\r';
                out[1] = '\n';
                return 2;
            }
            if ((settings_.output & new_line_returns) != 0) column_ = 0;
            break;
        case '\r':
            if ((settings_.output & no_return_at_zero) != 0 && column_ == 0) return 0;
            if ((settings_.output & out_return_to_new_line) != 0) {
                out[0] = '\n';
                return 1;
            }
            column_ = 0;
            break;
        case '\t':
            if ((settings_.output & tab_mask) == expand_tabs) {
                usize spaces = 8 - column_ % 8;
                for (usize i = 0; i < spaces; i++) out[i] = ' ';
                column_ += static_cast<u32>(spaces);
                return spaces;
            }
            column_ += 8 - column_ % 8;
            break;
        case '\b':
            if (column_ > 0) column_--;
            break;
        default:
            if (byte >= 0x20 && !continues_utf8(byte)) column_++;
    }
    out[0] = byte;
    return 1;
}

}  // namespace litebox
