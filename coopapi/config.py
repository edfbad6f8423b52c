"""The settings of the service, read once from environment variables. All faults are reported together."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extensions import parse_dsn
from rapidfuzz.distance import OSA
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
"""A path prefix under which the service may be reached, such as /coopapi. It is empty at the root."""
OTHERS: Final = frozenset({"COOPAPI_PG_BIN", "COOPAPI_CLIENT_SECRET"})
"""Variables that are no settings of the service: the folder of PostgreSQL, and the secret for `coopapi import`."""
BODY_MB: Final = 4
"""Size of the largest accepted body in megabytes."""
_SLIP: Final = 2
"""A variable that differs from a setting's name by at most this many edits is reported as a spelling mistake."""
_LONGEST_ISSUER: Final = 300


class BadSettings(Exception):
    """The settings of the service are not usable."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a deployment. Secrets have no default."""

    database_url: str
    owner_database_url: str | None
    key_file: Path
    issuers_file: Path | None
    base_url: str
    issuer: str
    trusted_proxies: int
    bind: str
    workers: int
    threads: int
    worker: bool
    worker_database_url: str | None
    connections: int
    header_seconds: int
    body_seconds: int
    spool_mb: int
    metrics_bind: str | None
    high_frequency: int
    crowd: int
    person_strong: float | None
    person_possible: float | None
    quota_hour: int
    quota_day: int
    quota_hidden_hour: int
    quota_hidden_day: int
    quota_authority: int
    token_lifetime: int
    webhook_allow: frozenset[str] | None
    log_level: str

    @property
    def prefix(self) -> str:
        """Return the path of the base URL, such as /coopapi. It is empty at the root."""
        return urlsplit(self.base_url).path

    @property
    def quotas(self) -> str:
        """Return the quotas as they are sent to the database in the signed context."""
        clients = (self.quota_hour, self.quota_day, self.quota_hidden_hour, self.quota_hidden_day)
        return ",".join(map(str, (*clients, self.quota_authority)))


@dataclass(frozen=True, slots=True)
class Setting:
    """The definition of one setting, which is also a row of the table of settings in docs/operations.md."""

    name: str
    parse: Callable[[str], Any]
    default: str | None
    meaning: str

    @property
    def variable(self) -> str:
        """Return the name of the environment variable."""
        return f"COOPAPI_{self.name.upper()}"


def _database_url(text: str) -> str:
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


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _switch(text: str) -> bool:
    if text not in {"on", "off"}:
        raise ValueError("must be on or off")
    return text == "on"


