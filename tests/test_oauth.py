"""Tokens for machines, and rights that end at once."""

import base64
import secrets

import pytest

from coopapi.auth.jwks import new_signing_key, public_jwk
from coopapi.auth.tokens import Signer
from coopapi.directory.models import OPERATOR
from coopapi.ops import administration

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def client(world):
    path = f"/authorities/{world.authorities['nl']}/clients"
    return world.approved(world.as_("admin").post(path, {"name": "System", "roles": ["system"]})).json


@pytest.fixture
def keyed(world):
    signer = Signer("c1", new_signing_key()[1])
    body = {"name": "Keyed", "roles": ["system"], "jwks": {"keys": [public_jwk("c1", signer.private)]}}
    made = world.approved(world.as_("admin").post(f"/authorities/{world.authorities['nl']}/clients", body))
    assert "client_secret" not in made.json
    return made.json["id"], signer


def token(world, basic=None, **form):
    headers = {"Authorization": "Basic " + base64.b64encode(":".join(basic).encode()).decode()} if basic else {}
    return world.app.test_client().post("/oauth/token", data={"grant_type": "client_credentials", **form}, headers=headers)


def assertion(world, client_id, signer, **claims):
    now = int(world.clock().timestamp())
    usual = {"iss": client_id, "sub": client_id, "aud": "https://coopapi.test/oauth/token", "iat": now, "exp": now + 60}
    return signer.sign({**usual, "jti": secrets.token_hex(8), **claims}, typ="JWT")


def use(world, answer, path="/me"):
    assert answer.status_code == 200, answer.json
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    return world.app.test_client().get(f"/api/v1{path}", headers=bearer)


def test_a_client_gets_a_token_by_its_secret_in_either_way(world, client):
    by_form = token(world, client_id=client["id"], client_secret=client["client_secret"])
    by_header = token(world, basic=(client["id"], client["client_secret"]))

    assert use(world, by_form).json["role"] == "system"
    assert use(world, by_header).json["authority"]["name"] == "National Police"
    assert by_form.headers["Cache-Control"] == "no-store"


def test_a_client_gets_a_token_by_its_key_and_no_assertion_buys_two(world, keyed):
    client_id, signer = keyed
    proof = assertion(world, client_id, signer)

    assert use(world, token(world, client_assertion_type=TYPE, client_assertion=proof)).json["kind"] == "client"
    assert token(world, client_assertion_type=TYPE, client_assertion=proof).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.test"},
        {"aud": ["https://coopapi.test"]},
        {"exp": 1},
        {"iss": "x"},
        {"sub": "x"},
        {"jti": ""},
        {"exp": 2**39},
    ],
    ids=str,
)
def test_a_wrong_assertion_buys_nothing(world, keyed, claims):
    client_id, signer = keyed
    refused = token(world, client_assertion_type=TYPE, client_assertion=assertion(world, client_id, signer, **claims))
    assert refused.status_code == 401


def test_somebody_elses_key_buys_nothing(world, keyed):
    proof = assertion(world, keyed[0], Signer("c1", new_signing_key()[1]))
    assert token(world, client_assertion_type=TYPE, client_assertion=proof).status_code == 401


@pytest.mark.parametrize("secret", ["", "wrong", None])
def test_a_wrong_secret_buys_nothing(world, client, secret):
    form = {"client_id": client["id"], **({"client_secret": secret} if secret is not None else {})}
    assert token(world, **form).status_code == 401
    assert token(world, client_id="nobody", client_secret="x").json["error"] == "invalid_client"
    assert token(world, client_id=client["id"], client_secret="x", client_assertion="y").status_code == 401


def test_other_grants_are_refused(world):
    answer = token(world, grant_type="password")
    assert (answer.status_code, answer.json["error"]) == (400, "unsupported_grant_type")


def test_a_form_that_does_not_fit_is_answered_as_oauth_says(world):
    answer = world.app.test_client().post("/oauth/token", data={"client_id": "a", "client_secret": "b"})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")  # RFC 6749, 5.2
    assert [(e["pointer"], e["rule"], e["in"]) for e in answer.json["errors"]] == [("/grant_type", "required", "form")]


def test_ending_a_client_ends_its_tokens_at_once(world, client):
    answer = token(world, client_id=client["id"], client_secret=client["client_secret"])
    path = f"/authorities/{world.authorities['nl']}/clients/{client['id']}"

    assert world.as_("admin").patch(path, {"active": False}, If_Match='"v2"').status_code == 200

    assert use(world, answer).status_code == 401
    assert token(world, client_id=client["id"], client_secret=client["client_secret"]).status_code == 401


