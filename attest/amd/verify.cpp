// Judges an SEV-SNP report by AMD's rules (56860, "SNP Firmware ABI", and 57230, "VCEK Certificate and KDS
// Interface"), each as a check of its own, then hands over to the policy.
#include "attest/verify.h"

#include <algorithm>

#include "attest/amd/urls.h"
#include "attest/amd/vek.h"
#include "attest/x509/path.h"

namespace litebox::attest {

namespace {

constexpr CheckRule rules[] = {
    {"snp-version", "the report is of version 2, 3 or 5 (AMD 56860, ATTESTATION_REPORT)"},
    {"snp-reserved", "reserved bytes are zero, those behind the signed region included (AMD 56860)"},
    {"snp-fields", "guest policy, platform info, flags and VMPL have known bits and values only (AMD 56860)"},
    {"snp-signing-key", "the report is signed, by a VCEK or a VLEK (AMD 56860, SIGNING_KEY)"},
    {"snp-endorsement-key", "a VCEK or VLEK certificate with AMD's extensions is at hand (AMD 57230)"},
    {"snp-product", "processor family, VCEK or VLEK, ASK and ARK are of one product line (AMD 57230)"},
    {"snp-certificate-path",
     "ARK, ASK and VCEK (ASVK and VLEK) form a path to a trusted ARK, valid now, by RSASSA-PSS with SHA-384"},
    {"snp-revocation", "the ARK's revocation list is there, current, and does not name the ASK or ASVK"},
    {"snp-signature-algorithm", "the signature is ECDSA on P-384 with SHA-384 (AMD 56860, SIGNATURE_ALGO 1)"},
    {"snp-chip-id", "the VCEK's hardware id is the report's chip id (AMD 57230)"},
    {"snp-tcb-certificate",
     "the key's security versions are the report's REPORTED_TCB, component by component (AMD 57230)"},
    {"snp-signature", "the endorsement key signed bytes 0 to 0x29f of the report"},
    {"snp-tcb-order", "no component of CURRENT_TCB is below COMMITTED_TCB (AMD 56860, TCB_VERSION)"},
    {"policy-collateral-age", "the revocation list is not older than the policy's maximum_collateral_age"},
};

constexpr uint32_t vmpl_of_host = 0xffffffff;

struct Span {
    size_t begin, end;
};

/// Where the report's version has nothing: bytes that must be zero.
std::vector<Span> reserved_spans(uint32_t version) {
    std::vector<Span> spans = {{0x4c, 0x50},   {0x18b, 0x1a0}, {0x1eb, 0x1ec},
                               {0x1ef, 0x1f0}, {0x208, 0x2a0}, {0x330, 0x4a0}};
    if (version < 3) spans.push_back({0x188, 0x18b});
    if (version < 5) spans.push_back({0x1f8, 0x208});
    return spans;
}

class SnpVerifier {
  public:
    SnpVerifier(const SnpReport& report, const Evidence& evidence, const VerifyOptions& options,
                Verdict& verdict)
        : report_(report), evidence_(evidence), options_(options), verdict_(verdict) {}

    void run() {
        check_form();
        check_signing_key();
        find_key();
        if (!vek_) return;
        // Of a certificate with a fault, only what does not hang on its extensions is judged.
        bool sound = vek_->fault.empty();
        if (sound) check_product();
        check_path();
        if (sound) check_revocation_list();
        if (sound) check_chip();
        if (sound) check_tcb();
        check_signature();
        if (sound) check_order();
        if (sound) add_claims();
    }

  private:
    bool vlek_wanted() const { return snp_signing_key(report_) == static_cast<uint8_t>(SnpSigningKey::vlek); }
    void check_form();
    void check_reserved();
    void check_fields();
    void check_signing_key();
    void find_key();
    std::vector<CertificatePointer> gather();
    void choose(const std::vector<VekCertificate>& keys);
    bool signed_by(const VekCertificate& vek) const;
    void check_product();
    void check_path();
    void check_revocation_list();
    void check_age(const RevocationList& list);
    void check_chip();
    void check_tcb();
    void check_signature();
    void check_order();
    void add_claims();
    /// Where to get the right certificate, as far as the report tells.
    std::string fetch_hint() const;

