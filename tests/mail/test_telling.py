"""Who is told of what, and when: only of one's own worklist, at fixed ticks, in words that say nothing."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from assisting import SENT, draft, sent, walk
from entries import point
from mailing import choose, confirmed, send
from test_quotas import changed

from coopapi.mail import mailer as mailer_module

DAY = "2026-12-01T{}+00:00"


def meet(world, value="heron@example.org"):
    """An overlap of a Dutch and a French case."""
    for who in ("investigator", "foreign"):
        world.hold(who, world.case(who), value)
    world.work()


def ready(world, box, mailer, who, clock, address=None, **data):
    """A person with an address in use, who has been told of everything that waited."""
    confirmed(world, box, mailer, who, address)
    choose(world, who, **{"frequency": "at_once", **data})
    clock.forward(minutes=1)
    send(mailer)
    box.got.clear()


def minutes(clock, mailer, count):
    for _ in range(count):
        clock.forward(minutes=1)
        send(mailer)


def emergency(world):
    urgent = {"urgency": "emergency", "emergency_ground": "imminent_threat_to_life"}
    request = draft(world, by="contact", kind="preservation", reference="NL-E", **urgent)
    walk(world, request, ("contact", "ready"), ("contact", "transmit", {"transmission": SENT}))
    return request


def on_duty(world, who="contact_fr", hours=(-1, 8)):
    made = point(world, who, always=True)
    since, until = ((world.clock() + timedelta(hours=n)).isoformat() for n in hours)
    body = {"person_id": str(world.people[who]), "since": since, "until": until}
    assert world.as_(who).post(f"/contact-points/{made['id']}/roster", body).status_code == 201


def test_what_comes_is_told_once_within_a_minute_and_the_mail_says_nothing(world, box, mailer, clock):
    ready(world, box, mailer, "colleague", clock)
    meet(world)
    minutes(clock, mailer, 3)
    (got,) = box.got
    assert (got.to, got.sender) == ("colleague@justice.example", "coopapi@coopapi.test")
    assert got.text == (
        "There is something new for you. Please log in:\n\nhttps://coopapi.test\n\n"
        "Mail never says more than this. After logging in you can choose when you get it.\n"
    )
    headers = dict(got.message.items())
    assert re.fullmatch(r"<[0-9a-f-]{36}@coopapi\.test>", headers.pop("Message-ID"))
    headers.pop("Date")
    assert headers == {
        "From": "coopapi@coopapi.test",
        "To": "colleague@justice.example",
        "Subject": "Something new in coopapi",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "en",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
    }


def same(got):
    """The bytes of a mail without its id and time, which are no part of what it says."""
    return re.sub(rb"(?m)^(Message-ID|Date): .*\r\n", b"", got.body)


def test_mail_about_different_things_and_about_many_is_the_same(world, box, mailer, clock):
    ready(world, box, mailer, "prosecutor_fr", clock)
    meet(world)
    minutes(clock, mailer, 1)
    sent(world)
    minutes(clock, mailer, 1)
    for number in range(3):
        sent(world, reference=f"NL-{number}")
        meet(world, f"bird-{number}@example.org")
    minutes(clock, mailer, 1)
    assert len(box.got) == 3
    assert len({same(got) for got in box.got}) == 1


def test_a_step_of_ones_own_that_leaves_the_thing_in_the_list_tells_nothing(world, box, mailer, clock):
    ready(world, box, mailer, "investigator", clock)
    meet(world)
    minutes(clock, mailer, 1)
    box.got.clear()
    (overlap,) = world.overlaps("investigator")
    assert world.take("investigator", overlap["id"]).status_code == 200
    minutes(clock, mailer, 2)
    assert box.got == []


def test_what_left_the_list_and_came_back_is_new(world, box, mailer, clock):
    ready(world, box, mailer, "prosecutor_fr", clock)
    request = sent(world)
    minutes(clock, mailer, 1)
    walk(world, request, ("prosecutor_fr", "receive"))
    minutes(clock, mailer, 1)
    assert len(box.got) == 1  # it waits on
    walk(world, request, ("prosecutor", "withdraw", {"reason": "settled"}))
    minutes(clock, mailer, 1)
    sent(world, reference="NL-2")
    minutes(clock, mailer, 1)
    assert len(box.got) == 2


def test_what_is_about_victims_only_tells_no_uncleared_person_anything(world, box, mailer, clock):
    ready(world, box, mailer, "colleague", clock)
    ready(world, box, mailer, "investigator", clock)
    for who in ("investigator", "foreign"):
        case = world.case(who)
        world.hold(who, case, "heron@example.org", subject_id=world.subject(who, case, "victim"))
    world.work()
    minutes(clock, mailer, 2)
    assert [got.to for got in box.got] == ["investigator@justice.example"]


def test_the_languages(world, box, mailer, clock):
    words = {}
    for number, language in enumerate(("en", "fr", "es", "pt")):
        ready(world, box, mailer, "colleague", clock, f"a{number}@justice.example", language=language)
        meet(world, f"bird-{number}@example.org")
        minutes(clock, mailer, 1)
        (got,) = box.got
        assert got.message["Content-Language"] == language
        words[language] = got.message["Subject"]
    assert words == {
        "en": "Something new in coopapi",
        "fr": "Du nouveau dans coopapi",
        "es": "Novedades en coopapi",
        "pt": "Há novidades no coopapi",
    }


def arrivals(world, box, mailer, clock, until, step=15):
    """When mail came, looking every few minutes until a moment."""
    came = []
    while clock() < until:
        before = len(box.got)
        send(mailer)
        came += [f"{clock():%d %H:%M}"] * (len(box.got) - before)
        clock.stopped += timedelta(minutes=step)
    return came


@pytest.mark.parametrize(
    ("chosen", "happens", "expected"),
    [
        ({"frequency": "hourly"}, "10:05", ["01 11:00"]),
        ({"frequency": "hourly"}, "10:59", ["01 11:00"]),
        ({"frequency": "daily", "hour": 8, "time_zone": "Europe/Amsterdam"}, "10:05", ["02 07:00"]),
        ({"frequency": "daily", "hour": 15, "time_zone": "Europe/Lisbon"}, "10:05", ["01 15:00"]),
        ({"frequency": "at_once", "quiet_from": "10:00", "quiet_until": "12:30"}, "10:05", ["01 12:30"]),
        ({"frequency": "hourly", "quiet_from": "20:00", "quiet_until": "07:15"}, "23:05", ["02 07:15"]),
        ({"frequency": "daily", "hour": 23, "quiet_from": "20:00", "quiet_until": "07:15"}, "21:00", ["01 23:00"]),
        ({"frequency": "never"}, "10:05", []),
    ],
)
def test_digests_come_at_fixed_ticks_and_never_in_quiet_hours(world, box, mailer, clock, chosen, happens, expected):
    clock.stopped = datetime.fromisoformat(DAY.format("09:30:00"))
    ready_at = {"frequency": "never", **chosen}
    confirmed(world, box, mailer, "colleague")
    choose(world, "colleague", **ready_at)
    hour, minute = map(int, happens.split(":"))
    moment = datetime(2026, 12, 1, hour, minute, tzinfo=UTC)
    assert arrivals(world, box, mailer, clock, moment) == []
    clock.stopped = moment + timedelta(seconds=20)
    meet(world)
    clock.stopped = moment + timedelta(minutes=15 - minute % 15)
    assert arrivals(world, box, mailer, clock, datetime(2026, 12, 2, 12, tzinfo=UTC)) == expected


def test_a_digest_that_was_due_while_the_worker_did_not_run_is_sent_when_it_does(world, box, mailer, clock):
    ready(world, box, mailer, "colleague", clock, frequency="daily", hour=8)
    meet(world)
    clock.forward(days=1)
    send(mailer)
    assert len(box.got) == 1
    clock.forward(days=1)
    send(mailer, 2)
    assert len(box.got) == 1


def test_whoever_is_on_duty_is_mailed_about_an_emergency_whatever_it_chose(world, box, mailer, clock):
    confirmed(world, box, mailer, "contact_fr", "usual@justice.example")
    confirmed(world, box, mailer, "contact_fr", "duty@justice.example", "on_call")
    choose(world, "contact_fr", frequency="never", quiet_from="00:00", quiet_until="23:59")
    on_duty(world)
    assert world.as_("contact_fr").get("/me/notifications").json["on_duty"] is True
    preserved = draft(world, by="contact", kind="preservation", reference="NL-1")
    walk(world, preserved, ("contact", "ready"), ("contact", "transmit", {"transmission": SENT}))
    minutes(clock, mailer, 2)
    assert box.got == []  # not urgent
    emergency(world)
    minutes(clock, mailer, 2)
    (got,) = box.got
    assert got.to == "duty@justice.example"
    assert "something new" in got.text
    assert "emergency" not in str(got.body)


def test_without_an_address_for_duty_the_usual_one_is_used_and_off_duty_the_choice_holds(world, box, mailer, clock):
    confirmed(world, box, mailer, "contact_fr")
    choose(world, "contact_fr", frequency="never")
    emergency(world)
    minutes(clock, mailer, 2)
    assert box.got == []
    on_duty(world)  # what waits already is told when the shift begins
    minutes(clock, mailer, 2)
    assert [got.to for got in box.got] == ["contact_fr@justice.example"]


def test_a_clock_of_eight_hours_is_told_on_duty_in_quiet_hours(world, box, mailer, clock):
    ready(world, box, mailer, "prosecutor_fr", clock, quiet_from="00:00", quiet_until="23:59")
    made = point(world, "contact_fr", always=True)
    body = {"person_id": str(world.people["prosecutor_fr"]), "since": clock().isoformat()}
    body["until"] = (clock() + timedelta(hours=8)).isoformat()
    assert world.as_("contact_fr").post(f"/contact-points/{made['id']}/roster", body).status_code == 201
    meet(world)
    minutes(clock, mailer, 1)
    assert box.got == []
    (overlap,) = world.overlaps("investigator")
    world.take("investigator", overlap["id"])
    asking = {"purpose": "investigation", "offence": "ocsea", "items_asked": ["names"], "urgency": "ongoing_child_abuse"}
    asked = world.as_("investigator").post(f"/overlaps/{overlap['id']}/disclosures", asking)
    assert asked.status_code == 201, asked.json
    minutes(clock, mailer, 2)
    assert len(box.got) == 1


def test_a_deadline_that_nears_is_told_to_those_on_duty_alone(world, box, mailer, clock):
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    for who in ("contact_fr", "central_fr"):
        ready(world, box, mailer, who, clock)
    on_duty(world, hours=(-1, 24 * 20))
    clock.forward(days=5)
    world.work()
    send(mailer)
    assert [got.to for got in box.got] == ["contact_fr@justice.example"]


def test_an_alarm_is_told_to_administrators(world, box, mailer, clock):
    ready(world, box, mailer, "admin_fr", clock)
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    clock.forward(days=5)
    world.work()
    send(mailer)
    assert [got.to for got in box.got] == ["admin_fr@justice.example"]


def test_nobody_on_duty_removes_the_only_address(world, box, mailer, clock):
    only = confirmed(world, box, mailer, "contact_fr")
    on_duty(world, hours=(5, 9))
    path = "/me/notifications/addresses/{}/removal"
    refused = world.as_("contact_fr").post(path.format(only))
    assert (refused.status_code, refused.json["type"].rpartition("/")[2]) == (409, "needed-on-duty")
    confirmed(world, box, mailer, "contact_fr", "duty@justice.example", "on_call")
    assert world.as_("contact_fr").post(path.format(only)).status_code == 200


def test_whoever_lost_every_role_is_told_nothing(world, box, mailer, clock, owner):
    ready(world, box, mailer, "colleague", clock)
    meet(world)
    with owner.cursor() as cursor:
        cursor.execute("update principals set roles = '{}' where subject = 'colleague'")
    minutes(clock, mailer, 2)
    assert box.got == []


def test_looking_is_no_consultation_of_the_person(world, box, mailer, clock, owner):
    ready(world, box, mailer, "colleague", clock)
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from journal_entries")
        before = cursor.fetchone()
        minutes(clock, mailer, 3)
        cursor.execute("select count(*) from journal_entries")
        assert cursor.fetchone() == before


def test_overlaps_that_move_up_because_others_were_judged_are_not_new(world, box, mailer, clock, monkeypatch):
    monkeypatch.setattr("coopapi.mail.mailer.MOST_OVERLAPS", 2)
    for number in range(4):
        meet(world, f"bird-{number}@example.org")
    ready(world, box, mailer, "investigator", clock)
    clock.forward(hours=2)
    send(mailer)
    box.got.clear()
    for overlap in world.as_("investigator").get("/worklist").json["items"][:1]:
        taken = world.take("colleague", overlap["id"])
        assert taken.status_code == 200, taken.json
    minutes(clock, mailer, 2)
    assert box.got == []


def test_choices_are_checked_and_not_overwritten(world):
    me = world.as_("colleague")
    assert me.get("/me/notifications").json["frequency"] == "never"
    bad = [
        {"hour": 24},
        {"frequency": "often"},
        {"time_zone": "Mars/Base"},
        {"quiet_from": "7"},
        {"quiet_from": "07:00"},
        {"language": "xx"},
    ]
    for body in bad:
        assert me.patch("/me/notifications", body, If_Match='"v0"').status_code == 422, body
    assert me.patch("/me/notifications", {"hour": 9}).status_code == 428
    assert me.patch("/me/notifications", {"hour": 9}, If_Match='"v7"').status_code == 412
    done = me.patch("/me/notifications", {"hour": 9}, If_Match='"v0"')
    assert (done.status_code, done.json["hour"], done.headers["ETag"]) == (200, 9, '"v1"')
    assert me.patch("/me/notifications", {"hour": 10}, If_Match='"v0"').status_code == 412


CROWD = ("investigator", "colleague", "foreign", "prosecutor_fr", "prosecutor")
IN_TURN = "order by d.on_duty desc, c.next_at, p.id limit"


def looked_at(owner, since):
    with owner.cursor() as cursor:
        cursor.execute(
            "select p.subject from mail_accounts c join principals p on p.id = c.id where c.looked_at >= %s order by 1", (since,)
        )
        return {subject for (subject,) in cursor.fetchall()}


def looks(world, owner, box, mailer, clock, monkeypatch, minutes_):
    """Who is looked at in each minute, if a worker may look at three people in a minute, two of them before it sends mail."""
    for who in CROWD:
        confirmed(world, box, mailer, who)
        choose(world, who, frequency="at_once")
    on_duty(world)
    confirmed(world, box, mailer, "contact_fr")
    monkeypatch.setattr(mailer_module, "MOST_PEOPLE", 2)
    monkeypatch.setattr(mailer_module, "MOST_IN_MINUTE", 3)
    found = []
    for _ in range(minutes_):
        clock.forward(minutes=1)
        began = clock()
        for _ in range(4):
            mailer.look()
        found.append(looked_at(owner, began))
    return found


def test_people_take_turns_and_those_on_duty_are_looked_at_every_minute(world, box, owner, mailer, clock, monkeypatch):
    found = looks(world, owner, box, mailer, clock, monkeypatch, 6)
    assert all("contact_fr" in one and len(one) == 3 for one in found), found
    for three in (found[:3], found[1:4], found[2:5], found[3:]):
        assert set().union(*three) == {*CROWD, "contact_fr"}


@pytest.mark.parametrize("order", ["order by p.id limit", "order by c.next_at, p.id limit"])
def test_another_order_would_leave_people_out(world, box, owner, mailer, clock, monkeypatch, order):
    with changed(owner, {"people_to_tell(integer)": (IN_TURN, order)}):
        found = looks(world, owner, box, mailer, clock, monkeypatch, 6)
    assert set().union(*found) != {*CROWD, "contact_fr"} or not all("contact_fr" in one for one in found)


def test_who_is_looked_at_does_not_depend_on_what_waits_for_anybody(world, box, owner, mailer, clock, monkeypatch):
    for number in range(3):
        meet(world, f"bird-{number}@example.org")
    found = looks(world, owner, box, mailer, clock, monkeypatch, 3)
    assert [len(one) for one in found] == [3, 3, 3]
    assert set().union(*found) == {*CROWD, "contact_fr"}
