// The granted host files, in memory: what host_files.h asks for, and what a test does to them from the host's
// side.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/host_files.h"

namespace litebox::simulated {

/// A page of memory that is shared by whoever maps it, or copied when written.
struct Page {
    alignas(16) u8 bytes[page_size] = {};
};

/// A file of the host.
struct HostFile {
    u64 inode = 0;
    u32 mode = 0;  // type and permissions
    u32 uid = 0, gid = 0, links = 1;
    u64 size = 0;
    std::unordered_map<u64, std::shared_ptr<Page>> pages;
    std::map<std::string, std::shared_ptr<HostFile>> children;
    std::string target;  // of a symbolic link
    std::map<std::string, std::string> extended;
    platform::HostTime access{}, modify{}, change{}, birth{};
    std::vector<std::weak_ptr<HostFile>> parents;
    u32 watch = 0;
    struct Lock {
        int slot, type;
        u64 start, end;
    };
    std::vector<Lock> locks;
};
using HostFileRef = std::shared_ptr<HostFile>;

/// Changes an answer before the core sees it: the host is not believed.
struct HostLies {
    std::function<void(platform::HostNode&)> node;
    std::function<void(std::span<u8> records, platform::HostListing&)> listing;
    std::function<void(platform::HostAttributes&)> attributes;
    std::function<usize(usize)> length;  // of reads, writes, links, attribute values
};

class HostTree : Pinned {
  public:
    HostTree();

    // The host's side; paths are absolute in the tree, parents are made as needed. Changes are announced as a
    // real host would.
    void add_file(std::string_view path, std::string_view contents, u32 permissions = 0644);
    void add_directory(std::string_view path, u32 permissions = 0755);
    void add_link(std::string_view path, std::string_view target);
    void remove(std::string_view path);
    void rename(std::string_view from, std::string_view to);
    void truncate(std::string_view path, u64 size);
    [[nodiscard]] bool exists(std::string_view path);
    [[nodiscard]] std::string contents(std::string_view path);
    /// Shows the directory (or file) at `path` as a grant; its number.
    u32 grant(std::string_view path, bool writable);
    /// At most so many slots at a time.
    void set_slot_limit(usize limit) { slot_limit_ = limit; }
    [[nodiscard]] usize slots_in_use();

    HostLies lies;

    // host_files.h, one function each (host_files.cpp).
    Result<platform::HostNode> open(u32 grant, std::string_view path, u32 want);
    Result<usize> open_many(u32 grant, std::string_view path, platform::HostIdentity directory,
                            std::string_view names, u32 want, std::span<platform::HostAnswer> to);
    Result<platform::HostListing> list(u32 grant, std::string_view path, platform::HostIdentity directory,
                                       u64 position, u32 want, std::span<u8> records);
    Result<std::string> link_target(u32 grant, std::string_view path);
    Result<usize> read(int slot, u8* to, usize length, u64 offset);
    Result<platform::HostAttributes> attributes(int slot);
    void release(int slot);
    Result<platform::HostNode> create(u32 grant, std::string_view path, u32 mode, std::string_view target);
    Result<void> link(u32 grant, std::string_view from, std::string_view to);
    Result<void> remove(u32 grant, std::string_view path, bool directory);
    Result<void> rename(u32 grant, std::string_view from, std::string_view to, u32 flags);
    Result<void> set_attributes(u32 grant, std::string_view path,
                                const platform::HostAttributeChange& change);
    Result<usize> write(int slot, const u8* from, usize length, u64 offset);
    Result<void> truncate(int slot, u64 size);
    Result<void> allocate(int slot, int mode, u64 offset, u64 length);
    Result<u64> seek(int slot, u64 offset, bool hole);
    Result<void> lock(int slot, int type, u64 start, u64 length);
    Result<std::string> get_extended(u32 grant, std::string_view path, std::string_view name);
    Result<std::string> list_extended(u32 grant, std::string_view path);
    Result<void> set_extended(u32 grant, std::string_view path, std::string_view name, std::string_view value,
                              int flags);
    Result<void> remove_extended(u32 grant, std::string_view path, std::string_view name);
    const platform::HostWatchWords& watch(u32 id) { return watches_[id % platform::host_watch_limit]; }

    /// For mappings: the page at `index` of the file behind a slot; null beyond its end.
    HostFileRef file_of(int slot);
    std::shared_ptr<Page> page_of(HostFile& file, u64 index);

  private:
    struct Grant {
        HostFileRef root;
        bool writable;
    };
    struct Slot {
        HostFileRef file;
        bool writable;
    };
    HostFileRef make(u32 mode);
    HostFileRef walk(std::string_view path, bool make_directories);
    void insert(HostFile& directory, const HostFileRef& parent, std::string_view name, HostFileRef file);
    void erase(HostFile& directory, const HostFileRef& parent, const std::string& name);
    void announce(HostFile& file);  // of it, or of the directories it is in
    void touch(HostFile& file);
    void resize(HostFile& file, u64 size);
    void store(HostFile& file, u64 offset, const u8* from, usize length);
    Result<HostFileRef> resolve(u32 grant, std::string_view path);
    Result<HostFileRef> resolve_directory(u32 grant, std::string_view path, platform::HostIdentity expected);
    struct Place {
        HostFileRef directory;
        std::string name;
    };
    Result<Place> resolve_parent(u32 grant, std::string_view path, bool for_change);
    Result<Slot*> slot_at(int slot, bool for_writing);
    int take_slot(const HostFileRef& file, bool writable);
    platform::HostNode node_of(const HostFileRef& file, u32 want, bool writable_grant);
    platform::HostAttributes attributes_of(const HostFile& file) const;

    std::recursive_mutex mutex_;
    HostFileRef root_;
    std::vector<Grant> grants_;
    std::vector<Slot> slots_;
    usize slot_limit_ = 400, slots_used_ = 0;
    u64 next_inode_ = 100;
    i64 clock_ = 1700000000;
    u32 next_watch_ = 1;
    std::array<platform::HostWatchWords, platform::host_watch_limit> watches_{};
};

}  // namespace litebox::simulated
