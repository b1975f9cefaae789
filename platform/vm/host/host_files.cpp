// South: looking at granted files. A round trip to the monitor costs far more than anything done here, so
// what can be asked together is: several names of a directory, and what is asked about one file.

#include "core/base/string.h"
#include "core/base/vector.h"
#include "platform/vm/host/host_side.h"

namespace litebox::platform {

using namespace vm;

namespace {

constexpr u32 mode_type = 0170000, mode_directory = 0040000, mode_regular = 0100000;
constexpr u32 open_read_only = 0, open_read_write = 2, open_non_block = 04000, open_directory = 0200000,
              open_no_follow = 0400000;

Export& files() {
    return host_side().files;
}

/// One file that is looked at: found by a walk, then asked about.
struct Look {
    u32 grant_number;
    const GrantParameters& grant;
    std::string_view directory, name;  // its path, cut in two
    u32 want;
    Fid fid{};
    Qid qid{};

    [[nodiscard]] bool wants_write() const {
        return (want & want_write) != 0 && grant.kind == GrantParameters::Kind::read_write;
    }
    [[nodiscard]] bool wants_slot() const {
        return (want & (want_slot | want_write)) != 0 && (qid.type & (Qid::directory | Qid::symlink)) == 0;
    }
};

/// The open file that a slot for this one goes by, its record already having a fid for it or not.
struct Opening {
    OpenFile* file = nullptr;
    bool has_fid = false;

    ~Opening() {
        if (file != nullptr) files().files.drop(*file);
    }
};

HostWatch watch_of(const Look& look) {
    u32 id = Watches::id_of(files().watch_kind(look.grant), look.grant_number, look.directory, look.name);
    return files().watches.watch(id);
}

/// What a server says that has no descriptors left is what a full table here would say.
Errno slot_error(Errno error) {
    return error == Errno::emfile ? Errno::enfile : error;
}

/// Makes a slot for a regular file; opens it by the fid that found it, unless it is open already.
Result<int> make_slot(Look& look, const HostAttributes& seen) {
    OpenFiles& open = files().files;
    bool write = look.wants_write();
    u32 renames = files().renames.load(std::memory_order_acquire);
    u32 watch = Watches::id_of(files().watch_kind(look.grant), look.grant_number, look.directory);
    Opening opening;
    opening.file = TRY(open.find(seen));
    if (!OpenFiles::has_fid(*opening.file, write)) {
        u32 flags = (write ? open_read_write : open_read_only) | open_non_block | open_no_follow;
        TRY(files().client->open(look.fid.number(), flags));
        open.give_fid(*opening.file, std::move(look.fid), write);
    }
    bool stale = opening.file->changed_since(seen);
    opening.file->learn(seen);
    int slot = TRY(open.make_slot(*opening.file, write, look.grant_number, watch, renames));
    opening.file = nullptr;
    // Somebody outside has changed it since it was cached.
    if (stale)
        if (auto use = open.use(slot); use.ok()) invalidate_cached(*use.value().cached);
    return slot;
}

/// Completes the node of a file whose attributes have been told.
Result<void> describe(Look& look, HostNode& node) {
    u32 type = node.attributes.mode & mode_type;
    if (type == mode_directory && (look.want & want_watch) != 0) node.watch = watch_of(look);
    if (type != mode_regular || !look.wants_slot()) {
        files().exchange_owner(look.grant_number, node.attributes);
        return {};
    }
    auto slot = make_slot(look, node.attributes);
    files().exchange_owner(look.grant_number, node.attributes);
    if (slot.ok()) node.slot = slot.value();
    if (!slot.ok() && (look.want & want_reason) != 0) return slot_error(slot.error());
    return {};
}

/// A symbolic link's attributes and target, asked for together.
Result<void> describe_link(Look& look, HostNode& node, std::span<char> target) {
    NinePClient& client = *files().client;
    {
        NinePCall attributes(client);
        client.send_attributes(attributes, look.fid.number());
        NinePCall link(client, false);
        if (link.held() && !target.empty()) client.send_read_link(link, look.fid.number());
        auto seen = client.end_attributes(attributes);
        if (link.held() && !target.empty()) {
            auto length = client.end_read_link(link, target);
            if (length.ok() && length.value() <= target.size())
                node.target_length = static_cast<u32>(length.value());
        }
        node.attributes = TRY(std::move(seen));
    }
    return describe(look, node);
}

}  // namespace

const HostWatchWords& host_watch(u32 id) {
    return files().watches.words(id);
}

Result<HostNode> host_open(u32 grant, std::string_view path, u32 want, std::span<char> target) {
    const GrantParameters& parameters = *TRY(files().grant(grant));
    SplitPath parts = split(path);
    Look look{grant, parameters, parts.directory, parts.name, want};
    HostNode node{};
    // Words are read before the host is asked: what changes meanwhile makes the answer stale.
    HostWatch watch = watch_of(look);
    u32 drops = files().directories.drops();
    look.fid = TRY(files().find(grant, path, &look.qid));
    if ((look.qid.type & Qid::symlink) != 0) {
        TRY(describe_link(look, node, target));
        return node;
    }
    node.attributes = TRY(files().client->attributes(look.fid.number()));
    TRY(describe(look, node));
    if (node.watch.id != 0) node.watch = watch;
    if ((look.qid.type & Qid::directory) != 0)
        files().directories.offer(grant, path, std::move(look.fid), drops);
    return node;
}

namespace {

/// Names of one directory, looked at together. The calls are held only while none waits for another.
class Batch {
  public:
    static constexpr usize most = 16;
    Batch(u32 grant, const GrantParameters& parameters, const Directory& directory, std::string_view path,
          u32 want)
        : grant_(grant), parameters_(parameters), directory_(directory), path_(path), want_(want) {}

