"""Calls of the database functions that register identifiers for matching.

These functions run with the rights of their owner (SECURITY DEFINER) and check the caller's right to its own case themselves. They
only write what the case holds, and a row that tells the worker of the change. The worker finds the overlaps after the commit
(`settler.py`), so neither an answer nor its time depends on what other cases hold.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from coopapi.config import Settings
from coopapi.errors import KnownKey
from coopapi.store import quotas
from coopapi.store.db import UnitOfWork
from coopapi.store.quick_json import quick_json
from coopapi.store.statements import Statement, array


@dataclass(frozen=True, slots=True)
class Holding:
    """One token of one identifier, with the kind of the identifier.

    A `common` token comes from a value that tells nobody apart.
    """

    identifier_id: UUID
    token: bytes
    family: str
    strength: int
    kind: str
    common: bool


_COLUMNS: Final = (
    "id", "case_id", "kind", "normaliser", "strength", "warnings", "basis", "source_grading", "information_grading",
    "handling_code", "exceptional_reason", "exceptional_until", "external_id",
)  # fmt: skip
"""The columns of an identifier that is registered. The database knows who registers it, and when."""
Held = tuple[bytes, str, int, bool]
"""A token with its family, its strength, and whether it comes from a value that tells nobody apart."""

_HOLD_PENDING = Statement("select priv.hold_pending(:case)")
_CONFIRM_HIDING = Statement("select priv.confirm_hiding(:case)")
_HOLDINGS: Final = (
    "cast(:identifiers as uuid[]), cast(:tokens as bytea[]), cast(:families as text[]),"
    " cast(:strengths as smallint[]), cast(:kinds as text[]), cast(:common as boolean[])"
)
_HOLD = Statement(f"select priv.hold(:case, {_HOLDINGS})")
_STORE: Final = f"select * from priv.register(:case, cast(:rows as jsonb), cast(:links as jsonb), {_HOLDINGS}, :new)"  # noqa: S608
_REGISTER = Statement(_STORE)
_REGISTER_NEW = Statement(f"select priv.record(cast(:notes as jsonb)); {_STORE}")
_OPEN_REGISTRATION = Statement(
    "select * from priv.open_registration(:case, cast(:identifiers as uuid[]), cast(:tokens as bytea[]),"
    " cast(:strengths as smallint[]), :key)"
)
_OF_QUOTA: Final = slice(5, 12)
"""The columns of a quota in what that returns."""
_REGISTER_IN_CASES = Statement(
    f"select * from priv.register_in_cases(cast(:rows as jsonb), cast(:links as jsonb), cast(:cases as uuid[]), {_HOLDINGS})"  # noqa: S608 (constants)
)
_LINK = Statement("select * from priv.link_subjects(:case, cast(:links as jsonb), null, :identifier)")
_RELEASE = Statement(
    "select priv.release(u.case_id, array_agg(u.identifier) filter (where u.identifier is not null))"
    " from unnest(cast(:cases as uuid[]), cast(:identifiers as uuid[])) u (case_id, identifier)"
    " group by u.case_id order by u.case_id"
)
_RELABEL = Statement(
    "select priv.relabel(u.case_id, u.subject, u.was, u.visibility)"
    " from unnest(cast(:cases as uuid[]), cast(:subjects as uuid[]), cast(:were as text[]), cast(:visibilities as text[]))"
    " u (case_id, subject, was, visibility)"
)
_STORE_REREAD = Statement(
    "select priv.store_reread(:normaliser, cast(:rows as jsonb), cast(:identifiers as uuid[]), cast(:tokens as bytea[]),"
    " cast(:families as text[]), cast(:strengths as smallint[]), cast(:common as boolean[]))"
)
_RECONSIDER = Statement("select priv.reconsider(:exclusion)")


def limits(settings: Settings) -> list[int]:
    """Return how many identifiers may hold a match key of persons, and how many cases a value, before they stop being evidence."""
    return [settings.crowd, settings.high_frequency]


def announce(work: UnitOfWork, case_id: UUID, holdings: Sequence[Holding]) -> None:
    """Count values against the caller's quotas before they are registered, and commit the count at once.

    Raises `QuotaExceeded`.
    """
    _reserve(work, case_id, _values(holdings), hidden=None)


def announce_first(work: UnitOfWork, case_id: UUID, holdings: Sequence[Holding]) -> Any | None:
    """Count values as `announce` does, before the transaction begins.

    Returns a row with the columns of `priv.case_to_add_to`, and whether all values are new to the case. If the case is final,
    nothing is counted. If the idempotency key of the request was used before, nothing is counted and `KnownKey` is raised.
    """
    asked = {"case": case_id, **_values(holdings), "key": work.claimed.get("key")}
    rows = work.in_second_transaction(_OPEN_REGISTRATION, asked)
    if rows and rows[0].id is None:
        raise KnownKey
    work.quotas[:] = [quotas.Quota(*row[_OF_QUOTA]) for row in rows if row.policy is not None]
    quotas.require(work.quotas)
    return rows[0] if rows else None


def announce_hiding(work: UnitOfWork, case_id: UUID, *, hidden: bool) -> None:
    """Count the values of a case against the quotas before it is hidden, confirmed as hidden, or shown. Raises `QuotaExceeded`."""
    _reserve(work, case_id, {"identifiers": None, "tokens": None, "strengths": None}, hidden=hidden)


def _reserve(work: UnitOfWork, case_id: UUID, values: Mapping[str, Any], *, hidden: bool | None) -> None:
    """Count values in a short transaction of its own, so that registrations of one authority do not wait for each other."""
    work.quotas[:] = quotas.reserve(work.in_second_transaction, {"case": case_id, **values, "hidden": hidden})
    quotas.require(work.quotas)


def confirm_hiding(work: UnitOfWork, case_id: UUID) -> None:
    """Record that a person decided to hide the case. Until then, a case that a machine client hides takes no part in matching."""
    work.session.flush()
    _CONFIRM_HIDING.rows(work.session, case=case_id)


def register_pending(work: UnitOfWork, case_id: UUID) -> None:
    """Put identifiers into matching that waited until a person confirmed or refused to hide the case."""
    _run(work, _HOLD_PENDING, {"case": case_id})


def _values(holdings: Sequence[Holding]) -> dict[str, str]:
    return {
        "identifiers": array(h.identifier_id for h in holdings),
        "tokens": array(h.token for h in holdings),
        "strengths": array(int(h.strength) for h in holdings),
    }


def _asked(case_id: UUID, holdings: Sequence[Holding]) -> dict[str, Any]:
    return {
        "case": case_id,
        **_values(holdings),
        "families": array(h.family for h in holdings),
        "kinds": array(h.kind for h in holdings),
        "common": array(h.common for h in holdings),
    }


class Linked(NamedTuple):
    """How many links to subjects changed: to victims, which only cleared people see, and to others."""

    others: int
    victims: int


class Registered(NamedTuple):
    """The ids of the identifiers that are new, those among them that the operator excluded, and the links that the others got."""

    fresh: set[UUID]
    excluded: set[UUID]
    linked: Linked


def register(
    work: UnitOfWork,
    case_id: UUID,
    rows: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, Any]],
    holdings: Sequence[Holding],
) -> Registered:
    """Store identifiers with announced holdings and their links to subjects. What the case did not have is put into matching."""
    asked = {**_asked(case_id, holdings), "rows": quick_json(_stored(rows)), "links": quick_json(links), "new": False}
    found = _REGISTER.one(work.session, **asked)
    return Registered(set(found.fresh or ()), set(found.excluded), Linked(found.linked, found.victims_linked))


def register_new(work: UnitOfWork, case_id: UUID, rows: Sequence[Mapping[str, Any]], holdings: Sequence[Holding]) -> Sequence[UUID]:
    """Store identifiers with announced holdings, and record what is noted, in one statement that is the whole transaction.

    Returns those that the operator excluded. The database asks for another attempt if the case has one of them already. If the
    connection dies and the statement is sent a second time after it was committed, it does so too.
    """
    asked = {**_asked(case_id, holdings), "rows": quick_json(_stored(rows)), "links": "[]", "new": True}
    (found,) = _REGISTER_NEW.alone(work.session, **asked, notes=work.take_notes())
    excluded: Sequence[UUID] = found.excluded
    return excluded


def _stored(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return identifiers as the database reads them. Columns that are null are left out: most columns of most rows are null."""
    return [
        {
            **{name: said for name in _COLUMNS if (said := row[name]) is not None},
            "fingerprint": row["fingerprint"].hex(),
            "sealed": row["sealed"].hex(),
        }
        for row in rows
    ]


