#include <algorithm>

#include "attest/x509/path.h"
#include "attest/x509/signed_object.h"

namespace litebox::attest {

namespace {

constexpr size_t maximum_list_size = 1 << 20;

bool ascending(ByteView left, ByteView right) {
    return std::ranges::lexicographical_compare(left, right);
}

}  // namespace

struct RevocationListParser {
    std::shared_ptr<RevocationList> list{new RevocationList};

    Result<RevocationListPointer> parse(ByteView bytes) {
        if (bytes.size() > maximum_list_size) return Error{"a revocation list of more than 1 MiB"};
        RevocationList& l = *list;
        l.der_ = to_bytes(bytes);
        ByteView algorithm;
        ByteView contents = ATTEST_TRY(parse_signed_object(l.der_, l.signed_, algorithm));
        DerReader body(contents);
        bool second_version = body.next_is(der::integer);
        if (second_version && body.small_integer() != 1)
            return Error{"not a revocation list of version 1 or 2"};
        if (!equal(body.value(der::sequence).encoding, algorithm)) {
            return Error{"a revocation list whose two signature algorithms differ"};
        }
        l.issuer_ = body.value(der::sequence).encoding;
        l.this_update_ = body.time();
        l.next_update_ = body.time();
        if (body.failed() || !well_formed_name(l.issuer_)) {
            return Error{"a revocation list that is not well formed DER, or has no nextUpdate"};
        }
        if (auto entries = body.optional(der::sequence)) ATTEST_TRY(revoked(entries->contents));
        if (second_version && body.next_is(der::context(0))) {
            DerReader outer = body.enter(der::context(0));
            ATTEST_TRY(extensions(outer));
        }
        if (!body.finished()) return Error{"a revocation list that is not well formed DER"};
        return RevocationListPointer(list);
    }

  private:
    Result<void> revoked(ByteView entries) {
        DerReader reader(entries);
        while (!reader.at_end()) {
            DerReader entry = reader.enter(der::sequence);
            list->serials_.push_back(entry.unsigned_integer());
            (void)entry.time();
            if (!entry.at_end()) {
                DerReader extensions = entry.enter(der::sequence);
                while (!extensions.at_end()) {
                    if (read_extension(extensions).critical) {
                        return Error{"a revocation list with a critical extension of an entry"};
                    }
                }
                if (extensions.failed()) entry.fail();
            }
            if (!entry.finished())
                return Error{"a revocation list with an entry that is not well formed DER"};
        }
        std::ranges::sort(list->serials_, ascending);
        return {};
    }

    Result<void> extensions(DerReader& outer) {
        static const Bytes scope = oid_from("2.5.29.28"), delta = oid_from("2.5.29.27");
        DerReader reader = outer.enter(der::sequence);
        while (!reader.at_end()) {
            Extension extension = read_extension(reader);
            bool partial = equal(extension.oid, scope) || equal(extension.oid, delta);
            if (extension.critical || partial) {
                return Error{"a revocation list of partial scope, or with the unknown critical extension " +
                             oid_to_string(extension.oid)};
            }
        }
        if (!reader.finished() || !outer.finished()) return Error{"a revocation list with bad extensions"};
        return {};
    }
};

Result<RevocationListPointer> RevocationList::parse(ByteView bytes) {
    return RevocationListParser().parse(bytes);
}

std::string RevocationList::issuer_common_name() const {
    return common_name_of(issuer_);
}

bool RevocationList::revokes(ByteView serial) const {
    return std::ranges::binary_search(serials_, serial, ascending);
}

namespace {

/// The fault of the lists that were of no use, where no list was: the most telling one.
RevocationResult useless(const Certificate& issuer, const RevocationListPointer& forged,
                         const RevocationListPointer& stale) {
    using Kind = RevocationResult::Kind;
    std::string name = issuer.common_name();
    if (stale) {
        return {Kind::expired,
                "the revocation list of \"" + name + "\" is for " + to_string(stale->this_update()) + " to " +
                    to_string(stale->next_update()),
                stale};
    }
    if (forged)
        return {Kind::forged, "a revocation list names \"" + name + "\" as issuer but is not signed by it",
                forged};
    return {Kind::missing, "no revocation list of \"" + name + "\"", nullptr};
}

}  // namespace

RevocationResult check_revocation(const Certificate& certificate, const Certificate& issuer,
                                  const std::vector<RevocationListPointer>& lists, Time now,
                                  SignatureMemory* memory) {
    using Kind = RevocationResult::Kind;
    RevocationListPointer current, stale, forged;
    for (const auto& list : lists) {
        if (!equal(list->issuer(), issuer.subject())) continue;
        if (!issuer.allows(Certificate::crl_sign) ||
            !verify_signature(issuer, list->signed_object(), memory)) {
            forged = list;
            continue;
        }
        bool future = now < list->this_update();
        if (!future && list->revokes(certificate.serial())) {
            return {Kind::revoked,
                    "\"" + certificate.common_name() + "\" is in the revocation list of \"" +
                        issuer.common_name() + "\" of " + to_string(list->this_update()),
                    list};
        }
        if (list->current_at(now)) {
            if (!current || current->this_update() < list->this_update()) current = list;
        } else if (!stale || stale->this_update() < list->this_update()) {
            stale = list;
        }
    }
    return current ? RevocationResult{Kind::good, {}, current} : useless(issuer, forged, stale);
}

}  // namespace litebox::attest
