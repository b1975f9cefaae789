"""SGX and TDX quotes and Intel's collateral (Intel DCAP quote format, PCS API, TDX and SGX verification rules)."""

import base64
import calendar
import hashlib
import re
import struct

import der
import signatures
import strict_json
import x509
from verdict import Refused

SGX_BODY, TD_BODY_1_0, TD_BODY_1_5 = 384, 584, 648
INTEL_QE_VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
SGX_EXTENSION = "1.2.840.113741.1.13.1"
STATUSES = {"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded", "OutOfDate",
            "OutOfDateConfigurationNeeded", "Revoked"}
TCB_INFO_BOUNDS = {"sgx": 255, "tdx": 255, "pce": 65535}


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Refused("malformed", "the quote is cut off")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def rest(self):
        return self.data[self.at:]


class SgxBody:
    def __init__(self, data):
        self.raw = data
        self.misc_select, = struct.unpack_from("<I", data, 0x10)
        self.attributes, self.xfrm = struct.unpack_from("<QQ", data, 0x30)
        self.attribute_bytes = data[0x30:0x40]
        self.mr_enclave, self.mr_signer = data[0x40:0x60], data[0x80:0xA0]
        self.product, self.svn = struct.unpack_from("<HH", data, 0x100)
        self.report_data = data[0x140:0x180]


class TdBody:
    def __init__(self, data):
        self.tcb, self.mr_signer_seam = data[0:16], data[64:112]
        self.seam_attributes, self.attributes, self.xfam = struct.unpack_from("<QQQ", data, 112)
        self.report_data = data[520:584]
        self.later = len(data) == TD_BODY_1_5
        self.tcb_2 = data[584:600] if self.later else None
        self.service_td = data[600:648] if self.later else bytes(48)


class Quote:
    def __init__(self, data):
        cursor = Cursor(data)
        self.version = cursor.number(2)
        if self.version not in (3, 4, 5):
            raise Refused("malformed", f"version {self.version}")
        self.key_type, tee = cursor.number(2), cursor.number(4)
        if self.key_type != 2:
            raise Refused("malformed", "attestation key type")
        if tee not in ((0,) if self.version == 3 else (0, 0x81)):
            raise Refused("malformed", "TEE type")
        self.tdx = tee == 0x81
        cursor.take(4)
        self.vendor = cursor.take(16)
        cursor.take(20)
        size = TD_BODY_1_0 if self.tdx else SGX_BODY
        if self.version == 5:
            kind, size = cursor.number(2), cursor.number(4)
            sizes = {1: SGX_BODY, 2: TD_BODY_1_0, 3: TD_BODY_1_5}
            if size != sizes.get(kind) or self.tdx != (kind != 1):
                raise Refused("malformed", "body size or type")
        body = cursor.take(size)
        self.body = TdBody(body) if self.tdx else SgxBody(body)
        self.signed = data[:cursor.at]
        signature = Cursor(cursor.take(cursor.number(4)))
        self.trailing = cursor.rest()
        self.signature, self.key = signature.take(64), signature.take(64)
        if self.version > 3:
            if signature.number(2) != 6:
                raise Refused("malformed", "outer certification data")
            inner = Cursor(signature.take(signature.number(4)))
            if signature.rest():
                raise Refused("malformed", "bytes behind the certification data")
            signature = inner
        self.qe_raw = signature.take(SGX_BODY)
        self.qe = SgxBody(self.qe_raw)
        self.qe_signature = signature.take(64)
        self.auth = signature.take(signature.number(2))
        self.cert_type = signature.number(2)
        self.cert_data = signature.take(signature.number(4))
        if signature.rest():
            raise Refused("malformed", "bytes behind the certificates")
        if self.cert_type not in (1, 2, 3, 4, 5):
            raise Refused("malformed", "certification data type")


def pem_certificates(data):
    text = data.rstrip(b"\x00").decode("latin-1")
    found = []
    if text.count("-----BEGIN ") != len(re.findall(r"-----BEGIN ([^-]*)-----.*?-----END \1-----", text, re.S)):
        raise Refused("malformed", "a PEM block that is not closed")
    for block in re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.S):
        try:
            found.append(base64.b64decode(block.replace("\r", "").replace("\n", ""), validate=True))
        except ValueError as error:
            raise Refused("malformed", "PEM in the quote") from error
    return found


