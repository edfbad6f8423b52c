"""Points of contact: who keeps them, when they are reachable, and whom an emergency is for."""

from datetime import datetime
from uuid import uuid4

import pytest
from entries import POINT, change, point

from coopapi.auth.authentication import actor_of
from coopapi.contacts import service

OFFICE_HOURS = [{"weekday": day, "opens": "09:00", "closes": "17:30"} for day in range(5)]
A_MONDAY_AT_TEN = "2026-11-23T09:00:00+00:00"


def read(world, row, who="romanian"):
    found = world.as_(who).get(f"/contact-points/{row['id']}")
    assert found.status_code == 200, found.json
    return found.json


def pointers(answer):
    assert answer.status_code == 422, answer.json
    return [fault["pointer"] for fault in answer.json["errors"]]


def emergency(world, country):
    """Whom an emergency in a country is for, as the Dutch prosecutor's request asks."""
    database = world.app.extensions["coopapi"].database
    with database.work(lambda s: actor_of(s, "https://issuer.test", "prosecutor", None), uuid4().hex) as work:
        found = service.emergency_contact(work, country)
        return str(found.id) if found else None


def test_an_authority_enters_its_own_and_everybody_who_is_signed_in_reads_it(world):
    made = point(world, always=True)
    assert made["authority_id"] == str(world.authorities["nl"])

    for who in ("romanian", "desk_fr", "analyst", "auditor_fr", "judge_fr"):
        assert read(world, made, who)["contact"]["emergency_phone"] == "+31 20 555 0100"
    assert world.as_("anonymous").get("/contact-points").status_code == 401


def test_nobody_writes_for_another_authority_but_the_operator(world):
    french = {**POINT, "authority_id": str(world.authorities["fr"])}
    for who in ("admin", "central", "contact"):
        assert world.as_(who).post("/contact-points", french).json["type"] == "/problems/not-your-entry"

    made = world.as_("operator").post("/contact-points", french)
    assert (made.status_code, made.json["authority_id"]) == (201, french["authority_id"])
    assert change(world, "contact", "contact-points", made.json, always=True).status_code == 403
    assert change(world, "contact_fr", "contact-points", made.json, always=True).status_code == 200


def test_an_unknown_authority_is_named_in_the_refusal(world):
    answer = world.as_("operator").post("/contact-points", {**POINT, "authority_id": str(uuid4())})
    assert pointers(answer) == ["/authority_id"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"time_zone": "Europe/Atlantis"}, "/time_zone"),
        ({"time_zone": "localtime"}, "/time_zone"),
        ({"time_zone": "CET"}, "/time_zone"),
        ({"time_zone": "+01:00"}, "/time_zone"),
        ({"languages": ["nl", "heronish"]}, "/languages/1"),
        ({"languages": ["nl", "nl"]}, "/languages"),
        ({"powers": ["arrests"]}, "/powers/0"),
        ({"network": "pigeon"}, "/network"),
        ({"application": "applied"}, "/application"),
        ({"valid_until": "2025-12-31"}, "/valid_until"),
        ({"hours": [{"weekday": 7, "opens": "09:00", "closes": "17:00"}]}, "/hours/0/weekday"),
        ({"hours": [{"weekday": 0, "opens": "9:00", "closes": "17:00"}]}, "/hours/0/opens"),
        ({"hours": [{"weekday": 0, "opens": "22:00", "closes": "06:00"}]}, "/hours/0/closes"),
        ({"contact": {"person": "A. Wren"}}, "/contact/person"),
        ({"reachable_now": True}, "/reachable_now"),
    ],
)
def test_an_entry_says_nothing_wrong_and_neither_does_its_change(world, wrong, pointer):
    assert pointers(world.as_("contact").post("/contact-points", {**POINT, **wrong})) == [pointer]
    assert pointers(change(world, "contact", "contact-points", point(world), **wrong)) == [pointer]


def test_an_application_is_for_contact_points_of_eurojust(world):
    made = point(world, network="eurojust_contact_point", application="applied")
    assert change(world, "contact", "contact-points", made, application="accepted").json["application"] == "accepted"


def test_a_change_names_its_version(world):
    made = point(world)
    path = f"/contact-points/{made['id']}"
    assert world.as_("contact").patch(path, {"always": True}).status_code == 428
    assert change(world, "contact", "contact-points", made, always=True).status_code == 200
    assert change(world, "contact", "contact-points", made, always=False).status_code == 412


