"""What the product is for: two countries hold the same value, and both see it at once, as far as each may."""

import pytest

HERON = "heron@example.org"


def pair(world, *values, theirs=None, mine=None, **more):
    """Two cases of two countries that hold the same values."""
    other = world.case("foreign", **(theirs or {}))
    world.hold("foreign", other, *values, **more)
    case = world.case("investigator", **(mine or {}))
    world.hold("investigator", case, *values, **more)
    return case, other


def test_a_case_sees_at_once_that_another_country_holds_the_same_value(world):
    theirs = world.case("foreign")
    world.hold("foreign", theirs, HERON)
    mine = world.case("investigator")

    world.hold("investigator", mine, "Heron@Example.org")

    (overlap,) = world.overlaps("investigator", mine)
    assert overlap["strength"] == "strong"
    assert overlap["shared_count"] == 1
    assert overlap["counterpart"]["authority"]["country"] == "FR"
    assert overlap["counterpart"]["reference"] is None
    assert overlap["evidence"][0]["value"] == "Heron@Example.org"
    assert overlap["evidence"][0]["holders"] == 2
    assert world.overlaps("foreign", theirs)[0]["id"] == overlap["id"]


def test_the_answer_to_a_registration_does_not_depend_on_a_hit(world):
    world.hold("foreign", world.case("foreign"), HERON)
    case = world.case("investigator")

    hit, miss = (
        world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [{"kind": "email", "value": value}]})
        for value in (HERON, "crane@example.org")
    )

    assert hit.status_code == miss.status_code
    assert set(hit.headers.keys()) == set(miss.headers.keys())
    assert len(hit.data) == len(miss.data)
    assert hit.json["identifiers"][0].keys() == miss.json["identifiers"][0].keys()


def test_an_open_index_shows_reference_and_title_but_not_the_case(world):
    case, _ = pair(world, HERON, theirs={"visibility": "open_index", "reference": "FR-1"})

    counterpart = world.overlaps("investigator", case)[0]["counterpart"]

    assert (counterpart["reference"], counterpart["title"], counterpart["case_id"]) == ("FR-1", "A case", None)


def test_only_its_owner_sees_the_overlap_of_a_hidden_case(world):
    case, other = pair(world, HERON, theirs={"visibility": "hidden"})

    assert world.overlaps("investigator", case) == []
    assert world.overlaps("investigator") == []
    (seen,) = world.overlaps("foreign", other)
    assert world.as_("investigator").get(f"/overlaps/{seen['id']}").status_code == 404
    line = world.as_("investigator").get(f"/cases/{case}/timeline").json["items"]
    assert "overlap.detected" not in [entry["type"] for entry in line]


def test_hiding_a_case_takes_its_overlaps_from_others_and_showing_it_gives_them_back(world):
    case, other = pair(world, HERON)

    for visibility, seen in (("hidden", 0), ("open_index", 1)):
        etag = world.as_("foreign").get(f"/cases/{other}").headers["ETag"]
        changed = world.as_("foreign").patch(f"/cases/{other}", {"visibility": visibility}, If_Match=etag)
        assert changed.status_code == 200
        assert len(world.overlaps("investigator", case)) == seen
        assert len(world.overlaps("foreign", other)) == 1


def test_a_hidden_case_counts_in_nobody_elses_figures(world):
    case, other = pair(world, HERON)
    world.hold("romanian", world.case("romanian", visibility="hidden"), HERON)

    assert world.overlaps("investigator", case)[0]["evidence"][0]["holders"] == 2
    assert len(world.overlaps("foreign", other)) == 1


def test_a_case_never_overlaps_itself_and_lists_are_kept_to_other_authorities_or_ones_own(world):
    case, _ = pair(world, HERON)
    world.hold("investigator", case, HERON, "HERON@example.org")
    world.hold("prosecutor", world.case("prosecutor"), HERON)

    def countries(scope):
        found = world.as_("investigator").get(f"/cases/{case}/overlaps{scope}").json["items"]
        return sorted(overlap["counterpart"]["authority"]["country"] for overlap in found)

    assert countries("") == ["FR", "NL"]
    assert (countries("?scope=across"), countries("?scope=within")) == (["FR"], ["NL"])


def test_evidence_about_victims_is_not_there_without_clearance(world):
    other = world.case("foreign")
    world.hold("foreign", other, HERON, subject_id=world.subject("foreign", other, "victim"))
    case = world.case("investigator")
    world.hold("investigator", case, HERON)

    (seen,) = world.overlaps("investigator", case)

    assert seen["evidence"][0]["their_roles"] == ["victim"]
    assert world.overlaps("colleague", case) == []
    assert world.as_("colleague").get(f"/overlaps/{seen['id']}").status_code == 404
    assert "overlap.detected" not in actions(world.as_("colleague").get("/events"))
    assert "overlap.detected" in actions(world.as_("investigator").get("/events"))


