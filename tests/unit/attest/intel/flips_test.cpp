// Every single-bit flip and every truncation of Intel's formats: refused, or accepted with identical meaning
// where the bit means nothing. The classes of such bits are the table below; a flip that is accepted outside
// of them fails the test.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "attest/base/crypto.h"
#include "attest/simulate/simulate.h"
#include "attest/verify.h"
#include "tests/unit/attest/vectors.h"

namespace litebox::attest {
namespace {

using simulate::IntelKnobs;
using simulate::Simulation;

/// Bytes of one class, as places in a text or a quote.
struct Meaningless {
    const char* what;
    const char* why;
    bool (*holds)(ByteView whole, size_t at, uint8_t flipped);
};

bool within_pem_base64(std::string_view text, size_t at) {
    size_t begin = text.rfind("-----BEGIN ", at), end = text.rfind("-----END ", at);
    if (begin == std::string_view::npos || (end != std::string_view::npos && end > begin)) return false;
    return at >= text.find('\n', begin);
}

const Meaningless pem_classes[] = {
    {"line breaks of PEM", "base64 is read without its line breaks, of which CR and LF are two spellings",
     [](ByteView whole, size_t at, uint8_t flipped) {
         return (whole[at] == '\n' || whole[at] == '\r') && (flipped == '\n' || flipped == '\r');
     }},
    {"text between PEM blocks", "nothing reads what stands between, before and behind the blocks",
     [](ByteView whole, size_t at, uint8_t) {
         std::string_view text = as_text(whole);
         return !within_pem_base64(text, at) && (whole[at] == '\n' || whole[at] == 0);
     }},
    {"base64 alphabets", "the standard and the URL-safe alphabet spell the same digits",
     [](ByteView whole, size_t at, uint8_t flipped) {
         auto same = [](uint8_t left, uint8_t right) {
             return (left == '+' && right == '-') || (left == '/' && right == '_');
         };
         return same(whole[at], flipped) || same(flipped, whole[at]);
     }},
};
const Meaningless json_classes[] = {
    {"hexadecimal case", "the signature's digits mean the same in either case",
     [](ByteView whole, size_t at, uint8_t flipped) {
         return (whole[at] ^ flipped) == 0x20 && isxdigit(whole[at]) &&
                at > as_text(whole).rfind("\"signature\"");
     }},
};

/// What a verdict means, beside the ways to it.
std::string meaning(const Verdict& verdict) {
    std::string text = std::string(to_string(verdict.status())) + " " +
                       std::string(to_string(verdict.tcb_status)) + " " + to_string(verdict.tcb_date);
    for (const std::string& advisory : verdict.advisories) text += " " + advisory;
    for (const auto& [name, value] : verdict.claims) text += "\n" + name + "=" + value;
    return text;
}

template <size_t N>
bool listed(const Meaningless (&classes)[N], ByteView whole, size_t at, uint8_t flipped) {
    return std::ranges::any_of(classes,
                               [&](const Meaningless& one) { return one.holds(whole, at, flipped); });
}

struct Flips {
    size_t accepted = 0, refused = 0;
};

/// Flips each bit of `bytes` in [begin, end); `judge` gives the verdict on the whole.
template <size_t N>
Flips flip_all(Bytes bytes, size_t begin, size_t end, const Meaningless (&classes)[N],
               const std::function<Verdict(ByteView)>& judge) {
    const Bytes original = bytes;
    Verdict good = judge(bytes);
    EXPECT_TRUE(good.accepted());
    std::string wanted = meaning(good);
    Flips flips;
    for (size_t at = begin; at < end; at++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[at] = static_cast<uint8_t>(original[at] ^ 1 << bit);
            Verdict verdict = judge(bytes);
            if (!verdict.accepted()) {
                flips.refused++;
                continue;
            }
            flips.accepted++;
            EXPECT_TRUE(listed(classes, original, at, bytes[at]))
                << "bit " << bit << " of byte " << at << " of " << original.size();
            EXPECT_EQ(meaning(verdict), wanted);
        }
        bytes[at] = original[at];
    }
    return flips;
}

void expect_truncations_refused(ByteView bytes, size_t step, const std::function<Verdict(ByteView)>& judge) {
    for (size_t size = 0; size < bytes.size(); size += step) {
        EXPECT_FALSE(judge(bytes.first(size)).accepted()) << size << " of " << bytes.size() << " bytes";
    }
}

/// The root is in the quote alone, and known by its digest as in production: no certificate of the quote is
/// redundant.
Simulation simulate_pinned(const IntelKnobs& knobs) {
    Simulation made = simulate::simulate(knobs);
    std::erase(made.collateral.certificates, made.root);
    made.roots.intel.clear();
    made.roots.pinned_intel = {sha256(made.root)};
    return made;
}

/// A platform whose collateral is prepared once.
struct Platform {
    explicit Platform(Simulation whole) : made(std::move(whole)), prepared(made.collateral) {}
    explicit Platform(const IntelKnobs& knobs) : Platform(simulate_pinned(knobs)) {}

