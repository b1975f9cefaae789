// Sessions of the Confidential Containers protocol. A challenge is kept by nobody: the cookie carries it,
// authenticated by the broker, so that asking for challenges costs the broker no memory. Only a TEE that was
// accepted has a session here.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "attest/base/time.h"
#include "attest/broker/jose.h"

namespace litebox::attest::broker {

enum class Tee : uint8_t { sgx, tdx, snp };

struct Challenge {
    Tee tee = Tee::sgx;
    JweForm form = JweForm::rfc7516;
    Bytes nonce;
    Time expires;
};

/// What one policy lets an attested session do.
struct Grant {
    int64_t policy_version = 0;
    int64_t releases_left = 0;
    Time expires;
};

struct Session {
    TeeKey key;
    JweForm form;
    std::string token;
    std::string evidence_hash;
    std::string technology;
    std::map<std::string, Grant> grants;  // by policy name
    Time forget;                          // when its challenge can no longer be answered, and no grant holds
};

class Sessions {
  public:
    static constexpr int64_t challenge_seconds = 300;
    static constexpr size_t limit = 16384;

    Sessions();
    /// A cookie for the challenge.
    std::string challenge_cookie(const Challenge& challenge) const;
    /// The challenge of a cookie that this broker made and that has not expired.
    std::optional<Challenge> open_cookie(std::string_view cookie, Time now) const;
    /// The name of a cookie's session; not a secret.
    static std::string session_name(std::string_view cookie);

    /// False where there are too many sessions, or where the cookie has one: then its evidence was replayed.
    bool add(const std::string& name, Session session, Time now);
    /// The token of an attested session; empty: there is none.
    std::string token(const std::string& name, Time now);

    enum class Take : uint8_t { taken, no_session, exhausted, not_granted };
    struct Taken {
        Take result = Take::no_session;
        std::optional<TeeKey> key;
        JweForm form = JweForm::rfc7516;
        std::string evidence_hash, technology;
        int64_t policy_version = 0;
    };
    /// Takes one release out of what the session was granted under this policy at this version.
    Taken take(const std::string& name, const std::string& policy, int64_t policy_version, Time now);

  private:
    void forget_old(Time now);
    SecretBytes cookie_key_;
    std::mutex mutex_;
    std::map<std::string, Session> sessions_;  // under mutex_
    Time swept_;                               // under mutex_
};

}  // namespace litebox::attest::broker
