// Looking at files: attributes, descriptors, listings.
#include "platform/process/boot/opener_state.h"

namespace litebox::process {

namespace {

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

void fill_time(platform::HostTime& to, const Statx::Time& from) {
    to = {from.seconds, from.nanoseconds, 0};
}

/// File systems that hand out more than files: never a descriptor from one of them.
constexpr u64 refused_file_systems[] = {
    0x9fa0,      // proc
    0x62656572,  // sysfs
    0x64626720,  // debugfs
    0x74726163,  // tracefs
    0x27e0eb,    // cgroup
    0x63677270,  // cgroup2
    0x1cd1,      // devpts
    0x19800202,  // mqueue
    0xcafe4a11,  // bpf
    0x62656570,  // configfs
    0x6e736673,  // nsfs
    0x50494446,  // pidfs
    0x73636673,  // securityfs
    0xf97cff8c,  // selinuxfs
    0x6165676c,  // pstore
    0xde5e81e4,  // efivarfs
    0x42494e4d,  // binfmt_misc
    0x67596969,  // rpc_pipefs
};

bool refused_type(u64 type) {
    for (u64 refused : refused_file_systems)
        if (type == refused) return true;
    return false;
}

/// Whether the opened file is the one that was looked at, and may be handed inward.
bool same_regular(const HeldFile& file, const platform::HostAttributes& expected) {
    platform::HostAttributes found{};
    return look_at(file, found) == 0 && found.inode == expected.inode && found.device == expected.device &&
           (found.mode & type_mask) == type_regular;
}

/// Gives a regular file a slot: opened anew, since an O_PATH descriptor reads nothing.
int give_slot(Opener& opener, u32 grant, const char* name, const platform::HostAttributes& expected,
              bool write, i32& reason) {
    HeldFile file(open_beneath(opener, grant, name, write ? o_read_write : 0u));
    reason = file.error();
    if (!file.good() || !same_regular(file, expected)) return platform::no_host_slot;
    return into_window(opener, file, write);
}

/// A file with several names is watched itself: its directory hears nothing of what is done through another
/// one.
bool watches_file(const Opener& opener, const platform::HostAttributes& attributes, u32 want) {
    return attributes.links > 1 && (want & platform::want_watch) != 0 && !opener.slow();
}

/// Watches a file by its name, and looks at it again; another file there meanwhile is none of this node.
void watch_file(Opener& opener, const HeldFile& directory, const char* name, platform::HostNode& node) {
    platform::HostWatch watch;
    platform::HostAttributes found{};
    add_watch(opener, directory, name, watch);
    if (look_at(directory.number(), name, found) != 0 || found.inode != node.attributes.inode ||
        found.device != node.attributes.device)
        return;
    node.attributes = found;
    node.watch = watch;
}

/// An entry of an open directory, for listings and look-ups of many: whatever needs care (another mount, a
/// race) is left to a look-up of its own, and so has no node.
void look_at_child(Opener& opener, const HeldFile& directory, u64 device, const char* name, u32 want,
                   platform::HostNode& node) {
    node = {};
    if (look_at(directory.number(), name, node.attributes) != 0 || node.attributes.device != device) {
        node = {};
        return;
    }
    u32 type = node.attributes.mode & type_mask;
    if (type == type_regular && watches_file(opener, node.attributes, want))
        watch_file(opener, directory, name, node);
    bool slot = type == type_regular && (want & platform::want_slot) != 0;
    bool watch = type == type_directory && (want & platform::want_watch) != 0 && !opener.slow();
    if (!slot && !watch) return;
    HowToOpen how{o_no_follow | o_close_on_exec, 0, no_symlinks_beneath | resolve_no_crossing};
    how.flags |= slot ? u64{o_non_block | o_no_ctty} : u64{o_path | o_directory};
    HeldFile file(raw::call(raw::nr_openat2, directory.number(), reinterpret_cast<u64>(name),
                            reinterpret_cast<u64>(&how), sizeof(how)));
    if (!file.good() || file.number() >= file_window_begin) return;
    if (slot) {
        if (same_regular(file, node.attributes)) node.slot = into_window(opener, file, false);
        return;
    }
    platform::HostAttributes found{};
    platform::HostWatch made{};
    add_watch(opener, file, ".", made);
    if (look_at(file, found) != 0 || found.inode != node.attributes.inode || found.device != device) return;
    node.attributes = found;
    node.watch = made;
}

struct Directory64 {
    u64 inode;
    i64 offset;
    u16 length;
    u8 type;
    char name[];
};

/// A listing on its way into the slot's data.
struct ListingWriter {
    Opener& opener;
    const HeldFile& directory;
    u64 device;
    u32 want;
    u8* shared;
    u32 room, used = 0;

