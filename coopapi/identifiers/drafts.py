"""An identifier between its reading and its storing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from coopapi.cases.models import Identifier
from coopapi.identifiers.kinds import Reading
from coopapi.identifiers.subjects import links_of
from coopapi.matching.engine import Held
from coopapi.matching.similarity import PERSON
from coopapi.store import vault
from coopapi.store.vault import DataKey


class ReadItem(NamedTuple):
    """An item that was parsed, with its tokens and the id that its row gets."""

    item: Mapping[str, Any]
    reading: Reading
    held: Sequence[Held]
    id: UUID


@dataclass(frozen=True, slots=True)
class IdentifierDraft:
    """An identifier that was parsed and may be stored, but is not stored yet; with the key of a row, it `corrects` that row."""

    item: Mapping[str, Any]
    reading: Reading
    row: dict[str, Any]
    held: Sequence[Held]
    """Its tokens."""
    corrects: Identifier | None = None

    @property
    def key(self) -> str | None:
        """The key under which a national system knows the identifier."""
        found: str | None = self.row["external_id"]
        return found

    @property
    def links(self) -> list[dict[str, Any]]:
        """Return the links to subjects as the database stores them, each with the fingerprint of the value."""
        return links_of(self.row["fingerprint"], self.item)


def seal(key: DataKey, authority_id: UUID, row_id: UUID, item: Mapping[str, Any], reading: Reading) -> bytes:
    """Encrypt what only the owning case may read: the value as sent and as parsed, its context and its source."""
    content = {
        name: item[name] for name in ("value", "context", "source", "person", "digest_version") if item.get(name) is not None
    }
    if item["kind"] == "person":
        families = Counter(sorted(read.family.removeprefix(PERSON) for read in reading.keys))
        content |= {"value": reading.normalised or None, "families": families}
    return vault.seal_value(key, {**content, "normalised": reading.normalised}, authority_id, row_id)
