"""One real PostgreSQL for a run, one migrated database, and a world that is new for every test."""

import gc
import json
import secrets
import shutil
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from flask import request
from register import Register
from registers import empty_database
from serving import reserved_port
from world import BEGIN, World, populate

from coopapi import config
from coopapi.app import create_app
from coopapi.auth.jwks import new_signing_key, public_jwk
from coopapi.auth.tokens import Signer
from coopapi.ops.worker import work_once, work_until_done
from coopapi.provisioning import migration
from coopapi.provisioning.embedded_postgres import Embedded
from coopapi.store import crypto

ISSUER = "https://issuer.test"
APP_PASSWORD = "app-password"
LONGEST = {"test_demo.py", "worlds", "test_contributing.py"}


def pytest_addoption(parser):
    parser.addoption("--stories", type=int, default=40, help="how many stories are played in two worlds (tests/worlds)")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect without the garbage collector, which would go through the tests that are found again and again, then and later."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def pytest_collection_modifyitems(items):
    """Run the longest tests first, so that no process of the run has to wait for another one at the end."""
    items.sort(key=lambda item: not LONGEST.intersection(item.path.parts))


def pytest_terminal_summary(terminalreporter):
    counts = [
        count for report in terminalreporter.stats.get("", ()) for name, count in report.user_properties if name == "two worlds"
    ]
    if counts:
        stories, comparisons = (sum(column) for column in zip(*counts, strict=True))
        terminalreporter.write_line(f"two worlds: {stories} stories, {comparisons} answers compared")


class Clock:
    """A clock that tests move, and may stop. Each test begins at `home`, given as RFC 3339: far from the end of a day, month or year."""

    def __init__(self, home):
        self.home = datetime.fromisoformat(home) - datetime.now(UTC)
        self.go_home()

    def go_home(self):
        self.offset, self.stopped = self.home, None

    @property
    def moved(self):
        """Whether a test moved or stopped it."""
        return self.offset != self.home or self.stopped is not None

    def __call__(self):
        return self.stopped or datetime.now(UTC) + self.offset

    def forward(self, **by):
        self.offset += timedelta(**by)

    def at(self, moment):
        """Go to a moment, written as RFC 3339."""
        self.offset = datetime.fromisoformat(moment) - datetime.now(UTC)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server that is gone after the run."""
    root = Path(tempfile.mkdtemp(prefix="coopapi-test-"))
    root.chmod(0o711)
    server = Embedded(root, durable=False).start()
    yield server
    server.stop()
    shutil.rmtree(root, ignore_errors=True)
    shutil.rmtree(server.socket, ignore_errors=True)


@pytest.fixture
def fresh(postgres):
    """The name of an empty database of its own."""
    with empty_database(postgres) as name:
        yield name


@pytest.fixture(scope="session")
def keys():
    return crypto.Keyring(secrets.token_bytes(32), secrets.token_bytes(32))


@pytest.fixture(scope="session")
def signer():
    return Signer("test", new_signing_key()[1])


@pytest.fixture(scope="session")
def receiver_port():
    """The port of the receiver of webhooks, receiver.test."""
    with reserved_port() as port:
        yield port


@pytest.fixture(scope="session")
def mail_port():
    """The port of the mail server of the tests."""
    with reserved_port() as port:
        yield port


@pytest.fixture(scope="session")
def settings(postgres, signer, tmp_path_factory, receiver_port, mail_port):
    folder = tmp_path_factory.mktemp("settings")
    issuer = {"issuer": ISSUER, "jwks": {"keys": [public_jwk("test", signer.private)]}, "max_lifetime": 86_400}
    (folder / "issuers.json").write_text(json.dumps([issuer]))
    postgres.create_database("coopapi")
    return config.read(
        {
            "COOPAPI_DATABASE_URL": postgres.url("coopapi", migration.DEFAULT_ROLE, APP_PASSWORD),
            "COOPAPI_OWNER_DATABASE_URL": postgres.url("coopapi"),
            "COOPAPI_KEY_FILE": str(folder / "none"),
            "COOPAPI_ISSUERS_FILE": str(folder / "issuers.json"),
            "COOPAPI_BASE_URL": "https://coopapi.test",
            "COOPAPI_HIGH_FREQUENCY": "4",
            "COOPAPI_CROWD": "4",
            "COOPAPI_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
            "COOPAPI_SMTP_FROM": "coopapi@coopapi.test",
            "COOPAPI_WEBHOOK_ALLOW": f"receiver.test:{receiver_port},127.0.0.1:{receiver_port}",
        }
    )


@pytest.fixture(scope="session")
def migrated(postgres, settings, keys):
    migration.migrate(postgres.url("coopapi"), settings.database_url, keys)
    return settings


@pytest.fixture(scope="session")
def clock():
    return Clock(BEGIN)


@pytest.fixture(autouse=True)
def on_time(clock):
    """A clock that a test moved or stopped is right again for the next test, whichever that is."""
    yield
    clock.go_home()


@pytest.fixture
def present(clock):
    """The clock tells the present, for tests in which programs outside of this process look at their own clock."""
    clock.offset = timedelta()


@pytest.fixture(scope="session")
def owner(postgres, migrated):
    """The superuser's connection, to look behind the policies."""
    connection = psycopg2.connect(
        host=str(postgres.socket), user="coopapi", password=(postgres.root / "pgpass").read_text(), dbname="coopapi"
    )
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def register(owner):
    made = Register(owner)
    yield made
    made.close()


@pytest.fixture(scope="session")
def app(migrated, register, keys, clock):
    """The application, with a worker that has done its work whenever a request that may change something is answered.

    It is not asked again if nothing was written since and no test moved the clock, because it would find nothing. For imports and
    exports it is asked only if there are some that have not ended.
    """
    made = create_app(migrated, keys, clock)
    one_at_a_time = threading.Lock()
    done = None

    def standing():
        return register.next_writer(), clock.offset, clock.stopped

    @made.after_request
    def work(response):
        nonlocal done
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            alone = threading.current_thread() is threading.main_thread()  # otherwise others may write meanwhile
            with one_at_a_time:
                if not alone or standing() != done:
                    database = made.extensions["coopapi"].database
                    if alone and not register.has_files_to_work_on():
                        while work_once(database):
                            pass
                    else:
                        work_until_done(database)
                    done = standing() if alone else None
        return response

    return made


@pytest.fixture
def idle(app):
    """The worker does nothing until the test lets it."""
    hooks = app.after_request_funcs[None]
    kept = hooks[:]
    hooks[:] = [hook for hook in hooks if hook.__name__ != "work"]
    yield app.extensions["coopapi"].database
    hooks[:] = kept


@pytest.fixture
def database(app):
    return app.extensions["coopapi"].database


@pytest.fixture
def world(app, register, signer, clock) -> World:
    """Authorities of three countries and their people, on an otherwise empty register."""

    def settle():
        register.empty()
        return populate(app)

    app.extensions["coopapi"].database.accounts.clear()  # so that no test depends on who called in an earlier one
    return World(app, signer, clock, *register.as_of("world", settle), register)
