"""Receiving a file: it is decompressed, cut into pieces of whole lines, and staged in sealed form, never the whole at once."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coopapi.errors import TooLarge, Unprocessable
from coopapi.imports.models import Import, ImportChunk
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement
from coopapi.store.vault import SealKey

LARGEST_FILE: Final = 1 << 30
"""The most bytes of one file after decompression."""
EXPANSION: Final = 200
"""How many times longer than its compressed form a file may be, after the first megabyte."""
LONGEST_LINE: Final = 256 * 1024
CHUNK: Final = 512 * 1024
"""About how many bytes one staged piece has."""
TOO_LONG: Final = bytes(LONGEST_LINE + 1)
"""Stands for a line of any file that is longer than `LONGEST_LINE`, so that the others keep their numbers. Its length tells it."""
OTHER_COLUMNS: Final = b"\1"
"""Stands for a row of a CSV file that has not as many cells as its header. In another file it is a line like any other."""
NO_CSV: Final = b"\2"
"""Stands for lines of a CSV file that cannot be read as a row. In another file it is a line like any other."""
_FORGET_TOLD: Final = Statement("update import_lines set sealed = null where import_id = :id and sealed is not null")
_MARK: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_READ: Final = 64 * 1024
_FREE: Final = 1 << 20
_GZIP: Final = 31


class FileTooLarge(TooLarge):
    """The file is larger than an import may be after decompression, or it expands too much.

    Split the file. One import may have 1 GiB after decompression and 200 times the size of its compressed form; `coopapi import`
    splits files by itself.
    """


class BrokenFile(Unprocessable):
    """The file cannot be read: it is empty, its compressed form is damaged or incomplete, or its header or encoding is wrong.

    `detail` says what is wrong. Correct it and send the whole file again as UTF-8. Nothing of it was stored.
    """


def read_pieces(stream: Any) -> Iterator[bytes]:
    """Yield what a stream holds, a little at a time."""
    while piece := stream.read(_READ):
        yield piece


def limited(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces. Raises `FileTooLarge` if they are more than a file may have."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LARGEST_FILE:
            raise FileTooLarge(f"The file has more than {LARGEST_FILE} bytes.")
        yield piece


def decompressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip file, which may have several members, a little at a time (RFC 1952).

    Raises `BrokenFile` if it is damaged or ends too early, and `FileTooLarge` if it expands too much.
    """
    reader, taken, given = zlib.decompressobj(_GZIP), 0, 0
    for piece in pieces:
        taken += len(piece)
        left = piece
        while left:
            if reader.eof:
                reader = zlib.decompressobj(_GZIP)
            try:
                plain = reader.decompress(left, _READ)
            except zlib.error:
                raise BrokenFile("The file is not valid gzip.") from None
            given += len(plain)
            if given > _FREE + EXPANSION * taken:
                raise FileTooLarge(f"The file expands to more than {EXPANSION} times its compressed size.")
            if plain:
                yield plain
            left = reader.unused_data if reader.eof else reader.unconsumed_tail
    if not reader.eof:
        raise BrokenFile("The compressed file is incomplete.")


def unmarked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces without a byte order mark at the beginning. Raises `BrokenFile` for a file in UTF-16."""
    left, first = iter(pieces), b""
    while len(first) < len(_MARK) and (piece := next(left, b"")):
        first += piece
    if first.startswith(_UTF_16):
        raise BrokenFile("The file is in UTF-16. Send it in UTF-8.")
    if first := first.removeprefix(_MARK):
        yield first
    yield from left


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a file: the number of the first one, counted from 1, how many they are, and their bytes."""

    first_line: int
    lines: int
    plain: bytes


def cut(pieces: Iterable[bytes]) -> Iterator[Piece]:
    """Cut a file into pieces of whole lines. Each line ends with a newline in its piece; a line that is too long is replaced."""
    number, kept, dropping = 1, b"", False
    for piece in pieces:
        if dropping:
            head, newline, piece = piece.partition(b"\n")  # noqa: PLW2901 (the rest of it)
            del head
            dropping = not newline
            if dropping:
                continue
        kept += piece
        whole, newline, rest = kept.rpartition(b"\n")
        if len(rest) > LONGEST_LINE:
            rest, dropping = TOO_LONG + b"\n", True
        elif len(kept) < CHUNK:
            continue
        if newline or dropping:
            made = whole + newline + (rest if dropping else b"")
            yield (one := _piece(number, made))
            number, kept = number + one.lines, b"" if dropping else rest
    if kept:
        yield _piece(number, kept if kept.endswith(b"\n") else kept + b"\n")


def _piece(number: int, plain: bytes) -> Piece:
    return Piece(number, plain.count(b"\n"), plain)


def stage(work: UnitOfWork, key: SealKey, import_id: UUID, pieces: Iterable[Piece]) -> int:
    """Store the pieces, compressed and sealed. Returns how many lines they have."""
    lines = 0
    for piece in pieces:
        sealed = vault.seal_bytes(key, zlib.compress(piece.plain, 1), _place(import_id, piece.first_line))
        work.session.add(ImportChunk(import_id=import_id, first_line=piece.first_line, lines=piece.lines, sealed=sealed))
        work.session.flush()
        work.session.expunge_all()
        lines += piece.lines
    return lines


def forget_told(work: UnitOfWork, job: Import) -> None:
    """Delete what a dry run kept of its lines for later ones."""
    if job.dry_run:
        _FORGET_TOLD.rows(work.session, id=job.id)


def unsealed(work: UnitOfWork, job: Import, chunk: ImportChunk) -> bytes:
    """Return the lines of a staged piece."""
    key = vault.key_of(work, job)
    return zlib.decompress(vault.open_bytes(key, bytes(chunk.sealed), _place(chunk.import_id, chunk.first_line)))


def _place(import_id: UUID, first_line: int) -> str:
    return f"import_chunks/{import_id}/{first_line}"