class PckExtension:
    """ASN.1 of Intel's PCK certificate specification."""

    def __init__(self, value):
        items = self._members(der.whole(value, der.SEQUENCE))
        prefix = SGX_EXTENSION
        tcb = self._members(items[prefix + ".2"].expect(der.SEQUENCE))
        self.components = [der.unsigned(tcb[f"{prefix}.2.{i}"]) for i in range(1, 17)]
        self.pce_svn = der.unsigned(tcb[prefix + ".2.17"])
        self.cpu_svn = tcb[prefix + ".2.18"].expect(der.OCTET_STRING).contents
        self.ppid = items[prefix + ".1"].expect(der.OCTET_STRING).contents
        self.pce_id = items[prefix + ".3"].expect(der.OCTET_STRING).contents
        self.fmspc = items[prefix + ".4"].expect(der.OCTET_STRING).contents
        self.sgx_type = der.unsigned(items[prefix + ".5"], der.ENUMERATED)
        if len(self.pce_id) != 2 or len(self.fmspc) != 6 or len(self.cpu_svn) != 16 or len(self.ppid) != 16:
            raise der.Bad("sizes")
        if prefix + ".6" in items and len(items[prefix + ".6"].expect(der.OCTET_STRING).contents) != 16:
            raise der.Bad("platform instance")
        if prefix + ".7" in items:
            for name, value in self._members(items[prefix + ".7"].expect(der.SEQUENCE)).items():
                if not name.startswith(prefix + ".7."):
                    raise der.Bad("configuration")
                der.boolean(value)
        if not set(items) <= {f"{prefix}.{number}" for number in range(1, 8)}:
            raise der.Bad("unknown member")
        if max(self.components) > 255 or self.pce_svn > 65535 or self.sgx_type > 2:
            raise der.Bad("ranges")

    @staticmethod
    def _members(sequence):
        found = {}
        for item in sequence.children():
            name, value = item.expect(der.SEQUENCE).children()
            if der.dotted(name) in found:
                raise der.Bad("member twice")
            found[der.dotted(name)] = value
        return found


def pck_extension(certificate):
    try:
        return PckExtension(certificate.extensions[SGX_EXTENSION][1])
    except (der.Bad, KeyError, ValueError, IndexError):
        return None


def moment(text):
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?Z", text)
    if not match:
        raise strict_json.Bad("time")
    y, m, d, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not (1 <= m <= 12 and 1 <= d <= calendar.monthrange(y, m)[1] and hour < 24 and minute < 60 and second < 60):
        raise strict_json.Bad("time that does not exist")
    return calendar.timegm((y, m, d, hour, minute, second))


def hexed(document, key, size):
    text = document[key]
    if not isinstance(text, str) or not re.fullmatch(f"[0-9a-fA-F]{{{2 * size}}}", text):
        raise strict_json.Bad(key)
    return bytes.fromhex(text)


def whole_number(document, key, limit):
    value = document[key]
    if type(value) is not int or not 0 <= value <= limit:
        raise strict_json.Bad(key)
    return value


class Document:
    """{"<member>": {...}, "signature": "..."}, parsed; its signature is checked apart."""

    def __init__(self, data, member):
        outer, spans = strict_json.parse(data)
        self.body, self.signed = outer[member], spans[member]
        self.signature = hexed(outer, "signature", 64)
        self.version = whole_number(self.body, "version", 1 << 31)
        self.issue_date, self.next_update = moment(self.body["issueDate"]), moment(self.body["nextUpdate"])
        whole_number(self.body, "tcbEvaluationDataNumber", 1 << 62)


def level_tail(level):
    status = level["tcbStatus"]
    if not isinstance(status, str):
        raise strict_json.Bad("status")
    moment(level["tcbDate"])
    advisories = level.get("advisoryIDs", [])
    if not isinstance(advisories, list) or not all(isinstance(name, str) for name in advisories):
        raise strict_json.Bad("advisories")
    return status, set(advisories)


def isv_levels(document):
    levels = [(whole_number(level["tcb"], "isvsvn", 65535), *level_tail(level)) for level in document["tcbLevels"]]
    return sorted(levels, key=lambda level: -level[0])


