"""What may happen to an order: rows worked out by hand from the articles, run through readiness and the steps of the service.

`orders.csv` has a row for each order: what is asked for, by whom, of which State, what is missing, who must validate it, and what the
steps `ready` and `validate` answer.
"""

import csv
from datetime import date, datetime
from pathlib import Path

import pytest
from assisting import CONTENT, CONTENT_DATA, MAILBOX, SENT, SUBSCRIBER, TRAFFIC, WINDOW, draft, read, step, walk
from world import BEGIN, ISSUER

from coopapi.mla import issuing
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.protection import is_child
from coopapi.ops import administration

ROWS = list(csv.DictReader((Path(__file__).with_name("orders.csv")).read_text().splitlines()))
INSTRUMENTS = {"epoc": "e_evidence", "epoc_pr": "e_evidence", "eio": "eio"}
ADDRESSEES = {"IE": "provider", "FR": "fr", "RO": "ro", "US": "us", "DK": "dk", "TH": "th"}
PROVIDERS = {"IE": "provider", "US": "provider_us", "DK": "provider_dk"}
HOMES = {
    "judge": ("nl", "prosecutor", ["judge"]),
    "prosecutor_2": ("nl", "prosecutor", []),
    "machine": ("nl", "system", []),
    "clerk_fr": ("fr_court", "investigator", []),
    "prosecutor_dk": ("dk", "prosecutor", []),
    "examining": ("nl_court", "prosecutor", ["judge"]),
}
AUTHORITIES = {
    "dk": ("Prosecution Service", "public_prosecutor", "DK"),
    "th": ("Office of the Attorney General", "central_authority", "TH"),
    "no": ("Public Prosecutor", "public_prosecutor", "NO"),
    "ie_court": ("District Court", "court", "IE"),
    "nl_court": ("District Court of Amsterdam", "court", "NL"),
    "provider_us": ("Heron Messaging Inc", "service_provider", "US"),
    "provider_dk": ("Heron Messaging ApS", "service_provider", "DK"),
}
CAREFUL = {"individual_assessment": "done on 3 November", "accompanied_by": "a guardian", "recorded": True,
           "interviews_so_far": 0, "interviews_planned": 1}  # fmt: skip


def aged(years):
    """A birth date of somebody who is or becomes so many years old this year."""
    today = datetime.fromisoformat(BEGIN).date()
    return today.replace(day=1, year=today.year - years).isoformat()


def person(role="victim", **more):
    return {"persons": [{"ref": "P1", "role": role, **more}]}


def order(**more):
    return {"order": {"addressee": "designated_establishment", **more}}


GIVEN = {
    "at home": order(residence_of_user="NL", offence_in_issuing_state=True),
    "resident": order(residence_of_user="NL"),
    "committed here": order(offence_in_issuing_state=True),
    "resides abroad": order(residence_of_user="FR", offence_in_issuing_state=True),
    "administrative": {"proceedings": "administrative"},
    "sentence of 6 months": {"sentence": {"months": 6, "absconded": True}},
    "sentence of 3 months": {"sentence": {"months": 3, "absconded": True}},
    "sentence in absentia": {"sentence": {"months": 6, "absconded": True, "in_absentia": True}},
    "child victim": person(age_status="child"),
    "child victim protected": person(age_status="child", protection=CAREFUL),
    "child witness": person("witness", age_status="child"),
    "victim perhaps a child": person(age_status="presumed_child"),
    "victim of 17 years": person(birth_date=aged(17)),
    "victim of 18 years": person(birth_date=aged(18)),
}


def enter(world):
    """Enter a judge, a machine and others, and authorities of further States; gives the ids of all."""
    database = world.app.extensions["coopapi"].database
    for key, (name, kind, country) in AUTHORITIES.items():
        world.authorities[key] = administration.add_authority(database, {"name": name, "type": kind, "country": country})
    for key, (home, role, functions) in HOMES.items():
        data = {"name": key, "issuer": ISSUER, "subject": key, "roles": [role], "functions": functions}
        world.people[key] = administration.add_person(database, world.authorities[home], data)
    with world.register.owner.cursor() as cursor:
        cursor.execute("update principals set kind = 'client' where subject = 'machine'")
    return world.authorities, world.people


@pytest.fixture
def court(world):
    world.authorities, world.people = world.once(enter)
    return world


def offence(said):
    years, *rest = said.split()
    found = {"national_article": "240b Sr", "label": "An offence", "category": "ocsea"}
    found |= {} if years == "none" else {"max_penalty_years": float(years.removesuffix("y"))}
    found |= {"list_offence": True} if "list_offence" in rest else {}
    found |= {"by_information_system": True} if "online" in rest else {}
    listed = [word for word in rest if word not in {"online", "list_offence"}]
    return {**found, **({"union_offence": listed[0]} if listed else {})}


