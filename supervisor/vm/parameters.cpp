#include "supervisor/vm/parameters.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>
#include <system_error>

#include "platform/vm/abi/parameters.h"

namespace litebox::supervisor {

namespace {

using namespace vm;

class ModuleBuilder {
  public:
    ModuleBuilder() : bytes_(sizeof(ParameterHeader), '\0') {}

    void record(Parameter kind, std::string_view bytes) {
        const ParameterRecord head{kind, static_cast<uint32_t>(bytes.size())};
        bytes_.append(reinterpret_cast<const char*>(&head), sizeof(head));
        bytes_.append(bytes);
        bytes_.resize((bytes_.size() + 7) / 8 * 8);
    }
    void texts(Parameter kind, const std::vector<std::string>& items) {
        for (const std::string& item : items) record(kind, item);
    }
    template <typename T>
    void value(Parameter kind, const T& what) {
        record(kind, bytes_of(what));
    }
    template <typename T>
    void array(Parameter kind, const std::vector<T>& items) {
        record(kind, {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T)});
    }
    template <typename T>
    static std::string_view bytes_of(const T& what) {
        return {reinterpret_cast<const char*>(&what), sizeof(T)};
    }
    std::string finish() {
        const ParameterHeader head{ParameterHeader::expected_magic, bytes_.size()};
        memcpy(bytes_.data(), &head, sizeof(head));
        return std::move(bytes_);
    }

  private:
    std::string bytes_;
};

uint64_t flags_of(const RunOptions& options) {
    uint64_t flags = 0;
    if (options.deny_write_execute) flags |= flag_deny_write_execute;
    if (options.trace) flags |= flag_trace;
    if (options.statistics) flags |= flag_statistics;
    if (options.quiet) flags |= flag_quiet;
    if (!options.image.empty()) flags |= flag_root_image;
    if (options.scratch != 0) flags |= flag_scratch;
    if (options.root_given) flags |= flag_root_given;
    if (options.interactive) flags |= flag_interactive;
    if (options.kill_on_denied) flags |= flag_kill_on_denied;
    if (options.profile) flags |= flag_profile;
    return flags;
}

void add_grants(ModuleBuilder& module, const RunOptions& options, const MachineParameters& machine) {
    for (size_t i = 0; i < options.grants.size(); i++) {
        const Grant& grant = options.grants[i];
        const GrantRoot& root = (*machine.roots)[i];
        GrantRecord row{};
        row.kind = static_cast<uint32_t>(grant.kind);
        row.system = grant.system ? 1 : 0;
        row.size = grant.size;
        row.path_length = static_cast<uint32_t>(grant.guest.size());
        row.link_length = static_cast<uint32_t>(root.link.size());
        row.attributes = root.attributes;
        row.shown_uid = row.shown_gid = (*machine.shown_as)[i];
        if (row.shown_uid == 0) {
            row.shown_uid = root.attributes.uid;
            row.shown_gid = root.attributes.gid;
        }
        module.record(Parameter::grant, std::string(ModuleBuilder::bytes_of(row)) + grant.guest + root.link);
    }
}

constexpr uint64_t second_ns = 1'000'000'000;

uint64_t nanoseconds_of(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * second_ns + static_cast<uint64_t>(now.tv_nsec);
}

/// The time stamp counter at a time.
struct CounterReading {
    uint64_t counter = __builtin_ia32_rdtsc(), nanoseconds = nanoseconds_of(CLOCK_MONOTONIC);
};
/// Taken when the program starts, so that the rate is known without waiting when it is needed.
const CounterReading first_reading;

/// Ticks per second: an emulated machine shows the host's counter and has nobody to ask for its rate.
uint64_t counter_rate() {
    constexpr uint64_t shortest_ns = 3'000'000;
    CounterReading now;
    while (now.nanoseconds - first_reading.nanoseconds < shortest_ns) now = CounterReading();
    auto ticks = static_cast<double>(now.counter - first_reading.counter);
    return static_cast<uint64_t>(ticks / static_cast<double>(now.nanoseconds - first_reading.nanoseconds) *
                                 static_cast<double>(second_ns));
}

ClockRecord clock_now() {
    uint64_t rate = counter_rate();
    return {nanoseconds_of(CLOCK_REALTIME), rate};
}

std::vector<uint64_t> denied_bits(const RunOptions& options) {
    constexpr uint32_t word = 64, numbers = 512;
    std::vector<uint64_t> bits(numbers / word, 0);
    for (uint32_t number : options.denied_calls)
        if (number < numbers) bits[number / word] |= uint64_t{1} << number % word;
    return bits;
}

}  // namespace

std::string make_parameters(const RunOptions& options, const MachineParameters& machine) {
    constexpr size_t seed_length = 64;
    char seed[seed_length];
    if (getrandom(seed, sizeof(seed), 0) != static_cast<ssize_t>(sizeof(seed)))
        throw std::system_error(errno, std::generic_category(), "getrandom");
    ModuleBuilder module;
    module.texts(Parameter::argument, options.arguments);
    module.texts(Parameter::environment, options.environment);
    module.record(Parameter::working_directory, options.working_directory);
    module.record(Parameter::home_directory, options.home);
    module.record(Parameter::user_name, options.user_name);
    module.record(Parameter::host_name, options.host_name);
    module.array<uint32_t>(Parameter::identity, {options.uid, options.gid});
    module.array(Parameter::groups, options.groups);
    add_grants(module, options, machine);
    const LimitsRecord limits{machine.memory, machine.temporary, options.cpu_time_ms / 1000, machine.tasks,
                              0};
    module.value(Parameter::limits, limits);
    module.value(Parameter::flags, flags_of(options));
    if (!options.root_hash.empty()) module.array(Parameter::root_hash, options.root_hash);
    module.array(Parameter::denied_calls, denied_bits(options));
    module.value(Parameter::clock, clock_now());
    module.record(Parameter::seed, {seed, sizeof(seed)});
    module.value(Parameter::terminal,
                 TerminalRecord{machine.terminal_streams, machine.rows, machine.columns});
    return module.finish();
}

}  // namespace litebox::supervisor
