"""How the text of each setting is read. A `ValueError` has the rest of a sentence that begins with the name of the setting."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extensions import parse_dsn
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
"""A path prefix under which the service may be reached, such as /coopapi. It is empty at the root."""
MAIL_ADDRESS: Final = re.compile(
    r"(?=.{1,254}\Z)(?=[^@]{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])",
    re.ASCII,
)
"""An address for mail (RFC 5321), without quoted local parts, literal hosts, comments and letters outside of ASCII."""
_LONGEST_ISSUER: Final = 300


def database_url(text: str) -> str:
    """Return a PostgreSQL URL for the psycopg2 driver. SQLAlchemy 2.1 takes a URL without a driver for another one."""
    try:
        url = _read_url(text)
        if url.drivername.startswith("postgres"):
            url = url.set(drivername="postgresql+psycopg2")
            url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError, psycopg2.Error):  # the texts of these exceptions can contain a part of the password
        raise ValueError("is not a database address such as postgresql://user:password@host/database") from None
    if url.drivername != "postgresql+psycopg2":
        raise ValueError("must be a PostgreSQL address: postgresql://user:password@host/database")
    if url.port and len(url.normalized_query.get("host", ())) > 1:
        raise ValueError("has a port without a host: write postgresql://user:password@h1:5433,h2:5433/database")
    return url.render_as_string(hide_password=False)


def _read_url(text: str) -> URL:
    """Parse a URL. libpq parses one with several hosts (`h1:5432,h2:5433`), because SQLAlchemy takes them for one host."""
    driver, _, rest = text.partition("://")
    if "," not in re.split("[/?]", rest, maxsplit=1)[0].rpartition("@")[2]:
        return make_url(text)
    parts = parse_dsn(f"postgresql://{rest}")
    login = {name: parts.pop(key, None) for name, key in (("username", "user"), ("password", "password"), ("database", "dbname"))}
    return URL.create(driver, **login, query=parts)


def between(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers in a range."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def switch(text: str) -> bool:
    """Return whether a switch is on."""
    if text not in {"on", "off"}:
        raise ValueError("must be on or off")
    return text == "on"


def probability(text: str) -> float:
    """Return a number between 0 and 1."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < 1:
        raise ValueError("must be a number between 0 and 1, such as 0.9")
    return found


def base_url(text: str) -> str:
    """Return the public address without a slash at its end."""
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http"} or not parts.netloc:
        raise ValueError("must start with https:// (or http:// on one machine)")
    if parts.query or parts.fragment or not PREFIX.fullmatch(parts.path.rstrip("/")):
        raise ValueError("may have only a simple path such as /coopapi after the host")
    return text.rstrip("/")


def issuer(text: str) -> str:
    """Return the name of an issuer."""
    if len(text) > _LONGEST_ISSUER or not text.isprintable() or " " in text:
        raise ValueError(f"must be a name without spaces, such as https://coopapi.example, of at most {_LONGEST_ISSUER} characters")
    return text


def bind(text: str) -> str:
    """Return an address and port to listen on."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 (the highest port there is)
        raise ValueError("must be host:port")
    return text


def level(text: str) -> str:
    """Return the name of a level of the log."""
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be one of DEBUG, INFO, WARNING, ERROR")
    return text.upper()


def receivers(text: str) -> frozenset[str]:
    """Return the receivers of webhooks in closed networks."""
    found = [one.strip().lower() for one in text.split(",")]
    for one in found:
        host, _, port = one.rpartition(":")
        if not re.fullmatch(r"[a-z0-9.-]+", host) or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 (the highest port)
            raise ValueError("must be a list such as receiver.example:8443,10.0.0.7:443")
    return frozenset(found)


def smtp_url(text: str) -> str:
    """Return the address of a mail server, without a password."""
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or port == 0 or parts.path or parts.query or parts.fragment:
        raise ValueError("must be smtp://user@host:587 (with STARTTLS) or smtps://user@host:465")
    if parts.password is not None:
        raise ValueError("must not contain the password: write it into the file that COOPAPI_SMTP_PASSWORD_FILE names")
    return text


def mail_address(text: str) -> str:
    """Return an address for mail."""
    if not MAIL_ADDRESS.fullmatch(text):
        raise ValueError("must be an address such as coopapi@justice.example")
    return text


def present_file(text: str) -> Path:
    """Return the path of a file that exists."""
    path = Path(text)
    if not path.is_file():
        raise ValueError("names a file that does not exist")
    return path
