// Simulated evidence at the pace of a load test: made once by the simulator, then for each report data
// patched and signed anew.
#pragma once

#include <algorithm>
#include <string>

#include "attest/simulate/keys.h"
#include "attest/simulate/simulate.h"

namespace litebox::attest {

class SimulatedTee {
  public:
    /// "sgx" (quote 3), "tdx" (quote 4) or "snp" (report 3, Milan); `measurement`: the first byte of the
    /// code's identity.
    explicit SimulatedTee(const std::string& name, uint8_t measurement = 0x11) : snp_(name == "snp") {
        using namespace simulate;
        if (snp_) {
            AmdKnobs knobs = AmdKnobs::snp();
            knobs.issue_at(system_now());
            knobs.report.fields.measurement.fill(measurement);
            made_ = simulate::simulate(knobs);
            key_ = SigningKey::derive(KeyKind::p384, knobs.seed, knobs.report.signer);
            report_data_at_ = 0x50, signed_size_ = 0x2A0, signature_at_ = 0x2A0;
            return;
        }
        bool tdx = name == "tdx";
        IntelKnobs knobs = tdx ? IntelKnobs::tdx() : IntelKnobs::sgx();
        knobs.issue_at(system_now());
        knobs.quote.sgx.mr_enclave.fill(measurement);
        knobs.quote.td.mr_td.fill(measurement);
        made_ = simulate::simulate(knobs);
        key_ = SigningKey::derive(KeyKind::p256, knobs.seed, knobs.quote.quote_signer);
        report_data_at_ = tdx ? 48 + 520 : 48 + 0x140;
        signed_size_ = 48 + (tdx ? td_report_body_1_0_size : sgx_report_body_size);
        signature_at_ = signed_size_ + 4;
    }

    Bytes evidence(ByteView report_data) const {
        Bytes out = made_.evidence;
        std::fill_n(out.begin() + at(report_data_at_), 64, 0);
        std::copy(report_data.begin(), report_data.end(), out.begin() + at(report_data_at_));
        Bytes signature = key_.sign_raw(ByteView(out).first(signed_size_));
        if (!snp_) {
            std::copy(signature.begin(), signature.end(), out.begin() + at(signature_at_));
            return out;
        }
        // r and s little-endian, in 72 bytes each.
        std::reverse_copy(signature.begin(), signature.begin() + 48, out.begin() + at(signature_at_));
        std::reverse_copy(signature.begin() + 48, signature.end(), out.begin() + at(signature_at_ + 72));
        return out;
    }
    const simulate::Simulation& simulation() const { return made_; }

    /// TOML that accepts this code alone.
    static std::string policy(const std::string& name, uint8_t measurement = 0x11) {
        std::string key = name == "snp" ? "measurement" : name == "tdx" ? "mr_td" : "mr_enclave";
        size_t size = name == "sgx" ? 32 : 48;
        return "[" + name + "]\n" + key + " = [\"" + to_hex(Bytes(size, measurement)) + "\"]\n";
    }

  private:
    static ptrdiff_t at(size_t offset) { return static_cast<ptrdiff_t>(offset); }
    bool snp_;
    simulate::Simulation made_;
    simulate::SigningKey key_;
    size_t report_data_at_ = 0, signed_size_ = 0, signature_at_ = 0;
};

}  // namespace litebox::attest
