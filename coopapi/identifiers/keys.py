"""Computes the match tokens of an identifier from the match keys that its format returned."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from coopapi.identifiers import kinds
from coopapi.identifiers.kinds import Context, MatchKey, Strength
from coopapi.matching.engine import Held, Holding
from coopapi.store.crypto import Keyring


def holdings(identifier_id: UUID, kind: str, tokens: Iterable[Held]) -> list[Holding]:
    """Return the tokens of one identifier, each with its kind."""
    return [Holding(identifier_id, token, family, strength, kind, common) for token, family, strength, common in tokens]


def held(keys: Keyring, read: Iterable[MatchKey]) -> list[Held]:
    """Return the tokens of a value."""
    return [(_token(keys, key), key.family, int(key.strength), key.common) for key in read]


def listed_tokens(keys: Keyring, listed: Mapping[str, str]) -> list[bytes]:
    """Return the tokens of a value that the operator lists. Raises `ImpossibleValue`.

    Weak keys, such as the host of an address, count only if there are no others.
    """
    context = Context(platform=listed.get("platform"), country=listed.get("country"))
    read = [key for key in kinds.read(listed["kind"], listed["value"], context).keys if key.strength > Strength.ASKS]
    strong = [key for key in read if key.strength > Strength.WEAK]
    return sorted(_token(keys, key) for key in strong or read)


def _token(keys: Keyring, key: MatchKey) -> bytes:
    return keys.outer(key.family, bytes.fromhex(key.text)) if key.digest else keys.token(key.family, key.text)
