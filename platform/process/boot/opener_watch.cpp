// Watches: the kernel's announcements of changes become counts that guests compare.
#include "platform/process/boot/opener_state.h"

namespace litebox::process {

namespace {

enum Event : u32 {
    in_modify = 0x2,
    in_attributes = 0x4,
    in_close_write = 0x8,
    in_moved_from = 0x40,
    in_moved_to = 0x80,
    in_create = 0x100,
    in_delete = 0x200,
    in_delete_self = 0x400,
    in_move_self = 0x800,
    in_overflow = 0x4000,
    in_ignored = 0x8000,
    in_do_not_follow = 0x02000000,
    in_is_directory = 0x40000000
};
constexpr u32 name_events =
    in_moved_from | in_moved_to | in_create | in_delete | in_delete_self | in_move_self;
constexpr u32 content_events = in_modify | in_attributes | in_close_write;

struct InotifyEvent {
    i32 number;
    u32 mask, cookie, length;
};

/// Openers hold it for moments; who finds it taken sleeps.
class TableLock {
  public:
    explicit TableLock(WatchTable& table) : word_(table.lock) {
        u32 state = 0;
        if (word_.compare_exchange_strong(state, 1, std::memory_order_acquire)) return;
        while (word_.exchange(2, std::memory_order_acquire) != 0)
            raw::call(raw::nr_futex, address(), raw::futex_wait, 2, 0);
    }
    ~TableLock() {
        if (word_.exchange(0, std::memory_order_release) == 2)
            raw::call(raw::nr_futex, address(), raw::futex_wake, 1);
    }
    TableLock(const TableLock&) = delete;
    TableLock& operator=(const TableLock&) = delete;

  private:
    [[nodiscard]] u64 address() const { return reinterpret_cast<u64>(&word_); }
    std::atomic<u32>& word_;
};

u16& chain_of(WatchTable& table, i32 number) {
    return table.chains[static_cast<u32>(number) % WatchTable::chain_count];
}

u16 find(WatchTable& table, i32 number) {
    u16 id = chain_of(table, number);
    while (id != 0 && table.rows[id].number != number) id = table.rows[id].next;
    return id;
}

void unlink_age(WatchTable& table, u16 id) {
    WatchTable::Row& row = table.rows[id];
    (row.older != 0 ? table.rows[row.older].newer : table.oldest) = row.newer;
    (row.newer != 0 ? table.rows[row.newer].older : table.newest) = row.older;
}

void make_newest(WatchTable& table, u16 id) {
    WatchTable::Row& row = table.rows[id];
    row.older = table.newest;
    row.newer = 0;
    (row.older != 0 ? table.rows[row.older].newer : table.oldest) = id;
    table.newest = id;
}

void count_up(std::atomic<u32>& word) {
    word.fetch_add(1, std::memory_order_acq_rel);
}

void changed(OpenerPool& pool, u16 id, bool names) {
    platform::HostWatchWords& words = pool.ring->watches[id];
    if (names) count_up(words.names);
    count_up(words.attributes);
}

/// The id stands for nothing any more.
void forget(OpenerPool& pool, u16 id) {
    WatchTable& table = pool.watches;
    u16* link = &chain_of(table, table.rows[id].number);
    while (*link != id) link = &table.rows[*link].next;
    *link = table.rows[id].next;
    unlink_age(table, id);
    table.rows[id] = {};
    table.rows[id].next = table.free_ids;
    table.free_ids = id;
    count_up(pool.ring->watches[id].incarnation);
    changed(pool, id, true);
}

u16 take_id(OpenerPool& pool) {
    WatchTable& table = pool.watches;
    if (table.free_ids == 0 && table.used + 1 < platform::host_watch_limit)
        return static_cast<u16>(++table.used);
    if (table.free_ids == 0) {
        u16 victim = table.oldest;
        raw::call(raw::nr_inotify_rm_watch, static_cast<u64>(table.descriptor),
                  static_cast<u64>(i64{table.rows[victim].number}));
        forget(pool, victim);
    }
    u16 id = table.free_ids;
    table.free_ids = table.rows[id].next;
    return id;
}

void note_event(OpenerPool& pool, const InotifyEvent& event) {
    WatchTable& table = pool.watches;
    if ((event.mask & in_overflow) != 0) {
        for (u32 id = 1; id <= table.used; id++) changed(pool, static_cast<u16>(id), true);
        return;
    }
    u16 id = find(table, event.number);
    if (id == 0) return;
    if ((event.mask & in_ignored) != 0) return forget(pool, id);
    // Who may search a directory is kept with its name.
    bool names = (event.mask & name_events) != 0 ||
                 ((event.mask & in_attributes) != 0 && (event.mask & in_is_directory) != 0);
    changed(pool, id, names);
}

void take_events(OpenerPool& pool) {
    alignas(8) u8 events[4096];
    for (;;) {
        i64 length = raw::call(raw::nr_read, static_cast<u64>(pool.watches.descriptor),
                               reinterpret_cast<u64>(events), sizeof(events));
        if (length <= 0) return;
        for (i64 at = 0; at + static_cast<i64>(sizeof(InotifyEvent)) <= length;) {
            InotifyEvent event;
            memcpy(&event, events + at, sizeof(event));
            note_event(pool, event);
            at += static_cast<i64>(sizeof(event)) + event.length;
        }
    }
}

}  // namespace

void open_watches(OpenerPool& pool) {
    constexpr u64 non_block_close_on_exec = 04000 | 02000000;
    i64 made = raw::call(raw::nr_inotify_init1, non_block_close_on_exec);
    // None to be had (a limit of the user): then nothing is watched, and the core asks at each use.
    pool.watches.descriptor = failed(made) || made >= file_window_begin ? -1 : static_cast<int>(made);
}

void add_watch(Opener& opener, const HeldFile& directory, const char* name, platform::HostWatch& watch) {
    OpenerPool& pool = *opener.pool;
    WatchTable& table = pool.watches;
    watch = {};
    if (table.descriptor < 0 || stand_in(opener, directory.number()) != 0) return;
    TableLock lock(table);
    i64 number = raw::call(raw::nr_inotify_add_watch, static_cast<u64>(table.descriptor),
                           reinterpret_cast<u64>(name), name_events | content_events | in_do_not_follow);
    if (failed(number)) return;
    // What came before this belongs to an earlier watch of the number, if to any.
    take_events(pool);
    u16 id = find(table, static_cast<i32>(number));
    if (id != 0) {
        unlink_age(table, id);
    } else {
        id = take_id(pool);
        WatchTable::Row& row = table.rows[id];
        row.number = static_cast<i32>(number);
        u16& chain = chain_of(table, row.number);
        row.next = chain;
        chain = id;
    }
    make_newest(table, id);
    const platform::HostWatchWords& words = pool.ring->watches[id];
    watch = {id, words.incarnation.load(std::memory_order_acquire),
             words.names.load(std::memory_order_acquire), words.attributes.load(std::memory_order_acquire)};
}

void announce_changes(OpenerPool& pool) {
    if (pool.watches.descriptor < 0) return;
    TableLock lock(pool.watches);
    take_events(pool);
}

void watch_for_changes(OpenerPool& pool) {
    struct Poll {
        i32 descriptor;
        i16 events, found;
    } poll{pool.watches.descriptor, 1, 0};
    for (;;) {
        raw::call(raw::nr_poll, reinterpret_cast<u64>(&poll), 1, static_cast<u64>(-1));
        announce_changes(pool);
    }
}

}  // namespace litebox::process
