#include "supervisor/vm/monitor.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "supervisor/limits.h"
#include "supervisor/usage.h"
#include "supervisor/vm/command_line.h"

namespace litebox::supervisor {

namespace {

constexpr int namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr const char* base = "/tmp";  // where the root is built
constexpr char with_kvm = 'k', emulated = 'e', maps_wanted = 'u', maps_written = 'm', go = 'g';

std::string failure(const std::string& what) {
    return what + ": " + strerror(errno);
}

std::string inside(const std::string& path) {
    return base + path;
}

/// A fork into new namespaces: there it is PID 1, here a child of ours.
pid_t fork_into(int kinds) {
    return static_cast<pid_t>(syscall(SYS_clone, kinds | SIGCHLD, nullptr, nullptr, nullptr, 0));
}

bool write_own_identity_maps(uid_t uid, gid_t gid) {
    write_file("/proc/self/setgroups", "deny");
    return write_file("/proc/self/uid_map", std::to_string(uid) + " " + std::to_string(uid) + " 1") &&
           write_file("/proc/self/gid_map", std::to_string(gid) + " " + std::to_string(gid) + " 1");
}

/// No core files, few threads, and descriptors for many files.
void limit_self(uint64_t tasks) {
    const rlimit none{0, 0}, threads{tasks, tasks};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_NPROC, &threads);
    rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, needed_descriptors);
    setrlimit(RLIMIT_NOFILE, &files);
}

class MonitorProcess {
  public:
    MonitorProcess(MonitorPlan& plan, int sync, int control, int log)
        : plan_(plan), sync_(sync), control_(control), log_(log), root_(plan.user == 0) {}

    /// Never returns without an error.
    std::string run() {
        for (auto step : {&MonitorProcess::begin, &MonitorProcess::build_root, &MonitorProcess::show_kvm,
                          &MonitorProcess::give_up_identity, &MonitorProcess::give_up_powers})
            if (std::string problem = (this->*step)(); !problem.empty()) return problem;
        return execute();
    }
    /// Where to say what went wrong.
    [[nodiscard]] int report() const { return sync_; }

  private:
    std::string begin();
    std::string build_root();
    std::string show_program();
    std::string show(const std::string& host, const std::string& place);
    std::string write_boot_file(const char* name, std::string_view bytes);
    std::string show_kvm();
    std::string give_up_identity();
    std::string give_up_powers();
    std::string arrange_descriptors();
    std::string execute();
    void end_with_supervisor() const { prctl(PR_SET_PDEATHSIG, SIGKILL); }
    bool told(char what) const {
        char byte;
        return read(sync_, &byte, 1) == 1 && byte == what;
    }

    MonitorPlan& plan_;
    int sync_, control_, log_;
    bool root_, kvm_ = false;
    rlimit file_size_{RLIM_INFINITY, RLIM_INFINITY};
};

std::string MonitorProcess::begin() {
    // A session of its own: signals of the invoker's terminal and process group are the supervisor's alone.
    setsid();
    end_with_supervisor();
    // The monitor is the first to go when memory runs out.
    write_file("/proc/self/oom_score_adj", "1000");
    // The boot files are written under no limit, granted files under the invoker's; too much is EFBIG, no
    // signal.
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &file_size_);
    raise_file_size_limit(plan_.kernel.size() + plan_.parameters.size());
    if (!root_ && !write_own_identity_maps(plan_.user, plan_.group)) return failure("identity maps");
    // Nothing that is mounted here shows on the host.
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failure("a mount namespace");
    return "";
}

/// The host's file at a place of the small root, its directories made.
std::string MonitorProcess::show(const std::string& host, const std::string& place) {
    for (size_t slash = place.find('/', 1); slash != std::string::npos; slash = place.find('/', slash + 1))
        mkdir(inside(place.substr(0, slash)).c_str(), 0755);
    Descriptor mount(take_mount(host.c_str(), true, -1));
    if (mount.get() < 0) return failure("showing the monitor " + host);
    return place_mount(mount.get(), false, inside(place));
}

std::string MonitorProcess::show_program() {
    const MonitorFiles& files = plan_.files;
    auto name = [](const std::string& path) { return path.substr(path.rfind('/')); };
    std::string problem = show(files.program, monitor_program);
    if (problem.empty()) problem = show(files.interpreter, files.interpreter);
    if (problem.empty()) problem = show(files.firmware, monitor_firmware);
    for (const std::string& library : files.libraries)
        if (problem.empty() && monitor_libraries + name(library) != files.interpreter)
            problem = show(library, monitor_libraries + name(library));
    for (const std::string& module : files.modules)
        if (problem.empty()) problem = show(module, monitor_modules + name(module));
    return problem;
}

