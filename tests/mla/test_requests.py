"""Requests over HTTP: drafting, validating, who sees what, who may take which step, and what a request has to say."""

from datetime import timedelta
from uuid import UUID

import pytest
from assisting import (
    CONTENT,
    CONTENT_DATA,
    MAILBOX,
    SENT,
    SUBSCRIBER,
    TRAFFIC,
    act,
    clocks,
    draft,
    read,
    recognised,
    sent,
    step,
    walk,
)
from sqlalchemy.exc import DBAPIError

from coopapi.auth.authentication import actor_of
from coopapi.mla.lifecycles import KINDS, derived_state
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side

TOLD = {"channel": "diplomatic", "proof": "note verbale 7"}


def faults(response):
    return {fault["pointer"] for fault in response.json["errors"]}


def test_the_executing_side_sees_a_request_from_its_transmission_on(world):
    request = world.once(draft)
    assert world.as_("prosecutor_fr").get(f"/mla-requests/{request}").status_code == 404
    walk(world, request, ("prosecutor", "ready"))
    assert world.as_("prosecutor_fr").get("/mla-requests").json["items"] == []
    walk(world, request, ("prosecutor", "transmit", {"transmission": SENT}))

    (incoming,) = world.as_("prosecutor_fr").get("/mla-requests?direction=incoming").json["items"]
    (outgoing,) = world.as_("prosecutor").get("/mla-requests?direction=outgoing").json["items"]
    assert (incoming["id"], incoming["direction"], outgoing["direction"]) == (request, "incoming", "outgoing")
    assert read(world, "prosecutor_fr", request)["content"]["facts"] == CONTENT["facts"]


def test_nobody_else_sees_a_request_anywhere(world):
    request = sent(world, case_id=world.case("prosecutor"))
    measure = read(world, "prosecutor", request)["measures"][0]["id"]
    for outsider in ("romanian", "desk_fr", "judge_fr"):
        me = world.as_(outsider)
        for path in (
            "",
            "/readiness",
            "/transitions",
            "/measures",
            "/messages",
            "/transmissions",
            "/deadlines",
            "/requirement-notices",
        ):
            assert me.get(f"/mla-requests/{request}{path}").status_code == 404, path
        assert me.get(f"/mla-requests/{request}/measures/{measure}/transitions").status_code == 404
        assert me.get("/mla-requests").json["items"] == []
        assert me.get("/deadlines").json["items"] == []
        assert [e for e in me.get("/events").json["items"] if e["action"].startswith("request.")] == []


def test_a_request_that_hangs_from_a_case_is_for_those_who_may_read_the_case(world):
    case = world.case("investigator", "need-to-know")
    request = draft(world, "investigator", case_id=case)
    assert read(world, "colleague", request)["case_id"] == case

    me = world.as_("investigator")
    (own,) = [g for g in me.get(f"/cases/{case}/access").json["items"] if g["level"] == "own"]
    given = {"authority_id": str(world.authorities["nl"]), "level": "contribute", "reason": "need to know",
             "principal_id": str(world.people["investigator"])}  # fmt: skip
    assert me.post(f"/cases/{case}/access", given).status_code == 201
    assert own["state"] == "given"
    other = world.case("investigator", "open")
    assert world.as_("colleague").get(f"/cases/{other}/mla-requests").json["items"] == []
    assert [r["id"] for r in world.as_("colleague").get(f"/cases/{case}/mla-requests").json["items"]] == [request]


def test_to_read_a_case_opens_none_of_its_requests_until_one_is_brought_in(world):
    case = world.case("prosecutor")
    request = draft(world, case_id=case)
    for other in ("desk_nl", "fr"):
        given = {"authority_id": str(world.authorities[other]), "level": "read", "reason": "facilitation"}
        assert world.as_("prosecutor").post(f"/cases/{case}/access", given).status_code == 201
    assert {world.as_(who).get(f"/mla-requests/{request}").status_code for who in ("desk", "foreign", "prosecutor_fr")} == {404}

    body = {"authority_id": str(world.authorities["desk_nl"]), "acting": False}
    assert world.as_("prosecutor").post(f"/mla-requests/{request}/parties", body).status_code == 201
    assert read(world, "desk", request)["id"] == request
    assert world.as_("desk").get(f"/mla-requests/{request}/transitions").json["allowed"] == []
    assert step(world, "desk", request, "withdraw", reason="x").status_code == 403
    assert world.as_("desk").post(f"/mla-requests/{request}/messages", {"act": "message", "text": "x"}).status_code == 403


