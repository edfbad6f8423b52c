"""The difficulties and durations of a synthetic year equal what an independent program counts from the rows."""

from collections import defaultdict
from contextlib import closing

import psycopg2
import pytest
from statistics_brute import DRAFTING, NO_LAW, Brute, moment
from world import ISSUER

from bench import seed, year
from coopapi.jurisdiction.pairs import kinds
from coopapi.ops import administration

FIRST, AFTER = moment("2025-01-01T00:00:00Z"), moment("2026-01-01T00:00:00Z")
SIZE = year.Size(cases=100, requests=400, meetings=5, teams=5)
CALLERS = (
    ("answers for all", 0, "central_authority"),
    ("answers elsewhere", 1, "prosecutor"),
    ("answers for few", 5, "central_authority"),
)


def made(world, owner):
    """A small year, and people of large and small authorities."""
    database = world.app.extensions["coopapi"].database
    people = seed.enter_people(database, ISSUER)
    with closing(psycopg2.connect(owner.dsn, password=owner.info.password)) as connection:
        year.load(database, connection, people, SIZE, seed=11)
    callers = {}
    for name, place, role in CALLERS:
        home = people.actors[place].authority_id
        who = {"issuer": ISSUER, "subject": name, "name": name, "roles": [role], "victim_cleared": False}
        callers[name] = {"id": str(administration.add_person(database, home, who)), "authority_id": str(home), "cleared": False}
    return callers


@pytest.fixture
def callers(world, owner):
    return world.once(made, owner)


class Difficulties(Brute):
    """Counts difficulties request by request."""

    def __init__(self, owner, now, caller):
        super().__init__(owner, now, caller)
        self.measures, self.clocks = defaultdict(list), defaultdict(list)
        with owner.cursor() as cursor:
            cursor.execute("select to_jsonb(m) from mla_measures m")
            for (row,) in cursor.fetchall():
                self.measures[row["request_id"]].append(row)
        for row in self.rows["deadlines"]:
            if row["owed_by"] == "executing" and not row["cancelled_at"] and not row["suspended_at"] and row["rule"] not in NO_LAW:
                self.clocks[row["object_id"]].append(row)

    def of(self, request):
        """The difficulties of one request."""
        states = {row["state"] for row in self.measures[request["id"]]}
        found = set()
        if request["outcome"] == "refused" or "refused" in states:
            found.add("refused")
        if request["outcome"] == "not_fulfilled" or "not_executed" in states:
            found.add("not_executed")
        if request["outcome"] == "returned":
            found.add("returned")
        for clock in self.clocks[request["id"]]:
            due = moment(clock["due_at"])
            if clock["met_at"] is None and due < self.now:
                found.add("overdue")
            elif clock["met_at"] and moment(clock["met_at"]) > due:
                found.add("late")
        if request["state"] == "transmitted" and (self.now - moment(request["transmitted_at"])).total_seconds() > 30 * 86400:
            found.add("unanswered")
        return found

    def pairs(self):
        """For each pair of States its difficulties, and the requests that count once by the most serious one."""
        numbers = defaultdict(lambda: defaultdict(int))
        for request in (one for one in self.requests() if FIRST <= moment(one["transmitted_at"]) < AFTER):
            if request["kind"] in kinds() and request["executing_country"] and request["requesting_country"]:
                found, pair = self.of(request), (request["requesting_country"], request["executing_country"])
                for one in found:
                    numbers[pair][one] += 1
                if worst := next((one for one in ("refused", "not_executed", "overdue") if one in found), None):
                    numbers[pair]["total"] += 1
                    numbers[pair]["worst " + worst] += 1
        return {pair: dict(said) for pair, said in numbers.items()}


@pytest.mark.parametrize("name", [name for name, _, _ in CALLERS])
def test_difficulties_equal_a_recomputation(world, owner, clock, callers, name):
    told = world.as_(name).get("/difficulties?since=2025-01-01T00:00:00Z&until=2026-01-01T00:00:00Z")
    assert told.status_code == 200, told.json
    found = {}
    for row in told.json["items"]:
        said = {one["difficulty"]: one["requests"] for one in row["difficulties"] if one["difficulty"] != "asked_again"}
        said |= {"total": row["total"]} if row["total"] else {}
        said |= {f"worst {what}": row[what] for what in ("refused", "not_executed", "overdue") if row[what]}
        found[row["requesting_country"], row["executing_country"]] = said
        assert len(row["requests"]) == row["total"]
    counted = Difficulties(owner, clock(), callers[name]).pairs()
    assert {pair: said for pair, said in found.items() if said} == counted


def test_durations_of_requests_equal_those_of_the_stages(world, callers):
    for name in callers:
        me = world.as_(name)
        stages = me.get("/statistics/stages?by=kind").json["rows"]
        durations = me.get("/statistics/durations?type=request").json["rows"]
        by_stage = {(row["keys"]["kind"], row["stage"]): row["hours"] for row in stages if row["stage"] not in DRAFTING}
        sent = [row for row in durations if row["hours"] and row["state"] not in DRAFTING]  # drafts count before they are sent, too
        assert {(row["kind"], row["state"]): row["hours"] for row in sent} == by_stage
        assert by_stage or name == "answers for few"
