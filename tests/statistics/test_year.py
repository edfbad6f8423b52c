"""Every figure about a synthetic year equals what an independent program counts from the rows."""

from contextlib import closing

import psycopg2
import pytest
from statistics_brute import Brute
from world import ISSUER

from bench import seed, year
from coopapi.ops import administration
from coopapi.statistics import dimensions

SIZE = year.Size(cases=150, requests=500, meetings=60, teams=40, facts=20)
SUBJECTS = {
    "requests": (
        dimensions.OF_REQUESTS,
        ("requesting_country,executing_country", "year,measure,crime_category", "kind,urgency,outcome"),
    ),
    "overlaps": (dimensions.OF_OVERLAPS, ("strength,state,scope", "identifier_kind,region")),
    "cases": (dimensions.OF_CASES, ("state,stage,crime_category", "country,case_type")),
    "meetings": (dimensions.OF_MEETINGS, ("quarter,level", "country,state")),
    "teams": (dimensions.OF_TEAMS, ("legal_basis,state,country",)),
}


def made(world, owner):
    """A small year, and people who count in it: cleared and not, of large and small authorities, and a desk."""
    database = world.app.extensions["coopapi"].database
    people = seed.enter_people(database, ISSUER)
    with closing(psycopg2.connect(owner.dsn, password=owner.info.password)) as connection:
        year.load(database, connection, people, SIZE, seed=7)
    homes = [people.actors[place].authority_id for place in (0, 1, 5)]
    callers = {}
    for name, home, role, cleared in (
        ("counts cleared", homes[0], "prosecutor", True), ("counts uncleared", homes[0], "auditor", False),
        ("counts elsewhere", homes[1], "central_authority", False), ("counts in a small one", homes[2], "analyst", False),
        ("counts at the desk", people.desks["NL"], "desk", True),
    ):  # fmt: skip
        who = {"issuer": ISSUER, "subject": name, "name": name, "roles": [role], "victim_cleared": cleared}
        person = administration.add_person(database, home, who)
        callers[name] = {"id": str(person), "authority_id": str(home), "cleared": cleared}
    return callers


@pytest.fixture
def callers(world, owner):
    return world.once(made, owner)


def told(world, name, path):
    answer = world.as_(name).get(f"/statistics/{path}")
    assert answer.status_code == 200, answer.json
    return answer.json


def same(found, counted):
    """Whether two figures are equal; durations to a hundredth of an hour."""
    if isinstance(found, dict) and isinstance(counted, dict):
        return found.keys() == counted.keys() and all(same(found[name], counted[name]) for name in found)
    if isinstance(found, float) or isinstance(counted, float):
        return found == pytest.approx(counted, abs=0.011, rel=1e-5)
    return found == counted


def differing(answer, counted):
    rows = {
        tuple(row["keys"][name] for name in answer["by"]): {k: v for k, v in row.items() if k != "keys"} for row in answer["rows"]
    }
    assert len(rows) == len(answer["rows"])
    assert rows.keys() == counted.keys()
    return [
        (keys, name, rows[keys].get(name), counted[keys].get(name))
        for keys in rows
        for name in rows[keys].keys() | counted[keys].keys()
        if not same(rows[keys].get(name), counted[keys].get(name))
    ]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_group_of_every_dimension_is_what_plain_counting_gives(world, owner, clock, callers, subject):
    names, combined = SUBJECTS[subject]
    groups = 0
    for name, caller in callers.items():
        brute = Brute(owner, clock(), caller)
        count = getattr(brute, f"{subject.removesuffix('s')}_figures")
        for by in ("", *names, *combined):
            answer = told(world, name, f"{subject}?by={by}" if by else subject)
            assert differing(answer, count(answer["by"])) == [], (name, by)
            groups += len(answer["rows"])
    assert groups > 100


