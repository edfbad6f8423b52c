"""Keys and seals."""

import hmac
from uuid import UUID

import pytest

import coopapi.app  # noqa: F401 (so that every feature registers who reads what)
from coopapi.access import GRANTS, Actor, Role
from coopapi.errors import Forbidden
from coopapi.mla.content import ContentIn, MeasureIn
from coopapi.store import sealing, vault
from coopapi.store.crypto import Keyring, Mac, same
from coopapi.store.sealing import BrokenSeal

KEYS = Keyring(b"r" * 32, b"t" * 32)
ROW = UUID(int=1)


def key_for(role, kind="meeting"):
    actor = Actor(ROW, "person", "A. Person", ROW, "Office", "NL", Role(role), (Role(role),), victim_cleared=False, operator=False)
    return vault.SealKey(kind, actor, sealing.sealer(KEYS, "a"))


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
    key = key_for("prosecutor")
    sealed = vault.seal(key, {"minutes": "words"}, ROW, "minutes")
    assert vault.unseal(key, sealed, ROW, "minutes") == {"minutes": "words"}
    with pytest.raises(LookupError, match="diary of meeting"):
        vault.seal(key, {"minutes": "words"}, ROW, "diary")
    with pytest.raises(LookupError, match="diary of meeting"):
        vault.unseal(key, vault.seal_bytes(key, b"{}", f"shared/diary/{ROW}"), ROW, "diary")
    with pytest.raises(LookupError):
        vault.service_key(KEYS, "diary")


def test_a_field_that_nobody_is_registered_to_read_is_neither_sealed_nor_opened():
    key = key_for("prosecutor")
    with pytest.raises(LookupError, match="weather in minutes"):
        vault.seal(key, {"minutes": "words", "weather": "rain"}, ROW, "minutes")
    with pytest.raises(LookupError, match="weather in minutes"):
        vault.unseal(key, vault.seal_bytes(key, b'{"weather": "rain"}', f"shared/minutes/{ROW}"), ROW, "minutes")


@pytest.mark.parametrize(("kind", "part"), sorted(vault.PARTS))
@pytest.mark.parametrize("role", Role)
def test_a_text_is_opened_only_for_an_actor_whose_role_may_read_it(role, kind, part):
    registered = vault.PARTS[kind, part]
    content = dict.fromkeys(registered.fields, "words")
    sealed = vault.seal(key_for(role, kind), content, ROW, part)
    if registered.action in GRANTS[role]:
        assert vault.unseal(key_for(role, kind), sealed, ROW, part) == content
        return
    with pytest.raises(Forbidden, match=registered.action):
        vault.unseal(key_for(role, kind), sealed, ROW, part)
    with pytest.raises(Forbidden, match=registered.action):
        vault.open_bytes(key_for(role, kind), sealed, f"shared/{part}/{ROW}", part)


def test_the_service_itself_opens_no_text_and_an_actor_gets_no_key_of_the_service():
    nobody = vault.SealKey("meeting", None, sealing.sealer(KEYS, "a"))
    with pytest.raises(Forbidden):
        vault.unseal(nobody, vault.seal(nobody, {"minutes": "words"}, ROW, "minutes"), ROW, "minutes")
    for purpose in vault.SERVICE:
        with pytest.raises(LookupError):
            vault.kind_key(None, purpose)


def test_every_field_of_the_content_of_a_request_has_registered_readers():
    assert {*ContentIn().fields, *MeasureIn().fields} - {"code"} <= vault.PARTS["request", "content"].fields
