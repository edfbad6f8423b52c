"""The body of a request while it arrives: in memory, and beyond a size in a temporary file, encrypted."""

import io
import secrets
import tempfile
from typing import IO, Any, Final

from coopapi.store import vault
from coopapi.store.crypto import KEY_BYTES, Keyring

SLOWEST: Final = 100_000
"""The bytes that a client must send in a second, once the time that any body has is over."""
_PIECE: Final = 65_536
_LENGTH: Final = 4
_KEYS: Final = Keyring(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))
"""Keys of this process, which end with it."""


class Spool(io.RawIOBase):
    """A file that is written from beginning to end, and then read in the same order any number of times."""

    def __init__(self) -> None:
        super().__init__()
        self._key = vault.service_key(_KEYS, "bodies")
        self._file: IO[bytes] | None = None
        self._piece = bytearray()
        self._now = b""
        self._pieces = self._next = self._place = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def writable(self) -> bool:
        """It can be written."""
        return True

    def write(self, data: Any) -> int:
        """Append data. Raises `OSError` if it cannot be stored."""
        self._piece += data
        while len(self._piece) > _PIECE:
            self._store(bytes(self._piece[:_PIECE]))
            del self._piece[:_PIECE]
        return len(data)

    def _store(self, piece: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with this)
        sealed = vault.seal_bytes(self._key, piece, f"body/{id(self)}/{self._pieces}")
        self._file.write(len(sealed).to_bytes(_LENGTH) + sealed)
        self._pieces += 1

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to the start, after everything was written. Raises `OSError` for any other place."""
        if offset or whence != io.SEEK_SET:
            raise OSError("only the start can be sought")
        if self._file is not None:
            self._file.seek(0)
        self._next, self._place, self._now = 0, 0, b""
        return 0

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        if self._place == len(self._now):
            self._now, self._place = self._take(), 0
        given = self._now[self._place : self._place + len(buffer)]
        buffer[: len(given)] = given
        self._place += len(given)
        return len(given)

    def _take(self) -> bytes:
        """Return the next piece, or nothing at the end."""
        if self._file is not None and self._next < self._pieces:
            sealed = self._file.read(int.from_bytes(self._file.read(_LENGTH)))
            piece = vault.open_bytes(self._key, sealed, f"body/{id(self)}/{self._next}")
        else:
            piece = bytes(self._piece) if self._next == self._pieces else b""
        self._next += 1
        return piece

    def close(self) -> None:
        """Delete what is stored."""
        if self._file is not None:
            self._file.close()
        super().close()
