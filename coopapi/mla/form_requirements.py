"""What official forms ask for that depends on the measures: section H of the EIO, and the boxes of an arrest warrant."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from coopapi.mla.points import Point
from coopapi.mla.requirements import RequestDraft

_EIO: Final = "Directive 2014/41/EU"
_WARRANT: Final = "Framework Decision 2002/584/JHA"
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
_READ: Final = frozenset({"30(4)", "30(3)(b)"})
"""The paragraphs that were read in the official text."""
_OF_WARRANT: Final = (
    ("persons", "Name the requested person.", "8(1)(a)"),
    ("warrant", "Name the decision on which the warrant is based.", "8(1)(c)"),
    ("offences", "Name the offences, their legal classification and the penalties.", "8(1)(d), (f)"),
    ("facts", "Describe the circumstances, with time, place and degree of participation.", "8(1)(e)"),
)


def missing(draft: RequestDraft) -> Iterator[Point]:
    """Yield what an arrest warrant must contain and does not."""
    if draft.kind == "eaw":
        for name, detail, article in _OF_WARRANT:
            if not draft.said(name):
                yield Point(name, f"/content/{name}", detail, f"{_WARRANT} Art. {article}")


def advised(draft: RequestDraft) -> Iterator[Point]:
    """Yield what section H of an EIO asks about its measures, and listed categories or a legal basis that are not named."""
    if draft.kind in {"eio", "epoc", "epoc_pr", "eaw"}:
        yield from _categories(draft)
    if draft.kind == "subscriber_information" and not draft.said("domestic_legal_basis"):
        detail = "Name the provision of your own law on which the request rests. The form has a section for it."
        yield Point("domestic_legal_basis", "/content/domestic_legal_basis", detail, "T-CY template for Article 31, item 11")
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
            yield Point("listed", f"/content/offences/{place}/listed", detail, f"{_EIO} Art. 11(1)(g)")


def _said(measure: Mapping[str, Any], path: str) -> bool:
    found: Any = measure
    for name in path.split("/"):
        found = (found or {}).get(name)
    return bool(found)
