// Processors and memory as /proc/cpuinfo and sysfs show them.
#include "core/file/procfs/procfs.h"
#include "platform/platform.h"

namespace litebox {

namespace {

struct Leaf {
    u32 a, b, c, d;
};
Leaf cpuid(u32 leaf, u32 sub = 0) {
    Leaf result;
    asm volatile("cpuid"
                 : "=a"(result.a), "=b"(result.b), "=c"(result.c), "=d"(result.d)
                 : "0"(leaf), "2"(sub));
    return result;
}

struct Feature {
    u8 word, bit;  // word: 0 1.edx, 1 1.ecx, 2 7.ebx, 3 7.ecx, 4 7.edx, 5 ext1.edx, 6 ext1.ecx
    string_view name;
};
constexpr Feature features[] = {
    {0, 0, "fpu"},
    {0, 1, "vme"},
    {0, 3, "pse"},
    {0, 4, "tsc"},
    {0, 5, "msr"},
    {0, 6, "pae"},
    {0, 8, "cx8"},
    {0, 9, "apic"},
    {0, 15, "cmov"},
    {0, 19, "clflush"},
    {0, 23, "mmx"},
    {0, 24, "fxsr"},
    {0, 25, "sse"},
    {0, 26, "sse2"},
    {0, 28, "ht"},
    {5, 11, "syscall"},
    {5, 20, "nx"},
    {5, 26, "pdpe1gb"},
    {5, 27, "rdtscp"},
    {5, 29, "lm"},
    {1, 0, "pni"},
    {1, 1, "pclmulqdq"},
    {1, 9, "ssse3"},
    {1, 12, "fma"},
    {1, 13, "cx16"},
    {1, 19, "sse4_1"},
    {1, 20, "sse4_2"},
    {1, 22, "movbe"},
    {1, 23, "popcnt"},
    {1, 25, "aes"},
    {1, 26, "xsave"},
    {1, 28, "avx"},
    {1, 29, "f16c"},
    {1, 30, "rdrand"},
    {1, 31, "hypervisor"},
    {6, 0, "lahf_lm"},
    {6, 5, "abm"},
    {2, 0, "fsgsbase"},
    {2, 3, "bmi1"},
    {2, 5, "avx2"},
    {2, 7, "smep"},
    {2, 8, "bmi2"},
    {2, 9, "erms"},
    {2, 16, "avx512f"},
    {2, 17, "avx512dq"},
    {2, 18, "rdseed"},
    {2, 19, "adx"},
    {2, 20, "smap"},
    {2, 23, "clflushopt"},
    {2, 24, "clwb"},
    {2, 28, "avx512cd"},
    {2, 29, "sha_ni"},
    {2, 30, "avx512bw"},
    {2, 31, "avx512vl"},
    {3, 1, "avx512vbmi"},
    {3, 2, "umip"},
    {3, 8, "gfni"},
    {3, 9, "vaes"},
    {3, 10, "vpclmulqdq"},
    {3, 11, "avx512_vnni"},
    {3, 12, "avx512_bitalg"},
    {3, 14, "avx512_vpopcntdq"},
    {3, 22, "rdpid"},
    {4, 4, "fsrm"},
};

struct Machine {
    u32 words[7];
    char vendor[13], model[49];
    u32 family, model_number, stepping, address_bits;
};

Machine machine() {
    Machine result{};
    Leaf zero = cpuid(0), one = cpuid(1), extended = cpuid(0x80000001);
    memcpy(result.vendor, &zero.b, 4);
    memcpy(result.vendor + 4, &zero.d, 4);
    memcpy(result.vendor + 8, &zero.c, 4);
    result.words[0] = one.d;
    result.words[1] = one.c;
    if (zero.a >= 7) {
        Leaf seven = cpuid(7);
        result.words[2] = seven.b;
        result.words[3] = seven.c;
        result.words[4] = seven.d;
    }
    result.words[5] = extended.d;
    result.words[6] = extended.c;
    for (u32 i = 0; i < 3; i++) {
        Leaf part = cpuid(0x80000002 + i);
        memcpy(result.model + i * 16, &part, 16);
    }
    result.family = (one.a >> 8 & 15) + ((one.a >> 8 & 15) == 15 ? one.a >> 20 & 255 : 0);
    result.model_number = (one.a >> 4 & 15) | (one.a >> 12 & 0xf0);
    result.stepping = one.a & 15;
    result.address_bits = cpuid(0x80000008).a;
    return result;
}

void write_range_list(TextBuilder& to, u32 count) {
    to.character('0');
    if (count > 1) to.character('-').unsigned_decimal(count - 1);
    to.character('\n');
}

Result<void> write_online(TextBuilder& to, const ProcSubject&) {
    write_range_list(to, platform::processor_count());
    return {};
}
Result<void> write_nothing_online(TextBuilder& to, const ProcSubject&) {
    to.character('\n');
    return {};
}
Result<void> write_node_online(TextBuilder& to, const ProcSubject&) {
    to.text("0\n");
    return {};
}
Result<void> write_kernel_max(TextBuilder& to, const ProcSubject&) {
    to.text("8191\n");
    return {};
}
Result<void> write_mask(TextBuilder& to, u64 mask) {
    to.hex(mask, 8).character('\n');
    return {};
}
Result<void> write_all_mask(TextBuilder& to, const ProcSubject&) {
    u32 count = min(platform::processor_count(), 32u);
    return write_mask(to, count == 32 ? 0xffffffff : (u64{1} << count) - 1);
}
Result<void> write_own_mask(TextBuilder& to, const ProcSubject& subject) {
    return write_mask(to, u64{1} << (subject.number % 32));
}
Result<void> write_number(TextBuilder& to, const ProcSubject& subject) {
    to.unsigned_decimal(subject.number).character('\n');
    return {};
}
Result<void> write_zero(TextBuilder& to, const ProcSubject&) {
    to.text("0\n");
    return {};
}
Result<void> write_one(TextBuilder& to, const ProcSubject&) {
    to.text("1\n");
    return {};
}
Result<void> write_huge_enabled(TextBuilder& to, const ProcSubject&) {
    to.text("always [madvise] never\n");
    return {};
}
Result<void> write_huge_defrag(TextBuilder& to, const ProcSubject&) {
    to.text("always defer defer+madvise [madvise] never\n");
    return {};
}
Result<void> write_huge_shared(TextBuilder& to, const ProcSubject&) {
    to.text("always within_size advise [never] deny force\n");
    return {};
}
Result<void> write_huge_size(TextBuilder& to, const ProcSubject&) {
    to.text("2097152\n");
    return {};
}

constexpr ProcEntry file(string_view name, ProcText text) {
    return {name, ProcKind::text, 0444, text};
}
template <usize count>
constexpr ProcEntry folder(string_view name, const ProcEntry (&entries)[count],
                           ProcKind kind = ProcKind::directory) {
    return {name, kind, 0755, nullptr, nullptr, nullptr, entries, static_cast<u32>(count)};
}

constexpr ProcEntry topology[] = {file("core_id", write_number),
                                  file("physical_package_id", write_zero),
                                  file("thread_siblings", write_own_mask),
                                  file("thread_siblings_list", write_number),
                                  file("core_siblings", write_all_mask),
                                  file("core_siblings_list", write_online),
                                  file("core_cpus", write_own_mask),
                                  file("core_cpus_list", write_number),
                                  file("package_cpus", write_all_mask),
                                  file("package_cpus_list", write_online),
                                  file("die_id", write_zero)};
constexpr ProcEntry processor[] = {folder("topology", topology), file("online", write_one)};
constexpr ProcEntry processors[] = {folder("", processor),  // the template of cpu0, cpu1 ...
                                    file("online", write_online),
                                    file("possible", write_online),
                                    file("present", write_online),
                                    file("offline", write_nothing_online),
                                    file("kernel_max", write_kernel_max),
                                    file("isolated", write_nothing_online)};
constexpr ProcEntry node_zero[] = {file("cpulist", write_online), file("cpumap", write_all_mask)};
constexpr ProcEntry nodes[] = {file("online", write_node_online), file("possible", write_node_online),
                               file("has_cpu", write_node_online), file("has_memory", write_node_online),
                               folder("node0", node_zero)};
constexpr ProcEntry system_devices[] = {folder("cpu", processors, ProcKind::processors),
                                        folder("node", nodes)};
constexpr ProcEntry devices[] = {folder("system", system_devices)};
constexpr ProcEntry huge_pages[] = {file("enabled", write_huge_enabled), file("defrag", write_huge_defrag),
                                    file("shmem_enabled", write_huge_shared),
                                    file("hpage_pmd_size", write_huge_size),
                                    file("use_zero_page", write_one)};
constexpr ProcEntry huge_size[] = {file("nr_hugepages", write_zero), file("free_hugepages", write_zero)};
constexpr ProcEntry huge_sizes[] = {folder("hugepages-2048kB", huge_size)};
constexpr ProcEntry kernel_memory[] = {folder("transparent_hugepage", huge_pages),
                                       folder("hugepages", huge_sizes)};
constexpr ProcEntry kernel_entries[] = {folder("mm", kernel_memory)};
constexpr ProcEntry empty_folder(string_view name) {
    return {name, ProcKind::directory, 0755};
}
constexpr ProcEntry fs_entries[] = {empty_folder("cgroup")};
constexpr ProcEntry class_entries[] = {empty_folder("net"), empty_folder("tty")};
constexpr ProcEntry root_entries[] = {folder("devices", devices), folder("kernel", kernel_entries),
                                      folder("fs", fs_entries),   folder("class", class_entries),
                                      empty_folder("block"),      empty_folder("bus"),
                                      empty_folder("module")};
constexpr ProcEntry root_entry = folder("", root_entries);

}  // namespace

const ProcEntry& sysfs_root_entry() {
    return root_entry;
}

Result<void> write_processor_information(TextBuilder& to, const ProcSubject&) {
    Machine now = machine();
    u32 count = platform::processor_count();
    for (u32 i = 0; i < count; i++) {
        to.text("processor\t: ").unsigned_decimal(i).text("\nvendor_id\t: ").text(string_view(now.vendor));
        to.text("\ncpu family\t: ")
            .unsigned_decimal(now.family)
            .text("\nmodel\t\t: ")
            .unsigned_decimal(now.model_number);
        to.text("\nmodel name\t: ")
            .text(string_view(now.model))
            .text("\nstepping\t: ")
            .unsigned_decimal(now.stepping);
        to.text("\ncpu MHz\t\t: 2000.000\nphysical id\t: 0\nsiblings\t: ").unsigned_decimal(count);
        to.text("\ncore id\t\t: ").unsigned_decimal(i).text("\ncpu cores\t: ").unsigned_decimal(count);
        to.text("\napicid\t\t: ")
            .unsigned_decimal(i)
            .text("\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 13\n");
        to.text("wp\t\t: yes\nflags\t\t:");
        for (const Feature& feature : features)
            if ((now.words[feature.word] >> feature.bit & 1) != 0) to.character(' ').text(feature.name);
        to.text(
            "\nbugs\t\t:\nbogomips\t: 4000.00\nclflush size\t: 64\ncache_alignment\t: 64\naddress sizes\t: ");
        to.unsigned_decimal(now.address_bits & 255).text(" bits physical, ");
        to.unsigned_decimal(now.address_bits >> 8 & 255).text(" bits virtual\npower management:\n\n");
    }
    return {};
}

}  // namespace litebox
