"""The command `coopapi import`: sends a file in parts, waits until they are stored, and goes on where it was stopped."""

import csv
import gzip
import json
import os
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import click
import urllib3

from coopapi.ops.import_memory import ImportRefused, Kept

PART_LINES: Final = 100_000
PART_BYTES: Final = 32_000_000
_ATTEMPTS: Final = 8
_LONGEST_PAUSE: Final = 30.0
_LOOK: Final = 1.0
_GZIP: Final = b"\x1f\x8b"
_LEVEL: Final = 6
"""How hard a part is compressed. It is in `about`, because an idempotency key holds only for the same bytes."""
_SHOWN: Final = 10
_ENDED: Final = ("finished", "stopped")
_ASKED: Final = "asked"
_STOPPED: Final = {
    _ASKED: "by its client. What it had stored stays. This file is not sent again until it is changed, or {kept} is deleted.",
    "client_revoked": "because the client was deactivated or lost a right that it needs. When it has that again, run this again to"
    " send the rest.",
    "failed": "because the register could not go on with it. Tell its operator, and run this again to send the rest.",
}
"""What is said of an import that was stopped for each reason."""
_BUSY: Final = frozenset({408, 429, 502, 503, 504})
COUNTS: Final = ("stored", "updated", "withdrawn", "unchanged", "refused", "conflicts")


class FilePart(NamedTuple):
    """A part of the file: how many lines come before it, how many it has, both without a header, and its bytes with the header."""

    before: int
    lines: int
    plain: bytes


class Register:
    """The register that is written to, with the client's access token. Requests are repeated while the register is busy."""

    def __init__(self, url: str, client_id: str, secret: str, ca_file: str | None) -> None:
        self.url, self._client = url.rstrip("/"), {"client_id": client_id, "client_secret": secret}
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=10, read=300), ca_certs=ca_file)
        self._token, self._until = "", 0.0

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        """Send a request and return the JSON of the answer. Raises `ImportRefused` if the register refuses it."""
        return _read(self._answer(method, path, body, lambda: {**headers, "Authorization": f"Bearer {self._access()}"}))

    def _answer(self, method: str, path: str, body: bytes | str | None, headers: Callable[[], Mapping[str, str]]) -> Any:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = self._pool.request(method, self.url + path, body=body, headers=headers(), redirect=False)
            except urllib3.exceptions.HTTPError as fault:
                if attempt == _ATTEMPTS:
                    raise ImportRefused(f"There is no connection to {self.url}: {type(fault).__name__}.") from None
                time.sleep(min(2.0**attempt, _LONGEST_PAUSE))
                continue
            if answer.status not in _BUSY or attempt == _ATTEMPTS:
                return answer
            given = answer.headers.get("Retry-After", "")
            time.sleep(min(float(given) if given.isdecimal() else 2.0**attempt, _LONGEST_PAUSE))
        raise AssertionError

    def _access(self) -> str:
        if time.monotonic() > self._until:
            form = urlencode({"grant_type": "client_credentials", **self._client})
            said = {"Content-Type": "application/x-www-form-urlencoded"}
            made = _read(self._answer("POST", "/oauth/token", form, lambda: said))
            self._token, self._until = made["access_token"], time.monotonic() + made["expires_in"] * 0.8
        return self._token


def _read(answer: Any) -> Any:
    try:
        said = json.loads(answer.data)
    except ValueError:
        raise ImportRefused(f"The answer with status {answer.status} is not from a register.") from None
    if answer.status >= 400:  # noqa: PLR2004 (the errors of HTTP)
        faults = "; ".join(f"{one['pointer']}: {one['detail']}" for one in said.get("errors", ()))
        raise ImportRefused(f"{answer.status} {said.get('title', '')} {said.get('detail', '')} {faults}".strip())
    return said


def parts(path: Path, mapping: Mapping[str, Any] | None = None) -> Iterator[FilePart]:
    """Cut a file, which may be compressed, into parts of whole lines.

    A CSV file has a mapping, and its parts begin with its header. Raises `ImportRefused` if the compressed form is damaged.
    """
    try:
        with path.open("rb") as plain, gzip.open(plain) if plain.peek(2)[:2] == _GZIP else plain as file:
            yield from _parts(file, mapping)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ImportRefused(f"{path} is damaged or incomplete: it cannot be decompressed.") from None