def measure(said, given):
    code, _, categories = said.partition(":")
    named = {"data_categories": categories.split()} if categories else {}
    persons = {"persons": ["S1"]} if "suspect heard" in given else {}
    return {"code": code, "identifiers": [MAILBOX], **WINDOW, **named, **persons}


def begin(world, row):
    given = [part.strip() for part in row["given"].split(";") if part.strip()]
    content = {"offences": [offence(said) for said in row["offence"].split(" & ")]}
    for part in given:
        content |= GIVEN.get(part, {})
    urgency, _, ground = row["urgency"].partition(" ")
    instrument = next((part for part in given if part in {"budapest", "reciprocity", "eaw"}), INSTRUMENTS.get(row["kind"]))
    to = (PROVIDERS if KINDS[row["kind"]].to_provider else ADDRESSEES)[row["to"]]
    more = {"enforcing_authority": str(world.authorities["ie_court"])} if "notified" in given else {}
    more |= {"emergency_ground": ground} if ground else {}
    request = draft(
        world, row["issuer"], row["kind"], to, instrument=instrument, urgency=urgency, reference=f"order {row['no']}",
        content=content, measures=[measure(one, given) for one in row["data"].split("+")], **more,
    )  # fmt: skip
    if "no authorisation" in given:
        body = {name: said for name, said in {**CONTENT, **content}.items() if name != "authorisation"}
        assert world.as_(row["issuer"]).patch(f"/mla-requests/{request}", {"content": body}, If_Match='"v1"').status_code == 200
    return request


def readiness(world, who, request):
    found = world.as_(who).get(f"/mla-requests/{request}/readiness")
    assert found.status_code == 200, found.json
    return found.json


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['no']} {row['kind']} {row['data']} {row['issuer']}")
def test_what_may_happen_to_an_order_is_what_the_articles_say(court, clock, row):
    if row["date"]:
        clock.at(f"{row['date']}T12:00:00+02:00")
    request, issuer = begin(court, row), row["issuer"]
    found = readiness(court, issuer, request)

    assert " ".join(point["rule"] for point in found["missing"]) == row["missing"].replace("-", "")
    assert (found["needs_validation"], "yes" if found["validated_later"] else "no") == (row["needs"], row["later"])
    assert found["ready"] is (row["ready"] == "200")
    assert (found["validation_article"] is None) is not issuing.judicial(row["kind"])
    offered = {one["event"] for one in court.as_(issuer).get(f"/mla-requests/{request}/transitions").json["allowed"]}
    assert ("ready" in offered) is found["ready"]
    assert step(court, issuer, request, "ready").status_code == int(row["ready"])
    if row["validator"]:
        walk(court, request, (issuer, "submit"))
        assert readiness(court, row["validator"], request)["needs_validation"] == row["needs"]
        assert step(court, row["validator"], request, "validate").status_code == int(row["validated"])
        after = readiness(court, issuer, request)
        assert (after["needs_validation"] == "none") is after["ready"] is (row["validated"] == "200")


def test_the_table_is_long_enough_and_every_row_names_its_article_and_countries():
    assert len(ROWS) >= 60
    assert [row["no"] for row in ROWS] == [str(number) for number in range(1, len(ROWS) + 1)]
    assert all(None not in row and row["article"] and row["from"] and row["to"] for row in ROWS)


def test_every_kind_that_a_judge_or_prosecutor_issues_has_a_rule_with_its_article():
    free = {kind for kind in KINDS if not issuing.judicial(kind)}

    assert free == {"expedited_disclosure", "service_of_documents", "police_information", "voluntary_cooperation", "jit_setup",
                    "preservation", "spontaneous_information"}  # fmt: skip
    assert all(rule.article for rule in issuing.ISSUING)


def test_what_is_missing_names_its_article_in_the_answer_and_in_the_problem(court):
    online = {"union_offence": "child_sexual_abuse", "max_penalty_years": 1}
    said = {"offences": [{**CONTENT["offences"][0], **online}]}
    more = {"measures": [CONTENT_DATA], "content": said, "enforcing_authority": str(court.authorities["ie_court"])}
    request = draft(court, "judge", "epoc", "provider", **more)

    (point,) = readiness(court, "judge", request)["missing"]
    assert (point["pointer"], point["verify"]) == ("/content/offences/0/by_information_system", False)
    (fault,) = step(court, "judge", request, "ready").json["errors"]
    assert fault["detail"].endswith("(Regulation (EU) 2023/1543 Art. 5(4)(b)).")


