// litebox doctor: what the host offers.
#include <cstdio>

#include "cli/commands.h"
#include "cli/json.h"
#include "supervisor/supervisor.h"

namespace litebox::cli {

namespace {

using supervisor::Probe;

const char* word(Probe::State state) {
    return state == Probe::State::good ? "ok" : state == Probe::State::limited ? "limited" : "missing";
}

}  // namespace

/// Exit code 0 when programs can be run here, 1 when something required is missing.
int command_doctor(Words words) {
    SimpleOptions options = parse_simple("doctor", "usage: litebox doctor [--json]\n", words);
    if (options.exit_code >= 0) return options.exit_code;
    auto probes = supervisor::probe_host();
    bool usable = true;
    std::string out;
    JsonWriter json;
    json.begin_object().key("probes").begin_array();
    for (const Probe& probe : probes) {
        bool fatal = probe.required && probe.state == Probe::State::missing;
        usable = usable && !fatal;
        char head[64];
        snprintf(head, sizeof head, "%-8s %-28s ", word(probe.state), probe.name.c_str());
        out += head + printable(probe.found) + (fatal ? " (required)" : "") + "\n";
        if (!probe.remedy.empty()) out += "         to get it: " + printable(probe.remedy) + "\n";
        json.begin_object().member("name", std::string_view(probe.name)).member("state", word(probe.state));
        json.member("required", probe.required).member("found", std::string_view(probe.found));
        json.member("remedy", std::string_view(probe.remedy)).end_object();
    }
    json.end_array().member("usable", usable).end_object();
    out +=
        "\nenforced in every run: the system-call filter, namespaces, an identity without privileges,\n"
        "limits of memory (by the supervisor's watch, and a cgroup where one may be used), of processes and\n"
        "threads, of time and processor time where they are asked for\n";
    out += usable ? "\nprograms can be run on this host\n"
                  : "\nprograms cannot be run on this host until what is required is there\n";
    print(options.json ? json.text() + "\n" : out);
    return usable ? 0 : 1;
}

}  // namespace litebox::cli
