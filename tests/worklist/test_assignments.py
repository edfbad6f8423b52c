"""Assignments: who may assign what to whom, and that nobody else learns of it."""

import pytest
from approving import from_shell
from assisting import read, sent
from worklist.test_items import listed


def assign(world, who, item, assignee, kind="request"):
    body = {"type": kind, "id": item, "assignee": assignee and str(world.people.get(assignee, assignee))}
    return world.as_(who).post("/worklist/assignments", body)


@pytest.fixture
def request_(world):
    return sent(world)


def test_a_prosecutor_assigns_a_colleague_and_others_assign_themselves(world, request_):
    assert assign(world, "prosecutor_fr", request_, "central_fr").status_code == 200
    (item,) = listed(world, "central_fr", "?assignee=me")
    assert item["assignee"] == str(world.people["central_fr"])
    assert listed(world, "prosecutor_fr", "?assignee=none") == listed(world, "prosecutor_fr", "?assignee=me") == []
    assert len(listed(world, "prosecutor_fr", f"?assignee={item['assignee']}")) == 1
    assert assign(world, "central_fr", request_, None).status_code == 200
    assert listed(world, "central_fr")[0]["assignee"] is None
    assert assign(world, "central_fr", request_, "central_fr").status_code == 200
    refused = assign(world, "central_fr", request_, "prosecutor_fr")
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/others-assigned")


def test_nobody_takes_from_a_colleague_what_a_prosecutor_assigned(world, request_):
    assert assign(world, "prosecutor_fr", request_, "prosecutor_fr").status_code == 200
    assert assign(world, "central_fr", request_, "central_fr").status_code == 403
    assert assign(world, "central_fr", request_, None).status_code == 403


@pytest.mark.parametrize("whom", ["prosecutor", "auditor_fr", "contact_fr", "01a225e7-2e7f-7000-b3a0-1f3a2ec1b3b3"])
def test_it_is_assigned_only_to_somebody_of_the_authority_who_may_see_it(world, request_, whom):
    """`contact_fr` sees the request but no work of such a kind waits for the role of an auditor or for another authority."""
    answer = assign(world, "prosecutor_fr", request_, whom)
    expected = 200 if whom == "contact_fr" else 422
    assert answer.status_code == expected, answer.json
    if expected == 422:
        assert [error["pointer"] for error in answer.json["errors"]] == ["/assignee"]


def test_what_one_does_not_see_one_does_not_assign(world, request_):
    assert assign(world, "prosecutor_ro", request_, "prosecutor_ro").status_code == 404
    assert assign(world, "prosecutor_ro", "01a225e7-2e7f-7000-b3a0-1f3a2ec1b3b3", "prosecutor_ro").status_code == 404


def test_a_case_that_the_person_may_not_read_keeps_its_things(world):
    """Evidence about victims and people without access to a case: the check is that of the thing itself."""
    mine, theirs = world.case("colleague"), world.case("foreign")
    subject = world.subject("investigator", mine, "victim")
    world.hold("investigator", mine, "heron@example.org", subject_id=subject)
    world.hold("foreign", theirs, "heron@example.org")
    world.work()
    (item,) = listed(world, "investigator", "?type=overlap")
    assert assign(world, "prosecutor", item["id"], "colleague", "overlap").status_code == 422  # not cleared for victims
    assert assign(world, "prosecutor", item["id"], "investigator", "overlap").status_code == 200


def test_an_assignment_changes_nothing_that_others_see(world, request_):
    before = [read(world, who, request_) for who in ("prosecutor", "prosecutor_fr")]
    events = [world.as_(who).get("/events").json["items"] for who in ("prosecutor", "prosecutor_fr", "central_fr")]
    assert assign(world, "prosecutor_fr", request_, "central_fr").status_code == 200
    assert [read(world, who, request_) for who in ("prosecutor", "prosecutor_fr")] == before
    assert [world.as_(who).get("/events").json["items"] for who in ("prosecutor", "prosecutor_fr", "central_fr")] == events
    noted = [e["action"] for e in world.as_("auditor_fr").get("/journal").json["items"]]
    assert "worklist.assigned" in noted
    assert "worklist.assigned" not in [e["action"] for e in world.as_("auditor").get("/journal").json["items"]]
    assert listed(world, "prosecutor") == []


def test_each_authority_assigns_for_itself(world, request_):
    assert assign(world, "prosecutor_fr", request_, "central_fr").status_code == 200
    assert assign(world, "prosecutor", request_, "prosecutor").status_code == 200
    assert listed(world, "central_fr")[0]["assignee"] == str(world.people["central_fr"])


def test_somebody_who_left_gets_nothing(world, request_):
    from_shell(world, "gone", home="fr", roles=["prosecutor"])
    assert assign(world, "prosecutor_fr", request_, None).status_code == 200
    assert listed(world, "prosecutor_fr")[0]["assignee"] is None
