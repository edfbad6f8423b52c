"""Amendments: a State joins or leaves, purpose, period or a clause change, with the last signature of all and not before."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from coopapi import parties
from coopapi.db import Work, new_id
from coopapi.errors import Conflict, NotFound, Unprocessable, fault
from coopapi.evidence import recipients
from coopapi.jits import agreeing, clocks, people, sides, signing
from coopapi.jits.lives import AMENDMENT_LIFE, TEXTS
from coopapi.jits.models import Jit, JitParty
from coopapi.jits.papers import JitAmendment, JitSignature
from coopapi.jits.telling import tell
from coopapi.lifecycle import IllegalMove, Side
from coopapi.sealing import key_of, put_words, seal, unseal

_TWO: Final = 2
_DETAILS: Final = ("purpose", "clause", "text", "platform", "leader", "role", "terms", "evidence", "states_of_operation")


class JoinsAlready(Conflict):
    """An amendment by which this State joins waits for signatures already."""


def propose(work: Work, jit_id: UUID, data: Mapping[str, Any]) -> JitAmendment:
    """Propose to change the agreement of a running team; a State that is to join sees it from now on, to sign it."""
    jit = sides.locked(work, jit_id)
    sides.require_party(work, jit)
    _require_active(jit, "amend")
    details = {name: data.get(name) for name in _DETAILS}
    row_id = new_id()
    row = JitAmendment(
        id=row_id,
        jit_id=jit.id,
        change=data["change"],
        authority_id=data.get("authority_id"),
        until=data.get("until"),
        sealed=seal(key_of(work, jit), details, row_id),
        proposed_by=work.actor.authority_id,
        proposed_at=work.now,
    )
    _CHECKS[row.change](work, jit, row)
    if row.change == "join" and row.authority_id:
        parties.admit(work, jit.id, row.authority_id, Side.NEGOTIATING, until=jit.until)
    work.add(row)
    tell(work, jit, "amendment_proposed", amendment=str(row.id), change=row.change)
    return row


def _require_active(jit: Jit, event: str) -> None:
    if jit.state != "active":
        raise IllegalMove(f"{event} is not possible from {jit.state}", state=jit.state, allowed=[])


def text_of(work: Work, jit: Jit, row: JitAmendment) -> str:
    """The digest of an amendment, as each party signs it."""
    return signing.digest(
        {
            "jit": jit.id,
            "amendment": row.id,
            "change": row.change,
            "authority": row.authority_id,
            "until": int(row.until.timestamp()) if row.until else None,
            "details": unseal(key_of(work, jit), row.sealed, row.id),
        }
    )


def sign(work: Work, jit_id: UUID, row_id: UUID, data: Mapping[str, Any]) -> JitSignature:
    """Sign an amendment for one's own State, party or joining; or record that one signed which has nobody here."""
    jit, row = _open(work, jit_id, row_id)
    move = AMENDMENT_LIFE.move(row.state, "sign", None)
    _require_signer(work, jit, row)
    work.require(move.by, human=move.human)
    _require_active(jit, "sign")
    _CHECKS[row.change](work, jit, row)
    signature = signing.put(work, jit, row.id, data, text_of(work, jit, row), *_joining(row))
    figures = {"signed": len(signing.standing(work, row.id)), "recorded": signature.recorded is not None}
    tell(work, jit, "amendment_signed", amendment=str(row.id), change=row.change, **figures)
    _apply_what_is_complete(work, jit)
    return signature


def _open(work: Work, jit_id: UUID, row_id: UUID, version: int | None = None) -> tuple[Jit, JitAmendment]:
    jit = sides.locked(work, jit_id)
    row = work.one(JitAmendment, row_id, version=version)
    if row.jit_id != jit.id:
        raise NotFound
    work.session.refresh(row)
    return jit, row


def _require_signer(work: Work, jit: Jit, row: JitAmendment) -> None:
    if work.actor.authority_id not in _joining(row):
        sides.require_party(work, jit)


def _joining(row: JitAmendment) -> list[UUID]:
    return [row.authority_id] if row.change == "join" and row.authority_id else []


def step(work: Work, jit_id: UUID, row_id: UUID, version: int, data: Mapping[str, Any]) -> JitAmendment:
    """Refuse an amendment for one's own State or for one that has nobody here, or withdraw what one proposed; `sign` signs it."""
    jit, row = _open(work, jit_id, row_id, version)
    move = AMENDMENT_LIFE.move(row.state, data["event"], data.get("reason"))
    if move.event == "sign":
        sign(work, jit_id, row_id, data)
        return row
    _require_signer(work, jit, row)
    work.require(move.by, human=move.human)
    if move.event == "withdraw" and row.proposed_by != work.actor.authority_id:
        raise sides.NotAParty("whoever proposed an amendment withdraws it")
    sides.speaker(work, jit, data.get("recorded"), *_joining(row))
    row.state, row.decided_at = move.target, work.now
    row.recorded = sides.put_recorded(work, jit, row.id, data.get("recorded"))
    row.words = put_words(work, jit, row.id, data.get("reason"))
    work.session.flush()
    if row.change == "join" and row.authority_id:
        sides.release(work, jit, row.authority_id, Side.NEGOTIATING)
    tell(work, jit, f"amendment_{move.target}", amendment=str(row.id), change=row.change, recorded=row.recorded is not None)
    return row


