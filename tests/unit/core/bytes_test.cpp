#include "core/base/bytes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace litebox::bytes {
namespace {

constexpr usize longest = 2 * many + 9;

std::vector<u8> pattern(usize length) {
    std::vector<u8> bytes(length);
    for (usize i = 0; i < length; i++) bytes[i] = static_cast<u8>(i * 7 + i / 256 + 1);
    return bytes;
}

TEST(Bytes, CopiesOfEveryLengthAtEveryAlignmentAreWhatTheLibraryCopies) {
    std::vector<u8> from = pattern(longest + 8);
    for (usize offset = 0; offset < 8; offset++) {
        for (usize length = 0; length <= longest; length++) {
            std::vector<u8> ours(longest + 16, 0xee), theirs = ours;
            copy_forward(ours.data() + 8 - offset, from.data() + offset, length);
            std::memcpy(theirs.data() + 8 - offset, from.data() + offset, length);
            ASSERT_EQ(ours, theirs) << length << " bytes, offset " << offset;
        }
    }
}

TEST(Bytes, CopiesThatOverlapAreWhatTheLibraryMoves) {
    for (usize distance : {1, 2, 3, 7, 8, 9, 15, 16, 17, 100, 300}) {
        for (usize length = 0; length <= longest; length++) {
            std::vector<u8> ours = pattern(longest + 320), theirs = ours;
            copy_forward(ours.data(), ours.data() + distance, length);
            std::memmove(theirs.data(), theirs.data() + distance, length);
            ASSERT_EQ(ours, theirs) << length << " bytes down by " << distance;
            copy_backward(ours.data() + distance, ours.data(), length);
            std::memmove(theirs.data() + distance, theirs.data(), length);
            ASSERT_EQ(ours, theirs) << length << " bytes up by " << distance;
        }
    }
}

TEST(Bytes, FillsNoByteMoreOrLess) {
    for (usize length = 0; length <= longest; length++) {
        std::vector<u8> ours(longest + 16, 0xee), theirs = ours;
        fill(ours.data() + 5, 0x91, length);
        std::memset(theirs.data() + 5, 0x91, length);
        ASSERT_EQ(ours, theirs) << length;
    }
}

TEST(Bytes, ComparesAsUnsignedBytesWhereverTheyDiffer) {
    constexpr usize most = 40;
    for (usize length = 0; length <= most; length++) {
        std::vector<u8> a = pattern(most), b = a;
        EXPECT_EQ(compare(a.data(), b.data(), length), 0);
        for (usize at = 0; at < length; at++) {
            b[at] = 0xff;
            EXPECT_LT(compare(a.data(), b.data(), length), 0);
            EXPECT_GT(compare(b.data(), a.data(), length), 0);
            b[at] = a[at];
        }
    }
}

}  // namespace
}  // namespace litebox::bytes
