#include "attest/simulate/keys.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <map>
#include <mutex>
#include <stdexcept>

#include "attest/base/crypto.h"
#include "attest/simulate/der.h"

namespace litebox::attest::simulate {

namespace {

struct NumberDeleter {
    void operator()(BIGNUM* number) const { BN_clear_free(number); }
    void operator()(BN_CTX* context) const { BN_CTX_free(context); }
    void operator()(EC_GROUP* group) const { EC_GROUP_free(group); }
    void operator()(EC_POINT* point) const { EC_POINT_free(point); }
};
using Number = std::unique_ptr<BIGNUM, NumberDeleter>;
using Context = std::unique_ptr<BN_CTX, NumberDeleter>;
using Group = std::unique_ptr<EC_GROUP, NumberDeleter>;
using Point = std::unique_ptr<EC_POINT, NumberDeleter>;

/// Arithmetic on numbers of our own making fails only for want of memory: nothing that a caller could mend.
void must(bool done) {
    if (!done) throw std::runtime_error("the simulator's big-number arithmetic failed");
}

Number from_bytes(ByteView bytes) {
    Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    must(number != nullptr);
    return number;
}

Number make_number() {
    Number number(BN_new());
    must(number != nullptr);
    return number;
}

Bytes to_fixed(const BIGNUM* number, size_t size) {
    Bytes out(size);
    must(BN_bn2binpad(number, out.data(), static_cast<int>(size)) == static_cast<int>(size));
    return out;
}

/// A number in [1, bound) from seed and name.
Number derive_number(std::string_view seed, std::string_view name, const BIGNUM* bound, BN_CTX* context) {
    // Sixteen bytes more than the bound has: the bias of the reduction is below 2^-128.
    Number number = from_bytes(derive_bytes(seed, name, static_cast<size_t>(BN_num_bytes(bound)) + 16));
    Number range(BN_dup(bound));
    must(range && BN_sub_word(range.get(), 1) && BN_nnmod(number.get(), number.get(), range.get(), context) &&
         BN_add_word(number.get(), 1));
    return number;
}

/// Miller-Rabin with the given number of bases. The candidates are random, so that few bases are plenty.
bool probably_prime(const BIGNUM* candidate, int bases, BN_CTX* context) {
    static constexpr unsigned base_words[] = {2, 3, 5, 7, 11, 13, 17, 19};
    Number odd(BN_dup(candidate)), minus_one(BN_dup(candidate));
    must(odd && minus_one && BN_sub_word(odd.get(), 1) && BN_sub_word(minus_one.get(), 1));
    int shift = 0;
    while (!BN_is_odd(odd.get())) {
        must(BN_rshift1(odd.get(), odd.get()));
        shift++;
    }
    for (int i = 0; i < bases; i++) {
        Number value = make_number(), base = make_number();
        must(BN_set_word(base.get(), base_words[i]) &&
             BN_mod_exp(value.get(), base.get(), odd.get(), candidate, context));
        bool witness = !BN_is_one(value.get()) && BN_cmp(value.get(), minus_one.get()) != 0;
        for (int j = 1; witness && j < shift; j++) {
            must(BN_mod_sqr(value.get(), value.get(), candidate, context));
            witness = BN_cmp(value.get(), minus_one.get()) != 0;
        }
        if (witness) return false;
    }
    return true;
}

bool has_small_factor(const BIGNUM* candidate) {
    static const std::vector<unsigned> primes = [] {
        std::vector<unsigned> found;
        for (unsigned n = 3; n < 8000; n += 2) {
            bool prime = true;
            for (unsigned p : found) {
                if (p * p > n) break;
                if (n % p == 0) prime = false;
            }
            if (prime) found.push_back(n);
        }
        return found;
    }();
    for (unsigned p : primes)
        if (BN_mod_word(candidate, p) == 0) return true;
    return false;
}

constexpr unsigned rsa_exponent = 65537;

/// A prime of `bits` with its two upper bits set, p - 1 prime to the exponent.
Number derive_prime(std::string_view seed, const std::string& name, int bits, BN_CTX* context) {
    Number prime = from_bytes(derive_bytes(seed, name, static_cast<size_t>(bits) / 8));
    must(BN_set_bit(prime.get(), bits - 1) && BN_set_bit(prime.get(), bits - 2) &&
         BN_set_bit(prime.get(), 0));
    while (has_small_factor(prime.get()) || BN_mod_word(prime.get(), rsa_exponent) == 1 ||
           !probably_prime(prime.get(), 1, context) || !probably_prime(prime.get(), 8, context))
        must(BN_add_word(prime.get(), 2));
    return prime;
}

int rsa_bits(KeyKind kind) {
    if (kind == KeyKind::rsa2048) return 2048;
    return kind == KeyKind::rsa3072 ? 3072 : 4096;
}
int curve_id(KeyKind kind) {
    return kind == KeyKind::p256 ? NID_X9_62_prime256v1 : NID_secp384r1;
}
size_t curve_bytes(KeyKind kind) {
    return kind == KeyKind::p256 ? 32 : 48;
}

Bytes mask_generation(ByteView seed, size_t size) {
    Bytes mask;
    for (uint8_t counter = 0; mask.size() < size; counter++) {
        const uint8_t suffix[4] = {0, 0, 0, counter};
        Bytes block = digest(Hash::sha384, {seed, suffix});
        mask.insert(mask.end(), block.begin(), block.end());
    }
    mask.resize(size);
    return mask;
}

/// EMSA-PSS (RFC 8017, 9.1.1) for SHA-384 and a salt of 48 bytes.
Bytes encode_pss(ByteView message, ByteView salt, size_t size) {
    const uint8_t zeros[8] = {};
    Bytes hash = digest(Hash::sha384, {zeros, sha384(message), salt});
    Bytes block(size - hash.size() - 1);
    block[block.size() - salt.size() - 1] = 1;
    std::copy(salt.begin(), salt.end(), block.end() - static_cast<ptrdiff_t>(salt.size()));
    Bytes mask = mask_generation(hash, block.size());
    for (size_t i = 0; i < block.size(); i++) block[i] ^= mask[i];
    block[0] &= 0x7F;
    block.insert(block.end(), hash.begin(), hash.end());
    block.push_back(0xBC);
    return block;
}

}  // namespace

Bytes derive_bytes(std::string_view seed, std::string_view name, size_t count) {
    Bytes out;
    uint8_t separator[1] = {0};
    for (uint32_t counter = 0; out.size() < count; counter++) {
        const uint8_t number[4] = {static_cast<uint8_t>(counter), static_cast<uint8_t>(counter >> 8),
                                   static_cast<uint8_t>(counter >> 16), static_cast<uint8_t>(counter >> 24)};
        Bytes block = digest(Hash::sha256, {as_bytes("litebox simulator"), separator, as_bytes(seed),
                                            separator, as_bytes(name), separator, number});
        out.insert(out.end(), block.begin(), block.end());
    }
    out.resize(count);
    return out;
}

struct SigningKey::Numbers {
    // Elliptic curves.
    Group group;
    Number secret, order;
    Bytes point;  // x || y
    // RSA.
    Number p, q, n, p_exponent, q_exponent, q_inverse;