std::string MonitorProcess::write_boot_file(const char* name, std::string_view bytes) {
    Descriptor file(open(inside(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
    if (file.get() < 0 || write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
        return failure(std::string("handing over ") + name);
    return "";
}

/// A root of what QEMU needs to start, the machine's boot files, and the grants.
std::string MonitorProcess::build_root() {
    if (std::string problem = plan_.grants.take(*plan_.options); !problem.empty()) return problem;
    std::string size =
        "mode=0755,size=" + std::to_string(plan_.kernel.size() + plan_.parameters.size() + (1 << 20));
    if (mount("litebox", base, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, size.c_str()) != 0)
        return failure("a root for the monitor");
    std::string problem = show_program();
    if (problem.empty()) problem = write_boot_file(monitor_kernel, plan_.kernel);
    if (problem.empty()) problem = write_boot_file(monitor_parameters, plan_.parameters);
    if (!problem.empty()) return problem;
    for (const char* directory : {monitor_export, "/proc", "/dev"})
        if (mkdir(inside(directory).c_str(), 0755) != 0) return failure("a root for the monitor");
    // It finds its own descriptors there when it changes a file's mode or attributes, and nothing else.
    if (mount("proc", inside("/proc").c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "subset=pid") != 0)
        return failure(
            "showing the monitor its own /proc (a container that masks /proc does not allow that)");
    return plan_.grants.place(inside(monitor_export), plan_.covered);
}

/// The last thing that the supervisor decides.
std::string MonitorProcess::show_kvm() {
    char byte;
    if (read(sync_, &byte, 1) != 1) _exit(125);
    kvm_ = byte == with_kvm;
    if (kvm_ && root_) {
        struct stat device;
        if (stat("/dev/kvm", &device) != 0 ||
            mount("litebox", inside("/dev").c_str(), "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=4k") !=
                0 ||
            mknod(inside("/dev/kvm").c_str(), S_IFCHR | 0600, device.st_rdev) != 0 ||
            chown(inside("/dev/kvm").c_str(), plan_.identity, plan_.identity) != 0)
            return failure("showing the monitor /dev/kvm");
    } else if (kvm_) {
        Descriptor mount(static_cast<int>(
            syscall(SYS_open_tree, AT_FDCWD, "/dev/kvm", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
        if (mount.get() < 0) return failure("showing the monitor /dev/kvm");
        if (std::string problem = place_mount(mount.get(), false, inside("/dev/kvm")); !problem.empty())
            return problem;
    }
    return "";
}

/// Root becomes an identity that owns nothing, in a user namespace of its own.
std::string MonitorProcess::give_up_identity() {
    std::string problem = arrange_descriptors();
    if (problem.empty()) problem = change_root(base);
    if (!problem.empty() || !root_) return problem;
    const uint32_t id = plan_.identity;
    if (setgroups(0, nullptr) != 0 || setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0)
        return failure(
            "giving up root for an identity of this run (root of a user namespace with few ids cannot; run "
            "it "
            "as an ordinary user)");
    if (prctl(PR_SET_DUMPABLE, 1) != 0) return failure("prctl");
    // Another identity also forgets that we end with the supervisor.
    end_with_supervisor();
    if (unshare(CLONE_NEWUSER) != 0)
        return failure("a user namespace is not to be had; `litebox doctor` says what this host offers");
    if (write(sync_, &maps_wanted, 1) != 1 || !told(maps_written))
        return "the identity maps could not be written";
    return "";
}

std::string MonitorProcess::give_up_powers() {
    // Emulated processors, and threads for files; the monitor needs no more.
    constexpr uint64_t file_threads = 128;
    limit_self(plan_.processors + file_threads);
    setrlimit(RLIMIT_FSIZE, &file_size_);
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return failure("giving up capabilities");
    struct {
        uint32_t version;
        int pid;
    } header{0x20080522, 0};
    const uint32_t none[6] = {};
    if (syscall(SYS_capset, &header, none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failure("giving up capabilities");
    signal(SIGPIPE, SIG_IGN);
    // Whoever made us may have ended before we asked to end with it.
    if (!told(go)) _exit(125);
    return "";
}

/// 0 nothing, 1 and 2 the log, then the control port and the disks; the socket stays until exec.
std::string MonitorProcess::arrange_descriptors() {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    auto or_nothing = [&](const Descriptor& file) { return file.get() >= 0 ? file.get() : nothing; };
    const int from[] = {nothing, log_, log_, control_, or_nothing(plan_.image), or_nothing(plan_.scratch),
                        sync_};
    constexpr int count = std::size(from), above_all = 64;
    int copies[count];
    for (int i = 0; i < count; i++) copies[i] = fcntl(from[i], F_DUPFD_CLOEXEC, above_all);
    for (int i = 0; i < count; i++)
        if (copies[i] < 0 || dup3(copies[i], i, i == count - 1 ? O_CLOEXEC : 0) < 0)
            return failure("descriptors");
    sync_ = count - 1;
    return close_range(count, ~0u, 0) == 0 ? "" : failure("descriptors");
}

std::string MonitorProcess::execute() {
    std::vector<std::string> words = monitor_command(plan_, kvm_);
    std::vector<std::string> environment = monitor_environment();
    auto pointers = [](std::vector<std::string>& texts) {
        std::vector<char*> list;
        for (std::string& text : texts) list.push_back(text.data());
        list.push_back(nullptr);
        return list;
    };
    execve(monitor_program, pointers(words).data(), pointers(environment).data());
    return failure("starting QEMU");
}

[[noreturn]] void become_monitor(MonitorPlan& plan, int sync, int control, int log) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    MonitorProcess process(plan, sync, control, log);
    std::string problem;
    try {
        problem = process.run();
    } catch (const std::exception& exception) {
        problem = exception.what();
    }
    (void)!write(process.report(), problem.data(), problem.size());
    _exit(125);
}

}  // namespace

MonitorStart start_monitor(MonitorPlan& plan) {
    int sync[2], control[2], log[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0 || pipe2(log, O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "channels to the monitor");
    MonitorStart start{-1, Descriptor(sync[0]), Descriptor(control[0]), Descriptor(log[0])};
    Descriptor its_sync(sync[1]), its_control(control[1]), its_log(log[1]);
    start.process = fork_into(namespaces | (geteuid() == 0 ? 0 : CLONE_NEWUSER));
    if (start.process < 0)
        throw std::system_error(errno, std::generic_category(),
                                "namespaces are not to be had (`litebox doctor` says what this host offers)");
    if (start.process == 0) {
        // Else it would not see the supervisor's end of it close.
        start.sync.reset();
        become_monitor(plan, its_sync.get(), its_control.get(), its_log.get());
    }
    return start;
}

std::string finish_monitor(MonitorStart& start, bool kvm) {
    const char word[] = {kvm ? with_kvm : emulated, go};
    (void)send(start.sync.get(), word, geteuid() == 0 ? 1 : sizeof(word), MSG_NOSIGNAL);
    std::string problem;
    char text[512];
    // Ends when QEMU was started (the socket closes at exec) or the child has told what failed.
    for (ssize_t got; (got = read(start.sync.get(), text, sizeof(text))) > 0;) {
        std::string_view said(text, static_cast<size_t>(got));
        if (problem.empty() && said == std::string_view(&maps_wanted, 1)) {
            const char answers[] = {write_identity_maps(start.process) ? maps_written : 'x', go};
            (void)send(start.sync.get(), answers, sizeof(answers), MSG_NOSIGNAL);
        } else {
            problem += said;
        }
    }
    start.sync.reset();
    return problem;
}

Descriptor exchange_identities(uint32_t uid, uint32_t gid, uint32_t identity) {
    pid_t child = fork_into(CLONE_NEWUSER);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    auto exchange = [identity](uint32_t owner) {
        auto row = [](uint64_t from, uint64_t to, uint64_t count) {
            return std::to_string(from) + " " + std::to_string(to) + " " + std::to_string(count) + "\n";
        };
        constexpr uint64_t all = 0xffffffff;
        std::string low = owner == 0 ? "" : row(0, 0, owner);
        return low + row(owner, identity, 1) + row(owner + 1, owner + 1, identity - owner - 1) +
               row(identity, owner, 1) + row(identity + 1, identity + 1, all - identity - 1);
    };
    std::string process = "/proc/" + std::to_string(child);
    Descriptor space;
    if (child > 0 && uid < identity && gid < identity && write_file(process + "/uid_map", exchange(uid)) &&
        write_file(process + "/gid_map", exchange(gid)))
        space = Descriptor(open((process + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    return space;
}

}  // namespace litebox::supervisor