def test_a_police_unit_submits_and_another_prosecutor_validates(world):
    request = world.once(draft, "investigator")
    early = step(world, "investigator", request, "ready")
    assert (early.status_code, early.json["allowed"]) == (409, ["submit"])
    walk(world, request, ("investigator", "submit"))
    assert step(world, "investigator", request, "validate").status_code == 403
    assert walk(world, request, ("prosecutor", "validate"))["validated_at"]
    assert step(world, "investigator", request, "transmit", transmission=SENT).status_code == 403
    walk(world, request, ("central", "transmit", {"transmission": SENT}))


def test_whoever_drafted_does_not_validate(world):
    request = world.once(draft, "prosecutor")
    walk(world, request, ("prosecutor", "submit"))
    assert step(world, "prosecutor", request, "validate").json["type"] == "/problems/four-eyes-on-request"


@pytest.mark.parametrize(
    ("pointer", "gone"),
    [
        ("/content/offences", ("offences",)),
        ("/content/facts", ("facts",)),
        ("/content/link", ("link",)),
        ("/content/preservation/custodian", ("preservation", "custodian")),
        ("/content/necessity", ("necessity",)),
        ("/content/preservation/intends_mla", ("preservation", "intends_mla")),
    ],
)
def test_a_preservation_request_without_an_element_of_article_29_is_refused_by_its_name(world, pointer, gone):
    request = world.once(draft, "contact", "preservation")
    content = {key: dict(value) if isinstance(value, dict) else value for key, value in CONTENT.items()}
    target = content
    for name in gone[:-1]:
        target = target[name]
    del target[gone[-1]]
    me = world.as_("contact")
    assert me.patch(f"/mla-requests/{request}", {"content": content}, If_Match='"v1"').status_code == 200

    refused = step(world, "contact", request, "ready")
    assert (refused.status_code, faults(refused)) == (422, {pointer})
    assert "Art. 29(2)" in refused.json["errors"][0]["detail"]


@pytest.mark.parametrize("code", ["content", "interception", "search_seizure", "covert"])
def test_an_intrusive_measure_without_safeguards_is_drafted_and_not_sent(world, code):
    content = {key: value for key, value in CONTENT.items() if key not in {"authorisation", "necessity", "proportionality"}}
    body = {"reference": "x", "kind": "mla_letter", "instrument": "eio", "executing_authority": str(world.authorities["fr"]),
            "language": "en", "content": content, "measures": [{**CONTENT_DATA, "code": code}]}  # fmt: skip
    request = world.as_("prosecutor").post("/mla-requests", body).json["id"]
    refused = step(world, "prosecutor", request, "ready")
    assert refused.status_code == 422
    assert {"/content/authorisation", "/content/necessity", "/content/proportionality"} <= faults(refused)


def test_an_address_without_its_time_of_use_does_not_go(world):
    timeless = {**SUBSCRIBER, "identifiers": [{"kind": "ip", "value": "198.51.100.7"}]}
    request = draft(world, measures=[timeless])
    refused = step(world, "prosecutor", request, "ready")
    assert faults(refused) == {"/measures/0/identifiers/0/context/observed_at"}


def test_an_emergency_needs_a_listed_ground(world):
    body = {"reference": "x", "kind": "eio", "urgency": "emergency"}
    refused = world.as_("prosecutor").post("/mla-requests", body)
    assert (refused.status_code, faults(refused)) == (422, {"/emergency_ground"})
    request = draft(world)
    assert world.as_("prosecutor").patch(f"/mla-requests/{request}", {"urgency": "emergency"}, If_Match='"v1"').status_code == 422


def test_a_point_of_contact_is_no_authority_for_mutual_assistance(world):
    me = world.as_("contact")
    refused = me.post("/mla-requests", {"reference": "x", "kind": "eio"})
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-round-the-clock")
    request = sent(world)
    assert step(world, "contact_fr", request, "receive").status_code == 403
    kept = sent(world, "contact", "preservation", reference="kept")
    walk(world, kept, ("contact_fr", "receive"), ("contact_fr", "preserve"))


