"""The keys of national systems: unique, found again, and corrected by."""

import threading

import pytest

KEY = "NL-BVH-0117"


def send(world, case, *items, who="investigator", **more):
    return world.as_(who).post(f"/cases/{case}/identifiers", {"identifiers": list(items), **more})


def email(value, key=KEY, **more):
    return {"kind": "email", "value": value, **({"external_id": key} if key else {}), **more}


def held(world, case, who="investigator", query=""):
    items = world.as_(who).get(f"/cases/{case}/identifiers{query}").json["items"]
    return sorted((item["value"], item["external_id"]) for item in items if item["state"] == "registered")


def refused(answer):
    assert answer.status_code == 422, answer.json
    return [(e["pointer"], e["rule"]) for e in answer.json["errors"]]


def test_the_same_key_with_another_value_corrects_and_makes_no_second_row(world):
    mine, theirs = world.case("investigator"), world.case("foreign")
    world.hold("foreign", theirs, "owl@example.org")
    first = send(world, mine, email("heron@example.org", source="report 1"))
    again = send(world, mine, email("heron@example.org", source="report 1"), on_error="each")
    other = send(world, mine, email("owl@example.org", source="report 2"), on_error="each")
    sourced = send(world, mine, email("owl@example.org", source="report 3"), on_error="each")
    assert [a.json["results"][0]["outcome"] for a in (again, other, sourced)] == ["existing", "corrected", "corrected"]
    (made,) = first.json["identifiers"]
    assert {a.json["results"][0]["id"] for a in (again, other, sourced)} == {made["id"]}
    assert held(world, mine) == [("owl@example.org", KEY)]
    world.work()
    assert len(world.overlaps("investigator", mine)) == 1
    actions = [e["type"] for e in world.as_("investigator").get(f"/cases/{mine}/timeline").json["items"]]
    assert actions.count("identifier.corrected") == 2


def test_a_row_without_a_key_takes_it_and_one_with_another_keeps_its_own(world):
    case = world.case("investigator")
    (row,) = world.hold("investigator", case, "heron@example.org")
    (same,) = send(world, case, email("heron@example.org")).json["identifiers"]
    assert (same["id"], same["external_id"]) == (row, KEY)
    (told,) = [e for e in world.as_("investigator").get(f"/events?case_id={case}&action=identifier.corrected").json["items"]]
    assert told["detail"]["fields"] == ["external_id"]
    assert refused(send(world, case, email("heron@example.org", "other"))) == [("/identifiers/0/external_id", "other_key")]
    assert held(world, case) == [("heron@example.org", KEY)]


def test_a_correction_that_cannot_be_is_refused(world):
    case = world.case("investigator")
    assert send(world, case, email("heron@example.org"), email("owl@example.org", "2")).status_code == 201
    assert refused(send(world, case, email("owl@example.org"))) == [("/identifiers/0/value", "held_already")]
    assert refused(send(world, case, {"kind": "ip", "value": "8.8.77.66", "external_id": KEY})) == [
        ("/identifiers/0/kind", "other_kind")
    ]
    twice = send(world, case, email("a@example.org", "3"), email("b@example.org", "3"))
    assert refused(twice) == [("/identifiers/1/external_id", "distinct")]
    assert held(world, case) == [("heron@example.org", KEY), ("owl@example.org", "2")]


def test_a_key_is_free_again_when_its_row_is_withdrawn_and_other_cases_have_their_own(world):
    case, other = world.case("investigator"), world.case("investigator")
    (made,) = send(world, case, email("heron@example.org")).json["identifiers"]
    path = f"/cases/{case}/identifiers/{made['id']}/transitions"
    assert world.as_("investigator").post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"').status_code == 200
    assert send(world, case, email("owl@example.org")).status_code == 201
    assert send(world, other, email("heron@example.org")).status_code == 201
    assert held(world, case) == [("owl@example.org", KEY)]


def test_rows_are_found_by_their_key(world):
    case = world.case("investigator", external_id=KEY)
    world.case("investigator", external_id="2")
    me = world.as_("investigator")
    assert [c["id"] for c in me.get(f"/cases?external_id={KEY}").json["items"]] == [case]
    assert me.get("/cases?external_id=3").json["items"] == []
    made = me.post(f"/cases/{case}/subjects", {"pseudonym": "S1", "category": "suspect", "external_id": KEY})
    assert (made.status_code, made.json["external_id"]) == (201, KEY)
    assert [s["id"] for s in me.get(f"/cases/{case}/subjects?external_id={KEY}").json["items"]] == [made.json["id"]]
    send(world, case, email("heron@example.org"), email("owl@example.org", None))
    assert held(world, case, query=f"?external_id={KEY}") == [("heron@example.org", KEY)]


