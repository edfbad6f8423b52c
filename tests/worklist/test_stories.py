"""Their day's work, as stories: how many calls people need to what matters. docs/worklist.md tells the same stories."""

from assisting import CONTENT, SENT, draft, read, sent, walk
from entries import point
from gathering import proposed


class Calls:
    """A caller who counts the calls."""

    def __init__(self, world, who):
        self.me, self.count = world.as_(who), 0

    def __getattr__(self, method):
        def call(*given, **more):
            self.count += 1
            answer = getattr(self.me, method)(*given, **more)
            assert answer.status_code < 300, answer.json
            return answer.json

        return call


def test_the_desk_on_monday_has_what_matters_in_three_calls(world):
    meeting = proposed(world)
    proposed(world, origin=("case", world.case("prosecutor")), guests=("fr",))
    desk = Calls(world, "desk")
    monday = desk.get("/worklist?counts=true")
    assert monday["counts"] == [{"type": "meeting", "count": 2, "more": False}]
    first = next(item for item in monday["items"] if item["id"] == meeting)
    assert (first["title_key"], [step["event"] for step in first["allowed"]][:2]) == ("meeting.schedule", ["poll", "schedule"])
    desk.post("/worklist/assignments", {"type": "meeting", "id": meeting, "assignee": str(world.people["desk"])})
    mine = desk.get("/worklist?assignee=me")["items"]
    assert ([item["id"] for item in mine], desk.count) == ([meeting], 3)


def test_a_central_authority_has_thirty_requests_received_and_handed_out_in_ten_calls(world):
    for number in range(30):
        sent(world, reference=f"EIO-{number:02}", urgency="urgent" if number in {3, 17} else "routine")
    central = Calls(world, "central_fr")
    arrived = central.get("/worklist?limit=100&counts=true")
    assert arrived["counts"] == [{"type": "request", "count": 30, "more": False}]

    def every(event, items):
        steps = [{"type": "request", "id": i["id"], "etag": i["etag"], "step": {"event": event}} for i in items]
        taken = central.post("/worklist/steps", {"steps": steps}, Idempotency_Key=event)["items"]
        assert {one["status"] for one in taken} == {200}
        return [{"id": one["id"], "etag": one["etag"]} for one in taken]

    every("acknowledge", every("receive", arrived["items"]))
    urgent = central.get("/worklist?type=request&urgency=urgent")["items"]
    assert len(urgent) == 2
    for item in urgent:
        central.post("/worklist/assignments", {"type": "request", "id": item["id"], "assignee": str(world.people["central_fr"])})
    left = central.get("/worklist?assignee=none&limit=100")["items"]
    assert {item["title_key"] for item in left} == {"request.recognise"}
    assert all(item["due_at"] for item in left)
    assert (len(left), central.count) == (28, 7)


def test_a_contact_point_preserves_at_three_in_the_morning_in_six_calls(world):
    point(world, "contact_fr", always=True, time_zone="Europe/Paris")
    contact = Calls(world, "contact")
    made = contact.post(
        "/mla-requests",
        {
            "reference": "NIGHT-1",
            "kind": "preservation",
            "instrument": "budapest",
            "executing_country": "FR",
            "urgency": "emergency",
            "emergency_ground": "imminent_threat_to_life",
            "language": "en",
            "content": CONTENT,
            "measures": [{"code": "traffic", "identifiers": [{"kind": "email", "value": "heron@example.org"}],
                          "data_categories": ["traffic"], "since": "2026-10-01T00:00:00+02:00", "until": "2026-10-14T00:00:00+02:00"}],
        },
    )  # fmt: skip
    ready = contact.post(f"/mla-requests/{made['id']}/transitions", {"event": "ready"}, If_Match=f'"{made["etag"]}"')
    step = {"event": "transmit", "transmission": SENT}
    contact.post(f"/mla-requests/{made['id']}/transitions", step, If_Match=f'"{ready["etag"]}"')
    assert contact.count == 3

    other = Calls(world, "contact_fr")
    (item,) = other.get("/worklist")["items"]
    assert item["id"] == made["id"]
    etag = item["etag"]
    for event in ("receive", "preserve"):
        taken = other.post(f"/mla-requests/{made['id']}/transitions", {"event": event}, If_Match=f'"{etag}"')
        etag = taken["etag"]
    assert (taken["state"], other.count) == ("preserved", 3)
    assert contact.count + other.count <= 6


def test_steps_embedded_in_a_list_make_a_step_one_call(world):
    request = sent(world)
    receiver = Calls(world, "prosecutor_fr")
    (item,) = receiver.get("/mla-requests?include=transitions&requesting_country=NL&measure=traffic&reference=eio")["items"]
    assert [step["event"] for step in item["transitions"]["allowed"]] == ["receive"]
    tag = f'"{item["transitions"]["etag"]}"'
    assert receiver.post(f"/mla-requests/{request}/transitions", {"event": "receive"}, If_Match=tag)["state"] == "received"
    assert "transitions" not in receiver.get("/mla-requests")["items"][0]
    walk(world, draft(world, reference="NL-2"), ("prosecutor", "ready"))
    listed = Calls(world, "prosecutor").get("/mla-requests?include=transitions&limit=1")
    assert read(world, "prosecutor", listed["items"][0]["id"])["etag"] == listed["items"][0]["transitions"]["etag"]
