// Watches without a watcher: 9P tells nothing of what others do to the host's files, so the words of a watch
// count what the program itself changes beneath read-write grants, and nothing else (docs/COMPATIBILITY.md
// says what follows from that).
//
// There is no table of watches: directories share ids, by the hash of their names. One more change than was
// made costs a question to the host, never a wrong answer.
#pragma once

#include <string_view>

#include "platform/host_files.h"

namespace litebox::vm {

class Watches : Pinned {
  public:
    enum class Kind : u8 {
        system,     // the default view's: nobody inside can change it
        read_only,  // the invoker's: the same files may be reached through a read-write grant
        read_write
    };
    static constexpr u32 count = 512;

    [[nodiscard]] const platform::HostWatchWords& words(u32 id) const { return words_[id % count]; }
    /// The watch of a directory, as it is now.
    [[nodiscard]] platform::HostWatch watch(u32 id) const;

    // Changes made from inside, after the host has made them and before the program is told.
    void entries_changed(u32 grant, std::string_view directory);
    void attributes_changed(u32 grant, std::string_view directory) {
        attributes_changed(id_of(Kind::read_write, grant, directory));
    }
    void attributes_changed(u32 id);
    /// Names of directories have changed: everything that was told by name ends.
    void names_moved();
    /// Of the directory `above`/`name`.
    [[nodiscard]] static u32 id_of(Kind kind, u32 grant, std::string_view above, std::string_view name = {});

  private:
    enum FixedId : u32 { none = 0, system_id = 1, read_only_id = 2, first_hashed = 3 };

    platform::HostWatchWords words_[count] = {};
};

}  // namespace litebox::vm
