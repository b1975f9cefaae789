#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/program_check.h"
#include "cli/run_command.h"
#include "cli/view.h"

namespace litebox::cli {
namespace {

namespace fs = std::filesystem;

/// A directory of its own for each test, and surroundings in which it is the current directory.
class Run : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/var/tmp/litebox-unit-XXXXXX";
        ASSERT_TRUE(mkdtemp(name));
        here_ = name;
        host_.current_directory = here_;
        host_.passwd =
            "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001:Ann:/home/ann:/bin/sh\nwww:x:33:33::/var/www:/"
            "x\n";
        host_.environment = {"TERM=xterm", "LC_ALL=C", "SECRET=1", "HOME=/home/ann"};
        host_.uid = 1000;
        host_.gid = 1001;
        host_.groups = {1001, 27};
        host_.memory = uint64_t{8} << 30;
    }
    void TearDown() override { fs::remove_all(here_); }

    RunCommand good(std::vector<const char*> words) {
        auto parsed = parse_run(words, host_);
        auto* complaint = std::get_if<Complaint>(&parsed);
        EXPECT_FALSE(complaint) << complaint->text;
        return complaint ? RunCommand{} : std::get<RunCommand>(parsed);
    }

    std::string bad(std::vector<const char*> words) {
        auto parsed = parse_run(words, host_);
        auto* complaint = std::get_if<Complaint>(&parsed);
        EXPECT_TRUE(complaint);
        if (!complaint) return "";
        EXPECT_EQ(complaint->code, 125);
        EXPECT_EQ(complaint->text.find('\n'), std::string::npos);
        return complaint->text;
    }

    std::string write(const std::string& name, std::string_view content, mode_t mode = 0755) {
        std::string path = here_ + "/" + name;
        std::ofstream(path, std::ios::binary) << content;
        chmod(path.c_str(), mode);
        return path;
    }

    /// What check_program says about a program, and with which code.
    std::pair<int, std::string> check(std::vector<const char*> words) {
        auto problem = check_program(good(std::move(words)));
        return problem ? std::pair{problem->code, problem->text} : std::pair{0, std::string()};
    }

    std::string here_;
    Surroundings host_;
};

constexpr auto npos = std::string::npos;

bool has(const std::vector<std::string>& list, std::string_view entry) {
    return std::find(list.begin(), list.end(), entry) != list.end();
}

TEST_F(Run, TheEnvironmentIsSmallAndClean) {
    auto command = good({"--env", "A=1", "--env", "A=2", "--", "true"});
    EXPECT_TRUE(has(command.environment, "TERM=xterm"));
    EXPECT_TRUE(has(command.environment, "LC_ALL=C"));
    EXPECT_TRUE(has(command.environment, "HOME=/home/ann"));
    EXPECT_TRUE(has(command.environment, "A=2"));
    EXPECT_FALSE(has(command.environment, "A=1"));
    EXPECT_FALSE(has(command.environment, "SECRET=1"));
    EXPECT_TRUE(has(good({"--env-pass", "SECRET", "true"}).environment, "SECRET=1"));
    EXPECT_TRUE(has(good({"--env-pass", "SEC*", "true"}).environment, "SECRET=1"));
}

TEST_F(Run, TheCurrentDirectoryIsGrantedInItsPlace) {
    auto command = good({"true"});
    EXPECT_TRUE(command.current_directory_granted);
    EXPECT_EQ(command.working_directory, here_);
    EXPECT_TRUE(grant_for(command, here_));
    EXPECT_TRUE(command.notes.empty());
}

TEST_F(Run, HomeDirectoriesAndWhatIsAboveAreNotGranted) {
    for (const char* place : {"/", "/home", "/home/ann", "/root"}) {
        host_.current_directory = place;
        auto command = good({"true"});
        EXPECT_FALSE(command.current_directory_granted) << place;
        ASSERT_EQ(command.notes.size(), 1u) << place;
        EXPECT_NE(command.notes[0].find("--ro ."), std::string::npos);
        EXPECT_EQ(command.working_directory, "/home/ann");
    }
    host_.current_directory = "/home/ann/project";
    EXPECT_TRUE(good({"true"}).current_directory_granted);
    host_.current_directory = "/var/www";  // the home of a service is nobody's home
    EXPECT_TRUE(good({"true"}).current_directory_granted);
}

/// A repository with a linked worktree, as git makes them.
void make_worktree(const std::string& repository, const std::string& worktree) {
    for (const char* part : {"/objects", "/refs", "/worktrees/side"})
        fs::create_directories(repository + part);
    fs::create_directories(worktree);
    std::ofstream(worktree + "/.git") << "gitdir: " << repository << "/worktrees/side\n";
    std::ofstream(repository + "/worktrees/side/gitdir") << worktree << "/.git\n";
    std::ofstream(repository + "/worktrees/side/commondir") << "../..\n";
}

