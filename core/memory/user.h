// Guest memory as types: an address that cannot be dereferenced, and a cursor over guest or kernel memory.
//
// Everything from the guest is copied once, then checked. None of these functions may be called with a lock
// held: a page fault may be resolved in them (copy-in of a file page, growth of a stack). Under a lock use
// the try_ forms, which fail with EFAULT at once; drop the lock, call fault_in, and retry.
#pragma once

#include <span>
#include <type_traits>

#include "core/base/string.h"
#include "platform/platform.h"

namespace litebox {

/// Copies between guest and kernel memory, resolving faults. EFAULT when the guest's address is bad (then an
/// unknown part has been copied).
Result<void> copy_from_user(void* to, u64 from, usize length);
Result<void> copy_to_user(u64 to, const void* from, usize length);
Result<void> clear_user(u64 to, usize length);
/// Makes [address, address + length) accessible for reading or writing now, so that a copy under a lock
/// succeeds unless another thread unmaps it meanwhile.
Result<void> fault_in(u64 address, usize length, bool write);
/// Zero-terminated text of fewer than `limit` bytes; ENAMETOOLONG when longer.
Result<String> copy_string_from_user(u64 from, usize limit);

/// A guest address of a T. `const T` for what is only read.
template <typename T>
class UserPtr {
  public:
    using Value = std::remove_const_t<T>;
    UserPtr() = default;
    explicit UserPtr(u64 address) : address_(address) {}
    [[nodiscard]] u64 address() const { return address_; }
    explicit operator bool() const { return address_ != 0; }
    UserPtr offset(usize elements) const { return UserPtr(address_ + elements * sizeof(T)); }

    Result<Value> read() const {
        static_assert(std::is_trivially_copyable_v<Value>);
        Value value;
        TRY(copy_from_user(&value, address_, sizeof(value)));
        return value;
    }
    Result<void> write(const Value& value) const {
        static_assert(std::is_trivially_copyable_v<Value> && !std::is_const_v<T>);
        return copy_to_user(address_, &value, sizeof(value));
    }
    Result<void> read_array(std::span<Value> to) const {
        return copy_from_user(to.data(), address_, to.size_bytes());
    }
    Result<void> write_array(std::span<const Value> from) const {
        return copy_to_user(address_, from.data(), from.size_bytes());
    }

  private:
    u64 address_ = 0;
};
using UserText = UserPtr<const char>;

/// As in readv(2); checked by IoCursor::from_user_vector.
struct IoSegment {
    u64 address;
    u64 length;
};

/// Where the bytes of a read go, or those of a write come from: guest memory in pieces, or kernel memory
/// (exec, sendfile, splice). Consumed from the front. Does not own what it points to.
class IoCursor {
  public:
    static IoCursor user(u64 address, usize length) { return IoCursor(address, length, true); }
    static IoCursor kernel(void* data, usize length) {
        return IoCursor(reinterpret_cast<u64>(data), length, false);
    }
    static IoCursor kernel(const void* data, usize length) {
        return IoCursor(reinterpret_cast<u64>(data), length, false);
    }
    /// `segments` stays with the caller while the cursor lives; their sum is at most MAX_RW_COUNT (checked by
    /// reader).
    static IoCursor user(std::span<const IoSegment> segments);

    [[nodiscard]] usize remaining() const { return remaining_; }
    [[nodiscard]] bool is_user() const { return user_; }
    /// Guest (or kernel) address and length of the first piece.
    [[nodiscard]] IoSegment front() const { return {address_, min<u64>(length_, remaining_)}; }
    void advance(usize bytes);
    /// Never look beyond `bytes` more.
    void truncate(usize bytes) { remaining_ = min(remaining_, bytes); }

    /// Read side: copies `length` bytes from `data` to the cursor and advances. Returns how many; fewer only
    /// on a fault; EFAULT when none. Resolves faults: no locks.
    Result<usize> put(const void* data, usize length);
    Result<usize> put_zeros(usize length);
    /// Write side.
    Result<usize> take(void* data, usize length);
    /// The same under a lock: fewer bytes (perhaps 0) at a fault; then drop the lock and call fault_in_front.
    usize try_put(const void* data, usize length);
    usize try_put_zeros(usize length);
    usize try_take(void* data, usize length);
    Result<void> fault_in_front(bool write);

  private:
    IoCursor(u64 address, usize length, bool user)
        : address_(address), length_(length), remaining_(length), user_(user) {}
    u64 address_;
    u64 length_;  // of the front piece
    usize remaining_;
    std::span<const IoSegment> more_;
    bool user_;
};

}  // namespace litebox
