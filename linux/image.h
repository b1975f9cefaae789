// An executable ready to be loaded, and the loading: segments, stack, auxiliary vector.
#pragma once

#include "linux/exec.h"

namespace litebox {

struct ExecPlan {
    Ref<File> file, interpreter_file;
    ElfImage image, interpreter;
    ExecStrings strings;
    String name;                 // AT_EXECFN
    bool name_vanishes = false;  // it names a descriptor that exec closes: no interpreter could open it
};

/// Maps everything into the current thread's empty space and sets its registers. After a failure the process
/// cannot go on.
Result<void> load_image(Thread& thread, ExecPlan& plan);

}  // namespace litebox
