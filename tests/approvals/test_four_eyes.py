"""Power is given by two: one administrator asks, another one approves (A5)."""

import pytest
from approving import account, add, allowed, asked, change, decide, from_shell

from coopapi.access import Role
from coopapi.auth.jwks import public_jwk
from coopapi.directory import service as directory
from coopapi.directory.models import OPERATOR
from coopapi.ops import administration

EVERY_ROLE = [str(role) for role in Role]


@pytest.fixture
def second(world):
    """A second administrator of the Dutch police, entered from the shell as the first one was."""
    return from_shell(world, "second")


def test_one_administrator_does_not_give_themselves_every_role_and_clearance(world, second):
    case = world.case("investigator")
    victim = world.subject("investigator", case, "victim")
    world.hold("investigator", case, "+31201234567", kind="phone", subject_id=victim)

    answer = change(world, "admin", "admin", roles=EVERY_ROLE, victim_cleared=True)

    assert (answer.status_code, answer.json["roles"], answer.json["victim_cleared"]) == (200, ["admin"], False)
    assert world.as_("admin").get(f"/cases/{case}/identifiers", Coopapi_Role="investigator").status_code == 403
    refused = decide(world, "admin", asked(answer))
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/another-must-decide")

    assert decide(world, second, asked(answer)).status_code == 200

    assert world.as_("admin").get("/me", Coopapi_Role="investigator").json["victim_cleared"] is True


def test_a_new_person_has_no_role_until_another_administrator_approves(world, second):
    made = add(world, "admin", "heron", roles=["investigator"], victim_cleared=True)
    (request,) = made["pending"]

    assert (made["roles"], made["victim_cleared"]) == ([], False)
    assert request["change"] == {"roles": ["investigator"], "victim_cleared": True}
    assert world.as_("heron").get("/me").status_code == 403

    assert decide(world, second, request).json["state"] == "approved"

    me = world.as_("heron").get("/me").json
    assert (me["role"], me["victim_cleared"]) == ("investigator", True)
    assert account(world, "admin", "heron")[1]["pending"] == []


def test_what_was_asked_and_decided_is_in_the_journal(world, second):
    add(world, "admin", "heron", roles=["investigator"])
    decide(world, second, account(world, "admin", "heron")[1]["pending"][0])

    found = [e["action"] for e in world.as_("auditor").get("/journal").json["items"]]

    assert {"approval.requested", "approval.approved", "person.added", "person.changed"} <= set(found)


@pytest.mark.parametrize("roles", [["admin"], ["auditor"], ["admin", "auditor"]])
def test_the_roles_of_administration_and_supervision_are_given_by_one(world, roles):
    assert add(world, "admin", "heron", roles=roles)["roles"] == roles
    assert world.as_("heron").get("/me", Coopapi_Role=roles[0]).status_code == 200


@pytest.mark.parametrize(
    "less", [{"roles": ["auditor"]}, {"victim_cleared": False}, {"active": False}], ids=["role", "clearance", "access"]
)
def test_what_is_taken_ends_at_once(world, less):
    from_shell(world, "heron", roles=["auditor", "investigator"])
    answer = change(world, "admin", "heron", **less)
    assert (answer.status_code, answer.json["pending"]) == (200, [])
    assert answer.json | less == answer.json


def test_access_is_ended_at_once_although_the_same_change_asks_for_more(world):
    answer = change(world, "admin", "colleague", active=False, victim_cleared=True, name="Renamed")
    assert (answer.json["active"], answer.json["name"], answer.json["victim_cleared"]) == (False, "Renamed", False)
    assert asked(answer)["change"] == {"victim_cleared": True}
    assert decide(world, "operator", asked(answer)).status_code == 200


def test_an_account_that_was_ended_gets_its_rights_back_from_two(world, second):
    assert change(world, "admin", "investigator", active=False).status_code == 200
    answer = change(world, "admin", "investigator", active=True)
    assert (answer.json["active"], asked(answer)["change"]) == (False, {"active": True})
    assert decide(world, second, asked(answer)).status_code == 200
    assert world.as_("investigator").get("/me").status_code == 200


def test_an_approval_changes_nothing_that_changed_since(world, second):
    request = asked(change(world, "admin", "analyst", roles=["investigator"]))
    assert change(world, "admin", "analyst", name="Owl").status_code == 200

    refused = decide(world, second, request)

    assert (refused.status_code, refused.json["type"]) == (409, "/problems/changed-since")
    assert account(world, "admin", "analyst")[1]["roles"] == ["analyst"]
    assert world.as_(second).get(f"/approvals/{request['id']}").json["state"] == "requested"


