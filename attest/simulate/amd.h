// Knobs of simulated SEV-SNP: AMD's hierarchy and attestation reports. AmdKnobs::snp() is filled so that
// everything verifies; change any field from there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/evidence.h"
#include "attest/simulate/certificate.h"
#include "attest/simulate/patch.h"

namespace litebox::attest::simulate {

/// Siena (and Bergamo) are Genoa to certificates, with CPUID models of their own.
enum class Product : uint8_t { milan, genoa, siena, turin };

/// Versions of the platform's firmware components; Milan and Genoa have no `fmc`.
struct SnpTcb {
    uint8_t fmc = 0, bootloader = 0, tee = 0, snp = 0, microcode = 0;
    /// The eight bytes in a report, by generation, as a little-endian number.
    uint64_t encode(Product product) const;
};

/// The VEK certificate's extensions (1.3.6.1.4.1.3704.1).
struct VekExtensionSpec {
    uint8_t struct_version = 0;  // 1 on Turin
    std::string product_name;
    SnpTcb tcb;
    Bytes hardware_id;              // raw, not wrapped; empty: the extension is left out, as in a VLEK
    std::string csp_id;             // VLEK
    bool wrap_hardware_id = false;  // in an OCTET STRING: must be refused
    bool omit_microcode = false;
};

struct SnpReportSpec {
    /// Every field of the report; signature and raw are ignored, TCB numbers are taken from the SnpTcb
    /// members below.
    SnpReport fields{};
    SnpTcb current, reported, committed, launch;
    std::string signer = "vek";
    bool high_s = false;
    std::vector<Patch> signed_patches;  // before signing
    std::vector<Patch> patches;         // last
};

struct AmdKnobs {
    std::string seed = "litebox";
    Time now;
    Product product = Product::milan;
    bool vlek = false;
    CertificateSpec ark, ask, vek;  // ask is the ASVK where vlek is true
    VekExtensionSpec vek_extension;
    RevocationListSpec crl;  // signed by the ARK
    SnpReportSpec report;
    bool omit_crl = false, omit_vek = false, omit_ask = false;

    /// Versions 2, 3 and 5.
    static AmdKnobs snp(Product product = Product::milan, uint32_t version = 3, bool vlek = false);
    /// Makes `now` the time of the simulation: the revocation list was issued a day before and holds for a
    /// year.
    void issue_at(Time now);
};

std::vector<ExtensionSpec> encode_vek_extensions(const VekExtensionSpec& spec, Product product);
Bytes make_snp_report(const SnpReportSpec& spec, Product product, std::string_view seed);

}  // namespace litebox::attest::simulate
