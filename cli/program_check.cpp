#include "cli/program_check.h"

#include <elf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/values.h"
#include "cli/view.h"

namespace litebox::cli {

namespace {

constexpr size_t head_size = 4096;

std::string machine_name(unsigned machine) {
    switch (machine) {
        case EM_386:
            return "32-bit x86";
        case EM_AARCH64:
            return "64-bit ARM";
        case EM_ARM:
            return "32-bit ARM";
        case EM_RISCV:
            return "RISC-V";
        case EM_PPC64:
            return "PowerPC";
        case EM_S390:
            return "IBM Z";
        case EM_MIPS:
            return "MIPS";
        case EM_LOONGARCH:
            return "LoongArch";
        default:
            return "machine type " + std::to_string(machine);
    }
}

std::string cut_off(uint64_t size, uint64_t needed) {
    return "is truncated: the file has " + std::to_string(size) + " bytes and its headers speak of " +
           std::to_string(needed) + "; copy it again";
}

/// A segment's range must lie in the file.
std::optional<std::string> judge_segments(std::string_view head, uint64_t size, const Elf64_Ehdr& header,
                                          std::string& interpreter) {
    uint64_t end;
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0)
        return "is not a program: it has no segments to load (an object file, perhaps)";
    if (__builtin_add_overflow(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), &end))
        end = UINT64_MAX;
    if (end > size) return cut_off(size, end);
    if (end > head.size()) return std::nullopt;  // headers far into the file: the core will look
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, head.data() + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_LOAD && segment.p_type != PT_INTERP) continue;
        if (__builtin_add_overflow(segment.p_offset, segment.p_filesz, &end)) end = UINT64_MAX;
        if (end > size) return cut_off(size, end);
        if (segment.p_type == PT_INTERP && end <= head.size() && segment.p_filesz > 1)
            interpreter.assign(head.data() + segment.p_offset,
                               strnlen(head.data() + segment.p_offset, segment.p_filesz));
    }
    return std::nullopt;
}

std::optional<std::string> judge_elf(std::string_view head, uint64_t size, std::string& interpreter) {
    if (head.size() < EI_NIDENT) return cut_off(size, sizeof(Elf64_Ehdr));
    if (head[EI_CLASS] == ELFCLASS32)
        return "is a 32-bit program; LiteBox runs 64-bit x86 programs (x86-64) only";
    if (head.size() < sizeof(Elf64_Ehdr)) return cut_off(size, sizeof(Elf64_Ehdr));
    Elf64_Ehdr header;
    memcpy(&header, head.data(), sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != EM_X86_64)
        return "is a program for " + machine_name(header.e_machine) +
               "; LiteBox runs 64-bit x86 programs (x86-64) only";
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return "is not a program but an ELF file of another kind (an object file or a core dump)";
    return judge_segments(head, size, header, interpreter);
}

std::string script_interpreter(std::string_view head) {
    std::string_view line = head.substr(2, std::min(head.find('\n'), size_t{256}) - 2);
    size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) return "";
    line.remove_prefix(start);
    return std::string(line.substr(0, line.find_first_of(" \t\r")));
}

Complaint complain(int code, const std::string& name, const std::string& text) {
    return {code, name + ": " + text};
}

/// Where a program that the view does not show is on the host, and how to show it.
Complaint outside(const RunCommand& command, const std::string& name, const std::string& path) {
    struct stat status;
    if (command.root_given || stat(path.c_str(), &status) != 0)
        return complain(exit_not_found, name,
                        "there is no such program" + std::string(command.root_given ? " in the root" : ""));
    std::string directory = path.substr(0, path.rfind('/'));
    return complain(exit_not_found, name,
                    "exists on the host but is not visible inside; to show it: --ro " +
                        (directory.empty() ? path : directory));
}

class Check {
  public:
    explicit Check(const RunCommand& command) : command_(command), name_(command.arguments[0]) {}

    std::optional<Complaint> run() {
        if (name_.find('/') != std::string::npos)
            return run_path(absolute_path(name_, command_.working_directory));
        std::string path = variable("PATH");
        std::optional<Complaint> refused;
        for (size_t at = 0; at <= path.size();) {
            size_t end = std::min(path.find(':', at), path.size());
            std::string candidate =
                absolute_path(path.substr(at, end - at) + "/" + name_, command_.working_directory);
            at = end + 1;
            Located found = locate(command_, candidate);
            if (found.outcome == Located::Outcome::memory) return std::nullopt;
            if (found.outcome != Located::Outcome::found) continue;
            auto problem = run_file(found.host);
            if (!problem) return std::nullopt;
            if (!refused) refused = problem;
        }
        return refused ? refused : not_in_path();
    }

  private:
    std::string variable(std::string_view name) const {
        for (const std::string& entry : command_.environment)
            if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
                return entry.substr(name.size() + 1);
        return "";
    }

