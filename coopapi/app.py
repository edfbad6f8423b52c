"""Creates the application. This is the only module that imports every part."""

import gzip
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from threading import Lock
from typing import Any, Final

from flask import Flask, Response, json, request
from sqlalchemy.exc import DBAPIError, OperationalError

from coopapi import config, guide
from coopapi.auth.authentication import Service
from coopapi.auth.tokens import Verifier
from coopapi.config import BadSettings, Settings
from coopapi.errors import Unavailable
from coopapi.features import FEATURES
from coopapi.http import middleware, problem_pages, problems, proxies, waiting
from coopapi.http.json_answers import AnswersByOrjson
from coopapi.http.openapi import at_prefix, create_api, document_of
from coopapi.journal.service import record
from coopapi.oauth.service import accepted_issuers
from coopapi.provisioning.checks import essential, require_safe
from coopapi.store import alarms
from coopapi.store.crypto import Keyring, load_keys
from coopapi.store.db import Clock, Database, utc_now
from coopapi.store.lag import Lag, count_old_readings, measure
from coopapi.store.putting_off import PutOff, count_put_off
from coopapi.webhooks.documentation import add_webhooks

READY_SECONDS: Final = 5
ALARM_SECONDS: Final = 300
"""The least seconds between two alarms of one kind: that the worker is late, or that work is put off."""


def create_app(settings: Settings | None = None, keys: Keyring | None = None, clock: Clock = utc_now) -> Flask:
    """Create the application. Raises `LeakyDatabase` if the database would show rows of other authorities.

    If the database cannot be reached yet, every request is answered with 503 until it can be and has been checked.
    """
    settings = settings or config.read()
    keys = keys or load_keys(settings.key_file)
    database = Database.connect(settings, keys, record, clock)
    app = describe_app()
    gate = Gate(database)
    with suppress(OperationalError):
        gate.check()
    app.before_request(gate.admit)
    proxies.mount(app, settings.prefix, settings.trusted_proxies)
    issuers = accepted_issuers(settings, database)
    app.extensions |= {"coopapi": Service(database, Verifier(issuers)), "gate": gate}
    app.extensions["waiting places"] = waiting.Places(settings.threads)
    return app


def describe_app() -> Flask:
    """Create the routes and the OpenAPI document, without a database."""
    app = Flask("coopapi", static_folder="static")
    app.config |= {
        "API_TITLE": "coopapi",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "PROPAGATE_EXCEPTIONS": False,
        "API_SPEC_OPTIONS": {
            "info": {
                "description": guide.guide(),
            },
            "servers": [{"url": "/"}],
        },
    }
    app.json = AnswersByOrjson(app)
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]  # no view is a coroutine
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    middleware.register(app)
    problems.register(app)
    api = create_api(app, FEATURES)
    problem_pages.register(app)
    _operation(app, add_webhooks(document_of(api, FEATURES, guide.examples())))
    return app


def specification() -> dict[str, Any]:
    """Return the OpenAPI document as it is stored in openapi/."""
    found: dict[str, Any] = json.loads(describe_app().test_client().get("/openapi.json").data)
    return found


@dataclass
class Gate:
    """Blocks requests until the database was reached and checked, and reports whether the service is ready."""

    database: Database
    checked: bool = False
    ready: bool = False
    known_until: float = -1.0
    alarmed_until: dict[str, float] = field(default_factory=dict)
    lag: Lag = field(default_factory=Lag)
    rereading: int = 0
    put_off: PutOff = field(default_factory=PutOff)
    lock: Lock = field(default_factory=Lock)

    def check(self) -> None:
        """Check the database if this was not done yet."""
        if not self.checked:
            require_safe(self.database)
            self.checked = True

    def admit(self) -> None:
        """Raise `Unavailable` until the database was checked. `/healthz` is always answered."""
        if request.path == "/healthz":
            return
        try:
            self.check()
        except (OperationalError, BadSettings):
            raise Unavailable("The database is not ready.") from None

    def require_ready(self) -> None:
        """Raise `Unavailable` if the database is not as this version needs it. The result is cached for `READY_SECONDS`."""
        with self.lock:
            if time.monotonic() >= self.known_until:
                self.ready = False
                with suppress(DBAPIError), self.database.anonymous() as session:
                    self.ready = not any(check.fault for check in essential(self.database, session))
                    self.lag, self.rereading, self.put_off = measure(session), count_old_readings(session), count_put_off(session)
                self._alarm()
                self.known_until = time.monotonic() + READY_SECONDS
            if not self.ready:
                raise Unavailable("The database does not match this version of the service. `coopapi check` shows the cause.")

    def _alarm(self) -> None:
        if self.lag.fault and self._may_alarm("worker_late"):
            alarms.report(["worker_late"])
        if self.put_off and self._may_alarm("work_put_off"):
            alarms.report(["work_put_off"], pieces=dict(self.put_off))

    def _may_alarm(self, kind: str) -> bool:
        """Return whether the last alarm of a kind is long enough ago. If so, the time begins anew."""
        now = time.monotonic()
        may = now >= self.alarmed_until.get(kind, now)
        if may:
            self.alarmed_until[kind] = now + ALARM_SECONDS
        return may


def _operation(app: Flask, spec: dict[str, Any]) -> None:
    """Add the routes for operation and documentation. They need no token and contain no data of the register."""
    page = (files("coopapi") / "static" / "docs.html").read_bytes()

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz() -> dict[str, Any]:
        gate: Gate = app.extensions["gate"]
        gate.require_ready()
        lag = {work: round(seconds, 3) for work, seconds in gate.lag._asdict().items()}
        return {"status": "ready", "worker_lag_seconds": lag, "rereading": gate.rereading}

    @lru_cache(maxsize=4)
    def document(root: str) -> str:
        return json.dumps(at_prefix(spec, root) if root else spec, sort_keys=True)

    @lru_cache(maxsize=4)
    def compressed(root: str) -> bytes:
        return gzip.compress(document(root).encode(), mtime=0)

    @app.get("/openapi.json")
    def openapi() -> Response:
        """Return the document, compressed if the client takes it. It is the only one: it holds nothing of a caller (see BREACH)."""
        packed = request.accept_encodings.quality("gzip") > 0
        body = compressed(request.script_root) if packed else document(request.script_root)
        headers = {"Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if packed else {})
        return Response(body, headers=headers, content_type="application/json")

    @app.get("/docs")
    def docs() -> Response:
        return Response(page, content_type="text/html; charset=utf-8")
