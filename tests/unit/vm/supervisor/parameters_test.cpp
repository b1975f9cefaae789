// What the supervisor writes into the boot module is what the kernel reads out of it.
#include "supervisor/vm/parameters.h"

#include <gtest/gtest.h>

#include "platform/vm/host/parameters_reader.h"

namespace litebox::supervisor {
namespace {

TEST(Parameters, WhatIsWrittenIsRead) {
    RunOptions options;
    options.arguments = {"/bin/prog", "", "two words"};
    options.environment = {"A=1", "EMPTY="};
    options.working_directory = "/srv";
    options.home = "/home/u";
    options.user_name = "u";
    options.host_name = "box";
    options.uid = 1000;
    options.gid = 100;
    options.groups = {100, 4};
    options.grants = {{Grant::Kind::read_only, "/usr", "/usr", 0, true},
                      {Grant::Kind::read_write, "/srv/out", "/out", 0, false},
                      {Grant::Kind::temporary, "", "/scratch", 4096, false}};
    options.cpu_time_ms = 3000;
    options.trace = options.root_given = options.kill_on_denied = true;
    options.denied_calls = {0, 63, 64, 511};
    std::vector<GrantRoot> roots(3);
    roots[0].link = "elsewhere";
    roots[1].attributes.uid = 5;
    roots[1].attributes.gid = 6;
    const std::vector<uint32_t> shown = {0, 77, 0};
    const MachineParameters machine{uint64_t{1} << 30, 1 << 20, 99, 5, 24, 80, &roots, &shown};
    const std::string module = make_parameters(options, machine);

    std::vector<u8> room(vm::parameter_memory_needed(module.size()));
    vm::ParameterMemory memory{std::span<u8>(room)};
    vm::MachineParameters read;
    ASSERT_EQ(vm::read_module({reinterpret_cast<const u8*>(module.data()), module.size()}, memory, read), "");
    const platform::BootParameters& boot = read.boot;
    ASSERT_EQ(boot.arguments.size(), 3u);
    EXPECT_EQ(boot.arguments[1], "");
    EXPECT_EQ(boot.arguments[2], "two words");
    EXPECT_EQ(boot.program, "/bin/prog");
    ASSERT_EQ(boot.environment.size(), 2u);
    EXPECT_EQ(boot.environment[1], "EMPTY=");
    EXPECT_EQ(boot.working_directory, "/srv");
    EXPECT_EQ(boot.home_directory, "/home/u");
    EXPECT_EQ(boot.user_name, "u");
    EXPECT_EQ(boot.host_name, "box");
    EXPECT_EQ(boot.uid, 1000u);
    EXPECT_EQ(boot.gid, 100u);
    ASSERT_EQ(boot.groups.size(), 2u);
    EXPECT_EQ(boot.groups[1], 4u);
    ASSERT_EQ(boot.grants.size(), 3u);
    EXPECT_TRUE(boot.grants[0].system);
    EXPECT_EQ(boot.grants[0].link, "elsewhere");
    EXPECT_EQ(boot.grants[1].guest_path, "/out");
    EXPECT_EQ(boot.grants[2].size, 4096u);
    ASSERT_EQ(read.owners.size(), 3u);
    EXPECT_EQ(read.owners[1].uid, 5u);
    EXPECT_EQ(read.owners[1].shown_uid, 77u);
    EXPECT_EQ(read.owners[1].shown_gid, 77u);
    EXPECT_EQ(read.owners[0].uid, read.owners[0].shown_uid);
    EXPECT_EQ(boot.memory_limit, uint64_t{1} << 30);
    EXPECT_EQ(boot.process_limit, 99u);
    EXPECT_EQ(boot.cpu_seconds, 3u);
    EXPECT_TRUE(boot.trace && boot.root_given && boot.kill_on_denied);
    EXPECT_FALSE(boot.quiet || boot.statistics || boot.interactive);
    EXPECT_EQ(boot.denied_calls[0], uint64_t{1} | uint64_t{1} << 63);
    EXPECT_EQ(boot.denied_calls[1], 1u);
    EXPECT_EQ(boot.denied_calls[7], uint64_t{1} << 63);
    EXPECT_EQ(read.terminal.streams, 5u);
    EXPECT_EQ(read.terminal.rows, 24u);
    EXPECT_EQ(read.terminal.columns, 80u);
    EXPECT_EQ(read.seed.size(), 64u);
    EXPECT_NE(read.clock.realtime_ns, 0u);
}

}  // namespace
}  // namespace litebox::supervisor
