// A value, or why an input was refused. attest/ is a library of its own: it takes nothing from core/, whose
// Result carries an errno and no words.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace litebox::attest {

/// Why an input was refused, in words for a person: what was wrong, with the value found and the value
/// wanted.
struct Error {
    std::string message;
};

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    T& operator*() & { return std::get<0>(state_); }
    const T& operator*() const& { return std::get<0>(state_); }
    const Error& error() const { return std::get<1>(state_); }

  private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    void value() const {}
    const Error& error() const { return *error_; }

  private:
    std::optional<Error> error_;
};

}  // namespace litebox::attest

/// The value of a Result, or return from the calling function with its error.
#define ATTEST_TRY(...)                                               \
    ({                                                                \
        auto attest_try_ = (__VA_ARGS__);                             \
        if (!attest_try_.ok()) return std::move(attest_try_.error()); \
        std::move(attest_try_).value();                               \
    })