def test_a_machine_client_transmits_and_never_decides(world):
    path = f"/authorities/{world.authorities['fr']}/clients"
    made = world.approved(world.as_("admin_fr").post(path, {"name": "C", "roles": ["system"]})).json
    got = world.app.test_client().post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "client_id": made["id"], "client_secret": made["client_secret"]},
    )
    request = sent(world)
    machine = {"Authorization": f"Bearer {got.json['access_token']}"}
    client = world.app.test_client()
    path = f"/api/v1/mla-requests/{request}/transitions"
    for event, status in (("receive", 200), ("acknowledge", 200), ("recognise", 403)):
        tag = client.get(path, headers=machine).json["etag"]
        answer = client.post(path, json={"event": event}, headers={**machine, "If-Match": f'"{tag}"'})
        assert answer.status_code == status, answer.json
    assert "recognise" not in [m["event"] for m in client.get(path, headers=machine).json["allowed"]]


def test_a_refusal_without_a_ground_that_the_law_knows_is_recorded_as_it_was(world, clock):
    request = world.once(sent, kind="mla_letter", to="us", instrument="eu_us_mla")
    told = {"recorded": {**TOLD, "at": clock().isoformat()}}
    walk(world, request, ("prosecutor", "receive", told), ("prosecutor", "acknowledge", told))
    assert (
        step(world, "prosecutor", request, "refuse", **told, reason="No.", grounds=["sovereignty", "none_stated"]).status_code
        == 422
    )
    refused = walk(world, request, ("prosecutor", "refuse", {**told, "reason": "Not a priority."}))
    assert (refused["state"], refused["grounds"]) == ("refused", ["none_stated"])


def test_nobody_refuses_on_its_own_side_without_a_ground(world):
    request = world.once(sent)
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"))
    for grounds in ([], ["none_stated"]):
        assert step(world, "prosecutor_fr", request, "refuse", reason="No.", grounds=grounds).status_code == 422


def test_what_the_other_side_did_is_recorded_while_it_has_nobody_here(world, owner, clock):
    request = world.once(sent, kind="mla_letter", to="us", instrument="eu_us_mla")
    bare = step(world, "prosecutor", request, "receive")
    assert (bare.status_code, faults(bare)) == (422, {"/recorded"})
    early = {**TOLD, "at": (clock() - timedelta(days=1)).isoformat()}
    assert step(world, "prosecutor", request, "receive", recorded=early).status_code == 422
    told = {**TOLD, "at": clock().isoformat()}
    walk(world, request, ("prosecutor", "receive", {"recorded": told}), ("prosecutor", "acknowledge", {"recorded": told}))
    assert world.as_("prosecutor").get(f"/mla-requests/{request}/transitions").json["recorded_for"] == ["executing"]
    turns = world.as_("prosecutor").get(f"/mla-requests/{request}/messages").json["items"]
    assert {(t["side"], t["recorded"]["proof"], t["recorded_by"]) for t in turns} == {
        ("executing", "note verbale 7", str(world.authorities["nl"]))
    }

    body = {"name": "P", "issuer": "https://issuer.test", "subject": "american", "roles": ["prosecutor"]}
    assert world.as_("operator").post(f"/authorities/{world.authorities['us']}/people", body).status_code in {201, 403}
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into principals values (gen_random_uuid(), 1, %s, 'person', 'P', 'https://issuer.test', 'american', '{prosecutor}',"
            " false, true, null, null, now()) on conflict do nothing",
            (str(world.authorities["us"]),),
        )
    assert step(world, "prosecutor", request, "recognise", recorded=told).status_code == 403
    (waiting,) = world.as_("american").get("/mla-requests?direction=incoming").json["items"]
    assert waiting["id"] == request
    walk(world, request, ("american", "recognise"))
    own = step(world, "american", request, "withdraw", reason="x", recorded=told)
    assert own.status_code == 403


