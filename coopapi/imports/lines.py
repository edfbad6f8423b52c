"""The lines of a file: how they are read, and which schema each type has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

import marshmallow as ma
from marshmallow import ValidationError, fields

from coopapi import strictjson
from coopapi.cases.schemas import CaseIn, ExternalId, SubjectIn
from coopapi.directory.fields import Code
from coopapi.errors import BadRequest, TooLarge, broken
from coopapi.facts.schemas import MOST_LINKS, FactFields
from coopapi.http.fields import Many, OneOf, Schema, Text, When
from coopapi.http.problems import pointers
from coopapi.identifiers.drafts import Content
from coopapi.identifiers.schemas import MOST_SUBJECTS, IdentifierIn
from coopapi.imports.models import TYPES
from coopapi.imports.staging import LONGEST_LINE, NO_CSV, OTHER_COLUMNS
from coopapi.matching.engine import Held
from coopapi.store.crypto import Keyring
from coopapi.unicode_text import controlled

LONGEST_KEY: Final = 100
ABOUT_EXPORT: Final = "export"
"""The type of lines that say where a file comes from. Nothing is stored of them."""
_MOST_MEMBERS: Final = 5000
_KINDS: Final = {"case": "case", "subject": "subject", "identifier": "identifier", "person": "identifier", "fact": "fact"}
"""The kind of row that a line of each type makes."""


class CaseLine(CaseIn):
    """A case. Access, the handler and the responsible office are named over HTTP, and only a person may hide a case."""

    class Meta(Schema.Meta):
        """Leaves out what a line may not contain."""

        exclude = ("access", "handler_id", "responsible_authority", "visibility_reason")

    external_id = ExternalId(required=True)


class SubjectLine(SubjectIn):
    """A subject of a case."""

    case = ExternalId(required=True)
    external_id = ExternalId(required=True)


class SubjectKey(Schema):
    """A subject to whom an identifier belongs or belonged, by its key."""

    external_id = ExternalId(required=True)
    since = When()
    basis = Code("basis")


class IdentifierLine(IdentifierIn):
    """An identifier of a case. Lines of type `person` have it too; their kind is `person`."""

    case = ExternalId(required=True)
    external_id = ExternalId(required=True)
    subjects = Many(fields.Nested(SubjectKey), MOST_SUBJECTS, distinct=False)


class InvolvedKey(Schema):
    """A subject or an identifier that is involved in a fact, by its key."""

    external_id = ExternalId(required=True)


class FactLine(FactFields):
    """A fact of a case."""

    case = ExternalId(required=True)
    external_id = ExternalId(required=True)
    subjects = Many(fields.Nested(InvolvedKey), MOST_LINKS)
    identifiers = Many(fields.Nested(InvolvedKey), MOST_LINKS)


_WITHDRAWN: Final = ("case", "identifier", "fact")


class CaseWithdrawal(Schema):
    """A case that is withdrawn."""

    of = OneOf(_WITHDRAWN, required=True)
    external_id = ExternalId(required=True)
    reason = Text(1000, required=True)


class RowWithdrawal(Schema):
    """An identifier or a fact that is withdrawn from its case."""

    of = OneOf(_WITHDRAWN, required=True)
    case = ExternalId(required=True)
    external_id = ExternalId(required=True)
    reason = Code("withdrawal_reasons", group="identifier", required=True)


_SCHEMAS: Final[Mapping[str, ma.Schema]] = {
    "case": CaseLine(),
    "subject": SubjectLine(),
    "identifier": IdentifierLine(),
    "person": IdentifierLine(),
    "fact": FactLine(),
}
_WITHDRAWALS: Final[Mapping[str, ma.Schema]] = {"case": CaseWithdrawal(), "identifier": RowWithdrawal(), "fact": RowWithdrawal()}


@dataclass(slots=True)
class SentLine:
    """One line: what it says, and what became of it."""

    number: int
    raw: bytes
    type: str | None = None
    kind: str = ""
    external_id: str | None = None
    case: str | None = None
    sent: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    outcome: str | None = None
    faults: Sequence[Mapping[str, Any]] = ()
    digest: bytes = b""
    row: Any = None
    content: Content | None = None
    held: list[Held] | None = None
    """What is stored of the value, and its tokens, if both were made in advance."""

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """What the line is about: the kind of row, the key of its case, and its own."""
        return self.kind, None if self.kind == "case" else self.case, self.external_id

    @property
    def named(self) -> set[tuple[str, str | None, str | None]]:
        """The keys of the other rows that the line names: its case, and the subjects and identifiers that belong to it."""
        if not self.case:
            return set()
        said = self.sent or self.data or {}
        named: set[tuple[str, str | None, str | None]] = {("case", None, self.case)}
        if not {"subjects", "identifiers"} & said.keys():
            return named
        for kind, links in (("subject", said.get("subjects")), ("identifier", said.get("identifiers"))):
            keys = [link.get("external_id") for link in links if isinstance(link, dict)] if isinstance(links, list) else []
            named |= {(kind, self.case, key.strip()) for key in keys if isinstance(key, str)}
        return named

    def refuse(self, pointer: str, rule: str) -> None:
        """Say that the line breaks a rule."""
        self.outcome, self.faults = "refused", [broken(pointer, rule, "")]

    def conflict(self, rule: str) -> None:
        """Say that the line is about a row that this client's imports may not change."""
        self.outcome, self.faults = "conflict", [broken("", rule, "")]

    def digested(self, keys: Keyring, scope: UUID) -> bytes:
        """Return a keyed digest of what the line says about a row of this scope."""
        if not self.digest:
            self.digest = keys.mac("import-lines", b"|".join((scope.bytes, self.kind.encode(), self.raw)))
        return self.digest

    def check(self) -> bool:
        """Read the line with its schema, unless that was done. Returns False if it is refused."""
        if self.data is not None or self.outcome:
            return self.outcome is None
        schema = _WITHDRAWALS[self.sent["of"]] if self.type == "withdrawal" and self.sent else _SCHEMAS[self.type or ""]
        try:
            self.data = schema.load(self.sent or {})
        except ValidationError as fault:
            self.outcome, self.faults = "refused", list(pointers(fault.messages, "json"))
            return False
        return True


