"""How the transaction of a caller begins: the database identifies its account, or confirms one that was identified before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from coopapi.access import CLEARABLE, Actor
from coopapi.store.statements import Statement
from coopapi.store.transaction import SETTINGS, Transaction

_MOST_REMEMBERED: Final = 1000
"""How many accounts a process remembers. When another one comes, it forgets all of these."""
_CLEARABLE: Final = ",".join(sorted(CLEARABLE))
_IDENTIFY: Final = Statement(f"{SETTINGS}; select * from priv.identify(:issuer, :subject, :role, :question)")  # noqa: S608 (constants)
CONTEXT: Final = Statement(f"{SETTINGS}; SET LOCAL coopapi.context = :context")
_CONFIRM: Final = Statement(
    f"{SETTINGS}; SET LOCAL coopapi.context = :context; select priv.confirm_account(:issuer, :subject, :digest)"
)
"""What is sent at the start of transactions."""
_CHANGED: Final = "the account of the caller has changed"
"""What `priv.confirm_account` says when it refuses an account."""


class Opening:
    """A transaction that is being opened. If its actor is identified by an account, what begins it does that."""

    def __init__(self, database: Any, now: datetime) -> None:
        self.database, self.now = database, now
        self.session: Transaction | None = None
        self.who: tuple[str, str, str | None] | None = None
        """Under what the account is remembered, if it is to be."""
        self.account: Any = None

    def begin(self, issuer: str, subject: str, role: str | None, *, remembered: bool = False) -> Any | None:
        """Return the account of this subject, or None, and begin the transaction in the role that is named or the only one.

        With `remembered`, an account is returned as it was when it was identified before, and the transaction begins later.
        """
        who = issuer, subject, role
        self.who = who if remembered else None
        self.account = self.database.accounts.get(self.who)
        if self.account is None:
            self.session = Transaction(self.database.engine, _IDENTIFY, **self.question(*who))
            self.account = next(iter(self.session.begin()), None)
        return self.account

    def transaction(self, actor: Actor) -> Transaction:
        """Return the transaction of the actor.

        If its account was remembered, what begins the transaction is sent with the first statement, and is refused if the account
        has changed since.
        """
        if self.session is None:
            begin, given = CONTEXT, {"context": self.database.context(actor, self.now)}
            if self.who is not None:
                begin, given = _CONFIRM, {**given, "issuer": self.who[0], "subject": self.who[1], "digest": self.account.digest}
            self.session = Transaction(self.database.engine, begin, **given)
        return self.session

    def question(self, issuer: str, subject: str, role: str | None) -> dict[str, str | None]:
        """Return the signed question for an account."""
        asked = sha256(f"{issuer}\n{subject}\n{role or ''}".encode()).hexdigest()
        signed = self.database.sign(("begin", asked, _CLEARABLE, "", ""), self.now, self.database.settings.quotas)
        return {"issuer": issuer, "subject": subject, "role": role, "question": signed}

    @contextmanager
    def identified(self, identify: Callable[["Opening"], Actor]) -> Iterator[Actor]:
        """Identify the actor, and at the end close the transaction that was begun for it.

        The account is forgotten if the database says that it has changed. An account is remembered only after an
        actor was made of it. Otherwise a refusal by a remembered account would be answered before the database has confirmed it.
        """
        try:
            actor = identify(self)
            self._remember()
            yield actor
        except DBAPIError as refusal:
            if _CHANGED in str(refusal.orig):
                self.database.accounts.pop(self.who, None)
            raise
        finally:
            if self.session is not None:
                self.session.close()

    def _remember(self) -> None:
        accounts = self.database.accounts
        if self.who is None or self.session is None:
            return  # a remembered account may be one that another thread has just forgotten because it was refused
        if self.who not in accounts and len(accounts) >= _MOST_REMEMBERED:
            accounts.clear()
        accounts[self.who] = self.account
