"""A case of the police has a prosecution office that is responsible for it: it is named, accepts, and decides from then on."""

import answering
import consulting
import gathering
import pytest
import teaming
from answering import office, responsible
from teaming import items

HERON = "heron@example.org"


def actions(world, who):
    return [event["action"] for event in items(world, who, "/events")]


def side_of(world, who, asked):
    return {
        side: [row["side"] for row in items(world, who, f"/disclosures?side={side}") if row["id"] == asked]
        for side in ("owner", "asking")
    }


def asked_of_the_police(world, **more):
    """The Romanians ask for a disclosure from a case of the Dutch police; gives the case, the identifier and the request."""
    other = world.case("romanian")
    world.hold("romanian", other, HERON)
    case = world.case("investigator", **more)
    (held,) = world.hold("investigator", case, HERON)
    return case, held, world.asked("romanian", other)["id"]


def decide(world, who, asked, event="disclose", **more):
    return world.as_(who).post(f"/disclosures/{asked}/transitions", {"event": event, **more}, If_Match='"v1"')


def test_an_office_that_is_named_sees_the_index_until_it_accepts_and_reads_and_decides_then(world):
    home = office(world)
    case, held, asked = asked_of_the_police(world)
    me = world.as_("officer")
    assert me.get(f"/cases/{case}").status_code == 404

    named = answering.name(world, case, home)
    assert (named.status_code, named.json["named_authority"]["id"], named.json["responsible_authority"]) == (200, home, None)
    seen = me.get(f"/cases/{case}").json
    assert (seen["level"], seen["title"], seen["named_authority"]["id"]) == ("index", None, home)
    assert me.get(f"/disclosures/{asked}").status_code == 404
    assert "case.responsible_named" in actions(world, "officer")

    taken = answering.answer(world, case)
    assert (taken.status_code, taken.json["kind"], taken.json["level"], taken.json["state"]) == (
        200,
        "responsible",
        "contribute",
        "given",
    )
    seen = me.get(f"/cases/{case}").json
    assert (seen["level"], seen["responsible_authority"]["id"], seen["named_authority"]) == ("contribute", home, None)
    assert side_of(world, "officer", asked) == {"owner": ["owner"], "asking": []}
    assert decide(world, "officer", asked, items=[{"identifier_id": held}]).json["state"] == "disclosed_full"
    assert actions(world, "investigator").count("case.responsible_accepted") == 1
    assert actions(world, "officer").count("case.responsible_accepted") == 1
    assert "disclosure.disclose" in actions(world, "officer")


def test_a_case_shows_another_etag_when_an_office_is_named_and_when_it_accepts(world):
    home, case, tags = office(world), world.case("investigator"), set()
    for step in (lambda: None, lambda: answering.name(world, case, home), lambda: answering.answer(world, case)):
        step()
        tags.add(world.as_("investigator").get(f"/cases/{case}").headers["ETag"])
    assert len(tags) == 3


@pytest.mark.parametrize("wrong", [("FR", "public_prosecutor"), ("NL", "police_unit"), ("NL", "eurojust_desk")])
def test_only_a_prosecution_authority_of_the_same_state_can_be_named(world, wrong):
    country, kind = wrong
    home = str(answering.authority(world, "Another", kind, country))
    refused = answering.name(world, world.case("investigator"), home)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/responsible_authority")


def test_only_the_owner_names_and_a_machine_client_only_when_it_registers_the_case(world, owner):
    with owner.cursor() as cursor:
        cursor.execute("update principals set kind = 'client' where subject = 'system'")
    home, second = office(world), office(world, "second")
    case = world.case("system", responsible_authority=home)
    assert world.as_("system").get(f"/cases/{case}").json["named_authority"]["id"] == home
    assert answering.answer(world, case).status_code == 200
    assert answering.name(world, case, second, by="system").status_code == 403
    assert answering.name(world, case, second, by="officer").status_code == 403
    assert answering.name(world, case, second).status_code == 200


