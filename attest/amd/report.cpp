// The attestation report's bytes as fields. Reserved bytes are kept in `raw` and judged by verify_snp, so
// that a report with one set can still be shown.
#include <algorithm>

#include "attest/evidence.h"

namespace litebox::attest {

namespace {

// Versions beyond those that are judged still have this layout at the front and are worth showing; a number
// that no firmware will reach soon means that this is something else.
constexpr uint32_t oldest_version = 2, newest_plausible_version = 32;

}  // namespace

Result<SnpReport> parse_snp_report(ByteView bytes) {
    if (bytes.size() != snp_report_size)
        return Error{"an SEV-SNP report has 1184 bytes, this has " + std::to_string(bytes.size())};
    SnpReport report{};
    std::ranges::copy(bytes, report.raw.begin());
    Reader reader(bytes);
    report.version = reader.u32();
    if (report.version < oldest_version || report.version > newest_plausible_version)
        return Error{"SEV-SNP report version " + std::to_string(report.version) +
                     " does not exist: known are 2, 3 and 5"};
    report.guest_svn = reader.u32();
    report.policy = reader.u64();
    report.family_id = reader.array<16>();
    report.image_id = reader.array<16>();
    report.vmpl = reader.u32();
    report.signature_algorithm = reader.u32();
    report.current_tcb = reader.u64();
    report.platform_info = reader.u64();
    report.flags = reader.u32();
    reader.skip(4);
    report.report_data = reader.array<64>();
    report.measurement = reader.array<48>();
    report.host_data = reader.array<32>();
    report.id_key_digest = reader.array<48>();
    report.author_key_digest = reader.array<48>();
    report.report_id = reader.array<32>();
    report.report_id_ma = reader.array<32>();
    report.reported_tcb = reader.u64();
    report.cpuid_family = reader.u8();
    report.cpuid_model = reader.u8();
    report.cpuid_stepping = reader.u8();
    reader.skip(0x1a0 - 0x18b);
    report.chip_id = reader.array<64>();
    report.committed_tcb = reader.u64();
    report.current_build = reader.u8();
    report.current_minor = reader.u8();
    report.current_major = reader.u8();
    reader.skip(1);
    report.committed_build = reader.u8();
    report.committed_minor = reader.u8();
    report.committed_major = reader.u8();
    reader.skip(1);
    report.launch_tcb = reader.u64();
    report.launch_mitigations = reader.u64();
    report.current_mitigations = reader.u64();
    reader.skip(snp_signed_size - 0x208);
    report.signature_r = reader.array<72>();
    report.signature_s = reader.array<72>();
    return report;
}

}  // namespace litebox::attest
