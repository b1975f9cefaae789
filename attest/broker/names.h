// Names of secrets and policies: what may stand in a URL path, a log line and a file name alike.
#pragma once

#include <string_view>

#include "attest/base/result.h"

namespace litebox::attest::broker {

/// One segment: 1 to 128 of letters, digits, '.', '_', '-'; not "." or "..".
bool is_segment(std::string_view text);
/// repository/type/tag, as the Confidential Containers protocol names resources.
bool is_secret_name(std::string_view text);
Error bad_secret_name(std::string_view text);

}  // namespace litebox::attest::broker
