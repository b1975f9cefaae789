// Quotes of the DCAP: header, body, signature data (Intel SGX ECDSA QuoteLibReference, appendix A; Intel TDX
// DCAP Quoting Library API, appendix 3).
#include <algorithm>

#include "attest/evidence.h"

namespace litebox::attest {

namespace {

constexpr uint32_t tee_sgx = 0, tee_tdx = 0x81;
constexpr uint16_t key_ecdsa_p256 = 2;
enum BodyType : uint16_t { body_sgx = 1, body_td_1_0 = 2, body_td_1_5 = 3 };
/// In versions 4 and 5 the certification data of the outer level is always the QE's report with its own.
constexpr uint16_t cert_qe_report = 6;

SgxReportBody read_sgx_report_body(ByteView bytes) {
    SgxReportBody body{};
    Reader reader(bytes);
    body.cpu_svn = reader.array<16>();
    body.misc_select = reader.u32();
    reader.skip(12);
    body.isv_ext_prod_id = reader.array<16>();
    body.attributes = reader.u64();
    body.xfrm = reader.u64();
    body.mr_enclave = reader.array<32>();
    reader.skip(32);
    body.mr_signer = reader.array<32>();
    reader.skip(32);
    body.config_id = reader.array<64>();
    body.isv_prod_id = reader.u16();
    body.isv_svn = reader.u16();
    body.config_svn = reader.u16();
    reader.skip(42);
    body.isv_family_id = reader.array<16>();
    body.report_data = reader.array<64>();
    std::ranges::copy(bytes, body.raw.begin());
    return body;
}

TdReportBody read_td_report_body(ByteView bytes) {
    TdReportBody body{};
    Reader reader(bytes);
    body.tee_tcb_svn = reader.array<16>();
    body.mr_seam = reader.array<48>();
    body.mr_signer_seam = reader.array<48>();
    body.seam_attributes = reader.u64();
    body.td_attributes = reader.u64();
    body.xfam = reader.u64();
    body.mr_td = reader.array<48>();
    body.mr_config_id = reader.array<48>();
    body.mr_owner = reader.array<48>();
    body.mr_owner_config = reader.array<48>();
    for (auto& rtmr : body.rtmr) rtmr = reader.array<48>();
    body.report_data = reader.array<64>();
    body.is_1_5 = bytes.size() == td_report_body_1_5_size;
    if (body.is_1_5) {
        body.tee_tcb_svn_2 = reader.array<16>();
        body.mr_service_td = reader.array<48>();
    }
    return body;
}

/// Size and kind of the body, which version 5 states and the others imply.
struct BodyForm {
    size_t size;
    bool tdx;
};

Result<BodyForm> read_body_form(Reader& reader, const Quote& quote) {
    if (quote.version == 3) {
        if (quote.tee_type != tee_sgx)
            return Error{"a quote of version 3 with reserved header bytes that are not zero"};
        return BodyForm{sgx_report_body_size, false};
    }
    if (quote.tee_type != tee_sgx && quote.tee_type != tee_tdx) {
        return Error{"a quote of TEE type " + std::to_string(quote.tee_type) +
                     "; 0 (SGX) and 129 (TDX) are known"};
    }
    bool tdx = quote.tee_type == tee_tdx;
    if (quote.version == 4) return BodyForm{tdx ? td_report_body_1_0_size : sgx_report_body_size, tdx};

    uint16_t type = reader.u16();
    uint32_t size = reader.u32();
    static constexpr struct {
        uint16_t type;
        BodyForm form;
    } known[] = {{body_sgx, {sgx_report_body_size, false}},
                 {body_td_1_0, {td_report_body_1_0_size, true}},
                 {body_td_1_5, {td_report_body_1_5_size, true}}};
    for (const auto& row : known) {
        if (row.type != type) continue;
        if (row.form.size != size || row.form.tdx != tdx) break;
        return row.form;
    }
    return Error{"a quote whose body of type " + std::to_string(type) + " and " + std::to_string(size) +
                 " bytes does not fit its TEE type " + std::to_string(quote.tee_type)};
}

/// QE report, its signature, authentication data and certification data: what version 3 has at once and later
/// ones nested.
Result<void> read_qe_certification(Reader& reader, Quote& quote) {
    ByteView report = reader.take(sgx_report_body_size);
    if (reader.failed()) return Error{"a quote that ends within its QE report"};
    quote.qe_report = read_sgx_report_body(report);
    quote.qe_report_signature = reader.array<64>();
    quote.qe_auth_data = to_bytes(reader.take(reader.u16()));
    uint16_t type = reader.u16();
    quote.cert_data = to_bytes(reader.take(reader.u32()));
    if (reader.failed()) return Error{"a quote that ends within its certification data"};
    if (reader.remaining())
        return Error{"a quote with " + std::to_string(reader.remaining()) +
                     " bytes behind its certification data"};
    if (type < 1 || type > 5)
        return Error{"a quote with certification data of type " + std::to_string(type) +
                     "; 1 to 5 are known"};
    quote.cert_type = static_cast<QuoteCertType>(type);
    return {};
}

Result<void> read_signature_data(ByteView data, Quote& quote) {
    Reader reader(data);
    quote.signature = reader.array<64>();
    quote.attestation_key = reader.array<64>();
    if (quote.version == 3) return read_qe_certification(reader, quote);
    uint16_t type = reader.u16();
    uint32_t size = reader.u32();
    if (reader.failed()) return Error{"a quote that ends within its signature data"};
    if (type != cert_qe_report || size != reader.remaining()) {
        return Error{"a quote of version " + std::to_string(quote.version) +
                     " whose signature data holds type " + std::to_string(type) + " of " +
                     std::to_string(size) + " bytes, where type 6 of " + std::to_string(reader.remaining()) +
                     " is due"};
    }
    return read_qe_certification(reader, quote);
}

}  // namespace

Result<SgxReportBody> parse_sgx_report_body(ByteView bytes) {
    if (bytes.size() != sgx_report_body_size) {
        return Error{"an SGX report body of " + std::to_string(bytes.size()) + " bytes; it has 384"};
    }
    return read_sgx_report_body(bytes);
}

Result<Quote> parse_quote(ByteView bytes) {
    Quote quote{};
    Reader reader(bytes);
    quote.version = reader.u16();
    quote.attestation_key_type = reader.u16();
    quote.tee_type = reader.u32();
    quote.qe_svn = reader.u16();
    quote.pce_svn = reader.u16();
    quote.qe_vendor_id = reader.array<16>();
    quote.user_data = reader.array<20>();
    if (reader.failed()) return Error{"a quote that ends within its header"};
    if (quote.version < 3 || quote.version > 5) {
        return Error{"a quote of version " + std::to_string(quote.version) + "; 3, 4 and 5 are judged"};
    }
    if (quote.attestation_key_type != key_ecdsa_p256) {
        return Error{"a quote with an attestation key of type " + std::to_string(quote.attestation_key_type) +
                     "; 2 (ECDSA on P-256) is judged"};
    }
    BodyForm form = ATTEST_TRY(read_body_form(reader, quote));
    ByteView body = reader.take(form.size);
    size_t signed_size = reader.offset();
    ByteView signature_data = reader.take(reader.u32());
    if (reader.failed()) return Error{"a quote that ends within its body or signature data"};
    if (form.tdx) {
        quote.body = read_td_report_body(body);
    } else {
        quote.body = read_sgx_report_body(body);
    }
    quote.signed_bytes = to_bytes(bytes.first(signed_size));
    ATTEST_TRY(read_signature_data(signature_data, quote));
    quote.trailing = to_bytes(reader.rest());
    return quote;
}

}  // namespace litebox::attest
