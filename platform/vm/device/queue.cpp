#include "platform/vm/device/queue.h"

namespace litebox::vm {

namespace {

constexpr u16 flag_next = 1, flag_device_writes = 2;
constexpr u16 used_no_notify = 1;
constexpr usize descriptor_size = 16, used_element_size = 8;
constexpr usize ring_index = 2, ring_elements = 4;  // offsets in either ring

}  // namespace

Result<void> Queue::begin(u16 entries) {
    if (entries == 0 || entries > most_entries || (entries & (entries - 1)) != 0) return Errno::einval;
    page_ = TRY(SharedFrames::allocate(0));
    entries_ = entries;
    free_count_ = entries;
    for (u16 i = 0; i < entries; i++) next_[i] = static_cast<u16>(i + 1);
    return {};
}

Queue::Areas Queue::areas() const {
    u64 page = page_.to_device(0, page_.size()).physical;
    return {page, page + available_at, page + used_at};
}

void Queue::write_descriptor(u16 index, const SharedRange& part, bool more, u16 next) {
    usize at = usize{index} * descriptor_size;
    u16 flags = static_cast<u16>((more ? flag_next : 0) | (part.device_writes ? flag_device_writes : 0));
    page_.store<u64>(at, part.physical);
    page_.store<u32>(at + 8, part.length);
    page_.store<u16>(at + 12, flags);
    page_.store<u16>(at + 14, more ? next : u16{0});
}

Result<u16> Queue::offer(std::span<const SharedRange> parts) {
    if (parts.empty()) return Errno::einval;
    if (parts.size() > free_count_) return Errno::eagain;
    u16 head = free_, at = head;
    u32 room = 0;
    for (usize i = 0; i < parts.size(); i++) {
        write_descriptor(at, parts[i], i + 1 < parts.size(), next_[at]);
        if (parts[i].device_writes) room += parts[i].length;
        at = next_[at];
    }
    free_ = at;
    free_count_ = static_cast<u16>(free_count_ - parts.size());
    parts_[head] = static_cast<u16>(parts.size());
    room_[head] = room;
    states_[head] = State::device;
    held_++;
    page_.store<u16>(available_at + ring_elements + usize{offered_} % entries_ * sizeof(u16), head);
    offered_++;
    return head;
}

bool Queue::publish() {
    page_.store<u16>(available_at + ring_index, offered_);
    // The device looks at the index and then sleeps, or we see that it does not need to be woken.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return (page_.load<u16>(used_at).any() & used_no_notify) == 0;
}

bool Queue::news() const {
    return page_.load<u16>(used_at + ring_index).any() != seen_.load(std::memory_order_relaxed);
}

Queue::Taken Queue::take(Completion& completion) {
    u16 there = page_.load<u16>(used_at + ring_index).any();
    u16 seen = seen_.load(std::memory_order_relaxed);
    if (there == seen) return Taken::nothing;
    if (static_cast<u16>(there - seen) > held_) return Taken::violated;
    usize element = used_at + ring_elements + usize{seen} % entries_ * used_element_size;
    auto chain = page_.load<u32>(element).below(entries_);
    if (!chain.ok() || states_[chain.value()] != State::device) return Taken::violated;
    u16 head = static_cast<u16>(chain.value());
    auto written = page_.load<u32>(element + 4).at_most(room_[head]);
    if (!written.ok()) return Taken::violated;
    completion = {head, written.value()};
    states_[head] = State::taken;
    held_--;
    seen_.store(static_cast<u16>(seen + 1), std::memory_order_relaxed);
    return Taken::chain;
}

void Queue::release(u16 chain) {
    if (states_[chain] != State::taken) return;
    u16 last = chain;
    for (u16 i = 1; i < parts_[chain]; i++) last = next_[last];
    next_[last] = free_;
    free_ = chain;
    free_count_ = static_cast<u16>(free_count_ + parts_[chain]);
    states_[chain] = State::free;
}

}  // namespace litebox::vm
