// The smallest pieces: lists, vectors, text, checked arithmetic, references, digests.
#include <gtest/gtest.h>

#include "core/base/list.h"
#include "core/base/ref.h"
#include "core/base/sha256.h"
#include "core/base/string.h"
#include "platform/simulated/machine.h"

using namespace litebox;
using namespace litebox::simulated;

namespace {

/// Runs where there is a heap; afterwards nothing of it is left.
template <typename Body>
void with_heap(Body body) {
    Machine machine;
    auto outcome = machine.run([&](Guest&) {
        usize before = machine.heap_objects();
        body(machine);
        EXPECT_EQ(machine.heap_objects(), before);
    });
    EXPECT_TRUE(outcome.exited_with(0));
}

struct Item {
    int value;
    ListNode node;
};

struct Counted : RefCounted<Counted> {
    explicit Counted(int& ended) : ended_(ended) {}
    ~Counted() { ended_++; }

  private:
    int& ended_;
};

std::string digest_of(std::string_view text, usize step) {
    Sha256 sha;
    const u8* bytes = reinterpret_cast<const u8*>(text.data());
    for (usize at = 0; at < text.size(); at += step) sha.add({bytes + at, std::min(step, text.size() - at)});
    Sha256::Digest digest;
    sha.finish(digest);
    std::string hex;
    for (u8 byte : digest) {
        char two[3];
        std::snprintf(two, sizeof(two), "%02x", byte);
        hex += two;
    }
    return hex;
}

}  // namespace

TEST(Base, AListKeepsItsOrderWhileItsElementsLeaveDuringTheWalk) {
    Item items[5] = {{0, {}}, {1, {}}, {2, {}}, {3, {}}, {4, {}}};
    List<Item, &Item::node> list;
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.pop_front(), nullptr);
    list.push_back(&items[1]);
    list.push_back(&items[3]);
    list.push_front(&items[0]);
    list.insert_after(&items[1], &items[2]);
    list.push_back(&items[4]);
    int expected = 0;
    for (Item& item : list) {
        EXPECT_EQ(item.value, expected++);
        if (item.value % 2 == 0) list.remove(&item);
    }
    EXPECT_EQ(expected, 5);
    EXPECT_FALSE(items[2].node.linked());
    EXPECT_EQ(list.first(), &items[1]);
    EXPECT_EQ(list.next(&items[1]), &items[3]);
    EXPECT_EQ(list.last(), &items[3]);
    EXPECT_EQ(list.next(&items[3]), nullptr);
}

TEST(Base, AVectorThatCannotGrowKeepsWhatItHas) {
    with_heap([](Machine& machine) {
        Vector<int> numbers;
        for (int i = 0; i < 100; i++) ASSERT_TRUE(numbers.push(i).ok());
        numbers.remove(0);
        machine.faults().fail_nth(Operation::heap, 1);
        auto grown = numbers.reserve(100000);
        ASSERT_FALSE(grown.ok());
        EXPECT_EQ(grown.error(), Errno::enomem);
        ASSERT_EQ(numbers.size(), 99u);
        for (int i = 0; i < 99; i++) EXPECT_EQ(numbers[i], i + 1);
        EXPECT_EQ(numbers.reserve(~usize{0} / 2).error(), Errno::enomem) << "its size in bytes overflows";
    });
}

TEST(Base, TextIsWhatPrintfWouldWriteAndALostPieceIsNoticed) {
    with_heap([](Machine& machine) {
        TextBuilder text;
        text.decimal(INT64_MIN).character(' ').unsigned_decimal(~u64{0}).character(' ').unsigned_decimal(7, 3,
                                                                                                         '0');
        text.character(' ').hex(0xbeef, 6).character(' ').octal(0755, 4);
        EXPECT_EQ(text.view(), "-9223372036854775808 18446744073709551615 007 00beef 0755");
        EXPECT_FALSE(text.failed());
        TextBuilder lost;
        machine.faults().fail_nth(Operation::heap, 1);
        lost.text("there is no room for this");
        EXPECT_TRUE(lost.failed());
    });
}

TEST(Base, OnlyWholeDecimalNumbersThatFitAreRead) {
    EXPECT_EQ(parse_decimal("18446744073709551615").value(), ~u64{0});
    EXPECT_EQ(parse_decimal("0").value(), 0u);
    for (const char* wrong :
         {"", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "99999999999999999999"})
        EXPECT_FALSE(parse_decimal(wrong).ok()) << wrong;
}

TEST(Base, ArithmeticThatOverflowsIsRefused) {
    u64 unsigned_sum;
    i64 signed_sum;
    EXPECT_TRUE(checked_add<u64>(~u64{0}, 0, &unsigned_sum));
    EXPECT_FALSE(checked_add<u64>(~u64{0}, 1, &unsigned_sum));
    EXPECT_FALSE(checked_sub<u64>(0, 1, &unsigned_sum));
    EXPECT_FALSE(checked_mul<u64>(u64{1} << 32, u64{1} << 32, &unsigned_sum));
    EXPECT_FALSE(checked_add<i64>(INT64_MAX, 1, &signed_sum));
    EXPECT_FALSE(checked_sub<i64>(INT64_MIN, 1, &signed_sum));
    EXPECT_TRUE(page_aligned(page_up(1)) && page_down(page_size + 1) == page_size);
}

TEST(Base, AnObjectEndsWithItsLastReference) {
    with_heap([](Machine&) {
        int ended = 0;
        auto made = make_ref<Counted>(ended);
        ASSERT_TRUE(made.ok());
        Ref<Counted> first = std::move(made).value(), second = first;
        EXPECT_EQ(first->ref_count(), 2u);
        first = nullptr;
        EXPECT_EQ(ended, 0);
        EXPECT_TRUE(second->try_ref());
        Ref<Counted> third = Ref<Counted>::adopt(second.get());
        second = third;
        third = nullptr;
        EXPECT_EQ(ended, 0);
        second = nullptr;
        EXPECT_EQ(ended, 1);
    });
}

// The examples of FIPS 180-4's publishers; in pieces of every size that matters.
TEST(Base, DigestsAreThoseOfTheStandard) {
    const std::string two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    for (usize step : {1, 3, 55, 63, 64, 65, 1000}) {
        EXPECT_EQ(digest_of("", step), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        EXPECT_EQ(digest_of("abc", step), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        EXPECT_EQ(digest_of(two_blocks, step),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
}