def _parts(file: Any, mapping: Mapping[str, Any] | None) -> Iterator[FilePart]:
    rows = iter(file) if mapping is None else _rows(file, mapping.get("delimiter", ","))
    header = b"" if mapping is None else next(rows, b"")
    before, lines, kept, size = 0, 0, [], 0
    for row in rows:
        kept.append(row)
        size += len(row)
        lines += max(1, row.count(b"\n"))
        if lines >= PART_LINES or size >= PART_BYTES:
            yield FilePart(before, lines, header + b"".join(kept))
            before, lines, kept, size = before + lines, 0, [], 0
    if kept:
        yield FilePart(before, lines, header + b"".join(kept))


def _rows(file: Any, delimiter: str) -> Iterator[bytes]:
    """Yield the rows of a CSV file as they are, also those in which a cell has several lines, and those that are no CSV."""
    taken: list[bytes] = []

    def texts() -> Iterator[str]:
        for line in file:
            taken.append(line)
            yield line.decode("utf-8", "surrogateescape")

    reader = csv.reader(texts(), delimiter=delimiter, strict=True)
    while True:
        with suppress(csv.Error):
            if next(reader, None) is None:
                return
        yield b"".join(taken)
        taken.clear()


@dataclass(frozen=True, slots=True)
class FileSender:
    """How the parts of one file are sent."""

    register: Register
    kept: Kept
    query: Mapping[str, str]
    media_type: str

    def prepare(self, file: Path, mapping: Mapping[str, Any] | None) -> Iterator[tuple[int, int, bytes]]:
        """Yield the number of each part, how many lines come before it, and the compressed form of one that was not sent yet."""
        for number, part in enumerate(parts(file, mapping)):
            yield number, part.before, b"" if self.kept.was_sent(number) else gzip.compress(part.plain, _LEVEL, mtime=0)

    def send(self, number: int, body: bytes) -> str:
        """Send a part unless that was done. Returns the id of its import."""
        known = self.kept.part(number)
        if known["import"] is None:
            said = {"Content-Type": self.media_type, "Content-Encoding": "gzip", "Idempotency-Key": known["key"]}
            path = f"/api/v1/imports?{urlencode(self.query)}" if self.query else "/api/v1/imports"
            known["import"] = self.register.send("POST", path, body, **said)["id"]
            self.kept.save()
        return str(known["import"])


def wait_for(register: Register, import_id: str, tell: Callable[[Mapping[str, Any]], None]) -> Mapping[str, Any]:
    """Wait until an import has ended, and tell how far it is meanwhile."""
    while True:
        found: Mapping[str, Any] = register.send("GET", f"/api/v1/imports/{import_id}")
        tell(found)
        if found["state"] in _ENDED:
            return found
        time.sleep(_LOOK)


def rejects(register: Register, import_id: str, before: int) -> Iterator[Mapping[str, Any]]:
    """Yield the lines that were not accepted, with their numbers in the whole file. `before` is the lines before the part."""
    for outcome in ("refused", "conflict"):
        cursor: str | None = ""
        while cursor is not None:
            query = urlencode({"outcome": outcome, "limit": 1000, **({"cursor": cursor} if cursor else {})})
            page = register.send("GET", f"/api/v1/imports/{import_id}/report?{query}")
            yield from ({**line, "line": line["line"] + before} for line in page["items"])
            cursor = page["next"]


def _secret(path: Path | None) -> str:
    found = path.read_text().strip() if path else os.environ.get("COOPAPI_CLIENT_SECRET", "")
    if not found:
        raise click.UsageError("Give the client's secret in COOPAPI_CLIENT_SECRET or with --secret-file.")
    return found


def _mapping(path: Path) -> dict[str, Any]:
    """Read the declaration of the columns. What the register checks is left to it."""
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except ValueError:
        found = None
    if isinstance(found, dict):
        with suppress(TypeError, ValueError):
            csv.reader((), delimiter=found.get("delimiter", ","))
            return found
    raise click.UsageError(f"{path} must be a JSON object that declares the columns; the delimiter is one character.")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "url", required=True, help="The address of the register, such as https://coopapi.example.")