    const SnpReport& report_;
    const Evidence& evidence_;
    const VerifyOptions& options_;
    Verdict& verdict_;
    std::vector<CertificatePointer> issuers_;
    std::optional<VekCertificate> vek_;
    bool signed_ = false;  // by `vek_`, as far as it was asked
    Path path_;
};

void SnpVerifier::check_form() {
    std::string version = std::to_string(report_.version);
    if (report_.version == 2 || report_.version == 3 || report_.version == 5)
        verdict_.pass("snp-version", version);
    else
        verdict_.fail("snp-version", Status::unsupported, version, "version " + version + " is not known",
                      "a newer verifier may know it; do not accept the report unjudged");
    check_reserved();
    check_fields();
    if (report_.signature_algorithm == 1)
        verdict_.pass("snp-signature-algorithm", "1");
    else
        verdict_.fail("snp-signature-algorithm", Status::unsupported,
                      std::to_string(report_.signature_algorithm),
                      "the algorithm is not 1, ECDSA on P-384 with SHA-384");
}

void SnpVerifier::check_reserved() {
    for (Span span : reserved_spans(report_.version))
        for (size_t i = span.begin; i < span.end; i++)
            if (report_.raw[i])
                return verdict_.fail(
                    "snp-reserved", Status::malformed,
                    "byte " + hex_number(i) + " is " + hex_number(report_.raw[i]),
                    "the byte is reserved in version " + std::to_string(report_.version) +
                        " and must be zero",
                    "the report was changed on its way, or is of firmware newer than this verifier");
    verdict_.pass("snp-reserved");
}

void SnpVerifier::check_fields() {
    auto refuse = [&](const std::string& field, uint64_t value, std::string reason) {
        verdict_.fail("snp-fields", Status::unsupported, field + " " + hex_number(value), std::move(reason),
                      "what the bits grant is not known: a newer verifier may know them");
    };
    if (report_.policy & ~snp_policy_known)
        return refuse("policy", report_.policy, "unknown bits of the guest policy are set");
    if (!(report_.policy & snp_policy_reserved_one))
        return refuse("policy", report_.policy, "bit 17 of the guest policy must be one");
    if (report_.platform_info & ~snp_platform_known)
        return refuse("platform info", report_.platform_info, "unknown bits are set");
    if (report_.flags & ~snp_flags_known) return refuse("flags", report_.flags, "unknown bits are set");
    if (report_.vmpl > 3 && report_.vmpl != vmpl_of_host)
        return refuse("VMPL", report_.vmpl, "levels are 0 to 3");
    verdict_.pass("snp-fields", "policy " + hex_number(report_.policy) + ", platform info " +
                                    hex_number(report_.platform_info));
}

void SnpVerifier::check_signing_key() {
    uint8_t key = snp_signing_key(report_);
    if (key == static_cast<uint8_t>(SnpSigningKey::vcek)) return verdict_.pass("snp-signing-key", "VCEK");
    if (key == static_cast<uint8_t>(SnpSigningKey::vlek)) return verdict_.pass("snp-signing-key", "VLEK");
    bool none = key == static_cast<uint8_t>(SnpSigningKey::none);
    verdict_.fail("snp-signing-key", Status::unsupported, std::to_string(key),
                  none ? "the report is not signed" : "the kind of key is not known",
                  none ? "the host has turned attestation keys off (MASK_CHIP_KEY)" : "");
}

/// Issuers go to path building; of the endorsement keys' certificates, only those that can be this report's
/// are parsed.
std::vector<CertificatePointer> SnpVerifier::gather() {
    std::vector<CertificatePointer> keys, all = options_.prepared->certificates();
    size_t held = all.size();
    // Evidence often brings what the collateral has as well: once is enough, for signatures take long.
    for (const Bytes& der : evidence_.certificates) {
        auto same = [&](const auto& other) { return other->der() == der; };
        if (std::ranges::any_of(all.begin(), all.begin() + static_cast<ptrdiff_t>(held), same)) continue;
        if (auto certificate = Certificate::parse(der)) all.push_back(*certificate);
    }
    for (const CertificatePointer& certificate : all)
        (looks_like_vek(certificate->der()) ? keys : issuers_).push_back(certificate);
    // Path building looks at 64 candidates: a directory may hold more that are other vendors'.
    std::erase_if(issuers_, [](const CertificatePointer& issuer) {
        return !issuer->is_authority() ||
               issuer->signed_object().algorithm.scheme != SignatureAlgorithm::Scheme::rsa_pss;
    });
    return keys;
}

void SnpVerifier::find_key() {
    std::vector<VekCertificate> keys;
    for (const CertificatePointer& certificate : gather()) {
        VekCertificate vek = parse_vek(certificate);
        if (vek.is_vlek == vlek_wanted()) keys.push_back(std::move(vek));
    }
    choose(keys);
    std::string kind = vlek_wanted() ? "VLEK" : "VCEK";
    if (vek_ && vek_->fault.empty())
        return verdict_.pass("snp-endorsement-key", to_hex(vek_->certificate->sha256()));
    verdict_.fail("snp-endorsement-key", Status::wrong_collateral, kind,
                  vek_ ? vek_->fault
                       : "no certificate of a " + kind + " came with the evidence or is in the collateral",
                  fetch_hint());
}

bool SnpVerifier::signed_by(const VekCertificate& vek) const {
    Bytes signature;
    // 72 little-endian bytes each, of which P-384 needs 48.
    for (const Field<72>* number : {&report_.signature_r, &report_.signature_s}) {
        if (!all_zero(ByteView(*number).subspan(48))) return false;
        signature.insert(signature.end(), number->rbegin() + 24, number->rend());
    }
    const Result<PublicKey>& key = vek.certificate->public_key();
    return key && key->kind() == PublicKey::Kind::p384 &&
           key->verify_ecdsa(Hash::sha384, ByteView(report_.raw).first(snp_signed_size), signature);
}

/// The certificate of this very chip and these versions. Where none fits wholly, the one that fits most, so
/// that the checks can say what is wrong with it. Several fit where the report does not name its chip: then
/// the signature decides.
void SnpVerifier::choose(const std::vector<VekCertificate>& keys) {
    constexpr size_t most_tried = 64;
    auto rank = [&](const VekCertificate& vek) {
        if (!vek.fault.empty()) return 0;
        bool chip =
            !vek.is_vlek && equal(vek.hardware_id, ByteView(report_.chip_id).first(vek.hardware_id.size()));
        return 1 + 2 * chip + (vek.tcb == report_.reported_tcb);
    };
    int best = -1;
    for (const VekCertificate& vek : keys) best = std::max(best, rank(vek));
    std::vector<const VekCertificate*> fitting;
    for (const VekCertificate& vek : keys)
        if (rank(vek) == best && fitting.size() < most_tried) fitting.push_back(&vek);
    if (fitting.empty()) return;
    auto signer = fitting.begin();
    if (fitting.size() > 1)
        signer = std::ranges::find_if(fitting, [&](const VekCertificate* vek) { return signed_by(*vek); });
    signed_ = fitting.size() > 1 && signer != fitting.end();
    vek_ = signer == fitting.end() ? *fitting.front() : **signer;
}

std::string SnpVerifier::fetch_hint() const {
    SnpProduct product =
        vek_ ? vek_->product : snp_product_from_cpuid(report_.cpuid_family, report_.cpuid_model);
    if (vlek_wanted())
        return "ask the cloud provider for the VLEK certificate, or pass the certificate table that the "
               "guest got";
    if (all_zero(report_.chip_id))
        return "the chip id is masked: only the host can pass the VCEK certificate";
    if (product == SnpProduct::unknown) return "`litebox attest fetch-urls` says where to get it";
    return "fetch " + snp_vcek_url(report_, product);
}

void SnpVerifier::check_product() {
    std::string_view product = to_string(vek_->product);
    SnpProduct processor = snp_product_from_cpuid(report_.cpuid_family, report_.cpuid_model);
    if (report_.version >= 3 && processor != vek_->product) {
        std::string input =
            "family " + hex_number(report_.cpuid_family) + ", model " + hex_number(report_.cpuid_model);
        return verdict_.fail(
            "snp-product", processor == SnpProduct::unknown ? Status::unsupported : Status::wrong_collateral,
            input,
            "the report's processor is of product " + std::string(to_string(processor)) +
                ", the certificate's is " + vek_->product_name,
            fetch_hint());
    }
    std::string issuer = vek_->certificate->issuer_common_name();
    std::string wanted = (vek_->is_vlek ? "SEV-VLEK-" : "SEV-") + std::string(product);
    if (issuer != wanted)
        return verdict_.fail("snp-product", Status::untrusted, issuer,
                             "the issuer of a " + vek_->product_name + " key is " + wanted);
    verdict_.pass("snp-product", vek_->product_name);
}

void SnpVerifier::check_path() {
    TrustAnchors anchors = TrustAnchors::from(options_.roots->amd, options_.roots->pinned_amd);
    for (const CertificatePointer& root : anchors.certificates) issuers_.push_back(root);
    PathResult found =
        build_path(vek_->certificate, issuers_, anchors, options_.now, &options_.prepared->signatures());
    path_ = std::move(found.path);
    if (path_.empty()) {
        Status kind = found.fault == PathFault::forged ? Status::forged : Status::untrusted;
        return verdict_.fail("snp-certificate-path", kind, vek_->certificate->issuer_common_name(),
                             found.message,
                             vek_->product == SnpProduct::unknown
                                 ? fetch_hint()
                                 : "put the ASK and ARK of the product beside the collateral: " +
                                       snp_chain_url(vek_->product, vek_->is_vlek));
    }
    std::string root = path_.back()->common_name(), wanted = "ARK-" + std::string(to_string(vek_->product));
    if (!vek_->fault.empty()) wanted = root;  // the product is not known; the fault refuses
    if (path_.size() != 3 || root != wanted)
        return verdict_.fail("snp-certificate-path", Status::untrusted, root,
                             "the path is not the key, one issuer and " + wanted);
    for (const CertificatePointer& certificate : path_) {
        const SignatureAlgorithm& algorithm = certificate->signed_object().algorithm;
        if (algorithm.scheme != SignatureAlgorithm::Scheme::rsa_pss || algorithm.hash != Hash::sha384 ||
            algorithm.salt != 48)
            return verdict_.fail(
                "snp-certificate-path", Status::untrusted, certificate->common_name(),
                "the certificate is not signed with RSASSA-PSS, SHA-384 and 48 bytes of salt");
    }
    if (!found.ok())
        return verdict_.fail("snp-certificate-path", Status::expired_collateral, to_string(options_.now),
                             found.message, "check the clock (--at); else fetch the certificates anew");
    verdict_.pass("snp-certificate-path",
                  root + " > " + path_[1]->common_name() + " > " + path_[0]->common_name());
}

void SnpVerifier::check_revocation_list() {
    std::string url = snp_crl_url(vek_->product, vek_->is_vlek);
    if (path_.size() != 3) return;  // not run: there is no issuer to judge
    std::vector<RevocationListPointer> lists = options_.prepared->revocation_lists();
    for (const Bytes& der : evidence_.revocation_lists)
        if (auto list = RevocationList::parse(der)) lists.push_back(*list);
    RevocationResult result =
        check_revocation(*path_[1], *path_[2], lists, options_.now, &options_.prepared->signatures());
    using Kind = RevocationResult::Kind;
    std::string input = path_[1]->common_name();
    if (result.kind == Kind::good) {
        verdict_.pass("snp-revocation", input);
    } else if (result.kind == Kind::revoked) {
        verdict_.fail("snp-revocation", Status::revoked, input, result.message,
                      "no key under this certificate can be trusted any more");
    } else if (result.kind != Kind::forged && !options_.policy->require_revocation) {
        verdict_.not_applicable("snp-revocation",
                                "the policy does not ask for revocation: " + result.message);
    } else {
        verdict_.fail("snp-revocation",
                      result.kind == Kind::expired ? Status::expired_collateral : Status::wrong_collateral,
                      input, result.message, "fetch " + url);
    }
    if (!options_.policy->maximum_collateral_age)
        verdict_.not_applicable("policy-collateral-age", "the policy does not ask");
    else if (result.list)
        check_age(*result.list);
    else if (!options_.policy->require_revocation)
        verdict_.not_applicable("policy-collateral-age",
                                "there is no revocation list, and the policy does not ask for one");
    // Else not run: there is no list to judge, which the check before has told.
}

void SnpVerifier::check_age(const RevocationList& list) {
    int64_t age = options_.now.seconds - list.this_update().seconds;
    std::string input = to_string(list.this_update());
    if (age <= *options_.policy->maximum_collateral_age)
        verdict_.pass("policy-collateral-age", input);
    else
        verdict_.fail("policy-collateral-age", Status::out_of_policy, input,
                      "the list is " + std::to_string(age / 3600) + " hours old",
                      "fetch " + snp_crl_url(vek_->product, vek_->is_vlek));
}

void SnpVerifier::check_chip() {
    if (vek_->is_vlek)
        return verdict_.not_applicable(
            "snp-chip-id", "a VLEK belongs to a provider (" + vek_->provider + "), not to a chip");
    if (all_zero(report_.chip_id))
        return verdict_.not_applicable("snp-chip-id", "the host masks the chip id");
    ByteView id = report_.chip_id;
    size_t size = vek_->hardware_id.size();
    if (equal(id.first(size), vek_->hardware_id) && all_zero(id.subspan(size)))
        return verdict_.pass("snp-chip-id", to_hex(vek_->hardware_id));
    verdict_.fail("snp-chip-id", Status::wrong_collateral, to_hex(id),
                  "the certificate is of another chip, " + to_hex(vek_->hardware_id), fetch_hint());
}

void SnpVerifier::check_tcb() {
    std::string input = describe_snp_tcb(vek_->product, report_.reported_tcb);
    for (const SnpTcbComponent& part : snp_tcb_layout(vek_->product)) {
        uint8_t reported = snp_tcb_byte(report_.reported_tcb, part.byte),
                vouched = snp_tcb_byte(vek_->tcb, part.byte);
        if (reported == vouched) continue;
        std::string name =
            part.name.empty() ? "reserved byte " + std::to_string(part.byte) : std::string(part.name);
        return verdict_.fail(
            "snp-tcb-certificate", Status::wrong_collateral, input,
            name + " is " + std::to_string(reported) + ", the certificate is for " + std::to_string(vouched),
            fetch_hint());
    }
    verdict_.pass("snp-tcb-certificate", input);
}

void SnpVerifier::check_signature() {
    for (const Field<72>* number : {&report_.signature_r, &report_.signature_s})
        if (all_zero(*number) || !all_zero(ByteView(*number).subspan(48)))
            return verdict_.fail("snp-signature", Status::forged, {},
                                 "a half of the signature is zero or longer than 48 bytes");
    if (report_.signature_algorithm != 1) return;  // not run: the bytes mean something else
    if (signed_ || signed_by(*vek_)) return verdict_.pass("snp-signature", "ECDSA P-384");
    bool other = verdict_.state("snp-chip-id") == CheckState::failed ||
                 verdict_.state("snp-tcb-certificate") == CheckState::failed;
    verdict_.fail(
        "snp-signature", Status::forged, to_hex(vek_->certificate->sha256()),
        other ? "the certificate's key, which is of another chip or other versions, did not sign this report"
              : "the key did not sign these bytes: report or signature was changed",
        other ? fetch_hint() : "ask the guest for a new report and pass it on unchanged");
}

void SnpVerifier::check_order() {
    for (uint64_t tcb : {report_.current_tcb, report_.committed_tcb, report_.launch_tcb})
        for (const SnpTcbComponent& part : snp_tcb_layout(vek_->product))
            if (part.name.empty() && snp_tcb_byte(tcb, part.byte))
                return verdict_.fail(
                    "snp-tcb-order", Status::malformed, hex_number(tcb),
                    "reserved byte " + std::to_string(part.byte) + " of a TCB version is not zero");
    std::string input = describe_snp_tcb(vek_->product, report_.current_tcb);
    if (const SnpTcbComponent* part =
            snp_tcb_below(vek_->product, report_.current_tcb, report_.committed_tcb))
        return verdict_.fail("snp-tcb-order", Status::out_of_policy, input,
                             std::string(part->name) +
                                 " of the running firmware is below what was committed: it was rolled back");
    verdict_.pass("snp-tcb-order", input);
}

void SnpVerifier::add_claims() {
    auto claim = [&](std::string name, std::string value) {
        verdict_.claims.emplace_back(std::move(name), std::move(value));
    };
    claim("product", std::string(to_string(vek_->product)));
    claim("measurement", to_hex(report_.measurement));
    claim("report_data", to_hex(report_.report_data));
    claim("host_data", to_hex(report_.host_data));
    claim("chip_id", vek_->is_vlek ? "" : to_hex(vek_->hardware_id));
    claim("provider", vek_->provider);
    claim("reported_tcb", describe_snp_tcb(vek_->product, report_.reported_tcb));
    claim("policy", hex_number(report_.policy));
    claim("vmpl", std::to_string(report_.vmpl));
    claim("guest_svn", std::to_string(report_.guest_svn));
    claim("id_key_digest", to_hex(report_.id_key_digest));
    claim("author_key_digest", to_hex(report_.author_key_digest));
    std::erase_if(verdict_.claims, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace

void verify_snp(const SnpReport& report, const Evidence& evidence, const VerifyOptions& options,
                Verdict& verdict) {
    verdict.technology = "snp";
    verdict.expect(rules);
    SnpVerifier(report, evidence, options, verdict).run();
    apply_policy(*options.policy, report, evidence, options.expected_report_data, verdict);
}

}  // namespace litebox::attest
