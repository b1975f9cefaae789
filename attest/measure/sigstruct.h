// SIGSTRUCT: an enclave's certificate by its signer (Intel SDM volume 3D, SIGSTRUCT).
#pragma once

#include "attest/evidence.h"
#include "attest/measure/private_key.h"

namespace litebox::attest::measure {

inline constexpr size_t sigstruct_size = 1808;

struct Sigstruct {
    uint32_t vendor = 0;  // 0x8086 for Intel's own
    uint32_t date = 0;    // yyyymmdd in BCD
    uint32_t sw_defined = 0;
    uint32_t misc_select = 0, misc_mask = 0xFFFFFFFF;
    uint8_t cet_attributes = 0, cet_mask = 0;
    Field<16> isv_family_id{}, isv_ext_prod_id{};
    uint64_t attributes = sgx_attribute_mode64, xfrm = 3;
    uint64_t attributes_mask = ~sgx_attribute_debug, xfrm_mask = ~uint64_t{0};
    Field<32> mr_enclave{};
    uint16_t isv_prod_id = 0, isv_svn = 0;
    // Set by checking.
    Field<32> mr_signer{};  // SHA-256 of the modulus, little-endian
    bool public_sample_key =
        false;  // signed by the SDK's sample key, whose private half anybody has: identifies nobody
};

/// Refused unless the key is RSA-3072 with exponent 3.
Result<Bytes> make_sigstruct(const Sigstruct& fields, const PrivateKey& signer);
/// Header, reserved bytes, signature, and the quotients q1 and q2 that the processor needs: all that EINIT
/// would check.
Result<Sigstruct> check_sigstruct(ByteView bytes);

}  // namespace litebox::attest::measure
