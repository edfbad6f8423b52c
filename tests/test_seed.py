"""What the generator of synthetic registers loads is what registrations over HTTP write."""

import json
from contextlib import closing

import psycopg2
import pytest
from world import ISSUER

from bench import seed, synthetic
from coopapi.ops import administration
from coopapi.store import vault

IDENTIFIERS = 160
REGISTRATIONS = {"case.registered", "subject.added", "identifiers.registered"}
OWN = ("id", "sealed", "wrapped", "fingerprint", "digest", "at", "uid", "xid", "request_id", "rank", "open_rank")
"""Columns that differ between any two registrations: ids, times, and what is encrypted or keyed for one case."""
RAW = "select to_jsonb(t) from {} t"
TABLES = [*(table for table in seed.TABLES if table != "matching_queue"), "match_tokens", "case_overlaps", "likenesses"]


@pytest.fixture
def everything():
    return list(synthetic.cases(IDENTIFIERS, seed=502))


def load(database, people, everything, owner):
    with closing(psycopg2.connect(owner.dsn, password=owner.info.password)) as connection:
        seed.load(database, connection, people, everything, IDENTIFIERS)


def post(world, people, everything):
    for case in everything:
        me = world.as_(people.actors[case.home].name)
        made = me.post("/cases", case.body)
        assert made.status_code == 201, made.json
        path = f"/cases/{made.json['id']}"
        subjects = [me.post(f"{path}/subjects", body).json["id"] for body in case.subjects]
        items = [dict(item) for item in case.items]
        for item in items:
            if "subject" in item:
                item["subjects"] = [{"id": subjects[item.pop("subject")]}]
        answer = me.post(f"{path}/identifiers", {"identifiers": items})
        assert answer.status_code == 201, answer.json


def stored(owner, database):
    """All rows of the register, with names in place of ids and with values in place of what is encrypted."""
    with owner.cursor() as cursor:
        rows = {}
        for table in TABLES:
            cursor.execute(RAW.format(table))
            rows[table] = [row for (row,) in cursor.fetchall()]
    rows["journal_entries"] = [row for row in rows["journal_entries"] if row["action"] in REGISTRATIONS]
    return named(rows, database)


def named(rows, database):
    cases = {row["id"]: row for row in rows["cases"]}
    names = {case_id: row["reference"] for case_id, row in cases.items()}
    wrapped = {row["case_id"]: bytes.fromhex(row["wrapped"][2:]) for row in rows["case_keys"]}
    names |= {row["id"]: f"{names[row['case_id']]}/{row['pseudonym']}" for row in rows["subjects"]}
    for row in rows["identifiers"]:
        key = vault.case_key(database.keys, row["case_id"], wrapped[row["case_id"]])
        opened = vault.open_value(key, bytes.fromhex(row["sealed"][2:]), cases[row["case_id"]]["authority_id"], row["id"])
        row["opened"] = opened
        names[row["id"]] = f"{names[row['case_id']]}/{row['kind']}/{json.dumps(opened, sort_keys=True)}"
    return {table: sorted(json.dumps(plain(row, names), sort_keys=True) for row in of) for table, of in rows.items()}


def plain(row, names):
    """A row without what is its own; overlaps and likenesses from the side whose name comes first."""
    told = {name: names.get(value, value) if isinstance(value, str) else value for name, value in row.items()}
    told = {name: value for name, value in told.items() if name not in OWN and not name.endswith(("_at", "since"))}
    told |= {name: value is not None for name, value in told.items() if "detected_" in name or "shown_" in name}
    sides = sorted({name[:-2] for name in told if name.endswith("_a")})
    if sides:
        both = sorted([[str(told.pop(f"{side}_{which}")) for side in sides] for which in "ab"])
        return told | {"sides": both}
    return told


def test_the_generator_loads_what_registrations_over_http_write(world, register, everything, database, owner):
    load(database, authorities(register, database), everything, owner)
    loaded = stored(owner, database)
    assert administration.reconcile(database, repair=False) == {"overlaps": 0, "tokens": 0, "strays": 0, "likenesses": 0}
    post(world, authorities(register, database), everything)
    registered = stored(owner, database)
    assert min(len(rows) for rows in loaded.values()) > 0
    for table in TABLES:
        assert loaded[table] == registered[table], table


def authorities(register, database):
    """The synthetic authorities, on an otherwise empty register."""

    def made():
        register.empty()
        return seed.enter_people(database, ISSUER)

    return register.as_of("synthetic authorities", made)


def test_the_same_seed_gives_the_same_register():
    assert list(synthetic.cases(200, seed=3)) == list(synthetic.cases(200, seed=3))
    assert list(synthetic.cases(200, seed=3)) != list(synthetic.cases(200, seed=4))


def test_a_register_has_the_stated_skew():
    every = list(synthetic.cases(20_000))
    items = [item for case in every for item in case.items]
    holders = {}
    for case in every:
        for item in case.items:
            holders.setdefault(json.dumps({**item, "subject": 0}, sort_keys=True), set()).add(case.number)
    assert 19_000 <= len(items) <= 20_000
    assert 0.84 < sum(len(case.body["countries"]) == 1 for case in every) / len(every) < 0.90
    assert 0.01 < sum(item["kind"] == "person" for item in items) / len(items) < 0.03
    assert 0.90 < sum(len(cases) == 1 for cases in holders.values()) / len(holders) < 0.99
    assert max(map(len, holders.values())) > 8
    assert {script(item["person"]["names"][0]["full"]) for item in items if item["kind"] == "person"} == {"0", "3", "4", "6", "8"}


def script(name):
    """Latin, Greek, Cyrillic, Arabic and Chinese letters, by the first digit of their place in Unicode."""
    return {0x0: "0", 0x3: "3", 0x4: "4", 0x6: "6"}.get(ord(name[0]) >> 8, "8")
