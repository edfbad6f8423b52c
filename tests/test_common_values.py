"""Values that tell nobody apart: the register's list and the operator's additions never make an overlap alone, in any order of events."""

import hashlib
import itertools
import json
import random
from datetime import timedelta

import pytest

from coopapi.identifiers.formats import common
from coopapi.identifiers.kinds import Context, read
from coopapi.ops import administration
from coopapi.unicode_text import NORMALISER_VERSION

EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
HERON = "heron@chat.example"
SHOP = "orders@heron-shop.example"
PEOPLE = ("investigator", "foreign", "romanian")


def listed(world, **more):
    """Have the operator list the address of a shop."""
    body = {"value": {"kind": "email", "value": SHOP}, "reason": "Everybody orders there", **more}
    made = world.as_("operator").post("/exclusions", body)
    assert made.status_code == 201, made.json
    return made.json


def end(world, exclusion):
    path = f"/exclusions/{exclusion['id']}/transitions"
    ended = world.as_("operator").post(path, {"event": "withdraw", "reason": "settled"}, If_Match=f'"{exclusion["etag"]}"')
    assert ended.status_code == 200, ended.json


def two(world):
    return world.case("investigator"), world.case("foreign")


def shared(world, cases, value, kind="email"):
    for who, case in zip(("investigator", "foreign"), cases, strict=True):
        world.hold(who, case, value, kind=kind)


def evidence(world, who, case):
    (overlap,) = world.overlaps(who, case)
    return [(item["value"], (item["common_value"] or {}).get("code")) for item in overlap["evidence"]]


@pytest.fixture
def shorter_list(monkeypatch, owner):
    """Register as long as the register's list does not have a value yet. Afterwards everything counts as read by an older version."""

    def without(kind, register):
        with monkeypatch.context() as patched:
            patched.setitem(common._BY_KIND, kind, ())
            register()
        with owner.cursor() as cursor:
            cursor.execute("update identifiers set normaliser = normaliser - 1")

    return without


def no_difference(world):
    world.work()
    assert not any(administration.reconcile(world.app.extensions["coopapi"].database, repair=False).values())


def test_a_listed_value_alone_makes_no_overlap_and_the_identifier_says_why(world, owner):
    cases = two(world)
    shared(world, cases, EMPTY, kind="md5")
    assert world.overlaps("investigator", cases[0]) == world.overlaps("foreign", cases[1]) == []
    (held,) = world.as_("investigator").get(f"/cases/{cases[0]}/identifiers").json["items"]
    assert held["common_value"] == {
        "code": "empty_file",
        "detail": "This is the hash of an empty file.",
        "list_version": "2026-12",
    }
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from case_overlaps")
        assert cursor.fetchone() == (0,)
    no_difference(world)


def test_beside_a_telling_value_it_is_shown_with_the_reason_and_counts_for_nothing(world):
    cases = two(world)
    shared(world, cases, HERON)
    (before,) = world.overlaps("investigator", cases[0])
    shared(world, cases, EMPTY, kind="md5")
    assert evidence(world, "investigator", cases[0]) == [(HERON, None), (EMPTY, "listed")]
    (after,) = world.overlaps("investigator", cases[0])
    told = {"evidence", "side"}
    assert {k: v for k, v in after.items() if k not in told} == {k: v for k, v in before.items() if k not in told}
    assert (after["kinds"], after["shared_count"]) == (["email"], 1)
    no_difference(world)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("domain", "gmail.com", "gmail.com"),
        ("url", "https://gmail.com/a-page", "https://gmail.com/another-page"),
        ("imei", "358240051111110", "358240051111110"),
        ("phone", "+15555215554", "+15555215554"),
        ("btc_address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ],
)
def test_what_everybody_has_finds_nothing(world, kind, one, other):
    cases = two(world)
    world.hold("investigator", cases[0], one, kind=kind)
    world.hold("foreign", cases[1], other, kind=kind)
    assert world.overlaps("investigator", cases[0]) == []


def test_whether_a_host_is_listed_does_not_depend_on_what_others_hold(world):
    """A third country that registers the domain itself changes nothing for two addresses on it."""
    cases = two(world)
    world.hold("investigator", cases[0], "https://reeds.example/a", kind="url")
    world.hold("foreign", cases[1], "https://reeds.example/b", kind="url")
    before = world.overlaps("investigator", cases[0])[0]["strength"]
    world.hold("romanian", world.case("romanian"), "gmail.com", kind="domain")
    assert [o["strength"] for o in world.overlaps("investigator", cases[0])] == [before] == ["weak"]


def test_an_addition_of_the_operator_takes_overlaps_away_and_gives_them_back(world):
    cases = two(world)
    shared(world, cases, SHOP)
    (overlap,) = world.overlaps("investigator", cases[0])
    made = listed(world)
    assert made["listed"] == {"kind": "email", "value": SHOP}
    assert world.overlaps("investigator", cases[0]) == world.overlaps("foreign", cases[1]) == []
    (held,) = world.as_("foreign").get(f"/cases/{cases[1]}/identifiers").json["items"]
    assert (held["common_value"]["code"], held["common_value"]["list_version"]) == ("excluded", None)
    no_difference(world)
    end(world, made)
    assert [o["id"] for o in world.overlaps("foreign", cases[1])] == [overlap["id"]]
    (held,) = world.as_("foreign").get(f"/cases/{cases[1]}/identifiers").json["items"]
    assert held["common_value"] is None


