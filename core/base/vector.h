// A growing array whose growth can fail.
#pragma once

#include "core/base/heap.h"

namespace litebox {

template <typename T>
class Vector {
  public:
    Vector() = default;
    Vector(Vector&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Vector& operator=(Vector&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    Vector(const Vector&) = delete;
    Vector& operator=(const Vector&) = delete;
    ~Vector() {
        clear();
        if (data_ != nullptr) heap_free(data_);
    }

    [[nodiscard]] usize size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    T* data() { return data_; }
    const T* data() const { return data_; }
    T& operator[](usize index) { return data_[index]; }
    const T& operator[](usize index) const { return data_[index]; }
    T& last() { return data_[size_ - 1]; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }

    [[nodiscard]] Result<void> reserve(usize capacity) {
        if (capacity <= capacity_) return {};
        usize wanted = max(capacity, capacity_ + capacity_ / 2 + 4);
        usize bytes;
        if (!checked_mul(wanted, sizeof(T), &bytes)) return Errno::enomem;
        T* data = static_cast<T*>(heap_allocate(bytes));
        if (data == nullptr) return Errno::enomem;
        for (usize i = 0; i < size_; i++) {
            new (&data[i]) T(std::move(data_[i]));
            data_[i].~T();
        }
        if (data_ != nullptr) heap_free(data_);
        data_ = data;
        capacity_ = wanted;
        return {};
    }
    template <typename... Args>
    [[nodiscard]] Result<void> push(Args&&... args) {
        TRY(reserve(size_ + 1));
        new (&data_[size_++]) T(std::forward<Args>(args)...);
        return {};
    }
    /// New elements are value-initialised.
    [[nodiscard]] Result<void> resize(usize size) {
        TRY(reserve(size));
        while (size_ < size) new (&data_[size_++]) T();
        while (size_ > size) pop();
        return {};
    }
    void pop() { data_[--size_].~T(); }
    void remove(usize index) {
        for (usize i = index + 1; i < size_; i++) data_[i - 1] = std::move(data_[i]);
        pop();
    }
    void clear() {
        while (size_ > 0) pop();
    }

  private:
    T* data_ = nullptr;
    usize size_ = 0;
    usize capacity_ = 0;
};

}  // namespace litebox