class TcbInfo(Document):
    def __init__(self, data):
        super().__init__(data, "tcbInfo")
        body = self.body
        if self.version not in (2, 3):
            raise Refused("wrong-collateral", f"TCB info version {self.version}")
        self.id = body["id"] if self.version == 3 else "SGX"
        self.fmspc, self.pce_id = hexed(body, "fmspc", 6), hexed(body, "pceId", 2)
        self.tcb_type = whole_number(body, "tcbType", 1 << 31)
        self.tdx = self.id == "TDX"
        self.levels = [self._level(level) for level in body["tcbLevels"]]
        self.levels.sort(key=lambda level: level[:3], reverse=True)
        if not self.levels:
            raise strict_json.Bad("no levels")
        if self.tdx:
            self.module = self._module(body["tdxModule"])
            self.modules = {}
            for identity in body.get("tdxModuleIdentities", []):
                self.modules[identity["id"].upper()] = (*self._module(identity), isv_levels(identity))

    @staticmethod
    def _module(document):
        return hexed(document, "mrsigner", 48), hexed(document, "attributes", 8), hexed(document, "attributesMask", 8)

    def _level(self, level):
        tcb = level["tcb"]
        if self.version == 2:
            sgx = [whole_number(tcb, f"sgxtcbcomp{i:02}svn", 255) for i in range(1, 17)]
        else:
            sgx = [whole_number(part, "svn", 255) for part in tcb["sgxtcbcomponents"]]
        tdx = [whole_number(part, "svn", 255) for part in tcb["tdxtcbcomponents"]] if self.tdx else [0] * 16
        if len(sgx) != 16 or len(tdx) != 16:
            raise strict_json.Bad("sixteen components")
        return (sgx, tdx, whole_number(tcb, "pcesvn", 65535), *level_tail(level))


class Identity(Document):
    def __init__(self, data):
        super().__init__(data, "enclaveIdentity")
        body = self.body
        if self.version != 2:
            raise Refused("wrong-collateral", f"enclave identity version {self.version}")
        self.id = body["id"]
        self.misc, self.misc_mask = hexed(body, "miscselect", 4), hexed(body, "miscselectMask", 4)
        self.attributes, self.attributes_mask = hexed(body, "attributes", 16), hexed(body, "attributesMask", 16)
        self.mr_signer, self.product = hexed(body, "mrsigner", 32), whole_number(body, "isvprodid", 65535)
        self.levels = isv_levels(body)


def masked(value, mask):
    return bytes(a & b for a, b in zip(value, mask))


def known(status):
    """A rating that Intel has not defined is no rating."""
    if status not in STATUSES and status != "TCBNotSupported":
        raise Refused("unsupported", f"status {status}")
    return status


PARTS = {"UpToDate": "", "SWHardeningNeeded": "s", "ConfigurationNeeded": "c", "ConfigurationAndSWHardeningNeeded": "cs",
         "OutOfDate": "o", "OutOfDateConfigurationNeeded": "co", "TDRelaunchAdvised": "r",
         "TDRelaunchAdvisedConfigurationNeeded": "cr"}


def converge(level, part):
    """What either lacks, the whole lacks; hardening by software is not asked of what is out of date. A revoked part revokes
    all. Intel's rules name only OutOfDate and Revoked for parts; any other rating of a part must not get lost."""
    if "Revoked" in (level, part):
        return "Revoked"
    lacks = set(PARTS[level]) | set(PARTS[part])
    if "o" in lacks:
        lacks -= {"s", "r"}
    if "r" in lacks:
        lacks.discard("s")
    return next(status for status, letters in PARTS.items() if set(letters) == lacks)


