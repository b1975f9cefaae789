// MRENCLAVE: SHA-256 over what builds an enclave, from a recorded stream or from an ELF image (Intel SDM
// volume 3D, ECREATE, EADD, EEXTEND).
#pragma once

#include <functional>

#include "attest/evidence.h"

namespace litebox::attest::measure {

struct EnclaveSummary {
    Field<32> mr_enclave{};
    uint64_t size = 0;             // of the enclave's address range
    uint32_t ssa_frame_pages = 0;  // SECS.SSAFRAMESIZE
    uint64_t pages = 0, threads = 0, measured_chunks = 0, unmeasured_chunks = 0;
};

/// A stream of records in the SGXS form: ECREATE, then EADD, EEXTEND with its 256 bytes, and UNMEASRD, which
/// is loaded but not measured. Strict: reserved bytes zero, pages inside the enclave and added before they
/// are extended.
Result<EnclaveSummary> measure_sgxs(ByteView stream);

/// How an enclave is laid out around an ELF image. Offsets are the image's virtual addresses, from 0; behind
/// its last page follow for each thread its stack (read, write; zeros), its SSA frames (the same), its
/// thread-data page that FS and GS point to (the same), its TCS, entered at the image's entry; and last the
/// heap (the same). Every page is measured, whole. The enclave's size is the smallest power of two that holds
/// all.
struct EnclaveLayout {
    uint32_t threads = 1;       // 1 to 1024
    uint32_t stack_pages = 16;  // of each thread
    uint32_t ssa_frames = 2;
    uint32_t ssa_frame_pages = 1;
    uint32_t heap_pages = 0;
};
/// The SGXS stream goes to `sink`, piece by piece, where there is one.
Result<EnclaveSummary> measure_enclave(ByteView elf, const EnclaveLayout& layout,
                                       const std::function<void(ByteView)>& sink = nullptr);

}  // namespace litebox::attest::measure
