"""Plans: what is proposed for a wish, worked out by hand from the articles, and what opens from it.

`plans.csv` has a row for each wish: the proposals in their order (`kind:instrument`), what to send first, what is not possible and by
which rule, and who must validate the first proposal.
"""

import csv
from pathlib import Path

import pytest
from assisting import faults

from coopapi.ops import administration

ROWS = list(csv.DictReader((Path(__file__).with_name("plans.csv")).read_text().splitlines()))
PLAN = "/mla-requests/plan"
WISH = {"measure": "content", "country": "FR", "data_categories": ["content"]}
OFFENCE = {"national_article": "240b Sr", "label": "Abuse material", "max_penalty_years": 8}
PROVIDERS = {"FR": "provider_fr", "IE": "provider"}


def enter(world):
    """Enter a provider in France; gives the ids of all authorities."""
    data = {"name": "Heron Messaging SAS", "type": "service_provider", "country": "FR"}
    world.authorities["provider_fr"] = administration.add_authority(world.app.extensions["coopapi"].database, data)
    return world.authorities


@pytest.fixture
def hosts(world):
    world.authorities = world.once(enter)
    return world


def offence(said):
    years, *rest = said.split()
    found = {} if years == "none" else {"max_penalty_years": float(years.removesuffix("y"))}
    found |= {"by_information_system": True} if "online" in rest else {}
    return found | next(({"union_offence": word} for word in rest if word != "online"), {})


def wish(world, row):
    urgency, _, ground = row["urgency"].partition(" ")
    body = {"measure": row["measure"], "country": row["to"], "urgency": urgency, "offence": offence(row["offence"])}
    body |= {"data_categories": row["data"].split()} if row["data"] else {}
    body |= {"emergency_ground": ground} if ground else {}
    body |= {"provider": str(world.authorities[PROVIDERS[row["to"]]])} if row["more"] == "provider" else {}
    body |= {"kind": row["more"].removeprefix("kind:")} if row["more"].startswith("kind:") else {}
    return body | ({"preserved": True} if row["more"] == "preserved" else {})


def planned(world, who, body, **more):
    made = world.as_(who).post(PLAN, {**body, **more})
    assert made.status_code == 200, made.json
    return made.json


def named(proposals):
    return " ".join(f"{one['kind']}:{one['instrument']['code']}" for one in proposals) or "-"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['no']} {row['measure']} {row['by']} to {row['to']}")
def test_what_is_proposed_is_what_the_articles_say(hosts, row):
    plan = planned(hosts, row["by"], wish(hosts, row))
    against = " ".join(f"{one['kind']}:{point['rule']}" for one in plan["not_possible"] for point in one["against"])
    first = plan["proposals"][0]
    found = (named(plan["proposals"]), named(plan["send_first"]), against or "-", first["needs_validation"])
    assert found == (row["proposals"], row["first"], row["against"], row["validator"])
    for one in (*plan["proposals"], *plan["send_first"]):
        assert one["article"]
        assert all(one[name]["text"] and one[name]["article"] for name in ("form", "channel", "languages"))
        assert all(clock["article"] for clock in one["clocks"])
        assert one["forms"]


def test_nothing_is_stored(hosts):
    assert hosts.as_("prosecutor").post(PLAN, {**WISH, "reference": "P1"}, Idempotency_Key="k").status_code == 200
    assert hosts.as_("prosecutor").get("/mla-requests").json["items"] == []


def test_each_proposal_has_the_body_that_opens_it(hosts):
    case = hosts.case("prosecutor")
    plan = planned(hosts, "prosecutor", WISH, reference="P1", offence=OFFENCE, case_id=case)
    first, second = plan["proposals"][:2]
    opened = hosts.as_("prosecutor").post("/mla-requests", first["draft"])
    assert opened.status_code == 201, opened.json
    request = opened.json
    assert (request["kind"], request["instrument"], request["reference"]) == ("eio", "eio", "P1")
    assert (request["state"], request["case_id"], request["executing_country"]) == ("draft", case, "FR")
    assert [measure["code"] for measure in request["measures"]] == ["content"]
    again = hosts.as_("prosecutor").post("/mla-requests", {**second["draft"], "reference": "P2"})
    assert (again.status_code, again.json["kind"]) == (201, "epoc"), again.json


