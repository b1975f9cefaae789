#include "mutations.h"

namespace litebox::attest::cases {

namespace {

using simulate::Simulation;
using S = Simulation;
using R = Random;

void flip(Bytes& bytes, R& r) {
    if (!bytes.empty()) bytes[r.below(bytes.size())] ^= static_cast<uint8_t>(1u << r.below(8));
}

void flip(std::string& text, R& r) {
    if (!text.empty()) text[r.below(text.size())] ^= static_cast<char>(1u << r.below(7));
}

const std::vector<Mutation<Simulation>> list = {
    {"evidence.bit", [](S& s, R& r) { flip(s.evidence, r); }},
    {"evidence.truncated", [](S& s, R& r) { s.evidence.resize(r.below(s.evidence.size())); }},
    {"evidence.extended",
     [](S& s, R& r) { s.evidence.resize(s.evidence.size() + 1 + r.below(40), r.one_in(2) ? 0 : r.byte()); }},
    {"collateral.tcb_info_bit",
     [](S& s, R& r) {
         if (!s.collateral.tcb_infos.empty()) flip(s.collateral.tcb_infos[0].text, r);
     }},
    {"collateral.identity_bit",
     [](S& s, R& r) {
         if (!s.collateral.identities.empty()) flip(s.collateral.identities[0].text, r);
     }},
    {"collateral.shuffled",
     [](S& s, R& r) {
         auto& list = s.collateral.certificates;
         for (size_t i = list.size(); i > 1; i--) std::swap(list[i - 1], list[r.below(i)]);
         if (!list.empty()) list.push_back(list[r.below(list.size())]);
     }},
    {"now",
     [](S& s, R& r) {
         s.now.seconds += static_cast<int64_t>(r.below(12000) * 86400) - int64_t{6000} * 86400;
     }},
    {"now.near",
     [](S& s, R& r) { s.now.seconds += static_cast<int64_t>(r.below(80) * 86400) - int64_t{40} * 86400; }},
    {"roots.none", [](S& s, R&) { s.roots = Roots{}; }},
    {"roots.other",
     [](S& s, R&) {
         simulate::IntelKnobs other = simulate::IntelKnobs::sgx();
         other.seed = "another root";
         Bytes root = simulate::make_certificate(other.root, other.seed);
         s.roots.intel = s.roots.amd = {root};
     }},
};

using P = Policy;

const std::vector<Mutation<Policy>> policies = {
    {"accept_any_advisory",
     [](P& p, R&) {
         p.accepted_tcb = {TcbStatus::up_to_date,           TcbStatus::sw_hardening_needed,
                           TcbStatus::configuration_needed, TcbStatus::configuration_and_sw_hardening_needed,
                           TcbStatus::out_of_date,          TcbStatus::td_relaunch_advised};
         p.accepted_advisories = {"*"};
     }},
    {"accept_without_advisories",
     [](P& p, R&) {
         p.accepted_tcb = {TcbStatus::up_to_date, TcbStatus::out_of_date};
     }},
    {"require_identity", [](P& p, R&) { p.require_identity = true; }},
    {"allow_debug", [](P& p, R&) { p.allow_debug = true; }},
    {"minimum_tcb",
     [](P& p, R& r) {
         static const std::vector<std::string> components = {"bootloader", "tee", "snp", "microcode"};
         static const std::vector<uint8_t> minimums = {0, 1, 4, 5, 10, 23, 24, 81, 84, 219, 255};
         p.snp.minimum_tcb = {{r.pick(components), r.pick(minimums)}};
     }},
    {"no_revocation", [](P& p, R&) { p.require_revocation = false; }},
};

}  // namespace

const std::vector<Mutation<Simulation>>& damages() {
    return list;
}
const std::vector<Mutation<Policy>>& policy_changes() {
    return policies;
}

}  // namespace litebox::attest::cases
