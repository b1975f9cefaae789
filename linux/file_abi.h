// Structures of the file calls as x86-64 programs see them, and helpers to take arguments in.
#pragma once

#include "core/file/change.h"
#include "core/file/file.h"
#include "core/memory/user.h"

namespace litebox::abi {

struct Timespec {
    i64 seconds, nanoseconds;
};
struct Timeval {
    i64 seconds, microseconds;
};

struct Stat {
    u64 device, inode, links;
    u32 mode, uid, gid, padding;
    u64 special;
    i64 size, block_size, blocks;
    Timespec access, modify, change;
    i64 unused[3];
};
static_assert(sizeof(Stat) == 144);

struct StatxTimestamp {
    i64 seconds;
    u32 nanoseconds;
    i32 reserved;
};
struct Statx {
    u32 mask, block_size;
    u64 attributes;
    u32 links, uid, gid;
    u16 mode, padding;
    u64 inode, size, blocks, attributes_mask;
    StatxTimestamp access, birth, change, modify;
    u32 special_major, special_minor, device_major, device_minor;
    u64 mount_id;
    u32 direct_memory_alignment, direct_offset_alignment;
    u64 spare[12];
};
static_assert(sizeof(Statx) == 256);

struct Statfs {
    i64 type, block_size;
    u64 blocks, free_blocks, available_blocks, files, free_files;
    i32 id[2];
    i64 name_length, fragment_size, flags, spare[4];
};
static_assert(sizeof(Statfs) == 120);

struct Flock {
    i16 type, whence;
    i32 padding;
    i64 start, length;
    i32 pid, padding_2;
};
static_assert(sizeof(Flock) == 32);

struct OpenHow {
    u64 flags, mode, resolve;
};

}  // namespace litebox::abi

namespace litebox {

/// A path from the guest, copied once; short ones need no heap.
class PathName : Pinned {
  public:
    Result<void> fetch(UserText from);
    [[nodiscard]] string_view view() const { return view_; }

  private:
    char inline_[232];
    String heap_;
    string_view view_;
};

/// The vector of readv(2) and its kin, copied once and checked.
class UserVector : Pinned {
  public:
    static constexpr u64 total_limit = 0x7ffff000;  // MAX_RW_COUNT
    Result<void> fetch(u64 address, u64 count);
    [[nodiscard]] IoCursor cursor() const;
    [[nodiscard]] std::span<const IoSegment> segments() const { return segments_; }

  private:
    IoSegment inline_[8];
    Vector<IoSegment> heap_;
    std::span<const IoSegment> segments_;
};

/// read(2) and write(2) on any file; `position` null: the file's own.
Result<u64> read_file(File& file, IoCursor cursor, u64* position, bool exclusive);
Result<u64> write_file(File& file, IoCursor cursor, u64* position, bool exclusive);

}  // namespace litebox
