#include <algorithm>

#include "attest/intel/quote_verifier.h"

namespace litebox::attest {

namespace {

constexpr std::string_view signing_name = "SGX TCB Signing";
/// Of documents that fit, and of certificates that may have signed one: more than these are not looked at.
constexpr size_t maximum_documents = 32, maximum_signers = 16;

std::string window(const IntelDocument& document) {
    return to_string(document.issued) + " to " + to_string(document.next_update);
}

}  // namespace

void QuoteVerifier::check_pck_revocation() {
    if (pck_path_.empty()) return;  // not run: nobody to ask
    check_revocation_of("pck-revocation", {&pck_path_});
}

/// Every certificate of the paths but the roots, by the lists of its issuer. What is worst is told: a list
/// that is missing for one must not hide that another is revoked.
void QuoteVerifier::check_revocation_of(std::string_view id, const std::vector<const Path*>& paths) {
    using Kind = RevocationResult::Kind;
    std::string asked, unasked, worst_name;
    RevocationResult worst{Kind::good, {}, nullptr};
    auto severity = [](Kind kind) {
        constexpr Kind ascending[] = {Kind::good, Kind::expired, Kind::missing, Kind::forged, Kind::revoked};
        return std::ranges::find(ascending, kind) - std::begin(ascending);
    };
    for (const Path* path : paths) {
        for (size_t i = 0; i + 1 < path->size(); i++) {
            const Certificate &certificate = *(*path)[i], &issuer = *(*path)[i + 1];
            RevocationResult result =
                check_revocation(certificate, issuer, revocation_lists_, options_.now, memory());
            std::string name = certificate.common_name();
            if (result.list && i + 2 < path->size()) lists_used_.push_back(result.list);
            if (result.kind == Kind::good)
                asked += (asked.empty() ? "" : ", ") + name + " by the list of " +
                         to_string(result.list->this_update());
            bool open = !options_.policy->require_revocation &&
                        (result.kind == Kind::missing || result.kind == Kind::expired);
            if (open) {
                unasked = result.message;
            } else if (severity(result.kind) > severity(worst.kind)) {
                worst = result;
                worst_name = name;
            }
        }
    }
    if (worst.kind == Kind::revoked) {
        return verdict_.fail(id, Status::revoked, worst_name, worst.message,
                             "do not trust this platform until its owner has a new certificate");
    }
    if (worst.kind == Kind::expired) {
        return verdict_.fail(id, Status::expired_collateral, worst_name, worst.message,
                             "fetch the revocation lists anew; check the clock (--at)");
    }
    if (worst.kind != Kind::good) {
        return verdict_.fail(
            id, Status::wrong_collateral, worst_name, worst.message,
            "put the revocation lists of Intel's root and of the PCK CA beside the collateral");
    }
    if (!unasked.empty())
        return verdict_.not_applicable(id, "the policy does not ask for revocation: " + unasked);
    verdict_.pass(id, asked);
}

QuoteVerifier::Endorsement QuoteVerifier::endorse(const IntelDocument& document) {
    Endorsement endorsement;
    endorsement.path.message = "no \"Intel SGX TCB Signing\" certificate is there";
    size_t tried = 0;
    // The caller's own, which stand last, first: those that came with evidence cannot use up the tries.
    for (auto at = certificates_.rbegin(); at != certificates_.rend(); ++at) {
        const CertificatePointer& certificate = *at;
        if (certificate->is_authority() || certificate->common_name().find(signing_name) == std::string::npos)
            continue;
        if (!certificate->allows(Certificate::digital_signature)) continue;
        if (tried++ == maximum_signers) break;
        if (!verify_signature(*certificate, document.signed_object(), memory())) {
            endorsement.path.fault = PathFault::forged;
            endorsement.path.message =
                "no \"Intel SGX TCB Signing\" certificate that is there signed these bytes";
            continue;
        }
        PathResult path = build_path(certificate, certificates_, anchors_, options_.now, memory());
        bool better = !endorsement.signer || (path.ok() && !endorsement.path.ok());
        if (better) endorsement = {certificate, std::move(path)};
        if (endorsement.path.ok()) break;
    }
    return endorsement;
}

/// The best of several: well signed, in its time, of the latest evaluation, issued last. Only so a document
/// that was thrown in by somebody else cannot hide the good one, nor an older one of the same window the
/// newer.
template <typename Document>
void QuoteVerifier::choose(const std::vector<std::shared_ptr<const Document>>& fitting,
                           Chosen<Document>& out) {
    auto rank = [&](const Chosen<Document>& chosen) {
        const IntelDocument& document = *chosen.document;
        bool signed_well = chosen.endorsement.signer && !chosen.endorsement.path.path.empty();
        bool current = document.current_at(options_.now);
        bool begun = document.issued <= options_.now;
        return std::tuple(signed_well, current, begun, current ? document.evaluation_number : 0,
                          document.issued);
    };
    size_t count = 0;
    for (auto at = fitting.rbegin(); at != fitting.rend(); ++at) {  // the caller's own first, as in endorse()
        const auto& document = *at;
        if (count++ == maximum_documents) break;
        Chosen<Document> candidate{document, endorse(*document)};
        if (!out.document || rank(candidate) > rank(out)) out = std::move(candidate);
    }
}

void QuoteVerifier::choose_tcb_info() {
    if (!platform_) return;  // not run: nothing says for which platform
    bool tdx = quote_.is_tdx();
    std::vector<std::shared_ptr<const TcbInfo>> fitting;
    std::string others;
    for (const auto& info : tcb_infos_) {
        if (info->tdx == tdx && info->fmspc == platform_->fmspc && info->pce_id == platform_->pce_id) {
            fitting.push_back(info);
        } else if (others.size() < 120) {
            others += (others.empty() ? "" : ", ") + to_hex(info->fmspc) + (info->tdx ? " (TDX)" : " (SGX)");
        }
    }
    std::string tee = tdx ? "TDX" : "SGX", fmspc = to_hex(platform_->fmspc);
    choose(fitting, tcb_info_);
    if (!tcb_info_.document) {
        std::string reason =
            "no TCB info for " + tee + ", FMSPC " + fmspc + ", PCE-ID " + to_hex(platform_->pce_id);
        const auto& unreadable = options_.prepared->unreadable();
        for (size_t i = 0; i < std::min<size_t>(unreadable.size(), 8); i++)
            verdict_.notes.push_back("Not readable: " + unreadable[i] + ".");
        return verdict_.fail(
            "tcb-info", Status::wrong_collateral, fmspc,
            others.empty() ? reason : reason + "; there is one for " + others,
            "fetch Intel's " + std::string(tdx ? "tdx" : "sgx") + "/certification/v4/tcb?fmspc=" + fmspc);
    }
    const TcbInfo& info = *tcb_info_.document;
    verdict_.pass("tcb-info", info.source + ": version " + std::to_string(info.version) + ", evaluation " +
                                  std::to_string(info.evaluation_number));
    check_document("tcb-info", info, tcb_info_.endorsement);
}

void QuoteVerifier::choose_identity() {
    std::string wanted = quote_.is_tdx() ? "TD_QE" : "QE";
    std::vector<std::shared_ptr<const EnclaveIdentity>> fitting;
    std::ranges::copy_if(identities_, std::back_inserter(fitting),
                         [&](const auto& identity) { return identity->id == wanted; });
    choose(fitting, identity_);
    if (!identity_.document) {
        return verdict_.fail("qe-identity", Status::wrong_collateral, wanted,
                             "no identity of the quoting enclave " + wanted + " is there",
                             std::string("fetch Intel's ") + (quote_.is_tdx() ? "tdx" : "sgx") +
                                 "/certification/v4/qe/identity");
    }
    verdict_.pass("qe-identity", identity_.document->source + ": evaluation " +
                                     std::to_string(identity_.document->evaluation_number));
    check_document("qe-identity", *identity_.document, identity_.endorsement);
}

/// Signature and time of TCB info or identity, as the checks `id`-signature and `id`-time.
void QuoteVerifier::check_document(std::string_view id, const IntelDocument& document,
                                   const Endorsement& endorsement) {
    std::string signature = std::string(id) + "-signature", time = std::string(id) + "-time";
    const PathResult& path = endorsement.path;
    if (!endorsement.signer || path.path.empty()) {
        bool missing = !endorsement.signer && path.fault == PathFault::untrusted;
        Status kind = missing                           ? Status::wrong_collateral
                      : path.fault == PathFault::forged ? Status::forged
                                                        : Status::untrusted;
        verdict_.fail(signature, kind, document.source, path.message,
                      missing ? "put the issuer chain of the document (a response header of Intel's service) "
                                "beside the collateral"
                      : kind == Status::untrusted ? "hand in the root if this is a test platform (--root)"
                                                  : "fetch the document anew and keep its exact bytes");
    } else if (!pck_path_.empty() && path.path.back()->der() != pck_path_.back()->der()) {
        verdict_.fail(signature, Status::untrusted, document.source,
                      "signed under another root than the PCK certificate");
    } else {
        verdict_.pass(signature, endorsement.signer->common_name());
    }
    std::string refresh = "fetch it anew; check the clock (--at)";
    if (!document.current_at(options_.now)) {
        bool future = options_.now < document.issued;
        verdict_.fail(time, Status::expired_collateral, window(document),
                      (future ? "it begins after " : "it ended before ") + to_string(options_.now), refresh);
    } else if (path.fault == PathFault::expired) {
        verdict_.fail(time, Status::expired_collateral, window(document), path.message, refresh);
    } else {
        verdict_.pass(time, window(document));
    }
}

void QuoteVerifier::check_signing_revocation() {
    std::vector<const Path*> paths;
    for (const Endorsement* endorsement : {&tcb_info_.endorsement, &identity_.endorsement}) {
        if (endorsement->path.path.empty()) continue;
        bool known = !paths.empty() && paths.front()->front()->der() == endorsement->signer->der();
        if (!known) paths.push_back(&endorsement->path.path);
    }
    if (paths.empty()) return;  // not run: nobody signed
    check_revocation_of("signing-revocation", paths);
}

void QuoteVerifier::check_policy_of_collateral() {
    const Policy& policy = *options_.policy;
    std::string_view number = "policy-tcb-evaluation-number", age = "policy-collateral-age";
    std::vector<const IntelDocument*> documents;
    if (tcb_info_.document) documents.push_back(tcb_info_.document.get());
    if (identity_.document) documents.push_back(identity_.document.get());
    std::string refresh = "fetch the collateral anew";
    if (!policy.minimum_tcb_evaluation_number) {
        verdict_.not_applicable(number, "the policy does not ask");
    } else {
        for (const IntelDocument* document : documents) {
            std::string input = document->source + ": " + std::to_string(document->evaluation_number);
            if (document->evaluation_number >= *policy.minimum_tcb_evaluation_number) continue;
            verdict_.fail(number, Status::out_of_policy, input,
                          "the policy needs " + std::to_string(*policy.minimum_tcb_evaluation_number),
                          refresh);
        }
        if (documents.size() == 2)
            verdict_.pass(number, std::to_string(*policy.minimum_tcb_evaluation_number) + " or above");
    }
    if (!policy.maximum_collateral_age) return verdict_.not_applicable(age, "the policy does not ask");
    auto judge = [&](const std::string& what, Time issued) {
        int64_t seconds = options_.now.seconds - issued.seconds;
        if (seconds <= *policy.maximum_collateral_age) return;
        verdict_.fail(age, Status::out_of_policy, what + " of " + to_string(issued),
                      "it is " + std::to_string(seconds / 3600) + " hours old", refresh);
    };
    for (const IntelDocument* document : documents) judge(document->source, document->issued);
    // The root's list is not among them: Intel issues it once a year.
    for (const RevocationListPointer& list : lists_used_) judge("the revocation list", list->this_update());
    if (documents.size() == 2)
        verdict_.pass(age, std::to_string(*policy.maximum_collateral_age / 3600) + " hours");
}

void QuoteVerifier::check_quoting_enclave() {
    if (!identity_.document) return;  // not run: nothing to compare with
    const EnclaveIdentity& identity = *identity_.document;
    const SgxReportBody& report = quote_.qe_report;
    constexpr size_t misc_select = 16, attributes = 48;
    auto masked = [&](size_t at, ByteView mask, ByteView value) {
        for (size_t i = 0; i < mask.size(); i++) {
            if ((report.raw[at + i] & mask[i]) != value[i]) return false;
        }
        return true;
    };
    auto refuse = [&](const char* what, std::string input) {
        verdict_.fail("qe-measurement", Status::untrusted, std::move(input),
                      std::string("the ") + what + " of the quoting enclave is not Intel's",
                      "whoever made this quote is not Intel's quoting enclave: refuse");
    };
    if (!equal(report.mr_signer, identity.mr_signer)) return refuse("signer", to_hex(report.mr_signer));
    if (report.isv_prod_id != identity.isv_prod_id)
        return refuse("product", std::to_string(report.isv_prod_id));
    if (!masked(misc_select, identity.misc_select_mask, identity.misc_select))
        return refuse("MISCSELECT", std::to_string(report.misc_select));
    if (!masked(attributes, identity.attributes_mask, identity.attributes)) {
        return refuse("ATTRIBUTES", to_hex(ByteView(report.raw).subspan(attributes, 16)));
    }
    const SvnLevel* level = match_svn(identity.levels, report.isv_svn);
    std::string version = identity.id + " version " + std::to_string(report.isv_svn);
    // An identity that Intel did not sign rates nothing: its own check has failed.
    bool signed_by_intel = verdict_.state("qe-identity-signature") != CheckState::failed;
    if (level) {
        if (signed_by_intel) qe_rating_ = level->rating;
        return verdict_.pass("qe-measurement", version + ", " + level->rating.word);
    }
    if (signed_by_intel) qe_rating_ = TcbRating{TcbStatus::not_supported, {}, {}, {}};
    verdict_.fail("qe-measurement", Status::out_of_policy, version,
                  "Intel has rated no version as old as this",
                  "update the SGX platform software (quoting enclave) of the host");
}

void QuoteVerifier::check_tdx_module() {
    const TdReportBody* body = td();
    if (!body) return verdict_.not_applicable("tdx-module", "an SGX quote");
    if (!tcb_info_.document) return;  // not run: nothing to compare with
    uint8_t version = body->tee_tcb_svn[1];
    std::string input =
        "version " + std::to_string(version) + ", security version " + std::to_string(body->tee_tcb_svn[0]);
    const TdxModule* module = find_module(*tcb_info_.document, version);
    if (!module) {
        return verdict_.fail("tdx-module", Status::wrong_collateral, input,
                             "the TCB info knows no TDX module of this version",
                             "fetch the TCB info anew, from version 4 of Intel's service");
    }
    if (!equal(body->mr_signer_seam, module->mr_signer)) {
        return verdict_.fail("tdx-module", Status::untrusted, to_hex(body->mr_signer_seam),
                             "the TDX module is not signed by Intel",
                             "whatever runs as TDX module there is not Intel's: refuse");
    }
    for (size_t i = 0; i < 8; i++) {
        uint8_t attribute = static_cast<uint8_t>(body->seam_attributes >> (8 * i));
        if ((attribute & module->attributes_mask[i]) == module->attributes[i]) continue;
        return verdict_.fail("tdx-module", Status::untrusted, std::to_string(body->seam_attributes),
                             "SEAMATTRIBUTES are not those of a production module",
                             "a module under test or debug: refuse");
    }
    verdict_.pass("tdx-module", input);
}

void QuoteVerifier::check_tcb_level() {
    if (!platform_ || !tcb_info_.document) return;  // not run: nothing to match
    if (verdict_.state("tcb-info-signature") == CheckState::failed)
        return;  // nor with what Intel did not say
    if (td() && !find_module(*tcb_info_.document, td()->tee_tcb_svn[1])) return;  // told by tdx-module
    TcbMatch match = match_tcb(*tcb_info_.document, *platform_, td(), qe_rating_ ? &*qe_rating_ : nullptr);
    verdict_.tcb_status = match.status;
    verdict_.advisories = match.advisories;
    if (match.level) verdict_.tcb_date = match.level->rating.date;
    std::string input = std::string(to_string(match.status)) +
                        (match.level ? " of " + to_string(match.level->rating.date) : "");
    switch (match.status) {
        case TcbStatus::not_supported:
            return verdict_.fail("tcb-level", Status::out_of_policy, input,
                                 "the platform is below every TCB level that Intel has rated",
                                 match.shortfall);
        case TcbStatus::revoked:
            return verdict_.fail("tcb-level", Status::revoked, input,
                                 "Intel has revoked the TCB level of this platform", match.shortfall);
        case TcbStatus::unknown:
            return verdict_.fail("tcb-level", Status::unsupported, input,
                                 "the TCB level is rated \"" + (match.level ? match.level->rating.word : "") +
                                     "\", which nobody has defined");
        default:
            break;
    }
    if (match.status != TcbStatus::up_to_date && !match.shortfall.empty()) {
        verdict_.notes.push_back("To reach a better TCB level: " + match.shortfall + ".");
    }
    verdict_.pass("tcb-level", input);
}

}  // namespace litebox::attest
