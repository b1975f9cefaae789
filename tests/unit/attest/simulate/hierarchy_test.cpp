// OpenSSL, which shares no code with the simulator's DER, reads and verifies what the simulator signs.
#include <gtest/gtest.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "attest/simulate/simulate.h"

namespace litebox::attest::simulate {
namespace {

struct Deleter {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_CRL* list) const { X509_CRL_free(list); }
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};
using Certificate = std::unique_ptr<X509, Deleter>;
using List = std::unique_ptr<X509_CRL, Deleter>;

Certificate read_certificate(const Bytes& der) {
    const uint8_t* at = der.data();
    Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (at != der.data() + der.size()) return nullptr;
    return certificate;
}

List read_list(const Bytes& der) {
    const uint8_t* at = der.data();
    return List(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
}

/// X509_V_OK, or why OpenSSL refuses the chain; revocation lists are asked where there are any.
int openssl_verdict(const Simulation& made, Time at) {
    std::unique_ptr<X509_STORE, Deleter> store(X509_STORE_new());
    std::vector<Certificate> certificates;
    std::vector<List> lists;
    for (const Bytes& der : made.chain) certificates.push_back(read_certificate(der));
    X509_STORE_add_cert(store.get(), certificates.back().get());
    for (const Bytes& der : made.collateral.revocation_lists) {
        lists.push_back(read_list(der));
        X509_STORE_add_crl(store.get(), lists.back().get());
    }
    STACK_OF(X509)* between = sk_X509_new_null();
    sk_X509_push(between, certificates[1].get());
    std::unique_ptr<X509_STORE_CTX, Deleter> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), certificates[0].get(), between);
    X509_STORE_CTX_set_time(context.get(), 0, at.seconds);
    unsigned long flags = 0;
    if (!lists.empty()) flags |= X509_V_FLAG_CRL_CHECK | (lists.size() > 1 ? X509_V_FLAG_CRL_CHECK_ALL : 0);
    X509_STORE_CTX_set_flags(context.get(), flags);
    int verdict = X509_verify_cert(context.get()) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context.get());
    sk_X509_free(between);
    return verdict;
}

TEST(SimulatedHierarchy, openssl_verifies_the_intel_chain_with_its_revocation_lists) {
    for (const IntelKnobs& knobs : {IntelKnobs::sgx(), IntelKnobs::tdx()}) {
        Simulation made = simulate(knobs);
        ASSERT_EQ(made.collateral.revocation_lists.size(), 2u);
        EXPECT_EQ(openssl_verdict(made, made.now), X509_V_OK);
    }
}

TEST(SimulatedHierarchy, openssl_sees_revoked_expired_and_badly_signed_certificates) {
    IntelKnobs revoked = IntelKnobs::sgx();
    revoked.pck_crl.revoked = {revoked.pck.serial};
    EXPECT_EQ(openssl_verdict(simulate(revoked), revoked.now), X509_V_ERR_CERT_REVOKED);
    IntelKnobs intermediate = IntelKnobs::sgx();
    intermediate.root_crl.revoked = {intermediate.intermediate.serial};
    EXPECT_EQ(openssl_verdict(simulate(intermediate), intermediate.now), X509_V_ERR_CERT_REVOKED);
    IntelKnobs expired = IntelKnobs::sgx();
    expired.pck.not_after = {expired.now.seconds - 1};
    EXPECT_EQ(openssl_verdict(simulate(expired), expired.now), X509_V_ERR_CERT_HAS_EXPIRED);
    IntelKnobs forged = IntelKnobs::sgx();
    forged.pck.bad_signature = true;
    EXPECT_EQ(openssl_verdict(simulate(forged), forged.now), X509_V_ERR_CERT_SIGNATURE_FAILURE);
    IntelKnobs critical = IntelKnobs::sgx();
    critical.pck.unknown_critical_extension = true;
    EXPECT_EQ(openssl_verdict(simulate(critical), critical.now), X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION);
}

TEST(SimulatedHierarchy, openssl_verifies_the_amd_chain_of_pss_signatures) {
    AmdKnobs knobs = AmdKnobs::snp(Product::turin, 5);
    knobs.omit_crl = true;  // signed by the ARK, not by the VCEK's issuer, as OpenSSL would want it
    EXPECT_EQ(openssl_verdict(simulate(knobs), knobs.now), X509_V_OK);
    AmdKnobs vlek = AmdKnobs::snp(Product::milan, 3, true);
    vlek.omit_crl = true;
    EXPECT_EQ(openssl_verdict(simulate(vlek), vlek.now), X509_V_OK);
    AmdKnobs forged = AmdKnobs::snp();
    forged.omit_crl = forged.vek.bad_signature = true;
    EXPECT_EQ(openssl_verdict(simulate(forged), forged.now), X509_V_ERR_CERT_SIGNATURE_FAILURE);
}

TEST(SimulatedHierarchy, the_amd_revocation_list_is_signed_by_the_ark) {
    AmdKnobs knobs = AmdKnobs::snp();
    knobs.crl.revoked = {knobs.ask.serial};
    Simulation made = simulate(knobs);
    List list = read_list(made.collateral.revocation_lists.at(0));
    Certificate ark = read_certificate(made.root), ask = read_certificate(made.chain[1]);
    ASSERT_TRUE(list && ark && ask);
    EXPECT_EQ(X509_CRL_verify(list.get(), X509_get0_pubkey(ark.get())), 1);
    X509_REVOKED* entry = nullptr;
    EXPECT_EQ(X509_CRL_get0_by_cert(list.get(), &entry, ask.get()), 1);
}

}  // namespace
}  // namespace litebox::attest::simulate
