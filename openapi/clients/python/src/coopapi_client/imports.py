"""Files of cases, subjects and identifiers: sending one, and waiting until it is stored."""

import gzip
import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from coopapi_client.models import ImportOut
from coopapi_client.operations import Operations
from coopapi_client.problems import ImportStopped
from coopapi_client.transport import new_key

Source = Path | bytes | Iterable[Mapping[str, Any]]
"""A file, its content, or lines as docs/imports.md describes them."""
_LOOK: Final = 1.0


class Imports(Operations):
    """The operations on imports that are more than one request."""

    def send_import(
        self,
        source: Source,
        *,
        mapping: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> ImportOut:
        """Send a file, which may be compressed by gzip, and return the import at once. `mapping` declares the columns of a CSV.

        Under the same key it is sent once: after an interruption send the same file with the same key to get its import.
        """
        headers = {"Content-Type": "text/csv" if mapping else "application/x-ndjson", "Content-Encoding": "gzip"}
        query = {"mapping": json.dumps(mapping) if mapping else None, "dry_run": "true" if dry_run else None}
        key = idempotency_key or new_key()
        sent: ImportOut = self.json_of("POST", "/api/v1/imports", query=query, content=_packed(source), headers=headers, key=key)
        return sent

    def wait_for_import(
        self, import_id: str, progress: Callable[[ImportOut], object] | None = None, *, every: float = _LOOK
    ) -> ImportOut:
        """Wait until an import has ended, and pass it to `progress` each time it is looked at.

        Raises `ImportStopped` if the register could not read all lines. `get_import_report` lists the lines that were refused.
        """
        while True:
            found = self.get_import(import_id)
            if progress:
                progress(found)
            if found["state"] == "stopped":
                raise ImportStopped(found)
            if found["state"] == "finished":
                return found
            time.sleep(every)


def _packed(source: Source) -> bytes:
    if isinstance(source, (str, Mapping)):
        raise TypeError("Give a file as a Path, its content as bytes, or several lines.")
    if isinstance(source, Path):
        source = source.read_bytes()
    if not isinstance(source, bytes):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in source)
        source = text.encode("utf-8", "surrogatepass")  # so that a line with half a character is refused alone
    return source if source.startswith(b"\x1f\x8b") else gzip.compress(source, mtime=0)
