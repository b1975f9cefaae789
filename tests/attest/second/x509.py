"""Certificates, revocation lists, and paths (RFC 5280, as far as the vendors use it)."""

import calendar
import functools

import der
import signatures
from verdict import Refused

UNDERSTOOD = {"2.5.29.15", "2.5.29.19", "2.5.29.14", "2.5.29.35", "2.5.29.31"}
KEY_CERT_SIGN, CRL_SIGN = 0x04, 0x02


def time_of(element):
    text = element.contents.decode("ascii", "replace")
    if element.tag == der.UTC_TIME and len(text) == 13:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif element.tag != der.GENERALIZED_TIME or len(text) != 15:
        raise der.Bad("time")
    if text[-1] != "Z" or not text[:-1].isdigit():
        raise der.Bad("time")
    parts = [int(text[0:4])] + [int(text[i:i + 2]) for i in range(4, 14, 2)]
    if not (1 <= parts[1] <= 12 and 1 <= parts[2] <= calendar.monthrange(parts[0], parts[1])[1] and
            parts[3] < 24 and parts[4] < 60 and parts[5] < 60):
        raise der.Bad("time that does not exist")
    return calendar.timegm(tuple(parts))


def common_name(name):
    found = []
    for relative in name.children():
        for pair in relative.expect(der.SET).children():
            kind, value = pair.expect(der.SEQUENCE).children()
            if der.dotted(kind) == "2.5.4.3":
                found.append(value.contents.decode("utf-8", "replace"))
    return found[0] if len(found) == 1 else ""


def read_extensions(element):
    found = {}
    for item in element.children()[0].expect(der.SEQUENCE).children():
        parts = item.expect(der.SEQUENCE).children()
        if len(parts) not in (2, 3):
            raise der.Bad("extension")
        name, critical = der.dotted(parts[0]), False
        if len(parts) == 3:
            critical = der.boolean(parts[1])
            if not critical:
                raise der.Bad("default written out")
        if name in found:
            raise der.Bad("extension twice")
        found[name] = (critical, parts[-1].expect(der.OCTET_STRING).contents)
    return found


class Signed:
    """SEQUENCE { to be signed, algorithm, signature }."""

    def __init__(self, data):
        self.der = data
        body, algorithm, signature = der.whole(data, der.SEQUENCE).children()
        self.body = body.expect(der.SEQUENCE)
        self.outer_algorithm = algorithm.encoding
        self.check = signatures.algorithm(algorithm)
        self.signature = der.bits(signature)

    def signed_by(self, issuer):
        return self.check is not None and self.check(issuer.key, self.body.encoding, self.signature)


class Certificate(Signed):
    def __init__(self, data):
        super().__init__(data)
        parts = self.body.children()
        if parts[0].tag != 0xA0 or der.unsigned(parts[0].children()[0]) != 2:
            raise der.Bad("not version 3")
        self.serial = der.unsigned(parts[1])
        if parts[2].encoding != self.outer_algorithm:
            raise der.Bad("two signature algorithms")
        self.issuer, self.subject = parts[3].expect(der.SEQUENCE).encoding, parts[5].expect(der.SEQUENCE).encoding
        self.name, self.issuer_name = common_name(parts[5]), common_name(parts[3])
        start, end = parts[4].expect(der.SEQUENCE).children()
        self.not_before, self.not_after = time_of(start), time_of(end)
        self.key_info = parts[6].encoding
        rest = [part for part in parts[7:] if part.tag == 0xA3]
        self.extensions = read_extensions(rest[0]) if rest else {}
        self.ca, self.path_length = self._basic_constraints()
        usage = self.extensions.get("2.5.29.15")
        self.usage = der.whole(usage[1], der.BIT_STRING).contents[1] if usage else None

    def _basic_constraints(self):
        if "2.5.29.19" not in self.extensions:
            return False, None
        parts = der.whole(self.extensions["2.5.29.19"][1], der.SEQUENCE).children()
        ca = bool(parts) and parts[0].tag == der.BOOLEAN and der.boolean(parts[0])
        return ca, der.unsigned(parts[-1]) if parts and parts[-1].tag == der.INTEGER else None

    @functools.cached_property
    def key(self):
        try:
            return signatures.subject_key(self.key_info)
        except (der.Bad, ValueError):
            return None

    def may(self, usage):
        return self.usage is None or bool(self.usage & usage)

    def unknown_critical(self):
        return [name for name, (critical, _) in self.extensions.items() if critical and name not in UNDERSTOOD]


