"""What one process keeps for its clients has limits: requests that wait, bodies on their way in, answers on their way out."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager, suppress

import pytest

from coopapi.http import connection as wire

SHORT = b"GET / HTTP/1.1\r\nHost:a\r\n\r\n"


def body(size, sent):
    """The beginning of a request with a body of this size."""
    return b"POST / HTTP/1.1\r\nHost: a\r\nAuthorization: t\r\nContent-Length: %d\r\n\r\n" % size + b"x" * sent


class Process:
    """The connections of a process, and the requests that nobody has answered yet."""

    def __init__(self, spool_bytes):
        self.asked, self.faults, self.made, self.clients = [], [], [], []
        self.shared = wire.SharedLimits(600, 600, spool_bytes, time.monotonic, lambda connection, _: self.asked.append(connection))

    def make(self):
        self.made.append(wire.Connection(self.shared, None))
        return self.made[-1]

    @asynccontextmanager
    async def listening(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told: self.faults.append(told))
        server = await loop.create_server(self.make, "127.0.0.1", 0)
        self.address = server.sockets[0].getsockname()
        try:
            yield self
        finally:
            server.close()
            for client in self.clients:
                client.transport.abort()
            for connection in self.made:
                connection.drop()
                if connection.serving:
                    connection.answered(b"")
            await asyncio.sleep(0)

    async def client(self, data):
        """A client that sends and does not read."""
        reader, writer = await asyncio.open_connection(*self.address, limit=1024)
        self.clients.append(writer)
        writer.write(data)
        return reader

    async def settle(self):
        """Let the loop take in everything that it is going to take in."""
        for _ in range(30):
            await asyncio.sleep(0.01)


def run(scene, spool_bytes=10_000_000):
    async def play():
        async with Process(spool_bytes).listening() as process:
            await scene(process)

    asyncio.run(play())


def test_few_requests_wait_behind_the_one_that_is_served_and_all_are_answered_in_the_end():
    async def scene(process):
        reader = await process.client(SHORT * 5000)
        await process.settle()
        (connection,) = process.made
        assert len(connection.waiting) < 100
        answers = asyncio.ensure_future(reader.readexactly(5000))
        while not answers.done():
            await asyncio.sleep(0)
            while process.asked:
                process.asked.pop().answered(b"x")
        assert await answers == b"x" * 5000

    run(scene)


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_few_requests_wait_behind_a_body_too(framing):
    chunked = (
        b"POST / HTTP/1.1\r\nHost: a\r\nAuthorization: t\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n"
        + b"x" * 1000
        + b"\r\n0\r\n\r\n"
    )

    async def scene(process):
        await process.client((body(1000, 1000) if framing == "length" else chunked) + SHORT * 5000)
        await process.settle()
        (connection,) = process.made
        assert connection.serving.size == 1000
        assert len(connection.waiting) < 100

    run(scene)


def test_the_time_for_a_head_does_not_pass_while_it_is_not_read():
    """A head that waits half sent behind requests that take long is not late."""

    async def scene(process):
        process.shared.now = lambda: 1000
        await process.client(SHORT * 2 + b"GET / HTTP/1.1\r\n")
        await process.settle()
        process.shared.now = lambda: 5000
        for _ in range(2):
            process.asked.pop().answered(b"x")
        (connection,) = process.made
        assert (connection.in_head, connection.deadline) == (True, 5000 + process.shared.header_seconds)

    run(scene)


def test_answers_that_are_not_read_have_one_limit_together_and_the_newest_goes_on():
    answer = b"x" * 5_000_000

    async def scene(process):
        clients = [await process.client(SHORT) for _ in range(10)]
        await process.settle()
        for connection in process.asked:
            connection.answered(answer)
        kept = [c.transport.get_write_buffer_size() for c in process.made if not c.gone]
        assert 0 < sum(kept) <= process.shared.spool_bytes
        assert sum(process.shared.unread.values()) == sum(kept)
        assert not process.made[-1].gone
        await clients[-1].readexactly(len(answer))
        await process.settle()
        assert len(process.shared.unread) == len(kept) - 1

    run(scene, spool_bytes=12_000_000)


def test_a_body_that_cannot_fit_is_refused_alone():
    async def scene(process):
        await process.client(body(3000, 3000))
        await process.settle()
        await process.client(body(1000, 500))
        await process.settle()
        reader = await process.client(body(3900, 1900))
        await process.settle()
        _, arriving, _ = process.made
        assert not arriving.closing, "it would not have made room enough"
        assert (await reader.readline()).split()[1] == b"503"
        await process.client(body(1000, 900))
        await process.settle()
        assert arriving.closing, "the one that has been arriving longest gives way to one that fits"
        assert process.asked == process.made[:1]
        assert process.shared.spooled == 3900

    run(scene, spool_bytes=4000)


def test_a_client_that_went_away_before_it_was_accepted_disturbs_nobody():
    async def scene(process):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
            accepted, _ = listener.accept()
        with suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(process.make, accepted)
        await process.settle()
        assert (process.faults, process.made[0].gone, process.shared.connections) == ([], True, set())

    run(scene)
