#include "platform/vm/device/block_device.h"

#include "platform/platform.h"

namespace litebox::vm {

namespace {

constexpr u64 feature_most_parts = 1 << 2, feature_read_only = 1 << 5, feature_flush = 1 << 9;
constexpr u32 most_parts_field = 12;
constexpr u32 least_parts_per_request = 3;
constexpr usize status_at = 64;
constexpr u64 turn_look_ns = 1000000;

struct Header {
    u32 type, reserved;
    u64 sector;
};

}  // namespace

/// The frames of one request, given back at its end.
class BlockDevice::Use : Pinned {
  public:
    explicit Use(BlockDevice& owner) : owner_(owner) {
        for (;;) {
            u32 turn = owner.turn_.load(std::memory_order_acquire);
            slot_ = owner.try_slot();
            if (slot_ != nullptr) break;
            (void)platform::park(owner.turn_, turn, platform::monotonic_ns() + turn_look_ns);
        }
    }
    ~Use() {
        if (bulk_ != nullptr) owner_.give_back(bulk_->used);
        owner_.give_back(slot_->used);
    }
    [[nodiscard]] Slot& slot() { return *slot_; }
    /// Room for what is copied: a page, or more where there is some.
    void want_room(usize wanted) {
        if (wanted > page_size && bulk_ == nullptr) bulk_ = owner_.try_bulk();
    }
    [[nodiscard]] SharedFrames& frames() { return bulk_ != nullptr ? bulk_->frames : slot_->frames; }
    [[nodiscard]] usize at() const { return bulk_ != nullptr ? 0 : data_at; }
    [[nodiscard]] usize room() const { return bulk_ != nullptr ? largest_piece : page_size; }