class RevocationList(Signed):
    def __init__(self, data):
        super().__init__(data)
        parts = self.body.children()
        if parts and parts[0].tag == der.INTEGER:
            if der.unsigned(parts.pop(0)) != 1:
                raise der.Bad("not version 2")
        if parts[0].encoding != self.outer_algorithm:
            raise der.Bad("two signature algorithms")
        self.issuer, self.issuer_name = parts[1].encoding, common_name(parts[1])
        self.this_update, self.next_update = time_of(parts[2]), time_of(parts[3])
        self.serials = set()
        for part in parts[4:]:
            if part.tag == der.SEQUENCE:
                self.serials |= {der.unsigned(entry.children()[0]) for entry in part.children()}
            elif part.tag == 0xA0:
                for name, (critical, _) in read_extensions(part).items():
                    if critical:
                        raise der.Bad("critical extension " + name)


@functools.lru_cache(maxsize=4096)
def certificate(data):
    """None for what is no certificate."""
    try:
        return Certificate(data)
    except (der.Bad, ValueError, IndexError):
        return None


@functools.lru_cache(maxsize=4096)
def revocation_list(data):
    try:
        return RevocationList(data)
    except (der.Bad, ValueError, IndexError):
        return None


@functools.lru_cache(maxsize=65536)
def signed_by(thing, issuer):
    return thing.signed_by(issuer)


def build_path(leaf, candidates, roots, now):
    """From leaf to a trusted root. Of several failures the one of the path that came furthest is told."""
    trusted = {root.der for root in roots}
    best = ["untrusted", f"no issuer of \"{leaf.name}\" is known"]
    expired = []

    def note(status, why):
        if best[0] == "untrusted" and status == "forged":
            best[:] = [status, why]
        elif best[1].startswith("no issuer"):
            best[:] = [status, why]

    def extend(path):
        last = path[-1]
        if last.unknown_critical():
            return note("untrusted", f"unknown critical extension in \"{last.name}\"")
        if last.der in trusted:  # by its identity: its own signature proves nothing (RFC 5280, 6.1)
            return path
        if last.issuer == last.subject:
            return note("untrusted", f"root \"{last.name}\" is not trusted")
        for issuer in candidates:
            if issuer.subject != last.issuer or issuer in path:
                continue
            below = len(path) - 1
            if not issuer.ca or not issuer.may(KEY_CERT_SIGN) or \
                    (issuer.path_length is not None and issuer.path_length < below):
                note("untrusted", f"\"{issuer.name}\" may not issue \"{last.name}\"")
                continue
            if not signed_by(last, issuer):
                note("forged", f"\"{issuer.name}\" did not sign \"{last.name}\"")
                continue
            found = extend(path + [issuer])
            if found is None:
                continue
            late = [c.name for c in found if not c.not_before <= now <= c.not_after]
            if not late:
                return found
            expired.append((found, late))
        return None

    found = extend([leaf])
    if found is not None and len(found) == 1 and not leaf.not_before <= now <= leaf.not_after:
        expired.append((found, [leaf.name]))
        found = None
    if found is not None:
        return found, None
    if expired:
        return expired[0][0], ("expired-collateral", f"out of time: {expired[0][1]}")
    return None, tuple(best)


def check_revocation(subject, issuer, lists, now, required=True):
    own = [one for one in lists if one.issuer == issuer.subject]
    good = [one for one in own if issuer.may(CRL_SIGN) and signed_by(one, issuer)]
    for one in good:
        if one.this_update <= now and subject.serial in one.serials:
            raise Refused("revoked", f"\"{subject.name}\" is revoked")
    if any(one.this_update <= now <= one.next_update for one in good):
        return
    if own and not good:
        raise Refused("wrong-collateral", f"revocation list of \"{issuer.name}\" was not signed by it")
    if not required:
        return
    if good:
        raise Refused("expired-collateral", f"revocation list of \"{issuer.name}\" is out of its time")
    raise Refused("wrong-collateral", f"no revocation list of \"{issuer.name}\"")
