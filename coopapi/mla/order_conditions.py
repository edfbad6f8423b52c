"""The conditions of European Production and Preservation Orders: offence, sentence, notification (Regulation (EU) 2023/1543)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from coopapi.mla.issuing import E_EVIDENCE, EMERGENCY_GROUNDS, HARMLESS, PROTECTED, data_of
from coopapi.mla.points import Point
from coopapi.mla.requirements import RequestDraft

LEAST_YEARS: Final = 3
LEAST_MONTHS: Final = 4
_ALWAYS_LISTED: Final = frozenset({"terrorism"})
_CRIMINAL: Final = frozenset({"criminal", "legal_person"})
_BOUND_TO_CATEGORIES: Final = frozenset({"subscriber", "identification", "content"})


def missing(draft: RequestDraft) -> Iterator[Point]:
    """Yield what keeps an order from being issued. Requests of other kinds have none of this."""
    if draft.kind not in {"epoc", "epoc_pr"}:
        return
    yield from _proceedings(draft)
    yield from _sentence(draft)
    yield from _emergency(draft)
    if draft.kind == "epoc":
        yield from _measures(draft)
        yield from _provider(draft.content.get("order") or {})
        if draft.protected:
            yield from _offences(draft)
        if draft.protected and not draft.notified:
            yield from _notification(draft)


def advised(draft: RequestDraft) -> Iterator[Point]:
    """Yield what an order should leave out or say: offences that do not bear it, and an authority of another State.

    A prosecutor may issue an Investigation Order for traffic or location data only if national law lets it order them (C-724/19).
    """
    if draft.kind == "eio" and draft.protected and not draft.said("authorisation"):
        detail = (
            "If a judge authorises traffic or location data in your State, name the decision, or have a judge validate the order."
        )
        article = "Directive 2014/41/EU Art. 2(c), 6(1)(b); Court of Justice C-724/19"
        yield Point("domestic_law", "/content/authorisation", detail, article, verify=True)
    if draft.kind != "epoc":
        return
    offences = draft.content.get("offences", ())
    if draft.protected and any(map(_bears, offences)):
        for place, offence in enumerate(offences):
            if not _bears(offence):
                detail = "Leave this offence out: alone it does not allow an order for traffic or content data."
                yield Point("penalty", f"/content/offences/{place}", detail, f"{E_EVIDENCE} Art. 5(4)")
    if draft.enforcing_country and draft.to_country and draft.enforcing_country != draft.to_country:
        detail = "The notified authority is one of the State in which the provider has its establishment or legal representative."
        yield Point("enforcing_state", "/enforcing_authority", detail, f"{E_EVIDENCE} Art. 3(16)-(17)")


def _proceedings(draft: RequestDraft) -> Iterator[Point]:
    said = draft.content.get("proceedings")
    if said and said not in _CRIMINAL:
        detail = "An order is possible only in criminal proceedings, and about an offence for which a legal person may be liable."
        yield Point("proceedings", "/content/proceedings", detail, f"{E_EVIDENCE} Art. 2(2)")


def _sentence(draft: RequestDraft) -> Iterator[Point]:
    """Yield what is against an order for the execution of a sentence."""
    sentence = draft.content.get("sentence")
    if not sentence:
        return
    article = f"{E_EVIDENCE} Art. {'6(3)' if draft.kind == 'epoc_pr' else '5(4)(d)' if draft.protected else '5(3)'}"
    faults = (
        ("months", sentence["months"] < LEAST_MONTHS, f"The sentence must be at least {LEAST_MONTHS} months."),
        ("in_absentia", bool(sentence.get("in_absentia")), "The decision must not have been rendered in absentia."),
        ("absconded", not sentence.get("absconded"), "The convicted person must have absconded from justice."),
    )
    yield from (Point("sentence", f"/content/sentence/{name}", detail, article) for name, broken, detail in faults if broken)


def _emergency(draft: RequestDraft) -> Iterator[Point]:
    if draft.urgency == "emergency" and draft.emergency_ground not in EMERGENCY_GROUNDS:
        detail = "This ground is not one of the Regulation. Name the threat to life, physical integrity, safety or infrastructure."
        yield Point("emergency_ground", "/emergency_ground", detail, f"{E_EVIDENCE} Art. 3(18)")


def _measures(draft: RequestDraft) -> Iterator[Point]:
    for place, measure in enumerate(draft.measures):
        if measure["code"] == "preservation":
            detail = "An order for production asks for data. Use the kind `epoc_pr` to have data preserved."
            yield Point("measure_of_kind", f"/measures/{place}/code", detail, f"{E_EVIDENCE} Art. 3(1)-(2)")
        elif measure["code"] in _BOUND_TO_CATEGORIES and data_of(measure) - _own(measure["code"]):
            detail = "The categories of data do not belong to this measure. Ask for them with a measure of their own."
            yield Point("data_of_measure", f"/measures/{place}/data_categories", detail, f"{E_EVIDENCE} Art. 3(9)-(12)")


def _provider(order: Mapping[str, Any]) -> Iterator[Point]:
    """Yield what an order does not say about a processor (Art. 5(6)-(7)), and about who receives the data (Annex I section L)."""
    if order.get("acts_as") == "processor":
        if not order.get("processor_because"):
            detail = "Say why a processor is addressed: the controller cannot be identified, or to address it might do harm."
            yield Point("processor_because", "/content/order/processor_because", detail, f"{E_EVIDENCE} Art. 5(6)")
        if order.get("may_inform_controller") is False and not order.get("not_told_because"):
            detail = "Give a short justification why the controller must not be informed."
            yield Point("not_told_because", "/content/order/not_told_because", detail, f"{E_EVIDENCE} Art. 5(7)")
    if order.get("send_to") == "other" and not order.get("recipient"):
        detail = "Name the authority that receives the data."
        yield Point("recipient", "/content/order/recipient", detail, f"{E_EVIDENCE} Annex I, section L")


def _own(code: str) -> frozenset[str]:
    """Return the categories that a measure may name: each measure its own, and whatever is less protected."""
    return HARMLESS | PROTECTED if code == "content" else HARMLESS


def _offences(draft: RequestDraft) -> Iterator[Point]:
    """Yield what is missing if none of the offences allows an order for protected data."""
    offences = draft.content.get("offences", ())
    if any(map(_bears, offences)):
        return
    for place, offence in enumerate(offences):
        pointer = f"/content/offences/{place}"
        if offence.get("union_offence"):
            detail = "This offence is listed only if it was wholly or partly committed by means of an information system: say so."
            yield Point("penalty", f"{pointer}/by_information_system", detail, f"{E_EVIDENCE} Art. 5(4)(b)")
        elif offence.get("max_penalty_years") is None:
            detail = "State the maximum penalty in the issuing State, or which of the listed offences of Union law it is."
            yield Point("penalty", f"{pointer}/max_penalty_years", detail, f"{E_EVIDENCE} Art. 5(4)")
        else:
            detail = f"Traffic and content data need an offence with a maximum of {LEAST_YEARS} years or more, or a listed one."
            yield Point("penalty", f"{pointer}/max_penalty_years", detail, f"{E_EVIDENCE} Art. 5(4)(a)")


def _bears(offence: Mapping[str, Any]) -> bool:
    """Tell whether an offence allows an order for protected data: three years, or listed in Art. 5(4)(b) or (c)."""
    return (offence.get("max_penalty_years") or 0) >= LEAST_YEARS or bears_as_listed(offence)


def bears_as_listed(offence: Mapping[str, Any]) -> bool:
    """Tell whether an offence is one of Art. 5(4)(b), committed by means of an information system, or of Art. 5(4)(c)."""
    listed = offence.get("union_offence")
    return listed in _ALWAYS_LISTED or bool(listed and offence.get("by_information_system"))


def _notification(draft: RequestDraft) -> Iterator[Point]:
    """Yield that the enforcing authority must be notified, unless offence and user are in the issuing State (Art. 8)."""
    order = draft.content.get("order") or {}
    if order.get("residence_of_user") == draft.from_country is not None and order.get("offence_in_issuing_state"):
        return
    detail = (
        "Name the enforcing authority, which is notified when the order is sent. It may be left out only if you have reasonable"
        " grounds to believe that the offence is committed in your State and the person resides there: say both in `content/order`."
    )
    yield Point("notification", "/enforcing_authority", detail, f"{E_EVIDENCE} Art. 8(1)-(2)")
