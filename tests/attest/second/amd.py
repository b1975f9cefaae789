"""SEV-SNP reports and AMD's certificates (AMD 56860, 57230)."""

import struct

import der
import signatures
import x509
from verdict import Refused

REPORT, SIGNED = 0x4A0, 0x2A0
VEK_ARC = "1.3.6.1.4.1.3704.1"
POLICY_KNOWN = (1 << 26) - 1


class Report:
    def __init__(self, data):
        if len(data) < REPORT or any(data[REPORT:]):
            raise Refused("malformed", "size")
        data = data[:REPORT]
        number = lambda at, size: int.from_bytes(data[at:at + size], "little")
        self.data = data
        self.version, self.guest_svn, self.policy = number(0, 4), number(4, 4), number(8, 8)
        if self.version < 2:
            raise Refused("malformed", "no SNP report")
        if self.version not in (2, 3, 5):
            raise Refused("unsupported", f"version {self.version}")
        self.vmpl, self.algorithm = number(0x30, 4), number(0x34, 4)
        self.platform_info, self.flags = number(0x40, 8), number(0x48, 4)
        self.signing_key = self.flags >> 2 & 7
        self.report_data, self.measurement = data[0x50:0x90], data[0x90:0xC0]
        self.report_id_ma = data[0x160:0x180]
        self.current, self.reported = data[0x38:0x40], data[0x180:0x188]
        self.family, self.model, self.stepping = data[0x188:0x18B]
        self.chip_id = data[0x1A0:0x1E0]
        self.committed, self.launch = data[0x1E0:0x1E8], data[0x1F0:0x1F8]
        self.r, self.s = data[0x2A0:0x2E8], data[0x2E8:0x330]

    def reserved(self):
        """Bytes that must be zero in this version."""
        data = self.data
        parts = [data[0x4C:0x50], data[0x18B:0x1A0], data[0x1EB:0x1EC], data[0x1EF:0x1F0], data[0x208:0x2A0], data[0x330:]]
        if self.version == 2:
            parts.append(data[0x188:0x18B])
        if self.version < 5:
            parts.append(data[0x1F8:0x208])
        return parts

    def product(self):
        """By CPUID, from version 3 on."""
        if self.version == 2:
            return None
        if self.family == 0x19:
            if self.model < 0x10:
                return "Milan"
            if self.model < 0x20 or 0xA0 <= self.model < 0xB0:
                return "Genoa"
        if self.family == 0x1A and self.model < 0x20:
            return "Turin"
        return "unknown"


class Vek:
    """What a VCEK or VLEK certificate says of its processor."""

    def __init__(self, certificate):
        raw = {name[len(VEK_ARC):]: value for name, (_, value) in certificate.extensions.items() if name.startswith(VEK_ARC)}
        self.product_name = der.whole(raw[".2"], der.IA5).contents.decode("ascii")
        self.product = self.product_name.split("-")[0]
        if der.unsigned(der.whole(raw[".1"], der.INTEGER)) > 1:
            raise der.Bad("structure version")
        self.levels = {name: der.unsigned(der.whole(value, der.INTEGER)) for name, value in raw.items() if name.startswith(".3.")}
        if any(level > 255 for level in self.levels.values()):
            raise der.Bad("level")
        self.hardware_id = raw.get(".4")
        self.csp_id = raw.get(".5")
        if self.product not in ("Milan", "Genoa", "Turin") or (self.hardware_id is None) == (not self.csp_id):
            raise der.Bad("product, or not one of hardware ID and provider")
        if self.hardware_id is not None and len(self.hardware_id) != (8 if self.product == "Turin" else 64):
            raise der.Bad("hardware ID")
        self.encoded_tcb = self.tcb()
        self.reserved = (4, 5, 6) if self.product == "Turin" else (2, 3, 4, 5)

    def tcb(self):
        """Spare levels (.3.4 to .3.7) stand for bytes that are reserved; Turin has one fewer."""
        get = lambda number: self.levels[f".3.{number}"]
        spare = [self.levels.get(f".3.{number}", 0) for number in (4, 5, 6, 7)]
        if self.product == "Turin":
            return bytes([get(9), get(1), get(2), get(3), *spare[1:], get(8)])
        return bytes([get(1), get(2), *spare, get(3), get(8)])


