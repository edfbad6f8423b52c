"""Timelines tell nothing of what their reader must not learn: victims' facts, hidden cases, and acts of teams and meetings of others.

Each story is played twice, once without the secret, and the reader asks at the same moments. What it is answered must be the same, by its
bytes: entries, pages, cursors, co-occurrences, and when the change counter changes.
"""

from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
import teaming
from gathering import proposed
from test_policies import mutated
from timelining import fact
from worlds.comparing import differences
from worlds.play import START, STEP

from coopapi.timelines import changes, co_occurrences, line

TICK = timedelta(milliseconds=20)
PLACE = {"place": {"name": "Hotel Heron"}, "country": "NL"}
QUESTIONS = ("order=asc&limit=3", "undated=true")
OF_SEVERAL = (
    "", "kind=fact", "kind=act&limit=4", "undated=true", "type=stay", "text=heron", "as_known_on=2026-12-01T08:03:30Z",
    "since=2026-03-01T00:00:00Z&until=2026-04-01T00:00:00Z&limit=1",
)  # fmt: skip


class Reader:
    """Somebody who asks for the timelines of the same cases again and again."""

    def __init__(self, world, who, cases):
        self.world, self.caller, self.cases = world, world.as_(who), cases
        self.answers, self.counters, self.moment = {}, {}, 0

    def ask(self):
        self.moment += 1
        paths = {f"case {n}": (f"/cases/{case}/timeline", "") for n, case in enumerate(self.cases)}
        paths["merged"] = ("/timelines", "&".join(f"case_id={case}" for case in self.cases))
        for name, (path, chosen) in paths.items():
            for query in OF_SEVERAL if chosen else QUESTIONS:
                self._pages(name, path, "&".join(filter(None, (chosen, query))), query)
            change = self.counters.get(name)
            answer = self._get(f"{path}?{chosen}&change={change}", f"{name} change")
            self.counters[name] = answer.json["change"]

    def _pages(self, name, path, asked, query):
        answer, number = self._get(f"{path}?{asked}", f"{name} {query} 0"), 0
        while answer.json.get("next"):
            number += 1
            answer = self._get(f"{path}?{asked}&cursor={answer.json['next']}", f"{name} {query} {number}")

    def _get(self, path, name):
        answer = self.caller.get(path, X_Request_Id="walk")
        assert answer.status_code == 200, answer.json
        self.answers["timeline", f"moment {self.moment:02} {name}"] = answer
        return answer


def ticking(world):
    """Let time pass before each request, so that what it makes is later than what was there."""
    as_ = world.as_

    def later(who):
        world.clock.stopped += TICK
        return as_(who)

    world.as_ = later
    return world


def compared(lab, who, story):
    """Play a story in both worlds; gives where the reader is answered differently."""
    answers = []
    for full in (True, False):
        world, places = lab.world()
        ticking(world)
        world.clock.stopped = START
        reader = Reader(world, who, [])
        for minute, step in enumerate(story(world, {name: case for name, (case, _) in places.items()}, reader, full=full)):
            del step
            world.clock.stopped = START + (minute + 1) * STEP
            world.work()
            reader.ask()
        answers.append(reader.answers)
    lab.stories += 1
    lab.comparisons += len(answers[0])
    return differences(*answers)


def given(world, by, case, to, level="read"):
    body = {"authority_id": str(world.authorities[to]), "level": level, "reason": "R"}
    assert world.as_(by).post(f"/cases/{case}/access", body).status_code == 201


def victims_facts(world, cases, reader, *, full):
    """Cleared people record, correct and withdraw facts about victims that coincide with what the others see."""
    mine, theirs = reader.cases[:] = cases["nl1"], cases["fr1"]
    given(world, "foreign", theirs, "nl")
    given(world, "investigator", mine, "fr")
    (here,) = world.hold("investigator", mine, "heron@example.org")
    (there,) = world.hold("foreign", theirs, "heron@example.org")
    fact(world, "investigator", mine, "2026-03-05T14:20Z", "stay", identifiers=[{"id": here}], **PLACE)
    fact(world, "foreign", theirs, "2026-05-05", "stay", text="Left with the heron", zone="Europe/Paris")
    yield
    secrets = []
    if full:
        secret = {"about_victim": True, "text": "The heron was seen", **PLACE}
        secrets = [
            fact(world, "foreign", theirs, "2026-03-05T14:20:30Z", "stay", identifiers=[{"id": there}], **secret),
            fact(world, "foreign", theirs, None, "stay", **secret),
            fact(world, "investigator", mine, "2026-03-05T14:20Z", "stay", identifiers=[{"id": here}], **secret),
        ]
    yield
    for secret in secrets[:2]:
        path = f"/cases/{theirs}/facts/{secret}"
        tag = world.as_("foreign").get(path).headers["ETag"]
        assert world.as_("foreign").patch(path, {"text": "No heron"}, If_Match=tag).status_code == 200
    yield
    for secret in secrets[:1]:
        path = f"/cases/{theirs}/facts/{secret}"
        tag = world.as_("foreign").get(path).headers["ETag"]
        body = {"event": "withdraw", "reason": "inaccurate"}
        assert world.as_("foreign").post(f"{path}/transitions", body, If_Match=tag).status_code == 200
    yield
    fact(world, "foreign", theirs, "2026-03-05T14:20Z", "stay", identifiers=[{"id": there}], **PLACE)
    yield