def _apply_what_is_complete(work: Work, jit: Jit) -> None:
    """Apply every amendment that all have signed: after a State has left, its signature lacks under no other."""
    for row in pending(work, jit):
        if signing.complete(work, jit, row.id, text_of(work, jit, row), *_joining(row)) and _holds(work, jit, row):
            figures = _EFFECTS[row.change](work, jit, row) or {}
            row.state, row.decided_at, jit.updated_at = "applied", work.now, work.now
            tell(work, jit, "amended", amendment=str(row.id), change=row.change, **figures)
            _apply_what_is_complete(work, jit)
            return


def _holds(work: Work, jit: Jit, row: JitAmendment) -> bool:
    """Tell whether what all have signed can still be done; what others have overtaken waits until it is withdrawn."""
    try:
        _CHECKS[row.change](work, jit, row)
    except (Unprocessable, Conflict):
        return False
    return True


def pending(work: Work, jit: Jit) -> list[JitAmendment]:
    """The amendments of a team that wait for signatures."""
    query = work.all(JitAmendment).where(JitAmendment.jit_id == jit.id, JitAmendment.state == "proposed")
    return list(work.session.scalars(query.order_by(JitAmendment.id)))


def release_joining(work: Work, jit: Jit) -> None:
    """Let those go who were to join a team that ended."""
    for row in pending(work, jit):
        if row.change == "join" and row.authority_id:
            sides.release(work, jit, row.authority_id, Side.NEGOTIATING)


def _check_join(work: Work, jit: Jit, row: JitAmendment) -> None:
    if row.authority_id is None:
        raise fault("/authority_id", "required", "say who joins")
    authority = sides.state_authority(work, row.authority_id, "/authority_id")
    sides.check_new_state(work, jit.id, authority.country, "/authority_id")
    if outside := agreeing.not_bound(work, jit, [authority.country or ""]):
        raise fault("/authority_id", "not_bound", outside)
    there = {party.authority_id: party.country for party in sides.of_team(work, jit.id)}
    if lacking := agreeing.administration(jit.administrator_id, {**there, authority.id: authority.country}):
        raise fault("/authority_id", "space_administrator", lacking)
    for other in pending(work, jit):
        if other.id != row.id and _state_that_joins(work, other) == authority.country:
            raise JoinsAlready(existing=f"/api/v1/jits/{jit.id}/amendments/{other.id}/transitions")


def _state_that_joins(work: Work, row: JitAmendment) -> str | None:
    """The State that joins by an amendment, if one does."""
    return sides.country_of(work, row.authority_id) if row.change == "join" and row.authority_id else None


def _check_leave(work: Work, jit: Jit, row: JitAmendment) -> None:
    there = sides.of_team(work, jit.id)
    if row.authority_id not in {party.authority_id for party in there}:
        raise fault("/authority_id", "party", "only a party leaves")
    if len(there) <= _TWO:
        raise fault("/authority_id", "two_states", "a team has at least two States: end it")
    if row.authority_id == jit.administrator_id:
        raise fault("/authority_id", "space_administrator", "it administers the space: amend the platform clause first")


def _check_period(work: Work, jit: Jit, row: JitAmendment) -> None:
    del work
    if row.until is None or jit.until is None or row.until <= jit.until:
        raise fault("/until", "later", "an extension ends later than what it extends")


def _check_purpose(work: Work, jit: Jit, row: JitAmendment) -> None:
    if not _details(work, jit, row).get("purpose"):
        raise fault("/purpose", "required", "say the new purpose")


def _check_clause(work: Work, jit: Jit, row: JitAmendment) -> None:
    said = _details(work, jit, row)
    if not said.get("clause") or not said.get("platform" if said["clause"] == "platform" else "text"):
        raise fault("/clause", "required", "name the clause and its new text")
    if said["clause"] == "platform":
        there = {party.authority_id: party.country for party in sides.of_team(work, jit.id)}
        if lacking := agreeing.administration(UUID(said["platform"]["space_administrator"]), there):
            raise fault("/platform/space_administrator", "party", lacking)


def _check_states(work: Work, jit: Jit, row: JitAmendment) -> None:
    if not _details(work, jit, row).get("states_of_operation"):
        raise fault("/states_of_operation", "required", "say in which States it operates")


def _check_participant(work: Work, jit: Jit, row: JitAmendment) -> None:
    people.check_period(work, {"until": row.until})
    if row.authority_id is None or not _details(work, jit, row).get("role"):
        raise fault("/role", "required", "say who takes part, and as what")
    people.check_participant(work, jit.id, row.authority_id, "/authority_id")


