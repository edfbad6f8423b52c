"""What a request owes to children and victims: a lawyer or company, assessment, recording, few interviews, and no needless name."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from coopapi.directory.codelists import member_states
from coopapi.mla.points import Point
from coopapi.mla.requirements import RequestDraft

HEARINGS: Final = frozenset({"hearing", "video_hearing"})
ABOUT_PERSONS: Final = HEARINGS | {"sampling"}
_NEEDS_NAME: Final = ABOUT_PERSONS | {"transfer_of_prisoner", "service"}
_NEEDS_NAME_KINDS: Final = frozenset({"service_of_documents"})
_OF_AGE: Final = 18
_PROTECTED_ROLES: Final = frozenset({"victim", "witness"})
_SUSPECTS: Final = frozenset({"suspect"})
_NOT_BOUND: Final = frozenset({"DK", "IE"})
"""The Member States that took no part in Directive (EU) 2016/800."""
_OF_THE_CONVENTION: Final = dict.fromkeys(
    ("assisted_by", "holder_informed"), "Convention on the Rights of the Child Art. 40(2)(b)(ii)-(iii)"
)
"""What else asks for some safeguards of child suspects."""


def missing(draft: RequestDraft, today: date) -> Iterator[Point]:
    """Yield what is missing for the hearing or sampling of a child: of a suspect, if Directive (EU) 2016/800 binds your State."""
    roles = _PROTECTED_ROLES | _SUSPECTS if _bound(draft) else _PROTECTED_ROLES
    for place, person, codes in _concerned(draft, roles=roles):
        if is_child(person, today):
            yield from _for_child(f"/content/persons/{place}", person, codes)


def advised(draft: RequestDraft, today: date) -> Iterator[Point]:
    """Yield names of victims that the request does not need, children whose age is not stated, and repeated interviews.

    What a State that Directive (EU) 2016/800 does not bind should say of a child suspect is advised too.
    """
    named = [place for place, _, codes in _concerned(draft, _NEEDS_NAME) if codes]
    for place, person in enumerate(draft.content.get("persons", ())):
        at = f"/content/persons/{place}"
        if person["role"] == "victim" and person.get("name") and place not in named and draft.kind not in _NEEDS_NAME_KINDS:
            detail = "Leave the name of the victim out. A pseudonym is enough for this request; give the name if it is asked for."
            yield Point("victim_named", f"{at}/name", detail, "Directive 2012/29/EU Art. 21; Lanzarote Convention Art. 31(1)(e)")
    for place, person, codes in _concerned(draft):
        at = f"/content/persons/{place}"
        if codes and not person.get("age_status") and not person.get("birth_date"):
            detail = "Say whether the person is a child. A victim of unknown age who may be a child is presumed to be one."
            yield Point("age", f"{at}/age_status", detail, "Directive 2012/29/EU Art. 24(2); Lanzarote Convention Art. 35(3)")
        if is_child(person, today) and codes & HEARINGS and (person.get("protection") or {}).get("interviews_so_far"):
            detail = "The child was heard before. Use the recording, or say in `necessity` why it must be heard again."
            yield Point("interviews", f"{at}/protection/interviews_so_far", detail, _LIMITED)
    for place, person, codes in _concerned(draft, roles=_SUSPECTS):
        if is_child(person, today) and not _bound(draft):
            for point in _for_child(f"/content/persons/{place}", person, codes):
                yield replace(point, article=_OF_THE_CONVENTION.get(point.rule, ""))


def _bound(draft: RequestDraft) -> bool:
    """Tell whether Directive (EU) 2016/800 binds the State that asks."""
    return draft.from_country in member_states() - _NOT_BOUND


_LIMITED: Final = "Directive 2012/29/EU Art. 20(b); Lanzarote Convention Art. 35(1)(e)"


def is_child(person: Mapping[str, Any], today: date) -> bool:
    """Tell whether a person is a child, or presumed one, by what is said of its age or by its date of birth.

    With a year or month only, the latest possible day of birth counts.
    """
    if person.get("age_status") in {"child", "presumed_child"}:
        return True
    if not (born := person.get("birth_date")):
        return False
    known = [int(part) for part in born.split("-")]
    year, month, day = (*known, *(12, 31)[len(known) - 1 :])
    return (today.year - year, today.month, today.day) < (_OF_AGE, month, day)


def _concerned(
    draft: RequestDraft, codes: frozenset[str] = ABOUT_PERSONS, roles: frozenset[str] = _PROTECTED_ROLES
) -> Iterator[tuple[int, Mapping[str, Any], frozenset[str]]]:
    """Yield the persons in these roles, with their place and the measures of these codes that concern them.

    A measure that names no person concerns each of them.
    """
    for place, person in enumerate(draft.content.get("persons", ())):
        if person["role"] in roles:
            about = (m["code"] for m in draft.measures if person["ref"] in (m.get("persons") or [person["ref"]]))
            yield place, person, frozenset(about) & codes


def _for_child(at: str, person: Mapping[str, Any], codes: frozenset[str]) -> Iterator[Point]:
    said = person.get("protection") or {}
    for name, detail, article, of in _ASKED_OF_SUSPECTS if person["role"] in _SUSPECTS else _ASKED:
        if codes & of and said.get(name) is None:
            source, verify = _for_witness(article) if person["role"] == "witness" else (article, False)
            yield Point(name, f"{at}/protection/{name}", detail, source, verify)


def _for_witness(article: str) -> tuple[str, bool]:
    """Return the article for a child that is a witness, and whether it has to be verified: the Directive is about victims."""
    _, _, convention = article.partition("; ")
    return (convention, False) if convention else ("Lanzarote Convention Art. 30(1)-(2), 35", True)


_ASKED: Final = (
    (
        "individual_assessment",
        "Say what the individual assessment of the child found, or when it takes place.",
        "Directive 2012/29/EU Art. 22",
        ABOUT_PERSONS,
    ),
    (
        "accompanied_by",
        "Say who accompanies the child: a legal representative, or an adult of the child's choice.",
        "Directive 2012/29/EU Art. 20(c), 24(1)(b); Lanzarote Convention Art. 35(1)(f)",
        ABOUT_PERSONS,
    ),
    (
        "recorded",
        "Say whether the interview is recorded, so that the recording can be used as evidence.",
        "Directive 2012/29/EU Art. 24(1)(a); Lanzarote Convention Art. 35(2)",
        HEARINGS,
    ),
    ("interviews_so_far", "Say how often the child was heard before, in any State.", _LIMITED, HEARINGS),
    (
        "interviews_planned",
        "Say how many interviews are planned: as few as possible.",
        "Directive 2012/29/EU Art. 20(b), 23(2); Lanzarote Convention Art. 35(1)(e)",
        HEARINGS,
    ),
    (
        "strictly_necessary",
        "Say why the sample or examination is strictly necessary.",
        "Directive 2012/29/EU Art. 20(d)",
        frozenset({"sampling"}),
    ),
)
_ASKED_OF_SUSPECTS: Final = (
    (
        "assisted_by",
        "Say which lawyer assists the child, or that questioning has to wait until one is arranged.",
        "Directive (EU) 2016/800 Art. 6(3)(a), (4)(b), (7)",
        HEARINGS,
    ),
    (
        "holder_informed",
        "Say when the holder of parental responsibility was informed, or which other adult, and why.",
        "Directive (EU) 2016/800 Art. 5(1)-(2)",
        ABOUT_PERSONS,
    ),
    (
        "individual_assessment",
        "Say what the individual assessment of the child found, or when it takes place.",
        "Directive (EU) 2016/800 Art. 7(2), (5)",
        ABOUT_PERSONS,
    ),
    (
        "recorded",
        "Say whether the questioning is recorded with image and sound. It has to be where that is proportionate.",
        "Directive (EU) 2016/800 Art. 9(1)-(2)",
        HEARINGS,
    ),
)
