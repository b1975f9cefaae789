#include <algorithm>
#include <cstdio>

#include "attest/eventlog/eventlog.h"

namespace litebox::attest {

namespace {

struct EventType {
    uint32_t type;
    std::string_view name;
};
constexpr EventType event_types[] = {
    {0x00000000, "EV_PREBOOT_CERT"},
    {0x00000001, "EV_POST_CODE"},
    {0x00000003, "EV_NO_ACTION"},
    {0x00000004, "EV_SEPARATOR"},
    {0x00000005, "EV_ACTION"},
    {0x00000006, "EV_EVENT_TAG"},
    {0x00000007, "EV_S_CRTM_CONTENTS"},
    {0x00000008, "EV_S_CRTM_VERSION"},
    {0x00000009, "EV_CPU_MICROCODE"},
    {0x0000000a, "EV_PLATFORM_CONFIG_FLAGS"},
    {0x0000000b, "EV_TABLE_OF_DEVICES"},
    {0x0000000c, "EV_COMPACT_HASH"},
    {0x0000000d, "EV_IPL"},
    {0x0000000e, "EV_IPL_PARTITION_DATA"},
    {0x0000000f, "EV_NONHOST_CODE"},
    {0x00000010, "EV_NONHOST_CONFIG"},
    {0x00000011, "EV_NONHOST_INFO"},
    {0x00000012, "EV_OMIT_BOOT_DEVICE_EVENTS"},
    {0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
    {0x80000002, "EV_EFI_VARIABLE_BOOT"},
    {0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION"},
    {0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"},
    {0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
    {0x80000006, "EV_EFI_GPT_EVENT"},
    {0x80000007, "EV_EFI_ACTION"},
    {0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
    {0x80000009, "EV_EFI_HANDOFF_TABLES"},
    {0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
    {0x8000000b, "EV_EFI_HANDOFF_TABLES2"},
    {0x8000000c, "EV_EFI_VARIABLE_BOOT2"},
    {0x8000000e, "EV_EFI_GPT_EVENT2"},
    {0x80000010, "EV_EFI_HCRTM_EVENT"},
    {0x800000e0, "EV_EFI_VARIABLE_AUTHORITY"},
    {0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB"},
    {0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
    {0x800000e3, "EV_EFI_SPDM_DEVICE_POLICY"},
    {0x800000e4, "EV_EFI_SPDM_DEVICE_AUTHORITY"},
    {0x08000001, "EV_DSTACK_RUNTIME"},
};
constexpr uint32_t dstack_runtime = 0x08000001;
constexpr size_t longest_description = 160;

/// Printable ASCII up to the first NUL; the rest as dots, so that a log cannot drive a terminal.
std::string printable(ByteView bytes) {
    std::string text;
    for (uint8_t byte : bytes) {
        if (byte == 0 || text.size() == longest_description) break;
        text += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    return text;
}

std::string printable_utf16(ByteView bytes) {
    Bytes low;
    for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
        uint16_t unit = load16(&bytes[i]);
        low.push_back(unit < 0x100 ? static_cast<uint8_t>(unit) : uint8_t{0x01});
    }
    return printable(low);
}

/// UEFI_VARIABLE_DATA: GUID, length of the name in UTF-16 units, length of the data, name, data.
struct Variable {
    std::string name;
    ByteView data;
};
std::optional<Variable> variable_of(ByteView bytes) {
    Reader reader(bytes);
    reader.skip(16);
    uint64_t name_units = reader.u64(), data_size = reader.u64();
    if (reader.failed() || name_units > reader.remaining() / 2) return std::nullopt;
    ByteView name = reader.take(static_cast<size_t>(name_units) * 2);
    if (data_size > reader.remaining()) return std::nullopt;
    return Variable{printable_utf16(name), reader.take(static_cast<size_t>(data_size))};
}

/// The file names of a device path, where it has some: nodes of type 4, subtype 4 hold UTF-16 text.
std::string file_path(ByteView path) {
    std::string text;
    Reader reader(path);
    while (reader.remaining() >= 4) {
        uint8_t type = reader.u8(), subtype = reader.u8();
        uint16_t size = reader.u16();
        if (size < 4) break;
        ByteView node = reader.take(size - 4u);
        if (type == 4 && subtype == 4) text += printable_utf16(node);
    }
    return text;
}

/// UEFI_IMAGE_LOAD_EVENT: address, length, link-time address, length of the device path, device path.
std::string image_of(ByteView bytes) {
    Reader reader(bytes);
    reader.skip(8);
    uint64_t size = reader.u64();
    reader.skip(8);
    uint64_t path_size = reader.u64();
    if (reader.failed() || path_size > reader.remaining()) return {};
    std::string path = file_path(reader.take(static_cast<size_t>(path_size)));
    return path.empty() ? "image of " + std::to_string(size) + " bytes" : path;
}

std::string blob_of(ByteView bytes) {
    Reader reader(bytes);
    size_t length = reader.u8();
    return printable(reader.take(length));
}

std::string tagged_event(ByteView bytes) {
    Reader reader(bytes);
    reader.skip(4);
    ByteView text = reader.take(reader.u32());
    return printable(text);
}

/// GRUB logs what it executes behind a prefix and with a NUL; it measures the bare text.
std::optional<Bytes> grub_command(ByteView bytes) {
    std::string_view text = as_text(bytes);
    for (std::string_view prefix : {"grub_cmd: ", "kernel_cmdline: "})
        if (text.starts_with(prefix) && text.ends_with('\0'))
            return to_bytes(bytes.subspan(prefix.size(), text.size() - prefix.size() - 1));
    return std::nullopt;
}

}  // namespace

std::string event_type_name(uint32_t type) {
    auto known = std::ranges::find(event_types, type, &EventType::type);
    if (known != std::end(event_types)) return std::string(known->name);
    char text[24];
    snprintf(text, sizeof text, "EV_0x%08x", type);
    return text;
}

std::string describe_event(const LoggedEvent& event) {
    std::string text;
    switch (event.type) {
        case 0x80000001:
        case 0x80000002:
        case 0x8000000c:
        case 0x800000e0: {
            auto variable = variable_of(event.data);
            if (variable) text = "variable " + variable->name;
            break;
        }
        case 0x80000003:
        case 0x80000004:
        case 0x80000005:
            text = image_of(event.data);
            break;
        case 0x80000006:
        case 0x8000000e:
            text = "partition table";
            break;
        case 0x8000000a:
        case 0x8000000b:
            text = blob_of(event.data);
            break;
        case 0x00000004:
            text = "separator";
            break;
        case 0x00000006:
            text = tagged_event(event.data);
            break;
        case dstack_runtime:
            text = printable(as_bytes(event.name));
            break;
        default:
            text = printable(event.data);
    }
    return text.empty() ? std::to_string(event.data.size()) + " bytes" : text;
}

std::optional<Bytes> event_preimage(const LoggedEvent& event) {
    switch (event.type) {
        case 0x00000004:  // separator
        case 0x00000005:  // actions: the text itself
        case 0x80000007:
        case 0x80000001:  // configuration of secure boot: the whole structure
        case 0x80000006:
        case 0x800000e0:
            return event.data;
        case 0x80000002:  // boot variables: the contents alone
            if (auto variable = variable_of(event.data)) return to_bytes(variable->data);
            return std::nullopt;
        case 0x0000000d:
            return grub_command(event.data);
        case dstack_runtime: {
            // type, name and payload with colons between: what dstack's guest agent hashes.
            Bytes bytes = {0x01, 0x00, 0x00, 0x08, ':'};
            bytes.insert(bytes.end(), event.name.begin(), event.name.end());
            bytes.push_back(':');
            bytes.insert(bytes.end(), event.data.begin(), event.data.end());
            return bytes;
        }
        default:
            return std::nullopt;
    }
}

}  // namespace litebox::attest