def test_a_request_from_outside_is_entered_by_whom_it_was_sent_to(world, clock):
    came = {"requesting_authority": str(world.authorities["us"]), "recorded": {**TOLD, "at": clock().isoformat()}}
    body = {"reference": "DOJ-1", "kind": "mla_letter", "instrument": "eu_us_mla", "incoming": came, "language": "en",
            "content": CONTENT, "measures": [TRAFFIC]}  # fmt: skip
    made = world.as_("central_fr").post("/mla-requests", body)
    assert made.status_code == 201, made.json
    assert (made.json["state"], made.json["direction"], made.json["requesting"]["country"]) == ("transmitted", "incoming", "US")
    request = made.json["id"]
    walk(world, request, ("central_fr", "receive"), ("central_fr", "acknowledge"))
    asks = walk(world, request, ("prosecutor_fr", "ask", {"reason": "which account?"}))
    assert asks["state"] == "information_requested"
    answered = {"reason": "the older", "recorded": {**TOLD, "at": clock().isoformat()}}
    walk(world, request, ("central_fr", "supply", answered), ("prosecutor_fr", "recognise"))

    here = {**body, "reference": "x", "incoming": {**came, "requesting_authority": str(world.authorities["nl"])}}
    refused = world.as_("central_fr").post("/mla-requests", here)
    assert (refused.status_code, faults(refused)) == (422, {"/incoming/requesting_authority"})


def test_both_sides_are_told_each_in_its_own_journal(world):
    case = world.case("prosecutor")
    request = sent(world, case_id=case)
    walk(world, request, ("prosecutor_fr", "receive"))
    there = [e for e in world.as_("prosecutor_fr").get("/events").json["items"] if e["action"].startswith("request.")]
    here = [e for e in world.as_("prosecutor").get("/events").json["items"] if e["action"].startswith("request.")]
    assert [e["action"] for e in there] == ["request.transmit", "request.receive"]
    assert [e["action"] for e in here] == ["request.drafted", "request.ready", "request.transmit", "request.receive"]
    assert {e["object_id"] for e in there + here} == {request}
    assert (there[0]["role"], there[1]["role"], here[-1]["role"]) == ("machine", "prosecutor", "machine")
    assert {e["case_id"] for e in there} == {None}


def test_the_executing_side_ties_the_request_to_its_own_case(world):
    request = world.once(sent)
    theirs = world.case("prosecutor_fr")
    foreign = world.as_("prosecutor_fr").post(f"/mla-requests/{request}/case", {"case_id": world.case("prosecutor")})
    assert foreign.status_code == 404
    linked = world.as_("prosecutor_fr").post(f"/mla-requests/{request}/case", {"case_id": theirs})
    assert (linked.status_code, linked.json["case_id"]) == (200, theirs)
    assert read(world, "prosecutor", request)["case_id"] is None
    walk(world, request, ("prosecutor_fr", "receive"))
    line = world.as_("prosecutor_fr").get(f"/cases/{theirs}/timeline").json["items"]
    assert "request.receive" in [e["type"] for e in line]


def test_another_authority_is_brought_in_on_ones_own_side(world):
    request = world.once(draft)
    body = {"authority_id": str(world.authorities["desk_nl"]), "acting": False}
    assert world.as_("prosecutor").post(f"/mla-requests/{request}/parties", body).status_code == 201
    assert read(world, "desk", request)["state"] == "draft"
    ended = {**body, "until": world.clock().isoformat()}
    assert world.as_("prosecutor").post(f"/mla-requests/{request}/parties", ended).status_code == 201
    assert world.as_("desk").get(f"/mla-requests/{request}").status_code == 404


def test_spontaneous_information_opens_when_its_conditions_are_accepted(world):
    on = {"use_conditions": ["confidentiality"], "conditions_text": "Not to be told to the suspect."}
    request = draft(world, kind="spontaneous_information", instrument="budapest", measures=[], content=on)
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    assert read(world, "prosecutor_fr", request)["content"] == on
    assert read(world, "prosecutor", request)["content"]["information"] == CONTENT["information"]
    walk(world, request, ("prosecutor_fr", "accept_conditions"))
    assert read(world, "prosecutor_fr", request)["content"]["information"] == CONTENT["information"]


def test_a_provider_is_not_told_why(world, owner):
    request = draft(world, kind="epoc", to="provider", measures=[SUBSCRIBER], enforcing_authority=str(world.authorities["fr"]))
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into principals values (gen_random_uuid(), 1, %s, 'client', 'P', 'https://issuer.test', 'provider', '{system}',"
            " false, true, null, null, now())",
            (str(world.authorities["provider"]),),
        )
    told = read(world, "provider", request)["content"]
    assert told["offences"]
    assert not {"facts", "necessity", "proportionality", "link", "persons"} & told.keys()
    assert read(world, "prosecutor_fr", request)["content"]["necessity"] == CONTENT["necessity"]