    Verdict operator()(ByteView evidence) const {
        VerifyOptions options = made.options(policy);
        options.prepared = &prepared;
        return verify(evidence, options);
    }

    Simulation made;
    Policy policy = simulate::any_code_policy();
    PreparedCollateral prepared;
};

TEST(IntelFlips, every_bit_of_a_quote_counts) {
    // The chain is the same in all of them: its bits are flipped in the first only.
    bool with_chain = true;
    for (const IntelKnobs& knobs : {IntelKnobs::sgx(3), IntelKnobs::sgx(4), IntelKnobs::tdx(4),
                                    IntelKnobs::tdx(5, false), IntelKnobs::tdx(5, true)}) {
        Platform platform(knobs);
        Bytes quote = platform.made.evidence;
        size_t chain = as_text(quote).find("-----BEGIN");
        Flips flips = flip_all(quote, 0, with_chain ? quote.size() : chain, pem_classes, std::cref(platform));
        EXPECT_GT(flips.refused, 8 * chain - 1) << "what is before the chain has no meaningless bit";
        expect_truncations_refused(quote, with_chain ? 1 : 7, std::cref(platform));
        with_chain = false;
    }
}

TEST(IntelFlips, padding_behind_a_quote_is_zero) {
    Platform platform(IntelKnobs::tdx());
    Bytes quote = platform.made.evidence;
    quote.resize(quote.size() + 16);
    EXPECT_TRUE(platform(quote).accepted());
    Flips flips = flip_all(quote, quote.size() - 16, quote.size(), json_classes, std::cref(platform));
    EXPECT_EQ(flips.accepted, 0u);
}

/// A platform one piece of whose collateral comes with the evidence, so that it alone is taken apart anew
/// each time.
struct Piecewise {
    Piecewise(Simulation whole, std::function<void(Evidence&, ByteView)> place)
        : platform(std::move(whole)),
          place(std::move(place)),
          evidence(recognise_evidence(platform.made.evidence).value()) {}

    Verdict operator()(ByteView piece) const {
        VerifyOptions options = platform.made.options(platform.policy);
        options.prepared = &platform.prepared;
        Evidence with = evidence;
        place(with, piece);
        return verify(with, options);
    }

