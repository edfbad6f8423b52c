"""Write docs/timeline.svg: what happened when in two made-up cases that overlap, as an export draws it.

`python -m bench timeline > docs/timeline.svg`
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from coopapi.exports.formats.common import About
from coopapi.exports.timelines.entries import CaseHead, Head
from coopapi.exports.timelines.pictures import picture

_SPACE: Final = UUID("5d0f6f0e-6d2b-5a54-9d5e-9e7f3c6c1f0a")
_NL, _FR = (str(uuid5(_SPACE, name)) for name in ("NL-2026-0117", "FR-26-441"))
_WREN, _MERLE = ("National Police", "NL"), ("Cyber Prosecution Office", "FR")
_STORY: Final = (
    (_NL, "fact", "2026-01-12T00:00:00+01:00", "month", "Account opened: fact, confidence high", {}),
    (_NL, "fact", "2026-01-27T21:14:00+01:00", "minute", "Payment: fact", {"payment": "identifier"}),
    (_FR, "fact", "2026-02-02T00:00:00+01:00", "day", "Payment: fact", {"payment": "identifier"}),
    (_NL, "fact", "2026-02-05T18:40:00+01:00", "minute", "Meeting: assessment, confidence low", {"café": "place"}),
    (_FR, "fact", "2026-02-11T00:00:00+01:00", "day", "Meeting: fact", {"café": "place"}),
    (_NL, "fact", "2026-02-19T20:03:00+01:00", "minute", "Message sent: fact", {"chat": "minute"}),
    (_FR, "fact", "2026-02-19T20:03:00+01:00", "minute", "Message received: fact", {"chat": "minute"}),
    (_NL, "act", "2026-02-23T09:12:31+00:00", "second", "A case was registered", {}),
    (_FR, "act", "2026-02-25T10:05:02+00:00", "second", "A case was registered", {}),
    (_NL, "act", "2026-02-25T10:05:44+00:00", "second", "An overlap was detected", {}),
    (_FR, "act", "2026-02-25T10:05:44+00:00", "second", "An overlap was detected", {}),
    (_NL, "act", "2026-03-03T14:30:10+00:00", "second", "An overlap was verified", {}),
    (_FR, "fact", None, None, "Journey: assessment, without a time", {}),
)
"""The case, kind, time, precision and words of each entry, and what it shares with others."""


def story() -> tuple[Head, list[dict[str, Any]], Mapping[str, Any]]:
    """Return the head, the entries and what was left out."""
    names = {_NL: ("NL-2026-0117", *_WREN), _FR: ("FR-26-441", *_MERLE)}
    shared: dict[str, list[int]] = {}
    for n, (*_, links) in enumerate(_STORY):
        for thing in links:
            shared.setdefault(thing, []).append(n)
    entries = [_entry(n, names, shared) for n in range(len(_STORY))]
    made = datetime(2026, 3, 4, 8, tzinfo=UTC)
    about = About(uuid5(_SPACE, "export"), "1", made, UUID(_NL), *_WREN, _WREN[0], "investigation", "H1", ())
    cases = [CaseHead(case, name, title, *home, "H1") for (case, (name, *home)), title in zip(names.items(), _TITLES, strict=True)]
    return Head(about, "en", cases), entries, {"left_out": [{"what": "fact", "why": "victim", "count": 2}]}


_TITLES: Final = ("Operation Heron", "Opération Martinet")


def _id(n: int) -> str:
    return str(uuid5(_SPACE, f"entry {n}"))


def _entry(n: int, names: Mapping[str, Sequence[str]], shared: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    case, kind, at, precision, said, links = _STORY[n]
    reference, authority, country = names[case]
    basis = {"basis": "assessment" if "assessment" in said else "fact"} if kind == "fact" else {}
    with_ = [{"kind": kind_of, "with": [_id(m) for m in shared[thing] if m != n]} for thing, kind_of in links.items()]
    offset = {"offset": at[-6:]} if at and kind == "fact" else {}
    return {
        "id": _id(n),
        "kind": kind,
        "begins_at": at,
        "precision": precision,
        "sentence": f"{said} ({authority}, {country}).",
        "type": kind,
        "case": {"id": case, "reference": reference},
        "authority": {"name": authority, "country": country},
        "handling_code": "H1",
        "co_occurrences": with_,
        **offset,
        **basis,
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(picture(*story()))
