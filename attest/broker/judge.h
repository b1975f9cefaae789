// Evidence against a policy, with the roots and the collateral that the broker was started with; collateral
// can be loaded anew while it serves.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "attest/broker/signed_policy.h"
#include "attest/broker/store.h"
#include "attest/verify.h"

namespace litebox::attest::broker {

class Judge {
  public:
    Judge(Roots roots, std::function<Time()> clock) : roots_(std::move(roots)), clock_(std::move(clock)) {}

    /// Takes effect for the next verification; on an error the old collateral stays. `ignored` names files of
    /// no known form.
    Result<std::vector<std::string>> load_collateral(const std::filesystem::path& directory);
    Verdict verify(const Evidence& evidence, const Policy& policy, ByteView report_data) const;
    Time now() const { return clock_(); }
    const std::function<Time()>& clock() const { return clock_; }

  private:
    std::shared_ptr<const PreparedCollateral> collateral() const;

    Roots roots_;
    std::function<Time()> clock_;
    mutable std::mutex mutex_;
    std::shared_ptr<const PreparedCollateral> prepared_ =
        std::make_shared<PreparedCollateral>(Collateral{});  // under mutex_
};

/// Policies that were read and checked before. Each asking looks whether a newer version is in the store.
class PolicyCache {
  public:
    /// Null: no such policy.
    Result<std::shared_ptr<const BrokerPolicy>> get(Store& store, const std::string& name);

  private:
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const BrokerPolicy>> policies_;  // under mutex_
};

}  // namespace litebox::attest::broker
