// A report as the `sev` crate serialises it: what Confidential Containers' attesters send.
#pragma once

#include <string>

#include "attest/base/bytes.h"

namespace litebox::attest::broker {

/// `later`: as releases do it that have versions as objects and "key_info".
inline std::string snp_fields_json(ByteView report, bool turin, bool later) {
    auto number = [&](size_t offset, size_t size) {
        uint64_t value = 0;
        for (size_t i = 0; i < size; i++) value |= uint64_t{report[offset + i]} << (8 * i);
        return std::to_string(value);
    };
    auto array = [&](size_t offset, size_t size) {
        std::string out = "[";
        for (size_t i = 0; i < size; i++) out += (i ? "," : "") + std::to_string(report[offset + i]);
        return out + "]";
    };
    auto tcb = [&](size_t at) {
        std::string fmc = turin ? number(at, 1) : "null";
        size_t first = turin ? at + 1 : at;
        return "{\"fmc\":" + fmc + ",\"bootloader\":" + number(first, 1) +
               ",\"tee\":" + number(first + 1, 1) + ",\"snp\":" + number(turin ? at + 3 : at + 6, 1) +
               ",\"microcode\":" + number(at + 7, 1) + "}";
    };
    auto version = [&](const std::string& name, size_t at) {
        if (later)
            return "\"" + name + "\":{\"major\":" + number(at + 2, 1) + ",\"minor\":" + number(at + 1, 1) +
                   ",\"build\":" + number(at, 1) + "}";
        return "\"" + name + "_build\":" + number(at, 1) + ",\"" + name + "_minor\":" + number(at + 1, 1) +
               ",\"" + name + "_major\":" + number(at + 2, 1);
    };
    return "{\"version\":" + number(0, 4) + ",\"guest_svn\":" + number(4, 4) + ",\"policy\":" + number(8, 8) +
           ",\"family_id\":" + array(0x10, 16) + ",\"image_id\":" + array(0x20, 16) +
           ",\"vmpl\":" + number(0x30, 4) + ",\"sig_algo\":" + number(0x34, 4) +
           ",\"current_tcb\":" + tcb(0x38) + ",\"plat_info\":" + number(0x40, 8) +
           (later ? ",\"key_info\":" : ",\"_author_key_en\":") + number(0x48, 4) +
           ",\"report_data\":" + array(0x50, 64) + ",\"measurement\":" + array(0x90, 48) +
           ",\"host_data\":" + array(0xC0, 32) + ",\"id_key_digest\":" + array(0xE0, 48) +
           ",\"author_key_digest\":" + array(0x110, 48) + ",\"report_id\":" + array(0x140, 32) +
           ",\"report_id_ma\":" + array(0x160, 32) + ",\"reported_tcb\":" + tcb(0x180) +
           ",\"cpuid_fam_id\":" + number(0x188, 1) + ",\"cpuid_mod_id\":" + number(0x189, 1) +
           ",\"cpuid_step\":" + number(0x18A, 1) + ",\"chip_id\":" + array(0x1A0, 64) +
           ",\"committed_tcb\":" + tcb(0x1E0) + "," + version("current", 0x1E8) + "," +
           version("committed", 0x1EC) + ",\"launch_tcb\":" + tcb(0x1F0) +
           ",\"signature\":{\"r\":" + array(0x2A0, 72) + ",\"s\":" + array(0x2E8, 72) + "}}";
}

}  // namespace litebox::attest::broker