class QuoteVerifier:
    def __init__(self, case, outcome):
        self.case, self.outcome = case, outcome
        self.now = case["now"]
        parsed = (x509.certificate(bytes.fromhex(text)) for text in case["certificates"])
        self.candidates = [one for one in parsed if one]
        self.roots = [x509.certificate(bytes.fromhex(text)) for text in case["roots"]]
        lists = (x509.revocation_list(bytes.fromhex(text)) for text in case["revocation_lists"])
        self.lists = [one for one in lists if one]
        self.required = case["policy"]["require_revocation"]

    def run(self, quote):
        attempt = self.outcome.attempt
        if any(quote.trailing):
            self.outcome.fail("malformed", "bytes behind the quote")
        if quote.vendor != INTEL_QE_VENDOR:
            self.outcome.fail("unsupported", "QE vendor")
        leaf = attempt(self.find_pck, quote)
        path = attempt(self.pck_path, leaf) if leaf else None
        if path:
            attempt(self.revocation, path)
        info = attempt(self.find_document, TcbInfo, "tcb_infos", quote)
        identity = attempt(self.find_document, Identity, "identities", quote)
        extension = pck_extension(leaf) if leaf else None
        if info and extension and attempt(self.same_platform, info, extension) is None:
            info = None
        # What nobody vouches for rates nothing.
        info_trusted, identity_trusted = (self.trusted(document) for document in (info, identity))
        self.signatures(quote, leaf)
        qe_level = attempt(self.quoting_enclave, quote, identity) if identity else None
        if info_trusted and extension:
            attempt(self.tcb, quote, info, extension, qe_level if identity_trusted else None)

    def trusted(self, document):
        if document is None:
            return False
        self.outcome.attempt(self.in_window, document)
        return self.outcome.attempt(self.signed_by_intel, document) is True

    def find_pck(self, quote):
        if quote.cert_type == 5 or quote.cert_type == 4:
            inside = [x509.certificate(data) for data in pem_certificates(quote.cert_data)]
            if None in inside:
                raise Refused("malformed", "a certificate in the quote is none")
            self.candidates = inside + self.candidates
            leaves = [one for one in inside if SGX_EXTENSION in one.extensions and not one.ca]
        else:
            size = {1: 16, 2: 256, 3: 384}[quote.cert_type]
            if len(quote.cert_data) != size + 20:
                raise Refused("malformed", "PPID data")
            ppid, rest = quote.cert_data[:size], quote.cert_data[size:]
            leaves = []
            for one in self.candidates:
                extension = pck_extension(one)
                if extension and extension.cpu_svn == rest[:16] and extension.pce_id == rest[18:20][::-1] and \
                        extension.pce_svn == int.from_bytes(rest[16:18], "little") and \
                        (quote.cert_type != 1 or extension.ppid == ppid):
                    leaves.append(one)
            if not leaves:
                raise Refused("wrong-collateral", "no PCK certificate of this platform")
        if not leaves:
            raise Refused("malformed", "no PCK certificate")
        return leaves[0]

    def pck_path(self, leaf):
        if "SGX PCK Certificate" not in leaf.name:
            self.outcome.fail("untrusted", "not named as a PCK certificate")
        if pck_extension(leaf) is None:
            raise Refused("malformed", "PCK extension")
        path, failure = x509.build_path(leaf, self.candidates + self.roots, self.roots, self.now)
        if failure:
            self.outcome.fail(*failure)
        return path

    def revocation(self, path):
        for subject, issuer in zip(path, path[1:]):
            self.outcome.attempt(x509.check_revocation, subject, issuer, self.lists, self.now, self.required)

    def find_document(self, kind, key, quote):
        why = "none given"
        for text in self.case[key]:
            try:
                document = kind(bytes.fromhex(text))
            except (strict_json.Bad, KeyError, TypeError, AttributeError, ValueError) as error:
                why = f"damaged: {error}"
                continue
            if kind is TcbInfo and (document.id != ("TDX" if quote.tdx else "SGX") or document.tcb_type != 0):
                why = "for another technology"
                continue
            if kind is Identity and document.id != ("TD_QE" if quote.tdx else "QE"):
                why = "of another enclave"
                continue
            return document
        raise Refused("wrong-collateral", f"{key}: {why}")

    def signed_by_intel(self, document):
        worst = None
        for one in self.candidates:
            if one.name != "Intel SGX TCB Signing":
                continue
            signed = signatures.ecdsa_raw(one.key, "sha256", document.signed, document.signature)
            if not signed:
                continue
            path, failure = x509.build_path(one, self.candidates + self.roots, self.roots, self.now)
            if failure:
                worst = failure
            if path:
                self.revocation(path)
                if failure:
                    self.outcome.fail(*failure)
                return True
        if worst:
            raise Refused(*worst)
        named = any(one.name == "Intel SGX TCB Signing" for one in self.candidates)
        raise Refused("forged" if named else "wrong-collateral", "not signed by Intel's TCB signing key")

    def in_window(self, document):
        if not document.issue_date <= self.now <= document.next_update:
            raise Refused("expired-collateral", "collateral is out of its time")

    def same_platform(self, info, extension):
        if info.fmspc != extension.fmspc or info.pce_id != extension.pce_id:
            raise Refused("wrong-collateral", "TCB info of another platform")
        return True

    def signatures(self, quote, leaf):
        fail = self.outcome.fail
        if leaf and not signatures.ecdsa_raw(leaf.key, "sha256", quote.qe_raw, quote.qe_signature):
            fail("forged", "QE report signature")
        binding = hashlib.sha256(quote.key + quote.auth).digest() + bytes(32)
        if quote.qe.report_data != binding:
            fail("forged", "QE report does not bind the attestation key")
        key = signatures.curve_key("p256", quote.key)
        if not signatures.ecdsa_raw(key, "sha256", quote.signed, quote.signature):
            fail("forged", "quote signature")

    def quoting_enclave(self, quote, identity):
        qe = quote.qe
        little = struct.pack("<I", qe.misc_select)
        if masked(little, identity.misc_mask) != identity.misc or \
                masked(qe.attribute_bytes, identity.attributes_mask) != identity.attributes or \
                qe.mr_signer != identity.mr_signer or qe.product != identity.product:
            raise Refused("untrusted", "the quoting enclave is not Intel's")
        for svn, status, advisories in identity.levels:
            if svn <= qe.svn:
                return status, advisories
        return "TCBNotSupported", set()

    def tcb(self, quote, info, extension, qe_level):
        def platform_reaches(level):
            return all(a >= b for a, b in zip(extension.components, level[0])) and extension.pce_svn >= level[2]

        matching = [level for level in info.levels if platform_reaches(level)]
        if quote.tdx:
            body = quote.body
            first = 2 if body.tcb[1] > 0 else 0
            matching = [level for level in matching
                        if all(a >= b for a, b in zip(body.tcb[first:], level[1][first:]))]
            module_status, module_advisories = self.module(body, info)
        status, advisories = (known(matching[0][3]), matching[0][4]) if matching else ("TCBNotSupported", set())
        if quote.tdx and matching:
            advisories = advisories | module_advisories
            status = self.with_module(quote, info, status, module_status)
        if status == "Revoked":
            self.outcome.tcb_status = status
        if qe_level is None:
            return  # refused for that already
        if "TCBNotSupported" in (status, qe_level[0]):
            status = "TCBNotSupported"
        else:
            status = converge(status, known(qe_level[0]))
        self.outcome.tcb_status = status
        self.outcome.advisories = advisories | qe_level[1]

    def module(self, body, info):
        version = body.tcb[1]
        mr_signer, attributes, mask = info.module
        levels = None
        if version > 0:
            identity = info.modules.get(f"TDX_{version:02X}")
            if identity is None:
                raise Refused("wrong-collateral", "no identity of this TDX module")
            mr_signer, attributes, mask, levels = identity
        if body.mr_signer_seam != mr_signer or masked(struct.pack("<Q", body.seam_attributes), mask) != attributes:
            raise Refused("untrusted", "the TDX module is not Intel's")
        if levels is None:
            return "UpToDate", set()
        for svn, status, advisories in levels:
            if svn <= body.tcb[0]:
                return known(status), advisories
        return "TCBNotSupported", set()

    def with_module(self, quote, info, status, module_status):
        if module_status == "TCBNotSupported":
            return module_status
        merged = converge(status, module_status)
        if module_status == "OutOfDate" and quote.body.later and merged in ("OutOfDate", "OutOfDateConfigurationNeeded") \
                and status not in ("OutOfDate", "OutOfDateConfigurationNeeded") and self.updated_since(quote.body, info):
            return "TDRelaunchAdvised" if merged == "OutOfDate" else "TDRelaunchAdvisedConfigurationNeeded"
        return merged

    @staticmethod
    def updated_since(body, info):
        """TEE_TCB_SVN_2, what the platform has now, reaches the newest that the collateral knows."""
        now, newest = body.tcb_2, info.levels[0]
        if now[1] == 0:
            return all(a >= b for a, b in zip(now, newest[1]))
        identity = info.modules.get(f"TDX_{now[1]:02X}")
        return identity is not None and bool(identity[3]) and now[0] >= identity[3][0][0] and \
            all(a >= b for a, b in zip(now[2:], newest[1][2:]))