def test_a_request_ends_after_seven_days(world, second, clock):
    request = asked(change(world, "admin", "analyst", roles=["investigator"]))
    clock.forward(days=6, hours=23)
    assert allowed(world, second, request) == ["approve", "reject"]
    clock.forward(hours=2)

    late = decide(world, second, request)

    assert (late.status_code, late.json["state"], late.json["allowed"]) == (409, "expired", [])
    assert allowed(world, second, request) == []
    assert world.as_("admin").get("/approvals?state=requested").json["items"] == []
    assert [one["id"] for one in world.as_("admin").get("/approvals?state=expired").json["items"]] == [request["id"]]
    assert account(world, "admin", "analyst")[1]["pending"] == []


def test_a_request_is_withdrawn_by_who_asked_and_rejected_with_a_reason(world, second):
    first = asked(change(world, "admin", "analyst", roles=["investigator"]))
    assert decide(world, second, first, "withdraw").status_code == 403
    assert decide(world, "admin", first, "withdraw").json["state"] == "withdrawn"
    assert decide(world, second, {**first, "etag": "v2"}).status_code == 409

    other = asked(change(world, "admin", "analyst", roles=["investigator"]))
    assert decide(world, second, other, "reject").json["type"] == "/problems/reason-needed"
    assert decide(world, second, other, "reject", reason="not needed").json["reason"] == "not needed"
    assert account(world, "admin", "analyst")[1]["roles"] == ["analyst"]


def test_nobody_decides_about_their_own_rights(world, second):
    request = asked(change(world, second, "admin", roles=["admin", "investigator"]))
    assert decide(world, "admin", request).status_code == 403
    assert decide(world, second, request).status_code == 403
    assert decide(world, "operator", request).status_code == 200


def test_the_operator_decides_only_where_the_authority_has_no_second_administrator(world):
    request = asked(change(world, "admin", "analyst", roles=["investigator"]))
    from_shell(world, "second")
    assert allowed(world, "operator", request) == []
    assert decide(world, "operator", request).status_code == 403

    assert change(world, "admin", "second", active=False).status_code == 200

    assert allowed(world, "operator", request) == ["approve", "reject"]
    assert decide(world, "operator", request).status_code == 200


def test_the_operator_does_not_add_a_cleared_client_to_an_authority_alone(world):
    from_shell(world, "operator_too", home=None)
    path = f"/authorities/{world.authorities['nl']}/clients"
    made = world.as_("operator").post(path, {"name": "C", "roles": ["system"], "victim_cleared": True})

    assert (made.json["roles"], made.json["victim_cleared"]) == ([], False)
    assert [decide(world, who, asked(made)).status_code for who in ("operator", "operator_too")] == [403, 403]
    assert "approval.requested" in [e["action"] for e in world.as_("auditor").get("/journal").json["items"]]
    assert decide(world, "admin", asked(made)).status_code == 200


def test_what_is_allowed_is_what_is_done(world, second):
    """GET and POST ask the same guards, for everybody who may read the request."""
    from_shell(world, "third")
    request = asked(change(world, "admin", "third", roles=["admin", "investigator"]))
    for who, events_ in {"admin": ["withdraw"], "second": ["approve", "reject"], "third": [], "operator": []}.items():
        assert allowed(world, who, request) == events_
        refused = {
            e: decide(world, who, request, e, reason="r").status_code for e in {"approve", "reject", "withdraw"} - set(events_)
        }
        assert set(refused.values()) <= {403}, who
    assert allowed(world, "auditor", request) == []
    assert world.as_("admin_fr").get(f"/approvals/{request['id']}").status_code == 404
    assert world.as_("admin_fr").get("/approvals").json["items"] == []


def test_a_machine_does_not_decide(world, database):
    request = asked(change(world, "admin", "analyst", roles=["investigator"]))
    machine = from_shell(world, "machine", home=None)
    with_role = {"name": "M", "roles": ["admin"], "issuer": "https://issuer.test", "subject": "robot"}
    with administration.operator(database) as work:
        directory.enrol(work, OPERATOR, "client", with_role)
    assert allowed(world, "robot", request) == []
    assert decide(world, "robot", request).status_code == 403
    assert decide(world, machine, request).status_code == 200


def test_a_new_secret_replaces_the_old_one_when_it_is_approved(world, second):
    clients = f"/authorities/{world.authorities['nl']}/clients"
    made = world.approved(world.as_("admin").post(clients, {"name": "C", "roles": ["system"]}), by=second).json
    renewed = world.as_("admin").post(f"{clients}/{made['id']}/secret", If_Match='"v2"')

    assert asked(renewed)["change"] == {"client_secret": "a new one"}
    assert [token(world, made, secret) for secret in (made["client_secret"], renewed.json["client_secret"])] == [200, 401]

    assert decide(world, second, asked(renewed)).json["change"] == {"client_secret": "a new one"}

    assert [token(world, made, secret) for secret in (made["client_secret"], renewed.json["client_secret"])] == [401, 200]