    Bytes rsa_private(ByteView block) const;
    static std::shared_ptr<const Numbers> derive_rsa(int bits, std::string_view seed, std::string_view name);
    static std::shared_ptr<const Numbers> derive_curve(KeyKind kind, std::string_view seed,
                                                       std::string_view name);
};

/// block^d mod n by the Chinese remainder theorem.
Bytes SigningKey::Numbers::rsa_private(ByteView block) const {
    Context context(BN_CTX_new());
    Number input = from_bytes(block), left = make_number(), right = make_number(), result = make_number();
    must(context && BN_mod_exp(left.get(), input.get(), p_exponent.get(), p.get(), context.get()) &&
         BN_mod_exp(right.get(), input.get(), q_exponent.get(), q.get(), context.get()) &&
         BN_mod_sub(result.get(), left.get(), right.get(), p.get(), context.get()) &&
         BN_mod_mul(result.get(), result.get(), q_inverse.get(), p.get(), context.get()) &&
         BN_mul(result.get(), result.get(), q.get(), context.get()) &&
         BN_add(result.get(), result.get(), right.get()));
    return to_fixed(result.get(), static_cast<size_t>(BN_num_bytes(n.get())));
}

std::shared_ptr<const SigningKey::Numbers> SigningKey::Numbers::derive_rsa(int bits, std::string_view seed,
                                                                           std::string_view name) {
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<const Numbers>, std::less<>> found;
    std::string id = std::to_string(bits) + '/' + std::string(seed) + '/' + std::string(name);
    std::lock_guard lock(mutex);
    if (auto at = found.find(id); at != found.end()) return at->second;
    Context context(BN_CTX_new());
    auto numbers = std::make_shared<Numbers>();
    numbers->p = derive_prime(seed, "prime p of " + id, bits / 2, context.get());
    numbers->q = derive_prime(seed, "prime q of " + id, bits / 2, context.get());
    numbers->n = make_number();
    Number exponent = make_number(), p_less = Number(BN_dup(numbers->p.get())),
           q_less(BN_dup(numbers->q.get()));
    must(BN_mul(numbers->n.get(), numbers->p.get(), numbers->q.get(), context.get()) &&
         BN_set_word(exponent.get(), rsa_exponent) && BN_sub_word(p_less.get(), 1) &&
         BN_sub_word(q_less.get(), 1));
    numbers->p_exponent = Number(BN_mod_inverse(nullptr, exponent.get(), p_less.get(), context.get()));
    numbers->q_exponent = Number(BN_mod_inverse(nullptr, exponent.get(), q_less.get(), context.get()));
    numbers->q_inverse = Number(BN_mod_inverse(nullptr, numbers->q.get(), numbers->p.get(), context.get()));
    must(numbers->p_exponent && numbers->q_exponent && numbers->q_inverse);
    found[id] = numbers;
    return numbers;
}

std::shared_ptr<const SigningKey::Numbers> SigningKey::Numbers::derive_curve(KeyKind kind,
                                                                             std::string_view seed,
                                                                             std::string_view name) {
    Context context(BN_CTX_new());
    auto numbers = std::make_shared<Numbers>();
    numbers->group = Group(EC_GROUP_new_by_curve_name(curve_id(kind)));
    must(numbers->group != nullptr);
    numbers->order = Number(BN_dup(EC_GROUP_get0_order(numbers->group.get())));
    numbers->secret =
        derive_number(seed, "curve key " + std::string(name), numbers->order.get(), context.get());
    Point point(EC_POINT_new(numbers->group.get()));
    Number x = make_number(), y = make_number();
    must(point &&
         EC_POINT_mul(numbers->group.get(), point.get(), numbers->secret.get(), nullptr, nullptr,
                      context.get()) &&
         EC_POINT_get_affine_coordinates(numbers->group.get(), point.get(), x.get(), y.get(), context.get()));
    numbers->point = to_fixed(x.get(), curve_bytes(kind));
    Bytes second = to_fixed(y.get(), curve_bytes(kind));
    numbers->point.insert(numbers->point.end(), second.begin(), second.end());
    return numbers;
}

SigningKey SigningKey::derive(KeyKind kind, std::string_view seed, std::string_view name) {
    SigningKey key;
    key.kind_ = kind;
    if (key.is_rsa()) {
        key.numbers_ = Numbers::derive_rsa(rsa_bits(kind), seed, name);
        Bytes modulus = to_fixed(key.numbers_->n.get(), static_cast<size_t>(rsa_bits(kind)) / 8);
        Bytes numbers = der::sequence({der::integer(modulus), der::integer(uint64_t{rsa_exponent})});
        key.public_key_info_ =
            der::sequence({der::sequence({der::object_identifier("1.2.840.113549.1.1.1"), der::null()}),
                           der::bit_string(numbers)});
        return key;
    }
    key.numbers_ = Numbers::derive_curve(kind, seed, name);
    const char* curve = kind == KeyKind::p256 ? "1.2.840.10045.3.1.7" : "1.3.132.0.34";
    key.public_key_info_ = der::sequence(
        {der::sequence({der::object_identifier("1.2.840.10045.2.1"), der::object_identifier(curve)}),
         der::bit_string(key.public_key_bits())});
    return key;
}

Bytes SigningKey::public_key_bits() const {
    if (is_rsa()) {
        Bytes modulus = to_fixed(numbers_->n.get(), static_cast<size_t>(rsa_bits(kind_)) / 8);
        return der::sequence({der::integer(modulus), der::integer(uint64_t{rsa_exponent})});
    }
    Bytes bits{4};
    bits.insert(bits.end(), numbers_->point.begin(), numbers_->point.end());
    return bits;
}

Bytes SigningKey::public_point() const {
    return numbers_->point;
}

Bytes SigningKey::sign_raw(ByteView message, bool high_s) const {
    Context context(BN_CTX_new());
    BN_CTX* work = context.get();
    const BIGNUM* order = numbers_->order.get();
    Bytes hash = digest(kind_ == KeyKind::p256 ? Hash::sha256 : Hash::sha384, {message});
    Bytes nonce_seed = to_fixed(numbers_->secret.get(), curve_bytes(kind_));
    nonce_seed.insert(nonce_seed.end(), hash.begin(), hash.end());
    // The nonce is a function of key and message: never the same for two messages.
    Number nonce = derive_number(as_text(nonce_seed), "nonce", order, work);
    Point point(EC_POINT_new(numbers_->group.get()));
    Number r = make_number(), s = make_number(), z = from_bytes(hash);
    must(point && EC_POINT_mul(numbers_->group.get(), point.get(), nonce.get(), nullptr, nullptr, work) &&
         EC_POINT_get_affine_coordinates(numbers_->group.get(), point.get(), r.get(), nullptr, work) &&
         BN_nnmod(r.get(), r.get(), order, work));
    Number inverse(BN_mod_inverse(nullptr, nonce.get(), order, work));
    must(inverse && BN_mod_mul(s.get(), r.get(), numbers_->secret.get(), order, work) &&
         BN_mod_add(s.get(), s.get(), z.get(), order, work) &&
         BN_mod_mul(s.get(), s.get(), inverse.get(), order, work));
    Number half = make_number();
    must(BN_rshift1(half.get(), order));
    if ((BN_cmp(s.get(), half.get()) > 0) != high_s) must(BN_sub(s.get(), order, s.get()));
    Bytes signature = to_fixed(r.get(), curve_bytes(kind_)), second = to_fixed(s.get(), curve_bytes(kind_));
    signature.insert(signature.end(), second.begin(), second.end());
    return signature;
}

Bytes SigningKey::sign_der(ByteView message) const {
    if (is_rsa()) {
        Bytes salt = derive_bytes(as_text(message), "salt", 48);
        return numbers_->rsa_private(encode_pss(message, salt, static_cast<size_t>(rsa_bits(kind_)) / 8));
    }
    Bytes raw = sign_raw(message);
    ByteView view(raw);
    return der::sequence(
        {der::integer(view.first(raw.size() / 2)), der::integer(view.subspan(raw.size() / 2))});
}

Bytes SigningKey::sign_pkcs1(ByteView message) const {
    Bytes info =
        der::sequence({der::sequence({der::object_identifier("2.16.840.1.101.3.4.2.1"), der::null()}),
                       der::octet_string(sha256(message))});
    Bytes block(static_cast<size_t>(rsa_bits(kind_)) / 8, 0xFF);
    block[0] = 0;
    block[1] = 1;
    block[block.size() - info.size() - 1] = 0;
    std::copy(info.begin(), info.end(), block.end() - static_cast<ptrdiff_t>(info.size()));
    return numbers_->rsa_private(block);
}

}  // namespace litebox::attest::simulate
