#include "platform/process/boot/opener.h"

#include "core/base/string.h"
#include "platform/process/boot/raw.h"
#include "platform/process/boot/tie.h"

// The opener runs on the kernel's initial stack and without %gs.
#define BOOT_CODE __attribute__((no_stack_protector))

namespace litebox::process {

namespace {

constexpr usize longest_path = 4096;
constexpr u64 no_symlinks_beneath = 0x02 | 0x04 | 0x08;  // RESOLVE_NO_MAGICLINKS | NO_SYMLINKS | BENEATH
constexpr u32 o_write_only = 1, o_read_write = 2, o_create = 0100, o_exclusive = 0200, o_no_follow = 0400000,
              o_close_on_exec = 02000000, o_path = 010000000, o_non_block = 04000, o_directory = 0200000,
              o_no_ctty = 0400;
constexpr u64 at_working_directory = static_cast<u64>(-100);
constexpr u64 at_empty_path = 0x1000, at_no_follow = 0x100;
constexpr i32 eperm = 1, enoent = 2, ebadf = 9, eacces = 13, einval = 22, enfile = 23, erofs = 30,
              enametoolong = 36, eloop = 40;

struct HowToOpen {
    u64 flags, mode, resolve;
};

struct Statx {
    u32 mask, block_size;
    u64 attributes;
    u32 links, uid, gid;
    u16 mode, spare0;
    u64 inode, size, blocks, attributes_mask;
    struct Time {
        i64 seconds;
        u32 nanoseconds;
        i32 reserved;
    } access, birth, change, modify;
    u32 special_major, special_minor, device_major, device_minor;
    u64 spare[14];
};
static_assert(sizeof(Statx) == 256);

/// One request being served: what the guest asked, copied once.
struct Job {
    FileRequest request;
    FileReply reply;
    u8* shared;  // the slot's data, which the guest may change at any time
    char name[longest_path], other[longest_path];
};

struct Opener {
    const StartBlock* block;
    u8 used[(write_window_end - file_window_begin) / 8 + 1];  // slots in use
    int next_read = file_window_begin, next_write = write_window_begin;
    u32 grant = ~u32{0};               // working directory
    u32 uid = ~u32{0}, gid = ~u32{0};  // as whom files are looked at
};

BOOT_CODE bool failed(i64 result) {
    return result < 0 && result > -4096;
}

BOOT_CODE bool slot_used(const Opener& opener, int slot) {
    u32 bit = static_cast<u32>(slot - file_window_begin);
    return (opener.used[bit / 8] >> bit % 8 & 1) != 0;
}
BOOT_CODE void mark_slot(Opener& opener, int slot, bool used) {
    u32 bit = static_cast<u32>(slot - file_window_begin);
    if (used)
        opener.used[bit / 8] |= static_cast<u8>(1u << bit % 8);
    else
        opener.used[bit / 8] &= static_cast<u8>(~(1u << bit % 8));
}

BOOT_CODE bool valid_slot(const Opener& opener, i32 slot) {
    return slot >= file_window_begin && slot < write_window_end && slot_used(opener, slot);
}
BOOT_CODE bool writable_slot(const Opener& opener, i32 slot) {
    return slot >= write_window_begin && valid_slot(opener, slot);
}

/// Moves an open descriptor into a free slot of a window. -1: all are in use.
BOOT_CODE int into_window(Opener& opener, i64 descriptor, bool write) {
    int begin = write ? write_window_begin : file_window_begin,
        end = write ? write_window_end : file_window_end;
    int& next = write ? opener.next_write : opener.next_read;
    for (int tried = 0; tried < end - begin; tried++) {
        int slot = next;
        next = next + 1 == end ? begin : next + 1;
        if (slot_used(opener, slot)) continue;
        if (failed(raw::call(raw::nr_dup3, static_cast<u64>(descriptor), static_cast<u64>(slot),
                             o_close_on_exec)))
            return -1;
        mark_slot(opener, slot, true);
        return slot;
    }
    return -1;
}

/// Copies a name out of shared memory: relative, no empty, "." or ".." component.
BOOT_CODE i32 take_name(char (&to)[longest_path], const u8* shared, u32 length) {
    if (length >= longest_path) return enametoolong;
    for (u32 i = 0; i < length; i++) to[i] = static_cast<char>(__atomic_load_n(shared + i, __ATOMIC_RELAXED));
    to[length] = '\0';
    for (u32 begin = 0, i = 0; i <= length && length > 0; i++) {
        if (i < length && to[i] == '\0') return einval;
        if (i < length && to[i] != '/') continue;
        u32 part = i - begin;
        bool dots =
            (part == 1 && to[begin] == '.') || (part == 2 && to[begin] == '.' && to[begin + 1] == '.');
        if (part == 0 || dots) return einval;
        begin = i + 1;
    }
    return 0;
}

/// From here on files are looked at as whom the grant is served.
BOOT_CODE void take_identity(Opener& opener, u32 grant) {
    if (!opener.block->switch_identity || grant >= opener.block->identities.size()) return;
    GrantIdentity who = opener.block->identities[grant];
    if (who.uid == opener.uid && who.gid == opener.gid) return;
    raw::call(raw::nr_setfsgid, who.gid);
    raw::call(raw::nr_setfsuid, who.uid);
    tie_to_supervisor(opener.block->supervisor);
    opener.uid = who.uid;
    opener.gid = who.gid;
}

/// Makes the grant the working directory.
BOOT_CODE i32 enter_grant(Opener& opener, u32 grant) {
    take_identity(opener, grant);
    if (opener.grant == grant) return 0;
    if (grant >= opener.block->grant_count) return enoent;
    char name[16] = "/";
    int at = 1;
    if (grant >= 100) name[at++] = static_cast<char>('0' + grant / 100 % 10);
    if (grant >= 10) name[at++] = static_cast<char>('0' + grant / 10 % 10);
    name[at++] = static_cast<char>('0' + grant % 10);
    name[at] = '\0';
    opener.grant = ~u32{0};
    // A grant that is a file or a link is no directory: its parent is entered, and names are taken from
    // there.
    i64 result = raw::call(raw::nr_chdir, reinterpret_cast<u64>(name));
    if (failed(result)) return static_cast<i32>(-result);
    opener.grant = grant;
    return 0;
}

BOOT_CODE const platform::GrantParameters* grant_of(const Opener& opener, u32 grant) {
    for (const auto& row : opener.block->parameters.grants)
        if (row.grant == grant && row.kind != platform::GrantParameters::Kind::temporary) return &row;
    return nullptr;
}

/// O_PATH or a real open beneath the grant; links are never followed.
BOOT_CODE i64 open_beneath(Opener& opener, u32 grant, const char* name, u64 flags, u64 mode) {
    HowToOpen how{flags | o_close_on_exec | o_no_follow, mode, no_symlinks_beneath};
    if ((flags & (o_path | o_directory)) == 0) how.flags |= o_non_block | o_no_ctty;
    // NO_SYMLINKS refuses a link at the end as well, but O_PATH|O_NOFOLLOW is how one looks at it: the kernel
    // permits that pair.
    if (i32 error = enter_grant(opener, grant)) {
        // A granted file or link: it lies in the root itself.
        constexpr i32 enotdir = 20;
        if (error != enotdir && error != eloop && error != enoent) return -error;
        if (name[0] != '\0') return error == enotdir ? -enotdir : -eloop;
        char own[16] = "/";
        int at = 1;
        if (grant >= 100) own[at++] = static_cast<char>('0' + grant / 100 % 10);
        if (grant >= 10) own[at++] = static_cast<char>('0' + grant / 10 % 10);
        own[at++] = static_cast<char>('0' + grant % 10);
        own[at] = '\0';
        how.resolve = 0x02 | 0x10;  // RESOLVE_NO_MAGICLINKS | IN_ROOT
        return raw::call(raw::nr_openat2, at_working_directory, reinterpret_cast<u64>(own),
                         reinterpret_cast<u64>(&how), sizeof(how));
    }
    const char* path = name[0] == '\0' ? "." : name;
    return raw::call(raw::nr_openat2, at_working_directory, reinterpret_cast<u64>(path),
                     reinterpret_cast<u64>(&how), sizeof(how));
}

BOOT_CODE void fill_time(platform::HostTime& to, const Statx::Time& from) {
    to = {from.seconds, from.nanoseconds, 0};
}

BOOT_CODE i32 look_at(i64 descriptor, platform::HostAttributes& to) {
    constexpr u64 basic_and_birth = 0xfff;
    Statx s;
    i64 result = raw::call(raw::nr_statx, static_cast<u64>(descriptor), reinterpret_cast<u64>(""),
                           at_empty_path | at_no_follow, basic_and_birth, reinterpret_cast<u64>(&s));
    if (failed(result)) return static_cast<i32>(-result);
    to.device = u64{s.device_major} << 32 | s.device_minor;
    to.inode = s.inode;
    to.mode = s.mode;
    to.links = s.links;
    to.uid = s.uid;
    to.gid = s.gid;
    to.size = s.size;
    to.blocks = s.blocks;
    to.block_size = s.block_size;
    to.special_major = s.special_major;
    to.special_minor = s.special_minor;
    to.reserved = 0;
    fill_time(to.access, s.access);
    fill_time(to.modify, s.modify);
    fill_time(to.change, s.change);
    fill_time(to.birth, s.birth);
    return 0;
}

/// File systems that hand out more than files: never a descriptor from one of them.
BOOT_CODE bool dangerous_file_system(i64 descriptor) {
    constexpr u64 refused[] = {0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x27e0eb,   0x63677270,
                               0x1cd1, 0x19800202, 0xcafe4a11, 0x62656570, 0x6e736673, 0x50494446};
    u64 status[16] = {};
    if (failed(raw::call(raw::nr_fstatfs, static_cast<u64>(descriptor), reinterpret_cast<u64>(status))))
        return true;
    for (u64 type : refused)
        if (status[0] == type) return true;
    return false;
}

constexpr u32 type_mask = 0170000, type_regular = 0100000, type_directory = 0040000, type_fifo = 0010000,
              type_socket = 0140000;

/// Gives a regular file a slot: opened anew, since an O_PATH descriptor reads nothing.
BOOT_CODE int give_slot(Opener& opener, u32 grant, const char* name, const platform::HostAttributes& expected,
                        bool write, i32& reason) {
    i64 file = open_beneath(opener, grant, name, write ? o_read_write : 0u, 0);
    if (failed(file)) {
        reason = static_cast<i32>(-file);
        return platform::no_host_slot;
    }
    platform::HostAttributes found{};
    int slot = platform::no_host_slot;
    bool same = look_at(file, found) == 0 && found.inode == expected.inode &&
                found.device == expected.device && (found.mode & type_mask) == type_regular;
    if (same) slot = into_window(opener, file, write);
    raw::call(raw::nr_close, static_cast<u64>(file));
    return slot;
}

BOOT_CODE i32 describe(Opener& opener, u32 grant, const char* name, u32 want, platform::HostNode& node) {
    i64 file = open_beneath(opener, grant, name, o_path, 0);
    if (failed(file)) return static_cast<i32>(-file);
    node = {};
    node.slot = platform::no_host_slot;
    i32 error = look_at(file, node.attributes);
    if (error == 0 && dangerous_file_system(file)) error = eacces;
    raw::call(raw::nr_close, static_cast<u64>(file));
    if (error != 0) return error;
    const auto* row = grant_of(opener, grant);
    if (row == nullptr) return enoent;
    bool write =
        (want & platform::want_write) != 0 && row->kind == platform::GrantParameters::Kind::read_write;
    bool regular = (node.attributes.mode & type_mask) == type_regular;
    if (!regular || (want & (platform::want_slot | platform::want_write)) == 0) return 0;
    i32 reason = 0;
    node.slot = give_slot(opener, grant, name, node.attributes, write, reason);
    return (want & platform::want_reason) != 0 ? reason : 0;
}

BOOT_CODE i32 serve_open(Opener& opener, Job& job) {
    return describe(opener, job.request.grant, job.name, job.request.flags, job.reply.node);
}

struct Directory64 {
    u64 inode;
    i64 offset;
    u16 length;
    u8 type;
    char name[];
};

/// Lists a directory in records of platform::HostEntry, built here and copied out.
BOOT_CODE i32 serve_list(Opener& opener, Job& job) {
    constexpr usize batch = 2048;
    u32 room = min<u32>(job.request.room, FileSlot::data_size), used = 0;
    i64 directory = open_beneath(opener, job.request.grant, job.name, o_directory, 0);
    if (failed(directory)) return static_cast<i32>(-directory);
    raw::call(raw::nr_lseek, static_cast<u64>(directory), job.request.position, 0);
    alignas(8) u8 entries[batch];
    bool full = false;
    job.reply.end = 0;
    while (!full) {
        i64 bytes =
            raw::call(raw::nr_getdents64, static_cast<u64>(directory), reinterpret_cast<u64>(entries), batch);
        if (bytes <= 0) {
            job.reply.end = bytes == 0 ? 1 : 0;
            if (bytes < 0 && used == 0) {
                raw::call(raw::nr_close, static_cast<u64>(directory));
                return static_cast<i32>(-bytes);
            }
            break;
        }
        for (i64 at = 0; at < bytes && !full;) {
            auto* entry = reinterpret_cast<Directory64*>(entries + at);
            at += entry->length;
            usize length = 0;
            while (entry->name[length] != '\0') length++;
            bool dots = entry->name[0] == '.' && (length == 1 || (length == 2 && entry->name[1] == '.'));
            if (dots) continue;
            u32 record = static_cast<u32>((sizeof(platform::HostEntry) + length + 7) & ~usize{7});
            if (record > room - used) {
                full = true;
                break;
            }
            platform::HostEntry out{};
            out.length = record;
            out.name_length = static_cast<u32>(length);
            out.position = static_cast<u64>(entry->offset);
            out.node.slot = platform::no_host_slot;
            const HowToOpen how{o_path | o_no_follow | o_close_on_exec, 0, no_symlinks_beneath};
            i64 file =
                raw::call(raw::nr_openat2, static_cast<u64>(directory), reinterpret_cast<u64>(entry->name),
                          reinterpret_cast<u64>(&how), sizeof(how));
            if (!failed(file)) {
                if (look_at(file, out.node.attributes) != 0) out.node.attributes = {};
                raw::call(raw::nr_close, static_cast<u64>(file));
            }
            memcpy(job.shared + used, &out, sizeof(out));
            memcpy(job.shared + used + sizeof(out), entry->name, length);
            used += record;
        }
    }
    raw::call(raw::nr_close, static_cast<u64>(directory));
    job.reply.bytes = used;
    return 0;
}

BOOT_CODE i32 serve_read_link(Opener& opener, Job& job) {
    i64 file = open_beneath(opener, job.request.grant, job.name, o_path, 0);
    if (failed(file)) return static_cast<i32>(-file);
    char target[longest_path];
    i64 length = raw::call(raw::nr_readlinkat, static_cast<u64>(file), reinterpret_cast<u64>(""),
                           reinterpret_cast<u64>(target), sizeof(target));
    raw::call(raw::nr_close, static_cast<u64>(file));
    if (failed(length)) return length == -enoent ? einval : static_cast<i32>(-length);
    memcpy(job.shared, target, static_cast<usize>(length));
    job.reply.bytes = static_cast<u32>(length);
    return 0;
}

/// The parent directory of a name, opened, and where its last component begins.
BOOT_CODE i64 open_parent(Opener& opener, u32 grant, char (&name)[longest_path], const char*& last) {
    usize slash = longest_path;
    for (usize i = 0; name[i] != '\0'; i++)
        if (name[i] == '/') slash = i;
    if (name[0] == '\0') return -eacces;
    if (slash == longest_path) {
        last = name;
        return open_beneath(opener, grant, "", o_path | o_directory, 0);
    }
    name[slash] = '\0';
    last = name + slash + 1;
    return open_beneath(opener, grant, name, o_path | o_directory, 0);
}

BOOT_CODE i32 to_error(i64 result) {
    return failed(result) ? static_cast<i32>(-result) : 0;
}

BOOT_CODE i32 serve_create(Opener& opener, Job& job) {
    u32 type = job.request.flags & type_mask, mode = job.request.flags & 0777;
    if ((job.request.flags & 06000) != 0) return eperm;
    char copy[longest_path];
    memcpy(copy, job.name, sizeof(copy));
    const char* last = nullptr;
    i64 parent = open_parent(opener, job.request.grant, copy, last);
    if (failed(parent)) return static_cast<i32>(-parent);
    u64 at = static_cast<u64>(parent), name = reinterpret_cast<u64>(last);
    i32 error;
    if (type == type_regular) {
        HowToOpen how{o_read_write | o_create | o_exclusive | o_close_on_exec | o_no_follow, mode,
                      no_symlinks_beneath};
        i64 file = raw::call(raw::nr_openat2, at, name, reinterpret_cast<u64>(&how), sizeof(how));
        error = to_error(file);
        if (error == 0) raw::call(raw::nr_close, static_cast<u64>(file));
    } else if (type == type_directory) {
        error = to_error(raw::call(raw::nr_mkdirat, at, name, mode | (job.request.flags & 01000)));
    } else if (type == type_fifo || type == type_socket) {
        error = to_error(raw::call(raw::nr_mknodat, at, name, type | mode, 0));
    } else {
        error = eperm;
    }
    raw::call(raw::nr_close, at);
    if (error != 0) return error;
    return describe(opener, job.request.grant, job.name, platform::want_slot | platform::want_write,
                    job.reply.node);
}

BOOT_CODE i32 serve_create_symlink(Opener& opener, Job& job) {
    char copy[longest_path];
    memcpy(copy, job.name, sizeof(copy));
    const char* last = nullptr;
    i64 parent = open_parent(opener, job.request.grant, copy, last);
    if (failed(parent)) return static_cast<i32>(-parent);
    i32 error = to_error(raw::call(raw::nr_symlinkat, reinterpret_cast<u64>(job.other),
                                   static_cast<u64>(parent), reinterpret_cast<u64>(last)));
    raw::call(raw::nr_close, static_cast<u64>(parent));
    if (error != 0) return error;
    return describe(opener, job.request.grant, job.name, 0, job.reply.node);
}

BOOT_CODE i32 serve_remove(Opener& opener, Job& job) {
    constexpr u64 remove_directory = 0x200;
    const char* last = nullptr;
    i64 parent = open_parent(opener, job.request.grant, job.name, last);
    if (failed(parent)) return static_cast<i32>(-parent);
    i32 error = to_error(raw::call(raw::nr_unlinkat, static_cast<u64>(parent), reinterpret_cast<u64>(last),
                                   job.request.flags != 0 ? remove_directory : 0));
    raw::call(raw::nr_close, static_cast<u64>(parent));
    return error;
}

/// link and rename: both names beneath one grant.
BOOT_CODE i32 serve_two_names(Opener& opener, Job& job, bool link) {
    const char *last = nullptr, *other_last = nullptr;
    i64 parent = open_parent(opener, job.request.grant, job.name, last);
    if (failed(parent)) return static_cast<i32>(-parent);
    i64 other = open_parent(opener, job.request.grant, job.other, other_last);
    i32 error = to_error(other);
    if (error == 0) {
        u64 a = static_cast<u64>(parent), b = static_cast<u64>(other), x = reinterpret_cast<u64>(last),
            y = reinterpret_cast<u64>(other_last);
        error = to_error(link ? raw::call(raw::nr_linkat, a, x, b, y, 0)
                              : raw::call(raw::nr_renameat2, a, x, b, y, job.request.flags & 3));
        raw::call(raw::nr_close, b);
    }
    raw::call(raw::nr_close, static_cast<u64>(parent));
    return error;
}

BOOT_CODE i32 serve_set_attributes(Opener& opener, Job& job) {
    using Change = platform::HostAttributeChange;
    const Change& change = job.request.change;
    const char* last = nullptr;
    bool root = job.name[0] == '\0';
    i64 parent = root ? open_beneath(opener, job.request.grant, "", o_path | o_directory, 0)
                      : open_parent(opener, job.request.grant, job.name, last);
    if (failed(parent)) return static_cast<i32>(-parent);
    u64 at = static_cast<u64>(parent), name = reinterpret_cast<u64>(root ? "." : last);
    i32 error = 0;
    if (error == 0 && (change.fields & Change::mode) != 0) {
        // fchmodat follows links, so nothing but what is no link may be changed: looked at through O_PATH
        // first.
        HowToOpen how{o_path | o_no_follow | o_close_on_exec, 0, no_symlinks_beneath};
        i64 file = raw::call(raw::nr_openat2, at, name, reinterpret_cast<u64>(&how), sizeof(how));
        platform::HostAttributes found{};
        error = to_error(file);
        if (error == 0 && look_at(file, found) != 0) error = eacces;
        if (error == 0 && (found.mode & type_mask) == 0120000) error = 95;
        if ((change.mode_bits & 06000) != 0) error = eperm;
        constexpr i64 nr_fchmodat2 = 452;
        if (error == 0) {
            i64 done = raw::call(nr_fchmodat2, static_cast<u64>(file), reinterpret_cast<u64>(""),
                                 change.mode_bits & 01777, at_empty_path);
            constexpr i64 enosys = 38;
            if (done == -enosys) done = raw::call(raw::nr_fchmodat, at, name, change.mode_bits & 01777);
            error = to_error(done);
        }
        if (!failed(file)) raw::call(raw::nr_close, static_cast<u64>(file));
    }
    if (error == 0 && (change.fields & (Change::uid | Change::gid)) != 0) {
        u64 uid = (change.fields & Change::uid) != 0 ? change.uid_value : ~u32{0},
            gid = (change.fields & Change::gid) != 0 ? change.gid_value : ~u32{0};
        error = to_error(raw::call(raw::nr_fchownat, at, name, uid, gid, at_no_follow));
    }
    if (error == 0 && (change.fields & (Change::access | Change::modify)) != 0) {
        constexpr i64 omit = 0x3ffffffe;
        i64 times[4] = {change.access_value.seconds, change.access_value.nanoseconds,
                        change.modify_value.seconds, change.modify_value.nanoseconds};
        if ((change.fields & Change::access) == 0) times[1] = omit;
        if ((change.fields & Change::modify) == 0) times[3] = omit;
        error = to_error(raw::call(raw::nr_utimensat, at, name, reinterpret_cast<u64>(times), at_no_follow));
    }
    raw::call(raw::nr_close, at);
    return error;
}

BOOT_CODE i32 serve_write(Opener& opener, Job& job) {
    if (!writable_slot(opener, job.request.slot)) return ebadf;
    u32 length = min<u32>(job.request.first_length, FileSlot::data_size);
    i64 written = raw::call(raw::nr_pwrite64, static_cast<u64>(job.request.slot),
                            reinterpret_cast<u64>(job.shared), length, job.request.position);
    if (failed(written)) return static_cast<i32>(-written);
    job.reply.value = static_cast<u64>(written);
    return 0;
}

BOOT_CODE i32 serve_slot(Opener& opener, Job& job) {
    const FileRequest& r = job.request;
    u64 slot = static_cast<u64>(r.slot);
    switch (r.operation) {
        case FileOperation::attributes:
            if (!valid_slot(opener, r.slot)) return ebadf;
            return look_at(r.slot, job.reply.node.attributes);
        case FileOperation::release:
            if (!valid_slot(opener, r.slot)) return ebadf;
            mark_slot(opener, r.slot, false);
            raw::call(raw::nr_close, slot);
            return 0;
        case FileOperation::seek: {
            constexpr u64 seek_data = 3, seek_hole = 4;
            if (!valid_slot(opener, r.slot)) return ebadf;
            i64 found = raw::call(raw::nr_lseek, slot, r.position, r.flags != 0 ? seek_hole : seek_data);
            if (failed(found)) return static_cast<i32>(-found);
            job.reply.value = static_cast<u64>(found);
            return 0;
        }
        default:
            break;
    }
    if (!writable_slot(opener, r.slot)) return ebadf;
    switch (r.operation) {
        case FileOperation::write:
            return serve_write(opener, job);
        case FileOperation::truncate:
            return to_error(raw::call(raw::nr_ftruncate, slot, r.length));
        case FileOperation::allocate:
            return to_error(raw::call(raw::nr_fallocate, slot, r.flags & 0x7f, r.position, r.length));
        case FileOperation::sync:
            return to_error(raw::call(r.flags != 0 ? raw::nr_fdatasync : raw::nr_fsync, slot));
        case FileOperation::lock: {
            struct Lock {
                i16 type, whence;
                i64 start, length;
                i32 pid;
            } lock{static_cast<i16>(r.flags), 0, static_cast<i64>(r.position), static_cast<i64>(r.length), 0};
            constexpr u64 set_open_file_lock = 37;
            return to_error(raw::call(raw::nr_fcntl, slot, set_open_file_lock, reinterpret_cast<u64>(&lock)));
        }
        default:
            return einval;
    }
}

BOOT_CODE i32 serve_space(Opener& opener, Job& job) {
    i64 directory = open_beneath(opener, job.request.grant, "", o_path, 0);
    if (failed(directory)) return static_cast<i32>(-directory);
    u64 s[16] = {};
    i32 error = to_error(raw::call(raw::nr_fstatfs, static_cast<u64>(directory), reinterpret_cast<u64>(s)));
    raw::call(raw::nr_close, static_cast<u64>(directory));
    job.reply.space = {s[0], s[1], s[2], s[3], s[5], s[6], s[8]};
    return error;
}

BOOT_CODE bool changes_host(FileOperation operation) {
    switch (operation) {
        case FileOperation::create:
        case FileOperation::create_symlink:
        case FileOperation::link:
        case FileOperation::remove:
        case FileOperation::rename:
        case FileOperation::set_attributes:
        case FileOperation::set_attribute:
        case FileOperation::remove_attribute:
            return true;
        default:
            return false;
    }
}

BOOT_CODE i32 serve_named(Opener& opener, Job& job) {
    const FileRequest& r = job.request;
    const auto* row = grant_of(opener, r.grant);
    if (row == nullptr) return enoent;
    if (changes_host(r.operation) && row->kind != platform::GrantParameters::Kind::read_write) return erofs;
    if (i32 error = take_name(job.name, job.shared, r.first_length)) return error;
    switch (r.operation) {
        case FileOperation::open:
            return serve_open(opener, job);
        case FileOperation::list:
            return serve_list(opener, job);
        case FileOperation::read_link:
            return serve_read_link(opener, job);
        case FileOperation::create:
            return serve_create(opener, job);
        case FileOperation::remove:
            return serve_remove(opener, job);
        case FileOperation::set_attributes:
            return serve_set_attributes(opener, job);
        case FileOperation::space:
            return serve_space(opener, job);
        case FileOperation::create_symlink: {
            u32 length = r.second_length;
            if (r.first_length > FileSlot::data_size || length == 0 || length >= longest_path ||
                length > FileSlot::data_size - r.first_length)
                return enametoolong;
            memcpy(job.other, job.shared + r.first_length, length);
            job.other[length] = '\0';
            return serve_create_symlink(opener, job);
        }
        case FileOperation::link:
        case FileOperation::rename:
            if (r.first_length > FileSlot::data_size ||
                r.second_length > FileSlot::data_size - r.first_length)
                return enametoolong;
            if (i32 error = take_name(job.other, job.shared + r.first_length, r.second_length)) return error;
            return serve_two_names(opener, job, r.operation == FileOperation::link);
        default:
            return 95;  // EOPNOTSUPP: extended attributes of host files
    }
}

BOOT_CODE void serve(Opener& opener, Job& job, FileSlot& slot) {
    memcpy(&job.request, &slot.request, sizeof(job.request));
    asm volatile("" : : : "memory");  // the copy is what is checked
    job.reply = {};
    job.shared = slot.data;
    switch (job.request.operation) {
        case FileOperation::attributes:
        case FileOperation::release:
        case FileOperation::write:
        case FileOperation::truncate:
        case FileOperation::allocate:
        case FileOperation::sync:
        case FileOperation::seek:
        case FileOperation::lock:
            job.reply.error = serve_slot(opener, job);
            break;
        default:
            job.reply.error = serve_named(opener, job);
            break;
    }
    memcpy(&slot.reply, &job.reply, sizeof(job.reply));
    slot.state.store(FileSlot::answered, std::memory_order_release);
    constexpr u64 wake = 1;
    raw::call(raw::nr_futex, reinterpret_cast<u64>(&slot.state), wake, ~u32{0} >> 1);
}

}  // namespace

BOOT_CODE void serve_files(const StartBlock& block) {
    auto& ring = reinterpret_cast<Rings*>(block.windows.rings)->files;
    // Large objects of this one thread: on its stack, which the kernel grows.
    Opener opener{};
    opener.block = &block;
    Job job{};
    for (;;) {
        u32 bell = ring.bell.load(std::memory_order_acquire);
        bool any = false;
        for (FileSlot& slot : ring.slots) {
            u32 expected = FileSlot::posted;
            if (!slot.state.compare_exchange_strong(expected, FileSlot::serving)) continue;
            any = true;
            serve(opener, job, slot);
            ring.requests.fetch_add(1, std::memory_order_relaxed);
        }
        if (any) continue;
        constexpr u64 wait = 0;
        ring.sleeping.store(1);
        if (ring.bell.load() == bell)
            raw::call(raw::nr_futex, reinterpret_cast<u64>(&ring.bell), wait, bell, 0);
        ring.sleeping.store(0);
    }
}

}  // namespace litebox::process
