// The forms that evidence is met in, each recognised by its own marks. Shared by the files of this folder
// only.
#pragma once

#include <optional>

#include "attest/evidence.h"
#include "attest/wrap/document.h"

namespace litebox::attest::wrap {

inline constexpr int deepest_wrapping = 6;

/// Evidence in any form, `depth` wrappings inside the input.
Result<Evidence> recognise(ByteView bytes, int depth);
/// Bare evidence and the binary wrappings; absent: it has the marks of none.
std::optional<Result<Evidence>> recognise_binary(ByteView bytes, int depth);
/// A JSON or CBOR document of a known shape.
Result<Evidence> recognise_document(const Document& document, std::string_view language, int depth);

/// Hexadecimal, base64 or PEM text as evidence.
Result<Evidence> recognise_text(std::string_view text, int depth);
/// What a text says in hexadecimal or base64, for members whose contents are known to be no evidence.
Result<Bytes> decode_text(std::string_view text);

/// Certificates and revocation lists out of DER or PEM.
Result<void> add_certificates(Evidence& evidence, ByteView bytes);
/// The same out of a document: texts, byte strings, lists and maps of these.
Result<void> add_certificates(Evidence& evidence, const Document& document);
/// The certificate table of an extended guest request, which configfs-tsm calls auxblob.
bool looks_like_certificate_table(ByteView bytes);
Result<void> add_certificate_table(Evidence& evidence, ByteView bytes);

}  // namespace litebox::attest::wrap
