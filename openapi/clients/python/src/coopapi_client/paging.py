"""Lists that come in pages."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Pages(Generic[T]):
    """The items of a list. A page is asked for when its first item is needed."""

    def __init__(self, fetch: Callable[[str | None], Mapping[str, Any]], cursor: str | None = None) -> None:
        self._fetch, self._cursor = fetch, cursor

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page["items"]

    def pages(self) -> Iterator[Mapping[str, Any]]:
        """Yield the pages as they come, with `items`, `next`, and `total` if it was asked for."""
        page = self._fetch(self._cursor)
        yield page
        while page["next"] is not None:
            page = self._fetch(page["next"])
            yield page
