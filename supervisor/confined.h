// What is watched: what a platform has put into the world for a run, as far as the platforms differ in it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace litebox::supervisor {

class Confined {
  public:
    virtual ~Confined() = default;
    /// One of its host processes ended: why the whole run must end, nothing where that is as it should be.
    virtual std::optional<std::string> ended(pid_t process, int status) = 0;
    /// It has no host process any more: why the run must end, nothing while word of its end may still come.
    virtual std::optional<std::string> all_ended() = 0;
    /// Bytes that it holds outside of its processes' own memory.
    [[nodiscard]] virtual uint64_t shared_memory() const = 0;
    /// Ends everything in it; its processes are waited for by the watch.
    virtual void end_all() = 0;
};

/// A wait(2) status in words.
std::string describe_end(int status);

}  // namespace litebox::supervisor
