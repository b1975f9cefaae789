// The granted files, as the confined monitor shows them over 9P: what platform/host_files.h asks for, and the
// state behind it. The core holds a slot while it uses it, so what use() told stays right for the length of a
// call.
#pragma once

#include "platform/boot_parameters.h"
#include "platform/vm/host/directories.h"
#include "platform/vm/host/open_files.h"
#include "platform/vm/host/parameters_reader.h"
#include "platform/vm/host/watches.h"

namespace litebox::vm {

class Export : Pinned {
  public:
    /// The grants are those of the boot parameters.
    void begin(NinePClient& client, std::span<const platform::GrantParameters> grants,
               std::span<const GrantOwner> owners);
    /// Asks what the roots of the grants are: the invoker's side knows them by other numbers than the export
    /// shows. What is not there keeps what it says. Before there is a heap.
    void learn_grants(std::span<platform::GrantParameters> grants);
    [[nodiscard]] bool begun() const { return client != nullptr; }

    /// ENOENT: no grant of files. EROFS with `to_change`: it may only be read.
    Result<const platform::GrantParameters*> grant(u32 number, bool to_change = false) const;
    [[nodiscard]] Watches::Kind watch_kind(const platform::GrantParameters& grant) const;
    /// Owners as the program is to see them, and as the server knows them: the same exchange both ways.
    void exchange_owner(u32 number, u32& uid, u32& gid) const;
    void exchange_owner(u32 number, platform::HostAttributes& attributes) const {
        exchange_owner(number, attributes.uid, attributes.gid);
    }

    /// A fid of the file itself; `last` says what it is. Links are not followed.
    Result<Fid> find(u32 number, std::string_view path, Qid* last);

    NinePClient* client = nullptr;
    Directories directories;
    OpenFiles files;
    Watches watches;
    /// Changes of names exclude what goes by a name though it means an open file.
    Mutex names_mutex{LockRank::cache};
    std::atomic<u32> renames{0};

  private:
    void learn_some(std::span<platform::GrantParameters> grants);

    std::span<const platform::GrantParameters> grants_;
    std::span<const GrantOwner> owners_;
};

}  // namespace litebox::vm
