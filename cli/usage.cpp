// The help of `litebox run` and `litebox profile`.
#include "cli/commands.h"
#include "cli/run_options.h"

namespace litebox::cli {

std::string run_usage(bool profile) {
    std::string text = profile ? "usage: litebox profile [OPTIONS] -- PROGRAM [ARGUMENTS]\n\n"
                                 "Runs the program as `litebox run` does, then says which system calls and "
                                 "files it used, and gives a\n"
                                 "deny list that would still let it run.\n\n"
                               : "usage: litebox run [OPTIONS] -- PROGRAM [ARGUMENTS]\n\n"
                                 "Runs an unmodified Linux program inside LiteBox. It sees the system's "
                                 "directories and the current\n"
                                 "directory read-only; what it writes stays in memory and vanishes; there is "
                                 "no network but loopback.\n\n";
    text += describe_options(run_options());
    text +=
        "\nexit codes: the program's own; 128+N when signal N ended it; 127 no such program; 126 the "
        "program\n"
        "cannot be run; 125 LiteBox itself failed (a wrong option, a host that offers too little, a "
        "fail-stop)\n";
    return text;
}

}  // namespace litebox::cli
