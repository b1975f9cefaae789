// Character devices: what opens when a device node is opened, in any file system.
#pragma once

#include "core/file/file.h"

namespace litebox {

class Tmpfs;
struct Credentials;

/// makedev: major and minor as st_rdev has them.
constexpr u64 device_number(u32 major, u32 minor) {
    return (minor & 0xff) | u64{major & 0xfff} << 8 | u64{minor & ~0xffu} << 12;
}
constexpr u32 device_major(u64 device) {
    return static_cast<u32>(device >> 8 & 0xfff);
}
constexpr u32 device_minor(u64 device) {
    return static_cast<u32>((device & 0xff) | (device >> 12 & 0xffffff00));
}

/// Drivers by major number that other rooms bring: the terminal room registers 4, 5 and 136 to 143.
class DeviceTable : Pinned {
  public:
    using Open = Result<Ref<File>> (*)(Inode& node, u64 device, u32 flags);
    void register_major(u32 major, Open open) { majors_[major % count] = open; }
    [[nodiscard]] Open find(u32 major) const { return major < count ? majors_[major].load() : nullptr; }

  private:
    static constexpr u32 count = 256;
    std::atomic<Open> majors_[count] = {};
};

/// ENXIO for devices that are not there. `type` is mode_character or mode_block.
Result<Ref<File>> open_device(Inode& node, u32 type, u64 device, u32 flags);

/// Makes the nodes of /dev in a fresh tmpfs and the device table in kernel().files.
Result<Ref<FileSystem>> make_device_file_system(u32 terminal_group);

/// The invoker's stream 0, 1 or 2, as a file; the terminal room takes over where the stream is a terminal.
Result<Ref<File>> open_stream(int stream);

}  // namespace litebox
