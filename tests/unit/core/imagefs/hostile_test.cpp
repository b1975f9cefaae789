// Images that nobody's mkfs made: each lie ends in an errno, and what else is there can still be read.
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include "tests/unit/core/imagefs/fixture.h"

using namespace litebox;
using namespace litebox::imagefs_test;
using simulated::Machine;

namespace {

constexpr u64 super = 1024, block_bytes = 4096;

/// An image in which single fields are changed. Its superblock has no checksum.
class Forgery {
  public:
    Forgery(Machine& machine, const Bytes& image) : machine_(machine), bytes_(image) {
        bytes_[super + 8] &= static_cast<u8>(~1);
        auto opened = open_image(machine_, bytes_);
        EXPECT_TRUE(opened.ok());
        original_ = std::move(opened).value();
    }

    template <typename T>
    Forgery& put(u64 at, T value) {
        memcpy(bytes_.data() + at, &value, sizeof(value));
        return *this;
    }
    template <typename T>
    [[nodiscard]] T get(u64 at) const {
        T value;
        memcpy(&value, bytes_.data() + at, sizeof(value));
        return value;
    }
    /// Where the inode of a file lies.
    u64 inode(std::string_view path) { return nid(path) * 32; }
    u64 nid(std::string_view path) { return find(*original_, path).value()->number().value(); }
    /// Where the entry `name` of a directory lies, whose entries are in its inode's block.
    u64 entry(std::string_view directory, std::string_view name) {
        u64 at = inode(directory);
        u64 entries = at + (get<u16>(at) % 2 == 0 ? 32 : 64);
        for (u64 i = 0; i < get<u16>(entries + 8) / 12u; i++) {
            u64 place = entries + i * 12;
            // No name of these begins another but "." does "..".
            u64 at_name = entries + get<u16>(place + 8);
            bool dots = name == "." || name == "..";
            if (memcmp(bytes_.data() + at_name, name.data(), name.size()) == 0 &&
                (!dots || i + 1 == name.size()))
                return place;
        }
        ADD_FAILURE() << "no entry " << name;
        return 0;
    }
    u64 name_of(std::string_view directory, u64 entry_at) {
        u64 at = inode(directory);
        return at + (get<u16>(at) % 2 == 0 ? 32 : 64) + get<u16>(entry_at + 8);
    }
    Result<Ref<ImageFileSystem>> open() { return open_image(machine_, bytes_); }
    Errno error_of_open() {
        auto opened = open();
        return opened.ok() ? Errno{} : opened.error();
    }
    /// The first error on the way to the file, its bytes, its names.
    Errno error_at(std::string_view path) {
        auto opened = open();
        if (!opened.ok()) return opened.error();
        auto found = find(*opened.value(), path);
        if (!found.ok()) return found.error();
        return error_of(*found.value());
    }
    Bytes& bytes() { return bytes_; }

  private:
    static Errno error_of(Inode& inode) {
        struct Nothing final : DirectorySink {
            bool entry(string_view, u64, u32, u64) override { return true; }
        } nothing;
        auto names = inode.list_attributes({});
        if (!names.ok()) return names.error();
        if (inode.type() == mode_directory) {
            auto listed = inode.read_directory(2, nothing);
            return listed.ok() ? Errno{} : listed.error();
        }
        if (inode.type() == mode_symlink) {
            auto target = inode.read_link();
            return target.ok() ? Errno{} : target.error();
        }
        auto contents = contents_of(inode);
        return contents.ok() ? Errno{} : contents.error();
    }

    Machine& machine_;
    Bytes bytes_;
    Ref<ImageFileSystem> original_;
};

Bytes sample(const std::string& options = "-Eforce-inode-extended") {
    Tree tree;
    tree.add_file("file", std::string(10000, 'f'));
    tree.add_file("tiny", "t");
    tree.add_file("a/b/c/deep", "deep");
    tree.add_file("a/other", "other");
    tree.add_link("link", "file");
    return make_image(tree, options);
}

void with_forgery(const std::function<void(Forgery&)>& body,
                  const std::string& options = "-Eforce-inode-extended") {
    Bytes image = sample(options);
    on_machine([&](Machine& machine) {
        Forgery forgery(machine, image);
        body(forgery);
    });
}

/// Each change in turn on a fresh copy.
template <typename... Changes>
void each_is_refused(Errno expected, std::string_view path, Changes... changes) {
    with_forgery([&](Forgery& forgery) {
        const Bytes whole = forgery.bytes();
        int number = 0;
        auto one = [&](auto& change) {
            forgery.bytes() = whole;
            change(forgery);
            EXPECT_EQ(forgery.error_at(path), expected) << path << ", change " << number;
            number++;
        };
        (one(changes), ...);
        forgery.bytes() = whole;
        EXPECT_EQ(forgery.error_at(path), Errno{});
    });
}

}  // namespace

