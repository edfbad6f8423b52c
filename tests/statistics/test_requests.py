"""Figures about requests follow from the steps that were taken with them, for those who may read them."""

import gathering
import pytest
import teaming
from assisting import CONTENT_DATA, SENT, SUBSCRIBER, TRAFFIC, act, draft, read, recognised, sent, step, walk

from coopapi.statistics import dimensions

ON_PAPER = {"channel": "post", "security": "classified_network"}


def figures(world, who, query=""):
    answer = world.as_(who).get(f"/statistics/requests{query}")
    assert answer.status_code == 200, answer.json
    return answer.json["rows"]


def only(world, who, query=""):
    (row,) = figures(world, who, query)
    return row


def by(world, who, dimension, figure="issued", more=""):
    return {row["keys"][dimension]: row[figure] for row in figures(world, who, f"?by={dimension}{more}")}


def test_nothing_is_counted_before_it_is_sent(world):
    draft(world)
    assert figures(world, "prosecutor") == []


def test_a_request_counts_on_both_sides_and_for_nobody_else(world):
    sent(world)
    for who in ("prosecutor", "central", "contact", "analyst", "system", "auditor", "prosecutor_fr", "auditor_fr"):
        row = only(world, who)
        assert (row["issued"], row["pending"], row["received"], row["keys"]) == (1, 1, 0, {})
    assert by(world, "prosecutor", "direction") == {"outgoing": 1}
    assert by(world, "prosecutor_fr", "direction") == {"incoming": 1}
    assert figures(world, "prosecutor_ro") == figures(world, "desk") == figures(world, "europol") == []
    for who in ("investigator", "admin", "operator"):
        assert world.as_(who).get("/statistics/requests").status_code == 403


def test_each_dimension_has_the_codes_of_the_request(world, clock):
    clock.at("2026-11-28T10:00:00+01:00")
    request = draft(world, measures=[SUBSCRIBER, TRAFFIC])
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": ON_PAPER}))
    expected = {
        "year": {"2026": 1}, "quarter": {"2026-Q4": 1}, "requesting_country": {"NL": 1}, "executing_country": {"FR": 1},
        "region": {"eu": 1}, "kind": {"eio": 1}, "instrument": {"eio": 1}, "measure": {"subscriber": 1, "traffic": 1},
        "data_category": {"subscriber": 1, "traffic": 1}, "crime_category": {"ocsea": 1}, "channel": {"post": 1},
        "urgency": {"routine": 1}, "emergency": {"no": 1}, "outcome": {"pending": 1},
        "requesting_authority": {str(world.authorities["nl"]): 1}, "executing_authority": {str(world.authorities["fr"]): 1},
    }  # fmt: skip
    assert {dimension: by(world, "central", dimension) for dimension in expected} == expected
    answer = world.as_("central").get("/statistics/requests?by=year,measure,channel").json
    assert (answer["by"], answer["several"]) == (["year", "measure", "channel"], ["measure"])
    assert [row["keys"] for row in answer["rows"]] == [
        {"year": "2026", "measure": code, "channel": "post"} for code in ("subscriber", "traffic")
    ]


def test_what_became_of_a_request_and_how_long_it_took(world, clock):
    clock.at("2026-11-02T10:00:00+01:00")
    request = recognised(world)
    clock.forward(hours=48)
    act(world, "prosecutor_fr", request, 0, "execute")
    row = only(world, "prosecutor")
    assert (row["fulfilled"], row["received"], row["acknowledged"], row["acknowledged_on_time"], row["acknowledged_late"]) == (
        1,
        1,
        1,
        1,
        0,
    )
    assert row["deadlines_kept"] == 1
    assert {name: round(value) for name, value in row["hours_to_obtain"].items()} == {
        "number": 1,
        "mean": 48,
        "median": 48,
        "p90": 48,
    }
    act(world, "prosecutor_fr", request, 0, "transfer")
    walk(world, request, ("prosecutor", "close"))
    assert (only(world, "prosecutor")["fulfilled"], only(world, "prosecutor_fr")["fulfilled"]) == (1, 1)


def test_a_late_acknowledgement_counts_as_late(world, clock):
    clock.at("2026-11-02T10:00:00+01:00")
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    clock.forward(days=9)
    assert (only(world, "central")["acknowledged_late"], only(world, "central")["deadlines_missed"]) == (1, 1)
    walk(world, request, ("prosecutor_fr", "acknowledge"))
    row = only(world, "central")
    assert (row["acknowledged"], row["acknowledged_on_time"], row["acknowledged_late"]) == (1, 0, 1)


