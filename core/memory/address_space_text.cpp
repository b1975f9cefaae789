// Code that the platform may patch, and the room for its own code beside it.

#include "core/file/file.h"
#include "core/memory/mapping.h"

namespace litebox {

namespace {

bool is_text(const Mapping& mapping) {
    return !mapping.shared && !mapping.was_writable && (mapping.protection & platform::prot_execute) != 0 &&
           mapping.source.file && mapping.source.file->inode();
}

}  // namespace

/// Where the file's first byte lies: the lowest of the adjoining mappings of the file, if it shows offset 0;
/// else 0.
u64 AddressSpace::image_of(const Mapping& mapping) const {
    usize index = lower_bound(mapping.begin);
    const Mapping* lowest = &mapping;
    auto inode = mapping.source.file->inode();
    while (lowest->source.offset != 0 && index > 0) {
        const Mapping* below = mappings_[--index];
        if (below->end != lowest->begin || !below->source.file || below->source.file->inode() != inode) break;
        lowest = below;
    }
    bool in_line = lowest->source.offset == 0 && mapping.begin - lowest->begin == mapping.source.offset;
    return in_line ? lowest->begin : 0;
}

/// Keeps the addresses below a file's image free, in this tree only. Without room its text stays unpatched.
void AddressSpace::make_platform_room(u64 address) {
    Mapping* text = find(address);
    if (text == nullptr || !is_text(*text)) return;
    u64 image = image_of(*text);
    auto limits = platform::space_limits();
    if (image < limits.lowest + platform_room_length) return;
    u64 room = image - platform_room_length;
    if (!range_free(room, image)) return;
    auto made = make_own<Mapping>();
    if (!made.ok()) return;
    Own<Mapping> mapping = std::move(made).value();
    mapping->begin = room;
    mapping->end = image;
    mapping->max_protection = 0;
    mapping->platform_room = true;
    mapping->space = this;
    if (next_hint_ == image) next_hint_ = room;
    if (insert(mapping.get()).ok()) (void)mapping.release();
}

AddressSpace::TextMapping AddressSpace::text_at(u64 address) {
    LockGuard guard(mutex_);
    TextMapping result;
    Mapping* mapping = find(address);
    if (mapping == nullptr || !is_text(*mapping)) return result;
    u64 image = image_of(*mapping);
    Mapping* room = image > platform_room_length ? find(image - platform_room_length) : nullptr;
    if (room == nullptr || !room->platform_room || room->length() != platform_room_length) return result;
    result.begin = mapping->begin;
    result.end = mapping->end;
    result.image = image;
    result.room = room->begin;
    result.file = mapping->source.file;
    return result;
}

}  // namespace litebox