TEST_F(Run, TheRepositoryOfALinkedWorktreeIsShownReadOnly) {
    std::string repository = here_ + "/main/.git", worktree = here_ + "/side";
    make_worktree(repository, worktree);
    host_.current_directory = worktree;
    auto command = good({"true"});
    const Grant* grant = grant_for(command, repository + "/objects");
    ASSERT_TRUE(grant && !grant->system);
    EXPECT_EQ(grant->host, repository);
    EXPECT_EQ(grant->kind, Grant::Kind::read_only);
    EXPECT_TRUE(grant_for(command, here_ + "/main")->system) << "nothing else of it";
    EXPECT_TRUE(command.notes.empty());
}

TEST_F(Run, AFileDotGitThatTheRepositoryDoesNotConfirmShowsNothing) {
    std::string private_place = "/home/litebox-unit-" + std::to_string(getpid());
    std::string repository = private_place + "/.git", worktree = here_ + "/side";
    if (geteuid() != 0) GTEST_SKIP() << "only root makes directories in /home";
    make_worktree(repository, worktree);
    host_.current_directory = worktree;
    EXPECT_TRUE(grant_for(good({"true"}), repository));
    auto refused = [&] {
        auto command = good({"true"});
        bool noted = command.notes.size() == 1 && command.notes[0].find("--ro " + private_place) != npos;
        return noted && !grant_for(command, private_place) && !grant_for(command, repository);
    };
    std::string back = repository + "/worktrees/side/gitdir",
                common = repository + "/worktrees/side/commondir";
    // Of another worktree.
    std::ofstream(back) << here_ << "/.git\n";
    EXPECT_TRUE(refused());
    // Of this one, but not in the repository that it names.
    std::ofstream(back) << worktree << "/.git\n";
    std::ofstream(common) << "../../..\n";
    EXPECT_TRUE(refused());
    // Somebody else's.
    std::ofstream(common) << "../..\n";
    ASSERT_EQ(chown(worktree.c_str(), 1, 1), 0);
    EXPECT_TRUE(refused());
    // No repository at all.
    std::ofstream(worktree + "/.git") << "gitdir: " << private_place << "\n";
    EXPECT_TRUE(refused());
    fs::remove_all(private_place);
}

TEST_F(Run, ARepositoryThatIsAHomeDirectoryIsNotShown) {
    std::string repository = here_ + "/home", worktree = here_ + "/side";
    make_worktree(repository, worktree);
    host_.environment.push_back("HOME=" + repository);
    host_.current_directory = worktree;
    EXPECT_TRUE(grant_for(good({"true"}), repository)->system);
}

TEST_F(Run, GrantsAreRealPathsAndLaterOnesCover) {
    fs::create_directories(here_ + "/out");
    fs::create_symlink("out", here_ + "/link");
    auto command = good({"--rw", (here_ + "/link").c_str(), "--ro", (here_ + "/out:/data").c_str(), "true"});
    const Grant* grant = grant_for(command, here_ + "/out/x");
    ASSERT_TRUE(grant);
    EXPECT_EQ(grant->kind, Grant::Kind::read_write);
    ASSERT_TRUE(grant_for(command, "/data/x"));
    EXPECT_EQ(grant_for(command, "/data/x")->host, here_ + "/out");
}

TEST_F(Run, OptionsComplainInOneLine) {
    EXPECT_EQ(bad({}), "no program given: litebox run [OPTIONS] -- PROGRAM [ARGUMENTS]");
    EXPECT_EQ(bad({"--ro", "/nowhere/at/all", "true"}),
              "--ro '/nowhere/at/all': there is no such file or directory");
    EXPECT_NE(bad({"--memory", "lots", "true"}).find("for example --memory 512M"), std::string::npos);
    EXPECT_NE(bad({"--memory", "1M", "true"}).find("at least 16M"), std::string::npos);
    EXPECT_NE(bad({"--processes", "0", "true"}).find("is not a number"), std::string::npos);
    EXPECT_NE(bad({"--timeout", "soon", "true"}).find("for example --timeout 30s"), std::string::npos);
    EXPECT_EQ(bad({"--wx=maybe", "true"}), "--wx: 'maybe' is neither allow nor deny");
    EXPECT_NE(bad({"--env", "NAME", "true"}).find("--env-pass NAME"), std::string::npos);
    EXPECT_NE(bad({"--user", "nobody-here", "true"}).find("no such user"), std::string::npos);
    EXPECT_NE(bad({"--ro", "/", "true"}).find("not granted in one"), std::string::npos);
    EXPECT_NE(bad({"--ro", "/usr:/proc/x", "true"}).find("LiteBox's own"), std::string::npos);
    EXPECT_NE(bad({"--tmpfs", "relative", "true"}).find("absolute"), std::string::npos);
    EXPECT_NE(bad({"-t", "true"}).find("needs a terminal"), std::string::npos);
    EXPECT_NE(bad({"--hostname", "a b", "true"}).find("host name"), std::string::npos);
}

