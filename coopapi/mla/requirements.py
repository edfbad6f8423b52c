"""What a request must state, by kind, instrument and measure, each with the article that requires it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from coopapi.directory import codelists
from coopapi.mla.issuing import PROTECTED, data_of
from coopapi.mla.points import Point

_WARRANT: Final = "Framework Decision 2002/584/JHA"


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """A request as the rules see it: its kind, its content and its measures."""

    kind: str
    instrument: str | None
    urgency: str
    content: Mapping[str, Any]
    measures: Sequence[Mapping[str, Any]]
    addressed: bool
    provider: bool
    emergency_ground: str | None = None
    from_country: str | None = None
    to_country: str | None = None
    notified: bool = False
    enforcing_country: str | None = None
    relation: str | None = None

    @property
    def intrusive(self) -> bool:
        """Tell whether a measure is so intrusive that a judge or an independent authority must have authorised it."""
        return any(measure["code"] in intrusive_measures() for measure in self.measures)

    @property
    def protected(self) -> bool:
        """Tell whether traffic data, except to identify the user, or content are asked for (Reg. (EU) 2023/1543 Art. 4(2))."""
        return any(data_of(measure) & PROTECTED for measure in self.measures)

    def said(self, path: str) -> bool:
        """Tell whether the content has a value at a dotted path, such as `preservation.custodian`."""
        found: Any = self.content
        for name in path.split("."):
            found = (found or {}).get(name)
        return bool(found)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a request must state: where, for which requests, and under which article (see `Point` on `verify`)."""

    pointer: str
    detail: str
    article: str
    holds: Callable[[RequestDraft], bool]
    applies: Callable[[RequestDraft], bool] = lambda _: True
    advised: bool = False
    verify: bool = False

    @property
    def point(self) -> Point:
        """Return what is said of a request that does not meet this. The rule has the name of the last part of the pointer."""
        return Point(self.pointer.rsplit("/", 1)[-1], self.pointer, self.detail, self.article, self.verify)


def intrusive_measures() -> frozenset[str]:
    """Return the intrusive measures (Budapest Art. 15), as marked in the codelist `measures`."""
    return frozenset(item.code for item in codelists.load("measures").items if item.extra.get("intrusive"))


def _says(  # noqa: PLR0913 (the fields of a requirement)
    pointer: str,
    detail: str,
    article: str,
    applies: Callable[[RequestDraft], bool],
    *,
    advised: bool = False,
    verify: bool = False,
) -> Requirement:
    path = pointer.removeprefix("/content/").replace("/", ".")
    return Requirement(pointer, detail, article, lambda draft: draft.said(path), applies, advised, verify)


def _kind(*kinds: str) -> Callable[[RequestDraft], bool]:
    return lambda draft: draft.kind in kinds


def _preservation(draft: RequestDraft) -> bool:
    return draft.kind == "preservation"


def _order(draft: RequestDraft) -> bool:
    return draft.kind in {"epoc", "epoc_pr"}


def _about_data(draft: RequestDraft) -> bool:
    return draft.kind in {
        "preservation",
        "expedited_disclosure",
        "subscriber_information",
        "epoc",
        "epoc_pr",
        "production_order",
        "voluntary_cooperation",
    }


def _letter(draft: RequestDraft) -> bool:
    return draft.kind in {"mla_letter", "eio", "subscriber_information", "expedited_disclosure"}