def _probability(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < 1:
        raise ValueError("must be a number between 0 and 1, such as 0.9")
    return found


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http"} or not parts.netloc:
        raise ValueError("must start with https:// (or http:// on one machine)")
    if parts.query or parts.fragment or not PREFIX.fullmatch(parts.path.rstrip("/")):
        raise ValueError("may have only a simple path such as /coopapi after the host")
    return text.rstrip("/")


def _issuer(text: str) -> str:
    if len(text) > _LONGEST_ISSUER or not text.isprintable() or " " in text:
        raise ValueError(f"must be a name without spaces, such as https://coopapi.example, of at most {_LONGEST_ISSUER} characters")
    return text


def _bind(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 (the highest port there is)
        raise ValueError("must be host:port")
    return text


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be one of DEBUG, INFO, WARNING, ERROR")
    return text.upper()


def _receivers(text: str) -> frozenset[str]:
    found = [one.strip().lower() for one in text.split(",")]
    for one in found:
        host, _, port = one.rpartition(":")
        if not re.fullmatch(r"[a-z0-9.-]+", host) or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 (the highest port)
            raise ValueError("must be a list such as receiver.example:8443,10.0.0.7:443")
    return frozenset(found)


def _present_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError("names a file that does not exist")
    return path


SETTINGS: Final = (
    Setting("database_url", _database_url, None, "PostgreSQL 15 or later, as the application's role"),
    Setting(
        "owner_database_url",
        _database_url,
        "",
        "address with the owner's role, used only by `coopapi migrate` and `coopapi keys rotate`",
    ),
    Setting("key_file", Path, None, "file with the root and token keys, readable only by the service (0600)"),
    Setting("issuers_file", _present_file, "", "JSON list of the issuers whose access tokens are accepted"),
    Setting("base_url", _base_url, "http://127.0.0.1:8000", "public address of the service; may end in a path, as in `/coopapi`"),
    Setting(
        "issuer",
        _issuer,
        "",
        "the `iss` of the tokens issued by this service; empty: the base URL. Do not change it when the address changes",
    ),
    Setting(
        "trusted_proxies",
        _between(0, 10),
        "0",
        "number of trusted proxies in front, whose `X-Forwarded-For` and `-Prefix` are used",
    ),
    Setting("bind", _bind, "127.0.0.1:8000", "address and port to listen on"),
    Setting("workers", _between(1, 64), "2", "worker processes"),
    Setting("threads", _between(1, 64), "4", "threads per worker"),
    Setting("worker", _switch, "on", "`off`: `coopapi serve` starts no worker, because `coopapi worker` runs elsewhere"),
    Setting(
        "worker_database_url", _database_url, "", "PostgreSQL for the worker, past a connection pooler; empty: COOPAPI_DATABASE_URL"
    ),
    Setting(
        "connections",
        _between(10, 60_000),
        "2000",
        "maximum number of open connections; beyond it, the connection that has waited longest is closed",
    ),
    Setting("header_seconds", _between(1, 600), "10", "seconds within which a client must send the headers of a request"),
    Setting("body_seconds", _between(1, 3600), "60", "seconds within which a client must send the body of a request"),
    Setting("spool_mb", _between(1, 100_000), "256", "megabytes of all bodies together that are being received or processed"),
    Setting("metrics_bind", _bind, "", "address and port of `/metrics`; empty: not served"),
    Setting(
        "high_frequency", _between(1, 1_000_000), "50", "a value that occurs in more cases than this is no evidence for an overlap"
    ),
    Setting(
        "crowd",
        _between(2, 100_000),
        "100",
        "a match key of persons that more identifiers than this have does not lead to a comparison",
    ),
    Setting("person_strong", _probability, "", "minimum score of a strong person match; empty: the fitted value"),
    Setting("person_possible", _probability, "", "minimum score of a possible person match; empty: the fitted value"),
    Setting("quota_hour", _between(0, 10**9), "50000", "new values that a client may register in an hour"),
    Setting("quota_day", _between(0, 10**9), "200000", "new values that a client may register in a day"),
    Setting("quota_hidden_hour", _between(0, 10**9), "200", "new values that a client may register in hidden cases in an hour"),
    Setting("quota_hidden_day", _between(0, 10**9), "1000", "new values that a client may register in hidden cases in a day"),
    Setting("quota_authority", _between(1, 1000), "4", "the quotas of an authority, as a multiple of the quotas of one client"),
    Setting("token_lifetime", _between(60, 3600), "600", "lifetime in seconds of access tokens issued by this service"),
    Setting(
        "webhook_allow",
        _receivers,
        "",
        "receivers of webhooks in closed networks, `host:port` with commas between: also http, any port, private addresses",
    ),
    Setting("log_level", _level, "INFO", "DEBUG, INFO, WARNING or ERROR"),
)


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises `BadSettings` with one line for each fault. An empty variable means the default."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    faults = [f"{key} is not a setting: did you mean {meant}?" for key, meant in _unknown(environ)[0].items()]
    for setting in SETTINGS:
        text = environ.get(setting.variable) or setting.default
        try:
            values[setting.name] = _value(setting, text)
        except ValueError as fault:
            faults.append(f"{setting.variable} {fault}")
    if values.get("spool_mb", 0) < (least := BODY_MB * values.get("workers", 0)):
        faults.append(f"COOPAPI_SPOOL_MB must be at least {least}: {BODY_MB} for each worker, so that the largest body fits")
    if faults:
        raise BadSettings("\n".join(faults))
    return Settings(**values | {"issuer": values["issuer"] or values["base_url"]})


def ignored(environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the variables that start with COOPAPI_ but are no settings. `read` ignores them."""
    return _unknown(os.environ if environ is None else environ)[1]


def _value(setting: Setting, text: str | None) -> Any:
    if text is None:
        raise ValueError(f"is not set: {setting.meaning}")
    return setting.parse(text) if text else None


def _unknown(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return mistyped settings, each with the name that was probably meant, and variables that other programs set.

    Kubernetes sets variables such as COOPAPI_PORT and COOPAPI_SERVICE_HOST for a service that is called coopapi.
    """
    known = {setting.variable for setting in SETTINGS} | OTHERS
    unknown = sorted(key for key in environ if key.startswith("COOPAPI_") and key not in known)
    nearest = {key: min(sorted(known), key=lambda name, key=key: OSA.distance(key, name)) for key in unknown}  # type: ignore[misc]
    mistyped = {key: name for key, name in nearest.items() if OSA.distance(key, name) <= _SLIP}
    return mistyped, [key for key in unknown if key not in mistyped]


assert [field.name for field in fields(Settings)] == [setting.name for setting in SETTINGS]  # noqa: S101 (one table)
