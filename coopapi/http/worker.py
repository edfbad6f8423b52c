"""A worker process of gunicorn: an event loop that reads and writes, and threads that are given whole requests alone.

A client that sends or reads slowly costs a place among the connections and some bytes, never a thread. When all places are taken,
the connection that has waited longest for its client makes room.
"""

import asyncio
import os
import resource
import signal
from contextlib import suppress
from queue import SimpleQueue
from socket import socket
from threading import Thread
from typing import Any, Final

from gunicorn.workers import base

from coopapi import config
from coopapi.http import gateway, middleware
from coopapi.http.connection import Connection, SharedLimits
from coopapi.http.gateway import Application, ReceivedRequest

_SWEEP_SECONDS: Final = 1.0
_OTHER_FILES: Final = 128
"""Open files that are neither connections nor bodies: the database, logs, figures."""
_MOST_FILES: Final = 65_536


class Worker(base.Worker):  # type: ignore[misc]
    """Accepts, reads and answers until it is told to stop."""

    def init_process(self) -> None:
        """Make what the process needs, and run."""
        settings = config.read()
        self.loop = asyncio.new_event_loop()
        self.stopped = asyncio.Event()
        self.requests: SimpleQueue[tuple[Connection, ReceivedRequest]] = SimpleQueue()
        self.accepting: set[asyncio.Task[Any]] = set()
        spool = settings.spool_mb * 1_000_000 // settings.workers
        self.shared = SharedLimits(settings.header_seconds, settings.body_seconds, spool, self.loop.time, self._serve)
        self.most = max(1, min(settings.connections // settings.workers, (_open_files() - _OTHER_FILES) // 2))
        super().init_process()

    def init_signals(self) -> None:
        """Let the loop hear the signals of gunicorn."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            self.loop.add_signal_handler(number, self._stop)
        for number in (signal.SIGWINCH, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)

    def _stop(self) -> None:
        self.alive = False
        self.stopped.set()

    def run(self) -> None:
        """Serve until told to stop, then finish what was begun."""
        asyncio.set_event_loop(self.loop)
        for _ in range(self.cfg.threads):
            Thread(target=self._call, daemon=True).start()
        self.loop.run_until_complete(self._run())

    async def _run(self) -> None:
        applications: list[Application] = [self.wsgi, middleware.metrics]
        for listener, application in zip(self.sockets, applications, strict=False):
            listener.setblocking(False)  # noqa: FBT003 (as the socket module has it)
            self.loop.add_reader(listener.fileno(), self._accept, listener, application)
        while self.alive and self.ppid == os.getppid():
            await self._tick()
        for listener in self.sockets:
            self.loop.remove_reader(listener.fileno())
        self.shared.stopping = True
        for connection in list(self.shared.connections):
            connection.stop()
        self.stopped.clear()
        end = self.loop.time() + self.cfg.graceful_timeout
        while self.shared.connections and self.loop.time() < end:
            await self._tick(0.1)

    async def _tick(self, seconds: float = _SWEEP_SECONDS) -> None:
        """Tell gunicorn that we live, and give up on clients that are too slow."""
        self.notify()
        now = self.loop.time()
        for connection in list(self.shared.connections):
            if now > connection.deadline:
                connection.expire()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopped.wait(), seconds)

    def _accept(self, listener: Any, application: Application) -> None:
        """Accept one connection: the next is for whichever process is free."""
        try:
            client, _ = listener.accept()
        except OSError:
            return
        if len(self.shared.connections) >= self.most and not self._make_room():
            client.close()
            return
        task = self.loop.create_task(self._connect(client, application))
        self.accepting.add(task)
        task.add_done_callback(self.accepting.discard)

    async def _connect(self, client: socket, application: Application) -> None:
        await self.loop.connect_accepted_socket(lambda: Connection(self.shared, application), client)

    def _make_room(self) -> bool:
        """Close the connection that has waited longest for its client, if any waits."""
        oldest = min((c for c in self.shared.connections if c.serving is None), key=lambda c: c.since, default=None)
        if oldest is not None:
            oldest.drop()
        return oldest is not None

    def _serve(self, connection: Connection, request: ReceivedRequest) -> None:
        """Give a whole request to the threads; after many, a new process takes over."""
        self.nr += 1
        if self.nr >= self.max_requests:
            self._stop()
        self.requests.put((connection, request))

    def _call(self) -> None:
        """Serve requests in a thread; one whose client went away meanwhile is not begun."""
        while True:
            connection, request = self.requests.get()
            request.keep_alive = request.keep_alive and not self.shared.stopping
            answer = b"" if connection.gone else gateway.call(connection.application, request)
            with suppress(RuntimeError):  # the loop has ended before us
                self.loop.call_soon_threadsafe(connection.answered, answer)


def _open_files() -> int:
    """Allow as many open files as we may, and say how many: a connection needs one, and a long body another."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
