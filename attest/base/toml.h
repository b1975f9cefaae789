// toml++, as every file here includes it: alike everywhere, since its symbols are shared within a program.
// Its assertions are about what is in the text (a table header that begins with '='), and the code behind
// each of them reports the same as an error: a file must not be able to end the process.
#pragma once

#define TOML_ASSERT(condition) static_cast<void>(condition)
#include <toml++/toml.h>

#include <string_view>

#include "attest/base/result.h"

namespace litebox::attest {

/// The whole of `text` as TOML. Other characters than ASCII may stand in comments and in strings of one line.
/// The error begins with "line N: ".
Result<toml::table> parse_toml(std::string_view text);

}  // namespace litebox::attest
