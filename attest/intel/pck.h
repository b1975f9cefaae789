// What a PCK certificate says about its platform: Intel's certificate extension 1.2.840.113741.1.13.1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "attest/evidence.h"
#include "attest/x509/certificate.h"

namespace litebox::attest {

enum class SgxType : uint8_t { standard = 0, scalable = 1, scalable_with_integrity = 2 };

struct PckExtension {
    Field<16> ppid;
    /// Security versions of the processor's 16 TCB components. Beyond 255 only in Intel's samples.
    std::array<uint16_t, 16> components;
    uint16_t pce_svn;
    Field<16> cpu_svn;
    Field<2> pce_id;
    Field<6> fmspc;
    SgxType sgx_type;
    // Multi-package platforms.
    std::optional<Field<16>> platform_instance_id;
    std::optional<bool> dynamic_platform, cached_keys, smt_enabled;
};

/// Strict: every attribute known, each at most once, none of the mandatory ones missing.
Result<PckExtension> parse_pck_extension(ByteView value);
Result<PckExtension> pck_extension_of(const Certificate& certificate);
inline constexpr std::string_view pck_extension_oid = "1.2.840.113741.1.13.1";

}  // namespace litebox::attest