def test_partly_refused_and_postponed(world):
    request = recognised(world, measures=[SUBSCRIBER, TRAFFIC])
    ground = "eio_fundamental_rights"
    assert act(world, "prosecutor_fr", request, 0, "execute").status_code == 200
    later = {"reason": "later", "grounds": ["ongoing_investigation"], "until": "2031-03-01T00:00:00+01:00"}
    assert act(world, "prosecutor_fr", request, 1, "postpone", **later).status_code == 200
    assert (only(world, "prosecutor")["postponed"], only(world, "prosecutor")["pending"]) == (1, 1)
    assert act(world, "prosecutor_fr", request, 1, "resume").status_code == 200
    assert act(world, "prosecutor_fr", request, 1, "refuse", reason="no", grounds=[ground]).status_code == 200
    row = only(world, "prosecutor")
    assert (row["partly_fulfilled"], row["postponed"], row["refused"], row["refused_by_ground"]) == (1, 1, 0, {})
    other = recognised(world, reference="eio-2", measures=[SUBSCRIBER, TRAFFIC])
    for number, grounds in enumerate(([ground], [ground, "eio_dual_criminality"])):
        assert act(world, "prosecutor_fr", other, number, "refuse", reason="no", grounds=grounds).status_code == 200
    row = only(world, "prosecutor")
    assert (row["refused"], row["refused_by_ground"]) == (1, {ground: 1, "eio_dual_criminality": 1})
    assert by(world, "prosecutor", "outcome") == {"partly_fulfilled": 1, "refused": 1}


def test_withdrawn_and_returned(world):
    first, second = sent(world), sent(world, reference="eio-2")
    walk(world, first, ("prosecutor", "withdraw", {"reason": "no longer needed"}))
    walk(world, second, ("prosecutor_fr", "receive"), ("prosecutor_fr", "return", {"reason": "not validated"}))
    row = only(world, "prosecutor")
    assert (row["issued"], row["withdrawn"], row["returned"]) == (2, 1, 1)
    walk(world, second, ("prosecutor", "revise"))
    assert only(world, "prosecutor")["issued"] == 1


def test_what_followed_on_paper_before_it_was_entered_took_no_time(world, clock):
    clock.at("2026-11-02T10:00:00+01:00")
    keep = {"code": "preservation", "identifiers": SUBSCRIBER["identifiers"], "data_categories": ["traffic"]}
    request = sent(world, "contact", "preservation", reference="p-1", measures=[keep])
    walk(world, request, ("contact_fr", "receive"), ("contact_fr", "preserve"))
    after = draft(world, reference="eio-1", previous={"request_id": request, "relation": "after_preservation"})
    paper = {"transmission": {**SENT, "sent_at": "2026-11-01T09:00:00+01:00"}}
    walk(world, after, ("prosecutor", "ready"), ("prosecutor", "transmit", paper))
    assert only(world, "central", "?kind=preservation")["hours_to_follow_up"]["mean"] == 0


def test_a_preservation_that_is_never_followed_up(world, clock):
    clock.at("2026-11-02T10:00:00+01:00")
    keep = {"code": "preservation", "identifiers": SUBSCRIBER["identifiers"], "data_categories": ["traffic"]}
    requests = [sent(world, "contact", "preservation", reference=f"p-{n}", measures=[keep]) for n in range(2)]
    for request in requests:
        walk(world, request, ("contact_fr", "receive"), ("contact_fr", "preserve"))
    clock.forward(hours=240)
    previous = {"request_id": requests[0], "relation": "after_preservation"}
    sent(world, reference="eio-1", previous=previous)
    row = only(world, "central", "?kind=preservation")
    assert (row["preserved"], row["followed_up"], row["never_followed_up"], row["fulfilled"]) == (2, 1, 0, 2)
    assert round(row["hours_to_follow_up"]["median"]) == 240
    clock.forward(days=90)
    row = only(world, "central", "?kind=preservation")
    assert (row["preserved"], row["followed_up"], row["never_followed_up"]) == (2, 1, 1)


def test_an_emergency_order_is_validated_afterwards_or_not(world):
    emergency = {"urgency": "emergency", "emergency_ground": "ongoing_child_abuse"}
    orders = [sent(world, "system", "epoc", "provider", reference=f"e-{n}", measures=[SUBSCRIBER], **emergency) for n in range(3)]
    walk(world, orders[0], ("prosecutor", "validate_ex_post"))
    walk(world, orders[1], ("prosecutor", "deny_validation", {"reason": "no ground"}))
    row = only(world, "central")
    assert (row["emergencies"], row["sent_before_validation"], row["validated_later"], row["validation_denied"]) == (3, 3, 1, 1)
    report = world.as_("system").get(f"/statistics/e-evidence?year={world.clock().year}").json
    (order,) = report["production"]
    assert (order["addressee"], order["data_category"], order["emergency"]) == (
        str(world.authorities["provider"]),
        "subscriber",
        True,
    )
    assert (order["issued"], order["issued_before_validation"], order["validation_denied"]) == (3, 3, 1)
    assert (report["preservation"], report["legal_remedies"], report["costs"]) == ([], None, None)


