#include "platform/vm/host/parameters_reader.h"

#include "core/base/string.h"
#include "platform/vm/device/discovery.h"

namespace litebox::vm {

namespace {

constexpr usize alignment = 8;
constexpr usize most_grants = 256;

/// One record of the module.
struct Record {
    Parameter kind;
    std::span<const u8> bytes;

    [[nodiscard]] std::string_view text() const {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    [[nodiscard]] bool is_text() const { return text().find('\0') == std::string_view::npos; }
    template <typename T>
    bool get(T& to) const {
        if (bytes.size() != sizeof(T)) return false;
        memcpy(&to, bytes.data(), sizeof(T));
        return true;
    }
};

/// Walks the records. `failed` once one does not fit.
class Records {
  public:
    explicit Records(std::span<const u8> module) : left_(module.subspan(sizeof(ParameterHeader))) {}
    bool next(Record& record) {
        if (left_.empty()) return false;
        ParameterRecord head;
        failed_ = left_.size() < sizeof(head);
        if (failed_) return false;
        memcpy(&head, left_.data(), sizeof(head));
        left_ = left_.subspan(sizeof(head));
        usize padded = (usize{head.length} + alignment - 1) & ~(alignment - 1);
        failed_ = padded > left_.size();
        if (failed_) return false;
        record = {head.kind, left_.first(head.length)};
        left_ = left_.subspan(padded);
        return true;
    }
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    std::span<const u8> left_;
    bool failed_ = false;
};

constexpr usize root_hash_size = 32;
constexpr std::string_view hash_without_image = "a root hash is given, but the root is no image";

/// Fills arrays whose sizes a first pass has counted.
struct Filler {
    MachineParameters& to;
    std::span<std::string_view> arguments, environment;
    usize argument_count = 0, environment_count = 0, grant_count = 0;

    std::string_view take(const Record& record);
    std::string_view take_grant(const Record& record);
    std::string_view take_flags(u64 flags);
};

std::string_view Filler::take_flags(u64 flags) {
    constexpr u64 known = flag_deny_write_execute | flag_trace | flag_statistics | flag_quiet |
                          flag_root_given | flag_interactive | flag_kill_on_denied | flag_profile |
                          flag_root_image | flag_scratch;
    if ((flags & ~known) != 0) return "the parameters have a flag that this kernel does not know";
    platform::BootParameters& boot = to.boot;
    boot.deny_write_execute = (flags & flag_deny_write_execute) != 0;
    boot.trace = (flags & flag_trace) != 0;
    boot.statistics = (flags & flag_statistics) != 0;
    boot.quiet = (flags & flag_quiet) != 0;
    boot.root_given = (flags & flag_root_given) != 0;
    boot.interactive = (flags & flag_interactive) != 0;
    boot.kill_on_denied = (flags & flag_kill_on_denied) != 0;
    boot.profile = (flags & flag_profile) != 0;
    boot.root_image = (flags & flag_root_image) != 0;
    boot.scratch = (flags & flag_scratch) != 0;
    return {};
}

std::string_view Filler::take_grant(const Record& record) {
    constexpr std::string_view malformed = "the parameters have a grant that is malformed";
    GrantRecord head;
    if (record.bytes.size() < sizeof(head)) return malformed;
    memcpy(&head, record.bytes.data(), sizeof(head));
    std::string_view texts = record.text().substr(sizeof(head));
    if (head.path_length > texts.size() || head.link_length != texts.size() - head.path_length ||
        head.kind > static_cast<u32>(platform::GrantParameters::Kind::temporary) || head.system > 1)
        return malformed;
    std::string_view path = texts.substr(0, head.path_length);
    if (path.empty() || path[0] != '/' || texts.find('\0') != std::string_view::npos) return malformed;
    platform::GrantParameters& grant = to.grants[grant_count];
    grant.kind = static_cast<platform::GrantParameters::Kind>(head.kind);
    grant.system = head.system != 0;
    grant.guest_path = path;
    grant.grant = static_cast<u32>(grant_count);
    grant.size = head.size;
    grant.link = texts.substr(head.path_length);
    grant.attributes = head.attributes;
    to.owners[grant_count] = {head.attributes.uid, head.attributes.gid, head.shown_uid, head.shown_gid};
    grant_count++;
    return {};
}

template <typename T>
bool take_array(const Record& record, ParameterMemory& memory, std::span<const T>& to) {
    if (record.bytes.size() % sizeof(T) != 0) return false;
    auto all = memory.take<T>(record.bytes.size() / sizeof(T));
    if (!all.ok()) return false;
    memcpy(all.value().data(), record.bytes.data(), record.bytes.size());
    to = all.value();
    return true;
}

std::string_view Filler::take(const Record& record) {
    constexpr std::string_view malformed = "a record of the parameters is malformed";
    platform::BootParameters& boot = to.boot;
    auto text = [&](std::string_view& place) -> std::string_view {
        if (!record.is_text()) return malformed;
        place = record.text();
        return {};
    };
    switch (record.kind) {
        case Parameter::argument:
            return text(arguments[argument_count++]);
        case Parameter::environment:
            return text(environment[environment_count++]);
        case Parameter::working_directory:
            return text(boot.working_directory);
        case Parameter::home_directory:
            return text(boot.home_directory);
        case Parameter::user_name:
            return text(boot.user_name);
        case Parameter::host_name:
            return text(boot.host_name);
        case Parameter::identity: {
            u32 ids[2];
            if (!record.get(ids)) return malformed;
            boot.uid = ids[0];
            boot.gid = ids[1];
            return {};
        }
        case Parameter::grant:
            return take_grant(record);
        case Parameter::limits: {
            LimitsRecord limits;
            if (!record.get(limits)) return malformed;
            boot.memory_limit = limits.memory;
            boot.temporary_limit = limits.temporary;
            boot.cpu_seconds = limits.cpu_seconds;
            boot.process_limit = limits.processes;
            return {};
        }
        case Parameter::flags: {
            u64 flags = 0;
            return record.get(flags) ? take_flags(flags) : malformed;
        }
        case Parameter::clock:
            return record.get(to.clock) ? std::string_view() : malformed;
        case Parameter::terminal:
            return record.get(to.terminal) ? std::string_view() : malformed;
        case Parameter::seed:
            to.seed = record.bytes;
            return record.bytes.size() >= 32 && record.bytes.size() <= 64 ? std::string_view() : malformed;
        case Parameter::root_hash:
            boot.root_hash = record.bytes;
            return record.bytes.size() == root_hash_size ? std::string_view() : malformed;
        default:
            return "the parameters have a record that this kernel does not know";
    }
}

/// How many of each there are; refuses a second one of what there is once.
struct Counts {
    usize arguments = 0, environment = 0, grants = 0;
    u32 seen = 0;

