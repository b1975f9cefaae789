#include "core/file/inode.h"

#include "core/file/file_systems.h"
#include "core/file/locks.h"
#include "core/file/pipe/pipe.h"
#include "core/kernel.h"

namespace litebox {

InodeExtra::InodeExtra() = default;
InodeExtra::~InodeExtra() = default;

FileSystem::FileSystem() : device_(kernel().files->next_device()) {}

Inode::~Inode() {
    if (InodeExtra* extra = extra_.load(std::memory_order_acquire)) HeapDelete<InodeExtra>{}(extra);
}

Result<InodeExtra*> Inode::extra() {
    InodeExtra* there = extra_.load(std::memory_order_acquire);
    if (there != nullptr) return there;
    Own<InodeExtra> made = TRY(make_own<InodeExtra>());
    if (extra_.compare_exchange_strong(there, made.get(), std::memory_order_acq_rel)) return made.release();
    return there;
}

namespace {

// Moves the count by `step` unless it is on the other side of zero.
Result<void> count_towards(std::atomic<i32>& count, i32 step) {
    i32 now = count.load(std::memory_order_relaxed);
    do {
        if ((step > 0 && now < 0) || (step < 0 && now > 0)) return Errno::etxtbsy;
    } while (!count.compare_exchange_weak(now, now + step, std::memory_order_acq_rel));
    return {};
}

}  // namespace

Result<void> Inode::allow_write() {
    return count_towards(writers_, 1);
}
void Inode::end_write() {
    writers_.fetch_sub(1, std::memory_order_acq_rel);
}
Result<void> Inode::deny_write() {
    return count_towards(writers_, -1);
}
void Inode::end_deny_write() {
    writers_.fetch_add(1, std::memory_order_acq_rel);
}

Result<void> Inode::set_attributes(const AttributeChange&) {
    return Errno::eperm;
}
bool Inode::child_valid(string_view, Inode*) {
    return false;
}
Result<Ref<Inode>> Inode::lookup(string_view) {
    return type() == mode_directory ? Errno::enoent : Errno::enotdir;
}
Result<Ref<Inode>> Inode::create(string_view, u32, u64, const Credentials&) {
    return Errno::eacces;
}
Result<Ref<Inode>> Inode::create_symlink(string_view, string_view, const Credentials&) {
    return Errno::eperm;
}
Result<Ref<Inode>> Inode::create_unnamed(u32, const Credentials&, bool) {
    return Errno::eopnotsupp;
}
Result<void> Inode::link(string_view, Inode&) {
    return Errno::eperm;
}
Result<void> Inode::unlink(string_view, bool) {
    return Errno::eperm;
}
Result<void> Inode::rename(string_view, Inode&, string_view, u32) {
    return Errno::eperm;
}
Result<void> Inode::read_directory(u64, DirectorySink&) {
    return Errno::enotdir;
}
Result<String> Inode::read_link() {
    return Errno::einval;
}
Result<Path> Inode::follow_magic() {
    return Errno::eloop;
}
Result<usize> Inode::get_attribute(string_view, std::span<u8>) {
    return Errno::eopnotsupp;
}
Result<void> Inode::set_attribute(string_view, std::span<const u8>, int) {
    return Errno::eopnotsupp;
}
Result<usize> Inode::list_attributes(std::span<char>) {
    return usize{0};
}
Result<void> Inode::remove_attribute(string_view) {
    return Errno::eopnotsupp;
}

}  // namespace litebox
