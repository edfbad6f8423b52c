"""Many steps in one request: each is taken as if it had been sent alone."""

import pytest
from assisting import draft, read, sent, step
from worklist.test_items import listed, met_overlap

from coopapi.http import idempotency


def steps_of(items, event="receive", **more):
    return [{"type": item["type"], "id": item["id"], "etag": item["etag"], "step": {"event": event, **more}} for item in items]


def events_of(world, who, item):
    """The steps of a thing and its ETag, as the thing says itself."""
    path = item["link"].removeprefix("/api/v1") + "/transitions"
    path += f"?case_id={item['case_id']}" if item["type"] == "overlap" else ""
    found = world.as_(who).get(path)
    assert found.status_code == 200, found.json
    return [step["event"] for step in found.json["allowed"]], found.json["etag"]


def send(world, who, steps, **headers):
    return world.as_(who).post("/worklist/steps", {"steps": steps}, **headers)


@pytest.fixture
def arrived(world):
    for number in range(4):
        sent(world, reference=f"EIO-{number}")
    return listed(world, "prosecutor_fr")


def test_receipts_are_one_call_and_each_has_its_new_etag(world, arrived):
    answer = send(world, "prosecutor_fr", steps_of(arrived))
    assert answer.status_code == 200, answer.json
    assert [(one["id"], one["status"]) for one in answer.json["items"]] == [(item["id"], 200) for item in arrived]
    assert [one["etag"] for one in answer.json["items"]] == [read(world, "prosecutor_fr", item["id"])["etag"] for item in arrived]


def test_a_step_that_fails_has_the_problem_that_it_would_have_alone_and_stops_no_other(world, arrived):
    one, two, three, four = steps_of(arrived)
    two["etag"] = "v1"
    three["step"] = {"event": "recognise"}
    alone = step(world, "prosecutor_fr", three["id"], "recognise")
    answer = send(world, "prosecutor_fr", [one, two, three, four])
    assert [outcome["status"] for outcome in answer.json["items"]] == [200, 412, 409, 200]
    assert answer.json["items"][2]["problem"] == alone.json
    assert "etag" not in answer.json["items"][1]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"etag": "nonsense"}, 400),
        ({"id": "01a225e7-2e7f-7000-b3a0-1f3a2ec1b3b3"}, 404),
        ({"step": {}}, 422),
        ({"step": {"event": "fly"}}, 422),
        ({"step": {"event": "receive", "weather": "fine"}}, 422),
        ({"step": {"event": "receive", "recorded": {"at": "never"}}}, 422),
        ({"type": "overlap"}, 403),
    ],
)
def test_a_body_is_read_by_the_schema_of_its_own_route(world, arrived, change, status):
    (first, *_) = steps_of(arrived)
    answer = send(world, "central_fr", [{**first, **change}])
    assert answer.status_code == 200, answer.json
    (outcome,) = answer.json["items"]
    assert (outcome["status"], outcome["problem"]["status"]) == (status, status), outcome


def test_the_whole_is_read_by_its_schema(world, arrived):
    for steps in ([], steps_of(arrived) * 26, [{}], [{**steps_of(arrived)[0], "type": "weather"}], "x"):
        assert send(world, "prosecutor_fr", steps).status_code == 422
    assert world.as_("auditor_fr").post("/worklist/steps", {"steps": steps_of(arrived)}).status_code == 403
    assert world.as_("anonymous").post("/worklist/steps", {"steps": steps_of(arrived)}).status_code == 401


def test_four_eyes_and_steps_for_people_only_are_refused_as_alone(world):
    request = draft(world)
    assert step(world, "prosecutor", request, "submit").status_code == 200
    (item,) = listed(world, "prosecutor")
    alone = step(world, "prosecutor", request, "validate")
    (outcome,) = send(world, "prosecutor", steps_of([item], "validate")).json["items"]
    assert (outcome["status"], outcome["problem"]) == (409, alone.json)
    met_overlap(world)
    (overlap,) = listed(world, "investigator", "?type=overlap")
    (outcome,) = send(world, "system", steps_of([overlap], "take")).json["items"]
    assert outcome["status"] == 403


def test_an_overlap_is_taken_by_its_side(world):
    mine, _ = met_overlap(world)
    (item,) = listed(world, "investigator")
    (outcome,) = send(world, "investigator", steps_of([item], "take", case_id=mine)).json["items"]
    assert (outcome["status"], outcome["etag"]) == (200, listed(world, "investigator")[0]["etag"])


def test_a_request_that_is_sent_again_with_its_key_takes_no_step_twice(world, arrived):
    steps = steps_of(arrived)
    first = send(world, "prosecutor_fr", steps, Idempotency_Key="monday")
    again = send(world, "prosecutor_fr", steps, Idempotency_Key="monday")
    assert (again.status_code, again.json) == (200, first.json)
    without = send(world, "prosecutor_fr", steps)
    assert {outcome["status"] for outcome in without.json["items"]} == {412}
    other = send(world, "prosecutor_fr", steps[:1], Idempotency_Key="monday")
    assert (other.status_code, other.json["type"]) == (422, "/problems/key-reused")


def test_a_request_that_was_cut_off_goes_on_where_it_stopped(world, arrived, monkeypatch):
    """The server is killed after two steps: what they did and their keys were committed together."""
    once, taken = idempotency.once, []

    def cut(*args):
        if len(taken) == 2:
            raise SystemExit
        taken.append(once(*args))
        return taken[-1]

    monkeypatch.setattr(idempotency, "once", cut)
    with pytest.raises(SystemExit):
        send(world, "prosecutor_fr", steps_of(arrived), Idempotency_Key="monday")
    monkeypatch.undo()
    again = send(world, "prosecutor_fr", steps_of(arrived), Idempotency_Key="monday")
    assert [outcome["status"] for outcome in again.json["items"]] == [200, 200, 200, 200]
    assert len(listed(world, "prosecutor_fr")) == 4
