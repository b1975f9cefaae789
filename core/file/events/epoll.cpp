#include "core/file/events/epoll.h"

#include "core/file/events/epoll_links.h"
#include "core/file/events/file_signals.h"

namespace litebox {

namespace {

constexpr u32 always_reported = poll_error | poll_hang_up;
constexpr u32 flag_bits = epoll_exclusive | epoll_wake_up | epoll_one_shot | epoll_edge;
constexpr int deepest_nesting = 5;

}  // namespace

/// One file in one set. Hangs on the file's queues.
struct EpollItem final : public PollTable {
    EpollItem(Epoll& set, File& watched, int number, EpollEvent wanted)
        : owner(set), file(&watched), descriptor(number), event(wanted) {}

    struct Hook final : public Waiter {
        explicit Hook(EpollItem& owner) : item(owner) {}
        bool notify(u32 events) override {
            u32 wanted = item.event.events | always_reported;
            if ((wanted & ~flag_bits) == always_reported && (item.event.events & ~flag_bits) == 0)
                return false;
            if (events != ~0u && (events & wanted) == 0) return false;
            item.owner.make_ready(item);
            return true;
        }
        EpollItem& item;
        WaitQueue* queue = nullptr;
    };

    void add(WaitQueue& queue) override {
        auto hook = make_own<Hook>(*this);
        if (!hook.ok() || !hooks.reserve(hooks.size() + 1).ok()) {
            failed = true;
            return;
        }
        hook.value()->queue = &queue;
        hook.value()->exclusive = (event.events & epoll_exclusive) != 0;
        queue.add(*hook.value());
        (void)hooks.push(std::move(hook).value());
    }
    void unhook() {
        for (auto& hook : hooks) hook->queue->remove(*hook);
        hooks.clear();
    }

    static EpollItem* from_node(ListNode* node) {
        return reinterpret_cast<EpollItem*>(reinterpret_cast<u8*>(node) - offset_of(&EpollItem::node));
    }
    static EpollItem* from_ready(ListNode* node) {
        return reinterpret_cast<EpollItem*>(reinterpret_cast<u8*>(node) - offset_of(&EpollItem::ready_node));
    }
    static usize offset_of(ListNode EpollItem::*member) {
        alignas(EpollItem) static constexpr u8 anchor[sizeof(EpollItem)] = {};
        const auto* base = reinterpret_cast<const EpollItem*>(anchor);
        return static_cast<usize>(reinterpret_cast<const u8*>(&(base->*member)) - anchor);
    }

