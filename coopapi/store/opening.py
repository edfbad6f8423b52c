"""How the transaction of a caller begins: the database identifies its account, or confirms one that was identified before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from coopapi.access import CLEARABLE, Actor
from coopapi.store.statements import Statement
from coopapi.store.transaction import Transaction

_MOST_REMEMBERED: Final = 1000
SETTINGS: Final = (
    "SET LOCAL statement_timeout = '15s'; SET LOCAL lock_timeout = '5s';"
    " SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL jit = off; SET LOCAL client_min_messages = notice"
)
"""Settings of every transaction. They are set in each one, so they also apply behind a connection pooler and for any role.
`client_min_messages` lets the notices of alarms through.
"""
_IDENTIFY: Final = Statement(
    f"begin; {SETTINGS};"  # noqa: S608 (constants)
    " select * from priv.identify(:begin_issuer, :begin_subject, :begin_role, :begin_question, :begin_digest)"
)


class Opening:
    """A transaction that is being opened. If its actor is identified by an account, what begins it does that."""

    def __init__(self, database: Any, now: datetime) -> None:
        self.database, self.now = database, now
        self.session: Any = None
        self.who: tuple[str, str, str | None] | None = None
        self.fresh: Any = None
        """The account, if it is to be remembered and was not."""

    def begin(self, issuer: str, subject: str, role: str | None, *, remembered: bool = False) -> Any | None:
        """Return the account of this subject, or None, and begin the transaction in the role that is named or the only one.

        With `remembered`, an account is returned as it was when it was identified before. What begins the transaction is then sent
        with the first statement, and is refused if the account has changed since.
        """
        who = issuer, subject, role
        known = self.database.accounts.get(who) if remembered else None
        asked = self.question(*who, digest=known.digest if known else None)
        self.session = Transaction(self.database.engine, _IDENTIFY, **asked)
        if known is not None:
            self.who = who
            return known
        found = next(iter(self.session.begin()), None)
        self.who, self.fresh = (who, found) if remembered else (None, None)
        return found

    def question(self, issuer: str, subject: str, role: str | None, *, digest: str | None) -> dict[str, str | None]:
        """Return the signed question for an account. With the digest of one that is remembered, any other one is refused."""
        asked = sha256(f"{issuer}\n{subject}\n{role or ''}".encode()).hexdigest()
        said = ("begin", asked, ",".join(sorted(CLEARABLE)), "", "")
        signed = self.database.sign(said, self.now, self.database.settings.quotas)
        return {
            "begin_issuer": issuer,
            "begin_subject": subject,
            "begin_role": role,
            "begin_question": signed,
            "begin_digest": digest,
        }

    def identified(self, identify: Callable[["Opening"], Actor]) -> Actor:
        """Return the actor, and remember its account. If it is refused, the transaction that was begun for it is closed."""
        try:
            actor = identify(self)
        except BaseException:
            if self.session is not None:
                self.session.close()
            raise
        if self.fresh is not None:
            if len(self.database.accounts) >= _MOST_REMEMBERED:
                self.database.accounts.clear()
            self.database.accounts[self.who] = self.fresh
        return actor

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Forget the account if the database refuses something, because that may be why."""
        try:
            yield
        except DBAPIError:
            self.database.accounts.pop(self.who, None)
            raise
