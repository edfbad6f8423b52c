"""One value of several people: a link for each, those to victims for the cleared alone, and matching by all of them."""

import pytest
from test_definer_rights import run
from test_handling import HERON
from test_victims import news

from coopapi.ops import administration

PHONE = "+31612345678"
PASSED_ON = "2026-03-02T00:00:00+00:00"


def case_of_two(world, who="investigator"):
    """A case with a suspect and a victim."""
    case = world.case(who)
    return case, world.subject(who, case), world.subject(who, case, "victim")


def register(world, who, case, *subjects, value=PHONE, kind="phone"):
    item = {"kind": kind, "value": value, "subjects": [one if isinstance(one, dict) else {"id": one} for one in subjects]}
    made = world.as_(who).post(f"/cases/{case}/identifiers", {"identifiers": [item]})
    assert made.status_code == 201, made.json
    return made.json["identifiers"][0]["id"]


def read(world, who, case, identifier):
    answer = world.as_(who).get(f"/cases/{case}/identifiers/{identifier}")
    assert answer.status_code == 200, answer.json
    return answer


def subjects(world, who, case, identifier):
    return [link["id"] for link in read(world, who, case, identifier).json["subjects"]]


def relink(world, who, case, identifier, *ids, **more):
    version = read(world, who, case, identifier).headers["ETag"]
    body = {"subjects": [one if isinstance(one, dict) else {"id": one} for one in ids], **more}
    return world.as_(who).patch(f"/cases/{case}/identifiers/{identifier}", body, If_Match=version)


def no_difference(world):
    assert not any(administration.reconcile(world.app.extensions["coopapi"].database, repair=False).values())


def test_a_phone_that_was_passed_on_is_one_identifier_of_two_people(world):
    case, suspect, _ = case_of_two(world)
    witness = world.subject("investigator", case, "witness")
    first = register(world, "investigator", case, suspect)
    assert register(world, "investigator", case, {"id": witness, "since": PASSED_ON, "basis": "assessment"}) == first
    assert register(world, "investigator", case, suspect) == first
    shown = read(world, "investigator", case, first).json
    assert shown["subjects"] == [
        {"id": suspect, "since": None, "basis": "fact"},
        {"id": witness, "since": PASSED_ON, "basis": "assessment"},
    ]
    for one in (suspect, witness):
        found = world.as_("investigator").get(f"/cases/{case}/identifiers?subject_id={one}").json["items"]
        assert [item["id"] for item in found] == [first]


@pytest.mark.parametrize("linked", [(0,), (1,), (0, 1), ()])
def test_a_request_with_one_value_twice_is_answered_as_the_identifier_is_read(world, linked):
    """The link of the second entry was stored and once missing in the answer."""
    case, suspect, _ = case_of_two(world)
    items = [{"kind": "phone", "value": PHONE, **({"subjects": [{"id": suspect}]} if n in linked else {})} for n in range(2)]
    made = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": items}).json["identifiers"]
    shown = read(world, "investigator", case, made[0]["id"]).json
    assert made == [shown, shown]
    assert [link["id"] for link in shown["subjects"]] == [suspect][: len(linked)]


def test_the_second_entry_of_a_suspects_phone_does_not_lose_the_victim(world):
    """It once answered with the first row, and the victim was lost."""
    case, suspect, victim = case_of_two(world)
    held = register(world, "investigator", case, suspect)
    register(world, "investigator", case, victim)
    assert subjects(world, "investigator", case, held) == [suspect, victim]
    there = world.case("foreign")
    register(world, "foreign", there)
    (mine,) = world.overlaps("investigator", case)
    assert (mine["roles"], mine["evidence"][0]["my_roles"], mine["evidence"][0]["their_roles"]) == (
        ["suspect-unknown", "unknown-victim"],
        ["suspect", "victim"],
        [],
    )
    (theirs,) = world.overlaps("foreign", there)
    assert theirs["evidence"][0]["their_roles"] == ["suspect", "victim"]
    no_difference(world)


def test_withdrawing_a_link_leaves_the_value_and_the_other_links(world):
    case, suspect, victim = case_of_two(world)
    held = register(world, "investigator", case, suspect, victim)
    assert relink(world, "investigator", case, held, victim).status_code == 200
    assert subjects(world, "investigator", case, held) == [victim]
    assert relink(world, "investigator", case, held).json["subjects"] == []
    assert read(world, "investigator", case, held).json["value"] == PHONE