_ALWAYS: Final = (
    Requirement(
        "/instrument",
        "Name the instrument on which the request is based.",
        "",
        lambda d: bool(d.instrument),
        lambda d: d.kind != "voluntary_cooperation",
    ),
    Requirement(
        "/measures", "Give at least one measure.", "", lambda d: bool(d.measures), lambda d: d.kind != "spontaneous_information"
    ),
    Requirement(
        "/executing_authority",
        "Name the addressee. `/authorities/competent` helps to find it.",
        "",
        lambda d: d.addressed,
        lambda d: d.urgency != "emergency" and d.kind != "preservation",
    ),
    _says("/content/contact", "Name a contact office for questions.", "T-CY templates 5-7", lambda _: True),
)
_ARTICLE_29: Final = (
    _says("/content/offences", "Name the offence.", "Budapest Art. 29(2)(b)", _preservation),
    _says("/content/facts", "Summarise the facts.", "Budapest Art. 29(2)(b)", _preservation),
    _says("/content/link", "Explain the relation of the data to the offence.", "Budapest Art. 29(2)(c)", _preservation),
    _says(
        "/content/preservation/custodian",
        "Give what is known about the custodian or the location of the data.",
        "Budapest Art. 29(2)(d)",
        _preservation,
    ),
    _says("/content/necessity", "Explain why the preservation is necessary.", "Budapest Art. 29(2)(e)", _preservation),
    _says(
        "/content/preservation/intends_mla",
        "State that you intend to request the data.",
        "Budapest Art. 29(2)(f)",
        _preservation,
    ),
    _says(
        "/content/preservation/mla_expected_on",
        "Say when you will request the data.",
        "T-CY(2018)11",
        _preservation,
        advised=True,
    ),
)
_LETTERS: Final = (
    _says("/content/offences", "Name the offences and the legal provisions.", "Budapest Art. 27; EIO Art. 5(1)(d)", _letter),
    _says("/content/facts", "Describe the facts.", "EIO Art. 5(1)(d)", _letter),
    _says("/content/link", "Explain the relation of each measure to the offence.", "EIO Annex A, section G", _letter),
    _says("/content/necessity", "Explain why the measures are necessary.", "EIO Art. 6(1)(a)", _kind("eio")),
    _says("/content/proportionality", "Explain why the measures are proportionate.", "EIO Art. 6(1)(a)", _kind("eio")),
    _says("/content/proceedings", "Name the type of proceedings.", "EIO Art. 4", _kind("eio")),
    _says(
        "/content/certification", "The content must be certified as accurate and correct.", "EIO Annex A, section K", _kind("eio")
    ),
    _says(
        "/content/legal_remedies",
        "Say which legal remedies were used or are available.",
        "EIO Annex A, section J",
        _kind("eio"),
        advised=True,
    ),
    _says(
        "/content/confidentiality",
        "Say whether the request must be kept confidential.",
        "EIO Art. 19; Budapest Art. 27(8)",
        _letter,
        advised=True,
    ),
    _says(
        "/content/formalities",
        "Name the formalities that are necessary for the result to be admissible.",
        "EIO Art. 9(2)",
        _letter,
        advised=True,
    ),
    _says(
        "/content/domestic_legal_basis",
        "Name the provision of your own law on which the request rests. The form has a section for it.",
        "T-CY template for Article 31, item 11",
        _kind("subscriber_information"),
        advised=True,
    ),
)
_ORDERS: Final = (
    _says("/content/offences", "Name the offences and the legal provisions.", "Regulation (EU) 2023/1543 Art. 5(5)", _order),
    _says("/content/necessity", "Explain why the order is necessary.", "Regulation (EU) 2023/1543 Art. 5(2)", _order),
    _says("/content/proportionality", "Explain why the request is proportionate.", "Regulation (EU) 2023/1543 Art. 5(2)", _order),
    _says(
        "/content/order/addressee",
        "Say to which kind of establishment the order is addressed.",
        "Regulation (EU) 2023/1543 Art. 7",
        _order,
    ),
    Requirement(
        "/executing_authority",
        "It must be addressed to the legal entity of a provider, as listed in `/providers`.",
        "Regulation (EU) 2023/1543 Art. 7",
        lambda d: d.provider,
        lambda d: d.kind in {"epoc", "epoc_pr", "production_order", "voluntary_cooperation"} and d.addressed,
    ),
)
_WARRANTS: Final = (
    Requirement(
        "/content/persons",
        "Name the requested person: a suspect or a convicted person, with the name.",
        f"{_WARRANT} Art. 8(1)(a)",
        lambda d: any(one["role"] in {"suspect", "convicted"} and one.get("name") for one in d.content.get("persons", ())),
        _kind("eaw"),
        verify=True,
    ),
    *(
        _says(f"/content/{path}", detail, f"{_WARRANT} Art. 8(1){points}", _kind("eaw"), verify=True)
        for path, detail, points in (
            ("warrant/decision", "Name the decision on which the warrant is based.", "(c)"),
            ("warrant/decision_reference", "Give the reference of that decision.", "(c)"),
            ("offences", "Name the offences, their legal classification and the penalties.", "(d), (f)"),
            ("facts", "Describe the circumstances, with time, place and degree of participation.", "(e)"),
        )
    ),
)
_SAFEGUARDS: Final = (
    Requirement(
        "/content/authorisation",
        "An intrusive measure needs the decision of a judge or an independent authority.",
        "Budapest Art. 15",
        lambda d: d.said("authorisation") or all(m.get("authorisation") for m in d.measures if m["code"] in intrusive_measures()),
        lambda d: d.intrusive,
    ),
    _says("/content/necessity", "Explain why such an intrusive measure is necessary.", "Budapest Art. 15", lambda d: d.intrusive),
    _says("/content/proportionality", "Explain why the request is proportionate.", "Budapest Art. 15", lambda d: d.intrusive),
    _says("/content/urgency_reasons", "Explain why the request is urgent.", "T-CY templates", lambda d: d.urgency != "routine"),
    _says(
        "/content/information", "Give the information that you want to share.", "Budapest Art. 26", _kind("spontaneous_information")
    ),
)
REQUIREMENTS: Final = (*_ALWAYS, *_ARTICLE_29, *_LETTERS, *_ORDERS, *_WARRANTS, *_SAFEGUARDS)


def unmet(draft: RequestDraft, *, advised: bool) -> list[Requirement]:
    """Return the requirements that a draft does not meet, at most one for each pointer.

    With `advised`, these are the recommendations instead of the obligations.
    """
    found = {
        rule.pointer: rule for rule in REQUIREMENTS if rule.advised is advised and rule.applies(draft) and not rule.holds(draft)
    }
    return list(found.values())


def vague_measures(draft: RequestDraft) -> list[tuple[int, str, str]]:
    """Return measures that do not say which data they want: place, field and what is missing (SIRIUS: overly broad requests)."""
    if not _about_data(draft):
        return []
    loose = []
    for place, measure in enumerate(draft.measures):
        if not measure.get("identifiers"):
            loose.append((place, "identifiers", "Give the identifiers that the measure is about."))
        if not measure.get("data_categories"):
            loose.append((place, "data_categories", "Give the categories of data."))
        if not (measure.get("since") or _with_time(measure)) and measure["code"] != "subscriber":
            loose.append((place, "since", "Give the time range of the data."))
    return loose


def _with_time(measure: Mapping[str, Any]) -> bool:
    return any((sought.get("context") or {}).get("observed_at") for sought in measure.get("identifiers", ()))


def timeless_addresses(draft: RequestDraft) -> list[tuple[int, int]]:
    """Return IP addresses without the time of their use, as the positions of the measure and of the identifier."""
    return [
        (place, number)
        for place, measure in enumerate(draft.measures)
        for number, sought in enumerate(measure.get("identifiers", ()))
        if sought["kind"] == "ip" and not (sought.get("context") or {}).get("observed_at")
    ]
