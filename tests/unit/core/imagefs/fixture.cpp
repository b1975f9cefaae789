#include "tests/unit/core/imagefs/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "supervisor/root_image.h"

namespace litebox::imagefs_test {

namespace fs = std::filesystem;

namespace {

std::string number(u64 value) {
    return std::to_string(value) + " ";
}

/// Long contents are told by their length and a digest.
std::string digest_of(const std::string& text) {
    Sha256 hash;
    Sha256::Digest digest;
    hash.add({reinterpret_cast<const u8*>(text.data()), text.size()});
    hash.finish(digest);
    return number(text.size()) + number(digest[0] << 24 | digest[1] << 16 | digest[2] << 8 | digest[3]);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string host_attributes(const std::string& path) {
    std::string names(4096, 0), text;
    ssize_t length = llistxattr(path.c_str(), names.data(), names.size());
    std::map<std::string, std::string> sorted;
    for (const char* name = names.data(); length > 0 && name < names.data() + length;
         name += strlen(name) + 1) {
        std::string value(4096, 0);
        ssize_t size = lgetxattr(path.c_str(), name, value.data(), value.size());
        value.resize(size < 0 ? 0 : static_cast<usize>(size));
        sorted[name] = value;
    }
    for (auto& [name, value] : sorted) text += name + "=" + digest_of(value);
    return text;
}

std::string host_entry(const std::string& path) {
    struct stat status;
    if (lstat(path.c_str(), &status) != 0) return "not there";
    bool directory = S_ISDIR(status.st_mode);
    std::string text = number(status.st_mode) + number(directory ? 0 : status.st_nlink) +
                       number(status.st_uid) + number(status.st_gid) + number(status.st_rdev) +
                       number(static_cast<u64>(status.st_mtim.tv_sec)) +
                       number(static_cast<u64>(status.st_mtim.tv_nsec));
    if (S_ISREG(status.st_mode)) text += digest_of(read_file(path));
    if (S_ISLNK(status.st_mode)) text += fs::read_symlink(path).string();
    return text + host_attributes(path);
}

class ImageWalk {
  public:
    ImageWalk(Shown& shown, std::map<Errno, int>* errors) : shown_(shown), errors_(errors) {}

    void visit(const std::string& path, Inode& inode) {
        shown_[path] = entry(inode);
        if (inode.type() != mode_directory) return;
        struct Names final : DirectorySink {
            bool entry(string_view name, u64, u32, u64 position) override {
                // A buffer of two entries: what follows is asked for again.
                if (names.size() % 2 == 0 && position != resumed) return resumed = position, false;
                names.emplace_back(name);
                last = position;
                return true;
            }
            std::vector<std::string> names;
            u64 last = 2, resumed = 0;
        } names;
        for (;;) {
            usize before = names.names.size();
            u64 asked = names.resumed;
            auto listed = inode.read_directory(names.last, names);
            if (!listed.ok()) shown_[path] += note(listed.error());
            if (!listed.ok() || (names.names.size() == before && names.resumed == asked)) break;
        }
        for (const std::string& name : names.names) {
            auto child = inode.lookup(name);
            std::string below = path.empty() ? name : path + "/" + name;
            if (child.ok())
                visit(below, *child.value());
            else
                shown_[below] = note(child.error());
        }
    }

  private:
    std::string note(Errno error) {
        if (errors_ != nullptr) (*errors_)[error]++;
        return "error " + number(static_cast<u64>(error));
    }

    std::string entry(Inode& inode) {
        Attributes a = inode.attributes().value();
        std::string text = number(a.mode) + number(a.type() == mode_directory ? 0 : a.links) + number(a.uid) +
                           number(a.gid) + number(a.special) + number(static_cast<u64>(a.modify.seconds)) +
                           number(a.modify.nanoseconds);
        if (a.type() == mode_regular) {
            auto contents = contents_of(inode);
            text += contents.ok() ? digest_of(contents.value()) : note(contents.error());
        }
        if (a.type() == mode_symlink) {
            auto target = inode.read_link();
            text += target.ok() ? std::string(target.value().view()) : note(target.error());
        }
        return text + attributes(inode);
    }

    std::string attributes(Inode& inode) {
        auto length = inode.list_attributes({});
        if (!length.ok()) return note(length.error());
        std::string names(length.value(), 0), text;
        auto listed = inode.list_attributes({names.data(), names.size()});
        if (!listed.ok()) return note(listed.error());
        std::map<std::string, std::string> sorted;
        for (usize at = 0; at < names.size(); at += strlen(names.data() + at) + 1) {
            const char* name = names.data() + at;
            auto size = inode.get_attribute(name, {});
            std::string value(size.ok() ? size.value() : 0, 0);
            if (size.ok() && !value.empty())
                size = inode.get_attribute(name, {reinterpret_cast<u8*>(value.data()), value.size()});
            sorted[name] = size.ok() ? digest_of(value) : note(size.error());
        }
        for (auto& [name, value] : sorted) text += name + "=" + value;
        return text;
    }

    Shown& shown_;
    std::map<Errno, int>* errors_;
};

void walk_host(const Tree& tree, const std::string& path, Shown& shown) {
    shown[path] = host_entry(tree.path(path));
    if (!fs::is_directory(fs::symlink_status(tree.path(path)))) return;
    for (const auto& child : fs::directory_iterator(tree.path(path))) {
        std::string name = child.path().filename();
        walk_host(tree, path.empty() ? name : path + "/" + name, shown);
    }
}

}  // namespace

Tree::Tree() {
    std::string pattern = (fs::temp_directory_path() / "imagefs.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = pattern;
}

Tree::~Tree() {
    fs::remove_all(root_);
}

void Tree::add_file(const std::string& name, std::string_view contents, u32 mode) {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << contents;
    chmod(path(name).c_str(), mode);
}

void Tree::add_directory(const std::string& name) {
    fs::create_directories(path(name));
}

void Tree::add_link(const std::string& name, const std::string& target) {
    fs::create_directories(fs::path(path(name)).parent_path());
    fs::create_symlink(target, path(name));
}

void fill_with_everything(Tree& tree) {
    std::string noise;
    for (u32 value = 1; noise.size() < 400000; value = value * 1664525 + 1013904223)
        noise += static_cast<char>(value >> 24);
    tree.add_file("empty", "");
    for (usize size : {1, 100, 4000, 4095, 4096, 4097, 8192, 12288, 70000, 399999})
        tree.add_file("sizes/" + std::to_string(size), noise.substr(size % 7, size));
    tree.add_file("modes/program", "#!/bin/sh\n", 0755);
    tree.add_file("modes/setuid", "s", 04711);
    tree.add_file("modes/none", "n", 0);
    fs::create_hard_link(tree.path("sizes/70000"), tree.path("modes/second-name"));
    tree.add_link("links/short", "a");
    tree.add_link("links/long", std::string(3000, 'l'));
    tree.add_file("names/" + std::string(254, 'n'), "as long as mkfs.erofs 1.5 takes");
    tree.add_file("names/\xff\x80 \n!", "bytes");
    tree.add_file("names/-before-dot", "sorted before the dots");
    for (int i = 0; i < 500; i++)
        tree.add_file("many/file-with-a-name-of-some-length-" + std::to_string(i), "");
    tree.add_file("deep/a/b/c/d/e/f/g/h/file", "deep");
    mkfifo(tree.path("fifo").c_str(), 0600);
    tree.add_directory("nothing");
    if (mknod(tree.path("socket").c_str(), S_IFSOCK | 0755, 0) != 0) FAIL();
    // Only root may make these; elsewhere they are missing from both sides.
    (void)mknod(tree.path("character").c_str(), S_IFCHR | 0666, makedev(1, 3));
    (void)mknod(tree.path("block").c_str(), S_IFBLK | 0600, makedev(259, 70000));
    std::string value(1000, 'v');
    for (const char* name : {"modes/program", "modes/none", "sizes/4096", "many", "sizes/100"}) {
        setxattr(tree.path(name).c_str(), "user.common", value.data(), value.size(), 0);
        setxattr(tree.path(name).c_str(), "user.own", name, strlen(name), 0);
    }
    setxattr(tree.path("empty").c_str(), "user.empty", "", 0, 0);
    const timespec times[2] = {{1, 2}, {1234567890, 123456789}};
    utimensat(AT_FDCWD, tree.path("sizes/4097").c_str(), times, 0);
}

Bytes make_image(const Tree& tree, const std::string& options) {
    std::string output = tree.path();
    output.replace(output.size() - 1, 1, ".img");
    std::string command = "mkfs.erofs --quiet -d0 " + options + " " + output + " " + tree.path();
    if (std::system(command.c_str()) != 0) ADD_FAILURE() << "erofs-utils is needed: " << command;
    std::string bytes = read_file(output);
    unlink(output.c_str());
    return {bytes.begin(), bytes.end()};
}

Verified with_hash_tree(const Bytes& image) {
    char name[] = "/tmp/imagefs-tree.XXXXXX";
    int file = mkstemp(name);
    if (write(file, image.data(), image.size()) != static_cast<ssize_t>(image.size())) std::abort();
    Verified result;
    result.blocks = image.size() / page_size;
    std::string hash = supervisor::append_hash_tree(file, result.blocks);
    close(file);
    std::string bytes = read_file(name);
    unlink(name);
    result.bytes.assign(bytes.begin(), bytes.end());
    for (usize i = 0; i < hash.size(); i += 2)
        result.root_hash.push_back(static_cast<u8>(std::stoul(hash.substr(i, 2), nullptr, 16)));
    return result;
}

Shown shown_by_host(const Tree& tree) {
    Shown shown;
    walk_host(tree, "", shown);
    return shown;
}

Shown shown_by_image(ImageFileSystem& image, std::map<Errno, int>* errors) {
    Shown shown;
    ImageWalk(shown, errors).visit("", *image.root());
    return shown;
}

Result<std::string> contents_of(Inode& inode) {
    Ref<File> file = TRY(inode.open(open_read_only));
    std::string text(TRY(inode.attributes()).size + 1, 0);
    u64 position = 0;
    for (;;) {
        IoCursor to = IoCursor::kernel(static_cast<void*>(text.data() + position),
                                       std::min<usize>(text.size() - position, 50000));
        if (TRY(file->read(to, position)) == 0) break;
    }
    text.resize(position);
    return text;
}

Result<Ref<Inode>> find(ImageFileSystem& image, std::string_view path) {
    Ref<Inode> at = image.root();
    while (!path.empty()) {
        usize end = path.find('/');
        at = TRY(at->lookup(path.substr(0, end)));
        path = end == std::string_view::npos ? "" : path.substr(end + 1);
    }
    return at;
}

void on_machine(const std::function<void(simulated::Machine&)>& body, u64 memory) {
    simulated::Machine machine({.region_bytes = u64{1} << 30, .memory_limit = memory});
    machine.disks().emplace_back();
    auto outcome = machine.run([&](simulated::Guest&) { body(machine); });
    EXPECT_TRUE(outcome.exited_with(0)) << outcome.status << outcome.deadlock.report << outcome.report;
}

Result<Ref<ImageFileSystem>> open_image(simulated::Machine& machine, const Bytes& bytes,
                                        const Bytes& root_hash) {
    machine.disks()[0].bytes = bytes;
    return ImageFileSystem::create(0, root_hash);
}

}  // namespace litebox::imagefs_test
