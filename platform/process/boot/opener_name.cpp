// Names in grants: taken out of shared memory, and resolved beneath the grant's root without links.
#include "platform/process/boot/opener_state.h"

namespace litebox::process {

namespace {

bool dots(const char* name, usize length) {
    return (length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.');
}

/// "/N", where grant N lies in the openers' root.
void place_of_grant(u32 grant, char (&to)[16]) {
    usize at = 0;
    to[at++] = '/';
    if (grant >= 100) to[at++] = static_cast<char>('0' + grant / 100 % 10);
    if (grant >= 10) to[at++] = static_cast<char>('0' + grant / 10 % 10);
    to[at++] = static_cast<char>('0' + grant % 10);
    to[at] = '\0';
}

i64 open_at(u64 directory, const char* name, const HowToOpen& how) {
    i64 opened = raw::call(raw::nr_openat2, directory, reinterpret_cast<u64>(name),
                           reinterpret_cast<u64>(&how), sizeof(how));
    if (failed(opened) || opened < file_window_begin) return opened;
    // Never where guests could see it before it was checked.
    raw::call(raw::nr_close, static_cast<u64>(opened));
    return -enfile;
}

}  // namespace

/// Copies a name out of shared memory: relative, no empty, "." or ".." component.
i32 take_name(char (&to)[longest_path], const u8* shared, u32 length) {
    if (length >= longest_path) return enametoolong;
    for (u32 i = 0; i < length; i++) to[i] = static_cast<char>(__atomic_load_n(shared + i, __ATOMIC_RELAXED));
    to[length] = '\0';
    for (u32 begin = 0, i = 0; i <= length && length > 0; i++) {
        if (i < length && to[i] == '\0') return einval;
        if (i < length && to[i] != '/') continue;
        if (i == begin || dots(to + begin, i - begin)) return einval;
        begin = i + 1;
    }
    return 0;
}

bool single_name(const char* name, usize length) {
    for (usize i = 0; i < length; i++)
        if (name[i] == '/' || name[i] == '\0') return false;
    return length > 0 && length < 256 && !dots(name, length);
}

const platform::GrantParameters* grant_of(const Opener& opener, u32 grant) {
    for (const auto& row : opener.block().parameters.grants)
        if (row.grant == grant && row.kind != platform::GrantParameters::Kind::temporary &&
            grant < opener.block().grant_lanes.size() && opener.block().grant_lanes[grant] == opener.lane)
            return &row;
    return nullptr;
}

/// Makes the grant's root the working directory.
i32 enter_grant(Opener& opener, u32 grant) {
    if (opener.grant == grant) return 0;
    if (grant >= opener.block().grant_count) return enoent;
    char place[16];
    place_of_grant(grant, place);
    opener.grant = ~u32{0};
    i64 result = raw::call(raw::nr_chdir, reinterpret_cast<u64>(place));
    if (failed(result)) return to_error(result);
    opener.grant = grant;
    return 0;
}

i64 read_link(const HeldFile& link, char (&to)[longest_path]) {
    return raw::call(raw::nr_readlinkat, link.number(), reinterpret_cast<u64>(""), reinterpret_cast<u64>(to),
                     sizeof(to));
}

i32 stand_in(Opener& opener, u64 directory) {
    opener.grant = ~u32{0};
    return to_error(raw::call(raw::nr_fchdir, directory));
}

i64 open_beneath(Opener& opener, u32 grant, const char* name, u64 flags) {
    HowToOpen how{flags | o_close_on_exec | o_no_follow, 0, no_symlinks_beneath};
    if ((flags & (o_path | o_directory)) == 0) how.flags |= o_non_block | o_no_ctty;
    // NO_SYMLINKS refuses a link at the end as well, but O_PATH|O_NOFOLLOW is how one looks at it: the kernel
    // permits that pair.
    if (i32 error = enter_grant(opener, grant)) {
        // A granted file or link is no directory: it lies in the root itself.
        if (error != enotdir && error != eloop && error != enoent) return -error;
        if (name[0] != '\0') return error == enotdir ? -enotdir : -eloop;
        char place[16];
        place_of_grant(grant, place);
        how.resolve = resolve_no_magic_links | resolve_in_root;
        return open_at(at_working_directory, place, how);
    }
    return open_at(at_working_directory, name[0] == '\0' ? "." : name, how);
}

i64 open_parent(Opener& opener, u32 grant, char (&name)[longest_path], const char*& last) {
    usize slash = longest_path;
    for (usize i = 0; name[i] != '\0'; i++)
        if (name[i] == '/') slash = i;
    if (name[0] == '\0') return -eacces;
    if (slash == longest_path) {
        last = name;
        return open_beneath(opener, grant, "", o_path | o_directory);
    }
    name[slash] = '\0';
    last = name + slash + 1;
    return open_beneath(opener, grant, name, o_path | o_directory);
}

}  // namespace litebox::process
