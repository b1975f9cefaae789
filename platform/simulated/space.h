// The memory of a guest address space, by software: which range shows what, and pages of its own where a
// private range was written. Copying a space shares its pages until one side writes.
#pragma once

#include <map>
#include <unordered_map>

#include "core/base/lock.h"
#include "platform/platform.h"
#include "platform/simulated/host_tree.h"

namespace litebox::simulated {

class Machine;

/// Copies bytes that guests (and the core, where they are contents of files) may change meanwhile: not a data
/// race in the sense of the language that ThreadSanitizer looks for.
void copy_shared(void* to, const void* from, usize length);

class GuestMemory : Pinned {
  public:
    struct Range {
        u64 end = 0;
        u8 protection = 0;
        enum class Source : u8 { zeros, pages, file } source = Source::zeros;
        bool shared = false;
        u8* pages = nullptr;  // Source::pages: of the page region
        HostFileRef file;     // Source::file
        u64 offset = 0;       // in the file
        HostTree* tree = nullptr;
    };
    void map(u64 begin, u64 length, Range range);
    void unmap(u64 begin, u64 length);
    /// False where something is not mapped.
    bool protect(u64 begin, u64 length, u8 protection);
    void move(u64 from, u64 from_length, u64 to, u64 to_length);
    /// Private pages go back to what the range shows.
    void drop(u64 begin, u64 length);
    void populate(u64 begin, u64 length);
    void copy_from(GuestMemory& other);
    void clear();
    u64 own_pages();

    /// Calls `body(bytes, length)` for each piece of a range in ascending order; returns how many bytes were
    /// done before a fault.
    template <typename Body>
    usize access(u64 address, usize length, bool write, Body&& body) {
        std::lock_guard guard(mutex_);
        usize done = 0;
        while (done < length) {
            u64 at = address + done, in_page = at % page_size;
            usize part = std::min<usize>(length - done, page_size - in_page);
            PagePiece piece = find(at / page_size, write);
            if (piece.bytes == nullptr || !body(piece.bytes + in_page, part)) break;
            done += part;
        }
        return done;
    }
    /// What an access there is stopped by: page (nothing mapped), protection, or bus (beyond the file's end).
    upcall::Fault::Kind fault_kind(u64 address);
    bool executable(u64 address);

  private:
    struct PagePiece {
        u8* bytes = nullptr;
        std::shared_ptr<Page> keep;
    };
    using Ranges = std::map<u64, Range>;
    Ranges::iterator range_at(u64 address);
    void split_at(u64 address);
    void erase(u64 begin, u64 end);
    PagePiece find(u64 page, bool write);
    static PagePiece source_page(const Range& range, u64 begin, u64 page);

    std::mutex mutex_;
    Ranges ranges_;
    std::unordered_map<u64, std::shared_ptr<Page>> own_;  // by page number
};

enum class SpaceState : u32 { running, retired };

}  // namespace litebox::simulated

namespace litebox::platform {

struct Space {
    simulated::GuestMemory memory;
    u32 number = 0;
    std::atomic<u32> live{0};
    std::atomic<simulated::SpaceState> state{simulated::SpaceState::running};

    // run_in_space: one request at a time.
    Mutex mailbox_mutex{LockRank::leaf};
    std::atomic<u32> request{0};
    void (*action)(void*) = nullptr;
    void* argument = nullptr;
};

}  // namespace litebox::platform
