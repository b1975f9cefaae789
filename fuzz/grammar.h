// System calls as the table (linux/syscalls.def) describes them: the fuzzer's bytes choose a row and, for
// each argument by its kind, a value that is likely to lead somewhere, or one that should not.
#pragma once

#include <string>
#include <vector>

#include "fuzz/input.h"
#include "platform/simulated/machine.h"

namespace litebox::fuzz {

struct Call {
    u64 number;
    const char* name;
    u64 arguments[6];
};

/// Guest memory that arguments point into: read-write, then a page that is read-only, then nothing.
inline constexpr u64 arena_base = 0x50000000, arena_length = 64 << 10, arena_read_only = page_size;

/// Maps the arena and opens a descriptor of each kind.
void prepare_guest(simulated::Guest& guest);
/// Files for the guest to find.
void prepare_host(simulated::Machine& machine);

class CallMaker {
  public:
    CallMaker(Input& input, simulated::Guest& guest) : input_(input), guest_(guest) {}
    Call next();

  private:
    u64 argument(std::string_view kind);
    u64 integer();
    u64 place(usize length);
    u64 wild_address();
    u64 address(usize length);
    u64 filled(usize length);
    u64 text();
    u64 path();
    u64 descriptor();
    u64 iovec();
    u64 message();
    u64 socket_address();
    u64 time(u64 unit);
    u64 put(const void* bytes, usize length);

    Input& input_;
    simulated::Guest& guest_;
    u64 used_ = 0;
};

}  // namespace litebox::fuzz
