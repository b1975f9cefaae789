#include "platform/vm/memory/cache_index.h"

#include <utility>

#include "platform/vm/memory/entry.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm {

namespace {

constexpr unsigned highest = 4;
static_assert(u64{1} << 9 * highest >= FileSource::most_pages);

/// Pages beneath a tree of this height.
u64 capacity(unsigned height) {
    return u64{1} << 9 * height;
}
u64 slot_of(u64 index, unsigned height) {
    return index >> 9 * (height - 1) & (table_entries - 1);
}

Result<void> grow(CachedFile& file) {
    if (file.root != 0) {
        Physical node = TRY(frames().allocate_zeroed(FrameUse::file));
        table_at(node)[0] = file.root;
        frames().owner_word(node) = 1;
        file.root = node;
    }
    file.height++;
    return {};
}

void free_nodes(Physical node, unsigned height) {
    if (node == 0 || height == 0) return;
    for (u64 i = 0; i < table_entries; i++) free_nodes(table_at(node)[i], height - 1);
    frames().release(node);
}

u64 next_beneath(Physical node, unsigned height, u64 base, u64 from) {
    if (height == 0) return base >= from ? base : no_index;
    u64 span = capacity(height - 1);
    u64 first = from > base ? (from - base) / span : 0;
    for (u64 i = first; i < table_entries; i++) {
        if (table_at(node)[i] == 0) continue;
        u64 found = next_beneath(table_at(node)[i], height - 1, base + i * span, from);
        if (found != no_index) return found;
    }
    return no_index;
}

}  // namespace

Physical find_page(const CachedFile& file, u64 index) {
    if (file.root == 0 || index >= capacity(file.height)) return 0;
    Physical node = file.root;
    for (unsigned height = file.height; height > 0 && node != 0; height--)
        node = table_at(node)[slot_of(index, height)];
    return node;
}

u64 next_page(const CachedFile& file, u64 from) {
    if (file.root == 0 || from >= capacity(file.height)) return no_index;
    return next_beneath(file.root, file.height, 0, from);
}

Result<void> insert_page(CachedFile& file, u64 index, Physical frame) {
    if (index >= FileSource::most_pages) return Errno::efbig;
    while (index >= capacity(file.height)) TRY(grow(file));
    u64* slot = &file.root;
    Physical above = 0;
    for (unsigned height = file.height; height > 0; height--) {
        if (*slot == 0) {
            *slot = TRY(frames().allocate_zeroed(FrameUse::file));
            if (above != 0) frames().owner_word(above)++;
        }
        above = *slot;
        slot = &table_at(above)[slot_of(index, height)];
    }
    *slot = frame;
    if (above != 0) frames().owner_word(above)++;
    file.pages++;
    return {};
}

Physical remove_page(CachedFile& file, u64 index) {
    u64* path[highest + 1];
    path[file.height] = &file.root;
    for (unsigned height = file.height; height > 0; height--)
        path[height - 1] = &table_at(*path[height])[slot_of(index, height)];
    Physical frame = std::exchange(*path[0], 0);
    for (unsigned height = 1; height <= file.height; height++) {
        Physical node = *path[height];
        if (--frames().owner_word(node) != 0) break;
        *path[height] = 0;
        frames().release(node);
    }
    if (file.root == 0) file.height = 0;
    file.pages--;
    return frame;
}

void free_index(CachedFile& file) {
    free_nodes(file.root, file.height);
    file.root = 0;
    file.height = 0;
}

}  // namespace litebox::vm
