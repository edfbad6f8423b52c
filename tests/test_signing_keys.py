"""The keys that sign our tokens: only the owner with the key file makes them, and rows made by anybody else count for nothing."""

import json
from datetime import UTC, datetime

import psycopg2
import pytest
from test_oauth import client, token, use  # noqa: F401 (a fixture and its helpers)

from coopapi.auth import signing_keys
from coopapi.auth.jwks import new_signing_key, public_jwk
from coopapi.auth.tokens import Signer
from coopapi.oauth.service import sign
from coopapi.ops import administration
from coopapi.store import crypto


def rows(owner):
    with owner.cursor() as cursor:
        cursor.execute("select kid, public_jwk, wrapped, created_at, retired_at, mac from signing_keys order by created_at")
        return cursor.fetchall()


def put(owner, row):
    kid, jwk, wrapped, created, retired, mac = row
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into signing_keys values (%s, %s, %s, %s, %s, %s) on conflict (kid) do update set public_jwk = excluded.public_jwk,"
            " wrapped = excluded.wrapped, created_at = excluded.created_at, retired_at = excluded.retired_at, mac = excluded.mac",
            (kid, json.dumps(jwk), wrapped, created, retired, mac),
        )


@pytest.fixture
def kept(owner, app):
    """The keys as they were, put back afterwards."""
    before = rows(owner)
    yield before
    with owner.cursor() as cursor:
        cursor.execute("delete from signing_keys")
    for row in before:
        put(owner, row)


def shown(world):
    return {key["kid"] for key in world.app.test_client().get("/.well-known/jwks.json").json["keys"]}


def signing_check(database):
    (found,) = [check for check in administration.check(database) if check.name == "signing keys"]
    return found


def test_migrate_makes_the_first_key_and_no_second_one(database, owner, kept, keys):
    with database.anonymous() as session:
        assert signing_keys.read(session, keys).current is not None
    assert signing_check(database).fault is None
    with database.engine.connect() as connection:
        signing_keys.ensure(connection, keys)
        assert len(signing_keys.read(connection, keys).genuine) == len(kept)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into signing_keys (kid, public_jwk, wrapped, created_at, mac) values ('x', '{}', 'x', now(), 'x')",
        "update signing_keys set retired_at = null",
        "delete from signing_keys",
        "truncate signing_keys",
    ],
)
def test_the_application_role_writes_no_key(postgres, migrated, statement):
    connection = psycopg2.connect(host=str(postgres.socket), user="coopapi_app", password="app-password", dbname="coopapi")
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)
    connection.close()


def planted(owner, keys, now):
    """A key made by somebody with all rights on the database and a key file of their own; its private half."""
    kid, private = new_signing_key()
    foreign = crypto.Keyring(b"r" * 32, b"t" * 32)
    key = signing_keys.SigningKey(kid, public_jwk(kid, private), b"wrapped", now, None)
    put(owner, (kid, key.public_jwk, key.wrapped, now, None, key.mac(foreign)))
    return Signer(kid, private)


def test_a_planted_key_signs_nothing_verifies_nothing_and_is_reported(world, client, owner, kept, keys, database, settings):  # noqa: F811
    now = world.clock()
    forger = planted(owner, keys, now)

    forged = sign(forger, settings, client["id"], client["id"], now)
    bearer = {"Authorization": f"Bearer {forged}"}
    assert world.app.test_client().get("/api/v1/me", headers=bearer).status_code == 401
    assert forger.kid not in shown(world)
    assert use(world, token(world, client_id=client["id"], client_secret=client["client_secret"])).status_code == 200
    assert forger.kid in signing_check(database).fault


def test_a_public_half_put_into_a_row_of_ours_is_not_used(world, client, owner, kept, keys, database, settings):  # noqa: F811
    """The attack: the row's own kid and wrapped half stay, the public half is the attacker's."""
    _, private = new_signing_key()
    ours = kept[-1]
    put(owner, (ours[0], public_jwk(ours[0], private), *ours[2:]))

    forged = sign(Signer(ours[0], private), settings, client["id"], client["id"], world.clock())
    bearer = {"Authorization": f"Bearer {forged}"}
    assert world.app.test_client().get("/api/v1/me", headers=bearer).status_code == 401
    assert ours[0] not in shown(world)
    assert ours[0] in signing_check(database).fault


@pytest.mark.parametrize("column", ["kid", "public_jwk", "wrapped", "created_at", "retired_at"])
def test_the_mac_covers_every_column(owner, kept, keys, database, column):
    changes = {
        "kid": "kid || 'x'",
        "public_jwk": 'public_jwk || \'{"x": "A"}\'',
        "wrapped": "wrapped || '\\x00'",
        "created_at": "created_at - interval '1 microsecond'",
        "retired_at": "coalesce(retired_at, now()) + interval '1 day'",
    }
    with owner.cursor() as cursor:
        cursor.execute(f"update signing_keys set {column} = {changes[column]}")
    with database.anonymous() as session:
        found = signing_keys.read(session, keys)
    assert (len(found.genuine), len(found.forged)) == (0, len(kept))
    assert signing_check(database).fault


def test_rotation_retires_the_previous_key_and_an_old_copy_of_its_row_does_not_bring_it_back(world, owner, kept, database):
    world.clock.at(datetime.now(UTC).isoformat())  # the operator's command goes by the clock on the wall
    old = kept[-1]
    new = administration.rotate_keys(database)
    assert {old[0], new} <= shown(world)

    put(owner, old)
    world.clock.forward(hours=3)

    assert old[0] not in shown(world)
    assert new in shown(world)


def test_rotation_without_the_owners_address_or_with_another_key_file_makes_nothing(owner, kept, keys, settings):
    with pytest.raises(signing_keys.NoSigningKey):
        signing_keys.rotate(settings.owner_database_url, crypto.Keyring(b"r" * 32, b"t" * 32))
    assert rows(owner) == kept


def test_without_a_key_no_token_is_signed_and_the_check_says_so(world, client, owner, kept, database):  # noqa: F811
    with owner.cursor() as cursor:
        cursor.execute("delete from signing_keys")
    refused = token(world, client_id=client["id"], client_secret=client["client_secret"])
    assert (refused.status_code, refused.json["type"]) == (503, "/problems/no-signing-key")
    assert signing_check(database).fault == "there is no key to sign tokens"
