// What a launch is made of, as a person describes it: measure.toml, or the command line. Files are named, and
// read when the description is resolved.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "attest/measure/id_block.h"
#include "attest/measure/sgx.h"
#include "attest/measure/sigstruct.h"
#include "attest/measure/snp.h"
#include "attest/measure/tdx.h"

namespace litebox::attest::measure {

/// [snp] of measure.toml; keys are named as the members are, those of the ID block stand in [snp.id_block].
struct SnpDescription {
    // One of: firmware, firmware with svsm, image. Or no file: the firmware as an earlier look at it
    // described it.
    std::string firmware, svsm, image;
    uint64_t firmware_variables_size = 0;     // before the firmware, with svsm
    uint32_t secrets_gpa = 0, cpuid_gpa = 0;  // with image
    struct Firmware {                         // [snp.firmware_description]
        std::string digest;                   // hexadecimal, the launch digest after the firmware's pages
        std::vector<SnpSection> sections;     // [{gpa, size, type}, ...]
        std::optional<uint32_t> hashes_table, reset_eip;
    };
    std::optional<Firmware> firmware_description;
    // The kernel that the firmware checks, by files or by their SHA-256.
    std::string kernel, initrd, kernel_sha256, initrd_sha256, command_line;
    uint32_t processors = 1;
    std::string processor_model = "EPYC-v4";
    std::optional<uint32_t> processor_signature;
    uint64_t guest_features = 1;
    std::string vmm = "qemu";
    struct Id {
        std::string family_id, image_id;  // hexadecimal
        uint32_t guest_svn = 0;
        uint64_t policy = 0x30000;
        std::string id_key, author_key;  // PEM files
    };
    std::optional<Id> id_block;
};

/// [tdx] of measure.toml.
struct TdxDescription {
    std::string firmware, kernel, initrd, command_line;
    std::string order = "interleaved";
    std::vector<std::string> rtmr[4];  // digests of events in order, hexadecimal
};

/// [sgx] of measure.toml; the layout's keys are those of EnclaveLayout.
struct SgxDescription {
    std::string image, stream;  // ELF, or SGXS
    EnclaveLayout layout;
    struct Signing {  // [sgx.sigstruct]
        std::string key;
        uint32_t date = 0;
        uint16_t product = 0, svn = 0;
        bool debug = false;  // the enclave may also run in debug mode
    };
    std::optional<Signing> sigstruct;
};

struct Description {
    std::variant<SnpDescription, TdxDescription, SgxDescription> what;
    std::filesystem::path directory;  // that file names are relative to
};

/// Exactly one of [snp], [tdx], [sgx]. An unknown key is an error that names it.
Result<Description> parse_description(std::string_view toml, std::filesystem::path directory);
Result<Description> read_description(const std::filesystem::path& file);

/// A regular file of at most 256 MiB.
Result<Bytes> read_input(const std::filesystem::path& file);

Result<SnpInputs> resolve(const SnpDescription& description, const std::filesystem::path& directory);

/// What was measured, with everything that it came from, as measure.json has it.
struct Measured {
    std::string json;
    Bytes measurement;        // launch digest, MRTD or MRENCLAVE
    Bytes id_block, id_auth;  // SNP, where asked for
    Bytes sigstruct;          // SGX, where asked for
};
Result<Measured> measure(const Description& description);

}  // namespace litebox::attest::measure
