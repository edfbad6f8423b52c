"""Propose how to ask another country for a measure: instrument, kind, form, validator, languages, channel, notices and deadlines.

A plan applies the rules that assess and issue requests; it has no rules of its own but one: which kinds of request obtain what.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from coopapi.access import Role
from coopapi.cases import service as cases
from coopapi.contacts import service as contacts
from coopapi.deadlines import rules
from coopapi.deadlines.rules import DeadlineRule
from coopapi.directory.entries import known_authority
from coopapi.directory.models import Authority
from coopapi.errors import Forbidden, fault
from coopapi.instruments import own as own_instruments
from coopapi.instruments import service as instruments
from coopapi.instruments.models import Assessment, Instrument, Reason
from coopapi.mla import issuing, order_conditions
from coopapi.mla.issuing import Validator
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.planned import Plan, PlannedRequest
from coopapi.mla.points import Point
from coopapi.mla.requirements import RequestDraft, unmet
from coopapi.notices import service as notices
from coopapi.store.db import UnitOfWork

_DATA: Final = frozenset({"subscriber", "identification", "traffic", "content"})
_SERVES: Final[Mapping[str, frozenset[str] | None]] = {
    "eio": None,
    "epoc": _DATA,
    "epoc_pr": frozenset({"preservation"}),
    "preservation": frozenset({"preservation"}),
    "subscriber_information": frozenset({"subscriber", "identification"}),
    "production_order": frozenset({"subscriber", "identification"}),
    "service_of_documents": frozenset({"service"}),
    "freezing_certificate": frozenset({"freezing"}),
    "mla_letter": None,
    "police_information": frozenset({"information_held", "identification", "subscriber"}),
}
"""The kinds that are proposed by themselves, each with what it obtains (None: every measure that its instrument has)."""
_OWN_KINDS: Final = {"preservation": "preservation", "service": "service_of_documents"}
"""The measures for which instruments have a kind of request of their own; a letter is then not proposed."""
_PRESERVING: Final = ("epoc_pr", "preservation")
_AGAINST: Final = frozenset({"penalty", "proceedings", "sentence", "emergency_ground", "measure_of_kind", "data_of_measure"})
"""The rules that keep an order from being issued, whatever else the request says."""
_MOST: Final = 10
_MOST_ADDRESSEES: Final = 5


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is wanted, and what the rules need to know about it."""

    work: UnitOfWork
    data: Mapping[str, Any]
    from_: str
    every: Sequence[Instrument]
    provider: Authority | None
    issuer: Authority
    notified: Authority | None

    @property
    def to(self) -> str:
        """The country that is asked."""
        found: str = self.data["country"]
        return found

    @property
    def urgency(self) -> str:
        """The urgency, routine if none is given."""
        found: str = self.data.get("urgency", "routine")
        return found


def propose(work: UnitOfWork, data: dict[str, Any]) -> Plan:
    """Propose how to ask for a measure. Nothing is stored.

    Raises `Forbidden` for an organisation, and `Unprocessable` for the own country or an unknown authority.
    """
    wish = _wish(work, data)
    found = list(_proposals(wish, data["measure"], data.get("kind")))
    possible = [one for one in found if one.possible][:_MOST]
    return Plan(possible, _first(wish, possible), [one for one in found if not one.possible][:_MOST])


def _wish(work: UnitOfWork, data: Mapping[str, Any]) -> _Wish:
    if work.actor.country is None:
        raise Forbidden("An organisation sends no requests for assistance here.")
    if data["country"] == work.actor.country:
        raise fault("/country", "abroad", "The requested country must be different from your own.")
    if data.get("case_id"):
        cases.changeable(work, data["case_id"])
    found: dict[str, Authority | None] = {
        name: known_authority(work, data[name], f"/{name}") if data.get(name) else None
        for name in ("provider", "enforcing_authority")
    }
    provider = found["provider"]
    if provider and (provider.type != "service_provider" or provider.country != data["country"]):
        raise fault(
            "/provider", "provider", "It must be the legal entity of a provider in that country, as listed in `/providers`."
        )
    every = own_instruments.every(work)
    issuer = known_authority(work, work.actor.authority_id, "")
    return _Wish(work, data, work.actor.country, every, provider, issuer, found["enforcing_authority"])


def _proposals(wish: _Wish, measure: str, wanted: str | None) -> Iterator[PlannedRequest]:
    """Yield every way to ask for a measure: to the provider first if one is named, then by the preference of the instruments."""
    kinds = [wanted] if wanted else [kind for kind, serves in _SERVES.items() if serves is None or measure in serves]
    found = [one for kind in kinds if _on_duty(wish, kind) for one in _of_kind(wish, measure, kind)]
    order = {instrument.code: place for place, instrument in enumerate(wish.every)}
    unaddressed = [one for one in found if not (KINDS[one.kind].to_provider and wish.provider)]
    ranked = sorted(found, key=lambda one: (one in unaddressed, _general(one.kind, measure), order[one.instrument.code]))
    yield from ranked


def _general(kind: str, measure: str) -> bool:
    """Tell whether a general kind of request is used for something that has a kind of its own."""
    return measure == "preservation" and kind not in _PRESERVING


def _on_duty(wish: _Wish, kind: str) -> bool:
    """Tell whether the caller may draft such a request: a 24/7 point of contact only what it handles."""
    emergency = wish.urgency == "emergency"
    return wish.work.actor.role is not Role.CONTACT_POINT or emergency or KINDS[kind].round_the_clock


