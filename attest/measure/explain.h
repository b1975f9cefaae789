// Why a measurement is not the expected one: each input is varied until the expected one comes out.
#pragma once

#include <string>
#include <vector>

#include "attest/measure/inputs.h"

namespace litebox::attest::measure {

/// An input that differs.
struct Difference {
    std::string input;  // "processors", "guest_features", "vmm", "processor_model", "kernel", "command_line",
                        // "firmware"...
    std::string given;
    std::string found;  // the value that gives the expected measurement
};

struct Explanation {
    bool matches = false;  // the inputs as given give the expected measurement
    /// What differs, where varying the inputs found it. Empty where it found nothing.
    std::vector<Difference> differences;
    /// In words for a person; what was tried, where nothing was found.
    std::string text;
};

/// What evidence has.
struct Expected {
    Bytes measurement;                 // launch digest, MRTD or MRENCLAVE
    std::vector<Field<48>> rtmr = {};  // TDX, where they are known: RTMR0 to RTMR3
};

/// What the guest may have been started with instead.
struct Candidates {
    std::vector<std::filesystem::path> firmware = {}, kernels = {}, initrds = {};
    std::vector<std::string> command_lines = {};
};

/// Tries, together: 1 to 512 processors, usual guest features, each VMM and processor model; each with the
/// kernel's inputs as they are, with the candidates, with common slips of the command line, and without
/// kernel or initrd; and each candidate firmware. TDX: both orders and other firmware; by RTMR1 and RTMR2 of
/// a kernel started directly, kernel, initrd and command line. SGX: threads, stack and heap.
Result<Explanation> explain_mismatch(const Expected& expected, const Description& inputs,
                                     const Candidates& candidates = {});

}  // namespace litebox::attest::measure
