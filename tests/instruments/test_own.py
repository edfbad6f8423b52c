"""Instruments that central authorities enter: proposed, approved by another person, used by the lookup, never wider than shipped ones."""

import pytest
from approving import decide
from assisting import draft, faults
from entries import TREATY

from coopapi.approvals.models import APPROVAL_LIFECYCLE

NARROW = {
    "narrows": "budapest",
    "title": "The Netherlands do not intercept for States that keep the death penalty.",
    "citation": "Declaration of 1 March 2026",
    "countries": ["NL", "US"],
    "measures": dict.fromkeys(("subscriber", "traffic", "content", "preservation"), "as shipped"),
    "source": "Council of Europe Treaty Office",
    "source_date": "2026-03-01",
    "valid_from": "2026-03-01",
}
WAY = "/instruments/applicable?from=NL&to=BR&measure=content"


def without(body, *names, **more):
    return {**{name: said for name, said in body.items() if name not in names}, **more}


def propose(world, body=TREATY, by="central"):
    made = world.as_(by).post("/own-instruments", body)
    assert made.status_code == 201, made.json
    return made.json


def waiting(world, row, by="operator"):
    (one,) = world.as_(by).get(f"/approvals?object_id={row['id']}&state=requested").json["items"]
    return one


def approved(world, body=TREATY):
    row = propose(world, body)
    answer = decide(world, "operator", waiting(world, row))
    assert answer.status_code == 200, answer.json
    return world.as_("central").get(f"/own-instruments/{row['id']}").json


def usable(world, query=WAY):
    items = world.as_("investigator").get(query).json["items"]
    return [item["instrument"]["code"] for item in items if item["applicable"]], {
        item["instrument"]["code"]: [reason["code"] for reason in item["reasons"]] for item in items
    }


def test_a_treaty_counts_from_its_approval_by_a_person_of_the_operator(world):
    before, _ = usable(world)
    assert before == ["budapest", "untoc", "uncac"]
    row = propose(world)
    assert (row["state"], row["approved_at"], row["country"]) == ("proposed", None, "NL")
    assert usable(world)[0] == before
    one = waiting(world, row)
    assert (one["kind"], one["change"]["code"], row["pending"]) == ("instrument", "nl_br_2027", one["id"])
    assert decide(world, "operator", one).json["state"] == "approved"
    after, reasons = usable(world)
    assert after == ["nl_br_2027"]
    assert reasons["budapest"] == reasons["untoc"] == reasons["reciprocity"] == ["other_treaty_goes_first"]
    shown = world.as_("analyst").get("/instruments/nl_br_2027").json
    assert (shown["own"], shown["source"]) == (True, "Tractatenblad of the Netherlands (2026-01-10)")
    assert shown["measures"] == TREATY["measures"]
    assert "nl_br_2027" in {item["code"] for item in world.as_("analyst").get("/instruments?country=BR").json["items"]}
    assert "nl_br_2027" not in {item["code"] for item in world.as_("analyst").get("/instruments?country=FR").json["items"]}


def test_it_is_used_by_requests_as_a_shipped_one(world):
    body = {"kind": "mla_letter", "instrument": "nl_br_2027", "reference": "own 1"}
    refused = world.as_("prosecutor").post("/mla-requests", body)
    assert faults(refused) == [("/instrument", "unknown")]
    approved(world)
    request = draft(world, "prosecutor", "mla_letter", None, instrument="nl_br_2027", executing_country="BR")
    missing = {point["pointer"] for point in world.as_("prosecutor").get(f"/mla-requests/{request}/readiness").json["missing"]}
    assert "/instrument" in missing  # the treaty has no traffic data, which this request asks for
    printed = world.as_("prosecutor").get(f"/mla-requests/{request}/document").json
    assert printed["instrument"] == TREATY["title"]


def test_what_nobody_approves_never_counts(world, clock):
    row = propose(world)
    one = waiting(world, row)
    assert decide(world, "operator", one, "reject", reason="not in force").json["state"] == "rejected"
    assert world.as_("central").get(f"/own-instruments/{row['id']}").json["state"] == "rejected"
    again = propose(world)
    assert world.as_("central").get(f"/approvals/{again['pending']}").json["state"] == "requested"
    withdrawn = decide(world, "central", waiting(world, again, "central"), "withdraw")
    assert withdrawn.json["state"] == "withdrawn", withdrawn.json
    propose(world)
    clock.forward(days=8)
    assert [one["state"] for one in world.as_("operator").get("/approvals?state=expired").json["items"]] == ["expired"]
    assert "nl_br_2027" not in usable(world)[1]


