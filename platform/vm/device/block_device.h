// virtio-blk (VIRTIO 1.2, 5.2): a disk. Reads, writes and flushes, many at a time; each for one waiting
// thread.
//
// Whole pages of the core's are lent to the device; what else there is goes through shared frames.
#pragma once

#include "platform/vm/device/lent_frames.h"
#include "platform/vm/device/virtio_device.h"

namespace litebox::vm {

class BlockDevice : Pinned {
  public:
    static constexpr u64 sector = 512;

    Result<void> begin(DeviceRegisters& registers);
    VirtioDevice& device() { return device_; }
    [[nodiscard]] u64 size() const { return size_; }
    [[nodiscard]] bool read_only() const { return read_only_; }

    // As platform/block_device.h says: EINVAL beyond the end or off the unit, EROFS, EIO.
    Result<void> read(u64 offset, std::span<u8> to);
    Result<void> write(u64 offset, std::span<const u8> from);
    Result<void> flush();

  private:
    static constexpr u32 most_slots = 32, most_bulk_buffers = 4;
    static constexpr usize data_at = page_size, largest_piece = 128 << 10;
    enum class Request : u32 { read = 0, write = 1, flush = 4 };
    /// Frames for one request: its header and status in the first page, a page of data behind.
    struct Slot {
        std::atomic<u32> used{0};
        SharedFrames frames;
    };
    struct Bulk {
        std::atomic<u32> used{0};
        SharedFrames frames;
    };
    class Use;

    Result<void> check(u64 offset, usize length) const;
    Slot* try_slot();
    Bulk* try_bulk();
    void give_back(std::atomic<u32>& used);
    Result<usize> read_front(Use& use, u64 offset, std::span<u8> to);
    Result<usize> write_front(Use& use, u64 offset, std::span<const u8> from);
    Result<u16> submit(std::span<const SharedRange> parts);
    Result<void> perform(Slot& slot, Request request, u64 offset, std::span<const SharedRange> data);

    VirtioDevice device_;
    RequestQueue queue_;
    u64 size_ = 0;
    bool read_only_ = false, flushes_ = false;
    u32 slot_count_ = 0;
    usize data_parts_ = 1;  // of a request, that the device takes
    Slot slots_[most_slots];
    Bulk bulks_[most_bulk_buffers];
    std::atomic<u32> turn_{0};
};

}  // namespace litebox::vm
