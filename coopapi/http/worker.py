"""The gunicorn worker: an event loop reads and writes, and threads serve complete requests.

A client that sends or reads slowly occupies a connection and some memory, but no thread. When the maximum number of connections is
reached, the connection that has waited longest for its client is closed.
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
from coopapi.http.connection import LINGER_SECONDS, Connection, SharedLimits
from coopapi.http.gateway import Application, ReceivedRequest

_SWEEP_SECONDS: Final = 1.0
_OTHER_FILES: Final = 128
"""The number of open files that are neither connections nor bodies: database connections, logs and metrics."""
_MOST_FILES: Final = 65_536


class Worker(base.Worker):  # type: ignore[misc]
    """A worker process that accepts connections and serves requests until it is stopped."""

    def init_process(self) -> None:
        """Create the event loop and the shared state, and run."""
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
        """Handle the signals of gunicorn in the event loop."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            self.loop.add_signal_handler(number, self._stop)
        for number in (signal.SIGWINCH, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)

    def _stop(self) -> None:
        self.alive = False
        self.stopped.set()
        gateway.STOPPING.set()

    def run(self) -> None:
        """Serve until stopped, then finish the requests that were begun."""
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
        self.stopped.clear()
        await self._end()

    async def _end(self) -> None:
        """Answer what was begun, and for a moment also the next request of each client: its answer says that the connection closes.

        A client that is told so opens another connection. One whose connection closes while it sends does not know what happened.
        """
        began = self.loop.time()
        while self.shared.connections and self.loop.time() < began + self.cfg.graceful_timeout:
            if self.loop.time() > began + LINGER_SECONDS:
                for connection in list(self.shared.connections):
                    connection.stop()
            await self._tick(0.1)

    async def _tick(self, seconds: float = _SWEEP_SECONDS) -> None:
        """Tell gunicorn that the process is alive, and drop clients that have passed their deadline."""
        self.notify()
        now = self.loop.time()
        for connection in list(self.shared.connections):
            if now > connection.deadline:
                connection.expire()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopped.wait(), seconds)

    def _accept(self, listener: Any, application: Application) -> None:
        """Accept one connection. The next one may be accepted by another process."""
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
        """Close the connection that has waited longest for its client. Returns False if none is waiting."""
        oldest = min((c for c in self.shared.connections if c.serving is None), key=lambda c: c.since, default=None)
        if oldest is not None:
            oldest.drop()
        return oldest is not None

    def _serve(self, connection: Connection, request: ReceivedRequest) -> None:
        """Pass a complete request to the threads. After `max_requests` requests, the process ends and is replaced."""
        self.nr += 1
        if self.nr >= self.max_requests:
            self._stop()
        self.requests.put((connection, request))

    def _call(self) -> None:
        """Serve requests in a thread. A request whose client has disconnected is skipped."""
        while True:
            connection, request = self.requests.get()
            request.keep_alive = request.keep_alive and not self.shared.stopping
            answer = b"" if connection.gone else gateway.call(connection.application, request)
            with suppress(RuntimeError):  # the event loop has already ended
                self.loop.call_soon_threadsafe(connection.answered, answer)


def _open_files() -> int:
    """Raise the limit of open files and return it. Each connection needs one file, and a long body another."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
