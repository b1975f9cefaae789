// Any number of threads judge evidence with the same collateral, roots and policy, and each gets the verdict
// that one thread alone gets. Under ThreadSanitizer this is the proof that nothing is shared unguarded.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "attest/report/report.h"
#include "attest/simulate/simulate.h"

namespace litebox::attest::simulate {
namespace {

struct Question {
    Simulation made;
    Bytes evidence;
    std::unique_ptr<PreparedCollateral> prepared;
    std::string answer;  // the verdict as JSON, as one thread alone gives it
};

std::string judge(const Question& question, const Policy& policy) {
    VerifyOptions options = question.made.options(policy);
    options.prepared = question.prepared.get();
    return verdict_as_json(verify(question.evidence, options));
}

TEST(Threads, judge_together_what_each_would_judge_alone) {
    Policy policy = any_code_policy();
    std::vector<Question> questions;
    auto add = [&](Simulation made, bool damaged) {
        Question question{std::move(made), {}, nullptr, {}};
        question.evidence = question.made.evidence;
        if (damaged) question.evidence[question.evidence.size() / 2] ^= 1;
        question.prepared = std::make_unique<PreparedCollateral>(question.made.collateral);
        questions.push_back(std::move(question));
    };
    for (bool damaged : {false, true}) {
        add(simulate(IntelKnobs::sgx(3)), damaged);
        add(simulate(IntelKnobs::tdx(5, true)), damaged);
        add(simulate(AmdKnobs::snp()), damaged);
        add(simulate(EpidKnobs::archived()), damaged);
    }
    for (Question& question : questions) {
        question.answer = judge(question, policy);
        // The threads begin with collateral that remembers nothing, and whose keys are not made yet.
        question.prepared = std::make_unique<PreparedCollateral>(question.made.collateral);
    }
    std::atomic<size_t> others = 0;
    std::vector<std::thread> threads;
    for (size_t thread = 0; thread < 4; thread++) {
        threads.emplace_back([&, thread] {
            for (size_t round = 0; round < 4 * questions.size(); round++) {
                const Question& question = questions[(round + thread) % questions.size()];
                if (judge(question, policy) != question.answer) others++;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(others, 0u);
}

}  // namespace
}  // namespace litebox::attest::simulate
