// The value of a Result that must have one; the test cannot go on without.
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "attest/base/result.h"

namespace litebox::attest {

template <typename T>
T take(Result<T> result) {
    if (!result.ok()) {
        fprintf(stderr, "no value: %s\n", result.error().message.c_str());
        abort();
    }
    return std::move(*result);
}

}  // namespace litebox::attest
