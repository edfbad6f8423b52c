"""The issuer's name is kept when the address changes, and can be changed by the operator."""

from dataclasses import replace
from uuid import UUID

import pytest
from world import ISSUER

from coopapi.app import create_app
from coopapi.directory.models import OPERATOR
from coopapi.errors import Conflict
from coopapi.ops import administration

MOVED = "https://moved.test"
HERE = "https://coopapi.test"


@pytest.fixture
def at(migrated, keys, clock):
    """The service with another base URL, on the same register."""
    made = []

    def build(**more):
        made.append(create_app(replace(migrated, **more), keys, clock))
        return made[-1]

    yield build
    for app in made:
        app.extensions["coopapi"].database.engine.dispose()


@pytest.fixture
def client(world, database):
    made = administration.provide_client(database, world.authorities["nl"], {"name": "System", "roles": ["system"]})
    return {"id": str(made.id), "client_secret": made.secret}


def token(app, client):
    form = {"grant_type": "client_credentials", "client_id": client["id"], "client_secret": client["client_secret"]}
    return app.test_client().post("/oauth/token", data=form)


def me(app, answer):
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    return app.test_client().get("/api/v1/me", headers=bearer)


def journal(owner, action):
    with owner.cursor() as cursor:
        cursor.execute("select detail from journal_entries where action = %s and authority_id = %s", (action, str(OPERATOR)))
        return [detail for (detail,) in cursor.fetchall()]


def test_clients_go_on_when_the_address_changes_and_the_issuer_stays(client, at):
    app = at(base_url=MOVED, issuer=HERE)
    answer = token(app, client)
    assert answer.status_code == 200
    assert me(app, answer).json["id"] == client["id"]


def test_a_client_of_another_issuers_name_is_refused_and_nothing_breaks(client, at, world):
    app = at(base_url=MOVED, issuer=MOVED)

    answer = token(app, client)

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert "another name" in answer.json["detail"]
    assert me(app, token(world.app, client)).status_code == 401


def test_the_operator_moves_an_issuer(client, at, owner):
    app = at(base_url=MOVED, issuer=MOVED)
    database = app.extensions["coopapi"].database
    assert (
        administration.clients_issuer(database).fault
        == f"machine clients that are registered under {HERE} get no tokens from {MOVED}"
    )

    assert administration.move_issuer(database, HERE, MOVED) == (0, 1)

    assert administration.clients_issuer(database).fault is None
    assert me(app, token(app, client)).json["id"] == client["id"]
    assert journal(owner, "issuer.moved") == [{"old": HERE, "new": MOVED, "people": 0, "clients": 1}]


def test_people_of_an_issuer_that_changed_its_name_are_moved_with_all_they_may_do(world, database, owner):
    assert administration.move_issuer(database, ISSUER, "https://new.test") == (len(world.people), 0)
    with owner.cursor() as cursor:
        cursor.execute("select issuer, version from principals where id = %s", (str(world.people["investigator"]),))
        assert cursor.fetchone() == ("https://new.test", 2)
    assert world.as_("investigator").get("/me").status_code == 401


def test_nothing_is_moved_where_a_subject_is_there_under_both_names(world, database, owner):
    home = world.authorities["nl"]
    administration.add_person(database, home, {"name": "T", "issuer": MOVED, "subject": "analyst", "roles": ["analyst"]})
    with pytest.raises(Conflict, match="1 subjects exist under both issuer names"):
        administration.move_issuer(database, ISSUER, MOVED)
    assert world.as_("analyst").get("/me").status_code == 200


def test_an_issuer_of_nobody_is_not_moved(world, database):
    with pytest.raises(Conflict, match="No person or client in this register has the issuer"):
        administration.move_issuer(database, "https://typo.test", MOVED)


def test_machine_clients_stay_with_the_issuer_that_gives_them_tokens(client, database, world):
    with pytest.raises(Conflict, match="1 machine clients get their tokens only from"):
        administration.move_issuer(database, HERE, ISSUER)
    assert token(world.app, client).status_code == 200


def test_a_token_from_the_shell_bears_the_issuers_name(client, at):
    app = at(base_url=MOVED, issuer=HERE)
    signed = administration.token(app.extensions["coopapi"].database, UUID(client["id"]))
    answer = app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {signed}"})
    assert answer.json["id"] == client["id"]
