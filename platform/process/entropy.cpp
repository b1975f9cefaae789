// Random numbers for all of the sandbox: one ChaCha20 generator in the arena, seeded by the supervisor,
// stirred with the processor's generator, its key overwritten with each use.

#include "platform/process/entropy.h"

#include "platform/process/state.h"

namespace litebox::process {

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

void stir(EntropyState& entropy) {
    entropy.since_stir = 0;
    if (!entropy.has_processor_source) return;
    for (int i = 0; i < 8; i += 2) {
        u64 value = 0;
        if (!processor_random(&value)) return;
        entropy.key[i] ^= static_cast<u32>(value);
        entropy.key[i + 1] ^= static_cast<u32>(value >> 32);
    }
}

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

void seed_entropy(EntropyState& entropy, std::span<const u8> seed, bool has_processor_source) {
    auto* bytes = reinterpret_cast<u8*>(entropy.key);
    for (usize i = 0; i < seed.size(); i++) bytes[i % sizeof(entropy.key)] ^= seed[i];
    entropy.has_processor_source = has_processor_source;
    stir(entropy);
}

}  // namespace litebox::process

namespace litebox::platform {

void fill_entropy(std::span<u8> out) {
    process::EntropyState& entropy = process::sandbox().entropy;
    u32 block[16], key[8];
    {
        LockGuard guard(entropy.mutex);
        entropy.since_stir += out.size();
        if (entropy.since_stir > process::stir_interval) process::stir(entropy);
        process::chacha_block(entropy.key, entropy.counter++, block);
        for (int i = 0; i < 8; i++) entropy.key[i] = block[i];
    }
    for (int i = 0; i < 8; i++) key[i] = block[8 + i];
    process::fill_from(key, out);
}

}  // namespace litebox::platform
