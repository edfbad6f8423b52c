"""The only module that opens seals: values of identifiers, what authorities write to each other, and secrets of the service.

Values of a case are sealed under the data key of the case, and what is written about a shared thing under a key of that thing;
with the wrapped key gone nothing can be read. Who may read what is decided by the row policies and by the feature that asks; each
feature registers here which parts it seals and who reads them, and a part that is not registered cannot be opened.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

from coopapi.store import sealing
from coopapi.store.crypto import Keyring
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.sealing import BrokenSeal as BrokenSeal  # noqa: PLC0414 (others name it from here)
from coopapi.store.sealing import DataKey as DataKey  # noqa: PLC0414 (others name it from here)

SERVICE: Final[Mapping[str, str]] = {
    "cursors": "paging, for the caller to whom the list was shown",
    "signing-keys": "the signing of access tokens",
    "evidence": "those to whom an item of evidence is open",
    "meeting-actions": "those who took part in the meeting",
    "deadlines": "those who see the deadline",
}
"""Keys of the service itself, and who reads what is sealed with each."""
READERS: Final[dict[tuple[str, str], str]] = {}
"""Who reads each part of each kind of shared thing, as its feature registered it."""


class Keyed(Protocol):
    """A shared thing with a key of its own, wrapped."""

    __kind__: ClassVar[str]
    id: Any
    wrapped: Any


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key that seals what is said about one kind of thing; it opens nothing by itself."""

    kind: str
    _sealer: sealing.Sealer


def register_readers(kind: str, **parts: str) -> None:
    """Say for each part of a kind of shared thing who reads it."""
    READERS.update({(kind, part): who for part, who in parts.items()})


def new_key(work: UnitOfWork, kind: str, thing_id: UUID) -> tuple[bytes, SealKey]:
    """Make the key of a new shared thing: wrapped for the database, and open for use now."""
    wrapped, key = sealing.new_data_key(work.keys, str(thing_id))
    return wrapped, SealKey(kind, key._values)  # noqa: SLF001


def key_of(work: UnitOfWork, thing: Keyed) -> SealKey:
    """Unwrap the key of a shared thing."""
    return SealKey(thing.__kind__, sealing.data_key(work.keys, str(thing.id), thing.wrapped)._values)  # noqa: SLF001


def service_key(keys: Keyring, purpose: str) -> SealKey:
    """Return a key of the service; `SERVICE` names each."""
    if purpose not in SERVICE:
        raise LookupError(f"no key of the service is named {purpose}")
    return SealKey(purpose, sealing.sealer(keys, purpose))


def seal(key: SealKey, content: Mapping[str, Any], row_id: UUID, part: str = "content") -> bytes:
    """Seal one part of what one row says; what is null says nothing."""
    said = {name: value for name, value in content.items() if value is not None}
    return seal_bytes(key, as_json(said).encode(), f"shared/{part}/{row_id}")


def unseal(key: SealKey, sealed: bytes | None, row_id: UUID, part: str = "content") -> dict[str, Any]:
    """Open one part of what one row says; what was never written says nothing.

    Raises `LookupError` for a part without registered readers and `BrokenSeal` for one that was changed or moved.
    """
    if key.kind not in SERVICE and (key.kind, part) not in READERS:
        raise LookupError(f"nobody is registered to read {part} of {key.kind}")
    if sealed is None:
        return {}
    content: dict[str, Any] = json.loads(open_bytes(key, sealed, f"shared/{part}/{row_id}"))
    return content


def seal_bytes(key: SealKey, plain: bytes, place: str) -> bytes:
    """Seal bytes for one place."""
    return key._sealer.seal(plain, place)  # noqa: SLF001 (the key is opaque to all others)


def open_bytes(key: SealKey, sealed: bytes, place: str) -> bytes:
    """Open bytes that were sealed for this place, or raise `BrokenSeal`."""
    return key._sealer.open(sealed, place)  # noqa: SLF001 (the key is opaque to all others)


def put_words(work: UnitOfWork, thing: Keyed, row_id: UUID, reason: str | None) -> bytes | None:
    """Seal the words that went with a step, under a place of their own."""
    return seal(key_of(work, thing), {"reason": reason}, row_id, "words") if reason else None


def read_words(work: UnitOfWork, thing: Keyed, row_id: UUID, words: bytes | None) -> str | None:
    """Open the words that went with the last step."""
    return unseal(key_of(work, thing), words, row_id, "words").get("reason")


def new_case_key(work: UnitOfWork, case_id: UUID) -> bytes:
    """Make the data key of a new case, wrapped for the database."""
    return sealing.new_data_key(work.keys, str(case_id))[0]


def case_key(work: UnitOfWork, case_id: UUID, wrapped: bytes) -> DataKey:
    """Unwrap the data key of a case."""
    return sealing.data_key(work.keys, str(case_id), bytes(wrapped))


def seal_value(key: DataKey, content: Mapping[str, Any], authority_id: UUID, identifier_id: UUID) -> bytes:
    """Seal the value of an identifier for its own row, so that it opens in no other."""
    return key._values.seal(as_json(content).encode(), _value_place(authority_id, identifier_id))  # noqa: SLF001


def open_value(key: DataKey, sealed: bytes, authority_id: UUID, identifier_id: UUID) -> dict[str, Any]:
    """Open the value of an identifier: for its case, for those it was disclosed to, and for the comparison of similar values."""
    content: dict[str, Any] = json.loads(key._values.open(bytes(sealed), _value_place(authority_id, identifier_id)))  # noqa: SLF001
    return content


def _value_place(authority_id: UUID, identifier_id: UUID) -> str:
    return f"identifiers/sealed/{identifier_id}/{authority_id}"
