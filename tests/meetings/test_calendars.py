"""Meetings in calendars, read by a second parser: zones, changes, cancellations, and secret feeds."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import vobject
from described import specification
from gathering import hours, proposed, read, scheduled, step


def ics(world, who, meeting):
    found = world.as_(who).get(f"/meetings/{meeting}/calendar.ics")
    assert (found.status_code, found.mimetype) == (200, "text/calendar"), found.data
    return found.get_data(as_text=True)


def events(text):
    return list(vobject.readOne(text).contents.get("vevent", []))


def feed(world, who="prosecutor_fr"):
    made = world.as_(who).post("/calendar-feeds")
    assert made.status_code == 201, made.json
    return made.json


def read_feed(world, made):
    return world.as_("anonymous").get(made["address"].removeprefix("https://coopapi.test"))


@pytest.mark.parametrize(
    ("day", "zone", "utc", "local"),
    [
        ("2031-03-28", "Europe/Amsterdam", "09:00", "10:00"),
        ("2031-03-31", "Europe/Amsterdam", "08:00", "10:00"),
        ("2031-10-24", "Europe/Bucharest", "07:00", "10:00"),
        ("2031-10-28", "Europe/Bucharest", "08:00", "10:00"),
        ("2031-03-10", "America/New_York", "14:00", "10:00"),
        ("2031-03-07", "America/New_York", "15:00", "10:00"),
    ],
)
def test_a_meeting_is_at_its_hour_on_both_sides_of_summer_time(world, day, zone, utc, local):
    meeting = world.once(proposed, time_zone=zone)
    starts = datetime.fromisoformat(f"{day}T{utc}:00+00:00")
    times = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=2)).isoformat()}
    assert step(world, "desk", meeting, "schedule", **times).status_code == 200

    text = ics(world, "prosecutor_ro", meeting)

    assert f"DTSTART:{day.replace('-', '')}T{utc.replace(':', '')}00Z" in text
    (event,) = events(text)
    assert event.dtstart.value.astimezone(ZoneInfo(zone)).strftime("%H:%M") == local
    assert event.dtend.value == starts + timedelta(hours=2)
    assert "TZID" not in text


def test_the_specification_says_as_what_calendars_are_answered(world):
    meeting, made = scheduled(world), feed(world)
    answered = {
        "/api/v1/meetings/{meeting_id}/calendar.ics": world.as_("europol").get(f"/meetings/{meeting}/calendar.ics"),
        "/api/v1/calendar-feeds/{token}.ics": read_feed(world, made),
    }
    said = {path: specification()["paths"][path]["get"]["responses"]["200"]["content"] for path in answered}
    assert said == {path: {found.mimetype: {"schema": {"type": "string"}}} for path, found in answered.items()}


def test_a_calendar_names_nobody_and_no_subject(world):
    meeting = world.once(scheduled)

    text = ics(world, "europol", meeting)

    (event,) = events(text)
    assert event.summary.value == f"Coordination meeting (level III) {read(world, 'desk', meeting)['reference']}"
    assert event.location.value == "The Hague, room Owl"
    assert not [word for word in ("Heron", "heron", "Wren", "Ne bis", "ATTENDEE", "DESCRIPTION") if word in text]
    assert (event.organizer.value, event.organizer.cn_param) == ("https://coopapi.test", "coopapi")


def test_every_calendar_is_a_valid_one_with_a_name(world):
    made = feed(world)
    empty = read_feed(world, made).get_data(as_text=True)
    meeting = scheduled(world)
    full, alone = read_feed(world, made).get_data(as_text=True), ics(world, "europol", meeting)

    for text in (empty, full, alone):
        calendar = vobject.readOne(text)
        assert calendar.validate(raiseException=True)
        assert list(calendar.components()), "RFC 5545, 3.6: a calendar holds a component"
        assert calendar.contents["x-wr-calname"][0].value == calendar.contents["name"][0].value == "Coordination meetings"
        method = calendar.contents.get("method")
        assert bool(method) == bool(events(text)), "RFC 5546, 3.2.1: a PUBLISH message holds at least one event"
        assert [event.organizer.value for event in events(text)] == ["https://coopapi.test"] * len(events(text))


def test_changes_and_a_cancellation_carry_the_same_uid_and_a_higher_sequence(world):
    meeting = world.once(scheduled)
    seen = [events(ics(world, "europol", meeting))[0]]
    moved = step(world, "desk", meeting, "reschedule", reason="A hearing", **hours(world, 48, 50))
    assert moved.status_code == 200
    seen.append(events(ics(world, "europol", meeting))[0])
    tag = f'"{read(world, "desk", meeting)["etag"]}"'
    assert world.as_("desk").patch(f"/meetings/{meeting}", {"place": "Room Heron"}, If_Match=tag).status_code == 200
    seen.append(events(ics(world, "europol", meeting))[0])
    tag = f'"{read(world, "desk", meeting)["etag"]}"'
    assert world.as_("desk").patch(f"/meetings/{meeting}", {"agenda": "Another"}, If_Match=tag).status_code == 200
    assert step(world, "desk", meeting, "cancel", reason="Over").status_code == 200
    text = ics(world, "europol", meeting)
    seen.append(events(text)[0])

    assert [int(e.sequence.value) for e in seen] == [0, 1, 2, 3]
    assert {e.uid.value for e in seen} == {f"{meeting}@coopapi"}
    assert [e.status.value for e in seen] == ["CONFIRMED"] * 3 + ["CANCELLED"]
    assert vobject.readOne(text).method.value == "CANCEL"
    assert seen[1].dtstart.value - seen[0].dtstart.value > timedelta(hours=23)


def test_a_meeting_without_a_time_is_in_no_calendar(world):
    meeting = world.once(proposed)
    made = feed(world)

    refused = world.as_("europol").get(f"/meetings/{meeting}/calendar.ics")

    assert (refused.status_code, refused.json["type"]) == (409, "/problems/not-scheduled-yet")
    assert events(read_feed(world, made).get_data(as_text=True)) == []


def test_a_feed_has_the_meetings_of_its_authority_without_a_word_of_them(world):
    made = {who: feed(world, who) for who in ("prosecutor_fr", "desk_fr")}
    meeting = scheduled(world)
    cancelled = proposed(world)
    assert step(world, "desk", cancelled, "schedule", **hours(world, 72, 73)).status_code == 200
    assert step(world, "desk", cancelled, "cancel", reason="Over").status_code == 200

    found = read_feed(world, made["prosecutor_fr"])

    assert (found.status_code, found.mimetype) == (200, "text/calendar")
    text = found.get_data(as_text=True)
    assert {e.uid.value: e.status.value for e in events(text)} == {
        f"{meeting}@coopapi": "CONFIRMED",
        f"{cancelled}@coopapi": "CANCELLED",
    }
    assert {name for e in events(text) for name in e.contents} == {
        "uid", "summary", "dtstamp", "last-modified", "dtstart", "dtend", "sequence", "status", "class", "organizer",
    }  # fmt: skip
    assert events(read_feed(world, made["desk_fr"]).get_data(as_text=True)) == []


def test_a_feed_ends_with_the_access(world):
    made = feed(world)
    scheduled(world)
    assert len(events(read_feed(world, made).get_data(as_text=True))) == 1

    world.clock.forward(days=32)

    assert events(read_feed(world, made).get_data(as_text=True)) == []


def test_the_secret_is_shown_once_and_ends_when_it_is_taken_back(world, owner):
    made = feed(world)
    secret = made["address"].rsplit("/", 1)[1].removesuffix(".ics")
    assert "address" not in world.as_("prosecutor_fr").get("/calendar-feeds").json["items"][0]
    with owner.cursor() as cursor:
        cursor.execute("select f::text from calendar_feeds f")
        assert secret not in cursor.fetchone()[0]
    path = f"/calendar-feeds/{made['id']}/transitions"
    assert world.as_("prosecutor_ro").post(path, {"event": "revoke"}, If_Match='"v1"').status_code == 404

    revoked = world.as_("prosecutor_fr").post(path, {"event": "revoke"}, If_Match='"v1"')

    assert (revoked.status_code, revoked.json["state"]) == (200, "revoked")
    gone, never = read_feed(world, made), world.as_("anonymous").get("/calendar-feeds/never.ics")
    assert (gone.status_code, gone.data) == (404, never.data)
    assert world.as_("prosecutor_fr").post(path, {"event": "revoke"}, If_Match='"v2"').status_code == 409


def test_a_feed_asked_for_twice_under_one_key_shows_its_secret_once(world):
    me = world.as_("prosecutor_fr")
    first, second = (me.post("/calendar-feeds", Idempotency_Key="k") for _ in range(2))

    assert first.json["id"] == second.json["id"]
    assert "address" in first.json
    assert "address" not in second.json


def test_who_comes_through_a_case_of_its_own_has_the_meeting_in_its_calendar(world):
    made = feed(world, "prosecutor")
    meeting = scheduled(world)
    assert [e.uid.value for e in events(read_feed(world, made).get_data(as_text=True))] == [f"{meeting}@coopapi"]


def test_an_hour_that_comes_twice_is_said_in_utc(world):
    """In the night of 31 October 2027 the clocks of Amsterdam go back from three to two."""
    world.clock.at("2027-10-01T00:00:00+00:00")
    meeting = proposed(world)
    twice = {"starts_at": "2027-10-31T00:30:00Z", "ends_at": "2027-10-31T01:30:00Z"}
    assert step(world, "desk", meeting, "schedule", **twice).status_code == 200
    (event,) = events(world.as_("desk").get(f"/meetings/{meeting}/calendar.ics").get_data(as_text=True))
    assert (event.dtend.value - event.dtstart.value).total_seconds() == 3600
    assert event.dtstart.value.utcoffset().total_seconds() == 0


def test_a_feed_ends_with_the_account_of_whoever_made_it(world):
    made = feed(world)
    path = f"/authorities/{world.authorities['fr']}/people/{world.people['prosecutor_fr']}"
    assert world.as_("admin_fr").patch(path, {"active": False}, If_Match='"v1"').status_code == 200
    gone, never = read_feed(world, made), world.as_("anonymous").get("/calendar-feeds/never.ics")
    assert (gone.status_code, gone.data) == (404, never.data)
