// The rows of linux/syscalls.def as the host side sees them: names and notes, no handlers.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace litebox::cli {

enum class Support : uint8_t { full, partial, absent };

struct CallName {
    uint32_t number;
    std::string_view name, room, note;
    Support support;
};

std::span<const CallName> call_names();  // by number, ascending
const CallName* call_by_name(std::string_view name);
const CallName* call_by_number(uint64_t number);

}  // namespace litebox::cli
