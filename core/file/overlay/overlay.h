// The overlay: a writable tree in memory over a directory that is not written. What is changed is copied up
// first; what is removed is covered by a whiteout (a character device 0:0), a directory that hides the one
// below is opaque.
#pragma once

#include "core/file/file.h"
#include "core/task/credentials.h"

namespace litebox {

class OverlayFileSystem;

class OverlayInode final : public Inode {
  public:
    OverlayInode(OverlayFileSystem& owner, Ref<OverlayInode> parent, String name, Ref<Inode> upper,
                 Ref<Inode> lower, u64 number);
    ~OverlayInode() override;

    Result<Attributes> attributes() override;
    [[nodiscard]] u32 type() const override { return type_; }
    FileSystem& file_system() override;
    Result<void> set_attributes(const AttributeChange& change) override;
    [[nodiscard]] EntryCaching caching() const override;
    bool child_valid(string_view name, Inode* child) override;
    NameCover name_cover() override;
    Result<Ref<Inode>> lookup(string_view name) override;
    Result<Ref<Inode>> create(string_view name, u32 mode, u64 special, const Credentials& owner) override;
    Result<Ref<Inode>> create_symlink(string_view name, string_view target,
                                      const Credentials& owner) override;
    Result<Ref<Inode>> create_unnamed(u32 mode, const Credentials& owner, bool linkable) override;
    Result<void> link(string_view name, Inode& target) override;
    Result<void> unlink(string_view name, bool directory) override;
    Result<void> rename(string_view from, Inode& to_directory, string_view to, u32 flags) override;
    Result<void> read_directory(u64 position, DirectorySink& sink) override;
    Result<String> read_link() override { return real()->read_link(); }
    Result<Ref<File>> open(u32 flags) override;
    Result<usize> get_attribute(string_view name, std::span<u8> value) override;
    Result<void> set_attribute(string_view name, std::span<const u8> value, int flags) override;
    Result<usize> list_attributes(std::span<char> names) override;
    Result<void> remove_attribute(string_view name) override;

    /// The copy in memory, or null. Once there it stays.
    [[nodiscard]] Inode* upper() const { return upper_.load(std::memory_order_acquire); }
    [[nodiscard]] Inode* lower() const { return lower_.get(); }
    /// Makes the copy in memory. `with_contents` false: the caller is about to empty the file.
    Result<void> copy_up(bool with_contents = true);

  private:
    [[nodiscard]] Inode* real() const { return upper() != nullptr ? upper() : lower(); }
    Result<void> copy_up_one(bool with_contents);
    Result<Ref<Inode>> make_copy(Inode& directory, const Attributes& from, bool with_contents);
    Result<void> finish_copy(Inode& copy, const Attributes& from);
    Result<Ref<Inode>> wrap(string_view name, Ref<Inode> upper, Ref<Inode> lower);
    Result<Ref<Inode>> upper_child(string_view name, bool* whiteout);
    bool lower_has(string_view name);
    Result<bool> clear_place(string_view name);
    Result<void> after_create(Inode& made, bool hides_lower);
    Result<void> check_rename_part(string_view name, Ref<OverlayInode>* child);
    void count(u32 type, i64 change);

    Ref<OverlayFileSystem> owner_;
    const u32 type_;
    const u64 number_;
    Ref<OverlayInode> parent_;  // only used while there is no upper
    String name_;
    std::atomic<Inode*> upper_;  // counted
    Ref<Inode> lower_;
};

class OverlayFileSystem final : public FileSystem {
  public:
    /// `upper` is an empty directory of memory; `lower` what shows through; `attributes` are the root's.
    static Result<Ref<OverlayFileSystem>> create(Ref<Inode> upper, Ref<Inode> lower,
                                                 const Attributes& attributes);
    Ref<Inode> root() override { return Ref<Inode>(root_); }
    Result<FileSystemStatus> status() override;
    [[nodiscard]] string_view type_name() const override { return "overlay"; }

    /// Files with a name in memory that the host does not have so.
    [[nodiscard]] u64 changed_files() const {
        i64 count = changed_.load();
        return count > 0 ? static_cast<u64>(count) : 0;
    }

  private:
    friend class OverlayInode;
    Ref<OverlayInode> root_;
    std::atomic<i64> changed_{0};
};

/// Wraps an open file of the upper or lower file system.
Result<Ref<File>> open_overlay_file(OverlayInode& inode, u32 flags);

}  // namespace litebox
