// What an OVMF or TDVF image says about its own launch: the table of GUIDs at its end, the SEV metadata, the
// TDVF descriptor.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "attest/base/bytes.h"

namespace litebox::attest::measure {

inline constexpr size_t page_size = 4096;
inline constexpr uint64_t four_gib = uint64_t{1} << 32;
inline constexpr size_t maximum_image = 256u << 20;

/// A GUID as it stands in memory: the first three groups of its text are little-endian numbers.
std::array<uint8_t, 16> guid_from(std::string_view text);

/// Names of entries in the table of GUIDs, as text.
namespace firmware_entry {
inline constexpr std::string_view sev_hashes = "7255371f-3a3b-4b04-927b-1da6efa8d454",
                                  sev_es_reset = "00f771de-1a7e-4fcb-890e-68c77e2fb44e",
                                  sev_metadata = "dc886566-984a-4798-a75e-5585a7bf67cc",
                                  svsm_info = "a789a612-0597-4c4b-a49f-cbb1fe9d1ddd",
                                  tdx_metadata = "e47a6535-984a-4798-865e-4685a7bf8ec2";
}  // namespace firmware_entry

struct FirmwareEntry {
    std::array<uint8_t, 16> guid;  // as in memory
    ByteView data;
};
/// The table that ends 32 bytes before the end of the image, last entry first. Views point into the image.
Result<std::vector<FirmwareEntry>> parse_firmware_table(ByteView image);
/// Null where the table has no such entry.
const FirmwareEntry* find_entry(const std::vector<FirmwareEntry>& table, std::string_view guid);

/// A section of SEV metadata. Types as OVMF numbers them.
struct SnpSection {
    enum Type : uint32_t { memory = 1, secrets = 2, cpuid = 3, calling_area = 4, kernel_hashes = 0x10 };
    uint32_t gpa = 0, size = 0, type = 0;
};

/// What an SNP launch takes from the firmware.
struct SnpFirmware {
    uint64_t gpa = 0;  // of the image's first byte
    std::vector<SnpSection> sections;
    std::optional<uint32_t> hashes_table;  // guest physical address of the kernel hashes
    std::optional<uint32_t> reset_eip;     // where application processors start
    std::optional<uint32_t> svsm_entry;    // offset in the image
};
/// `end`: where the image ends in guest physical memory.
Result<SnpFirmware> parse_snp_firmware(ByteView image, uint64_t end = four_gib);
/// Whether a section can be launched at all: whole pages below 4 GiB, a known type, all sections together
/// within 1 GiB.
Result<void> check_sections(const std::vector<SnpSection>& sections);

/// A section of a TDVF image.
struct TdxSection {
    enum Type : uint32_t {
        boot_volume = 0,
        configuration_volume = 1,
        hand_off_block = 2,
        temporary_memory = 3
    };
    enum Attribute : uint32_t { extend = 1, augment = 2 };
    uint32_t data_offset = 0, data_size = 0;
    uint64_t address = 0, size = 0;
    uint32_t type = 0, attributes = 0;
};
Result<std::vector<TdxSection>> parse_tdx_sections(ByteView image);

}  // namespace litebox::attest::measure
