"""How far the worker is behind the requests, and behind the readers of identifiers."""

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


def count_old_readings(session: Session) -> int:
    """Return how many identifiers wait to be read again, at most 100,000."""
    return int(_REREADING.one(session, normaliser=NORMALISER_VERSION)[0])
