#!/usr/bin/env python3
"""litebox-measure and litebox-attest simulate as a user meets them: what they write, what is refused, with which exit code."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

MEASURE, ATTEST = os.environ["MEASURE"], os.environ["ATTEST"]


def run(*arguments):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, check=False)


def elf(contents):
    """One executable segment at 0x1000."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    for value, size in ((2, 2), (62, 2), (1, 4), (0x1000, 8), (64, 8), (0, 8), (0, 4), (64, 2), (56, 2), (1, 2), (0, 6)):
        header += value.to_bytes(size, "little")
    for value, size in ((1, 4), (5, 4), (120, 8), (0x1000, 8), (0x1000, 8), (len(contents), 8), (len(contents), 8), (4096, 8)):
        header += value.to_bytes(size, "little")
    return header + contents


class MeasureAndSimulate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.here = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def test_simulated_evidence_is_accepted_with_its_root_and_refused_without(self):
        for kind, more in (("sgx", []), ("tdx", ["--version", "5", "--body-1.5"]), ("snp", ["--product", "turin", "--version", "5"])):
            made = self.here / kind
            self.assertEqual(run(ATTEST, "simulate", kind, "--out", made, *more).returncode, 0)
            policy = self.here / "policy.toml"
            policy.write_text("require_identity = false\n")
            verify = [ATTEST, "verify", made / "evidence.bin", "--collateral", made / "collateral", "--policy", policy]
            self.assertNotEqual(run(*verify).returncode, 0, kind)
            accepted = run(*verify, "--root", made / "root.der")
            self.assertEqual(accepted.returncode, 0, accepted.stdout + accepted.stderr)

    def test_an_enclave_is_measured_signed_and_checked(self):
        (self.here / "enclave.elf").write_bytes(elf(b"\x90" * 4096))
        key, signed = self.here / "key.pem", self.here / "enclave.sig"
        subprocess.run(["openssl", "genrsa", "-3", "-out", key, "3072"], check=True, capture_output=True)
        made = run(MEASURE, "sgx", "--image", self.here / "enclave.elf", "--key", key, "--svn", "3", "--date", "20260601",
                   "--sigstruct", signed, "--sgxs", self.here / "enclave.sgxs")
        self.assertEqual(made.returncode, 0, made.stderr)
        checked = json.loads(run(MEASURE, "sigstruct", signed).stdout)
        self.assertEqual(checked["mr_enclave"], json.loads(made.stdout)["mr_enclave"])
        self.assertEqual(checked["isv_svn"], 3)
        stream = json.loads(run(MEASURE, "sgx", "--stream", self.here / "enclave.sgxs").stdout)
        self.assertEqual(stream["mr_enclave"], checked["mr_enclave"])
        damaged = bytearray(signed.read_bytes())
        damaged[1000] ^= 1
        signed.write_bytes(damaged)
        self.assertEqual(run(MEASURE, "sigstruct", signed).returncode, 1)

    def test_wrong_usage_and_wrong_inputs_have_exit_codes_of_their_own(self):
        self.assertEqual(run(MEASURE).returncode, 2)
        self.assertEqual(run(MEASURE, "snp", "--no-such-option").returncode, 2)
        missing = run(MEASURE, "snp", "--firmware", self.here / "nowhere.fd")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("nowhere.fd", missing.stderr)
        self.assertEqual(run(ATTEST, "simulate", "sgx").returncode, 2)
        self.assertEqual(run(ATTEST, "simulate", "sgx", "--out", self.here, "--tcb-status", "TDRelaunchAdvised").returncode, 1)


if __name__ == "__main__":
    unittest.main()
