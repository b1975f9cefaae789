// Slots, fids and the exchange of messages; what they say is in nine_p_requests.cpp.
#include "platform/vm/device/nine_p_client.h"

#include "platform/platform.h"
#include "platform/vm/device/virtio_device.h"

namespace litebox::vm {

namespace {

constexpr u32 parts_per_call = 3;
constexpr u32 error_answer = 7;
constexpr u64 turn_look_ns = 1000000, slot_patience_ns = u64{300} * 1000000000;

}  // namespace

// ------------------------------------------------------------------------------------------------ fids

Fid::~Fid() {
    if (client_ != nullptr) client_->clunk_later(number_);
}

Result<Fid> NinePClient::new_fid() {
    SpinGuard guard(fids_lock_);
    for (u32 tried = 0; tried < most_fids; tried++) {
        u32 number = next_fid_;
        next_fid_ = (next_fid_ + 1) % most_fids;
        u64 bit = u64{1} << number % 64;
        if ((fids_[number / 64] & bit) != 0) continue;
        fids_[number / 64] |= bit;
        return Fid(*this, number);
    }
    return Errno::enfile;
}

void NinePClient::free_fid(u32 number) {
    SpinGuard guard(fids_lock_);
    fids_[number / 64] &= ~(u64{1} << number % 64);
}

void NinePClient::forget_fid(Fid fid) {
    free_fid(fid.keep());
}

/// Nobody waits for the answer; the number is free when it has come, which whoever looks for a slot finds
/// out.
void NinePClient::clunk_later(u32 number) {
    if (queue_->broken()) return;
    Slot& slot = take_slot();
    MessageWriter writer(slot.frames, page_size);
    writer.begin(NineP::clunk, static_cast<u16>(&slot - slots_));
    writer.number(number);
    usize length = writer.finish(0);
    SharedRange parts[] = {slot.frames.to_device(0, length), slot.frames.from_device(reply_at, reply_room)};
    // It goes out with the next request, or when room is needed.
    auto chain = queue_->submit(parts, false);
    if (!chain.ok()) return give_slot(slot);
    slot.chain = chain.value();
    slot.clunked = number;
    slot.state.store(detached, std::memory_order_release);
}

// ------------------------------------------------------------------------------------------------ slots

/// Null: all are in use, or there is no memory for one more.
NinePClient::Slot* NinePClient::try_slot() {
    u32 count = slot_count_.load(std::memory_order_relaxed);
    for (u32 i = 0; i < count; i++) {
        Slot& slot = slots_[i];
        u32 expected = free_slot;
        if (slot.state.compare_exchange_strong(expected, used, std::memory_order_acquire)) {
            if (slot.frames.size() == 0) {
                auto frames = SharedFrames::allocate(1);
                if (!frames.ok()) {
                    slot.state.store(free_slot, std::memory_order_release);
                    return nullptr;
                }
                slot.frames = frames.value();
            }
            return &slot;
        }
        if (expected != detached) continue;
        if (!slot.state.compare_exchange_strong(expected, used, std::memory_order_acquire)) continue;
        u32 written = 0;
        if (queue_->collect(slot.chain, &written)) {
            free_fid(slot.clunked);
            return &slot;
        }
        slot.state.store(detached, std::memory_order_release);
    }
    return nullptr;
}

NinePClient::Slot& NinePClient::take_slot() {
    u64 begin = platform::monotonic_ns();
    for (;;) {
        queue_->reap();
        u32 turn = turn_.load(std::memory_order_acquire);
        if (Slot* slot = try_slot()) return *slot;
        queue_->kick();
        if (platform::monotonic_ns() - begin > slot_patience_ns)
            device_failed("9P", "did not answer in time");
        turn_waiters_.fetch_add(1, std::memory_order_seq_cst);
        (void)platform::park(turn_, turn, platform::monotonic_ns() + turn_look_ns);
        turn_waiters_.fetch_sub(1, std::memory_order_relaxed);
    }
}

void NinePClient::give_slot(Slot& slot) {
    slot.state.store(free_slot, std::memory_order_release);
    turn_.fetch_add(1, std::memory_order_seq_cst);
    if (turn_waiters_.load(std::memory_order_seq_cst) != 0) platform::unpark(turn_, 1);
}

/// Null: there is no memory, or all are in use; smaller pieces do then.
NinePClient::Bulk* NinePClient::take_bulk() {
    constexpr unsigned order = 5;
    static_assert((page_size << order) == largest_bulk);
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

// ------------------------------------------------------------------------------------------------ calls

NinePCall::~NinePCall() {
    // The device may still write into the slot: it is free when that is over.
    if (in_flight_) (void)client_.queue_->wait(slot_->chain);
    if (slot_ != nullptr) client_.give_slot(*slot_);
}

u16 NinePCall::tag() const {
    constexpr u16 no_tag = 0xffff;
    return type_ == NineP::version ? no_tag : static_cast<u16>(slot_ - client_.slots_);
}

MessageWriter& NinePCall::begin(NineP type) {
    type_ = type;
    writer_.begin(type, tag());
    return writer_;
}

void NinePCall::send(const SharedRange* payload_out, const SharedRange* payload_in, usize answer_room) {
    if (writer_.failed()) return;
    SharedRange parts[parts_per_call];
    usize count = 0;
    usize length = writer_.finish(payload_out != nullptr ? payload_out->length : 0);
    parts[count++] = slot_->frames.to_device(0, length);
    if (payload_out != nullptr) parts[count++] = *payload_out;
    parts[count++] = slot_->frames.from_device(NinePClient::reply_at, answer_room);
    if (payload_in != nullptr) parts[count++] = *payload_in;
    room_ = answer_room;
    auto chain = client_.queue_->submit({parts, count});
    if (!chain.ok())
        platform::panic("the ring of the 9P device is full with fewer requests than it has room for");
    slot_->chain = chain.value();
    in_flight_ = true;
}

Result<MessageReader> NinePCall::receive() {
    if (!in_flight_) return Errno::enametoolong;
    u32 written = client_.queue_->wait(slot_->chain);
    in_flight_ = false;
    return check_answer(written);
}

Result<MessageReader> NinePCall::check_answer(u32 written) {
    constexpr u32 highest_errno = 4095;
    MessageReader reader(slot_->frames, NinePClient::reply_at,
                         NinePClient::reply_at + min<usize>(written, room_));
    u32 size = reader.number<u32>();
    u8 type = reader.number<u8>();
    u16 answered = reader.number<u16>();
    if (reader.failed() || size != written || answered != tag()) return Errno::eio;
    if (type == error_answer) {
        u32 error = reader.number<u32>();
        if (reader.failed() || error == 0 || error > highest_errno) return Errno::eio;
        return static_cast<Errno>(error);
    }
    if (type != static_cast<u8>(type_) + 1) return Errno::eio;
    return reader;
}

}  // namespace litebox::vm