def test_what_is_withheld_is_not_had_by_reuse_nor_by_withdrawal(world):
    request = world.once(draft, kind="spontaneous_information", instrument="budapest", measures=[TRAFFIC])
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    again = {"request_id": request, "relation": "same_matter", "reuse": True}
    taken = world.as_("prosecutor_fr").post("/mla-requests", {"reference": "x", "kind": "mla_letter", "previous": again})
    assert taken.status_code == 403
    (measure,) = world.as_("prosecutor_fr").get(f"/mla-requests/{request}/measures").json["items"]
    assert measure["asked"] == {}
    walk(world, request, ("prosecutor", "withdraw", {"reason": "a mistake"}))
    assert "information" not in read(world, "prosecutor_fr", request)["content"]


def test_after_a_return_nobody_of_the_other_side_reads_the_new_draft(world):
    request = world.once(sent)
    walk(world, request, ("prosecutor_fr", "receive"))
    reader = {"authority_id": str(world.authorities["desk_fr"]), "acting": False}
    assert world.as_("prosecutor_fr").post(f"/mla-requests/{request}/parties", reader).status_code == 201
    to = {"reason": "theirs", "to_authority": str(world.authorities["fr_court"])}
    walk(world, request, ("prosecutor_fr", "forward", to), ("judge_fr", "receive"), ("judge_fr", "return", {"reason": "no seal"}))
    walk(world, request, ("prosecutor", "revise", {"reason": "our doubts"}))
    seen = {world.as_(who).get(f"/mla-requests/{request}").status_code for who in ("prosecutor_fr", "judge_fr", "desk_fr")}
    assert seen == {404}
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    words = [m["text"] for m in world.as_("judge_fr").get(f"/mla-requests/{request}/messages").json["items"]]
    assert "our doubts" not in words


def test_whoever_forwarded_acts_no_more_nor_do_those_it_brought_in(world):
    request = world.once(sent)
    helper = {"authority_id": str(world.authorities["fr_court"])}
    walk(world, request, ("prosecutor_fr", "receive"))
    assert world.as_("prosecutor_fr").post(f"/mla-requests/{request}/parties", helper).status_code == 201
    to = {"reason": "theirs", "to_authority": str(world.authorities["desk_fr"])}
    walk(world, request, ("prosecutor_fr", "forward", to))
    assert {step(world, who, request, "receive").status_code for who in ("judge_fr", "prosecutor_fr")} == {403}


def test_a_part_with_an_end_does_not_make_itself_endless(world):
    request = world.once(sent)
    helper = {"authority_id": str(world.authorities["fr_court"]), "until": (world.clock() + timedelta(days=1)).isoformat()}
    assert world.as_("prosecutor_fr").post(f"/mla-requests/{request}/parties", helper).status_code == 201
    case = world.case("judge_fr")
    assert world.as_("judge_fr").post(f"/mla-requests/{request}/case", {"case_id": case}).status_code == 200
    world.clock.forward(days=2)
    assert world.as_("judge_fr").get(f"/mla-requests/{request}").status_code == 404


def test_the_addressee_does_not_follow_up_for_the_side_that_asked(world):
    kept = world.once(sent, kind="preservation")
    walk(world, kept, ("contact_fr", "receive"), ("contact_fr", "preserve"))
    previous = {"request_id": kept, "relation": "after_preservation"}
    sent(world, "prosecutor_fr", to="ro", reference="own", previous=previous)
    assert read(world, "prosecutor", kept)["state"] == "preserved"


