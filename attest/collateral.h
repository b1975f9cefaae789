// Everything that a verification needs beside the evidence, gathered from files: certificates, revocation
// lists, TCB info, enclave identities. Found by content, not by file name. Holding is not trusting: each
// piece is checked when it is used.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "attest/base/bytes.h"

namespace litebox::attest {

class Certificate;
class RevocationList;
class SignatureMemory;
struct EnclaveIdentity;
struct TcbInfo;

/// A document of Intel's as it came: the signed member's exact bytes and the signature over them.
struct SignedDocument {
    std::string text;    // the whole JSON: {"tcbInfo":{...},"signature":"..."} or {"enclaveIdentity":...}
    std::string source;  // file or member it came from, for messages
};

struct Collateral {
    std::vector<Bytes> certificates;      // DER
    std::vector<Bytes> revocation_lists;  // DER
    std::vector<SignedDocument> tcb_infos;
    std::vector<SignedDocument> identities;  // QE, TD_QE, QVE

    /// Every regular file of the directory (not below it), at most 1 MiB each and 4096 files: PEM (several
    /// objects per file, URL encoding of chains undone), DER, hex or base64 of these; PCS JSON documents; the
    /// bundles that DCAP tools write
    /// ({"tcb_info": "...", "tcb_info_signature": "...", "qe_identity": ..., "root_ca_crl": ...}). A file
    /// that is none of these is named in `ignored`.
    static Result<Collateral> load_directory(const std::filesystem::path& directory);
    /// Adds what `bytes` holds; false where it is nothing known.
    bool add(ByteView bytes, std::string source);
    std::vector<std::string> ignored;
};

/// Collateral taken apart once, for any number of verifications by any number of threads. It also remembers
/// which signatures (over its own pieces, and over certificates that come with evidence) were good, so that
/// nothing is checked twice; what depends on time, roots or evidence is judged anew by each verification.
class PreparedCollateral {
  public:
    explicit PreparedCollateral(const Collateral& collateral);
    ~PreparedCollateral();
    PreparedCollateral(const PreparedCollateral&) = delete;
    PreparedCollateral& operator=(const PreparedCollateral&) = delete;

    const std::vector<std::shared_ptr<const Certificate>>& certificates() const { return certificates_; }
    const std::vector<std::shared_ptr<const RevocationList>>& revocation_lists() const {
        return revocation_lists_;
    }
    const std::vector<std::shared_ptr<const TcbInfo>>& tcb_infos() const { return tcb_infos_; }
    const std::vector<std::shared_ptr<const EnclaveIdentity>>& identities() const { return identities_; }
    /// Pieces that could not be read, each with the reason.
    const std::vector<std::string>& unreadable() const { return unreadable_; }
    /// Synchronised in itself.
    SignatureMemory& signatures() const { return *signatures_; }

  private:
    std::vector<std::shared_ptr<const Certificate>> certificates_;
    std::vector<std::shared_ptr<const RevocationList>> revocation_lists_;
    std::vector<std::shared_ptr<const TcbInfo>> tcb_infos_;
    std::vector<std::shared_ptr<const EnclaveIdentity>> identities_;
    std::vector<std::string> unreadable_;
    std::unique_ptr<SignatureMemory> signatures_;
};

}  // namespace litebox::attest
