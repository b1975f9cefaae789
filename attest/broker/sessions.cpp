#include "attest/broker/sessions.h"

#include "attest/broker/seal.h"

namespace litebox::attest::broker {

namespace {

constexpr size_t nonce_size = 32, mac_size = 32, payload_size = 1 + 1 + 8 + nonce_size;

Bytes encode(const Challenge& challenge) {
    Bytes out = {static_cast<uint8_t>(challenge.tee), static_cast<uint8_t>(challenge.form)};
    for (int shift = 56; shift >= 0; shift -= 8)
        out.push_back(static_cast<uint8_t>(challenge.expires.seconds >> shift));
    out.insert(out.end(), challenge.nonce.begin(), challenge.nonce.end());
    return out;
}

}  // namespace

Sessions::Sessions() : cookie_key_(random_key()) {}

std::string Sessions::challenge_cookie(const Challenge& challenge) const {
    Bytes cookie = encode(challenge);
    auto mac = hmac_sha256(cookie_key_, cookie);
    cookie.insert(cookie.end(), mac.begin(), mac.end());
    return to_base64url(cookie);
}

std::optional<Challenge> Sessions::open_cookie(std::string_view text, Time now) const {
    if (text.size() > 256) return {};
    Result<Bytes> cookie = from_base64url(text);
    if (!cookie.ok() || cookie->size() != payload_size + mac_size) return {};
    ByteView payload = ByteView(*cookie).first(payload_size);
    if (!equal_secret(hmac_sha256(cookie_key_, payload), ByteView(*cookie).last(mac_size))) return {};
    Challenge challenge;
    challenge.tee = static_cast<Tee>(payload[0]);  // our own bytes: the code above vouches for them
    challenge.form = static_cast<JweForm>(payload[1]);
    uint64_t expires = 0;
    for (size_t i = 0; i < 8; i++) expires = expires << 8 | payload[2 + i];
    challenge.expires.seconds = static_cast<int64_t>(expires);
    challenge.nonce = to_bytes(payload.last(nonce_size));
    if (challenge.expires < now) return {};
    return challenge;
}

std::string Sessions::session_name(std::string_view cookie) {
    return to_hex(sha256(as_bytes(cookie)));
}

void Sessions::forget_old(Time now) {
    if (now == swept_) return;
    swept_ = now;
    std::erase_if(sessions_, [&](const auto& entry) { return entry.second.forget < now; });
}

bool Sessions::add(const std::string& name, Session session, Time now) {
    std::lock_guard lock(mutex_);
    forget_old(now);
    if (sessions_.size() >= limit) return false;
    return sessions_.emplace(name, std::move(session)).second;
}

std::string Sessions::token(const std::string& name, Time now) {
    std::lock_guard lock(mutex_);
    auto found = sessions_.find(name);
    return found == sessions_.end() || found->second.forget < now ? std::string() : found->second.token;
}

Sessions::Taken Sessions::take(const std::string& name, const std::string& policy, int64_t policy_version,
                               Time now) {
    std::lock_guard lock(mutex_);
    Taken taken;
    auto found = sessions_.find(name);
    if (found == sessions_.end()) return taken;
    Session& session = found->second;
    auto grant = session.grants.find(policy);
    if (grant == session.grants.end()) {
        taken.result = Take::not_granted;
        return taken;
    }
    Grant& granted = grant->second;
    if (granted.policy_version != policy_version || granted.expires < now || granted.releases_left == 0) {
        taken.result = Take::exhausted;
        return taken;
    }
    granted.releases_left--;
    return {Take::taken,           session.key,        session.form,
            session.evidence_hash, session.technology, policy_version};
}

}  // namespace litebox::attest::broker
