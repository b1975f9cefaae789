#include <algorithm>
#include <map>

#include "attest/eventlog/eventlog.h"

namespace litebox::attest {

namespace {

std::string place(const EventLog& log, const LoggedEvent& event) {
    return "event " + std::to_string(&event - log.events.data() + 1) + " (" + event_type_name(event.type) +
           ")";
}

uint16_t algorithm_id(Hash hash) {
    switch (hash) {
        case Hash::sha1:
            return 0x04;
        case Hash::sha256:
            return 0x0b;
        case Hash::sha384:
            return 0x0c;
        case Hash::sha512:
            return 0x0d;
    }
    return 0;
}

/// PCR 0 starts at the locality that StartupLocality reports, in its last byte.
std::optional<uint8_t> startup_locality(const LoggedEvent& event) {
    constexpr std::string_view signature{"StartupLocality\0", 16};
    if (event.extends() || event.index != 0 || event.data.size() != 17) return std::nullopt;
    if (as_text(event.data).substr(0, 16) != signature) return std::nullopt;
    return event.data[16];
}

}  // namespace

Result<Rtmrs> replay_rtmrs(const EventLog& log) {
    Rtmrs registers{};
    for (const LoggedEvent& event : log.events) {
        if (!event.extends()) continue;
        if (event.index < 1 || event.index > 4)
            return Error{place(log, event) + " extends measurement register " + std::to_string(event.index) +
                         "; a TD's log has 1 to 4: this is a TPM's log"};
        const Bytes* digest = event.sha384();
        if (!digest) return Error{place(log, event) + " has no SHA-384 digest"};
        Field<48>& value = registers[event.index - 1];
        Bytes next = attest::digest(Hash::sha384, {value, *digest});
        std::ranges::copy(next, value.begin());
    }
    return registers;
}

Result<std::array<std::optional<Bytes>, 24>> replay_pcrs(const EventLog& log, Hash bank) {
    std::array<std::optional<Bytes>, 24> registers;
    for (const LoggedEvent& event : log.events) {
        if (auto locality = startup_locality(event); locality && !registers[0]) {
            registers[0] = Bytes(hash_size(bank));
            registers[0]->back() = *locality;
        }
        if (!event.extends()) continue;
        if (event.index > 23) return Error{place(log, event) + " extends no PCR"};
        auto digest =
            std::ranges::find(event.digests, algorithm_id(bank), &std::pair<uint16_t, Bytes>::first);
        if (digest == event.digests.end())
            return Error{place(log, event) + " has no digest of the asked bank"};
        std::optional<Bytes>& value = registers[event.index];
        // The registers of dynamic launch start at all ones until it resets them.
        if (!value) value = Bytes(hash_size(bank), event.index >= 17 && event.index <= 22 ? 0xff : 0);
        value = attest::digest(bank, {*value, digest->second});
    }
    return registers;
}

std::string judge_events(const EventLog& log, const Policy::Tdx& policy) {
    std::map<std::string_view, bool> met;
    for (const auto& list : policy.events) met[list.first] = false;
    for (const LoggedEvent& event : log.events) {
        if (!event.extends()) continue;
        if (event.index < 1 || event.index > 4) return place(log, event) + " extends no register of a TD";
        std::string type = event_type_name(event.type), description = describe_event(event);
        bool listed = false, accepted = false;
        for (const auto& [name, digests] : policy.events) {
            if (name != type && name != description) continue;
            listed = true;
            if (const Bytes* digest = event.sha384();
                digest && std::ranges::find(digests, *digest) != digests.end())
                accepted = met[name] = true;
        }
        if (accepted) continue;
        const Bytes* digest = event.sha384();
        std::string what =
            place(log, event) + ", \"" + description + "\", digest " + (digest ? to_hex(*digest) : "none");
        // A listed event must match its list everywhere; others are covered where the policy pins the whole
        // register.
        if (listed) return what + ": the digest is not in the policy's list";
        if (policy.rtmr[event.index - 1].empty())
            return what + ": neither the event nor its register is listed";
    }
    for (const auto& [name, seen] : met)
        if (!seen)
            return "the log has no accepted event \"" + std::string(name) + "\", which the policy lists";
    return {};
}

}  // namespace litebox::attest
