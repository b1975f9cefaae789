#include "fuzz/opener_kernel.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "platform/process/boot/raw.h"

namespace litebox::process::raw {
i64 call(i64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
    return fuzz::opener_kernel->call(number, {a, b, c, d, e, f});
}
}  // namespace litebox::process::raw

namespace litebox::fuzz {

using namespace process;

OpenerKernel* opener_kernel = nullptr;

namespace {

constexpr u64 here = static_cast<u64>(AT_FDCWD);
constexpr usize longest_path = 4096;

/// A name in the opener's memory: AddressSanitizer sees to where it ends.
const char* text(u64 address) {
    const char* name = reinterpret_cast<const char*>(address);
    FUZZ_CHECK(strnlen(name, longest_path) < longest_path);
    return name;
}

/// One component, no dots: nothing that leads elsewhere.
void must_be_single(const char* name) {
    std::string_view text(name);
    FUZZ_CHECK(!text.empty() && text.find('/') == text.npos && text != ".." && text != ".");
}

void must_stay_beneath(std::string_view name) {
    FUZZ_CHECK(!name.empty() && name[0] != '/');
    for (usize begin = 0; begin <= name.size();) {
        usize end = std::min(name.find('/', begin), name.size());
        FUZZ_CHECK(name.substr(begin, end - begin) != "..");
        begin = end + 1;
    }
}

}  // namespace

i64 OpenerKernel::fails_sometimes() {
    constexpr int errors[] = {EACCES, ENOENT, ENOTDIR, ELOOP, EMFILE, ENOSPC, EINTR, ESTALE};
    return input_.below(8) == 0 ? -errors[input_.below(std::size(errors))] : 0;
}

u32 OpenerKernel::some_type() {
    constexpr u32 types[] = {S_IFREG, S_IFREG, S_IFDIR, S_IFDIR, S_IFLNK, S_IFIFO, S_IFCHR, S_IFSOCK};
    return types[input_.below(std::size(types))];
}

u32 OpenerKernel::grant_of(u64 directory) const {
    if (directory == here) {
        FUZZ_CHECK(working_directory_ >= 0);
        return static_cast<u32>(working_directory_);
    }
    auto found = held_.find(static_cast<int>(directory));
    FUZZ_CHECK(found != held_.end());
    return found->second.grant;
}

void OpenerKernel::must_be_writable(u64 directory) const {
    FUZZ_CHECK(grant_of(directory) == read_write);
}

/// Memory of a request's data that the kernel is to read or write.
void OpenerKernel::must_lie_in_data(u64 begin, u64 length) const {
    for (const FileSlot& slot : lane_.slots) {
        u64 data = reinterpret_cast<u64>(slot.data);
        if (begin >= data && begin <= data + sizeof(slot.data) && length <= data + sizeof(slot.data) - begin)
            return;
    }
    FUZZ_CHECK(!"memory outside of a request's data");
}

/// A guest on another processor.
void OpenerKernel::interfere() {
    if (input_.empty() || input_.below(4) != 0) return;
    FileSlot& slot = lane_.slots[input_.below(FileLane::slot_count)];
    auto* request = reinterpret_cast<u8*>(&slot.request);
    for (u8 byte : input_.bytes(input_.below(8))) request[input_.below(sizeof(slot.request))] = byte;
    u32 at = input_.below(256);
    for (u8 byte : input_.bytes(input_.below(8))) slot.data[at++] = byte;
    if (input_.below(4) == 0) slot.state.store(input_.below(8));
    if (input_.below(8) == 0) lane_.bell.store(input_.take<u32>());
}

i64 OpenerKernel::open(u64 directory, u64 name, u64 how_address, u64 size) {
    open_how how{};
    FUZZ_CHECK(size == sizeof(how));
    memcpy(&how, reinterpret_cast<const void*>(how_address), sizeof(how));
    const char* path = text(name);
    bool writes = (how.flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
    FUZZ_CHECK((how.flags & O_CLOEXEC) != 0 && (how.flags & O_NOFOLLOW) != 0 && (how.flags & O_TRUNC) == 0);
    FUZZ_CHECK((how.mode & ~u64{0777}) == 0);
    u32 grant;
    if ((how.resolve & RESOLVE_IN_ROOT) != 0) {
        FUZZ_CHECK(directory == here && path[0] == '/' && path[1] >= '0' && path[1] <= '1' &&
                   path[2] == '\0');
        FUZZ_CHECK((how.resolve & RESOLVE_NO_MAGICLINKS) != 0);
        grant = static_cast<u32>(path[1] - '0');
    } else {
        constexpr u64 needed = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
        FUZZ_CHECK((how.resolve & needed) == needed);
        must_stay_beneath(path);
        grant = grant_of(directory);
    }
    FUZZ_CHECK(grant != of_another && (!writes || grant == read_write));
    if (i64 error = fails_sometimes()) return error;
    // What was opened before it was looked at may be a device that does something: not without these.
    u32 type = (how.flags & O_DIRECTORY) != 0 ? S_IFDIR : (how.flags & O_CREAT) != 0 ? S_IFREG : some_type();
    bool path_only = (how.flags & O_PATH) != 0;
    FUZZ_CHECK(path_only || type == S_IFDIR || (how.flags & (O_NONBLOCK | O_CREAT)) != 0);
    int descriptor = input_.below(32) == 0 ? file_window_begin + 5000 + next_ : next_;
    next_++;
    held_[descriptor] = {grant, type, path_only, writes};
    return descriptor;
}

i64 OpenerKernel::close(int descriptor) {
    if (held_.erase(descriptor) == 0) FUZZ_CHECK(windows_.erase(descriptor) == 1);
    return 0;
}

/// Guests read what is in the windows: a regular file, opened as the window says, and nothing is overwritten.
i64 OpenerKernel::into_window(int from, int to) {
    auto held = held_.find(from);
    FUZZ_CHECK(held != held_.end() && from < file_window_begin);
    const Held& file = held->second;
    bool write_window = to >= write_window_begin;
    FUZZ_CHECK(to >= file_window_begin && to < write_window_end && windows_.find(to) == windows_.end());
    FUZZ_CHECK(file.type == S_IFREG && !file.path_only && file.writes == write_window);
    if (i64 error = fails_sometimes()) return error;
    windows_[to] = file.writes;
    return to;
}

i64 OpenerKernel::look(u64 directory, const char* name, u64 to) {
    struct statx answer {};
    answer.stx_mode = static_cast<u16>(some_type() | 0644);
    if (name[0] == '\0' && windows_.count(static_cast<int>(directory)) != 0)
        answer.stx_mode = S_IFREG | 0644;
    else if (name[0] == '\0')
        answer.stx_mode = static_cast<u16>(held_.at(static_cast<int>(directory)).type | 0644);
    else
        must_be_single(name);
    answer.stx_ino = input_.below(3);
    answer.stx_dev_minor = input_.below(3);
    answer.stx_nlink = input_.below(3);
    answer.stx_size = input_.take<u32>();
    memcpy(reinterpret_cast<void*>(to), &answer, sizeof(answer));
    return fails_sometimes();
}

i64 OpenerKernel::list(int directory, u64 to, u64 room) {
    FUZZ_CHECK(held_.at(directory).type == S_IFDIR);
    if (input_.below(3) == 0) return fails_sometimes();
    struct Entry {
        u64 inode;
        i64 offset;
        u16 length;
        u8 type;
    };
    constexpr usize header = 19;
    auto* bytes = reinterpret_cast<u8*>(to);
    usize used = 0;
    for (u32 count = 1 + input_.below(6); count > 0; count--) {
        std::string name = input_.text(1 + input_.below(255));
        for (char& c : name)
            if (c == '/' || c == '\0') c = '.';
        if (name.empty()) name = ".";
        usize length = (header + name.size() + 1 + 7) & ~usize{7};
        if (used + length > room) break;
        Entry entry{input_.take<u8>(), input_.take<i16>(), static_cast<u16>(length), input_.take<u8>()};
        memset(bytes + used, 0, length);
        memcpy(bytes + used, &entry, header);
        memcpy(bytes + used + header, name.c_str(), name.size() + 1);
        used += length;
    }
    return static_cast<i64>(used);
}

i64 OpenerKernel::read_link(int link, u64 to, u64 room) {
    if (held_.at(link).type != S_IFLNK) return -ENOENT;
    usize length = std::min<usize>(room, input_.take<u16>() % (longest_path + 1));
    memset(reinterpret_cast<void*>(to), 'l', length);
    return static_cast<i64>(length);
}

i64 OpenerKernel::tell_events(u64 to, u64 room) {
    if (input_.empty() || input_.below(4) != 0) return -EAGAIN;
    constexpr u32 masks[] = {IN_MODIFY, IN_ATTRIB | IN_ISDIR, IN_IGNORED, IN_Q_OVERFLOW,
                             IN_CREATE, IN_DELETE_SELF};
    usize used = 0;
    for (u32 count = 1 + input_.below(4); count > 0; count--) {
        u32 name_length = input_.below(3) * 16;
        if (used + sizeof(inotify_event) + name_length > room) break;
        inotify_event event{static_cast<int>(1 + input_.below(20)), masks[input_.below(std::size(masks))], 0,
                            name_length};
        memcpy(reinterpret_cast<u8*>(to) + used, &event, sizeof(event));
        used += sizeof(event) + name_length;
    }
    return static_cast<i64>(used);
}

i64 OpenerKernel::enter(const char* place) {
    FUZZ_CHECK(place[0] == '/' && (place[1] == '0' || place[1] == '1') && place[2] == '\0');
    if (i64 error = fails_sometimes()) return error;
    working_directory_ = place[1] - '0';
    return 0;
}

/// Changes of names: one component, in a directory of a grant for writing.
i64 OpenerKernel::by_name(i64 number, const u64 (&a)[6]) {
    constexpr u64 set_id = S_ISUID | S_ISGID;
    switch (number) {
        case raw::nr_mkdirat:
            FUZZ_CHECK((a[2] & ~u64{01777}) == 0);
            break;
        case raw::nr_mknodat:
            FUZZ_CHECK((S_ISFIFO(a[2]) || S_ISSOCK(a[2])) && (a[2] & set_id) == 0);
            break;
        case raw::nr_fchmodat:
        case raw::nr_fchmodat2:
            FUZZ_CHECK((a[2] & set_id) == 0);
            break;
        case raw::nr_linkat:
        case raw::nr_renameat2:
            must_be_single(text(a[3]));
            must_be_writable(a[2]);
            FUZZ_CHECK(number == raw::nr_linkat ? a[4] == 0
                                                : (a[4] & ~u64{RENAME_NOREPLACE | RENAME_EXCHANGE}) == 0);
            break;
        case raw::nr_symlinkat:
            text(a[0]);
            must_be_single(text(a[2]));
            must_be_writable(a[1]);
            return fails_sometimes();
        case raw::nr_fchownat:
            FUZZ_CHECK((a[4] & AT_SYMLINK_NOFOLLOW) != 0);
            break;
        case raw::nr_utimensat:
            FUZZ_CHECK((a[3] & AT_SYMLINK_NOFOLLOW) != 0);
            break;
        default:
            break;
    }
    const char* name = text(a[1]);
    bool itself = (number == raw::nr_fchmodat2 && (a[3] & AT_EMPTY_PATH) != 0 && name[0] == '\0') ||
                  (std::string_view(name) == "." && number != raw::nr_unlinkat && number != raw::nr_linkat &&
                   number != raw::nr_renameat2);
    if (!itself) must_be_single(name);
    must_be_writable(a[0]);
    return fails_sometimes();
}

/// By path, so one component of the working directory.
i64 OpenerKernel::extended(i64 number, const u64 (&a)[6]) {
    const char* file = text(a[0]);
    if (std::string_view(file) != ".") must_be_single(file);
    bool lists = number == raw::nr_llistxattr, gets = number == raw::nr_lgetxattr;
    u64 buffer = lists ? a[1] : a[2], room = lists ? a[2] : a[3];
    if (!lists) {
        std::string_view name(text(a[1]));
        FUZZ_CHECK(name.substr(0, 5) == "user." || (gets && name.substr(0, 17) == "system.posix_acl_"));
    }
    if (!lists && !gets) must_be_writable(here);
    if (number == raw::nr_lremovexattr) return fails_sometimes();
    must_lie_in_data(buffer, room);
    if (i64 error = fails_sometimes()) return error;
    if (number == raw::nr_lsetxattr) return 0;
    usize length = std::min<usize>(room, input_.take<u16>());
    memset(reinterpret_cast<void*>(buffer), 'x', length);
    return static_cast<i64>(length);
}

/// On files in the second window only.
i64 OpenerKernel::by_slot(i64 number, const u64 (&a)[6]) {
    auto slot = windows_.find(static_cast<int>(a[0]));
    FUZZ_CHECK(slot != windows_.end() && slot->second);
    if (number == raw::nr_pwrite64) must_lie_in_data(a[1], a[2]);
    if (number == raw::nr_fcntl) FUZZ_CHECK(a[1] == raw::fcntl_set_open_file_lock);
    if (i64 error = fails_sometimes()) return error;
    return number == raw::nr_pwrite64 ? static_cast<i64>(a[2]) : 0;
}

i64 OpenerKernel::call(i64 number, const u64 (&a)[6]) {
    interfere();
    switch (number) {
        case raw::nr_openat2:
            return open(a[0], a[1], a[2], a[3]);
        case raw::nr_close:
            return close(static_cast<int>(a[0]));
        case raw::nr_dup3:
            return into_window(static_cast<int>(a[0]), static_cast<int>(a[1]));
        case raw::nr_statx:
            return look(a[0], text(a[1]), a[4]);
        case raw::nr_getdents64:
            return list(static_cast<int>(a[0]), a[1], a[2]);
        case raw::nr_readlinkat:
            return read_link(static_cast<int>(a[0]), a[2], a[3]);
        case raw::nr_read:
            return tell_events(a[1], a[2]);
        case raw::nr_chdir:
            return enter(text(a[0]));
        case raw::nr_fchdir:
            working_directory_ = grant_of(a[0]);
            return 0;
        case raw::nr_fstatfs: {
            constexpr u64 types[] = {0xef53, 0x9fa0, 0x01021994, 0x62656572};
            u64 status[15] = {types[input_.below(std::size(types))]};
            memcpy(reinterpret_cast<void*>(a[1]), status, sizeof(status));
            return fails_sometimes();
        }
        case raw::nr_lseek:
            FUZZ_CHECK(held_.count(static_cast<int>(a[0])) + windows_.count(static_cast<int>(a[0])) != 0);
            return input_.take<u32>();
        case raw::nr_inotify_add_watch:
            text(a[1]);
            if (i64 error = fails_sometimes()) return error;
            return 1 + input_.below(20);
        case raw::nr_inotify_rm_watch:
            return 0;
        case raw::nr_futex:
            if (a[1] == raw::futex_wait) throw Asleep();
            return 0;
        case raw::nr_lgetxattr:
        case raw::nr_llistxattr:
        case raw::nr_lsetxattr:
        case raw::nr_lremovexattr:
            return extended(number, a);
        case raw::nr_pwrite64:
        case raw::nr_ftruncate:
        case raw::nr_fallocate:
        case raw::nr_fsync:
        case raw::nr_fdatasync:
        case raw::nr_fcntl:
            return by_slot(number, a);
        case raw::nr_mkdirat:
        case raw::nr_mknodat:
        case raw::nr_unlinkat:
        case raw::nr_linkat:
        case raw::nr_symlinkat:
        case raw::nr_renameat2:
        case raw::nr_fchmodat:
        case raw::nr_fchmodat2:
        case raw::nr_fchownat:
        case raw::nr_utimensat:
            return by_name(number, a);
        default:
            FUZZ_CHECK(!"a call that no opener makes");
            return -ENOSYS;
    }
}

}  // namespace litebox::fuzz
