// South: changes of names and attributes beneath read-write grants. No set-id bit and no device node goes
// out.
#include "core/base/string.h"
#include "platform/vm/host/host_side.h"

namespace litebox::platform {

using namespace vm;

namespace {

constexpr u32 mode_type = 0170000, mode_directory = 0040000, mode_regular = 0100000, mode_fifo = 0010000,
              mode_socket = 0140000;
constexpr u32 set_id_bits = 06000, permission_bits = 01777;

Export& files() {
    return host_side().files;
}

/// A name in a directory of a read-write grant.
struct Place {
    u32 grant;
    SplitPath parts;
    Ref<Directory> directory;

    [[nodiscard]] u32 fid() const { return directory->fid(); }
    /// The directory's entries are others now.
    void changed() const { files().watches.entries_changed(grant, parts.directory); }
};

/// EROFS, EACCES for the grant's own root.
Result<Place> place_of(u32 grant, std::string_view path) {
    (void)TRY(files().grant(grant, true));
    TRY(check_path(path));
    if (path.empty()) return Errno::eacces;
    SplitPath parts = split(path);
    return Place{grant, parts, TRY(files().directories.find(grant, parts.directory))};
}

/// Whom a new file belongs to, as the server knows it.
u32 group_for(u32 grant) {
    u32 uid = host_side().parameters.boot.uid, gid = host_side().parameters.boot.gid;
    files().exchange_owner(grant, uid, gid);
    return gid;
}

/// Creates it open for reading and writing at once: its mode may forbid to open it again.
Result<HostNode> create_regular(const Place& place, u32 mode) {
    constexpr u32 read_write = 2, create = 0100, exclusive = 0200, no_follow = 0400000;
    NinePClient& client = *files().client;
    Fid fid = TRY(client.walk(place.fid(), {}, nullptr));
    TRY(client.create(fid.number(), place.parts.name, read_write | create | exclusive | no_follow,
                      mode & permission_bits, group_for(place.grant)));
    place.changed();
    HostNode node{};
    node.attributes = TRY(client.attributes(fid.number()));
    if ((node.attributes.mode & mode_type) != mode_regular) return Errno::eio;
    OpenFiles& open = files().files;
    OpenFile* file = TRY(open.find(node.attributes));
    open.give_fid(*file, std::move(fid), true);
    u32 watch = Watches::id_of(Watches::Kind::read_write, place.grant, place.parts.directory);
    auto slot =
        open.make_slot(*file, true, place.grant, watch, files().renames.load(std::memory_order_acquire));
    if (slot.ok())
        node.slot = slot.value();
    else
        open.drop(*file);
    return node;
}

/// QEMU makes special files, and since it lets nobody open them, cannot set their mode: it takes them away
/// again with ENXIO. mknod(2) calls a file system that has no such files EPERM.
Result<void> make_special(const Place& place, u32 mode) {
    auto made = files().client->make_node(place.fid(), place.parts.name, mode & (mode_type | permission_bits),
                                          group_for(place.grant));
    if (!made.ok() && made.error() == Errno::enxio) return Errno::eperm;
    return made;
}

/// The server's own mask may have taken bits from a mode.
Result<void> see_to_mode(u32 grant, std::string_view path, HostNode& node, u32 mode) {
    if ((node.attributes.mode & permission_bits) == (mode & permission_bits)) return {};
    Fid fid = TRY(files().find(grant, path, nullptr));
    NinePClient::Change change;
    change.fields = NinePClient::Change::mode;
    change.mode_bits = mode & permission_bits;
    TRY(files().client->set_attributes(fid.number(), change));
    node.attributes = TRY(files().client->attributes(fid.number()));
    return {};
}

}  // namespace

Result<HostNode> host_create(u32 grant, std::string_view path, u32 mode) {
    NinePClient* client = files().client;
    Place place = TRY(place_of(grant, path));
    if ((mode & set_id_bits) != 0) return Errno::eperm;
    u32 type = mode & mode_type;
    HostNode node{};
    if (type == mode_regular) {
        node = TRY(create_regular(place, mode));
    } else {
        if (type == mode_directory)
            TRY(client->make_directory(place.fid(), place.parts.name, mode & permission_bits,
                                       group_for(grant)));
        else if (type == mode_fifo || type == mode_socket)
            TRY(make_special(place, mode));
        else
            return Errno::eperm;
        place.changed();
        node = TRY(host_open(grant, path, want_watch));
    }
    auto right = see_to_mode(grant, path, node, mode);
    if (!right.ok() && node.slot != no_host_slot) host_release({&node.slot, 1});
    TRY(std::move(right));
    if (type == mode_regular) files().exchange_owner(grant, node.attributes);
    return node;
}

Result<HostNode> host_create_symlink(u32 grant, std::string_view path, std::string_view target) {
    Place place = TRY(place_of(grant, path));
    if (target.empty() || target.size() >= longest_path) return Errno::enametoolong;
    TRY(files().client->make_symlink(place.fid(), place.parts.name, target, group_for(grant)));
    place.changed();
    return host_open(grant, path, 0);
}

Result<void> host_link(u32 grant, std::string_view from, std::string_view to) {
    Place old = TRY(place_of(grant, from)), fresh = TRY(place_of(grant, to));
    Fid file = TRY(files().find(grant, from, nullptr));
    TRY(files().client->link(fresh.fid(), fresh.parts.name, file.number()));
    old.changed();  // the count of its names
    fresh.changed();
    return {};
}

Result<void> host_remove(u32 grant, std::string_view path, bool directory) {
    Place place = TRY(place_of(grant, path));
    LockGuard guard(files().names_mutex);
    if (directory) files().directories.drop(grant, path);
    auto done = files().client->unlink(place.fid(), place.parts.name, directory);
    if (directory) files().directories.drop(grant, path);
    place.changed();
    return done;
}

namespace {

/// A name that must not be there yet is taken first, in a way that fails if it is: by a link to the file, or
/// by an empty directory, which a rename replaces.
Result<void> rename_to_new(const Place& old, const Place& fresh, std::string_view from) {
    NinePClient& client = *files().client;
    Qid qid{};
    Fid file = TRY(files().find(old.grant, from, &qid));
    if ((qid.type & Qid::directory) == 0) {
        TRY(client.link(fresh.fid(), fresh.parts.name, file.number()));
        return client.unlink(old.fid(), old.parts.name, false);
    }
    constexpr u32 own_only = 0700;
    TRY(client.make_directory(fresh.fid(), fresh.parts.name, own_only, group_for(fresh.grant)));
    auto renamed = client.rename(old.fid(), old.parts.name, fresh.fid(), fresh.parts.name);
    if (!renamed.ok()) (void)client.unlink(fresh.fid(), fresh.parts.name, true);
    return renamed;
}

}  // namespace

Result<void> host_rename(u32 grant, std::string_view from, std::string_view to, u32 flags) {
    constexpr u32 no_replace = 1;
    // 9P cannot exchange two names in one step.
    if ((flags & ~no_replace) != 0) return Errno::einval;
    Place old = TRY(place_of(grant, from)), fresh = TRY(place_of(grant, to));
    LockGuard guard(files().names_mutex);
    files().directories.drop(grant, from);
    files().directories.drop(grant, to);
    auto done = (flags & no_replace) != 0
                    ? rename_to_new(old, fresh, from)
                    : files().client->rename(old.fid(), old.parts.name, fresh.fid(), fresh.parts.name);
    files().directories.drop(grant, from);
    files().directories.drop(grant, to);
    files().renames.fetch_add(1, std::memory_order_acq_rel);
    files().watches.names_moved();
    return done;
}

Result<void> host_set_attributes(u32 grant, std::string_view path, const HostAttributeChange& change) {
    (void)TRY(files().grant(grant, true));
    using Asked = HostAttributeChange;
    using Sent = NinePClient::Change;
    if ((change.fields & Asked::mode) != 0 && (change.mode_bits & set_id_bits) != 0) return Errno::eperm;
    Qid qid{};
    Fid fid = TRY(files().find(grant, path, &qid));
    if ((qid.type & Qid::symlink) != 0 && (change.fields & Asked::mode) != 0) return Errno::eopnotsupp;
    Sent sent;
    if ((change.fields & Asked::mode) != 0) sent.fields |= Sent::mode;
    if ((change.fields & Asked::uid) != 0) sent.fields |= Sent::uid;
    if ((change.fields & Asked::gid) != 0) sent.fields |= Sent::gid;
    if ((change.fields & Asked::access) != 0) sent.fields |= Sent::access;
    if ((change.fields & Asked::modify) != 0) sent.fields |= Sent::modify;
    sent.mode_bits = change.mode_bits & permission_bits;
    sent.uid_value = change.uid_value;
    sent.gid_value = change.gid_value;
    files().exchange_owner(grant, sent.uid_value, sent.gid_value);
    sent.access_value = change.access_value;
    sent.modify_value = change.modify_value;
    auto done = files().client->set_attributes(fid.number(), sent);
    SplitPath parts = split(path);
    files().watches.entries_changed(grant, parts.directory);
    files().watches.attributes_changed(grant, path);
    return done;
}

}  // namespace litebox::platform