    /// False: there is no room left.
    bool add(const Directory64& entry) {
        usize length = strlen(entry.name);
        bool dots = entry.name[0] == '.' && (length == 1 || (length == 2 && entry.name[1] == '.'));
        if (dots) return true;
        bool looks = (want & platform::want_attributes) != 0;
        usize header = sizeof(platform::HostEntry) + (looks ? sizeof(platform::HostNode) : 0);
        u32 record = static_cast<u32>((header + length + 7) & ~usize{7});
        if (record > room - used) return false;
        platform::HostEntry out{};
        out.length = record;
        out.name_length = static_cast<u16>(length);
        out.has_node = looks ? 1 : 0;
        out.type = entry.type;
        out.position = static_cast<u64>(entry.offset);
        out.inode = entry.inode;
        memcpy(shared + used, &out, sizeof(out));
        if (looks) {
            platform::HostNode node{};
            look_at_child(opener, directory, device, entry.name, want, node);
            memcpy(shared + used + sizeof(out), &node, sizeof(node));
        }
        memcpy(shared + used + header, entry.name, length);
        used += record;
        return true;
    }
};

/// Opens the directory that a request names, sees that it is the one meant, and looks at it.
i32 look_at_directory(Opener& opener, const HeldFile& directory, u32 want, platform::HostNode& node) {
    const FileRequest& request = opener.job.request;
    if (!directory.good()) return directory.error();
    node = {};
    if ((want & platform::want_watch) != 0 && !opener.slow()) add_watch(opener, directory, ".", node.watch);
    if (i32 error = look_at(directory, node.attributes)) return error;
    if (i32 error = check_file_system(opener, directory, node.attributes)) return error;
    bool other = request.directory.inode != 0 && (request.directory.inode != node.attributes.inode ||
                                                  request.directory.device != node.attributes.device);
    return other ? estale : 0;
}

}  // namespace

i32 look_at(u64 directory, const char* name, platform::HostAttributes& to) {
    constexpr u64 basic_and_birth = 0xfff;
    Statx s;
    i64 result = raw::call(raw::nr_statx, directory, reinterpret_cast<u64>(name),
                           at_no_follow | at_no_automount | (name[0] == '\0' ? at_empty_path : 0),
                           basic_and_birth, reinterpret_cast<u64>(&s));
    if (failed(result)) return to_error(result);
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

i32 check_file_system(Opener& opener, const HeldFile& file, const platform::HostAttributes& attributes) {
    for (u32 i = 0; i < opener.known_count; i++)
        if (opener.known[i].device == attributes.device) return opener.known[i].refused ? eacces : 0;
    u64 status[16] = {};
    if (failed(raw::call(raw::nr_fstatfs, file.number(), reinterpret_cast<u64>(status)))) return eacces;
    bool refused = refused_type(status[0]);
    if (opener.known_count < sizeof(opener.known) / sizeof(opener.known[0]))
        opener.known[opener.known_count++] = {attributes.device, refused};
    return refused ? eacces : 0;
}

namespace {

i32 describe_link(Opener& opener, const HeldFile& link, platform::HostNode& node) {
    i64 length = read_link(link, opener.job.other);
    if (failed(length)) return 0;  // told when it is asked for
    memcpy(opener.job.shared, opener.job.other, static_cast<usize>(length));
    node.target_length = static_cast<u32>(length);
    return 0;
}

i32 describe_regular(Opener& opener, u32 grant, const char* name, u32 want, platform::HostNode& node) {
    if (watches_file(opener, node.attributes, want) && name[0] != '\0') {
        memcpy(opener.job.other, name, strlen(name) + 1);
        const char* last = nullptr;
        HeldFile parent(open_parent(opener, grant, opener.job.other, last));
        if (parent.good()) watch_file(opener, parent, last, node);
    }
    if ((want & (platform::want_slot | platform::want_write)) == 0) return 0;
    bool write = (want & platform::want_write) != 0 &&
                 grant_of(opener, grant)->kind == platform::GrantParameters::Kind::read_write;
    i32 reason = 0;
    node.slot = give_slot(opener, grant, name, node.attributes, write, reason);
    return (want & platform::want_reason) != 0 ? reason : 0;
}

}  // namespace

i32 describe(Opener& opener, u32 grant, const char* name, u32 want, platform::HostNode& node) {
    if (grant_of(opener, grant) == nullptr) return enoent;
    node = {};
    HeldFile file(open_beneath(opener, grant, name, o_path));
    if (!file.good()) return file.error();
    if (i32 error = look_at(file, node.attributes)) return error;
    if (i32 error = check_file_system(opener, file, node.attributes)) return error;
    switch (node.attributes.mode & type_mask) {
        case type_directory:
            if ((want & platform::want_watch) == 0 || opener.slow()) return 0;
            add_watch(opener, file, ".", node.watch);
            return look_at(file, node.attributes);
        case type_symlink:
            return describe_link(opener, file, node);
        case type_regular:
            return describe_regular(opener, grant, name, want, node);
        default:
            return 0;
    }
}

/// Lists a directory in records of platform::HostEntry.
i32 serve_list(Opener& opener) {
    constexpr usize batch = 4096;
    Job& job = opener.job;
    HeldFile directory(open_beneath(opener, job.request.grant, job.name, o_directory));
    if (i32 error = look_at_directory(opener, directory, job.request.flags, job.reply.node)) return error;
    raw::call(raw::nr_lseek, directory.number(), job.request.position, 0);
    ListingWriter writer{opener,
                         directory,
                         job.reply.node.attributes.device,
                         job.request.flags,
                         job.shared,
                         min<u32>(job.request.room, FileSlot::data_size)};
    alignas(8) u8 entries[batch];
    for (bool full = false; !full;) {
        i64 bytes = raw::call(raw::nr_getdents64, directory.number(), reinterpret_cast<u64>(entries), batch);
        job.reply.end = bytes == 0 ? 1 : 0;
        if (failed(bytes) && writer.used == 0) return to_error(bytes);
        if (bytes <= 0) break;
        for (i64 at = 0; at < bytes && !full;) {
            const auto* entry = reinterpret_cast<const Directory64*>(entries + at);
            at += entry->length;
            full = !writer.add(*entry);
        }
    }
    job.reply.bytes = writer.used;
    return 0;
}

/// Looks at several entries of one directory.
i32 serve_open_many(Opener& opener) {
    Job& job = opener.job;
    u32 begin = job.request.first_length, length = job.request.second_length;
    if (begin > FileSlot::data_size || length > FileSlot::data_size - begin) return einval;
    // The answers would overwrite names that are still to be read.
    char names[128 * 64];
    if (length > sizeof(names)) return einval;
    for (u32 i = 0; i < length; i++)
        names[i] = static_cast<char>(__atomic_load_n(job.shared + begin + i, __ATOMIC_RELAXED));
    HeldFile directory(open_beneath(opener, job.request.grant, job.name, o_path | o_directory));
    platform::HostNode self;
    if (i32 error = look_at_directory(opener, directory, 0, self)) return error;
    u32 count = 0;
    for (u32 at = 0; at < length && count < platform::host_open_many_limit; count++) {
        u32 end = at;
        while (end < length && names[end] != '\0') end++;
        platform::HostAnswer answer{};
        if (end == length || !single_name(names + at, end - at)) return einval;
        look_at_child(opener, directory, self.attributes.device, names + at, job.request.flags, answer.node);
        if (answer.node.attributes.mode == 0) answer.error = estale;
        memcpy(job.shared + count * sizeof(answer), &answer, sizeof(answer));
        at = end + 1;
    }
    job.reply.value = count;
    job.reply.bytes = static_cast<u32>(count * sizeof(platform::HostAnswer));
    return 0;
}

}  // namespace litebox::process
