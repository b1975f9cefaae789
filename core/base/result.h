// Result<T>: a value or an Errno. TRY(expression) yields the value or returns the error from the function.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "core/base/errno.h"

namespace litebox {

/// Success, or which error. A whole word: what is put together of parts in memory and read back whole, in a
/// register, costs a stalled load on every return.
class Outcome {
  public:
    Outcome() = default;
    explicit Outcome(Errno error) : word_(failed | static_cast<u16>(error)) {}
    [[nodiscard]] bool ok() const { return word_ == 0; }
    [[nodiscard]] Errno error() const { return static_cast<Errno>(static_cast<u16>(word_)); }

  private:
    static constexpr u64 failed = u64{1} << 32;  // so that no number makes an error pass for success
    u64 word_ = 0;
};

/// What a Result<T> holds. Of a T that is copied as its bytes are, so is it: one of up to eight bytes then
/// comes back in two registers, which is what most calls inside the library OS return.
template <typename T, bool = std::is_trivially_copyable_v<T>>
class ResultStorage {
  public:
    explicit ResultStorage(Errno error) : outcome_(error) {}
    template <typename U>
    ResultStorage(std::in_place_t, U&& value) : value_(std::forward<U>(value)) {}

  protected:
    union {
        T value_;
    };
    Outcome outcome_;
};

template <typename T>
class ResultStorage<T, false> {
  public:
    explicit ResultStorage(Errno error) : outcome_(error) {}
    template <typename U>
    ResultStorage(std::in_place_t, U&& value) : value_(std::forward<U>(value)) {}
    ResultStorage(ResultStorage&& other) noexcept : outcome_(other.outcome_) {
        if (outcome_.ok()) new (&value_) T(std::move(other.value_));
    }
    ResultStorage(const ResultStorage&) = delete;
    ResultStorage& operator=(const ResultStorage&) = delete;
    ResultStorage& operator=(ResultStorage&& other) noexcept {
        if (this != &other) {
            this->~ResultStorage();
            new (this) ResultStorage(std::move(other));
        }
        return *this;
    }
    ~ResultStorage() {
        if (outcome_.ok()) value_.~T();
    }

  protected:
    union {
        T value_;
    };
    Outcome outcome_;
};

template <typename T>
class [[nodiscard]] Result : private ResultStorage<T> {
  public:
    using Value = T;

    Result(Errno error)
        : ResultStorage<T>(error) {}  // NOLINT: implicit, so that `return Errno::einval` works
    template <typename U = T>
    requires(std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Errno>) Result(U&& value)
        : ResultStorage<T>(std::in_place, std::forward<U>(value)) {}  // NOLINT: implicit

    [[nodiscard]] bool ok() const { return this->outcome_.ok(); }
    explicit operator bool() const { return ok(); }
    /// Only when ok().
    T& value() & { return this->value_; }
    const T& value() const& { return this->value_; }
    T&& value() && { return std::move(this->value_); }
    /// Only when !ok().
    [[nodiscard]] Errno error() const { return this->outcome_.error(); }
    T value_or(T otherwise) && { return ok() ? std::move(this->value_) : std::move(otherwise); }
};

template <>
class [[nodiscard]] Result<void> {
  public:
    using Value = void;

    Result() = default;
    Result(Errno error) : outcome_(error) {}  // NOLINT: implicit
    [[nodiscard]] bool ok() const { return outcome_.ok(); }
    explicit operator bool() const { return ok(); }
    void value() const {}
    [[nodiscard]] Errno error() const { return outcome_.error(); }

  private:
    Outcome outcome_;
};

}  // namespace litebox

#define TRY(expression)                                            \
    ({                                                             \
        auto&& litebox_result_ = (expression);                     \
        if (!litebox_result_.ok()) return litebox_result_.error(); \
        std::move(litebox_result_).value();                        \
    })
