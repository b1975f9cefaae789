// epoll(7): a set of files and those of them that are ready.
#pragma once

#include "core/file/file.h"
#include "core/task/wait_queue.h"

namespace litebox {

struct EpollItem;

enum EpollFlag : u32 {
    epoll_exclusive = 1u << 28,
    epoll_wake_up = 1u << 29,
    epoll_one_shot = 1u << 30,
    epoll_edge = 1u << 31
};

struct EpollEvent {
    u32 events;
    u64 data;
};

class Epoll final : public File {
  public:
    static Result<Ref<File>> create();
    Epoll();
    ~Epoll() override;

    // epoll_ctl(2).
    Result<void> add(int descriptor, const Ref<File>& file, EpollEvent event);
    Result<void> modify(int descriptor, File& file, EpollEvent event);
    Result<void> remove(int descriptor, File& file);
    /// Up to `events.size()` ready ones; 0 when there are none now.
    usize collect(std::span<EpollEvent> events);
    /// How many may be ready: an upper bound for collect.
    usize ready_count();
    [[nodiscard]] WaitQueue& queue() { return queue_; }

    u32 poll(PollTable* table) override;
    Result<u64> seek(i64, int) override { return u64{0}; }
    Epoll* as_epoll() override { return this; }
    Result<String> describe() override;
    void describe_info(TextBuilder& text) override;

    /// The file goes away: its items too.
    void forget(File& file);
    /// Longest chain of epolls below this one, for the limit on nesting; sets `found` when it meets `wanted`.
    int depth(const Epoll& wanted, bool& found, int limit);

  private:
    friend struct EpollItem;
    EpollItem* find(int descriptor, const File& file);
    void drop(EpollItem* item);
    void make_ready(EpollItem& item);

    Mutex mutex_{LockRank::epoll};
    ListNode items_{&items_, &items_};
    Mutex ready_mutex_{LockRank::leaf};
    ListNode ready_{&ready_, &ready_};
    WaitQueue queue_;
};

/// Called when the last reference of a file that some epoll watches goes.
void detach_from_epolls(File& file);

}  // namespace litebox
