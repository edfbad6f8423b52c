"""The national side of digest matching: what an authority runs that keeps its names and sends digests."""

from collections.abc import Mapping
from typing import Any

from coopapi.matching.similarity import PERSON
from coopapi.persons.families import FAMILIES, texts
from coopapi.persons.record import read_person
from coopapi.store.crypto import Keyring, Mac, inner_digest


def keys_for_an_authority(keyring: Keyring) -> dict[str, str]:
    """The keys k1, one for each family of match keys, in hexadecimal; k2 never leaves the service."""
    return {family: keyring.inner_key(PERSON + family).hex() for family in FAMILIES}


def digest_person(person: Mapping[str, Any], keys: Mapping[str, str]) -> list[dict[str, Any]]:
    """Make the digests of a person, as the register takes them."""
    macs = {family: Mac(bytes.fromhex(key)) for family, key in keys.items()}
    return [
        {
            "family": text.family,
            "digest": inner_digest(macs[text.family], PERSON + text.family, text.text).hex(),
            "answers_only": text.answers_only,
        }
        for text in texts(read_person(person))
    ]
