// The tree of mounts that a sandbox starts with.
#include "core/file/change.h"
#include "core/file/devfs/device.h"
#include "core/file/file_systems.h"
#include "core/file/hostfs/host_file.h"
#include "core/file/imagefs/image.h"
#include "core/file/overlay/overlay.h"
#include "core/file/procfs/procfs.h"
#include "core/file/tmpfs/tmpfs.h"
#include "core/kernel.h"
#include "core/memory/scratch_disk.h"

namespace litebox {

namespace {

using platform::BootParameters;
using platform::GrantParameters;

constexpr u32 safe = mount_no_setuid | mount_no_devices;

/// One mount to be made. Shorter paths first, so that what lies beneath comes later.
struct Plan {
    string_view path;
    enum class Kind : u8 { grant, temporary, home, shared_memory, devices, processes, system } kind;
    const GrantParameters* grant = nullptr;
};

class Boot : Pinned {
  public:
    explicit Boot(const BootParameters& parameters) : parameters_(parameters) {}
    Result<BootPlaces> run();

  private:
    Result<void> begin();
    Result<void> plan();
    Result<void> plan_one(string_view path, Plan::Kind kind, const GrantParameters* grant = nullptr);
    Result<void> mount_root();
    Result<void> mount_one(const Plan& plan);
    Result<void> make_link(const GrantParameters& grant);
    Result<Ref<FileSystem>> make(const Plan& plan, u32* flags);
    Result<Ref<FileSystem>> make_grant(const GrantParameters& grant);
    Result<Ref<FileSystem>> make_image();
    Result<void> name_this_host(Tmpfs& etc);
    Result<Ref<FileSystem>> make_temporary(u32 mode, bool own, u64 size = 0);
    Result<Path> place(string_view path, bool create, u32 type = mode_directory);
    [[nodiscard]] bool granted(string_view path) const;

