// DER, read strictly: definite minimal lengths, single-byte tags, nothing behind the end. Views point into
// the input.
#pragma once

#include <optional>
#include <string>

#include "attest/base/bytes.h"
#include "attest/base/time.h"

namespace litebox::attest {

namespace der {
inline constexpr uint8_t boolean = 0x01, integer = 0x02, bit_string = 0x03, octet_string = 0x04, null = 0x05,
                         oid = 0x06, enumerated = 0x0a, utf8_string = 0x0c, printable_string = 0x13,
                         ia5_string = 0x16, utc_time = 0x17, generalized_time = 0x18, sequence = 0x30,
                         set = 0x31;
/// Context-specific tags: constructed and primitive.
constexpr uint8_t context(int number) {
    return static_cast<uint8_t>(0xa0 + number);
}
constexpr uint8_t context_primitive(int number) {
    return static_cast<uint8_t>(0x80 + number);
}
}  // namespace der

/// One value: its tag, its contents, and the whole encoding with tag and length.
struct DerValue {
    uint8_t tag = 0;
    ByteView contents;
    ByteView encoding;
};

/// Takes a run of DER values apart. As `Reader`: after a failure every reading gives empty values and
/// `failed()` stays true.
class DerReader {
  public:
    explicit DerReader(ByteView bytes) : rest_(bytes) {}

    /// The next value, whatever its tag.
    DerValue any();
    /// The next value, which must have this tag.
    DerValue value(uint8_t tag);
    /// The contents of the next value, which must have this tag, to be read in turn.
    DerReader enter(uint8_t tag);
    /// The next value if it has this tag; otherwise nothing is taken.
    std::optional<DerValue> optional(uint8_t tag);
    bool next_is(uint8_t tag) const { return !failed_ && !rest_.empty() && rest_[0] == tag; }

    /// A non-negative INTEGER without leading zeros (zero is empty); its encoding must be minimal.
    ByteView unsigned_integer();
    /// A non-negative INTEGER of at most 63 bits.
    uint64_t small_integer();
    /// The contents of an OBJECT IDENTIFIER, to be compared with `oid_from`.
    ByteView object_identifier();
    bool boolean();
    /// A BIT STRING of whole bytes.
    ByteView bit_string();
    /// UTCTime or GeneralizedTime as RFC 5280 wants them: with seconds, in UTC, without a fraction.
    Time time();

    bool at_end() const { return rest_.empty(); }
    /// Everything was read, and well.
    bool finished() const { return !failed_ && rest_.empty(); }
    bool failed() const { return failed_; }
    void fail() {
        failed_ = true;
        rest_ = {};
    }

  private:
    ByteView rest_;
    bool failed_ = false;
};

/// The contents octets of an OBJECT IDENTIFIER from its dotted form, which must be well formed.
Bytes oid_from(std::string_view dotted);
/// The dotted form, for messages.
std::string oid_to_string(ByteView contents);

}  // namespace litebox::attest
