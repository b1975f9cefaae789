// Bare evidence and its binary wrappings. The marks of the forms exclude each other, so that the order of the
// tests decides nothing; where two fit all the same, the input is refused.
#include <algorithm>

#include "attest/wrap/forms.h"

namespace litebox::attest::wrap {

namespace {

constexpr size_t hcl_header_size = 0x20, hcl_runtime_offset = 0x4c0, hcl_runtime_header_size = 20;
constexpr size_t guest_response_header_size = 32, guest_response_size = 4000;
constexpr size_t openenclave_header_size = 16;
constexpr size_t td_report_size = 1024, sgx_report_size = 432, quote_smallest = 48 + 384 + 4;
constexpr uint64_t sgx_attributes_always = sgx_attribute_init | sgx_attribute_mode64;

template <typename T>
Result<Evidence> bare(Result<T> parsed) {
    if (!parsed) return std::move(parsed.error());
    Evidence evidence;
    evidence.body = std::move(*parsed);
    return evidence;
}

bool is_quote(ByteView bytes) {
    if (bytes.size() < quote_smallest) return false;
    uint16_t version = load16(&bytes[0]), key_type = load16(&bytes[2]);
    uint32_t tee = load32(&bytes[4]);
    return version >= 3 && version <= 15 && key_type >= 2 && key_type <= 4 && (tee == 0 || tee == 0x81);
}

bool has_sgx_attributes(ByteView body) {
    return (load64(&body[48]) & sgx_attributes_always) == sgx_attributes_always;
}

bool is_epid_quote(ByteView bytes) {
    if (bytes.size() < 432 || load16(&bytes[0]) < 1 || load16(&bytes[0]) > 2 || load16(&bytes[2]) > 1)
        return false;
    if (!has_sgx_attributes(bytes.subspan(48))) return false;
    return bytes.size() == 432 || (bytes.size() >= 436 && load32(&bytes[432]) == bytes.size() - 436);
}

bool is_snp_report(ByteView bytes) {
    return bytes.size() >= snp_report_size && load32(&bytes[0]) >= 2 && load32(&bytes[0]) <= 32;
}

bool is_td_report(ByteView bytes) {
    return bytes.size() == td_report_size && bytes[0] == 0x81 && bytes[1] <= 1 && bytes[3] == 0;
}

bool is_sgx_report(ByteView bytes) {
    return bytes.size() == sgx_report_size && has_sgx_attributes(bytes) && all_zero(bytes.subspan(20, 12));
}

bool is_hcl(ByteView bytes) {
    return as_text(bytes.first(std::min<size_t>(4, bytes.size()))) == "HCLA";
}

/// What SNP_GET_REPORT leaves: status, size, 24 zero bytes, the report.
bool is_guest_response(ByteView bytes) {
    return bytes.size() >= guest_response_header_size + snp_report_size &&
           bytes.size() <= guest_response_size && load32(&bytes[0]) == 0 &&
           load32(&bytes[4]) == snp_report_size && all_zero(bytes.subspan(8, 24));
}

/// Open Enclave's header before a quote: version 1, report of the remote kind (2), size.
bool is_openenclave(ByteView bytes) {
    return bytes.size() > openenclave_header_size && load32(&bytes[0]) == 1 && load32(&bytes[4]) == 2 &&
           load64(&bytes[8]) == bytes.size() - openenclave_header_size;
}

Result<Evidence> openenclave(ByteView bytes) {
    ByteView quote = bytes.subspan(openenclave_header_size);
    if (!is_quote(quote)) return Error{"Open Enclave report: holds no quote"};
    Evidence evidence = ATTEST_TRY(bare(parse_quote(quote)));
    evidence.wrappings = {"openenclave"};
    return evidence;
}

/// The report, and behind it zeros, the certificates' table or PEM text.
Result<Evidence> snp_report(ByteView bytes) {
    Evidence evidence = ATTEST_TRY(bare(parse_snp_report(bytes.first(snp_report_size))));
    ByteView rest = bytes.subspan(snp_report_size);
    if (all_zero(rest)) return evidence;
    bool table = looks_like_certificate_table(rest), pem = trimmed(as_text(rest)).starts_with("-----BEGIN ");
    if (!table && !pem)
        return Error{"SEV-SNP report: the " + std::to_string(rest.size()) +
                     " bytes behind it are neither zeros, a certificate table nor PEM"};
    ATTEST_TRY(table ? add_certificate_table(evidence, rest) : add_certificates(evidence, rest));
    evidence.wrappings.emplace_back(table ? "ghcb-certificates" : "pem-behind");
    return evidence;
}

Result<Evidence> guest_response(ByteView bytes) {
    if (!all_zero(bytes.subspan(guest_response_header_size + snp_report_size)))
        return Error{"SNP guest response: bytes behind the report are not zero"};
    Evidence evidence = ATTEST_TRY(snp_report(bytes.subspan(guest_response_header_size, snp_report_size)));
    evidence.wrappings.insert(evidence.wrappings.begin(), "snp-guest-response");
    return evidence;
}

/// Azure's paravisor: 32 bytes of header, the hardware's report in 1184 bytes, a header of five numbers,
/// runtime data.
Result<Evidence> hcl_report(ByteView bytes) {
    if (bytes.size() < hcl_runtime_offset + hcl_runtime_header_size)
        return Error{"Azure HCL report: cut short"};
    uint32_t version = load32(&bytes[4]), request = load32(&bytes[12]), status = load32(&bytes[16]);
    if (version < 1 || version > 2 || request != 2 || status != 0 || !all_zero(bytes.subspan(20, 12)))
        return Error{"Azure HCL report: of version " + std::to_string(version) + ", request " +
                     std::to_string(request) + ", status " + std::to_string(status) +
                     "; known are versions 1 and 2, request 2, status 0"};
    Reader header(bytes.subspan(hcl_runtime_offset));
    uint32_t size = header.u32(), header_version = header.u32(), type = header.u32(), hash = header.u32(),
             length = header.u32();
    if (header_version != 1 || length > header.remaining() || size != length + hcl_runtime_header_size)
        return Error{"Azure HCL report: the runtime data's header does not fit"};
    if (hash < 1 || hash > 3) return Error{"Azure HCL report: unknown hash type " + std::to_string(hash)};
    if (load32(&bytes[8]) != hcl_runtime_offset + size)
        return Error{"Azure HCL report: its sizes contradict each other"};
    Bytes runtime = to_bytes(header.take(length));
    if (!all_zero(header.rest()))
        return Error{"Azure HCL report: bytes behind the runtime data are not zero"};
    ByteView report = bytes.subspan(hcl_header_size, snp_report_size);
    Evidence evidence;
    if (type == 2) {
        evidence = ATTEST_TRY(bare(parse_snp_report(report)));
    } else if (type == 4) {
        if (!is_td_report(report.first(td_report_size)) || !all_zero(report.subspan(td_report_size)))
            return Error{"Azure HCL report: says that it holds a TDREPORT, and does not"};
        evidence.body = LocalReport{true, to_bytes(report.first(td_report_size))};
    } else {
        return Error{"Azure HCL report: of type " + std::to_string(type) +
                     ", known are 2 (SEV-SNP) and 4 (TDX)"};
    }
    evidence.runtime_data = std::move(runtime);
    evidence.runtime_data_hash = hash;
    evidence.wrappings = {"azure-hcl"};
    return evidence;
}

Result<Evidence> cbor(ByteView bytes, int depth) {
    return recognise_document(ATTEST_TRY(document_from_cbor(bytes)), "cbor", depth);
}

/// An array, a map or a tag. A TDREPORT begins with the same byte as a list of one.
bool is_cbor(ByteView bytes) {
    return bytes[0] >> 5 >= 4 && bytes[0] >> 5 <= 6 && !is_td_report(bytes);
}

}  // namespace

std::optional<Result<Evidence>> recognise_binary(ByteView bytes, int depth) {
    struct Form {
        bool fits;
        Result<Evidence> (*parse)(ByteView bytes, int depth);
    };
    const Form forms[] = {
        {is_quote(bytes), [](ByteView b, int) { return bare(parse_quote(b)); }},
        {is_epid_quote(bytes), [](ByteView b, int) { return bare(parse_epid_quote(b)); }},
        {is_snp_report(bytes), [](ByteView b, int) { return snp_report(b); }},
        {is_td_report(bytes),
         [](ByteView b, int) {
             return bare(Result<LocalReport>(LocalReport{true, to_bytes(b)}));
         }},
        {is_sgx_report(bytes),
         [](ByteView b, int) {
             return bare(Result<LocalReport>(LocalReport{false, to_bytes(b)}));
         }},
        {is_hcl(bytes), [](ByteView b, int) { return hcl_report(b); }},
        {is_guest_response(bytes), [](ByteView b, int) { return guest_response(b); }},
        {is_openenclave(bytes), [](ByteView b, int) { return openenclave(b); }},
        {is_cbor(bytes), cbor},
    };
    auto fits = [](const Form& form) { return form.fits; };
    auto form = std::ranges::find_if(forms, fits);
    if (form == std::end(forms)) return std::nullopt;
    if (std::ranges::count_if(forms, fits) > 1)
        return Error{"the input has the marks of two kinds of evidence and is taken for neither"};
    return form->parse(bytes, depth);
}

}  // namespace litebox::attest::wrap