def test_each_side_changes_only_its_own_words(world):
    request = recognised(world)
    offered = act(world, "prosecutor_fr", request, 0, "offer_on_conditions", reason="so", conditions=["confidentiality"])
    assert offered.status_code == 200
    mine = act(world, "prosecutor", request, 0, "accept_conditions", conditions=["account_of_use"])
    assert mine.json["conditions"] == ["confidentiality"]

    refused = sent(world, reference="second")
    walk(world, refused, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"))
    why = {"reason": "tried", "grounds": ["eio_ne_bis_in_idem"], "foreign_reference": "FR-1"}
    walk(world, refused, ("prosecutor_fr", "refuse", why))
    rewritten = {"grounds": ["eio_national_security"], "foreign_reference": "MINE"}
    closed = walk(world, refused, ("prosecutor", "close", rewritten))
    assert (closed["grounds"], closed["foreign_reference"]) == (["eio_ne_bis_in_idem"], "FR-1")


def test_preservation_lasts_at_least_sixty_days_and_is_extended(world, clock):
    request = world.once(sent, kind="preservation")
    walk(world, request, ("contact_fr", "receive"), ("contact_fr", "acknowledge"))
    short = step(world, "contact_fr", request, "preserve", until=(clock() + timedelta(days=59)).isoformat())
    assert (short.status_code, faults(short)) == (422, {"/until"})
    kept = walk(world, request, ("contact_fr", "preserve", {"until": (clock() + timedelta(days=120)).isoformat()}))
    assert step(world, "contact_fr", request, "expire").status_code == 409
    walk(world, request, ("prosecutor", "ask_extension", {"reason": "the letter is being translated"}))
    longer = walk(world, request, ("contact_fr", "extend"))
    assert (longer["state"], longer["until"] > kept["until"]) == ("preserved", True)

    walk(world, request, ("contact_fr", "disclose_path", {"path": {"countries": ["US"], "providers": ["Heron Relay Inc"]}}))
    assert [(s["do"], s.get("country")) for s in read(world, "prosecutor", request)["suggestions"]] == [
        ("preserve", "US"), ("follow_up", None),
    ]  # fmt: skip
    assert [r["id"] for r in world.as_("prosecutor").get("/mla-requests?never_followed_up=true").json["items"]] == [request]
    assert world.as_("prosecutor").get("/mla-requests?expires_within=24").json["items"] == []
    clock.forward(days=151)
    assert [r["id"] for r in world.as_("prosecutor").get("/mla-requests?expires_within=24").json["items"]] == [request]
    assert read(world, "prosecutor", request)["expired"] is True
    walk(world, request, ("contact_fr", "expire"))


def test_an_order_to_preserve_lasts_sixty_days_and_once_thirty_more(world, clock):
    clock.at("2026-12-01T10:00:00+01:00")
    request = sent(world, kind="epoc_pr", to="provider", instrument="e_evidence", measures=[SUBSCRIBER])
    told = {"channel": "provider_portal", "proof": "ticket 1", "at": clock().isoformat()}
    walk(world, request, ("prosecutor", "receive", {"recorded": told}))
    clock.at("2026-12-03T10:00:00+01:00")
    told = {**told, "at": clock().isoformat()}
    # sixty days from receipt on Tuesday 1 December end on Saturday 30 January 2027, so at the end of Monday 1 February in Dublin,
    # where that Monday is a holiday: at the end of Tuesday 2
    assert walk(world, request, ("prosecutor", "preserve", {"recorded": told}))["until"][:16] == "2027-02-03T00:00"
    walk(world, request, ("prosecutor", "extend", {"reason": "the order to produce is being prepared"}))
    again = step(world, "prosecutor", request, "extend", reason="once more")
    assert (again.status_code, faults(again)) == (422, {"/until"})


def test_identifiers_of_the_case_are_carried_and_impossible_ones_are_refused(world):
    case = world.case("prosecutor")
    (held,) = world.hold("prosecutor", case, "owl@example.org")
    request = draft(world, case_id=case, measures=[{**SUBSCRIBER, "identifiers": [{"identifier_id": held}]}])
    (measure,) = read(world, "prosecutor", request)["measures"]
    assert measure["asked"]["identifiers"][0]["value"] == "owl@example.org"
    bad = {**SUBSCRIBER, "identifiers": [MAILBOX, {"kind": "iban", "value": "DE00 0000"}]}
    refused = world.as_("prosecutor").post("/mla-requests", {"reference": "y", "kind": "eio", "measures": [bad]})
    assert (refused.status_code, faults(refused)) == (422, {"/measures/0/identifiers/1/value"})
    foreign = {**SUBSCRIBER, "identifiers": [{"identifier_id": held}]}
    assert (
        world.as_("prosecutor").post("/mla-requests", {"reference": "z", "kind": "eio", "measures": [foreign]}).status_code == 422
    )


def test_what_was_sent_is_not_changed_and_a_returned_request_is_revised(world):
    request = world.once(sent)
    tag = f'"{read(world, "prosecutor", request)["etag"]}"'
    assert world.as_("prosecutor").patch(f"/mla-requests/{request}", {"language": "fr"}, If_Match=tag).status_code == 409
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "return", {"reason": "not validated"}))
    walk(world, request, ("prosecutor", "revise"))
    assert world.as_("prosecutor_fr").get(f"/mla-requests/{request}").status_code == 404
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    assert read(world, "prosecutor_fr", request)["state"] == "transmitted"


