#include "cli/arguments.h"

#include <gtest/gtest.h>

namespace litebox::cli {
namespace {

constexpr OptionSpec specs[] = {
    {0, "ro", 0, ValueKind::required, "PATH", "src", "read-only"},
    {1, "memory", 'm', ValueKind::required, "SIZE", "512M", "limit"},
    {2, "trace", 0, ValueKind::optional, "FILE", "", "trace"},
    {3, "interactive", 'i', ValueKind::none, "", "", "input"},
    {4, "terminal", 't', ValueKind::none, "", "", "terminal"},
};

ParsedArguments parse(std::vector<const char*> words) {
    return parse_arguments(words, specs);
}

TEST(Arguments, OptionsEndAtTheFirstOtherWord) {
    auto parsed = parse({"--ro", "a", "prog", "--ro", "b"});
    ASSERT_FALSE(parsed.error);
    EXPECT_EQ(parsed.options.size(), 1u);
    EXPECT_EQ(parsed.rest, (std::vector<std::string>{"prog", "--ro", "b"}));
}

TEST(Arguments, DashesEndOptionsOnceOnly) {
    auto parsed = parse({"--", "--", "x"});
    EXPECT_TRUE(parsed.dashes);
    EXPECT_EQ(parsed.rest, (std::vector<std::string>{"--", "x"}));
}

TEST(Arguments, ValuesInBothForms) {
    auto parsed = parse({"--ro=a=b", "--memory", "1G", "-m2G", "-m", "3G"});
    ASSERT_FALSE(parsed.error);
    ASSERT_EQ(parsed.options.size(), 4u);
    EXPECT_EQ(parsed.options[0].value, "a=b");
    EXPECT_EQ(parsed.options[1].value, "1G");
    EXPECT_EQ(parsed.options[2].value, "2G");
    EXPECT_EQ(parsed.options[3].value, "3G");
}

TEST(Arguments, OptionalValueNeedsItsEqualsSign) {
    auto parsed = parse({"--trace", "ls"});
    ASSERT_EQ(parsed.options.size(), 1u);
    EXPECT_FALSE(parsed.options[0].value);
    EXPECT_EQ(parsed.rest, std::vector<std::string>{"ls"});
    EXPECT_EQ(parse({"--trace=out"}).options[0].value, "out");
}

TEST(Arguments, LettersCombine) {
    auto parsed = parse({"-it", "sh"});
    ASSERT_FALSE(parsed.error);
    EXPECT_EQ(parsed.options.size(), 2u);
}

TEST(Arguments, ALoneDashIsAWord) {
    EXPECT_EQ(parse({"-", "x"}).rest, (std::vector<std::string>{"-", "x"}));
}

TEST(Arguments, ComplaintsSayWhatToDo) {
    EXPECT_EQ(parse({"--memry", "1"}).error, "unknown option --memry; did you mean --memory?");
    EXPECT_EQ(parse({"--quux"}).error, "unknown option --quux; --help lists the options");
    EXPECT_EQ(parse({"--memory"}).error, "--memory needs a value: --memory SIZE, for example --memory 512M");
    EXPECT_EQ(parse({"--memory="}).error, "--memory needs a value: --memory SIZE, for example --memory 512M");
    EXPECT_EQ(parse({"--ro", "--", "x"}).error, "--ro needs a value: --ro PATH, for example --ro src");
    EXPECT_EQ(parse({"--terminal=yes"}).error, "--terminal takes no value");
    EXPECT_EQ(parse({"-ix"}).error, "unknown option -x; --help lists the options");
    EXPECT_EQ(parse({"-ro"}).error, "unknown option -r; did you mean --ro?");
}

TEST(Nearest, KnowsSwapsBeginningsAndStrangers) {
    constexpr std::string_view names[] = {"hostname", "timeout", "tmpfs", "env", "env-pass"};
    EXPECT_EQ(nearest("hotsname", names), "hostname");
    EXPECT_EQ(nearest("time", names), "timeout");
    EXPECT_EQ(nearest("env_pass", names), "env-pass");
    EXPECT_EQ(nearest("zzz", names), "");
    EXPECT_EQ(nearest("", names), "");
}

TEST(Describe, WrapsAndAligns) {
    std::string text = describe_options(specs);
    EXPECT_NE(text.find("  -m, --memory SIZE"), std::string::npos);
    EXPECT_NE(text.find("--trace[=FILE]"), std::string::npos);
    for (size_t at = 0; at < text.size();) {
        size_t end = text.find('\n', at);
        EXPECT_LE(end - at, 100u);
        at = end + 1;
    }
}

}  // namespace
}  // namespace litebox::cli