    /// Looks at the first few of `names`: how many, at least one.
    usize look(std::span<const std::string_view> names, std::span<HostAnswer> answers);

  private:
    struct Calls {
        NinePCall* all[most] = {};
        alignas(NinePCall) u8 memory[most][sizeof(NinePCall)];
        ~Calls() {
            for (NinePCall* call : all)
                if (call != nullptr) call->~NinePCall();
        }
        /// Null: no room beside those that are held.
        NinePCall* make(usize i, bool wait) {
            auto* call = new (memory[i]) NinePCall(*files().client, wait);
            if (call->held()) return all[i] = call;
            call->~NinePCall();
            return nullptr;
        }
    };
    usize walk(std::span<const std::string_view> names, std::span<HostAnswer> answers);
    usize ask(usize from, usize count, std::span<HostAnswer> answers);

    u32 grant_;
    const GrantParameters& parameters_;
    const Directory& directory_;
    std::string_view path_;
    u32 want_;
    Fid fids_[most];
    Qid qids_[most] = {};
};

i32 error_of(Errno error) {
    return static_cast<i32>(error);
}

usize Batch::walk(std::span<const std::string_view> names, std::span<HostAnswer> answers) {
    NinePClient& client = *files().client;
    auto made = make_own<Calls>();
    usize count = 0;
    for (; made.ok() && count < min(names.size(), most); count++) {
        auto fid = client.new_fid();
        NinePCall* call = fid.ok() ? made.value()->make(count, count == 0) : nullptr;
        if (call == nullptr) {
            if (fid.ok()) client.forget_fid(std::move(fid).value());
            break;
        }
        fids_[count] = std::move(fid).value();
        client.send_walk(*call, directory_.fid(), fids_[count], {&names[count], 1});
    }
    for (usize i = 0; i < count; i++) {
        auto result = client.end_walk(*made.value()->all[i], 1, &qids_[i]);
        answers[i] = {result.ok() ? 0 : error_of(result.error()), {}};
        if (!result.ok()) client.forget_fid(std::exchange(fids_[i], Fid()));
    }
    return count;
}

/// The attributes of those from `from` on that were found; how far it came.
usize Batch::ask(usize from, usize count, std::span<HostAnswer> answers) {
    NinePClient& client = *files().client;
    auto made = make_own<Calls>();
    if (!made.ok()) return count;
    usize end = from;
    bool first = true;
    for (; end < count; end++) {
        if (!fids_[end].held()) continue;
        NinePCall* call = made.value()->make(end, first);
        if (call == nullptr) break;
        first = false;
        client.send_attributes(*call, fids_[end].number());
    }
    for (usize i = from; i < end; i++) {
        NinePCall* call = made.value()->all[i];
        if (call == nullptr) continue;
        auto seen = client.end_attributes(*call);
        answers[i].error = seen.ok() ? 0 : error_of(seen.error());
        if (seen.ok()) answers[i].node.attributes = seen.value();
    }
    return end;
}

usize Batch::look(std::span<const std::string_view> names, std::span<HostAnswer> answers) {
    usize count = walk(names, answers);
    if (count == 0) {
        answers[0] = {error_of(Errno::enomem), {}};
        return 1;
    }
    for (usize done = 0; done < count;) done = ask(done, count, answers);
    for (usize i = 0; i < count; i++) {
        if (answers[i].error != 0) continue;
        if (answers[i].node.attributes.mode == 0) {
            answers[i].error = error_of(Errno::enomem);
            continue;
        }
        Look look{grant_, parameters_, path_, names[i], want_, std::move(fids_[i]), qids_[i]};
        auto described = describe(look, answers[i].node);
        if (!described.ok()) answers[i].error = error_of(described.error());
    }
    return count;
}

/// The directory that a request names, seen to be the one that is meant.
Result<HostNode> look_at_directory(u32 grant, const GrantParameters& parameters, const Directory& directory,
                                   std::string_view path, HostIdentity expected, u32 want) {
    HostNode node{};
    Look look{grant, parameters, path, {}, want};
    if ((want & want_watch) != 0) node.watch = watch_of(look);
    node.attributes = TRY(files().client->attributes(directory.fid()));
    if ((node.attributes.mode & mode_type) != mode_directory) return Errno::enotdir;
    bool other = expected.inode != 0 &&
                 (expected.inode != node.attributes.inode || expected.device != node.attributes.device);
    if (other) return Errno::estale;
    files().exchange_owner(grant, node.attributes);
    return node;
}

}  // namespace

Result<usize> host_open_many(u32 grant, std::string_view path, HostIdentity directory, std::string_view names,
                             u32 want, std::span<HostAnswer> to) {
    const GrantParameters& parameters = *TRY(files().grant(grant));
    TRY(check_path(path));
    Ref<Directory> found = TRY(files().directories.find(grant, path));
    (void)TRY(look_at_directory(grant, parameters, *found, path, directory, 0));
    usize count = 0, most = min(to.size(), host_open_many_limit);
    while (!names.empty() && count < most) {
        std::string_view some[Batch::most];
        usize part = 0;
        std::string_view rest = names;
        for (; part < min(Batch::most, most - count) && !rest.empty(); part++) {
            usize end = rest.find('\0');
            if (end == std::string_view::npos) return Errno::einval;
            some[part] = rest.substr(0, end);
            TRY(check_name(some[part]));
            rest.remove_prefix(end + 1);
        }
        auto batch = TRY(make_own<Batch>(grant, parameters, *found, path, want));
        usize looked = batch->look({some, part}, to.subspan(count));
        for (usize i = 0; i < looked; i++) names.remove_prefix(some[i].size() + 1);
        count += looked;
    }
    return count;
}

namespace {

/// A listing on its way into the caller's records.
struct ListingWriter {
    std::span<u8> records;
    bool looks;
    usize used = 0;
    u64 position = 0;
    bool full = false;

