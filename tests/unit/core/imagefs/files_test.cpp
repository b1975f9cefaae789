// Images as mkfs.erofs makes them show what the tree they were made of shows.
#include <gtest/gtest.h>

#include "core/file/file.h"
#include "core/memory/mapping.h"
#include "tests/unit/core/imagefs/fixture.h"

using namespace litebox;
using namespace litebox::imagefs_test;
using simulated::Machine;
using simulated::Operation;

namespace {

std::string sha256_of(std::string_view text, usize piece) {
    Sha256 hash;
    for (usize at = 0; at < text.size(); at += piece) {
        auto part = text.substr(at, piece);
        hash.add({reinterpret_cast<const u8*>(part.data()), part.size()});
    }
    Sha256::Digest digest;
    hash.finish(digest);
    std::string hexadecimal;
    char two[3];
    for (u8 byte : digest) snprintf(two, sizeof(two), "%02x", byte), hexadecimal += two;
    return hexadecimal;
}

}  // namespace

// The examples of FIPS 180-4's companion page, and lengths around a block's end.
TEST(Sha256, GivesThePublishedDigestsHoweverTheTextIsCut) {
    const std::pair<std::string, const char*> known[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
    for (const auto& [text, digest] : known)
        for (usize piece : {1, 3, 55, 56, 63, 64, 65, 1000})
            EXPECT_EQ(sha256_of(text, piece), digest) << piece;
}

class EveryFile : public testing::TestWithParam<const char*> {};

TEST_P(EveryFile, OfAnImageIsAsOnTheHost) {
    Tree tree;
    fill_with_everything(tree);
    Bytes image = make_image(tree, GetParam());
    Verified verified = with_hash_tree(image);
    Shown host = shown_by_host(tree);
    on_machine([&](Machine& machine) {
        auto plain = open_image(machine, image);
        ASSERT_TRUE(plain.ok());
        EXPECT_EQ(shown_by_image(*plain.value()), host);
        auto checked = open_image(machine, verified.bytes, verified.root_hash);
        ASSERT_TRUE(checked.ok());
        EXPECT_EQ(shown_by_image(*checked.value()), host);
        EXPECT_EQ(host.count("many/file-with-a-name-of-some-length-277"), 1u);
        EXPECT_GT(host.size(), 530u);
    });
}

INSTANTIATE_TEST_SUITE_P(Layouts, EveryFile,
                         testing::Values("", "-Enoinline_data", "-Eforce-inode-extended", "-x0",
                                         "--chunksize=4096 -Eforce-inode-blockmap", "--chunksize=16384",
                                         "--chunksize=65536 -Eforce-chunk-indexes"));

TEST(Images, WithCompactInodesHaveOneTimeForAllFiles) {
    Tree tree;
    fill_with_everything(tree);
    Bytes image = make_image(tree, "-T1700000000 -Eforce-inode-compact");
    on_machine([&](Machine& machine) {
        auto opened = open_image(machine, image);
        ASSERT_TRUE(opened.ok());
        std::map<Errno, int> errors;
        EXPECT_EQ(shown_by_image(*opened.value(), &errors).size(), shown_by_host(tree).size());
        EXPECT_TRUE(errors.empty());
        Attributes a = find(*opened.value(), "sizes/4097").value()->attributes().value();
        EXPECT_EQ(a.modify.seconds, 1700000000);
        EXPECT_EQ(a.size, 4097u);
    });
}

TEST(Images, AreReadOnceForAllNamesAndAllMappingsOfAFile) {
    Tree tree;
    tree.add_file("file", std::string(300000, 'x'));
    Bytes image = make_image(tree);
    on_machine([&](Machine& machine) {
        auto opened = open_image(machine, image);
        ASSERT_TRUE(opened.ok());
        auto inode = find(*opened.value(), "file");
        ASSERT_TRUE(contents_of(*inode.value()).ok());
        u64 reads = machine.faults().calls(Operation::block_read);
        auto again = find(*opened.value(), "file");
        EXPECT_EQ(again.value().get(), inode.value().get());
        EXPECT_EQ(contents_of(*again.value()).value(), std::string(300000, 'x'));
        EXPECT_EQ(machine.faults().calls(Operation::block_read), reads);
        // Some dozen requests for 74 pages: what is read in order is read ahead.
        EXPECT_LT(reads, 30u);
    });
}

TEST(Images, LargerThanMemoryAreReadThroughIt) {
    constexpr u64 memory = 8 << 20;
    Tree tree;
    std::map<std::string, std::string> files;
    for (const char* name : {"one", "two"}) {
        std::string& contents = files[name];
        for (u32 i = 0; contents.size() < 6 << 20; i++) contents += std::to_string(i) + name;
        tree.add_file(name, contents);
    }
    Bytes image = make_image(tree);
    on_machine(
        [&](Machine& machine) {
            auto opened = open_image(machine, image);
            ASSERT_TRUE(opened.ok());
            auto one = find(*opened.value(), "one"), two = find(*opened.value(), "two");
            auto& first = static_cast<ImageInode&>(*one.value());
            for (int round = 0; round < 2; round++) {
                EXPECT_EQ(contents_of(*one.value()).value(), files["one"]);
                EXPECT_EQ(contents_of(*two.value()).value(), files["two"]);
                EXPECT_LE(first.contents().value()->resident_pages(), memory / 2 / page_size);
            }
            opened.value()->give_up_pages();
            opened.value()->give_up_pages();
            EXPECT_EQ(first.contents().value()->resident_pages(), 0u);
        },
        memory);
}

TEST(Images, GiveUpNoPageThatIsMapped) {
    Tree tree;
    tree.add_file("file", std::string(300000, 'x'));
    Bytes image = make_image(tree);
    on_machine([&](Machine& machine) {
        auto opened = open_image(machine, image);
        auto inode = find(*opened.value(), "file");
        ASSERT_TRUE(contents_of(*inode.value()).ok());
        auto contents = static_cast<ImageInode&>(*inode.value()).contents().value();
        Mapping mapping;
        ASSERT_TRUE(contents->attach(mapping).ok());
        EXPECT_EQ(opened.value()->give_up_pages(), 0u);
        EXPECT_EQ(contents->resident_pages(), 74u);
        contents->detach(mapping);
        EXPECT_EQ(opened.value()->give_up_pages(), 74u);
        EXPECT_EQ(contents_of(*inode.value()).value(), std::string(300000, 'x'));
    });
}

TEST(Images, AreNeverWritten) {
    Tree tree;
    tree.add_file("file", "contents");
    Bytes image = make_image(tree);
    on_machine([&](Machine& machine) {
        auto opened = open_image(machine, image);
        ASSERT_TRUE(opened.ok());
        Ref<Inode> root = opened.value()->root();
        Ref<Inode> file = find(*opened.value(), "file").value();
        Credentials who;
        EXPECT_EQ(root->create("new", mode_regular | 0644, 0, who).error(), Errno::erofs);
        EXPECT_EQ(root->create_symlink("new", "file", who).error(), Errno::erofs);
        EXPECT_EQ(root->link("new", *file).error(), Errno::erofs);
        EXPECT_EQ(root->unlink("file", false).error(), Errno::erofs);
        EXPECT_EQ(root->rename("file", *root, "new", 0).error(), Errno::erofs);
        EXPECT_EQ(file->set_attributes({}).error(), Errno::erofs);
        EXPECT_EQ(file->set_attribute("user.a", {}, 0).error(), Errno::erofs);
        EXPECT_EQ(file->open(open_read_write).error(), Errno::erofs);
        EXPECT_EQ(machine.disks()[0].bytes, image);
    });
}

TEST(Images, ShowDevicesThatCannotBeOpened) {
    Tree tree;
    fill_with_everything(tree);
    Bytes image = make_image(tree);
    on_machine([&](Machine& machine) {
        auto opened = open_image(machine, image);
        ASSERT_TRUE(opened.ok());
        for (const char* name : {"character", "block", "socket"}) {
            auto inode = find(*opened.value(), name);
            if (!inode.ok() && inode.error() == Errno::enoent) continue;  // not made: the test is not root
            EXPECT_EQ(inode.value()->open(open_read_only).error(), Errno::enxio) << name;
        }
    });
}
