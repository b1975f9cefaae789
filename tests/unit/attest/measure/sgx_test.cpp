// MRENCLAVE and SIGSTRUCT.
#include "attest/measure/sgx.h"

#include <gtest/gtest.h>

#include "../vectors.h"
#include "attest/base/crypto.h"
#include "attest/measure/sigstruct.h"
#include "images.h"
#include "test_keys.h"

namespace litebox::attest::measure {
namespace {

TEST(SgxMeasure, a_recorded_stream_gives_the_mrenclave_its_builder_states) {
    NEEDS_VECTORS();
    auto enclave = measure_sgxs(tests::vector_file("sgx_sigstruct/report.sgxs"));
    ASSERT_TRUE(enclave.ok()) << enclave.error().message;
    EXPECT_EQ(to_hex(enclave->mr_enclave),
              "a06a560b26f5e397b2d7872fac66fe4b43bf4f507296ee048f110be6fb1a2290");
}

Bytes test_image() {
    return make_elf(0x1010,
                    {{0x1000, 0, 0x1234, 5, Bytes(0x1100, 0x90)}, {0x4000, 0, 0x2000, 6, Bytes(0x80, 0x11)}});
}

TEST(SgxMeasure, an_elf_image_gives_the_mrenclave_of_the_stream_it_writes) {
    Bytes stream;
    EnclaveLayout layout{.threads = 2, .stack_pages = 1, .heap_pages = 3};
    auto enclave = measure_enclave(test_image(), layout, [&](ByteView piece) { append(stream, piece); });
    ASSERT_TRUE(enclave.ok()) << enclave.error().message;
    auto again = measure_sgxs(stream);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(enclave->mr_enclave, again->mr_enclave);
    EXPECT_EQ(enclave->mr_enclave, sha256(stream));
    EXPECT_EQ(again->threads, 2u);
    EXPECT_EQ(again->pages, 4u + 2 * (1 + 2 + 1 + 1) + 3);
    EXPECT_EQ(again->size, 0x20000u);
    EXPECT_EQ(again->measured_chunks, again->pages * 16);
}

TEST(SgxMeasure, every_part_of_the_layout_changes_the_measurement) {
    std::vector<std::string> digests;
    for (const EnclaveLayout& layout : {EnclaveLayout{}, EnclaveLayout{.threads = 2},
                                        EnclaveLayout{.stack_pages = 17}, EnclaveLayout{.ssa_frames = 3},
                                        EnclaveLayout{.ssa_frame_pages = 2}, EnclaveLayout{.heap_pages = 1}})
        digests.push_back(to_hex(measure_enclave(test_image(), layout)->mr_enclave));
    std::ranges::sort(digests);
    EXPECT_EQ(std::adjacent_find(digests.begin(), digests.end()), digests.end());
    EXPECT_FALSE(measure_enclave(test_image(), {.threads = 0}).ok());
    EXPECT_FALSE(measure_enclave(test_image(), {.threads = 1024, .stack_pages = 65536}).ok());
}

TEST(SgxMeasure, streams_that_no_enclave_has_are_refused) {
    Bytes stream;
    ASSERT_TRUE(measure_enclave(test_image(), {}, [&](ByteView piece) { append(stream, piece); }).ok());
    for (size_t at : {0, 12, 30, 64, 64 + 8, 64 + 17, 64 + 30, 128, 128 + 8, 128 + 20}) {
        Bytes damaged = stream;
        damaged[at] ^= 0x55;
        EXPECT_FALSE(measure_sgxs(damaged).ok()) << at;
    }
    for (size_t size : {size_t{0}, size_t{63}, size_t{100}, size_t{200}, stream.size() - 1})
        EXPECT_FALSE(measure_sgxs(ByteView(stream).first(size)).ok()) << size;
    Bytes twice = stream;
    append(twice, ByteView(stream).subspan(64, 64));
    EXPECT_FALSE(measure_sgxs(twice).ok()) << "a page added twice";
}

TEST(Sigstruct, intels_and_the_sample_key_are_good_and_told_apart) {
    NEEDS_VECTORS();
    auto intel = check_sigstruct(tests::vector_file("sgx_sigstruct/intel_le_prod_css.sigstruct"));
    ASSERT_TRUE(intel.ok()) << intel.error().message;
    EXPECT_EQ(to_hex(intel->mr_enclave), "7881af9f9def547da9908c008f29cde9bd78064e36ac7e14c83c294ca4806150");
    EXPECT_EQ(to_hex(intel->mr_signer), "acb77012053e05a63d413b8bbae8fb6c5d73b3f2996d91c43bbbf90959c0f8d4");
    EXPECT_FALSE(intel->public_sample_key);
    auto sample = check_sigstruct(tests::vector_file("sgx_sigstruct/sig1.sigstruct"));
    ASSERT_TRUE(sample.ok()) << sample.error().message;
    EXPECT_TRUE(sample->public_sample_key);
}

TEST(Sigstruct, what_is_made_is_good_and_every_bit_counts) {
    auto key = PrivateKey::from_pem(test_enclave_key, PrivateKey::Kind::rsa3072);
    ASSERT_TRUE(key.ok()) << key.error().message;
    Sigstruct fields{.date = 0x20260601, .isv_prod_id = 7, .isv_svn = 9};
    fields.mr_enclave.fill(0xAB);
    auto made = make_sigstruct(fields, *key);
    ASSERT_TRUE(made.ok()) << made.error().message;
    auto checked = check_sigstruct(*made);
    ASSERT_TRUE(checked.ok()) << checked.error().message;
    EXPECT_EQ(checked->mr_enclave, fields.mr_enclave);
    EXPECT_EQ(checked->isv_svn, 9);
    EXPECT_EQ(checked->date, 0x20260601u);
    for (size_t at = 0; at < made->size(); at++) {
        Bytes changed = *made;
        changed[at] ^= static_cast<uint8_t>(1u << (at % 8));
        EXPECT_FALSE(check_sigstruct(changed).ok()) << at;
    }
    EXPECT_FALSE(check_sigstruct(ByteView(*made).first(1807)).ok());
}

TEST(Sigstruct, a_key_that_einit_would_refuse_is_refused_here) {
    EXPECT_FALSE(PrivateKey::from_pem(test_wrong_exponent_key, PrivateKey::Kind::rsa3072).ok());
}

}  // namespace
}  // namespace litebox::attest::measure
