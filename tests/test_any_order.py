"""Any order of registering, withdrawing, correcting, hiding and re-labelling ends in the overlaps that a rebuild would find."""

import itertools
import json
import random
from functools import cache

import pytest

from bench import persons
from coopapi.config import MOST_CROWD, MOST_HOLDERS
from coopapi.matching.similarity import STRENGTHS
from coopapi.persons.record import read_person
from coopapi.persons.score import judge

REBUILD = """
with holders as (
    select h.token, count(distinct coalesce(k.i, h.case_id)) filter (where not h.hidden) every_holder,
           count(distinct coalesce(k.i, h.case_id)) filter (where not h.hidden and h.roles is distinct from '{victim}') open_holders
    from holdings h left join lateral (select h.identifier_id i where h.strength <= 0) k on true group by 1),
counted as (
    select h.*, t.family, case when t.family = any (%(fewer)s) then 2 else 4 end most from holders h join match_tokens t using (token)),
met as (
    select x.case_id a, y.case_id b, x.identifier_id i, y.identifier_id j, c.token, c.family,
           case when x.strength > 0 then least(x.strength, y.strength) else (
               select j.strength from judged j where j.a = least(x.identifier_id, y.identifier_id)
                                                 and j.b = greatest(x.identifier_id, y.identifier_id)) end s,
           coalesce(x.roles = '{victim}' or y.roles = '{victim}', x.roles = '{victim}', y.roles = '{victim}', false) v
    from holdings x join holdings y on x.token = y.token and x.case_id < y.case_id and x.strength + y.strength > -2
    join counted c on c.token = x.token
         and case when '{victim}' in (x.roles, y.roles) then c.every_holder else c.open_holders end <= c.most),
link as (  -- one key of a beginning of a name and a year is no reason to compare, two are
    select a, b, i, j, max(s) s, bool_or(v) v from met where s is not null group by 1, 2, 3, 4
    having bool_or(family <> 'person:letters+year') or count(distinct token) > 1)
select a, b, max(s), count(distinct i), count(distinct j), coalesce(max(s) filter (where not v), 0),
       count(distinct i) filter (where not v), count(distinct j) filter (where not v)
from link group by 1, 2 order by 1, 2"""
FEWER = [f"person:{family}" for family in persons.FEWER]
STORED = """
select case_a, case_b, strength, shared_a, shared_b, open_strength, open_shared_a, open_shared_b
from case_overlaps where state = 'detected' order by 1, 2"""
COUNTS = """
select t.token, t.family, t.cases, t.open_cases, t.hidden_cases, count(distinct coalesce(i, h.case_id)) filter (where not h.hidden),
       count(distinct coalesce(i, h.case_id)) filter (where not h.hidden and h.roles is distinct from '{victim}'),
       count(distinct coalesce(i, h.case_id)) filter (where h.hidden)
from match_tokens t left join holdings h on h.token = t.token
left join lateral (select h.identifier_id i where not t.exact) key on true group by 1, 2, 3, 4, 5"""
STALE = """
select count(*) from holdings h join cases c on c.id = h.case_id left join identifiers i on i.id = h.identifier_id
where h.hidden <> (c.visibility = 'hidden') or i.withdrawn_at is not null or c.state = 'withdrawn' or h.roles is distinct from (
    select array_agg(distinct s.category order by s.category) from identifier_subjects l join subjects s on s.id = l.subject_id
    where l.identifier_id = i.id)"""
PEOPLE_SEEN = [
    {"names": [{"full": "Александр Мироненко"}], "birth_dates": ["1984-05-17"]},
    {"names": [{"full": "Oleksandr Myronenko"}], "birth_dates": ["1984-05-17"], "gender": "M"},
    {"names": [{"full": "MYRONENKO Sasha"}]},
    {"names": [{"full": "Andrii Myronenko"}], "birth_dates": ["1984-05-17"], "gender": "M"},
    {"names": [{"full": "Ivana Margolec"}], "birth_dates": ["1989-06-03"], "gender": "F"},
    {"names": [{"full": "Iva Marfolec"}], "birth_dates": ["1989"], "gender": "F"},
    {"names": [{"full": "I. Marfolek"}], "birth_dates": ["1989"], "gender": "F"},
]
VALUES = [f"bird-{n}@example.org" for n in range(4)] + ["bird-0+tag@example.org"]
PEOPLE = ["investigator", "foreign", "romanian"]


