// Result<T>: a value or an Errno. TRY(expression) yields the value or returns the error from the function.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "core/base/errno.h"

namespace litebox {

template <typename T>
class [[nodiscard]] Result {
  public:
    using Value = T;

    Result(Errno error) : error_(error) {}  // NOLINT: implicit, so that `return Errno::einval` works
    template <typename U = T>
    requires(std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Errno>) Result(U&& value)
        : error_{}, has_value_(true) {  // NOLINT: implicit
        new (&storage_) T(std::forward<U>(value));
    }
    Result(Result&& other) noexcept : error_(other.error_), has_value_(other.has_value_) {
        if (has_value_) new (&storage_) T(std::move(other.storage_));
    }
    Result(const Result&) = delete;
    Result& operator=(const Result&) = delete;
    Result& operator=(Result&& other) noexcept {
        if (this != &other) {
            this->~Result();
            new (this) Result(std::move(other));
        }
        return *this;
    }
    ~Result() {
        if (has_value_) storage_.~T();
    }

    [[nodiscard]] bool ok() const { return has_value_; }
    explicit operator bool() const { return has_value_; }
    /// Only when ok().
    T& value() & { return storage_; }
    const T& value() const& { return storage_; }
    T&& value() && { return std::move(storage_); }
    /// Only when !ok().
    [[nodiscard]] Errno error() const { return error_; }
    T value_or(T otherwise) && { return has_value_ ? std::move(storage_) : std::move(otherwise); }

  private:
    union {
        T storage_;
    };
    Errno error_;
    bool has_value_ = false;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    using Value = void;

    Result() = default;
    Result(Errno error) : error_(error), ok_(false) {}  // NOLINT: implicit
    [[nodiscard]] bool ok() const { return ok_; }
    explicit operator bool() const { return ok_; }
    void value() const {}
    [[nodiscard]] Errno error() const { return error_; }

  private:
    Errno error_{};
    bool ok_ = true;
};

}  // namespace litebox

#define TRY(expression)                                            \
    ({                                                             \
        auto&& litebox_result_ = (expression);                     \
        if (!litebox_result_.ok()) return litebox_result_.error(); \
        std::move(litebox_result_).value();                        \
    })
