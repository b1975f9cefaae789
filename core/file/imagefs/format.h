// What lies in an image: EROFS's structures (little-endian, packed), as far as the reader knows them, and
// dm-verity's superblock. Values come from outside: nothing here is checked yet.
#pragma once

#include <span>

#include "core/base/string.h"

namespace litebox::erofs {

inline constexpr u64 block_size = 4096;
inline constexpr unsigned block_shift = 12;

inline constexpr u64 super_offset = 1024;
inline constexpr u32 super_magic = 0xe0f5e1e2;

struct SuperBlock {
    u32 magic, checksum, compatible;
    u8 block_bits, extra_slots;
    u16 root_nid;
    u64 inodes;
    u64 build_seconds;
    u32 build_nanoseconds;
    u32 blocks, meta_block, xattr_block;
    u8 uuid[16], volume[16];
    u32 incompatible;
    u16 compression;
    u16 extra_devices, device_slots;
    u8 directory_bits, xattr_prefixes;
    u32 xattr_prefix_start;
    u64 packed_nid;
    u8 reserved[24];
} __attribute__((packed));
static_assert(sizeof(SuperBlock) == 128);

/// SuperBlock::compatible.
inline constexpr u32 has_checksum = 1;
/// SuperBlock::incompatible: the one that is understood.
inline constexpr u32 has_chunked_files = 4;

/// Inodes lie in slots of this many bytes, numbered by nid from meta_block on.
inline constexpr u64 inode_slot = 32;

/// CompactInode::format: the lowest bit tells the larger form, the layout follows; no other bit is known.
inline constexpr u32 extended_form = 1, layout_shift = 1, layout_mask = 7, known_format = 0xf;
enum class Layout : u32 {
    plain = 0,
    compressed_full = 1,
    inline_tail = 2,
    compressed_compact = 3,
    chunks = 4
};

struct CompactInode {
    u16 format, xattr_count, mode, links;
    u32 size, reserved;
    u32 content;  // first block, chunk format, or device number
    u32 number;
    u16 uid, gid;
    u32 reserved2;
} __attribute__((packed));
static_assert(sizeof(CompactInode) == 32);

struct ExtendedInode {
    u16 format, xattr_count, mode, reserved;
    u64 size;
    u32 content, number, uid, gid;
    u64 modify_seconds;
    u32 modify_nanoseconds, links;
    u8 reserved2[16];
} __attribute__((packed));
static_assert(sizeof(ExtendedInode) == 64);

/// What both forms tell. Compact inodes have the image's own time.
struct InodeFields {
    u64 size;
    u32 mode, links, uid, gid, content;
    i64 modify_seconds;
    u32 modify_nanoseconds;
};

/// Content of a chunked file: chunks of 2^(12 + low bits) bytes, each an entry of the map behind the inode.
inline constexpr u32 chunk_bits_mask = 0x1f, chunk_indexes = 0x20, known_chunk_format = 0x3f;
inline constexpr u32 no_block = ~u32{0};  // a hole
struct ChunkIndex {
    u16 advise, device;
    u32 block;
};
static_assert(sizeof(ChunkIndex) == 8);

struct DirectoryEntry {
    u64 nid;
    u16 name_offset;
    u8 type, reserved;
} __attribute__((packed));
static_assert(sizeof(DirectoryEntry) == 12);

/// In front of an inode's extended attributes; `shared_count` numbers (u32) of shared ones follow.
struct XattrHeader {
    u32 reserved;
    u8 shared_count;
    u8 reserved2[7];
};
static_assert(sizeof(XattrHeader) == 12);

struct XattrEntry {  // then the name without its prefix, and the value
    u8 name_length, prefix;
    u16 value_size;
};
static_assert(sizeof(XattrEntry) == 4);

/// Reads a structure at `at`, which the caller has seen to be inside.
template <typename T>
T load(std::span<const u8> bytes, usize at = 0) {
    T value;
    memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
}

}  // namespace litebox::erofs
