"""Keys and seals."""

import hmac
from uuid import UUID

import pytest

import coopapi.app  # noqa: F401 (so that every feature registers who reads what)
from coopapi.store import sealing, vault
from coopapi.store.crypto import Keyring, Mac, same
from coopapi.store.sealing import BrokenSeal

KEYS = Keyring(b"r" * 32, b"t" * 32)


def test_a_seal_opens_only_where_it_belongs_and_as_it_was():
    sealed = sealing.sealer(KEYS, "a").seal(b"value", "place")
    assert sealing.sealer(KEYS, "a").open(sealed, "place") == b"value"
    for bent in (sealed[:-1], sealed[:-1] + b"x", b"\x02" + sealed[1:], b"", b"\x01"):
        with pytest.raises(BrokenSeal):
            sealing.sealer(KEYS, "a").open(bent, "place")
    for sealer, place in ((sealing.sealer(KEYS, "b"), "place"), (sealing.sealer(KEYS, "a"), "elsewhere")):
        with pytest.raises(BrokenSeal):
            sealer.open(sealed, place)


def test_no_two_seals_of_one_value_are_alike():
    assert len({sealing.sealer(KEYS, "a").seal(b"value", "place") for _ in range(1000)}) == 1000


def test_tokens_differ_by_family_and_by_key_and_not_otherwise():
    token = KEYS.token("email", "heron@example.org")
    assert token == Keyring(b"x" * 32, b"t" * 32).token("email", "heron@example.org")
    assert token != KEYS.token("mailbox", "heron@example.org")
    assert token != Keyring(b"r" * 32, b"x" * 32).token("email", "heron@example.org")
    assert len(token) == 32


def test_a_case_key_opens_with_its_case_only():
    wrapped, key = sealing.new_data_key(KEYS, "case-1")
    sealed = key._values.seal(b"value", "row")
    assert sealing.data_key(KEYS, "case-1", wrapped)._values.open(sealed, "row") == b"value"
    assert sealing.data_key(KEYS, "case-1", wrapped).fingerprint("email", "x") == key.fingerprint("email", "x")
    with pytest.raises(BrokenSeal):
        sealing.data_key(KEYS, "case-2", wrapped)
    _, other = sealing.new_data_key(KEYS, "case-1")
    assert other.fingerprint("email", "x") != key.fingerprint("email", "x")


def test_secrets_are_compared_whole():
    assert same(b"abc", b"abc")
    assert not same(b"abc", b"abd")


@pytest.mark.parametrize("length", [0, 1, 31, 32, 63, 64])
def test_the_mac_is_that_of_the_standard_library(length):
    key, message = b"k" * length, b"what is digested"
    assert Mac(key).digest(message) == hmac.digest(key, message, "sha256")


def test_a_part_that_nobody_is_registered_to_read_is_not_opened():
    key = vault.SealKey("meeting", sealing.sealer(KEYS, "a"))
    sealed = vault.seal(key, {"text": "words"}, UUID(int=1), "minutes")
    assert vault.unseal(key, sealed, UUID(int=1), "minutes") == {"text": "words"}
    with pytest.raises(LookupError):
        vault.unseal(key, vault.seal(key, {"text": "words"}, UUID(int=1), "diary"), UUID(int=1), "diary")
    with pytest.raises(LookupError):
        vault.service_key(KEYS, "diary")
