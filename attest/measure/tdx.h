// MRTD of a TDVF image, and RTMRs from the events that will extend them (Intel TDX module specification, TDVF
// design guide).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "attest/evidence.h"
#include "attest/measure/firmware.h"

namespace litebox::attest::measure {

/// Virtual machine monitors add a section's pages and extend MRTD with their contents in one of two orders,
/// and the order changes the digest.
enum class TdxOrder : uint8_t {
    interleaved,  // each page is added and extended before the next, as KVM_TDX_INIT_MEM_REGION does
    two_passes,   // all pages of a section are added, then all are extended
};
std::string_view to_string(TdxOrder order);

/// MRTD of the image in the given order. Sections that the guest accepts later (PAGE.AUG) do not count.
Result<Field<48>> measure_mrtd(ByteView image, TdxOrder order);

/// One extension of an RTMR.
struct RtmrEvent {
    Field<48> digest{};
    std::string description;
};
/// From zero, in order.
Field<48> measure_rtmr(const std::vector<RtmrEvent>& events);

/// SHA-384 of the text as UTF-16LE with a terminating NUL: how an EFI boot stub measures the command line.
Field<48> command_line_digest(std::string_view command_line);
/// Authenticode SHA-384 of an EFI application: how firmware measures a kernel with an EFI stub. The loader's
/// changes to the kernel's setup header, where it makes any, change this.
Result<Field<48>> authenticode_digest(ByteView image);

/// What a boot by TDVF of a kernel given directly (QEMU -kernel) extends into RTMR1 and RTMR2.
struct DirectBoot {
    std::vector<RtmrEvent> rtmr1, rtmr2;
};
/// QEMU appends " initrd=initrd" to the command line where there is an initrd.
Result<DirectBoot> direct_boot(ByteView kernel, ByteView initrd, std::string_view command_line);

}  // namespace litebox::attest::measure
