"""Computes the match tokens of an identifier from the match keys that its format returned."""

from collections.abc import Iterable
from uuid import UUID

from coopapi.identifiers.kinds import MatchKey
from coopapi.matching.engine import Holding
from coopapi.store.crypto import Keyring


def holdings(keys: Keyring, identifier_id: UUID, kind: str, role: str | None, read: Iterable[MatchKey]) -> list[Holding]:
    """Return the tokens of one identifier, each with its kind and the role of the person in the case."""
    return [Holding(identifier_id, _token(keys, key), key.family, int(key.strength), kind, role) for key in read]


def _token(keys: Keyring, key: MatchKey) -> bytes:
    return keys.outer(key.family, bytes.fromhex(key.text)) if key.digest else keys.token(key.family, key.text)
