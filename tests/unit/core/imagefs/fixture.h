// What the tests of imagefs share: trees on the host, images of them, and what either shows, as text.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/file/imagefs/image.h"
#include "platform/simulated/machine.h"

namespace litebox::imagefs_test {

using Bytes = std::vector<u8>;

/// A directory of the host that goes with the object. Paths are relative to it.
class Tree {
  public:
    Tree();
    ~Tree();
    Tree(const Tree&) = delete;

    [[nodiscard]] std::string path(const std::string& name = "") const { return root_ + "/" + name; }
    void add_file(const std::string& name, std::string_view contents, u32 mode = 0644);
    void add_directory(const std::string& name);
    void add_link(const std::string& name, const std::string& target);

  private:
    std::string root_;
};

/// A tree with one of everything that an image can have.
void fill_with_everything(Tree& tree);

/// As mkfs.erofs makes it with these options.
Bytes make_image(const Tree& tree, const std::string& options = "");

/// An image with its hash tree behind it.
struct Verified {
    Bytes bytes, root_hash;
    u64 blocks;  // of the image itself
};
Verified with_hash_tree(const Bytes& image);

/// Everything about a file that a program can see, by path; the root is "".
using Shown = std::map<std::string, std::string>;
Shown shown_by_host(const Tree& tree);
/// Errors stand in the place of what could not be had, as "error N"; all of them are counted in `errors`.
Shown shown_by_image(ImageFileSystem& image, std::map<Errno, int>* errors = nullptr);

/// Contents of a file of the image.
Result<std::string> contents_of(Inode& inode);
Result<Ref<Inode>> find(ImageFileSystem& image, std::string_view path);

/// Boots a machine without an image and runs `body` in it, where images can be opened from its disks.
void on_machine(const std::function<void(simulated::Machine&)>& body, u64 memory = u64{1} << 32);
/// Makes `bytes` disk 0, and the image on it a file system.
Result<Ref<ImageFileSystem>> open_image(simulated::Machine& machine, const Bytes& bytes,
                                        const Bytes& root_hash = {});

}  // namespace litebox::imagefs_test
