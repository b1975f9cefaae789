// Where the virtio devices are: the kernel's command line says so, as QEMU, Firecracker and cloud-hypervisor
// write it, else the places where QEMU's microvm machine has them are looked at.
#pragma once

#include <span>
#include <string_view>

#include "core/base/result.h"

namespace litebox::vm {

/// The words of a kernel command line, one after the other. Quotation marks around a word, or around what
/// stands behind its "=", keep its spaces.
class CommandLine {
  public:
    struct Word {
        std::string_view name, value;  // the text up to the first "=", and behind it
        std::string_view text;         // all of it
    };
    explicit CommandLine(std::string_view text) : rest_(text) {}
    bool next(Word& word);

  private:
    std::string_view rest_;
};

struct DeviceWindow {
    u64 address;
    u64 length;
    u32 line;  // of its interrupt
};

inline constexpr std::string_view device_word = "virtio_mmio.device";
inline constexpr usize most_windows = 24;

/// "SIZE@ADDRESS:LINE" or "SIZE@ADDRESS:LINE:ID", numbers as strtoull(3) takes them with base 0, the size
/// with K, M or G behind it. EINVAL: not that, or no place for a device.
Result<DeviceWindow> parse_window(std::string_view value);

/// All windows that the command line names, in its order: how many. EINVAL for a word that is none, E2BIG for
/// too many.
Result<usize> find_windows(std::string_view command_line, std::span<DeviceWindow, most_windows> to);

/// Where QEMU's microvm machine keeps its devices when nothing tells: 8 places, or 24 with ACPI.
DeviceWindow microvm_window(usize index, bool many);
inline constexpr usize microvm_few = 8;

}  // namespace litebox::vm
