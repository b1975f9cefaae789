// What a dynamically linked program of the host needs to start, so that nothing else has to be shown to it.
#pragma once

#include <string>
#include <vector>

namespace litebox::supervisor {

struct ProgramFiles {
    std::string interpreter;             // the path that the program names
    std::vector<std::string> libraries;  // host paths, each once
};

/// Of the program and of modules that it loads later. Throws std::runtime_error where a library is not found.
ProgramFiles program_files(const std::string& program, const std::vector<std::string>& modules);

}  // namespace litebox::supervisor