def test_a_link_names_a_subject_of_the_case_once_and_one_of_whom_the_kind_may_be_stored(world):
    case, suspect, victim = case_of_two(world)
    other = world.subject("investigator", world.case("investigator"))
    for links, pointer in (([other], "/identifiers/0/subjects/0/id"), ([suspect, suspect], "/identifiers/0/subjects/1/id")):
        item = {"kind": "phone", "value": PHONE, "subjects": [{"id": one} for one in links]}
        refused = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [item]})
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, pointer)
    hashed = register(world, "investigator", case, suspect, value="0f" * 32, kind="sha256")
    refused = relink(world, "investigator", case, hashed, suspect, victim)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/kind")
    item = {"kind": "sha256", "value": "0f" * 32, "subjects": [{"id": victim}]}
    assert world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [item]}).status_code == 422


def test_a_category_that_forbids_the_kind_is_refused_also_for_one_of_several_links(world):
    case, suspect, _ = case_of_two(world)
    second = world.subject("investigator", case)
    register(world, "investigator", case, suspect, second, value="0f" * 32, kind="sha256")
    refused = world.as_("colleague").patch(f"/cases/{case}/subjects/{second}", {"category": "victim"}, If_Match='"v1"')
    assert (refused.status_code, refused.json["kinds"]) == (409, ["sha256"])


def uncleared_view(world, case, there, identifier):
    """Everything that uncleared people of both sides read of a case and its overlap."""
    mine = [f"/cases/{case}/identifiers", f"/cases/{case}/identifiers/{identifier}", f"/cases/{case}/overlaps", f"/cases/{case}",
            f"/cases/{case}/timeline", "/overlaps", f"/cases/{case}/overlaps/high-frequency"]  # fmt: skip
    theirs = [f"/cases/{there}/overlaps", "/overlaps", f"/cases/{there}/timeline"]
    answers = [world.as_("colleague").get(path) for path in mine] + [world.as_("uncleared").get(path) for path in theirs]
    events = [
        [(e["action"], e["object_id"], e["detail"]) for e in world.as_(who).get("/events").json["items"]]
        for who in ("colleague", "uncleared")
    ]
    return [(answer.status_code, answer.data, answer.headers.get("ETag")) for answer in answers], events


