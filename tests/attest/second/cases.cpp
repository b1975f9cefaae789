// attest_cases SEED FIRST COUNT: generates cases, judges each with the production verifier, and prints one
// JSON line per case with everything that another verifier needs to judge it too.
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "attest/base/json.h"
#include "mutations.h"

namespace {

using namespace litebox::attest;
using namespace litebox::attest::cases;

struct Case {
    simulate::Simulation made;
    Policy policy = simulate::any_code_policy();
    std::string name;
};

template <typename Knobs>
void mutate(Knobs& knobs, const std::vector<Mutation<Knobs>>& mutations, Random& random, std::string& name) {
    const Mutation<Knobs>& mutation = random.pick(mutations);
    mutation.apply(knobs, random);
    name += std::string(" ") + mutation.name;
}

/// Mostly one change, sometimes two: of two, the verdict is the first in the order of precedence.
size_t change_count(Random& random) {
    return random.one_in(5) ? 2 : 1;
}

Case make_case(uint64_t seed, uint64_t index) {
    Random random(seed * 0x100000001 + index);
    random.next();
    Case made;
    bool amd = random.one_in(3);
    // A quarter of the cases is damaged after signing, the others change fields under good signatures.
    bool damaged = random.one_in(4);
    size_t changes = change_count(random);
    if (amd) {
        simulate::AmdKnobs knobs = random_amd(random);
        made.name = "snp";
        for (size_t i = 0; !damaged && i < changes; i++) mutate(knobs, amd_mutations(), random, made.name);
        made.made = simulate::simulate(knobs);
    } else {
        simulate::IntelKnobs knobs = random_intel(random);
        made.name = knobs.quote.tdx ? "tdx" : "sgx";
        made.name += " v" + std::to_string(knobs.quote.version);
        for (size_t i = 0; !damaged && i < changes; i++) mutate(knobs, intel_mutations(), random, made.name);
        made.made = simulate::simulate(knobs);
    }
    if (damaged) mutate(made.made, damages(), random, made.name);
    if (random.one_in(8)) mutate(made.policy, policy_changes(), random, made.name);
    return made;
}

std::string hex_list(const std::vector<Bytes>& list) {
    std::string text = "[";
    for (const Bytes& bytes : list) text += (text.size() > 1 ? ",\"" : "\"") + to_hex(bytes) + '"';
    return text + ']';
}

/// Documents as hexadecimal: damaged ones need not be text.
std::string documents(const std::vector<SignedDocument>& list) {
    std::vector<Bytes> all;
    for (const SignedDocument& document : list) all.push_back(to_bytes(as_bytes(document.text)));
    return hex_list(all);
}

std::string policy_json(const Policy& policy) {
    std::string accepted, advisories;
    for (TcbStatus status : policy.accepted_tcb)
        accepted += (accepted.empty() ? "" : ",") + json_quote(to_string(status));
    for (const std::string& name : policy.accepted_advisories)
        advisories += (advisories.empty() ? "" : ",") + json_quote(name);
    std::string minimum;
    for (const auto& [name, value] : policy.snp.minimum_tcb)
        minimum += (minimum.empty() ? "" : ",") + json_quote(name) + ':' + std::to_string(value);
    auto flag = [](bool value) { return value ? "true" : "false"; };
    return "{\"accepted_tcb\":[" + accepted + "],\"accepted_advisories\":[" + advisories +
           "],\"require_identity\":" + flag(policy.require_identity) +
           ",\"allow_debug\":" + flag(policy.allow_debug) +
           ",\"require_revocation\":" + flag(policy.require_revocation) + ",\"minimum_tcb\":{" + minimum +
           "}}";
}

void print_case(uint64_t index, const Case& made) {
    Verdict verdict = verify(made.made.evidence, made.made.options(made.policy));
    const Check* reason = verdict.reason();
    std::string why = reason ? reason->id + ": " + reason->reason : "";
    std::vector<Bytes> roots = made.made.roots.intel;
    if (roots.empty()) roots = made.made.roots.amd;
    std::cout << "{\"case\":" << index << ",\"name\":" << json_quote(made.name)
              << ",\"now\":" << made.made.now.seconds << ",\"evidence\":\"" << to_hex(made.made.evidence)
              << "\",\"certificates\":" << hex_list(made.made.collateral.certificates)
              << ",\"revocation_lists\":" << hex_list(made.made.collateral.revocation_lists)
              << ",\"tcb_infos\":" << documents(made.made.collateral.tcb_infos)
              << ",\"identities\":" << documents(made.made.collateral.identities)
              << ",\"roots\":" << hex_list(roots) << ",\"policy\":" << policy_json(made.policy)
              << ",\"status\":" << json_quote(to_string(verdict.status()))
              << ",\"tcb_status\":" << json_quote(to_string(verdict.tcb_status))
              << ",\"reason\":" << json_quote(why) << "}\n";
}

}  // namespace

int main(int count, char** values) {
    if (count != 4) {
        std::fputs("usage: attest_cases SEED FIRST COUNT\n", stderr);
        return 2;
    }
    uint64_t seed = std::strtoull(values[1], nullptr, 10), first = std::strtoull(values[2], nullptr, 10),
             cases = std::strtoull(values[3], nullptr, 10);
    for (uint64_t index = first; index < first + cases; index++) print_case(index, make_case(seed, index));
    return std::cout.flush() ? 0 : 1;
}
