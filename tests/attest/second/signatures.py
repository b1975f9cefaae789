"""Signature checks, by the cryptography package; formats are taken apart here."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

import der

ORDERS = {
    "p256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "p384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
CURVES = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def curve_key(curve, point):
    """A key from x || y; None where the point is not on the curve."""
    half = len(point) // 2
    x, y = (int.from_bytes(part, "big") for part in (point[:half], point[half:]))
    try:
        return curve, ec.EllipticCurvePublicNumbers(x, y, CURVES[curve]).public_key()
    except ValueError:
        return None


def ecdsa(key, digest, message, r, s):
    if key is None or key[0] not in ORDERS:
        return False
    if not (1 <= r < ORDERS[key[0]] and 1 <= s < ORDERS[key[0]]):
        return False
    try:
        key[1].verify(encode_dss_signature(r, s), message, ec.ECDSA(HASHES[digest]))
        return True
    except InvalidSignature:
        return False


def ecdsa_raw(key, digest, message, signature):
    half = len(signature) // 2
    return ecdsa(key, digest, message, int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))


def subject_key(info):
    """A key from SubjectPublicKeyInfo."""
    algorithm, bits = der.whole(info, der.SEQUENCE).children()
    parts = algorithm.expect(der.SEQUENCE).children()
    name, value = der.dotted(parts[0]), der.bits(bits)
    if name == "1.2.840.10045.2.1" and len(parts) == 2:
        curve = {"1.2.840.10045.3.1.7": "p256", "1.3.132.0.34": "p384"}.get(der.dotted(parts[1]))
        size = {"p256": 65, "p384": 97}.get(curve)
        if curve is None or len(value) != size or value[0] != 4:
            return None
        return curve_key(curve, value[1:])
    if name == "1.2.840.113549.1.1.1":
        modulus, exponent = (der.unsigned(number) for number in der.whole(value, der.SEQUENCE).children())
        if not 2048 <= modulus.bit_length() <= 4096:
            return None
        return "rsa", rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return None


def pss_parameters(element):
    """Hash and salt of RSASSA-PSS-params; None for what no vendor uses."""
    digest, salt = None, 20
    for part in element.expect(der.SEQUENCE).children():
        inner = part.children()[0]
        if part.tag in (0xA0, 0xA1):
            parts = inner.expect(der.SEQUENCE).children()
            if part.tag == 0xA1:
                if der.dotted(parts[0]) != "1.2.840.113549.1.1.8":
                    return None
                parts = parts[1].expect(der.SEQUENCE).children()
            name = {"2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384",
                    "2.16.840.1.101.3.4.2.3": "sha512"}.get(der.dotted(parts[0]))
            if name is None or digest not in (None, name):
                return None
            digest = name
        elif part.tag == 0xA2:
            salt = der.unsigned(inner)
        elif part.tag == 0xA3:
            if der.unsigned(inner) != 1:
                return None
        else:
            return None
    return (digest, salt) if digest else None


def algorithm(element):
    """What an AlgorithmIdentifier asks for, as a function of key, message and signature; None for an unknown one."""
    parts = element.expect(der.SEQUENCE).children()
    name = der.dotted(parts[0])
    digest = {"1.2.840.10045.4.3.2": "sha256", "1.2.840.10045.4.3.3": "sha384"}.get(name)
    if digest:
        if len(parts) > 1:
            return None

        def check(key, message, signature):
            try:
                r, s = (der.unsigned(number) for number in der.whole(signature, der.SEQUENCE).children())
            except (der.Bad, ValueError):
                return False
            return ecdsa(key, digest, message, r, s)
        return check
    if name != "1.2.840.113549.1.1.10" or len(parts) != 2:
        return None
    parameters = pss_parameters(parts[1])
    if parameters is None:
        return None

    def check_pss(key, message, signature):
        if key is None or key[0] != "rsa":
            return False
        digest_name, salt = parameters
        scheme = padding.PSS(padding.MGF1(HASHES[digest_name]), salt)
        try:
            key[1].verify(signature, message, scheme, HASHES[digest_name])
            return True
        except (InvalidSignature, ValueError):
            return False
    return check_pss
