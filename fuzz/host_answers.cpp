// A host that lies about the files it was asked for: attributes, listings and lengths are what the fuzzer
// says. The core believes what it can check, and answers the guest with an error otherwise.
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

/// Overwrites some bytes of an answer.
void spoil(std::span<u8> answer, fuzz::Input& input) {
    if (answer.empty()) return;
    for (u8 count = input.take<u8>() % 4; count > 0; count--) {
        usize at = input.take<u16>() % answer.size();
        for (u8 byte : input.bytes(1 + input.take<u8>() % 8))
            if (at < answer.size()) answer[at++] = byte;
    }
}

template <typename T>
std::span<u8> bytes_of(T& value) {
    return {reinterpret_cast<u8*>(&value), sizeof(value)};
}

void lie(simulated::HostTree& files, fuzz::Input& input) {
    files.lies.node = [&](platform::HostNode& node) {
        // A slot that is not the core's is no lie but another host; what is told of the file is.
        spoil(bytes_of(node.attributes), input);
        if (input.take<u8>() % 8 == 0) node.watch.id = input.take<u32>();
    };
    files.lies.attributes = [&](platform::HostAttributes& attributes) { spoil(bytes_of(attributes), input); };
    files.lies.listing = [&](std::span<u8> records, platform::HostListing& listing) {
        spoil(records.first(std::min<usize>(records.size(), listing.bytes)), input);
        if (input.take<u8>() % 4 == 0) listing.bytes = input.take<u64>() >> input.take<u8>() % 64;
        if (input.take<u8>() % 4 == 0) listing.end = !listing.end;
    };
    files.lies.length = [&](usize length) -> usize {
        return input.take<u8>() % 4 == 0 ? input.take<u64>() >> input.take<u8>() % 64 : length;
    };
}

// A file may turn out to be a fifo, whose other end nobody opens: that is no finding, so nothing here waits
// for one.
void use_files(Guest& guest, fuzz::Input& input) {
    constexpr const char* names[] = {"/etc/a",   "/etc/link", "/etc/dir/b", "/etc",
                                     "/etc/dir", "/etc/none", "/etc/dir/c"};
    Scratch scratch(guest);
    const char* name = names[input.take<u8>() % std::size(names)];
    std::string text;
    switch (input.take<u8>() % 10) {
        case 0: {
            i64 fd = guest.open(name, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
            guest.call(SYS_getdents64, fd, scratch.space(512), 512);
            guest.close(fd);
            break;
        }
        case 1:
            guest.call(SYS_stat, scratch.text(name), scratch.space(144));
            break;
        case 2:
            guest.call(SYS_readlink, scratch.text(name), scratch.space(64), 64);
            break;
        case 3: {
            i64 fd = guest.open(name, O_RDWR | O_NONBLOCK);
            guest.write_text(fd, std::string(100, 'w'));
            guest.call(SYS_lseek, fd, 0, 2 + input.take<u8>() % 3);
            guest.read_text(fd, text, 3000);
            guest.call(SYS_ftruncate, fd, input.take<u16>());
            guest.close(fd);
            break;
        }
        case 4: {
            i64 fd = guest.open(name, O_RDONLY | O_NONBLOCK);
            u64 at = guest.map(2 * page_size, 1, 2, fd);
            guest.handle(7, [](Guest& handler, int, u64, u64 context) { handler.skip_instruction(context); });
            if (static_cast<i64>(at) > 0) guest.load<u32>(at + page_size * (input.take<u8>() % 2));
            guest.close(fd);
            break;
        }
        case 5:
            guest.call(SYS_rename, scratch.text(name), scratch.text("/etc/moved"));
            break;
        case 6:
            guest.call(SYS_getxattr, scratch.text(name), scratch.text("user.x"), scratch.space(64), 64);
            guest.call(SYS_listxattr, scratch.text(name), scratch.space(64), 64);
            break;
        case 7:
            guest.unlink(name);
            break;
        case 8:
            if (i64 pid = guest.fork([=](Guest& child) { child.execute(name); }); pid > 0) guest.wait(pid);
            break;
        default: {
            i64 fd = guest.open(name, O_RDONLY | O_NONBLOCK);
            guest.call(SYS_sendfile, 1, fd, 0, 5000);
            guest.close(fd);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    simulated::Options options;
    options.region_bytes = u64{16} << 20;
    options.uid = options.gid = 0;
    options.root_writable = input.flip();
    simulated::Machine machine(options);
    simulated::HostTree& files = machine.files();
    files.add_file("/etc/a", std::string(5000, 'a'), 0755);
    files.add_file("/etc/dir/b", "#!/etc/a\n", 0755);
    files.add_file("/etc/dir/c", "");
    files.add_link("/etc/link", "dir/b");
    auto outcome = machine.run([&](Guest& guest) {
        lie(files, input);
        for (int i = 0; i < 30 && !input.empty(); i++) use_files(guest, input);
    });
    if (outcome.deadlock.found) std::fputs(outcome.deadlock.report.c_str(), stderr);
    FUZZ_CHECK(outcome.stopped && !outcome.deadlock.found);
    return 0;
}