    Complaint not_in_path() const {
        struct stat status;
        std::string here = command_.working_directory + "/" + name_;
        if (locate(command_, here).outcome == Located::Outcome::found && stat(here.c_str(), &status) == 0 &&
            S_ISREG(status.st_mode))
            return complain(exit_not_found, name_,
                            "there is no such program in PATH; the file in this directory is ./" + name_);
        // The invoker's own PATH may name places that are not part of the view.
        std::string_view own = getenv("PATH") ? getenv("PATH") : "";
        while (!own.empty() && !command_.root_given) {
            size_t end = own.find(':');
            std::string candidate = std::string(own.substr(0, end)) + "/" + name_;
            own.remove_prefix(end == std::string_view::npos ? own.size() : end + 1);
            if (!candidate.starts_with('/') || access(candidate.c_str(), X_OK) != 0) continue;
            if (locate(command_, candidate).outcome == Located::Outcome::outside)
                return outside(command_, name_, candidate);
            return complain(
                exit_not_found, name_,
                "is not in the PATH inside; run it as " + candidate + ", or pass yours with --env-pass PATH");
        }
        return complain(exit_not_found, name_,
                        command_.root_given ? "there is no such program in the root"
                                            : "there is no such program; is its package installed?");
    }

    std::optional<Complaint> run_path(const std::string& path) {
        Located found = locate(command_, path);
        switch (found.outcome) {
            case Located::Outcome::found:
                return run_file(found.host);
            case Located::Outcome::loop:
                return complain(exit_not_found, name_, "has too many symbolic links");
            case Located::Outcome::outside:
                return not_shown(found.guest);
            case Located::Outcome::missing:
                return missing();
            case Located::Outcome::memory:
                break;
        }
        // The sandbox's own memory is empty at the start; if the host has the file there, say why it is not
        // seen.
        return not_shown(found.guest);
    }

    Complaint not_shown(const std::string& guest) const {
        struct stat status;
        if (!command_.root_given && stat(guest.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
            return complain(exit_not_runnable, name_, "is a directory; name a program in it");
        return outside(command_, name_, guest);
    }

    Complaint missing() const {
        return complain(exit_not_found, name_,
                        "there is no such program" + std::string(command_.root_given ? " in the root" : ""));
    }

    std::optional<Complaint> run_file(const std::string& host) {
        struct stat status;
        if (stat(host.c_str(), &status) != 0) return std::nullopt;  // a link that the core resolves
        if (S_ISDIR(status.st_mode))
            return complain(exit_not_runnable, name_, "is a directory; name a program in it");
        if (!S_ISREG(status.st_mode)) return complain(exit_not_runnable, name_, "is not a regular file");
        if (!(status.st_mode & 0111))
            return complain(exit_not_runnable, name_,
                            "is not executable; chmod +x it, or run it with its interpreter");
        auto head = read_file(host, head_size);
        if (!head)
            return std::nullopt;  // not readable for us: the opener, under its own identity, may differ
        std::string interpreter;
        if (auto problem = judge_image(*head, static_cast<uint64_t>(status.st_size), interpreter))
            return complain(exit_not_runnable, name_, *problem);
        return interpreter.empty() ? std::nullopt : run_interpreter(interpreter, head->starts_with("#!"));
    }

    std::optional<Complaint> run_interpreter(const std::string& interpreter, bool script) {
        Located found = locate(command_, absolute_path(interpreter, command_.working_directory));
        if (found.outcome == Located::Outcome::found || found.outcome == Located::Outcome::memory)
            return std::nullopt;
        std::string what = script ? "is a script whose interpreter " : "needs the dynamic loader ";
        what += interpreter + (script ? " " : ", which ");
        if (found.outcome == Located::Outcome::outside && !command_.root_given &&
            access(found.guest.c_str(), F_OK) == 0)
            return complain(exit_not_found, name_,
                            what + "is not visible inside; to show it: --ro " +
                                found.guest.substr(0, found.guest.rfind('/')));
        return complain(exit_not_found, name_,
                        what + "is not there; install it" + (script ? ", or correct the first line" : ""));
    }

    const RunCommand& command_;
    const std::string& name_;
};

}  // namespace

std::optional<std::string> judge_image(std::string_view head, uint64_t size, std::string& interpreter) {
    interpreter.clear();
    if (head.empty()) return "is empty";
    if (head.starts_with("\177ELF")) return judge_elf(head, size, interpreter);
    if (head.starts_with("#!")) {
        interpreter = script_interpreter(head);
        return interpreter.empty()
                   ? std::optional<std::string>("names no interpreter after #!; write for example #!/bin/sh")
                   : std::nullopt;
    }
    if (std::string_view("\177ELF").starts_with(head)) return cut_off(size, sizeof(Elf64_Ehdr));
    return "is neither an x86-64 program nor a script that starts with #!; run it with its interpreter, "
           "for example: litebox run -- sh FILE";
}

std::optional<Complaint> check_program(const RunCommand& command) {
    // What is in an image, the machine finds out.
    if (!command.image.empty()) return std::nullopt;
    return Check(command).run();
}

}  // namespace litebox::cli
