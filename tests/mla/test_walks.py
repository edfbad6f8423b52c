"""Requests walked from draft to end, as both countries, with the timeline and both sides' deadlines at each step."""

from assisting import CONTENT_DATA, MAILBOX, SENT, SUBSCRIBER, TRAFFIC, act, clocks, draft, read, recognised, sent, step, walk


def timeline(world, who, case):
    found = world.as_(who).get(f"/cases/{case}/timeline?limit=200").json["items"]
    return [e["type"] for e in reversed(found) if e["type"].startswith("request.")]


def morning_list(world, who, **wanted):
    query = "&".join(f"{key}={value}" for key, value in wanted.items())
    return [d["rule"] for d in world.as_(who).get(f"/deadlines?state=running&{query}").json["items"]]


def test_from_preservation_through_partial_execution_to_the_follow_up(world, clock):
    clock.at("2026-12-01T10:00:00+01:00")
    case = world.case("prosecutor")
    kept = sent(world, kind="preservation", case_id=case)
    walk(world, kept, ("contact_fr", "receive"), ("contact_fr", "acknowledge"))
    until = "2027-03-01T00:00:00+01:00"
    assert walk(world, kept, ("contact_fr", "preserve", {"until": until}))["state"] == "preserved"
    assert read(world, "prosecutor", kept)["until"] == "2027-02-28T23:00:00+00:00"
    assert clocks(world, "prosecutor", kept)["preservation_expiry"][1] == "running"
    assert "preservation_expiry" in morning_list(world, "prosecutor", side="mine")
    assert "preservation_expiry" not in morning_list(world, "contact_fr", side="mine")

    previous = {"request_id": kept, "relation": "after_preservation", "reuse": True}
    asked = sent(world, reference="eio-2", previous=previous, case_id=case, measures=[TRAFFIC, CONTENT_DATA])
    assert read(world, "contact_fr", kept)["state"] == "mla_submitted"
    assert clocks(world, "prosecutor", kept)["preservation_expiry"][1] == "met"

    walk(world, asked, *(("prosecutor_fr", event) for event in ("receive", "acknowledge", "recognise")))
    assert act(world, "prosecutor_fr", asked, 0, "execute").status_code == 200
    assert read(world, "prosecutor", asked)["state"] == "in_execution"
    why = {"reason": "the provider keeps content for six months", "outcome_reason": "data_not_available"}
    assert act(world, "prosecutor_fr", asked, 1, "not_execute", **why).status_code == 200
    assert act(world, "prosecutor_fr", asked, 0, "transfer").status_code == 200
    seen = read(world, "prosecutor", asked)
    assert (seen["state"], [m["state"] for m in seen["measures"]]) == ("partially_executed", ["transferred", "not_executed"])
    assert [s["relation"] for s in seen["suggestions"]] == ["follow_up"]

    again = {"reference": "eio-3", "previous": {"request_id": asked, "relation": "follow_up", "reuse": True}, "kind": "eio"}
    made = world.as_("prosecutor").post("/mla-requests", again)
    assert made.status_code == 201
    assert [m["code"] for m in made.json["measures"]] == ["content"]
    assert made.json["content"]["facts"] == seen["content"]["facts"]
    assert timeline(world, "prosecutor", case) == [
        "request.drafted", "request.ready", "request.transmit", "request.receive", "request.acknowledge", "request.preserve",
        "request.drafted", "request.ready", "request.transmit", "request.follow_up", "request.receive", "request.acknowledge",
        "request.recognise", "request.measure.execute", "request.measure.not_execute", "request.measure.transfer",
    ]  # fmt: skip


