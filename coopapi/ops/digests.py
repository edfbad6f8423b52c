"""Digest matching for an authority that keeps its names and sends only digests."""

from collections.abc import Mapping
from typing import Any

from coopapi.matching.similarity import PERSON
from coopapi.persons.families import FAMILIES, texts
from coopapi.persons.record import read_person
from coopapi.store.crypto import Keyring, Mac, inner_digest


def keys_for_an_authority(keyring: Keyring) -> dict[str, str]:
    """Return the keys k1 in hexadecimal, one for each family of match keys. The keys k2 never leave the service."""
    return {family: keyring.inner_key(PERSON + family).hex() for family in FAMILIES}


def digest_person(person: Mapping[str, Any], keys: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the digests of a person in the form that the register accepts."""
    macs = {family: Mac(bytes.fromhex(key)) for family, key in keys.items()}
    return [
        {
            "family": text.family,
            "digest": inner_digest(macs[text.family], PERSON + text.family, text.text).hex(),
            "answers_only": text.answers_only,
        }
        for text in texts(read_person(person))
    ]
