"""The sealed pieces of the file of an export."""

import hashlib
import zlib
from collections.abc import Iterator

from coopapi.exports.models import Export, ExportPiece
from coopapi.store import vault
from coopapi.store.db import UnitOfWork


def _place(piece: ExportPiece) -> str:
    return f"export_pieces/{piece.export_id}/{piece.number}"


def add(work: UnitOfWork, job: Export, plain: bytes) -> None:
    """Seal the next bytes of the file and store them."""
    if not plain:
        return
    piece = ExportPiece(export_id=job.id, number=job.pieces, start=job.size, length=len(plain))
    piece.sealed = vault.seal_bytes(vault.key_of(work, job), zlib.compress(plain, 1), _place(piece))
    work.add(piece)
    job.pieces += 1
    job.size += len(plain)


def read(work: UnitOfWork, job: Export, first: int, last: int) -> Iterator[bytes]:
    """Yield the bytes of the file from the first to the last, both counted from 0, a piece at a time."""
    key = vault.key_of(work, job)
    wanted = work.all(ExportPiece).where(
        ExportPiece.export_id == job.id, ExportPiece.start <= last, ExportPiece.start + ExportPiece.length > first
    )
    numbers = work.session.scalars(wanted.with_only_columns(ExportPiece.number).order_by(ExportPiece.number)).all()
    for number in numbers:
        piece = work.session.scalars(wanted.where(ExportPiece.number == number)).one()
        plain = zlib.decompress(vault.open_bytes(key, bytes(piece.sealed), _place(piece), "file"))
        yield plain[max(0, first - piece.start) : last + 1 - piece.start]
        work.session.expunge(piece)


def digest(work: UnitOfWork, job: Export) -> bytes:
    """Return the SHA-256 of the whole file."""
    found = hashlib.sha256()
    for plain in read(work, job, 0, job.size - 1):
        found.update(plain)
    return found.digest()
