#include "platform/simulated/faults.h"

namespace litebox::simulated {

const char* name_of(Operation operation) {
    static constexpr const char* names[] = {
#define LITEBOX_NAME(name) #name,
        LITEBOX_SIMULATED_OPERATIONS(LITEBOX_NAME)
#undef LITEBOX_NAME
    };
    return names[static_cast<usize>(operation)];
}

Errno usual_error(Operation operation) {
    switch (operation) {
        case Operation::clone_space:
        case Operation::blank_space:
        case Operation::create_thread_block:
        case Operation::start_thread:
            return Errno::eagain;
        case Operation::run_in_space:
            return Errno::esrch;
        case Operation::load_word:
        case Operation::compare_exchange_word:
            return Errno::efault;
        case Operation::map_anonymous:
        case Operation::map_pages:
        case Operation::map_host_file:
        case Operation::unmap:
        case Operation::protect:
        case Operation::move:
        case Operation::advise:
        case Operation::commit_pages:
        case Operation::save_guest_state:
        case Operation::heap:
            return Errno::enomem;
        default:
            return Errno::eio;
    }
}

void Faults::fail_nth(Operation operation, u64 nth) {
    std::lock_guard guard(mutex_);
    rules_.push_back({operation, calls(operation) + nth, 0});
    armed_.store(true, std::memory_order_release);
}

void Faults::fail_often(Operation operation, double probability) {
    std::lock_guard guard(mutex_);
    rules_.push_back({operation, 0, probability});
    armed_.store(true, std::memory_order_release);
}

void Faults::clear() {
    std::lock_guard guard(mutex_);
    rules_.clear();
    armed_.store(false, std::memory_order_release);
}

std::optional<Errno> Faults::strike(Operation operation) {
    u64 call = calls_[static_cast<usize>(operation)].fetch_add(1, std::memory_order_relaxed) + 1;
    if (!armed_.load(std::memory_order_acquire)) return std::nullopt;
    std::lock_guard guard(mutex_);
    for (const Rule& rule : rules_) {
        if (rule.operation != operation) continue;
        bool hit = rule.at_call != 0 ? rule.at_call == call
                                     : std::uniform_real_distribution<>()(random_) < rule.probability;
        if (!hit) continue;
        struck_.fetch_add(1, std::memory_order_relaxed);
        return usual_error(operation);
    }
    return std::nullopt;
}

}  // namespace litebox::simulated
