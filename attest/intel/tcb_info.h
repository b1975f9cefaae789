// Intel's signed JSON documents: TCB info (versions 2 and 3) and enclave identities (version 2). Parsing
// checks the form; signature, time and fitness are checked when they are used.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/collateral.h"
#include "attest/evidence.h"
#include "attest/verdict.h"
#include "attest/x509/certificate.h"

namespace litebox::attest {

/// What both documents have in common.
struct IntelDocument {
    std::string source;
    std::string body;  // the exact bytes that were signed
    Bytes signature;   // raw r || s
    Time issued, next_update;
    int64_t evaluation_number = 0;

    SignedObject signed_object() const {
        return {as_bytes(body), {SignatureAlgorithm::Scheme::ecdsa_raw, Hash::sha256}, signature};
    }
    bool current_at(Time now) const { return issued <= now && now <= next_update; }
};

/// A status, and since when and why.
struct TcbRating {
    TcbStatus status = TcbStatus::unknown;  // unknown: a word that Intel's specification does not have
    std::string word;                       // as the document spells it
    Time date;
    std::vector<std::string> advisories;
};

struct TcbLevel {
    std::array<uint16_t, 16> sgx_components{}, tdx_components{};
    uint16_t pce_svn = 0;
    TcbRating rating;
};

/// Of an enclave identity or TDX module identity.
struct SvnLevel {
    uint16_t isv_svn = 0;
    TcbRating rating;
};

struct TdxModule {
    std::string id;  // "TDX_01" in upper case; empty for the module of version 0
    Field<48> mr_signer{};
    Field<8> attributes{}, attributes_mask{};
    std::vector<SvnLevel> levels;  // descending
};

struct TcbInfo : IntelDocument {
    bool tdx = false;
    int64_t version = 0;
    Field<6> fmspc{};
    Field<2> pce_id{};
    std::vector<TcbLevel> levels;  // descending, whatever the order of the document
    std::optional<TdxModule> module;
    std::vector<TdxModule> module_identities;
    /// What a component is, "BIOS" or "OS/VMM", by number from 0; empty where the document does not say.
    std::array<std::string, 16> sgx_categories, tdx_categories;
};

struct EnclaveIdentity : IntelDocument {
    std::string id;  // "QE", "TD_QE", "QVE"
    Field<4> misc_select{}, misc_select_mask{};
    Field<16> attributes{}, attributes_mask{};
    Field<32> mr_signer{};
    uint16_t isv_prod_id = 0;
    std::vector<SvnLevel> levels;  // descending
};

Result<std::shared_ptr<const TcbInfo>> parse_tcb_info(const SignedDocument& document);
Result<std::shared_ptr<const EnclaveIdentity>> parse_enclave_identity(const SignedDocument& document);

}  // namespace litebox::attest
