"""Pages of the worklist: their order, their size, their filters, and how much waits."""

import pytest
from assisting import CONTENT_DATA, SUBSCRIBER, recognised, sent, walk
from worklist.test_items import listed

from coopapi.worklist import service


@pytest.fixture
def thirty(world):
    """Thirty requests to the French, some received, which makes clocks run."""
    made = [sent(world, reference=f"EIO-{number:02}") for number in range(6)]
    for number in (4, 2):
        walk(world, made[number], ("prosecutor_fr", "receive"))
        world.clock.forward(minutes=1)
    return made


def pages(world, who, limit, query=""):
    found, cursor = [], ""
    while True:
        page = world.as_(who).get(f"/worklist?limit={limit}{query}{cursor}").json
        found.append(page["items"])
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_what_is_due_comes_first_and_then_what_has_waited_for_longest(world, thirty):
    ids = [item["id"] for item in listed(world, "prosecutor_fr")]
    assert ids == [thirty[4], thirty[2], thirty[0], thirty[1], thirty[3], thirty[5]]


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_pages_of_any_size_give_every_item_once_and_in_order(world, thirty, limit):
    for number, who in enumerate(("nl", "nl2", "nl3")):
        case = world.case("prosecutor_fr", reference=f"FR-{who}")
        world.hold("prosecutor_fr", case, "heron@example.org", *(["wren@example.org"] if number else []))
    other = world.case("investigator")
    world.hold("investigator", other, "heron@example.org", "wren@example.org")
    world.work()
    whole = listed(world, "prosecutor_fr")
    assert [item["type"] for item in whole].count("overlap") > 6
    paged = pages(world, "prosecutor_fr", limit)
    assert {len(page) for page in paged[:-1]} <= {limit}
    told = [(item["type"], item["id"], item["case_id"]) for page in paged for item in page]
    assert told == [(item["type"], item["id"], item["case_id"]) for item in whole]
    assert len(set(told)) == len(told)


def test_it_is_counted_by_kind_only_when_asked_for_and_up_to_a_thousand(world, thirty, monkeypatch):
    assert "counts" not in world.as_("prosecutor_fr").get("/worklist").json
    asked = world.as_("prosecutor_fr").get("/worklist?counts=true&limit=1").json
    assert asked["counts"] == [{"type": "request", "count": 6, "more": False}]
    monkeypatch.setattr(service, "MOST_COUNTED", 5)
    asked = world.as_("prosecutor_fr").get("/worklist?counts=true&limit=1").json
    assert asked["counts"] == [{"type": "request", "count": 5, "more": True}]
    assert world.as_("auditor").get("/worklist?counts=true").json == {"items": [], "next": None, "counts": []}


def test_filters_choose(world, thirty):
    one = sent(world, reference="LETTER-7", measures=[CONTENT_DATA, SUBSCRIBER], urgency="urgent")
    measured = recognised(world, reference="EIO-M")

    def found(query, who="prosecutor_fr"):
        return {item["id"] for item in listed(world, who, query)}

    assert found("?reference=letter") == found("?urgency=urgent") == {one}
    assert found("?measure=content") == {one}
    assert len(found("?measure=traffic")) == 7
    assert found("?requesting_country=NL&type=request") == {*thirty, one}
    assert found("?requesting_country=FR") == found("?executing_country=NL") == set()
    assert found("?executing_country=FR&type=request") == {*thirty, one}
    assert found("?type=measure") & {one, measured} == set()
    assert found("?overdue=true") == set()
    case = world.case("prosecutor")
    linked = sent(world, reference="IN-CASE", case_id=case)
    assert found("?type=request&reference=IN-CASE") == {linked}
    walk(world, linked, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"), ("prosecutor_fr", "ask", {"reason": "?"}))
    assert found(f"?case_id={case}", "prosecutor") == {linked}
    assert found(f"?case_id={case}") == set()  # the case of the other side finds nothing
    world.clock.forward(days=12)
    assert thirty[4] in found("?overdue=true")
    soon = (world.clock()).isoformat().replace("+", "%2B")
    assert found(f"?due_before={soon}") == found("?overdue=true")


@pytest.mark.parametrize(
    "query",
    [
        "?type=weather",
        "?assignee=you",
        "?measure=x",
        "?requesting_country=XX",
        "?due_before=now",
        "?limit=201",
        "?cursor=x",
        "?x=1",
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(world, query):
    refused = world.as_("investigator").get(f"/worklist{query}")
    assert refused.status_code in {400, 422}
    assert refused.content_type == "application/problem+json"


def test_a_cursor_is_for_its_caller_and_its_filters_alone(world, thirty):
    cursor = world.as_("prosecutor_fr").get("/worklist?limit=1").json["next"]
    assert world.as_("prosecutor_fr").get(f"/worklist?limit=1&cursor={cursor}").status_code == 200
    assert world.as_("prosecutor_fr").get(f"/worklist?limit=1&type=request&cursor={cursor}").status_code == 400
    assert world.as_("central_fr").get(f"/worklist?limit=1&cursor={cursor}").status_code == 400


def test_every_role_has_a_worklist_and_nobody_without_a_token(world):
    for who in ("investigator", "prosecutor", "central", "contact", "desk", "analyst", "system", "auditor", "admin", "operator"):
        assert listed(world, who) == []
    assert world.as_("anonymous").get("/worklist").status_code == 401
