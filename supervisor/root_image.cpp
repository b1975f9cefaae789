#include "supervisor/root_image.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "core/base/sha256.h"
#include "supervisor/descriptor.h"

extern char** environ;

namespace litebox::supervisor {

namespace {

constexpr uint64_t block_size = 4096, digests_in_block = block_size / Sha256::digest_size;
using Block = std::array<u8, block_size>;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void read_block(int file, uint64_t number, Block& block) {
    for (size_t done = 0; done < block_size;) {
        ssize_t got = pread(file, block.data() + done, block_size - done,
                            static_cast<off_t>(number * block_size + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail("the image cannot be read back");
        if (got == 0) throw std::runtime_error("the image is shorter than it says");
        done += static_cast<size_t>(got);
    }
}

void write_block(int file, uint64_t number, const Block& block) {
    for (size_t done = 0; done < block_size;) {
        ssize_t put = pwrite(file, block.data() + done, block_size - done,
                             static_cast<off_t>(number * block_size + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) fail("the image cannot be written");
        done += static_cast<size_t>(put);
    }
}

void hash_block(const Block& block, u8* to) {
    Sha256 hash;
    Sha256::Digest digest;
    hash.add(block);
    hash.finish(digest);
    memcpy(to, digest, sizeof(digest));
}

/// dm-verity's superblock, version 1, hash type 1: SHA-256 over blocks of 4,096 bytes, without a salt, since
/// the same files shall give the same root hash.
Block super_block(uint64_t data_blocks) {
    struct Fields {
        char signature[8] = {'v', 'e', 'r', 'i', 't', 'y', 0, 0};
        uint32_t version = 1, hash_type = 1;
        u8 uuid[16] = {};
        char algorithm[32] = "sha256";
        uint32_t data_block_size = block_size, hash_block_size = block_size;
        uint64_t data_blocks = 0;
        uint16_t salt_size = 0;
        u8 rest[6 + 256 + 168] = {};
    } fields;
    static_assert(sizeof(Fields) == 512);
    fields.data_blocks = data_blocks;
    Block block{};
    memcpy(block.data(), &fields, sizeof(fields));
    return block;
}

uint64_t divide_up(uint64_t value, uint64_t by) {
    return (value + by - 1) / by;
}

/// Writes the digests of `count` blocks from `first` on to the blocks from `to` on.
void write_level(int file, uint64_t first, uint64_t count, uint64_t to) {
    Block block, digests;
    for (uint64_t done = 0; done < count; to++) {
        digests.fill(0);
        for (uint64_t i = 0; i < digests_in_block && done < count; i++, done++) {
            read_block(file, first + done, block);
            hash_block(block, digests.data() + i * Sha256::digest_size);
        }
        write_block(file, to, digests);
    }
}

std::string hexadecimal(const u8* bytes, size_t length) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (size_t i = 0; i < length; i++) {
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

/// Removes an unfinished file unless it is kept.
struct Unfinished {
    std::string path;
    ~Unfinished() {
        if (!path.empty()) unlink(path.c_str());
    }
};

std::vector<std::string> environment_for(const ImageOptions& options) {
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; variable++)
        if (strncmp(*variable, "SOURCE_DATE_EPOCH=", 18) != 0) variables.emplace_back(*variable);
    // mkfs.erofs takes this for the time of making, which would otherwise differ each time, and keeps the
    // times of files that lie before it: all do.
    if (!options.timestamp) variables.emplace_back("SOURCE_DATE_EPOCH=4102444800");
    return variables;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> list;
    for (std::string& word : words) list.push_back(word.data());
    list.push_back(nullptr);
    return list;
}

void run_mkfs(const std::string& directory, const std::string& output, const ImageOptions& options) {
    std::vector<std::string> words{"mkfs.erofs", "--quiet", "-d0", "-U00000000-0000-0000-0000-000000000000"};
    if (options.timestamp) words.push_back("-T" + std::to_string(*options.timestamp));
    if (!options.keep_owners) words.emplace_back("--all-root");
    words.insert(words.end(), {"--", output, directory});
    auto variables = environment_for(options);
    pid_t process;
    // Where administrators' programs lie is not in everybody's PATH.
    int error = posix_spawnp(&process, "mkfs.erofs", nullptr, nullptr, pointers(words).data(),
                             pointers(variables).data());
    if (error == ENOENT)
        error = posix_spawn(&process, "/usr/sbin/mkfs.erofs", nullptr, nullptr, pointers(words).data(),
                            pointers(variables).data());
    if (error == ENOENT)
        throw std::runtime_error("mkfs.erofs is not installed; `apt-get install erofs-utils` brings it");
    errno = error;
    if (error != 0) fail("mkfs.erofs cannot be started");
    int status = 0;
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR) fail("mkfs.erofs cannot be waited for");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error("mkfs.erofs could not make an image of " + directory +
                                 "; run it by hand to see why");
}

/// Where an image inside the directory would have to contain itself.
void refuse_output_inside(const std::string& directory, const std::string& output) {
    namespace fs = std::filesystem;
    fs::path inside = fs::canonical(directory);
    fs::path place = fs::absolute(output).parent_path();
    for (fs::path at = fs::weakly_canonical(place); at.has_relative_path(); at = at.parent_path())
        if (at == inside)
            throw std::runtime_error(output +
                                     " would lie in the directory that it is made of; put it elsewhere");
}

}  // namespace

std::string append_hash_tree(int file, uint64_t data_blocks) {
    // As many blocks in each level as the one below has digests for, up to a single one; the top lies first.
    std::vector<uint64_t> counts;
    for (uint64_t count = data_blocks; count > 1;)
        counts.push_back(count = divide_up(count, digests_in_block));
    write_block(file, data_blocks, super_block(data_blocks));
    std::vector<uint64_t> firsts(counts.size());
    uint64_t at = data_blocks + 1;
    for (size_t level = counts.size(); level-- > 0; at += counts[level]) firsts[level] = at;
    uint64_t first = 0, count = data_blocks;
    for (size_t level = 0; level < counts.size(); level++) {
        write_level(file, first, count, firsts[level]);
        first = firsts[level];
        count = counts[level];
    }
    Block top;
    Sha256::Digest root;
    read_block(file, first, top);
    hash_block(top, root);
    return hexadecimal(root, sizeof(root));
}

RootImage build_root_image(const std::string& directory, const std::string& output,
                           const ImageOptions& options) {
    if (!std::filesystem::is_directory(directory))
        throw std::runtime_error(directory +
                                 " is not a directory; an image is made of a directory's contents");
    refuse_output_inside(directory, output);
    Unfinished unfinished{output + ".XXXXXX"};
    Descriptor file(mkostemp(unfinished.path.data(), O_CLOEXEC));
    if (file.get() < 0) {
        unfinished.path.clear();
        fail(output + " cannot be made");
    }
    run_mkfs(directory, unfinished.path, options);
    struct stat status;
    if (fstat(file.get(), &status) != 0) fail("the image cannot be looked at");
    RootImage image;
    image.hash_offset = static_cast<uint64_t>(status.st_size);
    if (image.hash_offset == 0 || image.hash_offset % block_size != 0)
        throw std::runtime_error(
            "mkfs.erofs made an image of an odd length; its version is not one that is known");
    if (options.hash_tree) image.root_hash = append_hash_tree(file.get(), image.hash_offset / block_size);
    constexpr mode_t readable = 0644;
    if (fstat(file.get(), &status) != 0 || fchmod(file.get(), readable) != 0)
        fail("the image cannot be finished");
    image.size = static_cast<uint64_t>(status.st_size);
    if (rename(unfinished.path.c_str(), output.c_str()) != 0) fail(output + " cannot be replaced");
    unfinished.path.clear();
    return image;
}

}  // namespace litebox::supervisor
