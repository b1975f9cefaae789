#include "tests/unit/vm/device/simulated_device.h"

#include <cstring>

namespace litebox::vm {

namespace {

template <typename T>
T load(const u8* at) {
    T value;
    std::memcpy(&value, at, sizeof(value));
    return value;
}
template <typename T>
void store(u8* at, T value) {
    std::memcpy(at, &value, sizeof(value));
}

}  // namespace

std::vector<u8> SimulatedDevice::Chain::sent() const {
    std::vector<u8> all;
    for (const Part& part : parts)
        if (!part.writable) all.insert(all.end(), part.bytes, part.bytes + part.length);
    return all;
}

u32 SimulatedDevice::Chain::answer(const std::vector<u8>& bytes) const {
    usize done = 0;
    for (const Part& part : parts) {
        if (!part.writable) continue;
        usize length = std::min<usize>(part.length, bytes.size() - done);
        if (length > 0) std::memcpy(part.bytes, bytes.data() + done, length);
        done += length;
    }
    return static_cast<u32>(done);
}

u32 SimulatedDevice::Chain::room() const {
    u32 room = 0;
    for (const Part& part : parts)
        if (part.writable) room += part.length;
    return room;
}

u8* SimulatedDevice::area(u16 queue, usize which) {
    const QueueState& state = queues_[queue];
    u64 address = u64{state.addresses[2 * which + 1]} << 32 | state.addresses[2 * which];
    return reinterpret_cast<u8*>(address);
}

SimulatedDevice::Memory SimulatedDevice::memory(u16 queue) {
    return {area(queue, 0), area(queue, 1), area(queue, 2)};
}

u16 SimulatedDevice::used_index(u16 queue) {
    return load<u16>(area(queue, 2) + 2);
}
void SimulatedDevice::set_used_index(u16 queue, u16 index) {
    store(area(queue, 2) + 2, index);
}
void SimulatedDevice::write_used(u16 queue, u16 at, u32 id, u32 written) {
    u8* element = area(queue, 2) + 4 + 8 * (at % queues_[queue].entries);
    store(element, id);
    store(element + 4, written);
}
void SimulatedDevice::use(u16 queue, u32 id, u32 written) {
    u16 index = used_index(queue);
    write_used(queue, index, id, written);
    set_used_index(queue, static_cast<u16>(index + 1));
    interrupt_status |= 1;
}

SimulatedDevice::Chain SimulatedDevice::chain_at(u16 queue, u16 head) {
    Chain chain{head, {}};
    for (u16 at = head;;) {
        const u8* descriptor = area(queue, 0) + 16 * at;
        u16 flags = load<u16>(descriptor + 12);
        chain.parts.push_back(
            {reinterpret_cast<u8*>(load<u64>(descriptor)), load<u32>(descriptor + 8), (flags & 2) != 0});
        if ((flags & 1) == 0) return chain;
        at = load<u16>(descriptor + 14);
    }
}

void SimulatedDevice::notified(u16 queue) {
    QueueState& state = queues_[queue];
    if (state.ready == 0 || !looks) return;
    while (state.seen != load<u16>(area(queue, 1) + 2)) {
        u16 head = load<u16>(area(queue, 1) + 4 + 2 * (state.seen % state.entries));
        state.seen++;
        Chain chain = chain_at(queue, head);
        if (on_chain)
            on_chain(queue, std::move(chain));
        else
            waiting[queue].push_back(std::move(chain));
    }
}

HostValue<u32> SimulatedDevice::read(u32 offset) {
    reads++;
    switch (offset) {
        case 0x00:
            return HostValue(magic);
        case 0x04:
            return HostValue(version);
        case 0x08:
            return HostValue(static_cast<u32>(kind_));
        case 0x10:
            return HostValue(static_cast<u32>(feature_select_ == 0 ? features : features >> 32));
        case 0x34:
            return HostValue(most_entries);
        case 0x44:
            return HostValue(queues_[selected_].ready);
        case 0x60:
            return HostValue(interrupt_status);
        case 0x70:
            return HostValue(status_);
        case 0xfc:
            return HostValue(generation ? generation() : 0u);
        default:
            return HostValue(u32{0});
    }
}

HostValue<u8> SimulatedDevice::read_byte(u32 offset) {
    reads++;
    return HostValue(offset - 0x100 < configuration.size() ? configuration[offset - 0x100] : u8{0});
}

void SimulatedDevice::write(u32 offset, u32 value) {
    QueueState& queue = queues_[selected_];
    switch (offset) {
        case 0x14:
            feature_select_ = value;
            break;
        case 0x30:
            selected_ = value;
            break;
        case 0x38:
            queue.entries = value;
            break;
        case 0x44:
            queue.ready = value;
            break;
        case 0x50:
            notified(static_cast<u16>(value));
            break;
        case 0x64:
            interrupt_status &= ~value;
            break;
        case 0x70:
            status_ = value == 0 && !resets ? 1 : value & ~(accepts_features ? 0u : 8u);
            break;
        case 0x80:
        case 0x84:
            queue.addresses[(offset - 0x80) / 4] = value;
            break;
        case 0x90:
        case 0x94:
            queue.addresses[2 + (offset - 0x90) / 4] = value;
            break;
        case 0xa0:
        case 0xa4:
            queue.addresses[4 + (offset - 0xa0) / 4] = value;
            break;
        default:
            break;
    }
}

}  // namespace litebox::vm
