// The C API over the C++ one. No exception leaves: running out of memory is the only one there can be, and it
// is a refusal.
#include <stdio.h>

#include <algorithm>
#include <memory>
#include <new>
#include <optional>

#include "attest/tls/identity.h"
#include "attest/tls/litebox_attest.h"
#include "attest/tls/peer.h"

using namespace litebox::attest;

struct litebox_attest_verdict {
    Verdict verdict;
};

struct litebox_attest_identity {
    tls::Identity identity;
};

struct litebox_attest_verifier {
    Roots roots;
    Policy policy;
    Collateral collateral;
    std::unique_ptr<PreparedCollateral> prepared = std::make_unique<PreparedCollateral>(collateral);
    std::optional<tls::PeerVerifier> peers;

    /// After each change: set-up is one thread's business, so that verifying needs no lock.
    void prepare() {
        prepared = std::make_unique<PreparedCollateral>(collateral);
        peers.emplace(tls::PeerOptions{&roots, prepared.get(), &policy, system_now, {}});
    }
};

namespace {

void say(litebox_attest_error* error, const std::string& message) {
    if (error) snprintf(error->message, sizeof error->message, "%s", message.c_str());
}

/// What `work` gives, or `refused` where it fails or memory runs out.
template <typename T, typename Work>
T guarded(T refused, litebox_attest_error* error, const Work& work) {
    try {
        Result<T> result = work();
        if (result.ok()) return std::move(*result);
        say(error, result.error().message);
    } catch (const std::bad_alloc&) {
        say(error, "out of memory");
    } catch (const std::exception& thrown) {
        say(error, thrown.what());
    }
    return refused;
}

ByteView view(const uint8_t* bytes, size_t size) {
    return bytes ? ByteView(bytes, size) : ByteView();
}
Time time_of(int64_t now) {
    return now < 0 ? system_now() : Time{now};
}

}  // namespace

