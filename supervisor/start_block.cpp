#include "supervisor/start_block.h"

#include <sys/random.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

namespace litebox::supervisor {

namespace {

using process::StartBlock;

/// Appends to the block; what it returns are addresses inside the sandbox.
class BlockBuilder {
  public:
    explicit BlockBuilder(uint64_t base) : base_(base), bytes_(sizeof(StartBlock), '\0') {}

    template <typename T>
    std::span<const T> array(const std::vector<T>& items) {
        align(alignof(T));
        uint64_t at = base_ + bytes_.size();
        bytes_.append(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T));
        return {reinterpret_cast<const T*>(at), items.size()};
    }
    std::string_view text(const std::string& text) {
        uint64_t at = base_ + bytes_.size();
        bytes_.append(text.c_str(), text.size() + 1);
        return {reinterpret_cast<const char*>(at), text.size()};
    }
    std::span<const std::string_view> texts(const std::vector<std::string>& items) {
        std::vector<std::string_view> views;
        for (const std::string& item : items) views.push_back(text(item));
        return array(views);
    }
    std::string finish(const StartBlock& block) {
        memcpy(bytes_.data(), &block, sizeof(block));
        return std::move(bytes_);
    }

  private:
    void align(size_t alignment) { bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment); }
    uint64_t base_;
    std::string bytes_;
};

std::vector<platform::GrantParameters> grant_rows(const RunOptions& options,
                                                  const std::vector<GrantRoot>& roots,
                                                  BlockBuilder& builder) {
    std::vector<platform::GrantParameters> rows;
    uint32_t number = 0;
    for (const Grant& grant : options.grants) {
        platform::GrantParameters row{};
        row.kind = static_cast<platform::GrantParameters::Kind>(grant.kind);
        row.system = grant.system;
        row.guest_path = builder.text(grant.guest);
        row.size = grant.size;
        row.link = builder.text(roots[number].link);
        row.attributes = roots[number].attributes;
        row.grant = number++;
        rows.push_back(row);
    }
    return rows;
}

}  // namespace

uint64_t block_bound(const RunOptions& options, const std::vector<GrantRoot>& roots, size_t filter_length) {
    uint64_t bytes = sizeof(StartBlock) + 65536 + filter_length * sizeof(process::FilterInstruction);
    for (const auto* list : {&options.arguments, &options.environment})
        for (const std::string& text : *list) bytes += text.size() + 1 + sizeof(std::string_view);
    for (const Grant& grant : options.grants)
        bytes += grant.guest.size() + 1 + sizeof(platform::GrantParameters);
    for (const GrantRoot& root : roots) bytes += root.link.size() + 1 + sizeof(uint8_t);
    return bytes + options.groups.size() * sizeof(uint32_t);
}

std::string make_block(const RunOptions& options, const StartData& data) {
    BlockBuilder builder(data.windows.block);
    StartBlock block{};
    block.magic = StartBlock::expected_magic;
    block.windows = data.windows;
    block.processors = data.processors;
    block.usable_processors = data.usable_processors;
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    block.counter = __builtin_ia32_rdtsc();
    block.counter_ns = static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
    block.task_limit = data.tasks;
    if (getrandom(block.seed, sizeof(block.seed), 0) != sizeof(block.seed)) return {};
    block.filter = builder.array(*data.filter);
    block.clones_processes = data.clones_processes;
    block.opener_filter = builder.array(*data.opener_filter);
    block.idle_filter = builder.array(*data.idle_filter);
    block.supervisor = getpid();
    block.terminal_streams = data.terminal_streams;
    block.grant_count = static_cast<u32>(options.grants.size());
    block.switch_identity = data.switch_identity;
    block.lanes = builder.array(data.lanes->lanes);
    block.grant_lanes = builder.array(data.lanes->grant_lanes);
    auto& p = block.parameters;
    p.arguments = builder.texts(options.arguments);
    p.environment = builder.texts(options.environment);
    p.program = options.arguments.empty() ? std::string_view() : builder.text(options.arguments.front());
    p.working_directory = builder.text(options.working_directory);
    p.home_directory = builder.text(options.home);
    p.user_name = builder.text(options.user_name);
    p.host_name = builder.text(options.host_name);
    p.uid = options.uid;
    p.gid = options.gid;
    p.groups = builder.array(options.groups);
    p.grants = builder.array(grant_rows(options, *data.roots, builder));
    p.memory_limit = data.memory;
    p.temporary_limit = data.temporary;
    p.process_limit = data.tasks;
    p.cpu_seconds = options.cpu_time_ms / 1000;
    p.deny_write_execute = options.deny_write_execute;
    p.trace = options.trace;
    p.statistics = options.statistics;
    p.quiet = options.quiet;
    p.root_given = options.root_given;
    p.interactive = options.interactive;
    p.kill_on_denied = options.kill_on_denied;
    p.profile = options.profile;
    std::vector<uint64_t> denied(8, 0);
    for (uint32_t number : options.denied_calls)
        if (number < 512) denied[number / 64] |= uint64_t{1} << number % 64;
    p.denied_calls = builder.array(denied);
    return builder.finish(block);
}

}  // namespace litebox::supervisor