def _details(work: Work, jit: Jit, row: JitAmendment) -> dict[str, Any]:
    return unseal(key_of(work, jit), row.sealed, row.id)


def _join(work: Work, jit: Jit, row: JitAmendment) -> None:
    authority: UUID = row.authority_id  # type: ignore[assignment]
    country = sides.country_of(work, authority)
    party = JitParty(id=new_id(), jit_id=jit.id, authority_id=authority, country=country, joined_at=work.now)
    party.sealed = seal(key_of(work, jit), _details(work, jit, row).get("leader") or {}, party.id)
    work.add(party)
    parties.admit(work, jit.id, authority, Side.NEGOTIATING)
    sides.seat(work, jit)
    clocks.start(work, jit, [party])


def _leave(work: Work, jit: Jit, row: JitAmendment) -> None:
    party = next(p for p in sides.of_team(work, jit.id) if p.authority_id == row.authority_id)
    party.state, party.left_at = "left", work.now
    clocks.drop(work, jit, party)
    sides.release(work, jit, party.authority_id, Side.MEMBER)
    sides.take_back(work, jit, party.authority_id)
    sides.release(work, jit, party.authority_id, Side.NEGOTIATING)


def _extend(work: Work, jit: Jit, row: JitAmendment) -> None:
    jit.until = row.until
    sides.seat(work, jit)
    clocks.move(work, jit)
    for other in pending(work, jit):
        if other.change == "join" and other.authority_id and other.id != row.id:
            parties.admit(work, jit.id, other.authority_id, Side.NEGOTIATING, until=jit.until)


def _repurpose(work: Work, jit: Jit, row: JitAmendment) -> None:
    agreeing.amend_terms(work, jit, {"purpose": _details(work, jit, row)["purpose"]})


def _reword(work: Work, jit: Jit, row: JitAmendment) -> Mapping[str, int]:
    """Put a clause in the place of another; what waits to be verified waits for the space administrator that it names."""
    said = _details(work, jit, row)
    new = said["platform"] if said["clause"] == "platform" else said["text"]
    clauses = unseal(key_of(work, jit), jit.sealed, jit.id).get("clauses", {})
    terms = {said["clause"]: new} if said["clause"] in TEXTS else {"clauses": {**clauses, said["clause"]: new}}
    agreeing.amend_terms(work, jit, terms)
    handed = recipients.hand_to_verify(work, jit.id) if said["clause"] == "platform" else 0
    return {"to_verify": handed} if handed else {}


def _operate(work: Work, jit: Jit, row: JitAmendment) -> None:
    jit.states_of_operation = _details(work, jit, row)["states_of_operation"]


def _take_part(work: Work, jit: Jit, row: JitAmendment) -> None:
    authority: UUID = row.authority_id  # type: ignore[assignment]
    people.seat_participant(work, jit, authority, {**_details(work, jit, row), "until": row.until}, "/authority_id")


_CHECKS: Final[Mapping[str, Callable[[Work, Jit, JitAmendment], None]]] = {
    "join": _check_join,
    "leave": _check_leave,
    "period": _check_period,
    "purpose": _check_purpose,
    "clause": _check_clause,
    "states_of_operation": _check_states,
    "participant": _check_participant,
}
_EFFECTS: Final[Mapping[str, Callable[[Work, Jit, JitAmendment], Mapping[str, int] | None]]] = {
    "join": _join,
    "leave": _leave,
    "period": _extend,
    "purpose": _repurpose,
    "clause": _reword,
    "states_of_operation": _operate,
    "participant": _take_part,
}


def of_team(work: Work, jit_id: UUID) -> Select[JitAmendment]:
    """Select the amendments of a team."""
    return work.all(JitAmendment).where(JitAmendment.jit_id == work.one(Jit, jit_id).id)


def moves(work: Work, jit_id: UUID, row_id: UUID) -> dict[str, Any]:
    """Say where an amendment stands, and what the caller may do now."""
    jit, row = work.one(Jit, jit_id), work.one(JitAmendment, row_id)
    if row.jit_id != jit.id:
        raise NotFound
    signer = sides.mine(work, jit_id) is not None or (row.change == "join" and row.authority_id == work.actor.authority_id)
    signed = work.actor.authority_id in {s.authority_id for s in signing.standing(work, row.id)}
    allowed = [
        {"event": m.event, "target": m.target, "reason_needed": m.reason}
        for m in AMENDMENT_LIFE.leaving(row.state)
        if signer and work.actor.may(m.by) and (work.actor.human or not m.human)
        if m.event != "withdraw" or row.proposed_by == work.actor.authority_id
        if m.event != "sign" or (not signed and jit.stands(work.now) == "active")
    ]
    return {"state": row.state, "allowed": allowed, "etag": row.etag}
