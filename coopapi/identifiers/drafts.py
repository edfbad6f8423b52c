"""An identifier between its reading and its storing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from coopapi.cases.models import Identifier
from coopapi.identifiers.kinds import Reading
from coopapi.identifiers.subjects import links_of
from coopapi.matching.engine import Held
from coopapi.matching.similarity import PERSON
from coopapi.store import vault
from coopapi.store.quick_json import quick_json
from coopapi.store.vault import DataKey


class Content(NamedTuple):
    """What is stored of a value besides its tokens.

    `plain` is the JSON that is encrypted for the owning case, and `identity` is the text that identifies the value within a case.
    """

    plain: str
    identity: str
    strength: int
    warnings: list[str]


class ReadItem(NamedTuple):
    """An item that was parsed, with its tokens and the id that its row gets."""

    item: Mapping[str, Any]
    content: Content
    held: Sequence[Held]
    id: UUID


class IdentifierDraft(NamedTuple):
    """An identifier that was parsed and may be stored, but is not stored yet; with the key of a row, it `corrects` that row."""

    item: Mapping[str, Any]
    content: Content
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


def content_of(item: Mapping[str, Any], reading: Reading) -> Content:
    """Return what is stored of an item. Encrypted are the value as sent and as parsed, its context and its source."""
    said = {name: item[name] for name in ("value", "context", "source", "person", "digest_version") if item.get(name) is not None}
    if item["kind"] == "person":
        families = Counter(sorted(read.family.removeprefix(PERSON) for read in reading.keys))
        said |= {"value": reading.normalised or None, "families": families}
    said["normalised"] = reading.normalised
    return Content(quick_json(said), identity(reading, item), strength(reading), list(reading.warnings))


def strength(reading: Reading) -> int:
    """Return how strong the evidence of a value is: the strength of the reading, or that of its strongest key."""
    return int(reading.strength or max(key.strength for key in reading.keys))


def identity(reading: Reading, item: Mapping[str, Any]) -> str:
    """Return the text that identifies a value within a case: its canonical form, and the time and port of use if they are given."""
    said = item.get("context", {})
    seen = said.get("observed_at")
    return f"{reading.identity or reading.keys[0].text}|{seen.timestamp() if seen else ''}|{said.get('port', '')}"


def seal(key: DataKey, authority_id: UUID, row_id: UUID, content: Content) -> bytes:
    """Encrypt what only the owning case may read, for its own row."""
    return vault.seal_value(key, content.plain, authority_id, row_id)