def _of_kind(wish: _Wish, measure: str, kind: str) -> Iterator[PlannedRequest]:
    on = wish.work.now.date()
    for assessed in instruments.applicable(wish.from_, wish.to, measure, kind, on=on, among=wish.every):
        letter = kind == "mla_letter" and _OWN_KINDS.get(measure) in assessed.instrument.kinds
        if assessed.applicable and not (letter and "kind" not in wish.data):
            yield _proposal(wish, measure, kind, assessed)


def _proposal(wish: _Wish, measure: str, kind: str, assessed: Assessment) -> PlannedRequest:
    code, work = assessed.instrument.code, wish.work
    draft = _draft(wish, measure, kind, code)
    issued = issuing.rule_for(kind, draft.protected)
    later = issuing.validated_later(issued, wish.urgency, wish.data.get("emergency_ground"))
    conditions = list(order_conditions.missing(draft))
    against = [point for point in conditions if _is_against(point, draft)]
    unsaid = [rule.point for rule in unmet(draft, advised=False)]
    asked = {"country": wish.to, "measure": measure, "kind": kind, "instrument": code}
    to_provider = KINDS[kind].to_provider
    urgent = KINDS[kind].round_the_clock and not to_provider and (wish.urgency != "routine" or kind == "preservation")
    return PlannedRequest(
        kind=kind,
        assessed=assessed,
        to_state=[*unsaid, *(point for point in conditions if point not in against)],
        against=against,
        issued=issued,
        needs_validation=Validator.NONE if later else issuing.needed(issued, work.actor, wish.issuer.type),
        validated_later=later,
        also_through=[] if to_provider else _channels(wish, assessed.instrument),
        accepted_languages=sorted(contacts.accepted_languages(work, wish.to, code, measure)),
        addressees=[] if to_provider else contacts.competent(work, asked)[:_MOST_ADDRESSEES],
        contact_point=contacts.emergency_contact(work, wish.to) if urgent else None,
        notices=notices.in_force(work, wish.to, [measure], code, work.now.date()),
        clocks=_clocks(wish, draft, code),
        draft=_body(wish, measure, kind, code),
    )


def _draft(wish: _Wish, measure: str, kind: str, code: str) -> RequestDraft:
    """Return the request as the rules would see it."""
    data = wish.data
    addressed = KINDS[kind].to_provider and wish.provider is not None
    return RequestDraft(
        kind=kind,
        instrument=code,
        urgency=wish.urgency,
        content={"offences": [data["offence"]]} if data.get("offence") else {},
        measures=[_measure(data, measure)],
        addressed=addressed,
        provider=addressed,
        emergency_ground=data.get("emergency_ground"),
        from_country=wish.from_,
        to_country=wish.to,
        notified=wish.notified is not None,
        enforcing_country=wish.notified.country if wish.notified else None,
        relation="after_preservation" if data.get("preserved") else None,
    )


def _measure(data: Mapping[str, Any], measure: str) -> dict[str, Any]:
    named = data.get("data_categories", ())
    return {"code": measure, **({"data_categories": list(named)} if named else {})}


def _is_against(point: Point, draft: RequestDraft) -> bool:
    """Tell whether a point cannot be cured by saying more. A penalty that was not stated yet can still be."""
    years = [offence.get("max_penalty_years") for offence in draft.content.get("offences", ())]
    return point.rule in _AGAINST and not (
        point.rule == "penalty" and point.pointer.endswith("max_penalty_years") and None in years
    )


def _channels(wish: _Wish, instrument: Instrument) -> list[Reason]:
    """Return the treaties that bind both countries and give no basis for requests, but a channel for them."""
    if "central" not in instrument.channel.text.casefold():
        return []
    on = wish.work.now.date()
    found = instruments.applicable(
        wish.from_, wish.to, None, "mla_letter", on=on, among=[one for one in wish.every if not one.kinds]
    )
    bound = [one.instrument for one in found if {reason.code for reason in one.reasons} <= {"kind_not_covered"}]
    return [Reason(one.code, one.channel.text, one.channel.article) for one in bound]


def _clocks(wish: _Wish, draft: RequestDraft, code: str) -> list[DeadlineRule]:
    facts = {"measures": [measure["code"] for measure in draft.measures], "notified": draft.notified}
    return [rule for rule in rules.load().values() if rule.nature == "law" and rule.fits(draft.kind, code, wish.urgency, facts)]


def _body(wish: _Wish, measure: str, kind: str, code: str) -> dict[str, Any]:
    """Return the body of a draft. It has everything that was said; `readiness` tells what else it needs."""
    data = wish.data
    taken = ("reference", "case_id", "urgency", "emergency_ground", "language", "enforcing_authority")
    body: dict[str, Any] = {name: data[name] for name in taken if data.get(name)}
    addressee = {"executing_authority": wish.provider.id} if wish.provider and KINDS[kind].to_provider else {}
    offence = data.get("offence") or {}
    content = {"content": {"offences": [offence]}} if offence.get("national_article") and offence.get("label") else {}
    measures = [_measure(data, measure)]
    return {**body, "kind": kind, "instrument": code, "executing_country": wish.to, **addressee, **content, "measures": measures}


def _first(wish: _Wish, possible: Sequence[PlannedRequest]) -> list[PlannedRequest]:
    """Return the requests that keep data from being deleted while the main request is dealt with.

    There are none for data that are preserved already, nor before an order in an emergency, which is answered within eight hours.
    """
    fast = bool(possible) and possible[0].kind == "epoc" and wish.urgency == "emergency"
    if wish.data["measure"] not in _DATA or wish.data.get("preserved") or fast:
        return []
    found = [one for kind in _PRESERVING if _on_duty(wish, kind) for one in _of_kind(wish, "preservation", kind)]
    return [one for one in found if one.possible]