    const BootParameters& parameters_;
    Vector<Plan> plans_;
    Ref<PageQuota> quota_;
    Ref<Credentials> root_;
};

Result<void> Boot::begin() {
    TRY(FileSystems::create());
    FileSystems& files = *kernel().files;
    files.host = TRY(make_own<HostFiles>()).release();
    if (parameters_.scratch) {
        auto scratch = ScratchDisk::create(max<u64>(kernel().memory_quota->limit() / 4, 64));
        if (!scratch.ok()) {
            platform::report("there is no block device that can be written, for scratch"sv);
            return scratch.error();
        }
        files.scratch = scratch.value().release();
    }
    root_ = TRY(make_ref<Credentials>());
    root_->effective = root_->permitted = all_capabilities;
    u64 pages = max<u64>(parameters_.temporary_limit / page_size, 256);
    quota_ = TRY(make_ref<PageQuota>(pages));
    Ref<Tmpfs> memory = TRY(Tmpfs::create(quota_, 0700, 0, 0));
    files.memory_mount = TRY(files.mount_internal(std::move(memory), "tmpfs"));
    return {};
}

Result<Ref<FileSystem>> Boot::make_temporary(u32 mode, bool own, u64 size) {
    Ref<PageQuota> quota = size == 0 ? quota_ : TRY(make_ref<PageQuota>(max<u64>(size / page_size, 1)));
    u32 uid = own ? parameters_.uid : 0, gid = own ? parameters_.gid : 0;
    return Ref<FileSystem>(TRY(Tmpfs::create(std::move(quota), mode, uid, gid)));
}

/// The sandbox's own name means its loopback, as in any container: the host's table does not know it.
Result<void> Boot::name_this_host(Tmpfs& etc) {
    TextBuilder table;
    table.text("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t"sv);
    table.text(parameters_.host_name).character('\n');
    Ref<Inode> inode = TRY(etc.root()->create("hosts"sv, mode_regular | 0644u, 0, *root_));
    IoCursor from = IoCursor::kernel(table.view().data(), table.view().size());
    TRY(static_cast<TmpfsRegular&>(*inode).object().write(from, 0));
    return {};
}

Result<Ref<FileSystem>> Boot::make_grant(const GrantParameters& grant) {
    bool writable = grant.kind == GrantParameters::Kind::read_write;
    Ref<HostFileSystem> host = TRY(HostFileSystem::create(grant.grant, writable, grant.attributes));
    Ref<Inode> root = host->root();
    if (writable || root->type() != mode_directory) return Ref<FileSystem>(std::move(host));
    Ref<Tmpfs> memory = TRY(Tmpfs::create(quota_, 0755, 0, 0));
    if (grant.system && grant.guest_path == "/etc") TRY(name_this_host(*memory));
    Ref<OverlayFileSystem> overlay =
        TRY(OverlayFileSystem::create(memory->root(), std::move(root), attributes_from(grant.attributes, 0)));
    if (grant.guest_path == parameters_.working_directory) kernel().files->working_overlay = overlay.get();
    return Ref<FileSystem>(std::move(overlay));
}

string_view reason_of_refusal(Errno error) {
    switch (error) {
        case Errno::enodev:
            return "there is no block device; give the machine one with the image"sv;
        case Errno::einval:
            return "the first block device holds no EROFS image, or the root hash is not one of SHA-256"sv;
        case Errno::eopnotsupp:
            return "it needs what is not read here, compression for example; make it with `litebox image build`"sv;
        case Errno::euclean:
            return "it is damaged or cut off, or has no hash tree of its length behind it; make it again"sv;
        case Errno::eio:
            return "it cannot be read, or is not the image that the root hash was given for"sv;
        default:
            return "there is not enough memory"sv;
    }
}

// What is written goes to memory.
Result<Ref<FileSystem>> Boot::make_image() {
    auto image = ImageFileSystem::create(0, parameters_.root_hash);
    if (!image.ok()) {
        TextBuilder line;
        line.text("the root image cannot be used: "sv).text(reason_of_refusal(image.error()));
        platform::report(line.view());
        return image.error();
    }
    kernel().files->image = image.value().get();
    Ref<Inode> root = image.value()->root();
    Attributes attributes = TRY(root->attributes());
    Ref<Tmpfs> memory = TRY(Tmpfs::create(quota_, 0755, 0, 0));
    return Ref<FileSystem>(TRY(OverlayFileSystem::create(memory->root(), std::move(root), attributes)));
}

bool Boot::granted(string_view path) const {
    for (const GrantParameters& grant : parameters_.grants)
        if (grant.guest_path == path) return true;
    return false;
}

Result<void> Boot::mount_root() {
    FileSystems& files = *kernel().files;
    if (parameters_.root_image) {
        TRY(files.mount(TRY(make_image()), Path(), safe, "root"));
        return {};
    }
    for (const GrantParameters& grant : parameters_.grants) {
        if (grant.guest_path != "/") continue;
        Ref<FileSystem> root = grant.kind == GrantParameters::Kind::temporary
                                   ? TRY(make_temporary(0755, false, grant.size))
                                   : TRY(make_grant(grant));
        TRY(files.mount(std::move(root), Path(), safe, "root"));
        return {};
    }
    TRY(files.mount(TRY(make_temporary(0755, false)), Path(), safe, "tmpfs"));
    return {};
}

// Walks an absolute path without links, making what is missing. Follows mounts.
Result<Path> Boot::place(string_view path, bool create, u32 type) {
    FileSystems& files = *kernel().files;
    Path at(Ref<Mount>(files.root_mount), files.root_mount->root);
    while (!path.empty()) {
        usize end = path.find('/');
        string_view name = path.substr(0, end);
        path = end == string_view::npos ? string_view() : path.substr(end + 1);
        if (name.empty() || name == ".") continue;
        if (!at.entry()->directory()) return Errno::enotdir;
        Ref<Entry> child = TRY(files.entries.look_up(*at.entry(), name));
        if (child->negative()) {
            if (!create) return Errno::enoent;
            u32 kind = path.empty() ? type : u32{mode_directory};
            Inode& directory = *at.entry()->inode();
            at = TRY(create_name(at, name, [&] {
                return directory.create(name, kind | (kind == mode_directory ? 0755u : 0644u), 0, *root_);
            }));
            continue;
        }
        at = Path(Ref<Mount>(at.mount()), std::move(child));
        while (Mount* mount = files.mounted_at(at.mount(), at.entry()))
            at = Path(Ref<Mount>(mount), mount->root);
    }
    return at;
}

Result<void> Boot::plan_one(string_view path, Plan::Kind kind, const GrantParameters* grant) {
    usize at = 0;
    while (at < plans_.size() && plans_[at].path.size() <= path.size()) at++;
    TRY(plans_.push(Plan{path, kind, grant}));
    for (usize i = plans_.size() - 1; i > at; i--) std::swap(plans_[i], plans_[i - 1]);
    return {};
}

Result<void> Boot::plan() {
    using Kind = Plan::Kind;
    struct Fixed {
        string_view path;
        Kind kind;
    };
    const Fixed fixed[] = {{"/proc", Kind::processes},        {"/sys", Kind::system},
                           {"/dev", Kind::devices},           {"/tmp", Kind::temporary},
                           {"/dev/shm", Kind::shared_memory}, {"/run", Kind::temporary},
                           {"/var/tmp", Kind::temporary}};
    for (const GrantParameters& grant : parameters_.grants)
        if (grant.guest_path != "/") TRY(plan_one(grant.guest_path, Kind::grant, &grant));
    for (const Fixed& mount : fixed)
        if (!granted(mount.path)) TRY(plan_one(mount.path, mount.kind));
    string_view home = parameters_.home_directory;
    if (home.size() > 1 && home.front() == '/' && !granted(home)) TRY(plan_one(home, Kind::home));
    return {};
}

Result<Ref<FileSystem>> Boot::make(const Plan& plan, u32* flags) {
    using Kind = Plan::Kind;
    *flags = safe;
    switch (plan.kind) {
        case Kind::grant:
            if (plan.grant->kind == GrantParameters::Kind::temporary)
                return make_temporary(0755, true, plan.grant->size);
            return make_grant(*plan.grant);
        case Kind::temporary:
        case Kind::shared_memory:
            return make_temporary(01777, false);
        case Kind::home:
            return make_temporary(0755, true);
        case Kind::devices:
            *flags = mount_no_setuid;
            return make_device_file_system(5);
        case Kind::processes:
            *flags = safe | mount_no_execute;
            return make_process_file_system();
        case Kind::system:
            *flags = safe | mount_no_execute | mount_read_only;
            return make_system_file_system();
    }
    return Errno::einval;
}

Result<void> Boot::mount_one(const Plan& plan) {
    if (plan.kind == Plan::Kind::grant && !plan.grant->link.empty()) return make_link(*plan.grant);
    u32 flags;
    Ref<FileSystem> file_system = TRY(make(plan, &flags));
    Ref<Inode> root = file_system->root();
    Path where = TRY(place(plan.path, true, root->type()));
    string_view source = file_system->type_name();
    if (plan.kind == Plan::Kind::devices) source = "udev";
    if (plan.kind == Plan::Kind::processes) source = "proc";
    TRY(kernel().files->mount(std::move(file_system), where, flags, source));
    return {};
}

// A granted link (/bin, say, on merged systems) lies beside the other grants.
Result<void> Boot::make_link(const GrantParameters& grant) {
    usize name_begin = grant.guest_path.size();
    while (name_begin > 0 && grant.guest_path[name_begin - 1] != '/') name_begin--;
    Path where = TRY(place(grant.guest_path.substr(0, name_begin), true));
    Inode& directory = *where.entry()->inode();
    string_view name = grant.guest_path.substr(name_begin);
    TRY(create_name(where, name, [&] { return directory.create_symlink(name, grant.link, *root_); }));
    return {};
}

Result<BootPlaces> Boot::run() {
    TRY(begin());
    TRY(mount_root());
    TRY(plan());
    for (const Plan& plan : plans_) TRY(mount_one(plan));
    BootPlaces result;
    result.root = TRY(place("/", false));
    auto working = place(parameters_.working_directory, true);
    result.working =
        working.ok() && working.value().entry()->directory() ? std::move(working).value() : result.root;
    return result;
}

}  // namespace

Result<BootPlaces> mount_default_view(const BootParameters& parameters) {
    Boot boot(parameters);
    return boot.run();
}

u64 vanishing_files() {
    OverlayFileSystem* overlay = kernel().files->working_overlay;
    return overlay == nullptr ? 0 : overlay->changed_files();
}

}  // namespace litebox