def test_an_entry_ends_and_stays_readable(world, clock):
    clock.at("2026-11-24T12:00:00+00:00")
    made = point(world)
    assert change(world, "contact", "contact-points", made, valid_until="2026-11-24").status_code == 200
    assert [p["id"] for p in world.as_("romanian").get("/contact-points").json["items"]] == [made["id"]]

    clock.at("2026-11-25T00:00:01+00:00")

    assert world.as_("romanian").get("/contact-points").json["items"] == []
    assert read(world, made)["valid_until"] == "2026-11-24"
    assert world.as_("admin").send("DELETE", f"/contact-points/{made['id']}").status_code == 405


def test_the_list_is_filtered_by_country_network_and_power(world):
    dutch = point(world)
    french = point(world, "contact_fr", network="ejn", powers=["legal_information"])
    wanted = {"country=FR": french, "network=art35_24_7": dutch, "power=preserves": dutch, "power=legal_information": french}
    for query, only in wanted.items():
        assert [p["id"] for p in world.as_("romanian").get(f"/contact-points?{query}").json["items"]] == [only["id"]]


@pytest.mark.parametrize(
    ("zone", "moment", "open_"),
    [
        ("Europe/Amsterdam", "2026-11-23T07:59:59+00:00", False),
        ("Europe/Amsterdam", "2026-11-23T08:00:00+00:00", True),
        ("Europe/Amsterdam", "2026-11-23T16:29:59+00:00", True),
        ("Europe/Amsterdam", "2026-11-23T16:30:00+00:00", False),
        # Friday before and Monday after summer time ends on Sunday 25 October 2026
        ("Europe/Amsterdam", "2026-10-23T07:00:00+00:00", True),
        ("Europe/Amsterdam", "2026-10-26T07:00:00+00:00", False),
        ("Europe/Amsterdam", "2026-10-26T08:00:00+00:00", True),
        # the United States change on 8 March 2026, Europe three weeks later
        ("America/New_York", "2026-03-06T13:30:00+00:00", False),
        ("America/New_York", "2026-03-09T13:30:00+00:00", True),
        ("Europe/Amsterdam", "2026-03-27T07:30:00+00:00", False),
        ("Europe/Amsterdam", "2026-03-30T07:30:00+00:00", True),
        # the weekday is the office's: Sunday evening in UTC is Monday morning in Auckland, Friday night there a Saturday
        ("Pacific/Auckland", "2026-11-22T20:30:00+00:00", True),
        ("Pacific/Auckland", "2026-11-27T20:30:00+00:00", False),
        ("Asia/Kathmandu", "2026-11-23T03:14:59+00:00", False),
        ("Asia/Kathmandu", "2026-11-23T03:15:00+00:00", True),
    ],
)
def test_an_office_is_reachable_by_its_own_clock(world, clock, zone, moment, open_):
    made = point(world, time_zone=zone, hours=OFFICE_HOURS)
    clock.at(moment)
    assert read(world, made)["reachable_now"] == ("unverified" if open_ else "no")


def test_a_night_is_two_entries_that_meet_at_midnight(world, clock):
    night = [{"weekday": 5, "opens": "22:00", "closes": "24:00"}, {"weekday": 6, "opens": "00:00", "closes": "06:00"}]
    made = point(world, time_zone="Europe/Amsterdam", hours=night)
    # the night in which 02:00 to 03:00 comes twice: the office is open for nine hours
    for moment, open_ in {
        "2026-10-24T19:59:59+00:00": False,
        "2026-10-24T21:59:59+00:00": True,
        "2026-10-24T22:00:00+00:00": True,
        "2026-10-25T04:59:59+00:00": True,
        "2026-10-25T05:00:00+00:00": False,
    }.items():
        clock.at(moment)
        assert read(world, made)["reachable_now"] == ("unverified" if open_ else "no"), moment


def test_around_the_clock_needs_no_hours_and_no_hours_are_no_promise(world):
    assert point(world, always=True)["reachable_now"] == "unverified"
    assert point(world)["reachable_now"] == "no"


def test_who_transmits_tells_how_a_point_answered(world, clock):
    made = point(world)
    path = f"/contact-points/{made['id']}/checks"
    logged = world.as_("prosecutor_fr").post(path, {"outcome": "reached", "minutes": 4})
    assert (logged.status_code, logged.json["authority_id"]) == (201, str(world.authorities["fr"]))
    assert world.as_("contact_fr").post(path, {"outcome": "no_answer"}).status_code == 201
    for who in ("romanian", "admin", "analyst", "desk", "operator"):
        assert world.as_(who).post(path, {"outcome": "reached"}).status_code == 403
    assert pointers(world.as_("contact_fr").post(path, {"outcome": "asleep"})) == ["/outcome"]
    assert pointers(world.as_("contact_fr").post(path, {"outcome": "reached", "minutes": -1})) == ["/minutes"]

    told = world.as_("romanian").get(path).json["items"]
    assert [(c["outcome"], c["minutes"]) for c in told] == [("no_answer", None), ("reached", 4)]
    shown = read(world, made)
    assert (shown["checks_30_days"], shown["reached_30_days"]) == (2, 1)

    clock.forward(days=31)

    shown = read(world, made)
    assert (shown["checks_30_days"], shown["reached_30_days"]) == (0, 0)
    assert len(world.as_("romanian").get(path).json["items"]) == 2


