#include "platform/vm/boot/boot_info.h"

#include "core/base/string.h"

namespace litebox::vm {

namespace {

constexpr u64 reachable = u64{1} << 32;
constexpr u64 low_memory = u64{1} << 20;
constexpr u64 highest_address = u64{1} << 46;  // that any processor of today has
constexpr u32 ram_type = 1;

struct StartInfo {
    u32 magic, version, flags, module_count;
    u64 modules, command_line, rsdp;
    u64 memory_map;  // version 1 on
    u32 memory_map_count, reserved;
};
struct ModuleEntry {
    u64 address, size, command_line, reserved;
};
struct MemoryMapEntry {
    u64 address, size;
    u32 type, reserved;
};

/// A structure at a physical address, copied.
template <typename T>
bool read_at(const BootMemory& memory, u64 address, T& to) {
    if (address == 0 || address > reachable - sizeof(T)) return false;
    __builtin_memcpy(&to, memory.base + address, sizeof(T));
    return true;
}

Result<void> read_memory_map(const StartInfo& start, const BootMemory& memory, BootInfo& info,
                             std::string_view& problem) {
    problem = "the loader's memory map is not valid";
    for (u32 i = 0; i < start.memory_map_count; i++) {
        MemoryMapEntry entry;
        u64 end = 0;
        if (!read_at(memory, start.memory_map + u64{i} * sizeof(entry), entry)) return Errno::einval;
        if (entry.type != ram_type) continue;
        if (!checked_add(entry.address, entry.size, &end) || end > highest_address) return Errno::einval;
        if (!info.ram.add({page_up(entry.address), page_down(end)})) return Errno::einval;
    }
    info.usable = info.ram;
    if (!info.usable.cut({0, low_memory}) || !info.usable.cut(memory.image) ||
        !info.usable.cut({page_down(info.module.begin), page_up(info.module.end)}))
        return Errno::einval;
    problem = "the loader's memory map has no memory";
    if (info.usable.all().empty()) return Errno::einval;
    return {};
}

bool read_command_line(const StartInfo& start, const BootMemory& memory, BootInfo& info) {
    if (start.command_line == 0) return true;
    for (usize i = 0; i < BootInfo::longest_command_line; i++) {
        u64 address = start.command_line + i;
        if (address >= reachable) return false;
        char byte = static_cast<char>(memory.base[address]);
        if (byte == 0) {
            info.command_line_length = i;
            return true;
        }
        info.command_line_bytes[i] = byte;
    }
    return false;
}

bool read_module(const StartInfo& start, const BootMemory& memory, BootInfo& info) {
    if (start.module_count == 0) return true;
    ModuleEntry module;
    u64 end = 0;
    if (!read_at(memory, start.modules, module)) return false;
    if (!checked_add(module.address, module.size, &end) || end > reachable || module.address < low_memory)
        return false;
    info.module = {module.address, end};
    return true;
}

}  // namespace

bool RangeList::add(PhysicalRange range) {
    if (range.begin >= range.end) return true;
    if (count_ == most_ranges_) return false;
    usize at = count_;
    while (at > 0 && ranges_[at - 1].begin > range.begin) at--;
    if (at > 0 && ranges_[at - 1].end > range.begin) return false;
    if (at < count_ && ranges_[at].begin < range.end) return false;
    for (usize i = count_++; i > at; i--) ranges_[i] = ranges_[i - 1];
    ranges_[at] = range;
    return true;
}

bool RangeList::cut(PhysicalRange hole) {
    RangeList rest;
    for (const PhysicalRange& range : all()) {
        if (!rest.add({range.begin, min(range.end, max(range.begin, hole.begin))})) return false;
        if (!rest.add({max(range.begin, min(range.end, hole.end)), range.end})) return false;
    }
    *this = rest;
    return true;
}

Result<void> read_start_info(u64 address, const BootMemory& memory, BootInfo& info,
                             std::string_view& problem) {
    constexpr u32 expected_magic = 0x336ec578;
    StartInfo start;
    problem = "the loader gave no PVH start info of version 1";
    if (!read_at(memory, address, start) || start.magic != expected_magic || start.version < 1 ||
        start.memory_map_count == 0)
        return Errno::einval;
    info.rsdp = start.rsdp;
    problem = "the loader's command line is too long or not readable";
    if (!read_command_line(start, memory, info)) return Errno::einval;
    problem = "the loader's module does not lie in readable memory";
    if (!read_module(start, memory, info)) return Errno::einval;
    return read_memory_map(start, memory, info, problem);
}

std::string_view BootInfo::option(std::string_view name) const {
    std::string_view rest = command_line();
    while (!rest.empty()) {
        usize end = min(rest.find(' '), rest.size());
        std::string_view word = rest.substr(0, end);
        rest.remove_prefix(min(end + 1, rest.size()));
        if (word.size() > name.size() && word[name.size()] == '=' && word.substr(0, name.size()) == name)
            return word.substr(name.size() + 1);
    }
    return {};
}

}  // namespace litebox::vm
