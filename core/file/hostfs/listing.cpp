#include "core/file/hostfs/listing.h"

#include "core/base/string.h"

namespace litebox {

using platform::no_host_slot;

namespace {

constexpr usize longest_name = 255;

u32 hash_of(string_view name) {
    u32 hash = 2166136261;
    for (char c : name) hash = (hash ^ static_cast<u8>(c)) * 16777619;
    return hash;
}

}  // namespace

HostListing::~HostListing() {
    Vector<int> slots;
    for (Child& child : children_) {
        int slot = take_slot(child);
        if (child.node != nullptr) heap_free(child.node);
        if (slot != no_host_slot && !slots.push(slot).ok()) platform::host_release({&slot, 1});
    }
    if (!slots.empty()) platform::host_release({slots.data(), slots.size()});
}

int HostListing::take_slot(Child& child) {
    return child.node == nullptr ? no_host_slot : std::exchange(child.node->slot, no_host_slot);
}

Result<void> HostListing::set_node(Child& child, const platform::HostNode& node, u32 attributes) {
    if (child.node == nullptr) {
        child.node = static_cast<platform::HostNode*>(heap_allocate(sizeof(platform::HostNode)));
        if (child.node == nullptr) return Errno::enomem;
    }
    *child.node = node;
    child.attributes = attributes;
    child.type = node.attributes.mode & mode_type;
    return {};
}

Result<void> HostListing::add(const platform::HostEntry& entry, string_view name,
                              const platform::HostNode* node, u32 attributes) {
    constexpr u32 type_shift = 12;
    Child child{};
    child.name_at = static_cast<u32>(text_.size());
    child.name_length = static_cast<u32>(name.size());
    child.type = u32{entry.type} << type_shift & mode_type;
    child.position = entry.position;
    child.inode = entry.inode;
    TRY(text_.resize(text_.size() + name.size()));
    memcpy(text_.data() + child.name_at, name.data(), name.size());
    TRY(children_.push(child));
    if (node != nullptr && node->attributes.mode != 0) TRY(set_node(children_.last(), *node, attributes));
    return {};
}

Result<void> HostListing::take_over(HostListing& before) {
    TRY(text_.resize(before.text_.size()));
    memcpy(text_.data(), before.text_.data(), text_.size());
    TRY(children_.reserve(before.children_.size() + 64));
    for (Child& child : before.children_) {
        TRY(children_.push(child));
        children_.last().next = 0;
        child.node = nullptr;
    }
    return {};
}

Result<void> HostListing::fill(HostListing* before, std::span<const u8> records, u32 attributes) {
    if (before != nullptr) TRY(take_over(*before));
    for (usize at = 0; at + sizeof(platform::HostEntry) <= records.size();) {
        platform::HostEntry entry;
        memcpy(&entry, records.data() + at, sizeof(entry));
        usize header = sizeof(entry) + (entry.has_node != 0 ? sizeof(platform::HostNode) : 0);
        if (entry.length < header || entry.length > records.size() - at ||
            entry.name_length > entry.length - header)
            return Errno::eio;
        platform::HostNode node;
        if (entry.has_node != 0) memcpy(&node, records.data() + at + sizeof(entry), sizeof(node));
        string_view name(reinterpret_cast<const char*>(records.data() + at + header), entry.name_length);
        if (name.empty() || name.find('/') != string_view::npos || name.size() > longest_name)
            return Errno::eio;
        TRY(add(entry, name, entry.has_node != 0 ? &node : nullptr, attributes));
        at += entry.length;
    }
    return build_index();
}

Result<void> HostListing::build_index() {
    TRY(buckets_.resize(children_.size() + 1));
    for (usize i = 0; i < children_.size(); i++) {
        u32& bucket = buckets_[hash_of(name(children_[i])) % buckets_.size()];
        children_[i].next = bucket;
        bucket = static_cast<u32>(i + 1);
    }
    return {};
}

usize HostListing::find(string_view name) const {
    if (buckets_.empty()) return size();
    for (u32 at = buckets_[hash_of(name) % buckets_.size()]; at != 0; at = children_[at - 1].next)
        if (this->name(children_[at - 1]) == name) return at - 1;
    return size();
}

bool HostListing::index_behind(u64 position, usize* index) const {
    *index = 0;
    if (position == 0) return true;
    for (usize i = 0; i < children_.size(); i++) {
        if (children_[i].position != position) continue;
        *index = i + 1;
        return true;
    }
    return false;
}

}  // namespace litebox
