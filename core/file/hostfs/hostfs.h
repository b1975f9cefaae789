// hostfs: directories of the host that the invoker granted.
//
// What the host said is cached in inodes. A watch on a directory tells when that stops holding: it has words
// that every announced change counts up, and everything cached remembers the word it was asked under (its
// cover). There are two: one for names, one for attributes, so that writing to a file does not make its
// directory's names uncertain. Without a watch the host is asked at every use, and files with several names
// are, since changes through another directory are announced there. Contents are never cached here: they are
// read by pread64 from, and mapped from, the host's own page cache.
//
// Requests cost, so a request brings more than it was made for: a listing brings names, the first looks at
// them their neighbours', twice as many each time, first opens their neighbours' descriptors; beneath
// directories that are walked through like that, one request brings all of a directory.
#pragma once

#include "core/base/list.h"
#include "core/file/file.h"
#include "core/file/hostfs/listing.h"
#include "platform/host_files.h"

namespace litebox {

class HostInode;
class HostFileSystem;

/// An inode's place among the slots kept for the next open.
struct KeptSlot {
    ListNode node;
    HostInode* inode;
};

/// All that grants share; kernel().files->host.
class HostFiles : Pinned {
  public:
    /// The slot that the inode has, now in use; no_host_slot: it has none.
    int use_slot(HostInode& inode, bool writable);
    /// Gives the inode a slot, in use or (`users` 0) kept for the next open; the one to release if it had one
    /// already.
    int give_slot(HostInode& inode, int slot, bool writable, u32 users);
    /// Keeps the slot for writing that the inode's creation brought, for the open that follows.
    int keep_created(HostInode& inode, int slot);
    void end_use(HostInode& inode, bool writable);
    /// The inode ends.
    void drop_slots(HostInode& inode);
    /// Gives some unused slots back to the host; false: there were none.
    bool give_up_slots(u32 count);
    /// want_watch, once watches pay: the end of a run waits until the kernel has taken them down, so a short
    /// run goes without. Counts one more look at the host.
    u32 watch_wanted() {
        return looks_.fetch_add(1, std::memory_order_relaxed) < looks_without ? 0u
                                                                              : u32{platform::want_watch};
    }
    [[nodiscard]] bool watches() const { return looks_.load(std::memory_order_relaxed) >= looks_without; }
    /// Whether a look-up should bring a slot with it.
    [[nodiscard]] bool wants_slots() const {
        return kept_count_.load(std::memory_order_relaxed) < kept_limit;
    }

  private:
    static constexpr u32 kept_limit = 3072, looks_without = 10;
    std::atomic<u32> looks_{0};
    Mutex mutex_{LockRank::cache};
    void append_kept(HostInode& inode);
    bool remove_kept(HostInode& inode);
    ListNode kept_{&kept_, &kept_};  // KeptSlot::node, oldest first
    std::atomic<u32> kept_count_{0};
};

class HostInode final : public Inode {
  public:
    HostInode(HostFileSystem& owner, Ref<HostInode> parent, String name,
              const platform::HostAttributes& attributes);
    ~HostInode() override;

    Result<Attributes> attributes() override;
    [[nodiscard]] u32 type() const override { return type_; }
    Result<u64> number() override { return number_; }
    FileSystem& file_system() override;
    Result<void> set_attributes(const AttributeChange& change) override;
    [[nodiscard]] EntryCaching caching() const override { return EntryCaching::check; }
    bool child_valid(string_view name, Inode* child) override;
    NameCover name_cover() override;
    Result<Ref<Inode>> lookup(string_view name) override;
    Result<Ref<Inode>> create(string_view name, u32 mode, u64 special, const Credentials& owner) override;
    Result<Ref<Inode>> create_symlink(string_view name, string_view target,
                                      const Credentials& owner) override;
    Result<void> link(string_view name, Inode& target) override;
    Result<void> unlink(string_view name, bool directory) override;
    Result<void> rename(string_view from, Inode& to_directory, string_view to, u32 flags) override;
    Result<void> read_directory(u64 position, DirectorySink& sink) override;
    Result<String> read_link() override;
    Result<Ref<File>> open(u32 flags) override;
    Result<usize> get_attribute(string_view name, std::span<u8> value) override;
    Result<void> set_attribute(string_view name, std::span<const u8> value, int flags) override;
    Result<usize> list_attributes(std::span<char> names) override;
    Result<void> remove_attribute(string_view name) override;

    [[nodiscard]] bool locks_outside() const override;
    Result<void> lock_outside(u32 type, u64 start, u64 end) override;

