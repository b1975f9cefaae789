// What a sandbox writes into its output ring: records whose lengths lie, positions that jump, reports that
// are none. The reader takes whole records of known kinds or says that the rules are broken, and what goes to
// the person's terminal from reports steers nothing.
#include <sys/mman.h>
#include <unistd.h>

#include <memory>

#include "fuzz/input.h"
#include "supervisor/out_reader.h"
#include "supervisor/reports.h"

using namespace litebox;
using process::OutRing;
using supervisor::OutReader;
using supervisor::Reports;

namespace {

/// Writes as the core would; from a position of the guest's choice.
class Writer {
  public:
    Writer(OutRing& ring, u32 at) : ring_(ring), at_(at) {}
    void bytes(std::string_view bytes) {
        for (char byte : bytes) ring_.bytes[at_++ % OutRing::size] = static_cast<u8>(byte);
    }
    void word(u32 word) { bytes({reinterpret_cast<const char*>(&word), sizeof(word)}); }
    void tell() { ring_.produced.store(at_); }
    void pad() { at_ = (at_ + 3) & ~3u; }

  private:
    OutRing& ring_;
    u32 at_;
};

std::string some_report(fuzz::Input& input) {
    constexpr const char* lines[] = {
        "\x01"
        "call 1 2 3\n",
        "\x01"
        "open /etc/passwd\n",
        "read(0) = 1\n",
        "\x01"
        "call -1\n",
        "\x1b[2J"};
    u32 which = input.below(std::size(lines) + 2);
    if (which < std::size(lines)) return lines[which];
    std::string text = input.text(input.below(64));
    // Long ones cost the fuzzer no bytes of its input.
    for (u32 times = input.below(4) == 0 ? input.below(12) : 0; times > 0 && text.size() < 70000; times--)
        text += text;
    return text;
}

void write_something(OutRing& ring, fuzz::Input& input) {
    u32 produced = ring.produced.load();
    Writer writer(ring, produced);
    switch (input.below(8)) {
        case 0:
            ring.produced.store(input.take<u32>());
            break;
        case 1:
            writer.bytes(input.text(input.below(64)));
            writer.tell();
            break;
        case 2:
            writer.word(input.take<u32>());
            writer.tell();
            break;
        default: {
            u32 kind = input.below(8) == 0 ? input.take<u8>() : 1 + input.below(3);
            std::string text = some_report(input);
            writer.word(kind << 24 | static_cast<u32>(text.size()));
            writer.bytes(text);
            writer.pad();
            writer.tell();
        }
    }
}

/// False: the reader says that the rules are broken.
bool read_all(OutReader& reader, Reports& reports) {
    u32 produced = reader.produced();
    while (reader.consumed() != produced) {
        u32 kind, before = reader.consumed();
        std::string_view bytes;
        if (!reader.take(produced, kind, bytes)) return false;
        FUZZ_CHECK(kind >= OutRing::output && kind <= OutRing::report && bytes.size() <= OutRing::size);
        FUZZ_CHECK(reader.consumed() - before >= bytes.size() && produced - before <= OutRing::size);
        if (kind == OutRing::report) reports.take(bytes);
    }
    return true;
}

void must_steer_nothing(int file) {
    char text[4096];
    for (off_t at = 0;;) {
        ssize_t length = pread(file, text, sizeof(text), at);
        if (length <= 0) return;
        at += length;
        for (char c : std::string_view(text, static_cast<usize>(length)))
            FUZZ_CHECK(c == '\n' || (c >= ' ' && c < 0x7f));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    static OutRing* ring = new OutRing();
    static int file = memfd_create("reports", 0);
    auto reader = std::make_unique<OutReader>(*ring);
    ring->produced.store(0);
    FUZZ_CHECK(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
    Reports reports(file);
    for (int i = 0; i < 64 && !input.empty(); i++) {
        write_something(*ring, input);
        if (input.flip() && !read_all(*reader, reports)) break;
    }
    std::vector<supervisor::CallCount> calls;
    std::vector<std::string> files;
    reports.hand_over(calls, files);
    FUZZ_CHECK(calls.size() <= 512);
    must_steer_nothing(file);
    return 0;
}