def test_what_was_not_checked_says_so_in_the_answer_and_in_the_problem(court):
    more = {"instrument": "eaw", "measures": [{"code": "other", "description": "surrender"}], "content": {"warrant": {}}}
    request = draft(court, "prosecutor", "eaw", **more)

    points = {point["pointer"]: point for point in readiness(court, "prosecutor", request)["missing"]}
    assert points["/content/warrant/decision"]["verify"] is True
    told = {one["pointer"]: one["detail"] for one in step(court, "prosecutor", request, "ready").json["errors"]}
    assert told["/content/warrant/decision"].endswith(" (Framework Decision 2002/584/JHA Art. 8(1)(c), verify).")


def test_a_time_limit_that_was_not_compared_under_the_instrument_of_the_request_says_so(court):
    """The Framework Decision was compared; the Agreement with Iceland and Norway was not."""
    told = {}
    for instrument, to in (("eaw", "fr"), ("eu_no_is_surrender", "no")):
        measures = [{"code": "other", "description": "surrender"}]
        request = draft(court, "prosecutor", "eaw", to, instrument=instrument, measures=measures, reference=instrument)
        walk(court, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
        paper = {"recorded": {"at": court.clock().isoformat(), "channel": "post", "proof": "R"}}
        steps = [("prosecutor_fr", "receive"), ("prosecutor_fr", "arrest")] if to == "fr" else [
            ("prosecutor", "receive", paper), ("prosecutor", "arrest", paper),
        ]  # fmt: skip
        walk(court, request, *steps)
        (row,) = court.as_("prosecutor").get(f"/mla-requests/{request}/deadlines").json["items"]
        asked = {"measure": "other", "country": to.upper(), "kind": "eaw"}
        plans = court.as_("prosecutor").post("/mla-requests/plan", asked).json["proposals"]
        (plan,) = [one for one in plans if one["instrument"]["code"] == instrument]
        (clock,) = [one for one in plan["clocks"] if one["code"] == row["rule"]]
        form = " ".join(court.as_("prosecutor").get(f"/mla-requests/{request}/document?language=en").json["notes"])
        assert (clock["verify"], clock["unchecked"]) == (row["verify"], row["unchecked"])
        assert row["unchecked"] in form
        told[instrument] = row["verify"], row["unchecked"]
    assert told == {
        "eaw": (False, ""),
        "eu_no_is_surrender": (True, "EU-Iceland-Norway Agreement on the surrender procedure"),
    }


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"acts_as": "processor"}, ["processor_because"]),
        ({"acts_as": "processor", "processor_because": "detrimental"}, []),
        ({"acts_as": "processor", "processor_because": "detrimental", "may_inform_controller": False}, ["not_told_because"]),
        ({"acts_as": "processor", "processor_because": "detrimental", "may_inform_controller": True}, []),
        ({"acts_as": "controller", "may_inform_controller": False}, []),
        ({"send_to": "other"}, ["recipient"]),
        ({"send_to": "other", "recipient": "Registry"}, []),
        ({"send_to": "validating"}, []),
    ],
)
def test_an_order_to_a_processor_and_one_whose_data_go_elsewhere_say_more(court, said, missing):
    request = draft(court, "prosecutor", "epoc", "provider", measures=[SUBSCRIBER], content=order(**said))
    found = readiness(court, "prosecutor", request)["missing"]
    assert [(one["pointer"], one["verify"]) for one in found] == [(f"/content/order/{name}", False) for name in missing]


def validation(court, who, request, number):
    """What a side reads in the section about the validating authority: the ticked type and the name, or nothing."""
    printed = court.as_(who).get(f"/mla-requests/{request}/document?language=en").json
    (section,) = [one for one in printed["sections"] if one["number"] == number]
    lines = {field["label"]: field["lines"] for field in section["fields"]}
    if lines.keys() == {""}:
        return None
    ticked = [line[2:] for line in lines["Type of validating authority"] if line.startswith("☒")]
    return ticked, lines["Validating authority"][0].rstrip("_")


def test_the_form_names_the_other_authority_that_validated_on_both_sides(court):
    request = draft(court, "investigator", "eio")
    assert validation(court, "investigator", request, "L") == ([], "")
    part = {"authority_id": str(court.authorities["nl_court"])}
    assert court.as_("investigator").post(f"/mla-requests/{request}/parties", part).status_code == 201
    walk(court, request, ("investigator", "submit"), ("examining", "validate"))
    walk(court, request, ("prosecutor", "transmit", {"transmission": SENT}))
    for who in ("investigator", "examining", "prosecutor_fr"):
        assert validation(court, who, request, "L") == (["judge or court"], "District Court of Amsterdam")