TEST_F(Run, LimitsAreRead) {
    auto command = good({"--memory", "1G", "--processes", "7", "--timeout", "2m", "--cpu-time", "1.5s",
                         "--wx", "deny", "true"});
    EXPECT_EQ(command.memory, uint64_t{1} << 30);
    EXPECT_EQ(command.processes, 7u);
    EXPECT_EQ(command.timeout_ms, 120'000u);
    EXPECT_EQ(command.cpu_time_ms, 1500u);
    EXPECT_TRUE(command.deny_write_execute);
}

TEST_F(Run, UsersByNameAndNumber) {
    auto root = good({"--user", "root", "true"});
    EXPECT_EQ(root.uid, 0u);
    EXPECT_EQ(root.home, "/root");
    auto number = good({"--user", "77:88", "true"});
    EXPECT_EQ(number.uid, 77u);
    EXPECT_EQ(number.gid, 88u);
    EXPECT_EQ(good({"true"}).groups, (std::vector<uint32_t>{1001, 27}));
}

TEST_F(Run, DenyLists) {
    std::string list = write("deny", "# comment\nsocket\n 41 # again\naction kill\n\nptrace\n");
    auto command = good({"--deny-calls", list.c_str(), "true"});
    EXPECT_TRUE(command.denied_calls.test(41));
    EXPECT_TRUE(command.denied_calls.test(101));
    EXPECT_EQ(command.denied_calls.count(), 2u);
    EXPECT_TRUE(command.kill_on_denied);
    EXPECT_FALSE(good({"--deny-action=eperm", "--deny-calls", list.c_str(), "true"}).kill_on_denied);
    std::string wrong = write("wrong", "read\nsokcet\n");
    EXPECT_NE(bad({"--deny-calls", wrong.c_str(), "true"})
                  .find("wrong:2: there is no system call 'sokcet'; did you mean socket?"),
              std::string::npos);
}

TEST_F(Run, AnEmptyRootIsNotTheDefaultView) {
    EXPECT_NE(bad({"--root", "", "true"}).find("is not the name of a file or directory"), std::string::npos);
}

TEST_F(Run, RootIsADirectory) {
    EXPECT_NE(bad({"--root", write("file", "x").c_str(), "true"}).find("is not a directory"),
              std::string::npos);
    fs::create_directories(here_ + "/root/bin");
    auto command = good({"--root", (here_ + "/root").c_str(), "/bin/sh"});
    EXPECT_TRUE(command.root_given);
    EXPECT_EQ(command.working_directory, "/");
    EXPECT_EQ(check_program(command)->code, 127);
}

TEST_F(Run, AnImageIsVerifiedOrSaidNotToBe) {
    std::string image = write("image", "x");
    const std::string hash(64, 'a');
    auto refused = [&](std::vector<const char*> words, std::string_view why) {
        words.insert(words.begin(), "--platform=vm");
        words.push_back("true");
        std::string said = bad(words);
        EXPECT_NE(said.find(why), std::string::npos) << said;
    };
    refused({"--image", image.c_str()}, "add --root-hash HASH");
    refused({"--image", ""}, "is not the name of a file");
    refused({"--root-hash", hash.c_str()}, "name it with --image");
    refused({"--image", image.c_str(), "--root-hash", "none", "--root", here_.c_str()}, "leave one out");
    refused({"--image", here_.c_str(), "--root-hash", "none"}, "not a regular file");
    refused({"--image", (image + "2").c_str(), "--root-hash", "none"}, "no such file");
    refused({"--image", image.c_str(), "--root-hash", "none", "--user", "root"}, "not looked up in an image");
    for (const std::string& wrong : {hash + "a", hash.substr(1), hash.substr(1) + "x", std::string()})
        refused({"--image", image.c_str(), "--root-hash", wrong.c_str()}, "64 hexadecimal digits");
    EXPECT_NE(bad({"--image", image.c_str(), "--root-hash", "none", "true"}).find("is for --platform=vm"),
              std::string::npos);
    auto command = good({"--platform=vm", "--image", image.c_str(), "--root-hash", hash.c_str(), "true"});
    EXPECT_EQ(command.root_hash, std::vector<uint8_t>(32, 0xaa));
    EXPECT_TRUE(command.grants.empty());
    EXPECT_EQ(command.working_directory, "/");
}

TEST_F(Run, ProgramsThatAreFine) {
    EXPECT_EQ(check({"true"}).second, "");
    EXPECT_EQ(check({"/bin/sh"}).second, "");
    write("script", "#!/bin/sh\nexit 0\n");
    EXPECT_EQ(check({"./script"}).second, "");
    write("envscript", "#! /usr/bin/env python3\n");
    EXPECT_EQ(check({(here_ + "/envscript").c_str()}).second, "");
}

TEST_F(Run, ProgramsThatAreNot) {
    using Result = std::pair<int, std::string>;
    EXPECT_EQ(check({"no-such-program-at-all"}),
              (Result{127, "no-such-program-at-all: there is no such program; is its package installed?"}));
    EXPECT_EQ(check({"./gone"}), (Result{127, "./gone: there is no such program"}));
    EXPECT_EQ(check({"/usr"}), (Result{126, "/usr: is a directory; name a program in it"}));
    write("data", "x", 0644);
    EXPECT_EQ(check({"./data"}).first, 126);
    write("bare", "echo hello\n");
    EXPECT_EQ(check({"./bare"}).first, 126);
    write("empty", "");
    EXPECT_EQ(check({"./empty"}), (Result{126, "./empty: is empty"}));
    write("lost", "#!/usr/bin/no-such-interpreter\n");
    EXPECT_EQ(check({"./lost"}), (Result{127,
                                         "./lost: is a script whose interpreter /usr/bin/no-such-interpreter "
                                         "is not there; install it, or correct "
                                         "the first line"}));
    write("named", "#!/bin/sh\n");
    EXPECT_NE(check({"named"}).second.find("./named"), std::string::npos);
}

TEST_F(Run, AProgramOutsideTheViewNamesTheOption) {
    std::string tool = write("tool", "#!/bin/sh\n");
    host_.current_directory = "/";
    auto [code, text] = check({tool.c_str()});
    // /var is part of the default view, so the tool is shown; hide it behind a place that is not.
    EXPECT_EQ(code, 0) << text;
    char name[] = "/tmp/litebox-unit-XXXXXX";
    ASSERT_TRUE(mkdtemp(name));
    std::ofstream(std::string(name) + "/tool") << "#!/bin/sh\n";
    chmod((std::string(name) + "/tool").c_str(), 0755);
    auto [outside, words] = check({(std::string(name) + "/tool").c_str()});
    EXPECT_EQ(outside, 127);
    EXPECT_NE(words.find("--ro " + std::string(name)), std::string::npos) << words;
    fs::remove_all(name);
}

std::string elf(int bits, int machine, int type, uint64_t file_size_claimed) {
    std::string image(64 + 56, '\0');
    memcpy(image.data(), "\177ELF", 4);
    image[4] = static_cast<char>(bits == 32 ? 1 : 2);
    image[5] = image[6] = 1;
    auto put = [&](size_t at, uint64_t value, size_t size) { memcpy(image.data() + at, &value, size); };
    put(16, static_cast<uint64_t>(type), 2);
    put(18, static_cast<uint64_t>(machine), 2);
    put(32, 64, 8);  // e_phoff
    put(54, 56, 2);  // e_phentsize
    put(56, 1, 2);   // e_phnum
    put(64, 1, 4);   // PT_LOAD
    put(64 + 32, file_size_claimed, 8);
    return image;
}

TEST(Image, IsJudgedByItsHeaders) {
    std::string interpreter;
    auto judge = [&](const std::string& image) {
        return judge_image(image, image.size(), interpreter).value_or("fine");
    };
    EXPECT_EQ(judge(elf(64, 62, 2, 100)), "fine");
    EXPECT_NE(judge(elf(32, 3, 2, 100)).find("32-bit program"), std::string::npos);
    EXPECT_NE(judge(elf(64, 183, 2, 100)).find("64-bit ARM"), std::string::npos);
    EXPECT_NE(judge(elf(64, 62, 1, 100)).find("another kind"), std::string::npos);
    EXPECT_NE(judge(elf(64, 62, 2, 5000)).find("truncated"), std::string::npos);
    EXPECT_NE(judge(elf(64, 62, 2, ~uint64_t{0})).find("truncated"), std::string::npos);
    EXPECT_NE(judge("\177ELF").find("truncated"), std::string::npos);
    EXPECT_NE(judge(elf(64, 62, 2, 100).substr(0, 40)).find("truncated"), std::string::npos);
    EXPECT_NE(judge(elf(64, 62, 2, 100).substr(0, 100)).find("truncated"), std::string::npos);
    EXPECT_EQ(judge("#!/bin/sh -e\n"), "fine");
    EXPECT_EQ(interpreter, "/bin/sh");
    EXPECT_NE(judge("#!\n").find("no interpreter"), std::string::npos);
    EXPECT_NE(judge("#!").find("no interpreter"), std::string::npos);
    EXPECT_NE(judge("hello").find("neither"), std::string::npos);
}

}  // namespace
}  // namespace litebox::cli
