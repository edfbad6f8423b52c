"""The chapter on backup and restore, run as it is written, with an owner who is no superuser and may not create roles."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2
import pytest
from world import ISSUER, World, populate

from coopapi import config
from coopapi.app import create_app
from coopapi.auth.jwks import public_jwk
from coopapi.provisioning.embedded_postgres import Embedded
from coopapi.store import crypto

CHAPTER = Path(__file__).parents[1] / "docs" / "backup.md"
STEPS = re.findall(r"<!-- run: (\w+) -->\n```\w+\n(.*?)```", CHAPTER.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    """An operator after the first step of the chapter, with a PostgreSQL of its own: roles belong to a whole cluster."""
    root = Path(tempfile.mkdtemp(prefix="coopapi-backup-"))
    root.chmod(0o711)
    with Embedded(root, durable=False) as cluster:
        made = Operator(cluster, tmp_path_factory.mktemp("operator"))
        crypto.create_key_file(made.folder / "keys.json")
        made.superuser(STEPS[0][1])
        made.use("coopapi")
        made.shell("coopapi migrate")
        yield made
    shutil.rmtree(root, ignore_errors=True)


class Operator:
    """Runs the steps of the chapter."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("COOPAPI_", "PG"))}
        binaries = [str(cluster.bin), str(Path(sys.executable).parent)]
        self.environment = inherited | {
            "PATH": os.pathsep.join([*binaries, inherited["PATH"]]),
            "NIGHTLY_URL": self.address("coopapi", "coopapi_nightly", "change-me-3"),
            "RESTORED_URL": self.address("coopapi_restored", "coopapi_owner", "change-me-1"),
            "COOPAPI_KEY_FILE": str(folder / "keys.json"),
        }

    def address(self, database, user, password):
        return self.cluster.url(database, user, password).replace("+psycopg2", "")

    def use(self, database):
        self.environment["COOPAPI_DATABASE_URL"] = self.address(database, "coopapi_app", "change-me-2")
        self.environment["COOPAPI_OWNER_DATABASE_URL"] = self.address(database, "coopapi_owner", "change-me-1")

    def superuser(self, sql, database="postgres"):
        connection = psycopg2.connect(self.cluster.url(database).replace("+psycopg2", ""))
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in filter(str.strip, sql.split(";")):
                cursor.execute(statement)
        connection.close()

    def shell(self, commands, fails=False):
        for command in commands.strip().splitlines():
            ours = command.replace("coopapi ", f"{sys.executable} -c 'from coopapi.ops.cli import main; main()' ", 1)
            done = subprocess.run(
                ["bash", "-c", ours if command.startswith("coopapi ") else command],
                env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert (done.returncode != 0) == fails, (command, done.stdout, done.stderr)
        return done


def test_the_chapter_as_it_is_written(operator, signer, clock):
    todo = iter(STEPS[1:])
    app, world = serve(operator, signer, clock)
    case, other = world.case("investigator"), world.case("foreign")
    world.hold("investigator", case, "heron@example.org")
    world.hold("foreign", other, "heron@example.org")
    world.work()
    before = everything(world, case)
    app.extensions["coopapi"].database.engine.dispose()

    operator.shell(next(todo)[1])
    refused = operator.shell(f'pg_dump --file=partial.dump "{operator.environment["COOPAPI_OWNER_DATABASE_URL"]}"', fails=True)
    assert "row-level security" in refused.stderr
    operator.superuser(next(todo)[1])
    operator.shell(next(todo)[1])
    operator.superuser(
        "update journal_entries set xid = (xid::text::numeric + 1e9)::text::xid8", "coopapi_restored"
    )  # a busier cluster
    operator.use("coopapi_restored")
    assert "FAULT  revision: the application's role has no rights" in operator.shell("coopapi check", fails=True).stdout
    checked = next(todo)[1]
    operator.shell(checked.replace("coopapi reconcile\n", ""))
    operator.shell("coopapi reconcile")

    app, restored = serve(operator, signer, clock, world)
    assert everything(restored, case) == before
    world.case("investigator")
    app.extensions["coopapi"].database.engine.dispose()


def test_a_dump_holds_no_key(operator):
    dumped = operator.shell('pg_dump --role=coopapi_backup --enable-row-security --table=priv.context_key "$NIGHTLY_URL"').stdout
    assert "COPY priv.context_key (one, inner_pad, outer_pad, worker_inner_pad, worker_outer_pad) FROM stdin;\n\\.\n" in dumped


def serve(operator, signer, clock, known=None):
    settings = config.read({**operator.environment, "COOPAPI_ISSUERS_FILE": str(issuers(operator.folder, signer))})
    app = create_app(settings, crypto.load_keys(settings.key_file), clock)
    ids = (known.authorities, known.people) if known else populate(app)
    return app, World(app, signer, clock, *ids)


def issuers(folder, signer):

    file = folder / "issuers.json"
    file.write_text(
        json.dumps([{"issuer": ISSUER, "jwks": {"keys": [public_jwk("test", signer.private)]}, "max_lifetime": 86_400}])
    )
    return file


def everything(world, case):
    me = world.as_("investigator")
    events = [(e["action"], e["at"]) for e in me.get("/events").json["items"] if e["object_type"] != "directory"]
    return me.get(f"/cases/{case}/identifiers").json["items"], world.overlaps("investigator", case), events
