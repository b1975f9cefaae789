// Event logs: parsing that trusts no length, replay that gives the hardware's registers, allow-lists that
// cannot be talked around.
#include <gtest/gtest.h>

#include "attest/base/json.h"
#include "attest/eventlog/eventlog.h"
#include "attest/report/report.h"
#include "attest/simulate/event_log.h"
#include "attest/simulate/simulate.h"
#include "tests/unit/attest/vectors.h"

namespace litebox::attest {
namespace {

using simulate::LogEvent;
using simulate::SimulatedLog;
using tests::vector_file;

const TdReportBody& td_of(const Evidence& evidence) {
    return std::get<TdReportBody>(std::get<Quote>(evidence.body).body);
}

TEST(EventLog, the_replay_of_a_real_ccel_gives_the_rtmrs_of_the_quote_of_that_boot) {
    NEEDS_VECTORS();
    Result<EventLog> log = parse_event_log(vector_file("tdx_eventlog/google_cos113_ccel_data.dat"));
    ASSERT_TRUE(log.ok()) << log.error().message;
    EXPECT_EQ(log->events.size(), 43u);
    Result<Rtmrs> registers = replay_rtmrs(*log);
    ASSERT_TRUE(registers.ok()) << registers.error().message;
    Result<Evidence> quote =
        recognise_evidence(vector_file("tdx_eventlog/google_cos113_cos-113-tdx-quote.dat"));
    ASSERT_TRUE(quote.ok()) << quote.error().message;
    EXPECT_EQ(*registers, td_of(*quote).rtmr);
    std::string text = shown_as_text(describe_event_log(*log));
    for (const char* part : {"variable SecureBoot", "EV_EFI_GPT_EVENT", "\\EFI\\BOOT\\gr",
                             "grub_cmd: set default=2", "Exit Boot Services Returned with Success"})
        EXPECT_NE(text.find(part), std::string::npos) << part;
    EXPECT_EQ(text.find("NOT of this text"), std::string::npos);
}

TEST(EventLog, the_replay_of_dstacks_list_gives_the_rtmrs_of_its_quote) {
    NEEDS_VECTORS();
    Result<Evidence> evidence = recognise_evidence(vector_file("tdx/dstack_quote_report.json"));
    ASSERT_TRUE(evidence.ok()) << evidence.error().message;
    Result<EventLog> log = parse_event_log(evidence->event_log);
    ASSERT_TRUE(log.ok()) << log.error().message;
    EXPECT_EQ(log->events.size(), 28u);
    Result<Rtmrs> registers = replay_rtmrs(*log);
    ASSERT_TRUE(registers.ok()) << registers.error().message;
    EXPECT_EQ(*registers, td_of(*evidence).rtmr);
    EXPECT_EQ(describe_event(log->events.back()), "LIUM_MINER_HOTKEY");
}

SimulatedLog typical() {
    return simulate::make_event_log(simulate::typical_boot(), 65536);
}

TEST(EventLog, padding_of_zeros_or_ones_ends_a_log_and_nothing_else_does) {
    SimulatedLog made = simulate::make_event_log(simulate::typical_boot());
    for (uint8_t fill : {0x00, 0xff}) {
        Bytes padded = made.bytes;
        padded.resize(padded.size() + 1000, fill);
        Result<EventLog> log = parse_event_log(padded);
        ASSERT_TRUE(log.ok()) << log.error().message;
        EXPECT_EQ(replay_rtmrs(*log).value(), made.rtmr);
    }
    Bytes garbage = made.bytes;
    garbage.resize(garbage.size() + 1000, 0x55);
    EXPECT_FALSE(parse_event_log(garbage).ok());
}

TEST(
    EventLog,
    every_truncation_and_flipped_bit_is_refused_or_leads_to_other_registers_or_changes_only_unmeasured_text) {
    SimulatedLog made = simulate::make_event_log(simulate::typical_boot());
    ASSERT_EQ(replay_rtmrs(parse_event_log(made.bytes).value()).value(), made.rtmr);
    EventLog whole = parse_event_log(made.bytes).value();
    size_t events = whole.events.size();
    for (size_t size = 0; size < made.bytes.size(); size++) {
        Result<EventLog> log = parse_event_log(ByteView(made.bytes).first(size));
        if (!log) continue;
        // Cut between two events: fewer of them, and other registers, unless what is gone extended nothing.
        ASSERT_LT(log->events.size(), events) << size;
        Result<Rtmrs> registers = replay_rtmrs(*log);
        bool same = registers && *registers == made.rtmr;
        for (size_t i = log->events.size(); i < events; i++)
            ASSERT_FALSE(same && whole.events[i].extends()) << size;
    }
    for (size_t bit = 0; bit < made.bytes.size() * 8; bit++) {
        Bytes changed = made.bytes;
        changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        Result<EventLog> log = parse_event_log(changed);
        if (!log) continue;
        Result<Rtmrs> registers = replay_rtmrs(*log);
        // Types, texts and the header's platform class are not measured; digests, registers and lengths are.
        ASSERT_TRUE(!registers || *registers != made.rtmr || log->events.size() <= events) << bit;
    }
}

TEST(EventLog, a_type_that_informs_extends_nothing_even_with_a_digest) {
    EventLog log;
    log.events.push_back({1, 3, {{0x0c, Bytes(48, 7)}}, {}, {}});
    EXPECT_EQ(replay_rtmrs(log).value(), Rtmrs{});
}

TEST(EventLog, a_tpms_log_is_no_trust_domains_and_replays_to_pcrs) {
    EventLog log;
    log.events.push_back({7, 0x80000001, {{0x0b, Bytes(32, 7)}}, {}, {}});
    EXPECT_NE(replay_rtmrs(log).error().message.find("TPM"), std::string::npos);
    auto registers = replay_pcrs(log, Hash::sha256);
    ASSERT_TRUE(registers.ok());
    Bytes zero(32);
    EXPECT_EQ(*(*registers)[7], digest(Hash::sha256, {zero, Bytes(32, 7)}));
    EXPECT_FALSE((*registers)[6].has_value());
    EXPECT_FALSE(replay_pcrs(log, Hash::sha384).ok());
}

TEST(EventLog, lengths_that_lie_are_refused) {
    SimulatedLog made = simulate::make_event_log({{.data = Bytes(10, 1)}});
    for (size_t at = 28; at + 4 <= made.bytes.size(); at++) {
        Bytes changed = made.bytes;
        for (size_t i = 0; i < 4; i++) changed[at + i] = 0xff;
        (void)parse_event_log(changed);  // under AddressSanitizer: no read outside
        changed[at + 3] = 0x7f;
        (void)parse_event_log(changed);
    }
    EXPECT_FALSE(parse_event_log(Bytes(100, 0)).ok());
    EXPECT_FALSE(parse_event_log({}).ok());
    EXPECT_FALSE(
        parse_event_log(
            as_bytes("[{\"imr\":4,\"event_type\":1,\"digest\":\"\",\"event\":\"\",\"event_payload\":\"\"}]"))
            .ok());
    EXPECT_FALSE(
        parse_event_log(
            as_bytes(
                "[{\"imr\":0,\"event_type\":1,\"digest\":\"00\",\"event\":\"\",\"event_payload\":\"\"}]"))
            .ok());
    EXPECT_FALSE(parse_event_log(as_bytes("[{\"imr\":0}]")).ok());
}

/// Every event listed under its type's name.
std::map<std::string, std::vector<Bytes>> lists_of(const EventLog& log) {
    std::map<std::string, std::vector<Bytes>> lists;
    for (const LoggedEvent& event : log.events)
        if (event.extends()) lists[event_type_name(event.type)].push_back(*event.sha384());
    return lists;
}

TEST(EventLists, a_log_whose_every_event_is_listed_is_covered) {
    EventLog log = parse_event_log(typical().bytes).value();
    Policy::Tdx policy;
    policy.events = lists_of(log);
    EXPECT_EQ(judge_events(log, policy), "");
}

TEST(EventLists, an_event_that_is_relabelled_to_escape_its_list_is_refused) {
    EventLog log = parse_event_log(typical().bytes).value();
    Policy::Tdx policy;
    policy.events = lists_of(log);
    EventLog evil = log;
    evil.events.back().type = 0x0d;
    evil.events.back().data = to_bytes(as_bytes("harmless"));
    evil.events.back().digests = {{0x0c, Bytes(48, 0xee)}};
    EXPECT_NE(judge_events(evil, policy), "");
}

TEST(EventLists, a_boot_that_skips_a_listed_event_is_refused) {
    EventLog log = parse_event_log(typical().bytes).value();
    Policy::Tdx policy;
    policy.events = lists_of(log);
    log.events.clear();
    EXPECT_NE(judge_events(log, policy).find("has no accepted event"), std::string::npos);
}

TEST(EventLists, registers_that_are_pinned_need_no_list) {
    EventLog log = parse_event_log(typical().bytes).value();
    Policy::Tdx policy;
    std::erase_if(log.events, [](const LoggedEvent& event) { return !event.extends(); });
    const LoggedEvent* last = &log.events.back();
    policy.events = {{event_type_name(last->type), {}}};
    for (const LoggedEvent& event : log.events)
        if (event.type == last->type) policy.events[event_type_name(last->type)].push_back(*event.sha384());
    EXPECT_NE(judge_events(log, policy), "");
    for (auto& pinned : policy.rtmr) pinned = {Bytes(48)};
    EXPECT_EQ(judge_events(log, policy), "");
}

TEST(EventLists, verification_wants_the_log_of_this_very_boot) {
    SimulatedLog made = typical();
    simulate::IntelKnobs knobs = simulate::IntelKnobs::tdx();
    knobs.quote.td.rtmr = made.rtmr;
    simulate::Simulation simulated = simulate::simulate(knobs);
    Policy policy = simulate::any_code_policy();
    policy.tdx.events = lists_of(parse_event_log(made.bytes).value());
    Evidence evidence = recognise_evidence(simulated.evidence).value();
    EXPECT_EQ(verify(evidence, simulated.options(policy)).state("event-log-replay"),
              CheckState::failed);  // none came
    evidence.event_log = made.bytes;
    Verdict verdict = verify(evidence, simulated.options(policy));
    EXPECT_TRUE(verdict.accepted()) << (verdict.reason()
                                            ? verdict.reason()->id + ": " + verdict.reason()->reason
                                            : "");
    evidence.event_log = simulate::make_event_log(simulate::typical_boot("init=/bin/sh")).bytes;
    EXPECT_EQ(verify(evidence, simulated.options(policy)).status(), Status::forged);
}

}  // namespace
}  // namespace litebox::attest