def test_a_second_case_or_subject_with_a_key_names_the_first(world):
    case = world.case("investigator", external_id=KEY)
    me = world.as_("investigator")
    taken = me.post("/cases", {"reference": "R2", "title": "T", "external_id": KEY})
    assert (taken.status_code, taken.json["type"], taken.json["existing"]) == (
        409,
        "/problems/external-id-taken",
        f"/api/v1/cases/{case}",
    )
    assert world.as_("foreign").post("/cases", {"reference": "R2", "title": "T", "external_id": KEY}).status_code == 201
    other = world.case("investigator")
    change = me.patch(f"/cases/{other}", {"external_id": KEY}, If_Match='"v1"')
    assert (change.status_code, change.json["existing"]) == (409, f"/api/v1/cases/{case}")
    assert me.patch(f"/cases/{other}", {"external_id": "2"}, If_Match='"v1"').json["external_id"] == "2"
    body = {"pseudonym": "S1", "category": "suspect", "external_id": KEY}
    first = me.post(f"/cases/{case}/subjects", body).json["id"]
    second = me.post(f"/cases/{case}/subjects", {**body, "pseudonym": "S2"})
    assert (second.status_code, second.json["existing"]) == (409, f"/api/v1/cases/{case}/subjects/{first}")


def test_the_key_of_an_identifier_is_changed_by_patch(world):
    case = world.case("investigator")
    made = send(world, case, email("heron@example.org", None), email("owl@example.org")).json["identifiers"]
    me, path = world.as_("investigator"), f"/cases/{case}/identifiers/{made[0]['id']}"
    taken = me.patch(path, {"external_id": KEY}, If_Match='"v1"')
    assert (taken.status_code, taken.json["existing"]) == (409, f"/api/v1/cases/{case}/identifiers/{made[1]['id']}")
    assert me.patch(path, {"external_id": "2"}, If_Match='"v1"').json["external_id"] == "2"
    assert me.patch(path, {"source": "report"}, If_Match='"v2"').json["external_id"] == "2"
    assert me.patch(path, {"external_id": None}, If_Match='"v3"').json["external_id"] is None


def test_a_correction_by_key_sets_the_subjects_that_it_names_and_keeps_them_otherwise(world):
    case = world.case("investigator")
    first, second = world.subject("investigator", case), world.subject("investigator", case)

    def linked(**more):
        answer = send(world, case, email("heron@example.org", **more), on_error="each").json["results"][0]
        return answer["outcome"], [link["id"] for link in answer["item"]["subjects"]]

    assert linked(subjects=[{"id": first}]) == ("stored", [first])
    assert linked(subjects=[{"id": first}]) == ("existing", [first])
    assert linked(subjects=[{"id": second}]) == ("corrected", [second])
    assert linked(source="report") == ("corrected", [second])
    assert linked(subjects=[]) == ("corrected", [])


def test_a_correction_by_somebody_uncleared_leaves_the_links_to_victims(world):
    case = world.case("investigator")
    victim, suspect = world.subject("investigator", case, "victim"), world.subject("investigator", case)
    assert send(world, case, email("heron@example.org", subjects=[{"id": victim}])).status_code == 201
    body = email("heron@example.org", subjects=[{"id": suspect}])
    changed = send(world, case, body, who="colleague", on_error="each").json["results"][0]
    assert (changed["outcome"], [link["id"] for link in changed["item"]["subjects"]]) == ("corrected", [suspect])
    (item,) = world.as_("investigator").get(f"/cases/{case}/identifiers").json["items"]
    assert {link["id"] for link in item["subjects"]} == {victim, suspect}


def test_the_pseudonymised_see_no_key(world):
    case = world.case("investigator")
    send(world, case, email("heron@example.org"))
    assert held(world, case, "analyst") == [(None, None)]
    assert held(world, case, "analyst", f"?external_id={KEY}") == []


def test_others_who_read_the_case_see_its_key_and_those_with_the_index_do_not(world):
    case = world.case("investigator", external_id=KEY)
    give = {"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "because"}
    assert world.as_("investigator").post(f"/cases/{case}/access", give).status_code == 201
    assert world.as_("foreign").get(f"/cases/{case}").json["external_id"] == KEY
    assert world.as_("desk").get(f"/cases/{case}").json["external_id"] is None
    assert world.as_("desk").get(f"/cases?external_id={KEY}").json["items"] == []


def test_many_at_once_make_one_row_of_a_key(world):
    case, answers = world.case("investigator"), []
    threads = [threading.Thread(target=lambda n=n: answers.append(send(world, case, email(f"h{n}@example.org")))) for n in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["identifiers"][0]["id"] for answer in answers}) == 1
    assert len(held(world, case)) == 1


@pytest.mark.parametrize("key", ["", " ", "a" * 101, "a\nb", 7])
def test_a_key_is_a_short_line(world, key):
    case = world.case("investigator")
    assert send(world, case, email("heron@example.org", None, external_id=key)).status_code == 422
    assert world.as_("investigator").post("/cases", {"reference": "R", "title": "T", "external_id": key}).status_code == 422
