// Reference counting inside the object, and the pointer that counts.
#pragma once

#include <atomic>

#include "core/base/heap.h"

namespace litebox {

/// Derive as `class Inode : public RefCounted<Inode>`; classes with virtual functions have a virtual
/// destructor.
template <typename T>
class RefCounted : Pinned {
  public:
    void ref() const { count_.fetch_add(1, std::memory_order_relaxed); }
    /// False if the last reference is gone already: for lock-free look-ups in type-stable memory.
    [[nodiscard]] bool try_ref() const {
        u32 count = count_.load(std::memory_order_relaxed);
        while (count != 0)
            if (count_.compare_exchange_weak(count, count + 1, std::memory_order_acquire)) return true;
        return false;
    }
    void unref() const {
        if (count_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        T* object = const_cast<T*>(static_cast<const T*>(this));
        // Observers that do not own the object let go of it before its destructor runs.
        if constexpr (requires { object->released(); }) object->released();
        object->~T();
        heap_free(object);
    }
    [[nodiscard]] u32 ref_count() const { return count_.load(std::memory_order_relaxed); }

  private:
    mutable std::atomic<u32> count_{1};
};

template <typename T>
class Ref {
  public:
    Ref() = default;
    Ref(std::nullptr_t) {}  // NOLINT: implicit
    /// Takes another reference.
    explicit Ref(T* object) : object_(object) {
        if (object_ != nullptr) object_->ref();
    }
    Ref(const Ref& other) : Ref(other.object_) {}
    Ref(Ref&& other) noexcept : object_(other.leak()) {}
    template <typename U>
    requires std::is_convertible_v<U*, T*> Ref(const Ref<U>& other) : Ref(other.get()) {}  // NOLINT: implicit
    template <typename U>
    requires std::is_convertible_v<U*, T*> Ref(Ref<U>&& other)
    noexcept : object_(other.leak()) {}  // NOLINT: implicit
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_ != nullptr) object_->unref();
    }

    /// Takes over a reference that the caller owns.
    static Ref adopt(T* object) {
        Ref result;
        result.object_ = object;
        return result;
    }
    /// Gives the reference to the caller.
    [[nodiscard]] T* leak() { return std::exchange(object_, nullptr); }
    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }
    bool operator==(const Ref& other) const { return object_ == other.object_; }

  private:
    T* object_ = nullptr;
};

template <typename T, typename... Args>
Result<Ref<T>> make_ref(Args&&... args) {
    void* memory = heap_allocate(sizeof(T));
    if (memory == nullptr) return Errno::enomem;
    return Ref<T>::adopt(new (memory) T(std::forward<Args>(args)...));
}

}  // namespace litebox
