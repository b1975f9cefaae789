#include "attest/x509/certificate.h"

#include <algorithm>

#include "attest/base/der.h"
#include "attest/x509/signed_object.h"

namespace litebox::attest {

namespace {

constexpr size_t maximum_certificate_size = 64 << 10, maximum_extensions = 64;

constexpr uint8_t basic_constraints_oid[] = {0x55, 0x1d, 0x13}, key_usage_oid[] = {0x55, 0x1d, 0x0f};

}  // namespace

struct CertificateParser {
    std::shared_ptr<Certificate> certificate{new Certificate};

    Result<CertificatePointer> parse(ByteView bytes) {
        if (bytes.size() > maximum_certificate_size) return Error{"a certificate of more than 64 KiB"};
        Certificate& c = *certificate;
        c.der_ = to_bytes(bytes);
        c.sha256_ = sha256(c.der_);
        ByteView body_contents = ATTEST_TRY(parse_signed_object(c.der_, c.signed_, algorithm_));
        DerReader body(body_contents);
        DerReader version = body.enter(der::context(0));
        if (version.small_integer() != 2 || !version.finished())
            return Error{"not an X.509 certificate of version 3"};
        c.serial_ = body.unsigned_integer();
        if (!equal(body.value(der::sequence).encoding, algorithm_)) {
            return Error{"a certificate whose two signature algorithms differ"};
        }
        c.issuer_ = body.value(der::sequence).encoding;
        DerReader validity = body.enter(der::sequence);
        c.not_before_ = validity.time();
        c.not_after_ = validity.time();
        c.subject_ = body.value(der::sequence).encoding;
        c.spki_ = body.value(der::sequence).encoding;
        bool names = well_formed_name(c.issuer_) && well_formed_name(c.subject_);
        if (body.failed() || !validity.finished() || !names)
            return Error{"a certificate that is not well formed DER"};
        if (!body.at_end()) ATTEST_TRY(extensions(body));
        return CertificatePointer(certificate);
    }

  private:
    ByteView algorithm_;

    Result<void> extensions(DerReader& body) {
        DerReader outer = body.enter(der::context(3));
        DerReader list = outer.enter(der::sequence);
        auto& found = certificate->extensions_;
        while (!list.at_end() && found.size() < maximum_extensions) found.push_back(read_extension(list));
        if (!list.finished() || !outer.finished() || !body.finished()) {
            return Error{"a certificate with extensions that are not well formed DER, or too many"};
        }
        for (size_t i = 0; i < found.size(); i++) {
            for (size_t j = 0; j < i; j++) {
                if (equal(found[i].oid, found[j].oid)) {
                    return Error{"a certificate with the extension " + oid_to_string(found[i].oid) +
                                 " twice"};
                }
            }
            bool good = true;
            if (equal(found[i].oid, basic_constraints_oid)) good = basic_constraints(found[i].value);
            if (equal(found[i].oid, key_usage_oid)) good = key_usage(found[i].value);
            if (!good) return Error{"a certificate with a bad extension " + oid_to_string(found[i].oid)};
        }
        return {};
    }

    bool basic_constraints(ByteView value) {
        DerReader outer(value);
        DerReader body = outer.enter(der::sequence);
        if (body.next_is(der::boolean)) certificate->is_authority_ = body.boolean();
        if (body.next_is(der::integer)) {
            uint64_t length = body.small_integer();
            certificate->path_length_ = static_cast<int>(std::min<uint64_t>(length, 64));
        }
        return outer.finished() && body.finished();
    }

    bool key_usage(ByteView value) {
        DerReader outer(value);
        ByteView bits = outer.value(der::bit_string).contents;
        bool good = outer.finished() && bits.size() >= 2 && bits.size() <= 3 && bits[0] <= 7;
        if (!good || bits.back() & ((1 << bits[0]) - 1)) return false;
        certificate->has_key_usage_ = true;
        for (size_t bit = 0; bit < 8 * (bits.size() - 1); bit++) {
            if (bits[1 + bit / 8] & (0x80 >> bit % 8))
                certificate->key_usage_ |= static_cast<uint16_t>(1 << bit);
        }
        return true;
    }
};

Result<CertificatePointer> Certificate::parse(ByteView bytes) {
    return CertificateParser().parse(bytes);
}

std::string Certificate::common_name() const {
    return common_name_of(subject_);
}
std::string Certificate::issuer_common_name() const {
    return common_name_of(issuer_);
}

const Result<PublicKey>& Certificate::public_key() const {
    std::call_once(key_made_, [this] { key_ = PublicKey::from_spki(spki_); });
    return *key_;
}

const Extension* Certificate::extension(std::string_view oid) const {
    Bytes wanted = oid_from(oid);
    auto found = std::ranges::find_if(extensions_, [&](const Extension& e) { return equal(e.oid, wanted); });
    return found == extensions_.end() ? nullptr : &*found;
}

std::string Certificate::unknown_critical_extension() const {
    for (const Extension& extension : extensions_) {
        bool known = equal(extension.oid, basic_constraints_oid) || equal(extension.oid, key_usage_oid);
        if (extension.critical && !known) return oid_to_string(extension.oid);
    }
    return {};
}

}  // namespace litebox::attest
