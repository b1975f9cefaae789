#include "platform/simulated/machine.h"

#include <elf.h>
#include <execinfo.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace litebox::simulated {

namespace {

constexpr u64 code_base = 0x20000000, code_step = page_size, entry_offset = 0x100;
constexpr u64 first_token = 0x300000000000;

/// An executable of one page that is entered at `entry`.
std::string small_elf(u64 entry) {
    std::string image(page_size, '\xcc');
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_entry = entry;
    header.e_phoff = sizeof(header);
    header.e_ehsize = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 1;
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = PF_R | PF_X;
    segment.p_vaddr = segment.p_paddr = page_down(entry);
    segment.p_filesz = segment.p_memsz = page_size;
    segment.p_align = page_size;
    std::memcpy(image.data(), &header, sizeof(header));
    std::memcpy(image.data() + sizeof(header), &segment, sizeof(segment));
    return image;
}

}  // namespace

Machine::Machine(Options options)
    : options_(options), faults_(options.seed * 3 + 1), tokens_(first_token), random_(options.seed * 3 + 2) {
    files_.add_directory("/bin");
    files_.add_directory("/etc");
    scheduler_ = options_.free_running ? make_free_scheduler()
                                       : make_deterministic_scheduler(options_.seed, outcome_.deadlock);
    void* region = mmap(nullptr, options_.region_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) std::abort();
    region_ = {static_cast<u8*>(region), options_.region_bytes};
}

Machine::~Machine() {
    for (auto& thread : threads_)
        if (thread->host.joinable()) thread->host.join();
    for (auto& [object, origin] : heap_) std::free(object);
    munmap(region_.base, region_.length);
}

u64 Machine::add(Code code) {
    std::lock_guard guard(mutex_);
    u64 address = code_base + code_.size() * code_step + entry_offset;
    code_.emplace(address, std::move(code));
    return address;
}

u64 Machine::add_code(GuestProgram program) {
    return add({std::move(program), nullptr});
}

u64 Machine::add_handler(SignalHandler handler) {
    return add({nullptr, std::move(handler)});
}

const GuestProgram* Machine::program_at(u64 address) {
    std::lock_guard guard(mutex_);
    auto found = code_.find(address);
    return found == code_.end() || !found->second.program ? nullptr : &found->second.program;
}

const SignalHandler* Machine::handler_at(u64 address) {
    std::lock_guard guard(mutex_);
    auto found = code_.find(address);
    return found == code_.end() || !found->second.handler ? nullptr : &found->second.handler;
}

void Machine::install(std::string_view path, GuestProgram program) {
    files_.add_file(path, small_elf(add_code(std::move(program))), 0755);
}

std::vector<u8> Machine::executable(GuestProgram program) {
    std::string image = small_elf(add_code(std::move(program)));
    return {image.begin(), image.end()};
}

platform::Space* Machine::new_space() {
    std::lock_guard guard(mutex_);
    auto space = std::make_unique<platform::Space>();
    space->number = static_cast<u32>(spaces_.size());
    spaces_.push_back(std::move(space));
    return spaces_.back().get();
}

SimulatedThread* Machine::new_thread(Thread* task) {
    std::lock_guard guard(mutex_);
    if (live_threads_.load() >= options_.thread_limit) return nullptr;
    // Host threads that have ended go; their blocks stay, since the core may still look at one.
    for (auto& old : threads_)
        if (old->over.load() && old->host.joinable()) old->host.join();
    live_threads_.fetch_add(1);
    auto thread = std::make_unique<SimulatedThread>();
    thread->number = static_cast<u32>(threads_.size());
    thread->machine = this;
    thread->head.self = &thread->head;
    thread->head.thread = task;
    thread->head.kernel = hosted_block != nullptr ? hosted_block->kernel : nullptr;
    threads_.push_back(std::move(thread));
    return threads_.back().get();
}

void Machine::start(SimulatedThread& thread, platform::Space& space, platform::ThreadEntry entry) {
    {
        std::lock_guard guard(mutex_);  // interrupt_any looks for threads of a space
        thread.space = &space;
    }
    thread.entry = entry;
    space.live.fetch_add(1);
    scheduler_->start(thread);
    std::lock_guard guard(mutex_);  // new_thread looks at all host threads
    thread.host = std::thread([&thread] { run_thread(thread); });
}

/// The block is not in use any more: its thread leaves, or never ran.
void Machine::end(SimulatedThread& thread) {
    live_threads_.fetch_sub(1);
    if (thread.space != nullptr) thread.space->live.fetch_sub(1);
}

