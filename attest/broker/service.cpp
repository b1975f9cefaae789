#include "attest/broker/service.h"

#include "attest/broker/names.h"

namespace litebox::attest::broker {

namespace {

constexpr std::string_view channel_release = "/litebox/v1/release/", channel_nonce = "/litebox/v1/nonce";
constexpr std::string_view kbs_resource_path = "/kbs/v0/resource/", kbs_auth_path = "/kbs/v0/auth",
                           kbs_attest_path = "/kbs/v0/attest";
constexpr std::string_view greeting =
    R"({"service":"litebox-broker","protocols":{"litebox":"v1","kbs":["0.1","0.2","0.3","0.4"]}})";

/// An answer to a release that the store refused.
Response refused_by_store(const ReleaseResult& result, std::string_view secret) {
    std::string name(secret);
    switch (result.outcome) {
        case ReleaseOutcome::no_such_secret:
            return problem(404, "PluginInternalError", "there is no secret " + name);
        case ReleaseOutcome::already_released:
            return problem(
                403, "PolicyDeny",
                name +
                    " may be released once, and was: an operator can re-arm it with 'litebox broker "
                    "rearm " +
                    name + "'");
        case ReleaseOutcome::changed:
            return problem(401, "PolicyDeny",
                           "the policy of " + name + " changed while the evidence was judged: attest anew");
        default:
            return problem(503, "PluginInternalError", "the store cannot release now: " + result.message);
    }
}

}  // namespace

Response json_response(std::string_view text) {
    Response response;
    append(response.body, text);
    return response;
}

Response problem(unsigned status, std::string_view type, std::string_view detail) {
    std::string url = "https://github.com/confidential-containers/kbs/errors/" + std::string(type);
    Response response =
        json_response("{\"type\":" + json_quote(url) + ",\"detail\":" + json_quote(detail) + "}");
    response.status = status;
    return response;
}

std::string explain(const Verdict& verdict) {
    std::string text = "the evidence is not accepted: " + std::string(to_string(verdict.status()));
    if (const Check* check = verdict.reason()) {
        text += ", " + check->id + ": " + check->reason;
        if (!check->hint.empty()) text += " (" + check->hint + ")";
    }
    return text;
}

void Service::note_refusal(std::string_view secret, std::string_view binding, const Connection& connection,
                           std::string_view evidence_hash, const Verdict* verdict, std::string_view reason) {
    AuditEntry entry("refuse");
    if (!secret.empty()) entry.add("secret", secret);
    entry.add("binding", binding).add("peer", connection.peer).add("evidence", evidence_hash);
    if (verdict) entry.add("status", to_string(verdict->status()));
    entry.add("reason", reason.substr(0, 400));
    parts_.releaser.note(std::move(entry));
}

void Service::release(ReleaseRequest request, Connection& connection, Deliver deliver, Done done) {
    std::string secret = request.secret;
    auto finish = [this, secret, post = connection.post, deliver = std::move(deliver),
                   done](ReleaseResult result) {
        post([this, secret, deliver, done, result = std::move(result)] {
            if (result.outcome != ReleaseOutcome::released) return done(refused_by_store(result, secret));
            Result<SecretBytes> value = store_->unseal_secret(result.info, result.sealed);
            done(value.ok() ? deliver(std::move(*value))
                            : problem(500, "PluginInternalError", value.error().message));
        });
    };
    if (!parts_.releaser.submit(std::move(request), std::move(finish))) {
        done(problem(503, "PluginInternalError", "the broker is busy: try again later"));
    }
}

void Service::handle(const Request& request, Connection& connection, Done done) {
    std::string_view path = request.target.substr(0, request.target.find('?'));
    bool post = request.method == "POST", get = request.method == "GET";
    if (path.starts_with(channel_release)) {
        if (!post)
            return done(
                problem(405, "InvalidRequestPath", "a release over the channel is a POST of evidence"));
        return release_over_channel(path.substr(channel_release.size()), request, connection,
                                    std::move(done));
    }
    if (path == channel_nonce && post) {
        Response response;
        response.status = 204;
        give_nonce(connection, response);
        return done(std::move(response));
    }
    if (path.starts_with(kbs_resource_path)) {
        if (!get)
            return done(problem(405, "InvalidRequestPath",
                                "secrets are put with 'litebox broker put', at the store"));
        return kbs_resource(path.substr(kbs_resource_path.size()), request, connection, std::move(done));
    }
    if (path == kbs_auth_path && post) return done(kbs_auth(request));
    if (path == kbs_attest_path && post) return done(kbs_attest(request, connection));
    if (path == "/" && get) return done(json_response(greeting));
    done(problem(404, "InvalidRequestPath", "nothing is here, or not by this method"));
}

}  // namespace litebox::attest::broker
