#include "supervisor/file_changes.h"

#include "supervisor/streams.h"

namespace litebox::supervisor {

void announce_file_changes(process::FileRing& ring) {
    // A guest can spoil this for itself; it cannot hold us.
    constexpr int tries = 10, try_ms = 2;
    process::FileLane& lane = ring.lanes[0];
    uint32_t ticket = lane.drains_asked.fetch_add(1) + 1;
    lane.bell.fetch_add(1);
    futex_wake(lane.bell);
    for (int i = 0; i < tries; i++) {
        uint32_t done = lane.drains_done.load(std::memory_order_acquire);
        if (static_cast<int32_t>(done - ticket) >= 0) return;
        futex_wait(lane.drains_done, done, try_ms);
    }
}

}  // namespace litebox::supervisor