def test_a_reference_is_used_once_and_a_retried_draft_has_its_effect_once(world):
    body = {"reference": "once", "kind": "eio"}
    me = world.as_("prosecutor")
    first = me.post("/mla-requests", body, Idempotency_Key="k")
    again = me.post("/mla-requests", body, Idempotency_Key="k")
    assert first.json["id"] == again.json["id"]
    taken = me.post("/mla-requests", body)
    assert (taken.status_code, taken.json["existing"]) == (409, f"/api/v1/mla-requests/{first.json['id']}")


def test_changes_name_the_version_they_change(world):
    request = world.once(draft)
    me, path = world.as_("prosecutor"), f"/mla-requests/{request}"
    assert me.patch(path, {"language": "fr"}).status_code == 428
    assert me.patch(path, {"language": "fr"}, If_Match='"v9"').status_code == 412
    assert me.patch(path, {"language": "fr"}, If_Match='"v1"').status_code == 200
    assert me.post(f"{path}/transitions", {"event": "ready"}, If_Match='"v1"').status_code == 412


def test_nobody_stands_on_two_sides(world):
    request = world.once(sent)
    database = world.app.extensions["coopapi"].database
    with (
        pytest.raises(DBAPIError, match="two sides"),
        database.work(lambda s: actor_of(s, "https://issuer.test", "prosecutor", None), "r") as work,
    ):
        parties.admit(work, UUID(request), world.authorities["nl"], Side.EXECUTING)


def test_what_a_side_says_to_itself_stays_there(world):
    request = world.once(draft, "investigator")
    walk(world, request, ("investigator", "submit", {"reason": "please look at the dates"}), ("prosecutor", "validate"))
    walk(world, request, ("prosecutor", "transmit", {"transmission": SENT}))
    remark = {"act": "message", "text": "they were slow last time", "internal": True}
    assert world.as_("prosecutor").post(f"/mla-requests/{request}/messages", remark).status_code == 201
    path = f"/mla-requests/{request}/messages"
    assert len(world.as_("investigator").get(path).json["items"]) == 2
    assert world.as_("prosecutor_fr").get(path).json["items"] == []
    assert "request.remarked" not in [e["action"] for e in world.as_("prosecutor_fr").get("/events").json["items"]]


def test_only_authorities_of_ones_country_stand_on_ones_side(world):
    request = world.once(draft)
    body = {"authority_id": str(world.authorities["ro"])}
    refused = world.as_("prosecutor").post(f"/mla-requests/{request}/parties", body)
    assert (refused.status_code, faults(refused)) == (422, {"/authority_id"})


def test_content_is_not_ordered_before_a_court_validated_it_even_in_an_emergency(world):
    urgent = {"urgency": "emergency", "emergency_ground": "imminent_threat_to_life"}
    notified = {"enforcing_authority": str(world.authorities["fr_court"])}
    request = draft(world, "investigator", "epoc", "provider", measures=[CONTENT_DATA], **urgent, **notified)
    refused = step(world, "investigator", request, "ready")
    assert (refused.json["allowed"], refused.json["needs_validation"]) == (["submit"], "judge")


def test_an_urgent_request_is_confirmed_formally(world, clock):
    due = (clock() + timedelta(days=5)).isoformat()
    request = draft(world)
    fast = {"channel": "secure_email", "security": "transport_encrypted", "formal_confirmation_due": due}
    me, path = world.as_("prosecutor"), f"/mla-requests/{request}/transmissions"
    assert me.post(path, SENT).status_code == 409
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": fast}))
    assert clocks(world, "prosecutor", request)["bud_25_3"][1] == "running"
    assert world.as_("prosecutor_fr").post(path, SENT).status_code == 403
    assert me.post(path, {"channel": "post", "security": "unencrypted", "receipt": "RR 12"}).status_code == 201
    assert clocks(world, "prosecutor", request)["bud_25_3"][1] == "met"
    assert [t["channel"] for t in world.as_("prosecutor_fr").get(path).json["items"]] == ["post", "secure_email"]