def test_a_plan_opens_its_first_proposal_in_one_step_and_once(hosts):
    me, case = hosts.as_("prosecutor"), hosts.case("prosecutor")
    body = {**WISH, "offence": OFFENCE, "case_id": case, "reference": "P1", "language": "fr"}
    opened, again = (me.post(PLAN, {**body, "open": True}, Idempotency_Key="k") for _ in range(2))
    assert (opened.status_code, again.status_code) == (201, 201), opened.json
    assert (opened.json, opened.headers["Location"]) == (again.json, again.headers["Location"])
    assert opened.headers["Location"] == f"/api/v1/mla-requests/{opened.json['id']}"
    assert opened.headers["ETag"] == '"v1"'
    expected = {**planned(hosts, "prosecutor", body)["proposals"][0]["draft"], "case_id": case, "state": "draft"}
    assert {name: opened.json[name] for name in expected if name not in {"measures", "content"}} == {
        name: value for name, value in expected.items() if name not in {"measures", "content"}
    }
    assert opened.json["content"]["offences"][0]["label"] == OFFENCE["label"]
    assert [measure["code"] for measure in opened.json["measures"]] == ["content"]
    assert [one["id"] for one in me.get("/mla-requests").json["items"]] == [opened.json["id"]]
    assert me.get(opened.headers["Location"].removeprefix("/api/v1")).json["id"] == opened.json["id"]
    other = me.post(PLAN, {**body, "open": True, "reference": "P2"}, Idempotency_Key="k")
    assert (other.status_code, other.json["type"].rpartition("/")[2]) == (422, "key-reused")


def test_a_plan_without_a_lawful_way_opens_nothing_and_says_why(hosts):
    body = {**WISH, "open": True, "reference": "P1", "kind": "epoc"}
    light = hosts.as_("prosecutor").post(PLAN, {**body, "offence": {"max_penalty_years": 1}})
    assert (light.status_code, light.json["type"].rpartition("/")[2]) == (409, "no-lawful-way")
    (error,) = light.json["errors"]
    assert (error["pointer"], error["rule"], "2023/1543" in error["detail"]) == ("/kind", "penalty", True)
    nothing = hosts.as_("prosecutor").post(PLAN, {**body, "country": "BR"})
    assert (nothing.status_code, [one["rule"] for one in nothing.json["errors"]]) == (409, ["no_instrument"])
    assert hosts.as_("prosecutor").get("/mla-requests").json["items"] == []


def test_a_plan_opens_no_draft_that_could_not_be_opened_otherwise(hosts):
    case, wanted = hosts.case("prosecutor"), {**WISH, "open": True, "reference": "P1"}
    assert hosts.as_("analyst").post(PLAN, wanted).status_code == 403
    assert hosts.as_("romanian").post(PLAN, {**wanted, "case_id": case}).status_code == 404
    assert hosts.as_("prosecutor").post(PLAN, wanted).status_code == 201
    taken = hosts.as_("prosecutor").post(PLAN, wanted)
    assert (taken.status_code, taken.json["type"].rpartition("/")[2]) == (409, "request-reference-taken")


def test_the_plan_says_what_readiness_says_of_its_draft(hosts):
    first = planned(hosts, "investigator", WISH, reference="P1", offence=OFFENCE)["proposals"][0]
    request = hosts.as_("investigator").post("/mla-requests", first["draft"]).json["id"]
    readiness = hosts.as_("investigator").get(f"/mla-requests/{request}/readiness").json
    assert readiness["needs_validation"] == first["needs_validation"] == "prosecutor"
    assert readiness["validation_article"] == first["validation_article"]
    assert {point["pointer"] for point in first["to_state"]} == {point["pointer"] for point in readiness["missing"]} - {"/language"}


