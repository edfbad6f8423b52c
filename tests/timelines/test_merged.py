"""The merged timeline of several cases: whose entries it has, in which order, and what coincides in two cases."""

import teaming
from gathering import proposed
from timelining import asked, fact, line, merged, whole

HERON = "heron@example.org"


def read_by_nl(world, case, by="foreign"):
    body = {"authority_id": str(world.authorities["nl"]), "level": "read", "reason": "They work on it too"}
    assert world.as_(by).post(f"/cases/{case}/access", body).status_code == 201


def pair(world, *, shared=True):
    """A Dutch and a French case that overlap, with facts that coincide; the French share theirs unless `shared` is false."""
    mine, theirs = world.case("investigator", reference="NL-1"), world.case("foreign", reference="FR-1")
    (here,) = world.hold("investigator", mine, HERON)
    (there,) = world.hold("foreign", theirs, HERON)
    if shared:
        read_by_nl(world, theirs)
    facts = {
        "here": fact(world, "investigator", mine, "2026-03-05T14:20+01:00", "login", identifiers=[{"id": here}]),
        "there": fact(world, "foreign", theirs, "2026-03-07T09:00Z", "payment", identifiers=[{"id": there}]),
        "minute_here": fact(world, "investigator", mine, "2026-04-01T10:15:20Z", "call"),
        "minute_there": fact(world, "foreign", theirs, "2026-04-01T12:15+02:00", "message"),
        "day_here": fact(world, "investigator", mine, "2026-04-02Z", "travel"),
        "day_there": fact(world, "foreign", theirs, "2026-04-02Z", "travel"),
        "place_here": fact(world, "investigator", mine, "2026-05-01Z", "stay", place={"name": "Hôtel du Nord"}, country="FR"),
        "place_there": fact(world, "foreign", theirs, "2026-05-09Z", "stay", place={"name": "hotel du nord"}, country="FR"),
    }
    return mine, theirs, facts


def marks(page):
    """What each entry is marked with, by its id."""
    return {e["id"]: {(mark["kind"], *mark["with"]) for mark in e["co_occurrences"]} for e in page["items"] if e["co_occurrences"]}


def test_entries_of_both_cases_stand_in_one_order_each_with_its_case(world):
    mine, theirs, _ = world.once(pair)
    page = merged(world, "investigator", case_id=[mine, theirs], order="asc")
    assert [(case["reference"], case["authority"]["country"]) for case in page["cases"]] == [("NL-1", "NL"), ("FR-1", "FR")]
    apart = [entry for case in (mine, theirs) for entry in line(world, "investigator", case, limit=200)["items"]]
    assert {e["id"]: e["case"]["id"] for e in page["items"]} == {e["id"]: e["case"]["id"] for e in apart}
    assert [e["begins_at"] for e in page["items"]] == sorted(e["begins_at"] for e in apart)
    for order in ("asc", "desc"):
        in_pages = whole(merged, world, "investigator", case_id=[mine, theirs], order=order, limit=3)
        assert [e["id"] for e in in_pages] == [e["id"] for e in page["items"]][:: 1 if order == "asc" else -1]


def test_a_link_to_a_victim_does_not_show_by_a_mark_that_is_missing(world):
    """The uncleared see the values of both identifiers and the facts that they recorded, but not to whom the identifiers belong."""
    one, two = world.case("investigator"), world.case("investigator")
    (of_victim,) = world.hold("investigator", one, HERON, subject_id=world.subject("investigator", one, "victim"))
    (other,) = world.hold("investigator", two, HERON)
    here = fact(world, "colleague", one, "2026-03-05T14:20Z", "login", identifiers=[{"id": of_victim}])
    there = fact(world, "colleague", two, "2026-03-07T09:00Z", "login", identifiers=[{"id": other}])
    expected = {here: {("identifier", there)}, there: {("identifier", here)}}
    for who in ("investigator", "colleague"):
        assert marks(merged(world, who, case_id=[one, two])) == expected


def test_the_same_identifier_place_and_minute_are_marked_and_the_same_day_is_not(world):
    mine, theirs, facts = world.once(pair)
    assert marks(merged(world, "investigator", case_id=[mine, theirs])) == {
        facts["here"]: {("identifier", facts["there"])},
        facts["there"]: {("identifier", facts["here"])},
        facts["minute_here"]: {("minute", facts["minute_there"])},
        facts["minute_there"]: {("minute", facts["minute_here"])},
        facts["place_here"]: {("place", facts["place_there"])},
        facts["place_there"]: {("place", facts["place_here"])},
    }


def test_an_identifier_is_marked_also_with_facts_on_other_pages(world):
    mine, theirs, facts = world.once(pair)
    page = merged(world, "investigator", case_id=[mine, theirs], type="login")
    assert marks(page) == {facts["here"]: {("identifier", facts["there"])}}
    alone = line(world, "investigator", mine, type="login")
    assert marks(alone) == {}


