"""Legal instruments that central authorities enter: proposed for the own country, approved by a person of the operator.

They are used by the same lookup as the shipped ones. A row may be a treaty that the shipped data do not have, or narrow a shipped
instrument; it never widens one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_

from coopapi.approvals import service as approvals
from coopapi.approvals.models import Approval
from coopapi.directory.codelists import LANGUAGES
from coopapi.directory.entries import OnlyForItself, require_order, speaks_for_a_country
from coopapi.directory.models import OPERATOR, Authority
from coopapi.directory.rights import ChangedSince
from coopapi.errors import Conflict, Forbidden, Unprocessable, broken
from coopapi.instruments import service
from coopapi.instruments.models import CountryPair, Instrument, InstrumentRule, Narrowing, Precedence
from coopapi.instruments.own_models import APPROVED, PROPOSED, OwnInstrument
from coopapi.shared.days import require_begun
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.statements import Statement
from coopapi.store.together import grouped, together

KIND: Final = "instrument"
KINDS: Final = (
    "mla_letter",
    "service_of_documents",
    "spontaneous_information",
    "subscriber_information",
    "preservation",
    "expedited_disclosure",
    "jit_setup",
    "extradition",
    "transfer_of_proceedings",
)
"""The kinds of request that a treaty may provide for. The others rest on acts of the Union, which no State extends."""
_UNION_FIRST: Final = (
    Precedence(
        ("eio",),
        "Between States bound by it, the European Investigation Order goes before agreements that do not go further.",
        "Directive 2014/41/EU Art. 34(1), (3)",
        except_kinds=("service_of_documents", "spontaneous_information", "jit_setup", "extradition", "transfer_of_proceedings"),
    ),
    Precedence(
        ("eaw",),
        "Between Member States the European arrest warrant replaces extradition.",
        "Framework Decision 2002/584/JHA Art. 31(1)",
        only_kinds=("extradition",),
    ),
)
_APPLY: Final = Statement("select priv.apply_instrument(:id)")
_REFUSE: Final = Statement("select priv.refuse_instrument(:id)")


class InstrumentCodeTaken(Conflict):
    """There is an approved instrument with this code.

    Choose another code, or have the end of the other one set first.
    """


class NotApprovedYet(Conflict):
    """Only an approved instrument can be given another end.

    Withdraw the request for approval if the proposal is wrong.
    """


def every(work: UnitOfWork) -> Sequence[Instrument]:
    """Return the shipped instruments, narrowed as central authorities said, and the treaties that they have entered."""
    rows = _approved(work, APPROVED)
    if not rows:
        return service.load()
    narrowed = grouped({row.narrows for row in rows}, rows, lambda row: row.narrows)
    shipped = [replace(one, narrowed=tuple(map(_narrowing, narrowed.get(one.code, ())))) for one in service.load()]
    entered = [_instrument(row) for row in narrowed.get(None, ())]
    place = next(place for place, one in enumerate(shipped) if one.group == "bilateral")
    return (*shipped[:place], *entered, *shipped[place:])


@together
def _approved(work: UnitOfWork, states: Sequence[str]) -> dict[str, list[OwnInstrument]]:
    query = work.all(OwnInstrument).where(OwnInstrument.state.in_(states)).order_by(OwnInstrument.id)
    return grouped(states, work.session.scalars(query).all(), lambda row: row.state)


def _narrowing(row: OwnInstrument) -> Narrowing:
    others = frozenset(row.countries) - {row.country}
    left = (frozenset(row.kinds), frozenset(row.measures))
    return Narrowing(row.country, others, *left, row.title, row.citation, row.valid_from, row.valid_until)


def _instrument(row: OwnInstrument) -> Instrument:
    """Return a treaty as an instrument. It binds the country that entered it with each other one, and no two of the others."""
    others = [country for country in row.countries if country != row.country]
    pairs = tuple(CountryPair(frozenset({row.country, other}), row.valid_from, row.valid_until) for other in others)
    form, channel, languages = (InstrumentRule(row.says[name], row.citation) for name in ("form", "channel", "languages"))
    return Instrument(
        code=row.code or "",
        group="own",
        titles=dict.fromkeys(LANGUAGES, row.title),
        citation=row.citation,
        in_force=True,
        evidence=True,
        kinds=tuple(row.kinds),
        measures=row.measures,
        form=form,
        channel=channel,
        languages=languages,
        scope=InstrumentRule(row.says["scope"], row.citation) if "scope" in row.says else None,
        yields=_UNION_FIRST,
        pairs=pairs,
        own=True,
        source=f"{row.source} ({row.source_date})",
    )


def propose(work: UnitOfWork, data: dict[str, Any]) -> OwnInstrument:
    """Propose a treaty, or a narrowing of a shipped instrument, for the caller's country. It counts once it is approved.

    Raises `Forbidden` for an organisation or a machine, `OnlyForItself` for a provider, `InstrumentCodeTaken`, and `Unprocessable`
    for what would widen a shipped instrument.
    """
    work.require_person()
    country = work.actor.country
    if country is None:
        raise Forbidden("An organisation has no treaties of its own here.")
    if not speaks_for_a_country(work.one(Authority, work.actor.authority_id)):
        raise OnlyForItself
    require_order(data["valid_from"], data.get("valid_until"))
    require_begun(work.now, data, "source_date")
    found = list(_wrong_countries(country, data)) or list(_widening(data) if data.get("narrows") else _beyond_treaties(data))
    if found:
        raise Unprocessable(errors=found)
    if any(row.code == data["code"] for row in _approved(work, APPROVED) if data.get("code")):
        raise InstrumentCodeTaken
    row = work.add(_row(work, country, data))
    change = {name: data[name] for name in ("code", "narrows", "title", "source") if data.get(name)}
    approvals.ask(work, KIND, OPERATOR, (row.id, row.version), change)
    work.note("instrument.proposed", row, country=country, code=row.code, narrows=row.narrows)
    return row


def _row(work: UnitOfWork, country: str, data: Mapping[str, Any]) -> OwnInstrument:
    shipped = service.get(data["narrows"]) if data.get("narrows") else None
    kept = dict.fromkeys(_measures(shipped), "") if shipped else {}
    return OwnInstrument(
        id=work.new_id(),
        authority_id=work.actor.authority_id,
        country=country,
        code=data.get("code"),
        narrows=data.get("narrows"),
        countries=sorted(data["countries"]),
        kinds=list(data.get("kinds", shipped.kinds if shipped else ())),
        measures=data.get("measures", kept),
        says=data.get("says", {}),
        **{name: data.get(name) for name in ("title", "citation", "source", "source_date", "valid_from", "valid_until")},
        state=PROPOSED,
        created_by=work.actor.id,
        created_at=work.now,
        approved_at=None,
    )


def _wrong_countries(country: str, data: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    if country not in data["countries"]:
        yield broken("/countries", "own_country", "Your own country must be among the countries: you speak for no other.")
    elif data["countries"] == [country] and not data.get("narrows"):
        yield broken("/countries", "two", "A treaty binds at least two countries.")


def _beyond_treaties(data: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield what a treaty of its own may not have: a code of a shipped instrument, or a kind that rests on an act of the Union."""
    if data["code"] in service.codes():
        yield broken("/code", "shipped", "This instrument is shipped. It can be narrowed (`narrows`), but not replaced.")
    for place, kind in enumerate(data["kinds"]):
        if kind not in KINDS:
            yield broken(
                f"/kinds/{place}", "union_act", "Such requests rest on an act of the Union; no treaty of one State has them."
            )


