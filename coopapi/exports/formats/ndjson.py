"""Lines of JSON that `POST /imports` reads back without loss."""

from collections.abc import Mapping
from typing import Any

from coopapi.exports.formats.common import About, compact
from coopapi.exports.lines import Portion


class Ndjson:
    """The lines themselves, between two lines of the type `export`, which an import leaves out."""

    version = "1"
    media_type = "application/x-ndjson"
    suffix = "ndjson"

    def head(self, about: About) -> bytes:
        """Return the first line: what the file says of itself."""
        return compact({"type": "export", "part": "head", **about.said()}) + b"\n"

    def portion(self, about: About, portion: Portion) -> bytes:
        """Return the lines as they are."""
        del about
        return b"".join(compact(line) + b"\n" for line in portion.lines)

    def tail(self, about: About, counted: Mapping[str, Any]) -> bytes:
        """Return the last line: what the file has, and what was left out."""
        return compact({"type": "export", "part": "end", "export": str(about.id), **counted}) + b"\n"
