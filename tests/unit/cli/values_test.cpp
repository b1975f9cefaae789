#include "cli/values.h"

#include <gtest/gtest.h>

#include "cli/json.h"
#include "cli/syscall_names.h"

namespace litebox::cli {
namespace {

TEST(Values, Sizes) {
    EXPECT_EQ(parse_size("4096"), 4096u);
    EXPECT_EQ(parse_size("1k"), 1024u);
    EXPECT_EQ(parse_size("1.5M"), 1572864u);
    EXPECT_EQ(parse_size("2GiB"), uint64_t{2} << 30);
    EXPECT_EQ(parse_size("3GB"), uint64_t{3} << 30);
    EXPECT_EQ(parse_size("10%", 1'000'000), 100'000u);
    for (const char* bad : {"", "M", "-1", "1X", "1MM", "1.", "1.M", "101%", "99999999999999999999",
                            "18446744073709551615T", "1 M"})
        EXPECT_FALSE(parse_size(bad, 1'000'000)) << bad;
    EXPECT_FALSE(parse_size("10%"));
}

TEST(Values, Durations) {
    EXPECT_EQ(parse_duration("2"), 2000u);
    EXPECT_EQ(parse_duration("0.5s"), 500u);
    EXPECT_EQ(parse_duration("250ms"), 250u);
    EXPECT_EQ(parse_duration("2m"), 120'000u);
    EXPECT_EQ(parse_duration("1h"), 3'600'000u);
    for (const char* bad : {"", "s", "1d", "-1s", "1 s", "99999999999999999h"})
        EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Values, AbsolutePaths) {
    EXPECT_EQ(absolute_path("a", "/b"), "/b/a");
    EXPECT_EQ(absolute_path("/a//./b/", "/x"), "/a/b");
    EXPECT_EQ(absolute_path("../c", "/a/b"), "/a/c");
    EXPECT_EQ(absolute_path("../../../..", "/a/b"), "/");
    EXPECT_EQ(absolute_path(".", "/"), "/");
}

TEST(Values, Beneath) {
    EXPECT_TRUE(is_beneath("/a/b", "/a"));
    EXPECT_TRUE(is_beneath("/a", "/a"));
    EXPECT_TRUE(is_beneath("/a", "/"));
    EXPECT_FALSE(is_beneath("/ab", "/a"));
    EXPECT_FALSE(is_beneath("/", "/a"));
}

TEST(Values, Accounts) {
    std::string passwd =
        "root:x:0:0:root:/root:/bin/sh\nbroken:x:1\nann:x:1000:1001:Ann,,:/home/ann:/bin/sh\n";
    EXPECT_EQ(find_account(passwd, "ann")->gid, 1001u);
    EXPECT_EQ(find_account(passwd, 0u)->home, "/root");
    EXPECT_FALSE(find_account(passwd, "broken"));
    EXPECT_FALSE(find_account(passwd, 7u));
}

TEST(Json, EscapesWhateverAProgramSays) {
    EXPECT_EQ(json_string("a\"b\\\n\x7f"), "\"a\\\"b\\\\\\u000a\\u007f\"");
    EXPECT_EQ(json_string("\xc3\xa9"), "\"\xc3\xa9\"");
    EXPECT_EQ(json_string("\xff\xc3"), "\"\\ufffd\\ufffd\"");
    EXPECT_EQ(json_string("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
    JsonWriter json;
    json.begin_object()
        .member("a", uint64_t{1})
        .key("b")
        .begin_array()
        .value(true)
        .null()
        .end_array()
        .end_object();
    EXPECT_EQ(json.text(), "{\"a\":1,\"b\":[true,null]}");
}

TEST(Printable, NoByteSteersTheTerminal) {
    EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
    EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
    EXPECT_EQ(printable("\xc3\xa9\n"), "\xc3\xa9\\x0a");
}

TEST(SyscallNames, TheTableHasEveryNumberOnceInOrder) {
    uint32_t last = 0;
    for (const CallName& call : call_names()) {
        EXPECT_TRUE(call.number == 0 || call.number > last) << call.name;
        last = call.number;
        EXPECT_EQ(call_by_name(call.name), &call);
        if (call.support != Support::full) {
            EXPECT_FALSE(call.note.empty()) << call.name;
        }
    }
    ASSERT_TRUE(call_by_name("read"));
    EXPECT_EQ(call_by_name("read")->number, 0u);
    EXPECT_EQ(call_by_name("futex_waitv")->number, 449u);
    EXPECT_FALSE(call_by_name("nonsense"));
}

}  // namespace
}  // namespace litebox::cli
