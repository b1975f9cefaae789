// litebox syscalls: the table of system calls, as text or JSON.
#include "cli/syscall_names.h"

#include <array>
#include <cstdio>

#include "cli/commands.h"
#include "cli/json.h"

namespace litebox::cli {

namespace {

constexpr std::string_view words_for[] = {"full", "partial", "absent"};

std::array<size_t, 3> count() {
    std::array<size_t, 3> counts{};
    for (const CallName& call : call_names()) counts[static_cast<size_t>(call.support)]++;
    return counts;
}

std::string as_json() {
    JsonWriter json;
    auto counts = count();
    json.begin_object().member("linux", "6.1").key("calls").begin_array();
    for (const CallName& call : call_names()) {
        json.begin_object()
            .member("number", uint64_t{call.number})
            .member("name", call.name)
            .member("room", call.room);
        json.member("support", words_for[static_cast<size_t>(call.support)])
            .member("note", call.note)
            .end_object();
    }
    json.end_array();
    for (size_t i = 0; i < counts.size(); i++) json.member(words_for[i], uint64_t{counts[i]});
    return json.end_object().text() + "\n";
}

std::string as_text() {
    std::string out;
    char line[256];
    for (const CallName& call : call_names()) {
        snprintf(line, sizeof line, "%4u  %-24.*s %-8.*s %-9.*s", call.number,
                 static_cast<int>(call.name.size()), call.name.data(),
                 static_cast<int>(words_for[static_cast<size_t>(call.support)].size()),
                 words_for[static_cast<size_t>(call.support)].data(), static_cast<int>(call.room.size()),
                 call.room.data());
        std::string text(line);
        text += call.note;
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    }
    auto counts = count();
    snprintf(line, sizeof line, "\n%zu full, %zu partial, %zu absent (ENOSYS), of Linux 6.1 on x86-64\n",
             counts[0], counts[1], counts[2]);
    return out + line;
}

}  // namespace

int command_syscalls(Words words) {
    SimpleOptions options = parse_simple("syscalls", "usage: litebox syscalls [--json]\n", words);
    if (options.exit_code >= 0) return options.exit_code;
    print(options.json ? as_json() : as_text());
    return 0;
}

}  // namespace litebox::cli
