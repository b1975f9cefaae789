// Terminal settings: flags and special characters with Linux's values (asm-generic/termbits.h, termios(3)).
#pragma once

#include "core/base/types.h"

namespace litebox {

struct Termios {
    u32 input, output, control, local;
    u8 line;
    u8 characters[19];
};
static_assert(sizeof(Termios) == 36);

enum InputFlag : u32 {
    ignore_break = 1,
    break_interrupts = 2,
    strip_eighth = 040,
    new_line_to_return = 0100,
    ignore_return = 0200,
    return_to_new_line = 0400,
    upper_to_lower = 01000,
    flow_output = 02000,
    flow_any = 04000,
    flow_input = 010000,
    bell_when_full = 020000,
    utf8_input = 040000
};
enum OutputFlag : u32 {
    process_output = 1,
    out_new_line_to_both = 4,
    out_return_to_new_line = 010,
    no_return_at_zero = 020,
    new_line_returns = 040,
    tab_mask = 014000,
    expand_tabs = 014000
};
enum LocalFlag : u32 {
    make_signals = 1,
    canonical = 2,
    echo = 010,
    echo_erase = 020,
    echo_kill = 040,
    echo_new_line = 0100,
    no_flush = 0200,
    stop_background_output = 0400,
    echo_control = 01000,
    echo_kill_erase = 04000,
    extended_input = 0100000
};
enum SpecialCharacter : int {
    char_interrupt,
    char_quit,
    char_erase,
    char_kill,
    char_end_of_file,
    char_time,
    char_minimum,
    char_switch,
    char_start,
    char_stop,
    char_suspend,
    char_end_of_line,
    char_reprint,
    char_discard,
    char_word_erase,
    char_literal_next,
    char_end_of_line2
};

inline constexpr Termios default_termios = {
    return_to_new_line | flow_output,
    process_output | out_new_line_to_both,
    0277 /* B38400 CS8 CREAD */,
    make_signals | canonical | echo | echo_erase | echo_kill | echo_control | echo_kill_erase |
        extended_input,
    0,
    {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0}};

}  // namespace litebox
