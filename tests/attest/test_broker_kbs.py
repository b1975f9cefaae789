#!/usr/bin/python3
"""A client written from the text of the Confidential Containers key-broker protocol (kbs_attestation_protocol.md), with another
JSON, JOSE and cryptography library than the broker's."""
import base64
import hashlib
import http.client
import json
import struct
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from broker_world import Tee, World, main

CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text):
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class RsaKey:
    def __init__(self, algorithm):
        self.algorithm = algorithm
        self.key = rsa.generate_private_key(65537, 2048)

    def jwk(self):
        numbers = self.key.public_key().public_numbers()
        return {"kty": "RSA", "alg": self.algorithm, "n": b64u(numbers.n.to_bytes(256, "big")), "e": "AQAB"}

    def unwrap(self, header, encrypted):
        how = padding.PKCS1v15() if self.algorithm == "RSA1_5" else padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        return self.key.decrypt(encrypted, how)


class EcKey:
    algorithm = "ECDH-ES+A256KW"

    def __init__(self, curve):
        self.curve = curve
        self.key = ec.generate_private_key(CURVES[curve])
        self.size = (self.key.key_size + 7) // 8

    def jwk(self):
        numbers = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": self.curve, "alg": self.algorithm, "x": b64u(numbers.x.to_bytes(self.size, "big")),
                "y": b64u(numbers.y.to_bytes(self.size, "big"))}

    def unwrap(self, header, encrypted):
        epk = header["epk"]
        assert epk["crv"] == self.curve and epk["kty"] == "EC"
        peer = ec.EllipticCurvePublicNumbers(int.from_bytes(unb64u(epk["x"]), "big"), int.from_bytes(unb64u(epk["y"]), "big"),
                                             CURVES[self.curve]).public_key()
        shared = self.key.exchange(ec.ECDH(), peer)
        # Concat KDF of RFC 7518, section 4.6.2: one round of SHA-256 is enough for 256 bits.
        algorithm = header["alg"].encode()
        wrapping = hashlib.sha256(struct.pack(">I", 1) + shared + struct.pack(">I", len(algorithm)) + algorithm + struct.pack(">II", 0, 0) +
                                  struct.pack(">I", 256)).digest()
        return aes_key_unwrap(wrapping, encrypted)