def read_lines(plain: bytes, first: int, after: int, most: int, *, csv: bool = False) -> list[SentLine]:
    """Read the first lines after a line, at most so many. `first` is the number of the first line of `plain`.

    One that cannot be read is refused, and an empty one is left out. Only lines that were made of `csv` may be marks for a row.
    """
    numbered = enumerate(plain.split(b"\n")[after + 1 - first :], after + 1)
    lines = list(islice((SentLine(number, raw) for number, raw in numbered if raw.strip()), most))
    for line in lines:
        _read(line, _MARKS if csv else {})
    return lines


def _read(line: SentLine, marks: Mapping[bytes, str]) -> None:
    sent = _parsed(line, marks)
    if sent is None:
        return
    line.type, line.sent = sent.pop("type", None), sent
    line.external_id, line.case = _text(sent, "external_id"), _text(sent, "case")
    if line.type == "person":
        sent.setdefault("kind", "person")
    if line.type == ABOUT_EXPORT:
        line.outcome = "unchanged"
    elif not isinstance(line.type, str) or line.type not in TYPES:
        line.type = None
        line.refuse("/type", "one_of")
    elif line.type != "withdrawal":
        line.kind = _KINDS[line.type]
    elif isinstance(sent.get("of"), str) and sent["of"] in _WITHDRAWALS:
        line.kind = sent["of"]
    else:
        line.refuse("/of", "one_of")
    if line.type == "person" and sent["kind"] != "person":
        line.refuse("/kind", "one_of")


_MARKS: Final = {OTHER_COLUMNS: "columns", NO_CSV: "csv"}


def _parsed(line: SentLine, marks: Mapping[bytes, str]) -> dict[str, Any] | None:
    """Return the JSON object of a line, or refuse the line and return None."""
    rule = "length" if len(line.raw) > LONGEST_LINE else marks.get(line.raw)
    found: Any = None
    if rule is None:
        try:
            found = strictjson.loads(line.raw, max_bytes=LONGEST_LINE, max_items=_MOST_MEMBERS)
            rule = None if isinstance(found, dict) else "type"
        except (BadRequest, TooLarge):
            rule = "json" if _is_utf8(line.raw) else "utf8"
    if rule:
        line.refuse("", rule)
        return None
    read: dict[str, Any] = found
    return read


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(sent: Mapping[str, Any], name: str) -> str | None:
    """Return a key as the schema reads it, without surrounding spaces; None if it is no key at all."""
    value = sent.get(name)
    return value.strip() if isinstance(value, str) and len(value) <= LONGEST_KEY and not controlled(value) else None


def portion(lines: Iterable[SentLine]) -> list[SentLine]:
    """Return the first lines that may be stored together.

    Cases are stored before subjects, these before identifiers, facts after them, and rows are withdrawn last. So a portion ends
    before a second line about the same row, before the line of a case, a subject or an identifier that an earlier line names,
    before a line about a case that an earlier line withdraws, and before a line that stores something in a case from which an
    earlier line withdraws something.
    """
    taken: list[SentLine] = []
    told: set[tuple[str, str | None, str | None]] = set()
    named: set[tuple[str, str | None, str | None]] = set()
    ended: set[str] = set()
    left: set[str] = set()
    for line in lines:
        if line.outcome is None:
            key = line.key
            waits = line.case in ended or (line.type != "withdrawal" and line.case in left)
            if key in told or key in named or waits:
                break
            told.add(key)
            named |= line.named
            if line.type == "withdrawal" and line.kind == "case" and line.external_id:
                ended.add(line.external_id)
            elif line.type == "withdrawal" and line.case:
                left.add(line.case)
        taken.append(line)
    return taken
