// One run in a virtual machine: the confined monitor, the bridge to it, then waiting, limits, and the end as
// for any sandbox.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "supervisor/limits.h"
#include "supervisor/opener_plan.h"
#include "supervisor/streams.h"
#include "supervisor/usage.h"
#include "supervisor/vm/accelerator.h"
#include "supervisor/vm/bridge.h"
#include "supervisor/vm/monitor.h"
#include "supervisor/vm/parameters.h"
#include "supervisor/watch.h"

extern "C" const char litebox_embedded_kernel[], litebox_embedded_kernel_end[];

namespace litebox::supervisor {

namespace {

constexpr uint64_t mebibyte = 1 << 20;
constexpr uint32_t most_processors = 64;
/// What the monitor itself may need: its code's data, its cache of translated code, buffers.
constexpr uint64_t monitor_memory = 384 * mebibyte;

/// The monitor, for the watch.
class MonitorSandbox : public Confined {
  public:
    MonitorSandbox(pid_t process, const Bridge& bridge) : process_(process), bridge_(bridge) {}

    /// What it said last may still be on its way.
    std::optional<std::string> ended(pid_t process, int status) override {
        if (process != process_) return std::nullopt;
        lives_ = false;
        status_ = status;
        return std::nullopt;
    }
    std::optional<std::string> all_ended() override {
        // What it said is there before the bridge has finished, maybe only since the watch last looked.
        if (!bridge_.silent()) return std::nullopt;
        std::string words = bridge_.last_words();
        return "the virtual machine ended without a word of how (QEMU: " + describe_end(status_) + ")" +
               (words.empty() ? "" : "; its last lines: " + words);
    }
    [[nodiscard]] uint64_t shared_memory() const override { return 0; }
    void end_all() override {
        if (lives_) kill(process_, SIGKILL);
    }

