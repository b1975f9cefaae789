#include "supervisor/vm/libraries.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "supervisor/descriptor.h"

namespace litebox::supervisor {

namespace {

/// Where Debian's loader looks, and those of other distributions.
constexpr const char* library_directories[] = {"/lib/x86_64-linux-gnu",
                                               "/usr/lib/x86_64-linux-gnu",
                                               "/lib64",
                                               "/usr/lib64",
                                               "/lib",
                                               "/usr/lib",
                                               "/usr/local/lib/x86_64-linux-gnu",
                                               "/usr/local/lib"};

/// The parts of an ELF file that name other files.
class Executable {
  public:
    explicit Executable(const std::string& path)
        : path_(path), file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        Elf64_Ehdr head;
        read_at(0, &head, sizeof(head));
        if (!std::string_view(reinterpret_cast<const char*>(head.e_ident), 4).starts_with(ELFMAG) ||
            head.e_machine != EM_X86_64 || head.e_phentsize != sizeof(Elf64_Phdr))
            throw std::runtime_error(path + " is not an x86-64 program");
        segments_.resize(head.e_phnum);
        read_at(head.e_phoff, segments_.data(), segments_.size() * sizeof(Elf64_Phdr));
    }
    std::string interpreter() const {
        const Elf64_Phdr* segment = find(PT_INTERP);
        return segment ? text_at(segment->p_offset) : "";
    }
    /// Names of libraries, and directories of its own to look in.
    void needed(std::vector<std::string>& names, std::vector<std::string>& directories) const {
        const Elf64_Phdr* segment = find(PT_DYNAMIC);
        if (segment == nullptr || segment->p_filesz > longest_dynamic) return;
        std::vector<Elf64_Dyn> rows(segment->p_filesz / sizeof(Elf64_Dyn));
        read_at(segment->p_offset, rows.data(), rows.size() * sizeof(Elf64_Dyn));
        uint64_t strings = 0;
        for (const Elf64_Dyn& row : rows)
            if (row.d_tag == DT_STRTAB) strings = offset_of(row.d_un.d_ptr);
        for (const Elf64_Dyn& row : rows) {
            if (row.d_tag == DT_NULL) break;
            if (row.d_tag == DT_NEEDED) names.push_back(text_at(strings + row.d_un.d_val));
            if (row.d_tag == DT_RUNPATH || row.d_tag == DT_RPATH)
                directories.push_back(text_at(strings + row.d_un.d_val));
        }
    }

  private:
    static constexpr size_t longest_dynamic = 1 << 20, longest_text = 4096;

    void read_at(uint64_t offset, void* to, size_t length) const {
        if (file_.get() < 0 ||
            pread(file_.get(), to, length, static_cast<off_t>(offset)) != static_cast<ssize_t>(length))
            throw std::runtime_error(path_ + " cannot be read");
    }
    std::string text_at(uint64_t offset) const {
        char text[longest_text];
        ssize_t got = pread(file_.get(), text, sizeof(text) - 1, static_cast<off_t>(offset));
        text[std::max<ssize_t>(got, 0)] = '\0';
        return text;
    }
    const Elf64_Phdr* find(uint32_t type) const {
        for (const Elf64_Phdr& segment : segments_)
            if (segment.p_type == type) return &segment;
        return nullptr;
    }
    uint64_t offset_of(uint64_t address) const {
        for (const Elf64_Phdr& segment : segments_)
            if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
                address - segment.p_vaddr < segment.p_filesz)
                return address - segment.p_vaddr + segment.p_offset;
        throw std::runtime_error(path_ + " is damaged");
    }

    std::string path_;
    Descriptor file_;
    std::vector<Elf64_Phdr> segments_;
};

std::string find_library(const std::string& name, const std::vector<std::string>& own,
                         const std::string& user) {
    std::vector<std::string> directories = own;
    directories.insert(directories.end(), std::begin(library_directories), std::end(library_directories));
    for (const std::string& directory : directories) {
        std::string path = directory + "/" + name;
        if (access(path.c_str(), R_OK) == 0) return path;
    }
    throw std::runtime_error("the library " + name + ", which " + user + " needs, is not found");
}

}  // namespace

ProgramFiles program_files(const std::string& program, const std::vector<std::string>& modules) {
    ProgramFiles files;
    std::vector<std::string> open = modules, seen;
    open.push_back(program);
    files.interpreter = Executable(program).interpreter();
    while (!open.empty()) {
        std::string user = open.back();
        open.pop_back();
        std::vector<std::string> names, directories;
        Executable(user).needed(names, directories);
        for (const std::string& name : names) {
            if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
            seen.push_back(name);
            open.push_back(find_library(name, directories, user));
            files.libraries.push_back(open.back());
        }
    }
    return files;
}

}  // namespace litebox::supervisor
