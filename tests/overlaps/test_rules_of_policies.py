"""The functions behind pages of overlaps bypass the policies and use their rules: each caller gets from them what the policies show."""

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


def overlaps_of_all_kinds(world):
    """Make overlaps that only some callers may know of, each for another reason, and one that lost its evidence just now."""
    ours, theirs = [[world.case(who) for _ in range(6)] for who in ("investigator", "foreign")]
    ours.append(world.case("investigator"))
    theirs.append(world.case("foreign", visibility="hidden"))
    victim = world.subject("foreign", theirs[1], "victim")
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        about = {"subject_id": victim} if number == 1 else {}
        values = [f"{bird}{number}@example.org" for bird in (["owl"] if about else ["owl", "heron"])]
        world.hold("investigator", mine, *values)
        world.hold("foreign", other, *values, **about)
    world.work()
    show(world, "foreign", theirs[2], "hidden")
    given(world, ours[3], "romanian")
    path, tag = given(world, ours[4])
    assert world.as_("prosecutor").post(path, {"event": "withdraw", "reason": "R"}, If_Match=tag).status_code == 200
    world.work()
    held = world.as_("foreign").get(f"/cases/{theirs[5]}/identifiers").json["items"][0]
    gone = world.as_("foreign").post(
        f"/cases/{theirs[5]}/identifiers/{held['id']}/transitions",
        {"event": "withdraw", "reason": "inaccurate"},
        If_Match=f'"{held["etag"]}"',
    )
    assert gone.status_code == 200, gone.json
    return ours + theirs


def differing(world, owner, cases):
    """What a caller gets from a function that the policies do not show it in the same way."""
    with owner.cursor() as cursor:
        cursor.execute("select array_agg(id::text) from case_overlaps")
        every = cursor.fetchone()[0]

    def ids(who, sql, case=None):
        return {row[0] for row in run(world, who, sql, **({} if ":" not in sql else {"overlaps": every, "case": case}))}

    wrong = []
    for who in CALLERS:
        seen = ids(who, "select id from case_overlaps")
        of_case = {case: ids(who, f"select id from case_overlaps where '{case}' in (case_a, case_b)") for case in cases}
        granted = {str(row[0]) for row in run(world, who, "select id from cases")}
        wrong += [(who, sql) for sql in (PAGE, SIDES) if ids(who, sql) != seen]
        for case, mine in of_case.items():
            found = mine if case in granted else set()
            wrong += [(who, sql, case) for sql in (PAGE, SIDES, EVIDENCE) if not ids(who, sql, case) <= found]
            wrong += [] if ids(who, PAGE, case) == ids(who, SIDES, case) else [(who, case)]
    return wrong


@pytest.fixture
def cases(world, idle):
    return world.once(overlaps_of_all_kinds)


def test_the_pages_of_overlaps_have_what_the_policies_show(world, owner, cases):
    assert differing(world, owner, cases) == []
    counts = [
        len(run(world, who, "select id from case_overlaps")) for who in ("investigator", "colleague", "romanian", "prosecutor_ro")
    ]
    assert counts == sorted(set(counts), reverse=True)


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_rule_that_a_function_does_not_use_is_missed(world, owner, cases, function, leak):
    if (function, leak) == ("shown_evidence", "of evidence about victims"):
        return  # it leaves out this evidence itself: tests/worlds/test_planted.py
    with planted(owner, function, *LEAKS[leak]):
        assert differing(world, owner, cases) != []
