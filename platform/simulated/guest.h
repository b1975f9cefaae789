// What a guest program sees: system calls by registers, memory by addresses. A program is a function that
// gets a Guest; the thread that runs it ends when it returns.
#pragma once

#include <string>
#include <vector>

#include "platform/simulated/thread.h"

namespace litebox::simulated {

/// `info` and `context` are guest addresses of the siginfo_t and the ucontext_t.
using SignalHandler = std::function<void(Guest&, int signal, u64 info, u64 context)>;

/// Where a handler returns to: the code that makes rt_sigreturn.
inline constexpr u64 restorer_address = 0x2f0000000000;

class Guest : Pinned {
  public:
    explicit Guest(SimulatedThread& thread) : thread_(thread) {}

    Machine& machine() { return *thread_.machine; }
    arch::RegisterFrame& registers() { return thread_.frame; }

    /// A system call; what it returns in rax. Does not come back when it ends the thread.
    template <typename... Arguments>
    i64 call(u64 number, Arguments... arguments) {
        const u64 raw[6] = {static_cast<u64>(arguments)...};
        return call_at(machine_token(), number, raw);
    }

    // Memory, as instructions touch it: faults reach the core, and its signals this program. False (or
    // zeros): a handler has skipped the instruction (skip_instruction).
    bool read(u64 from, void* to, usize length) { return touch(from, to, length, false); }
    bool write(u64 to, const void* from, usize length) {
        return touch(to, const_cast<void*>(from), length, true);
    }
    template <typename T>
    T load(u64 from) {
        T value{};
        read(from, &value, sizeof(value));
        return value;
    }
    template <typename T>
    bool store(u64 to, T value) {
        return write(to, &value, sizeof(value));
    }
    std::string text(u64 from, usize length);
    /// Atomic on an aligned word; returns what was found.
    u32 compare_exchange(u64 address, u32 expected, u32 desired);
    /// Something that is no system call: signals are taken here.
    void pause();
    /// In a handler: the instruction that faulted is not tried again.
    void skip_instruction(u64 context);

    // New tasks. The child runs `child` in the place of what follows the call in the parent.
    /// Any call that may make a task, on a thread of its own or (vfork) on this one.
    i64 call_with_child(u64 number, const u64 (&arguments)[6], GuestProgram child);
    i64 fork(GuestProgram child, u64 flags = 17);
    i64 vfork(GuestProgram child);
    /// A thread of this process with a stack of its own, as pthread_create makes it. `tid_word`, if not 0, is
    /// cleared at its end.
    i64 thread(GuestProgram body, u64 tid_word = 0);
    [[noreturn]] void exit(int code);  // of the process

    // Calls that tests make all the time.
    i64 open(std::string_view path, int flags, u32 mode = 0644);
    i64 close(i64 descriptor);
    i64 write_text(i64 descriptor, std::string_view text);
    i64 read_text(i64 descriptor, std::string& text, usize length);
    i64 mkdir(std::string_view path);
    i64 unlink(std::string_view path);
    i64 execute(std::string_view path, std::vector<std::string> arguments = {});
    i64 wait(i64 pid, int* status = nullptr, int options = 0);
    i64 kill(i64 pid, int signal);
    i64 handle(int signal, SignalHandler handler, u64 flags = 0);
    i64 ignore(int signal);
    u64 map(u64 length, int protection = 3, int flags = 0x22, i64 descriptor = -1, u64 offset = 0);
    i64 sleep(u64 nanoseconds);
    std::pair<int, int> pipe();

    /// Nothing of the guest's: the host runs low on memory, and the core drops what it can.
    void press_for_memory();

    /// For the platform: what the thread does once it is in the guest.
    void run();

  private:
    friend class Scratch;
    u64 machine_token();
    i64 call_at(u64 token, u64 number, const u64 (&arguments)[6]);
    void enter_system_call();
    void take_interrupts();
    bool settle(u64 token);
    void run_handler(const SignalHandler& handler);
    void run_code();
    bool touch(u64 address, void* bytes, usize length, bool write);
    void fault(u64 address, bool write, bool execute, u64 token);

    SimulatedThread& thread_;
};

/// Guest memory on the calling thread's stack, given back at the end of the scope.
class Scratch : Pinned {
  public:
    explicit Scratch(Guest& guest) : guest_(guest), before_(guest.registers().rsp) {}
    ~Scratch() { guest_.registers().rsp = before_; }
    u64 space(usize length);
    u64 bytes(const void* from, usize length);
    u64 text(std::string_view text);
    template <typename T>
    u64 value(const T& value) {
        return bytes(&value, sizeof(value));
    }

  private:
    Guest& guest_;
    u64 before_;
};

}  // namespace litebox::simulated