def test_without_clearance_an_overlap_shows_only_what_is_not_about_victims(world):
    other = world.case("foreign")
    world.hold("foreign", other, HERON, subject_id=world.subject("foreign", other, "victim"))
    world.hold("foreign", other, "+31612345678", kind="phone")
    case = world.case("investigator")
    world.hold("investigator", case, HERON)
    world.hold("investigator", case, "+31612345678", kind="phone")

    all_of_it, part = world.overlaps("investigator", case)[0], world.overlaps("colleague", case)[0]

    assert (all_of_it["shared_count"], all_of_it["kinds"]) == (2, ["email", "phone"])
    assert (part["shared_count"], part["kinds"], [e["kind"] for e in part["evidence"]]) == (1, ["phone"], ["phone"])


def test_an_overlap_follows_a_subject_who_turns_out_to_be_a_victim(world):
    case, other = pair(world, HERON)
    subject = world.subject("foreign", other, "suspect")
    world.hold("foreign", other, "crane@example.org", subject_id=subject)
    world.hold("investigator", case, "crane@example.org")
    assert world.overlaps("colleague", case)[0]["shared_count"] == 2

    world.as_("foreign").patch(f"/cases/{other}/subjects/{subject}", {"category": "victim"}, If_Match='"v1"')

    assert world.overlaps("colleague", case)[0]["shared_count"] == 1
    assert world.overlaps("investigator", case)[0]["shared_count"] == 2


def test_withdrawing_an_identifier_withdraws_the_overlap_and_its_return_is_the_same_overlap(world):
    case, other = pair(world, HERON)
    (before,) = world.overlaps("foreign", other)
    identifier = before["evidence"][0]["identifier_id"]

    gone = world.as_("foreign").post(
        f"/cases/{other}/identifiers/{identifier}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"'
    )

    assert gone.json["state"] == "withdrawn"
    assert world.overlaps("investigator", case) == []
    withdrawn = world.as_("investigator").get(f"/cases/{case}/overlaps?state=withdrawn").json["items"]
    assert [(o["id"], o["shared_count"]) for o in withdrawn] == [(before["id"], 0)]
    world.hold("foreign", other, HERON)
    assert world.overlaps("investigator", case)[0]["id"] == before["id"]


def test_correcting_an_identifier_moves_the_overlap(world):
    case, other = pair(world, HERON)
    third = world.case("romanian")
    world.hold("romanian", third, "crane@example.org")
    (identifier,) = world.hold("foreign", other, HERON)

    corrected = world.as_("foreign").patch(
        f"/cases/{other}/identifiers/{identifier}", {"value": "crane@example.org"}, If_Match='"v1"'
    )

    assert corrected.json["value"] == "crane@example.org"
    assert world.overlaps("investigator", case) == []
    assert world.overlaps("romanian", third)[0]["counterpart"]["authority"]["country"] == "FR"


def test_a_withdrawn_case_matches_no_more(world):
    case, other = pair(world, HERON)

    world.as_("foreign").post(f"/cases/{other}/transitions", {"event": "withdraw", "reason": "filed by mistake"}, If_Match='"v1"')

    assert world.overlaps("investigator", case) == []
    refused = world.as_("foreign").post(f"/cases/{other}/identifiers", {"identifiers": [{"kind": "email", "value": HERON}]})
    assert refused.status_code == 409


def test_a_value_held_by_too_many_cases_is_evidence_for_none_and_is_listed_with_its_count(world):
    cases = [world.case("foreign") for _ in range(4)]
    for case in cases:
        world.hold("foreign", case, HERON)
    assert len(world.overlaps("foreign", cases[0])) == 3

    mine = world.case("investigator")
    (identifier,) = world.hold("investigator", mine, HERON)

    assert world.overlaps("foreign", cases[0]) == []
    common = world.as_("investigator").get(f"/cases/{mine}/overlaps/high-frequency").json
    assert common == {"limit": 4, "items": [{"identifier_id": identifier, "kind": "email", "value": HERON, "holders": 5}]}
    world.as_("investigator").post(
        f"/cases/{mine}/identifiers/{identifier}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"'
    )
    assert len(world.overlaps("foreign", cases[0])) == 3


def test_an_address_without_time_is_weak_and_with_the_same_time_strong(world):
    seen = {"observed_at": "2026-03-02T21:14:09+01:00"}
    near = {"observed_at": "2026-03-02T20:17:00Z"}
    far = {"observed_at": "2026-03-02T23:14:09Z"}
    base = world.case("foreign")
    world.hold("foreign", base, "8.8.4.4", kind="ip", context=seen)

    strengths = []
    for context in ({}, near, far):
        case = world.case("investigator")
        world.hold("investigator", case, "8.8.4.4", kind="ip", context=context)
        strengths.append(
            next(o["strength"] for o in world.overlaps("investigator", case) if o["counterpart"]["authority"]["country"] == "FR")
        )

    assert strengths == ["weak", "strong", "weak"]


