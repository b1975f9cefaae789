// tmpfs: files in memory. Regular files are memory objects, so that mappings, read and write see the same
// pages.
#pragma once

#include "core/file/file.h"
#include "core/memory/memory_object.h"
#include "core/task/credentials.h"

namespace litebox {

class Tmpfs;

struct ExtendedAttribute {
    String name;
    Vector<u8> value;
};

/// What all kinds of inodes have. `mutex_` guards the attributes and the extended attributes.
class TmpfsInode : public Inode {
  public:
    TmpfsInode(Tmpfs& owner, u32 mode, u32 uid, u32 gid, u64 special);
    ~TmpfsInode() override;

    Result<Attributes> attributes() override;
    [[nodiscard]] u32 type() const override { return type_; }
    FileSystem& file_system() override;
    Result<void> set_attributes(const AttributeChange& change) override;
    Result<Ref<File>> open(u32 flags) override;
    Result<usize> get_attribute(string_view name, std::span<u8> value) override;
    Result<void> set_attribute(string_view name, std::span<const u8> value, int flags) override;
    Result<usize> list_attributes(std::span<char> names) override;
    Result<void> remove_attribute(string_view name) override;

    // Kept by the directories that name it.
    void add_link(i32 change);
    void touch_change();
    Result<u64> number() override { return number_; }
    [[nodiscard]] u32 links() const { return links_.load(std::memory_order_relaxed); }
    /// The overlay's mark for a removed name.
    [[nodiscard]] bool is_whiteout() const { return type_ == mode_character && special_ == 0; }
    bool linkable = false;  // without a name it may get one: O_TMPFILE without O_EXCL

  protected:
    virtual void fill(Attributes&) {}
    virtual Result<void> resize(u64) { return Errno::einval; }

    Ref<Tmpfs> owner_;
    const u32 type_;
    const u64 number_;
    Mutex mutex_{LockRank::inode};
    u32 mode_, uid_, gid_;
    u64 special_;
    std::atomic<u32> links_{0};
    Timestamp access_, modify_, change_, birth_;
    Vector<ExtendedAttribute> extended_;
};

class TmpfsRegular final : public TmpfsInode {
  public:
    TmpfsRegular(Tmpfs& owner, u32 mode, u32 uid, u32 gid, Ref<MemoryObject> object)
        : TmpfsInode(owner, mode, uid, gid, 0), object_(std::move(object)) {}
    Result<Ref<File>> open(u32 flags) override;
    MemoryObject& object() { return *object_; }
    const Ref<MemoryObject>& object_reference() { return object_; }
    void touch_read();
    /// After a write: times, and no set-uid bits for who may not keep them.
    void touch_write(bool keep_privileges);
    /// Appends: where to write `length` bytes, reserved by growing the file.
    Result<u64> reserve_append(u64 length);
    void cancel_append(u64 written_end, u64 reserved_end);

    // memfd_create(2)'s seals (F_SEAL_*).
    std::atomic<u32> seals{1};  // F_SEAL_SEAL: none may be added

  protected:
    void fill(Attributes& attributes) override;
    Result<void> resize(u64 size) override;

  private:
    [[nodiscard]] bool accessed_before_change() const;

    Ref<MemoryObject> object_;
    u32 reads_since_look_ = 0;  // at whether a day has passed
};

class TmpfsSymlink final : public TmpfsInode {
  public:
    TmpfsSymlink(Tmpfs& owner, u32 uid, u32 gid, String target)
        : TmpfsInode(owner, mode_symlink | 0777, uid, gid, 0), target_(std::move(target)) {}
    Result<String> read_link() override { return String::from(target_.view()); }

  protected:
    void fill(Attributes& attributes) override { attributes.size = target_.size(); }

  private:
    String target_;
};

class TmpfsDirectory final : public TmpfsInode {
  public:
    using TmpfsInode::TmpfsInode;
    Result<Ref<Inode>> lookup(string_view name) override;
    Result<Ref<Inode>> create(string_view name, u32 mode, u64 special, const Credentials& owner) override;
    Result<Ref<Inode>> create_symlink(string_view name, string_view target,
                                      const Credentials& owner) override;
    Result<Ref<Inode>> create_unnamed(u32 mode, const Credentials& owner, bool linkable) override;
    Result<void> link(string_view name, Inode& target) override;
    Result<void> unlink(string_view name, bool directory) override;
    Result<void> rename(string_view from, Inode& to_directory, string_view to, u32 flags) override;
    Result<void> read_directory(u64 position, DirectorySink& sink) override;
    Result<Ref<File>> open(u32 flags) override;

  protected:
    void fill(Attributes& attributes) override;

  private:
    struct Item {
        String name;
        Ref<TmpfsInode> node;  // null: removed
        u64 position = 0;
        u32 hash = 0;
    };
    static u32 hash_of(string_view name);
    Item* find(string_view name);
    Result<void> insert(string_view name, Ref<TmpfsInode> node);
    void erase(Item& item);
    Result<void> rebuild(usize capacity);
    void compact();
    void index(usize item);
    Result<Ref<TmpfsInode>> make(u32 mode, u64 special, const Credentials& owner);
    Result<void> add_new(string_view name, const Ref<TmpfsInode>& node);
    Result<void> rename_locked(string_view from, TmpfsDirectory& target, string_view to, u32 flags);
    void count_child(const TmpfsInode& node, i32 change);

    Vector<Item> items_;  // ascending positions, with gaps
    Vector<u32> index_;   // open addressing: item number + 1; empty while there are few items
    usize live_ = 0;
    u64 next_position_ = 3;  // 1 and 2 stand for "." and ".."
    bool dead_ = false;
};

class Tmpfs final : public FileSystem {
  public:
    /// `quota` bounds its pages; `root_mode`, ids of the root directory.
    static Result<Ref<Tmpfs>> create(Ref<PageQuota> quota, u32 root_mode, u32 uid, u32 gid);
    explicit Tmpfs(Ref<PageQuota> quota) : quota_(std::move(quota)) {}
    ~Tmpfs() override;

    Ref<Inode> root() override;
    Result<FileSystemStatus> status() override;
    [[nodiscard]] string_view type_name() const override { return "tmpfs"; }
    void describe_options(TextBuilder& to) override;

    const Ref<PageQuota>& quota() { return quota_; }
    /// ENOSPC beyond the limit of inodes.
    Result<void> take_inode();
    void give_inode() { inodes_.fetch_sub(1, std::memory_order_relaxed); }
    u64 next_number() { return next_number_.fetch_add(1, std::memory_order_relaxed); }
    Result<Ref<TmpfsInode>> make_regular(u32 mode, u32 uid, u32 gid);

  private:
    friend class TmpfsInode;
    Ref<PageQuota> quota_;
    TmpfsDirectory* root_ = nullptr;  // counted
    std::atomic<u64> inodes_{0};
    std::atomic<u64> next_number_{1};
};

/// A regular file of memory that has no name in the tree: memfd_create, shared memory. `name` is what /proc
/// shows.
Result<Ref<File>> create_memory_file(string_view name, u32 mode, bool allow_sealing);
/// F_ADD_SEALS and F_GET_SEALS: EINVAL on other files.
Result<void> add_seals(File& file, u32 seals);
Result<u32> get_seals(File& file);

}  // namespace litebox
