// Revocation lists: every serial that the parser found revokes, and none is found out of order.
#include "attest/x509/path.h"
#include "fuzz/input.h"

using namespace litebox::attest;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ByteView bytes{data, size};
    Result<RevocationListPointer> list = RevocationList::parse(bytes);
    if (!list) return 0;
    FUZZ_CHECK(equal((*list)->der(), bytes));
    FUZZ_CHECK((*list)->serials().size() <= size);
    for (ByteView serial : (*list)->serials()) FUZZ_CHECK((*list)->revokes(serial));
    (void)(*list)->issuer_common_name();
    return 0;
}
