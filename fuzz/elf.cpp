// The ELF loader on arbitrary bytes: what cannot be executed is refused with an errno, what can is mapped,
// and nothing of it disturbs the library OS. The input is the executable, or its interpreter, or a script.
#include <cstdio>
#include <cstdlib>

#include "fuzz/input.h"
#include "platform/simulated/machine.h"

using namespace litebox;
using simulated::Guest;

namespace {

/// A small executable that wants an interpreter.
std::string with_interpreter(std::string_view name) {
    struct {
        u8 ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
        u16 type = 3, machine = 62;
        u32 version = 1;
        u64 entry = 0x100, program_headers = 64, section_headers = 0;
        u32 flags = 0;
        u16 size = 64, entry_size = 56, entries = 2, rest[3] = {};
        struct {
            u32 type, flags;
            u64 offset, address, physical, file_size, memory_size, alignment;
        } segments[2] = {{3, 4, 176, 176, 176, 12, 12, 1}, {1, 5, 0, 0, 0, 4096, 4096, 4096}};
    } header;
    header.segments[0].file_size = header.segments[0].memory_size = name.size() + 1;
    std::string image(reinterpret_cast<const char*>(&header), sizeof(header));
    image += name;
    image.resize(page_size);
    return image;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    simulated::Options options;
    options.region_bytes = u64{16} << 20;
    options.seed = input.take<u8>();
    simulated::Machine machine(options);
    bool as_interpreter = input.flip();
    std::string image = input.text(input.size());
    image.resize(image.size() + (as_interpreter ? 0 : page_size));
    machine.files().add_file("/bin/fuzzed", image, 0755);
    machine.files().add_file("/bin/outer", with_interpreter("/bin/fuzzed"), 0755);
    auto outcome = machine.run([&](Guest& guest) {
        i64 child = guest.fork([&](Guest& runner) {
            runner.execute(as_interpreter ? "/bin/outer" : "/bin/fuzzed", {"argument", "another"});
            runner.exit(1);
        });
        int status = 0;
        FUZZ_CHECK(guest.wait(child, &status) == child);
        // Nothing of it is code that this platform could run.
        constexpr int segmentation = 11, bus = 7, killed = 9;
        int signal = status & 0x7f;
        FUZZ_CHECK(status == 1 << 8 || signal == segmentation || signal == bus || signal == killed);
    });
    FUZZ_CHECK(outcome.exited_with(0));
    return 0;
}
