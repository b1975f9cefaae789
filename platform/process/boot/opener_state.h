// What the openers' files share. The openers are threads of one address space and one descriptor table, each
// with its own working directory, identity and filter. They run on stacks of their own and without %gs, so
// nothing here has a stack protector (CMakeLists.txt).
#pragma once

#include "core/base/string.h"
#include "platform/process/abi/rings.h"
#include "platform/process/abi/start_block.h"
#include "platform/process/boot/raw.h"

namespace litebox::process {

inline constexpr usize longest_path = 4096;

enum HostErrno : i32 {
    eperm = 1,
    enoent = 2,
    ebadf = 9,
    eacces = 13,
    exdev = 18,
    enotdir = 20,
    einval = 22,
    enfile = 23,
    erofs = 30,
    erange = 34,
    enametoolong = 36,
    enosys = 38,
    eloop = 40,
    enodata = 61,
    eopnotsupp = 95,
    estale = 116
};

enum HostOpenFlag : u32 {
    o_write_only = 1,
    o_read_write = 2,
    o_create = 0100,
    o_exclusive = 0200,
    o_no_ctty = 0400,
    o_non_block = 04000,
    o_directory = 0200000,
    o_no_follow = 0400000,
    o_close_on_exec = 02000000,
    o_path = 010000000
};

inline constexpr u64 resolve_no_crossing = 0x01, resolve_no_magic_links = 0x02, resolve_no_symlinks = 0x04,
                     resolve_beneath = 0x08, resolve_in_root = 0x10;
inline constexpr u64 no_symlinks_beneath = resolve_no_magic_links | resolve_no_symlinks | resolve_beneath;
inline constexpr u64 at_working_directory = static_cast<u64>(-100);
inline constexpr u64 at_no_follow = 0x100, at_no_automount = 0x800, at_empty_path = 0x1000;
inline constexpr u32 type_mask = 0170000, type_regular = 0100000, type_directory = 0040000,
                     type_symlink = 0120000, type_fifo = 0010000, type_socket = 0140000;

struct HowToOpen {
    u64 flags, mode, resolve;
};

inline bool failed(i64 result) {
    return result < 0 && result > -4096;
}
inline i32 to_error(i64 result) {
    return failed(result) ? static_cast<i32>(-result) : 0;
}

/// A descriptor held for the length of a request; it lies below the windows.
class HeldFile {
  public:
    explicit HeldFile(i64 opened) : opened_(opened) {}
    HeldFile(const HeldFile&) = delete;
    HeldFile& operator=(const HeldFile&) = delete;
    ~HeldFile() {
        if (good()) raw::call(raw::nr_close, number());
    }
    [[nodiscard]] bool good() const { return !failed(opened_); }
    [[nodiscard]] i32 error() const { return to_error(opened_); }
    [[nodiscard]] u64 number() const { return static_cast<u64>(opened_); }

  private:
    i64 opened_;
};

/// The watches of all openers: ids that the core knows, and the kernel's numbers for them. Under `lock`.
struct WatchTable {
    struct Row {
        i32 number = 0;  // the kernel's; 0: free
        u16 next = 0;    // in its hash chain
        u16 older = 0, newer = 0;
    };
    static constexpr u32 chain_count = 4096;

    std::atomic<u32> lock;
    int descriptor = -1;  // of inotify; -1: nothing is watched
    u32 used = 0;         // ids up to this one were given out once
    u16 free_ids = 0;     // through `next`
    u16 oldest = 0, newest = 0;
    Row rows[platform::host_watch_limit];
    u16 chains[chain_count];
};

struct OpenerPool {
    const StartBlock* block;
    FileRing* ring;
    std::atomic<u8> owners[write_window_end - file_window_begin];  // of slots: lane + 1, 0 free
    std::atomic<u32> next_read, next_write;                        // where to look for a free slot
    std::atomic<u32> begun;                                        // futex of those who wait for their turn
    WatchTable watches;
};

/// One request being served: what the guest asked, copied once.
struct Job {
    FileRequest request;
    FileReply reply;
    u8* shared;  // the slot's data, which the guest may change at any time
    char name[longest_path], other[longest_path];
};

/// What is known of a file system that was met: fstatfs costs, and devices keep their numbers while they are
/// mounted here.
struct KnownDevice {
    u64 device;
    bool refused;
};

struct Opener {
    OpenerPool* pool;
    u32 lane;
    u32 grant = ~u32{0};  // whose root is the working directory
    u32 known_count = 0;
    KnownDevice known[16];
    Job job;

    [[nodiscard]] const StartBlock& block() const { return *pool->block; }
    [[nodiscard]] bool slow() const { return pool->block->lanes[lane].slow; }
};

// opener_name.cpp: names in grants.
i32 take_name(char (&to)[longest_path], const u8* shared, u32 length);
bool single_name(const char* name, usize length);
const platform::GrantParameters* grant_of(const Opener& opener, u32 grant);
i32 enter_grant(Opener& opener, u32 grant);
/// O_PATH or a real open beneath the grant; links are never followed.
i64 open_beneath(Opener& opener, u32 grant, const char* name, u64 flags);
/// The parent directory of a name (which is cut in two), opened, and its last component.
i64 open_parent(Opener& opener, u32 grant, char (&name)[longest_path], const char*& last);
/// The target of a link that is held by O_PATH, into `to`; its length.
i64 read_link(const HeldFile& link, char (&to)[longest_path]);
/// Makes it the working directory; no grant is then.
i32 stand_in(Opener& opener, u64 directory);

// opener_look.cpp: attributes, descriptors, listings.
i32 look_at(u64 directory, const char* name, platform::HostAttributes& to);
inline i32 look_at(const HeldFile& file, platform::HostAttributes& to) {
    return look_at(file.number(), "", to);
}
i32 check_file_system(Opener& opener, const HeldFile& file, const platform::HostAttributes& attributes);
i32 describe(Opener& opener, u32 grant, const char* name, u32 want, platform::HostNode& node);
i32 serve_list(Opener& opener);
i32 serve_open_many(Opener& opener);

// opener_slot.cpp: the windows.
bool own_slot(const Opener& opener, i32 slot);
/// Moves an open descriptor into a free slot of a window; no_host_slot: all are in use.
int into_window(Opener& opener, const HeldFile& file, bool write);
void give_back(Opener& opener, int slot);
i32 serve_slot(Opener& opener);

// opener_change.cpp: names and attributes beneath --rw.
i32 serve_create(Opener& opener);
i32 serve_create_symlink(Opener& opener);
i32 serve_remove(Opener& opener);
i32 serve_two_names(Opener& opener, bool link);
i32 serve_set_attributes(Opener& opener);

// opener_xattr.cpp: extended attributes.
i32 serve_extended(Opener& opener);

// opener_watch.cpp: inotify.
void open_watches(OpenerPool& pool);
/// Watches the directory, or a file in it; `watch.id` 0 where that cannot be. What is looked at afterwards is
/// covered.
void add_watch(Opener& opener, const HeldFile& directory, const char* name, platform::HostWatch& watch);
/// Counts up what the kernel has announced: before anything is handed inward.
void announce_changes(OpenerPool& pool);
[[noreturn]] void watch_for_changes(OpenerPool& pool);

// opener.cpp
[[noreturn]] void serve_lane(Opener& opener);

}  // namespace litebox::process
