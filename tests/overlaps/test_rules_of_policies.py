"""The functions behind pages of overlaps bypass the policies and use their rules: each caller gets from them what the policies show."""

import re
from pathlib import Path

import pytest
from test_definer_rights import run
from test_hidden_cases import show
from worlds.test_planted import planted

CALLERS = (
    "investigator",
    "colleague",
    "analyst",
    "foreign",
    "uncleared",
    "romanian",
    "prosecutor_ro",
    "desk",
    "desk_fr",
    "auditor",
)
FIRST = "9223372036854775807, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 1000"
PAGE = f"select id from priv.page_of_overlaps(cast(:case as uuid), '{{\"strength\": 0}}', {FIRST})"
SIDES = "select id from priv.shown_sides(cast(:overlaps as uuid[]), cast(:case as uuid))"
EVIDENCE = """select distinct overlap_id from priv.shown_evidence(cast(:overlaps as uuid[]),
    array_fill(cast(:case as uuid), array[cardinality(cast(:overlaps as uuid[]))]), '{50,50}', true, 0, 100)"""
OPENING = EVIDENCE.replace("distinct overlap_id", "count(*)") + " where wrapped is not null or sealed is not null"
FUNCTIONS = ("page_of_overlaps", "shown_sides", "shown_evidence")
LEAKS = {
    "of hidden cases": ("not o.hidden_", "true or o.hidden_"),
    "of what is not settled": ("o.id not in (select priv.unsettled())", "true"),
    "of evidence about victims": ("else o.open_detected_", "else o.detected_"),
    "after access was withdrawn": ("g.withdrawn_at is null", "true"),
    "to another person of the authority": ("g.principal_id is null or", "true or"),
}


def given(world, case, person=None):
    body = {"authority_id": str(world.authorities["ro"]), "level": "read", "reason": "R"}
    if person:
        body["principal_id"] = str(world.people[person])
    made = world.as_("prosecutor").post(f"/cases/{case}/access", body)
    assert made.status_code == 201, made.json
    return f"/cases/{case}/access/{made.json['id']}/transitions", made.headers["ETag"]


def withdraw(world, case, held):
    done = world.as_("foreign").post(
        f"/cases/{case}/identifiers/{held['id']}/transitions",
        {"event": "withdraw", "reason": "inaccurate"},
        If_Match=f'"{held["etag"]}"',
    )
    assert done.status_code == 200, done.json


def show_when_nothing_is_shared_any_more(world, case):
    """Withdraw the values of a hidden case, show the case, and give the Dutch its index: they see its overlaps from its side alone."""
    for held in world.as_("foreign").get(f"/cases/{case}/identifiers").json["items"]:
        withdraw(world, case, held)
    world.work()
    show(world, "foreign", case)
    world.work()
    body = {"authority_id": str(world.authorities["nl"]), "level": "index", "reason": "R"}
    assert world.as_("foreign").post(f"/cases/{case}/access", body).status_code == 201


def overlaps_of_all_kinds(world):
    """Make overlaps that only some callers may know of, each for another reason, and one that lost its evidence just now."""
    ours, theirs = [[world.case(who) for _ in range(6)] for who in ("investigator", "foreign")]
    ours.append(world.case("investigator"))
    theirs.append(world.case("foreign", visibility="hidden"))
    ours.append(world.case("investigator"))
    theirs.append(world.case("foreign", visibility="hidden"))
    victim = world.subject("foreign", theirs[1], "victim")
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        about = {"subject_id": victim} if number == 1 else {}
        values = [f"{bird}{number}@example.org" for bird in (["owl"] if about else ["owl", "heron"])]
        world.hold("investigator", mine, *values)
        world.hold("foreign", other, *values, **about)
    world.work()
    show_when_nothing_is_shared_any_more(world, theirs[7])
    show(world, "foreign", theirs[2], "hidden")
    given(world, ours[3], "romanian")
    path, tag = given(world, ours[4])
    assert world.as_("prosecutor").post(path, {"event": "withdraw", "reason": "R"}, If_Match=tag).status_code == 200
    world.work()
    withdraw(world, theirs[5], world.as_("foreign").get(f"/cases/{theirs[5]}/identifiers").json["items"][0])
    return ours + theirs


