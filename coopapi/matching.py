"""Register and find: the definer functions of the database, called with what a case holds (D6).

They look past what the caller may see, check the caller's right to its own case themselves, and tell nobody here what
they found: a match is seen as an overlap, or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from coopapi.db import Work


@dataclass(frozen=True, slots=True)
class Holding:
    """One token of one identifier, with what it says about who holds it."""

    identifier_id: UUID
    token: bytes
    family: str
    strength: int
    kind: str
    role: str | None


def register(work: Work, case_id: UUID, holdings: Sequence[Holding]) -> None:
    """Put identifiers of a case into matching; every overlap they make exists when this transaction commits."""
    work.session.execute(
        text(
            "select priv.register(:case, cast(:identifiers as uuid[]), cast(:tokens as bytea[]), cast(:families as text[]),"
            " cast(:strengths as smallint[]), cast(:kinds as text[]), cast(:roles as text[]), :limit, :request)",
        ),
        {
            **_common(work, case_id),
            "identifiers": [str(h.identifier_id) for h in holdings],
            "tokens": [f"\\x{h.token.hex()}" for h in holdings],
            "families": [h.family for h in holdings],
            "strengths": [int(h.strength) for h in holdings],
            "kinds": [h.kind for h in holdings],
            "roles": [h.role for h in holdings],
        },
    )


def unregister(work: Work, case_id: UUID, identifiers: Sequence[UUID] | None = None) -> None:
    """Take identifiers of a case out of matching, or all of them; overlaps that rested on them are withdrawn."""
    work.session.execute(
        text("select priv.unregister(:case, cast(:identifiers as uuid[]), :limit, :request)"),
        {**_common(work, case_id), "identifiers": None if identifiers is None else [str(i) for i in identifiers]},
    )


def relabel(work: Work, case_id: UUID, subject_id: UUID | None = None, role: str | None = None) -> None:
    """Let matching follow a case's new visibility, or a subject's new category."""
    work.session.execute(
        text(
            "select priv.relabel(:case, array(select id from identifiers where case_id = :case and subject_id = :subject),"
            " :role, :limit, :request)",
        ),
        {**_common(work, case_id), "subject": subject_id, "role": role},
    )


def _common(work: Work, case_id: UUID) -> dict[str, object]:
    work.session.flush()
    return {"case": case_id, "limit": work.settings.high_frequency, "request": work.request_id}
