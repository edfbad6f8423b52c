"""Databases frozen at each released revision, with data: each is upgraded and used."""

import gzip
import json
import subprocess

import pytest
from freezing import FROZEN
from sqlalchemy import create_engine, text
from test_migrations import plain  # noqa: F401 (a fixture)
from world import Caller

from coopapi import config
from coopapi.app import create_app
from coopapi.auth.jwks import public_jwk
from coopapi.ops import administration, demo_people
from coopapi.ops.worker import work_until_done
from coopapi.provisioning import migration
from coopapi.store import crypto

REVISIONS = sorted(file.name.removesuffix(".sql.gz") for file in FROZEN.glob("*.sql.gz"))


@pytest.fixture
def upgraded(request, postgres, fresh, migrated, signer, tmp_path):
    """The application on a frozen database that was brought to the present."""
    url = postgres.url(fresh)
    restore = [postgres.bin / "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", url.replace("+psycopg2", "")]
    subprocess.run(
        restore, input=gzip.decompress((FROZEN / f"{request.param}.sql.gz").read_bytes()), check=True, stdout=subprocess.DEVNULL
    )
    keys = tmp_path / "keys.json"
    keys.write_bytes((FROZEN / f"{request.param}.keys.json").read_bytes())
    keys.chmod(0o600)
    issuer = {
        "issuer": demo_people.ISSUER,
        "jwks": {"keys": [public_jwk("test", signer.private)]},
        "max_lifetime": demo_people.LIFETIME,
    }
    (tmp_path / "issuers.json").write_text(json.dumps([issuer]))
    settings = config.read(
        {
            "COOPAPI_DATABASE_URL": postgres.url(fresh, migration.DEFAULT_ROLE, "app-password"),
            "COOPAPI_KEY_FILE": str(keys),
            "COOPAPI_ISSUERS_FILE": str(tmp_path / "issuers.json"),
            "COOPAPI_ISSUER": f"{demo_people.ISSUER}:service",
        }
    )
    migration.migrate(url, settings.database_url, crypto.load_keys(keys))
    app = create_app(settings)
    yield app
    app.extensions["coopapi"].database.engine.dispose()


def test_there_is_one_for_each_revision():
    assert [migration.newest_revision()] == REVISIONS[-1:]


@pytest.mark.parametrize("upgraded", REVISIONS, indirect=True)
def test_a_frozen_database_is_upgraded_and_used(upgraded, signer):
    database = upgraded.extensions["coopapi"].database
    work_until_done(database)
    faults = [check for check in administration.check(database) if check.fault]
    assert faults == []

    merle = Caller(upgraded.test_client(), demo_people.sign(signer, "merle"))
    (case, *_) = merle.get("/cases").json["items"]
    held = [
        item for case in merle.get("/cases").json["items"] for item in merle.get(f"/cases/{case['id']}/identifiers").json["items"]
    ]
    assert any(item["value"] for item in held)
    assert {len(item["subjects"]) for item in held} <= {0, 1}
    assert any(item["subjects"] for item in held)
    assert merle.get("/overlaps").json["items"]
    new = {"identifiers": [{"kind": "email", "value": "frozen@example.org"}]}
    assert merle.post(f"/cases/{case['id']}/identifiers", new).status_code == 201
    work_until_done(database)

    assert [fault for chain in administration.verify_journal(database) for fault in chain.breaks] == []
    assert administration.reconcile(database, repair=False) == {"overlaps": 0, "tokens": 0, "strays": 0, "likenesses": 0}


def test_a_revision_reads_and_changes_the_rows_of_an_owner_who_is_no_superuser(plain, keys, tmp_path):  # noqa: F811
    """A table without policies shows no row to an owner on whom row-level security is forced."""
    roles = plain("roles")[1]
    migration.migrate(roles, roles, keys)
    server, owner = plain("frozen")
    restore = [server.bin / "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", owner.replace("+psycopg2", "")]
    subprocess.run(restore, input=gzip.decompress((FROZEN / "0013.sql.gz").read_bytes()), check=True, stdout=subprocess.DEVNULL)
    frozen_keys = tmp_path / "keys.json"
    frozen_keys.write_bytes((FROZEN / "0013.keys.json").read_bytes())
    frozen_keys.chmod(0o600)
    migration.migrate(owner, owner, crypto.load_keys(frozen_keys))
    engine = create_engine(server.url("frozen"))
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from stated_times")) > 0
    engine.dispose()
