"""The only module that decrypts: values of identifiers, texts that authorities exchange, and secrets of the service.

The values of a case are encrypted with the data key of the case, and texts about a shared object with a key of that object. If the
encrypted key is deleted, they can no longer be read. Row policies decide which rows a caller sees. Each feature registers the
fields of its texts, and the action that an actor needs to read them. An unregistered field is neither encrypted nor decrypted.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

import orjson

from coopapi.access import Action, Actor
from coopapi.errors import Forbidden
from coopapi.store import sealing
from coopapi.store.crypto import Keyring
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.sealing import BrokenSeal as BrokenSeal  # noqa: PLC0414 (others name it from here)
from coopapi.store.sealing import DataKey as DataKey  # noqa: PLC0414 (others name it from here)

SERVICE: Final[Mapping[str, str]] = {
    "bodies": "request bodies that are still arriving, for the process that receives them",
    "mail-addresses": "the sending of mail, and the person whose address it is",
    "cursors": "paging, for the caller to whom the list was shown",
    "signing-keys": "the signing of access tokens",
    "webhooks": "the signing of webhooks",
}
"""The purposes for which the service encrypts what it reads itself, not an actor, each with the reader."""


@dataclass(frozen=True, slots=True)
class Part:
    """One encrypted part of a kind of object: its fields, and the action that an actor needs to read them."""

    action: Action
    fields: frozenset[str]


PARTS: Final[dict[tuple[str, str], Part]] = {}
"""The parts of all kinds of objects, as the features registered them."""


class Keyed(Protocol):
    """A shared object with a key of its own, stored encrypted."""

    __kind__: ClassVar[str]
    id: Any
    wrapped: Any


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key that encrypts texts about one kind of object, and the actor for whom it decrypts them: None for the service itself."""

    kind: str
    _actor: Actor | None
    _sealer: sealing.Sealer


def register_readers(kind: str, action: Action, **parts: Iterable[str]) -> None:
    """Register the fields of each part of a kind of object, and the action that an actor needs to read them."""
    PARTS.update({(kind, part): Part(action, frozenset(fields)) for part, fields in parts.items()})


def new_key(work: UnitOfWork, kind: str, thing_id: UUID) -> tuple[bytes, SealKey]:
    """Make the key of a new shared object. Returns it encrypted, for the database, and ready for use."""
    wrapped, key = sealing.new_data_key(work.keys, str(thing_id))
    return wrapped, SealKey(kind, work.actor, key._values)  # noqa: SLF001


def key_of(work: UnitOfWork, thing: Keyed) -> SealKey:
    """Decrypt the key of a shared object."""
    return SealKey(thing.__kind__, work.actor, sealing.data_key(work.keys, str(thing.id), thing.wrapped)._values)  # noqa: SLF001


def service_key(keys: Keyring, purpose: str) -> SealKey:
    """Return a key of the service for one of the purposes in `SERVICE`. Raises `LookupError` for any other purpose."""
    if purpose not in SERVICE:
        raise LookupError(f"no key of the service is named {purpose}")
    return SealKey(purpose, None, sealing.sealer(keys, purpose))


def kind_key(work: UnitOfWork, kind: str) -> SealKey:
    """Return the key of the service for a registered kind of object whose objects have no keys of their own.

    Raises `LookupError` for any other kind.
    """
    if kind not in {registered for registered, _ in PARTS}:
        raise LookupError(f"no kind of object is registered as {kind}")
    return SealKey(kind, work.actor, sealing.sealer(work.keys, kind))


def _part(key: SealKey, part: str, fields: Iterable[str]) -> Part:
    """Return a part of a kind of object. Raises `LookupError` unless the part and all these fields are registered."""
    found = PARTS.get((key.kind, part))
    if found is None:
        raise LookupError(f"nobody is registered to read {part} of {key.kind}")
    if unknown := set(fields) - found.fields:
        raise LookupError(f"nobody is registered to read {', '.join(sorted(unknown))} in {part} of {key.kind}")
    return found