    bool add(Parameter kind) {
        u32 number = static_cast<u32>(kind);
        if (kind == Parameter::argument) return ++arguments != 0;
        if (kind == Parameter::environment) return ++environment != 0;
        if (kind == Parameter::grant) return ++grants <= most_grants;
        if (number >= 32) return false;
        bool first = (seen >> number & 1) == 0;
        seen |= 1u << number;
        return first;
    }
};

bool make_arrays(const Counts& counts, ParameterMemory& memory, MachineParameters& to, Filler& filler) {
    auto arguments = memory.take<std::string_view>(counts.arguments);
    auto environment = memory.take<std::string_view>(counts.environment);
    auto grants = memory.take<platform::GrantParameters>(counts.grants);
    auto owners = memory.take<GrantOwner>(counts.grants);
    if (!arguments.ok() || !environment.ok() || !grants.ok() || !owners.ok()) return false;
    filler.arguments = arguments.value();
    filler.environment = environment.value();
    to.grants = grants.value();
    to.owners = owners.value();
    to.boot.arguments = filler.arguments;
    to.boot.environment = filler.environment;
    to.boot.grants = to.grants;
    return true;
}

}  // namespace

usize parameter_memory_needed(usize length) {
    // Every eight bytes a record without contents, which is one text of an array at most; a grant's record is
    // longer than what is made of it but for a few words.
    constexpr usize per_text = sizeof(std::string_view);
    constexpr usize per_grant = sizeof(platform::GrantParameters) + sizeof(GrantOwner);
    return length / sizeof(ParameterRecord) * per_text + length / sizeof(GrantRecord) * per_grant +
           per_grant + length + 64;
}

std::string_view read_module(std::span<const u8> module, ParameterMemory& memory, MachineParameters& to) {
    constexpr std::string_view cut = "the parameters are cut short, or longer than they say";
    ParameterHeader header;
    if (module.size() < sizeof(header)) return cut;
    memcpy(&header, module.data(), sizeof(header));
    if (header.magic != ParameterHeader::expected_magic)
        return "the boot module holds no parameters of LiteBox";
    if (header.length != module.size()) return cut;
    Counts counts;
    Record record;
    Records first(module);
    while (first.next(record))
        if (!counts.add(record.kind))
            return "the parameters have a record twice, or one that this kernel does not know";
    if (first.failed()) return cut;
    if (counts.arguments == 0) return "the parameters name no program";
    Filler filler{to, {}, {}};
    if (!make_arrays(counts, memory, to, filler))
        return "the machine has too little memory for the parameters";
    Records again(module);
    while (again.next(record)) {
        if (record.kind == Parameter::groups) {
            if (!take_array(record, memory, to.boot.groups)) return "a record of the parameters is malformed";
        } else if (record.kind == Parameter::denied_calls) {
            if (!take_array(record, memory, to.boot.denied_calls))
                return "a record of the parameters is malformed";
        } else if (std::string_view problem = filler.take(record); !problem.empty()) {
            return problem;
        }
    }
    if (!to.boot.root_hash.empty() && !to.boot.root_image) return hash_without_image;
    to.boot.program = to.boot.arguments[0];
    return {};
}

// ------------------------------------------------------------------------------------------------ command
// line

namespace {

bool take_number(std::string_view text, u32& to) {
    auto value = parse_decimal(text);
    if (!value.ok() || value.value() > ~u32{0}) return false;
    to = static_cast<u32>(value.value());
    return true;
}

/// The root is grant 0, or the image on the first block device.
std::string_view take_root(std::string_view value, Filler& filler) {
    MachineParameters& to = filler.to;
    if (value == "image") {
        to.boot.root_image = true;
        return {};
    }
    if ((value != "ro" && value != "rw") || filler.grant_count != 0)
        return "root= on the command line is none of ro, rw and image, or stands there twice";
    using Kind = platform::GrantParameters::Kind;
    to.grants[0].kind = value == "rw" ? Kind::read_write : Kind::read_only;
    to.grants[0].guest_path = "/";
    to.boot.root_given = true;
    filler.grant_count = 1;
    return {};
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// A hash that is given and not understood must not become none.
std::string_view take_root_hash(std::string_view value, ParameterMemory& memory, MachineParameters& to) {
    constexpr std::string_view no_hash = "root_hash= on the command line is not 64 hexadecimal digits";
    if (value.size() != 2 * root_hash_size) return no_hash;
    auto bytes = memory.take<u8>(root_hash_size);
    if (!bytes.ok()) return "the machine has too little memory for the command line";
    for (usize i = 0; i < root_hash_size; i++) {
        int high = digit_of(value[2 * i]), low = digit_of(value[2 * i + 1]);
        if (high < 0 || low < 0) return no_hash;
        bytes.value()[i] = static_cast<u8>(high << 4 | low);
    }
    to.boot.root_hash = bytes.value();
    return {};
}

std::string_view take_word(const CommandLine::Word& word, Filler& filler) {
    platform::BootParameters& boot = filler.to.boot;
    constexpr std::string_view no_number = "uid= and gid= on the command line are numbers";
    if (word.name == "program") boot.program = word.value;
    if (word.name == "environment") filler.environment[filler.environment_count++] = word.value;
    if (word.name == "directory") boot.working_directory = word.value;
    if (word.name == "home") boot.home_directory = word.value;
    if (word.name == "user") boot.user_name = word.value;
    if (word.name == "host") boot.host_name = word.value;
    if (word.name == "uid" && !take_number(word.value, boot.uid)) return no_number;
    if (word.name == "gid" && !take_number(word.value, boot.gid)) return no_number;
    if (word.text == "trace") boot.trace = true;
    if (word.text == "scratch") boot.scratch = true;
    if (word.name == "root") return take_root(word.value, filler);
    return {};
}

}  // namespace

std::string_view read_command_line(std::string_view line, ParameterMemory& memory, MachineParameters& to) {
    Counts counts;
    CommandLine words(line);
    CommandLine::Word word;
    bool behind = false;
    while (words.next(word)) {
        // Monitors append these, also behind the program's arguments.
        if (word.name == device_word) continue;
        if (behind) counts.arguments++;
        if (!behind && word.name == "environment") counts.environment++;
        if (!behind && word.name == "root") counts.grants = 1;
        behind |= word.text == "--";
    }
    counts.arguments++;  // the program's own name
    Filler filler{to, {}, {}};
    if (!make_arrays(counts, memory, to, filler))
        return "the machine has too little memory for the command line";
    filler.argument_count = 1;
    CommandLine again(line);
    behind = false;
    while (again.next(word)) {
        if (word.name == device_word) continue;
        if (behind) {
            filler.arguments[filler.argument_count++] = word.text;
        } else if (word.text == "--") {
            behind = true;
        } else {
            std::string_view problem =
                word.name == "root_hash" ? take_root_hash(word.value, memory, to) : take_word(word, filler);
            if (!problem.empty()) return problem;
        }
    }
    if (!to.boot.root_hash.empty() && !to.boot.root_image) return hash_without_image;
    to.boot.grants = to.grants = to.grants.first(filler.grant_count);
    to.owners = to.owners.first(filler.grant_count);
    if (to.boot.program.empty())
        return "there is no boot module with parameters, and no program= on the command line: nothing to run";
    filler.arguments[0] = to.boot.program;
    return {};
}

}  // namespace litebox::vm
