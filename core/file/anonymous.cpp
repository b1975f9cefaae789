#include "core/file/anonymous.h"

#include "core/file/file.h"

namespace litebox {

namespace {

class AnonymousFileSystem final : public FileSystem {
  public:
    Ref<Inode> root() override;
    Result<FileSystemStatus> status() override {
        FileSystemStatus status;
        status.type = 0x09041934;  // ANON_INODE_FS_MAGIC
        return status;
    }
    [[nodiscard]] string_view type_name() const override { return "anon_inodefs"; }
};

class AnonymousRoot final : public Inode {
  public:
    explicit AnonymousRoot(AnonymousFileSystem& owner) : owner_(&owner) {}
    Result<Attributes> attributes() override {
        Attributes result;
        result.inode = 1;
        result.device = owner_->device();
        result.mode = mode_directory | 0755;
        result.links = 2;
        return result;
    }
    [[nodiscard]] u32 type() const override { return mode_directory; }
    FileSystem& file_system() override { return *owner_; }
    Result<Ref<File>> open(u32) override { return Errno::enxio; }

  private:
    Ref<AnonymousFileSystem> owner_;
};

Ref<Inode> AnonymousFileSystem::root() {
    auto made = make_ref<AnonymousRoot>(*this);
    return made.ok() ? Ref<Inode>(std::move(made).value()) : Ref<Inode>();
}

}  // namespace

Result<Ref<FileSystem>> make_anonymous_file_system() {
    return Ref<FileSystem>(TRY(make_ref<AnonymousFileSystem>()));
}

}  // namespace litebox
