#include "attest/amd/vek.h"

#include <cstring>

#include "attest/base/der.h"

namespace litebox::attest {

namespace {

constexpr std::string_view arc = "1.3.6.1.4.1.3704.1.";
constexpr uint8_t spl_arc[] = {0x2b, 0x06, 0x01, 0x04, 0x01,
                               0x9c, 0x78, 0x01, 0x03, 0x01};  // blSPL, which each has

const Extension* find(const Certificate& certificate, const std::string& tail) {
    return certificate.extension(std::string(arc) + tail);
}

/// The whole value is one IA5String.
Result<std::string> ia5_text(const Certificate& certificate, const std::string& tail) {
    const Extension* extension = find(certificate, tail);
    if (!extension) return Error{"has no extension " + std::string(arc) + tail};
    DerReader reader(extension->value);
    std::string text(as_text(reader.value(der::ia5_string).contents));
    if (!reader.finished() || text.empty() || text.size() > 64)
        return Error{"has a malformed extension " + std::string(arc) + tail};
    for (char c : text)
        if (c < 0x20 || c > 0x7e) return Error{"has a malformed extension " + std::string(arc) + tail};
    return text;
}

/// The whole value is one INTEGER from 0 to 255 in its only encoding: 02 01 xx, from 0x80 on 02 02 00 xx.
Result<uint8_t> small_number(const Certificate& certificate, const std::string& tail) {
    const Extension* extension = find(certificate, tail);
    if (!extension) return Error{"has no extension " + std::string(arc) + tail};
    DerReader reader(extension->value);
    uint64_t number = reader.small_integer();
    if (!reader.finished() || number > 255)
        return Error{"has a malformed extension " + std::string(arc) + tail};
    return static_cast<uint8_t>(number);
}

Result<void> read_tcb(VekCertificate& vek) {
    for (const SnpTcbComponent& part : snp_tcb_layout(vek.product)) {
        std::string tail = "3." + std::to_string(part.extension);
        // Reserved components need not be vouched for; where they are, they count as the report's bytes do.
        if (part.name.empty() && !find(*vek.certificate, tail)) continue;
        uint64_t number = ATTEST_TRY(small_number(*vek.certificate, tail));
        vek.tcb |= number << (8 * part.byte);
    }
    return {};
}

/// The raw identifier itself, not wrapped in an OCTET STRING of its own.
Result<Bytes> hardware_id(const Certificate& certificate, SnpProduct product) {
    const Extension* extension = find(certificate, "4");
    size_t size = product == SnpProduct::turin ? 8 : 64;
    if (!extension) return Error{"has neither a hardware id nor a provider id"};
    if (extension->value.size() != size)
        return Error{"has a hardware id of " + std::to_string(extension->value.size()) + " bytes, " +
                     std::to_string(size) + " are usual for " + std::string(to_string(product))};
    if (all_zero(extension->value)) return Error{"has a hardware id of zeros"};
    return to_bytes(extension->value);
}

/// Fills `vek` in; the error says what is not as AMD writes it.
Result<void> read_extensions(VekCertificate& vek) {
    const Certificate& certificate = *vek.certificate;
    vek.product_name = ATTEST_TRY(ia5_text(certificate, "2"));
    vek.product = snp_product_from(vek.product_name);
    if (vek.product == SnpProduct::unknown)
        return Error{"is for the product \"" + vek.product_name + "\", which is not known"};
    uint8_t structure = ATTEST_TRY(small_number(certificate, "1"));
    if (structure > 1)
        return Error{"has extensions of structure version " + std::to_string(structure) +
                     ", known are 0 and 1"};
    ATTEST_TRY(read_tcb(vek));
    if (vek.is_vlek && find(certificate, "4"))
        return Error{"has a hardware id and a provider id, of which one is allowed"};
    if (vek.is_vlek)
        vek.provider = ATTEST_TRY(ia5_text(certificate, "5"));
    else
        vek.hardware_id = ATTEST_TRY(hardware_id(certificate, vek.product));
    if (certificate.is_authority()) return Error{"is a certificate authority's"};
    std::string name = certificate.common_name();
    if (name != (vek.is_vlek ? "SEV-VLEK" : "SEV-VCEK"))
        return Error{"has the common name \"" + name + "\" beside the extensions of a " +
                     (vek.is_vlek ? "VLEK" : "VCEK")};
    return {};
}

}  // namespace

bool looks_like_vek(ByteView der) {
    return memmem(der.data(), der.size(), spl_arc, sizeof spl_arc) != nullptr;
}

VekCertificate parse_vek(const CertificatePointer& certificate) {
    VekCertificate vek;
    vek.certificate = certificate;
    vek.is_vlek = find(*certificate, "5") != nullptr;
    if (Result<void> read = read_extensions(vek); !read)
        vek.fault = "the certificate \"" + certificate->common_name() + "\" " + read.error().message;
    return vek;
}

}  // namespace litebox::attest
