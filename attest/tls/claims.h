// What a certificate's evidence extension holds, and what report data is the hash of: the claims, which name
// the certificate's public key and, for freshness, a nonce.
#pragma once

#include <string>
#include <string_view>

#include "attest/base/bytes.h"
#include "attest/base/crypto.h"

namespace litebox::attest::tls {

inline constexpr std::string_view evidence_oid = "2.23.133.5.4.9";  // TCG DICE conceptual message wrapper
inline constexpr std::string_view endorsements_oid = "2.23.133.5.4.2";
inline constexpr std::string_view legacy_oid = "1.2.840.113741.1337.6";  // Gramine and others: the bare quote
/// Gramine writes the legacy OID with a second tag and length inside: its dotted form then reads so.
inline constexpr std::string_view legacy_doubled_oid = "0.6.9.42.840.113741.1337.6";
/// Open Enclave: its header and the quote; report data is the hash of the key as PEM text with its final
/// zero.
inline constexpr std::string_view open_enclave_oid = "1.2.840.113556.10.1.1";
inline constexpr std::string_view intel_sdk_oid =
    "1.2.840.113741.1.13.1";  // the bare quote, at the PCK extension's OID

struct Claims {
    Hash hash = Hash::sha256;
    Bytes public_key_hash;  // of the DER SubjectPublicKeyInfo
    Bytes nonce;            // empty: none

    bool names(ByteView spki) const;
};

/// {"pubkey-hash": bstr of CBOR [1, SHA-256(spki)], "nonce": bstr}; without a nonce, no such member.
Bytes encode_claims(ByteView spki, ByteView nonce);
/// Both members by name, others skipped; a member that is there twice is refused.
Result<Claims> parse_claims(ByteView cbor);
/// What the evidence's report data must begin with, zeros behind: SHA-256 of the claims' encoding.
Bytes claims_report_data(ByteView claims);

/// Evidence and the exact bytes of its claims.
struct TaggedEvidence {
    Bytes evidence;
    Bytes claims;
};

/// SGX and TDX quotes have CBOR tag 60000 of the Confidential Computing Consortium: 60000([quote, claims]).
Bytes encode_tagged_quote(ByteView quote, ByteView claims);
/// SEV-SNP has none: a CMW record (draft-ietf-rats-msg-wrap) [media type, bstr of CBOR [evidence, claims], 4
/// = evidence].
Bytes encode_wrapped_evidence(ByteView evidence, ByteView claims);
inline constexpr std::string_view wrapped_media_type = "application/vnd.litebox.attested-evidence+cbor";
/// Either; tag 60001 (TDREPORT) and 60002 (EREPORT) are named in the refusal, which no remote verifier can
/// judge.
Result<TaggedEvidence> parse_tagged_evidence(ByteView cbor);

}  // namespace litebox::attest::tls
