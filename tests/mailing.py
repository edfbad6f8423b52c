"""A real mail server on this machine, and short ways to have mail sent to people."""

import email
import re
import ssl
from dataclasses import dataclass, field
from email.policy import default

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

HOST = "mail.test"
CODE = re.compile(r"^[a-z2-7]{4}(-[a-z2-7]{4}){3}$", re.MULTILINE)


@dataclass
class Got:
    """One mail as it came."""

    to: str
    sender: str
    body: bytes
    encrypted: bool

    @property
    def message(self):
        return email.message_from_bytes(self.body, policy=default)

    @property
    def text(self):
        return self.message.get_content().replace("\r\n", "\n")

    @property
    def code(self):
        return CODE.search(self.text)[0]


@dataclass
class Mailbox:
    """Takes all mail, or answers what `answer` returns for an address (`rcpt`) or a mail (`data`)."""

    rcpt: object = lambda _address: "250 ok"
    data: object = lambda _got: "250 ok"
    got: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    members_only: bool = False

    async def handle_RCPT(self, _server, session, envelope, address, _options):
        self.asked.append(address)
        answer = self.rcpt(address) if session.authenticated or not self.members_only else "530 log in"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server, session, envelope):
        (to,) = envelope.rcpt_tos
        got = Got(to, envelope.mail_from, envelope.content, session.ssl is not None)
        answer = self.data(got)
        if answer.startswith("2"):
            self.got.append(got)
        return answer

    def of(self, address):
        return [one for one in self.got if one.to == address]


class Server(Controller):
    """Runs a mail server while the context lasts; with `starttls` it takes nothing before the connection is encrypted."""

    def __init__(self, port, box=None, starttls=(), secure=False, login=None):
        self.box = box or Mailbox()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ours = None
        if starttls or secure:
            authority = trustme.CA()
            authority.configure_trust(self.tls)
            ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert(*(starttls or (HOST,))).configure_cert(ours)
        more = {"tls_context": ours, "require_starttls": True} if starttls else {}
        if login:
            more |= {"authenticator": self._authenticate, "auth_require_tls": not secure}
            self.box.members_only = True
        self.login = login
        super().__init__(self.box, hostname="127.0.0.1", port=port, ssl_context=ours if secure else None, **more)

    def _authenticate(self, _server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login.decode(), data.password.decode()) == self.login, handled=False)

    def factory(self):
        return SMTP(self.handler, hostname=HOST, **self.SMTP_kwargs)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.loop.close()


def send(mailer, rounds=1):
    """Look and send as the mailer does, in so many rounds."""
    for _ in range(rounds):
        mailer.look()
        mailer.send()


def confirmed(world, box, mailer, who, address=None, use="usual"):
    """An address of a person that is in use. The mail with the code is taken out of the mailbox."""
    address = address or f"{who}@justice.example"
    made = world.as_(who).post("/me/notifications/addresses", {"use": use, "address": address})
    assert made.status_code == 201, made.json
    mailer.send()
    (got,) = box.of(address)
    box.got.remove(got)
    done = world.as_(who).post(f"/me/notifications/addresses/{made.json['id']}/confirmation", {"code": got.code})
    assert (done.status_code, done.json["state"]) == (200, "confirmed"), done.json
    return made.json["id"]


def choose(world, who, **data):
    me = world.as_(who)
    etag = me.get("/me/notifications").headers["ETag"]
    done = me.patch("/me/notifications", data, If_Match=etag)
    assert done.status_code == 200, done.json
    return done.json
