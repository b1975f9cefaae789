#include "platform/vm/host/parameters_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace litebox::vm {
namespace {

using Bytes = std::vector<u8>;

struct Module {
    Bytes bytes = Bytes(sizeof(ParameterHeader));

    Module& record(Parameter kind, std::string_view payload) {
        ParameterRecord head{kind, static_cast<u32>(payload.size())};
        bytes.insert(bytes.end(), reinterpret_cast<u8*>(&head), reinterpret_cast<u8*>(&head) + sizeof(head));
        bytes.insert(bytes.end(), payload.begin(), payload.end());
        bytes.resize((bytes.size() + 7) & ~usize{7});
        return *this;
    }
    template <typename T>
    Module& value(Parameter kind, const T& value) {
        return record(kind, {reinterpret_cast<const char*>(&value), sizeof(value)});
    }
    Bytes done() {
        ParameterHeader header{ParameterHeader::expected_magic, bytes.size()};
        std::memcpy(bytes.data(), &header, sizeof(header));
        return bytes;
    }
};

struct Read {
    Bytes module, memory;
    MachineParameters parameters;
    std::string problem;

    explicit Read(Bytes from) : module(std::move(from)), memory(parameter_memory_needed(module.size())) {
        ParameterMemory space(memory);
        problem = read_module(module, space, parameters);
    }
};

std::string grant_bytes(std::string_view path, std::string_view link, u32 kind = 1) {
    GrantRecord head{};
    head.kind = kind;
    head.path_length = static_cast<u32>(path.size());
    head.link_length = static_cast<u32>(link.size());
    head.attributes.uid = 1000;
    head.shown_uid = 7;
    std::string bytes(reinterpret_cast<const char*>(&head), sizeof(head));
    return bytes.append(path).append(link);
}

TEST(Parameters, EverythingArrives) {
    u32 identity[] = {1000, 100}, groups[] = {4, 5, 6};
    u64 flags = flag_trace | flag_root_given;
    Read read(Module()
                  .record(Parameter::argument, "/bin/sh")
                  .record(Parameter::argument, "-c")
                  .record(Parameter::environment, "A=1")
                  .record(Parameter::working_directory, "/w")
                  .value(Parameter::identity, identity)
                  .value(Parameter::groups, groups)
                  .value(Parameter::flags, flags)
                  .value(Parameter::limits, LimitsRecord{1, 2, 3, 4, 0})
                  .record(Parameter::grant, grant_bytes("/usr", ""))
                  .record(Parameter::grant, grant_bytes("/lib", "usr/lib"))
                  .record(Parameter::seed, std::string(32, 's'))
                  .done());
    ASSERT_EQ(read.problem, "");
    const platform::BootParameters& boot = read.parameters.boot;
    EXPECT_EQ(boot.program, "/bin/sh");
    ASSERT_EQ(boot.arguments.size(), 2u);
    EXPECT_EQ(boot.arguments[1], "-c");
    EXPECT_EQ(boot.environment[0], "A=1");
    EXPECT_EQ(boot.working_directory, "/w");
    EXPECT_EQ(boot.uid, 1000u);
    EXPECT_EQ(boot.groups.size(), 3u);
    EXPECT_TRUE(boot.trace && boot.root_given && !boot.quiet);
    EXPECT_EQ(boot.process_limit, 4u);
    ASSERT_EQ(boot.grants.size(), 2u);
    EXPECT_EQ(boot.grants[1].link, "usr/lib");
    EXPECT_EQ(boot.grants[1].grant, 1u);
    EXPECT_EQ(read.parameters.owners[0].shown_uid, 7u);
    EXPECT_EQ(read.parameters.seed.size(), 32u);
}

TEST(Parameters, EveryCutIsRefused) {
    Bytes whole = Module()
                      .record(Parameter::argument, "/bin/sh")
                      .record(Parameter::grant, grant_bytes("/usr", ""))
                      .done();
    ASSERT_EQ(Read(whole).problem, "");
    for (usize length = 0; length < whole.size(); length++)
        EXPECT_NE(Read(Bytes(whole.begin(), whole.begin() + static_cast<isize>(length))).problem, "")
            << length;
    whole.push_back(0);
    EXPECT_NE(Read(whole).problem, "");
}

TEST(Parameters, WhatIsMalformedIsRefused) {
    auto refused = [](Module& module) {
        return !Read(module.record(Parameter::argument, "x").done()).problem.empty();
    };
    Module all[12];
    all[0].record(static_cast<Parameter>(17), "");
    all[1].record(static_cast<Parameter>(77), "");
    all[2].value(Parameter::flags, u64{1} << 63);
    all[3].value(Parameter::flags, u32{1});
    all[4].record(Parameter::working_directory, std::string_view("a\0b", 3));
    all[5].record(Parameter::groups, "123");
    all[6].record(Parameter::seed, "short");
    all[7].record(Parameter::root_hash, "short");
    all[8].record(Parameter::user_name, "a").record(Parameter::user_name, "b");
    all[9].record(Parameter::grant, grant_bytes("relative", ""));
    all[10].record(Parameter::grant, grant_bytes("/usr", "", 3));
    all[11].record(Parameter::grant, grant_bytes("/usr", "x") + "y");
    for (usize i = 0; i < std::size(all); i++) EXPECT_TRUE(refused(all[i])) << i;
    EXPECT_NE(Read(Module().done()).problem, "");
    Bytes other = Module().record(Parameter::argument, "x").done();
    other[0] ^= 1;
    EXPECT_NE(Read(other).problem, "");
}

TEST(Parameters, AModuleFullOfEmptyRecordsHasRoom) {
    Module module;
    for (int i = 0; i < 10000; i++) module.record(Parameter::argument, "");
    for (int i = 0; i < 10000; i++) module.record(Parameter::environment, "");
    EXPECT_EQ(Read(module.done()).problem, "");
}

TEST(Parameters, TheCommandLineDoesWithoutAModule) {
    std::string line =
        "console=ttyS0 program=/bin/sh environment=A=1 environment=\"B=x y\" uid=5 root=rw -- -c \"echo hi\" "
        "virtio_mmio.device=512@0xfeb00e00:12";
    Bytes memory(parameter_memory_needed(line.size()));
    ParameterMemory space(memory);
    MachineParameters parameters;
    ASSERT_EQ(read_command_line(line, space, parameters), "");
    ASSERT_EQ(parameters.boot.arguments.size(), 3u);
    EXPECT_EQ(parameters.boot.arguments[0], "/bin/sh");
    EXPECT_EQ(parameters.boot.arguments[2], "echo hi");
    ASSERT_EQ(parameters.boot.environment.size(), 2u);
    EXPECT_EQ(parameters.boot.environment[1], "B=x y");
    EXPECT_EQ(parameters.boot.uid, 5u);
    ASSERT_EQ(parameters.boot.grants.size(), 1u);
    EXPECT_EQ(parameters.boot.grants[0].guest_path, "/");
    for (const char* bad :
         {"", "uid=5", "program=x uid=y", "program=x root=maybe", "program=x root=ro root=rw"}) {
        Bytes more(parameter_memory_needed(100));
        ParameterMemory other(more);
        MachineParameters none;
        EXPECT_NE(read_command_line(bad, other, none), "") << bad;
    }
}

}  // namespace
}  // namespace litebox::vm