def test_a_new_secret_ends_the_old_one(world, client):
    path = f"/authorities/{world.authorities['nl']}/clients/{client['id']}"
    asked = world.as_("admin").post(f"{path}/secret", If_Match='"v2"')
    assert token(world, client_id=client["id"], client_secret=client["client_secret"]).status_code == 200
    renewed = world.approved(asked).json
    assert token(world, client_id=client["id"], client_secret=client["client_secret"]).status_code == 401
    assert token(world, client_id=client["id"], client_secret=renewed["client_secret"]).status_code == 200
    assert "client_secret" not in world.as_("admin").get(path).json


def test_a_role_that_is_taken_ends_with_the_next_request(world):
    assert world.as_("analyst").get("/cases").status_code == 200
    path = f"/authorities/{world.authorities['nl']}/people/{world.people['analyst']}"
    world.as_("admin").patch(path, {"roles": ["auditor"]}, If_Match='"v1"')
    assert world.as_("analyst").get("/cases").status_code == 403
    assert world.as_("analyst").get("/journal").status_code == 200


def test_who_has_several_roles_names_the_one_acted_in(world):
    path = f"/authorities/{world.authorities['nl']}/people/{world.people['analyst']}"
    assert world.as_("admin").patch(path, {"roles": ["analyst", "auditor"]}, If_Match='"v1"').status_code == 200
    assert world.as_("analyst").get("/me").json["type"] == "/problems/choose-role"
    assert world.as_("analyst").get("/me", Coopapi_Role="auditor").json["role"] == "auditor"
    assert world.as_("analyst").get("/me", Coopapi_Role="admin").status_code == 403


def test_clearance_belongs_to_some_roles_only(world):
    path = f"/authorities/{world.authorities['nl']}/people"
    body = {"name": "N", "roles": ["analyst"], "issuer": "https://x", "subject": "n", "victim_cleared": True}
    assert world.as_("admin").post(path, body).status_code == 422
    made = world.approved(world.as_("admin").post(path, {**body, "roles": ["desk"]})).json
    assert world.as_("admin").get(f"{path}/{made['id']}").json["victim_cleared"] is True
    moved = world.as_("admin").patch(f"{path}/{made['id']}", {"roles": ["analyst"]}, If_Match='"v2"')
    assert moved.json["type"] == "/problems/not-clearable"


def another_operator(world):
    """A second administrator of the operator, entered from the shell."""
    data = {"name": "Another", "issuer": "https://issuer.test", "subject": "another_operator", "roles": ["admin"]}
    administration.add_person(world.app.extensions["coopapi"].database, OPERATOR, data)
    return "another_operator"


def test_the_operator_enters_an_authority_and_names_its_first_administrator(world):
    made = world.as_("operator").post("/authorities", {"name": "New", "type": "police_unit", "country": "BE"}).json
    people = f"/authorities/{made['id']}/people"
    first = {"name": "First", "roles": ["admin"], "issuer": "https://issuer.test", "subject": "first"}
    assert world.as_("operator").post(people, first).status_code == 201
    asked = world.as_("first").post(people, {**first, "roles": ["investigator"], "subject": "second"})
    world.approved(asked, by=another_operator(world))
    assert world.as_("second").post("/cases", {"reference": "BE-1", "title": "T"}).status_code == 201


@pytest.mark.parametrize("jwks", [{"keys": [{"kty": "oct", "k": "AAAA", "kid": "x"}]}, {}, {"keys": [{}]}, {"keys": "x"}])
def test_keys_that_prove_nothing_are_refused(world, jwks):
    path = f"/authorities/{world.authorities['nl']}/clients"
    answer = world.as_("admin").post(path, {"name": "C", "roles": ["system"], "jwks": jwks})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/jwks")


@pytest.mark.usefixtures("present")
def test_signing_keys_follow_one_another_and_old_tokens_live_on(world, client, database):
    before = token(world, client_id=client["id"], client_secret=client["client_secret"])
    assert use(world, before).status_code == 200
    administration.rotate_keys(database)
    after = token(world, client_id=client["id"], client_secret=client["client_secret"])
    assert use(world, before).status_code == use(world, after).status_code == 200
    assert len(world.app.test_client().get("/.well-known/jwks.json").json["keys"]) >= 2


def test_a_token_signed_from_the_shell_speaks_for_its_client(world, client, database):
    from uuid import UUID

    signed = administration.token(database, UUID(client["id"]))
    answer = world.app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {signed}"})
    assert answer.json["id"] == client["id"]


def test_keys_show_no_private_half(world, client):
    token(world, client_id=client["id"], client_secret=client["client_secret"])
    keys = world.app.test_client().get("/.well-known/jwks.json").json["keys"]
    assert keys
    assert not any("d" in key for key in keys)
