// Paths are built from whatever certificates there are: in any order, twice, in circles, of equal names and
// other keys.
#include "attest/x509/path.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "attest/simulate/certificate.h"

namespace litebox::attest {
namespace {

using simulate::CertificateSpec;
using simulate::RevocationListSpec;

constexpr std::string_view seed = "paths";
constexpr Time now{1780272000}, before{1700000000}, after{1900000000};

CertificateSpec authority(const std::string& subject, const std::string& issuer) {
    return {.subject = subject,
            .issuer = issuer,
            .key = subject,
            .issuer_key = issuer,
            .serial = {7},
            .not_before = before,
            .not_after = after,
            .ca = true,
            .key_usage = simulate::key_usage_cert_sign | simulate::key_usage_crl_sign};
}

CertificateSpec leaf(const std::string& issuer) {
    CertificateSpec spec = authority("leaf", issuer);
    spec.ca = false;
    spec.key_usage = simulate::key_usage_signature;
    return spec;
}

CertificatePointer made(const CertificateSpec& spec) {
    auto certificate = Certificate::parse(simulate::make_certificate(spec, seed));
    EXPECT_TRUE(certificate.ok()) << certificate.error().message;
    return *certificate;
}

TrustAnchors trusting(const CertificatePointer& root) {
    return {{}, {root->sha256()}};
}

TEST(Paths, are_found_in_any_order_with_duplicates_and_strangers) {
    CertificatePointer root = made(authority("root", "root")), ca = made(authority("ca", "root")),
                       end = made(leaf("ca"));
    std::vector<CertificatePointer> candidates = {
        root, end, ca, ca, root, made(authority("stranger", "stranger")), made(authority("other", "root"))};
    std::ranges::sort(candidates);
    for (int order = 0; order < 200; order++) {
        PathResult path = build_path(end, candidates, trusting(root), now, nullptr);
        ASSERT_TRUE(path.ok()) << path.message;
        EXPECT_EQ(path.path.size(), 3u);
        EXPECT_EQ(path.path.back()->der(), root->der());
        std::ranges::next_permutation(candidates);
    }
}

TEST(Paths, go_past_equal_names_with_other_keys) {
    CertificatePointer root = made(authority("root", "root")), ca = made(authority("ca", "root")),
                       end = made(leaf("ca"));
    CertificateSpec other_ca = authority("ca", "root"), other_root = authority("root", "root");
    other_ca.key = "another";
    other_root.key = other_root.issuer_key = "another root";
    CertificateSpec dead_end = authority("ca", "nowhere");  // the right key, and leads nowhere
    for (bool behind : {false, true}) {
        std::vector<CertificatePointer> candidates = {made(other_ca), made(other_root), made(dead_end)};
        candidates.insert(behind ? candidates.end() : candidates.begin(), {ca, root});
        PathResult path = build_path(end, candidates, trusting(root), now, nullptr);
        EXPECT_TRUE(path.ok()) << path.message;
    }
    PathResult wrong = build_path(end, {made(other_ca), root}, trusting(root), now, nullptr);
    EXPECT_EQ(wrong.fault, PathFault::forged) << wrong.message;
    PathResult unknown = build_path(end, {ca, root}, trusting(made(other_root)), now, nullptr);
    EXPECT_EQ(unknown.fault, PathFault::untrusted) << unknown.message;
}

TEST(Paths, that_run_in_circles_end) {
    CertificatePointer root = made(authority("root", "root")), end = made(leaf("a"));
    std::vector<CertificatePointer> circle = {made(authority("a", "b")), made(authority("b", "c")),
                                              made(authority("c", "a"))};
    EXPECT_EQ(build_path(end, circle, trusting(root), now, nullptr).fault, PathFault::untrusted);
    circle.push_back(made(authority("c", "root")));
    circle.push_back(root);
    PathResult path = build_path(end, circle, trusting(root), now, nullptr);
    EXPECT_TRUE(path.ok()) << path.message;
    EXPECT_EQ(path.path.size(), 5u);
}

TEST(Paths, cost_a_bounded_number_of_signatures) {
    // Every authority signed by every other: without a bound, all orders of them would be walked.
    CertificatePointer root = made(authority("root", "root"));
    std::vector<CertificatePointer> candidates;
    for (uint8_t serial = 0; serial < 40; serial++) {
        CertificateSpec spec = authority("a", "a");
        spec.serial = {1, serial};
        candidates.push_back(made(spec));
    }
    PathResult path = build_path(made(leaf("a")), candidates, trusting(root), now, nullptr);
    EXPECT_EQ(path.fault, PathFault::untrusted);
    EXPECT_NE(path.message.find("64 signatures"), std::string::npos) << path.message;
}

TEST(Paths, are_refused_beyond_eight_certificates) {
    CertificatePointer root = made(authority("root", "root"));
    std::vector<CertificatePointer> candidates = {root};
    std::string above = "root";
    for (int depth = 1; depth <= 7; depth++) {
        std::string name = "ca" + std::to_string(depth);
        candidates.push_back(made(authority(name, above)));
        above = name;
        PathResult path = build_path(made(leaf(name)), candidates, trusting(root), now, nullptr);
        EXPECT_EQ(path.ok(), depth <= 6) << depth << ": " << path.message;
    }
}

TEST(Paths, keep_basic_constraints_key_usage_and_critical_extensions) {
    CertificatePointer root = made(authority("root", "root"));
    auto fault_with = [&](const CertificateSpec& ca) {
        return build_path(made(leaf("ca")), {made(ca), root}, trusting(root), now, nullptr).fault;
    };
    CertificateSpec good = authority("ca", "root");
    EXPECT_EQ(fault_with(good), PathFault::none);
    CertificateSpec bad = good;
    bad.ca = false;
    EXPECT_EQ(fault_with(bad), PathFault::untrusted);
    bad = good;
    bad.basic_constraints = false;
    EXPECT_EQ(fault_with(bad), PathFault::untrusted);
    bad = good;
    bad.key_usage = simulate::key_usage_signature;
    EXPECT_EQ(fault_with(bad), PathFault::untrusted);
    bad = good;
    bad.unknown_critical_extension = true;
    EXPECT_EQ(fault_with(bad), PathFault::untrusted);
    bad = good;
    bad.not_after = {now.seconds - 1};
    EXPECT_EQ(fault_with(bad), PathFault::expired);
    bad = good;
    bad.bad_signature = true;
    EXPECT_EQ(fault_with(bad), PathFault::forged);
    good.path_length = 0;
    EXPECT_EQ(fault_with(good), PathFault::none);
    CertificatePointer limited = made(good), below = made(authority("below", "ca"));
    EXPECT_EQ(build_path(made(leaf("below")), {below, limited, root}, trusting(root), now, nullptr).fault,
              PathFault::untrusted);
}

TEST(Paths, trust_an_anchor_for_being_one_and_nothing_beside_it) {
    CertificateSpec spec = authority("root", "root");
    CertificatePointer root = made(spec), end = made(leaf("root"));
    spec.bad_signature = true;
    CertificatePointer damaged = made(spec);
    TrustAnchors handed_in{{damaged}, {}};
    EXPECT_TRUE(build_path(end, {}, handed_in, now, nullptr).ok());
    TrustAnchors pinned;
    pinned.sha256 = {root->sha256()};
    EXPECT_TRUE(build_path(end, {damaged, root}, pinned, now, nullptr).ok());
    EXPECT_EQ(build_path(end, {damaged}, pinned, now, nullptr).fault, PathFault::untrusted);
}

TEST(Paths, prefer_a_path_in_its_time_to_an_expired_one) {
    CertificatePointer root = made(authority("root", "root"));
    CertificateSpec old = authority("ca", "root");
    old.not_after = {now.seconds - 1};
    CertificatePointer expired = made(old), fresh = made(authority("ca", "root"));
    for (const auto& candidates : {std::vector{expired, fresh, root}, std::vector{fresh, expired, root}}) {
        EXPECT_TRUE(build_path(made(leaf("ca")), candidates, trusting(root), now, nullptr).ok());
    }
}

TEST(Certificates, of_a_wrong_form_are_not_parsed) {
    CertificateSpec spec = leaf("ca");
    spec.duplicate_extension = true;
    EXPECT_FALSE(Certificate::parse(simulate::make_certificate(spec, seed)).ok());
    spec.duplicate_extension = false;
    spec.version = 1;
    EXPECT_FALSE(Certificate::parse(simulate::make_certificate(spec, seed)).ok());
    Bytes der = simulate::make_certificate(leaf("ca"), seed);
    der.push_back(0);
    EXPECT_FALSE(Certificate::parse(der).ok()) << "a byte behind";
}

TEST(Certificates, may_have_serial_zero) {
    CertificateSpec spec = leaf("ca");
    spec.serial = {0};
    EXPECT_TRUE(made(spec)->serial().empty());
}

RevocationListPointer list(const RevocationListSpec& spec) {
    return RevocationList::parse(simulate::make_revocation_list(spec, seed)).value();
}

TEST(Revocation, is_told_by_lists_of_the_issuer_alone) {
    CertificatePointer ca = made(authority("ca", "root")), end = made(leaf("ca"));
    RevocationListSpec spec{.issuer = "ca",
                            .issuer_key = "ca",
                            .this_update = {now.seconds - 10},
                            .next_update = {now.seconds + 10}};
    auto kind = [&](std::vector<RevocationListPointer> lists) {
        return check_revocation(*end, *ca, lists, now, nullptr).kind;
    };
    using Kind = RevocationResult::Kind;
    EXPECT_EQ(kind({}), Kind::missing);
    EXPECT_EQ(kind({list(spec)}), Kind::good);
    RevocationListSpec revoking = spec;
    revoking.revoked = {{9}, {7}, {8, 1}};
    EXPECT_EQ(kind({list(spec), list(revoking)}), Kind::revoked);
    RevocationListSpec stranger = revoking;
    stranger.issuer_key = "stranger";
    EXPECT_EQ(kind({list(stranger)}), Kind::forged);
    EXPECT_EQ(kind({list(stranger), list(spec)}), Kind::good);
    stranger = revoking;
    stranger.issuer = "root";
    stranger.issuer_key = "root";
    EXPECT_EQ(kind({list(stranger)}), Kind::missing) << "another issuer's serial numbers";
    RevocationListSpec old = spec;
    old.next_update = {now.seconds - 1};
    EXPECT_EQ(kind({list(old)}), Kind::expired);
    old.revoked = {{7}};
    EXPECT_EQ(kind({list(old)}), Kind::revoked) << "what was once revoked stays so";
    RevocationListSpec future = revoking;
    future.this_update = {now.seconds + 1};
    EXPECT_EQ(kind({list(future)}), Kind::expired);
}

TEST(SignatureMemory, remembers_only_what_was_good) {
    CertificatePointer root = made(authority("root", "root")), end = made(leaf("root"));
    CertificateSpec forged = leaf("root");
    forged.bad_signature = true;
    SignatureMemory memory;
    for (int again = 0; again < 3; again++) {
        EXPECT_TRUE(verify_signature(*root, end->signed_object(), &memory));
        EXPECT_FALSE(verify_signature(*root, made(forged)->signed_object(), &memory));
        EXPECT_FALSE(verify_signature(*end, end->signed_object(), &memory));
    }
}

}  // namespace
}  // namespace litebox::attest
