"""Durations tell nothing of a hidden case, or of overlaps about victims, to those who may not know of them."""

import json
import re
from contextlib import contextmanager

import pytest
from assisting import sent, walk

STORY = "durations in two worlds"
UNTOLD_OF_HIDDEN = ("prosecutor", "central", "analyst", "desk", "auditor", "europol")
UNTOLD_OF_VICTIMS = ("colleague", "central", "analyst", "auditor", "contact", "uncleared", "auditor_fr")
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def story(world, clock):
    """What everybody may know: two overlaps, of which one is confirmed, and a request."""
    clock.at("2026-11-28T10:00:00+01:00")
    cases = []
    for number in range(2):
        mine, theirs = world.case("investigator"), world.case("foreign")
        for who, case in (("investigator", mine), ("foreign", theirs)):
            world.hold(who, case, f"owl{number}@example.org")
        cases.append(mine)
    taken = world.overlaps("investigator", cases[0])[0]["id"]
    clock.forward(hours=3)
    judged(world, "investigator", taken, "take")
    request = sent(world, case_id=cases[0])
    walk(world, request, ("prosecutor_fr", "receive"))
    return cases, clock.offset


def judged(world, who, overlap, event):
    me = world.as_(who)
    tag = me.get(f"/overlaps/{overlap}/transitions").json["etag"]
    assert me.post(f"/overlaps/{overlap}/transitions", {"event": event}, If_Match=f'"{tag}"').status_code == 200


def hidden(world, cases):
    """A hidden French case that overlaps with a Dutch one, and its request to Romania."""
    case = world.case("foreign", visibility="hidden", visibility_reason="covert")
    world.hold("foreign", case, "owl0@example.org")
    judged(world, "foreign", world.overlaps("foreign", case)[0]["id"], "take")
    sent(world, "prosecutor_fr", to="ro", reference="hidden", case_id=case)


def victims(world, cases):
    """An overlap about victims alone, which a cleared colleague has taken."""
    mine, theirs = cases[1], world.case("foreign")
    for who, case in (("investigator", mine), ("foreign", theirs)):
        world.hold(who, case, "heron@example.org", subject_id=world.subject(who, case, "victim"))
    known = {one["id"] for one in world.overlaps("colleague", mine)}
    (secret,) = {one["id"] for one in world.overlaps("investigator", mine)} - known
    judged(world, "investigator", secret, "take")


def without(world, cases):
    """The same cases without what is secret."""
    world.case("foreign")


def undecided(world, cases):
    """What is shared openly in the first overlap is withdrawn, so that all its evidence is about victims."""
    me = world.as_("investigator")
    world.hold("investigator", cases[0], "heron@example.org")
    theirs = next(case["id"] for case in world.as_("foreign").get("/cases").json["items"][1:])
    world.hold("foreign", theirs, "heron@example.org", subject_id=world.subject("foreign", theirs, "victim"))
    held = me.get(f"/cases/{cases[0]}/identifiers").json["items"]
    owl = next(one for one in held if one["value"] == "owl0@example.org")
    path = f"/cases/{cases[0]}/identifiers/{owl['id']}/transitions"
    gone = me.post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match=f'"{owl["etag"]}"')
    assert gone.status_code == 200, gone.json
    world.work()


def decided(world, cases):
    """Then a cleared person confirms it."""
    undecided(world, cases)
    (overlap,) = world.overlaps("investigator", cases[0])
    judged(world, "investigator", overlap["id"], "confirm")


def bytes_of(world, who, cases):
    paths = [f"/cases/{case}/{name}" for case in cases for name in ("durations", "waiting")] + [
        "/statistics/durations", "/statistics/durations?type=overlap",
    ]  # fmt: skip
    found = {}
    for place, path in enumerate(paths):
        answer = world.as_(who).get(path)
        ids = {}
        said = ID.sub(lambda seen, ids=ids: ids.setdefault(seen[0], f"id {len(ids)}"), json.dumps(answer.json))
        found[place, path.rsplit("/", 1)[1]] = (answer.status_code, said)
    return found


@pytest.fixture
def compare(world, clock, register, request):
    """What each caller is answered in the world with the secret, and in the world without it."""
    name = f"{STORY} of {request.node.name}"

    def told(secret, common, callers):
        worlds = []
        for tell in (secret, common):
            cases, clock.offset = register.as_of(name, lambda: story(world, clock))
            tell(world, cases)
            clock.at("2026-11-28T16:00:00+01:00")
            worlds.append({who: bytes_of(world, who, cases) for who in callers})
        return worlds

    return told


def nothing(world, cases):
    """Only what everybody knows."""


@contextmanager
def planted(owner, name, good, bad):
    """A function of the database with a leak in it."""
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef(%s::regproc)", (f"priv.{name}",))
        function = cursor.fetchone()[0]
        assert good in function
        try:
            cursor.execute(function.replace(good, bad))
            yield
        finally:
            cursor.execute(function)


def test_a_hidden_case_leaves_no_trace(compare):
    full, empty = compare(hidden, nothing, UNTOLD_OF_HIDDEN)
    assert full == empty


def test_overlaps_about_victims_leave_no_trace(compare):
    full, empty = compare(victims, without, UNTOLD_OF_VICTIMS)
    assert full == empty


def test_the_cleared_and_the_owner_see_them(compare):
    full, empty = compare(victims, without, ("investigator", "prosecutor"))
    assert full["investigator"] != empty["investigator"]
    assert full["prosecutor"] != empty["prosecutor"]


def test_what_the_cleared_decide_on_victims_alone_leaves_no_trace(compare):
    full, empty = compare(decided, undecided, UNTOLD_OF_VICTIMS)
    assert full == empty


@pytest.mark.parametrize(
    ("name", "secret", "common"), [("own_sides", "victims", "without"), ("timed_stages", "decided", "undecided")]
)
def test_a_planted_leak_is_seen(compare, owner, name, secret, common):
    with planted(owner, name, "cleared boolean := (select priv.cleared())", "cleared boolean := true"):
        full, empty = compare(globals()[secret], globals()[common], UNTOLD_OF_VICTIMS)
    assert full != empty
