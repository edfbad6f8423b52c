"""How many statements the main requests send to the database: each is a round trip, and most are planned anew."""

import pytest
from sending import statements_sent

HERON = {"identifiers": [{"kind": "email", "value": "heron@example.org"}]}
MOST = {
    "get a case": 1,  # what is recorded of it, too, and the commit
    "list cases": 1,  # the page, with which the account is confirmed, and the commit, too
    "overlaps of a case": 1,  # the page, with which the account is confirmed, whether the case is settled, the record, and the commit
    "worklist": 7,
    "list overlaps": 1,
    "timeline of a case": 5,  # the case, the counter, the page, the names, and the record
    "events": 2,
    "register identifiers": 2,  # the count of the values with the case, and all else; each is a transaction
    "register identifiers under a key": 2,
    "create a case": 2,
    "create a case under a key": 2,
}


def counted(app):
    """The statements that the application sends to the database meanwhile."""
    return statements_sent(app.extensions["coopapi"].database.engine)


@pytest.fixture
def requests(world, idle):
    """The main requests, each of a caller who sees an overlap."""
    mine, theirs = world.case("investigator"), world.case("foreign")
    for who, case in (("investigator", mine), ("foreign", theirs)):
        assert world.as_(who).post(f"/cases/{case}/identifiers", HERON).status_code == 201
    world.work()
    caller = world.as_("investigator")
    return {
        "get a case": lambda: caller.get(f"/cases/{mine}"),
        "list cases": lambda: caller.get("/cases"),
        "overlaps of a case": lambda: caller.get(f"/cases/{mine}/overlaps"),
        "worklist": lambda: caller.get("/worklist?counts=true"),
        "list overlaps": lambda: caller.get("/overlaps"),
        "timeline of a case": lambda: caller.get(f"/cases/{mine}/timeline"),
        "events": lambda: caller.get("/events"),
        "register identifiers": lambda: caller.post(
            f"/cases/{mine}/identifiers", {"identifiers": [{"kind": "email", "value": "crane@example.org"}]}
        ),
        "create a case": lambda: caller.post("/cases", {"reference": "NL-STATEMENTS", "title": "A case"}),
        "register identifiers under a key": lambda: caller.post(
            f"/cases/{mine}/identifiers", {"identifiers": [{"kind": "email", "value": "owl@example.org"}]}, Idempotency_Key="k"
        ),
        "create a case under a key": lambda: caller.post(
            "/cases", {"reference": "NL-STATEMENTS", "title": "A case"}, Idempotency_Key="k"
        ),
    }


@pytest.mark.parametrize("name", MOST)
def test_a_main_request_sends_no_more_statements_than_these(app, requests, name):
    with counted(app) as sent:
        answer = requests[name]()
    assert answer.status_code < 300, answer.json
    assert len(sent) == MOST[name], "\n".join(statement[:100] for statement in sent)


def test_sending_a_list_again_with_keys_sends_as_many_statements_for_many_values_as_for_few(app, world):
    case = world.case("investigator")
    subject = world.subject("investigator", case)

    def again(count):
        items = [
            {"kind": "email", "value": f"{n}@example.org", "external_id": f"K{n}", "subjects": [{"id": subject}]}
            for n in range(count)
        ]
        body, caller = {"on_error": "each", "identifiers": items}, world.as_("investigator")
        assert caller.post(f"/cases/{case}/identifiers", body).status_code == 200
        with counted(app) as sent:
            answer = caller.post(f"/cases/{case}/identifiers", body)
        assert {one["outcome"] for one in answer.json["results"]} == {"existing"}
        return len(sent)

    assert again(30) == again(3)
