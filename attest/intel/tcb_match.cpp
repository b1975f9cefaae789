#include "attest/intel/tcb_match.h"

#include <algorithm>
#include <cstdio>

namespace litebox::attest {

namespace {

/// What is wrong with a platform, as a set. Each rating that only complains is one; the others are final.
enum Lack : unsigned { updates = 1, configuration = 2, hardening = 4, relaunch = 8 };

constexpr std::pair<TcbStatus, unsigned> complaints[] = {
    {TcbStatus::up_to_date, 0},
    {TcbStatus::sw_hardening_needed, hardening},
    {TcbStatus::configuration_needed, configuration},
    {TcbStatus::configuration_and_sw_hardening_needed, configuration | hardening},
    {TcbStatus::out_of_date, updates},
    {TcbStatus::out_of_date_configuration_needed, updates | configuration},
    {TcbStatus::td_relaunch_advised, relaunch},
    {TcbStatus::td_relaunch_advised_configuration_needed, relaunch | configuration},
};

std::optional<unsigned> lacks_of(TcbStatus status) {
    auto row = std::ranges::find(complaints, status, &std::pair<TcbStatus, unsigned>::first);
    return row == std::end(complaints) ? std::nullopt : std::optional(row->second);
}

/// The greater lacks hide the lesser ones, but for the configuration.
TcbStatus status_of(unsigned lacks) {
    for (unsigned greater : {updates, relaunch})
        if (lacks & greater) lacks &= greater | configuration;
    return std::ranges::find(complaints, lacks, &std::pair<TcbStatus, unsigned>::second)->first;
}

bool reaches_sgx(const PckExtension& platform, const TcbLevel& level) {
    for (size_t i = 0; i < 16; i++) {
        if (platform.components[i] < level.sgx_components[i]) return false;
    }
    return platform.pce_svn >= level.pce_svn;
}

/// With module versions, components 0 and 1 are the module's own and judged by its identity.
size_t first_tdx_component(const TdReportBody& td) {
    return td.tee_tcb_svn[1] > 0 ? 2 : 0;
}

bool reaches_tdx(const TdReportBody& td, const TcbLevel& level) {
    for (size_t i = first_tdx_component(td); i < 16; i++) {
        if (td.tee_tcb_svn[i] < level.tdx_components[i]) return false;
    }
    return true;
}

/// Whether the module that has meanwhile been updated under the running TD is the newest there is.
bool updated_module_is_newest(const TcbInfo& info, const TdReportBody& td) {
    const auto& svn = td.tee_tcb_svn_2;
    const TcbLevel& newest = info.levels.front();
    if (svn[2] < newest.tdx_components[2]) return false;
    if (svn[1] == 0) return svn[0] >= newest.tdx_components[0];
    const TdxModule* module = find_module(info, svn[1]);
    return module && !module->levels.empty() && svn[0] >= module->levels.front().isv_svn;
}

/// TD relaunch advised: launched under a module that is out of date, on a platform that is good but for that,
/// and whose module has been updated since without stopping the TD.
bool relaunch_helps(const TcbInfo& info, const TdReportBody& td, TcbStatus sgx, TcbStatus tdx,
                    TcbStatus module, TcbStatus qe) {
    auto good = [](TcbStatus status) { return !(lacks_of(status).value_or(updates) & updates); };
    bool tdx_out = tdx == TcbStatus::out_of_date || tdx == TcbStatus::out_of_date_configuration_needed;
    return td.is_1_5 && good(sgx) && tdx_out && good(qe) && module == TcbStatus::out_of_date &&
           updated_module_is_newest(info, td);
}

/// Collects what is lower than a level wants.
class Shortfall {
  public:
    Shortfall(const TcbInfo& info, const PckExtension& platform, const TdReportBody* td,
              const TcbLevel& level) {
        for (size_t i = 0; i < 16; i++) {
            need("microcode component ", i + 1, platform.components[i], level.sgx_components[i],
                 info.sgx_categories[i]);
        }
        if (platform.pce_svn < level.pce_svn) {
            add("the PCE's security version", platform.pce_svn, level.pce_svn);
            software_ = true;
        }
        for (size_t i = td ? first_tdx_component(*td) : 16; i < 16; i++) {
            need("TDX component ", i + 1, td->tee_tcb_svn[i], level.tdx_components[i], "TDX Module");
        }
    }

    size_t count() const { return count_; }
    std::string text() const {
        if (!count_) return {};
        std::string advice = bios_ || system_ ? "update the BIOS" : "";
        auto also = [&](bool wanted, const char* what) {
            if (wanted) advice += (advice.empty() ? "update " : ", ") + std::string(what);
        };
        also(system_, "what the operating system loads early (microcode, SEAM loader)");
        also(software_, "the SGX platform software (PCE, quoting enclave)");
        also(module_, "the TDX module");
        return list_ + ": " + advice;
    }