def test_two_measures_move_one_after_the_other(world):
    request = recognised(world, measures=[TRAFFIC, SUBSCRIBER])
    rows = read(world, "prosecutor_fr", request)["measures"]
    me = world.as_("prosecutor_fr")
    paths = [f"/mla-requests/{request}/measures/{m['id']}/transitions" for m in rows]
    assert [me.post(p, {"event": "execute"}, If_Match='"v1"').status_code for p in paths] == [200, 200]
    assert me.post(paths[0], {"event": "transfer"}, If_Match='"v1"').status_code == 412
    assert read(world, "prosecutor", request)["state"] == "executed"


def test_measures_wait_for_recognition_and_say_why_they_were_not_carried_out(world):
    request = world.once(sent)
    walk(world, request, ("prosecutor_fr", "receive"))
    assert act(world, "prosecutor_fr", request, 0, "execute").status_code == 409
    walk(world, request, ("prosecutor_fr", "acknowledge"), ("prosecutor_fr", "recognise"))
    assert act(world, "prosecutor_fr", request, 0, "not_execute").status_code == 422
    assert faults(act(world, "prosecutor_fr", request, 0, "not_execute", reason="gone")) == {"/outcome_reason"}
    assert faults(act(world, "prosecutor_fr", request, 0, "refuse", reason="no")) == {"/grounds"}
    assert faults(act(world, "prosecutor_fr", request, 0, "offer_on_conditions", reason="so")) == {"/conditions"}


@pytest.mark.parametrize(
    ("measures", "state"),
    [
        (["pending", "pending"], "recognised"),
        (["executed", "pending"], "in_execution"),
        (["executed", "postponed"], "in_execution"),
        (["executed", "executed"], "executed"),
        (["executed", "transferred"], "executed"),
        (["transferred", "transferred"], "evidence_transferred"),
        (["transferred", "withdrawn"], "evidence_transferred"),
        (["executed", "refused"], "partially_executed"),
        (["partly_executed"], "partially_executed"),
        (["partly_transferred", "transferred"], "partially_executed"),
        (["not_executed", "not_executed"], "not_executed"),
        (["not_executed", "refused"], "not_executed"),
        (["refused", "refused"], "refused"),
        (["refused", "withdrawn"], "refused"),
        (["withdrawn"], "withdrawn"),
        (["declined"], "not_executed"),
    ],
)
def test_the_state_of_a_request_follows_from_its_measures(measures, state):
    assert derived_state(measures) == state


def test_what_requests_say_is_not_in_the_database(world, owner):
    request = world.once(sent, content={"facts": "Planted owl canary facts."})
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"))
    walk(world, request, ("prosecutor_fr", "ask", {"reason": "Planted owl canary question."}))
    with owner.cursor() as cursor:
        for table in ("mla_requests", "mla_measures", "mla_messages", "journal_entries", "idempotency_keys"):
            cursor.execute(f"select count(*) from {table} t where t::text ~* 'canary|heron@example'")
            assert cursor.fetchone()[0] == 0, table
        cursor.execute("select count(*) from mla_requests t where t::text ~ 'eio-1'")
        assert cursor.fetchone()[0] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_request_can_be_drafted_and_looked_at(world, kind):
    made = world.as_("prosecutor").post("/mla-requests", {"reference": "r", "kind": kind})
    assert made.status_code == 201, made.json
    path = f"/mla-requests/{made.json['id']}"
    ready = world.as_("prosecutor").get(f"{path}/readiness")
    assert (ready.status_code, ready.json["ready"]) == (200, False)
    assert world.as_("prosecutor").get(f"{path}/transitions").json["state"] == "draft"


def test_a_request_is_for_a_case_of_its_own_authority_and_may_be_linked_to_another_one(world):
    case = world.case("foreign")
    given = {"authority_id": str(world.authorities["nl"]), "level": "contribute", "reason": "joint"}
    assert world.as_("foreign").post(f"/cases/{case}/access", given).status_code == 201
    me = world.as_("prosecutor")
    body = {"reference": "OF-OTHERS", "kind": "eio", "instrument": "eio", "executing_country": "FR", "case_id": case}
    refused = me.post("/mla-requests", body)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/case_id")
    made = me.post("/mla-requests", {**body, "case_id": None})
    assert made.status_code == 201, made.json
    linked = me.post(f"/mla-requests/{made.json['id']}/case", {"case_id": case})
    assert linked.status_code == 200, linked.json
