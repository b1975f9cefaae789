#include "core/memory/user.h"

#include "core/memory/address_space.h"
#include "core/task/thread.h"

namespace litebox {

namespace {

/// Resolves the fault that stopped a copy at `address`.
Result<void> resolve(u64 address, bool write) {
    Thread* thread = current_thread();
    if (thread == nullptr || !thread->space) return Errno::efault;
    if (!thread->space->handle_fault(address, write, false).resolved) return Errno::efault;
    return {};
}

/// Runs `copy(done)`, which returns how many bytes it did, until `length` are done. A second fault at one
/// place without progress is final: somebody takes the page away as fast as it is brought.
template <typename Copy>
Result<void> copy_all(u64 address, usize length, bool write, Copy&& copy) {
    constexpr int tries = 64;
    usize done = 0;
    for (int stuck = 0; done < length;) {
        usize bytes = copy(done);
        done += bytes;
        if (done == length) break;
        stuck = bytes == 0 ? stuck + 1 : 0;
        if (stuck > tries) return Errno::efault;
        TRY(resolve(address + done, write));
    }
    return {};
}

}  // namespace

Result<void> copy_from_user(void* to, u64 from, usize length) {
    return copy_all(from, length, false, [&](usize done) {
        return platform::copy_in(static_cast<u8*>(to) + done, from + done, length - done);
    });
}

Result<void> copy_to_user(u64 to, const void* from, usize length) {
    return copy_all(to, length, true, [&](usize done) {
        return platform::copy_out(to + done, static_cast<const u8*>(from) + done, length - done);
    });
}

Result<void> clear_user(u64 to, usize length) {
    return copy_all(to, length, true,
                    [&](usize done) { return platform::zero_out(to + done, length - done); });
}

Result<void> fault_in(u64 address, usize length, bool write) {
    u64 end;
    if (!checked_add<u64>(address, length, &end)) return Errno::efault;
    for (u64 at = address; at < end; at = page_down(at) + page_size) {
        constexpr int tries = 64;
        for (int i = 0;; i++) {
            u8 byte;
            bool readable = platform::copy_in(&byte, at, 1) == 1;
            // Writing needs the right to write: an exchange of a word with itself changes nothing.
            bool fine = readable && !write;
            if (readable && write) {
                auto word = platform::load_word(at & ~u64{3});
                fine = word.ok() &&
                       platform::compare_exchange_word(at & ~u64{3}, word.value(), word.value()).ok();
            }
            if (fine) break;
            if (i == tries) return Errno::efault;
            TRY(resolve(at, write));
        }
    }
    return {};
}

Result<String> copy_string_from_user(u64 from, usize limit) {
    constexpr usize first_part = 256;
    char part[first_part];
    isize length = platform::copy_in_string(part, from, min(limit, sizeof(part)));
    if (length >= 0 && static_cast<usize>(length) < min(limit, sizeof(part)))
        return String::from({part, static_cast<usize>(length)});
    Vector<char> text;
    TRY(text.resize(limit));
    for (;;) {
        length = platform::copy_in_string(text.data(), from, limit);
        if (length >= 0) break;
        // Find the page that is missing.
        u64 at = from;
        u8 byte;
        while (platform::copy_in(&byte, at, 1) == 1 && byte != 0) at = page_down(at) + page_size;
        TRY(resolve(at, false));
    }
    if (static_cast<usize>(length) >= limit) return Errno::enametoolong;
    return String::from({text.data(), static_cast<usize>(length)});
}

IoCursor IoCursor::user(std::span<const IoSegment> segments) {
    usize total = 0;
    for (const IoSegment& segment : segments) total += segment.length;
    IoCursor cursor(0, 0, true);
    cursor.remaining_ = total;
    cursor.more_ = segments;
    cursor.advance(0);
    return cursor;
}

void IoCursor::advance(usize bytes) {
    remaining_ -= bytes;
    for (;;) {
        u64 step = min<u64>(bytes, length_);
        address_ += step;
        length_ -= step;
        bytes -= step;
        if (length_ > 0 || more_.empty()) return;
        address_ = more_.front().address;
        length_ = more_.front().length;
        more_ = more_.subspan(1);
    }
}

Result<void> IoCursor::fault_in_front(bool write) {
    if (!user_ || remaining_ == 0) return {};
    return fault_in(address_, 1, write);
}

usize IoCursor::try_put(const void* data, usize length) {
    length = min(length, remaining_);
    usize done = 0;
    while (done < length) {
        IoSegment piece = front();
        usize wanted = min<usize>(length - done, piece.length);
        const u8* source = static_cast<const u8*>(data) + done;
        usize copied = wanted;
        if (user_)
            copied = platform::copy_out(piece.address, source, wanted);
        else
            memcpy(reinterpret_cast<void*>(piece.address), source, wanted);
        advance(copied);
        done += copied;
        if (copied < wanted) break;
    }
    return done;
}

usize IoCursor::try_put_zeros(usize length) {
    length = min(length, remaining_);
    usize done = 0;
    while (done < length) {
        IoSegment piece = front();
        usize wanted = min<usize>(length - done, piece.length);
        usize cleared = wanted;
        if (user_)
            cleared = platform::zero_out(piece.address, wanted);
        else
            memset(reinterpret_cast<void*>(piece.address), 0, wanted);
        advance(cleared);
        done += cleared;
        if (cleared < wanted) break;
    }
    return done;
}

usize IoCursor::try_take(void* data, usize length) {
    length = min(length, remaining_);
    usize done = 0;
    while (done < length) {
        IoSegment piece = front();
        usize wanted = min<usize>(length - done, piece.length);
        u8* target = static_cast<u8*>(data) + done;
        usize copied = wanted;
        if (user_)
            copied = platform::copy_in(target, piece.address, wanted);
        else
            memcpy(target, reinterpret_cast<const void*>(piece.address), wanted);
        advance(copied);
        done += copied;
        if (copied < wanted) break;
    }
    return done;
}

namespace {

/// Repeats a try_ form until `length` bytes are done or a fault is final.
template <typename Step>
Result<usize> persist(IoCursor& cursor, usize length, bool write, Step&& step) {
    length = min(length, cursor.remaining());
    usize done = 0;
    while (done < length) {
        done += step(done);
        if (done == length) break;
        auto present = cursor.fault_in_front(write);
        if (present.ok()) continue;
        if (done == 0) return present.error();
        break;
    }
    return done;
}

}  // namespace

Result<usize> IoCursor::put(const void* data, usize length) {
    return persist(*this, length, true,
                   [&](usize done) { return try_put(static_cast<const u8*>(data) + done, length - done); });
}

Result<usize> IoCursor::put_zeros(usize length) {
    return persist(*this, length, true, [&](usize done) { return try_put_zeros(length - done); });
}

Result<usize> IoCursor::take(void* data, usize length) {
    return persist(*this, length, false,
                   [&](usize done) { return try_take(static_cast<u8*>(data) + done, length - done); });
}

}  // namespace litebox
