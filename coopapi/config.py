"""The settings of the service, read once from environment variables. All faults are reported together."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from rapidfuzz.distance import OSA

from coopapi import setting_values as parse

OTHERS: Final = frozenset({"COOPAPI_PG_BIN", "COOPAPI_CLIENT_SECRET"})
"""Variables that are no settings of the service: the folder of PostgreSQL, and the secret for `coopapi import`."""
BODY_MB: Final = 4
"""Size of the largest accepted body in megabytes."""
MOST_HOLDERS: Final = 500
"""The highest limit of holders that can be set. Holders are counted up to one more (`priv.most_counted`)."""
MOST_CROWD: Final = 200
"""The highest limit of holders of a match key of persons. It is lower, because persons share many keys, and counting takes time."""
_SLIP: Final = 2
"""A variable that differs from a setting's name by at most this many edits is reported as a spelling mistake."""


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
    smtp_url: str | None
    smtp_password_file: Path | None
    smtp_from: str | None
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


SETTINGS: Final = (
    Setting("database_url", parse.database_url, None, "PostgreSQL 15 or later, as the application's role"),
    Setting(
        "owner_database_url",
        parse.database_url,
        "",
        "address with the owner's role, used only by `coopapi migrate` and `coopapi keys rotate`",
    ),
    Setting("key_file", Path, None, "file with the root and token keys, readable only by the service (0600)"),
    Setting("issuers_file", parse.present_file, "", "JSON list of the issuers whose access tokens are accepted"),
    Setting(
        "base_url", parse.base_url, "http://127.0.0.1:8000", "public address of the service; may end in a path, as in `/coopapi`"
    ),
    Setting(
        "issuer",
        parse.issuer,
        "",
        "the `iss` of the tokens issued by this service; empty: the base URL. Do not change it when the address changes",
    ),
    Setting(
        "trusted_proxies",
        parse.between(0, 10),
        "0",
        "number of trusted proxies in front, whose `X-Forwarded-For` and `-Prefix` are used",
    ),
    Setting("bind", parse.bind, "127.0.0.1:8000", "address and port to listen on"),
    Setting("workers", parse.between(1, 64), "2", "worker processes"),
    Setting("threads", parse.between(1, 64), "4", "threads per worker"),
    Setting("worker", parse.switch, "on", "`off`: `coopapi serve` starts no worker, because `coopapi worker` runs elsewhere"),
    Setting(
        "worker_database_url",
        parse.database_url,
        "",
        "PostgreSQL for the worker, past a connection pooler; empty: COOPAPI_DATABASE_URL",
    ),
    Setting(
        "connections",
        parse.between(10, 60_000),
        "2000",
        "maximum number of open connections; beyond it, the connection that has waited longest is closed",
    ),
    Setting("header_seconds", parse.between(1, 600), "10", "seconds within which a client must send the headers of a request"),
    Setting("body_seconds", parse.between(1, 3600), "60", "seconds within which a client must send the body of a request"),
    Setting("spool_mb", parse.between(1, 100_000), "256", "megabytes of all bodies together that are being received or processed"),
    Setting("metrics_bind", parse.bind, "", "address and port of `/metrics`; empty: not served"),
    Setting(
        "high_frequency",
        parse.between(1, MOST_HOLDERS),
        "50",
        "a value that occurs in more cases than this is no evidence for an overlap",
    ),
    Setting(
        "crowd",
        parse.between(2, MOST_CROWD),
        "100",
        "a match key of persons that more identifiers than this have does not lead to a comparison; for eight families of keys"
        " a fifth, a tenth or a twentieth of it ([matching](matching.md#how-many-are-compared))",
    ),
    Setting("person_strong", parse.probability, "", "minimum score of a strong person match; empty: the fitted value"),
    Setting("person_possible", parse.probability, "", "minimum score of a possible person match; empty: the fitted value"),
    Setting("quota_hour", parse.between(0, 10**9), "50000", "new values that a client may register in an hour"),
    Setting("quota_day", parse.between(0, 10**9), "200000", "new values that a client may register in a day"),
    Setting(
        "quota_hidden_hour", parse.between(0, 10**9), "200", "new values that a client may register in hidden cases in an hour"
    ),
    Setting("quota_hidden_day", parse.between(0, 10**9), "1000", "new values that a client may register in hidden cases in a day"),
    Setting(
        "quota_authority", parse.between(1, 1000), "4", "the quotas of an authority, as a multiple of the quotas of one client"
    ),
    Setting("token_lifetime", parse.between(60, 3600), "600", "lifetime in seconds of access tokens issued by this service"),
    Setting(
        "webhook_allow",
        parse.receivers,
        "",
        "receivers of webhooks in closed networks, `host:port` with commas between: also http, any port, private addresses",
    ),
    Setting(
        "smtp_url",
        parse.smtp_url,
        "",
        "server for [mail](mail.md): `smtp://user@host:587` or `smtps://user@host:465`; empty: nobody gets mail",
    ),
    Setting("smtp_password_file", parse.present_file, "", "file with the password for that server"),
    Setting("smtp_from", parse.mail_address, "", "address from which mail is sent; bounces go there"),
    Setting("log_level", parse.level, "INFO", "DEBUG, INFO, WARNING or ERROR"),
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
    faults += _faults_of_mail(values)
    if values.get("spool_mb", 0) < (least := BODY_MB * values.get("workers", 0)):
        faults.append(f"COOPAPI_SPOOL_MB must be at least {least}: {BODY_MB} for each worker, so that the largest body fits")
    if faults:
        raise BadSettings("\n".join(faults))
    return Settings(**values | {"issuer": values["issuer"] or values["base_url"]})


def _faults_of_mail(values: Mapping[str, Any]) -> list[str]:
    """Return what lacks for sending mail, if there is a server for it."""
    url = values.get("smtp_url")
    faults = []
    if url and "smtp_from" in values and not values["smtp_from"]:
        faults.append("COOPAPI_SMTP_FROM is not set: with COOPAPI_SMTP_URL it must be")
    if url and urlsplit(url).username and "smtp_password_file" in values and not values["smtp_password_file"]:
        faults.append("COOPAPI_SMTP_PASSWORD_FILE is not set: the user in COOPAPI_SMTP_URL needs a password")
    return faults


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