ACTS = {
    "registered again": lambda world, case, _held, _suspect, victim: register(world, "investigator", case, victim),
    "linked": lambda world, case, held, suspect, victim: relink(world, "investigator", case, held, suspect, victim),
    "linked and unlinked": lambda world, case, held, suspect, victim: [
        relink(world, "investigator", case, held, *ids) for ids in ([suspect, victim], [suspect])
    ],
    "corrected": lambda world, case, held, suspect, victim: relink(
        world, "investigator", case, held, suspect, {"id": victim, "since": PASSED_ON, "basis": "assessment"}
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_the_uncleared_see_the_same_bytes_etag_events_and_counts_with_and_without_a_victims_link(world, act):
    """Two worlds: before the link there is the world without it."""
    case, suspect, victim = case_of_two(world)
    held = register(world, "investigator", case, suspect)
    there = world.case("foreign")
    register(world, "foreign", there)
    before = uncleared_view(world, case, there, held)
    ACTS[act](world, case, held, suspect, victim)
    no_difference(world)
    after = uncleared_view(world, case, there, held)
    assert after == before
    stale = world.as_("colleague").patch(f"/cases/{case}/identifiers/{held}", {"basis": "fact"}, If_Match='"v1"')
    assert stale.status_code == 200
    assert len(world.overlaps("uncleared", there)) == 1


def test_the_comparison_sees_a_link_that_is_not_to_a_victim(world):
    """The sabotage of the test above."""
    case, suspect, _ = case_of_two(world)
    held = register(world, "investigator", case, suspect)
    there = world.case("foreign")
    register(world, "foreign", there)
    before = uncleared_view(world, case, there, held)
    register(world, "investigator", case, world.subject("investigator", case, "witness"))
    after = uncleared_view(world, case, there, held)
    assert [b == a for b, a in zip(before[0], after[0], strict=True)].count(False) >= 4
    assert after[1] != before[1]


def test_an_uncleared_person_replaces_only_the_links_that_it_sees(world):
    case, suspect, victim = case_of_two(world)
    held = register(world, "investigator", case, suspect, victim)
    assert subjects(world, "colleague", case, held) == [suspect]
    witness = world.subject("colleague", case, "witness")
    assert [link["id"] for link in relink(world, "colleague", case, held, witness).json["subjects"]] == [witness]
    assert set(subjects(world, "investigator", case, held)) == {victim, witness}
    again = relink(world, "colleague", case, held, {"id": victim, "since": PASSED_ON}, witness)
    assert (again.status_code, [link["id"] for link in again.json["subjects"]]) == (200, [witness])
    links = read(world, "investigator", case, held).json["subjects"]
    assert [link["since"] for link in links if link["id"] == victim] == [None]


def test_the_etag_of_the_cleared_counts_links_to_victims(world):
    case, suspect, victim = case_of_two(world)
    held = register(world, "investigator", case, suspect)
    mine = read(world, "investigator", case, held).headers["ETag"]
    colleagues = read(world, "colleague", case, held).headers["ETag"]
    assert relink(world, "investigator", case, held, suspect, victim).status_code == 200
    path, body = f"/cases/{case}/identifiers/{held}", {"subjects": [{"id": suspect}]}
    assert world.as_("prosecutor").patch(path, body, If_Match=mine).status_code == 412
    assert world.as_("colleague").patch(path, body, If_Match=colleagues).status_code == 200
    assert set(subjects(world, "investigator", case, held)) == {suspect, victim}


def test_evidence_follows_the_links(world):
    """About a victim alone, then a suspect too, then the victim alone again: what the uncleared of the other side are told."""
    case, suspect, victim = case_of_two(world)
    held = register(world, "investigator", case, victim)
    there = world.case("foreign")
    register(world, "foreign", there)
    assert (world.overlaps("uncleared", there), news(world, "uncleared")) == ([], [])
    assert len(world.overlaps("foreign", there)) == 1
    register(world, "investigator", case, suspect)
    assert [o["evidence"][0]["their_roles"] for o in world.overlaps("uncleared", there)] == [["suspect"]]
    assert [o["roles"] for o in world.overlaps("uncleared", there)] == [["suspect-unknown"]]
    relink(world, "investigator", case, held, victim)
    assert world.overlaps("uncleared", there) == []
    assert [action for action, _ in news(world, "uncleared")] == ["detected", "withdrawn"]
    assert [action for action, _ in news(world, "foreign")] == ["detected", "changed", "changed"]
    no_difference(world)


def test_a_subject_that_becomes_a_victim_takes_its_link_from_the_uncleared(world):
    case, suspect, _ = case_of_two(world)
    second = world.subject("investigator", case)
    held = register(world, "investigator", case, suspect, second)
    before = read(world, "colleague", case, held).headers["ETag"]
    changed = world.as_("colleague").patch(f"/cases/{case}/subjects/{second}", {"category": "victim"}, If_Match='"v1"')
    assert changed.status_code == 200
    assert subjects(world, "colleague", case, held) == [suspect]
    assert set(subjects(world, "investigator", case, held)) == {suspect, second}
    stale = world.as_("colleague").patch(f"/cases/{case}/identifiers/{held}", {"subjects": []}, If_Match=before)
    assert stale.status_code == 412
    no_difference(world)


def test_evidence_closes_for_the_uncleared_when_an_uncleared_person_makes_the_only_subject_a_victim(world):
    case, suspect, _ = case_of_two(world)
    register(world, "investigator", case, suspect)
    there = world.case("foreign")
    register(world, "foreign", there)
    assert len(world.overlaps("uncleared", there)) == 1
    world.as_("colleague").patch(f"/cases/{case}/subjects/{suspect}", {"category": "victim"}, If_Match='"v1"')
    assert world.overlaps("uncleared", there) == []
    no_difference(world)


def test_the_database_shows_links_to_victims_to_the_cleared_alone(world, owner):
    case, suspect, victim = case_of_two(world)
    register(world, "investigator", case, suspect, victim)
    count = "select count(*) from identifier_subjects"
    assert [run(world, who, count)[0][0] for who in ("investigator", "colleague", "foreign")] == [2, 1, 0]


def test_what_belongs_to_a_suspect_too_is_disclosed_without_clearance(world):
    """The link to the victim is not disclosed, so nothing of the victim is."""
    case, suspect, victim = case_of_two(world)
    both = register(world, "investigator", case, suspect, victim, value=HERON, kind="email")
    alone = register(world, "investigator", case, victim)
    asked = "select priv.of_victims_alone(:case, array[cast(:a as uuid), cast(:b as uuid)])"
    assert [str(row[0]) for row in run(world, "colleague", asked, case=case, a=both, b=alone)] == [alone]