def test_responsibility_ends_only_when_another_office_accepts(world):
    first, second = office(world), office(world, "second")
    case = responsible(world, world.case("investigator"), first)
    (grant,) = [a for a in items(world, "investigator", f"/cases/{case}/access") if a["kind"] == "responsible"]
    path = f"/cases/{case}/access/{grant['id']}/transitions"
    refused = world.as_("investigator").post(path, {"event": "withdraw", "reason": "R"}, If_Match=f'"{grant["etag"]}"')
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/only-by-another")
    assert world.as_("officer").get(path).json["allowed"] == []

    assert answering.name(world, case, second).status_code == 200
    assert world.as_("officer").get(f"/cases/{case}").json["level"] == "contribute"
    refusal = answering.answer(world, case, "second", "refuse", reason="Not ours.")
    assert (refusal.status_code, refusal.json["state"]) == (200, "withdrawn")
    assert world.as_("second").get(f"/cases/{case}").status_code == 404

    responsible(world, case, second, officer="second")
    assert world.as_("officer").get(f"/cases/{case}").status_code == 404
    assert "case.responsible_ended" in actions(world, "officer")
    assert world.as_("second").get(f"/cases/{case}").json["level"] == "contribute"


def test_only_a_prosecutor_of_the_named_office_accepts(world):
    home, case = office(world), world.case("investigator")
    answering.person(world, home, "helper", role="investigator")
    assert answering.name(world, case, home).status_code == 200
    assert answering.answer(world, case, "helper").status_code == 403
    grant = world.as_("officer").get(f"/cases/{case}").json["named_authority"]["access_id"]
    path = f"/cases/{case}/access/{grant}/transitions"
    assert world.as_("prosecutor").post(path, {"event": "accept"}, If_Match='"v1"').status_code == 403
    assert world.as_("officer").post(path, {"event": "accept"}, If_Match='"v7"').status_code == 412


def test_a_hidden_case_may_have_a_responsible_office_and_stays_unknown_to_all_others(world):
    home = office(world)
    case = responsible(world, world.case("investigator", visibility="hidden"), home)
    assert world.as_("officer").get(f"/cases/{case}").json["visibility"] == "hidden"
    assert world.as_("desk").get(f"/cases/{case}").status_code == 404


def test_matters_of_victims_need_cleared_people_of_the_office(world):
    home = office(world, cleared=False)
    other = world.case("romanian")
    world.hold("romanian", other, HERON, subject_id=world.subject("romanian", other, "victim"))
    case = world.case("investigator")
    world.hold("investigator", case, HERON, subject_id=world.subject("investigator", case, "victim"))
    asked = world.asked("romanian", other)["id"]
    responsible(world, case, home)
    answering.person(world, home, "cleared")
    assert [row["id"] for row in items(world, "officer", "/disclosures?side=owner")] == []
    assert [row["id"] for row in items(world, "cleared", "/disclosures?side=owner")] == [asked]


def test_access_to_contribute_alone_does_not_decide_a_disclosure(world):
    """Any prosecutor with access to contribute once decided in the place of the owner."""
    case, held, asked = asked_of_the_police(world)
    body = {"authority_id": str(world.authorities["fr"]), "level": "contribute", "reason": "together"}
    assert world.as_("prosecutor").post(f"/cases/{case}/access", body).status_code == 201
    assert decide(world, "prosecutor_fr", asked, items=[{"identifier_id": held}]).status_code == 403


def test_the_office_asks_for_a_disclosure_and_judges_the_overlap_in_the_case_of_the_police(world):
    home = office(world)
    case = responsible(world, world.case("investigator"), home)
    world.hold("investigator", case, HERON)
    other = world.case("romanian")
    world.hold("romanian", other, HERON)
    asked = world.asked("officer", case)
    assert (asked["side"], asked["asking_authority"]) == ("asking", str(world.authorities["nl"]))
    assert side_of(world, "officer", asked["id"]) == {"owner": [], "asking": ["asking"]}


