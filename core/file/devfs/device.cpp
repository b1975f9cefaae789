// null, zero, full, random and urandom, and vsock.
#include "core/file/devfs/device.h"

#include "core/file/file_systems.h"
#include "core/file/tmpfs/tmpfs.h"
#include "core/kernel.h"
#include "core/net/address.h"
#include "platform/platform.h"
#include "platform/vsock_device.h"

namespace litebox {

namespace {

enum class Memory : u32 { null = 3, zero = 5, full = 7, random = 8, urandom = 9 };

class MemoryDevice final : public File {
  public:
    MemoryDevice(Inode& node, Memory kind, u32 flags) : File(flags), node_(&node), kind_(kind) {}
    Result<usize> read(IoCursor& to, u64& position) override;
    Result<usize> write(IoCursor& from, u64& position) override;
    [[nodiscard]] bool seekable() const override { return true; }
    Result<u64> seek(i64, int) override { return u64{0}; }
    Result<u64> ioctl(u32 command, u64 argument) override;
    Result<MappingSource> map(u64 offset, u64 length, bool shared) override;
    Result<void> sync() override { return Errno::einval; }
    Ref<Inode> inode() override { return node_; }

  private:
    Result<usize> read_random(IoCursor& to);

    Ref<Inode> node_;
    Memory kind_;
};

Result<usize> MemoryDevice::read_random(IoCursor& to) {
    usize total = 0;
    while (to.remaining() > 0) {
        u8 bytes[256];
        usize length = min<usize>(sizeof(bytes), to.remaining());
        platform::fill_entropy({bytes, length});
        auto put = to.put(bytes, length);
        if (!put.ok()) {
            if (total > 0) return total;
            return put.error();
        }
        total += put.value();
        if (put.value() < length) break;
    }
    return total;
}

Result<usize> MemoryDevice::read(IoCursor& to, u64&) {
    switch (kind_) {
        case Memory::null:
            return usize{0};
        case Memory::zero:
        case Memory::full:
            return to.remaining() == 0 ? Result<usize>(usize{0}) : to.put_zeros(to.remaining());
        default:
            return read_random(to);
    }
}

Result<usize> MemoryDevice::write(IoCursor& from, u64&) {
    usize length = from.remaining();
    if (kind_ == Memory::full) return Errno::enospc;
    if (kind_ == Memory::random || kind_ == Memory::urandom) {
        // Stirring in what a guest writes would change nothing; but a bad address is told.
        u8 bytes[256];
        usize total = 0;
        while (from.remaining() > 0) {
            auto took = from.take(bytes, min<usize>(sizeof(bytes), from.remaining()));
            if (!took.ok()) return total > 0 ? Result<usize>(total) : took.error();
            total += took.value();
        }
        return total;
    }
    from.advance(length);
    return length;
}

Result<u64> MemoryDevice::ioctl(u32 command, u64 argument) {
    constexpr u32 entropy_count = 0x80045200;  // RNDGETENTCNT
    if ((kind_ == Memory::random || kind_ == Memory::urandom) && command == entropy_count) {
        TRY(UserPtr<i32>(argument).write(256));
        return u64{0};
    }
    return Errno::enotty;
}

Result<MappingSource> MemoryDevice::map(u64, u64 length, bool shared) {
    if (kind_ != Memory::zero) return Errno::enodev;
    MappingSource source;
    if (shared) {
        source.kind = MappingSource::Kind::object;
        source.object = TRY(MemoryObject::create(Ref<PageQuota>(kernel().memory_quota)));
        TRY(source.object->resize(page_up(length)));
    }
    source.file = Ref<File>(this);
    return source;
}

Result<Ref<File>> open_memory_device(Inode& node, u64 device, u32 flags) {
    auto kind = static_cast<Memory>(device_minor(device));
    switch (kind) {
        case Memory::null:
        case Memory::zero:
        case Memory::full:
        case Memory::random:
        case Memory::urandom:
            return Ref<File>(TRY(make_ref<MemoryDevice>(node, kind, flags)));
    }
    return Errno::enxio;
}

constexpr u32 miscellaneous = 10, vsock_minor = 126;

/// Tells this machine's context identifier.
class VsockControl final : public File {
  public:
    VsockControl(Inode& node, u32 flags) : File(flags), node_(&node) {}
    Result<u64> ioctl(u32 command, u64 argument) override {
        constexpr u32 get_local_context = 0x7b9;  // IOCTL_VM_SOCKETS_GET_LOCAL_CID
        if (command != get_local_context) return Errno::enotty;
        u64 own = platform::vsock_address().value_or(VsockAddress::any);
        TRY(UserPtr<u32>(argument).write(static_cast<u32>(own)));
        return u64{0};
    }
    Ref<Inode> inode() override { return node_; }

  private:
    Ref<Inode> node_;
};

Result<Ref<File>> open_miscellaneous(Inode& node, u64 device, u32 flags) {
    if (device_minor(device) != vsock_minor) return Errno::enxio;
    return Ref<File>(TRY(make_ref<VsockControl>(node, flags)));
}

struct Node {
    string_view name;
    u32 major, minor, mode;
};
constexpr Node nodes[] = {
    {"null", 1, 3, 0666},    {"zero", 1, 5, 0666}, {"full", 1, 7, 0666},    {"random", 1, 8, 0666},
    {"urandom", 1, 9, 0666}, {"tty", 5, 0, 0666},  {"console", 5, 1, 0600},
};
struct Link {
    string_view name, target;
};
constexpr Link links[] = {{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
                          {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
                          {"ptmx", "pts/ptmx"},          {"core", "/proc/kcore"}};

}  // namespace

Result<Ref<File>> open_device(Inode& node, u32 type, u64 device, u32 flags) {
    if (type != mode_character) return Errno::enxio;
    auto open = kernel().files->devices->find(device_major(device));
    if (open == nullptr) return Errno::enxio;
    return open(node, device, flags);
}

Result<Ref<FileSystem>> make_device_file_system(u32) {
    FileSystems& files = *kernel().files;
    files.devices = TRY(make_own<DeviceTable>()).release();
    files.devices->register_major(1, open_memory_device);
    files.devices->register_major(miscellaneous, open_miscellaneous);
    Ref<PageQuota> quota = TRY(make_ref<PageQuota>(u64{1024}));
    Ref<Tmpfs> tmpfs = TRY(Tmpfs::create(std::move(quota), 0755, 0, 0));
    Ref<Credentials> root = TRY(make_ref<Credentials>());
    Ref<Inode> top = tmpfs->root();
    for (const Node& node : nodes)
        TRY(top->create(node.name, mode_character | node.mode, device_number(node.major, node.minor), *root));
    if (platform::vsock_address().ok())
        TRY(top->create("vsock"sv, mode_character | 0666, device_number(miscellaneous, vsock_minor), *root));
    for (const Link& link : links) TRY(top->create_symlink(link.name, link.target, *root));
    for (string_view name : {"pts"sv, "shm"sv, "mqueue"sv})
        TRY(top->create(name, mode_directory | 0755, 0, *root));
    return Ref<FileSystem>(std::move(tmpfs));
}

}  // namespace litebox
