#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest/command/broker/commands.h"
#include "attest/x509/certificate.h"

namespace litebox::attest::broker {

void StoreOptions::add(CLI::App& app) {
    app.add_option("--store", path, "The store's file")->required();
    app.add_option("--store-key", key,
                   "What unlocks it: file:PATH, passphrase, passphrase-file:PATH or a pkcs11: URI")
        ->required();
}

Result<std::unique_ptr<Store>> StoreOptions::open() const {
    std::unique_ptr<StoreKey> store_key = ATTEST_TRY(open_store_key(key));
    return Store::open(path, *store_key);
}

void TrustOptions::add(CLI::App& app) {
    app.add_option("--root", roots,
                   "Trust this root certificate (PEM or DER), and not the vendors': for simulated TEEs")
        ->allow_extra_args(false);
    app.add_flag("--production-roots", production, "Trust the vendors' roots beside those of --root");
    app.add_option("--collateral", collateral,
                   "Directory of certificates, revocation lists and TCB documents");
}

Result<Roots> TrustOptions::read_roots() const {
    Roots out;
    if (roots.empty() || production) out = Roots::production();
    for (const std::string& path : roots) {
        Collateral found;
        if (!found.add(as_bytes(ATTEST_TRY(read_text(path))), path) || found.certificates.empty()) {
            return Error{path + ": no certificate"};
        }
        // Which vendor's it is shows in use: a root of one vendor signs no other's hierarchy.
        for (const Bytes& certificate : found.certificates) {
            out.intel.push_back(certificate);
            out.amd.push_back(certificate);
        }
    }
    return out;
}

Result<SecretBytes> read_input(const std::string& path, size_t limit) {
    int fd = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return Error{path + ": " + strerror(errno)};
    SecretBytes out, piece(64 << 10);
    ssize_t count = 0;
    while ((count = read(fd, piece.data(), piece.size())) > 0 && out.size() <= limit) {
        append(out, ByteView(piece.data(), static_cast<size_t>(count)));
    }
    int error = errno;
    if (fd != STDIN_FILENO) close(fd);
    if (count < 0) return Error{path + ": " + strerror(error)};
    if (out.size() > limit) return Error{path + ": longer than " + std::to_string(limit) + " bytes"};
    return out;
}

Result<std::string> read_text(const std::string& path) {
    SecretBytes bytes = ATTEST_TRY(read_input(path, 1 << 20));
    return std::string(as_text(bytes));
}

Result<void> write_output(const std::string& path, ByteView bytes, bool secret) {
    bool standard = path.empty() || path == "-";
    int fd = standard ? STDOUT_FILENO
                      : open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, secret ? 0600 : 0644);
    if (fd < 0) return Error{path + ": " + strerror(errno)};
    while (!bytes.empty()) {
        ssize_t count = write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return Error{(standard ? "standard output" : path) + ": " + strerror(errno)};
        bytes = bytes.subspan(static_cast<size_t>(count));
    }
    if (!standard && close(fd) != 0) return Error{path + ": " + strerror(errno)};
    return {};
}

tls::Attester command_attester(const std::string& command) {
    return [command](ByteView report_data) -> Result<Bytes> {
        setenv("LITEBOX_REPORT_DATA", to_hex(report_data).c_str(), 1);
        FILE* pipe = popen(command.c_str(), "re");
        if (!pipe) return Error{"the evidence command cannot be run: " + std::string(strerror(errno))};
        Bytes out;
        uint8_t piece[4096];
        size_t count = 0;
        while ((count = fread(piece, 1, sizeof piece, pipe)) > 0 && out.size() < (512 << 10))
            out.insert(out.end(), piece, piece + count);
        int status = pclose(pipe);
        if (status != 0) return Error{"the evidence command failed: '" + command + "'"};
        if (out.empty()) return Error{"the evidence command wrote nothing: '" + command + "'"};
        return out;
    };
}

}  // namespace litebox::attest::broker
