"""Digest matching for an authority that keeps its names and sends only digests."""

from collections.abc import Mapping
from typing import Any

from coopapi.matching.similarity import PERSON
from coopapi.persons.families import DIGESTS_VERSION, FAMILIES, texts
from coopapi.persons.record import read_person
from coopapi.store.crypto import Keyring, inner_mac


def keys_for_an_authority(keyring: Keyring) -> dict[str, str]:
    """Return the keys k1 in hexadecimal, one for each family of match keys. The keys k2 never leave the service."""
    return {family: keyring.inner_key(PERSON + family).hex() for family in FAMILIES}


def digest_person(person: Mapping[str, Any], keys: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the digests of a person in the form that the register accepts."""
    macs = {family: inner_mac(bytes.fromhex(key), PERSON + family) for family, key in keys.items()}
    return [
        {"family": group.family, "digest": macs[group.family].digest(text.encode()).hex(), "answers_only": group.answers_only}
        for group in texts(read_person(person))
        for text in group.texts
    ]


def digested(person: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """Return what to register for a person: its digests, and the version of the rules that made them."""
    return {"kind": "person", "digests": digest_person(person, keys), "digest_version": DIGESTS_VERSION}