def test_the_form_never_names_the_issuing_authority_as_its_own_validating_authority(court):
    notified = {"enforcing_authority": str(court.authorities["ie_court"])}
    request = draft(court, "investigator", "epoc", "provider", measures=[TRAFFIC], **notified)
    walk(court, request, ("investigator", "submit"), ("judge", "validate"))
    assert validation(court, "investigator", request, "J") == (["judge, court or investigating judge"], "")
    walk(court, request, ("investigator", "revise"))
    assert validation(court, "investigator", request, "J") == ([], "")


def test_a_validated_order_goes_out_and_its_validation_is_named_after_revision(court):
    more = {"measures": [TRAFFIC], "enforcing_authority": str(court.authorities["ie_court"])}
    request = draft(court, "investigator", "epoc", "provider", **more)
    walk(court, request, ("investigator", "submit"), ("judge", "validate"), ("investigator", "revise"))

    assert readiness(court, "investigator", request)["needs_validation"] == "judge"
    assert readiness(court, "judge", request)["needs_validation"] == "none"
    walk(court, request, ("investigator", "submit"), ("judge", "validate"))
    walk(court, request, ("prosecutor", "transmit", {"transmission": {**SENT, "channel": "provider_portal"}}))
    assert read(court, "prosecutor", request)["state"] == "transmitted"


def test_the_judge_who_drafted_an_order_does_not_validate_it(court):
    more = {"measures": [TRAFFIC], "enforcing_authority": str(court.authorities["ie_court"])}
    request = draft(court, "judge", "epoc", "provider", **more)
    walk(court, request, ("judge", "submit"))

    assert step(court, "judge", request, "validate").json["type"] == "/problems/four-eyes-on-request"


def test_a_victim_is_not_named_where_a_pseudonym_serves(court):
    content = {"persons": [{"ref": "V1", "role": "victim", "name": "A. Name"}, {"ref": "S1", "role": "suspect", "name": "B. Name"}]}
    data = draft(court, content=content, reference="data")
    heard = {"code": "hearing", "persons": ["V1"]}
    hearing = draft(court, content=content, measures=[heard], reference="hearing")
    other = draft(court, content=content, measures=[{"code": "hearing", "persons": ["S1"]}], reference="other")

    def named(request):
        return [p["pointer"] for p in readiness(court, "prosecutor", request)["advised"] if p["rule"] == "victim_named"]

    assert (named(data), named(hearing), named(other)) == (["/content/persons/0/name"], [], ["/content/persons/0/name"])


def test_a_child_that_is_suspected_has_a_lawyer_an_assessment_a_recording_and_a_parent_who_knows(court):
    child = {"ref": "S1", "role": "suspect", "age_status": "child"}
    content = {"persons": [child, {"ref": "S2", "role": "suspect", "birth_date": aged(18)}]}
    names = ["assisted_by", "holder_informed", "individual_assessment", "recorded"]
    at = [f"/content/persons/0/protection/{name}" for name in names]

    def missing(code, reference, **protection):
        persons = [{**child, "protection": protection}, content["persons"][1]]
        request = draft(court, content={"persons": persons}, measures=[{"code": code}], reference=reference)
        return {
            p["pointer"]: p["verify"] for p in readiness(court, "prosecutor", request)["missing"] if "protection" in p["pointer"]
        }

    assert missing("hearing", "hearing") == dict.fromkeys(at, False)
    assert missing("sampling", "sampling") == dict.fromkeys(at[1:3], False)
    said = {"assisted_by": "A. Heron", "holder_informed": "Told on 3 March", "individual_assessment": "Done", "recorded": True}
    assert missing("video_hearing", "video", **said) == {}
    assert missing("subscriber", "data") == {}


def test_a_child_that_was_heard_before_is_not_heard_again_without_need(court):
    protection = {**CAREFUL, "interviews_so_far": 2}
    content = {"persons": [{"ref": "V1", "role": "victim", "age_status": "child", "protection": protection}]}
    request = draft(court, content=content, measures=[{"code": "hearing", "persons": ["V1"]}])
    found = readiness(court, "prosecutor", request)

    assert [p["pointer"] for p in found["advised"] if p["rule"] == "interviews"] == [
        "/content/persons/0/protection/interviews_so_far"
    ]
    assert found["ready"] is True


@pytest.mark.parametrize(
    ("said", "child"),
    [
        ({"age_status": "adult", "birth_date": "2015-03-01"}, True),
        ({"age_status": "child", "birth_date": "1990"}, True),
        ({"age_status": "adult"}, False),
        ({"birth_date": "2015-03"}, True),
        ({"birth_date": "1990"}, False),
        ({}, False),
    ],
)
def test_a_date_of_birth_or_what_is_said_of_the_age_makes_a_child(said, child):
    assert is_child(said, date(2026, 11, 29)) is child
