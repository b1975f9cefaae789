#include "attest/amd/urls.h"

namespace litebox::attest {

namespace {

std::string base(SnpProduct product, bool vlek) {
    return "https://kdsintf.amd.com/" + std::string(vlek ? "vlek" : "vcek") + "/v1/" +
           std::string(to_string(product)) + "/";
}

/// The service's own names of components, in the order of its documentation.
struct Parameter {
    std::string_view component, parameter;
};
constexpr Parameter parameters[] = {{"fmc", "fmcSPL"},
                                    {"bootloader", "blSPL"},
                                    {"tee", "teeSPL"},
                                    {"snp", "snpSPL"},
                                    {"microcode", "ucodeSPL"}};

}  // namespace

std::string snp_vcek_url(const SnpReport& report, SnpProduct product) {
    std::string url = base(product, false) + snp_chip_id_for_url(report, product);
    char separator = '?';
    for (const Parameter& parameter : parameters)
        for (const SnpTcbComponent& part : snp_tcb_layout(product)) {
            if (part.name != parameter.component) continue;
            std::string value = std::to_string(snp_tcb_byte(report.reported_tcb, part.byte));
            if (value.size() == 1) value.insert(0, "0");
            url += separator + std::string(parameter.parameter) + "=" + value;
            separator = '&';
        }
    return url;
}

std::string snp_chain_url(SnpProduct product, bool vlek) {
    return base(product, vlek) + "cert_chain";
}
std::string snp_crl_url(SnpProduct product, bool vlek) {
    return base(product, vlek) + "crl";
}

}  // namespace litebox::attest
