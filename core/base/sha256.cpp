#include "core/base/sha256.h"

#include <bit>

#include "core/base/string.h"

namespace litebox {

namespace {

constexpr u32 round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

u32 load_big_endian(const u8* bytes) {
    u32 value;
    memcpy(&value, bytes, sizeof(value));
    return __builtin_bswap32(value);
}

}  // namespace

void Sha256::compress(const u8* block) {
    u32 words[16];
    for (usize i = 0; i < 16; i++) words[i] = load_big_endian(block + 4 * i);
    u32 a = state_[0], b = state_[1], c = state_[2], d = state_[3];
    u32 e = state_[4], f = state_[5], g = state_[6], h = state_[7];
    for (usize i = 0; i < 64; i++) {
        // The schedule is kept for sixteen rounds only: word i takes the place of word i - 16.
        if (i >= 16) {
            u32 w2 = words[(i - 2) % 16], w15 = words[(i - 15) % 16];
            u32 s1 = std::rotr(w2, 17) ^ std::rotr(w2, 19) ^ (w2 >> 10);
            u32 s0 = std::rotr(w15, 7) ^ std::rotr(w15, 18) ^ (w15 >> 3);
            words[i % 16] += s1 + words[(i - 7) % 16] + s0;
        }
        u32 sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        u32 t1 = h + sum1 + ((e & f) ^ (~e & g)) + round_constants[i] + words[i % 16];
        u32 sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        u32 t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state_[0] += a, state_[1] += b, state_[2] += c, state_[3] += d;
    state_[4] += e, state_[5] += f, state_[6] += g, state_[7] += h;
}

void Sha256::add(std::span<const u8> bytes) {
    usize held = length_ % block_size;
    length_ += bytes.size();
    if (held + bytes.size() < block_size) {
        if (!bytes.empty()) memcpy(pending_ + held, bytes.data(), bytes.size());
        return;
    }
    if (held > 0) {
        memcpy(pending_ + held, bytes.data(), block_size - held);
        compress(pending_);
        bytes = bytes.subspan(block_size - held);
    }
    for (; bytes.size() >= block_size; bytes = bytes.subspan(block_size)) compress(bytes.data());
    if (!bytes.empty()) memcpy(pending_, bytes.data(), bytes.size());
}

void Sha256::finish(Digest& digest) {
    const u64 bits = length_ * 8;
    u8 padding[block_size + 8] = {0x80};
    usize held = length_ % block_size;
    constexpr usize length_at = block_size - 8;
    usize zeros = (held < length_at ? length_at : block_size + length_at) - held;
    for (usize i = 0; i < 8; i++) padding[zeros + i] = static_cast<u8>(bits >> (56 - 8 * i));
    add({padding, zeros + 8});
    for (usize i = 0; i < digest_size; i++) digest[i] = static_cast<u8>(state_[i / 4] >> (24 - i % 4 * 8));
}

}  // namespace litebox
