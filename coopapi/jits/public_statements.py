"""The public statement: proposed in four languages, checked, and published when every party has approved it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from coopapi.directory.codelists import LANGUAGES
from coopapi.errors import Conflict, NotFound, Unprocessable, fault
from coopapi.jits import authorization, signatures, statement_checks
from coopapi.jits.authorization import TeamRow
from coopapi.jits.lifecycles import STATEMENT_LIFECYCLE
from coopapi.jits.models import Jit, JitMember, JitRelease, JitStatement
from coopapi.jits.notifications import tell
from coopapi.jits.statement_checks import Term
from coopapi.shared.workflow import Step
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement
from coopapi.store.together import grouped, together
from coopapi.store.vault import key_of, seal, unseal

_PUBLIC: Final = Statement("select * from priv.public_jits(:id, cast(:after as uuid), cast(:year as integer), :limit)")


class NotClosedYet(Conflict):
    """A public statement is possible only for a closed team.

    Close the team first, after its joint evaluation.
    """


class NotFitForThePublic(Unprocessable):
    """The statement contains information that must not be published.

    Remove what `errors` points to, and approve the statement again.
    """


def propose(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitStatement:
    """Propose a public statement or a new text for it; earlier approvals are voided.

    Raises `NotClosedYet`, `NotAParty` and `NotFitForThePublic`.
    """
    jit = authorization.locked(work, jit_id)
    _require_closed(jit)
    authorization.require_party(work, jit)
    _check(work, jit, data["texts"], names_operation=data.get("names_operation", False))
    row = _statement(work, jit.id)
    if row is None:
        row = JitStatement(id=work.new_id(), jit_id=jit.id, state=STATEMENT_LIFECYCLE.start)
    voided = signatures.void(work, row.id)
    row.names_operation = data.get("names_operation", False)
    row.victims_checked, row.no_ongoing_trial = data["victims_checked"], data["no_ongoing_trial"]
    row.sealed = seal(key_of(work, jit), {"texts": data["texts"]}, row.id)
    row.proposed_by, row.proposed_at = work.actor.authority_id, work.now
    work.add(row)
    tell(work, jit, "statement_proposed", voided=voided)
    return row


def _require_closed(jit: Jit) -> None:
    if jit.state != "closed":
        raise NotClosedYet(state=jit.state)


def _statement(work: UnitOfWork, jit_id: UUID) -> JitStatement | None:
    return _statements(work, jit_id)


@together
def _statements(work: UnitOfWork, jit_ids: Sequence[UUID]) -> dict[UUID, JitStatement | None]:
    found = {row.jit_id: row for row in work.session.scalars(work.all(JitStatement).where(JitStatement.jit_id.in_(jit_ids)))}
    return {jit_id: found.get(jit_id) for jit_id in jit_ids}


def of_team(work: UnitOfWork, jit_id: UUID) -> JitStatement:
    """Return the statement about a team; raise `NotFound` if none was proposed."""
    row = _statement(work, work.one(Jit, jit_id).id)
    if row is None:
        raise NotFound
    return row


def _check(work: UnitOfWork, jit: Jit, texts: Mapping[str, str], *, names_operation: bool) -> None:
    said = {f"/texts/{language}": words for language, words in texts.items()}
    if names_operation:
        if not jit.operation_name:
            raise fault("/names_operation", "operation_name", "The operation has no name.")
        said["/names_operation"] = jit.operation_name
    if errors := statement_checks.faults(said, _forbidden_terms(work, jit, names_operation=names_operation)):
        raise NotFitForThePublic(errors=errors)


def _forbidden_terms(work: UnitOfWork, jit: Jit, *, names_operation: bool) -> list[Term]:
    """Return the terms that a statement must not contain.

    They are the references and pseudonyms of every shared case, the team's own reference, the names of its members and leaders,
    and, unless the parties want to publish it, the name of the operation.
    """
    terms = [Term("case_reference", jit.reference), *_terms(work, jit.id)]
    if jit.operation_name and not names_operation:
        terms.append(Term("operation_name", jit.operation_name))
    key = key_of(work, jit)
    for member in _members(work, jit.id):
        said = unseal(key, member.sealed, member.id)
        terms += [Term("member_name", said[name]) for name in ("name", "security_id") if name in said]
    return terms


_FORBIDDEN: Final = Statement(
    "select j.id, t.rule, t.term from unnest(cast(:jits as uuid[])) j (id) cross join lateral priv.forbidden_terms(j.id) t"
)


@together
def _terms(work: UnitOfWork, jit_ids: Sequence[UUID]) -> dict[UUID, list[Term]]:
    work.session.flush()
    found: dict[UUID, list[Term]] = {jit_id: [] for jit_id in jit_ids}
    for row in _FORBIDDEN.rows(work.session, jits=list(jit_ids)):
        found[row.id].append(Term(row.rule, row.term))
    return found


@together
def _members(work: UnitOfWork, jit_ids: Sequence[UUID]) -> dict[UUID, list[JitMember]]:
    return grouped(jit_ids, work.session.scalars(work.all(JitMember).where(JitMember.jit_id.in_(jit_ids))), lambda row: row.jit_id)


def _texts(work: UnitOfWork, jit: Jit, row: JitStatement) -> Mapping[str, str]:
    texts: Mapping[str, str] = unseal(key_of(work, jit), row.sealed, row.id)["texts"]
    return texts


def text_of(work: UnitOfWork, jit: Jit, row: JitStatement) -> str:
    """Return the digest of a statement that each party approves."""
    said = unseal(key_of(work, jit), row.sealed, row.id)
    operation = jit.operation_name if row.names_operation else None
    return signatures.digest({"jit": jit.id, "statement": row.id, "operation_name": operation, **said})


def _find(work: UnitOfWork, jit_id: UUID) -> TeamRow[JitStatement]:
    return TeamRow(work.one(Jit, jit_id), of_team(work, jit_id))


def _require_publishable(step: Step[TeamRow[JitStatement]]) -> None:
    """Raise `NotClosedYet` or `NotFitForThePublic` unless the team is closed and the statement passes the checks."""
    work, jit, row = step.work, step.thing.jit, step.thing.row
    _require_closed(jit)
    _check(work, jit, _texts(work, jit, row), names_operation=row.names_operation)


def _require_unsigned(step: Step[TeamRow[JitStatement]]) -> None:
    signatures.require_unsigned(step.work, step.thing.jit, step.thing.row)


def _approve(step: Step[TeamRow[JitStatement]]) -> None:
    """Approve the statement for the caller's State, or record the approval of a State without users here.

    The last approval publishes it.
    """
    work, jit, row = step.work, step.thing.jit, step.thing.row
    present = text_of(work, jit, row)
    approval = signatures.put(work, jit, row, step.data, present)
    tell(work, jit, "statement_approved", approved=len(signatures.in_force(work, row.id)), recorded=approval.recorded is not None)
    if signatures.complete(work, jit, row, present):
        _release(work, jit, row, _texts(work, jit, row))


STATEMENT: Final = authorization.workflow(
    JitStatement,
    STATEMENT_LIFECYCLE,
    _approve,
    find=_find,
    guards={"approve": (_require_publishable, _require_unsigned)},
)
"""Only the event `approve` is possible here. To retract a statement, take the step `retract` of its team."""


def _release(work: UnitOfWork, jit: Jit, row: JitStatement, texts: Mapping[str, str]) -> None:
    row.state, jit.state, jit.updated_at = "approved", "public_statement", work.now
    ended = jit.ended_at or work.now
    work.add(
        JitRelease(
            jit_id=jit.id,
            operation_name=jit.operation_name if row.names_operation else None,
            countries=sorted(party.country for party in authorization.of_team(work, jit.id)),
            year=ended.year,
            texts={language: texts[language] for language in LANGUAGES},
            released_at=work.now,
        )
    )
    tell(work, jit, "statement_released")


def retract(work: UnitOfWork, jit: Jit) -> None:
    """Withdraw the statement from the public. It has to be approved again."""
    row = of_team(work, jit.id)
    row.state = STATEMENT_LIFECYCLE.transition(row.state, "retract").target
    signatures.void(work, row.id)
    released = work.all(JitRelease).where(JitRelease.jit_id == jit.id, JitRelease.retracted_at.is_(None))
    for release in work.session.scalars(released):
        release.retracted_at = work.now
    work.session.flush()


def show(work: UnitOfWork, rows: Sequence[JitStatement]) -> list[dict[str, Any]]:
    """Return statements with their texts, digest and approving parties."""
    shown = []
    for row in rows:
        jit = work.one(Jit, row.jit_id)
        approved = [approval.authority_id for approval in signatures.in_force(work, row.id)]
        shown.append(
            {**row.shown(), "texts": _texts(work, jit, row), "text_sha256": text_of(work, jit, row), "approved_by": approved}
        )
    return shown


def public(session: Session, wanted: Mapping[str, Any], release_id: UUID | None = None) -> list[dict[str, Any]]:
    """Return the published statements. The session has no caller and can reach no other data."""
    asked = {"id": release_id, "after": wanted.get("after"), "year": wanted.get("year"), "limit": wanted.get("limit", 50)}
    return [row._asdict() for row in _PUBLIC.rows(session, **asked)]
