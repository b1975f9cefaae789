// Takes apart what the invoker asked for: the boot module (abi/parameters.h), or the words of the command
// line. Both come from outside: what is not exactly as it must be is refused, with the reason.
#pragma once

#include "platform/boot_parameters.h"
#include "platform/vm/abi/parameters.h"

namespace litebox::vm {

/// Memory for arrays, handed out from the front. Never given back.
class ParameterMemory {
  public:
    ParameterMemory() = default;
    explicit ParameterMemory(std::span<u8> bytes) : left_(bytes) {}
    template <typename T>
    Result<std::span<T>> take(usize count) {
        usize skip = (alignof(T) - reinterpret_cast<u64>(left_.data()) % alignof(T)) % alignof(T), bytes;
        if (!checked_mul(count, sizeof(T), &bytes) || skip > left_.size() || bytes > left_.size() - skip)
            return Errno::enomem;
        T* first = reinterpret_cast<T*>(left_.data() + skip);
        for (usize i = 0; i < count; i++) new (&first[i]) T();
        left_ = left_.subspan(skip + bytes);
        return std::span<T>(first, count);
    }

  private:
    std::span<u8> left_;
};

/// Who owns what beneath a grant, and whom the export shows instead.
struct GrantOwner {
    u32 uid, gid, shown_uid, shown_gid;
};

struct MachineParameters {
    platform::BootParameters boot{};
    std::span<platform::GrantParameters> grants;  // boot.grants, to be changed until the program starts
    std::span<GrantOwner> owners;                 // one for each grant
    ClockRecord clock{};
    TerminalRecord terminal{};
    std::span<const u8> seed;
};

/// How many bytes of ParameterMemory a module or command line of this length can need.
usize parameter_memory_needed(usize length);

/// The texts of `to` point into `module`, which must be memory that nobody changes any more. Returns what is
/// wrong; empty when nothing is.
std::string_view read_module(std::span<const u8> module, ParameterMemory& memory, MachineParameters& to);

/// program=PATH environment=NAME=VALUE directory=PATH host=NAME user=NAME home=PATH uid=N gid=N
/// root=ro|rw|image trace -- ARGUMENT... What it does not know is another reader's.
std::string_view read_command_line(std::string_view line, ParameterMemory& memory, MachineParameters& to);

}  // namespace litebox::vm
