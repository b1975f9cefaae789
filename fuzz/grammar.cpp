#include "fuzz/grammar.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <map>

namespace litebox::fuzz {

namespace {

struct Row {
    u64 number;
    const char* name;
    std::vector<std::string> kinds;
};

std::vector<std::string> kinds_of(std::string_view arguments) {
    std::vector<std::string> kinds;
    while (!arguments.empty()) {
        usize end = std::min(arguments.find(' '), arguments.size());
        std::string_view pair = arguments.substr(0, end);
        kinds.emplace_back(pair.substr(pair.find(':') + 1));
        arguments.remove_prefix(std::min(end + 1, arguments.size()));
    }
    return kinds;
}

const std::vector<Row>& rows() {
    static const std::vector<Row> all = {
#define FULL(number, name, room, arguments) {number, #name, kinds_of(arguments)},
#define PARTIAL(number, name, room, arguments, note) {number, #name, kinds_of(arguments)},
#define MISSING(number, name, room, note)
#include "linux/syscalls.def"
#undef FULL
#undef PARTIAL
#undef MISSING
    };
    return all;
}

constexpr const char* paths[] = {"/tmp/a",
                                 "/tmp/b",
                                 "/tmp/d",
                                 "/tmp/d/x",
                                 "/tmp/link",
                                 "/tmp/fifo",
                                 "/tmp/socket",
                                 "a",
                                 "d/x",
                                 "..",
                                 ".",
                                 "",
                                 "/",
                                 "/etc/motd",
                                 "/etc/link",
                                 "/etc/dir/deep/file",
                                 "/bin/child",
                                 "/bin/script",
                                 "/proc/self/fd/3",
                                 "/proc/self/maps",
                                 "/proc/self/exe",
                                 "/proc/self/mem",
                                 "/proc/1/status",
                                 "/proc/self/task",
                                 "/proc/cpuinfo",
                                 "/dev/null",
                                 "/dev/zero",
                                 "/dev/full",
                                 "/dev/tty",
                                 "/dev/ptmx",
                                 "/dev/pts/0",
                                 "/dev/fd/0",
                                 "/dev/shm/s",
                                 "/sys/devices/system/cpu/online",
                                 "/etc/loop",
                                 "/tmp/d/../a",
                                 "/tmp/a/",
                                 "//tmp//./d",
                                 "/proc/self/cwd/tmp/a",
                                 "/proc/self/root/tmp"};

template <typename T, usize Count>
T pick(Input& input, const T (&from)[Count]) {
    return from[input.take<u8>() % Count];
}

}  // namespace

void prepare_host(simulated::Machine& machine) {
    simulated::HostTree& files = machine.files();
    files.add_file("/etc/motd", std::string(6000, 'm'));
    files.add_link("/etc/link", "motd");
    files.add_link("/etc/loop", "loop");
    files.add_file("/etc/dir/deep/file", "deep");
    files.add_file("/bin/script", "#!/bin/child -x\n", 0755);
}

void prepare_guest(simulated::Guest& guest) {
    constexpr int read_write = PROT_READ | PROT_WRITE, fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    guest.call(SYS_mmap, arena_base, arena_length, read_write, fixed, -1, 0);
    guest.call(SYS_mmap, arena_base + arena_length, arena_read_only, PROT_READ, fixed, -1, 0);
    // Descriptors 3 and on.
    guest.open("/tmp/a", O_RDWR | O_CREAT);
    guest.mkdir("/tmp/d");
    guest.open("/tmp/d", O_RDONLY | O_DIRECTORY);
    guest.open("/etc/motd", O_RDONLY);
    guest.pipe();
    u64 pair = arena_base;
    guest.call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
    guest.call(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
    guest.call(SYS_socket, AF_INET, SOCK_STREAM, 0);
    guest.call(SYS_socket, AF_INET6, SOCK_DGRAM, 0);
    guest.call(SYS_epoll_create1, 0);
    guest.call(SYS_eventfd2, 1, 0);
    guest.call(SYS_timerfd_create, 1, 0);
    simulated::Scratch scratch(guest);
    guest.call(SYS_memfd_create, scratch.text("m"), 0);
    guest.call(SYS_signalfd4, -1, scratch.value(u64{1} << 9), 8, 0);
    guest.open("/dev/ptmx", O_RDWR | O_NOCTTY);
    guest.open("/tmp/d", O_PATH);
    guest.call(SYS_pidfd_open, guest.call(SYS_getpid), 0);
}

u64 CallMaker::integer() {
    constexpr u64 interesting[] = {0,
                                   1,
                                   2,
                                   3,
                                   4,
                                   7,
                                   8,
                                   15,
                                   16,
                                   63,
                                   64,
                                   65,
                                   127,
                                   128,
                                   255,
                                   256,
                                   1023,
                                   1024,
                                   4095,
                                   4096,
                                   4097,
                                   8192,
                                   65535,
                                   65536,
                                   0x7fffffff,
                                   0x80000000,
                                   0xffffffff,
                                   0x100000000,
                                   0x7fffffffffffffff,
                                   0x8000000000000000,
                                   ~u64{0},
                                   ~u64{0} - 1,
                                   ~u64{0} - 4095};
    switch (input_.take<u8>() % 4) {
        case 0:
            return input_.take<u8>() % 8;
        case 1:
            return input_.take<u16>();
        case 2:
            return pick(input_, interesting);
        default:
            return u64{1} << input_.take<u8>() % 64 | (input_.flip() ? u64{1} << input_.take<u8>() % 64 : 0);
    }
}

/// Room in the arena that this call's other arguments do not use.
u64 CallMaker::place(usize length) {
    if (used_ + length > arena_length) used_ = 0;
    u64 at = arena_base + used_;
    used_ += (length + 15) & ~u64{15};
    return at;
}

u64 CallMaker::wild_address() {
    const u64 wild[] = {0,
                        1,
                        0xfff,
                        arena_base + arena_length - 1,
                        arena_base + arena_length - 7,
                        arena_base + arena_length + arena_read_only - 3,
                        arena_base + arena_length,
                        0x100000000000,
                        0x10ffffffffff,
                        0x7ffffffff000,
                        0x7fffffffeffd,
                        0x800000000000,
                        0xffff800000000000,
                        ~u64{0},
                        ~u64{0} - 8,
                        0x20000000,
                        guest_.registers().rsp};
    return pick(input_, wild);
}

u64 CallMaker::address(usize length) {
    return input_.take<u8>() % 16 == 0 ? wild_address() : place(length);
}

u64 CallMaker::put(const void* bytes, usize length) {
    u64 at = place(length);
    // The arena may be gone, or read-only; then the call finds that out.
    guest_.write(at, bytes, length);
    return at;
}

/// A structure of words, some of which mean something.
u64 CallMaker::filled(usize length) {
    if (input_.take<u8>() % 16 == 0) return wild_address();
    std::vector<u64> words(length / 8 + 1);
    usize count = input_.take<u8>() % (words.size() + 1);
    for (usize i = 0; i < count; i++) {
        u64 low = integer();
        words[i] = input_.flip() ? low : (low & 0xffffffff) | integer() << 32;
        if (input_.take<u8>() % 8 == 0) words[i] = place(64);
    }
    return put(words.data(), length);
}

u64 CallMaker::text() {
    constexpr const char* texts[] = {"",     "user.x", "user.", "security.x", "system.posix_acl_access",
                                     "name", "tmpfs",  "a/b",   "user.long"};
    if (input_.take<u8>() % 16 == 0) return wild_address();
    std::string chosen = pick(input_, texts);
    if (input_.take<u8>() % 8 == 0) chosen += std::string(integer() % 5000, 'n');
    return put(chosen.c_str(), chosen.size() + 1);
}

u64 CallMaker::path() {
    if (input_.take<u8>() % 24 == 0) return wild_address();
    std::string chosen = pick(input_, paths);
    u8 form = input_.take<u8>();
    if (form % 16 == 1) chosen += std::string("/") + pick(input_, paths);
    if (form % 32 == 2) chosen += std::string(integer() % 5000, 'p');
    if (form % 32 == 3) chosen += input_.text(8);
    return put(chosen.c_str(), chosen.size() + 1);
}

u64 CallMaker::descriptor() {
    u8 form = input_.take<u8>();
    if (form % 16 == 0) return integer();
    return form % 28;
}

u64 CallMaker::iovec() {
    struct Piece {
        u64 base, length;
    } pieces[6] = {};
    for (Piece& piece : pieces) piece = {address(256), input_.flip() ? input_.take<u8>() : integer()};
    return put(pieces, sizeof(pieces));
}

u64 CallMaker::socket_address() {
    if (input_.take<u8>() % 16 == 0) return wild_address();
    switch (input_.take<u8>() % 4) {
        case 0: {
            sockaddr_un name{};
            name.sun_family = AF_UNIX;
            std::string path = input_.flip() ? std::string("/tmp/socket") : std::string(1, '\0') + "name";
            std::memcpy(name.sun_path, path.data(), path.size());
            return put(&name, sizeof(name));
        }
        case 1: {
            sockaddr_in name{};
            name.sin_family = AF_INET;
            name.sin_port = htons(static_cast<u16>(input_.flip() ? 0 : 1000 + input_.take<u8>() % 4));
            name.sin_addr.s_addr = input_.flip() ? htonl(0x7f000001) : input_.take<u32>();
            return put(&name, sizeof(name));
        }
        case 2: {
            sockaddr_in6 name{};
            name.sin6_family = AF_INET6;
            name.sin6_port = htons(static_cast<u16>(1000 + input_.take<u8>() % 4));
            name.sin6_addr.s6_addr[15] = input_.take<u8>() % 2;
            return put(&name, sizeof(name));
        }
        default:
            return filled(128);
    }
}

u64 CallMaker::message() {
    if (input_.take<u8>() % 16 == 0) return wild_address();
    struct {
        u64 length;
        int level, type;
        int descriptors[4];
    } control = {u64{16} + u64{4} * (input_.take<u8>() % 6),
                 input_.flip() ? SOL_SOCKET : static_cast<int>(integer()),
                 1 + input_.take<u8>() % 3,
                 {}};
    if (input_.take<u8>() % 8 == 0) control.length = integer();
    for (int& each : control.descriptors) each = static_cast<int>(descriptor());
    msghdr header{};
    header.msg_name = reinterpret_cast<void*>(input_.flip() ? socket_address() : 0);
    header.msg_namelen = static_cast<socklen_t>(input_.flip() ? 16 : integer());
    header.msg_iov = reinterpret_cast<struct iovec*>(iovec());
    header.msg_iovlen = input_.take<u8>() % 8 == 0 ? integer() : 1 + input_.take<u8>() % 6;
    header.msg_control = reinterpret_cast<void*>(input_.flip() ? put(&control, sizeof(control)) : 0);
    header.msg_controllen = input_.take<u8>() % 8 == 0 ? integer() : sizeof(control);
    return put(&header, sizeof(header));
}

u64 CallMaker::time(u64 unit) {
    u8 form = input_.take<u8>();
    if (form % 16 == 0) return wild_address();
    if (form % 4 == 0) return 0;
    u64 fraction = form % 8 == 1 ? integer() : input_.take<u16>() % unit;
    const u64 words[4] = {form % 8 == 2 ? integer() : 0, fraction, form % 8 == 3 ? integer() : 0, fraction};
    return put(words, sizeof(words));
}

u64 CallMaker::argument(std::string_view kind) {
    constexpr u64 nanoseconds = 1000000000, microseconds = 1000000;
    constexpr u64 signals[] = {0, 1, 2, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 32, 34, 64, 65};
    constexpr u64 maps[] = {0x22, 0x21,     0x32,     0x31, 1,      2,     0x11,
                            0x12, 0x100022, 0x100021, 0x62, 0x8022, 0x122, 0x40022};
    constexpr u64 futexes[] = {0,  1,  128, 129, 3,   4,   5,   6,   7,   8,  9,
                               10, 11, 12,  13,  131, 132, 134, 135, 139, 256};
    if (kind == "fd" || kind == "socket") return descriptor();
    if (kind == "dirfd") return input_.take<u8>() % 3 != 0 ? static_cast<u64>(AT_FDCWD) : descriptor();
    if (kind == "path") return path();
    if (kind == "text") return text();
    if (kind == "out" || kind == "ptr" || kind == "inout" || kind == "in")
        return filled(input_.take<u8>() % 5 * 32 + 8);
    if (kind == "size") return input_.flip() ? input_.take<u8>() : integer();
    if (kind == "flags") return input_.flip() ? input_.take<u8>() % 8 : integer();
    if (kind == "mode") return input_.flip() ? 0777 : integer();
    if (kind == "offset") return input_.flip() ? input_.take<u16>() : integer();
    if (kind == "pid") return input_.flip() ? input_.take<u8>() % 10 : integer();
    if (kind == "signal") return pick(input_, signals);
    if (kind == "prot") return input_.take<u8>() % 16 == 0 ? integer() : input_.take<u8>() % 8;
    if (kind == "mapflags") return input_.take<u8>() % 16 == 0 ? integer() : pick(input_, maps);
    if (kind == "openflags") return input_.flip() ? O_RDWR | O_CREAT : integer();
    if (kind == "iovec") return input_.take<u8>() % 16 == 0 ? wild_address() : iovec();
    if (kind == "timespec") return time(nanoseconds);
    if (kind == "timeval") return time(microseconds);
    if (kind == "sockaddr") return socket_address();
    if (kind == "msghdr") return message();
    if (kind == "futexop") return pick(input_, futexes);
    if (kind == "clock") return input_.take<u8>() % 12;
    if (kind == "socktype") return (1 + input_.take<u8>() % 5) | (input_.flip() ? SOCK_NONBLOCK : 0);
    if (kind == "sigset") return filled(8);
    if (kind == "addr") {
        u64 page = arena_base + page_size * (input_.take<u8>() % 32);
        return input_.take<u8>() % 4 == 0 ? wild_address() : page;
    }
    return integer();
}

Call CallMaker::next() {
    const Row& row = rows()[input_.take<u16>() % rows().size()];
    Call call{row.number, row.name, {}};
    used_ = 0;
    for (usize i = 0; i < row.kinds.size() && i < 6; i++) call.arguments[i] = argument(row.kinds[i]);
    // Sizes that the ABI fixes: wrong ones are told apart at once and lead nowhere.
    bool signal_call = row.number == SYS_rt_sigaction || row.number == SYS_rt_sigprocmask;
    if (signal_call && input_.take<u8>() % 16 != 0) call.arguments[3] = 8;
    return call;
}

}  // namespace litebox::fuzz