TEST(HostileImage, WithASuperblockThatLiesIsNotOpened) {
    with_forgery([](Forgery& forgery) {
        const Bytes whole = forgery.bytes();
        auto expect = [&](u64 at, auto value, Errno expected) {
            forgery.bytes() = whole;
            forgery.put(super + at, value);
            EXPECT_EQ(forgery.error_of_open(), expected) << "offset " << at;
        };
        expect(0, u32{0}, Errno::einval);
        expect(8, u32{1}, Errno::euclean);  // says that it has a checksum, which is none
        for (u8 bits : {0, 9, 11, 13, 64, 255}) expect(12, bits, Errno::eopnotsupp);
        for (u32 features : {1u, 2u, 8u, 16u, 32u, 64u, ~0u}) expect(80, features, Errno::eopnotsupp);
        expect(86, u16{1}, Errno::eopnotsupp);
        for (u32 blocks : {0u, ~0u, 0x80000000u}) expect(36, blocks, Errno::euclean);
        for (u16 root : {u16{0}, u16{0xffff}, u16{1}}) expect(14, root, Errno::euclean);
        for (u32 first : {~0u, 0x80000000u}) expect(40, first, Errno::euclean);
        forgery.bytes() = whole;
        forgery.put(super + 14, static_cast<u16>(forgery.nid("file")));
        EXPECT_EQ(forgery.error_of_open(), Errno::euclean);  // the root is no directory
    });
}

TEST(HostileImage, CutOffAnywhereIsRefusedOrReadAsFarAsItGoes) {
    with_forgery([](Forgery& forgery) {
        const Bytes whole = forgery.bytes();
        for (usize length = 0; length < whole.size(); length += 512) {
            forgery.bytes().assign(whole.begin(), whole.begin() + static_cast<isize>(length));
            EXPECT_EQ(forgery.error_of_open(), length < block_bytes ? Errno::einval : Errno::euclean)
                << length;
            // It says so itself.
            forgery.bytes().resize(std::max<usize>(length, block_bytes));
            forgery.put(super + 36, static_cast<u32>(std::max<usize>(length / block_bytes, 1)));
            (void)forgery.error_at("a/b/c/deep");
            (void)forgery.error_at("file");
        }
    });
}

TEST(HostileImage, WithInodesThatLieIsRefusedFileByFile) {
    auto field = [](u64 at, auto value) {
        return [=](Forgery& forgery) { forgery.put(forgery.inode("file") + at, value); };
    };
    each_is_refused(Errno::euclean, "file",                                         //
                    field(2, u16{0xffff}),                                          // attributes without end
                    field(4, u16{0}), field(4, u16{0170644}), field(4, u16{0100}),  // no such type
                    field(4, u16{0040755}),                                         // not what its name says
                    field(8, ~u64{0}), field(8, u64{1} << 63), field(8, u64{1} << 44),     // sizes
                    field(8, u64{1} << 45), field(8, u64{10000 + 4096}),                   //
                    field(16, ~u32{0}), field(16, u32{0x7fffffff}), field(16, u32{1000}),  // first blocks
                    field(40, u32{1000000000}),                                            // nanoseconds
                    field(44, u32{0}));                                                    // no names
    each_is_refused(Errno::eopnotsupp, "file", field(0, u16{3}), field(0, u16{7}), field(0, u16{11}),
                    field(0, u16{13}), field(0, u16{15}), field(0, u16{0x11}), field(0, u16{0x8005}));
}

TEST(HostileImage, WithATailAcrossBlocksIsRefused) {
    each_is_refused(Errno::euclean, "tiny", [](Forgery& forgery) {
        forgery.put(forgery.inode("tiny") + 8, u64{4096});  // the whole block would be the tail
    });
}

TEST(HostileImage, WithDirectoriesThatLeadBackIsATreeAllTheSame) {
    auto leads = [](std::string_view directory, std::string_view name, std::string_view to) {
        return [=](Forgery& forgery) { forgery.put(forgery.entry(directory, name), forgery.nid(to)); };
    };
    each_is_refused(Errno::euclean, "a/b/c/deep",  //
                    leads("a/b", "c", "a"), leads("a/b", "c", "a/b"), leads("a/b", "c", ""),
                    leads("a", "b", ""), leads("a", "b", "a"), leads("", "a", ""), leads("", "a", "a/b"),
                    leads("a/b/c", "..", "a"));
}

TEST(HostileImage, ThatIsCyclicIsWalkedToAnEnd) {
    with_forgery([](Forgery& forgery) {
        forgery.put(forgery.entry("a/b", "c"), forgery.nid("a"));
        forgery.put(forgery.entry("a", ".."), forgery.nid("a/b"));
        auto opened = forgery.open();
        std::map<Errno, int> errors;
        EXPECT_LT(shown_by_image(*opened.value(), &errors).size(), 20u);
        EXPECT_GT(errors[Errno::euclean], 0);
    });
}

