#include "attest/intel/pck.h"

#include <algorithm>

#include "attest/base/der.h"

namespace litebox::attest {

namespace {

enum Attribute : uint8_t {
    ppid = 1,
    tcb = 2,
    pce_id = 3,
    fmspc = 4,
    sgx_type = 5,
    platform_instance_id = 6,
    configuration = 7,
};
constexpr uint8_t tcb_pce_svn = 17, tcb_cpu_svn = 18;

/// SEQUENCE OF SEQUENCE { OID below a prefix, value }: calls `read(number, rest)` for each; false where
/// something is not well formed, not known, or there twice.
template <typename Read>
bool each_attribute(DerReader list, const Bytes& prefix, Read read) {
    uint32_t seen = 0;
    while (!list.at_end()) {
        DerReader row = list.enter(der::sequence);
        ByteView oid = row.object_identifier();
        if (oid.size() != prefix.size() + 1 || !equal(oid.first(prefix.size()), prefix)) return false;
        uint8_t number = oid.back();
        if (number > 31 || seen & 1u << number || !read(number, row) || !row.finished()) return false;
        seen |= 1u << number;
    }
    return list.finished();
}

template <size_t N>
bool octets(DerReader& row, Field<N>& out) {
    ByteView contents = row.value(der::octet_string).contents;
    if (contents.size() != N) return false;
    std::ranges::copy(contents, out.begin());
    return true;
}

bool small(DerReader& row, uint16_t& out) {
    uint64_t value = row.small_integer();
    out = static_cast<uint16_t>(value);
    return !row.failed() && value <= 0xffff;
}

struct ExtensionReader {
    PckExtension out{};
    uint32_t seen = 0, tcb_seen = 0;

    bool attribute(uint8_t number, DerReader& row) {
        seen |= 1u << number;
        switch (number) {
            case ppid:
                return octets(row, out.ppid);
            case tcb:
                return tcb_components(row);
            case pce_id:
                return octets(row, out.pce_id);
            case fmspc:
                return octets(row, out.fmspc);
            case sgx_type:
                return type(row);
            case platform_instance_id:
                return octets(row, out.platform_instance_id.emplace());
            case configuration:
                return flags(row);
            default:
                return false;
        }
    }

    bool complete() const {
        constexpr uint32_t needed = 1u << ppid | 1u << tcb | 1u << pce_id | 1u << fmspc | 1u << sgx_type;
        constexpr uint32_t needed_tcb = (1u << (tcb_cpu_svn + 1)) - 2;  // 1 to 18
        return (seen & needed) == needed && tcb_seen == needed_tcb;
    }

  private:
    bool tcb_components(DerReader& row) {
        static const Bytes prefix = oid_from("1.2.840.113741.1.13.1.2");
        return each_attribute(row.enter(der::sequence), prefix, [&](uint8_t number, DerReader& component) {
            tcb_seen |= 1u << number;
            if (number == tcb_cpu_svn) return octets(component, out.cpu_svn);
            if (number == tcb_pce_svn) return small(component, out.pce_svn);
            return number >= 1 && number <= 16 && small(component, out.components[number - 1u]);
        });
    }

    bool type(DerReader& row) {
        ByteView contents = row.value(der::enumerated).contents;
        if (contents.size() != 1 || contents[0] > 2) return false;
        out.sgx_type = static_cast<SgxType>(contents[0]);
        return true;
    }

    bool flags(DerReader& row) {
        static const Bytes prefix = oid_from("1.2.840.113741.1.13.1.7");
        return each_attribute(row.enter(der::sequence), prefix, [&](uint8_t number, DerReader& flag) {
            std::optional<bool>* fields[] = {nullptr, &out.dynamic_platform, &out.cached_keys,
                                             &out.smt_enabled};
            if (number < 1 || number > 3) return false;
            *fields[number] = flag.boolean();
            return !flag.failed();
        });
    }
};

}  // namespace

Result<PckExtension> parse_pck_extension(ByteView value) {
    static const Bytes prefix = oid_from(pck_extension_oid);
    DerReader outer(value);
    DerReader list = outer.enter(der::sequence);
    ExtensionReader reader;
    bool good = each_attribute(list, prefix,
                               [&](uint8_t number, DerReader& row) { return reader.attribute(number, row); });
    if (!good || !outer.finished()) return Error{"a PCK certificate whose SGX extension is not well formed"};
    if (!reader.complete())
        return Error{"a PCK certificate whose SGX extension lacks PPID, TCB, PCE-ID, FMSPC or SGX type"};
    return reader.out;
}

Result<PckExtension> pck_extension_of(const Certificate& certificate) {
    const Extension* extension = certificate.extension(pck_extension_oid);
    if (!extension)
        return Error{"a PCK certificate without the SGX extension " + std::string(pck_extension_oid)};
    return parse_pck_extension(extension->value);
}

}  // namespace litebox::attest