    /// A slot for reading (or for both) that stays until release_slot. ENFILE when there is none.
    Result<int> acquire_slot(bool writable);
    void release_slot(bool writable);
    /// What was cached about attributes no longer holds (our own write).
    void forget_attributes();
    [[nodiscard]] bool same_file(const platform::HostAttributes& other) const {
        return other.device == device_ && other.inode == number_ && other.birth.seconds == birth_.seconds &&
               other.birth.nanoseconds == birth_.nanoseconds;
    }
    [[nodiscard]] bool known_fresh();
    /// The name under which it was found now.
    void relocate(Ref<HostInode> parent, string_view name);
    [[nodiscard]] HostFileSystem& owner() { return *owner_; }

  private:
    friend class HostFiles;
    friend class HostFileSystem;
    struct Child {  // brought by a listing, not looked up yet
        String name;
        platform::HostNode node;
    };
    /// How long what is asked of a directory from now on will hold; nothing without a watch.
    struct Covers {
        NameCover names, attributes;
    };
    Result<String> path();
    Result<String> path_to(string_view name);
    Result<Ref<HostInode>> adopt(string_view name, const platform::HostNode& node, NameCover cover);
    /// What a look at this file, under `cover` of its directory, told.
    void learn(const platform::HostNode& node, NameCover cover);
    void learn_target(string_view target);
    Covers covers();
    /// Asks the host about this file again.
    Result<void> refresh();
    void names_changed();
    [[nodiscard]] platform::HostIdentity identity() const { return {device_, number_}; }

    // Listings (listing.h), of directories.
    Result<Ref<HostInode>> look_in_listing(string_view name, bool* decided);
    Result<Ref<HostListing>> listing_from(u64 position, usize* index);
    Result<Ref<HostListing>> ask_for_listing(u64 position, Ref<HostListing> before);
    bool bring_ahead(Ref<HostListing> listing, usize index, bool slots);
    bool ask_for_nodes(HostListing& listing, string_view names, std::span<const u32> indices, u32 want,
                       u32 attributes);
    void note_walk();
    bool below_walked();
    /// The slot that a listing brought or brings for a child, with the names behind it; no_host_slot: none.
    int listed_slot(string_view name, const platform::HostIdentity& identity);
    void drop_listing();
    void keep_brought_slot(int slot);
    int slot_from_parent();
    Result<void> set_size(u64 size);
    int take_into_use(int slot, bool writable);

    Ref<HostFileSystem> owner_;
    const u32 type_;
    const u64 device_, number_;
    const platform::HostTime birth_;  // numbers are used again
    Mutex mutex_{LockRank::inode};
    Ref<HostInode> parent_;  // null for the grant's root
    String name_;
    platform::HostAttributes known_;
    NameCover cover_;            // of known_
    NameCover no_lists_;         // of its having no access list
    platform::HostWatch watch_;  // directories
    std::atomic<bool> unwatchable_{false};
    String target_;  // symbolic links: where it leads, once asked
    // Slots. The users' counts and the slots change under HostFiles' mutex.
    int slot_ = platform::no_host_slot, write_slot_ = platform::no_host_slot;
    u32 slot_users_ = 0, write_users_ = 0;
    KeptSlot kept_{{}, this};
    Ref<HostListing> listing_;               // what is known of the names, complete or from the beginning
    u32 nodes_ahead_ = 1, slots_ahead_ = 1;  // how many the next request brings
    std::atomic<bool> walked_{false};        // a listing brings everything
    bool shared_ = false;                    // in HostFileSystem::linked_
};

class HostFileSystem final : public FileSystem {
  public:
    /// `root` is what is known of the grant's root; the host is asked when it is first used.
    static Result<Ref<HostFileSystem>> create(u32 grant, bool writable, const platform::HostAttributes& root);
    HostFileSystem(u32 grant, bool writable) : grant_(grant), writable_(writable) {}
    Ref<Inode> root() override { return Ref<Inode>(root_); }
    Result<FileSystemStatus> status() override;
    [[nodiscard]] string_view type_name() const override { return "hostfs"; }
    [[nodiscard]] u32 grant() const { return grant_; }
    [[nodiscard]] bool writable() const { return writable_; }

    /// The inode object for a file; files with several names share one while it lives.
    Result<Ref<HostInode>> inode_for(HostInode* parent, string_view name,
                                     const platform::HostAttributes& attributes);
    void forget(HostInode& inode);

  private:
    u32 grant_;
    bool writable_;
    Ref<HostInode> root_;
    Mutex mutex_{LockRank::cache};
    Vector<HostInode*> linked_;
};

}  // namespace litebox