def hidden_case(world, cases, reader, *, full):
    """A hidden case of others holds what the reader's cases hold, and has facts that coincide with theirs."""
    mine, other = reader.cases[:] = cases["nl1"], cases["nl2"]
    (here,) = world.hold("investigator", mine, "heron@example.org")
    (also,) = world.hold("investigator", other, "heron@example.org")
    fact(world, "investigator", mine, "2026-03-05T14:20Z", "stay", identifiers=[{"id": here}], **PLACE)
    fact(world, "investigator", other, "2026-03-05T14:20Z", "stay", identifiers=[{"id": also}], **PLACE)
    yield
    if full:
        secret = world.case("foreign", reference="FR-SECRET", visibility="hidden")
        (there,) = world.hold("foreign", secret, "heron@example.org")
        fact(world, "foreign", secret, "2026-03-05T14:20Z", "stay", identifiers=[{"id": there}], **PLACE)
    yield
    fact(world, "investigator", mine, "2026-03-06", "stay", zone="Europe/Paris")
    yield


def acts_of_others(world, cases, reader, *, full):
    """The owner of a case forms a team, convenes a meeting, and looks; a mere reader of the case takes no part in these."""
    mine, other = reader.cases[:] = cases["nl1"], cases["nl2"]
    for case in (mine, other):
        given(world, "investigator", case, "ro")
    yield
    if full:
        teaming.active(world, cases=[mine], until=teaming.days(world, 365))
        proposed(world, origin=("case", mine), guests=("fr",))
    yield
    for path in ("", "/identifiers", "/timeline", "/overlaps") if full else ():
        assert world.as_("investigator").get(f"/cases/{mine}{path}").status_code == 200
    yield
    fact(world, "investigator", mine, "2026-03-05T14:20Z", "stay", **PLACE)
    yield


STORIES = {
    "victims' facts and a colleague": (victims_facts, "colleague"),
    "victims' facts and an analyst": (victims_facts, "analyst"),
    "victims' facts and the uncleared of the other side": (victims_facts, "uncleared"),
    "a hidden case": (hidden_case, "investigator"),
    "acts of others": (acts_of_others, "romanian"),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_timeline_is_the_same_without_what_its_reader_must_not_learn(lab, name):
    story, who = STORIES[name]
    assert compared(lab, who, story) == []


def test_victims_facts_that_the_policy_lets_through_are_seen(lab, owner):
    with mutated(owner, "facts", "seen"):
        differing = compared(lab, "colleague", victims_facts)
    assert "moment 02 merged kind=fact 0?" in [path for path, *_ in differing]


def test_a_case_that_the_policies_let_through_is_seen(lab, owner):
    with mutated(owner, "journal_entries", "seen"):
        assert compared(lab, "romanian", acts_of_others) != []


@contextmanager
def counted(owner, monkeypatch, table, where=""):
    """The number of rows of a table, which some answer tells by a leak."""

    def count():
        with owner.cursor() as cursor:
            cursor.execute(f"select count(*) from {table} {where}")
            return cursor.fetchone()[0]

    with monkeypatch.context() as patched:
        yield patched, count


def test_a_counter_that_counts_what_others_do_is_seen(lab, owner, monkeypatch):
    counter = changes.counter
    with counted(owner, monkeypatch, "facts", "where victims") as (patched, count):
        patched.setattr(changes, "counter", lambda work, cases: f"{int(counter(work, cases), 16) ^ count():032x}")
        differing = [path for path, *_ in compared(lab, "colleague", victims_facts)]
    assert any("change" in path for path in differing)


def test_a_counter_that_a_hidden_case_moves_is_seen(lab, owner, monkeypatch):
    counter = changes.counter
    with counted(owner, monkeypatch, "cases") as (patched, count):
        patched.setattr(changes, "counter", lambda work, cases: f"{int(counter(work, cases), 16) ^ count():032x}")
        assert compared(lab, "investigator", hidden_case) != []


def test_a_cursor_that_is_longer_for_what_was_left_out_is_seen(lab, owner, monkeypatch):
    place = line._place
    with counted(owner, monkeypatch, "facts", "where victims") as (patched, count):
        patched.setattr(line, "begins_at", lambda work, wanted, of: _without(begins_at(work, wanted, of)))
        patched.setattr(line, "_place", lambda row: {**place(row), "left_out": " " * 300 * count()})
        differing = compared(lab, "colleague", victims_facts)
    assert all("cursor" in here + there for _, here, there in differing if "limit" in _)
    assert differing != []


begins_at = line.begins_at


def _without(at):
    return at and {name: at[name] for name in ("at", "act", "fact")}


class AsOwner:
    """A statement that is run with the rights of the owner of the database, to whom no policy applies."""

    def __init__(self, owner, sql):
        self.owner, self.sql = owner, sql

    def rows(self, _session, identifiers):
        with self.owner.cursor() as cursor:
            cursor.execute(self.sql, ([str(one) for one in identifiers],))
            return [Linked(*map(UUID, row)) for row in cursor.fetchall()]


class Linked:
    def __init__(self, identifier_id, fact_id):
        self.identifier_id, self.fact_id = identifier_id, fact_id


def test_a_co_occurrence_with_a_victims_fact_is_seen(lab, owner, monkeypatch):
    sql = "select identifier_id::text, fact_id::text from fact_identifiers where identifier_id = any (%s::uuid[]) order by 1, 2"
    monkeypatch.setattr(co_occurrences, "_ELSEWHERE", AsOwner(owner, sql))
    differing = [path for path, *_ in compared(lab, "colleague", victims_facts)]
    assert any("merged" in path for path in differing)
    assert not any("moment 02 case" in path for path in differing)
