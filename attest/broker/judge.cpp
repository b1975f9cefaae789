#include "attest/broker/judge.h"

namespace litebox::attest::broker {

Result<std::vector<std::string>> Judge::load_collateral(const std::filesystem::path& directory) {
    Collateral loaded = ATTEST_TRY(Collateral::load_directory(directory));
    auto prepared = std::make_shared<const PreparedCollateral>(loaded);
    std::lock_guard lock(mutex_);
    prepared_ = std::move(prepared);
    return loaded.ignored;
}

std::shared_ptr<const PreparedCollateral> Judge::collateral() const {
    std::lock_guard lock(mutex_);
    return prepared_;
}

Verdict Judge::verify(const Evidence& evidence, const Policy& policy, ByteView report_data) const {
    std::shared_ptr<const PreparedCollateral> prepared = collateral();
    return attest::verify(evidence, {.now = clock_(),
                                     .roots = &roots_,
                                     .prepared = prepared.get(),
                                     .policy = &policy,
                                     .expected_report_data = to_bytes(report_data)});
}

Result<std::shared_ptr<const BrokerPolicy>> PolicyCache::get(Store& store, const std::string& name) {
    int64_t version = ATTEST_TRY(store.policy_version(name));
    {
        std::lock_guard lock(mutex_);
        auto found = policies_.find(name);
        if (found != policies_.end() && found->second->version == version) return found->second;
    }
    std::optional<BrokerPolicy> read = ATTEST_TRY(store.policy(name));
    if (!read) return std::shared_ptr<const BrokerPolicy>();
    auto policy = std::make_shared<const BrokerPolicy>(std::move(*read));
    std::lock_guard lock(mutex_);
    policies_[name] = policy;
    return policy;
}

}  // namespace litebox::attest::broker
