"""What is a token and what is not: odd ones by name, bent ones by chance, keys of issuers over the network."""

import base64
import hashlib
import hmac
import json
import random
import secrets
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from coopapi.auth import tokens
from coopapi.auth.jwks import RemoteKeys, StaticKeys, new_signing_key, public_jwk
from coopapi.auth.tokens import BadToken, Issuer, Signer, issuers_from, verify

NOW = 1_790_000_000
SIGNER = Signer("k1", new_signing_key()[1])
OTHER = Signer("k1", new_signing_key()[1])
JWK = public_jwk("k1", SIGNER.private)
ISSUER = Issuer("https://id.test", keys=StaticKeys({"keys": [JWK]}))
ISSUERS = {ISSUER.issuer: ISSUER}
PEM = SIGNER.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
GOOD = {"iss": "https://id.test", "aud": "coopapi", "sub": "s", "client_id": "c", "jti": "j", "iat": NOW, "exp": NOW + 600}


def b64(raw):
    return base64.urlsafe_b64encode(raw if isinstance(raw, bytes) else raw.encode()).decode().rstrip("=")


def raw(header, payload, key=SIGNER.private):
    """Sign whatever it is, as ES256."""
    from jwt.algorithms import ECAlgorithm

    signed = f"{b64(header)}.{b64(payload)}"
    return f"{signed}.{b64(ECAlgorithm(ECAlgorithm.SHA256).sign(signed.encode(), key))}"


def hs256(secret):
    signed = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'k1', 'typ': 'at+jwt'}))}.{b64(json.dumps(GOOD))}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


HEADER = {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}
HEADERS = {
    "typ JWT": {**HEADER, "typ": "JWT"},
    "no typ": {"alg": "ES256", "kid": "k1"},
    "no kid": {"alg": "ES256", "typ": "at+jwt"},
    "unknown kid": {**HEADER, "kid": "k2"},
    "kid with a path": {**HEADER, "kid": "../../k1"},
    "kid a number": {**HEADER, "kid": 1},
    "jku": {**HEADER, "jku": "https://evil.test/jwks"},
    "jwk": {**HEADER, "jwk": public_jwk("k1", OTHER.private)},
    "x5u": {**HEADER, "x5u": "https://evil.test"},
    "x5c": {**HEADER, "x5c": ["AA"]},
    "crit": {**HEADER, "crit": ["exp"]},
    "alg ES384": {**HEADER, "alg": "ES384"},
    "alg none": {**HEADER, "alg": "none"},
    "alg None": {**HEADER, "alg": "None"},
    "alg list": {**HEADER, "alg": ["ES256"]},
    "zip": {**HEADER, "zip": "DEF"},
}
PAYLOADS = {
    "aud of others": {"aud": "elsewhere"},
    "aud list": {"aud": ["coopapi"]},
    "aud list of two": {"aud": ["coopapi", "x"]},
    "no aud": {"aud": None},
    "exp text": {"exp": str(NOW + 600)},
    "exp float": {"exp": NOW + 599.5},
    "exp true": {"exp": True},
    "exp huge": {"exp": 2**62},
    "exp negative": {"exp": -1},
    "expired": {"iat": NOW - 700, "exp": NOW - 100},
    "lives too long": {"exp": NOW + 601},
    "ends before it begins": {"exp": NOW - 1, "iat": NOW + 5},
    "issued tomorrow": {"iat": NOW + 86_400, "exp": NOW + 86_460},
    "not before tomorrow": {"nbf": NOW + 86_400},
    "nbf text": {"nbf": "x"},
    "issuer of others": {"iss": "https://evil.test"},
    "issuer with a slash": {"iss": "https://id.test/"},
    "issuer a list": {"iss": ["https://id.test"]},
    "no issuer": {"iss": None},
    "no subject": {"sub": ""},
    "subject a number": {"sub": 7},
    "subject too long": {"sub": "s" * 256},
    "no client": {"client_id": None},
    "no jti": {"jti": None},
    "no iat": {"iat": None},
}
TEXT = json.dumps(GOOD)
GOOD_TOKEN = SIGNER.sign(GOOD)
WHOLE = {
    "empty": "",
    "two parts": "a.b",
    "four parts": GOOD_TOKEN + ".x",
    "padded": GOOD_TOKEN + "==",
    "space": GOOD_TOKEN + " ",
    "newline": GOOD_TOKEN + "\n",
    "no signature": GOOD_TOKEN.rsplit(".", 1)[0] + ".",
    "other key": OTHER.sign(GOOD),
    "hs256 with the pem": hs256(PEM),
    "hs256 with the jwk": hs256(json.dumps(JWK).encode()),
    "hs256 with nothing": hs256(b""),
    "unsigned": f"{b64(json.dumps({'alg': 'none', 'typ': 'at+jwt', 'kid': 'k1'}))}.{b64(TEXT)}.",
    "duplicate subject": raw(json.dumps(HEADER), TEXT[:-1] + ', "sub": "admin"}'),
    "duplicate alg": raw('{"alg": "ES256", "alg": "ES256", "kid": "k1", "typ": "at+jwt"}', TEXT),
    "payload a list": raw(json.dumps(HEADER), "[]"),
    "payload NaN": raw(json.dumps(HEADER), TEXT[:-1] + ', "x": NaN}'),
    "exp 1e308": raw(json.dumps(HEADER), TEXT.replace(f'"exp": {NOW + 600}', '"exp": 1e308')),
    "too long": SIGNER.sign({**GOOD, "x": "y" * 9000}),
    "not utf-8": raw(json.dumps(HEADER), b'{"iss": "\xff"}'),
}
BAD = {
    **WHOLE,
    **{name: raw(json.dumps(header), TEXT) for name, header in HEADERS.items()},
    **{
        name: raw(json.dumps(HEADER), json.dumps({k: v for k, v in {**GOOD, **claims}.items() if v is not None}))
        for name, claims in PAYLOADS.items()
    },
}


