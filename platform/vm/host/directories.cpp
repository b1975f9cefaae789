#include "platform/vm/host/directories.h"

namespace litebox::vm {

bool Directory::beneath(u32 grant, std::string_view path) const {
    if (grant_ != grant || !path_.view().starts_with(path)) return false;
    return path.empty() || path_.size() == path.size() || path_.view()[path.size()] == '/';
}

Ref<Directory> Directories::kept(u32 grant, std::string_view path) {
    LockGuard guard(mutex_);
    const Ref<Directory>& place = kept_[hash_of(grant, path) % most_kept];
    return place && place->is(grant, path) ? place : Ref<Directory>();
}

/// Not when something was dropped since the walk began: it may have gone another way.
void Directories::keep(u32 grant, std::string_view path, Ref<Directory> made, u32 drops) {
    Ref<Directory> before;
    LockGuard guard(mutex_);
    if (drops_.load(std::memory_order_relaxed) != drops) return;
    Ref<Directory>& place = kept_[hash_of(grant, path) % most_kept];
    std::swap(before, place);
    place = std::move(made);
}

void Directories::drop(u32 grant, std::string_view path) {
    Ref<Directory> dropped[most_kept];
    LockGuard guard(mutex_);
    drops_.fetch_add(1, std::memory_order_relaxed);
    for (usize i = 0; i < most_kept; i++)
        if (kept_[i] && kept_[i]->beneath(grant, path)) std::swap(dropped[i], kept_[i]);
}

void Directories::offer(u32 grant, std::string_view path, Fid fid, u32 drops) {
    auto name = String::from(path);
    if (!name.ok()) return;
    auto made = make_ref<Directory>(std::move(fid), grant, std::move(name).value());
    if (made.ok()) keep(grant, path, std::move(made).value(), drops);
}

/// From a directory (none: the export's root) to the last name of `path`.
Result<Ref<Directory>> Directories::step(const Ref<Directory>& from, u32 grant, std::string_view path) {
    u32 before = drops();
    GrantName grant_name(grant);
    std::string_view name = path.empty() ? grant_name.view() : split(path).name;
    Qid last{};
    Fid fid = TRY(client_->walk(from ? from->fid() : NinePClient::root_fid, {&name, 1}, &last));
    if ((last.type & Qid::symlink) != 0) return Errno::eloop;
    if ((last.type & Qid::directory) == 0) return Errno::enotdir;
    String copy = TRY(String::from(path));
    Ref<Directory> made = TRY(make_ref<Directory>(std::move(fid), grant, std::move(copy)));
    keep(grant, path, made, before);
    return made;
}

Result<Ref<Directory>> Directories::find(u32 grant, std::string_view path) {
    if (Ref<Directory> found = kept(grant, path)) return found;
    Ref<Directory> at = kept(grant, {});
    if (!at) at = TRY(step(at, grant, {}));
    for (usize end = 0; end < path.size();) {
        end = min(path.find('/', end + 1), path.size());
        Ref<Directory> next = kept(grant, path.substr(0, end));
        at = next ? next : TRY(step(at, grant, path.substr(0, end)));
    }
    return at;
}

}  // namespace litebox::vm
