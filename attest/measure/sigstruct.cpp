#include "attest/measure/sigstruct.h"

#include <openssl/bn.h>

#include <algorithm>

#include "attest/base/crypto.h"
#include "attest/base/encode.h"

namespace litebox::attest::measure {

namespace {

constexpr size_t modulus_size = 384;
constexpr size_t at_vendor = 16, at_date = 20, at_header2 = 24, at_defined = 40, at_reserved1 = 44,
                 at_modulus = 128, at_exponent = 512, at_signature = 516, at_misc = 900, at_misc_mask = 904,
                 at_cet = 908, at_family = 912, at_attributes = 928, at_attributes_mask = 944, at_hash = 960,
                 at_reserved2 = 992, at_ext_product = 1008, at_product = 1024, at_svn = 1026,
                 at_signed_end = 1028, at_q1 = 1040, at_q2 = 1424;
constexpr uint8_t header1[16] = {6, 0, 0, 0, 0xE1, 0, 0, 0, 0, 0, 1};
constexpr uint8_t header2[16] = {1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1};
/// MRSIGNER of the sample key that the SDKs ship.
constexpr std::string_view sample_signer = "83d719e77deaca1470f6baf62a4d774303c899db69020f9c70ee1dfc08c7ce9e";

struct Deleter {
    void operator()(BIGNUM* number) const { BN_free(number); }
    void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, Deleter>;

Bytes reversed(ByteView bytes) {
    return Bytes(bytes.rbegin(), bytes.rend());
}
Number little_endian(ByteView bytes) {
    return Number(BN_lebin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

Bytes signed_bytes(ByteView sigstruct) {
    Bytes message;
    append(message, sigstruct.first(at_modulus));
    append(message, sigstruct.subspan(at_misc, at_signed_end - at_misc));
    return message;
}

struct Quotients {
    Bytes q1, q2;  // little-endian
};

/// q1 = floor(s^2 / n), q2 = floor((s^3 - q1 s n) / n): with them the processor checks the signature without
/// dividing.
Result<Quotients> quotients(ByteView modulus, ByteView signature) {
    Number n = little_endian(modulus), s = little_endian(signature), q1(BN_new()), q2(BN_new()),
           rest(BN_new());
    std::unique_ptr<BN_CTX, Deleter> context(BN_CTX_new());
    Quotients out{Bytes(modulus_size), Bytes(modulus_size)};
    if (!n || !s || !q1 || !q2 || !rest || !context || BN_is_zero(n.get()) || BN_cmp(s.get(), n.get()) >= 0 ||
        !BN_sqr(rest.get(), s.get(), context.get()) ||
        !BN_div(q1.get(), rest.get(), rest.get(), n.get(), context.get()) ||
        // s^3 - q1 s n = s (s^2 - q1 n) = s * rest
        !BN_mul(rest.get(), rest.get(), s.get(), context.get()) ||
        !BN_div(q2.get(), nullptr, rest.get(), n.get(), context.get()) ||
        BN_bn2lebinpad(q1.get(), out.q1.data(), modulus_size) < 0 ||
        BN_bn2lebinpad(q2.get(), out.q2.data(), modulus_size) < 0)
        return Error{"SIGSTRUCT's modulus and signature do not belong together"};
    return out;
}

Bytes encode_fields(const Sigstruct& f) {
    Bytes out(sigstruct_size);
    put(out, 0, header1);
    put_number(out, at_vendor, f.vendor, 4);
    put_number(out, at_date, f.date, 4);
    put(out, at_header2, header2);
    put_number(out, at_defined, f.sw_defined, 4);
    put_number(out, at_exponent, 3, 4);
    put_number(out, at_misc, f.misc_select, 4);
    put_number(out, at_misc_mask, f.misc_mask, 4);
    out[at_cet] = f.cet_attributes;
    out[at_cet + 1] = f.cet_mask;
    put(out, at_family, f.isv_family_id);
    put_number(out, at_attributes, f.attributes, 8);
    put_number(out, at_attributes + 8, f.xfrm, 8);
    put_number(out, at_attributes_mask, f.attributes_mask, 8);
    put_number(out, at_attributes_mask + 8, f.xfrm_mask, 8);
    put(out, at_hash, f.mr_enclave);
    put(out, at_ext_product, f.isv_ext_prod_id);
    put_number(out, at_product, f.isv_prod_id, 2);
    put_number(out, at_svn, f.isv_svn, 2);
    return out;
}

template <size_t N>
Field<N> field_at(ByteView bytes, size_t at) {
    Field<N> field{};
    std::ranges::copy(bytes.subspan(at, N), field.begin());
    return field;
}

Sigstruct decode_fields(ByteView bytes) {
    Sigstruct f;
    f.vendor = load32(&bytes[at_vendor]);
    f.date = load32(&bytes[at_date]);
    f.sw_defined = load32(&bytes[at_defined]);
    f.misc_select = load32(&bytes[at_misc]);
    f.misc_mask = load32(&bytes[at_misc_mask]);
    f.cet_attributes = bytes[at_cet];
    f.cet_mask = bytes[at_cet + 1];
    f.isv_family_id = field_at<16>(bytes, at_family);
    f.attributes = load64(&bytes[at_attributes]);
    f.xfrm = load64(&bytes[at_attributes + 8]);
    f.attributes_mask = load64(&bytes[at_attributes_mask]);
    f.xfrm_mask = load64(&bytes[at_attributes_mask + 8]);
    f.mr_enclave = field_at<32>(bytes, at_hash);
    f.isv_ext_prod_id = field_at<16>(bytes, at_ext_product);
    f.isv_prod_id = load16(&bytes[at_product]);
    f.isv_svn = load16(&bytes[at_svn]);
    return f;
}

}  // namespace

Result<Bytes> make_sigstruct(const Sigstruct& fields, const PrivateKey& signer) {
    Bytes out = encode_fields(fields), modulus = reversed(signer.modulus());
    Bytes signature = reversed(ATTEST_TRY(signer.sign(signed_bytes(out))));
    if (modulus.size() != modulus_size || signature.size() != modulus_size)
        return Error{"the signer's key is not RSA-3072"};
    Quotients q = ATTEST_TRY(quotients(modulus, signature));
    put(out, at_modulus, modulus);
    put(out, at_signature, signature);
    put(out, at_q1, q.q1);
    put(out, at_q2, q.q2);
    return out;
}

Result<Sigstruct> check_sigstruct(ByteView bytes) {
    if (bytes.size() != sigstruct_size)
        return Error{"SIGSTRUCT has 1808 bytes, not " + std::to_string(bytes.size())};
    if (!std::ranges::equal(bytes.first(16), header1) ||
        !std::ranges::equal(bytes.subspan(at_header2, 16), header2))
        return Error{"SIGSTRUCT's headers are not those that EINIT accepts"};
    if (load32(&bytes[at_exponent]) != 3) return Error{"SIGSTRUCT's public exponent is not 3"};
    if (!all_zero(bytes.subspan(at_reserved1, at_modulus - at_reserved1)) ||
        !all_zero(bytes.subspan(at_reserved2, at_ext_product - at_reserved2)) ||
        !all_zero(bytes.subspan(at_signed_end, at_q1 - at_signed_end)) ||
        !all_zero(bytes.subspan(at_cet + 2, 2)))
        return Error{"SIGSTRUCT has bytes set where none may be"};
    ByteView modulus = bytes.subspan(at_modulus, modulus_size),
             signature = bytes.subspan(at_signature, modulus_size);
    PublicKey key = ATTEST_TRY(PublicKey::from_rsa(reversed(modulus), Bytes{3}));
    if (!key.verify_pkcs1(Hash::sha256, signed_bytes(bytes), reversed(signature)))
        return Error{"SIGSTRUCT's signature is wrong"};
    Quotients q = ATTEST_TRY(quotients(modulus, signature));
    if (!equal(q.q1, bytes.subspan(at_q1, modulus_size)) || !equal(q.q2, bytes.subspan(at_q2, modulus_size)))
        return Error{"SIGSTRUCT's q1 or q2 is wrong: EINIT would refuse it though the signature is good"};
    Sigstruct checked = decode_fields(bytes);
    checked.mr_signer = sha256(modulus);
    checked.public_sample_key = to_hex(checked.mr_signer) == sample_signer;
    return checked;
}

}  // namespace litebox::attest::measure
