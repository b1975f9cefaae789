// dm-verity: a tree of SHA-256 digests over the blocks of a device, whose root the invoker gives. On disk as
// `veritysetup format` leaves it: superblock version 1, hash type 1 (the salt in front), blocks of 4096
// bytes; then the levels of the tree, the top one first.
#pragma once

#include "core/base/sha256.h"
#include "core/base/vector.h"
#include "core/memory/memory_object.h"

namespace litebox {

class Verity {
  public:
    static constexpr u64 block_size = 4096;

    /// Reads the superblock at `offset`, behind the `data_blocks` that it must cover. EUCLEAN where it is not
    /// one that is understood or does not fit.
    static Result<Own<Verity>> open(u32 device, u64 offset, u64 data_blocks, std::span<const u8> root_hash);
    Verity() = default;
    ~Verity();

    /// Whether `data` is block `block` of what the root hash stands for: EIO if not.
    Result<void> check(u64 block, std::span<const u8, block_size> data);

  private:
    static constexpr unsigned fan_out_shift = 7;  // digests in a block
    static constexpr unsigned most_levels = 9;    // 2^63 blocks

    Result<void> read_super_block(u64 offset, u64 data_blocks);
    Result<void> take_super_block(std::span<const u8> bytes, u64 data_blocks);
    Result<void> place_levels(u64 offset, u64 data_blocks);
    Result<const u8*> hash_block(u64 number, const Sha256::Digest& digest);
    Result<u8*> read_hash_block(u64 number, const Sha256::Digest& digest);
    [[nodiscard]] bool matches(std::span<const u8> block, const Sha256::Digest& digest) const;

    u32 device_ = 0;
    Sha256::Digest root_{};
    u8 salt_[256] = {};
    usize salt_length_ = 0;
    u64 hashes_at_ = 0;  // where the top level begins
    unsigned levels_ = 0;
    u64 first_[most_levels] =
        {};  // number of a level's first block, level 0 being that of the data's digests
    Ref<PageQuota> quota_;
    // Of the tree's blocks, those that were read and found right. They stay, so each is checked once.
    Vector<u8*> checked_;
};

}  // namespace litebox