    [[nodiscard]] usize header() const { return sizeof(HostEntry) + (looks ? sizeof(HostNode) : 0); }
    bool add(const NinePClient::Entry& entry) {
        if (entry.name == "." || entry.name == ".." || !check_name(entry.name).ok()) {
            position = entry.position;
            return true;
        }
        usize record = (header() + entry.name.size() + 7) & ~usize{7};
        full = record > records.size() - used;
        if (full) return false;
        HostEntry out{};
        out.length = static_cast<u32>(record);
        out.name_length = static_cast<u16>(entry.name.size());
        out.has_node = looks ? 1 : 0;
        out.type = entry.type;
        out.position = entry.position;
        out.inode = entry.qid.path;
        memset(records.data() + used, 0, record);
        memcpy(records.data() + used, &out, sizeof(out));
        memcpy(records.data() + used + header(), entry.name.data(), entry.name.size());
        used += record;
        position = entry.position;
        return true;
    }
};

/// Fills in what a listing's entries are, as far as it can be told.
Result<void> look_at_entries(u32 grant, const GrantParameters& parameters, const Directory& directory,
                             std::string_view path, u32 want, std::span<u8> records) {
    Vector<HostAnswer> answers;
    TRY(answers.resize(Batch::most));
    for (usize at = 0; at < records.size();) {
        std::string_view names[Batch::most];
        usize places[Batch::most], count = 0;
        for (usize next = at; next < records.size() && count < Batch::most; count++) {
            HostEntry entry;
            memcpy(&entry, records.data() + next, sizeof(entry));
            const u8* name = records.data() + next + sizeof(entry) + sizeof(HostNode);
            names[count] = {reinterpret_cast<const char*>(name), entry.name_length};
            places[count] = next;
            next += entry.length;
        }
        auto batch = TRY(make_own<Batch>(grant, parameters, directory, path, want));
        usize looked = batch->look({names, count}, {answers.data(), answers.size()});
        for (usize i = 0; i < looked; i++) {
            HostEntry entry;
            memcpy(&entry, records.data() + places[i], sizeof(entry));
            HostNode node = answers[i].error == 0 ? answers[i].node : HostNode{};
            memcpy(records.data() + places[i] + sizeof(entry), &node, sizeof(node));
            at = places[i] + entry.length;
        }
    }
    return {};
}

}  // namespace

Result<HostListing> host_list(u32 grant, std::string_view path, HostIdentity directory, u64 position,
                              u32 want, std::span<u8> records) {
    const GrantParameters& parameters = *TRY(files().grant(grant));
    TRY(check_path(path));
    NinePClient& client = *files().client;
    Ref<Directory> found = TRY(files().directories.find(grant, path));
    HostListing listing{};
    listing.directory = TRY(look_at_directory(grant, parameters, *found, path, directory, want));
    Fid open = TRY(client.walk(found->fid(), {}, nullptr));
    TRY(client.open(open.number(), open_read_only | open_directory | open_no_follow));
    ListingWriter writer{records, (want & want_attributes) != 0};
    writer.position = position;
    auto add = [](void* to, const NinePClient::Entry& entry) {
        return static_cast<ListingWriter*>(to)->add(entry);
    };
    while (!writer.full) {
        u64 before = writer.position;
        usize count =
            TRY(client.read_directory(open.number(), before, NinePClient::largest_bulk, add, &writer));
        listing.end = count == 0;
        // A server that does not get on would have this go on for ever.
        if (listing.end || (writer.position == before && !writer.full)) break;
    }
    // A record that fits into no listing would be asked for again and again.
    if (writer.full && writer.used == 0) return Errno::einval;
    listing.bytes = writer.used;
    if (writer.looks)
        TRY(look_at_entries(grant, parameters, *found, path, want, records.first(listing.bytes)));
    return listing;
}

Result<usize> host_read_link(u32 grant, std::string_view path, std::span<char> to) {
    Qid qid{};
    Fid fid = TRY(files().find(grant, path, &qid));
    if ((qid.type & Qid::symlink) == 0) return Errno::einval;
    usize length = TRY(files().client->read_link(fid.number(), to));
    return length <= to.size() ? Result<usize>(length) : Errno::enametoolong;
}

Result<HostSpace> host_space(u32 grant) {
    Fid fid = TRY(files().find(grant, {}, nullptr));
    return files().client->space(fid.number());
}

}  // namespace litebox::platform
