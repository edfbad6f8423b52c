"""What official forms ask for that depends on the measures and offences: section H of the EIO, and the lists of offences."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from coopapi.mla.issuing import E_EVIDENCE
from coopapi.mla.points import Point
from coopapi.mla.requirements import RequestDraft

_EIO: Final = "Directive 2014/41/EU"
_TRANSFER: Final = "Say to which State the person is taken, and whether the person consents."
_BANK: Final = "Say whether accounts or transactions are wanted."
_RELEVANT: Final = "Say why the measure is relevant for the proceedings."
_PER_MEASURE: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "transfer_of_prisoner": (("details/direction", _TRANSFER, "22, 23"), ("details/consent", _TRANSFER, "22(2)(a)")),
    "video_hearing": (("details/conducted_by", "Say which authority conducts the hearing, and in which language.", "24(3)"),),
    "banking": (("details/banking", _BANK, "26, 27"), ("details/relevance", _RELEVANT, "26(5), 27(4)")),
    "bank_monitoring": (("details/relevance", _RELEVANT, "28(3)"),),
    "controlled_delivery": (("details/relevance", _RELEVANT, "28(3)"),),
    "covert": (("details/relevance", _RELEVANT, "29(2)"),),
    "freezing": (("details/item", "Say whether the item is transferred or stays in the executing State.", "32(3)"),),
    "interception": (
        ("details/relevance", _RELEVANT, "30(4)"),
        ("duration_days", "Say how long the interception is wanted.", "30(3)(b)"),
        ("details/delivery", "Say how the result is to be sent.", "30(6)"),
    ),
}
_READ: Final = frozenset({"30(4)", "30(3)(b)", "30(6)", "32(3)"})
"""The paragraphs that were read in the official text."""
_LISTS: Final[Mapping[str, str]] = {
    "eio": f"{_EIO} Art. 11(1)(g)",
    "epoc": f"{E_EVIDENCE} Art. 12(1)(d), Annex IV",
    "eaw": "Framework Decision 2002/584/JHA Art. 2(2)",
}
"""Where the list of offences of a kind of request is."""
_LISTS_READ: Final = frozenset({"eaw"})
"""The kinds whose list was read in the official text: the arrest warrant. Annex IV of the Regulation was read from point 15 on."""


def advised(draft: RequestDraft) -> Iterator[Point]:
    """Yield listed offences whose category is not named, and what section H of an EIO asks about its measures."""
    if draft.kind in _LISTS:
        yield from _categories(draft)
    if draft.kind == "eio":
        for place, measure in enumerate(draft.measures):
            for path, detail, article in _PER_MEASURE.get(measure["code"], ()):
                if not _said(measure, path):
                    verify = article not in _READ
                    yield Point(path.rpartition("/")[2], f"/measures/{place}/{path}", detail, f"{_EIO} Art. {article}", verify)


def _categories(draft: RequestDraft) -> Iterator[Point]:
    for place, offence in enumerate(draft.content.get("offences", ())):
        if offence.get("list_offence") and not offence.get("listed"):
            detail = "Name the category of the list, so that the form ticks it."
            yield Point("listed", f"/content/offences/{place}/listed", detail, _LISTS[draft.kind], draft.kind not in _LISTS_READ)


def _said(measure: Mapping[str, Any], path: str) -> bool:
    found: Any = measure
    for name in path.split("/"):
        found = (found or {}).get(name)
    return bool(found)