  private:
    pid_t process_;
    const Bridge& bridge_;
    bool lives_ = true;
    int status_ = 0;
};

uint64_t machine_memory(const RunOptions& options) {
    struct sysinfo info;
    uint64_t all = sysinfo(&info) == 0 ? static_cast<uint64_t>(info.totalram) * info.mem_unit : 0;
    uint64_t wanted = options.memory != 0 ? options.memory : all / 2;
    return std::max(wanted / mebibyte, uint64_t{1}) * mebibyte;
}

uint32_t machine_processors(const RunOptions& options) {
    if (options.processors != 0) return options.processors;
    cpu_set_t set;
    int usable = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return std::min(static_cast<uint32_t>(usable), most_processors);
}

/// Root's grants are served by an identity that owns nothing: to it the owner's files are shown as its own.
std::vector<uint32_t> show_as_owner(const RunOptions& options, const std::vector<GrantRoot>& roots,
                                    uint32_t identity, GrantMounts& grants) {
    std::vector<uint32_t> shown(options.grants.size(), 0);
    if (geteuid() != 0) return shown;
    std::vector<std::pair<uint64_t, Descriptor>> spaces;  // by owner
    for (size_t i = 0; i < options.grants.size(); i++) {
        const Grant& grant = options.grants[i];
        if (grant.system || grant.kind == Grant::Kind::temporary || !roots[i].link.empty()) continue;
        uint64_t owner = uint64_t{roots[i].uid} << 32 | roots[i].gid;
        auto found =
            std::find_if(spaces.begin(), spaces.end(), [&](auto& row) { return row.first == owner; });
        if (found == spaces.end()) {
            spaces.emplace_back(owner, exchange_identities(roots[i].uid, roots[i].gid, identity));
            found = spaces.end() - 1;
        }
        if (found->second.get() >= 0 && grants.take_one(options, i, found->second.get())) {
            shown[i] = identity;
        } else if (grant.kind == Grant::Kind::read_write) {
            throw std::runtime_error(
                grant.host +
                " lies on a file system without identity-mapped mounts, so root cannot grant it "
                "for writing to a virtual machine: run it as the directory's owner");
        }
    }
    return shown;
}

uint32_t terminal_streams() {
    uint32_t bits = 0;
    for (int stream = 0; stream < 3; stream++)
        if (isatty(stream)) bits |= 1u << stream;
    return bits;
}

process::Rings* private_rings() {
    void* rings =
        mmap(nullptr, sizeof(process::Rings), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (rings == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    return static_cast<process::Rings*>(rings);
}

/// None where none was asked for.
Descriptor open_image(const RunOptions& options) {
    if (options.image.empty()) return {};
    Descriptor file(open(options.image.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat status;
    if (file.get() < 0 || fstat(file.get(), &status) != 0)
        throw std::system_error(errno, std::generic_category(), "the image " + options.image);
    if (!S_ISREG(status.st_mode)) throw std::runtime_error(options.image + " is not a regular file");
    return file;
}

/// A file without a name, of the size that was asked for; none where it was not.
Descriptor make_scratch(const RunOptions& options) {
    if (options.scratch == 0) return {};
    const char* given = getenv("TMPDIR");
    std::string directory = given != nullptr && *given != 0 ? given : "/var/tmp";
    Descriptor file(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file.get() < 0) {
        std::string path = directory + "/litebox-scratch.XXXXXX";
        file = Descriptor(mkostemp(path.data(), O_CLOEXEC));
        if (file.get() >= 0) unlink(path.c_str());
    }
    if (file.get() < 0 || ftruncate(file.get(), static_cast<off_t>(options.scratch)) != 0)
        throw std::system_error(errno, std::generic_category(),
                                "a scratch disk in " + directory + " (TMPDIR says where)");
    return file;
}

MonitorPlan make_plan(const RunOptions& options, std::string_view kernel, process::Rings& rings) {
    MonitorPlan plan{};
    plan.options = &options;
    plan.files = monitor_files(true);
    plan.kernel = kernel;
    plan.memory = machine_memory(options);
    plan.processors = machine_processors(options);
    plan.user = geteuid();
    plan.group = getegid();
    plan.image = open_image(options);
    plan.scratch = make_scratch(options);
    plan.identity = unprivileged_identity(static_cast<uint32_t>(getpid()));
    std::vector<GrantRoot> roots = look_at_grants(options, plan.identity);
    plan.covered = assign_lanes(options, roots, plan.identity).covered;
    std::vector<uint32_t> shown = show_as_owner(options, roots, plan.identity, plan.grants);
    update_window(rings.control);
    uint32_t window = rings.control.window_rows_columns.load();
    MachineParameters machine{
        plan.memory,
        std::max(plan.memory / 2, options.scratch),
        static_cast<uint32_t>(options.processes != 0 ? options.processes : default_tasks()),
        terminal_streams(),
        static_cast<uint16_t>(window >> 16),
        static_cast<uint16_t>(window),
        &roots,
        &shown};
    plan.parameters = make_parameters(options, machine);
    return plan;
}

RunReport failed(std::string reason) {
    RunReport report;
    report.end = RunReport::End::failed;
    report.reason = std::move(reason);
    return report;
}

RunReport run(const RunOptions& options, std::string_view kernel) {
    uint64_t started = now_us();
    open_missing_streams();
    process::Rings& rings = *private_rings();
    SignalsBlocked blocked;
    // Somebody wished not to see how children end.
    signal(SIGCHLD, SIG_DFL);
    drop_unused_opener();
    // Left by a shell that became us.
    std::vector<pid_t> strangers = children();
    MonitorPlan plan = make_plan(options, kernel, rings);
    MonitorStart monitor = start_monitor(plan);
    std::string problem = finish_monitor(monitor, choose_accelerator().kvm);
    if (!problem.empty()) {
        kill(monitor.process, SIGKILL);
        waitpid(monitor.process, nullptr, 0);
        return failed("the virtual machine could not start: " + problem);
    }
    auto& streams = *new Streams(rings, nullptr, options.trace_descriptor);
    auto& bridge = *new Bridge(rings, std::move(monitor.control), std::move(monitor.log));
    streams.start();
    bridge.start();
    MonitorSandbox machine(monitor.process, bridge);
    Sandbox sandbox{rings, machine, plan.memory, monitor_memory, nullptr, started, strangers};
    return Watch(options, sandbox, streams).run();
}

}  // namespace

std::string_view embedded_kernel() {
    return {litebox_embedded_kernel,
            static_cast<size_t>(litebox_embedded_kernel_end - litebox_embedded_kernel)};
}

RunReport run_machine(const RunOptions& options, std::string_view kernel) {
    try {
        return run(options, kernel);
    } catch (const std::exception& problem) {
        return failed(std::string("the virtual machine could not start: ") + problem.what());
    }
}

}  // namespace litebox::supervisor
