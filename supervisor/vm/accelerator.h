// Whether this host's KVM is worth using: there are some that open, and interpret every instruction of ring
// 0.
#pragma once

#include <cstdint>
#include <string>

namespace litebox::supervisor {

struct Accelerator {
    bool kvm;
    bool opens;              // /dev/kvm does
    double nanoseconds = 0;  // per instruction in ring 0; 0: not measured
    std::string why;         // in words
};

/// Finds out by running a loop in ring 0 of a machine of its own, which costs a millisecond or a few.
Accelerator choose_accelerator();

}  // namespace litebox::supervisor