    Epoll& owner;
    File* file;  // not owned: forget() removes the item before the file goes
    int descriptor;
    EpollEvent event;
    ListNode node, ready_node;
    Vector<Own<Hook>> hooks;
    bool failed = false;
};

Result<Ref<File>> Epoll::create() {
    return Ref<File>(TRY(make_ref<Epoll>()));
}

Epoll::Epoll() : File(open_read_write) {}

Epoll::~Epoll() {
    while (items_.next != &items_) {
        EpollItem* item = EpollItem::from_node(items_.next);
        unlink_epoll(*item->file, *this);
        drop(item);
    }
}

EpollItem* Epoll::find(int descriptor, const File& file) {
    for (ListNode* node = items_.next; node != &items_; node = node->next) {
        EpollItem* item = EpollItem::from_node(node);
        if (item->file == &file && item->descriptor == descriptor) return item;
    }
    return nullptr;
}

void Epoll::make_ready(EpollItem& item) {
    {
        LockGuard guard(ready_mutex_);
        if (!item.ready_node.linked()) {
            item.ready_node.previous = ready_.previous;
            item.ready_node.next = &ready_;
            ready_.previous->next = &item.ready_node;
            ready_.previous = &item.ready_node;
        }
    }
    queue_.wake(poll_in | poll_read_normal, 1);
}

void Epoll::drop(EpollItem* item) {
    item->unhook();
    {
        LockGuard guard(ready_mutex_);
        if (item->ready_node.linked()) item->ready_node.unlink();
    }
    item->node.unlink();
    HeapDelete<EpollItem>{}(item);
}

Result<void> Epoll::add(int descriptor, const Ref<File>& file, EpollEvent event) {
    constexpr u32 with_exclusive = poll_in | poll_out | poll_error | poll_hang_up | poll_read_hang_up |
                                   epoll_wake_up | epoll_edge | epoll_exclusive | poll_read_normal |
                                   poll_write_normal;
    if ((event.events & epoll_exclusive) != 0) {
        if ((event.events & ~with_exclusive) != 0 || file->as_epoll() != nullptr) return Errno::einval;
    }
    if (Epoll* below = file->as_epoll()) {
        bool found = below == this;
        int deep = below->depth(*this, found, deepest_nesting);
        if (found || deep >= deepest_nesting) return Errno::eloop;
    }
    LockGuard guard(mutex_);
    if (find(descriptor, *file) != nullptr) return Errno::eexist;
    event.events |= always_reported;
    auto item = TRY(make_own<EpollItem>(*this, *file, descriptor, event));
    TRY(link_epoll(*file, *this));
    u32 ready = file->poll(item.get());
    if (item->failed) {
        item->unhook();
        unlink_epoll(*file, *this);
        return Errno::enomem;
    }
    item->node.previous = items_.previous;
    item->node.next = &items_;
    items_.previous->next = &item->node;
    items_.previous = &item->node;
    if ((ready & event.events) != 0) make_ready(*item);
    (void)item.release();
    return {};
}

Result<void> Epoll::modify(int descriptor, File& file, EpollEvent event) {
    LockGuard guard(mutex_);
    EpollItem* item = find(descriptor, file);
    if (item == nullptr) return Errno::enoent;
    if ((event.events & epoll_exclusive) != 0 || (item->event.events & epoll_exclusive) != 0)
        return Errno::einval;
    event.events |= always_reported;
    item->event = event;
    if ((file.poll(nullptr) & event.events) != 0) make_ready(*item);
    return {};
}

Result<void> Epoll::remove(int descriptor, File& file) {
    LockGuard guard(mutex_);
    EpollItem* item = find(descriptor, file);
    if (item == nullptr) return Errno::enoent;
    unlink_epoll(file, *this);
    drop(item);
    return {};
}

void Epoll::forget(File& file) {
    LockGuard guard(mutex_);
    for (ListNode* node = items_.next; node != &items_;) {
        EpollItem* item = EpollItem::from_node(node);
        node = node->next;
        if (item->file == &file) drop(item);
    }
}

usize Epoll::ready_count() {
    LockGuard guard(ready_mutex_);
    usize count = 0;
    for (ListNode* node = ready_.next; node != &ready_; node = node->next) count++;
    return count;
}

usize Epoll::collect(std::span<EpollEvent> events) {
    LockGuard guard(mutex_);
    // Only what is on the list now: level-triggered items go back to its end.
    usize there = 0;
    {
        LockGuard ready(ready_mutex_);
        for (ListNode* node = ready_.next; node != &ready_; node = node->next) there++;
    }
    usize count = 0;
    for (; there > 0 && count < events.size(); there--) {
        EpollItem* item = nullptr;
        {
            LockGuard ready(ready_mutex_);
            if (ready_.next == &ready_) break;
            item = EpollItem::from_ready(ready_.next);
            item->ready_node.unlink();
        }
        if ((item->event.events & ~flag_bits) == 0) continue;  // one-shot that has fired
        u32 found = item->file->poll(nullptr) & item->event.events & ~flag_bits;
        if (found == 0) continue;
        events[count++] = {found, item->event.data};
        if ((item->event.events & epoll_one_shot) != 0) {
            item->event.events &= flag_bits;
        } else if ((item->event.events & epoll_edge) == 0) {
            LockGuard ready(ready_mutex_);
            if (!item->ready_node.linked()) {
                item->ready_node.previous = ready_.previous;
                item->ready_node.next = &ready_;
                ready_.previous->next = &item->ready_node;
                ready_.previous = &item->ready_node;
            }
        }
    }
    return count;
}

u32 Epoll::poll(PollTable* table) {
    if (table != nullptr) table->add(queue_);
    LockGuard guard(mutex_);
    for (;;) {
        EpollItem* item = nullptr;
        {
            LockGuard ready(ready_mutex_);
            if (ready_.next == &ready_) return 0;
            item = EpollItem::from_ready(ready_.next);
        }
        bool armed = (item->event.events & ~flag_bits) != 0;
        if (armed && (item->file->poll(nullptr) & item->event.events) != 0) return poll_in | poll_read_normal;
        LockGuard ready(ready_mutex_);
        if (item->ready_node.linked()) item->ready_node.unlink();
    }
}

int Epoll::depth(const Epoll& wanted, bool& found, int limit) {
    if (limit == 0) return deepest_nesting;
    LockGuard guard(mutex_);
    int deepest = 1;
    for (ListNode* node = items_.next; node != &items_; node = node->next) {
        Epoll* below = EpollItem::from_node(node)->file->as_epoll();
        if (below == nullptr) continue;
        if (below == &wanted) found = true;
        if (found) return deepest_nesting;
        deepest = max(deepest, 1 + below->depth(wanted, found, limit - 1));
    }
    return deepest;
}

Result<String> Epoll::describe() {
    return String::from("anon_inode:[eventpoll]"sv);
}

void Epoll::describe_info(TextBuilder& text) {
    LockGuard guard(mutex_);
    for (ListNode* node = items_.next; node != &items_; node = node->next) {
        EpollItem* item = EpollItem::from_node(node);
        text.text("tfd: "sv).unsigned_decimal(static_cast<u64>(item->descriptor), 8);
        text.text(" events: "sv)
            .hex(item->event.events)
            .text(" data: "sv)
            .hex(item->event.data)
            .character('\n');
    }
}

Result<void> link_epoll(File& file, Epoll& epoll) {
    LockGuard guard(file.epolls_mutex);
    return file.epolls.push(&epoll);
}

void unlink_epoll(File& file, Epoll& epoll) {
    LockGuard guard(file.epolls_mutex);
    for (usize i = 0; i < file.epolls.size(); i++)
        if (file.epolls[i] == &epoll) {
            file.epolls.remove(i);
            return;
        }
}

void File::released() {
    if (!epolls.empty()) detach_from_epolls(*this);
    if (signals.load(std::memory_order_relaxed) != nullptr) end_file_signals(*this);
}

void detach_from_epolls(File& file) {
    for (;;) {
        Epoll* epoll = nullptr;
        bool held = false;
        {
            LockGuard guard(file.epolls_mutex);
            if (file.epolls.empty()) return;
            epoll = file.epolls.last();
            // One that is being destroyed unlinks itself.
            held = epoll->try_ref();
            if (held) file.epolls.pop();
        }
        if (!held) {
            platform::yield();
            continue;
        }
        epoll->forget(file);
        epoll->unref();
    }
}

}  // namespace litebox
