// Messages of 9P2000.L, written straight into shared frames and read out of them field by field, each once.
#pragma once

#include <string_view>

#include "platform/vm/device/shared_frames.h"

namespace litebox::vm {

enum class NineP : u8 {  // of the request; its answer is one more
    error = 6,           // answers only
    statfs = 8,
    open = 12,
    create = 14,
    symlink = 16,
    mknod = 18,
    readlink = 22,
    getattr = 24,
    setattr = 26,
    xattrwalk = 30,
    xattrcreate = 32,
    readdir = 40,
    fsync = 50,
    lock = 52,
    link = 70,
    mkdir = 72,
    renameat = 74,
    unlinkat = 76,
    version = 100,
    attach = 104,
    walk = 110,
    read = 116,
    write = 118,
    clunk = 120,
};

inline constexpr usize nine_p_header = 7;  // size, type, tag

struct Qid {
    static constexpr u8 directory = 0x80, symlink = 0x02;
    static constexpr usize bytes = 13;
    u8 type;
    u64 path;
};

class MessageWriter {
  public:
    MessageWriter(SharedFrames& frames, usize room) : frames_(frames), room_(room) {}
    void begin(NineP type, u16 tag) {
        at_ = sizeof(u32);
        failed_ = false;
        number(static_cast<u8>(type));
        number(tag);
    }
    template <std::integral T>
    void number(T value) {
        put({reinterpret_cast<const u8*>(&value), sizeof(value)});
    }
    void text(std::string_view text) {
        if (text.size() > 0xffff) failed_ = true;
        number(static_cast<u16>(text.size()));
        put({reinterpret_cast<const u8*>(text.data()), text.size()});
    }
    void put(std::span<const u8> bytes) {
        if (failed_ || bytes.size() > room_ - at_) {
            failed_ = true;
            return;
        }
        frames_.write(at_, bytes);
        at_ += bytes.size();
    }
    /// Puts the size in front, with `more` bytes of payload elsewhere; the message's length here.
    usize finish(usize more) {
        frames_.store<u32>(0, static_cast<u32>(at_ + more));
        return at_;
    }
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    SharedFrames& frames_;
    usize room_, at_ = 0;
    bool failed_ = false;
};

/// Reads [at, end) of the frames; beyond the end, zeros and `failed`.
class MessageReader {
  public:
    MessageReader(const SharedFrames& frames, usize at, usize end) : frames_(&frames), at_(at), end_(end) {}
    template <std::integral T>
    T number() {
        T value{};
        take({reinterpret_cast<u8*>(&value), sizeof(value)});
        return value;
    }
    Qid qid() {
        Qid qid{};
        qid.type = number<u8>();
        (void)number<u32>();  // the version
        qid.path = number<u64>();
        return qid;
    }
    /// A text into `to`; its length, which is above that of `to` where it does not fit and nothing was
    /// copied.
    usize text(std::span<char> to) {
        usize length = number<u16>();
        if (length > end_ - at_) failed_ = true;
        if (failed_) return 0;
        if (length <= to.size())
            take({reinterpret_cast<u8*>(to.data()), length});
        else
            at_ += length;
        return length;
    }
    void take(std::span<u8> to) {
        if (failed_ || to.size() > end_ - at_) {
            failed_ = true;
            return;
        }
        frames_->read(at_, to);
        at_ += to.size();
    }
    [[nodiscard]] usize left() const { return end_ - at_; }
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    const SharedFrames* frames_;
    usize at_, end_;
    bool failed_ = false;
};

}  // namespace litebox::vm
