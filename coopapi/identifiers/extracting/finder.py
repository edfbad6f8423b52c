"""What was found in a text or a table, and the limits of the search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from coopapi.identifiers.kinds import Context, ImpossibleValue, Reading, read

MOST: Final = 500
"""How many identifiers are proposed at most."""
MOST_WORK: Final = 20_000
"""How much the readers may be asked for one request, so that hostile text costs no more than an ordinary one."""
DOUBTS: Final[Mapping[str, str]] = {
    "assumed_country": "The text names no country, so that of your authority is assumed; it stands in `context`.",
    "needs_country": "The kind needs the country that issued it, in `context.country`.",
    "needs_platform": "The account needs its platform, in `context.platform`.",
    "several_kinds": "Other kinds have the same form, and no word in front says which it is.",
    "label_only": "Only the word in front, or the header, says what it is; its form tells nothing.",
    "bare_domain": "A file name or an abbreviation can look like this domain name.",
    "unreadable": "The header says what it is, but the value breaks the rules of that kind and would be refused.",
}
"""What is doubtful about a proposal. The warnings that the value will have when it is registered stand beside these codes."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value that may be an identifier, with its place. `reading` is None if the readers need more than the text says."""

    kind: str
    value: str
    start: int
    end: int
    context: Context
    doubt: tuple[str, ...]
    reading: Reading | None
    row: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """How one kind reads a piece of text, with the context that it needed."""

    context: Context
    doubt: tuple[str, ...]
    reading: Reading | None


class Finder:
    """Keeps what is found until there are `MOST` values, or `MOST_WORK` is spent; then it is `full`."""

    READING: Final = 5
    """The work of reading a piece of text; to look up what was read before is 1."""

    def __init__(self, country: str | None) -> None:
        self.country = country
        self.found: list[Proposal] = []
        self.spent = 0
        self.full = False
        self._read: dict[tuple[str, str, Context], Read | None] = {}
        self._seen: set[tuple[str, str, Context]] = set()

    def add(self, found: Sequence[Proposal]) -> None:
        """Keep what was found, in the order of the text. A value that was found before is not proposed again."""
        for each in sorted(found, key=lambda one: one.start):
            same = each.kind, each.reading.normalised if each.reading else each.value, each.context
            if same not in self._seen and not self.full:
                self.full = len(self.found) == MOST
                if not self.full:
                    self._seen.add(same)
                    self.found.append(each)

    def attempt(self, kinds: Sequence[str], text: str, context: Context) -> list[tuple[str, Read]]:
        """Return the kinds that can be read from a piece of text, each with its reading."""
        tried = ((kind, self._attempt(kind, text, context)) for kind in kinds)
        return [(kind, made) for kind, made in tried if made]

    def _attempt(self, kind: str, text: str, context: Context) -> Read | None:
        key = kind, text, context
        known = key in self._read
        if not self.spend(1 if known else self.READING):
            return None
        if not known:
            self._read[key] = self._as_kind(kind, text, context)
        return self._read[key]

    def spend(self, work: int) -> bool:
        """Count work. Returns whether it may still be done."""
        self.spent += work
        self.full = self.full or self.spent > MOST_WORK
        return not self.full

    def _as_kind(self, kind: str, text: str, context: Context) -> Read | None:
        try:
            return Read(context, (), read(kind, text, context))
        except ImpossibleValue as fault:
            missing = fault.field
        if missing == "context.country" and not context.country:
            made = self._as_kind(kind, text, replace(context, country=self.country or "XX"))
            if made is None or self.country:
                return made and replace(made, doubt=("assumed_country", *made.doubt))
            return Read(context, ("needs_country",), None)
        if missing == "context.platform" and not context.platform:
            made = self._as_kind(kind, text, replace(context, platform="platform"))
            return made and Read(context, ("needs_platform",), None)
        return None


def found_as(kind: str, made: Read, text: str, place: tuple[int, int], doubt: Sequence[str]) -> Proposal:
    """Return what was found at a place of a text, with all its doubts: the warnings of the reading are among them."""
    start, end = place
    warnings = made.reading.warnings if made.reading else ()
    return Proposal(
        kind, text[start:end], start, end, made.context, tuple(dict.fromkeys((*doubt, *made.doubt, *warnings))), made.reading
    )