usize Machine::live_threads() {
    return live_threads_.load();
}

usize Machine::live_spaces() {
    std::lock_guard guard(mutex_);
    usize count = 0;
    for (auto& space : spaces_) count += space->live.load() > 0 ? 1 : 0;
    return count;
}

void Machine::interrupt(SimulatedThread& thread) {
    thread.kicked.store(1);
    scheduler_->rouse(thread);
}

void Machine::interrupt_any(platform::Space& space) {
    SimulatedThread* chosen = nullptr;
    {
        std::lock_guard guard(mutex_);
        usize start = random_() % threads_.size();
        for (usize i = 0; i < threads_.size() && chosen == nullptr; i++) {
            SimulatedThread& thread = *threads_[(start + i) % threads_.size()];
            if (thread.space == &space && !thread.over.load()) chosen = &thread;
        }
    }
    if (chosen != nullptr) interrupt(*chosen);
}

void Machine::stop(int status) {
    {
        std::lock_guard guard(mutex_);
        if (!outcome_.stopped) outcome_.status = status;
        outcome_.stopped = true;
    }
    scheduler_->stop();
    end_thread(this_thread());
}

void Machine::fill_entropy(std::span<u8> out) {
    std::lock_guard guard(mutex_);
    for (u8& byte : out) byte = static_cast<u8>(random_());
}

void Machine::fill_parameters() {
    using Kind = platform::GrantParameters::Kind;
    u32 grant = files_.grant(options_.root, options_.root_writable);
    grants_.push_back({options_.root_writable ? Kind::read_write : Kind::read_only,
                       false,
                       "/",
                       grant,
                       0,
                       {},
                       files_.open(grant, "", 0).value().attributes});
    parameters_.arguments = arguments_;
    parameters_.environment = environment_;
    parameters_.program = arguments_[0];
    parameters_.working_directory = "/";
    parameters_.home_directory = "/home/guest";
    parameters_.user_name = "guest";
    parameters_.host_name = "simulated";
    parameters_.uid = options_.uid;
    parameters_.gid = options_.gid;
    parameters_.grants = grants_;
    parameters_.memory_limit = options_.memory_limit;
    parameters_.temporary_limit = options_.temporary_limit;
    parameters_.process_limit = options_.process_limit;
    parameters_.cpu_seconds = options_.cpu_seconds;
    parameters_.root_given = true;
    parameters_.root_image = options_.root_image;
    parameters_.root_hash = options_.root_hash;
}

Outcome Machine::run(GuestProgram program) {
    // An image brings its own /bin/init.
    if (!options_.root_image)
        install((options_.root == "/" ? "" : options_.root) + "/bin/init", std::move(program));
    fill_parameters();
    boot_space_ = new_space();
    SimulatedThread* first = new_thread(nullptr);
    SimulatedThread* system = new_thread(nullptr);
    start(*first, *boot_space_, [](Thread*) { upcall::boot(); });
    start(*system, *new_space(), [](Thread*) { machine().system_loop(); });
    scheduler_->await_end();
    for (auto& thread : threads_)
        if (thread->host.joinable()) thread->host.join();
    outcome_.output = streams_.output;
    outcome_.error_output = streams_.error_output;
    outcome_.report = streams_.report;
    return outcome_;
}

void* Machine::allocate(usize size) {
    pass_point();
    if (faults_.strike(Operation::heap)) return nullptr;
    void* object = std::malloc(size);
    if (object == nullptr) return nullptr;
    heap_objects_.fetch_add(1, std::memory_order_relaxed);
    HeapObject origin{};
    if (track_heap_) origin.depth = backtrace(origin.stack, std::size(origin.stack));
    std::lock_guard guard(mutex_);
    heap_.emplace(object, origin);
    return object;
}

void Machine::release(void* object) {
    {
        std::lock_guard guard(mutex_);
        if (heap_.erase(object) == 0) platform::panic("heap_free of what is not on the heap");
    }
    heap_objects_.fetch_sub(1, std::memory_order_relaxed);
    std::free(object);
}

std::string Machine::heap_report() {
    std::lock_guard guard(mutex_);
    std::string report;
    for (auto& [object, origin] : heap_) {
        if (origin.depth == 0) continue;
        report += "object:\n";
        char** symbols = backtrace_symbols(origin.stack, origin.depth);
        for (int i = 2; symbols != nullptr && i < origin.depth; i++)
            report += std::string("    ") + symbols[i] + "\n";
        std::free(symbols);
    }
    return report;
}

}  // namespace litebox::simulated
