// Changes of names and attributes beneath --rw. No set-id bit and no device node goes out.
#include "platform/process/boot/opener_state.h"

namespace litebox::process {

namespace {

constexpr u32 set_id_bits = 06000, sticky_bit = 01000, permission_bits = 0777;

/// The parent of the request's name, which stays whole.
class Parent {
  public:
    explicit Parent(Opener& opener) {
        memcpy(copy_, opener.job.name, sizeof(copy_));
        opened_ = open_parent(opener, opener.job.request.grant, copy_, last_);
    }
    [[nodiscard]] i64 opened() const { return opened_; }
    [[nodiscard]] u64 last() const { return reinterpret_cast<u64>(last_); }

  private:
    char copy_[longest_path];
    const char* last_ = nullptr;
    i64 opened_;
};

/// A regular file goes into the second window at once: its mode may forbid to open it again.
i32 create_regular(Opener& opener, const HeldFile& parent, u64 name, u32 mode, int& slot) {
    HowToOpen how{o_read_write | o_create | o_exclusive | o_close_on_exec | o_no_follow, mode,
                  no_symlinks_beneath};
    HeldFile file(
        raw::call(raw::nr_openat2, parent.number(), name, reinterpret_cast<u64>(&how), sizeof(how)));
    if (file.good() && file.number() < file_window_begin) slot = into_window(opener, file, true);
    return file.error();
}

i32 create_node(Opener& opener, const HeldFile& parent, u64 name, int& slot) {
    u32 flags = opener.job.request.flags;
    u32 type = flags & type_mask, mode = flags & permission_bits;
    if (type == type_regular) return create_regular(opener, parent, name, mode, slot);
    if (type == type_directory)
        return to_error(raw::call(raw::nr_mkdirat, parent.number(), name, mode | (flags & sticky_bit)));
    if (type == type_fifo || type == type_socket)
        return to_error(raw::call(raw::nr_mknodat, parent.number(), name, type | mode, 0));
    return eperm;
}

using Change = platform::HostAttributeChange;

i32 change_mode(const HeldFile& parent, u64 name, u32 mode) {
    if ((mode & set_id_bits) != 0) return eperm;
    // fchmodat follows links, so nothing but what is no link may be changed: looked at through O_PATH first.
    HowToOpen how{o_path | o_no_follow | o_close_on_exec, 0, no_symlinks_beneath};
    HeldFile file(
        raw::call(raw::nr_openat2, parent.number(), name, reinterpret_cast<u64>(&how), sizeof(how)));
    if (!file.good()) return file.error();
    platform::HostAttributes found{};
    if (i32 error = look_at(file, found)) return error;
    if ((found.mode & type_mask) == type_symlink) return eopnotsupp;
    i64 done = raw::call(raw::nr_fchmodat2, file.number(), reinterpret_cast<u64>(""),
                         mode & (sticky_bit | permission_bits), at_empty_path);
    if (done != -enosys) return to_error(done);
    // Before Linux 6.6. A link put in the file's place meanwhile leads no further than the openers' root,
    // where there is nothing but grants, and what is granted for reading is mounted so.
    return to_error(
        raw::call(raw::nr_fchmodat, parent.number(), name, mode & (sticky_bit | permission_bits)));
}

i32 change_times(const HeldFile& parent, u64 name, const Change& change) {
    constexpr i64 omit = 0x3ffffffe;
    i64 times[4] = {change.access_value.seconds, change.access_value.nanoseconds, change.modify_value.seconds,
                    change.modify_value.nanoseconds};
    if ((change.fields & Change::access) == 0) times[1] = omit;
    if ((change.fields & Change::modify) == 0) times[3] = omit;
    return to_error(
        raw::call(raw::nr_utimensat, parent.number(), name, reinterpret_cast<u64>(times), at_no_follow));
}

}  // namespace

i32 serve_create(Opener& opener) {
    Job& job = opener.job;
    if ((job.request.flags & set_id_bits) != 0) return eperm;
    int slot = platform::no_host_slot;
    {
        Parent place(opener);
        HeldFile parent(place.opened());
        if (!parent.good()) return parent.error();
        if (i32 error = create_node(opener, parent, place.last(), slot)) return error;
    }
    i32 error = describe(opener, job.request.grant, job.name, platform::want_watch, job.reply.node);
    if (error != 0 && slot != platform::no_host_slot) give_back(opener, slot);
    job.reply.node.slot = slot;
    return error;
}

i32 serve_create_symlink(Opener& opener) {
    Job& job = opener.job;
    u32 begin = job.request.first_length, length = job.request.second_length;
    if (begin > FileSlot::data_size || length > FileSlot::data_size - begin) return enametoolong;
    if (length == 0 || length >= longest_path) return enametoolong;
    memcpy(job.other, job.shared + begin, length);
    job.other[length] = '\0';
    {
        Parent place(opener);
        HeldFile parent(place.opened());
        if (!parent.good()) return parent.error();
        i64 done =
            raw::call(raw::nr_symlinkat, reinterpret_cast<u64>(job.other), parent.number(), place.last());
        if (failed(done)) return to_error(done);
    }
    return describe(opener, job.request.grant, job.name, 0, job.reply.node);
}

i32 serve_remove(Opener& opener) {
    constexpr u64 remove_directory = 0x200;
    Parent place(opener);
    HeldFile parent(place.opened());
    if (!parent.good()) return parent.error();
    return to_error(raw::call(raw::nr_unlinkat, parent.number(), place.last(),
                              opener.job.request.flags != 0 ? remove_directory : 0));
}

/// link and rename: both names beneath one grant.
i32 serve_two_names(Opener& opener, bool link) {
    constexpr u32 no_replace_and_exchange = 3;
    Job& job = opener.job;
    u32 begin = job.request.first_length;
    if (begin > FileSlot::data_size || job.request.second_length > FileSlot::data_size - begin)
        return enametoolong;
    if (i32 error = take_name(job.other, job.shared + begin, job.request.second_length)) return error;
    Parent place(opener);
    HeldFile parent(place.opened());
    if (!parent.good()) return parent.error();
    const char* last = nullptr;
    HeldFile other(open_parent(opener, job.request.grant, job.other, last));
    if (!other.good()) return other.error();
    u64 name = reinterpret_cast<u64>(last);
    if (link)
        return to_error(raw::call(raw::nr_linkat, parent.number(), place.last(), other.number(), name, 0));
    return to_error(raw::call(raw::nr_renameat2, parent.number(), place.last(), other.number(), name,
                              job.request.flags & no_replace_and_exchange));
}

i32 serve_set_attributes(Opener& opener) {
    Job& job = opener.job;
    const Change& change = job.request.change;
    bool root = job.name[0] == '\0';
    const char* last = ".";
    HeldFile parent(root ? open_beneath(opener, job.request.grant, "", o_path | o_directory)
                         : open_parent(opener, job.request.grant, job.name, last));
    if (!parent.good()) return parent.error();
    u64 name = reinterpret_cast<u64>(last);
    if ((change.fields & Change::mode) != 0)
        if (i32 error = change_mode(parent, name, change.mode_bits)) return error;
    if ((change.fields & (Change::uid | Change::gid)) != 0) {
        u64 uid = (change.fields & Change::uid) != 0 ? change.uid_value : ~u32{0},
            gid = (change.fields & Change::gid) != 0 ? change.gid_value : ~u32{0};
        i64 done = raw::call(raw::nr_fchownat, parent.number(), name, uid, gid, at_no_follow);
        if (failed(done)) return to_error(done);
    }
    if ((change.fields & (Change::access | Change::modify)) != 0) return change_times(parent, name, change);
    return 0;
}

}  // namespace litebox::process
