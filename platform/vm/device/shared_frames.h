// Memory that a device reads and writes while the kernel runs. It has a type of its own: no pointer to it
// leaves this class, bytes are copied in and out, and numbers come out as HostValue. For a confidential guest
// these are the frames that are shared with the host, all others being out of its reach.
#pragma once

#include <span>

#include "platform/vm/device/host_value.h"

namespace litebox::vm {

/// Part of shared frames, as a descriptor names it to the device.
struct SharedRange {
    u64 physical;
    u32 length;
    bool device_writes;
};

struct SharedMemory {
    u8* bytes;
    u64 physical;
};
/// 2^order adjacent frames of zeros. Implemented by memory.cpp, and by the tests.
Result<SharedMemory> allocate_shared_memory(unsigned order);

/// They stay for as long as the machine runs.
class SharedFrames {
  public:
    SharedFrames() = default;
    static Result<SharedFrames> allocate(unsigned order);

    [[nodiscard]] usize size() const { return size_; }
    // All of these panic beyond the end: offsets and lengths are the kernel's own.
    void write(usize offset, std::span<const u8> from) {
        __builtin_memcpy(at(offset, from.size()), from.data(), from.size());
    }
    void read(usize offset, std::span<u8> to) const {
        __builtin_memcpy(to.data(), at(offset, to.size()), to.size());
    }
    /// One access, before all that follow.
    template <std::integral T>
    [[nodiscard]] HostValue<T> load(usize offset) const {
        return HostValue<T>(
            __atomic_load_n(reinterpret_cast<const T*>(at(offset, sizeof(T))), __ATOMIC_ACQUIRE));
    }
    /// One access, after all that came before.
    template <std::integral T>
    void store(usize offset, T value) {
        __atomic_store_n(reinterpret_cast<T*>(at(offset, sizeof(T))), value, __ATOMIC_RELEASE);
    }
    [[nodiscard]] SharedRange to_device(usize offset, usize length) const {
        return range(offset, length, false);
    }
    [[nodiscard]] SharedRange from_device(usize offset, usize length) const {
        return range(offset, length, true);
    }

  private:
    [[nodiscard]] u8* at(usize offset, usize length) const;
    [[nodiscard]] SharedRange range(usize offset, usize length, bool device_writes) const;

    u8* bytes_ = nullptr;
    u64 physical_ = 0;
    usize size_ = 0;
};

}  // namespace litebox::vm
