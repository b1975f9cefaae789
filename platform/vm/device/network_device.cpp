#include "platform/vm/device/network_device.h"

#include "platform/platform.h"

namespace litebox::vm {

namespace {

constexpr u64 feature_mtu = 1 << 3, feature_address = 1 << 5, feature_status = 1 << 16;
constexpr u32 address_field = 0, status_field = 6, mtu_field = 10;
constexpr u64 group_address = 1, local_address = 2;  // bits of an address' first byte

}  // namespace

/// A device whose largest frame has no place in our buffers is not asked about its size, and then keeps to
/// the usual one.
Result<void> NetworkDevice::agree(DeviceRegisters& registers) {
    constexpr u64 wanted = feature_address | feature_status;
    TRY(device_.begin(registers, "network", wanted | feature_mtu));
    if (!device_.has(feature_mtu)) return {};
    u32 told = TRY(device_.configuration(mtu_field, sizeof(u16))).any();
    if (told < least_mtu) return Errno::eio;
    if (told > most_mtu) return device_.begin(registers, "network", wanted);
    mtu_ = static_cast<u16>(told);
    return {};
}

Result<void> NetworkDevice::begin(DeviceRegisters& registers) {
    TRY(agree(registers));
    if (device_.has(feature_address)) {
        u64 low = TRY(device_.configuration(address_field, sizeof(u32))).any();
        u64 high = TRY(device_.configuration(address_field + sizeof(u32), sizeof(u16))).any();
        u64 address = low | high << 32;
        if (address == 0 || (address & group_address) != 0) return Errno::eio;
        address_.store(address, std::memory_order_relaxed);
    }
    TRY(queues_.begin(device_, sizeof(Header)));
    TRY(device_.start());
    return queues_.post_all();
}

void NetworkDevice::address(std::span<u8, address_length> to) {
    u64 address = address_.load(std::memory_order_relaxed);
    if (address == 0) {
        u64 drawn = 0;
        platform::fill_entropy({reinterpret_cast<u8*>(&drawn), address_length});
        drawn = (drawn & ~group_address) | local_address;
        // Whoever draws first has drawn for all.
        if (address_.compare_exchange_strong(address, drawn, std::memory_order_relaxed)) address = drawn;
    }
    __builtin_memcpy(to.data(), &address, to.size());
}

Result<bool> NetworkDevice::link_up() {
    if (!device_.has(feature_status)) return true;
    return (TRY(device_.configuration(status_field, sizeof(u16))).any() & 1) != 0;
}

Result<void> NetworkDevice::send(std::span<const u8> frame) {
    if (frame.size() < ethernet_header || frame.size() > largest_frame()) return Errno::emsgsize;
    constexpr Header header{};
    queues_.send({reinterpret_cast<const u8*>(&header), sizeof(header)}, frame);
    return {};
}

/// What is no frame, is too long for one, or calls for offloads that nobody agreed on is as good as lost.
Result<usize> NetworkDevice::take(std::span<u8> to) {
    constexpr u8 needs_checksum = 1;
    Header header{};
    PacketQueues::Received received{};
    if (!queues_.receive({reinterpret_cast<u8*>(&header), sizeof(header)}, to.first(largest_frame()),
                         received))
        return Errno::eagain;
    bool sound = (header.flags & needs_checksum) == 0 && header.segmentation == 0 && received.unwanted == 0 &&
                 received.length >= ethernet_header;
    return sound ? received.length : usize{0};
}

Result<usize> NetworkDevice::receive(std::span<u8> to, u64 deadline) {
    if (to.size() < largest_frame()) return Errno::emsgsize;
    for (;;) {
        u32 seen = queues_.received_progress();
        auto taken = take(to);
        if (taken.ok() && taken.value() > 0) return taken;
        if (taken.ok()) {  // but no frame; others may stand behind it
            if (platform::monotonic_ns() >= deadline) return Errno::eagain;
            continue;
        }
        auto woken = queues_.wait_for_packet(seen, deadline);
        if (woken == RequestQueue::Woken::timed_out) return Errno::eagain;
        if (woken == RequestQueue::Woken::interrupted) return Errno::eintr;
    }
}

}  // namespace litebox::vm