def differing(world, owner, cases):
    """Yield what a caller gets from a function that the policies do not show it in the same way."""
    with owner.cursor() as cursor:
        cursor.execute("select array_agg(id::text) from case_overlaps")
        every = cursor.fetchone()[0]

    def ids(who, sql, case=None):
        return {row[0] for row in run(world, who, sql, **({} if ":" not in sql else {"overlaps": every, "case": case}))}

    for who in CALLERS:
        seen = ids(who, "select id from case_overlaps")
        of_case = {case: ids(who, f"select id from case_overlaps where '{case}' in (case_a, case_b)") for case in cases}
        granted = {str(row[0]) for row in run(world, who, "select id from cases")}
        yield from ((who, sql) for sql in (PAGE, SIDES) if ids(who, sql) != seen)
        for case, mine in of_case.items():
            found = mine if case in granted else set()
            yield from ((who, sql, case) for sql in (PAGE, SIDES, EVIDENCE) if not ids(who, sql, case) <= found)
            if ids(who, PAGE, case) != ids(who, SIDES, case):
                yield who, case


@pytest.fixture
def cases(world, idle):
    return world.once(overlaps_of_all_kinds)


def test_the_pages_of_overlaps_have_what_the_policies_show(world, owner, cases):
    assert list(differing(world, owner, cases)) == []
    counts = [
        len(run(world, who, "select id from case_overlaps")) for who in ("investigator", "colleague", "romanian", "prosecutor_ro")
    ]
    assert counts == sorted(set(counts), reverse=True)


# What shown_evidence has of evidence about victims it leaves out itself: tests/worlds/test_planted.py
PLANTED = [(name, leak) for name in FUNCTIONS for leak in LEAKS if (name, leak) != ("shown_evidence", "of evidence about victims")]


@pytest.mark.parametrize(("function", "leak"), PLANTED)
def test_a_rule_that_a_function_does_not_use_is_missed(world, owner, cases, function, leak):
    with planted(owner, function, *LEAKS[leak]):
        assert any(differing(world, owner, cases))


def test_what_opens_a_value_is_given_only_to_those_who_may_read_the_case(world, owner, cases):
    """The application asks for it for the roles that may read values; the function alone looks at the level of access."""
    ((overlap,),) = run(world, "investigator", "select cast(id as text) from case_overlaps where case_a = :case", case=cases[0])

    def given(who):
        return run(world, who, OPENING, overlaps=[overlap], case=cases[0])[0][0]

    assert (given("desk"), given("investigator")) == (0, 2)
    with planted(owner, "shown_evidence", "g.level >= 2", "g.level >= 1"):
        assert given("desk") > 0


def test_an_overlap_that_is_seen_from_the_other_side_alone_is_shown_from_there(world, cases):
    """It was once looked for on the side of the own case, where nobody was told of it, and every list with it failed."""
    me, theirs = world.as_("investigator"), cases[-1]
    (shown,) = [one for one in me.get("/overlaps?state=withdrawn").json["items"] if one["case_id"] == theirs]
    for path in ("", "/evidence", "/transitions"):
        assert me.get(f"/overlaps/{shown['id']}{path}").status_code == 200


def test_the_rarity_of_the_strongest_is_that_of_the_first_of_the_sorted_rows(owner):
    text = (Path(__file__).parents[2] / "migrations" / "rules" / "00_templates.sql").read_text()
    rarity = re.search(r"^-- template RARITY_OF_STRONGEST\(.*?\n(\(.*?)\n\n", text, re.MULTILINE | re.DOTALL)[1]
    rows = "generate_series(0, 1023) g cross join lateral (select (g >> 2 * n) & 3 w, n % 3 s from generate_series(0, 4) n) x"
    with owner.cursor() as cursor:
        cursor.execute(
            f"select g, {rarity.format(rarity='w', strength='s')}, (array_agg(w order by s desc, w))[1] from {rows} group by g"
        )
        found = cursor.fetchall()
    assert {first for _, _, first in found} == {0, 1, 2, 3}
    assert [row for row in found if row[1] != row[2]] == []
