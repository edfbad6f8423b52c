"""The figures of durations equal those that are counted from the journal, which is written by other code."""

import random
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest
from assisting import SUBSCRIBER, TRAFFIC, act, sent, walk
from waiting import START, answer, ask, figures, judge


def brute(owner):
    """The hours in each state that was left, from the entries of the journal, one by one in plain Python."""
    with owner.cursor() as cursor:
        cursor.execute(
            "select object_type, object_id::text, at, action, detail from journal_entries"
            " where authority_id = (select id from authorities where name = 'National Police') order by id"
        )
        entries = cursor.fetchall()
        cursor.execute("select to_jsonb(m) from mla_measures m")
        measures = {row["id"]: row for (row,) in cursor.fetchall()}
        cursor.execute("select id::text, asked_at from disclosures")
        asked = dict(cursor.fetchall())
        cursor.execute("select o.id::text, case a.country when 'NL' then o.detected_a else o.detected_b end from case_overlaps o"
                       " join authorities a on a.id = o.authority_a")  # fmt: skip
        detected = dict(cursor.fetchall())
    entered = defaultdict(list)
    for type_, id_, at, action, detail in entries:
        if type_ == "overlap" and action.split(".")[1] in {"take", "confirm", "reject", "doubt", "release"}:
            entered[type_, id_].append((at, detail["state"]))
        elif action.startswith("disclosure.") and detail["state"] != "requested":
            entered["disclosure", detail["disclosure"]].append((at, detail["state"]))
        elif type_ == "request" and "measure" in detail:
            entered["measure", detail["measure"]].append((at, detail["state"]))
        elif action == "request.recognise":
            for measure, row in measures.items():
                if row["request_id"] == id_:
                    entered["measure", measure].insert(0, (at, "pending"))
    for id_, at in detected.items():
        entered["overlap", id_].insert(0, (at, "detected"))
    for id_, at in asked.items():
        entered["disclosure", id_].insert(0, (at, "requested"))
    hours = defaultdict(list)
    for (type_, _), steps in entered.items():
        for (since, state), (until, _) in pairwise(steps):
            hours[type_, state].append((until - since) / timedelta(hours=1))
    return hours


def test_the_figures_equal_a_recomputation_from_the_journal(world, owner, clock):
    clock.at(START)
    chance = random.Random(18)

    def wait():
        clock.forward(minutes=chance.randrange(10, 3000))

    for number in range(5):
        mine, theirs = world.case("prosecutor"), world.case("prosecutor_fr")
        world.hold("prosecutor", mine, f"owl{number}@example.org")
        world.hold("prosecutor_fr", theirs, f"owl{number}@example.org")
        overlap = world.overlaps("prosecutor", mine)[0]["id"]
        wait()
        judge(world, "prosecutor", overlap, "take")
        wait()
        decision = chance.choice(("confirm", "doubt", "release"))
        judge(world, "prosecutor", overlap, decision, **({"reason": "r"} if decision == "doubt" else {}))
        if decision == "confirm":
            disclosure = ask(world, "prosecutor", overlap)
            wait()
            if chance.random() < 0.5:
                answer(world, "prosecutor_fr", disclosure, "await_authorisation")
                wait()
            answer(world, "prosecutor_fr", disclosure, "refuse", reason="no", ground="authorisation_refused")
        request = sent(world, case_id=mine, reference=f"eio-{number}", measures=[SUBSCRIBER, TRAFFIC])
        for event in ("receive", "acknowledge", "recognise"):
            wait()
            walk(world, request, ("prosecutor_fr", event))
        for measure in range(2):
            for event in ("start", "execute", "transfer")[: chance.randrange(4)]:
                wait()
                assert act(world, "prosecutor_fr", request, measure, event).status_code == 200
    expected = brute(owner)
    found = defaultdict(list)
    for (type_, _, state), row in figures(world, "central").items():
        if type_ != "request" and row["hours"]:
            found[type_, state].append((row["hours"]["number"], row["hours"]["mean"] * row["hours"]["number"]))
    summed = {key: (sum(n for n, _ in parts), pytest.approx(sum(h for _, h in parts), rel=1e-2)) for key, parts in found.items()}
    assert {key: (len(values), sum(values)) for key, values in expected.items()} == summed
    assert {"measure", "overlap", "disclosure"} == {type_ for type_, _ in expected}
