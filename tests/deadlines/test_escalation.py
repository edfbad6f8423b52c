"""Escalation: those on duty are told at half and at four fifths of a clock, once, and only if they may read the thing."""

from datetime import datetime, timedelta

import pytest
from assisting import sent, walk
from entries import point
from sqlalchemy import text

from coopapi.ops import worker


def on_duty(world, who="contact_fr"):
    made = point(world, who, always=True)
    body = {"person_id": str(world.people[who]), "since": world.clock().isoformat()}
    body["until"] = (world.clock() + timedelta(days=30)).isoformat()
    assert world.as_(who).post(f"/contact-points/{made['id']}/roster", body).status_code == 201


def told(world, who):
    return [e for e in world.as_(who).get("/events?limit=200").json["items"] if e["action"] == "deadline.nears"]


def until(world, part, request, rule="eio_ack"):
    """Let time pass until so much of a deadline's period is over, whichever day of the week and time of day it is."""
    items = world.as_("prosecutor_fr").get(f"/deadlines?object_id={request}").json["items"]
    begin, end = (datetime.fromisoformat(next(d[at] for d in items if d["rule"] == rule)) for at in ("from_at", "due_at"))
    world.clock.at((begin + part * (end - begin) + timedelta(minutes=1)).isoformat())


def alarms(world, who="admin_fr"):
    return [e for e in world.as_(who).get("/events?kind=alarm").json["items"] if e["action"] == "alarm.deadline_unattended"]


@pytest.fixture
def received(world):
    """A request whose acknowledgment is due in about a week, and its recognition in about a month."""
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    return request


def test_those_on_duty_are_told_at_half_and_at_four_fifths_each_once(world, received):
    on_duty(world)
    world.work()
    assert told(world, "prosecutor_fr") == []
    until(world, 0.5, received)
    world.work()
    (first,) = told(world, "prosecutor_fr")
    assert (first["detail"]["rule"], first["detail"]["percent"], first["object_id"]) == ("eio_ack", 50, received)
    assert first["detail"]["on_duty"] == [str(world.people["contact_fr"])]
    world.work()
    assert len(told(world, "prosecutor_fr")) == 1
    until(world, 0.8, received)
    world.work()
    assert [e["detail"]["percent"] for e in told(world, "prosecutor_fr") if e["detail"]["rule"] == "eio_ack"] == [50, 80]
    assert (
        told(world, "prosecutor") == told(world, "prosecutor_ro") == told(world, "desk_fr") == []
    )  # the other side, and who takes no part
    assert alarms(world) == []


def test_if_nobody_qualifies_the_administrators_get_an_alarm_without_the_object(world, received):
    world.clock.forward(days=5)
    world.work()
    (alarm,) = alarms(world)
    assert (alarm["detail"], alarm["object_id"], alarm["case_id"]) == ({"percent": 50}, None, None)
    assert received not in str(alarm)
    assert told(world, "prosecutor_fr") == [] == alarms(world, "admin")


def test_somebody_on_duty_who_may_not_read_the_case_is_not_told(world, owner):
    case = world.case("prosecutor_fr", reference="FR-ONE")
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    linked = world.as_("prosecutor_fr").post(f"/mla-requests/{request}/case", {"case_id": case})
    assert linked.status_code in {200, 201}, linked.json
    with owner.cursor() as cursor:  # the case is for one person of the authority alone
        cursor.execute(
            "update case_access set principal_id = %s where case_id = %s and authority_id = %s",
            (str(world.people["prosecutor_fr"]), case, str(world.authorities["fr"])),
        )
    on_duty(world)
    world.clock.forward(days=5)
    world.work()
    assert told(world, "prosecutor_fr") == []
    assert len(alarms(world)) == 1


def test_a_worker_that_is_killed_tells_nobody_twice_and_forgets_nobody(world, received):
    """What is told and that it was told are one transaction: before its commit there is neither."""
    on_duty(world)
    world.clock.forward(days=5)
    database = world.app.extensions["coopapi"].database

    def killed():
        with database.worker() as session:
            session.execute(text("select priv.escalate(piece::uuid) from priv.waiting(0) where kind = 'deadlines'"))
            raise SystemExit

    with pytest.raises(SystemExit):
        killed()
    assert told(world, "prosecutor_fr") == []
    worker.work_until_done(database)
    worker.work_until_done(database)
    assert len(told(world, "prosecutor_fr")) == 1


def test_nobody_but_the_worker_escalates(world, received):
    database = world.app.extensions["coopapi"].database
    with pytest.raises(Exception, match="only the worker"), database.anonymous() as session:
        session.execute(text("select priv.escalate(gen_random_uuid())"))


def test_a_clock_that_was_met_or_stands_still_is_not_told_of(world, received):
    on_duty(world)
    walk(world, received, ("prosecutor_fr", "acknowledge"))
    world.clock.forward(days=5)
    world.work()
    assert told(world, "prosecutor_fr") == []


@pytest.mark.parametrize("counts", [True, False])
def test_an_own_target_counts_as_a_time_limit_only_if_the_authority_says_so(world, counts):
    body = {"urgency": "routine", "hours": 48, "counts_as_due": counts}
    assert world.as_("central_fr").post("/service-targets", body).json["counts_as_due"] is counts
    on_duty(world)
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))

    def item():
        return next(i for i in world.as_("prosecutor_fr").get("/worklist?type=request").json["items"] if i["id"] == request)

    ends = world.clock() + timedelta(hours=48)
    assert (item()["due_at"][:16] == ends.isoformat()[:16]) is counts
    world.clock.forward(hours=25)
    world.work()
    assert [e["detail"]["rule"] for e in told(world, "prosecutor_fr")] == ["service_target"] * counts
    assert told(world, "prosecutor") == []
    world.clock.forward(hours=25)
    assert item()["overdue"] is counts
    missed = world.as_("prosecutor_fr").get("/worklist?type=deadline").json["items"]
    assert [i["title_key"] for i in missed] == ["deadline.missed"] * counts
    assert world.as_("prosecutor").get("/worklist?type=deadline").json["items"] == []


def test_a_target_that_counts_later_leaves_deadlines_that_run_as_they_are(world):
    me = world.as_("central_fr")
    target = me.post("/service-targets", {"urgency": "routine", "hours": 48}).json
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    changed = me.patch(f"/service-targets/{target['id']}", {"counts_as_due": True}, If_Match=f'"{target["etag"]}"')
    assert (changed.status_code, changed.json["counts_as_due"], changed.json["hours"]) == (200, True, 48)
    world.clock.forward(hours=50)
    assert world.as_("prosecutor_fr").get("/worklist?type=deadline").json["items"] == []