  private:
    void need(const char* what, size_t number, uint16_t has, uint16_t needs, const std::string& category) {
        if (has >= needs) return;
        add(what + std::to_string(number), has, needs);
        if (category.find("TDX") != std::string::npos) {
            module_ = true;
        } else if (category.find("OS/VMM") != std::string::npos) {
            system_ = true;
        } else {
            bios_ = true;
        }
    }
    void add(const std::string& what, uint16_t has, uint16_t needs) {
        list_ +=
            (count_++ ? ", " : "") + what + " is " + std::to_string(has) + ", needs " + std::to_string(needs);
    }

    std::string list_;
    size_t count_ = 0;
    bool bios_ = false, system_ = false, software_ = false, module_ = false;
};

/// Where no level is reached: what the nearest one wants. Else: what the best one wants.
std::string describe_shortfall(const TcbInfo& info, const PckExtension& platform, const TdReportBody* td,
                               bool matched) {
    if (info.levels.empty()) return {};
    if (matched) return Shortfall(info, platform, td, info.levels.front()).text();
    std::optional<Shortfall> nearest;
    for (auto level = info.levels.rbegin(); level != info.levels.rend(); ++level) {
        Shortfall shortfall(info, platform, td, *level);
        if (!nearest || shortfall.count() < nearest->count()) nearest = shortfall;
    }
    return nearest->text();
}

void add_advisories(std::vector<std::string>& all, const TcbRating& rating) {
    all.insert(all.end(), rating.advisories.begin(), rating.advisories.end());
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
}

std::string module_shortfall(const TdxModule& module, const SvnLevel* level, uint8_t svn) {
    uint16_t newest = module.levels.empty() ? 0 : module.levels.front().isv_svn;
    if (level && svn >= newest) return {};
    return "TDX module " + module.id + " has security version " + std::to_string(svn) + ", needs " +
           std::to_string(newest) + ": update the TDX module and relaunch the TD";
}

void append(std::string& text, const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
}

/// Fills the match of a TD whose platform reaches `match.level`.
void judge_td(const TcbInfo& info, const TdReportBody& td, TcbStatus sgx, TcbStatus qe, TcbMatch& match) {
    TcbStatus module_status = TcbStatus::up_to_date;
    if (td.tee_tcb_svn[1] > 0) {
        const TdxModule* module = find_module(info, td.tee_tcb_svn[1]);
        match.module_level = module ? match_svn(module->levels, td.tee_tcb_svn[0]) : nullptr;
        if (module) append(match.shortfall, module_shortfall(*module, match.module_level, td.tee_tcb_svn[0]));
        if (!match.module_level) return void(match.status = TcbStatus::not_supported);
        module_status = match.module_level->rating.status;
        add_advisories(match.advisories, match.module_level->rating);
    }
    TcbStatus tdx = converge(match.level->rating.status, module_status);
    if (relaunch_helps(info, td, sgx, tdx, module_status, qe)) {
        bool configure = (lacks_of(sgx).value_or(0) | lacks_of(tdx).value_or(0)) & configuration;
        tdx =
            configure ? TcbStatus::td_relaunch_advised_configuration_needed : TcbStatus::td_relaunch_advised;
    }
    match.status = converge(tdx, qe);
}

}  // namespace

TcbStatus converge(TcbStatus left, TcbStatus right) {
    for (TcbStatus final : {TcbStatus::revoked, TcbStatus::not_supported, TcbStatus::unknown}) {
        if (left == final || right == final) return final;
    }
    return status_of(*lacks_of(left) | *lacks_of(right));
}

const SvnLevel* match_svn(const std::vector<SvnLevel>& levels, uint16_t isv_svn) {
    auto found =
        std::ranges::find_if(levels, [&](const SvnLevel& level) { return isv_svn >= level.isv_svn; });
    return found == levels.end() ? nullptr : &*found;
}

const TdxModule* find_module(const TcbInfo& info, uint8_t module_version) {
    if (module_version == 0) return info.module ? &*info.module : nullptr;
    char id[8];
    snprintf(id, sizeof id, "TDX_%02X", module_version);
    auto found = std::ranges::find(info.module_identities, id, &TdxModule::id);
    return found == info.module_identities.end() ? nullptr : &*found;
}

TcbMatch match_tcb(const TcbInfo& info, const PckExtension& platform, const TdReportBody* td,
                   const TcbRating* quoting_enclave) {
    TcbMatch match;
    const TcbLevel* sgx_level = nullptr;
    for (const TcbLevel& level : info.levels) {
        if (!reaches_sgx(platform, level)) continue;
        if (!sgx_level) sgx_level = &level;
        if (td && !reaches_tdx(*td, level)) continue;
        match.level = &level;
        break;
    }
    match.shortfall = describe_shortfall(info, platform, td, match.level != nullptr);
    if (!match.level) return match;

    TcbStatus qe = quoting_enclave ? quoting_enclave->status : TcbStatus::up_to_date;
    add_advisories(match.advisories, match.level->rating);
    if (quoting_enclave) add_advisories(match.advisories, *quoting_enclave);
    if (td) {
        judge_td(info, *td, sgx_level->rating.status, qe, match);
    } else {
        match.status = converge(match.level->rating.status, qe);
    }
    return match;
}

}  // namespace litebox::attest
