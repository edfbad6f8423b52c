"""How far the worker is behind the requests, and behind the readers of identifiers, and what work is put off."""

from typing import Final, NamedTuple

from prometheus_client import Gauge
from sqlalchemy.orm import Session

from coopapi.store.statements import Statement
from coopapi.unicode_text import NORMALISER_VERSION

TOO_LATE: Final = {"matching": 30, "imports": 3600, "journal": 30}
"""Seconds after which `coopapi check` reports a fault and the service raises an alarm."""
LAG: Final = Gauge(
    "coopapi_worker_lag_seconds", "For how long the oldest task has waited for the worker", ["work"], multiprocess_mode="mostrecent"
)
TOO_LONG: Final = 60
"""Seconds after which `coopapi check` reports that a piece of work is put off, and the service raises an alarm."""
PUT_OFF: Final = Gauge(
    "coopapi_worker_put_off", "Pieces of work that failed and are tried again later", ["work"], multiprocess_mode="mostrecent"
)
KINDS: Final = (
    "times", "changes", "pairs", "hidden_pairs", "journal", "deadlines", "words", "searches", "rereading",
    "imports", "exports", "figures", "webhooks", "deliveries", "people", "mails",
)  # fmt: skip
"""The kinds of work of which pieces are put off."""
_PUT_OFF: Final = Statement("select work, pieces, seconds from priv.pieces_put_off()")
_LAG: Final = Statement("select matching, imports, journal from priv.worker_lag()")
_REREADING: Final = Statement("select priv.waiting_to_be_reread(:normaliser)")


class Lag(NamedTuple):
    """For how many seconds the oldest change has waited to be matched, the oldest of imports, and the oldest entry to be linked."""

    matching: float = 0
    imports: float = 0
    journal: float = 0

    @property
    def fault(self) -> str | None:
        """Describe what waits too long, or return None."""
        late = [f"{work} for {seconds:.0f} seconds" for work, seconds in self._asdict().items() if seconds > TOO_LATE[work]]
        return f"the worker is late: {' and '.join(late)}" if late else None


def measure(session: Session) -> Lag:
    """Return how far the worker is behind, and set the metric."""
    lag = Lag(*_LAG.one(session))
    for work, seconds in lag._asdict().items():
        LAG.labels(work).set(seconds)
    return lag


class PutOff(dict[str, int]):
    """How many pieces of each kind of work are put off of which the oldest has failed for too long."""

    @property
    def fault(self) -> str | None:
        """Describe what is put off, or return None."""
        said = [f"{pieces} of {work}" for work, pieces in self.items()]
        return f"work that always fails is put off: {', '.join(said)}" if said else None


def count_put_off(session: Session) -> PutOff:
    """Return what work is put off, and set the metric."""
    found = _PUT_OFF.rows(session)
    for work, pieces in (dict.fromkeys(KINDS, 0) | {row.work: row.pieces for row in found}).items():
        PUT_OFF.labels(work).set(pieces)
    return PutOff({row.work: row.pieces for row in found if row.seconds > TOO_LONG})


def count_old_readings(session: Session) -> int:
    """Return how many identifiers wait to be read again, at most 100,000."""
    return int(_REREADING.one(session, normaliser=NORMALISER_VERSION)[0])
