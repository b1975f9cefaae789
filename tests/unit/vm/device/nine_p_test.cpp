// The 9P client against servers that keep the protocol, and against those that lie.
#include <gtest/gtest.h>

#include <cstring>

#include "platform/vm/device/nine_p_device.h"
#include "tests/unit/vm/device/simulated_device.h"

namespace litebox::vm {
namespace {

using Bytes = std::vector<u8>;

template <typename T>
void put(Bytes& to, T value) {
    const auto* bytes = reinterpret_cast<const u8*>(&value);
    to.insert(to.end(), bytes, bytes + sizeof(value));
}
void put_text(Bytes& to, std::string_view text) {
    put(to, static_cast<u16>(text.size()));
    to.insert(to.end(), text.begin(), text.end());
}
void put_qid(Bytes& to, u8 type, u64 path) {
    put(to, type);
    put(to, u32{0});
    put(to, path);
}

struct Server : ::testing::Test {
    SimulatedDevice simulated{DeviceKind::nine_p};
    NinePDevice device;
    u16 last_tag = 0;
    u8 last_type = 0;
    /// The fields of the next answers; what is sent in front of them can be wrong.
    std::function<Bytes(u8 type, const Bytes& request)> answer;
    std::function<void(Bytes& whole)> spoil;
    std::function<u32(u32)> used_length = [](u32 length) { return length; };

