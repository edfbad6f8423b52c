"""The feed of events."""

import time
from collections.abc import Iterator
from typing import Final

from coopapi_client.models import EventOut, EventPage
from coopapi_client.operations import Operations
from coopapi_client.problems import retry_after

_WAIT: Final = 30


class Feed:
    """The events from a place on, as they come. Iterating never ends, unless `wait` is 0: then it ends when there are no more.

    Store `cursor` when you have handled an event, and begin there the next time: nothing is missed, and after an interruption the
    last events may come again, under the same `id`. Without a cursor the feed begins with what happens from now on.
    """

    def __init__(self, register: Operations, cursor: str | None, wait: int = _WAIT, **filters: str) -> None:
        self._register, self._wait, self._filters = register, wait, filters
        self.cursor: str = cursor or register.json_of("GET", "/api/v1/events", query={"from": "now", **filters})["next"]

    def __iter__(self) -> Iterator[EventOut]:
        while True:
            page, pause = self._page()
            yield from page["items"][:-1]
            last = page["items"][-1:]
            self.cursor = page["next"] or self.cursor  # the place after the last event, for who stores it when that is handled
            yield from last
            if page.get("complete") and not self._wait:
                return
            if not last:
                time.sleep(pause)

    def _page(self) -> tuple[EventPage, float]:
        query = {"cursor": self.cursor, "wait": self._wait or None, **self._filters}
        answer = self._register.answer_of("GET", "/api/v1/events", query=query)
        page: EventPage = answer.json()
        return page, retry_after(answer) or 0.0
