// South: extended attributes. user.* of what lies beneath a grant; access lists to read.
#include "core/base/string.h"
#include "core/base/vector.h"
#include "platform/vm/host/host_side.h"

namespace litebox::platform {

using namespace vm;

namespace {

constexpr usize longest_attribute = 64 << 10;  // value, or list of names

Export& files() {
    return host_side().files;
}

Result<void> check_attribute(std::string_view name, bool to_change) {
    if (name.empty() || name.size() > longest_name) return Errno::erange;
    if (name.find('\0') != std::string_view::npos) return Errno::einval;
    if (name.starts_with("user.") || (!to_change && name.starts_with("system.posix_acl_"))) return {};
    if (name.starts_with("security.") || name.starts_with("trusted."))
        return to_change ? Errno::eperm : Errno::enodata;
    return Errno::eopnotsupp;
}

/// A value, or with an empty name the list of names, all of it or nothing.
Result<void> read_whole(u32 grant, std::string_view path, std::string_view name, Vector<u8>& to) {
    Fid file = TRY(files().find(grant, path, nullptr));
    u64 length = 0;
    Fid value = TRY(files().client->open_attribute(file.number(), name, &length));
    if (length > longest_attribute) return Errno::erange;
    TRY(to.resize(length));
    for (usize done = 0; done < length;) {
        usize count = TRY(files().client->read(value.number(), done, {to.data() + done, length - done}));
        if (count == 0) return Errno::eio;
        done += count;
    }
    return {};
}

/// A value of no bytes takes the attribute away.
Result<void> write_whole(u32 grant, std::string_view path, std::string_view name, std::span<const u8> value,
                         u32 flags) {
    (void)TRY(files().grant(grant, true));
    Fid fid = TRY(files().find(grant, path, nullptr));
    TRY(files().client->create_attribute(fid.number(), name, value.size(), flags));
    for (usize done = 0; done < value.size();) {
        usize count = TRY(files().client->write(fid.number(), done, value.subspan(done)));
        if (count == 0) return Errno::eio;
        done += count;
    }
    auto result = files().client->end_attribute(std::move(fid));
    files().watches.attributes_changed(grant, split(path).directory);
    files().watches.attributes_changed(grant, path);
    return result;
}

}  // namespace

Result<usize> host_get_attribute(u32 grant, std::string_view path, std::string_view name, std::span<u8> to) {
    TRY(check_attribute(name, false));
    Vector<u8> value;
    TRY(read_whole(grant, path, name, value));
    if (to.empty()) return value.size();
    if (value.size() > to.size()) return Errno::erange;
    memcpy(to.data(), value.data(), value.size());
    return value.size();
}

Result<usize> host_list_attributes(u32 grant, std::string_view path, std::span<char> names) {
    Vector<u8> all;
    TRY(read_whole(grant, path, {}, all));
    usize used = 0;
    // The host tells names of every kind; only user.* can be had.
    for (usize at = 0; at < all.size();) {
        std::string_view name(reinterpret_cast<const char*>(all.data()) + at, all.size() - at);
        usize end = name.find('\0');
        if (end == std::string_view::npos) return Errno::eio;
        name = name.substr(0, end);
        at += end + 1;
        if (!name.starts_with("user.")) continue;
        if (!names.empty()) {
            if (name.size() + 1 > names.size() - used) return Errno::erange;
            memcpy(names.data() + used, name.data(), name.size());
            names[used + name.size()] = '\0';
        }
        used += name.size() + 1;
    }
    return used;
}

Result<void> host_set_attribute(u32 grant, std::string_view path, std::string_view name,
                                std::span<const u8> value, int flags) {
    constexpr u32 create_and_replace = 3;
    TRY(check_attribute(name, true));
    if (value.size() > longest_attribute) return Errno::e2big;
    // An empty value would take the attribute away.
    if (value.empty()) return Errno::eopnotsupp;
    return write_whole(grant, path, name, value, static_cast<u32>(flags) & create_and_replace);
}

/// 9P2000.L takes one away by setting it to nothing with the flag for replacing.
Result<void> host_remove_attribute(u32 grant, std::string_view path, std::string_view name) {
    constexpr u32 replace = 2;
    TRY(check_attribute(name, true));
    return write_whole(grant, path, name, {}, replace);
}

}  // namespace litebox::platform
