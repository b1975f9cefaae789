#include <algorithm>

#include "attest/wrap/forms.h"

namespace litebox::attest {

namespace wrap {

namespace {

constexpr size_t largest_input = 2 << 20;
std::string without_blanks(std::string_view text) {
    std::string out;
    std::ranges::remove_copy_if(text, std::back_inserter(out), is_blank);
    return out;
}

Result<Evidence> named(std::string_view name, Result<Evidence> evidence) {
    if (evidence) evidence->wrappings.insert(evidence->wrappings.begin(), std::string(name));
    return evidence;
}

}  // namespace

Result<Bytes> decode_text(std::string_view text) {
    std::string packed = without_blanks(text);
    // What is hexadecimal is base64, too; of a certificate or a log no base64 has hexadecimal digits alone.
    if (Result<Bytes> bytes = from_hex(packed)) return bytes;
    if (Result<Bytes> bytes = from_base64(packed)) return bytes;
    return Error{"text that is neither hexadecimal nor base64"};
}

Result<Evidence> recognise_text(std::string_view text, int depth) {
    std::string packed = without_blanks(text);
    std::string_view digits = packed;
    if (digits.starts_with("0x")) digits.remove_prefix(2);
    if (packed.empty()) return Error{"the input is empty"};
    // Hexadecimal digits are base64 digits as well: both readings are tried, and exactly one must be
    // evidence.
    Result<Bytes> hex = from_hex(digits), base64 = from_base64(packed);
    if (!hex && !base64) return Error{"text that is neither JSON nor hexadecimal nor base64"};
    Result<Evidence> as_hex = hex ? named("hex", recognise(*hex, depth + 1)) : Result<Evidence>(hex.error());
    Result<Evidence> as_base64 =
        base64 ? named("base64", recognise(*base64, depth + 1)) : Result<Evidence>(base64.error());
    if (as_hex && as_base64)
        return Error{"text that is evidence both as hexadecimal and as base64, and is taken for neither"};
    if (as_hex || !hex) return as_hex ? as_hex : as_base64;
    return as_base64 ? as_base64 : as_hex;
}

Result<Evidence> recognise(ByteView bytes, int depth) {
    if (depth > deepest_wrapping) return Error{"evidence wrapped more than six times"};
    if (bytes.empty()) return Error{"the input is empty"};
    if (bytes.size() > largest_input) return Error{"the input is larger than 2 MiB"};
    if (!is_text(bytes)) {
        std::optional<Result<Evidence>> found = recognise_binary(bytes, depth);
        if (found) return std::move(*found);
        return Error{
            "the input is no evidence that is known: not an SGX or TDX quote, an SEV-SNP report, nor one of "
            "their wrappings"};
    }
    std::string_view text = trimmed(as_text(bytes));
    if (text.starts_with('{') || text.starts_with('[')) {
        Document document = ATTEST_TRY(document_from_json(text));
        return recognise_document(document, "json", depth);
    }
    if (text.starts_with("-----BEGIN "))
        return Error{"the input is PEM, which holds certificates or keys, not evidence"};
    return recognise_text(text, depth);
}

}  // namespace wrap

Result<Evidence> recognise_evidence(ByteView bytes) {
    return wrap::recognise(bytes, 0);
}

}  // namespace litebox::attest
