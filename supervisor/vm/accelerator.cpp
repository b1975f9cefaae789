#include "supervisor/vm/accelerator.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>

#include "supervisor/descriptor.h"

namespace litebox::supervisor {

namespace {

constexpr uint64_t page = 4096, memory_size = 16 * page;
constexpr uint64_t root_table = page, second_table = 2 * page, third_table = 3 * page, code = 4 * page;
/// Slower than any processor that runs the code itself.
constexpr double slow_ns = 100;

/// mov ecx, rounds; 1: dec ecx; jnz 1b; out 0x80, al; jmp back to the start
constexpr unsigned char loop[] = {0xb9, 1, 0, 0, 0, 0xff, 0xc9, 0x75, 0xfc, 0xe6, 0x80, 0xeb, 0xf3};
/// Few, since where ring 0 is interpreted each takes microseconds, and every start waits for them; what the
/// way out of the machine takes is left out by the difference to one round.
constexpr unsigned char rounds = 100;
constexpr uint32_t instructions = 2 * (rounds - 1);

kvm_segment flat_segment(bool executable) {
    kvm_segment segment{};
    segment.limit = 0xffffffff;
    segment.selector = executable ? 0x8 : 0x10;
    segment.type = executable ? 11 : 3;
    segment.present = segment.s = segment.g = 1;
    segment.l = executable ? 1 : 0;
    segment.db = executable ? 0 : 1;
    return segment;
}

/// A machine of one processor in long mode, its first gigabyte mapped as it is.
class TinyMachine {
  public:
    explicit TinyMachine(int kvm) : machine_(ioctl(kvm, KVM_CREATE_VM, 0)) {
        memory_ = static_cast<unsigned char*>(
            mmap(nullptr, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (machine_.get() < 0 || memory_ == MAP_FAILED) return;
        fill_memory();
        kvm_userspace_memory_region region{0, 0, 0, memory_size, reinterpret_cast<uint64_t>(memory_)};
        if (ioctl(machine_.get(), KVM_SET_USER_MEMORY_REGION, &region) != 0) return;
        processor_ = Descriptor(ioctl(machine_.get(), KVM_CREATE_VCPU, 0));
        state_size_ = static_cast<size_t>(std::max(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), 0));
        if (processor_.get() < 0 || state_size_ < sizeof(kvm_run)) return;
        state_ = static_cast<kvm_run*>(
            mmap(nullptr, state_size_, PROT_READ | PROT_WRITE, MAP_SHARED, processor_.get(), 0));
        ready_ = state_ != MAP_FAILED && set_registers();
    }
    TinyMachine(const TinyMachine&) = delete;
    TinyMachine& operator=(const TinyMachine&) = delete;
    ~TinyMachine() {
        if (state_ != MAP_FAILED) munmap(state_, state_size_);
        if (memory_ != MAP_FAILED) munmap(memory_, memory_size);
    }

    /// Nanoseconds until the loop has run so many rounds; negative where it did not.
    double run(unsigned char count) {
        if (!ready_) return -1;
        memory_[code + 1] = count;
        timespec before, after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        int result;
        do result = ioctl(processor_.get(), KVM_RUN, 0);
        while (result != 0 && errno == EINTR);
        clock_gettime(CLOCK_MONOTONIC, &after);
        if (result != 0 || state_->exit_reason != KVM_EXIT_IO) return -1;
        return static_cast<double>(after.tv_sec - before.tv_sec) * 1e9 +
               static_cast<double>(after.tv_nsec - before.tv_nsec);
    }

  private:
    void fill_memory() {
        constexpr uint64_t present = 1, writable = 2, large = 128;
        auto put = [&](uint64_t at, uint64_t entry) { memcpy(memory_ + at, &entry, sizeof(entry)); };
        put(root_table, second_table | present | writable);
        put(second_table, third_table | present | writable);
        put(third_table, present | writable | large);
        memcpy(memory_ + code, loop, sizeof(loop));
    }
    bool set_registers() {
        kvm_sregs special;
        if (ioctl(processor_.get(), KVM_GET_SREGS, &special) != 0) return false;
        constexpr uint64_t protection = 1, paging = uint64_t{1} << 31, long_addresses = 1 << 5;
        constexpr uint64_t long_enabled = 1 << 8, long_active = 1 << 10;
        special.cr0 |= protection | paging;
        special.cr3 = root_table;
        special.cr4 |= long_addresses;
        special.efer |= long_enabled | long_active;
        special.cs = flat_segment(true);
        special.ds = special.es = special.ss = flat_segment(false);
        if (ioctl(processor_.get(), KVM_SET_SREGS, &special) != 0) return false;
        kvm_regs registers{};
        registers.rip = code;
        registers.rflags = 2;
        return ioctl(processor_.get(), KVM_SET_REGS, &registers) == 0;
    }

    Descriptor machine_, processor_;
    unsigned char* memory_ = static_cast<unsigned char*>(MAP_FAILED);
    kvm_run* state_ = static_cast<kvm_run*>(MAP_FAILED);
    size_t state_size_ = 0;
    bool ready_ = false;
};

/// What the loop's instructions take, without the way out of the machine.
std::optional<double> loop_ns(TinyMachine& machine) {
    // The first run warms it up; of the others the best counts, since others use this host too.
    constexpr int tries = 3;
    double least = machine.run(1), most = 0;
    for (int i = 0; i < tries; i++) {
        double shorter = machine.run(1), longer = machine.run(rounds);
        if (shorter < 0 || longer < 0) return std::nullopt;
        least = std::min(least, shorter);
        most = i == 0 ? longer : std::min(most, longer);
        if (most <= slow_ns * instructions) break;
    }
    return std::max(most - least, 0.0);
}

}  // namespace

Accelerator choose_accelerator() {
    Accelerator choice{false, false, 0, ""};
    Descriptor kvm(open("/dev/kvm", O_RDWR | O_CLOEXEC));
    if (kvm.get() < 0) {
        choice.why = errno == ENOENT ? "there is no /dev/kvm" : std::string("/dev/kvm: ") + strerror(errno);
        return choice;
    }
    choice.opens = true;
    if (ioctl(kvm.get(), KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
        choice.why = "/dev/kvm speaks another version";
        return choice;
    }
    TinyMachine machine(kvm.get());
    std::optional<double> took = loop_ns(machine);
    if (!took) {
        choice.why = "/dev/kvm opens, but a machine with code in ring 0 does not run";
        return choice;
    }
    choice.nanoseconds = *took / instructions;
    choice.kvm = choice.nanoseconds < slow_ns;
    char text[128];
    snprintf(text, sizeof(text), "/dev/kvm %s ring 0, at %.1f ns an instruction",
             choice.kvm ? "runs" : "interprets", choice.nanoseconds);
    choice.why = text;
    return choice;
}

}  // namespace litebox::supervisor