  private:
    BlockDevice& owner_;
    Slot* slot_ = nullptr;
    Bulk* bulk_ = nullptr;
};

Result<void> BlockDevice::begin(DeviceRegisters& registers) {
    TRY(device_.begin(registers, "block", feature_most_parts | feature_read_only | feature_flush));
    u64 sectors = TRY(device_.configuration64(0)).any();
    if (!checked_mul(sectors, sector, &size_) || size_ >> 63 != 0) return Errno::eio;
    read_only_ = device_.has(feature_read_only);
    flushes_ = device_.has(feature_flush);
    TRY(queue_.begin(device_, 0));
    slot_count_ = min<u32>(most_slots, queue_.entries() / least_parts_per_request);
    if (slot_count_ == 0) return Errno::eio;
    // A device that does not tell takes one. More than this it does not get, whatever it tells.
    if (device_.has(feature_most_parts))
        data_parts_ = max<u32>(1, TRY(device_.configuration(most_parts_field, sizeof(u32))).any());
    data_parts_ = min<usize>(min(data_parts_, LentFrames::most_runs), queue_.entries() - 2);
    slots_[0].frames = TRY(SharedFrames::allocate(1));
    return device_.start();
}

Result<void> BlockDevice::check(u64 offset, usize length) const {
    u64 end;
    if (offset % sector != 0 || length % sector != 0 || !checked_add<u64>(offset, length, &end) ||
        end > size_)
        return Errno::einval;
    return {};
}

/// Null: all are in use, or there is no memory for one more.
BlockDevice::Slot* BlockDevice::try_slot() {
    for (u32 i = 0; i < slot_count_; i++) {
        Slot& slot = slots_[i];
        u32 expected = 0;
        if (!slot.used.compare_exchange_strong(expected, 1, std::memory_order_acquire)) continue;
        if (slot.frames.size() != 0) return &slot;
        auto frames = SharedFrames::allocate(1);
        if (frames.ok()) {
            slot.frames = frames.value();
            return &slot;
        }
        slot.used.store(0, std::memory_order_release);
        return nullptr;
    }
    return nullptr;
}

BlockDevice::Bulk* BlockDevice::try_bulk() {
    constexpr unsigned order = 5;
    static_assert((page_size << order) == largest_piece);
    for (Bulk& bulk : bulks_) {
        u32 expected = 0;
        if (!bulk.used.compare_exchange_strong(expected, 1, std::memory_order_acquire)) continue;
        if (bulk.frames.size() != 0) return &bulk;
        auto frames = SharedFrames::allocate(order);
        if (frames.ok()) {
            bulk.frames = frames.value();
            return &bulk;
        }
        bulk.used.store(0, std::memory_order_release);
        return nullptr;
    }
    return nullptr;
}

void BlockDevice::give_back(std::atomic<u32>& used) {
    used.store(0, std::memory_order_release);
    turn_.fetch_add(1, std::memory_order_release);
    platform::unpark(turn_, 1);
}

/// The chain's number. Where the ring is full, it is waited for.
Result<u16> BlockDevice::submit(std::span<const SharedRange> parts) {
    for (;;) {
        u32 turn = turn_.load(std::memory_order_acquire);
        auto chain = queue_.submit(parts);
        if (chain.ok() || chain.error() != Errno::eagain) return chain;
        (void)platform::park(turn_, turn, platform::monotonic_ns() + turn_look_ns);
    }
}

Result<void> BlockDevice::perform(Slot& slot, Request request, u64 offset,
                                  std::span<const SharedRange> data) {
    constexpr u8 untouched = 0xff, unsupported = 2;
    Header header{static_cast<u32>(request), 0, offset / sector};
    slot.frames.write(0, {reinterpret_cast<const u8*>(&header), sizeof(header)});
    slot.frames.store<u8>(status_at, untouched);
    SharedRange parts[LentFrames::most_runs + 2];
    usize count = 0;
    u32 expected = sizeof(u8);
    parts[count++] = slot.frames.to_device(0, sizeof(header));
    for (const SharedRange& part : data) {
        parts[count++] = part;
        if (part.device_writes) expected += part.length;
    }
    parts[count++] = slot.frames.from_device(status_at, sizeof(u8));
    u32 written = queue_.wait(TRY(submit({parts, count})));
    u8 status = slot.frames.load<u8>(status_at).any();
    if (status == unsupported) return Errno::eopnotsupp;
    // Less than all: some bytes are what was there before.
    if (status != 0 || written < expected) return Errno::eio;
    return {};
}

/// Reads what one request takes; how much that was.
Result<usize> BlockDevice::read_front(Use& use, u64 offset, std::span<u8> to) {
    LentFrames lent(to, true, data_parts_);
    if (lent.size() > 0) {
        TRY(perform(use.slot(), Request::read, offset, lent.ranges()));
        return lent.size();
    }
    use.want_room(to.size());
    usize length = min(to.size(), use.room());
    SharedRange data = use.frames().from_device(use.at(), length);
    TRY(perform(use.slot(), Request::read, offset, {&data, 1}));
    use.frames().read(use.at(), to.first(length));
    return length;
}

Result<void> BlockDevice::read(u64 offset, std::span<u8> to) {
    TRY(check(offset, to.size()));
    if (to.empty()) return {};
    Use use(*this);
    while (!to.empty()) {
        usize done = TRY(read_front(use, offset, to));
        offset += done;
        to = to.subspan(done);
    }
    return {};
}

Result<usize> BlockDevice::write_front(Use& use, u64 offset, std::span<const u8> from) {
    LentFrames lent(from, false, data_parts_);
    if (lent.size() > 0) {
        TRY(perform(use.slot(), Request::write, offset, lent.ranges()));
        return lent.size();
    }
    use.want_room(from.size());
    usize length = min(from.size(), use.room());
    use.frames().write(use.at(), from.first(length));
    SharedRange data = use.frames().to_device(use.at(), length);
    TRY(perform(use.slot(), Request::write, offset, {&data, 1}));
    return length;
}

Result<void> BlockDevice::write(u64 offset, std::span<const u8> from) {
    TRY(check(offset, from.size()));
    if (read_only_) return Errno::erofs;
    if (from.empty()) return {};
    Use use(*this);
    while (!from.empty()) {
        usize done = TRY(write_front(use, offset, from));
        offset += done;
        from = from.subspan(done);
    }
    return {};
}

/// A device without flushes keeps nothing back.
Result<void> BlockDevice::flush() {
    if (!flushes_) return {};
    Use use(*this);
    return perform(use.slot(), Request::flush, 0, {});
}

}  // namespace litebox::vm
