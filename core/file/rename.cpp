// rename(2) in all its forms.
#include "core/file/change.h"
#include "core/file/walker.h"
#include "core/task/thread.h"

namespace litebox {

namespace {

// Whether `entry` is `top` or beneath it.
bool is_beneath(const Entry& top, Ref<Entry> entry) {
    while (entry) {
        if (entry.get() == &top) return true;
        entry = entry->parent();
    }
    return false;
}

// Both directories' mutexes, an ancestor before its descendant, else by address.
class TwoDirectories : Pinned {
  public:
    TwoDirectories(Entry& a, Entry& b) LITEBOX_NO_ANALYSIS : first_(&a), second_(&b) {
        if (first_ == second_) {
            second_ = nullptr;
        } else if (is_beneath(b, Ref<Entry>(&a)) || (!is_beneath(a, Ref<Entry>(&b)) && &b < &a)) {
            std::swap(first_, second_);
        }
        first_->directory_mutex.lock();
        if (second_ != nullptr) second_->directory_mutex.lock();
    }
    ~TwoDirectories() LITEBOX_NO_ANALYSIS {
        if (second_ != nullptr) second_->directory_mutex.unlock();
        first_->directory_mutex.unlock();
    }

  private:
    Entry* first_;
    Entry* second_;
};

class Rename : Pinned {
  public:
    Rename(Thread& thread, Walker& from, Walker& to, u32 flags)
        : thread_(thread), from_(from), to_(to), flags_(flags) {}

    // The caller holds the rename mutex and no directory's.
    Result<void> run();
    bool raced = false;

  private:
    Result<void> check_shape();
    Result<void> check_permissions();
    Result<void> check_victim(const Walker& where, const Entry& victim);
    Result<void> commit();
    [[nodiscard]] bool exchange() const { return (flags_ & rename_exchange) != 0; }

    Thread& thread_;
    Walker& from_;
    Walker& to_;
    u32 flags_;
    Ref<Entry> source_, target_;
};

Result<void> Rename::check_victim(const Walker& where, const Entry& victim) {
    Attributes directory = TRY(where.at.entry()->inode()->attributes());
    Attributes attributes = TRY(victim.inode()->attributes());
    TRY(check_mode(*thread_.credentials, directory.mode, directory.uid, directory.gid,
                   may_write | may_execute));
    return check_sticky(*thread_.credentials, directory, attributes);
}

Result<void> Rename::check_shape() {
    if (source_->negative()) return Errno::enoent;
    if (exchange() && target_->negative()) return Errno::enoent;
    if ((flags_ & rename_no_replace) != 0 && !target_->negative()) return Errno::eexist;
    if (!source_->directory()) {
        if (from_.trailing_slash) return Errno::enotdir;
        if (!exchange() && to_.trailing_slash) return Errno::enotdir;
    }
    if (exchange() && !target_->directory() && to_.trailing_slash) return Errno::enotdir;
    if (is_beneath(*source_, Ref<Entry>(to_.at.entry()))) return Errno::einval;
    if (!target_->negative() && is_beneath(*target_, Ref<Entry>(from_.at.entry())))
        return exchange() ? Errno::einval : Errno::enotempty;
    return {};
}

Result<void> Rename::check_permissions() {
    TRY(check_victim(from_, *source_));
    if (target_->negative()) {
        TRY(check_place(*thread_.credentials, to_.at, may_write | may_execute));
    } else {
        TRY(check_victim(to_, *target_));
        if (!exchange()) {
            if (source_->directory() && !target_->directory()) return Errno::enotdir;
            if (!source_->directory() && target_->directory()) return Errno::eisdir;
        }
    }
    if (from_.at.entry() != to_.at.entry()) {
        // A directory that gets another parent has its ".." changed.
        if (source_->directory()) TRY(check_access(thread_, *source_->inode(), may_write));
        if (exchange() && target_->directory()) TRY(check_access(thread_, *target_->inode(), may_write));
    }
    if (((source_->flags() | target_->flags()) & entry_mounted) != 0) return Errno::ebusy;
    return {};
}

Result<void> Rename::commit() {
    EntryCache& entries = kernel().files->entries;
    Entry& from_directory = *from_.at.entry();
    Entry& to_directory = *to_.at.entry();
    TRY(from_directory.inode()->rename(from_.last, *to_directory.inode(), to_.last, flags_));
    from_directory.generation.fetch_add(1, std::memory_order_release);
    to_directory.generation.fetch_add(1, std::memory_order_release);
    if (exchange()) {
        auto exchanged = entries.exchange(*source_, *target_);
        return exchanged;
    }
    entries.remove(*target_, !target_->negative());
    // Without memory for the new place the name is merely not cached.
    if (!entries.move(*source_, to_directory, to_.last).ok()) return {};
    return {};
}

Result<void> Rename::run() {
    EntryCache& entries = kernel().files->entries;
    source_ = TRY(entries.look_up(*from_.at.entry(), from_.last));
    target_ = TRY(entries.look_up(*to_.at.entry(), to_.last));
    TwoDirectories locked(*from_.at.entry(), *to_.at.entry());
    if ((to_.at.entry()->flags() & entry_unlinked) != 0) return Errno::enoent;
    bool cached = from_.at.entry()->inode()->caching() != EntryCaching::never;
    if (cached && (!(entries.find(*from_.at.entry(), from_.last) == source_) ||
                   !(entries.find(*to_.at.entry(), to_.last) == target_))) {
        raced = true;
        return {};
    }
    TRY(check_shape());
    if (source_->inode() == target_->inode() && !source_->negative()) {
        if (source_ == target_ || !exchange()) return {};  // two names of one file: nothing to do
    }
    TRY(check_permissions());
    return commit();
}

}  // namespace

Result<void> rename_file(Thread& thread, int from_directory, string_view from, int to_directory,
                         string_view to, u32 flags) {
    if ((flags & ~(rename_no_replace | rename_exchange | rename_whiteout)) != 0) return Errno::einval;
    if ((flags & rename_exchange) != 0 && (flags & (rename_no_replace | rename_whiteout)) != 0)
        return Errno::einval;
    if ((flags & rename_whiteout) != 0 && !thread.credentials->capable(cap_mknod)) return Errno::eperm;
    Walker source(thread, walk_parent), target(thread, walk_parent);
    TRY(source.walk(from_directory, from));
    TRY(target.walk(to_directory, to));
    if (source.at.mount() != target.at.mount()) return Errno::exdev;
    if (source.last_is_dots) return Errno::ebusy;
    if (target.last_is_dots) return (flags & rename_no_replace) != 0 ? Errno::eexist : Errno::ebusy;
    TRY(check_writable_mount(*source.at.mount()));
    LockGuard guard(source.at.mount()->file_system->rename_mutex);
    for (;;) {
        Rename rename(thread, source, target, flags);
        auto done = rename.run();
        if (!rename.raced) return done;
    }
}

}  // namespace litebox
