#include "platform/simulated/host_tree.h"

#include <algorithm>
#include <cstring>

#include "core/file/inode.h"

namespace litebox::simulated {

namespace {

/// Cuts the first name off a path.
std::string_view first_name(std::string_view& path) {
    while (!path.empty() && path.front() == '/') path.remove_prefix(1);
    usize end = std::min(path.find('/'), path.size());
    std::string_view name = path.substr(0, end);
    path.remove_prefix(end);
    return name;
}

bool is(const HostFile& file, u32 type) {
    return (file.mode & mode_type) == type;
}

}  // namespace

HostTree::HostTree() {
    root_ = make(mode_directory | 0755);
}

HostFileRef HostTree::make(u32 mode) {
    auto file = std::make_shared<HostFile>();
    file->inode = next_inode_++;
    file->mode = mode;
    file->access = file->modify = file->change = file->birth = {clock_++, 0, 0};
    return file;
}

void HostTree::insert(HostFile& directory, const HostFileRef& parent, std::string_view name,
                      HostFileRef file) {
    file->parents.push_back(parent);
    directory.children[std::string(name)] = std::move(file);
    touch(directory);
}

void HostTree::erase(HostFile& directory, const HostFileRef& parent, const std::string& name) {
    auto at = directory.children.find(name);
    HostFileRef file = at->second;
    directory.children.erase(at);
    auto& parents = file->parents;
    auto own =
        std::find_if(parents.begin(), parents.end(), [&](auto& each) { return each.lock() == parent; });
    if (own != parents.end()) parents.erase(own);
    file->links--;
    touch(*file);
    touch(directory);
}

void HostTree::announce(HostFile& file) {
    auto say = [&](const HostFile& directory) {
        if (directory.watch == 0) return;
        watches_[directory.watch].names.fetch_add(1, std::memory_order_acq_rel);
        watches_[directory.watch].attributes.fetch_add(1, std::memory_order_acq_rel);
    };
    say(file);
    for (auto& each : file.parents)
        if (auto parent = each.lock()) say(*parent);
}

void HostTree::touch(HostFile& file) {
    file.modify = file.change = {clock_++, 0, 0};
    announce(file);
}

HostFileRef HostTree::walk(std::string_view path, bool make_directories) {
    HostFileRef at = root_;
    while (at != nullptr) {
        std::string_view name = first_name(path);
        if (name.empty()) return at;
        auto child = at->children.find(std::string(name));
        if (child != at->children.end()) {
            at = child->second;
            continue;
        }
        if (!make_directories) return nullptr;
        HostFileRef made = make(mode_directory | 0755);
        insert(*at, at, name, made);
        at = made;
    }
    return at;
}

void HostTree::add_directory(std::string_view path, u32 permissions) {
    std::lock_guard guard(mutex_);
    walk(path, true)->mode = mode_directory | permissions;
}

namespace {

struct Split {
    std::string_view directory, name;
};
Split split(std::string_view path) {
    usize slash = path.rfind('/');
    if (slash == std::string_view::npos) return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

void HostTree::add_file(std::string_view path, std::string_view contents, u32 permissions) {
    std::lock_guard guard(mutex_);
    auto [directory, name] = split(path);
    HostFileRef parent = walk(directory, true), file = walk(path, false);
    if (file == nullptr || !is(*file, mode_regular)) {
        file = make(mode_regular | permissions);
        insert(*parent, parent, name, file);
    }
    resize(*file, 0);
    store(*file, 0, reinterpret_cast<const u8*>(contents.data()), contents.size());
}

void HostTree::add_link(std::string_view path, std::string_view target) {
    std::lock_guard guard(mutex_);
    auto [directory, name] = split(path);
    HostFileRef parent = walk(directory, true), file = make(mode_symlink | 0777);
    file->target = target;
    file->size = target.size();
    insert(*parent, parent, name, file);
}

void HostTree::remove(std::string_view path) {
    std::lock_guard guard(mutex_);
    auto [directory, name] = split(path);
    HostFileRef parent = walk(directory, false);
    if (parent != nullptr && parent->children.contains(std::string(name)))
        erase(*parent, parent, std::string(name));
}

void HostTree::rename(std::string_view from, std::string_view to) {
    std::lock_guard guard(mutex_);
    HostFileRef file = walk(from, false);
    if (file == nullptr) return;
    remove(to);
    remove(from);
    file->links++;
    auto [directory, name] = split(to);
    HostFileRef parent = walk(directory, true);
    insert(*parent, parent, name, file);
}

void HostTree::truncate(std::string_view path, u64 size) {
    std::lock_guard guard(mutex_);
    if (HostFileRef file = walk(path, false)) resize(*file, size);
}

bool HostTree::exists(std::string_view path) {
    std::lock_guard guard(mutex_);
    return walk(path, false) != nullptr;
}

std::string HostTree::contents(std::string_view path) {
    std::lock_guard guard(mutex_);
    HostFileRef file = walk(path, false);
    std::string text(file != nullptr ? file->size : 0, '\0');
    for (u64 at = 0; at < text.size(); at += page_size)
        if (auto page = page_of(*file, at / page_size))
            std::memcpy(text.data() + at, page->bytes, std::min<u64>(page_size, text.size() - at));
    return text;
}

u32 HostTree::grant(std::string_view path, bool writable) {
    std::lock_guard guard(mutex_);
    grants_.push_back({walk(path, true), writable});
    return static_cast<u32>(grants_.size() - 1);
}

void HostTree::resize(HostFile& file, u64 size) {
    u64 kept = page_up(size) / page_size;
    std::erase_if(file.pages, [&](auto& each) { return each.first >= kept; });
    if (auto last = file.pages.find(size / page_size); size % page_size != 0 && last != file.pages.end())
        std::memset(last->second->bytes + size % page_size, 0, page_size - size % page_size);
    file.size = size;
    touch(file);
}

void HostTree::store(HostFile& file, u64 offset, const u8* from, usize length) {
    file.size = std::max(file.size, offset + length);
    for (usize done = 0; done < length;) {
        u64 at = offset + done, in_page = at % page_size;
        usize part = std::min<usize>(length - done, page_size - in_page);
        std::memcpy(page_of(file, at / page_size)->bytes + in_page, from + done, part);
        done += part;
    }
    touch(file);
}

std::shared_ptr<Page> HostTree::page_of(HostFile& file, u64 index) {
    std::lock_guard guard(mutex_);
    if (index >= page_up(file.size) / page_size) return nullptr;
    auto& page = file.pages[index];
    if (page == nullptr) page = std::make_shared<Page>();
    return page;
}

usize HostTree::slots_in_use() {
    std::lock_guard guard(mutex_);
    return slots_used_;
}

HostFileRef HostTree::file_of(int slot) {
    std::lock_guard guard(mutex_);
    auto found = slot_at(slot, false);
    return found.ok() ? found.value()->file : nullptr;
}

}  // namespace litebox::simulated
