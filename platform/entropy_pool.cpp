#include "platform/entropy_pool.h"

namespace litebox::platform {

namespace {

u32 rotate(u32 value, int by) {
    return value << by | value >> (32 - by);
}

void quarter_round(u32& a, u32& b, u32& c, u32& d) {
    a += b, d = rotate(d ^ a, 16);
    c += d, b = rotate(b ^ c, 12);
    a += b, d = rotate(d ^ a, 8);
    c += d, b = rotate(b ^ c, 7);
}

void chacha_block(const u32 (&key)[8], u64 counter, u32 (&out)[16]) {
    const u32 input[16] = {0x61707865,
                           0x3320646e,
                           0x79622d32,
                           0x6b206574,
                           key[0],
                           key[1],
                           key[2],
                           key[3],
                           key[4],
                           key[5],
                           key[6],
                           key[7],
                           static_cast<u32>(counter),
                           static_cast<u32>(counter >> 32),
                           0,
                           0};
    for (int i = 0; i < 16; i++) out[i] = input[i];
    for (int i = 0; i < 10; i++) {
        quarter_round(out[0], out[4], out[8], out[12]);
        quarter_round(out[1], out[5], out[9], out[13]);
        quarter_round(out[2], out[6], out[10], out[14]);
        quarter_round(out[3], out[7], out[11], out[15]);
        quarter_round(out[0], out[5], out[10], out[15]);
        quarter_round(out[1], out[6], out[11], out[12]);
        quarter_round(out[2], out[7], out[8], out[13]);
        quarter_round(out[3], out[4], out[9], out[14]);
    }
    for (int i = 0; i < 16; i++) out[i] += input[i];
}

bool processor_random(u64* value) {
    for (int i = 0; i < 8; i++) {
        u8 good = 0;
        asm volatile("rdrand %0\n setc %1" : "=r"(*value), "=qm"(good) : : "cc");
        if (good != 0) return true;
    }
    return false;
}

constexpr u64 stir_interval = 1 << 20;  // bytes

/// Fills `out` from a key drawn for it alone, so that the lock is held for one block only.
void fill_from(const u32 (&key)[8], std::span<u8> out) {
    u32 block[16];
    u64 counter = 0;
    while (!out.empty()) {
        chacha_block(key, counter++, block);
        usize part = min(out.size(), sizeof(block));
        __builtin_memcpy(out.data(), block, part);
        out = out.subspan(part);
    }
}

}  // namespace

void EntropyPool::stir() {
    since_stir_ = 0;
    if (!has_processor_source_) return;
    for (int i = 0; i < 8; i += 2) {
        u64 value = 0;
        if (!processor_random(&value)) return;
        key_[i] ^= static_cast<u32>(value);
        key_[i + 1] ^= static_cast<u32>(value >> 32);
    }
}

void EntropyPool::seed(std::span<const u8> seed, bool has_processor_source) {
    mix(seed);
    LockGuard guard(mutex_);
    has_processor_source_ = has_processor_source;
    stir();
}

void EntropyPool::mix(std::span<const u8> bytes) {
    LockGuard guard(mutex_);
    auto* key = reinterpret_cast<u8*>(key_);
    for (usize i = 0; i < bytes.size(); i++) key[i % sizeof(key_)] ^= bytes[i];
}

void EntropyPool::fill(std::span<u8> out) {
    u32 block[16], key[8];
    {
        LockGuard guard(mutex_);
        since_stir_ += out.size();
        if (since_stir_ > stir_interval) stir();
        chacha_block(key_, counter_++, block);
        for (int i = 0; i < 8; i++) key_[i] = block[i];
    }
    for (int i = 0; i < 8; i++) key[i] = block[8 + i];
    fill_from(key, out);
}

}  // namespace litebox::platform