extern "C" {

litebox_attest_verifier* litebox_attest_verifier_new(void) {
    return guarded<litebox_attest_verifier*>(nullptr, nullptr, []() -> Result<litebox_attest_verifier*> {
        auto verifier = std::make_unique<litebox_attest_verifier>();
        verifier->prepare();
        return verifier.release();
    });
}

void litebox_attest_verifier_free(litebox_attest_verifier* verifier) {
    delete verifier;
}

int litebox_attest_trust_production(litebox_attest_verifier* verifier, litebox_attest_error* error) {
    return guarded<int>(0, error, [&]() -> Result<int> {
        Roots production = Roots::production();
        auto keep = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
        keep(production.intel, verifier->roots.intel);
        keep(production.amd, verifier->roots.amd);
        verifier->roots = std::move(production);
        return 1;
    });
}

int litebox_attest_trust_root(litebox_attest_verifier* verifier, litebox_attest_vendor vendor,
                              const uint8_t* der, size_t size, litebox_attest_error* error) {
    return guarded<int>(0, error, [&]() -> Result<int> {
        if (size == 0 || view(der, size).empty()) return Error{"a root certificate of no bytes"};
        if (vendor != LITEBOX_ATTEST_VENDOR_INTEL && vendor != LITEBOX_ATTEST_VENDOR_AMD)
            return Error{"no such vendor"};
        (vendor == LITEBOX_ATTEST_VENDOR_INTEL ? verifier->roots.intel : verifier->roots.amd)
            .push_back(to_bytes(view(der, size)));
        return 1;
    });
}

int litebox_attest_set_policy(litebox_attest_verifier* verifier, const char* toml, size_t size,
                              litebox_attest_error* error) {
    return guarded<int>(0, error, [&]() -> Result<int> {
        verifier->policy = ATTEST_TRY(Policy::parse(std::string_view(toml, size)));
        return 1;
    });
}

int litebox_attest_load_collateral(litebox_attest_verifier* verifier, const char* directory,
                                   litebox_attest_error* error) {
    return guarded<int>(0, error, [&]() -> Result<int> {
        Collateral loaded = ATTEST_TRY(Collateral::load_directory(directory));
        auto add = [](auto& to, auto& from) { to.insert(to.end(), from.begin(), from.end()); };
        add(verifier->collateral.certificates, loaded.certificates);
        add(verifier->collateral.revocation_lists, loaded.revocation_lists);
        add(verifier->collateral.tcb_infos, loaded.tcb_infos);
        add(verifier->collateral.identities, loaded.identities);
        verifier->prepare();
        return 1;
    });
}

int litebox_attest_add_collateral(litebox_attest_verifier* verifier, const uint8_t* bytes, size_t size,
                                  litebox_attest_error* error) {
    return guarded<int>(0, error, [&]() -> Result<int> {
        if (!verifier->collateral.add(view(bytes, size), "memory"))
            return Error{"no certificate, revocation list or document"};
        verifier->prepare();
        return 1;
    });
}

litebox_attest_verdict* litebox_attest_verify(const litebox_attest_verifier* verifier,
                                              const uint8_t* evidence, size_t size, int64_t now,
                                              const uint8_t* report_data, size_t report_data_size) {
    return guarded<litebox_attest_verdict*>(nullptr, nullptr, [&]() -> Result<litebox_attest_verdict*> {
        VerifyOptions options{.now = time_of(now),
                              .roots = &verifier->roots,
                              .prepared = verifier->prepared.get(),
                              .policy = &verifier->policy,
                              .expected_report_data = to_bytes(view(report_data, report_data_size))};
        return new litebox_attest_verdict{verify(view(evidence, size), options)};
    });
}

litebox_attest_verdict* litebox_attest_verify_certificate(const litebox_attest_verifier* verifier,
                                                          const uint8_t* der, size_t size, int64_t now,
                                                          const uint8_t* nonce, size_t nonce_size) {
    return guarded<litebox_attest_verdict*>(nullptr, nullptr, [&]() -> Result<litebox_attest_verdict*> {
        tls::CertificateOptions options{&verifier->roots, verifier->prepared.get(), &verifier->policy,
                                        time_of(now), to_bytes(view(nonce, nonce_size))};
        return new litebox_attest_verdict{tls::verify_certificate(view(der, size), options)};
    });
}

void litebox_attest_verdict_free(litebox_attest_verdict* verdict) {
    delete verdict;
}

int litebox_attest_accepted(const litebox_attest_verdict* verdict) {
    return verdict && verdict->verdict.accepted() ? 1 : 0;
}

const char* litebox_attest_status(const litebox_attest_verdict* verdict) {
    return verdict ? to_string(verdict->verdict.status()).data()
                   : "incomplete";  // of literals, which end in a zero
}

const char* litebox_attest_reason(const litebox_attest_verdict* verdict) {
    const Check* check = verdict ? verdict->verdict.reason() : nullptr;
    return check ? check->reason.c_str() : "";
}

const char* litebox_attest_hint(const litebox_attest_verdict* verdict) {
    const Check* check = verdict ? verdict->verdict.reason() : nullptr;
    return check ? check->hint.c_str() : "";
}

size_t litebox_attest_check_count(const litebox_attest_verdict* verdict) {
    return verdict ? verdict->verdict.checks().size() : 0;
}

const char* litebox_attest_check_id(const litebox_attest_verdict* verdict, size_t index) {
    return index < litebox_attest_check_count(verdict) ? verdict->verdict.checks()[index].id.c_str()
                                                       : nullptr;
}

const char* litebox_attest_check_state(const litebox_attest_verdict* verdict, size_t index) {
    return index < litebox_attest_check_count(verdict)
               ? to_string(verdict->verdict.checks()[index].state).data()
               : nullptr;
}

const char* litebox_attest_claim(const litebox_attest_verdict* verdict, const char* name) {
    if (!verdict || !name) return nullptr;
    for (const auto& [key, value] : verdict->verdict.claims) {
        if (key == name) return value.c_str();
    }
    return nullptr;
}

int litebox_attest_install(const litebox_attest_verifier* verifier, ssl_ctx_st* context,
                           litebox_attest_error* error) {
    return guarded<int>(0, error, [&]() -> Result<int> {
        if (Result<void> installed = verifier->peers->install(context); !installed.ok())
            return installed.error();
        return 1;
    });
}

litebox_attest_verdict* litebox_attest_peer_verdict(const ssl_st* connection) {
    return guarded<litebox_attest_verdict*>(nullptr, nullptr, [&]() -> Result<litebox_attest_verdict*> {
        const Verdict* verdict = tls::PeerVerifier::verdict(connection);
        return verdict ? new litebox_attest_verdict{*verdict} : nullptr;
    });
}

int litebox_attest_channel_report_data(ssl_st* connection, int client_attests, const uint8_t* nonce,
                                       size_t nonce_size, uint8_t report_data[64],
                                       litebox_attest_error* error) {
    return guarded<int>(0, error, [&]() -> Result<int> {
        tls::Role attester = client_attests ? tls::Role::client : tls::Role::server;
        Bytes bound = ATTEST_TRY(tls::channel_report_data(connection, attester, view(nonce, nonce_size)));
        std::copy(bound.begin(), bound.end(), report_data);
        return 1;
    });
}

litebox_attest_identity* litebox_attest_identity_new(const char* common_name,
                                                     litebox_attest_attester attester, void* context,
                                                     const uint8_t* nonce, size_t nonce_size,
                                                     litebox_attest_error* error) {
    return guarded<litebox_attest_identity*>(nullptr, error, [&]() -> Result<litebox_attest_identity*> {
        tls::IdentityOptions options;
        if (common_name) options.common_name = common_name;
        options.nonce = to_bytes(view(nonce, nonce_size));
        auto ask = [&](ByteView report_data) -> Result<Bytes> {
            Bytes evidence(LITEBOX_ATTEST_EVIDENCE_CAPACITY);
            size_t size = 0;
            if (attester(context, report_data.data(), evidence.data(), evidence.size(), &size) != 1 ||
                size > evidence.size()) {
                return Error{"the attester gave no evidence"};
            }
            evidence.resize(size);
            return evidence;
        };
        auto made = ATTEST_TRY(tls::make_identity(ask, options));
        return new litebox_attest_identity{std::move(made)};
    });
}

void litebox_attest_identity_free(litebox_attest_identity* identity) {
    delete identity;
}

const uint8_t* litebox_attest_identity_certificate(const litebox_attest_identity* identity, size_t* size) {
    *size = identity->identity.certificate.size();
    return identity->identity.certificate.data();
}

int litebox_attest_identity_use(const litebox_attest_identity* identity, ssl_ctx_st* context,
                                litebox_attest_error* error) {
    return guarded<int>(0, error, [&]() -> Result<int> {
        if (Result<void> used = identity->identity.use(context); !used.ok()) return used.error();
        return 1;
    });
}

}  // extern "C"
