"""A receiver of webhooks on this machine: an HTTPS server that keeps what it gets and answers as a test tells it to."""

import json
import socket
import ssl
import threading
from concurrent.futures import wait
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import trustme
from serving import InThread
from world import Caller

from coopapi.ops import administration
from coopapi.webhooks.sender import Sender

HOST = "receiver.test"


@dataclass
class Got:
    """One message as it came: the path, the headers in lower case, the bytes of the body, and the status it was answered with."""

    path: str
    headers: dict
    body: bytes
    status: int

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def id(self):
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Answers 204, or what `answer` returns for a message, with the headers that it `says`; keeps every message in `got`."""

    port: int
    answer: object = lambda _got: 204
    says: dict = field(default_factory=dict)
    got: list = field(default_factory=list)

    @property
    def url(self):
        return f"https://{HOST}:{self.port}/hook"

    @property
    def taken(self):
        """The messages that were answered with success."""
        return [one for one in self.got if 200 <= one.status < 300]


def lookup(*addresses):
    """A resolver that knows these addresses for every name, and counts in `asked`."""

    def resolve(host, port, **_kinds):
        resolve.asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    resolve.asked = []
    return resolve


class Server(InThread):
    """Runs a receiver while the context lasts; `tls` is the context of a client that trusts it. `plain` is without TLS."""

    def __init__(self, port, *hosts, plain=False):
        self.receiver = Receiver(port)
        authority = trustme.CA()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(self.tls)
        self.server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(*(hosts or (HOST,))).configure_cert(ours)
        if plain:
            return
        self.server.socket = ours.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)

    def _handler(self):
        receiver, lock = self.receiver, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body, 0)
                got.status = receiver.answer(got)
                with lock:
                    receiver.got.append(got)
                self.send_response(got.status)
                for name, value in {"Location": "/elsewhere", **receiver.says}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler

    def sender(self, database, *addresses):
        return Sender(database, self.tls, lookup(*(addresses or ("127.0.0.1",))))


def send(sender, rounds=1):
    """Have everything sent that is due, in so many rounds."""
    for _ in range(rounds):
        wait(begun := sender.begin())
        for one in begun:
            one.result()


def send_all(sender):
    """Have everything sent, until nothing is due any more. The first round may only move the place in the feed."""
    while wait(sender.begin()).done or wait(sender.begin()).done:
        pass


def machine(world, home="nl", by="admin", **more):
    """A machine client in the role system, approved by the operator, as a caller."""
    data = {"name": uuid4().hex, "roles": ["system"], **more}
    made = world.approved(world.as_(by).post(f"/authorities/{world.authorities[home]}/clients", data)).json
    token = administration.token(world.app.extensions["coopapi"].database, UUID(made["id"]))
    caller = Caller(world.app.test_client(), token)
    caller.id = made["id"]
    return caller


def webhook(world, client, url, by="admin", **more):
    """An address for a client, approved by the operator."""
    made = world.approved(world.as_(by).post("/webhooks", {"client_id": client.id, "url": url, **more}))
    return made.json


def move(world, by, made, event, **more):
    """Take a step with an address."""
    me = world.as_(by)
    etag = me.get(f"/webhooks/{made['id']}").headers["ETag"]
    moved = me.post(f"/webhooks/{made['id']}/transitions", {"event": event, **more}, If_Match=etag)
    assert moved.status_code == 200, moved.json
    return moved.json