class Play:
    """A few cases of three countries, and what may happen to them."""

    def __init__(self, world, chance):
        self.world, self.chance = world, chance
        self.cases = [(who, world.case(who)) for who in PEOPLE for _ in range(3)]
        self.subjects = {case: world.subject(who, case) for who, case in self.cases}
        self.others = {case: world.subject(who, case, "victim") for who, case in self.cases}
        self.people = {case: [] for _, case in self.cases}

    def change(self, who, path, body, method="PATCH"):
        etag = self.world.as_(who).get(path.removesuffix("/transitions")).headers["ETag"]
        self.world.as_(who).send(method, path, body, If_Match=etag)

    def some_identifier(self, who, case):
        found = self.world.as_(who).get(f"/cases/{case}/identifiers?state=registered").json["items"]
        return self.chance.choice(found)["id"] if found else None

    def register(self, who, case):
        items = [
            {"kind": "email", "value": value, **({"subjects": [{"id": self.subjects[case]}]} if self.chance.random() < 0.5 else {})}
            for value in self.chance.sample(VALUES, self.chance.randint(1, 3))
        ]
        assert self.world.as_(who).post(f"/cases/{case}/identifiers", {"identifiers": items}).status_code in (201, 409)

    def register_person(self, who, case):
        item = {"kind": "person", "person": self.chance.choice(PEOPLE_SEEN), "subjects": [{"id": self.subjects[case]}]}
        made = self.world.as_(who).post(f"/cases/{case}/identifiers", {"identifiers": [item]})
        assert made.status_code in (201, 409), made.json

    def withdraw(self, who, case):
        if identifier := self.some_identifier(who, case):
            self.change(
                who, f"/cases/{case}/identifiers/{identifier}/transitions", {"event": "withdraw", "reason": "inaccurate"}, "POST"
            )

    def correct(self, who, case):
        if identifier := self.some_identifier(who, case):
            kind = self.world.as_(who).get(f"/cases/{case}/identifiers/{identifier}").json["kind"]
            new = {"person": self.chance.choice(PEOPLE_SEEN)} if kind == "person" else {"value": self.chance.choice(VALUES)}
            self.change(who, f"/cases/{case}/identifiers/{identifier}", new)

    def hide(self, who, case):
        self.change(who, f"/cases/{case}", {"visibility": self.chance.choice(["hidden", "hit_no_hit", "open_index"])})

    def relabel(self, who, case):
        self.change(
            who, f"/cases/{case}/subjects/{self.subjects[case]}", {"category": self.chance.choice(["victim", "suspect", "witness"])}
        )

    def relink(self, who, case):
        if identifier := self.some_identifier(who, case):
            both = [self.subjects[case], self.others[case]]
            some = self.chance.sample(both, self.chance.randint(1, 2))
            self.change(who, f"/cases/{case}/identifiers/{identifier}", {"subjects": [{"id": one} for one in some]})

    def end(self, who, case):
        if self.chance.random() < 0.2:
            self.change(who, f"/cases/{case}/transitions", {"event": "withdraw", "reason": "filed by mistake"}, "POST")

    def step(self):
        acts = (
            [self.register] * 4
            + [self.register_person] * 3
            + [self.withdraw, self.correct, self.hide, self.relabel, self.relink, self.end]
        )
        act, changed = self.chance.choice(acts), self.chance.choice(self.cases)
        act(*changed)
        self.people[changed[1]] = people_in(self.world, *changed)


def people_in(world, who, case):
    """The persons of a case as they are stored: identifier, case, and what was said, as JSON."""
    if case not in {one["id"] for one in world.as_(who).get("/cases").json["items"]}:
        return []
    found = world.as_(who).get(f"/cases/{case}/identifiers?kind=person&state=registered&limit=200").json["items"]
    return [(item["id"], item["case_id"], json.dumps(item["person"])) for item in found]


@cache
def level_of(one, other):
    return judge(*(read_person(json.loads(person)) for person in (one, other))).level


def judge_anew(people, cursor):
    """Compare every two persons there are by their stored names, without any key: what is alike, by brute force."""
    cursor.execute("create temporary table if not exists judged (a uuid, b uuid, strength smallint); delete from judged")
    for (a, of_a, one), (b, of_b, other) in itertools.combinations(sorted(itertools.chain(*people.values())), 2):
        if of_a != of_b and (level := level_of(one, other)):
            cursor.execute("insert into judged values (%s, %s, %s)", (a, b, STRENGTHS[level]))


def counted(family):
    """The number of holders of a token at which counting ends."""
    if not family.startswith("person:"):
        return MOST_HOLDERS + 1
    return MOST_CROWD * persons.FEWER.get(family.removeprefix("person:"), persons.CROWD) // persons.CROWD + 1


@pytest.fixture
def counted_up_to(owner, database):
    """Have holders counted up to another number, one above the limits of the tests at least."""
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef('priv.most_counted()'::regprocedure)")
        (as_shipped,) = cursor.fetchone()

        def count_up_to(most):
            cursor.execute(as_shipped.replace(str(MOST_HOLDERS + 1), str(most)))
            database.engine.dispose()  # plans that are kept have the number in them

        yield count_up_to
        count_up_to(MOST_HOLDERS + 1)


@pytest.mark.parametrize(("seed", "most"), [*((seed, MOST_HOLDERS + 1) for seed in range(6)), *((seed, 5) for seed in range(4))])
def test_any_order_of_events_ends_in_what_a_rebuild_finds(world, owner, counted_up_to, seed, most):
    counted_up_to(most)
    play = Play(world, random.Random(seed))
    for _ in range(60):
        play.step()
        with owner.cursor() as cursor:
            judge_anew(play.people, cursor)
            cursor.execute(REBUILD, {"fewer": FEWER})
            rebuilt = cursor.fetchall()
            cursor.execute(STORED)
            assert cursor.fetchall() == rebuilt
            cursor.execute(COUNTS)
            counts = cursor.fetchall()
            assert [row for row in counts if row[2:5] != tuple(min(n, most, counted(row[1])) for n in row[5:8])] == []
            cursor.execute(STALE)
            assert cursor.fetchone() == (0,)
    assert play.people == {case: people_in(world, who, case) for who, case in play.cases}


def test_the_comparison_sees_a_lost_overlap(world, owner):
    """The control: one stored overlap changed behind the register's back is a difference."""
    for who in PEOPLE:
        world.hold(who, world.case(who), VALUES[0])
    with owner.cursor() as cursor:
        cursor.execute(
            "update case_overlaps set state = 'withdrawn', shared_a = 0 where id = (select id from case_overlaps limit 1)"
        )
        judge_anew({}, cursor)
        cursor.execute(REBUILD, {"fewer": FEWER})
        rebuilt = cursor.fetchall()
        cursor.execute(STORED)
        assert len(cursor.fetchall()) == len(rebuilt) - 1 == 2