def test_the_checks_of_one_point_are_not_those_of_another(world):
    called, other = point(world), point(world)
    world.as_("prosecutor_fr").post(f"/contact-points/{called['id']}/checks", {"outcome": "reached"})
    assert world.as_("romanian").get(f"/contact-points/{other['id']}/checks").json["items"] == []
    assert world.as_("romanian").get(f"/contact-points/{uuid4()}/checks").status_code == 404
    assert {p["id"]: p["checks_30_days"] for p in world.as_("romanian").get("/contact-points").json["items"]} == {
        called["id"]: 1,
        other["id"]: 0,
    }


def test_an_entry_grows_stale_180_days_after_it_was_verified(world, clock):
    made = point(world)
    assert (made["stale"], made["verified_days_ago"]) == (True, None)
    verified = change(world, "contact", "contact-points", made, verified=True).json
    assert (verified["stale"], verified["verified_days_ago"]) == (False, 0)
    assert datetime.fromisoformat(verified["last_verified_at"]) <= clock()

    clock.forward(days=180, minutes=-1)
    assert read(world, made)["stale"] is False
    clock.forward(minutes=2)
    assert (read(world, made)["stale"], read(world, made)["verified_days_ago"]) == (True, 180)


def test_a_change_alone_verifies_nothing(world):
    changed = change(world, "contact", "contact-points", point(world), always=True).json
    assert changed["last_verified_at"] is None
    assert pointers(change(world, "contact", "contact-points", changed, verified=False)) == ["/verified"]


def test_an_emergency_is_for_the_conventions_point_before_another_that_answers_too(world):
    g7 = point(world, "contact_fr", network="g7_24_7", always=True)
    convention = point(world, "contact_fr", always=True)
    assert emergency(world, "FR") == convention["id"]
    assert change(world, "contact_fr", "contact-points", convention, valid_until="2026-02-01").status_code == 200
    assert emergency(world, "FR") == g7["id"]


def test_an_emergency_is_for_whoever_is_there_now(world, clock):
    by_day = point(world, "contact_fr", time_zone="Europe/Paris", hours=OFFICE_HOURS)
    always = point(world, "contact_fr", network="g7_24_7", always=True)
    clock.at(A_MONDAY_AT_TEN)
    assert emergency(world, "FR") == by_day["id"]
    clock.forward(hours=12)
    assert emergency(world, "FR") == always["id"]


def test_of_two_points_of_one_network_the_one_that_preserves_comes_first(world):
    point(world, "contact_fr", always=True, powers=["technical_advice"])
    preserving = point(world, "admin_fr", always=True, powers=["preserves"])
    assert emergency(world, "FR") == preserving["id"]


def test_an_emergency_finds_nobody_where_no_point_is_open_around_the_clock(world):
    point(world, "contact_fr", network="ejn", always=True)
    point(world, "contact", always=True)
    assert emergency(world, "FR") is None


def test_a_provider_is_no_point_of_contact_of_the_country_it_is_established_in(world):
    wanted = {**POINT, "authority_id": str(world.authorities["provider"]), "always": True}
    refused = world.as_("operator").post("/contact-points", wanted)
    assert (refused.json["type"], pointers(refused)) == ("/problems/only-for-itself", ["/network"])
    made = world.as_("operator").post("/contact-points", {**wanted, "network": "other"})
    assert made.status_code == 201
    assert pointers(change(world, "operator", "contact-points", made.json, network="g7_24_7")) == ["/network"]
    assert emergency(world, "IE") is None


def test_the_journal_tells_what_was_kept_without_a_number_to_call(world):
    made = point(world)
    change(world, "contact", "contact-points", made, verified=True)
    world.as_("contact").post(f"/contact-points/{made['id']}/checks", {"outcome": "reached"})

    told = world.as_("auditor").get("/journal").json["items"]

    ours = [e for e in told if e["action"].startswith("contact_point.")]
    assert {e["action"] for e in ours} == {"contact_point.entered", "contact_point.changed", "contact_point.called"}
    assert "+31" not in str(ours)