def test_only_another_person_of_the_operator_decides(world):
    one = waiting(world, propose(world))
    for who in ("central", "admin", "admin_fr", "prosecutor", "central_fr"):
        assert decide(world, who, one).status_code in {403, 404}, who
    assert world.as_("central").get(f"/approvals/{one['id']}").status_code == 200
    for who in ("central_fr", "prosecutor", "contact", "admin_fr", "auditor_fr"):
        assert world.as_(who).get(f"/approvals/{one['id']}").status_code in {403, 404}, who
    assert set(APPROVAL_LIFECYCLE.states) >= {"requested", "approved"}


@pytest.mark.parametrize(
    "who", ["investigator", "prosecutor", "contact", "system", "desk", "analyst", "auditor", "admin", "operator"]
)
def test_only_a_central_authority_proposes(world, who):
    assert world.as_(who).post("/own-instruments", TREATY).status_code == 403


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (without(TREATY, countries=["FR", "BR"]), [("/countries", "own_country")]),
        (without(TREATY, countries=["NL"]), [("/countries", "two")]),
        (without(TREATY, code="budapest"), [("/code", "shipped")]),
        (without(TREATY, kinds=["mla_letter", "eio", "epoc"]), [("/kinds/1", "union_act"), ("/kinds/2", "union_act")]),
        (without(TREATY, valid_until="2019-12-31"), [("/valid_until", "order")]),
        (without(TREATY, source_date="2199-01-01"), [("/source_date", "order_of_time")]),
        (without(TREATY, "measures"), [("/measures", "required")]),
        (without(TREATY, "source"), [("/source", "required")]),
        (without(TREATY, narrows="budapest"), [("/code", "one_of_two")]),
        (without(TREATY, "code"), [("/code", "one_of_two")]),
        (without(TREATY, code="NL-BR"), [("/code", "pattern")]),
        (without(TREATY, measures={"torture": "Art. 1"}), None),
        (without(NARROW, countries=["FR", "US"]), [("/countries", "own_country")]),
        (without(NARROW, measures={"content": "as shipped", "service": "new"}), [("/measures/service", "widens")]),
        (without(NARROW, kinds=["mla_letter", "eaw"]), [("/kinds/1", "widens")]),
        (without(NARROW, countries=["NL", "US", "RU"]), [("/countries/2", "widens")]),
        (without(NARROW, "measures"), [("/measures", "nothing")]),
        (without(NARROW, narrows="reciprocity"), [("/narrows", "unknown")]),
    ],
)
def test_what_is_wrong_or_would_widen_is_refused(world, body, expected):
    answer = world.as_("central").post("/own-instruments", body)
    assert answer.status_code == 422, answer.json
    assert expected is None or faults(answer) == expected


def test_a_narrowing_takes_away_on_both_sides_and_towards_those_named(world):
    ask = "/instruments/applicable?from={}&to={}&measure={}"
    assert "budapest" in usable(world, ask.format("US", "NL", "preservation"))[0]
    approved(world, NARROW)
    assert usable(world, ask.format("US", "NL", "interception"))[1]["budapest"] == ["narrowed"]
    assert usable(world, ask.format("NL", "US", "interception"))[1]["budapest"] == ["narrowed"]
    assert "budapest" in usable(world, ask.format("US", "NL", "preservation"))[0]
    assert "budapest" in usable(world, ask.format("CA", "NL", "interception"))[0] + usable(
        world, ask.format("JP", "NL", "traffic")
    )[0] or (usable(world, ask.format("CA", "NL", "interception"))[1]["budapest"] != ["narrowed"])
    earlier = usable(world, ask.format("US", "NL", "interception") + "&on=2026-02-28")
    assert earlier[1]["budapest"] != ["narrowed"]
    (told,) = world.as_("analyst").get("/instruments/budapest").json["narrowed"]
    assert (told["country"], told["others"], told["text"]) == ("NL", ["US"], NARROW["title"])


def test_a_narrowing_changes_no_other_instrument(world):
    ask = "/instruments/applicable?from=NL&to=BR&measure=hearing"
    before = usable(world, ask)
    approved(world, without(NARROW, countries=["NL"]))
    after = usable(world, ask)
    assert {code: found for code, found in after[1].items() if code != "budapest"} == {
        code: found for code, found in before[1].items() if code != "budapest"
    } or "reciprocity" in after[0]
    assert after[1]["budapest"] == ["narrowed"]


