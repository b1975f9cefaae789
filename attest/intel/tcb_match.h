// Which TCB level a platform is at, and what that makes of it together with TDX module and quoting enclave
// (Intel DCAP quote verification, steps 4.1.2.4.17 and following).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/intel/pck.h"
#include "attest/intel/tcb_info.h"

namespace litebox::attest {

/// Both ratings in one: what either lacks, the whole lacks. OutOfDate swallows SWHardeningNeeded, as Intel's
/// table has it; Revoked swallows everything.
TcbStatus converge(TcbStatus left, TcbStatus right);

/// The first level that this security version reaches; null where it reaches none. `levels` descend.
const SvnLevel* match_svn(const std::vector<SvnLevel>& levels, uint16_t isv_svn);

/// The identity of the module that a TD runs under: by TEE_TCB_SVN[1] in `module_identities`, or `module` for
/// version 0. Null where the document has none.
const TdxModule* find_module(const TcbInfo& info, uint8_t module_version);

struct TcbMatch {
    TcbStatus status =
        TcbStatus::not_supported;     // unknown: the level is rated with a word that Intel does not define
    const TcbLevel* level = nullptr;  // null where none is reached
    const SvnLevel* module_level = nullptr;  // TDX with module versions
    std::vector<std::string> advisories;     // ascending, without duplicates
    /// What the platform lacks to reach a better level, and what to do about it; empty where nothing.
    std::string shortfall;
};

/// `td` null for SGX. `quoting_enclave` is null where the QE's rating is not known: it then counts as
/// UpToDate.
TcbMatch match_tcb(const TcbInfo& info, const PckExtension& platform, const TdReportBody* td,
                   const TcbRating* quoting_enclave);

}  // namespace litebox::attest