def test_what_is_confided_is_unknown_to_the_receiver_until_it_accepts(world):
    request = sent(world, "prosecutor", "spontaneous_information", instrument="budapest", measures=[])
    assert by(world, "prosecutor", "crime_category") == {"ocsea": 1}
    assert by(world, "prosecutor_fr", "crime_category") == {"unknown": 1}
    walk(world, request, ("prosecutor_fr", "accept_conditions"))
    assert by(world, "prosecutor_fr", "crime_category") == {"ocsea": 1}


def test_only_those_who_may_read_the_case_count_its_request(world):
    case = world.case("investigator", visibility="hidden", visibility_reason="covert")
    sent(world, case_id=case)
    assert only(world, "prosecutor")["issued"] == 1
    assert figures(world, "auditor_fr")[0]["issued"] == 1
    assert figures(world, "prosecutor_ro") == []


def test_stages_before_sending_are_for_the_side_that_asks(world, clock):
    clock.at("2026-11-02T10:00:00+01:00")
    request = draft(world)
    clock.forward(hours=5)
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": ON_PAPER}))
    clock.forward(hours=7)
    walk(world, request, ("prosecutor_fr", "receive"))
    mine, theirs = (
        {row["stage"]: round(row["hours"]["mean"]) for row in world.as_(who).get("/statistics/stages").json["rows"]}
        for who in ("prosecutor", "prosecutor_fr")
    )
    assert mine == {"draft": 5, "ready": 0, "transmitted": 7}
    assert theirs == {"transmitted": 7}


def test_the_entry_of_a_step_has_the_codes_that_changed(world):
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"))
    walk(world, request, ("prosecutor_fr", "refuse", {"reason": "no", "grounds": ["eio_fundamental_rights"]}))
    found = {
        e["action"]: e["detail"]
        for e in world.as_("prosecutor_fr").get("/events?limit=200").json["items"]
        if "request" in e["action"]
    }
    told = found["request.transmit"]
    assert (told["from"], told["state"], told["channel"], told["kind"], told["urgency"]) == (
        "ready",
        "transmitted",
        "direct_judicial",
        "eio",
        "routine",
    )
    assert (told["crime_categories"], told["data_categories"], told["measure_codes"]) == (["ocsea"], ["traffic"], ["traffic"])
    assert found["request.acknowledge"]["from"] == "received"
    assert found["request.refuse"]["grounds"] == ["eio_fundamental_rights"]


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("by=colour", "dimensions"), ("by=year,year", "dimensions"), ("by=year,kind,measure,channel", "dimensions"),
        ("by=", "dimensions"), ("kind=letter", "codelist"), ("since=yesterday", "invalid"), ("format=pdf", "one_of"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused_with_its_place(world, query, rule):
    answer = world.as_("prosecutor").get(f"/statistics/requests?{query}")
    assert answer.status_code == 422
    (fault,) = answer.json["errors"]
    assert fault["pointer"] == f"/{query.split('=')[0]}", (fault, rule)


def test_a_measure_without_a_category_of_data_counts_as_its_own(world):
    sent(world, measures=[{**SUBSCRIBER, "data_categories": []}, CONTENT_DATA])
    assert by(world, "central", "data_category") == {"subscriber": 1, "content": 1}
    assert read(world, "prosecutor", world.as_("prosecutor").get("/mla-requests").json["items"][0]["id"])["state"] == "transmitted"
    assert (
        step(world, "prosecutor", world.as_("prosecutor").get("/mla-requests").json["items"][0]["id"], "close").status_code == 409
    )


@pytest.mark.parametrize("subject", dimensions.BY_SUBJECT)
def test_every_dimension_is_a_filter_that_gives_its_group(world, subject):
    case = world.once(everything)
    me = world.as_("prosecutor")
    for dimension in dimensions.BY_SUBJECT[subject]:
        found = me.get(f"/statistics/{subject}?by={dimension}").json["rows"]
        assert found or subject == "stages", dimension
        for row in found:
            alone = me.get(f"/statistics/{subject}?by={dimension}&{dimension}={row['keys'][dimension]}")
            if row["keys"][dimension] == "none" and alone.status_code == 422:  # of a codelist
                continue
            assert alone.status_code == 200, alone.json
            assert row in alone.json["rows"], dimension
            whole = me.get(f"/statistics/{subject}?{dimension}={row['keys'][dimension]}").json["rows"]
            assert {**row, "keys": {}} in whole, dimension
    assert case


def everything(world):
    """A case with an overlap, two requests, a meeting and a team."""
    case = world.case("prosecutor", "NL-1", countries=["FR"], crime_categories=["ocsea"])
    world.hold("prosecutor", case, "owl@example.org")
    world.hold("foreign", world.case("foreign", "FR-1"), "owl@example.org")
    walk(world, sent(world, case_id=case), ("prosecutor_fr", "receive"))
    sent(world, "contact", "preservation", reference="p-1")
    teaming.proposed(world, "fr", cases=[case])
    gathering.proposed(world, origin=("case", case), guests=("fr",))
    return case
