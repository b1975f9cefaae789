// Text from damaged evidence is any bytes; what is printed of it stays JSON.
#include <gtest/gtest.h>

#include "attest/base/json.h"

namespace litebox::attest {
namespace {

TEST(JsonQuote, any_bytes_give_json_that_reads_back) {
    for (const std::string text : {"", "plain", "\"\\\n\x7f", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"}) {
        std::string quoted = json_quote(text);
        auto read = Json::parse(quoted);
        ASSERT_TRUE(read.ok()) << quoted;
        EXPECT_EQ(read->string(), text);
    }
    for (const std::string text : {"\x80", "a\xFF", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                                   "\xF4\x90\x80\x80", "\xE2\x82", "\xF5"}) {
        auto read = Json::parse(json_quote(text));
        ASSERT_TRUE(read.ok()) << json_quote(text);
        EXPECT_NE(read->string().find("\xEF\xBF\xBD"), std::string::npos);
    }
}

}  // namespace
}  // namespace litebox::attest
