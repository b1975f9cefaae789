// The Kernel: the one root from which all state of the library OS hangs. It lies in the page region; a thread
// finds it through its thread block: `kernel()`.
#pragma once

#include "core/base/ref.h"
#include "core/base/string.h"

namespace litebox {

class PageAllocator;
struct HeapState;
class TaskTable;
class FutexTable;
class TimerService;
class FileSystems;
class NetworkStack;
class RandomGenerator;
struct TraceState;
class PageQuota;
class Process;

struct Kernel : Pinned {
    // core/memory
    PageAllocator* pages = nullptr;
    HeapState* heap = nullptr;
    PageQuota* memory_quota = nullptr;
    // core/task
    TaskTable* tasks = nullptr;
    FutexTable* futexes = nullptr;
    TimerService* timers = nullptr;
    // core/file
    FileSystems* files = nullptr;
    void* terminals = nullptr;                // core/file/terminal/pty.cpp
    class Terminal* console = nullptr;        // the invoker's; null when no stream is a terminal
    class WaitQueue* stream_queue = nullptr;  // news about the invoker's streams
    // core/net
    NetworkStack* network = nullptr;
    // linux
    TraceState* trace = nullptr;
    class MemoryObject* vdso = nullptr;  // image and data page, as every space maps them
    struct VdsoData* vdso_data = nullptr;

    RandomGenerator* random = nullptr;
    String host_name;
    String domain_name;
    u64 boot_ns = 0;
    u64 processor_features = 0;             // AT_HWCAP: CPUID 1 EDX
    void (*before_stop)() = nullptr;        // the program has ended: last words to the supervisor
    std::atomic<u64> calls_of_the_dead{0};  // system calls of threads that have ended
    std::atomic<bool> name_lookup_failed{false};
    bool deny_write_execute = false;  // --wx=deny
    i32 first_pid = 2;                // the program that was asked for
    i32 first_status = 0;             // how it ended, in wait(2) format
    std::atomic<i64> realtime_offset_ns{0};
};

}  // namespace litebox
