#include "core/file/entry.h"

#include "core/file/file_systems.h"
#include "core/kernel.h"
#include "platform/platform.h"

namespace litebox {

namespace {

/// The first and the last bytes, put together: where the two overlap they have the same bytes.
template <typename Part>
u64 both_ends(const char* from, usize length) {
    Part first, last;
    __builtin_memcpy(&first, from, sizeof(Part));
    __builtin_memcpy(&last, from + length - sizeof(Part), sizeof(Part));
    return u64{first} | u64{last} << (8 * (length - sizeof(Part)));
}

// The sequence of an entry's words as they are stored: short names zero-padded.
u64 name_word(string_view name, usize index) {
    usize begin = index * 8;
    if (begin >= name.size()) return 0;
    const char* from = name.data() + begin;
    usize length = min<usize>(8, name.size() - begin);
    if (length == 8) return both_ends<u64>(from, length);
    if (length >= 4) return both_ends<u32>(from, length);
    if (length >= 2) return both_ends<u16>(from, length);
    return static_cast<u8>(*from);
}

constexpr u32 chunk_entries = 64;

}  // namespace

u32 entry_hash(const Entry* parent, string_view name) {
    u64 hash = (reinterpret_cast<u64>(parent) >> 6) * 0x9e3779b97f4a7c15;
    for (usize i = 0; i * 8 < name.size(); i++) {
        hash = (hash ^ name_word(name, i)) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
    }
    return static_cast<u32>(hash ^ name.size());
}

bool Entry::has_name(string_view name) const {
    if (name_length_.load(std::memory_order_relaxed) != name.size()) return false;
    if (name.size() > inline_name) {
        const char* text = long_name_.load(std::memory_order_acquire);
        return text != nullptr && string_view(text, name.size()) == name;
    }
    for (usize i = 0; i * 8 < name.size(); i++)
        if (name_[i].load(std::memory_order_relaxed) != name_word(name, i)) return false;
    return true;
}

Result<void> Entry::store_name(string_view name) {
    if (name.size() > inline_name) {
        char* text = static_cast<char*>(heap_allocate(name.size()));
        if (text == nullptr) return Errno::enomem;
        memcpy(text, name.data(), name.size());
        if (char* old = long_name_.exchange(text, std::memory_order_acq_rel)) heap_free(old);
    }
    for (usize i = 0; i < inline_name / 8; i++)
        name_[i].store(name.size() > inline_name ? 0 : name_word(name, i), std::memory_order_relaxed);
    name_length_.store(static_cast<u32>(name.size()), std::memory_order_relaxed);
    return {};
}

Ref<Entry> Entry::parent() const {
    for (;;) {
        u32 before = sequence();
        Entry* parent = raw_parent();
        if (parent == nullptr) return nullptr;
        if ((before & 1) == 0 && parent->try_ref()) {
            if (unchanged(before)) return Ref<Entry>::adopt(parent);
            parent->unref();
        }
        platform::yield();
    }
}

Result<String> Entry::name() const {
    char text[inline_name];
    for (;;) {
        u32 before = sequence();
        usize length = name_length_.load(std::memory_order_relaxed);
        if (length > inline_name) break;
        for (usize i = 0; i < length; i++)
            text[i] = static_cast<char>(name_[i / 8].load(std::memory_order_relaxed) >> (8 * (i % 8)));
        if ((before & 1) == 0 && unchanged(before)) return String::from({text, length});
        platform::yield();
    }
    // A long name is replaced only by a move, which the file system's rename lock serialises.
    Inode* inode = this->inode();
    if (inode == nullptr) return Errno::enoent;
    LockGuard guard(inode->file_system().rename_mutex);
    return String::from(
        {long_name_.load(std::memory_order_acquire), name_length_.load(std::memory_order_relaxed)});
}

void Entry::refresh_access() {
    Inode* inode = this->inode();
    if (inode == nullptr || !directory() || (flags() & entry_dynamic) != 0) return;
    auto attributes = inode->attributes();
    if (!attributes.ok()) return;
    begin_change();
    mode_.store(attributes.value().mode, std::memory_order_relaxed);
    uid_.store(attributes.value().uid, std::memory_order_relaxed);
    gid_.store(attributes.value().gid, std::memory_order_relaxed);
    end_change();
}

void Entry::release(Entry* entry) {
    EntryCache& cache = kernel().files->entries;
    while (entry != nullptr) {
        entry->begin_change();
        Inode* inode = entry->inode_.exchange(nullptr, std::memory_order_acq_rel);
        Entry* parent = entry->parent_.exchange(nullptr, std::memory_order_acq_rel);
        char* long_name = entry->long_name_.exchange(nullptr, std::memory_order_acq_rel);
        entry->flags_.store(0, std::memory_order_release);
        entry->name_length_.store(0, std::memory_order_relaxed);
        entry->end_change();
        if (long_name != nullptr) heap_free(long_name);
        cache.recycle(entry);
        if (inode != nullptr) inode->unref();
        entry = parent;
        if (entry != nullptr && entry->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    }
}

Entry* EntryCache::allocate() {
    LockGuard guard(pool_mutex_);
    if (free_ == nullptr) {
        auto* chunk = static_cast<Entry*>(heap_allocate(sizeof(Entry) * chunk_entries));
        if (chunk == nullptr) return nullptr;
        for (u32 i = 0; i < chunk_entries; i++) {
            Entry* entry = new (&chunk[i]) Entry;
            entry->next_.store(free_, std::memory_order_relaxed);
            free_ = entry;
        }
    }
    Entry* entry = free_;
    free_ = entry->next_.load(std::memory_order_relaxed);
    return entry;
}

void EntryCache::recycle(Entry* entry) {
    LockGuard guard(pool_mutex_);
    entry->next_.store(free_, std::memory_order_relaxed);
    free_ = entry;
}

Result<Ref<Entry>> EntryCache::make(Entry* parent, string_view name, Ref<Inode> inode) {
    u32 flags = 0;
    Entry::Access access{};
    if (!inode) {
        flags = entry_negative;
    } else if (inode->type() == mode_directory) {
        flags = entry_directory;
        if (inode->caching() == EntryCaching::never) flags |= entry_slow | entry_dynamic;
        if (inode->caching() == EntryCaching::check) flags |= entry_checked;
        if ((flags & entry_dynamic) == 0) {
            Attributes attributes = TRY(inode->attributes());
            access = {attributes.mode, attributes.uid, attributes.gid};
        }
    } else if (inode->type() == mode_symlink) {
        flags = entry_symlink;
    }
    Entry* entry = allocate();
    if (entry == nullptr) return Errno::enomem;
    entry->begin_change();
    if (auto stored = entry->store_name(name); !stored.ok()) {
        entry->end_change();
        recycle(entry);
        return stored.error();
    }
    if (parent != nullptr) parent->ref();
    entry->parent_.store(parent, std::memory_order_relaxed);
    entry->inode_.store(inode.leak(), std::memory_order_relaxed);
    entry->flags_.store(flags, std::memory_order_relaxed);
    entry->mode_.store(access.mode, std::memory_order_relaxed);
    entry->uid_.store(access.uid, std::memory_order_relaxed);
    entry->gid_.store(access.gid, std::memory_order_relaxed);
    entry->generation.store(0, std::memory_order_relaxed);
    entry->hash_.store(entry_hash(parent, name), std::memory_order_relaxed);
    entry->set_cover({});
    entry->used_.store(1, std::memory_order_relaxed);
    entry->next_.store(nullptr, std::memory_order_relaxed);
    entry->references_.store(1, std::memory_order_release);
    entry->end_change();
    return Ref<Entry>::adopt(entry);
}

std::atomic<Entry*>* EntryCache::bucket(u32 hash, bool create) {
    u32 index = hash % bucket_count;
    std::atomic<Segment*>& slot = segments_[index / segment_buckets];
    Segment* segment = slot.load(std::memory_order_acquire);
    if (segment == nullptr) {
        if (!create) return nullptr;
        void* memory = heap_allocate(sizeof(Segment));
        if (memory == nullptr) return nullptr;
        auto* made = new (memory) Segment{};
        if (slot.compare_exchange_strong(segment, made, std::memory_order_acq_rel))
            segment = made;
        else
            heap_free(memory);
    }
    return &segment->buckets[index % segment_buckets];
}

Entry* EntryCache::peek(const Entry* parent, string_view name, u32 hash, u32* sequence) {
    if (name.size() > Entry::inline_name) return nullptr;
    std::atomic<Entry*>* head = bucket(hash, false);
    if (head == nullptr) return nullptr;
    // An entry that is freed and reused meanwhile may lead into another chain: a miss is only a miss, so a
    // bound on the steps is all that is needed.
    int steps = 0;
    for (Entry* entry = head->load(std::memory_order_acquire); entry != nullptr && steps < 64;
         entry = entry->next_.load(std::memory_order_acquire), steps++) {
        if (entry->hash_.load(std::memory_order_relaxed) != hash) continue;
        u32 before = entry->sequence();
        if ((before & 1) != 0 || entry->raw_parent() != parent || !entry->has_name(name)) continue;
        if ((entry->flags() & entry_hashed) == 0 || !entry->unchanged(before)) continue;
        if (entry->used_.load(std::memory_order_relaxed) == 0)
            entry->used_.store(1, std::memory_order_relaxed);
        *sequence = before;
        return entry;
    }
    return nullptr;
}

Ref<Entry> EntryCache::find(const Entry& parent, string_view name) {
    u32 hash = entry_hash(&parent, name);
    u32 sequence;
    if (Entry* entry = peek(&parent, name, hash, &sequence); entry != nullptr && entry->try_ref()) {
        if (entry->unchanged(sequence)) return Ref<Entry>::adopt(entry);
        entry->unref();
    }
    std::atomic<Entry*>* head = bucket(hash, false);
    if (head == nullptr) return nullptr;
    LockGuard guard(stripe(hash));
    for (Entry* entry = head->load(std::memory_order_acquire); entry != nullptr;
         entry = entry->next_.load(std::memory_order_acquire)) {
        if (entry->hash_.load(std::memory_order_relaxed) != hash || entry->raw_parent() != &parent) continue;
        if (!entry->has_name(name)) continue;
        entry->used_.store(1, std::memory_order_relaxed);
        return Ref<Entry>(entry);  // the table's reference keeps it while the stripe is locked
    }
    return nullptr;
}

Result<Ref<Entry>> EntryCache::insert(Entry& parent, string_view name, Ref<Inode> inode) {
    if (count() > limit_) shrink(64);
    Ref<Entry> fresh = TRY(make(&parent, name, std::move(inode)));
    u32 hash = fresh->hash_.load(std::memory_order_relaxed);
    std::atomic<Entry*>* head = bucket(hash, true);
    if (head == nullptr) return Errno::enomem;
    Ref<Entry> other;
    {
        LockGuard guard(stripe(hash));
        for (Entry* entry = head->load(std::memory_order_acquire); entry != nullptr;
             entry = entry->next_.load(std::memory_order_acquire)) {
            if (entry->hash_.load(std::memory_order_relaxed) != hash || entry->raw_parent() != &parent)
                continue;
            if (entry->has_name(name)) {
                other = Ref<Entry>(entry);
                break;
            }
        }
        if (!other) {
            fresh->ref();
            fresh->set_flag(entry_hashed);
            fresh->next_.store(head->load(std::memory_order_relaxed), std::memory_order_relaxed);
            head->store(fresh.get(), std::memory_order_release);
            count_.fetch_add(1, std::memory_order_relaxed);
        }
    }
    return other ? std::move(other) : std::move(fresh);
}

Ref<Entry> EntryCache::find_valid(Entry& parent, string_view name) {
    Inode* directory = parent.inode();
    EntryCaching caching = directory->caching();
    if (caching == EntryCaching::never) return nullptr;
    Ref<Entry> found = find(parent, name);
    if (!found || caching == EntryCaching::keep || found->covered()) return found;
    NameCover cover = directory->name_cover();
    if (directory->child_valid(name, found->inode())) {
        found->refresh_access();
        found->set_cover(cover);
        return found;
    }
    remove(*found, false);
    return nullptr;
}

Result<Ref<Entry>> EntryCache::look_up(Entry& parent, string_view name) {
    Inode* directory = parent.inode();
    EntryCaching caching = directory->caching();
    for (;;) {
        if (Ref<Entry> found = find_valid(parent, name)) return found;
        u32 generation = parent.generation.load(std::memory_order_acquire);
        NameCover cover = caching == EntryCaching::check ? directory->name_cover() : NameCover{};
        auto looked = directory->lookup(name);
        if (!looked.ok() && looked.error() != Errno::enoent) return looked.error();
        Ref<Inode> inode = looked.ok() ? std::move(looked).value() : Ref<Inode>();
        if (caching == EntryCaching::never) return make(&parent, name, std::move(inode));
        LockGuard guard(parent.directory_mutex);
        if ((parent.flags() & entry_unlinked) != 0) return make(&parent, name, std::move(inode));
        if (parent.generation.load(std::memory_order_acquire) != generation) continue;
        Ref<Entry> entry = TRY(insert(parent, name, std::move(inode)));
        if (cover.word != nullptr) entry->set_cover(cover);
        return entry;
    }
}

bool EntryCache::unhash_locked(Entry& entry) {
    if ((entry.flags() & entry_hashed) == 0) return false;
    std::atomic<Entry*>* link = bucket(entry.hash_.load(std::memory_order_relaxed), false);
    while (link != nullptr) {
        Entry* at = link->load(std::memory_order_acquire);
        if (at == nullptr) return false;
        if (at == &entry) break;
        link = &at->next_;
    }
    entry.clear_flag(entry_hashed);
    link->store(entry.next_.load(std::memory_order_acquire), std::memory_order_release);
    count_.fetch_sub(1, std::memory_order_relaxed);
    return true;
}

void EntryCache::remove(Entry& entry, bool unlinked) {
    bool was_there;
    {
        LockGuard guard(stripe(entry.hash_.load(std::memory_order_acquire)));
        entry.begin_change();
        was_there = unhash_locked(entry);
        if (unlinked) entry.set_flag(entry_unlinked);
        entry.end_change();
    }
    if (was_there) entry.unref();
}

// The entry is not in the table and is put there at its new place; the table's reference goes with it.
Result<void> EntryCache::relocate(Entry& entry, Entry& to_parent, string_view to_name) {
    u32 hash = entry_hash(&to_parent, to_name);
    std::atomic<Entry*>* head = bucket(hash, true);
    if (head == nullptr) return Errno::enomem;
    entry.begin_change();
    entry.set_cover({});
    auto stored = entry.store_name(to_name);
    Entry* old_parent = nullptr;
    if (stored.ok()) {
        to_parent.ref();
        old_parent = entry.parent_.exchange(&to_parent, std::memory_order_acq_rel);
        entry.hash_.store(hash, std::memory_order_release);
    }
    entry.end_change();
    if (!stored.ok()) return stored.error();
    {
        LockGuard guard(stripe(hash));
        entry.ref();
        entry.next_.store(head->load(std::memory_order_relaxed), std::memory_order_relaxed);
        entry.set_flag(entry_hashed);
        head->store(&entry, std::memory_order_release);
        count_.fetch_add(1, std::memory_order_relaxed);
    }
    if (old_parent != nullptr) old_parent->unref();
    return {};
}

Result<void> EntryCache::move(Entry& entry, Entry& to_parent, string_view to_name) {
    Ref<Entry> keep(&entry);
    remove(entry, false);
    return relocate(entry, to_parent, to_name);
}

Result<void> EntryCache::exchange(Entry& a, Entry& b) {
    Ref<Entry> keep_a(&a), keep_b(&b);
    Ref<Entry> parent_a = a.parent(), parent_b = b.parent();
    auto text = [](Entry& entry) {
        Vector<char> bytes;
        usize length = entry.name_length_.load(std::memory_order_relaxed);
        if (bytes.resize(length).ok()) {
            const char* long_name = entry.long_name_.load(std::memory_order_relaxed);
            for (usize i = 0; i < length; i++)
                bytes[i] = length > Entry::inline_name
                               ? long_name[i]
                               : static_cast<char>(entry.name_[i / 8].load(std::memory_order_relaxed) >>
                                                   (8 * (i % 8)));
        }
        return bytes;
    };
    Vector<char> name_a = text(a), name_b = text(b);
    remove(a, false);
    remove(b, false);
    if (name_a.empty() || name_b.empty()) return Errno::enomem;
    TRY(relocate(a, *parent_b, {name_b.data(), name_b.size()}));
    return relocate(b, *parent_a, {name_a.data(), name_a.size()});
}

void EntryCache::shrink(u32 wanted) {
    for (u32 visited = 0; visited < bucket_count && wanted > 0; visited++) {
        u32 index = hand_.fetch_add(1, std::memory_order_relaxed) % bucket_count;
        std::atomic<Entry*>* head = bucket(index, false);
        if (head == nullptr) {
            visited += segment_buckets - 1;
            hand_.fetch_add(segment_buckets - 1, std::memory_order_relaxed);
            continue;
        }
        Entry* victims = nullptr;
        {
            LockGuard guard(stripe(index));
            std::atomic<Entry*>* link = head;
            while (Entry* entry = link->load(std::memory_order_acquire)) {
                u32 expected = 1;
                bool idle =
                    (entry->flags() & entry_mounted) == 0 && entry->used_.exchange(0) == 0 && wanted > 0;
                // Zero references: nobody can take a new one, so the entry is ours.
                if (!idle ||
                    !entry->references_.compare_exchange_strong(expected, 0, std::memory_order_acq_rel)) {
                    link = &entry->next_;
                    continue;
                }
                entry->begin_change();
                entry->clear_flag(entry_hashed);
                link->store(entry->next_.load(std::memory_order_acquire), std::memory_order_release);
                entry->next_.store(victims, std::memory_order_release);
                entry->end_change();
                victims = entry;
                count_.fetch_sub(1, std::memory_order_relaxed);
                wanted--;
            }
        }
        while (victims != nullptr) {
            Entry* next = victims->next_.load(std::memory_order_relaxed);
            Entry::release(victims);
            victims = next;
        }
    }
}

}  // namespace litebox
