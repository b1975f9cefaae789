#include "platform/vm/host/export.h"

namespace litebox::vm {

using platform::GrantParameters;

void Export::begin(NinePClient& from, std::span<const GrantParameters> grants,
                   std::span<const GrantOwner> owners) {
    grants_ = grants;
    owners_ = owners;
    directories.begin(from);
    files.begin(from);
    client = &from;
}

namespace {

/// Requests of several files at a time, on the stack.
constexpr usize few = 6;
class Calls : Pinned {
  public:
    ~Calls() {
        for (usize i = 0; i < count_; i++) call(i).~NinePCall();
    }
    /// False: no room beside those that are held.
    bool add(NinePClient& client) {
        auto* made = new (memory_[count_]) NinePCall(client, count_ == 0);
        if (made->held()) return ++count_ != 0;
        made->~NinePCall();
        return false;
    }
    [[nodiscard]] usize count() const { return count_; }
    NinePCall& call(usize i) { return *reinterpret_cast<NinePCall*>(memory_[i]); }

  private:
    alignas(NinePCall) u8 memory_[few][sizeof(NinePCall)];
    usize count_ = 0;
};

}  // namespace

void Export::learn_some(std::span<GrantParameters> grants) {
    Fid fids[few];
    usize count = 0;
    {
        Calls walks;
        for (; count < grants.size(); count++) {
            auto fid = client->new_fid();
            if (!fid.ok()) break;
            if (!walks.add(*client)) {
                client->forget_fid(std::move(fid).value());
                break;
            }
            fids[count] = std::move(fid).value();
            GrantName name(grants[count].grant);
            std::string_view text = name.view();
            client->send_walk(walks.call(count), NinePClient::root_fid, fids[count], {&text, 1});
        }
        for (usize i = 0; i < count; i++)
            if (!client->end_walk(walks.call(i), 1, nullptr).ok())
                client->forget_fid(std::exchange(fids[i], Fid()));
    }
    Calls looks;
    for (usize i = 0; i < count; i++) {
        if (!looks.add(*client)) return;
        client->send_attributes(looks.call(i), fids[i].number());
    }
    for (usize i = 0; i < count; i++) {
        auto seen = client->end_attributes(looks.call(i));
        if (!seen.ok() || !fids[i].held()) continue;
        grants[i].attributes = seen.value();
        exchange_owner(grants[i].grant, grants[i].attributes);
    }
}

void Export::learn_grants(std::span<GrantParameters> grants) {
    for (; !grants.empty(); grants = grants.subspan(min(grants.size(), few)))
        learn_some(grants.first(min(grants.size(), few)));
}

Result<const GrantParameters*> Export::grant(u32 number, bool to_change) const {
    if (!begun() || number >= grants_.size() || grants_[number].kind == GrantParameters::Kind::temporary)
        return Errno::enoent;
    if (to_change && grants_[number].kind != GrantParameters::Kind::read_write) return Errno::erofs;
    return &grants_[number];
}

Watches::Kind Export::watch_kind(const GrantParameters& grant) const {
    if (grant.kind == GrantParameters::Kind::read_write) return Watches::Kind::read_write;
    return grant.system ? Watches::Kind::system : Watches::Kind::read_only;
}

void Export::exchange_owner(u32 number, u32& uid, u32& gid) const {
    auto exchange = [](u32 value, u32 real, u32 shown) {
        if (value == shown) return real;
        return value == real ? shown : value;
    };
    const GrantOwner& owner = owners_[number];
    uid = exchange(uid, owner.uid, owner.shown_uid);
    gid = exchange(gid, owner.gid, owner.shown_gid);
}

Result<Fid> Export::find(u32 number, std::string_view path, Qid* last) {
    (void)TRY(grant(number));
    TRY(check_path(path));
    if (path.empty()) {
        GrantName root(number);
        std::string_view name = root.view();
        return client->walk(NinePClient::root_fid, {&name, 1}, last);
    }
    SplitPath parts = split(path);
    Ref<Directory> directory = TRY(directories.find(number, parts.directory));
    return client->walk(directory->fid(), {&parts.name, 1}, last);
}

}  // namespace litebox::vm