def token(world, client, secret):
    form = {"grant_type": "client_credentials", "client_id": client["id"], "client_secret": secret}
    return world.app.test_client().post("/oauth/token", data=form).status_code


def test_a_clients_keys_are_changed_by_two(world, second, signer):
    clients = f"/authorities/{world.authorities['nl']}/clients"
    made = world.approved(world.as_("admin").post(clients, {"name": "C", "roles": ["system"]}), by=second).json
    keys = {"keys": [public_jwk("k", signer.private)]}
    answer = world.as_("admin").patch(f"{clients}/{made['id']}", {"jwks": keys}, If_Match='"v2"')
    assert (answer.json["jwks"], asked(answer)["change"]) == (None, {"jwks": keys})
    assert decide(world, second, asked(answer)).status_code == 200
    assert world.as_("admin").get(f"{clients}/{made['id']}").json["jwks"] == keys


def test_a_person_goes_by_another_subject_once_two_have_said_so(world, second):
    """B3: an issuer that moved, or a person who signs in elsewhere."""
    taken = change(world, "admin", "analyst", subject="investigator")
    assert (taken.status_code, taken.json["type"]) == (409, "/problems/subject-taken")
    answer = change(world, "admin", "analyst", issuer="https://issuer.test", subject="owl")
    assert (answer.json["subject"], world.as_("owl").get("/me").status_code) == ("analyst", 401)

    assert decide(world, second, asked(answer)).status_code == 200

    assert world.as_("owl").get("/me").json["id"] == str(world.people["analyst"])
    assert world.as_("analyst").get("/me").status_code == 401


def test_a_subject_that_was_taken_meanwhile_is_not_given(world, second):
    request = asked(change(world, "admin", "analyst", subject="owl"))
    add(world, "admin", "owl", roles=["auditor"])
    assert decide(world, second, request).status_code == 409
    assert account(world, "admin", "analyst")[1]["subject"] == "analyst"


def test_one_administrator_alone_makes_nobody_a_judge(world):
    answer = change(world, "admin", "prosecutor", functions=["judge"])

    assert (answer.status_code, answer.json["functions"]) == (200, [])
    request = asked(answer)
    assert request["change"] == {"functions": ["judge"]}
    assert decide(world, "admin", request).status_code == 403
    assert world.as_("prosecutor").get("/me").json["functions"] == []
    assert decide(world, "operator", request).status_code == 200
    assert world.as_("prosecutor").get("/me").json["functions"] == ["judge"]


def test_the_function_of_a_judge_is_taken_by_one_administrator_at_once(world):
    world.approved(change(world, "admin", "prosecutor", functions=["judge"]))
    lost = change(world, "admin", "prosecutor", roles=["investigator"])
    assert (lost.status_code, lost.json["type"]) == (422, "/problems/function-needs-role")

    assert change(world, "admin", "prosecutor", functions=[]).json["functions"] == []
    assert world.as_("prosecutor").get("/me").json["functions"] == []


def test_only_a_prosecutor_can_be_a_judge_and_people_of_a_court_are(world):
    refused = change(world, "admin", "investigator", functions=["judge"])
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/function-needs-role")
    body = {"name": "N", "issuer": "https://x", "subject": "n", "roles": ["investigator"], "functions": ["judge"]}
    made = world.as_("admin").post(f"/authorities/{world.authorities['nl']}/people", body)
    assert (made.status_code, made.json["errors"][0]["pointer"]) == (422, "/functions")
    unknown = world.as_("admin").post(f"/authorities/{world.authorities['nl']}/clients", {**body, "roles": ["system"]})
    assert unknown.status_code == 422

    assert world.as_("judge_fr").get("/me").json["functions"] == ["judge"]
    assert world.as_("prosecutor_fr").get("/me").json["functions"] == []


def test_a_new_judge_waits_for_role_and_function_together(world):
    made = add(world, "admin", "examining", roles=["prosecutor"], functions=["judge"])
    (request,) = made["pending"]

    assert (made["roles"], made["functions"]) == ([], [])
    assert request["change"] == {"roles": ["prosecutor"], "victim_cleared": False, "functions": ["judge"]}
    assert decide(world, "operator", request).status_code == 200
    assert world.as_("examining").get("/me").json["functions"] == ["judge"]
