// Paths beneath a grant, taken apart.
#pragma once

#include <span>
#include <string_view>

#include "core/base/result.h"
#include "platform/vm/device/nine_p_client.h"

namespace litebox::vm {

inline constexpr usize longest_name = 255, longest_path = 4096;

/// Of the path `directory`/`name` of a grant, whichever way it is cut in two.
inline u64 hash_of(u32 grant, std::string_view directory, std::string_view name = {}) {
    constexpr u64 start = 0xcbf29ce484222325, factor = 0x100000001b3;
    u64 hash = (start ^ grant) * factor;
    for (char c : directory) hash = (hash ^ static_cast<u8>(c)) * factor;
    if (!directory.empty() && !name.empty()) hash = (hash ^ '/') * factor;
    for (char c : name) hash = (hash ^ static_cast<u8>(c)) * factor;
    return hash ^ hash >> 32;
}

/// What the export shows grant N as.
class GrantName {
  public:
    explicit GrantName(u32 grant) {
        do {
            text_[--at_] = static_cast<char>('0' + grant % 10);
            grant /= 10;
        } while (grant != 0);
    }
    [[nodiscard]] std::string_view view() const { return {text_ + at_, sizeof(text_) - at_}; }

  private:
    char text_[10];
    usize at_ = sizeof(text_);
};

struct SplitPath {
    std::string_view directory, name;  // "" for what lies in the grant's root; no name: the root itself
};
inline SplitPath split(std::string_view path) {
    usize slash = path.rfind('/');
    if (slash == std::string_view::npos) return {{}, path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

/// A name as one component may be: EINVAL, ENAMETOOLONG.
inline Result<void> check_name(std::string_view name) {
    if (name.size() > longest_name) return Errno::enametoolong;
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos ||
        name.find('\0') != std::string_view::npos)
        return Errno::einval;
    return {};
}

/// A path as host_files.h has them: relative, no empty, "." or ".." component.
inline Result<void> check_path(std::string_view path) {
    if (path.size() >= longest_path) return Errno::enametoolong;
    while (!path.empty()) {
        usize end = path.find('/');
        TRY(check_name(path.substr(0, min(end, path.size()))));
        if (end == std::string_view::npos) break;
        path.remove_prefix(end + 1);
        if (path.empty()) return Errno::einval;
    }
    return {};
}

}  // namespace litebox::vm
