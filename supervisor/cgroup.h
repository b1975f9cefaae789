// A memory cgroup of the sandbox's own, where the host lets us make one: the kernel's own stop for what grows
// faster than the watch looks. Made only for runs that last, since moving a process costs as much as a
// quarter of a start.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace litebox::supervisor {

class MemoryCgroup {
  public:
    MemoryCgroup() = default;
    MemoryCgroup(const MemoryCgroup&) = delete;
    MemoryCgroup& operator=(const MemoryCgroup&) = delete;
    ~MemoryCgroup() { remove(); }

    /// Where a cgroup could be made now, empty when nowhere; `version` is 1 or 2.
    static std::string place(int& version);
    /// Tries once; later calls do nothing.
    void make(uint64_t limit);
    /// Moves a process; what it makes from then on is there too.
    void take_in(pid_t process) const;
    [[nodiscard]] bool made() const { return !path_.empty(); }
    /// The kernel ended one of its processes because the limit was reached.
    [[nodiscard]] bool killed() const;
    void remove();

  private:
    std::string path_;
    int version_ = 0;
    bool tried_ = false;
};

}  // namespace litebox::supervisor
