// A guest that knows where the rings to its supervisor and opener lie, and scribbles there in every way while
// they serve. Exit 0 when nothing happened to it; the sandbox's end is as good.
#include <fcntl.h>
#include <immintrin.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "platform/process/abi/rings.h"
#include "platform/process/abi/start_block.h"

using namespace litebox;
using namespace litebox::process;

namespace {

Rings* find_rings() {
    // The thread block lies in the arena's first 4 GiB; block and rings share the 4 GiB before it.
    u64 arena = _readgsbase_u64() & ~u64{0xffffffff};
    return reinterpret_cast<Rings*>(arena - (u64{1} << 31));
}

thread_local u64 chance_state = 88172645463325252;
u64 chance() {
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state;
}

u32 odd_number() {
    static const u32 values[] = {0,       1,          3,          4,          7,          15,       16,
                                 4095,    4096,       0xffff,     0x10000,    0x10001,    0x3ffff,  0x40000,
                                 0x40001, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff, 0x1fffff, 5135};
    return chance() % 3 != 0 ? values[chance() % (sizeof values / sizeof *values)]
                             : static_cast<u32>(chance());
}

void ring(std::atomic<u32>& word) {
    word.fetch_add(1);
    syscall(SYS_futex, &word, FUTEX_WAKE, 1 << 30, nullptr, nullptr, 0);
}

/// Everything but who stops what: garbage over a whole ring, again and again.
void scribble(void* at, usize length) {
    auto* bytes = static_cast<volatile u32*>(at);
    for (usize i = 0; i < length / 4; i++) bytes[i] = odd_number();
}

void lie_about_output(Rings& rings) {
    u32 header = odd_number();
    memcpy(rings.out.bytes + chance() % OutRing::size / 4 * 4 % (OutRing::size - 4), &header, 4);
    rings.out.produced.store(odd_number());
    rings.out.consumed.store(odd_number());
    rings.out.sleeping.store(odd_number());
    ring(rings.out.produced);
}

/// Valid records, whose contents steer a terminal where nobody looks.
void send_escapes(Rings& rings, u32 kind) {
    static const char text[] =
        "\x1b]0;owned\x07\x1b[2J\x9b"
        "31m\x05 plain \r\n\x01"
        "open \x1b[5n\n";
    u32 at = rings.out.produced.load(), length = sizeof text - 1, header = kind << 24 | length;
    auto put = [&](u32 where, const void* from, u32 size) {
        for (u32 i = 0; i < size; i++)
            rings.out.bytes[(where + i) % OutRing::size] = static_cast<const u8*>(from)[i];
    };
    put(at, &header, 4);
    put(at + 4, text, length);
    rings.out.produced.store(at + 4 + (length + 3) / 4 * 4);
    syscall(SYS_futex, &rings.out.produced, FUTEX_WAKE, 1 << 30, nullptr, nullptr, 0);
}

void lie_about_input(Rings& rings) {
    rings.in.kind.store(odd_number());
    rings.in.wanted.store(odd_number());
    rings.in.consumed.store(odd_number());
    rings.in.produced.store(odd_number());
    rings.in.answered.store(odd_number());
    ring(rings.in.asked);
}

void ask_for_files(Rings& rings) {
    static const char* const names[] = {"",           ".",           "..",  "../..",   "a",
                                        "a/../../..", "/etc/shadow", "out", "dev/sda", "proc/self/mem",
                                        "self/root",  "x/",          "//",  "link"};
    FileLane& lane = rings.files.lanes[chance() % 3 % most_file_lanes];
    FileSlot& slot = lane.slots[chance() % FileLane::slot_count];
    auto* request = reinterpret_cast<volatile u32*>(&slot.request);
    for (usize i = 0; i < sizeof(slot.request) / 4; i++)
        request[i] = chance() % 2 ? odd_number() : static_cast<u32>(chance() % 8);
    slot.request.operation = static_cast<FileOperation>(chance() % 30);
    slot.request.grant = static_cast<u32>(chance() % 12);
    slot.request.slot = static_cast<i32>(chance() % 4 ? file_window_begin + chance() % 64
                                                      : write_window_begin + chance() % 16);
    const char* name = names[chance() % (sizeof names / sizeof *names)];
    usize length = strlen(name);
    memcpy(slot.data, name, length + 1);
    memcpy(slot.data + length, names[chance() % 10], 2);
    slot.request.first_length = chance() % 4 ? static_cast<u32>(length) : odd_number();
    slot.request.second_length = chance() % 4 ? 1 : odd_number();
    slot.state.store(chance() % 8 ? u32{FileSlot::posted} : odd_number());
    ring(lane.bell);
}

/// Changes what was asked while it is served.
void race_requests(Rings& rings) {
    FileLane& lane = rings.files.lanes[chance() % 3 % most_file_lanes];
    for (FileSlot& slot : lane.slots) {
        auto* words = reinterpret_cast<volatile u32*>(&slot.request);
        words[chance() % (sizeof(slot.request) / 4)] = odd_number();
        slot.data[chance() % 64] = static_cast<u8>("/.a\0"[chance() % 4]);
        if (chance() % 16 == 0) slot.state.store(FileSlot::posted);
    }
    ring(lane.bell);
}

void fill_slots(Rings& rings) {
    for (FileLane& lane : rings.files.lanes)
        for (FileSlot& slot : lane.slots) slot.state.store(FileSlot::filling);
    rings.out.produced.store(rings.out.consumed.load() + OutRing::size);
}

void lie_about_state(Rings& rings) {
    rings.control.window_rows_columns.store(odd_number());
    rings.control.raw_wanted.store(odd_number());
    rings.control.raw_active.store(odd_number());
    rings.control.guest_calls.store(chance());
    rings.control.first_instruction_ns.store(chance());
    rings.control.files_lost.store(chance());
    rings.control.signals_pending.store(odd_number());
    memset(rings.control.reason, 0x1b, sizeof rings.control.reason);
    ring(rings.control.system_bell);
    ring(rings.out.produced);
}

struct Attack {
    const char* name;
    void (*once)(Rings&);
};
const Attack attacks[] = {
    {"output", lie_about_output},
    {"input", lie_about_input},
    {"files", ask_for_files},
    {"races", [](Rings& rings) { chance() % 2 ? ask_for_files(rings) : race_requests(rings); }},
    {"full", fill_slots},
    {"state", lie_about_state},
    {"scribble", [](Rings& rings) { scribble(&rings.out, sizeof(Rings) - offsetof(Rings, out)); }},
};

const Attack* chosen;
std::atomic<bool> over{false};

void* attack_on(void* seed) {
    chance_state += reinterpret_cast<u64>(seed) * 0x9e3779b97f4a7c15;
    while (!over) chosen->once(*find_rings());
    return nullptr;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) return 97;
    if (!strcmp(arguments[1], "state-number")) {
        find_rings()->control.stop_state.store(static_cast<u32>(atoi(arguments[2])));
        sleep(600);
    }
    if (!strcmp(arguments[1], "reason")) {
        Rings& rings = *find_rings();
        memset(rings.control.reason, 0x1b, sizeof rings.control.reason);
        rings.control.stop_state.store(broken);
        sleep(600);
    }
    if (!strcmp(arguments[1], "escapes")) {
        // Nobody else writes meanwhile, so that the records are whole.
        for (int i = 0; i < 50; i++) send_escapes(*find_rings(), OutRing::report);
        usleep(200000);
        _exit(0);
    }
    for (const Attack& attack : attacks)
        if (!strcmp(attack.name, arguments[1])) chosen = &attack;
    if (chosen == nullptr) return 97;
    pthread_t threads[2];
    for (u64 i = 0; i < 2; i++)
        pthread_create(&threads[i], nullptr, attack_on, reinterpret_cast<void*>(i + 1));
    // Meanwhile the supervisor and the opener also have honest work.
    time_t end = time(nullptr) + atoi(arguments[2]);
    char path[64], bytes[512];
    while (time(nullptr) < end && strcmp(arguments[1], "full") != 0) {
        snprintf(path, sizeof path, "/usr/lib/%d", static_cast<int>(chance() % 100));
        struct stat status;
        stat(path, &status);
        int file = open("/etc/passwd", O_RDONLY);
        if (file >= 0 && read(file, bytes, sizeof bytes) >= 0) close(file);
        if (write(1, ".", 1) < 0) break;
    }
    if (!strcmp(arguments[1], "full")) sleep(static_cast<unsigned>(atoi(arguments[2])));
    over = true;
    _exit(0);
}
