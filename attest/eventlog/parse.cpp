#include <algorithm>

#include "attest/base/json.h"
#include "attest/eventlog/eventlog.h"

namespace litebox::attest {

namespace {

constexpr size_t largest_log = 1 << 20, most_events = 16384, most_algorithms = 16, most_data = 1 << 20;
constexpr uint32_t ev_no_action = 3;
constexpr std::string_view spec_id_signature{"Spec ID Event03\0", 16};

struct Algorithm {
    uint16_t id;
    uint16_t size;
};

// TCG algorithm registry: ids of hashes and their sizes.
constexpr Algorithm known_algorithms[] = {{0x04, 20}, {0x0b, 32}, {0x0c, 48}, {0x0d, 64}, {0x12, 32}};

Error at(size_t offset, const std::string& what) {
    return Error{"event log, offset " + std::to_string(offset) + ": " + what};
}

/// The first event, in the old form, names the algorithms of all later ones and their sizes.
Result<std::vector<Algorithm>> read_header(Reader& log) {
    uint32_t index = log.u32(), type = log.u32();
    ByteView old_digest = log.take(20);
    Reader header(log.take(log.u32()));
    if (log.failed()) return Error{"event log: its header event is cut short"};
    if (index > 23 || type != ev_no_action || !all_zero(old_digest) ||
        as_text(header.take(spec_id_signature.size())) != spec_id_signature)
        return Error{"event log: the first event is not the specification id of a crypto-agile log"};
    header.skip(4);  // platform class
    uint8_t minor = header.u8(), major = header.u8();
    header.skip(2);  // errata, size of UINTN
    uint32_t count = header.u32();
    if (major != 2 || minor != 0)
        return Error{"event log: of version " + std::to_string(major) + ", not 2.0"};
    if (count == 0 || count > most_algorithms)
        return Error{"event log: names " + std::to_string(count) + " hash algorithms, 1 to 16 are sensible"};
    std::vector<Algorithm> algorithms;
    for (uint32_t i = 0; i < count; i++) {
        Algorithm algorithm{header.u16(), header.u16()};
        auto known = std::ranges::find(known_algorithms, algorithm.id, &Algorithm::id);
        if (known != std::end(known_algorithms) ? known->size != algorithm.size : algorithm.size > 128)
            return Error{"event log: a wrong digest size for algorithm " + std::to_string(algorithm.id)};
        if (std::ranges::find(algorithms, algorithm.id, &Algorithm::id) != algorithms.end())
            return Error{"event log: names an algorithm twice"};
        algorithms.push_back(algorithm);
    }
    header.skip(header.u8());
    if (header.failed() || header.remaining()) return Error{"event log: its header event has a wrong size"};
    return algorithms;
}

Result<LoggedEvent> read_event(Reader& log, const std::vector<Algorithm>& algorithms) {
    size_t start = log.offset();
    LoggedEvent event{};
    event.index = log.u32();
    event.type = log.u32();
    uint32_t count = log.u32();
    if (count > algorithms.size()) return at(start, "more digests than the header names algorithms");
    for (uint32_t i = 0; i < count; i++) {
        uint16_t id = log.u16();
        auto algorithm = std::ranges::find(algorithms, id, &Algorithm::id);
        if (algorithm == algorithms.end())
            return at(start, "a digest of an algorithm that the header does not name");
        if (std::ranges::find(event.digests, id, &std::pair<uint16_t, Bytes>::first) != event.digests.end())
            return at(start, "two digests of one algorithm");
        event.digests.emplace_back(id, to_bytes(log.take(algorithm->size)));
    }
    uint32_t size = log.u32();
    if (size > most_data) return at(start, "an event of " + std::to_string(size) + " bytes");
    event.data = to_bytes(log.take(size));
    if (log.failed()) return at(start, "an event is cut short");
    if (event.index > 23 && event.index != 0xffffffff)
        return at(start, "an event for register " + std::to_string(event.index) + ", which no TEE has");
    return event;
}

/// What firmware leaves behind the last event: nothing, or the area's fill.
bool is_padding(ByteView rest) {
    return all_zero(rest) || std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0xff; });
}

Result<EventLog> parse_binary(ByteView bytes) {
    Reader reader(bytes);
    std::vector<Algorithm> algorithms = ATTEST_TRY(read_header(reader));
    EventLog log;
    while (reader.remaining() && !is_padding(reader.rest())) {
        if (log.events.size() == most_events) return Error{"event log: more than 16384 events"};
        log.events.push_back(ATTEST_TRY(read_event(reader, algorithms)));
    }
    return log;
}

Result<uint32_t> small_integer(const Json& event, std::string_view key) {
    int64_t value = ATTEST_TRY(event.integer_member(key));
    if (value < 0 || value > 0xffffffffll)
        return Error{"event log: '" + std::string(key) + "' is out of range"};
    return static_cast<uint32_t>(value);
}

Result<EventLog> parse_dstack(std::string_view text) {
    Json list = ATTEST_TRY(Json::parse(text));
    if (!list.is(Json::Kind::array)) return Error{"event log: the JSON is no list of events"};
    if (list.items().size() > most_events) return Error{"event log: more than 16384 events"};
    EventLog log;
    log.form = EventLog::Form::dstack;
    for (const Json& item : list.items()) {
        LoggedEvent event{};
        uint32_t register_number = ATTEST_TRY(small_integer(item, "imr"));
        if (register_number > 3)
            return Error{"event log: 'imr' is " + std::to_string(register_number) + ", a TD has 0 to 3"};
        event.index = register_number + 1;  // as a CCEL counts
        event.type = ATTEST_TRY(small_integer(item, "event_type"));
        Bytes digest = ATTEST_TRY(from_hex(ATTEST_TRY(item.text_member("digest"))));
        if (digest.size() != 48) return Error{"event log: a digest that is not SHA-384"};
        event.digests.emplace_back(uint16_t{0x0c}, std::move(digest));
        event.name = ATTEST_TRY(item.text_member("event"));
        event.data = ATTEST_TRY(from_hex(ATTEST_TRY(item.text_member("event_payload"))));
        log.events.push_back(std::move(event));
    }
    return log;
}

}  // namespace

const Bytes* LoggedEvent::sha384() const {
    for (const auto& [id, digest] : digests)
        if (id == 0x0c) return &digest;
    return nullptr;
}

Result<EventLog> parse_event_log(ByteView bytes) {
    if (bytes.empty()) return Error{"event log: empty"};
    if (bytes.size() > largest_log) return Error{"event log: larger than 1 MiB"};
    size_t first = as_text(bytes).find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && bytes[first] == '[') return parse_dstack(as_text(bytes));
    return parse_binary(bytes);
}

}  // namespace litebox::attest