def test_the_host_of_a_url_and_a_domain_meet_weakly(world):
    other = world.case("foreign")
    world.hold("foreign", other, "board.example", kind="domain")
    case = world.case("investigator")
    world.hold("investigator", case, "https://BOARD.example/thread/7", kind="url")

    (overlap,) = world.overlaps("investigator", case)

    assert (overlap["strength"], overlap["kinds"]) == ("weak", ["domain", "url"])


def test_the_same_value_twice_in_a_case_is_the_identifier_that_is_there(world):
    case = world.case("investigator")

    (first,) = world.hold("investigator", case, HERON)
    again = world.hold("investigator", case, "HERON@example.org", HERON)

    assert again == [first, first]


@pytest.mark.parametrize("role", ["analyst", "desk"])
def test_who_may_not_read_values_sees_that_they_are_shared_and_not_what_they_are(world, role):
    case, _ = pair(world, HERON)

    (overlap,) = world.overlaps(role, case)

    assert overlap["evidence"][0]["kind"] == "email"
    assert overlap["evidence"][0]["value"] is None


def test_the_desk_of_the_country_finds_the_overlap_in_its_list(world):
    pair(world, HERON)

    assert [o["shared_count"] for o in world.overlaps("desk")] == [1]
    assert [o["shared_count"] for o in world.overlaps("desk_fr")] == [1]
    assert world.overlaps("romanian") == []


def test_a_new_overlap_does_not_change_the_etag_of_a_case(world):
    case = world.case("investigator")
    world.hold("investigator", case, HERON)
    before = world.as_("investigator").get(f"/cases/{case}").headers["ETag"]

    world.hold("foreign", world.case("foreign"), HERON)

    assert world.as_("investigator").get(f"/cases/{case}").headers["ETag"] == before


def test_all_or_nothing_with_a_pointer_to_each_fault(world):
    case = world.case("investigator")
    items = [{"kind": "email", "value": HERON}, {"kind": "iban", "value": "DE00"}, {"kind": "passport", "value": "XR1234567"}]

    refused = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": items})

    assert refused.status_code == 422
    faults = {fault["pointer"]: fault["rule"] for fault in refused.json["errors"]}
    assert faults == {"/identifiers/1/value": "iban", "/identifiers/2/context/country": "country_needed"}
    assert world.as_("investigator").get(f"/cases/{case}/identifiers").json["items"] == []


def test_a_doubtful_value_is_kept_with_a_warning(world):
    case = world.case("investigator")
    made = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [{"kind": "ip", "value": "10.0.0.7"}]})

    assert [warning["code"] for warning in made.json["identifiers"][0]["warnings"]] == ["private_address", "no_time"]


def test_a_kind_that_the_category_does_not_allow_needs_an_exceptional_record(world):
    case = world.case("investigator")
    victim = world.subject("investigator", case, "victim")
    item = {"kind": "sha256", "value": "0f" * 32, "subjects": [{"id": victim}]}

    refused = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [item]})
    record = {"reason": "identification of the victim", "until": "2031-01-01T00:00:00Z"}
    kept = world.as_("investigator").post(
        f"/cases/{case}/identifiers", {"identifiers": [{**item, "exceptional_processing": record}]}
    )

    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/identifiers/0/kind")
    assert "Annex II" in refused.json["errors"][0]["detail"]
    assert kept.status_code == 201


def actions(response):
    assert response.status_code == 200, response.json
    return [entry["action"] for entry in response.json["items"]]


def test_the_evidence_of_an_overlap_comes_in_pages(world):
    case, _ = pair(world, *(f"heron{number}@example.org" for number in range(120)))
    (listed,) = world.overlaps("investigator", case)
    assert (len(listed["evidence"]), listed["evidence_complete"], listed["shared_count"]) == (10, False, 120)
    alone = world.as_("investigator").get(f"/overlaps/{listed['id']}").json
    assert (len(alone["evidence"]), alone["evidence_complete"]) == (100, False)

    found, cursor = [], ""
    while cursor is not None:
        page = world.as_("investigator").get(f"/overlaps/{listed['id']}/evidence?limit=50{cursor and f'&cursor={cursor}'}").json
        found, cursor = found + page["items"], page["next"]

    assert found[:100] == alone["evidence"]
    assert len({item["value"] for item in found}) == 120
    assert world.as_("europol").get(f"/overlaps/{listed['id']}/evidence").status_code == 404
