// Images for the root of a virtual machine: EROFS as mkfs.erofs (Debian package erofs-utils) makes it,
// uncompressed, and behind it a dm-verity hash tree as `veritysetup format --hash-offset` would put it there.
// core/file/imagefs reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace litebox::supervisor {

struct ImageOptions {
    std::optional<uint32_t> timestamp;  // of every file; otherwise each keeps its own
    bool keep_owners = false;           // otherwise root owns every file
    bool hash_tree = true;
};

struct RootImage {
    uint64_t size = 0;         // of the file, tree and all
    uint64_t hash_offset = 0;  // where the image ends and the tree's superblock lies
    std::string root_hash;     // hexadecimal; empty without a tree
};

/// Makes `output` from what is beneath `directory`; the same files give the same bytes. Replaces `output`
/// only when all is well. Throws std::runtime_error with what is wrong and what to do.
RootImage build_root_image(const std::string& directory, const std::string& output,
                           const ImageOptions& options);

/// Puts the tree over the first `data_blocks` blocks of an open file behind them; returns the root hash.
std::string append_hash_tree(int file, uint64_t data_blocks);

}  // namespace litebox::supervisor