def _distinct(held: Sequence[Held]) -> Sequence[Held]:
    """Return each token of an identifier once: with the greatest strength, and as common only if it always is."""
    found: dict[bytes, Held] = {}
    for one in held if len({token for token, *_ in held}) < len(held) else ():
        token, family, strength, common = one
        _, _, other, both = found.get(token, one)
        found[token] = token, family, max(strength, other), common and both
    return list(found.values()) or held


def register_in_cases(
    work: UnitOfWork, rows: Sequence[Mapping[str, Any]], links: Sequence[Mapping[str, Any]], held: Sequence[Sequence[Held]]
) -> None:
    """Count identifiers of several cases against the quotas, store them, and put them into matching, all in this transaction.

    They must be new to their cases. `held` are the tokens of each row, and each link has its identifier. The database does this
    while the caller goes on. Whatever is done next with the transaction raises `QuotaExceeded`.
    """

    def count(found: list[Any]) -> None:
        work.quotas[:] = [quotas.Quota(**row._asdict()) for row in found]
        quotas.require(work.quotas)

    names = [(f"{row['id'].int:032x}", f"{row['case_id'].int:032x}", row["kind"]) for row in rows]
    every = [(*name, *token) for name, tokens in zip(names, held, strict=True) for token in _distinct(tokens)]
    identifiers, cases, kinds, tokens, families, strengths, common = zip(*every, strict=True) if every else ((),) * 7
    asked = {
        "identifiers": array(identifiers),
        "cases": array(cases),
        "kinds": array(kinds),
        "tokens": array(tokens),
        "families": array(families),
        "strengths": array(strengths),
        "common": array(common),
    }
    asked |= {"rows": quick_json(_stored(rows)), "links": quick_json(links)}
    work.session.flush()
    _REGISTER_IN_CASES.behind(work.session, count, **asked)