def test_filters_leave_what_plain_counting_leaves(world, owner, clock, callers):
    brute = Brute(owner, clock(), callers["counts cleared"])
    for query, wanted in (
        ("kind=eio", {"kind": "eio"}), ("direction=incoming&urgency=emergency", {"direction": "incoming", "urgency": "emergency"}),
        ("executing_country=FR", {"executing_country": "FR"}), ("instrument=budapest", {"instrument": "budapest"}),
    ):  # fmt: skip
        answer = told(world, "counts cleared", f"requests?by=kind,channel&{query}")
        assert answer["rows"]
        assert differing(answer, brute.request_figures(answer["by"], **wanted)) == []
    early = told(world, "counts cleared", "requests?since=2025-01-01T00:00:00Z&until=2025-07-01T00:00:00Z")["rows"][0]["issued"]
    assert early == sum(row["transmitted_at"] < "2025-07" for row in brute.requests()) > 0


def test_the_time_in_each_state(world, owner, clock, callers):
    for name, caller in callers.items():
        answer = told(world, name, "stages?by=kind")
        rows = {((row["keys"]["kind"],), row["stage"]): row["hours"] for row in answer["rows"]}
        counted = Brute(owner, clock(), caller).stage_figures(["kind"])
        assert rows.keys() == counted.keys()
        assert [key for key in rows if not same(rows[key], counted[key])] == []


def test_the_reports_of_the_year(world, owner, clock, callers):
    for name, caller in callers.items():
        brute = Brute(owner, clock(), caller)
        assert told(world, name, "eurojust?year=2025") == brute.annual(2025), name
        report = told(world, name, "e-evidence?year=2025")
        for part, kind in (("production", "epoc"), ("preservation", "epoc_pr")):
            wanted = {"kind": kind, "direction": "outgoing", "year": "2025"}
            counted = brute.request_figures(["data_category", "executing_authority", "emergency"], **wanted)
            rows = {(row["data_category"], row["addressee"], "yes" if row["emergency"] else "no"): row for row in report[part]}
            assert rows.keys() == counted.keys()
            for keys, row in rows.items():
                other = counted[keys]
                assert row["not_fulfilled"] == other["not_fulfilled"] + other["partly_fulfilled"]
                assert same(row["hours_to_obtain"], other["hours_to_obtain_whole"])
                assert (row["issued"], row["refused"], row["sent_for_enforcement"]) == (
                    other["issued"], other["refused"], other["enforcement_requested"],
                )  # fmt: skip


def test_some_cases_have_facts_as_precise_as_they_are_known(world, owner, callers):
    with owner.cursor() as cursor:
        cursor.execute("select case_id::text, precision, place_token is not null, words is not null, victims, id::text from facts")
        facts = cursor.fetchall()
        cursor.execute("select count(distinct fact_id) from fact_subjects")
        about = cursor.fetchone()[0]
        cursor.execute("select count(distinct fact_id), count(distinct identifier_id) from fact_identifiers")
        involved, identifiers = cursor.fetchone()
        cursor.execute("select count(*) from (select place_token from facts group by 1 having count(distinct case_id) > 1) p")
        shared = cursor.fetchone()[0]
    assert len({case for case, *_ in facts}) == SIZE.facts
    assert {precision for _, precision, *_ in facts} == {"second", "minute", "hour", "day", "month", "year", None}
    for place, least, most in ((2, 0.2, 0.45), (3, 0.6, 0.95), (4, 0.01, 0.6)):
        assert least < sum(one[place] for one in facts) / len(facts) < most
    assert min(about, involved, identifiers, shared) > 5
    home, counted = callers["counts cleared"]["authority_id"], 0
    for case in {case for case, *_ in facts}:
        answer = world.as_("counts cleared").get(f"/cases/{case}/timeline?kind=fact&limit=200&order=asc")
        if answer.status_code == 200 and answer.json["items"] and answer.json["items"][0]["authority"]["id"] == home:
            counted += 1
            assert {one["text"] for one in answer.json["items"]} > {None}
            assert {one["id"] for one in answer.json["items"]} <= {one[5] for one in facts if one[0] == case}
    assert counted
