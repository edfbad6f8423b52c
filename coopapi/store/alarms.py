"""Alarms that the database raises. Each one is written to the log and counted, in addition to its entry in the journal."""

import logging
import re
from collections.abc import Iterable
from typing import Any, Final

from prometheus_client import Counter

ALARMS: Final = Counter("coopapi_alarms", "Alarms raised", ["kind"])
_NOTICE: Final = re.compile(r"NOTICE:\s+coopapi\.alarm ([a-z_]{1,60})\s*", re.ASCII)
_KNOWN_KEY: Final = re.compile(r"NOTICE:\s+coopapi\.known_key\s*", re.ASCII)
_log = logging.getLogger("coopapi.alarms")


class Notices:
    """A replacement for the driver's list of notices.

    It keeps the kinds of the alarms, for each of which `priv.alarm` sends one notice, and whether `priv.claim_key` knows the key.
    """

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.known_key = False

    def append(self, notice: str) -> None:
        """Take one notice. The driver calls this for every notice."""
        if found := _NOTICE.fullmatch(notice):
            self.kinds.append(found[1])
        elif _KNOWN_KEY.fullmatch(notice):
            self.known_key = True

    def take(self) -> list[str]:
        """Return the kinds of the alarms, and forget them."""
        kinds, self.kinds = self.kinds, []
        return kinds


def report(kinds: Iterable[str], **more: Any) -> None:
    """Write a WARNING line for each alarm and count it. Call this after the transaction that raised them has committed."""
    for kind in kinds:
        ALARMS.labels(kind).inc()
        extra: dict[str, Any] = {"kind": kind, **more}
        _log.warning("alarm", extra=extra)
