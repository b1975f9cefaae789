// Directories that the server knows by a fid, kept for the next name in them: a walk from the root costs the
// server a look at every component, a walk from here one.
//
// A fid goes with its directory when that is renamed, so whatever renames or removes directories drops what
// is kept.
#pragma once

#include "core/base/lock.h"
#include "core/base/ref.h"
#include "core/base/string.h"
#include "platform/vm/host/names.h"

namespace litebox::vm {

class Directory : public RefCounted<Directory> {
  public:
    Directory(Fid fid, u32 grant, String path)
        : fid_(std::move(fid)), grant_(grant), path_(std::move(path)) {}
    [[nodiscard]] u32 fid() const { return fid_.number(); }
    [[nodiscard]] bool is(u32 grant, std::string_view path) const {
        return grant_ == grant && path_.view() == path;
    }
    /// Whether it is `path`, or lies beneath.
    [[nodiscard]] bool beneath(u32 grant, std::string_view path) const;

  private:
    Fid fid_;
    u32 grant_;
    String path_;
};

class Directories : Pinned {
  public:
    void begin(NinePClient& client) { client_ = &client; }
    /// ENOENT, ENOTDIR, ELOOP, EACCES ... as a look-up of the path.
    Result<Ref<Directory>> find(u32 grant, std::string_view path);
    /// What a look-up of a name in it has found to be a directory; it may be kept.
    void offer(u32 grant, std::string_view path, Fid fid, u32 drops);
    /// To be read before the look-up begins.
    [[nodiscard]] u32 drops() const { return drops_.load(std::memory_order_acquire); }
    /// `path` is about to be, or has just been, renamed or removed.
    void drop(u32 grant, std::string_view path);

  private:
    static constexpr usize most_kept = 64;
    Ref<Directory> kept(u32 grant, std::string_view path);
    Result<Ref<Directory>> step(const Ref<Directory>& from, u32 grant, std::string_view path);
    void keep(u32 grant, std::string_view path, Ref<Directory> made, u32 drops);

    NinePClient* client_ = nullptr;
    Mutex mutex_{LockRank::leaf};
    Ref<Directory> kept_[most_kept];
    std::atomic<u32> drops_{0};
};

}  // namespace litebox::vm
