#include "platform/vm/device/packet_queues.h"

#include "platform/platform.h"

namespace litebox::vm {

namespace {

constexpr u64 patience = u64{120} * 1000000000;
constexpr u16 incoming_queue = 0, outgoing_queue = 1;

}  // namespace

/// Each ring holds all chains that can be under way at once: of two parts, but for bare headers.
Result<void> PacketQueues::begin(VirtioDevice& device, usize header) {
    constexpr unsigned incoming_order = 5, outgoing_order = 4;
    static_assert((usize{1} << incoming_order) == most_incoming && most_outgoing == 1 << outgoing_order);
    static_assert(most_bare * body_at <= page_size);
    if (header > body_at) return Errno::einval;
    device_ = &device;
    header_ = header;
    incoming_frames_ = TRY(SharedFrames::allocate(incoming_order));
    outgoing_frames_ = TRY(SharedFrames::allocate(outgoing_order));
    bare_frames_ = TRY(SharedFrames::allocate(0));
    TRY(incoming_.begin(device, incoming_queue));
    TRY(outgoing_.begin(device, outgoing_queue));
    incoming_count_ = min<u32>(most_incoming, incoming_.entries() / 2);
    outgoing_count_ = min<u32>(most_outgoing, outgoing_.entries() / 4);
    bare_count_ = min<u32>(most_bare, outgoing_.entries() / 2);
    if (outgoing_count_ == 0) return Errno::enodev;
    return {};
}

Result<void> PacketQueues::post(u32 buffer, bool notify) {
    usize at = usize{buffer} * page_size;
    const SharedRange parts[] = {incoming_frames_.from_device(at, header_),
                                 incoming_frames_.from_device(at + body_at, room)};
    incoming_chains_[buffer] = TRY(incoming_.submit(parts, notify));
    return {};
}

Result<void> PacketQueues::post_all() {
    for (u32 i = 0; i < incoming_count_; i++) TRY(post(i, false));
    incoming_.kick();
    return {};
}

bool PacketQueues::take_next(u32& buffer, u32& written) {
    for (u32 i = 0; i < incoming_count_; i++) {
        u16 chain = incoming_chains_[i];
        if (!incoming_.is_next(chain, incoming_taken_) || !incoming_.collect(chain, &written)) continue;
        incoming_taken_++;
        buffer = i;
        return true;
    }
    return false;
}

bool PacketQueues::receive(std::span<u8> header, std::span<u8> body, Received& received) {
    incoming_.reap();
    // No more than there are buffers, so that a device that goes on and on does not keep the thread.
    for (u32 tried = 0; tried < incoming_count_; tried++) {
        u32 buffer = 0, written = 0;
        if (!take_next(buffer, written)) return false;
        bool whole = written >= header_;
        if (whole) {
            usize at = usize{buffer} * page_size, length = written - header_;
            received = {length, length - min(length, body.size())};
            incoming_frames_.read(at, header.first(header_));
            incoming_frames_.read(at + body_at, body.first(length - received.unwanted));
        }
        // The chain that was given back left room for it.
        if (!post(buffer, true).ok()) return false;
        if (whole) return true;
    }
    return false;
}

/// Whether the slot is free, or its chain done meanwhile: then it is the caller's, who fills it.
bool PacketQueues::take_slot(Slot& slot) {
    u32 expected = free_slot;
    if (slot.state.compare_exchange_strong(expected, filling, std::memory_order_acquire)) return true;
    expected = sent;
    if (!slot.state.compare_exchange_strong(expected, filling, std::memory_order_acquire)) return false;
    u32 written = 0;
    if (outgoing_.collect(slot.chain, &written)) return true;
    slot.state.store(sent, std::memory_order_release);
    return false;
}

bool PacketQueues::try_send_in(Slot& slot, SharedFrames& frames, usize at, std::span<const u8> header,
                               std::span<const u8> body) {
    if (!take_slot(slot)) return false;
    frames.write(at, header);
    SharedRange parts[] = {frames.to_device(at, header.size()), {}};
    if (!body.empty()) {
        frames.write(at + body_at, body);
        parts[1] = frames.to_device(at + body_at, body.size());
    }
    auto chain = outgoing_.submit({parts, body.empty() ? usize{1} : usize{2}});
    if (chain.ok()) slot.chain = chain.value();
    slot.state.store(chain.ok() ? sent : free_slot, std::memory_order_release);
    return chain.ok();
}

bool PacketQueues::try_send(std::span<const u8> header, std::span<const u8> body) {
    outgoing_.reap();
    if (body.empty()) {
        for (u32 i = 0; i < bare_count_; i++)
            if (try_send_in(bare_slots_[i], bare_frames_, usize{i} * body_at, header, body)) return true;
        return false;
    }
    for (u32 i = 0; i < outgoing_count_; i++)
        if (try_send_in(outgoing_slots_[i], outgoing_frames_, usize{i} * page_size, header, body))
            return true;
    return false;
}

void PacketQueues::send(std::span<const u8> header, std::span<const u8> body) {
    u64 deadline = 0;
    for (;;) {
        u32 seen = outgoing_.progress();
        if (try_send(header, body)) return;
        if (deadline == 0) deadline = platform::monotonic_ns() + patience;
        auto woken = outgoing_.sleep_on_progress(seen, deadline);
        if (woken == RequestQueue::Woken::timed_out)
            device_failed(device_->name(), "did not take in time what was sent");
        // It takes something: whose turn it is is another matter.
        if (woken == RequestQueue::Woken::progress) deadline = 0;
    }
}

}  // namespace litebox::vm