@click.option("--client-id", required=True, help="The id of the machine client. Its secret is in COOPAPI_CLIENT_SECRET.")
@click.option(
    "--secret-file", type=click.Path(exists=True, path_type=Path), help="A file with the secret, instead of the variable."
)
@click.option("--mapping", type=click.Path(exists=True, path_type=Path), help="For CSV: a JSON file that declares the columns.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the lines that were not accepted to this file, as NDJSON.")
@click.option("--dry-run", is_flag=True, help="Report what would become of each line, and store nothing.")
@click.option("--ca-file", type=click.Path(exists=True), help="Certificates that are trusted, instead of those of the system.")
def import_file(file: Path, url: str, client_id: str, **options: Any) -> None:
    """Send a file of cases, subjects and identifiers, and wait until it is stored. NDJSON or CSV, also compressed with gzip.

    A large file is sent in parts. After an interruption the same command goes on with what is not stored yet. The exit status is 1
    if lines were refused or are in conflict with changes that people made.
    """
    if options["report"] and not os.access(options["report"].absolute().parent, os.W_OK):
        raise click.UsageError(f"{options['report']} cannot be written.")
    mapping = _mapping(options["mapping"]) if options["mapping"] else None
    query = {**({"dry_run": "true"} if options["dry_run"] else {}), **({"mapping": json.dumps(mapping)} if mapping else {})}
    register = Register(url, client_id, _secret(options["secret_file"]), options["ca_file"])
    status = file.stat()
    about = {"to": register.url, "client": client_id, "size": status.st_size, "modified": status.st_mtime_ns, "level": _LEVEL}
    kept = Kept(file.with_name(f"{file.name}.coopapi-import"), {**about, **query})
    sender = FileSender(register, kept, query, "text/csv" if mapping else "application/x-ndjson")
    counts, refused = _run(sender, file, mapping)
    if options["report"]:
        options["report"].write_text("".join(json.dumps(line) + "\n" for line in refused))
    for line in refused[:_SHOWN] if not options["report"] else ():
        rules = ", ".join(f"{fault['rule']} {fault['pointer']}".strip() for fault in line["faults"] or ())
        click.echo(f"line {line['line']} {line['outcome']}: {rules}", err=True)
    click.echo(", ".join(f"{counts[name]} {name}" for name in COUNTS))
    kept.path.unlink(missing_ok=True)
    sys.exit(1 if refused else 0)


def _run(sender: FileSender, file: Path, mapping: Mapping[str, Any] | None) -> tuple[Counter[str], list[Mapping[str, Any]]]:
    """Send all parts, each when the one before it is stored.

    Returns how many lines had each outcome, and the lines that were not accepted.
    """
    register = sender.register
    counts: Counter[str] = Counter()
    refused: list[Mapping[str, Any]] = []
    total = sum(part.lines for part in parts(file, mapping))
    with click.progressbar(length=total, label="lines", show_pos=True, item_show_func=_state, file=sys.stderr) as bar:
        prepared = sender.prepare(file, mapping)
        following = next(prepared, None)
        while following:
            number, before, body = following
            job = sender.send(number, body)
            following = next(prepared, None)  # while this one is stored

            def tell(found: Mapping[str, Any], start: int = before) -> None:
                bar.update(start + min(found["read"], total) - bar.pos, found)

            ended = wait_for(register, job, tell)
            if ended["state"] == "stopped":
                raise _stopped(sender.kept, number, job, ended["state_reason"])
            counts.update({name: ended[name] for name in COUNTS})
            refused += rejects(register, job, before) if ended["refused"] or ended["conflicts"] else ()
    return counts, refused


def _stopped(kept: Kept, number: int, job: str, reason: str) -> ImportRefused:
    """Say why the import of a part was stopped. Unless that was asked for, the part is sent again by the next run."""
    if reason != _ASKED:
        kept.forget(number)
    why = _STOPPED.get(reason, "for the reason `{reason}`. To send the rest, run this again.")
    return ImportRefused(f"The import {job} was stopped {why.format(kept=kept.path, reason=reason)}")


def _state(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    if found["state"] == "waiting_for_quota":
        return f"waits for the quota until {found['waits_until']}"
    return f"{found['rate'] or 0:.0f} lines a second"
