#include "core/file/imagefs/verity.h"

#include "core/kernel.h"
#include "core/memory/page_allocator.h"
#include "platform/block_device.h"

namespace litebox {

namespace {

struct SuperBlock {
    char signature[8];
    u32 version, hash_type;
    u8 uuid[16];
    char algorithm[32];
    u32 data_block_size, hash_block_size;
    u64 data_blocks;
    u16 salt_size;
    u8 padding[6];
    u8 salt[256];
    u8 padding2[168];
};
static_assert(sizeof(SuperBlock) == 512);

constexpr char signature[8] = {'v', 'e', 'r', 'i', 't', 'y', 0, 0};
constexpr char algorithm[32] = "sha256";

/// A page for what is read from the device, freed again unless it is kept.
struct Page : Pinned {
    u8* bytes = kernel().pages->allocate(0, PageUse::object, false);
    ~Page() {
        if (bytes != nullptr) kernel().pages->free(bytes);
    }
};

}  // namespace

Result<Own<Verity>> Verity::open(u32 device, u64 offset, u64 data_blocks, std::span<const u8> root_hash) {
    if (root_hash.size() != Sha256::digest_size) return Errno::einval;
    auto verity = TRY(make_own<Verity>());
    verity->device_ = device;
    verity->quota_ = Ref<PageQuota>(kernel().memory_quota);
    memcpy(verity->root_, root_hash.data(), root_hash.size());
    TRY(verity->read_super_block(offset, data_blocks));
    TRY(verity->place_levels(offset, data_blocks));
    return verity;
}

Verity::~Verity() {
    u64 held = 0;
    for (u8* block : checked_) {
        if (block == nullptr) continue;
        kernel().pages->free(block);
        held++;
    }
    if (held > 0) quota_->release(held);
}

Result<void> Verity::read_super_block(u64 offset, u64 data_blocks) {
    Page page;
    if (page.bytes == nullptr) return Errno::enomem;
    if (!platform::block_read(device_, offset, {page.bytes, block_size}).ok()) return Errno::euclean;
    return take_super_block({page.bytes, block_size}, data_blocks);
}

// Nothing in the superblock is covered by the root hash itself; but another salt or another number of blocks
// makes a tree with another root. The number of blocks is also what the image's own superblock says, which
// the tree covers: so a level of the tree cannot pass for data.
Result<void> Verity::take_super_block(std::span<const u8> bytes, u64 data_blocks) {
    SuperBlock super;
    memcpy(&super, bytes.data(), sizeof(super));
    if (memcmp(super.signature, signature, sizeof(signature)) != 0 || super.version != 1 ||
        super.hash_type != 1 || memcmp(super.algorithm, algorithm, sizeof(algorithm)) != 0 ||
        super.data_block_size != block_size || super.hash_block_size != block_size ||
        super.data_blocks != data_blocks || super.salt_size > sizeof(salt_))
        return Errno::euclean;
    salt_length_ = super.salt_size;
    memcpy(salt_, super.salt, salt_length_);
    return {};
}

Result<void> Verity::place_levels(u64 offset, u64 data_blocks) {
    if (data_blocks == 0 || data_blocks > u64{1} << 48) return Errno::euclean;
    while (((data_blocks - 1) >> (fan_out_shift * levels_)) != 0) levels_++;
    u64 total = 0;
    for (unsigned level = levels_; level-- > 0;) {
        first_[level] = total;
        total += ((data_blocks - 1) >> (fan_out_shift * (level + 1))) + 1;
    }
    u64 end;
    if (!checked_add(offset, (total + 1) * block_size, &end) ||
        end > TRY(platform::block_device(device_)).size)
        return Errno::euclean;
    hashes_at_ = offset + block_size;
    return checked_.resize(total);
}

bool Verity::matches(std::span<const u8> block, const Sha256::Digest& digest) const {
    Sha256 hash;
    Sha256::Digest found;
    hash.add({salt_, salt_length_});
    hash.add(block);
    hash.finish(found);
    return memcmp(found, digest, sizeof(found)) == 0;
}

Result<u8*> Verity::read_hash_block(u64 number, const Sha256::Digest& digest) {
    Page page;
    if (page.bytes == nullptr) return Errno::enomem;
    std::span<u8> bytes(page.bytes, block_size);
    TRY(platform::block_read(device_, hashes_at_ + number * block_size, bytes));
    if (!matches(bytes, digest)) return Errno::eio;
    if (!quota_->charge(1).ok()) return Errno::enomem;
    return std::exchange(page.bytes, nullptr);
}

/// The tree's block `number`, which must have that digest.
Result<const u8*> Verity::hash_block(u64 number, const Sha256::Digest& digest) {
    std::atomic_ref<u8*> place(checked_[number]);
    if (const u8* known = place.load(std::memory_order_acquire)) return known;
    u8* fresh = TRY(read_hash_block(number, digest));
    u8* expected = nullptr;
    if (place.compare_exchange_strong(expected, fresh, std::memory_order_acq_rel))
        return static_cast<const u8*>(fresh);
    kernel().pages->free(fresh);
    quota_->release(1);
    return static_cast<const u8*>(expected);
}

Result<void> Verity::check(u64 block, std::span<const u8, block_size> data) {
    Sha256::Digest digest;
    memcpy(digest, root_, sizeof(digest));
    for (unsigned level = levels_; level-- > 0;) {
        u64 entry = block >> (fan_out_shift * level);
        const u8* hashes = TRY(hash_block(first_[level] + (entry >> fan_out_shift), digest));
        usize place = entry & ((1u << fan_out_shift) - 1);
        memcpy(digest, hashes + place * sizeof(digest), sizeof(digest));
    }
    return matches(data, digest) ? Result<void>() : Errno::eio;
}

}  // namespace litebox
