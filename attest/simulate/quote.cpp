// SGX and TDX quotes, versions 3 to 5 (Intel DCAP, Quote Format).
#include "attest/base/crypto.h"
#include "attest/base/encode.h"
#include "attest/simulate/intel.h"

namespace litebox::attest::simulate {

Bytes encode_sgx_report_body(const SgxReportBody& body) {
    Bytes out = to_bytes(body.raw);
    put(out, 0, body.cpu_svn);
    put_number(out, 0x10, body.misc_select, 4);
    put(out, 0x20, body.isv_ext_prod_id);
    put_number(out, 0x30, body.attributes, 8);
    put_number(out, 0x38, body.xfrm, 8);
    put(out, 0x40, body.mr_enclave);
    put(out, 0x80, body.mr_signer);
    put(out, 0xC0, body.config_id);
    put_number(out, 0x100, body.isv_prod_id, 2);
    put_number(out, 0x102, body.isv_svn, 2);
    put_number(out, 0x104, body.config_svn, 2);
    put(out, 0x130, body.isv_family_id);
    put(out, 0x140, body.report_data);
    return out;
}

Bytes encode_td_report_body(const TdReportBody& body) {
    Bytes out(body.is_1_5 ? td_report_body_1_5_size : td_report_body_1_0_size);
    put(out, 0, body.tee_tcb_svn);
    put(out, 16, body.mr_seam);
    put(out, 64, body.mr_signer_seam);
    put_number(out, 112, body.seam_attributes, 8);
    put_number(out, 120, body.td_attributes, 8);
    put_number(out, 128, body.xfam, 8);
    put(out, 136, body.mr_td);
    put(out, 184, body.mr_config_id);
    put(out, 232, body.mr_owner);
    put(out, 280, body.mr_owner_config);
    for (size_t i = 0; i < 4; i++) put(out, 328 + 48 * i, body.rtmr[i]);
    put(out, 520, body.report_data);
    if (body.is_1_5) {
        put(out, 584, body.tee_tcb_svn_2);
        put(out, 600, body.mr_service_td);
    }
    return out;
}

namespace {

/// Header and body, and in version 5 the body's type and size: what the attestation key signs.
Bytes signed_part(const QuoteSpec& spec) {
    Bytes out(28);
    put_number(out, 0, spec.version, 2);
    put_number(out, 2, spec.attestation_key_type, 2);
    put_number(out, 4, spec.tee_type, 4);
    if (spec.version == 3) {
        put_number(out, 8, spec.qe_svn, 2);
        put_number(out, 10, spec.pce_svn, 2);
    }
    put(out, 12, spec.qe_vendor_id);
    append(out, spec.user_data);
    Bytes body = spec.tdx ? encode_td_report_body(spec.td) : encode_sgx_report_body(spec.sgx);
    if (spec.version == 5) {
        uint16_t type = spec.tdx ? (spec.td.is_1_5 ? 3 : 2) : 1;
        append_number(out, spec.body_type.value_or(type), 2);
        append_number(out, spec.body_size.value_or(static_cast<uint32_t>(body.size())), 4);
    }
    append(out, body);
    apply(spec.signed_patches, out);
    return out;
}

Bytes certification_data(const QuoteSpec& spec, const std::vector<Bytes>& chain,
                         const PckExtensionSpec& pck) {
    if (spec.cert_data) return *spec.cert_data;
    Bytes out;
    if (spec.cert_type == QuoteCertType::pck_chain) {
        std::string text;
        for (size_t i = 0; i < chain.size(); i++)
            text += to_pem(chain[spec.reverse_chain ? chain.size() - 1 - i : i]);
        append(out, as_bytes(text));
        if (spec.terminate_chain) out.push_back(0);
        return out;
    }
    if (spec.cert_type == QuoteCertType::pck_leaf) {
        append(out, as_bytes(to_pem(chain.front())));
        return out;
    }
    // PPID in clear or encrypted (the ciphertext itself is never looked at), then CPUSVN, PCESVN and PCEID.
    size_t encrypted = spec.cert_type == QuoteCertType::ppid_rsa2048 ? 256 : 384;
    if (spec.cert_type == QuoteCertType::ppid_clear)
        append(out, pck.ppid);
    else
        append(out, derive_bytes(as_text(pck.ppid), "encrypted PPID", encrypted));
    append(out, pck.cpu_svn.value_or(pck.components));
    append_number(out, pck.pce_svn, 2);
    append(out, Bytes{pck.pce_id[1], pck.pce_id[0]});  // little-endian here, big-endian in the certificate
    return out;
}

/// The QE's report, its signature by the PCK, authentication data and certification data.
Bytes qe_part(const QuoteSpec& spec, const std::vector<Bytes>& chain, std::string_view seed,
              const PckExtensionSpec& pck, ByteView attestation_point) {
    SgxReportBody report = spec.qe_report;
    auto binding = sha256([&] {
        Bytes both = to_bytes(attestation_point);
        append(both, spec.qe_auth_data);
        return both;
    }());
    report.report_data = {};
    std::copy(binding.begin(), binding.end(), report.report_data.begin());
    if (spec.qe_report_data) report.report_data = *spec.qe_report_data;
    Bytes out = encode_sgx_report_body(report);
    apply(spec.qe_patches, out);
    append(out, SigningKey::derive(KeyKind::p256, seed, spec.qe_report_signer).sign_raw(out));
    append_number(out, spec.qe_auth_data.size(), 2);
    append(out, spec.qe_auth_data);
    Bytes data = certification_data(spec, chain, pck);
    append_number(out, static_cast<uint16_t>(spec.cert_type), 2);
    append_number(out, data.size(), 4);
    append(out, data);
    return out;
}

}  // namespace

Bytes make_quote(const QuoteSpec& spec, const std::vector<Bytes>& pck_chain, std::string_view seed,
                 const PckExtensionSpec& pck_extension) {
    Bytes out = signed_part(spec);
    Bytes point = SigningKey::derive(KeyKind::p256, seed, spec.attestation_key).public_point();
    Bytes signature = SigningKey::derive(KeyKind::p256, seed, spec.quote_signer).sign_raw(out, spec.high_s);
    append(signature, point);
    Bytes qe = qe_part(spec, pck_chain, seed, pck_extension, point);
    if (spec.version >= 4) {
        append_number(signature, spec.outer_cert_type, 2);
        append_number(signature, qe.size(), 4);
    }
    append(signature, qe);
    append_number(out, signature.size(), 4);
    append(out, signature);
    append(out, spec.trailing);
    apply(spec.patches, out);
    return out;
}

}  // namespace litebox::attest::simulate
