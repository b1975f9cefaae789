// ELF images and EFI applications: segments inside the file, enclaves that read back as the stream they
// wrote.
#include <cstdlib>

#include "attest/base/encode.h"
#include "attest/measure/elf.h"
#include "attest/measure/id_block.h"
#include "attest/measure/sgx.h"
#include "attest/measure/sigstruct.h"
#include "attest/measure/tdx.h"

using namespace litebox::attest;
using namespace litebox::attest::measure;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ByteView input(data, size);
    (void)authenticode_digest(input);
    (void)measure_sgxs(input);
    (void)check_sigstruct(input);
    (void)check_author(input);
    if (size >= id_block_size) (void)check_id_auth(input.subspan(id_block_size), input.first(id_block_size));
    auto elf = parse_elf(input);
    if (!elf) return 0;
    uint64_t memory = 0;
    for (const ElfSegment& segment : elf->segments) {
        if (segment.contents.size() > segment.memory_size) abort();
        memory += segment.memory_size;
    }
    if (memory > 1 << 20) return 0;  // the same, and slow
    Bytes stream;
    auto enclave = measure_enclave(input, {.stack_pages = 1}, [&](ByteView piece) { append(stream, piece); });
    if (!enclave) return 0;
    auto again = measure_sgxs(stream);
    if (!again.ok() || again->mr_enclave != enclave->mr_enclave) abort();
    return 0;
}
