#include "attest/measure/tdx.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "attest/base/crypto.h"
#include "attest/base/encode.h"

namespace litebox::attest::measure {

namespace {

constexpr size_t extend_size = 256, record_size = 128;

/// MRTD as it grows: one SHA-384 over the records of every call.
class Mrtd {
  public:
    Mrtd() : context_(EVP_MD_CTX_new()) {
        good_ = context_ && EVP_DigestInit_ex(context_.get(), EVP_sha384(), nullptr) == 1;
    }

    void add_page(uint64_t gpa) { record("MEM.PAGE.ADD", gpa); }
    void extend_page(uint64_t gpa, ByteView page) {
        for (size_t at = 0; at < page.size(); at += extend_size) {
            record("MR.EXTEND", gpa + at);
            update(page.subspan(at, extend_size));
        }
    }
    Result<Field<48>> finish() {
        Field<48> digest{};
        unsigned size = 0;
        if (!good_ || EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1 || size != digest.size())
            return Error{"OpenSSL could not compute SHA-384"};
        return digest;
    }

  private:
    struct Deleter {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    void record(std::string_view name, uint64_t gpa) {
        Bytes bytes(record_size);
        put(bytes, 0, as_bytes(name));
        put_number(bytes, 16, gpa, 8);
        update(bytes);
    }
    void update(ByteView bytes) {
        good_ = good_ && EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
    }

    std::unique_ptr<EVP_MD_CTX, Deleter> context_;
    bool good_ = false;
};

/// A page of a section: from the image, zeros behind its data.
Bytes section_page(ByteView image, const TdxSection& section, uint64_t at) {
    Bytes page(page_size);
    if (at < section.data_size)
        put(page, 0,
            image.subspan(section.data_offset + at, std::min<uint64_t>(page_size, section.data_size - at)));
    return page;
}

RtmrEvent text_event(std::string_view text) {
    return {sha384(as_bytes(text)), std::string(text)};
}

}  // namespace

std::string_view to_string(TdxOrder order) {
    return order == TdxOrder::interleaved ? "interleaved" : "two-passes";
}

Result<Field<48>> measure_mrtd(ByteView image, TdxOrder order) {
    auto sections = ATTEST_TRY(parse_tdx_sections(image));
    Mrtd mrtd;
    for (const TdxSection& section : sections) {
        if (section.attributes & TdxSection::augment) continue;
        bool extend = section.attributes & TdxSection::extend;
        for (uint64_t at = 0; at < section.size; at += page_size) {
            mrtd.add_page(section.address + at);
            if (extend && order == TdxOrder::interleaved)
                mrtd.extend_page(section.address + at, section_page(image, section, at));
        }
        if (!extend || order == TdxOrder::interleaved) continue;
        for (uint64_t at = 0; at < section.size; at += page_size)
            mrtd.extend_page(section.address + at, section_page(image, section, at));
    }
    return mrtd.finish();
}

Field<48> measure_rtmr(const std::vector<RtmrEvent>& events) {
    Field<48> rtmr{};
    for (const RtmrEvent& event : events) {
        Bytes both = to_bytes(rtmr);
        append(both, event.digest);
        rtmr = sha384(both);
    }
    return rtmr;
}

Field<48> command_line_digest(std::string_view command_line) {
    Bytes text;
    for (char c : command_line) append(text, Bytes{static_cast<uint8_t>(c), 0});
    append(text, Bytes{0, 0});
    return sha384(text);
}

namespace {

/// Where in a PE image the parts lie that Authenticode leaves out.
struct PeLayout {
    size_t checksum = 0, certificate_entry = 0;
    size_t certificates = 0, certificates_size = 0;  // 0: none
};

Result<PeLayout> parse_pe(ByteView image) {
    Error damaged{"not an EFI application, or one with a damaged header"};
    if (image.size() < 0x40 || as_text(image.first(2)) != "MZ") return damaged;
    size_t at = load32(&image[0x3C]);
    if (at > image.size() || image.size() - at < 24 + 2) return damaged;
    if (as_text(image.subspan(at, 4)) != std::string_view("PE\0\0", 4)) return damaged;
    size_t optional = at + 24, optional_size = load16(&image[at + 20]);
    uint16_t magic = load16(&image[optional]);
    size_t directories = magic == 0x20B ? 112 : 96;
    if ((magic != 0x20B && magic != 0x10B) || optional_size < directories ||
        image.size() - optional < optional_size)
        return damaged;
    PeLayout layout;
    layout.checksum = optional + 64;
    // The fifth entry of the data directory is the table of certificates; an image may have fewer.
    if (load32(&image[optional + directories - 4]) < 5 || optional_size < directories + 40) return layout;
    layout.certificate_entry = optional + directories + 32;
    layout.certificates = load32(&image[layout.certificate_entry]);
    layout.certificates_size = load32(&image[layout.certificate_entry + 4]);
    if (layout.certificates_size == 0) return layout;
    if (layout.certificates < optional + optional_size || layout.certificates > image.size() ||
        image.size() - layout.certificates < layout.certificates_size)
        return damaged;
    return layout;
}

}  // namespace

Result<Field<48>> authenticode_digest(ByteView image) {
    PeLayout layout = ATTEST_TRY(parse_pe(image));
    Bytes hashed = to_bytes(image.first(layout.checksum));
    size_t at = layout.checksum + 4;
    if (layout.certificate_entry) {
        append(hashed, image.subspan(at, layout.certificate_entry - at));
        at = layout.certificate_entry + 8;
    }
    if (layout.certificates_size == 0) {
        append(hashed, image.subspan(at));
    } else {
        append(hashed, image.subspan(at, layout.certificates - at));
        append(hashed, image.subspan(layout.certificates + layout.certificates_size));
    }
    // Firmware hashes to a multiple of eight bytes.
    hashed.resize((hashed.size() + 7) / 8 * 8);
    return sha384(hashed);
}

Result<DirectBoot> direct_boot(ByteView kernel, ByteView initrd, std::string_view command_line) {
    DirectBoot boot;
    boot.rtmr1 = {{ATTEST_TRY(authenticode_digest(kernel)), "kernel"},
                  text_event("Calling EFI Application from Boot Option"),
                  {sha384(Bytes{0, 0, 0, 0}), "separator"},
                  text_event("Exit Boot Services Invocation"),
                  text_event("Exit Boot Services Returned with Success")};
    std::string line(command_line);
    if (!initrd.empty()) line += line.empty() ? "initrd=initrd" : " initrd=initrd";
    boot.rtmr2 = {{command_line_digest(line), "command line"}, {sha384(initrd), "initrd"}};
    return boot;
}

}  // namespace litebox::attest::measure
