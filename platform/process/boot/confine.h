// Start-up steps that the openers and the first guest process share: giving up what is not needed.
#pragma once

#include <span>

#include "platform/process/abi/start_block.h"

namespace litebox::process {

/// Start-up steps, as exit codes that the supervisor explains.
enum Step : int {
    no_block = 100,
    no_text,
    no_rings,
    no_pid_one,
    no_handlers,
    no_guest,
    no_arena,
    no_privileges,
    no_barrier,
    no_filter,
    no_openers
};

[[noreturn]] void fail(Step step);

/// No capability, no core files, not to be looked into, nothing gained by what is executed.
void drop_privileges();
void put_on_filter(std::span<const FilterInstruction> filter);

}  // namespace litebox::process
