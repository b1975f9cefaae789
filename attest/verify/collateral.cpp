// Collateral from files of any make: each piece is recognised by its content.
#include "attest/collateral.h"

#include <algorithm>
#include <fstream>

#include "attest/base/der.h"
#include "attest/base/json.h"
#include "attest/x509/certificate.h"

namespace litebox::attest {

namespace {

constexpr size_t maximum_file = 1 << 20, maximum_files = 4096;

/// %XX undone, as chains come in response headers.
std::string url_decode(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
        auto byte =
            text[i] == '%' && i + 3 <= text.size() ? from_hex(text.substr(i + 1, 2)) : Result<Bytes>(Error{});
        if (byte) {
            out += static_cast<char>((*byte)[0]);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// A certificate has a version or serial number where a revocation list has its signature algorithm, or a
/// serial where the list has a name; told apart by shape, so that even one that cannot be judged is filed
/// where its fault will be named.
bool add_der(Collateral& collateral, ByteView bytes) {
    DerReader outer(bytes);
    DerReader object = outer.enter(der::sequence);
    DerReader body = object.enter(der::sequence);
    bool certificate = body.next_is(der::context(0));
    if (!certificate && body.next_is(der::integer)) body.any();
    bool list = !certificate && body.next_is(der::sequence);
    if (!outer.finished() || body.failed() || (!certificate && !list)) return false;
    (certificate ? collateral.certificates : collateral.revocation_lists).push_back(to_bytes(bytes));
    return true;
}

bool add_pem(Collateral& collateral, std::string_view text) {
    auto blocks = parse_pem(text);
    if (!blocks) return false;
    bool any = false;
    for (const PemBlock& block : *blocks) {
        if (block.label == "CERTIFICATE" || block.label == "X509 CRL") any |= add_der(collateral, block.der);
    }
    return any;
}

/// The members of the bundles that DCAP tools write. Documents lie in them as text (then those are the signed
/// bytes) or as values.
struct BundleDocument {
    const char* member;
    const char* signature;
    const char* wrapper;
    std::vector<SignedDocument> Collateral::*list;
};
constexpr BundleDocument bundle_documents[] = {
    {"tcb_info", "tcb_info_signature", "tcbInfo", &Collateral::tcb_infos},
    {"qe_identity", "qe_identity_signature", "enclaveIdentity", &Collateral::identities},
};
constexpr const char* bundle_objects[] = {
    "pck_crl_issuer_chain",     "root_ca_crl",           "pck_crl",        "tcb_info_issuer_chain",
    "qe_identity_issuer_chain", "pck_certificate_chain", "pck_certificate"};

bool add_bundle(Collateral& collateral, const Json& bundle, const std::string& source) {
    bool any = false;
    for (const BundleDocument& row : bundle_documents) {
        const Json* document = bundle.find(row.member);
        if (!document) continue;
        std::string text =
            document->is(Json::Kind::string) ? document->string() : std::string(document->raw());
        if (const Json* signature = bundle.find(row.signature);
            signature && signature->is(Json::Kind::string)) {
            text = std::string("{\"") + row.wrapper + "\":" + text +
                   ",\"signature\":" + json_quote(signature->string()) + "}";
        }
        (collateral.*row.list).push_back({std::move(text), source + " " + row.member});
        any = true;
    }
    for (const char* name : bundle_objects) {
        const Json* object = bundle.find(name);
        if (object && object->is(Json::Kind::string))
            any |= collateral.add(as_bytes(object->string()), source + " " + name);
    }
    return any;
}

bool add_json(Collateral& collateral, std::string_view text, const std::string& source) {
    auto json = Json::parse(text);
    if (!json || !json->is(Json::Kind::object)) return false;
    SignedDocument document{std::string(text), source};
    if (json->find("tcbInfo")) {
        collateral.tcb_infos.push_back(std::move(document));
    } else if (json->find("enclaveIdentity")) {
        collateral.identities.push_back(std::move(document));
    } else {
        return add_bundle(collateral, *json, source);
    }
    return true;
}

}  // namespace

bool Collateral::add(ByteView bytes, std::string source) {
    if (bytes.empty() || bytes.size() > maximum_file) return false;
    if (add_der(*this, bytes)) return true;
    std::string_view text = trimmed(as_text(bytes));
    if (!text.empty() && text.front() == '{') return add_json(*this, text, source);
    if (!is_text(bytes)) return false;
    if (text.find("-----BEGIN ") != std::string_view::npos) return add_pem(*this, text);
    if (text.find("-----BEGIN%20") != std::string_view::npos) return add_pem(*this, url_decode(text));
    if (auto decoded = from_hex(text)) return add_der(*this, *decoded);
    if (auto decoded = from_base64(text)) return add_der(*this, *decoded);
    return false;
}

Result<Collateral> Collateral::load_directory(const std::filesystem::path& directory) {
    std::error_code failure;
    std::vector<std::filesystem::path> files;
    std::filesystem::directory_iterator entries(directory, failure);
    if (failure) return Error{"cannot read the directory " + directory.string() + ": " + failure.message()};
    for (; entries != std::filesystem::directory_iterator(); entries.increment(failure)) {
        if (entries->is_regular_file(failure)) files.push_back(entries->path());
        if (files.size() > maximum_files) return Error{directory.string() + " holds more than 4096 files"};
    }
    if (failure) return Error{"cannot read the directory " + directory.string() + ": " + failure.message()};
    std::ranges::sort(files);  // so that messages and choices do not depend on the file system

    Collateral collateral;
    for (const auto& path : files) {
        std::ifstream file(path, std::ios::binary);
        Bytes contents(maximum_file + 1);
        file.read(reinterpret_cast<char*>(contents.data()), static_cast<std::streamsize>(contents.size()));
        contents.resize(static_cast<size_t>(file.gcount()));
        std::string name = path.filename().string();
        if (!collateral.add(contents, name)) collateral.ignored.push_back(name);
    }
    return collateral;
}

}  // namespace litebox::attest
