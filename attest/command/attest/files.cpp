#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "attest/base/json.h"
#include "attest/command/attest/command.h"
#include "attest/tls/peer.h"
#include "attest/x509/certificate.h"

namespace litebox::attest::command {

namespace {

constexpr size_t largest_file = 4 << 20;

struct Closer {
    void operator()(FILE* file) const {
        if (file != stdin) fclose(file);
    }
};

/// The member of a JSON document that a file is; none where the file is not there.
Result<std::string> tsm_member(const std::filesystem::path& path, const char* key) {
    if (!std::filesystem::exists(path)) return std::string();
    Bytes bytes = ATTEST_TRY(read_file(path));
    return ", " + json_quote(key) + ": " + json_quote(to_base64(bytes));
}

}  // namespace

int complain(const std::string& message, ExitCode code) {
    fprintf(stderr, "litebox attest: %s\n", message.c_str());
    return code;
}

void print(const std::string& text) {
    fwrite(text.data(), 1, text.size(), stdout);
}

Result<Bytes> read_file(const std::string& path) {
    std::error_code none;
    if (std::filesystem::is_directory(path, none)) return Error{path + " is a directory"};
    std::unique_ptr<FILE, Closer> file(path == "-" ? stdin : fopen(path.c_str(), "rb"));
    if (!file) return Error{"cannot open " + path + ": " + strerror(errno)};
    Bytes bytes;
    uint8_t block[65536];
    while (size_t count = fread(block, 1, sizeof block, file.get())) {
        bytes.insert(bytes.end(), block, block + count);
        if (bytes.size() > largest_file) return Error{path + " is larger than 4 MiB"};
    }
    if (ferror(file.get())) return Error{"cannot read " + path + ": " + strerror(errno)};
    return bytes;
}

Result<Bytes> read_evidence(const std::string& path) {
    std::error_code none;
    std::filesystem::path directory(path);
    if (!std::filesystem::is_directory(directory, none)) return read_file(path);
    if (!std::filesystem::exists(directory / "outblob"))
        return Error{path + " is a directory without the outblob of a configfs-tsm report"};
    Bytes out = ATTEST_TRY(read_file(directory / "outblob"));
    std::string text = "{\"outblob\": " + json_quote(to_base64(out));
    text += ATTEST_TRY(tsm_member(directory / "auxblob", "auxblob"));
    if (std::filesystem::exists(directory / "provider")) {
        Bytes provider = ATTEST_TRY(read_file(directory / "provider"));
        text += ", \"provider\": " + json_quote(as_text(provider));
    }
    return to_bytes(as_bytes(text + "}"));
}

std::optional<Bytes> certificate_in(ByteView bytes) {
    std::string_view text = trimmed(as_text(bytes));
    if (text.starts_with("-----BEGIN "))
        if (auto blocks = parse_pem(text); blocks && blocks->front().label == "CERTIFICATE")
            return std::move(blocks->front().der);
    return Certificate::parse(bytes) ? std::optional(to_bytes(bytes)) : std::nullopt;
}

Result<Evidence> find_evidence(ByteView bytes) {
    std::optional<Bytes> der = certificate_in(bytes);
    if (!der) return recognise_evidence(bytes);
    CertificatePointer certificate = ATTEST_TRY(Certificate::parse(*der));
    Bytes carried = ATTEST_TRY(tls::certificate_evidence(*certificate));
    Evidence evidence = ATTEST_TRY(recognise_evidence(carried));
    evidence.wrappings.insert(evidence.wrappings.begin(), "x509");
    return evidence;
}

Result<Policy> read_policy(const std::string& path) {
    if (path.empty()) return Policy();
    Bytes bytes = ATTEST_TRY(read_file(path));
    Result<Policy> policy = Policy::parse(as_text(bytes));
    if (!policy) return Error{path + ": " + policy.error().message};
    return policy;
}

Result<void> add_root(const std::string& path, Roots& roots) {
    Bytes bytes = ATTEST_TRY(read_file(path));
    std::vector<Bytes> certificates;
    if (as_text(bytes).find("-----BEGIN ") != std::string_view::npos) {
        for (PemBlock& block : ATTEST_TRY(parse_pem(as_text(bytes))))
            certificates.push_back(std::move(block.der));
    } else {
        certificates.push_back(bytes);
    }
    if (certificates.empty()) return Error{path + " holds no certificate"};
    for (const Bytes& der : certificates) {
        if (auto certificate = Certificate::parse(der); !certificate)
            return Error{path + ": " + certificate.error().message};
        for (std::vector<Bytes>* list : {&roots.intel, &roots.amd, &roots.intel_epid}) list->push_back(der);
    }
    return {};
}

}  // namespace litebox::attest::command
