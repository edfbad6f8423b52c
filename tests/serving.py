"""The real service as a process of its own, and clients that speak to it byte by byte."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import urllib3

COMMAND = [sys.executable, "-c", "from coopapi.ops.cli import main; main()", "serve"]
PATIENCE = 180


@contextmanager
def reserved_port():
    """Reserve a port while the context lasts. Only a server that asks for this port can use it, because it stays bound here."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


class InThread:
    """Has its `server` answer in a thread while the context lasts."""

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Service:
    """A running service."""

    def __init__(self, process, port, metrics_port, log):
        self.process, self.port, self.metrics_port, self.log = process, port, metrics_port, log

    def get(self, path, port=None, **headers):
        return urllib3.request(
            "GET",
            f"http://127.0.0.1:{port or self.port}{path}",
            headers={"Connection": "close", **headers},  # a connection that is kept may be closed to make room
            retries=False,
            timeout=PATIENCE,
        )

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def workers(self, command=b"gunicorn"):
        """The processes that serve, without the one that watches over them; or with `worker` the one that finds overlaps."""
        children = [path for path in Path("/proc").iterdir() if path.name.isdigit() and parent(path) == self.process.pid]
        return [int(path.name) for path in children if command in command_of(path)]

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def talk(self, *pieces, patience=PATIENCE):
        """Send bytes, and read until the service closes."""
        with self.connect() as client:
            client.settimeout(patience)
            for piece in pieces:
                client.sendall(piece)
            return Answers(read_all(client))

    @contextmanager
    def half_sent(self, count, *starts):
        """Hold connections open that have sent the beginning of a request, each in its turn from `starts`."""
        with ExitStack() as stack:
            clients = [stack.enter_context(self.connect()) for _ in range(count)]
            for number, client in enumerate(clients):
                client.sendall(starts[number % len(starts)])
            yield clients


class Answers:
    """What a service sent until it closed."""

    def __init__(self, data):
        self.data, self.statuses, self.bodies = data, [], []
        while data:
            head, _, rest = data.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            self.statuses.append(int(lines[0].split()[1]))
            length = int(self.headers.get("content-length", 0))
            self.bodies.append(rest[:length])
            data = rest[length:]

    @property
    def problem(self):
        assert self.headers["content-type"] == "application/problem+json"
        assert self.headers["x-content-type-options"] == "nosniff"
        return json.loads(self.bodies[-1])


def read_all(client):
    found = b""
    while piece := client.recv(65_536):
        found += piece
    return found


def is_open(client):
    """Whether the service has neither answered nor closed."""
    client.setblocking(False)
    try:
        return client.recv(1, socket.MSG_PEEK) is None
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
    finally:
        client.settimeout(PATIENCE)


def command_of(path):
    """The command line of a process, or nothing if it has ended."""
    try:
        return (path / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def parent(path):
    try:
        return int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def runs(pid):
    """Whether a process runs. One that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(holds):
    """Wait until something holds. Raises `AssertionError` after three minutes."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def served(environment, folder, command=COMMAND, **settings):
    """Run the service with settings of its own while the context lasts."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("COOPAPI_", "PROMETHEUS_"))}
    log = folder / "service.log"
    with reserved_port() as port, reserved_port() as metrics_port, log.open("wb") as output:
        own = {"COOPAPI_BIND": f"127.0.0.1:{port}", "COOPAPI_METRICS_BIND": f"127.0.0.1:{metrics_port}"}
        full = {**inherited, **environment, **own, **{f"COOPAPI_{name}": str(value) for name, value in settings.items()}}
        process = subprocess.Popen(command, env=full, stdout=output, stderr=output)
        service = Service(process, port, metrics_port, log)
        try:
            until(lambda: _answers(service))
            yield service
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _answers(service):
    assert service.process.poll() is None, service.log.read_text()
    try:
        return service.get("/readyz").status == 200
    except urllib3.exceptions.HTTPError:
        return False
