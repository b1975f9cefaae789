// Path walk over a tree of directories, links and mounts that changes meanwhile, from the guest's side and
// the host's. The guest's root is a directory of the host: whatever names it finds, none is outside.
#include <fcntl.h>
#include <sys/syscall.h>

#include <cstdio>
#include <cstdlib>

#include "fuzz/input.h"
#include "platform/simulated/machine.h"

using namespace litebox;
using simulated::Guest;
using simulated::Scratch;

namespace {

constexpr const char* parts[] = {"a",   "b",    "c",    "link", "up",  "loop", "..",  ".",
                                 "",    "tmp",  "proc", "self", "fd",  "root", "cwd", "dev",
                                 "etc", "deep", "0",    "4",    "exe", "task"};

std::string some_path(fuzz::Input& input) {
    std::string path = input.flip() ? "/" : "";
    for (u8 count = input.take<u8>() % 10; count > 0; count--) {
        u8 choice = input.take<u8>();
        path += choice < 240 ? parts[choice % std::size(parts)] : input.text(choice % 16).c_str();
        path += input.take<u8>() % 16 == 0 ? "//" : "/";
    }
    if (!path.empty() && input.flip()) path.pop_back();
    return path;
}

/// Something changes on the host.
void host_changes(simulated::HostTree& files, fuzz::Input& input) {
    constexpr const char* places[] = {"/jail/a",        "/jail/a/b", "/jail/link",
                                      "/jail/etc/deep", "/jail/b",   "/jail/c"};
    const char* at = places[input.take<u8>() % std::size(places)];
    switch (input.take<u8>() % 5) {
        case 0:
            files.remove(at);
            break;
        case 1:
            files.remove(at);
            files.add_link(at, some_path(input));
            break;
        case 2:
            if (!files.exists(at)) files.add_file(at, "file");
            break;
        case 3:
            files.rename(at, places[input.take<u8>() % std::size(places)]);
            break;
        default:
            if (!files.exists(at)) files.add_directory(at);
    }
}

void one_step(Guest& guest, fuzz::Input& input) {
    Scratch scratch(guest);
    std::string name = some_path(input);
    u64 path = scratch.text(name), other = scratch.text(some_path(input));
    u64 directory = input.flip() ? static_cast<u64>(AT_FDCWD) : 3 + input.take<u8>() % 4;
    switch (input.take<u8>() % 12) {
        case 0:
            guest.call(SYS_mkdirat, directory, path, 0777);
            break;
        case 1:
            guest.call(SYS_symlinkat, other, directory, path);
            break;
        case 2:
            guest.call(SYS_renameat2, directory, path, AT_FDCWD, other, input.take<u8>() % 4);
            break;
        case 3:
            guest.call(SYS_unlinkat, directory, path, input.flip() ? AT_REMOVEDIR : 0);
            break;
        case 4:
            guest.call(SYS_linkat, directory, path, AT_FDCWD, other, input.flip() ? AT_SYMLINK_FOLLOW : 0);
            break;
        case 5:
            guest.call(SYS_chdir, path);
            break;
        case 6:
            guest.call(SYS_chroot, path);
            break;
        case 7: {
            const u64 how[3] = {O_RDONLY, 0, input.take<u8>()};
            i64 fd = guest.call(SYS_openat2, directory, path, scratch.bytes(how, sizeof(how)), sizeof(how));
            if (fd > 8) guest.close(fd);
            break;
        }
        case 8:
            host_changes(guest.machine().files(), input);
            break;
        case 9:
            guest.call(SYS_readlinkat, directory, path, scratch.space(64), 64);
            break;
        default: {
            std::string text;
            i64 fd = guest.call(SYS_openat, directory, path, O_RDWR | (input.flip() ? O_CREAT : 0), 0644);
            if (fd >= 0) guest.read_text(fd, text, 64);
            // What lies beside the granted directory is never seen.
            FUZZ_CHECK(text.find("secret") == std::string::npos);
            if (fd > 8) guest.close(fd);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    simulated::Options options;
    options.region_bytes = u64{16} << 20;
    options.uid = options.gid = 0;
    options.root = "/jail";
    options.root_writable = input.flip();
    simulated::Machine machine(options);
    simulated::HostTree& files = machine.files();
    files.add_file("/secret", "secret");
    files.add_file("/jail/a/b/c", "inside");
    files.add_link("/jail/link", "a/b");
    files.add_link("/jail/up", "../../secret");
    files.add_link("/jail/loop", "loop/a");
    files.add_file("/jail/etc/deep/file", "inside");
    auto outcome = machine.run([&](Guest& guest) {
        guest.open("/a", O_RDONLY | O_DIRECTORY);
        guest.open("/tmp", O_RDONLY | O_DIRECTORY);
        guest.open("/", O_PATH);
        guest.mkdir("/tmp/a");
        for (int i = 0; i < 40 && !input.empty(); i++) one_step(guest, input);
    });
    FUZZ_CHECK(outcome.exited_with(0));
    return 0;
}