def _widening(data: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield everything that a narrowing would add to the shipped instrument, or that it narrows nothing."""
    if data["narrows"] not in service.codes() or service.get(data["narrows"]).open:
        yield broken("/narrows", "unknown", "The value is not a shipped instrument that binds countries.")
        return
    shipped = service.get(data["narrows"])
    detail = "The shipped instrument does not have this. A row may narrow it, never widen it."
    for name, has in (("kinds", set(shipped.kinds)), ("measures", _measures(shipped))):
        added = [at for at in _places(data.get(name, ())) if at[1] not in has]
        yield from (broken(f"/{name}/{place}", "widens", detail) for place, _ in added)
    for place, country in enumerate(data["countries"]):
        if not shipped.concerns(country):
            yield broken(f"/countries/{place}", "widens", detail)
    if set(data.get("kinds", shipped.kinds)) >= set(shipped.kinds) and set(data.get("measures", _measures(shipped))) >= _measures(
        shipped
    ):
        yield broken("/measures", "nothing", "All kinds and measures would remain. Leave out what your country does not allow.")


def _places(given: Iterable[str]) -> list[tuple[Any, str]]:
    return [(code, code) for code in given] if isinstance(given, Mapping) else list(enumerate(given))


def _measures(shipped: Instrument) -> set[str]:
    return {*shipped.measures, *(measure for some in shipped.of_kind.values() for measure in some)}


def end(work: UnitOfWork, instrument_id: UUID, version: int, data: Mapping[str, Any]) -> OwnInstrument:
    """Ask for another last day of an approved instrument of the caller's authority. A person of the operator approves it.

    Raises `Forbidden` for another authority, `NotApprovedYet`, and `Unprocessable` for a day before its first.
    """
    work.require_person()
    row = work.one(OwnInstrument, instrument_id, version=version)
    if row.authority_id != work.actor.authority_id:
        raise Forbidden("Only the authority that entered an instrument may have it ended.")
    if row.state != APPROVED:
        raise NotApprovedYet
    require_order(row.valid_from, data["valid_until"])
    approvals.ask(work, KIND, OPERATOR, (row.id, row.version), {"valid_until": data["valid_until"].isoformat()})
    work.note("instrument.end_proposed", row, valid_until=data["valid_until"].isoformat())
    return row


def apply(work: UnitOfWork, approval: Approval) -> None:
    """Apply an approved proposal or end. Raises `ChangedSince` if the row was changed, or its code was taken, meanwhile."""
    if not _APPLY.value(work.session, id=approval.id):
        raise ChangedSince
    work.note("instrument.approved", object_type=OwnInstrument.__kind__, instrument=str(approval.object_id), change=approval.change)


def dismiss(work: UnitOfWork, approval: Approval) -> None:
    """Close a proposal that was rejected or withdrawn."""
    _REFUSE.rows(work.session, id=approval.id)
    work.note("instrument.rejected", object_type=OwnInstrument.__kind__, instrument=str(approval.object_id))


def listed(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[OwnInstrument]:
    """Select the instruments that central authorities entered, by state and country, and those in force on a day."""
    query = matching(work.all(OwnInstrument), wanted, state=OwnInstrument.state, narrows=OwnInstrument.narrows)
    if country := wanted.get("country"):
        query = query.where(OwnInstrument.countries.contains([country]))
    if day := wanted.get("on"):
        query = query.where(_valid_on(day))
    return query


def _valid_on(day: date) -> ColumnElement[bool]:
    return and_(OwnInstrument.valid_from <= day, or_(OwnInstrument.valid_until.is_(None), OwnInstrument.valid_until >= day))


def show(work: UnitOfWork, rows: Sequence[OwnInstrument]) -> list[dict[str, Any]]:
    """Return instruments with the request for approval that waits, if the caller may see it."""
    waits = {one.object_id: one.id for one in approvals.waiting_for(work, [row.id for row in rows])}
    return [{**row.shown(), "pending": waits.get(row.id)} for row in rows]
