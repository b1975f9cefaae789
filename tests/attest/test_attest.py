#!/usr/bin/env python3
"""litebox-attest as a user meets it: verdicts, exit codes, forms, messages. All evidence is simulated."""
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.parse

ATTEST = os.environ["ATTEST"]
AT = "2026-06-01T00:00:00Z"


def run(*words, stdin=None):
    done = subprocess.run([ATTEST, *map(str, words)], capture_output=True, input=stdin, timeout=300)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Attest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.keep.name)
        cls.policy = cls.work / "any.toml"
        cls.policy.write_text("require_identity = false\n")
        for technology in ("sgx", "tdx", "snp"):
            code, _, errors = run("simulate", technology, "--out", cls.work / technology, "--at", AT)
            assert code == 0, errors

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def verify(self, folder, *more, at=AT, policy=None):
        base = self.work / folder
        return run("verify", base / "evidence.bin", "--collateral", base / "collateral", "--root", base / "root.der",
                   "--policy", policy or self.policy, "--at", at, *more)

    def test_simulated_evidence_of_each_technology_is_accepted(self):
        for technology in ("sgx", "tdx", "snp"):
            code, out, errors = self.verify(technology)
            self.assertEqual((code, out.splitlines()[0]), (0, "ACCEPTED"), out + errors)

    def test_the_test_root_counts_only_when_it_is_handed_in(self):
        for technology in ("sgx", "tdx", "snp"):
            base = self.work / technology
            code, out, _ = run("verify", base / "evidence.bin", "--collateral", base / "collateral", "--policy", self.policy, "--at", AT)
            self.assertEqual((code, out.splitlines()[0]), (1, "REFUSED: untrusted"), out)

    def test_the_default_policy_accepts_no_code_that_it_does_not_name(self):
        base = self.work / "snp"
        code, out, _ = run("verify", base / "evidence.bin", "--collateral", base / "collateral", "--root", base / "root.der", "--at", AT)
        self.assertEqual((code, out.splitlines()[0]), (1, "REFUSED: out-of-policy"), out)
        self.assertIn("policy-identity", out)

    def test_a_measurement_in_the_policy_decides(self):
        _, out, _ = self.verify("snp", "--json")
        measurement = json.loads(out)["claims"]["measurement"]
        policy = self.work / "pinned.toml"
        policy.write_text(f'[snp]\nmeasurement = ["{measurement}"]\n')
        self.assertEqual(self.verify("snp", policy=policy)[0], 0)
        policy.write_text('[snp]\nmeasurement = ["' + "00" * 48 + '"]\n')
        code, out, _ = self.verify("snp", "--json", policy=policy)
        self.assertEqual((code, json.loads(out)["failed_check"]), (1, "policy-measurement"))

    def test_report_data_and_time(self):
        self.assertEqual(self.verify("tdx", "--report-data", "ff" * 32)[0], 1)
        code, out, _ = self.verify("tdx", at="2031-01-01")
        self.assertEqual((code, out.splitlines()[0]), (1, "REFUSED: expired-collateral"), out)

    def test_every_wrapping_of_the_simulator_is_judged_alike(self):
        for form in ("hex", "base64", "json", "tsm", "hcl", "table", "cbor"):
            code, _, errors = run("simulate", "snp", "--out", self.work / form, "--at", AT, "--wrap", form)
            self.assertEqual(code, 0, errors)
            code, out, errors = self.verify(form)
            self.assertEqual((code, out.splitlines()[0]), (0, "ACCEPTED"), form + out + errors)

    def test_a_configfs_directory_and_standard_input_are_evidence(self):
        folder = self.work / "report0"
        folder.mkdir()
        evidence = (self.work / "snp" / "evidence.bin").read_bytes()
        (folder / "outblob").write_bytes(evidence)
        (folder / "provider").write_text("sev_guest\n")
        base = self.work / "snp"
        rest = ("--collateral", base / "collateral", "--root", base / "root.der", "--policy", self.policy, "--at", AT)
        self.assertEqual(run("verify", folder, *rest)[0], 0)
        self.assertEqual(run("verify", "-", *rest, stdin=evidence)[0], 0)
        (folder / "provider").write_text("tdx_guest\n")
        self.assertEqual(run("verify", folder, *rest)[0], 3)

    def test_exit_codes_tell_usage_from_damage(self):
        damaged = self.work / "damaged.bin"
        damaged.write_bytes((self.work / "snp" / "evidence.bin").read_bytes()[:-1])
        self.assertEqual(run("verify", damaged)[0], 3)
        self.assertEqual(run("show", damaged)[0], 3)
        self.assertEqual(run("verify")[0], 2)
        self.assertEqual(run("verify", self.work / "nothing")[0], 2)
        self.assertEqual(run("verify", damaged, "--at", "yesterday")[0], 2)
        self.assertEqual(run("verify", damaged, "--report-data", "xyz")[0], 2)
        self.assertEqual(run("verify", damaged, "--json", "--eat")[0], 2)
        self.assertEqual(run("nonsense")[0], 2)
        self.assertEqual(run("--help")[0], 0)

    def test_show_names_fields_and_gives_json(self):
        for technology, field in (("sgx", "MRENCLAVE"), ("tdx", "MRTD"), ("snp", "MEASUREMENT")):
            code, out, _ = run("show", self.work / technology / "evidence.bin")
            self.assertEqual(code, 0)
            self.assertIn(field, out)
            groups = json.loads(run("show", self.work / technology / "evidence.bin", "--json")[1])
            names = [f["name"] for g in groups for f in g["fields"]]
            self.assertIn(field, names)

    def test_fetch_urls_prints_the_vendors_addresses(self):
        _, out, _ = run("fetch-urls", self.work / "snp" / "evidence.bin")
        self.assertIn("https://kdsintf.amd.com/vcek/v1/Milan/cert_chain", out)
        _, out, _ = run("fetch-urls", self.work / "tdx" / "evidence.bin")
        self.assertIn("https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=", out)

    def test_every_command_that_answers_has_its_answer_as_json(self):
        urls = json.loads(run("fetch-urls", "--json", self.work / "tdx" / "evidence.bin")[1])
        self.assertEqual({key for row in urls for key in row}, {"url", "file", "what"})
        checked = json.loads(run("policy", "check", "--json", self.policy)[1])
        self.assertTrue(checked["valid"])
        self.assertIn("require_identity = false", " ".join(checked["warnings"]))
        wrong = self.work / "wrong.toml"
        wrong.write_text("unknown = 1\n")
        code, out, _ = run("policy", "check", "--json", wrong)
        self.assertEqual((code, json.loads(out)["valid"]), (1, False))
        pinned = self.work / "pinned.toml"
        pinned.write_text(f'[snp]\nmeasurement = ["{"ab" * 48}"]\n')
        sections = json.loads(run("policy", "explain", "--json", pinned)[1])
        self.assertEqual(len(sections), 4)
        self.assertIn(["ab" * 48], [rule["values"] for rule in sections[3]["rules"]])

    def test_an_archived_epid_report_is_judged_with_its_signature_and_chain(self):
        self.assertEqual(run("simulate", "epid", "--out", self.work / "epid")[0], 0)
        files = {name: self.work / "epid" / name for name in ("evidence.bin", "signature.txt", "chain.pem", "root.der")}
        encoded = self.work / "epid" / "chain.txt"
        encoded.write_text(urllib.parse.quote(files["chain.pem"].read_text()))
        common = ["--root", files["root.der"], "--policy", self.policy]
        for chain in (files["chain.pem"], encoded):
            code, out, _ = run("verify", files["evidence.bin"], "--signature", files["signature.txt"], "--chain", chain, *common)
            self.assertEqual(code, 0, out)
            self.assertIn("nothing about any later time", out)
        self.assertEqual(run("verify", files["evidence.bin"], "--chain", encoded, *common)[0], 1)
        self.assertEqual(run("simulate", "epid", "--quote", "--out", self.work / "epid2")[0], 0)
        self.assertEqual(run("verify", self.work / "epid2" / "evidence.bin", *common)[0], 1)
        self.assertIn("MRENCLAVE", run("show", self.work / "epid2" / "evidence.bin")[1])

    def test_policies_are_checked_and_explained(self):
        code, out, _ = run("policy", "check", self.policy)
        self.assertEqual(code, 0)
        self.assertIn("warning: require_identity = false", out)
        wrong = self.work / "wrong.toml"
        wrong.write_text("\n[snp]\nmesurement = []\n")
        code, _, errors = run("policy", "check", wrong)
        self.assertEqual(code, 1)
        self.assertIn("line 3: there is no key 'snp.mesurement'; the nearest is 'snp.measurement'", errors)
        self.assertEqual(self.verify("snp", policy=wrong)[0], 2)
        self.assertIn("Debug guests are refused.", run("policy", "explain")[1])
        self.assertEqual(run("policy", "explain", wrong)[0], 1)
        self.assertEqual(run("policy", "explain", self.work / "nothing")[0], 2)

    def test_explain_mismatch_finds_the_input_that_differs(self):
        inputs = self.work / "measure.toml"
        sections = ", ".join("{ gpa = %d, size = %d, type = %d }" % s for s in ((0x800000, 0x9000, 1), (0x80a000, 0x1000, 2), (0x80b000, 0x1000, 3)))

        def describe(processors):
            inputs.write_text(f"[snp]\nprocessors = {processors}\n[snp.firmware_description]\ndigest = \"{'ab' * 48}\"\n"
                              f"sections = [{sections}]\nreset_eip = 0x80b004\n")
        describe(4)
        code, out, errors = run("explain-mismatch", "--expected", "00" * 48, "--inputs", inputs)
        self.assertEqual(code, 1, out + errors)
        describe(2)
        measured = subprocess.run([os.environ["MEASURE"], "snp", "--inputs", inputs], capture_output=True, timeout=300)
        self.assertEqual(measured.returncode, 0, measured.stderr)
        measurement = json.loads(measured.stdout)["measurement"]
        self.assertEqual(run("explain-mismatch", "--expected", measurement, "--inputs", inputs)[0], 0)
        describe(4)
        code, out, errors = run("explain-mismatch", "--expected", measurement, "--inputs", inputs)
        self.assertEqual(code, 0, out + errors)
        self.assertIn("processors", out)

    def test_a_certificate_is_judged_by_the_evidence_in_it_and_its_key(self):
        def openssl(*words):
            return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60).stdout
        key, other = self.work / "key.pem", self.work / "other.pem"
        for path in (key, other):
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
        bound = hashlib.sha256(openssl("pkey", "-in", key, "-pubout", "-outform", "DER")).hexdigest()
        self.assertEqual(run("simulate", "sgx", "--out", self.work / "tls", "--at", AT, "--report-data", bound)[0], 0)
        evidence = (self.work / "tls/evidence.bin").read_bytes().hex(":")
        for signer, code in ((key, 0), (other, 1)):
            for form in ("PEM", "DER"):
                certificate = self.work / f"certificate.{form}"
                openssl("req", "-x509", "-new", "-key", signer, "-subj", "/CN=enclave", "-outform", form, "-out", certificate,
                        "-addext", f"1.2.840.113741.1337.6=DER:{evidence}")
                words = [certificate, "--collateral", self.work / "tls/collateral", "--root", self.work / "tls/root.der",
                         "--policy", self.policy, "--at", AT]
                got, out, errors = run("verify", *words)
                self.assertEqual(got, code, out + errors)
                self.assertEqual(run("verify", *words, "--report-data", bound)[0], 2)
        self.assertIn("MRENCLAVE", run("show", certificate)[1])
        self.assertIn("tcb?fmspc=", run("fetch-urls", certificate)[1])

    def test_an_attestation_result_is_json_with_its_profile(self):
        _, out, _ = self.verify("tdx", "--eat")
        result = json.loads(out)
        self.assertTrue(result["eat_profile"].startswith("tag:ietf.org,2026:rats/ear"))
        self.assertEqual(result["submods"]["tdx"]["ear_status"], "affirming")


if __name__ == "__main__":
    unittest.main()