def _require_reader(key: SealKey, part: str) -> None:
    """Raise `Forbidden` unless the actor may read this part."""
    action = _part(key, part, ()).action
    if key._actor is None or not key._actor.may(action):  # noqa: SLF001 (the key is opaque to all others)
        raise Forbidden(f"Reading {part} of {key.kind} needs {action}.")


def seal(key: SealKey, content: Mapping[str, Any], row_id: UUID, part: str = "content") -> bytes:
    """Encrypt one part of the content of a row. Values that are None are left out.

    Raises `LookupError` for a part or a field without registered readers.
    """
    said = {name: value for name, value in content.items() if value is not None}
    _part(key, part, said)
    return seal_bytes(key, as_json(said).encode(), f"shared/{part}/{row_id}")


def unseal(key: SealKey, sealed: bytes | None, row_id: UUID, part: str = "content") -> dict[str, Any]:
    """Decrypt one part of the content of a row, or return an empty dictionary if it was never written.

    Raises `Forbidden` if the actor may not read it, `LookupError` for a part or a field without registered readers, and
    `BrokenSeal` for one that was changed or moved.
    """
    _require_reader(key, part)
    if sealed is None:
        return {}
    content: dict[str, Any] = json.loads(open_bytes(key, sealed, f"shared/{part}/{row_id}", part))
    _part(key, part, content)
    return content


def seal_bytes(key: SealKey, plain: bytes, place: str) -> bytes:
    """Encrypt bytes for one place."""
    return key._sealer.seal(plain, place)  # noqa: SLF001 (the key is opaque to all others)


def open_bytes(key: SealKey, sealed: bytes, place: str, part: str = "content") -> bytes:
    """Decrypt bytes that were encrypted for this place.

    Raises `Forbidden` if the actor may not read this part, and `BrokenSeal` if they were changed or moved.
    """
    if key._actor is not None:  # noqa: SLF001
        _require_reader(key, part)
    return key._sealer.open(sealed, place)  # noqa: SLF001 (the key is opaque to all others)


def put_words(work: UnitOfWork, thing: Keyed, row_id: UUID, reason: str | None) -> bytes | None:
    """Encrypt the reason that was given with a step, as a separate part of the row."""
    return seal(key_of(work, thing), {"reason": reason}, row_id, "words") if reason else None


def read_words(work: UnitOfWork, thing: Keyed, row_id: UUID, words: bytes | None) -> str | None:
    """Decrypt the reason that was given with the last step, or return None."""
    return unseal(key_of(work, thing), words, row_id, "words").get("reason")


def new_case_key(work: UnitOfWork, case_id: UUID) -> bytes:
    """Make the data key of a new case of the caller's authority and return it encrypted, for the database."""
    wrapped, key = sealing.new_data_key(work.keys, str(case_id))
    work.case_keys[case_id] = key, work.actor.authority_id
    return wrapped


def case_key(keys: Keyring, case_id: UUID, wrapped: bytes) -> DataKey:
    """Decrypt the data key of a case."""
    return sealing.data_key(keys, str(case_id), bytes(wrapped))


def words_key(work: UnitOfWork, kind: str, key: DataKey) -> SealKey:
    """Return the key for the texts about objects of a registered kind in a case: the data key of the case, for the actor."""
    return SealKey(kind, work.actor, key._values)  # noqa: SLF001


def seal_value(key: DataKey, content: str, authority_id: UUID, identifier_id: UUID) -> bytes:
    """Encrypt the value of an identifier, as JSON, for its own row, so that it cannot be decrypted in another row."""
    return key._values.seal(content.encode(), _value_place(authority_id, identifier_id))  # noqa: SLF001


def open_value(key: DataKey, sealed: bytes, authority_id: UUID, identifier_id: UUID) -> dict[str, Any]:
    """Decrypt the value of an identifier: to show it in its case, after a disclosure, or to compare similar values.

    It was read by `strictjson`, which refuses the numbers and unpaired surrogates that orjson reads otherwise or not at all.
    """
    content: dict[str, Any] = orjson.loads(key._values.open(bytes(sealed), _value_place(authority_id, identifier_id)))  # noqa: SLF001
    return content


def _value_place(authority_id: UUID, identifier_id: UUID) -> str:
    return f"identifiers/sealed/{identifier_id}/{authority_id}"
