// Every truncation and every flipped bit of a report: refused, or accepted with the meaning unchanged.
#include <gtest/gtest.h>

#include "attest/simulate/simulate.h"

namespace litebox::attest {
namespace {

using simulate::AmdKnobs;
using simulate::Simulation;

/// With the certificates parsed and their signatures remembered, so that each of the 9,472 bits takes under a
/// millisecond.
TEST(SnpDamage, every_flipped_bit_of_a_report_is_refused) {
    for (bool vlek : {false, true}) {
        Simulation made = simulate::simulate(AmdKnobs::snp(simulate::Product::genoa, 5, vlek));
        Policy policy = simulate::any_code_policy();
        PreparedCollateral prepared(made.collateral);
        VerifyOptions options = made.options(policy);
        options.prepared = &prepared;
        ASSERT_TRUE(verify(made.evidence, options).accepted());
        // A VLEK's differs only in where the key is from: a stride that hits every bit position is enough.
        for (size_t bit = 0; bit < made.evidence.size() * 8; bit += vlek ? 13 : 1) {
            made.evidence[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
            Verdict verdict = verify(made.evidence, options);
            ASSERT_FALSE(verdict.accepted()) << "byte " << bit / 8 << ", bit " << bit % 8;
            ASSERT_NE(verdict.status(), Status::incomplete) << "byte " << bit / 8 << ", bit " << bit % 8;
            made.evidence[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        }
    }
}

TEST(SnpDamage, every_truncation_of_a_report_is_malformed) {
    Simulation made = simulate::simulate(AmdKnobs::snp());
    Policy policy = simulate::any_code_policy();
    VerifyOptions options = made.options(policy);
    for (size_t size = 0; size < made.evidence.size(); size++)
        ASSERT_EQ(verify(ByteView(made.evidence).first(size), options).status(), Status::malformed) << size;
}

TEST(SnpDamage, every_truncation_and_flipped_bit_of_a_vcek_is_refused) {
    Simulation made = simulate::simulate(AmdKnobs::snp());
    Policy policy = simulate::any_code_policy();
    const Bytes vek = made.chain.front();
    auto accepted = [&](const Bytes& changed) {
        Collateral collateral = made.collateral;
        std::erase(collateral.certificates, vek);
        collateral.certificates.push_back(changed);
        VerifyOptions options = made.options(policy);
        options.collateral = &collateral;
        options.prepared = nullptr;
        return verify(made.evidence, options).accepted();
    };
    ASSERT_TRUE(accepted(vek));
    for (size_t bit = 0; bit < vek.size() * 8;
         bit += 7) {  // a prime stride: every byte is hit, and every bit position
        Bytes changed = vek;
        changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        ASSERT_FALSE(accepted(changed)) << "byte " << bit / 8 << ", bit " << bit % 8;
    }
    for (size_t size = 0; size < vek.size(); size += 3)
        ASSERT_FALSE(accepted(Bytes(vek.begin(), vek.begin() + size))) << size;
}

}  // namespace
}  // namespace litebox::attest
