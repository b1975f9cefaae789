// OVMF and TDVF images: the table of GUIDs, SEV and TDX metadata. What is accepted can be launched, in
// bounded time.
#include <cstdlib>

#include "attest/measure/snp.h"
#include "attest/measure/tdx.h"

using namespace litebox::attest;
using namespace litebox::attest::measure;

/// Tables lie at the end of whole pages: the input is put there.
static Bytes as_image(ByteView input) {
    Bytes image((input.size() + page_size - 1) / page_size * page_size);
    std::copy(input.begin(), input.end(), image.end() - static_cast<ptrdiff_t>(input.size()));
    return image;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Bytes image = as_image({data, size});
    auto firmware = parse_snp_firmware(image);
    if (firmware && !check_sections(firmware->sections).ok()) abort();
    uint64_t pages = 0;
    if (firmware)
        for (const SnpSection& section : firmware->sections) pages += section.size / page_size;
    if (pages < 4096) {  // longer launches are the same, and slow
        if (auto launch = firmware_launch(image)) (void)measure_snp({.image = *launch, .processors = 2});
    }
    auto sections = parse_tdx_sections(image);
    uint64_t bytes = 0;
    if (sections)
        for (const TdxSection& section : *sections) bytes += section.size;
    if (sections && bytes < 1 << 20) {
        auto first = measure_mrtd(image, TdxOrder::interleaved),
             second = measure_mrtd(image, TdxOrder::two_passes);
        if (!first.ok() || !second.ok()) abort();
    }
    return 0;
}
