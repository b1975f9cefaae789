// litebox policy: the list of host system calls that the filter permits.
#include <cstdio>

#include "cli/commands.h"
#include "cli/json.h"
#include "supervisor/supervisor.h"

namespace litebox::cli {

int command_policy(Words words) {
    SimpleOptions options = parse_simple("policy", "usage: litebox policy [--json]\n", words);
    if (options.exit_code >= 0) return options.exit_code;
    auto rows = supervisor::policy_rows();
    if (options.json) {
        JsonWriter json;
        json.begin_object().key("host_calls").begin_array();
        for (const auto& row : rows)
            json.begin_object()
                .member("name", std::string_view(row.name))
                .member("number", uint64_t{row.number})
                .member("constraint", std::string_view(row.constraint))
                .end_object();
        print(json.end_array().end_object().text() + "\n");
        return 0;
    }
    std::string out =
        "A sandbox may make these host system calls, from one instruction only; everything else traps or "
        "kills.\n\n";
    for (const auto& row : rows) {
        char name[40];
        snprintf(name, sizeof name, "%4u  %-18s ", row.number, row.name.c_str());
        out +=
            name + (row.constraint.empty() ? std::string("no arguments that matter") : row.constraint) + "\n";
    }
    print(
        out + "\n" + std::to_string(rows.size()) +
        " host system calls. Options make the list shorter: without --rw nothing maps a file writable,\n"
        "--wx=deny refuses memory that is writable and executable, and a deny list with clone, clone3, fork\n"
        "and vfork takes clone away.\n");
    return 0;
}

}  // namespace litebox::cli
