#include "core/file/file.h"

#include "core/file/file_systems.h"
#include "core/file/locks.h"

namespace litebox {

File::~File() {
    allow_writers();
    if (counted_writer) counted_writer->end_write();
    if (Inode* inode = path.valid() ? path.entry()->inode() : nullptr; inode != nullptr) {
        InodeExtra* extra = inode->extra_if_any();
        if (extra != nullptr && extra->locks) release_file_locks(*this, *inode);
    }
}

Result<void> File::deny_writers() {
    Ref<Inode> inode = this->inode();
    TRY(inode->deny_write());
    denied_writer_ = std::move(inode);
    return {};
}

void File::allow_writers() {
    if (Ref<Inode> inode = std::move(denied_writer_)) inode->end_deny_write();
}

Result<usize> File::read(IoCursor&, u64&) {
    return Errno::einval;
}
Result<usize> File::write(IoCursor&, u64&) {
    return Errno::einval;
}
Result<u64> File::seek(i64, int) {
    return Errno::espipe;
}
u32 File::poll(PollTable*) {
    return poll_in | poll_out | poll_read_normal | poll_write_normal;
}
Result<u64> File::ioctl(u32, u64) {
    return Errno::enotty;
}
Result<MappingSource> File::map(u64, u64, bool) {
    return Errno::enodev;
}
Result<void> File::read_directory(DirectorySink&) {
    return Errno::enotdir;
}
Result<void> File::truncate(u64) {
    return Errno::einval;
}
Result<void> File::allocate(int, u64, u64) {
    return Errno::enodev;
}
Result<void> File::sync() {
    return Errno::einval;
}
void File::descriptor_closed() {}

Result<Attributes> File::attributes() {
    if (Ref<Inode> inode = this->inode()) return inode->attributes();
    Attributes result;
    result.mode = 0600;
    return result;
}

Result<String> File::describe() {
    return String::from("anon_inode:[unknown]");
}

}  // namespace litebox
