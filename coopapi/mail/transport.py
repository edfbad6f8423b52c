"""The connection to the mail server of the operator. It is encrypted, unless the server is on the same machine."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from coopapi.config import Settings

SECONDS: Final = 10
"""The most seconds that each step of the server may take."""
_NOT_TAKEN: Final = 400
_FOR_GOOD: Final = 500
"""From these on, the status of an answer says that mail is not taken, or never will be (RFC 5321, 4.2.1)."""
_PORTS: Final = {"smtp": 587, "smtps": 465}


class Undelivered(Exception):
    """Why mail could not be sent, in one word, and whether there is no use in trying again."""

    def __init__(self, word: str, *, final: bool = False) -> None:
        super().__init__(word)
        self.word, self.final = word, final


def _loops_back(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


@contextmanager
def connected(settings: Settings, tls: ssl.SSLContext | None = None) -> Iterator[smtplib.SMTP]:
    """Connect to the server, encrypted and logged in. Raises `Undelivered`."""
    try:
        client = _opened(settings, tls)
    except Exception as wrong:  # noqa: BLE001 (the next line raises what is no fault of the server)
        raise _fault(wrong) from None
    try:
        yield client
    finally:
        with suppress(smtplib.SMTPException, OSError):
            client.quit()
        client.close()


def _opened(settings: Settings, tls: ssl.SSLContext | None) -> smtplib.SMTP:
    """Connect, and read the certificates of the system only for a connection that is encrypted: it takes longer than the rest."""
    parts = urlsplit(str(settings.smtp_url))
    host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
    named = urlsplit(settings.base_url).hostname
    client: smtplib.SMTP
    if parts.scheme == "smtps":
        client = smtplib.SMTP_SSL(host, port, local_hostname=named, timeout=SECONDS, context=tls or ssl.create_default_context())
    else:
        client = smtplib.SMTP(host, port, local_hostname=named, timeout=SECONDS)
    try:
        if parts.scheme == "smtp" and not _loops_back(host):
            client.starttls(context=tls or ssl.create_default_context())
        client.ehlo_or_helo_if_needed()
        if parts.username and settings.smtp_password_file:
            _log_in(client, unquote(parts.username), settings.smtp_password_file.read_text("utf-8").strip())
    except BaseException:
        client.close()
        raise
    return client


def _log_in(client: smtplib.SMTP, user: str, password: str) -> None:
    try:
        client.login(user, password)
    except smtplib.SMTPNotSupportedError:
        raise Undelivered("login") from None


def send(client: smtplib.SMTP, message: EmailMessage) -> None:
    """Send one message to its only receiver. Raises `Undelivered`."""
    try:
        client.send_message(message)
    except Exception as wrong:  # noqa: BLE001 (as above)
        _forget(client)
        raise _fault(wrong) from None


def test(client: smtplib.SMTP, sender: str, address: str) -> None:
    """Ask the server whether it takes mail for an address, and send none. Raises `Undelivered`."""
    try:
        answers = [client.docmd("MAIL", f"FROM:<{sender}>"), client.rcpt(address)]
    except Exception as wrong:  # noqa: BLE001 (as above)
        raise _fault(wrong) from None
    _forget(client)
    worst = max(status for status, _ in answers)
    if worst >= _NOT_TAKEN:
        raise _of_status(worst)


def _forget(client: smtplib.SMTP) -> None:
    """End the transaction of a mail, so that the next one can be sent on the same connection."""
    with suppress(smtplib.SMTPException, OSError):
        client.rset()


def _of_status(status: int) -> Undelivered:
    return Undelivered("refused", final=True) if status >= _FOR_GOOD else Undelivered("later")


_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (smtplib.SMTPAuthenticationError, "login"),
    (smtplib.SMTPNotSupportedError, "tls"),
    (ssl.SSLError, "tls"),
    (TimeoutError, "timeout"),
    (smtplib.SMTPServerDisconnected, "connection"),
    (smtplib.SMTPConnectError, "connection"),
    (smtplib.SMTPSenderRefused, "later"),
)
"""The fault that each exception means, if it does not tell the status of an answer; others of the system mean no connection."""


def _fault(wrong: Exception) -> Undelivered:
    """Return the fault that an exception of the library means; raise the exception again if it means none."""
    if isinstance(wrong, Undelivered):
        return wrong
    for kind, word in _WORDS:
        if isinstance(wrong, kind):
            return Undelivered(word)
    if isinstance(wrong, smtplib.SMTPRecipientsRefused):
        return _of_status(next(iter(wrong.recipients.values()))[0])
    if isinstance(wrong, smtplib.SMTPResponseException):
        return _of_status(wrong.smtp_code)
    if isinstance(wrong, OSError):
        return Undelivered("connection")
    raise wrong