def test_the_office_shares_the_case_with_its_team_and_meeting_and_ends_that(world):
    home = office(world)
    case = responsible(world, world.case("investigator"), home)
    jit = teaming.proposed(world, by="officer")
    shared = world.as_("officer").post(f"/jits/{jit}/cases", {"case_id": case})
    assert (shared.status_code, shared.json["owner_id"]) == (201, str(world.authorities["nl"]))
    meeting = gathering.proposed(world, by="officer", origin=("case", case), guests=("fr",))
    shared = world.as_("officer").post(f"/meetings/{meeting}/cases", {"case_id": case})
    assert shared.status_code == 201, shared.json
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").json["level"] == "read"
    path = f"/meetings/{meeting}/cases/{shared.json['id']}/transitions"
    assert world.as_("officer").post(path, {"event": "end"}, If_Match=f'"{shared.json["etag"]}"').status_code == 200
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").status_code == 404


def test_what_the_office_shared_ends_when_it_leaves_the_meeting(world):
    home = office(world)
    case = responsible(world, world.case("investigator"), home)
    meeting = gathering.proposed(world)
    place = {"authority_id": home, "function": "prosecutor"}
    assert world.as_("desk").post(f"/meetings/{meeting}/participants", place).status_code == 201
    assert world.as_("officer").post(f"/meetings/{meeting}/cases", {"case_id": case}).status_code == 201
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").status_code == 200
    (row,) = [p for p in items(world, "officer", f"/meetings/{meeting}/participants") if p["authority"]["id"] == home]
    path = f"/meetings/{meeting}/participants/{row['id']}/transitions"
    gone = world.as_("officer").post(path, {"event": "decline", "reason": "R"}, If_Match=f'"{row["etag"]}"')
    assert gone.status_code == 200, gone.json
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").status_code == 404


def test_a_contributor_who_does_not_answer_for_a_case_shares_it_with_nobody(world):
    case = world.case("investigator")
    body = {"authority_id": str(world.authorities["fr"]), "level": "contribute", "reason": "together"}
    assert world.as_("prosecutor").post(f"/cases/{case}/access", body).status_code == 201
    jit = teaming.proposed(world, "ro", by="prosecutor_fr")
    assert world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", {"case_id": case}).status_code == 403


def test_who_prosecutes_is_asked_of_the_responsible_office(world):
    home = office(world)
    other = world.case("prosecutor_ro")
    world.hold("romanian", other, HERON)
    case = responsible(world, world.case("investigator"), home)
    world.hold("investigator", case, HERON)
    (overlap,) = world.overlaps("prosecutor_ro", other)
    body = {"overlap_id": overlap["id"], **consulting.FACTS}
    made = world.as_("prosecutor_ro").post(consulting.ROOT, body)
    assert made.status_code == 201, made.json
    (row,) = items(world, "officer", consulting.ROOT)
    assert consulting.step(world, "officer", row["id"], "reply").status_code == 200
    assert world.as_("officer").post(f"{consulting.ROOT}/{row['id']}/case", {"case_id": case}).status_code == 200
    assert world.as_("officer").get(f"/cases/{case}/notification-duty").status_code == 200


def test_a_desk_is_told_of_a_police_case_without_a_responsible_office_when_a_disclosure_is_asked(world):
    case, _, _ = asked_of_the_police(world)
    (told,) = [event for event in items(world, "desk", "/events") if event["action"] == "case.responsible_missing"]
    assert told["case_id"] == case
    assert "case.responsible_missing" not in actions(world, "desk_fr") + actions(world, "romanian")

    home = office(world)
    second = responsible(world, world.case("investigator"), home)
    world.hold("investigator", second, "owl@example.org")
    other = world.case("romanian")
    world.hold("romanian", other, "owl@example.org")
    world.asked("romanian", other)
    assert actions(world, "desk").count("case.responsible_missing") == 1


def test_a_case_that_is_not_for_the_desk_is_not_told_to_it(world):
    case, _, _ = asked_of_the_police(world, desk="none")
    assert "case.responsible_missing" not in actions(world, "desk")
    assert world.as_("desk").get(f"/cases/{case}").status_code == 404
