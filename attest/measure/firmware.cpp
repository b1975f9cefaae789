#include "attest/measure/firmware.h"

#include <algorithm>

namespace litebox::attest::measure {

namespace {

constexpr std::string_view footer_guid = "96b582de-1fb2-45f7-baea-a366c55a082d";
constexpr size_t behind_table = 32;    // the reset vector
constexpr size_t entry_overhead = 18;  // u16 size, GUID
constexpr uint64_t maximum_launch = uint64_t{1} << 30;

/// An entry's data where it has at least `size` bytes.
const uint8_t* entry_data(const std::vector<FirmwareEntry>& table, std::string_view guid, size_t size) {
    const FirmwareEntry* entry = find_entry(table, guid);
    return entry && entry->data.size() >= size ? entry->data.data() : nullptr;
}

/// The tail of the image that begins `offset` bytes before its end.
Result<ByteView> tail(ByteView image, uint32_t offset, const char* what) {
    if (offset > image.size())
        return Error{std::string("the firmware's ") + what + " would begin " + hex_number(offset) +
                     " bytes before its end, which is before its beginning"};
    return image.last(offset);
}

Result<std::vector<SnpSection>> parse_snp_sections(ByteView image, uint32_t offset) {
    Reader reader(ATTEST_TRY(tail(image, offset, "SEV metadata")));
    if (as_text(reader.take(4)) != "ASEV")
        return Error{"the firmware's SEV metadata does not begin with \"ASEV\""};
    uint32_t length = reader.u32(), version = reader.u32(), count = reader.u32();
    if (reader.failed() || version != 1 || length < 16 || count > (length - 16) / 12 || length > offset)
        return Error{"the firmware's SEV metadata has a length, version or count that does not fit"};
    std::vector<SnpSection> sections;
    for (uint32_t i = 0; i < count; i++) {
        SnpSection section;
        section.gpa = reader.u32();
        section.size = reader.u32();
        section.type = reader.u32();
        if (reader.failed()) return Error{"the firmware's SEV metadata is cut off"};
        sections.push_back(section);
    }
    if (auto checked = check_sections(sections); !checked) return checked.error();
    return sections;
}

}  // namespace

std::array<uint8_t, 16> guid_from(std::string_view text) {
    static constexpr uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    std::string digits;
    for (char c : text)
        if (c != '-') digits += c;
    Bytes bytes = from_hex(digits).value();
    std::array<uint8_t, 16> guid{};
    for (size_t i = 0; i < 16; i++) guid[i] = bytes[order[i]];
    return guid;
}

Result<std::vector<FirmwareEntry>> parse_firmware_table(ByteView image) {
    if (image.size() > maximum_image) return Error{"a firmware image larger than 256 MiB"};
    if (image.size() % page_size || image.empty())
        return Error{"a firmware image must be whole pages of 4096 bytes"};
    ByteView before = image.first(image.size() - behind_table);
    auto ends_with = [](ByteView bytes, const std::array<uint8_t, 16>& guid) {
        return bytes.size() >= entry_overhead && std::ranges::equal(bytes.last(16), guid);
    };
    if (!ends_with(before, guid_from(footer_guid)))
        return Error{"no table of GUIDs 32 bytes before the end: not an OVMF or TDVF image"};
    size_t total = load16(&before[before.size() - entry_overhead]);
    if (total < entry_overhead || total > before.size())
        return Error{"the firmware's table of GUIDs has a wrong size"};
    ByteView rest = before.last(total).first(total - entry_overhead);
    std::vector<FirmwareEntry> table;
    while (rest.size() >= entry_overhead) {
        FirmwareEntry entry{};
        std::ranges::copy(rest.last(16), entry.guid.begin());
        size_t size = load16(&rest[rest.size() - entry_overhead]);
        if (size < entry_overhead || size > rest.size())
            return Error{"an entry of the firmware's table of GUIDs has a wrong size"};
        entry.data = rest.last(size).first(size - entry_overhead);
        table.push_back(entry);
        rest = rest.first(rest.size() - size);
    }
    return table;
}

const FirmwareEntry* find_entry(const std::vector<FirmwareEntry>& table, std::string_view guid) {
    auto at = std::ranges::find(table, guid_from(guid), &FirmwareEntry::guid);
    return at == table.end() ? nullptr : &*at;
}

Result<void> check_sections(const std::vector<SnpSection>& sections) {
    uint64_t total = 0;
    for (const SnpSection& section : sections) {
        if (section.size == 0 || section.gpa % page_size || section.size % page_size ||
            uint64_t{section.gpa} + section.size > four_gib)
            return Error{"SEV metadata section at " + hex_number(section.gpa) + " of " +
                         hex_number(section.size) + " bytes is not whole pages below 4 GiB"};
        switch (section.type) {
            case SnpSection::memory:
            case SnpSection::calling_area:
                break;
            case SnpSection::secrets:
            case SnpSection::cpuid:
            case SnpSection::kernel_hashes:
                if (section.size == page_size) break;
                return Error{"SEV metadata section of type " + hex_number(section.type) + " is not one page"};
            default:
                return Error{"SEV metadata section of unknown type " + hex_number(section.type)};
        }
        total += section.size;
    }
    if (total > maximum_launch) return Error{"SEV metadata sections of more than 1 GiB"};
    return {};
}

Result<SnpFirmware> parse_snp_firmware(ByteView image, uint64_t end) {
    auto table = ATTEST_TRY(parse_firmware_table(image));
    if (end < image.size()) return Error{"the firmware image would begin below address 0"};
    SnpFirmware firmware;
    firmware.gpa = end - image.size();
    if (auto data = entry_data(table, firmware_entry::sev_metadata, 4))
        firmware.sections = ATTEST_TRY(parse_snp_sections(image, load32(data)));
    if (auto data = entry_data(table, firmware_entry::sev_hashes, 8)) firmware.hashes_table = load32(data);
    if (auto data = entry_data(table, firmware_entry::sev_es_reset, 4)) firmware.reset_eip = load32(data);
    if (auto data = entry_data(table, firmware_entry::svsm_info, 4)) firmware.svsm_entry = load32(data);
    return firmware;
}

Result<std::vector<TdxSection>> parse_tdx_sections(ByteView image) {
    auto table = ATTEST_TRY(parse_firmware_table(image));
    const uint8_t* data = entry_data(table, firmware_entry::tdx_metadata, 4);
    if (!data) return Error{"the image has no TDX metadata: not a TDVF image"};
    Reader reader(ATTEST_TRY(tail(image, load32(data), "TDX metadata")));
    if (as_text(reader.take(4)) != "TDVF")
        return Error{"the firmware's TDX metadata does not begin with \"TDVF\""};
    uint32_t length = reader.u32(), version = reader.u32(), count = reader.u32();
    if (reader.failed() || version != 1 || length < 16 || count > (length - 16) / 32)
        return Error{"the firmware's TDX metadata has a length, version or count that does not fit"};
    std::vector<TdxSection> sections;
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        TdxSection section;
        section.data_offset = reader.u32();
        section.data_size = reader.u32();
        section.address = reader.u64();
        section.size = reader.u64();
        section.type = reader.u32();
        section.attributes = reader.u32();
        if (reader.failed()) return Error{"the firmware's TDX metadata is cut off"};
        if (section.data_size > image.size() || section.data_offset > image.size() - section.data_size ||
            section.data_size > section.size || section.address % page_size || section.size % page_size ||
            section.size > maximum_launch || section.address > ~uint64_t{0} - section.size)
            return Error{"TDX section at " + hex_number(section.address) + " does not fit image or memory"};
        total += section.size;
        sections.push_back(section);
    }
    if (total > maximum_launch) return Error{"TDX sections of more than 1 GiB"};
    return sections;
}

}  // namespace litebox::attest::measure
