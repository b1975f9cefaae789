// The kernel that the fuzzed opener talks to. Its answers are as the fuzzer says, within what a kernel may
// answer; what is asked of it is checked against what an opener promises.
#pragma once

#include <map>
#include <string_view>

#include "fuzz/input.h"
#include "platform/process/abi/rings.h"

namespace litebox::fuzz {

/// Thrown where the opener would sleep: all its requests are served.
struct Asleep {};

class OpenerKernel {
  public:
    /// `lane` is what guests share with the opener, and may change at any moment: it does at every call.
    OpenerKernel(Input& input, process::FileLane& lane) : input_(input), lane_(lane) {}

    i64 call(i64 number, const u64 (&a)[6]);
    /// Grants: 0 for reading, 1 for writing; 2 is for writing too, but another opener's.
    static constexpr u32 read_only = 0, read_write = 1, of_another = 2;
    /// Between requests an opener holds nothing but what is in the windows.
    [[nodiscard]] bool holds_nothing() const { return held_.empty(); }

  private:
    struct Held {
        u32 grant;
        u32 type;  // as in a mode
        bool path_only, writes;
    };
    i64 open(u64 directory, u64 name, u64 how, u64 size);
    i64 close(int descriptor);
    i64 into_window(int from, int to);
    i64 look(u64 directory, const char* name, u64 to);
    i64 list(int directory, u64 to, u64 room);
    i64 read_link(int link, u64 to, u64 room);
    i64 tell_events(u64 to, u64 room);
    i64 enter(const char* place);
    i64 by_name(i64 number, const u64 (&a)[6]);
    i64 extended(i64 number, const u64 (&a)[6]);
    i64 by_slot(i64 number, const u64 (&a)[6]);

    i64 fails_sometimes();
    u32 some_type();
    u32 grant_of(u64 directory) const;
    void must_be_writable(u64 directory) const;
    void must_lie_in_data(u64 begin, u64 length) const;
    void interfere();

    Input& input_;
    process::FileLane& lane_;
    std::map<int, Held> held_;
    std::map<int, bool> windows_;  // slot: opened for writing
    i64 working_directory_ = -1;   // the grant that it lies in
    int next_ = first_descriptor;
    static constexpr int first_descriptor = 8;
};

/// What raw::call reaches.
extern OpenerKernel* opener_kernel;

}  // namespace litebox::fuzz