def test_values_that_are_excluded_or_that_many_hold_are_no_coincidence(world):
    mine, theirs, facts = world.once(pair)
    for _ in range(3):  # the tests count a value as frequent from five cases on
        world.hold("romanian", world.case("romanian"), HERON)
    assert facts["here"] not in marks(merged(world, "investigator", case_id=[mine, theirs]))


def test_an_overlap_chooses_the_cases_that_the_caller_reads_and_shows_nothing_of_another(world):
    mine, _, _ = pair(world, shared=False)
    (found,) = [one["id"] for one in world.as_("investigator").get(f"/cases/{mine}/overlaps").json["items"]]
    page = merged(world, "investigator", overlap_id=found)
    assert [case["id"] for case in page["cases"]] == [mine]
    assert {entry["case"]["id"] for entry in page["items"]} == {mine}
    assert marks(page) == {}
    assert asked(world, "romanian", "/timelines", overlap_id=found).status_code == 404


def test_an_overlap_whose_cases_are_both_read_is_one_timeline(world):
    mine, theirs, facts = world.once(pair)
    (found,) = [one["id"] for one in world.as_("investigator").get(f"/cases/{mine}/overlaps").json["items"]]
    page = merged(world, "investigator", overlap_id=found, kind="fact")
    assert {case["id"] for case in page["cases"]} == {mine, theirs}
    assert {entry["id"] for entry in page["items"]} == set(facts.values())


def test_a_team_chooses_the_cases_that_are_shared_with_it_and_its_members_see_what_went_through_it(world):
    case, apart = world.case("investigator", reference="NL-TEAM"), world.case("investigator")
    jit = teaming.active(world, cases=[case], until=teaming.days(world, 365))
    theirs = world.case("foreign", reference="FR-TEAM")
    level = {"case_id": theirs, "level": "read"}
    assert world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", level).status_code == 201
    reference = world.as_("prosecutor").get(f"/jits/{jit}").json["reference"]
    for who in ("prosecutor", "prosecutor_fr"):
        page = merged(world, who, jit_id=jit)
        assert {one["id"] for one in page["cases"]} == {case, theirs}
        assert apart not in {entry["case"]["id"] for entry in page["items"]}
        (activated,) = {e["object"]["name"] for e in page["items"] if e["type"] == "jit.activated"}
        assert activated == reference
    assert asked(world, "romanian", "/timelines", jit_id=jit).status_code == 404


def test_the_owner_of_a_case_learns_from_it_that_a_team_acts_and_not_which(world):
    case = world.case("investigator")
    jit = teaming.active(world, cases=[case], until=teaming.days(world, 365))
    entries = line(world, "analyst", case)["items"]
    seen = {(e["object"]["name"], e["object"]["restricted"]) for e in entries if e["object"]["id"] == jit}
    assert seen == {(None, True)}
    assert all("restricted" in e["sentence"] for e in entries if e["object"]["id"] == jit)


def test_a_meeting_chooses_the_cases_that_are_shared_with_it(world):
    mine, _, _ = world.once(pair)
    meeting = proposed(world, origin=("case", mine), guests=("fr",))
    page = merged(world, "prosecutor", meeting_id=meeting)
    assert {case["id"] for case in page["cases"]} == {mine}
    assert asked(world, "romanian", "/timelines", meeting_id=meeting).status_code == 404


def test_one_way_of_choosing_is_needed(world):
    mine, theirs, _ = world.once(pair)
    for wanted in ({}, {"case_id": mine, "overlap_id": theirs}, {"case_id": [mine] * 2}, {"case_id": "x"}, {"jit_id": "x"}):
        assert asked(world, "investigator", "/timelines", **wanted).status_code == 422, wanted
    many = [f"00000000-0000-4000-8000-{n:012}" for n in range(101)]
    assert asked(world, "investigator", "/timelines", case_id=many).status_code == 422


def test_a_case_that_the_caller_does_not_read_is_as_one_that_is_not_there(world):
    mine, theirs, _ = pair(world, shared=False)
    absent = "00000000-0000-4000-8000-000000000000"
    answers = [asked(world, "investigator", "/timelines", case_id=[mine, other]) for other in (theirs, absent)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].data == answers[1].data


def test_the_reading_of_each_case_is_recorded(world):
    mine, theirs, _ = world.once(pair)
    merged(world, "investigator", case_id=[mine, theirs])
    for who, case in (("investigator", mine), ("foreign", theirs)):
        assert world.as_(who).get(f"/cases/{case}/consultations").json["items"][0]["action"] == "timeline.consulted"