TEST(HostileImage, WithEntriesThatLieIsRefused) {
    auto entry_field = [](u64 at, auto value) {
        return [=](Forgery& forgery) { forgery.put(forgery.entry("a", "other") + at, value); };
    };
    auto first_field = [](u64 at, auto value) {
        return [=](Forgery& forgery) { forgery.put(forgery.entry("a", ".") + at, value); };
    };
    auto name = [](char byte) {
        return [=](Forgery& forgery) {
            forgery.put(forgery.name_of("a", forgery.entry("a", "other")) + 2, byte);
        };
    };
    each_is_refused(Errno::euclean, "a", first_field(8, u16{0}), first_field(8, u16{11}),
                    first_field(8, u16{13}), first_field(8, u16{0xfff0}), first_field(8, u16{12}),
                    entry_field(8, u16{0}), entry_field(8, u16{0xffff}), entry_field(8, u16{47}),
                    entry_field(10, u8{0}), entry_field(10, u8{8}), entry_field(10, u8{255}), name('/'));
    each_is_refused(Errno::euclean, "a/other", entry_field(0, ~u64{0}), entry_field(0, u64{1} << 60),
                    entry_field(0, u64{0}), entry_field(0, u64{100000}), entry_field(10, u8{2}),
                    entry_field(10, u8{7}));
}

TEST(HostileImage, WithALinkThatIsNoTextIsRefused) {
    auto size = [](u64 value) {
        return [=](Forgery& forgery) { forgery.put(forgery.inode("link") + 8, value); };
    };
    each_is_refused(Errno::euclean, "link", size(0), size(4096), size(5000), size(~u64{0}), size(100),
                    [](Forgery& forgery) { forgery.put(forgery.inode("link") + 64 + 1, '\0'); });
}

TEST(HostileImage, WithChunksOutsideIsRefused) {
    for (const char* form : {"--chunksize=4096 -Eforce-inode-extended,force-inode-blockmap",
                             "--chunksize=4096 -Eforce-inode-extended,force-chunk-indexes"}) {
        with_forgery(
            [&](Forgery& forgery) {
                bool wide = std::string_view(form).find("indexes") != std::string_view::npos;
                const Bytes whole = forgery.bytes();
                u64 at = forgery.inode("file");
                ASSERT_EQ(forgery.get<u16>(at) >> 1 & 7, 4);
                u64 map = at + 64;
                auto expect = [&](u64 place, auto value, Errno expected) {
                    forgery.bytes() = whole;
                    forgery.put(place, value);
                    EXPECT_EQ(forgery.error_at("file"), expected) << form << place;
                };
                for (u32 out : {0x7fffffffu, 1000u, 0xfffffffeu})
                    expect(map + (wide ? 4 : 0), out, Errno::euclean);
                if (wide) expect(map + 2, u16{1}, Errno::euclean);
                expect(at + 16, u16{0x40}, Errno::eopnotsupp);
                expect(at + 8, u64{1} << 43, Errno::euclean);
                // A hole reads as zeros.
                expect(map + (wide ? 4 : 0), ~u32{0}, Errno{});
                auto opened = forgery.open();
                std::string text = contents_of(*find(*opened.value(), "file").value()).value();
                EXPECT_EQ(text, std::string(4096, 0) + std::string(10000 - 4096, 'f'));
            },
            form);
    }
}

TEST(HostileImage, WithAttributesThatLieIsRefused) {
    Tree tree;
    tree.add_file("file", "contents");
    if (setxattr(tree.path("file").c_str(), "user.name", "value", 5, 0) != 0)
        GTEST_SKIP() << "no extended attributes in the temporary directory";
    Bytes image = make_image(tree, "-Eforce-inode-extended");
    on_machine([&](Machine& machine) {
        Forgery forgery(machine, image);
        const Bytes whole = forgery.bytes();
        u64 header = forgery.inode("file") + 64;
        auto expect = [&](u64 at, auto value, Errno expected) {
            forgery.bytes() = whole;
            forgery.put(header + at, value);
            EXPECT_EQ(forgery.error_at("file"), expected) << at;
        };
        expect(0, u32{0}, Errno{});
        for (u8 count : {2, 200, 255}) expect(4, count, Errno::euclean);
        for (u8 length : {30, 255}) expect(12, length, Errno::euclean);
        for (u16 length : {u16{20}, u16{0xffff}}) expect(14, length, Errno::euclean);
        expect(13, u8{0}, Errno{});  // a prefix that is not shown
        expect(13, u8{200}, Errno{});
        expect(17, u8{0}, Errno::euclean);  // a zero in the name
        // Shared ones outside.
        forgery.bytes() = whole;
        forgery.put(header + 4, u8{1}).put(header + 12, ~u32{0});
        EXPECT_EQ(forgery.error_at("file"), Errno::euclean);
    });
}