    Platform platform;
    std::function<void(Evidence&, ByteView)> place;
    Evidence evidence;
};

TEST(IntelFlips, every_bit_of_signed_json_counts) {
    auto place = [](Evidence& evidence, ByteView text) { evidence.collateral_json = to_bytes(text); };
    Simulation without_info = simulate_pinned(IntelKnobs::tdx()), without_identity = without_info;
    Bytes info = to_bytes(as_bytes(without_info.collateral.tcb_infos[0].text)),
          identity = to_bytes(as_bytes(without_info.collateral.identities[0].text));
    without_info.collateral.tcb_infos.clear();
    without_identity.collateral.identities.clear();
    Piecewise judge_info(without_info, place), judge_identity(without_identity, place);
    Flips flips = flip_all(identity, 0, identity.size(), json_classes, std::cref(judge_identity));
    EXPECT_GT(flips.accepted, 0u) << "the case of hexadecimal digits";
    expect_truncations_refused(identity, 1, std::cref(judge_identity));
    // All levels are alike: the first part, and the end with the signature.
    flip_all(info, 0, 1500, json_classes, std::cref(judge_info));
    flip_all(info, info.size() - 200, info.size(), json_classes, std::cref(judge_info));
    expect_truncations_refused(info, 3, std::cref(judge_info));
}

TEST(IntelFlips, every_bit_of_certificates_and_revocation_lists_counts) {
    IntelKnobs knobs = IntelKnobs::sgx();
    knobs.pck_crl.revoked = {{1, 2, 3}, {4, 5, 6}};
    Simulation made = simulate_pinned(knobs);
    ASSERT_EQ(made.collateral.certificates.size(), 1u);
    Simulation unsigned_info = made;
    unsigned_info.collateral.certificates.clear();
    Piecewise signing(unsigned_info,
                      [](Evidence& evidence, ByteView der) { evidence.certificates = {to_bytes(der)}; });
    const Bytes& certificate = made.collateral.certificates[0];
    EXPECT_EQ(flip_all(certificate, 0, certificate.size(), json_classes, std::cref(signing)).accepted, 0u);
    expect_truncations_refused(certificate, 1, std::cref(signing));
    for (size_t which = 0; which < 2; which++) {
        Simulation unlisted = made;
        unlisted.collateral.revocation_lists.erase(unlisted.collateral.revocation_lists.begin() +
                                                   static_cast<ptrdiff_t>(which));
        Piecewise list(unlisted,
                       [](Evidence& evidence, ByteView der) { evidence.revocation_lists = {to_bytes(der)}; });
        const Bytes& der = made.collateral.revocation_lists[which];
        EXPECT_EQ(flip_all(der, 0, der.size(), json_classes, std::cref(list)).accepted, 0u);
        expect_truncations_refused(der, 1, std::cref(list));
    }
}

TEST(IntelFlips, every_bit_of_an_archived_epid_report_counts) {
    NEEDS_VECTORS();
    EpidVerificationReport report;
    report.body = as_text(tests::vector_file("sgx/epid/report-2019-11-16.json"));
    report.signature = tests::vector_file("sgx/epid/report-2019-11-16.sig");
    report.chain = as_text(tests::vector_file("sgx/epid/signing-chain.pem"));
    Policy policy = simulate::any_code_policy();
    policy.allow_debug = true;
    PreparedCollateral prepared{Collateral()};
    VerifyOptions options;
    options.now = parse_time("2019-11-17T00:00:00Z").value();
    options.policy = &policy;
    options.prepared = &prepared;
    auto judge = [&](const EpidVerificationReport& changed) {
        return verify(Evidence{changed, {}, {}, {}, {}, {}, 0, {}}, options);
    };
    auto body = [&](ByteView text) {
        EpidVerificationReport changed = report;
        changed.body = as_text(text);
        return judge(changed);
    };
    auto signature = [&](ByteView bytes) {
        EpidVerificationReport changed = report;
        changed.signature = to_bytes(bytes);
        return judge(changed);
    };
    auto chain = [&](ByteView text) {
        EpidVerificationReport changed = report;
        changed.chain = as_text(text);
        return judge(changed);
    };
    EXPECT_EQ(flip_all(to_bytes(as_bytes(report.body)), 0, report.body.size(), json_classes, body).accepted,
              0u);
    EXPECT_EQ(flip_all(report.signature, 0, report.signature.size(), json_classes, signature).accepted, 0u);
    flip_all(to_bytes(as_bytes(report.chain)), 0, report.chain.size(), pem_classes, chain);
    expect_truncations_refused(as_bytes(report.body), 1, body);
    expect_truncations_refused(report.signature, 1, signature);
}

}  // namespace
}  // namespace litebox::attest