def test_languages_notices_and_addressees_come_from_the_directory(hosts):
    competence = {
        "declared_by": "Ministry of Justice",
        "measures": ["content"],
        "languages": ["fr", "en"],
        "valid_from": "2020-01-01",
    }
    assert hosts.as_("central_fr").post("/competences", competence).status_code == 201
    notice = {"applicability": "applicable", "says": {"scope": "All data."}, "declared_by": "Ministry of Justice",
              "valid_from": "2020-01-01", "measure": "content", "theme": "Content of mailboxes"}  # fmt: skip
    assert hosts.as_("central_fr").post("/requirement-notices", notice).status_code == 201
    first = planned(hosts, "prosecutor", WISH)["proposals"][0]
    assert first["accepted_languages"] == ["en", "fr"]
    assert [one["authority"]["country"] for one in first["addressees"]] == ["FR"]
    assert [one["theme"] for one in first["notices"]] == ["Content of mailboxes"]
    assert {clock["code"] for clock in first["clocks"]} >= {"eio_ack", "eio_recognition", "eio_execution"}
    assert planned(hosts, "prosecutor", WISH, measure="hearing", data_categories=[])["proposals"][0]["notices"] == []


def test_reciprocity_is_offered_only_where_nothing_is_known_and_says_so(hosts):
    plan = planned(hosts, "prosecutor", {"measure": "interception", "country": "CN"})
    assert (named(plan["proposals"]), plan["only_reciprocity"]) == ("mla_letter:reciprocity", True)
    (reason,) = [one for one in plan["proposals"][0]["conditions"] if one["code"] == "nothing_else_known"]
    assert "ask your central authority" in reason["text"]
    known = planned(hosts, "prosecutor_fr", {"measure": "hearing", "country": "TH"})
    assert (named(known["proposals"]), known["only_reciprocity"]) == ("mla_letter:bilateral_mlat", False)


def test_a_treaty_that_only_gives_a_channel_is_named_beside_the_channel(hosts):
    data = {"name": "Fiscalía", "type": "public_prosecutor", "country": "ES"}
    database = hosts.app.extensions["coopapi"].database
    spain = administration.add_authority(database, data)
    person = {"name": "E", "issuer": "https://issuer.test", "subject": "spaniard", "roles": ["prosecutor"]}
    administration.add_person(database, spain, person)
    first = planned(hosts, "spaniard", {"measure": "hearing", "country": "CU"})["proposals"][0]
    assert [one["code"] for one in first["also_through"]] == ["medellin2019"]


@pytest.mark.parametrize(
    ("who", "status"),
    [("investigator", 200), ("prosecutor", 200), ("system", 200), ("central", 200), ("contact", 200), ("desk", 403), ("analyst", 403),
     ("auditor", 403), ("admin", 403), ("anonymous", 401)],
)  # fmt: skip
def test_those_who_may_draft_may_plan(hosts, who, status):
    assert hosts.as_(who).post(PLAN, WISH).status_code == status


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**WISH, "country": "NL"}, [("/country", "abroad")]),
        ({**WISH, "urgency": "emergency"}, [("/emergency_ground", "emergency_ground")]),
        ({**WISH, "provider": "00000000-0000-7000-8000-00000000000f"}, [("/provider", "unknown")]),
        ({**WISH, "opened": True}, [("/opened", "unknown_field")]),
        ({**WISH, "open": True}, [("/reference", "required")]),
        ({"country": "FR"}, [("/measure", "required")]),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(hosts, body, expected):
    assert faults(hosts.as_("prosecutor").post(PLAN, body)) == expected


def test_a_case_that_the_caller_does_not_see_is_not_found(hosts):
    other = hosts.case("romanian")
    assert hosts.as_("prosecutor").post(PLAN, {**WISH, "case_id": other}).status_code == 404
    assert faults(hosts.as_("prosecutor").post(PLAN, {**WISH, "provider": str(hosts.authorities["fr"])})) == [
        ("/provider", "provider")
    ]