def test_a_good_token_says_who_sent_it():
    claims = verify(GOOD_TOKEN, ISSUERS, NOW + 1)
    assert (claims.subject, claims.client_id, claims.issuer) == ("s", "c", "https://id.test")


@pytest.mark.parametrize("name", BAD)
def test_an_odd_token_is_refused(name):
    with pytest.raises(BadToken):
        verify(BAD[name], ISSUERS, NOW + 1)


def test_it_is_the_check_of_the_type_that_refuses_other_tokens():
    """The sabotage: with the type not checked, an ID token would pass for an access token."""
    lax = {ISSUER.issuer: replace(ISSUER, typ=("JWT",))}
    assert verify(BAD["typ JWT"], lax, NOW + 1).subject == "s"


def test_no_bent_token_is_accepted():
    chance = random.Random(20261124)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= \n"
    for _ in range(10_000):
        at = chance.randrange(len(GOOD_TOKEN))
        kind = chance.randrange(3)
        middle = ["", chance.choice(alphabet), GOOD_TOKEN[at] + chance.choice(alphabet)][kind]
        bent = GOOD_TOKEN[:at] + middle + GOOD_TOKEN[at + 1 :]
        if bent == GOOD_TOKEN:
            continue
        with pytest.raises(BadToken):
            verify(bent, ISSUERS, NOW + 1)


def test_each_issuer_is_checked_by_its_own_keys():
    theirs = Issuer("https://other.test", keys=StaticKeys({"keys": [public_jwk("k1", OTHER.private)]}))
    both = {**ISSUERS, theirs.issuer: theirs}
    assert verify(OTHER.sign({**GOOD, "iss": "https://other.test"}), both, NOW).issuer == "https://other.test"
    with pytest.raises(BadToken):
        verify(SIGNER.sign({**GOOD, "iss": "https://other.test"}), both, NOW)


def test_an_issuer_may_use_other_claims_and_lists_of_audiences():
    keycloak = replace(ISSUER, subject_claim="preferred_username", client_claim="azp", audience_list=True)
    token = SIGNER.sign({**GOOD, "aud": ["account", "coopapi"], "azp": "portal", "preferred_username": "wren"})
    claims = verify(token, {ISSUER.issuer: keycloak}, NOW)
    assert (claims.subject, claims.client_id) == ("wren", "portal")


