// What one verification costs on one core, from the evidence's bytes to the verdict, policy included: with
// collateral that is held prepared, where the platform has been seen before or not, and with everything taken
// apart anew.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

#include "attest/simulate/simulate.h"
#include "attest/verify.h"

namespace {

using namespace litebox::attest;
using simulate::Simulation;

constexpr int rounds = 201;

double thread_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// The median: the machine may be doing other things as well. `prepare` is not counted.
double median(const std::function<void()>& prepare, const std::function<bool()>& judge) {
    std::vector<double> samples;
    for (int round = 0; round < rounds; round++) {
        prepare();
        double begin = thread_milliseconds();
        if (!judge()) return -1;
        samples.push_back(thread_milliseconds() - begin);
    }
    std::ranges::sort(samples);
    return samples[samples.size() / 2];
}

bool measure(const char* name, const Simulation& made, double limit_cached, double limit_fresh) {
    Policy policy = simulate::any_code_policy();
    VerifyOptions fresh = made.options(policy), cached = fresh;
    std::unique_ptr<PreparedCollateral> prepared;
    auto renew = [&] {
        prepared = std::make_unique<PreparedCollateral>(made.collateral);
        cached.prepared = prepared.get();
    };
    renew();
    double known = median([] {}, [&] { return verify(made.evidence, cached).accepted(); });
    double unknown = median(renew, [&] { return verify(made.evidence, cached).accepted(); });
    double all = median([] {}, [&] { return verify(made.evidence, fresh).accepted(); });
    bool good = known >= 0 && known < limit_cached && all < limit_fresh;
    printf("  %-22s %9.3f %12.3f %11.3f   below %.1f and %.1f: %s\n", name, known, unknown, all, limit_cached,
           limit_fresh, good ? "yes" : "MISSED");
    return good;
}

}  // namespace

int main() {
    using simulate::AmdKnobs;
    using simulate::IntelKnobs;
    using simulate::Product;
    printf("attest: one verification, ms of one core (median of %d)\n", rounds);
    printf("  %-22s %9s %12s %11s\n", "evidence", "cached", "first seen", "all anew");
    bool good = true;
    good &= measure("SGX quote 3", simulate::simulate(IntelKnobs::sgx(3)), 1.0, 10.0);
    good &= measure("TDX quote 4", simulate::simulate(IntelKnobs::tdx(4)), 1.0, 10.0);
    good &= measure("TDX quote 5, body 1.5", simulate::simulate(IntelKnobs::tdx(5, true)), 1.0, 10.0);
    good &= measure("SNP report 3, Milan", simulate::simulate(AmdKnobs::snp(Product::milan, 3)), 0.8, 1.0);
    good &= measure("SNP report 5, Turin", simulate::simulate(AmdKnobs::snp(Product::turin, 5)), 0.8, 1.0);
    return good ? 0 : 1;
}
