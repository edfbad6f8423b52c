"""create_app: the only file that knows every part."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from flask import Flask, Response, json, request
from sqlalchemy.exc import DBAPIError, OperationalError

from coopapi import config
from coopapi.approvals.routes import blp as approvals
from coopapi.approvals.service import Kinds
from coopapi.auth.authentication import Service
from coopapi.auth.tokens import Issuer, issuers_from
from coopapi.branches import BRANCHES
from coopapi.cases.routes import blp as cases
from coopapi.config import BadSettings, Settings
from coopapi.contacts.routes import blp as contacts
from coopapi.deadlines.routes import blp as deadlines
from coopapi.directory import quota_changes, rights
from coopapi.directory.routes import blp as directory
from coopapi.disclosures.routes import blp as disclosures
from coopapi.errors import Unavailable
from coopapi.evidence.routes import blp as evidence
from coopapi.http import middleware, problem_pages, problems, proxies
from coopapi.http.openapi import create_api
from coopapi.identifiers.routes import blp as identifiers
from coopapi.instruments.routes import blp as instruments
from coopapi.jits.closing_routes import blp as jit_statements
from coopapi.jits.membership_routes import blp as jit_people
from coopapi.jits.routes import blp as jits
from coopapi.journal.service import record
from coopapi.jurisdiction.routes import blp as jurisdiction
from coopapi.meetings.results_routes import blp as papers
from coopapi.meetings.routes import blp as meetings
from coopapi.mla.routes import blp as mla
from coopapi.notices.routes import blp as notices
from coopapi.oauth.routes import blp as oauth
from coopapi.oauth.service import AUDIENCE, OwnKeys
from coopapi.overlaps.routes import blp as overlaps
from coopapi.providers.routes import blp as providers
from coopapi.provisioning.checks import essential, require_safe
from coopapi.statistics.routes import blp as statistics
from coopapi.store.crypto import Keyring, load_keys
from coopapi.store.db import Clock, Database, utc_now
from coopapi.timelines.routes import blp as timelines

APPROVED: Kinds = {rights.KIND: rights.apply, quota_changes.KIND: quota_changes.apply}
"""How an approved change of each kind is applied."""


def create_app(settings: Settings | None = None, keys: Keyring | None = None, clock: Clock = utc_now) -> Flask:
    """Build the application; it refuses to be built on a database that does not keep authorities apart.

    A database that is not there yet is waited for: every request is answered 503 until it is, and was checked.
    """
    settings = settings or config.read()
    keys = keys or load_keys(settings.key_file)
    database = Database.connect(settings, keys, record, clock)
    app = describe_app()
    app.config["EVEN_SECONDS"] = settings.even_ms / 1000
    gate = Gate(database)
    with suppress(OperationalError):
        gate.check()
    app.before_request(gate.admit)
    proxies.mount(app, settings.prefix, settings.trusted_proxies)
    issuers = accepted_issuers(settings, database)
    app.extensions["coopapi"] = Service(database, lambda: issuers)
    return app


def describe_app() -> Flask:
    """Build the routes and their document, without anything behind them."""
    app = Flask("coopapi", static_folder="static")
    app.config |= {
        "API_TITLE": "coopapi",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "PROPAGATE_EXCEPTIONS": False,
        "API_SPEC_OPTIONS": {
            "info": {
                "description": "A register for cross-border criminal cases that finds where they overlap.",
            },
            "servers": [{"url": "/"}],
        },
    }
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.extensions |= {"approvals": APPROVED, "branches": BRANCHES}
    middleware.register(app)
    problems.register(app)
    directories = (directory, approvals, contacts, providers, notices, instruments, oauth)
    own = (cases, identifiers, overlaps, disclosures, deadlines)
    joint = (evidence, mla, jits, jit_people, jit_statements, jurisdiction, meetings, papers)
    api = create_api(app, *directories, *own, *joint, timelines, statistics)
    problem_pages.register(app)
    _operation(app, api.spec.to_dict())
    return app


def specification() -> dict[str, Any]:
    """Return the OpenAPI document, as it is committed in openapi/."""
    found: dict[str, Any] = json.loads(describe_app().test_client().get("/openapi.json").data)
    return found


def accepted_issuers(settings: Settings, database: Database) -> Mapping[str, Issuer]:
    """Return the issuers whose tokens count: this service, and those of COOPAPI_ISSUERS_FILE; raises `BadSettings`."""
    own = Issuer(settings.issuer, AUDIENCE, max_lifetime=settings.token_lifetime, keys=OwnKeys(database))
    try:
        others = issuers_from(json.loads(settings.issuers_file.read_bytes())) if settings.issuers_file else ()
    except ValueError as fault:
        raise BadSettings(f"COOPAPI_ISSUERS_FILE {fault}") from fault
    return {issuer.issuer: issuer for issuer in (*others, own)}


@dataclass
class Gate:
    """Lets requests in once the database was reached and checked."""

    database: Database
    checked: bool = False

    def check(self) -> None:
        """Check the database once."""
        if not self.checked:
            require_safe(self.database)
            self.checked = True

    def admit(self) -> None:
        """Keep requests out until the database was checked; liveness is told in any case."""
        if request.path == "/healthz":
            return
        try:
            self.check()
        except (OperationalError, BadSettings):
            raise Unavailable("the database is not ready") from None


def _operation(app: Flask, spec: dict[str, Any]) -> None:
    """Add the routes of operation: they need no token, and say nothing of anybody."""
    document = json.dumps(spec, sort_keys=True)
    page = (files("coopapi") / "static" / "docs.html").read_bytes()

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz() -> dict[str, str]:
        database = app.extensions["coopapi"].database
        try:
            with database.anonymous() as session:
                wrong = any(check.fault for check in essential(database, session))
        except DBAPIError:
            wrong = True
        if wrong:
            raise Unavailable("the database is not as this version needs it: coopapi check says what is wrong")
        return {"status": "ready"}

    @app.get("/openapi.json")
    def openapi() -> Response:
        root = request.script_root
        found = json.dumps({**spec, "servers": [{"url": root}]}, sort_keys=True) if root else document
        return Response(found, content_type="application/json")

    @app.get("/docs")
    def docs() -> Response:
        return Response(page, content_type="text/html; charset=utf-8")
