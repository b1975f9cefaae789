// What certificates and revocation lists have in common: the signed SEQUENCE, algorithms, names, extensions.
#pragma once

#include "attest/base/der.h"
#include "attest/x509/certificate.h"

namespace litebox::attest {

/// SEQUENCE { body SEQUENCE, algorithm, BIT STRING }: fills `out` and the algorithm's encoding; gives the
/// body's contents.
Result<ByteView> parse_signed_object(ByteView bytes, SignedObject& out, ByteView& algorithm_encoding);

/// One Extension of a SEQUENCE OF; `list` fails where it is not well formed.
Extension read_extension(DerReader& list);

/// A Name: SEQUENCE OF SET OF SEQUENCE { OID, text }.
bool well_formed_name(ByteView name);
std::string common_name_of(ByteView name);

}  // namespace litebox::attest
