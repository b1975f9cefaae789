// The table of single-field changes: for each field of each format, what a change of it after signing and a
// change of it under good signatures must give, and which check must give it.
#pragma once

#include <string_view>
#include <vector>

#include "attest/simulate/simulate.h"

namespace litebox::attest::single_field {

/// A field of evidence as it lies in the bytes. Its first and its last bit are flipped after signing.
struct FieldRow {
    const char* field;
    size_t offset, size;
    Status status;
    const char* check;  // must have failed; "evidence": not recognised at all; null: it depends on the value
};

/// What was changed before everything was signed, so that all signatures are good. `check` is null where the
/// change must be accepted.
template <typename Knobs>
struct SignedRow {
    const char* field;
    void (*change)(Knobs&);
    Status status;
    const char* check;
};

struct QuoteFormat {
    const char* name;
    simulate::IntelKnobs (*knobs)();
    std::vector<FieldRow> fields;
};
const std::vector<QuoteFormat>& quote_formats();
const std::vector<FieldRow>& report_fields();
/// Of SGX quotes, of TDX quotes, of both, of SEV-SNP reports.
const std::vector<SignedRow<simulate::IntelKnobs>>& sgx_rows();
const std::vector<SignedRow<simulate::IntelKnobs>>& tdx_rows();
const std::vector<SignedRow<simulate::IntelKnobs>>& quote_rows();
const std::vector<SignedRow<simulate::AmdKnobs>>& report_rows();

}  // namespace litebox::attest::single_field
