// From the registers of a system call to a handler's typed parameters.
#pragma once

#include <utility>

#include "arch/x86_64/registers.h"
#include "core/base/result.h"
#include "core/memory/user.h"
#include "core/task/thread.h"

namespace litebox {

template <typename T>
struct Argument {
    static T from(u64 raw) { return static_cast<T>(raw); }  // as Linux: an int is the low 32 bits
};
template <typename T>
struct Argument<UserPtr<T>> {
    static UserPtr<T> from(u64 raw) { return UserPtr<T>(raw); }
};

template <typename... Parameters, usize... Index>
Result<u64> invoke_handler(Result<u64> (*handler)(Thread&, Parameters...), Thread& thread,
                           const arch::RegisterFrame& frame, std::index_sequence<Index...>) {
    return handler(thread, Argument<Parameters>::from(frame.argument(Index))...);
}

/// Calls `handler(Thread&, up to six typed parameters)`. All registers are read before the call.
template <typename... Parameters>
Result<u64> invoke_handler(Result<u64> (*handler)(Thread&, Parameters...), Thread& thread,
                           const arch::RegisterFrame& frame) {
    static_assert(sizeof...(Parameters) <= 6);
    return invoke_handler(handler, thread, frame, std::index_sequence_for<Parameters...>{});
}

}  // namespace litebox
