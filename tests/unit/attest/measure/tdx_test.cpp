// MRTD and RTMR prediction.
#include "attest/measure/tdx.h"

#include <gtest/gtest.h>

#include "../vectors.h"
#include "attest/base/crypto.h"
#include "attest/base/json.h"
#include "images.h"

namespace litebox::attest::measure {
namespace {

using Section = TdxSection;

Bytes test_tdvf() {
    return make_firmware(
        3 * page_size, {{firmware_entry::tdx_metadata, number32(0x900)}}, 3 * page_size - 0x900,
        tdvf_metadata({{0, 2 * page_size, 0xFFFFD000, 3 * page_size, Section::boot_volume, Section::extend},
                       {0, 0, 0x809000, page_size, Section::hand_off_block, 0},
                       {0, 0, 0x900000, 8 * page_size, Section::temporary_memory, Section::augment}}));
}

Bytes record(std::string_view name, uint64_t gpa) {
    Bytes bytes(128);
    put(bytes, 0, as_bytes(name));
    put_number(bytes, 16, gpa, 8);
    return bytes;
}

/// MRTD as the specification writes it down, call by call.
Field<48> expected_mrtd(const Bytes& image, bool interleaved) {
    Bytes calls;
    auto contents = image;
    std::fill(contents.begin() + 2 * page_size, contents.end(), 0);  // behind the section's data
    auto extend = [&](size_t at) {
        for (size_t chunk = at; chunk < at + page_size; chunk += 256) {
            append(calls, record("MR.EXTEND", 0xFFFFD000 + chunk));
            append(calls, ByteView(contents).subspan(chunk, 256));
        }
    };
    for (size_t at = 0; at < 3 * page_size; at += page_size) {
        append(calls, record("MEM.PAGE.ADD", 0xFFFFD000 + at));
        if (interleaved) extend(at);
    }
    if (!interleaved)
        for (size_t at = 0; at < 3 * page_size; at += page_size) extend(at);
    append(calls, record("MEM.PAGE.ADD", 0x809000));
    return sha384(calls);
}

TEST(TdxMeasure, mrtd_is_the_digest_of_the_calls_in_either_order) {
    Bytes image = test_tdvf();
    auto interleaved = measure_mrtd(image, TdxOrder::interleaved),
         two_passes = measure_mrtd(image, TdxOrder::two_passes);
    ASSERT_TRUE(interleaved.ok()) << interleaved.error().message;
    EXPECT_EQ(*interleaved, expected_mrtd(image, true));
    EXPECT_EQ(*two_passes, expected_mrtd(image, false));
    EXPECT_NE(*interleaved, *two_passes);
}

TEST(TdxMeasure, damaged_descriptors_are_refused) {
    Bytes good = test_tdvf();
    for (auto [at, value] : {std::pair<size_t, uint8_t>{0, 'X'},
                             {4, 1},
                             {8, 2},
                             {12, 200},
                             {16 + 6, 0xFF},
                             {16 + 8, 1},
                             {16 + 16, 1},
                             {16 + 23, 1}}) {
        Bytes image = good;
        image[image.size() - 0x900 + at] = value;
        EXPECT_FALSE(parse_tdx_sections(image).ok()) << at;
    }
    EXPECT_FALSE(measure_mrtd(Bytes(4096), TdxOrder::interleaved).ok());
}

TEST(TdxMeasure, rtmrs_of_a_signed_quote_are_predicted_from_its_events) {
    NEEDS_VECTORS();
    Bytes text = tests::vector_file("tdx/dstack_quote_report.json");
    auto outer = Json::parse(as_text(text));
    ASSERT_TRUE(outer.ok());
    std::string log_text = outer->text_member("event_log").value();
    auto log = Json::parse(log_text);
    ASSERT_TRUE(log.ok());
    std::vector<RtmrEvent> events[4];
    for (const Json& event : log->items()) {
        RtmrEvent made;
        Bytes digest = from_hex(event.text_member("digest").value()).value();
        std::ranges::copy(digest, made.digest.begin());
        events[*event.integer_member("imr")].push_back(made);
    }
    Bytes quote = tests::vector_file("tdx/dstack_quote_report_quote.bin");
    for (size_t i = 0; i < 4; i++)
        EXPECT_EQ(to_hex(measure_rtmr(events[i])), to_hex(ByteView(quote).subspan(48 + 328 + 48 * i, 48)))
            << i;
    // What direct_boot() says of the fixed events is what this machine's firmware measured.
    Bytes kernel(512);
    put(kernel, 0, as_bytes("MZ"));
    put_number(kernel, 0x3C, 0x40, 4);
    put(kernel, 0x40, as_bytes("PE"));
    put_number(kernel, 0x40 + 20, 240, 2);
    put_number(kernel, 0x40 + 24, 0x20B, 2);
    auto boot = direct_boot(kernel, {}, "");
    ASSERT_TRUE(boot.ok()) << boot.error().message;
    ASSERT_EQ(boot->rtmr1.size(), events[1].size());
    for (size_t i = 1; i < boot->rtmr1.size(); i++)
        EXPECT_EQ(boot->rtmr1[i].digest, events[1][i].digest) << i;
}

TEST(TdxMeasure, authenticode_leaves_out_checksum_and_certificates_and_nothing_else) {
    Bytes image(1024);
    for (size_t i = 0; i < image.size(); i++) image[i] = static_cast<uint8_t>(i * 7);
    put(image, 0, as_bytes("MZ"));
    put_number(image, 0x3C, 0x80, 4);
    put(image, 0x80, as_bytes(std::string_view("PE\0\0", 4)));
    size_t optional = 0x80 + 24;
    put_number(image, 0x80 + 20, 240, 2);
    put_number(image, optional, 0x20B, 2);
    put_number(image, optional + 108, 16, 4);
    put_number(image, optional + 144, 900, 4);  // certificates
    put_number(image, optional + 148, 100, 4);
    auto base = authenticode_digest(image);
    ASSERT_TRUE(base.ok()) << base.error().message;
    auto changed = [&](size_t at) {
        Bytes other = image;
        other[at] ^= 1;
        auto digest = authenticode_digest(other);
        return !digest.ok() || *digest != *base;
    };
    EXPECT_FALSE(changed(optional + 64)) << "checksum";
    EXPECT_FALSE(changed(950)) << "a certificate";
    for (size_t at : {size_t{0x50}, optional + 63, optional + 68, optional + 143, optional + 152, size_t{899},
                      size_t{1000}})
        EXPECT_TRUE(changed(at)) << at;
    EXPECT_FALSE(authenticode_digest(Bytes(64)).ok());
}

}  // namespace
}  // namespace litebox::attest::measure