def link_subjects(work: UnitOfWork, case_id: UUID, identifier_id: UUID, links: Sequence[Mapping[str, Any]]) -> Linked:
    """Make the links of an identifier exactly these, as far as the caller sees them, and update matching."""
    work.session.flush()
    found = _LINK.one(work.session, case=case_id, identifier=identifier_id, links=quick_json(links))
    return Linked(found.changed, found.victims)


def hold(work: UnitOfWork, case_id: UUID, holdings: Sequence[Holding]) -> None:
    """Put announced identifiers of a case into matching again, after they were corrected."""
    if holdings:
        _run(work, _HOLD, _asked(case_id, holdings))


def unregister(work: UnitOfWork, rows: Iterable[tuple[UUID, UUID | None]]) -> None:
    """Take identifiers out of matching. They are no evidence any more once this is committed.

    Each is given with its case; a case without an identifier stands for all that it has.
    """
    if rows := list(rows):
        _run(work, _RELEASE, {"cases": array(case_id for case_id, _ in rows), "identifiers": array(one for _, one in rows)})


def store_reread(session: Session, normaliser: int, rows: Sequence[Mapping[str, Any]], holdings: Sequence[Holding]) -> None:
    """Store identifiers that the worker read again, and have their overlaps computed anew.

    A row has the columns that changed. Without a sealed value its tokens stay. The kinds of the holdings are not used.
    """
    asked = {**_values(holdings), "families": array(h.family for h in holdings), "common": array(h.common for h in holdings)}
    _STORE_REREAD.rows(session, normaliser=normaliser, rows=quick_json(rows), **asked)


def relabel(work: UnitOfWork, subjects: Sequence[tuple[UUID, UUID, str]]) -> None:
    """Update matching after the categories of subjects changed. Each is given with its case and the category that it had."""
    _relabel(work, [(*one, None) for one in subjects])


def change_visibility(work: UnitOfWork, visibilities: Mapping[UUID, str]) -> None:
    """Change the visibility of cases and update matching. No other code writes this column."""
    _relabel(work, [(case_id, None, None, visibility) for case_id, visibility in visibilities.items()])


def _relabel(work: UnitOfWork, changes: Sequence[tuple[UUID, UUID | None, str | None, str | None]]) -> None:
    if changes:
        columns = zip(("cases", "subjects", "were", "visibilities"), zip(*changes, strict=True), strict=True)
        _run(work, _RELABEL, {name: array(values) for name, values in columns})


def reconsider(work: UnitOfWork, exclusion_id: UUID) -> None:
    """Have the overlaps computed anew that an exclusion can change, because it took effect or was withdrawn."""
    _run(work, _RECONSIDER, {"exclusion": exclusion_id})


def _run(work: UnitOfWork, query: Statement, asked: Mapping[str, Any]) -> None:
    work.session.flush()
    query.rows(work.session, **asked)