class ReportVerifier:
    def __init__(self, case, outcome):
        self.case, self.outcome, self.now = case, outcome, case["now"]
        parsed = (x509.certificate(bytes.fromhex(text)) for text in case["certificates"])
        self.candidates = [one for one in parsed if one]
        self.roots = [x509.certificate(bytes.fromhex(text)) for text in case["roots"]]
        lists = (x509.revocation_list(bytes.fromhex(text)) for text in case["revocation_lists"])
        self.lists = [one for one in lists if one]

    def run(self, report):
        self.fields(report)
        vek = self.outcome.attempt(self.find_vek, report)
        if vek is None:
            return
        vlek = vek.name == "SEV-VLEK"
        path, failure = x509.build_path(vek, self.candidates + self.roots, self.roots, self.now)
        if failure:
            self.outcome.fail(*failure)
        if vek.name not in ("SEV-VCEK", "SEV-VLEK") or vlek != (report.signing_key == 1):
            return  # told by find_vek
        try:
            facts = Vek(vek)
        except (der.Bad, KeyError, ValueError, IndexError):
            self.outcome.fail("wrong-collateral", "VEK extensions")
            if vlek == (VEK_ARC + ".5" in vek.extensions):  # a key of the report's kind: its signature hangs on the key alone
                self.signature(report, vek)
            return
        if report.product() == "unknown":
            self.outcome.fail("unsupported", "report of an unknown processor")
        if path:
            self.outcome.attempt(self.names, path, vlek, report, facts)
            required = self.case["policy"]["require_revocation"]
            for subject, issuer in zip(path[1:], path[2:]):
                self.outcome.attempt(x509.check_revocation, subject, issuer, self.lists, self.now, required)
        if self.signature(report, vek):
            self.binding(report, facts, vlek)
        self.minimum(report, facts)

    def minimum(self, report, facts):
        """AMD rates no TCB: only a policy's minimum makes one up to date or out of date."""
        wanted = self.case["policy"]["minimum_tcb"]
        places = {"bootloader": 1, "tee": 2, "snp": 3, "microcode": 7} if facts.product == "Turin" else \
            {"bootloader": 0, "tee": 1, "snp": 6, "microcode": 7}
        if not wanted:
            return
        if all(report.reported[places[name]] >= value for name, value in wanted.items()):
            self.outcome.tcb_status = "UpToDate"
        else:
            self.outcome.tcb_status = "OutOfDate"
            self.outcome.fail("out-of-policy", "reported TCB below the policy's minimum")

    def fields(self, report):
        fail = self.outcome.fail
        if any(any(part) for part in report.reserved()):
            fail("malformed", "reserved bytes")
        if report.policy & ~POLICY_KNOWN or not report.policy >> 17 & 1:
            fail("unsupported", "policy")
        if report.platform_info >> 8:
            fail("unsupported", "platform information")
        if report.flags >> 5:
            fail("unsupported", "flags")
        if report.vmpl > 3 and report.vmpl != 0xFFFFFFFF:
            fail("unsupported", "VMPL")
        if report.algorithm != 1:
            fail("unsupported", "signature algorithm")
        if report.signing_key not in (0, 1):
            fail("unsupported", "signing key")

    def find_vek(self, report):
        wanted = "SEV-VLEK" if report.signing_key == 1 else "SEV-VCEK"
        for one in self.candidates:
            if one.name == wanted:
                return one
        for one in self.candidates:
            if VEK_ARC + ".2" in one.extensions:
                self.outcome.fail("wrong-collateral", f"\"{one.name}\" is no {wanted}")
                return one
        raise Refused("wrong-collateral", f"no {wanted} certificate")

    def names(self, path, vlek, report, facts):
        if len(path) != 3:
            raise Refused("untrusted", "the path is not VEK, ASK, ARK")
        prefix = "SEV-VLEK-" if vlek else "SEV-"
        ask, ark = path[1].name, path[2].name
        if not ask.startswith(prefix) or (not vlek and ask.startswith("SEV-VLEK-")) or not ark.startswith("ARK-"):
            raise Refused("untrusted", "names")
        product = ask[len(prefix):]
        if ark != "ARK-" + product or product not in ("Milan", "Genoa", "Turin"):
            raise Refused("untrusted", "names of two products")
        if facts.product != product:
            raise Refused("untrusted", "VEK of another product")
        if report.product() not in (None, product):
            raise Refused("wrong-collateral", "report of another product")

    def signature(self, report, vek):
        if any(report.r[48:]) or any(report.s[48:]):
            self.outcome.fail("forged", "signature longer than P-384's")
            return False
        r, s = int.from_bytes(report.r[:48], "little"), int.from_bytes(report.s[:48], "little")
        key = vek.key
        if key is None or key[0] != "p384":
            self.outcome.fail("forged", "VEK key is not on P-384")
        elif not signatures.ecdsa(key, "sha384", report.data[:SIGNED], r, s):
            self.outcome.fail("forged", "report signature")
        else:
            return True
        return False

    def binding(self, report, facts, vlek):
        """The certificate is this chip's, at these versions."""
        fail = self.outcome.fail
        if vlek != (facts.hardware_id is None):
            return fail("wrong-collateral", "extensions of the other kind of key")
        if not vlek and any(report.chip_id) and report.chip_id != facts.hardware_id.ljust(64, b"\0"):
            return fail("wrong-collateral", "chip ID is not the certificate's")
        versions = (report.current, report.reported, report.committed, report.launch)
        if any(tcb[at] for tcb in versions for at in facts.reserved):
            fail("malformed", "reserved bytes of a TCB version")
        if facts.encoded_tcb != report.reported:
            fail("wrong-collateral", "reported TCB is not the certificate's")
        return None
