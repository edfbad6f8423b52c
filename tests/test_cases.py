"""Cases, access to them, and the people they are about."""

from uuid import uuid4

import pytest
from answering import office


def test_reference_and_title_are_enough(world):
    made = world.as_("investigator").post("/cases", {"reference": "NL-1", "title": "T"})
    assert made.status_code == 201
    shown = made.json
    assert (shown["visibility"], shown["state"], shown["case_type"], shown["level"]) == (
        "hit_no_hit",
        "registered",
        "bilateral",
        "own",
    )
    assert shown["authority"]["country"] == "NL"


def test_everything_is_set_in_the_creating_call(world):
    body = {
        "reference": "NL-2",
        "title": "T",
        "operation_name": "Operation Heron",
        "crime_categories": ["ocsea"],
        "case_type": "multilateral",
        "countries": ["NL", "EL", "UK"],
        "visibility": "open_index",
        "handling_code": "H2",
        "handler_id": str(world.people["investigator"]),
        "eurojust_number": "EJ-1",
        "siena_reference": "S-1",
        "ecodex_id": "E-1",
        "access": [{"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "joint"}],
    }
    made = world.as_("investigator").post("/cases", body)
    assert made.status_code == 201, made.json
    assert made.json["countries"] == ["NL", "GR", "GB"]
    assert {k: made.json[k] for k in body if k not in {"access", "countries"}} == {
        k: body[k] for k in body if k not in {"access", "countries"}
    }
    assert world.as_("foreign").get(f"/cases/{made.json['id']}").json["level"] == "read"


@pytest.mark.parametrize("who", ["investigator", "system"])
@pytest.mark.parametrize("more", ["nothing", "access", "handler", "hidden", "identifiers", "responsible", "subjects"])
def test_the_creating_call_shows_the_case_as_it_is_read(world, who, more):
    said = {
        "nothing": {},
        "access": {
            "access": [{"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "joint"}],
            "countries": ["FR"],
        },
        "handler": {"handler_id": str(world.people["investigator"])},
        "hidden": {"visibility": "hidden", "visibility_reason": "Covert."},
        "identifiers": {"identifiers": [{"kind": "email", "value": "heron@example.org"}]},
        "responsible": {"responsible_authority": office(world)},
        "subjects": {"subjects": [{"pseudonym": "S1", "category": "suspect"}]},
    }
    made = world.as_(who).post("/cases", {"reference": "NL-3", "title": "T"} | said[more])
    read = world.as_(who).get(f"/cases/{made.json['id']}")
    assert (made.status_code, made.json) == (201, read.json)
    assert made.headers["ETag"].strip('"') == read.json["etag"]


def test_the_desk_of_the_country_sees_what_a_case_is_called_and_no_more(world):
    case = world.case("investigator", title="Secret title", reference="SECRET-1")
    shown = world.as_("desk").get(f"/cases/{case}").json
    assert (shown["level"], shown["title"], shown["reference"], shown["countries"]) == ("index", "Secret title", "SECRET-1", None)
    assert shown["authority"]["name"] == "National Police"
    assert world.as_("desk_fr").get(f"/cases/{case}").status_code == 404
    assert world.as_("desk").get("/cases?reference=SECRET-1").json["items"]
    assert world.as_("investigator").get("/cases?reference=SECRET-1").json["items"]


def test_the_desk_does_not_see_a_hidden_case(world):
    case = world.case("investigator", visibility="hidden")
    assert world.as_("desk").get(f"/cases/{case}").status_code == 404


def test_hiding_a_case_takes_it_from_the_desk_and_showing_it_gives_it_back(world):
    case = world.case("investigator")
    for version, (visibility, status) in enumerate((("hidden", 404), ("hit_no_hit", 200)), 1):
        world.as_("investigator").patch(f"/cases/{case}", {"visibility": visibility}, If_Match=f'"v{version}"')
        assert world.as_("desk").get(f"/cases/{case}").status_code == status


def test_access_is_given_and_ends_with_its_withdrawal(world):
    case = world.case("investigator")
    given = (
        world.as_("investigator")
        .post(f"/cases/{case}/access", {"authority_id": str(world.authorities["fr"]), "level": "contribute", "reason": "joint"})
        .json
    )
    world.hold("foreign", case, "theirs@example.org")
    assert world.as_("foreign").patch(f"/cases/{case}", {"title": "X"}, If_Match='"v1"').status_code == 403

    taken = world.as_("investigator").post(
        f"/cases/{case}/access/{given['id']}/transitions", {"event": "withdraw", "reason": "done"}, If_Match='"v1"'
    )

    assert taken.json["state"] == "withdrawn"
    assert world.as_("foreign").get(f"/cases/{case}").status_code == 404
    assert world.as_("foreign").get("/cases").json["items"] == []
    assert case not in {event["case_id"] for event in world.as_("foreign").get("/events").json["items"]}


def test_access_for_one_person_is_for_nobody_else_there(world):
    grant = {
        "authority_id": str(world.authorities["fr"]),
        "principal_id": str(world.people["foreign"]),
        "level": "read",
        "reason": "x",
    }
    case = world.case("investigator", access=[grant])
    assert world.as_("foreign").get(f"/cases/{case}").status_code == 200
    assert world.as_("uncleared").get(f"/cases/{case}").status_code == 404


def test_a_person_of_another_authority_cannot_be_named_in_its_place(world):
    case = world.case("investigator")
    for person in (world.people["romanian"], uuid4()):
        grant = {"authority_id": str(world.authorities["fr"]), "principal_id": str(person), "level": "read", "reason": "x"}
        assert world.as_("investigator").post(f"/cases/{case}/access", grant).status_code == 422


def test_what_a_transferred_case_holds_can_still_be_put_right(world):
    case = world.case("investigator")
    first, second = world.hold("investigator", case, "a@example.org", "b@example.org")
    world.as_("investigator").post(f"/cases/{case}/transitions", {"event": "transfer", "reason": "to FR"}, If_Match='"v1"')
    path = f"/cases/{case}/identifiers"
    assert world.as_("investigator").post(path, {"identifiers": [{"kind": "email", "value": "c@example.org"}]}).status_code == 409
    assert world.as_("investigator").patch(f"{path}/{first}", {"value": "z@example.org"}, If_Match='"v1"').status_code == 200
    withdraw = {"event": "withdraw", "reason": "inaccurate"}
    assert world.as_("investigator").post(f"{path}/{second}/transitions", withdraw, If_Match='"v1"').status_code == 200


def test_the_last_owner_stays(world):
    case = world.case("investigator")
    own = next(g for g in world.as_("investigator").get(f"/cases/{case}/access").json["items"] if g["level"] == "own")
    refused = world.as_("investigator").post(
        f"/cases/{case}/access/{own['id']}/transitions", {"event": "withdraw", "reason": "x"}, If_Match='"v1"'
    )
    assert refused.status_code == 409


def test_who_reads_may_not_share_or_change(world):
    case = world.case("investigator", access=[{"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "x"}])
    grant = {"authority_id": str(world.authorities["ro"]), "level": "read", "reason": "x"}
    assert world.as_("foreign").post(f"/cases/{case}/access", grant).status_code == 403
    assert (
        world.as_("foreign")
        .post(f"/cases/{case}/identifiers", {"identifiers": [{"kind": "email", "value": "a@b.example"}]})
        .status_code
        == 403
    )
    assert world.as_("foreign").post(f"/cases/{case}/transitions", {"event": "open"}, If_Match='"v1"').status_code == 403


def test_handing_over_is_an_act(world):
    case = world.case("investigator")
    world.as_("investigator").patch(f"/cases/{case}", {"handler_id": str(world.people["colleague"])}, If_Match='"v1"')
    assert "case.handed_over" in [e["type"] for e in world.as_("prosecutor").get(f"/cases/{case}/timeline").json["items"]]
    foreign = world.as_("investigator").patch(f"/cases/{case}", {"handler_id": str(world.people["foreign"])}, If_Match='"v2"')
    assert (foreign.status_code, foreign.json["errors"][0]["pointer"]) == (422, "/handler_id")


def test_the_history_of_a_category_is_kept(world):
    case = world.case("investigator")
    subject = world.subject("investigator", case, "suspect")
    changed = world.as_("investigator").patch(f"/cases/{case}/subjects/{subject}", {"category": "witness"}, If_Match='"v1"')
    assert [h["category"] for h in changed.json["history"]] == ["suspect", "witness"]


def test_a_victim_of_unknown_age_is_presumed_a_child(world):
    case = world.case("investigator")
    made = world.as_("investigator").post(f"/cases/{case}/subjects", {"pseudonym": "V", "category": "victim"})
    assert made.json["age_status"] == "presumed_child"
    again = world.as_("investigator").post(f"/cases/{case}/subjects", {"pseudonym": "V", "category": "victim"})
    assert again.json["type"] == "/problems/pseudonym-taken"


def test_a_subject_cannot_become_what_forbids_what_is_stored(world):
    case = world.case("investigator")
    subject = world.subject("investigator", case)
    world.hold("investigator", case, "0f" * 32, kind="sha256", subject_id=subject)
    refused = world.as_("investigator").patch(f"/cases/{case}/subjects/{subject}", {"category": "victim"}, If_Match='"v1"')
    assert (refused.status_code, refused.json["kinds"]) == (409, ["sha256"])


def test_a_subject_of_another_case_is_none(world):
    case, other = world.case("investigator"), world.case("investigator")
    subject = world.subject("investigator", other)
    item = {"kind": "email", "value": "a@b.example", "subjects": [{"id": subject}]}
    refused = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [item]})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/identifiers/0/subjects/0/id")
    assert world.as_("investigator").get(f"/cases/{case}/subjects/{subject}").status_code == 404


def test_an_assessment_says_how_reliable_it_is(world):
    case = world.case("investigator")
    item = {"kind": "email", "value": "a@b.example", "basis": "assessment"}
    path = f"/cases/{case}/identifiers"
    assert world.as_("investigator").post(path, {"identifiers": [item]}).status_code == 422
    graded = {**item, "source_grading": "B", "information_grading": "2"}
    assert world.as_("investigator").post(path, {"identifiers": [graded]}).json["identifiers"][0]["source_grading"] == "B"


@pytest.mark.parametrize(
    ("kind", "field"), [("phone", {}), ("email", {"context": {"port": 0}}), ("username", {"context": {"platform": ""}})]
)
def test_a_wrong_context_points_to_its_field(world, kind, field):
    case = world.case("investigator")
    refused = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [{"kind": kind, "value": "0", **field}]})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"].startswith("/identifiers/0/")


def test_one_to_a_thousand_identifiers(world):
    case = world.case("investigator")
    path = f"/cases/{case}/identifiers"
    assert world.as_("investigator").post(path, {"identifiers": []}).status_code == 422
    many = [{"kind": "email", "value": f"{uuid4().hex}@example.org"} for _ in range(1001)]
    assert world.as_("investigator").post(path, {"identifiers": many}).status_code == 422
    assert world.as_("investigator").post(path, {"identifiers": many[:1000]}).status_code == 201
    listed = world.as_("investigator").get(f"{path}?kind=email&limit=200").json
    assert (len(listed["items"]), bool(listed["next"])) == (200, True)
