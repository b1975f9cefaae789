// The heap of the library OS: small objects in size classes, large ones in pages of the page region. Every
// process of the sandbox sees the same objects at the same addresses. Implemented in core/memory/heap.cpp; in
// hosted builds by platform/simulated/heap.cpp on malloc, so that AddressSanitizer watches every object.
#pragma once

#include <new>
#include <utility>

#include "core/base/result.h"

namespace litebox {

/// Uninitialised memory aligned to 16 bytes (64 for sizes of 64 and more), or null. Thread-safe, never blocks
/// on guest actions. Objects of one size class share pages that are never given to another class (type-stable
/// enough for lock-free readers that re-validate).
void* heap_allocate(usize size);
void heap_free(void* object);

template <typename T>
struct HeapDelete {
    void operator()(T* object) const {
        object->~T();
        heap_free(object);
    }
};

/// Sole owner of a heap object.
template <typename T>
class Own {
  public:
    Own() = default;
    explicit Own(T* object) : object_(object) {}
    Own(Own&& other) noexcept : object_(other.release()) {}
    template <typename U>
    requires std::is_convertible_v<U*, T*> Own(Own<U>&& other)
    noexcept : object_(other.release()) {}  // NOLINT: implicit
    Own& operator=(Own&& other) noexcept {
        if (this != &other) {
            reset();
            object_ = other.release();
        }
        return *this;
    }
    ~Own() { reset(); }
    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }
    [[nodiscard]] T* release() { return std::exchange(object_, nullptr); }
    void reset() {
        if (T* object = release()) HeapDelete<T>{}(object);
    }

  private:
    T* object_ = nullptr;
};

template <typename T, typename... Args>
Result<Own<T>> make_own(Args&&... args) {
    void* memory = heap_allocate(sizeof(T));
    if (memory == nullptr) return Errno::enomem;
    return Own<T>(new (memory) T(std::forward<Args>(args)...));
}

}  // namespace litebox
