#include "supervisor/escape.h"

namespace litebox::supervisor {

EscapeScanner::Found EscapeScanner::scan(std::string_view typed, std::string& pass) {
    constexpr char mark = '~', end_key = '.', suspend_key = 'Z' & 0x1f;
    for (char c : typed) {
        if (state_ == State::line_start && c == mark) {
            state_ = State::tilde;
            continue;
        }
        if (state_ == State::tilde) {
            if (c == end_key || c == suspend_key) {
                state_ = State::line_start;
                return c == end_key ? Found::end : Found::suspend;
            }
            if (c != mark) pass += mark;
        }
        pass += c;
        state_ = c == '\r' || c == '\n' ? State::line_start : State::inside;
    }
    return Found::nothing;
}

}  // namespace litebox::supervisor