class Client:
    """One client of the protocol; `version` decides its shapes."""

    def __init__(self, world, tee, key, version):
        self.tee, self.key, self.version = tee, key, version
        self.connection = http.client.HTTPSConnection("127.0.0.1", world.port, context=world.tls(), timeout=60)
        self.cookie = self.token = None

    def request(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.cookie:
            headers["Cookie"] = self.cookie
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        text = response.read()
        for value in response.headers.get_all("Set-Cookie") or []:
            self.cookie = value.split(";")[0]
        return response.status, json.loads(text) if text else None

    def auth(self):
        status, challenge = self.request("POST", "/kbs/v0/auth", {"version": self.version, "tee": self.tee.name, "extra-params": ""})
        assert status == 200, challenge
        assert self.cookie.startswith("kbs-session-id=")
        return challenge["nonce"]

    def attestation(self, nonce, evidence_of=None):
        jwk = self.key.jwk()
        composite = self.version.startswith("0.4")
        runtime = {"tee-pubkey": jwk, "nonce": nonce}
        if composite:
            runtime["additional-evidence"] = ""
        digest = hashlib.sha384(canonical(runtime)).digest()
        evidence = self.wrap((evidence_of or self.tee.evidence)(digest + bytes(16)))
        if composite:
            return {"runtime-data": {"nonce": nonce, "tee-pubkey": jwk}, "tee-evidence": {"primary_evidence": evidence, "additional_evidence": ""}}
        return {"tee-pubkey": jwk, "tee-evidence": json.dumps(evidence) if self.version == "0.1.0" else evidence}

    def wrap(self, evidence):
        if self.tee.name != "snp":
            return {"quote": base64.b64encode(evidence).decode(), "cc_eventlog": None}
        return {"attestation_report": snp_fields(evidence), "cert_chain": None}

    def attest(self, body=None):
        status, answer = self.request("POST", "/kbs/v0/attest", body or self.attestation(self.auth()))
        if status == 200:
            self.token = answer["token"]
        return status, answer

    def get(self, name, headers=None):
        return self.request("GET", "/kbs/v0/resource/" + name, headers=headers)

    def decrypt(self, jwe):
        if self.version.startswith("0.1"):  # before RFC 7516: plain header, no associated data, tag behind the ciphertext
            header = json.loads(jwe["protected"])
            content_key = self.key.unwrap(header, unb64u(jwe["encrypted_key"]))
            return AESGCM(content_key).decrypt(unb64u(jwe["iv"]), unb64u(jwe["ciphertext"]), None)
        header = json.loads(unb64u(jwe["protected"]))
        assert header["alg"] == self.key.algorithm and header["enc"] == "A256GCM"
        content_key = self.key.unwrap(header, unb64u(jwe["encrypted_key"]))
        return AESGCM(content_key).decrypt(unb64u(jwe["iv"]), unb64u(jwe["ciphertext"]) + unb64u(jwe["tag"]), jwe["protected"].encode())


def snp_fields(report):
    """A report as the attester of Confidential Containers serialises it."""
    number = lambda at, size: int.from_bytes(report[at:at + size], "little")
    array = lambda at, size: list(report[at:at + size])
    tcb = lambda at: {"bootloader": report[at], "tee": report[at + 1], "_reserved": [0] * 4, "snp": report[at + 6], "microcode": report[at + 7]}
    return {"version": number(0, 4), "guest_svn": number(4, 4), "policy": number(8, 8), "family_id": array(0x10, 16), "image_id": array(0x20, 16),
            "vmpl": number(0x30, 4), "sig_algo": number(0x34, 4), "current_tcb": tcb(0x38), "plat_info": number(0x40, 8),
            "_author_key_en": number(0x48, 4), "_reserved_0": 0, "report_data": array(0x50, 64), "measurement": array(0x90, 48),
            "host_data": array(0xC0, 32), "id_key_digest": array(0xE0, 48), "author_key_digest": array(0x110, 48), "report_id": array(0x140, 32),
            "report_id_ma": array(0x160, 32), "reported_tcb": tcb(0x180), "cpuid_fam_id": report[0x188], "cpuid_mod_id": report[0x189],
            "cpuid_step": report[0x18A], "chip_id": array(0x1A0, 64), "committed_tcb": tcb(0x1E0), "current_build": report[0x1E8],
            "current_minor": report[0x1E9], "current_major": report[0x1EA], "committed_build": report[0x1EC], "committed_minor": report[0x1ED],
            "committed_major": report[0x1EE], "launch_tcb": tcb(0x1F0), "signature": {"r": array(0x2A0, 72), "s": array(0x2E8, 72)}}


world = World("sgx", "tdx", "snp")
tees = {name: Tee(name) for name in ("sgx", "tdx", "snp")}
SECRET = b"what the TEE was waiting for"
for name in tees:
    world.policy(name, 1, world.tee_policy(name), "--binding", "key", "--releases", "3")
    world.put(f"{name}/key/1", SECRET, name)
world.put("tdx/key/once", b"one time", "tdx", "--once")
world.policy("channel-only", 1, world.tee_policy("tdx"), "--binding", "channel")
world.put("tdx/key/channel", SECRET, "channel-only")
world.serve()


def every_protocol_version_and_key_gets_its_secret():
    keys = [("0.1.0", RsaKey("RSA1_5")), ("0.1.1", RsaKey("RSA1_5")), ("0.2.0", RsaKey("RSA-OAEP-256")), ("0.2.0", EcKey("P-256")),
            ("0.3.0", EcKey("P-384")), ("0.4.0", EcKey("P-521")), ("0.4.0", EcKey("P-256")), ("0.4.0", RsaKey("RSA-OAEP-256"))]
    for version, key in keys:
        client = Client(world, tees["tdx"], key, version)
        assert client.get("tdx/key/1")[0] == 401, "before attesting"
        status, answer = client.attest()
        assert status == 200, (version, answer)
        status, jwe = client.get("tdx/key/1")
        assert status == 200, (version, jwe)
        assert client.decrypt(jwe) == SECRET, version


def every_technology_gets_its_secret():
    for name, tee in tees.items():
        client = Client(world, tee, EcKey("P-256"), "0.4.0")
        status, answer = client.attest()
        assert status == 200, (name, answer)
        assert client.decrypt(client.get(f"{name}/key/1")[1]) == SECRET
        other = "sgx" if name != "sgx" else "tdx"
        assert client.get(f"{other}/key/1")[0] == 403, "another policy's secret"


def the_token_is_a_jwt_and_opens_as_the_cookie_does():
    client = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
    assert client.attest()[0] == 200
    header, claims, signature = client.token.split(".")
    assert json.loads(unb64u(header)) == {"alg": "ES256", "typ": "JWT"}
    claims_json = json.loads(unb64u(claims))
    jwk = claims_json["jwk"]
    public = ec.EllipticCurvePublicNumbers(int.from_bytes(unb64u(jwk["x"]), "big"), int.from_bytes(unb64u(jwk["y"]), "big"), ec.SECP256R1()).public_key()
    raw = unb64u(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(der, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    assert claims_json["tee-pubkey"] == client.key.jwk() and claims_json["exp"] > time.time()
    bearer = Client(world, tees["tdx"], client.key, "0.4.0")
    status, jwe = bearer.get("tdx/key/1", {"Authorization": "Bearer " + client.token})
    assert status == 200 and bearer.decrypt(jwe) == SECRET
    assert bearer.get("tdx/key/1", {"Authorization": "Bearer " + client.token[:-4] + "AAAA"})[0] == 401


def an_attestation_is_used_up_after_the_releases_its_policy_allows():
    client = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
    body = client.attestation(client.auth())
    assert client.attest(body)[0] == 200
    for _ in range(3):
        assert client.get("tdx/key/1")[0] == 200
    assert client.get("tdx/key/1")[0] == 401
    assert client.attest(body)[0] == 200, "the same answer to the same challenge: the same token"
    assert client.get("tdx/key/1")[0] == 401, "and nothing granted anew"
    assert client.attest()[0] == 200
    assert client.get("tdx/key/1")[0] == 200


def replayed_evidence_of_another_session_is_refused():
    first = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
    body = first.attestation(first.auth())
    assert first.attest(body)[0] == 200
    second = Client(world, tees["tdx"], first.key, "0.4.0")
    nonce = second.auth()
    assert second.attest(body)[0] == 401, "the other session's nonce"
    body["runtime-data"]["nonce"] = nonce
    assert second.attest(body)[0] == 401, "the nonce exchanged: report data does not fit"


def a_key_put_in_the_place_of_the_tees_is_refused():
    client = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
    body = client.attestation(client.auth())
    body["runtime-data"]["tee-pubkey"] = EcKey("P-256").jwk()
    assert client.attest(body)[0] == 401


def wrong_code_is_refused_and_told_why():
    other = Tee("tdx", 0x22)
    client = Client(world, other, EcKey("P-256"), "0.4.0")
    status, answer = client.attest()
    assert status == 401 and "out-of-policy" in answer["detail"], answer
    assert answer["type"].startswith("https://github.com/confidential-containers/kbs/errors/")
    other.close()


def bindings_are_the_policys_choice():
    client = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
    assert client.attest()[0] == 200
    assert client.get("tdx/key/channel")[0] == 403


def once_is_once():
    for expected in (200, 403):
        client = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
        assert client.attest()[0] == 200
        assert client.get("tdx/key/once")[0] == expected
    world.broker("rearm", *world.store, "tdx/key/once")
    client = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
    assert client.attest()[0] == 200
    assert client.decrypt(client.get("tdx/key/once")[1]) == b"one time"


def what_is_not_the_protocol_is_refused_by_its_rules():
    client = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
    for request in ({"version": "0.9.0", "tee": "tdx", "extra-params": ""}, {"version": "1.0.0", "tee": "tdx", "extra-params": ""},
                    {"version": "0.4.0", "tee": "cca", "extra-params": ""}, {"tee": "tdx"}, [], "x"):
        status, answer = client.request("POST", "/kbs/v0/auth", request)
        assert status == 401 and answer["detail"], request
    assert "Version Mismatch" in client.request("POST", "/kbs/v0/auth", {"version": "0.9.0", "tee": "tdx", "extra-params": ""})[1]["detail"]
    assert client.request("POST", "/kbs/v0/attest", {})[0] == 401, "no challenge"
    client.cookie = "kbs-session-id=" + "A" * 99
    assert client.request("POST", "/kbs/v0/attest", {})[0] == 401, "an invented cookie"
    for body in ({}, {"runtime-data": {}}, {"tee-pubkey": {}, "tee-evidence": {}}, {"runtime-data": 1, "tee-evidence": 2}, []):
        client = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
        client.auth()
        assert client.request("POST", "/kbs/v0/attest", body)[0] == 401, body
    client = Client(world, tees["tdx"], EcKey("P-256"), "0.4.0")
    assert client.attest()[0] == 200
    assert client.get("tdx/key/none")[0] == 404
    for path in ("tdx/key", "../a/b", "a/b/c/d", "a//b", "%2e%2e/a/b"):
        assert client.get(path)[0] == 404, path


def an_snp_session_announced_as_tdx_is_refused():
    client = Client(world, tees["snp"], EcKey("P-256"), "0.4.0")
    client.tee = tees["tdx"]
    nonce = client.auth()
    client.tee = tees["snp"]
    assert client.attest(client.attestation(nonce))[0] == 401


def a_session_of_an_older_policy_must_attest_anew():
    client = Client(world, tees["sgx"], EcKey("P-256"), "0.4.0")
    assert client.attest()[0] == 200
    world.policy("sgx", 2, world.tee_policy("sgx"), "--binding", "key")
    assert client.get("sgx/key/1")[0] == 401
    assert client.attest()[0] == 200
    assert client.get("sgx/key/1")[0] == 200


def the_audit_log_is_whole_in_the_end():
    audit = world.audit()
    assert audit.returncode == 0, audit.stdout
    shown = world.broker("audit", *world.store, "--show").stdout.decode()
    assert '"binding":"key"' in shown and '"event":"refuse"' in shown
    assert SECRET.decode() not in shown


with world:
    main([every_protocol_version_and_key_gets_its_secret, every_technology_gets_its_secret, the_token_is_a_jwt_and_opens_as_the_cookie_does,
          an_attestation_is_used_up_after_the_releases_its_policy_allows, replayed_evidence_of_another_session_is_refused,
          a_key_put_in_the_place_of_the_tees_is_refused, wrong_code_is_refused_and_told_why, bindings_are_the_policys_choice, once_is_once,
          what_is_not_the_protocol_is_refused_by_its_rules, an_snp_session_announced_as_tdx_is_refused,
          a_session_of_an_older_policy_must_attest_anew, the_audit_log_is_whole_in_the_end])
