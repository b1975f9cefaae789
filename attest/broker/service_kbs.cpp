// The Confidential Containers key-broker protocol (kbs_attestation_protocol.md), versions 0.1 to 0.4:
//
//     POST /kbs/v0/auth      {"version","tee","extra-params"} -> {"nonce","extra-params"}, cookie
//     kbs-session-id POST /kbs/v0/attest    the TEE's key and evidence whose report data is SHA-384 of
//     {nonce, key} -> {"token"} GET  /kbs/v0/resource/{repository}/{type}/{tag}, by cookie or "Authorization:
//     Bearer token" -> JWE to the TEE's key
#include "attest/broker/kbs_evidence.h"
#include "attest/broker/names.h"
#include "attest/broker/seal.h"
#include "attest/broker/service.h"

namespace litebox::attest::broker {

namespace {

constexpr size_t nonce_size = 32;
constexpr std::string_view cookie_name = "kbs-session-id=";
constexpr std::string_view tees[] = {"sgx", "tdx", "snp"};

Response unauthorized(std::string_view detail) {
    return problem(401, "AttestationError", detail);
}

/// "0.1.0" to "0.4.x"; the form of secrets follows from it.
Result<JweForm> jwe_form(const std::string& version) {
    for (std::string_view minor : {"0.1.", "0.2.", "0.3.", "0.4."}) {
        if (version.starts_with(minor) && version.size() > minor.size() && version.size() < 12) {
            return minor == "0.1." ? JweForm::original : JweForm::rfc7516;
        }
    }
    return Error{"KBS Client Protocol Version Mismatch: this broker speaks 0.1 to 0.4, the request is " +
                 version.substr(0, 20)};
}

Result<Tee> tee_from(const std::string& name) {
    for (size_t i = 0; i < std::size(tees); i++) {
        if (name == tees[i]) return static_cast<Tee>(i);
    }
    return Error{"this broker judges sgx, tdx and snp, not \"" + name.substr(0, 20) + "\""};
}

std::string cookie_value(std::string_view header) {
    for (size_t at = 0; at < header.size();) {
        size_t end = std::min(header.find(';', at), header.size());
        std::string_view pair = header.substr(at, end - at);
        while (pair.starts_with(' ')) pair.remove_prefix(1);
        if (pair.starts_with(cookie_name)) return std::string(pair.substr(cookie_name.size()));
        at = end + 1;
    }
    return {};
}

/// The parts of an attestation, in the shape of protocol 0.1 to 0.3 ("tee-pubkey" and "tee-evidence") or of
/// 0.4 ("runtime-data", composite evidence).
struct Attestation {
    const Json* key = nullptr;
    const Json* evidence = nullptr;
    std::string runtime_data;             // its canonical form: what report data hashes
    std::optional<Json> parsed_evidence;  // protocol 0.1.0 sends evidence as a string of JSON
    std::string evidence_text;
};

Result<void> read_composite(const Json& body, std::string_view nonce, Attestation& out) {
    const Json* runtime = ATTEST_TRY(body.member("runtime-data", Json::Kind::object));
    out.key = ATTEST_TRY(runtime->member("tee-pubkey", Json::Kind::object));
    if (ATTEST_TRY(runtime->text_member("nonce")) != nonce)
        return Error{"the nonce is not the one of this session"};
    const Json* evidence = ATTEST_TRY(body.member("tee-evidence", Json::Kind::object));
    std::string key = ATTEST_TRY(canonical_json(*out.key)), quoted_nonce = json_quote(nonce);
    const Json* primary = evidence->find("primary_evidence");
    if (!primary) {  // one TEE and no devices
        out.evidence = evidence;
        out.runtime_data = "{\"nonce\":" + quoted_nonce + ",\"tee-pubkey\":" + key + "}";
        return {};
    }
    out.evidence = primary;
    const Json* additional = evidence->find("additional_evidence");
    std::string devices = additional && additional->is(Json::Kind::string) ? additional->string() : "";
    if (!devices.empty() && devices != "{}") return Error{"evidence of devices is not judged by this broker"};
    out.runtime_data = "{\"additional-evidence\":" + json_quote(devices) + ",\"nonce\":" + quoted_nonce +
                       ",\"tee-pubkey\":" + key + "}";
    return {};
}

Result<void> read_attestation(const Json& body, std::string_view nonce, Attestation& out) {
    if (body.find("runtime-data")) return read_composite(body, nonce, out);
    out.key = ATTEST_TRY(body.member("tee-pubkey", Json::Kind::object));
    out.runtime_data =
        "{\"nonce\":" + json_quote(nonce) + ",\"tee-pubkey\":" + ATTEST_TRY(canonical_json(*out.key)) + "}";
    out.evidence = body.find("tee-evidence");
    if (!out.evidence) return Error{"member \"tee-evidence\" is missing"};
    if (out.evidence->is(Json::Kind::string)) {
        out.evidence_text = out.evidence->string();
        out.parsed_evidence = ATTEST_TRY(Json::parse(out.evidence_text));
        out.evidence = &*out.parsed_evidence;
    }
    return {};
}

Challenge new_challenge(Tee tee, JweForm form, Time now) {
    return {tee, form, random_bytes(nonce_size), Time{now.seconds + Sessions::challenge_seconds}};
}

}  // namespace

Response Service::kbs_auth(const Request& request) {
    auto read = [&]() -> Result<Challenge> {
        Json body = ATTEST_TRY(Json::parse(request.body));
        JweForm form = ATTEST_TRY(jwe_form(ATTEST_TRY(body.text_member("version"))));
        return new_challenge(ATTEST_TRY(tee_from(ATTEST_TRY(body.text_member("tee")))), form,
                             parts_.judge.now());
    };
    Result<Challenge> challenge = read();
    if (!challenge.ok()) return unauthorized(challenge.error().message);
    Response response =
        json_response("{\"nonce\":" + json_quote(to_base64(challenge->nonce)) + ",\"extra-params\":\"\"}");
    response.set_cookie = std::string(cookie_name) + parts_.sessions.challenge_cookie(*challenge) +
                          "; Path=/; Max-Age=86400; Secure; HttpOnly; SameSite=Strict";
    return response;
}

std::string Service::kbs_token(const std::string& name, const Session& session, const Verdict& verdict,
                               const Json& key) const {
    Time now = parts_.judge.now();
    std::string claims;
    for (const auto& [claim, value] : verdict.claims)
        claims += (claims.empty() ? "" : ",") + json_quote(claim) + ":" + json_quote(value);
    Result<std::string> tee_key = canonical_json(key);
    return parts_.tokens.sign(
        "{\"iss\":" + json_quote(parts_.issuer) + ",\"iat\":" + std::to_string(now.seconds) +
        ",\"nbf\":" + std::to_string(now.seconds) + ",\"exp\":" + std::to_string(session.forget.seconds) +
        ",\"jti\":" + json_quote(name) + ",\"jwk\":" + parts_.tokens.jwk() + ",\"tee-pubkey\":" +
        (tee_key.ok() ? *tee_key : "null") + ",\"tee\":" + json_quote(verdict.technology) +
        ",\"tcb-status\":{\"status\":" + json_quote(to_string(verdict.tcb_status)) + ",\"claims\":{" +
        claims + "}}}");
}

Result<Session> Service::kbs_judge(const Json& body, const Challenge& challenge, Connection& connection) {
    Attestation attestation;
    if (auto read = read_attestation(body, to_base64(challenge.nonce), attestation); !read.ok())
        return read.error();
    Session session{.key = ATTEST_TRY(TeeKey::parse(*attestation.key)), .form = challenge.form};
    Evidence evidence = ATTEST_TRY(parse_kbs_evidence(challenge.tee, *attestation.evidence));
    session.evidence_hash = to_hex(sha256(as_bytes(attestation.evidence->raw())));
    auto report_data = sha384(as_bytes(attestation.runtime_data));

    Time now = parts_.judge.now();
    session.forget = challenge.expires;
    std::optional<Verdict> accepted, refused;
    for (const std::string& name : ATTEST_TRY(store_->policy_names())) {
        std::shared_ptr<const BrokerPolicy> policy = ATTEST_TRY(parts_.policies.get(*store_, name));
        if (!policy || !policy->accept_key) continue;
        Verdict verdict = parts_.judge.verify(evidence, policy->policy, report_data);
        if (!verdict.accepted()) {
            if (!refused) refused = std::move(verdict);
            continue;
        }
        Grant grant{policy->version, policy->releases_per_attestation,
                    Time{now.seconds + policy->session_seconds}};
        session.forget = std::max(session.forget, grant.expires);
        session.grants[name] = grant;
        session.technology = verdict.technology;
        accepted = std::move(verdict);
    }
    if (!accepted) {
        std::string reason =
            refused ? explain(*refused) : "no policy of this broker accepts this binding (\"key\")";
        note_refusal({}, "key", connection, session.evidence_hash, refused ? &*refused : nullptr, reason);
        return Error{reason};
    }
    session.token = kbs_token(Sessions::session_name(parts_.sessions.challenge_cookie(challenge)), session,
                              *accepted, *attestation.key);
    return session;
}

Response Service::kbs_attest(const Request& request, Connection& connection) {
    std::string cookie = cookie_value(request.cookie);
    Time now = parts_.judge.now();
    std::optional<Challenge> challenge = parts_.sessions.open_cookie(cookie, now);
    if (!challenge)
        return unauthorized(
            "no challenge was given out under this cookie, or it is too old: begin with /kbs/v0/auth");
    std::string name = Sessions::session_name(cookie);
    if (std::string token = parts_.sessions.token(name, now); !token.empty()) {
        return json_response("{\"token\":" + json_quote(token) +
                             "}");  // attested before: nothing is granted anew
    }
    Result<Json> body = Json::parse(request.body);
    if (!body.ok()) return unauthorized(body.error().message);
    Result<Session> session = kbs_judge(*body, *challenge, connection);
    if (!session.ok()) return unauthorized(session.error().message);
    std::string token = session->token;
    if (!parts_.sessions.add(name, std::move(*session), now))
        return problem(503, "AttestationError", "too many sessions: try again later");
    Response response = json_response("{\"token\":" + json_quote(token) + "}");
    response.set_cookie =
        std::string(cookie_name) + cookie + "; Path=/; Max-Age=86400; Secure; HttpOnly; SameSite=Strict";
    return response;
}

/// By token where there is one, else by cookie.
Result<std::string> Service::kbs_session_name(const Request& request) const {
    constexpr std::string_view bearer = "Bearer ";
    if (request.authorization.starts_with(bearer)) {
        std::string claims = ATTEST_TRY(parts_.tokens.open(request.authorization.substr(bearer.size())));
        Json json = ATTEST_TRY(Json::parse(claims));
        if (ATTEST_TRY(json.integer_member("exp")) < parts_.judge.now().seconds)
            return Error{"the token has expired"};
        return json.text_member("jti");
    }
    std::string cookie = cookie_value(request.cookie);
    if (cookie.empty()) return Error{"neither session cookie nor token"};
    return Sessions::session_name(cookie);
}

void Service::kbs_resource(std::string_view secret, const Request& request, Connection& connection,
                           Done done) {
    Result<std::string> session = kbs_session_name(request);
    if (!session.ok()) return done(problem(401, "TokenNotFound", session.error().message));
    Time now = parts_.judge.now();
    if (parts_.sessions.token(*session, now).empty()) {
        return done(
            problem(401, "TokenNotFound", "this session has not attested, or has ended: attest anew"));
    }
    if (!is_secret_name(secret))
        return done(problem(404, "InvalidRequestPath", bad_secret_name(secret).message));
    std::string name(secret);
    Result<std::optional<SecretInfo>> info = store_->find(name);
    if (!info.ok()) return done(problem(503, "PluginInternalError", info.error().message));
    if (!*info) return done(problem(404, "PluginInternalError", "there is no secret " + name));
    Result<int64_t> version = store_->policy_version((*info)->policy);
    if (!version.ok()) return done(problem(503, "PolicyEngine", version.error().message));

    Sessions::Taken taken = parts_.sessions.take(*session, (*info)->policy, *version, now);
    if (taken.result == Sessions::Take::not_granted) {
        std::string reason = "policy " + (*info)->policy + " does not accept this session's evidence";
        note_refusal(name, "key", connection, "session " + *session, nullptr, reason);
        return done(problem(403, "PolicyDeny", reason));
    }
    if (taken.result != Sessions::Take::taken) {
        return done(
            problem(401, "TokenNotFound", "this attestation is used up, or its policy changed: attest anew"));
    }
    ReleaseRequest release_request{
        .secret = name, .policy = (*info)->policy, .policy_version = taken.policy_version};
    release_request.audit.add("binding", "key").add("peer", connection.peer);
    release_request.audit.add("technology", taken.technology).add("evidence", taken.evidence_hash);
    auto deliver = [key = *taken.key, form = taken.form](SecretBytes value) {
        Result<std::string> jwe = encrypt_jwe(key, value, form);
        return jwe.ok() ? json_response(*jwe) : problem(500, "JweError", jwe.error().message);
    };
    release(std::move(release_request), connection, deliver, std::move(done));
}

}  // namespace litebox::attest::broker
