// The calls that tests make all the time.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "platform/simulated/machine.h"

namespace litebox::simulated {

u64 Scratch::space(usize length) {
    u64& stack = guest_.registers().rsp;
    constexpr u64 red_zone = 128;
    if (stack == before_) stack -= red_zone;
    stack = (stack - length) & ~u64{15};
    return stack;
}

u64 Scratch::bytes(const void* from, usize length) {
    u64 at = space(length);
    guest_.write(at, from, length);
    return at;
}

u64 Scratch::text(std::string_view text) {
    std::string whole(text);
    return bytes(whole.c_str(), whole.size() + 1);
}

std::string Guest::text(u64 from, usize length) {
    std::string result(length, '\0');
    read(from, result.data(), length);
    return result;
}

i64 Guest::open(std::string_view path, int flags, u32 mode) {
    Scratch scratch(*this);
    return call(SYS_openat, AT_FDCWD, scratch.text(path), flags, mode);
}

i64 Guest::close(i64 descriptor) {
    return call(SYS_close, descriptor);
}

i64 Guest::write_text(i64 descriptor, std::string_view text) {
    Scratch scratch(*this);
    return call(SYS_write, descriptor, scratch.bytes(text.data(), text.size()), text.size());
}

i64 Guest::read_text(i64 descriptor, std::string& text, usize length) {
    Scratch scratch(*this);
    u64 buffer = scratch.space(length);
    i64 done = call(SYS_read, descriptor, buffer, length);
    text = this->text(buffer, done > 0 ? static_cast<usize>(done) : 0);
    return done;
}

i64 Guest::mkdir(std::string_view path) {
    Scratch scratch(*this);
    return call(SYS_mkdir, scratch.text(path), 0755);
}

i64 Guest::unlink(std::string_view path) {
    Scratch scratch(*this);
    return call(SYS_unlink, scratch.text(path));
}

i64 Guest::execute(std::string_view path, std::vector<std::string> arguments) {
    Scratch scratch(*this);
    if (arguments.empty()) arguments.emplace_back(path);
    std::vector<u64> pointers;
    for (const std::string& argument : arguments) pointers.push_back(scratch.text(argument));
    pointers.push_back(0);
    u64 vector = scratch.bytes(pointers.data(), pointers.size() * sizeof(u64));
    return call(SYS_execve, scratch.text(path), vector, vector + (pointers.size() - 1) * sizeof(u64));
}

i64 Guest::wait(i64 pid, int* status, int options) {
    Scratch scratch(*this);
    u64 word = scratch.value(int{0});
    i64 result = call(SYS_wait4, pid, word, options, 0);
    if (status != nullptr) *status = load<int>(word);
    return result;
}

i64 Guest::kill(i64 pid, int signal) {
    return call(SYS_kill, pid, signal);
}

namespace {

struct KernelAction {
    u64 handler, flags, restorer, mask;
};
constexpr u64 with_restorer = 0x04000000;  // SA_RESTORER

}  // namespace

i64 Guest::handle(int signal, SignalHandler handler, u64 flags) {
    Scratch scratch(*this);
    KernelAction action{machine().add_handler(std::move(handler)), flags | with_restorer, restorer_address,
                        0};
    return call(SYS_rt_sigaction, signal, scratch.value(action), 0, 8);
}

i64 Guest::ignore(int signal) {
    Scratch scratch(*this);
    return call(SYS_rt_sigaction, signal, scratch.value(KernelAction{1, 0, 0, 0}), 0, 8);
}

u64 Guest::map(u64 length, int protection, int flags, i64 descriptor, u64 offset) {
    return static_cast<u64>(call(SYS_mmap, 0, length, protection, flags, descriptor, offset));
}

i64 Guest::sleep(u64 nanoseconds) {
    Scratch scratch(*this);
    const i64 duration[2] = {static_cast<i64>(nanoseconds / 1000000000),
                             static_cast<i64>(nanoseconds % 1000000000)};
    return call(SYS_nanosleep, scratch.bytes(duration, sizeof(duration)), 0);
}

std::pair<int, int> Guest::pipe() {
    Scratch scratch(*this);
    u64 pair = scratch.space(8);
    if (call(SYS_pipe2, pair, 0) < 0) return {-1, -1};
    return {load<int>(pair), load<int>(pair + 4)};
}

}  // namespace litebox::simulated
