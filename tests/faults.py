"""A proxy before a running service that does to the next requests what a test has planned, and keeps what it saw."""

import json
import socket
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3
from serving import InThread

DROPPED = {"transfer-encoding", "connection", "date", "server", "content-length"}


class Faults(InThread):
    """`plan` has, for each of the next requests under /api or /oauth, one of these:

    `lose`: the service answers, but the client gets nothing; `refuse`: the service gets another token; a number: the client is answered with
    this status, and with `retry_after` if that is set; a dictionary: the same with 200 and this body; `hour`: the header `Date` is one
    hour later; nothing: as it is.
    """

    def __init__(self, target):
        self.target, self.plan, self.seen, self.retry_after = target, [], [], None
        self.pool = urllib3.PoolManager(maxsize=10, retries=False, timeout=120)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def reset(self, *plan, retry_after=None):
        self.plan[:], self.retry_after = plan, retry_after
        self.seen.clear()

    def sent(self, method, path=""):
        """What came with this method to a path with this beginning: headers and time."""
        return [one for one in self.seen if one["method"] == method and one["path"].startswith(path)]

    def _handler(faults):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/plan":  # of the test in TypeScript, which gets what was seen before
                    told, asked = list(faults.seen), json.loads(body)
                    faults.reset(*asked["plan"], retry_after=asked.get("retry_after"))
                    return self.answer(200, {}, json.dumps(told).encode())
                headers = {name.lower(): value for name, value in self.headers.items()}
                faults.seen.append({"method": self.command, "path": self.path, "headers": headers, "at": time.monotonic()})
                act = faults.plan.pop(0) if faults.plan else None
                if isinstance(act, int | dict):
                    more = {"Retry-After": str(faults.retry_after)} if faults.retry_after is not None else {}
                    status, answer = (act, {}) if isinstance(act, int) else (200, act)
                    return self.answer(status, more, json.dumps(answer).encode())
                if act == "refuse":
                    headers["authorization"] = "Bearer made-up"
                given = faults.pool.request(self.command, faults.target + self.path, body=body, headers=headers, redirect=False)
                if act == "lose":
                    self.close_connection = True
                    return self.connection.shutdown(socket.SHUT_RDWR)
                date = formatdate(time.time() + 3600 * (act == "hour"), usegmt=True)
                kept = {name: value for name, value in given.headers.items() if name.lower() not in DROPPED}
                return self.answer(given.status, {**kept, "Date": date}, given.data)

            do_GET = do_POST = do_PATCH = handle_one

            def answer(self, status, headers, body):
                self.send_response_only(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def __exit__(self, *_):
        super().__exit__()
        self.pool.clear()
