// Hash trees: made as veritysetup makes them, and nothing that is not under the root hash is ever shown.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "supervisor/root_image.h"
#include "tests/unit/core/imagefs/fixture.h"

using namespace litebox;
using namespace litebox::imagefs_test;
using simulated::Machine;
using simulated::Operation;

namespace {

constexpr u64 block_bytes = 4096;

/// A file of the host with these bytes, which goes with the object.
struct HostFile {
    explicit HostFile(const Bytes& bytes) {
        close(mkstemp(path.data()));
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    ~HostFile() { unlink(path.c_str()); }
    std::string path = "/tmp/imagefs-file.XXXXXX";
};

std::string output_of(const std::string& command) {
    std::string text;
    FILE* pipe = popen(command.c_str(), "r");
    char part[256];
    while (pipe != nullptr && fgets(part, sizeof(part), pipe) != nullptr) text += part;
    if (pipe == nullptr || pclose(pipe) != 0) ADD_FAILURE() << "cryptsetup-bin is needed: " << command;
    return text;
}

Bytes from_hexadecimal(const std::string& text) {
    Bytes bytes;
    for (usize i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<u8>(std::stoul(text.substr(i, 2), nullptr, 16)));
    return bytes;
}

std::string hexadecimal(const Bytes& bytes) {
    std::string text;
    char two[3];
    for (u8 byte : bytes) snprintf(two, sizeof(two), "%02x", byte), text += two;
    return text;
}

/// Larger than one block of digests covers.
Verified small_image(Shown* shown = nullptr) {
    Tree tree;
    std::string contents;
    for (u32 i = 0; i < 600000; i++) contents += static_cast<char>(i * i >> 7);
    tree.add_file("large", contents);
    tree.add_file("directory/small", "small");
    tree.add_link("link", "large");
    if (shown != nullptr) *shown = shown_by_host(tree);
    return with_hash_tree(make_image(tree));
}

}  // namespace

TEST(HashTree, OfOursIsWhatVeritysetupVerifies) {
    Tree tree;
    fill_with_everything(tree);
    for (const Bytes& image :
         {make_image(tree), Bytes(block_bytes, 'x'), Bytes(128 * block_bytes), Bytes(129 * block_bytes)}) {
        Verified verified = with_hash_tree(image);
        HostFile file(verified.bytes);
        output_of("PATH=$PATH:/sbin:/usr/sbin veritysetup verify " + file.path + " " + file.path + " " +
                  hexadecimal(verified.root_hash) +
                  " --hash-offset=" + std::to_string(verified.blocks * block_bytes));
    }
}

TEST(HashTree, OfVeritysetupWithASaltIsUnderstood) {
    Tree tree;
    fill_with_everything(tree);
    Shown host = shown_by_host(tree);
    Bytes image = make_image(tree);
    for (const char* salt :
         {"-", "00", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01"}) {
        HostFile file(image);
        std::string told = output_of("PATH=$PATH:/sbin:/usr/sbin veritysetup format " + file.path + " " +
                                     file.path + " --hash-offset=" + std::to_string(image.size()) +
                                     " --salt=" + salt + " | sed -n 's/^Root hash:[^0-9a-f]*//p'");
        std::ifstream made(file.path, std::ios::binary);
        std::string text(std::istreambuf_iterator<char>(made), {});
        on_machine([&](Machine& machine) {
            auto opened = open_image(machine, {text.begin(), text.end()}, from_hexadecimal(told));
            ASSERT_TRUE(opened.ok()) << salt;
            EXPECT_EQ(shown_by_image(*opened.value()), host);
        });
    }
}

TEST(HashTree, OfTheSameFilesIsTheSame) {
    Tree one, two;
    for (Tree* tree : {&one, &two})
        for (int i = 0; i < 50; i++)
            tree->add_file("d" + std::to_string(tree == &one ? i : 49 - i) + "/f", "contents");
    supervisor::ImageOptions options;
    options.timestamp = 7;
    auto first = supervisor::build_root_image(one.path(), one.path() + "../one.img", options);
    auto second = supervisor::build_root_image(two.path(), two.path() + "../two.img", options);
    EXPECT_EQ(first.root_hash, second.root_hash);
    EXPECT_EQ(first.root_hash.size(), 64u);
    std::filesystem::remove(one.path() + "../one.img");
    std::filesystem::remove(two.path() + "../two.img");
}

// Whatever bit of the image or its tree is another: no block under it can be read.
TEST(HashTree, AnswersEioForEachBlockWithAnyBitFlipped) {
    Verified verified = small_image();
    on_machine([&](Machine& machine) {
        ASSERT_TRUE(open_image(machine, verified.bytes, verified.root_hash).ok());
        Bytes& disk = machine.disks()[0].bytes;
        u64 total = disk.size() / block_bytes, first_leaf = verified.blocks + 2;
        ASSERT_EQ(total, first_leaf + 2);  // superblock, the top, two blocks of digests
        auto read = [&](ImageBlocks& blocks, u64 number) {
            Bytes page(block_bytes);
            auto filled = blocks.fill(number, page);
            if (filled.ok())
                EXPECT_TRUE(std::equal(page.begin(), page.end(),
                                       verified.bytes.begin() + static_cast<isize>(number * block_bytes)));
            return filled.ok() ? Errno{} : filled.error();
        };
        for (u64 number = 1; number < total; number++) {
            if (number == verified.blocks) continue;
            for (u64 bit : {u64{0}, number * 7919 % (block_bytes * 8), block_bytes * 8 - 1}) {
                auto blocks = ImageBlocks::open(0, verified.root_hash);
                ASSERT_TRUE(blocks.ok());
                disk[number * block_bytes + bit / 8] ^= static_cast<u8>(1 << bit % 8);
                // Block 0 was read: what is above it was checked, and is not read again.
                bool was_checked = number == verified.blocks + 1 || number == first_leaf;
                u64 victim = number < verified.blocks ? number : number == first_leaf + 1 ? 128 : 1;
                EXPECT_EQ(read(*blocks.value(), victim), was_checked ? Errno{} : Errno::eio)
                    << number << " " << bit;
                auto fresh = ImageBlocks::open(0, verified.root_hash);
                if (was_checked) {
                    EXPECT_EQ(fresh.ok() ? Errno{} : fresh.error(), Errno::eio) << number;
                }
                disk[number * block_bytes + bit / 8] ^= static_cast<u8>(1 << bit % 8);
            }
        }
    });
}

TEST(HashTree, LetsNoFlippedBitShowThroughTheFiles) {
    Shown host;
    Verified verified = small_image(&host);
    on_machine([&](Machine& machine) {
        Bytes& disk = machine.disks()[0].bytes;
        disk = verified.bytes;
        for (usize at = 3; at < disk.size(); at += 4093) {
            disk[at] ^= 0x10;
            std::map<Errno, int> errors;
            auto opened = ImageFileSystem::create(0, verified.root_hash);
            if (opened.ok()) {
                for (auto& [path, text] : shown_by_image(*opened.value(), &errors))
                    EXPECT_TRUE(text == host[path] || text.find("error 5 ") != std::string::npos) << path;
                for (auto& [error, count] : errors) EXPECT_EQ(error, Errno::eio);
            } else {
                // The two superblocks must make sense before anything can be checked under the tree.
                bool of_super = at < block_bytes || at / block_bytes == verified.blocks;
                EXPECT_TRUE(opened.error() == Errno::eio || of_super)
                    << static_cast<int>(opened.error()) << " at " << at;
            }
            disk[at] ^= 0x10;
        }
    });
}

TEST(HashTree, IsRefusedUnderAnotherRootHashOrOverAnotherLength) {
    Verified verified = small_image();
    on_machine([&](Machine& machine) {
        Bytes other = verified.root_hash;
        other[31] ^= 1;
        EXPECT_EQ(open_image(machine, verified.bytes, other).error(), Errno::eio);
        other.pop_back();
        EXPECT_EQ(open_image(machine, verified.bytes, other).error(), Errno::einval);
        // Every byte of the superblock that means something.
        auto with = [&](usize at, u8 value) {
            Bytes bytes = verified.bytes;
            bytes[verified.blocks * block_bytes + at] ^= value;
            return open_image(machine, bytes, verified.root_hash);
        };
        for (usize at : {0, 8, 12, 32, 38, 64, 65, 68, 69, 72, 73, 79})
            EXPECT_EQ(with(at, 1).error(), Errno::euclean) << at;
        EXPECT_EQ(with(80, 1).error(), Errno::eio);      // a salt of one byte
        EXPECT_EQ(with(81, 2).error(), Errno::euclean);  // one of 512
        // An image that says it is shorter or longer than what the tree covers.
        for (u8 change : {1, 2}) {
            Bytes bytes = verified.bytes;
            bytes[1024 + 36] ^= change;
            bytes[1024 + 8] &= static_cast<u8>(~1);  // no checksum
            EXPECT_FALSE(open_image(machine, bytes, verified.root_hash).ok());
        }
        // Cut off within the tree, and without it.
        for (u64 missing = 1; missing <= 5; missing++) {
            Bytes bytes = verified.bytes;
            bytes.resize(bytes.size() - missing * block_bytes);
            EXPECT_EQ(open_image(machine, bytes, verified.root_hash).error(), Errno::euclean) << missing;
        }
    });
}

// A level of the tree does not pass for data, nor data for a level of the tree.
TEST(HashTree, IsRefusedWithALevelMoreOrLess) {
    Verified verified = small_image();
    on_machine([&](Machine& machine) {
        u64 at = verified.blocks * block_bytes + 72;
        for (u64 claimed : {u64{1}, u64{2}, u64{128}, verified.blocks * 128}) {
            Bytes bytes = verified.bytes;
            memcpy(bytes.data() + at, &claimed, sizeof(claimed));
            EXPECT_EQ(open_image(machine, bytes, verified.root_hash).error(), Errno::euclean);
        }
    });
}

TEST(HashTree, IsCheckedAgainAfterTheDeviceFailed) {
    Shown host;
    Verified verified = small_image(&host);
    on_machine([&](Machine& machine) {
        for (u64 nth = 1; nth < 12; nth++) {
            machine.faults().fail_nth(Operation::block_read, nth);
            auto opened = open_image(machine, verified.bytes, verified.root_hash);
            if (!opened.ok()) continue;
            std::map<Errno, int> errors;
            (void)shown_by_image(*opened.value(), &errors);
            for (auto& [error, count] : errors) EXPECT_EQ(error, Errno::eio);
            EXPECT_EQ(shown_by_image(*opened.value()), host) << nth;
        }
    });
}

// The host gives other bytes each time: what was checked is what is shown.
TEST(HashTree, HoldsAgainstADeviceThatChangesItsMind) {
    Shown host;
    Verified verified = small_image(&host);
    on_machine([&](Machine& machine) {
        auto opened = open_image(machine, verified.bytes, verified.root_hash);
        ASSERT_TRUE(opened.ok());
        u64 reads = 0;
        machine.disks()[0].alter = [&](u64, std::span<u8> bytes) {
            if (reads++ % 3 == 0) bytes[bytes.size() / 2] ^= 4;
        };
        for (int i = 0; i < 4; i++)
            for (auto& [path, text] : shown_by_image(*opened.value()))
                EXPECT_TRUE(text == host[path] || text.find("error 5 ") != std::string::npos) << path;
        machine.disks()[0].alter = nullptr;
        EXPECT_EQ(shown_by_image(*opened.value()), host);
    });
}
