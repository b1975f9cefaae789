// The SEV-SNP launch digest, from what is launched (AMD 56860, "Launch digest"): before the machine exists.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "attest/evidence.h"
#include "attest/measure/firmware.h"
#include "attest/measure/vmsa.h"

namespace litebox::attest::measure {

using LaunchDigest = Field<48>;

/// The digest as it grows, page by page.
class SnpLaunch {
  public:
    enum class PageType : uint8_t { normal = 1, vmsa = 2, zero = 3, unmeasured = 4, secrets = 5, cpuid = 6 };

    SnpLaunch() = default;
    explicit SnpLaunch(const LaunchDigest& digest) : digest_(digest) {}
    const LaunchDigest& digest() const { return digest_; }

    /// Whole pages of contents; the last is filled with zeros.
    void normal(uint64_t gpa, ByteView contents);
    /// Pages of a type that carries no contents.
    void pages(PageType type, uint64_t gpa, uint64_t size);
    void vmsa(const Field<48>& page_digest);

  private:
    void update(PageType type, uint64_t gpa, const Field<48>& contents);
    LaunchDigest digest_{};
};

/// What QEMU puts into the guest so that its firmware can check what it loads from outside.
struct KernelHashes {
    Field<32> kernel{}, initrd{}, command_line{};  // SHA-256; the command line with its terminating NUL
};
/// Of the files' contents; no initrd is an empty one.
KernelHashes hash_kernel(ByteView kernel, ByteView initrd, std::string_view command_line);
/// The table of hashes, padded to 16 bytes.
Bytes kernel_hashes_table(const KernelHashes& hashes);

/// A firmware that starts the guest, given as an image or as what a previous look at one found.
struct FirmwareLaunch {
    SnpFirmware firmware;
    LaunchDigest firmware_digest{};  // the launch digest after the image's pages
    std::optional<KernelHashes> hashes;
};
Result<FirmwareLaunch> firmware_launch(ByteView image);

/// COCONUT-SVSM on QEMU: firmware at the end, the SVSM before the firmware's variables.
struct SvsmLaunch {
    LaunchDigest digest{};  // after the pages of firmware and SVSM
    std::vector<SnpSection> sections;
    uint32_t entry = 0;
};
Result<SvsmLaunch> svsm_launch(ByteView firmware, ByteView svsm, uint64_t variables_size);

/// A kernel of our own without firmware: an ELF image with a PVH entry note. Each loadable segment goes to
/// its physical address, in file order: pages with contents as NORMAL, pages of zeros behind as ZERO; then
/// the secrets and the CPUID page; then the processors in flat protected mode at the PVH entry.
struct KernelLaunch {
    LaunchDigest digest{};  // after the image's pages
    uint32_t entry = 0;
    uint32_t secrets_gpa = 0, cpuid_gpa = 0;
};
Result<KernelLaunch> kernel_launch(ByteView image, uint32_t secrets_gpa, uint32_t cpuid_gpa);

/// Everything that the launch digest depends on.
struct SnpInputs {
    std::variant<FirmwareLaunch, SvsmLaunch, KernelLaunch> image;
    uint32_t processors = 1;  // 1 to 512
    std::string processor_model = "EPYC-v4";
    std::optional<uint32_t> processor_signature;  // over the model
    uint64_t guest_features = 1;                  // VMSA SEV_FEATURES
    Vmm vmm = Vmm::qemu;
};
inline constexpr uint32_t maximum_processors = 512;

/// The MEASUREMENT of a report of this guest.
Result<LaunchDigest> measure_snp(const SnpInputs& inputs);

// The older generations, whose LAUNCH_MEASURE takes one SHA-256 over all of it.
/// SEV: firmware and, with a kernel, the hashes table.
Result<Field<32>> measure_sev(ByteView firmware, const std::optional<KernelHashes>& hashes);
/// SEV-ES: also one VMSA per processor, with no features.
Result<Field<32>> measure_sev_es(ByteView firmware, const std::optional<KernelHashes>& hashes,
                                 uint32_t processors, uint32_t signature, Vmm vmm);

/// What measure_snp() does before and with the processors; for searches over many processor counts.
Result<LaunchDigest> measure_snp_image(const SnpInputs& inputs);
/// Digests of the first processor's VMSA page and of every other's.
struct ProcessorPages {
    Field<48> first{}, others{};
};
Result<ProcessorPages> processor_pages(const SnpInputs& inputs);

}  // namespace litebox::attest::measure
