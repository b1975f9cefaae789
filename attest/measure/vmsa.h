// The register state that a VMM gives a SEV-ES or SEV-SNP processor at launch: a page that is measured.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "attest/base/bytes.h"

namespace litebox::attest::measure {

/// Virtual machine monitors whose launches differ.
enum class Vmm : uint8_t { qemu, ec2, google };
std::string_view to_string(Vmm vmm);
std::optional<Vmm> vmm_from(std::string_view name);

/// CPUID signatures (Fn0000_0001 EAX) of QEMU's processor models by name; absent for an unknown one.
std::optional<uint32_t> processor_signature(std::string_view model);
/// Every model with its signature, one per distinct signature.
const std::vector<std::pair<std::string_view, uint32_t>>& processor_models();
/// Fn0000_0001 EAX of family, model and stepping.
uint32_t cpuid_signature(uint32_t family, uint32_t model, uint32_t stepping);

/// Where the first processor starts behind firmware: the reset vector.
inline constexpr uint32_t reset_vector = 0xFFFFFFF0;

/// The page of a processor that starts in real mode at `eip`.
Bytes make_vmsa(uint32_t eip, uint64_t features, uint32_t signature, Vmm vmm);
/// The page of a processor that starts in flat 32-bit protected mode at `eip`: an SVSM, or a kernel without
/// firmware.
Bytes make_protected_vmsa(uint32_t eip, uint64_t features, uint32_t signature);

}  // namespace litebox::attest::measure
