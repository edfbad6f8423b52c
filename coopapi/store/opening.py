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
_IDENTIFY: Final = Statement(
    f"{SETTINGS}; select * from priv.identify(:issuer, :subject, :role, :question, :digest)"  # noqa: S608 (constants)
)


class Opening:
    """A transaction that is being opened. If its actor is identified by an account, what begins it does that."""

    def __init__(self, database: Any, now: datetime) -> None:
        self.database, self.now = database, now
        self.session: Any = None
        self.who: tuple[str, str, str | None] | None = None
        """Under what the account is remembered, if it is to be."""
        self.account: Any = None

    def begin(self, issuer: str, subject: str, role: str | None, *, remembered: bool = False) -> Any | None:
        """Return the account of this subject, or None, and begin the transaction in the role that is named or the only one.

        With `remembered`, an account is returned as it was when it was identified before. What begins the transaction is then sent
        with the first statement, and is refused if the account has changed since.
        """
        who = issuer, subject, role
        known = self.database.accounts.get(who) if remembered else None
        asked = self.question(*who, digest=known and known.digest)
        self.session = Transaction(self.database.engine, _IDENTIFY, **asked)
        self.account = known or next(iter(self.session.begin()), None)
        self.who = who if remembered else None
        return self.account

    def question(self, issuer: str, subject: str, role: str | None, *, digest: str | None) -> dict[str, str | None]:
        """Return the signed question for an account. With the digest of one that is remembered, any other one is refused."""
        asked = sha256(f"{issuer}\n{subject}\n{role or ''}".encode()).hexdigest()
        said = ("begin", asked, ",".join(sorted(CLEARABLE)), "", "")
        signed = self.database.sign(said, self.now, self.database.settings.quotas)
        return {"issuer": issuer, "subject": subject, "role": role, "question": signed, "digest": digest}

    @contextmanager
    def identified(self, identify: Callable[["Opening"], Actor]) -> Iterator[Actor]:
        """Identify the actor, and at the end close the transaction that was begun for it.

        The account is forgotten if the database refuses something, because that may be why. An account is remembered only after an
        actor was made of it. Otherwise a refusal by a remembered account would be answered before the database has confirmed it.
        """
        try:
            actor = identify(self)
            self._remember()
            yield actor
        except DBAPIError:
            self.database.accounts.pop(self.who, None)
            raise
        finally:
            if self.session is not None:
                self.session.close()

    def _remember(self) -> None:
        accounts = self.database.accounts
        if self.who is None:
            return
        if self.who not in accounts and len(accounts) >= _MOST_REMEMBERED:
            accounts.clear()
        accounts[self.who] = self.account