def test_an_order_runs_thirty_and_thirty_and_ninety_days_over_holidays(world, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    # a week from Friday 4 December is Friday 11; thirty days end on Sunday 3 January, so at the end of Monday 4
    assert clocks(world, "prosecutor_fr", request) == {
        "eio_ack": ("2026-12-11T23:00", "running"),
        "eio_recognition": ("2027-01-04T23:00", "running"),
    }
    assert clocks(world, "prosecutor", request) == clocks(world, "prosecutor_fr", request)
    assert {"eio_ack", "eio_recognition"} <= set(morning_list(world, "central_fr", side="mine"))
    assert {"eio_ack", "eio_recognition"} <= set(morning_list(world, "central", side="theirs"))

    clock.at("2026-12-14T09:00:00+01:00")
    assert clocks(world, "prosecutor_fr", request)["eio_ack"][1] == "missed"
    assert "eio_ack" in [d["rule"] for d in world.as_("central_fr").get("/deadlines?overdue=true").json["items"]]
    walk(world, request, ("prosecutor_fr", "acknowledge"))
    assert clocks(world, "prosecutor_fr", request)["eio_ack"][1] == "met_late"

    me = world.as_("prosecutor_fr")
    (row,) = [d for d in me.get(f"/mla-requests/{request}/deadlines").json["items"] if d["rule"] == "eio_recognition"]
    path = f"/deadlines/{row['id']}/transitions"
    assert world.as_("prosecutor").post(path, {"event": "extend", "reason": "x"}, If_Match=f'"{row["etag"]}"').status_code == 403
    longer = {"event": "extend", "reason": "the judge is away", "estimate": "2027-01-25T00:00:00+01:00"}
    assert me.post(path, {"event": "extend"}, If_Match=f'"{row["etag"]}"').status_code == 422
    assert me.post(path, longer, If_Match=f'"{row["etag"]}"').status_code == 200
    # thirty days more end on Tuesday 2 February
    assert clocks(world, "prosecutor", request)["eio_recognition"] == ("2027-02-02T23:00", "running")

    clock.at("2027-02-01T15:00:00+01:00")
    walk(world, request, ("prosecutor_fr", "recognise"))
    # ninety days from the decision of 1 February end on Sunday 2 May: at the end of Monday 3 May, summer time
    assert clocks(world, "prosecutor", request)["eio_execution"] == ("2027-05-03T22:00", "running")
    assert act(world, "prosecutor_fr", request, 0, "execute").status_code == 200
    assert clocks(world, "prosecutor", request)["eio_execution"][1] == "met"


def test_an_emergency_order_to_a_provider_has_eight_hours(world, clock):
    clock.at("2026-12-01T22:00:00+01:00")
    urgent = {"urgency": "emergency", "emergency_ground": "ongoing_child_abuse"}
    request = draft(world, "investigator", "epoc", "provider", measures=[SUBSCRIBER], **urgent)
    through = {"transmission": {**SENT, "channel": "provider_portal"}}
    walk(world, request, ("investigator", "ready"), ("contact", "transmit", through))
    assert clocks(world, "prosecutor", request)["epoc_expost"] == ("2026-12-03T21:00", "running")
    assert step(world, "prosecutor", request, "receive").status_code == 422

    clock.at("2026-12-01T22:20:00+01:00")
    told = {"channel": "provider_portal", "proof": "ticket 4711"}
    walk(world, request, ("prosecutor", "receive", {"recorded": {**told, "at": "2026-12-01T22:10:00+01:00"}}))
    assert clocks(world, "prosecutor", request)["epoc_emergency"] == ("2026-12-02T05:10", "running")

    clock.at("2026-12-01T23:00:00+01:00")
    asks = {"reason": "which of two accounts?", "recorded": {**told, "at": "2026-12-01T23:00:00+01:00"}}
    walk(world, request, ("prosecutor", "ask_clarification", asks))
    assert clocks(world, "prosecutor", request)["epoc_emergency"][1] == "suspended"
    clock.at("2026-12-02T01:00:00+01:00")
    walk(world, request, ("prosecutor", "clarify", {"reason": "the older one"}))
    assert clocks(world, "prosecutor", request)["epoc_emergency"] == ("2026-12-02T07:10", "running")

    clock.at("2026-12-02T06:00:00+01:00")
    answered = {"recorded": {**told, "at": "2026-12-02T05:30:00+01:00"}}
    assert act(world, "prosecutor", request, 0, "execute", **answered).status_code == 200
    assert clocks(world, "prosecutor", request)["epoc_emergency"][1] == "met"
    profile = {"authority_id": str(world.authorities["provider"]), "legal_entity": "Heron Messaging Ireland Ltd",
               "establishment": {"kind": "designated_establishment", "name": "Dublin", "country": "IE"},
               "notification_policy": "never", "valid_from": "2026-08-18"}  # fmt: skip
    provider = world.as_("operator").post("/providers", profile).json["id"]
    measured = world.as_("prosecutor").get(f"/providers/{provider}/performance").json
    assert (measured["asked"], measured["answered"], round(measured["median_hours"], 2)) == (1, 1, 7.33)
    assert world.as_("romanian").get(f"/providers/{provider}/performance").json["asked"] == 0
    walk(world, request, ("prosecutor", "validate_ex_post"))
    assert clocks(world, "prosecutor", request)["epoc_expost"][1] == "met"
    words = world.as_("prosecutor").get(f"/mla-requests/{request}/messages").json["items"]
    assert [(m["act"], m["recorded"]["proof"]) for m in words if m["recorded"]][0] == ("receive", "ticket 4711")


def test_a_refusal_cites_a_ground_of_its_instrument_and_says_why(world):
    request = world.once(sent)
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"))
    silent = step(world, "prosecutor_fr", request, "refuse")
    assert (silent.status_code, silent.json["errors"][0]["pointer"]) == (422, "/reason")
    groundless = step(world, "prosecutor_fr", request, "refuse", reason="no")
    assert (groundless.status_code, groundless.json["errors"][0]["pointer"]) == (422, "/grounds")
    foreign = step(world, "prosecutor_fr", request, "refuse", reason="no", grounds=["political_offence"])
    assert foreign.status_code == 422

    done = step(world, "prosecutor_fr", request, "refuse", reason="tried here already", grounds=["eio_ne_bis_in_idem"])
    assert done.status_code == 200, done.json
    seen = read(world, "prosecutor", request)
    assert (seen["state"], seen["grounds"]) == ("refused", ["eio_ne_bis_in_idem"])
    assert clocks(world, "prosecutor", request)["eio_recognition"][1] == "met"
    (turn,) = [m for m in world.as_("prosecutor").get(f"/mla-requests/{request}/messages").json["items"] if m["act"] == "refuse"]
    assert turn["text"] == "tried here already"


def test_the_wrong_authority_forwards_and_reads_on(world, clock):
    clock.at("2026-12-01T10:00:00+01:00")
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    to = str(world.authorities["fr_court"])
    assert step(world, "prosecutor_fr", request, "forward", reason="not ours").status_code == 422
    abroad = {"reason": "not ours", "to_authority": str(world.authorities["ro"])}
    assert step(world, "prosecutor_fr", request, "forward", **abroad).status_code == 422
    walk(world, request, ("prosecutor_fr", "forward", {"reason": "the court is competent", "to_authority": to}))
    assert read(world, "prosecutor", request)["executing"]["id"] == to
    assert read(world, "prosecutor_fr", request)["state"] == "forwarded"
    assert step(world, "prosecutor_fr", request, "receive").status_code == 403
    mine = world.as_("prosecutor_fr")
    assert mine.get(f"/mla-requests/{request}/transitions").json["side"] == "forwarding"
    assert [row["id"] for row in mine.get("/mla-requests?side=forwarding").json["items"]] == [request]
    assert [row["side"] for row in mine.get("/mla-requests?direction=incoming").json["items"]] == ["forwarding"]
    assert mine.get("/mla-requests?side=executing").json["items"] == []
    assert world.as_("judge_fr").get("/mla-requests?side=forwarding").json["items"] == []
    assert [row["id"] for row in world.as_("judge_fr").get("/mla-requests?side=executing").json["items"]] == [request]

    clock.at("2026-12-03T10:00:00+01:00")
    walk(world, request, ("judge_fr", "receive"), ("judge_fr", "acknowledge"))
    assert clocks(world, "prosecutor", request)["eio_recognition"][1] == "running"
    assert "eio_recognition" in morning_list(world, "judge_fr", side="mine")
    assert "eio_recognition" not in morning_list(world, "prosecutor_fr", side="mine")


def test_a_forwarded_request_stays_with_the_people_who_may_read_its_case(world):
    case = world.case("romanian")
    given = {"authority_id": str(world.authorities["fr"]), "principal_id": str(world.people["prosecutor_fr"])}
    shared = world.as_("romanian").post(f"/cases/{case}/access", {**given, "level": "contribute", "reason": "together"})
    assert shared.status_code == 201, shared.json
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    assert world.as_("prosecutor_fr").post(f"/mla-requests/{request}/case", {"case_id": case}).status_code == 200
    assert world.as_("foreign").get(f"/mla-requests/{request}").status_code == 404
    court = {"reason": "the court is competent", "to_authority": str(world.authorities["fr_court"])}
    walk(world, request, ("prosecutor_fr", "forward", court))
    assert read(world, "prosecutor_fr", request)["state"] == "forwarded"
    assert world.as_("foreign").get(f"/mla-requests/{request}").status_code == 404


def test_measures_end_each_in_their_own_way(world):
    request = recognised(world, measures=[TRAFFIC, CONTENT_DATA, SUBSCRIBER])
    offered = act(world, "prosecutor_fr", request, 0, "offer_on_conditions", reason="as agreed", conditions=["only_for_this_case"])
    assert offered.status_code == 200, offered.json
    assert act(world, "prosecutor", request, 0, "accept_conditions").status_code == 200
    postponed = act(world, "prosecutor_fr", request, 1, "postpone", reason="ours runs", grounds=["ongoing_investigation"])
    assert postponed.status_code == 200, postponed.json
    assert act(world, "prosecutor_fr", request, 1, "resume").status_code == 200
    assert act(world, "prosecutor", request, 1, "execute").status_code == 403
    assert act(world, "prosecutor_fr", request, 1, "execute").status_code == 200
    part = {"reason": "one of two accounts", "outcome_reason": "user_not_found"}
    assert act(world, "prosecutor_fr", request, 2, "execute_partly", **part).status_code == 200
    assert read(world, "prosecutor", request)["state"] == "partially_executed"
    assert walk(world, request, ("prosecutor", "close"))["state"] == "closed"


def test_the_same_asked_before_is_shown_and_not_blocked(world):
    first = world.once(sent, measures=[{**SUBSCRIBER, "identifiers": [{**MAILBOX, "value": "Heron@Example.org"}]}], kind="eio")
    second = draft(world, reference="eio-2", measures=[SUBSCRIBER])
    ready = world.as_("prosecutor").get(f"/mla-requests/{second}/readiness").json
    assert (ready["duplicates"], ready["ready"]) == ([first], True)
