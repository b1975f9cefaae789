// A simulated host: boots the library OS in this process, runs a guest program that is a C++ function, and
// tells how it ended. README.md says how to write one.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "platform/boot_parameters.h"
#include "platform/simulated/faults.h"
#include "platform/simulated/guest.h"
#include "platform/simulated/host_tree.h"
#include "platform/simulated/scheduler.h"
#include "platform/simulated/space.h"
#include "platform/vsock_device.h"

namespace litebox::simulated {

struct Options {
    u64 seed = 1;
    bool free_running = false;  // the host's threads and clock instead of the seed's order and virtual time
    u64 region_bytes = u64{64} << 20;
    u64 memory_limit = u64{1} << 32;
    u64 temporary_limit = u64{16} << 20;
    u32 process_limit = 256;
    u32 thread_limit = 512;
    u32 uid = 1000, gid = 1000;
    u32 terminal_streams = 0;    // bit by stream: it is the invoker's terminal
    std::string root = "/";      // what of the host's tree is granted as the guest's root
    bool root_writable = false;  // the granted root may be written (else what is written vanishes)
    u64 cpu_seconds = 0;
    bool root_image = false;    // the root is the image on disk 0 instead of `root`
    std::vector<u8> root_hash;  // its verity hash; empty: none
};

/// A block device.
struct Disk {
    std::vector<u8> bytes;
    bool read_only = true;
    /// What the host makes of what is read at `offset`; may answer anything.
    std::function<void(u64 offset, std::span<u8> bytes)> alter;
};

/// The vsock device, in the test's hands.
struct Vsock {
    u64 address = 0;  // 0: there is none
    /// What the sandbox sends; on the sender's thread.
    std::function<void(const platform::VsockPacket& packet, std::string payload)> on_send;
};

struct Outcome {
    int status = 0;  // as wait(2) has it
    bool stopped = false;
    Deadlock deadlock;
    std::string output, error_output, report;
    [[nodiscard]] bool exited_with(int code) const { return stopped && status == code << 8; }
};

class Machine : Pinned {
  public:
    explicit Machine(Options options = {});
    ~Machine();

    /// The host's files; Options::root of them is granted.
    HostTree& files() { return files_; }
    /// The block devices, in their order.
    std::deque<Disk>& disks() { return disks_; }
    Vsock& vsock() { return vsock_; }
    /// What the host sends: reaches the sandbox soon, in this order.
    void vsock_arrives(const platform::VsockPacket& packet, std::string payload = {});
    void vsock_lost();
    Faults& faults() { return faults_; }
    [[nodiscard]] const Options& options() const { return options_; }

    /// Code of the guest: an address that a jump, an exec or a signal may lead to.
    u64 add_code(GuestProgram program);
    u64 add_handler(SignalHandler handler);
    /// An ELF file that enters `program`.
    void install(std::string_view path, GuestProgram program);
    /// The bytes of such a file.
    std::vector<u8> executable(GuestProgram program);
    /// Bytes that come from the invoker's terminal or pipe at this time (monotonic nanoseconds); `end`: then
    /// no more.
    void type_at(u64 when, std::string_view bytes, bool end = false);
    /// A signal from the invoker's terminal.
    void signal_at(u64 when, int signal);
    /// Ends the machine from outside, whatever state its programs are in.
    void end_at(u64 when);
    /// Anything else that happens on the host then.
    void happens_at(u64 when, std::function<void()> event);

    /// Boots with `program` as the first program; returns once the sandbox has stopped or nobody in it can
    /// ever go on. Once per machine.
    Outcome run(GuestProgram program);

    /// What the core holds of its heap, in objects: for leaks.
    [[nodiscard]] usize heap_objects() const { return heap_objects_.load(std::memory_order_relaxed); }
    [[nodiscard]] usize live_threads();
    [[nodiscard]] usize live_spaces();
    /// From here on it is noted where objects are allocated; heap_report() tells of those that are still
    /// there.
    void track_heap() { track_heap_ = true; }
    std::string heap_report();

    /// What is being tried: named by a panic.
    void set_label(std::string label) { label_ = std::move(label); }
    [[nodiscard]] const std::string& label() const { return label_; }

    // For the platform's functions.
    Scheduler& scheduler() { return *scheduler_; }
    platform::PageRegion region() const { return region_; }
    const platform::BootParameters& parameters() const { return parameters_; }
    void pass_point() { scheduler_->point(this_thread(), false); }
    Result<void> begin(Operation operation) {
        pass_point();
        if (auto error = faults_.strike(operation)) return *error;
        return {};
    }
    platform::Space* boot_space() { return boot_space_; }
    platform::Space* new_space();
    SimulatedThread* new_thread(Thread* task);
    void start(SimulatedThread& thread, platform::Space& space, platform::ThreadEntry entry);
    void end(SimulatedThread& thread);
    [[noreturn]] void stop(int status);
    const GuestProgram* program_at(u64 address);
    const SignalHandler* handler_at(u64 address);
    u64 next_token() { return tokens_.fetch_add(16); }
    void* allocate(usize size);
    void release(void* object);
    void set_alarm(u64 deadline, Kernel* kernel);
    [[noreturn]] void system_loop();
    void fill_entropy(std::span<u8> out);
    void interrupt(SimulatedThread& thread);
    void interrupt_any(platform::Space& space);
    template <typename Body>
    auto with_streams(Body&& body) {
        std::lock_guard guard(streams_mutex_);
        return body(streams_);
    }

    struct Streams {
        std::deque<u8> input;
        bool input_ended = false;
        std::atomic<u32> input_word{0};
        std::string output, error_output, report;
        bool raw = false;
    };
    void note_input();

  private:
    struct HeapObject {
        void* stack[12];
        int depth;
    };
    struct Code {
        GuestProgram program;
        SignalHandler handler;
    };
    u64 add(Code code);
    void fill_parameters();
    void ring();
    void run_events();

    Options options_;
    HostTree files_;
    std::deque<Disk> disks_;
    Vsock vsock_;
    Faults faults_;
    Outcome outcome_;
    std::string label_;
    std::unique_ptr<Scheduler> scheduler_;
    platform::PageRegion region_{};

    platform::BootParameters parameters_{};
    std::vector<std::string_view> arguments_{"/bin/init"}, environment_{"PATH=/bin"};
    std::vector<platform::GrantParameters> grants_;

    std::mutex mutex_;  // threads, spaces, code, heap objects
    std::vector<std::unique_ptr<SimulatedThread>> threads_;
    std::vector<std::unique_ptr<platform::Space>> spaces_;
    std::atomic<u32> live_threads_{0};
    platform::Space* boot_space_ = nullptr;
    std::map<u64, Code> code_;
    std::atomic<u64> tokens_;
    std::map<void*, HeapObject> heap_;
    std::atomic<usize> heap_objects_{0};
    bool track_heap_ = false;
    std::mt19937_64 random_;

    std::mutex streams_mutex_;
    Streams streams_;

    // The system thread's.
    std::atomic<u32> bell_{0};
    std::atomic<u64> alarm_{platform::no_deadline};
    std::atomic<Kernel*> kernel_{nullptr};
    std::multimap<u64, std::function<void()>> events_;
    std::function<void()> running_event_;  // here, since the system thread may be left in the middle of it
    std::atomic<bool> news_{false};
};

}  // namespace litebox::simulated