def test_an_addition_lapses_and_the_overlap_is_back(world, clock):
    cases = two(world)
    listed(world, until=(clock() + timedelta(days=365)).isoformat())
    shared(world, cases, SHOP)
    assert world.overlaps("investigator", cases[0]) == []
    clock.forward(days=367)
    world.work()
    assert len(world.overlaps("investigator", cases[0])) == 1


def test_beside_a_telling_value_an_addition_is_shown(world):
    cases = two(world)
    listed(world)
    for value in (SHOP, HERON):
        shared(world, cases, value)
    assert evidence(world, "foreign", cases[1]) == [(HERON, None), (SHOP, "excluded")]


def test_only_the_operator_lists_a_value_without_a_case(world):
    body = {"value": {"kind": "email", "value": SHOP}, "reason": "x"}
    refused = world.as_("investigator").post("/exclusions", body)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/value/kind")
    for value in (
        {"kind": "md5", "value": "no hash"},
        {"kind": "email"},
        {"kind": "email", "value": SHOP, "case_id": world.case("foreign")},
    ):
        assert world.as_("operator").post("/exclusions", {"value": value, "reason": "x"}).status_code == 422


def test_when_the_list_grows_overlaps_that_rest_on_it_alone_go(world, shorter_list):
    cases = two(world)
    shorter_list("md5", lambda: shared(world, cases, EMPTY, kind="md5"))
    assert [o["strength"] for o in world.overlaps("investigator", cases[0])] == ["strong"]
    world.work()
    assert world.overlaps("investigator", cases[0]) == world.overlaps("foreign", cases[1]) == []
    assert world.as_("foreign").get("/events").json["items"][-1]["action"] == "overlap.withdrawn"
    no_difference(world)


def test_a_listed_value_of_a_victim_is_shown_to_the_uncleared_beside_nothing(world):
    """Two worlds: with or without evidence about a victim, the uncleared see the same."""
    cases = two(world)
    shared(world, cases, EMPTY, kind="md5")
    world.hold("investigator", cases[0], HERON)
    before = world.as_("uncleared").get("/overlaps").data, world.as_("uncleared").get("/events").data
    world.hold("foreign", cases[1], HERON, subject_id=world.subject("foreign", cases[1], "victim"))
    assert len(evidence(world, "foreign", cases[1])) == 2
    assert world.overlaps("uncleared", cases[1]) == []
    after = world.as_("uncleared").get("/overlaps").data
    assert after == before[0]


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_registering_listing_and_excluding_ends_in_the_same_overlaps(world, owner, monkeypatch, seed):
    """What stands is computed by brute force from what was done: pairs of cases with a shared value that is neither listed nor excluded."""
    chance = random.Random(seed)
    cases = [(who, world.case(who)) for who in PEOPLE for _ in range(2)]
    held = {case: set() for _, case in cases}
    grown, exclusion = False, None
    for _ in range(25):
        act = chance.choice(["register"] * 5 + ["withdraw", "grow", "exclude"])
        who, case = chance.choice(cases)
        if act == "register":
            kind, value = chance.choice([("md5", EMPTY), ("email", SHOP), ("email", HERON)])
            with monkeypatch.context() as patched:
                if not grown:
                    patched.setitem(common._BY_KIND, "md5", ())
                world.hold(who, case, value, kind=kind)
            held[case].add(value)
        elif act == "withdraw" and held[case]:
            (first, *_) = world.as_(who).get(f"/cases/{case}/identifiers?state=registered").json["items"]
            path = f"/cases/{case}/identifiers/{first['id']}/transitions"
            gone = world.as_(who).post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match=f'"{first["etag"]}"')
            assert gone.status_code == 200
            held[case].remove(first["value"])
        elif act == "grow" and not grown:
            grown = True
            with owner.cursor() as cursor:
                cursor.execute("update identifiers set normaliser = normaliser - 1")
            world.work()
        elif act == "exclude":
            exclusion = end(world, exclusion) if exclusion else listed(world)
        telling = {HERON} | (set() if grown else {EMPTY}) | (set() if exclusion else {SHOP})
        wanted = {frozenset((a, b)) for (_, a), (_, b) in itertools.combinations(cases, 2) if held[a] & held[b] & telling}
        with owner.cursor() as cursor:
            cursor.execute("select case_a::text, case_b::text from case_overlaps where state = 'detected'")
            assert {frozenset(pair) for pair in cursor.fetchall()} == wanted
    no_difference(world)


def test_every_version_of_the_list_is_kept_as_it_was():
    """A change of the list needs a new version, with the readers that use it, so that stored values are read again."""
    for version in common._VERSIONS:
        entries = [
            {name: value for name, value in entry.items() if name != "until"}
            for part in ("entries", "domains")
            for entry in common.in_force(part, version["version"])
        ]
        assert hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest() == version["sha256"]
    versions = [(version["version"], version["readers"]) for version in common._VERSIONS]
    assert versions == sorted(versions)
    assert versions[-1][1] <= NORMALISER_VERSION
    assert [common.list_version(readers) for readers in (1, 2, 3, 99)] == ["2026-11", "2026-11", "2026-12", versions[-1][0]]


def test_a_reading_of_a_listed_value_has_common_keys_only():
    assert all(key.common for key in read("md5", EMPTY, Context()).keys)
    assert [key.common for key in read("url", "https://gmail.com/a", Context()).keys] == [False, False, True]