def test_rsa_keys_are_used_with_the_algorithm_they_are_for():
    private = rsa.generate_private_key(65537, 2048)
    jwk = {**RSAAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": "r", "alg": "RS256"}
    issuer = replace(ISSUER, algorithms=("RS256",), keys=StaticKeys({"keys": [jwk]}))
    headers = {"kid": "r", "typ": "at+jwt"}
    assert verify(jwt.encode(GOOD, private, "RS256", headers=headers), {ISSUER.issuer: issuer}, NOW)
    with pytest.raises(BadToken):
        verify(jwt.encode(GOOD, private, "PS256", headers=headers), {ISSUER.issuer: issuer}, NOW)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"issuer": "x"},
        {"issuer": "x", "jwks": {"keys": []}, "jwks_uri": "https://x"},
        {"issuer": "x", "jwks_uri": "http://id.test/jwks"},
        {"issuer": "x", "jwks": {"keys": []}, "algorithms": ["HS256"]},
        {"issuer": "x", "jwks": {"keys": []}, "max_lifetime": "600"},
        {"issuer": "x", "jwks": {"keys": []}, "colour": "red"},
        {"issuer": "x", "jwks": {"keys": [{"kty": "oct", "k": "AA", "kid": "a"}]}},
        {"issuer": "x", "jwks": {"keys": [{**JWK, "d": "AA"}]}},
        {"issuer": "x", "jwks": {"keys": [JWK, JWK]}},
        {"issuer": "x", "jwks": {"keys": [{**JWK, "alg": "ES384"}]}},
        {"issuer": "x", "jwks": {"keys": [{**JWK, "use": "enc"}]}},
        "x",
    ],
)
def test_a_bad_setting_of_an_issuer_is_named(entry):
    with pytest.raises(ValueError, match="entry 1"):
        issuers_from([entry])


class Directory(BaseHTTPRequestHandler):
    """A JWKS address that behaves as told."""

    def do_GET(self):
        self.server.asked += 1
        status, body, headers = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_args):
        pass


@pytest.fixture
def address():
    server = HTTPServer(("127.0.0.1", 0), Directory)
    server.asked, server.answer = 0, (200, json.dumps({"keys": [JWK]}).encode(), {})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Ticking:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_keys_over_the_network_survive_an_outage_and_end_after_a_day(address):
    ticking = Ticking()
    keys = RemoteKeys(f"http://127.0.0.1:{address.server_port}/", clock=ticking)
    assert keys.find("k1")
    for answer in (
        (500, b"", {}),
        (200, b"x" * 10_000_000, {}),
        (302, b"", {"Location": "/elsewhere"}),
        (200, b'{"keys": [{}]}', {}),
    ):
        address.answer = answer
        ticking.now += 700
        assert keys.find("k1")
    ticking.now += 90_000
    assert keys.find("k1") is None


def test_an_unknown_key_is_asked_for_once_a_minute(address):
    ticking = Ticking()
    keys = RemoteKeys(f"http://127.0.0.1:{address.server_port}/", clock=ticking)
    for _ in range(50):
        assert keys.find(secrets.token_hex(4)) is None
    assert address.asked == 1
    ticking.now += 61
    address.answer = (200, json.dumps({"keys": [{**JWK, "kid": "k9"}]}).encode(), {})
    assert keys.find("k9")
    assert keys.find("k1") is None
    assert address.asked == 2


class Counted:
    """Keys that can be taken away, as a source that reads them again does."""

    def __init__(self, keys):
        self.keys = keys

    def find(self, kid):
        return self.keys.find(kid) if self.keys else None


@pytest.fixture
def verifier(monkeypatch):
    """A verifier, its keys, and the tokens whose signature was checked."""
    keys, checked = Counted(ISSUER.keys), []
    check = tokens._check_signature
    monkeypatch.setattr(tokens, "_check_signature", lambda token, *rest: checked.append(token) or check(token, *rest))
    return tokens.Verifier({ISSUER.issuer: replace(ISSUER, keys=keys)}), keys, checked


def test_a_verified_token_is_remembered_for_ten_seconds_and_not_beyond_its_end(verifier):
    memory, _, checked = verifier
    claims = memory.verify(GOOD_TOKEN, NOW + 1)
    assert memory.verify(GOOD_TOKEN, NOW + 10.9) is claims
    assert len(checked) == 1
    memory.verify(GOOD_TOKEN, NOW + 11)
    assert len(checked) == 2
    with pytest.raises(BadToken):
        memory.verify(GOOD_TOKEN, GOOD["exp"] + 10)
    for number in range(2000):
        memory.verify(SIGNER.sign({**GOOD, "jti": f"t{number}"}), NOW)
    assert len(memory._remembered) <= 1000


def test_a_remembered_token_is_refused_as_soon_as_its_key_is_not_accepted(verifier):
    memory, keys, _ = verifier
    memory.verify(GOOD_TOKEN, NOW + 1)
    keys.keys = None
    with pytest.raises(BadToken):
        memory.verify(GOOD_TOKEN, NOW + 2)
