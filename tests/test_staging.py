"""Receiving a file: only a little of it is in memory at any moment, and nothing of it lies open in a file."""

import gzip
import io
import os
import random

import pytest
from test_imports import CASE, EMAIL, ndjson, report, sent

from coopapi.http.spool import Spool
from coopapi.imports import staging

LINE = b'{"type": "case", "external_id": "C", "reference": "R", "title": "' + b"x" * 400 + b'"}\n'


def test_pieces_are_cut_while_the_file_is_read_and_hold_whole_lines():
    read, most, taken = 0, 0, 0

    def source():
        nonlocal read
        for _ in range(400):
            piece = LINE * 37 + LINE[:100]
            read += len(piece)
            yield piece
            yield LINE[100:]
            read += len(LINE) - 100

    number = 1
    for piece in staging.cut(source()):
        assert piece.first_line == number
        assert piece.plain.endswith(b"\n")
        assert piece.lines == piece.plain.count(b"\n")
        number, taken = number + piece.lines, taken + len(piece.plain)
        most = max(most, read - taken, len(piece.plain))
    assert (number - 1, taken) == (400 * 38, 400 * 38 * len(LINE))
    assert most < 3 * staging.CHUNK


def test_a_compressed_file_is_expanded_only_as_far_as_it_is_read():
    whole = gzip.compress(b"".join(LINE + b"%x\n" % random.Random(n).getrandbits(4000) for n in range(2000)))
    pieces = staging.decompressed(staging.read_pieces(io.BytesIO(whole)))
    assert max(len(piece) for piece in pieces) <= 64 * 1024


def test_a_line_that_is_too_long_is_replaced_and_the_others_keep_their_numbers(world):
    endless = b'{"title": "' + b"x" * 700_000 + b'"}\n'
    pieces = list(staging.cut([LINE, endless[:300_000], endless[300_000:], LINE]))
    assert b"".join(piece.plain for piece in pieces) == LINE + staging.TOO_LONG + b"\n" + LINE
    job = sent(world, ndjson(CASE) + endless + ndjson(EMAIL) + endless[:-1])
    assert [(one["line"], one["outcome"]) for one in report(world, job)] == [
        (1, "stored"), (2, "refused"), (3, "stored"), (4, "refused"),
    ]  # fmt: skip


def test_what_is_staged_is_sealed_and_gone_at_the_end(world, idle, owner):
    sent(world, CASE, EMAIL)
    with owner.cursor() as cursor:
        cursor.execute("select sealed from import_chunks")
        ((sealed,),) = cursor.fetchall()
        assert b"heron" not in bytes(sealed)
        world.work()
        cursor.execute("select (select count(*) from import_chunks), (select count(wrapped) from imports)")
        assert cursor.fetchone() == (0, 0)


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 300_000])
def test_a_body_is_read_as_it_was_written_any_number_of_times(size):
    chosen = random.Random(size)
    body, written = chosen.randbytes(size), Spool()
    place = 0
    while place < size:
        step = chosen.randrange(1, 50_000)
        written.write(body[place : place + step])
        place += step
    for _ in range(2):
        written.seek(0)
        assert written.read() == body
        written.seek(0)
        assert b"".join(iter(lambda: written.read(7_001), b"")) == body
    with pytest.raises(OSError):
        written.seek(3)
    written.close()


def test_a_long_body_lies_in_its_file_encrypted():
    written = Spool()
    written.write(b"heron@example.org " * 20_000)
    written._file.flush()
    raw = os.pread(written._file.fileno(), 10**6, 0)
    assert len(raw) > 250_000
    assert b"heron" not in raw
