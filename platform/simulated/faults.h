// Failures on demand: which South operation fails, at which call, how often.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "core/base/errno.h"

namespace litebox::simulated {

/// What can be made to fail. `park` then returns early, copies do nothing, `heap` is the core's own heap.
// clang-format does not settle on this one.
// clang-format off
#define LITEBOX_SIMULATED_OPERATIONS(X)                                                                 \
    X(clone_space)                                                                                      \
    X(blank_space)                                                                                      \
    X(map_anonymous)                                                                                    \
    X(map_pages)                                                                                        \
    X(map_host_file)                                                                                    \
    X(unmap)                                                                                            \
    X(protect)                                                                                          \
    X(move)                                                                                             \
    X(advise)                                                                                           \
    X(commit_pages)                                                                                     \
    X(run_in_space) X(copy_in) X(copy_out) X(zero_out) X(copy_in_string) X(load_word)                   \
        X(compare_exchange_word) X(create_thread_block) X(start_thread) X(save_guest_state) X(park)     \
            X(stream_read) X(stream_write) X(host_open) X(host_list) X(host_read_link) X(host_read)     \
                X(host_attributes) X(host_create) X(host_link) X(host_remove) X(host_rename)            \
                    X(host_set_attributes) X(host_write) X(host_truncate) X(host_allocate) X(host_sync) \
                        X(host_seek) X(host_lock) X(host_extended_attributes) X(host_space) X(block_read)         \
                            X(block_write) X(block_flush) X(heap)
// clang-format on

enum class Operation : u8 {
#define LITEBOX_NAME(name) name,
    LITEBOX_SIMULATED_OPERATIONS(LITEBOX_NAME)
#undef LITEBOX_NAME
};
inline constexpr usize operation_count = static_cast<usize>(Operation::heap) + 1;
const char* name_of(Operation operation);
/// The error that a host would give there.
Errno usual_error(Operation operation);

class Faults {
  public:
    explicit Faults(u64 seed) : random_(seed) {}

    /// The `nth` call from now on (1: the next) fails, once.
    void fail_nth(Operation operation, u64 nth);
    /// Every call fails with this probability, until clear().
    void fail_often(Operation operation, double probability);
    void clear();
    /// Calls made so far.
    [[nodiscard]] u64 calls(Operation operation) const {
        return calls_[static_cast<usize>(operation)].load(std::memory_order_relaxed);
    }
    /// Failures brought about so far.
    [[nodiscard]] u64 struck() const { return struck_.load(std::memory_order_relaxed); }

    /// For the platform: the error with which this call is to fail.
    std::optional<Errno> strike(Operation operation);

  private:
    struct Rule {
        Operation operation;
        u64 at_call;  // 0: by probability
        double probability;
    };
    std::array<std::atomic<u64>, operation_count> calls_{};
    std::atomic<u64> struck_{0};
    std::atomic<bool> armed_{false};
    std::mutex mutex_;
    std::vector<Rule> rules_;
    std::mt19937_64 random_;
};

}  // namespace litebox::simulated