    static Bytes frame(u8 type, u16 tag, const Bytes& fields) {
        Bytes whole;
        put(whole, static_cast<u32>(nine_p_header + fields.size()));
        put(whole, type);
        put(whole, tag);
        whole.insert(whole.end(), fields.begin(), fields.end());
        return whole;
    }
    void serve(u16 queue, const SimulatedDevice::Chain& chain) {
        Bytes request = chain.sent();
        ASSERT_GE(request.size(), nine_p_header);
        last_type = request[4];
        std::memcpy(&last_tag, request.data() + 5, sizeof(last_tag));
        u8 type = static_cast<u8>(last_type + 1);
        Bytes fields;
        if (answer)
            fields = answer(last_type, request);
        else if (last_type == static_cast<u8>(NineP::version)) {
            put(fields, u32{65536});
            put_text(fields, "9P2000.L");
        } else if (last_type == static_cast<u8>(NineP::attach)) {
            put_qid(fields, Qid::directory, 1);
        }
        Bytes whole = frame(type, last_tag, fields);
        if (spoil) spoil(whole);
        simulated.use(queue, chain.id, used_length(chain.answer(whole)));
    }
    void SetUp() override {
        simulated.features |= 1;
        simulated.most_entries = 128;
        simulated.configuration = {4, 0, 'v', 'i', 'e', 'w'};
        simulated.on_chain = [this](u16 queue, SimulatedDevice::Chain chain) { serve(queue, chain); };
    }
    NinePClient& client() { return device.client(); }
    void begin() { ASSERT_TRUE(device.begin(simulated).ok()); }
    void error(u32 number) {
        spoil = [this, number](Bytes& whole) {
            Bytes fields;
            put(fields, number);
            whole = frame(7, last_tag, fields);
        };
    }
    static Bytes good_attributes(u32 mode = 0100644, u8 qid_type = 0, u64 valid = 0x7ff, u64 size = 1000) {
        Bytes fields;
        put(fields, valid);
        put_qid(fields, qid_type, 77);
        for (u32 value : {mode, 5u, 6u}) put(fields, value);
        for (u64 value : {u64{1}, u64{0}, size, u64{4096}, u64{8}}) put(fields, value);
        for (u64 i = 0; i < 8; i++) put(fields, i);
        for (u64 i = 0; i < 2; i++) put(fields, i);
        return fields;
    }
};

TEST_F(Server, AttachesToTheExportWithItsTag) {
    begin();
    EXPECT_NE(simulated.status() & 4, 0u);
}

TEST_F(Server, AnotherExportIsNotTaken) {
    simulated.configuration[2] = 'w';
    EXPECT_EQ(device.begin(simulated).error(), Errno::enoent);
}

TEST_F(Server, AnotherVersionIsRefused) {
    answer = [](u8, const Bytes&) {
        Bytes fields;
        put(fields, u32{65536});
        put_text(fields, "9P2000.u");
        return fields;
    };
    EXPECT_EQ(device.begin(simulated).error(), Errno::eproto);
}

TEST_F(Server, AMessageSizeTooSmallIsRefused) {
    answer = [](u8, const Bytes&) {
        Bytes fields;
        put(fields, u32{100});
        put_text(fields, "9P2000.L");
        return fields;
    };
    EXPECT_EQ(device.begin(simulated).error(), Errno::eproto);
}

TEST_F(Server, AttributesAsTheyAreTold) {
    begin();
    answer = [](u8, const Bytes&) { return good_attributes(); };
    auto told = client().attributes(0);
    ASSERT_TRUE(told.ok());
    EXPECT_EQ(told.value().inode, 77u);
    EXPECT_EQ(told.value().mode, 0100644u);
    EXPECT_EQ(told.value().size, 1000u);
    EXPECT_EQ(told.value().uid, 5u);
}

TEST_F(Server, ErrorsOfTheServerAreItsErrno) {
    begin();
    error(13);
    EXPECT_EQ(client().attributes(0).error(), Errno::eacces);
}

TEST_F(Server, AnErrorThatIsNoneIsALie) {
    begin();
    for (u32 number : {0u, 4096u, ~0u}) {
        error(number);
        EXPECT_EQ(client().attributes(0).error(), Errno::eio);
    }
}

TEST_F(Server, AWrongTagTypeOrSizeIsALie) {
    begin();
    answer = [](u8, const Bytes&) { return good_attributes(); };
    spoil = [](Bytes& whole) { whole[5] ^= 1; };
    EXPECT_EQ(client().attributes(0).error(), Errno::eio);
    spoil = [](Bytes& whole) { whole[4] = 13; };
    EXPECT_EQ(client().attributes(0).error(), Errno::eio);
    spoil = [](Bytes& whole) { whole[0]++; };
    EXPECT_EQ(client().attributes(0).error(), Errno::eio);
    spoil = nullptr;
    used_length = [](u32 length) { return length - 1; };
    EXPECT_EQ(client().attributes(0).error(), Errno::eio);
    used_length = [](u32) { return 0u; };
    EXPECT_EQ(client().attributes(0).error(), Errno::eio);
}

TEST_F(Server, AttributesThatContradictThemselvesAreALie) {
    begin();
    for (const Bytes& fields :
         {good_attributes(0100644, Qid::directory), good_attributes(0040755, 0), good_attributes(0120777, 0),
          good_attributes(0100644, 0, 0x7fe), good_attributes(0100644, 0, 0x7ff, u64{1} << 63), Bytes(20)}) {
        answer = [&](u8, const Bytes&) { return fields; };
        EXPECT_EQ(client().attributes(0).error(), Errno::eio);
    }
}

struct Walk : Server {
    /// An answer with these types of qids.
    void answer_types(const std::vector<u8>& types) {
        answer = [types](u8, const Bytes&) {
            Bytes fields;
            put(fields, static_cast<u16>(types.size()));
            for (u8 type : types) put_qid(fields, type, 5);
            return fields;
        };
    }
    Errno walk(usize names) {
        std::string_view all[] = {"a", "b", "c"};
        Qid last{};
        auto fid = client().walk(0, {all, names}, &last);
        return fid.ok() ? Errno{} : fid.error();
    }
};

TEST_F(Walk, AWalkThatEndsEarly) {
    begin();
    answer_types({Qid::directory});
    EXPECT_EQ(walk(2), Errno::enoent);
    answer_types({Qid::symlink});
    EXPECT_EQ(walk(2), Errno::eloop);
    answer_types({0});
    EXPECT_EQ(walk(2), Errno::enotdir);
}

// A server that followed a link on the way is not gone along with.
TEST_F(Walk, LinksOnTheWayAreNeverFollowed) {
    begin();
    answer_types({Qid::directory, Qid::symlink, 0});
    EXPECT_EQ(walk(3), Errno::eloop);
    answer_types({Qid::directory, Qid::directory, Qid::symlink});
    EXPECT_EQ(walk(3), Errno{});
}

TEST_F(Walk, MoreQidsThanNamesAreALie) {
    begin();
    answer_types({Qid::directory, Qid::directory, Qid::directory});
    EXPECT_EQ(walk(2), Errno::eio);
    answer_types({});
    EXPECT_EQ(walk(2), Errno::eio);
    answer = [](u8, const Bytes&) {
        Bytes fields;
        put(fields, u16{2});
        put_qid(fields, Qid::directory, 1);
        return fields;
    };
    EXPECT_EQ(walk(2), Errno::eio);
}

TEST_F(Server, ReadsGiveWhatWasAskedForOrLess) {
    begin();
    u32 count = 100;
    answer = [&](u8, const Bytes&) {
        Bytes fields;
        put(fields, count);
        fields.resize(fields.size() + 100, 0x5a);
        return fields;
    };
    u8 small[100] = {};
    EXPECT_EQ(client().read(0, 0, small).value(), 100u);
    EXPECT_EQ(small[99], 0x5a);
    std::vector<u8> large(20000);
    EXPECT_EQ(client().read(0, 0, large).value(), 100u);
    EXPECT_EQ(large[99], 0x5a);
    EXPECT_EQ(large[100], 0);
    u8 tiny[50];
    EXPECT_EQ(client().read(0, 0, tiny).error(), Errno::eio);
    for (u32 lie : {0u, 99u, 101u, 20001u, ~0u}) {
        count = lie;
        EXPECT_EQ(client().read(0, 0, small).error(), Errno::eio);
        EXPECT_EQ(client().read(0, 0, large).error(), Errno::eio);
    }
}

TEST_F(Server, WritesThatWereLongerThanAskedForAreALie) {
    begin();
    u32 count = 0;
    answer = [&](u8, const Bytes&) {
        Bytes fields;
        put(fields, count);
        return fields;
    };
    std::vector<u8> bytes(10000, 1);
    count = 10000;
    EXPECT_EQ(client().write(0, 0, bytes).value(), 10000u);
    count = 10001;
    EXPECT_EQ(client().write(0, 0, bytes).error(), Errno::eio);
    EXPECT_EQ(client().write(0, 0, std::span(bytes).first(10)).error(), Errno::eio);
}

TEST_F(Server, LinksTargets) {
    begin();
    std::string target = "to/there";
    answer = [&](u8, const Bytes&) {
        Bytes fields;
        put_text(fields, target);
        return fields;
    };
    char room[16];
    EXPECT_EQ(client().read_link(0, room).value(), 8u);
    EXPECT_EQ(std::string_view(room, 8), "to/there");
    target = std::string(100, 'x');
    EXPECT_EQ(client().read_link(0, room).value(), 100u);
    target.clear();
    EXPECT_EQ(client().read_link(0, room).error(), Errno::eio);
    answer = [](u8, const Bytes&) {
        Bytes fields;
        put(fields, u16{50});
        return fields;
    };
    EXPECT_EQ(client().read_link(0, room).error(), Errno::eio);
}

struct Listing : Server {
    Bytes entries;
    void add(std::string_view name, u64 position) {
        put_qid(entries, 0, 9);
        put(entries, position);
        put(entries, u8{8});
        put_text(entries, name);
    }
    Result<usize> list(std::vector<std::string>& names, i64 lie = 0) {
        answer = [this, lie](u8, const Bytes&) {
            Bytes fields;
            put(fields, static_cast<u32>(static_cast<i64>(entries.size()) + lie));
            fields.insert(fields.end(), entries.begin(), entries.end());
            return fields;
        };
        return client().read_directory(
            0, 0, 60000,
            [](void* to, const NinePClient::Entry& entry) {
                static_cast<std::vector<std::string>*>(to)->emplace_back(entry.name);
                return true;
            },
            &names);
    }
};

TEST_F(Listing, EntriesInOrder) {
    begin();
    add("one", 1);
    add("two", 2);
    std::vector<std::string> names;
    EXPECT_EQ(list(names).value(), 2u);
    EXPECT_EQ(names, (std::vector<std::string>{"one", "two"}));
}

TEST_F(Listing, EntriesThatDoNotFitAreALie) {
    begin();
    add("one", 1);
    std::vector<std::string> names;
    EXPECT_EQ(list(names, -1).error(), Errno::eio);
    EXPECT_EQ(list(names, 1).error(), Errno::eio);
    entries.resize(entries.size() - 1);
    EXPECT_EQ(list(names).error(), Errno::eio);
    entries.clear();
    add("", 1);
    EXPECT_EQ(list(names).error(), Errno::eio);
    entries.clear();
    add(std::string(256, 'n'), 1);
    EXPECT_EQ(list(names).error(), Errno::eio);
    EXPECT_TRUE(names.empty());
}

TEST_F(Server, RequestsThatAreTooLongAreNotSent) {
    begin();
    last_type = 0;
    EXPECT_EQ(client().make_symlink(0, "link", std::string(5000, 't'), 0).error(), Errno::enametoolong);
    EXPECT_EQ(client().make_directory(0, std::string(70000, 'n'), 0, 0).error(), Errno::enametoolong);
    EXPECT_EQ(last_type, 0);
}

// Fids that are given up are clunked and their numbers found again, however many there are.
TEST_F(Walk, FidsDoNotRunOut) {
    begin();
    for (u32 i = 0; i < 3 * NinePClient::most_fids; i++) {
        answer_types({Qid::directory});
        ASSERT_EQ(walk(1), Errno{}) << i;
        answer_types({});
        ASSERT_EQ(walk(1), Errno::eio);
    }
}

}  // namespace
}  // namespace litebox::vm
