// The child that becomes the opener, seen from the supervisor.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/descriptor.h"
#include "supervisor/grants.h"
#include "supervisor/handover.h"
#include "supervisor/lanes.h"
#include "supervisor/opener_plan.h"

namespace litebox::supervisor {

class OpenerStart {
  public:
    /// The child works on its namespaces from here on, if it did not already. Throws when there is none.
    OpenerStart();
    /// A child that was not finished ends, and is waited for.
    ~OpenerStart();
    OpenerStart(const OpenerStart&) = delete;
    OpenerStart& operator=(const OpenerStart&) = delete;

    [[nodiscard]] pid_t pid() const { return plan_->child; }
    /// Unprivileged, of this run; the child's own when the invoker is root.
    [[nodiscard]] uint32_t identity() const {
        return unprivileged_identity(static_cast<uint32_t>(plan_->supervisor));
    }

    /// What it has to know. Throws when that is too much.
    void plan(const RunOptions& options, const std::vector<GrantRoot>& roots,
              const std::vector<FileLanes::Covered>& covered, uint64_t tasks);
    /// Lets it go on with the plan if it is waiting for that.
    void release_if_waiting();
    /// Gives it everything. What went wrong; empty once the image runs.
    std::string finish(const int (&descriptors)[handed_over]);

  private:
    bool release(int flags);
    const char* copy(const std::string& text);
    void* room_for(size_t bytes);
    std::string failure() const;

    OpenerPlan* plan_;
    Descriptor socket_;
    size_t used_ = sizeof(OpenerPlan);
    bool released_ = false, finished_ = false;
    std::vector<std::string> granted_, covered_;
};

}  // namespace litebox::supervisor
