"""The tables of imports: the import, its staged pieces, what became of each line, and the rows that imports made."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Double, ForeignKey, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor, Role
from coopapi.journal.models import tell_with
from coopapi.store import vault
from coopapi.store.rows import Row, Versioned

REPORTED: Final = timedelta(days=30)
"""For how long the report of an import can be read after the import ended."""
TYPES: Final = ("case", "subject", "person", "identifier", "fact", "withdrawal")
"""The types of lines."""
STATES: Final = ("queued", "running", "waiting_for_quota", "finished", "stopped")
ACCEPTED: Final = ("stored", "updated", "withdrawn", "unchanged")
OUTCOMES: Final = (*ACCEPTED, "refused", "conflict")
COUNTERS: Final = {outcome: "conflicts" if outcome == "conflict" else outcome for outcome in OUTCOMES}
"""The column of an import that counts the lines with each outcome."""

vault.register_readers("import", Action.IMPORT_SEND, content=("category", "pseudonym"))


class Import(Versioned):
    """A file that a machine client sent. `wrapped` is the encrypted key of its staged pieces, which ends with it."""

    __kind__ = "import"
    __tablename__ = "imports"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    role: Mapped[str] = mapped_column()
    purpose: Mapped[str] = mapped_column()
    format: Mapped[str] = mapped_column()
    dry_run: Mapped[bool] = mapped_column()
    state: Mapped[str] = mapped_column()
    state_reason: Mapped[str | None] = mapped_column()
    lines: Mapped[int] = mapped_column(BigInteger)
    read: Mapped[int] = mapped_column(BigInteger, default=0)
    stored: Mapped[int] = mapped_column(BigInteger, default=0)
    updated: Mapped[int] = mapped_column(BigInteger, default=0)
    withdrawn: Mapped[int] = mapped_column(BigInteger, default=0)
    unchanged: Mapped[int] = mapped_column(BigInteger, default=0)
    refused: Mapped[int] = mapped_column(BigInteger, default=0)
    conflicts: Mapped[int] = mapped_column(BigInteger, default=0)
    worked: Mapped[float] = mapped_column(Double, default=0.0)
    wrapped: Mapped[bytes | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    started_at: Mapped[datetime | None] = mapped_column()
    worked_at: Mapped[datetime | None] = mapped_column()
    waits_until: Mapped[datetime | None] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()

    def end(self, at: datetime, state: str, reason: str | None = None) -> None:
        """Note that the import has ended. The key of its pieces ends with it."""
        self.state, self.state_reason, self.ended_at = state, reason, at
        self.wrapped = self.waits_until = None

    @property
    def report_until(self) -> datetime | None:
        """Until when the report can be read, once the import has ended."""
        return self.ended_at + REPORTED if self.ended_at else None

    @property
    def counted(self) -> dict[str, Any]:
        """The number of lines with each outcome, by the column that counts them."""
        return {column: getattr(self, column) for column in COUNTERS.values()}

    @property
    def accepted(self) -> int:
        """The number of lines that were stored, updated, withdrawn or left unchanged."""
        return sum(getattr(self, COUNTERS[outcome]) for outcome in ACCEPTED)

    @property
    def rate(self) -> float | None:
        """The lines that were processed in a second of work, or None before the first."""
        return round(self.read / self.worked, 1) if self.worked else None

    @property
    def seconds_left(self) -> int | None:
        """The seconds of work that are left at the present rate; None if that is unknown, or the import has ended or waits."""
        working = self.state in {"queued", "running"} and self.rate
        return round((self.lines - self.read) / self.rate) if working and self.rate else None

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for imports of the actor itself, and for an investigator those of its authority."""
        del now
        own = cls.principal_id == actor.id
        mine = true() if actor.role == Role.INVESTIGATOR else own
        return and_(cls.authority_id == actor.authority_id, mine)


def of_import(column: Any, actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Return the condition for rows of an import that the actor sees."""
    return select(Import.id).where(Import.id == column, Import.visible_to(actor, now)).exists()


tell_with(Import.__kind__, of_import)


class ImportChunk(Row):
    """A sealed piece of an import that is not processed yet: whole lines, as they were sent."""

    __tablename__ = "import_chunks"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    first_line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    lines: Mapped[int] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for pieces of imports that the actor sent."""
        return and_(false() if actor.role == Role.INVESTIGATOR else true(), of_import(cls.import_id, actor, now))


class ImportLine(Row):
    """What became of one line. `faults` are the pointers and rules of the fields for which it was refused."""

    __tablename__ = "import_lines"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    type: Mapped[str | None] = mapped_column()
    external_id: Mapped[str | None] = mapped_column()
    case_external_id: Mapped[str | None] = mapped_column()
    outcome: Mapped[str] = mapped_column()
    faults: Mapped[dict[str, Any] | None] = mapped_column()
    sealed: Mapped[bytes | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for lines of imports that the actor sees and that have not ended long ago."""
        lately = or_(Import.ended_at.is_(None), Import.ended_at + REPORTED > now)
        return select(Import.id).where(Import.id == cls.import_id, Import.visible_to(actor, now), lately).exists()


class ImportedRow(Row):
    """A row that imports made, by its key, with its version after the last line about it and a keyed digest of that line."""

    __tablename__ = "imported_rows"

    scope: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    row_id: Mapped[UUID] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column()
    principal_id: Mapped[UUID] = mapped_column()
    version: Mapped[int] = mapped_column()
    digest: Mapped[bytes] = mapped_column()
    withdrawn: Mapped[bool] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for rows that imports of the actor's authority made."""
        del now
        return cls.authority_id == actor.authority_id
