// A simulated TEE: certificate hierarchies, collateral and evidence under a test root, byte-exact in the
// vendors' formats, with every field under control. Equal knobs give equal bytes. The production verifier
// accepts what comes out only when it is handed `Simulation::roots`.
//
//     IntelKnobs knobs = IntelKnobs::tdx();
//     knobs.quote.td.report_data = ...;
//     knobs.tcb_info.levels[0].status = "OutOfDate";
//     Simulation made = simulate(knobs);
//     Verdict verdict = verify(made.evidence, made.options(policy));
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "attest/collateral.h"
#include "attest/simulate/amd.h"
#include "attest/simulate/epid.h"
#include "attest/simulate/intel.h"
#include "attest/verify.h"

namespace litebox::attest::simulate {

/// A file of collateral as it would be fetched from the vendor.
struct NamedFile {
    std::string name;
    Bytes contents;
};

/// Everything that one verification needs.
struct Simulation {
    Bytes evidence;            // the bare quote or report; of EPID, the service's report with its signature
    std::vector<Bytes> chain;  // certificates from leaf to root, DER
    std::vector<NamedFile> files;  // collateral, the test root not among it
    Collateral collateral;         // the same, in memory
    Roots roots;                   // the test root alone
    Bytes root;                    // it, DER
    Time now;                      // a time at which all of it is in its window

    /// Options for verify(); `this` and `policy` must outlive them.
    VerifyOptions options(const Policy& policy) const;
    /// evidence.bin, root.der and collateral/ below `directory`, which is made where it is not there.
    Result<void> write(const std::filesystem::path& directory) const;
};

Simulation simulate(const IntelKnobs& knobs);
Simulation simulate(const AmdKnobs& knobs);
Simulation simulate(const EpidKnobs& knobs);

/// A policy that judges everything but the code's identity: the default, with `require_identity` off.
Policy any_code_policy();

}  // namespace litebox::attest::simulate
