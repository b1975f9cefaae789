// Our own protocol: evidence over nonce and TLS exporter, the secret as the plain body of the answer on that
// same connection.
//
//     POST /litebox/v1/nonce                        -> 204, Litebox-Nonce: base64
//     POST /litebox/v1/release/{repo}/{type}/{tag}  evidence as the body -> 200, the secret as the body,
//     Litebox-Nonce: the next one
//
// One release is one nonce, one piece of evidence made for it and for this connection, one verification, one
// audit entry.
#include "attest/broker/names.h"
#include "attest/broker/seal.h"
#include "attest/broker/service.h"

namespace litebox::attest::broker {

namespace {

constexpr size_t nonce_size = 32;
constexpr int64_t nonce_seconds = 300;

}  // namespace

void Service::give_nonce(Connection& connection, Response& response) {
    connection.nonce = random_bytes(nonce_size);
    connection.nonce_made = parts_.judge.now();
    response.nonce = to_base64(connection.nonce);
}

void Service::release_over_channel(std::string_view secret, const Request& request, Connection& connection,
                                   Done done) {
    // Whatever comes of it, the nonce is used up, and the client has the next one with the answer.
    Bytes nonce = std::exchange(connection.nonce, {});
    Time made = connection.nonce_made;
    auto answer = [this, &connection, done](Response response) {
        give_nonce(connection, response);
        done(std::move(response));
    };
    if (!is_secret_name(secret))
        return answer(problem(404, "InvalidRequestPath", bad_secret_name(secret).message));
    if (nonce.empty() || made.seconds + nonce_seconds < parts_.judge.now().seconds) {
        return answer(problem(401, "AttestationError",
                              "no nonce was given out on this connection, or it is too old: "
                              "the evidence must be made for the one in Litebox-Nonce"));
    }
    std::string name(secret);
    Result<std::optional<SecretInfo>> info = store_->find(name);
    if (!info.ok()) return answer(problem(503, "PluginInternalError", info.error().message));
    if (!*info) return answer(problem(404, "PluginInternalError", "there is no secret " + name));
    Result<std::shared_ptr<const BrokerPolicy>> policy = parts_.policies.get(*store_, (*info)->policy);
    if (!policy.ok() || !*policy)
        return answer(problem(503, "PolicyEngine", policy.ok() ? "no policy" : policy.error().message));

    std::string evidence_hash = to_hex(sha256(as_bytes(request.body)));
    auto refuse = [&](const Verdict* verdict, const std::string& reason) {
        note_refusal(name, "channel", connection, evidence_hash, verdict, reason);
        answer(problem(403, "PolicyDeny", reason));
    };
    if (!(*policy)->accept_channel)
        return refuse(nullptr, "policy " + (*policy)->name + " accepts no channel binding");
    Result<Bytes> report_data = connection.channel_report_data(nonce);
    if (!report_data.ok()) return refuse(nullptr, report_data.error().message);
    Result<Evidence> evidence = recognise_evidence(as_bytes(request.body));
    if (!evidence.ok()) return refuse(nullptr, evidence.error().message);
    Verdict verdict = parts_.judge.verify(*evidence, (*policy)->policy, *report_data);
    if (!verdict.accepted()) return refuse(&verdict, explain(verdict));

    ReleaseRequest release_request{
        .secret = name, .policy = (*policy)->name, .policy_version = (*policy)->version};
    release_request.audit.add("binding", "channel").add("peer", connection.peer);
    release_request.audit.add("technology", verdict.technology).add("evidence", evidence_hash);
    auto deliver = [](SecretBytes value) {
        Response response;
        response.json = false;
        response.body = std::move(value);
        return response;
    };
    release(std::move(release_request), connection, deliver, answer);
}

}  // namespace litebox::attest::broker