def test_outside_its_validity_a_treaty_does_not_count(world, clock):
    clock.at("2026-12-30T12:00:00+00:00")
    approved(world, without(TREATY, valid_until="2026-12-31"))
    assert usable(world)[0] == ["nl_br_2027"]
    assert usable(world, f"{WAY}&on=2019-12-31")[1]["nl_br_2027"] == ["no_treaty_between_them"]
    clock.at("2027-01-01T12:00:00+00:00")
    codes, reasons = usable(world)
    assert "nl_br_2027" not in codes
    assert reasons["nl_br_2027"] == ["no_treaty_between_them"]
    assert "budapest" in codes


def test_a_treaty_of_several_states_counts_only_towards_the_state_that_entered_it(world):
    ask = "/instruments/applicable?from={}&to={}&measure={}&kind=mla_letter"
    others = [ask.format(*way, "content") for way in (("US", "BR"), ("BR", "US"), ("CA", "US"), ("BR", "CA"))]
    before = [usable(world, query) for query in others]
    approved(world, without(TREATY, countries=["NL", "BR", "US", "CA"]))
    for query, (codes, reasons) in zip(others, before, strict=True):
        assert usable(world, query) == (codes, {**reasons, "nl_br_2027": ["no_treaty_between_them"]})
    for way in (("NL", "BR"), ("US", "NL"), ("NL", "CA"), ("BR", "NL")):
        assert "nl_br_2027" in usable(world, ask.format(*way, "content"))[0], way
    shown = world.as_("analyst").get("/instruments/nl_br_2027").json
    assert {tuple(pair["countries"]) for pair in shown["pairs"]} == {("BR", "NL"), ("NL", "US"), ("CA", "NL")}


def test_another_end_needs_the_operator_too(world):
    row = approved(world)
    path, tag = f"/own-instruments/{row['id']}/end", f'"{row["etag"]}"'
    assert world.as_("central_fr").post(path, {"valid_until": "2026-11-30"}, If_Match=tag).status_code == 403
    assert faults(world.as_("central").post(path, {"valid_until": "2019-01-01"}, If_Match=tag)) == [("/valid_until", "order")]
    asked = world.as_("central").post(path, {"valid_until": "2026-11-01"}, If_Match=tag)
    assert asked.status_code == 202, asked.json
    assert usable(world)[0] == ["nl_br_2027"]
    assert decide(world, "operator", waiting(world, row)).status_code == 200
    assert world.as_("central").get(f"/own-instruments/{row['id']}").json["valid_until"] == "2026-11-01"
    assert "nl_br_2027" not in usable(world)[0]
    early = propose(world, without(TREATY, code="nl_br_other"))
    answer = world.as_("central").post(f"/own-instruments/{early['id']}/end", {"valid_until": "2026-11-01"}, If_Match='"v1"')
    assert answer.status_code == 409


def test_a_code_counts_once(world):
    first, second = propose(world), propose(world)
    assert decide(world, "operator", waiting(world, first)).status_code == 200
    late = decide(world, "operator", waiting(world, second))
    assert (late.status_code, late.json["type"].split("/")[-1]) == (409, "changed-since")
    assert world.as_("central").post("/own-instruments", TREATY).status_code == 409


def test_a_proposal_is_seen_by_its_authority_and_the_operator(world):
    row = propose(world)
    path = f"/own-instruments/{row['id']}"
    assert {who: world.as_(who).get(path).status_code for who in ("central", "investigator", "operator", "central_fr", "analyst")} == {
        "central": 200, "investigator": 200, "operator": 200, "central_fr": 404, "analyst": 200,
    }  # fmt: skip
    assert world.as_("central_fr").get("/own-instruments").json["items"] == []
    assert decide(world, "operator", waiting(world, row)).status_code == 200
    (seen,) = world.as_("central_fr").get("/own-instruments?state=approved&country=BR&on=2026-11-01").json["items"]
    assert (seen["id"], seen["pending"]) == (row["id"], None)
    assert world.as_("central_fr").get("/own-instruments?country=FR").json["items"] == []


def test_a_treaty_between_member_states_does_not_go_around_the_union(world):
    approved(world, without(TREATY, code="nl_fr_own", countries=["NL", "FR"], kinds=["mla_letter", "extradition"]))
    _, reasons = usable(world, "/instruments/applicable?from=NL&to=FR&measure=content")
    assert reasons["nl_fr_own"] == ["other_treaty_goes_first"]
    _, reasons = usable(world, "/instruments/applicable?from=NL&to=FR&kind=extradition")
    assert reasons["nl_fr_own"] == ["other_treaty_goes_first"]
