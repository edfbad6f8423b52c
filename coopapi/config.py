"""Every setting of the service, read once from the environment; all faults are told together."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


class BadSettings(Exception):
    """The settings of the service are not usable."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment decides; secrets have no default."""

    database_url: str
    owner_database_url: str | None
    key_file: Path
    issuers_file: Path | None
    base_url: str
    bind: str
    workers: int
    threads: int
    high_frequency: int
    crowd: int
    person_strong: float | None
    person_possible: float | None
    even_ms: int
    quota_hour: int
    quota_day: int
    quota_hidden_hour: int
    quota_hidden_day: int
    quota_authority: int
    token_lifetime: int
    log_level: str

    @property
    def quotas(self) -> str:
        """The quotas as the context carries them to the database."""
        clients = (self.quota_hour, self.quota_day, self.quota_hidden_hour, self.quota_hidden_day)
        return ",".join(map(str, (*clients, self.quota_authority)))


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the README's table of settings."""

    name: str
    parse: Callable[[str], Any]
    default: str | None
    meaning: str

    @property
    def variable(self) -> str:
        """Return the environment variable that carries the setting."""
        return f"COOPAPI_{self.name.upper()}"


def _database_url(text: str) -> str:
    """Normalise a PostgreSQL address to the psycopg2 driver; a bare one means another driver in SQLAlchemy 2.1."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("is not a database address such as postgresql://user:password@host/database") from None
    if url.drivername not in {"postgres", "postgresql", "postgresql+psycopg2"}:
        raise ValueError("must be a PostgreSQL address: postgresql://user:password@host/database")
    return url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _probability(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < 1:
        raise ValueError("must be a number between 0 and 1, such as 0.9")
    return found


def _base_url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("must start with https:// (or http:// on one machine)")
    return text.rstrip("/")


def _bind(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 (the highest port there is)
        raise ValueError("must be host:port")
    return text


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be one of DEBUG, INFO, WARNING, ERROR")
    return text.upper()


def _present_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError("names a file that is not there")
    return path


SETTINGS: Final = (
    Setting("database_url", _database_url, None, "PostgreSQL 15 or later, as the application's role"),
    Setting("owner_database_url", _database_url, "", "the owner's address, used by `coopapi migrate` alone"),
    Setting("key_file", Path, None, "file with the root and token keys, readable by the service alone (0600)"),
    Setting("issuers_file", _present_file, "", "JSON list of the issuers whose access tokens are accepted"),
    Setting("base_url", _base_url, "http://127.0.0.1:8000", "public address of the service; also the name it issues tokens under"),
    Setting("bind", _bind, "127.0.0.1:8000", "address and port to listen on"),
    Setting("workers", _between(1, 64), "2", "worker processes"),
    Setting("threads", _between(1, 64), "4", "threads of each worker"),
    Setting("high_frequency", _between(1, 1_000_000), "50", "a value held by more cases than this is evidence for no overlap"),
    Setting("crowd", _between(2, 100_000), "200", "a match key of persons held by more cases than this is no reason to compare"),
    Setting("person_strong", _probability, "", "score from which a person match is strong; empty: as fitted"),
    Setting("person_possible", _probability, "", "score from which a person match is possible; empty: as fitted"),
    Setting(
        "even_ms", _between(0, 1000), "100", "registrations are answered after whole multiples of this, so that time tells no hit"
    ),
    Setting("quota_hour", _between(0, 10**9), "50000", "new values that a client may register in an hour"),
    Setting("quota_day", _between(0, 10**9), "200000", "new values that a client may register in a day"),
    Setting("quota_hidden_hour", _between(0, 10**9), "200", "new values that a client may register in hidden cases in an hour"),
    Setting("quota_hidden_day", _between(0, 10**9), "1000", "new values that a client may register in hidden cases in a day"),
    Setting("quota_authority", _between(1, 1000), "4", "how many times the quotas of a client its authority has in all"),
    Setting("token_lifetime", _between(60, 3600), "600", "seconds an access token issued here lives"),
    Setting("log_level", _level, "INFO", "DEBUG, INFO, WARNING or ERROR"),
)


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings, or raise `BadSettings` with one line for each fault."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    faults = [f"{key} is not a setting" for key in sorted(environ) if _unknown(key)]
    for setting in SETTINGS:
        text = environ.get(setting.variable, setting.default)
        try:
            values[setting.name] = _value(setting, text)
        except ValueError as fault:
            faults.append(f"{setting.variable} {fault}")
    if faults:
        raise BadSettings("\n".join(faults))
    return Settings(**values)


def _value(setting: Setting, text: str | None) -> Any:
    if text is None:
        raise ValueError(f"is not set: {setting.meaning}")
    return setting.parse(text) if text else None


def _unknown(key: str) -> bool:
    known = {setting.variable for setting in SETTINGS} | {"COOPAPI_PG_BIN"}
    return key.startswith("COOPAPI_") and key not in known


assert [field.name for field in fields(Settings)] == [setting.name for setting in SETTINGS]  # noqa: S101 (one table)
