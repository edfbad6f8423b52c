"""Kinds of requests with lives and clocks of their own, walked over HTTP as both sides."""

import json

from assisting import CONTENT_DATA, SENT, SUBSCRIBER, act, clocks, draft, faults, read, sent, step, times, walk

TOLD = {"channel": "provider_portal", "proof": "ticket 1"}
HELD = {**SUBSCRIBER, "code": "information_held"}


def deadline(world, who, request, rule):
    (row,) = [d for d in world.as_(who).get(f"/mla-requests/{request}/deadlines").json["items"] if d["rule"] == rule]
    return row


def test_a_notified_authority_states_when_it_received_the_notification(world, clock):
    clock.at("2026-12-04T10:20:00+01:00")
    court = str(world.authorities["fr_court"])
    request = draft(world, kind="epoc", to="provider", enforcing_authority=court, measures=[SUBSCRIBER])
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    # the court has users here, so the notification is delivered now: ten days end on Monday 14 December
    assert clocks(world, "judge_fr", request)["epoc_refusal"] == ("2026-12-14T23:00", "running")
    clock.at("2026-12-07T09:00:00+01:00")
    receipt = {"received_at": "2026-12-05T09:00:00+01:00", "channel": "e_codex", "proof": "receipt 7"}
    assert step(world, "prosecutor", request, "receive_notification").status_code == 403
    walk(world, request, ("judge_fr", "receive_notification", {"receipt": receipt}))
    # ten days from Saturday 5 December end on Tuesday 15
    for who in ("judge_fr", "prosecutor"):
        assert clocks(world, who, request)["epoc_refusal"] == ("2026-12-15T23:00", "running")
        assert [(t["what"], t["side"], t["at"][:10]) for t in times(world, who, request)] == [
            ("sent", "requesting", "2026-12-04"), ("delivered", "requesting", "2026-12-04"), ("notified", "enforcing", "2026-12-05"),
        ]  # fmt: skip
    again = step(world, "judge_fr", request, "receive_notification")
    assert (again.status_code, again.json["type"]) == (409, "/problems/receipt-stated")


def test_a_right_of_a_notified_authority_without_users_does_not_lapse_before_delivery_is_proved(world, clock):
    clock.at("2026-12-04T10:20:00+01:00")
    abroad = str(world.authorities["us"])
    request = draft(world, kind="epoc", to="provider", enforcing_authority=abroad, measures=[SUBSCRIBER])
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    assert "epoc_refusal" not in clocks(world, "prosecutor", request)
    clock.forward(minutes=9)
    told = {**TOLD, "at": "2026-12-04T10:25:00+01:00"}
    walk(world, request, ("prosecutor", "receive_notification", {"recorded": told}))
    assert clocks(world, "prosecutor", request)["epoc_refusal"][1] == "running"

    proved = draft(world, kind="epoc", to="provider", reference="epoc-2", enforcing_authority=abroad, measures=[SUBSCRIBER])
    walk(world, proved, ("prosecutor", "ready"))
    early = {**SENT, "delivered_at": "2026-12-01T10:00:00+01:00"}
    assert faults(step(world, "prosecutor", proved, "transmit", transmission=early)) == [
        ("/transmission/delivered_at", "order_of_time")
    ]
    delivered = {**SENT, "sent_at": "2026-12-01T09:00:00+01:00", "delivered_at": "2026-12-01T10:00:00+01:00"}
    walk(world, proved, ("prosecutor", "transmit", {"transmission": delivered}))
    assert deadline(world, "prosecutor", proved, "epoc_refusal")["from_at"][:16] == "2026-12-01T09:00"


def test_a_person_is_arrested_does_not_consent_and_is_surrendered_ten_days_after_a_postponement(world, clock):
    clock.at("2026-09-01T10:00:00+02:00")
    request = sent(world, kind="eaw", instrument="eaw", measures=[{"code": "other", "description": "surrender"}])
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "arrest"), ("prosecutor_fr", "no_consent"))
    # sixty days from 1 September end on Saturday 31 October: Monday 2 November
    assert clocks(world, "prosecutor", request) == {"eaw_decision": ("2026-11-02T23:00", "running")}
    row = deadline(world, "prosecutor_fr", request, "eaw_decision")
    assert (row["verify"], row["nature"], row["unchecked"]) == (False, "law", "")
    body, tag = {"event": "extend", "reason": "the court asked for guarantees"}, f'"{row["etag"]}"'
    longer = world.as_("prosecutor_fr").post(f"/deadlines/{row['id']}/transitions", body, If_Match=tag)
    assert (longer.status_code, longer.json["due_at"][:16]) == (200, "2026-11-30T23:00")
    clock.at("2026-11-20T10:00:00+01:00")
    walk(world, request, ("prosecutor_fr", "order_surrender"))
    # ten days from Friday 20 November end on Monday 30
    assert clocks(world, "prosecutor", request) == {
        "eaw_decision": ("2026-11-30T23:00", "met"),
        "eaw_surrender": ("2026-11-30T23:00", "running"),
    }
    why = {"reason": "the person is in hospital", "grounds": ["eaw_humanitarian"]}
    assert faults(step(world, "prosecutor_fr", request, "postpone", **why)) == [("/until", "required")]
    walk(world, request, ("prosecutor_fr", "postpone", {**why, "until": "2026-12-10T09:00:00+01:00"}))
    # ten days from the new date end on Sunday 20 December: Monday 21
    assert clocks(world, "prosecutor", request)["eaw_surrender"][1] == "cancelled"
    assert clocks(world, "prosecutor", request)["eaw_surrender_postponed"] == ("2026-12-21T23:00", "running")
    clock.at("2026-12-11T10:00:00+01:00")
    walk(world, request, ("prosecutor_fr", "surrender"), ("prosecutor", "close"))
    assert clocks(world, "prosecutor", request)["eaw_surrender_postponed"][1] == "met"
    assert read(world, "prosecutor", request)["decided_at"][:10] == "2026-11-20"


def test_with_consent_the_decision_is_due_in_ten_days(world, clock):
    clock.at("2026-09-01T10:00:00+02:00")
    request = sent(world, kind="eaw", instrument="eaw", measures=[{"code": "other", "description": "surrender"}])
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "arrest"), ("prosecutor_fr", "consent"))
    assert clocks(world, "prosecutor", request) == {
        "eaw_decision": ("2026-11-02T23:00", "cancelled"),
        "eaw_consent": ("2026-09-11T22:00", "running"),
    }


def test_police_have_eight_hours_three_days_or_seven_and_measures_need_no_recognition(world, clock):
    clock.at("2026-09-01T10:00:00+02:00")
    urgent = {"urgency": "urgent", "content": {"urgency_reasons": "The streams go on."}}
    for number, (more, indirect, rule, due) in enumerate((
        (urgent, False, "dir977_urgent_direct", "2026-09-01T16:00"),
        (urgent, True, "dir977_urgent_indirect", "2026-09-04T22:00"),
        ({}, False, "dir977_other", "2026-09-08T22:00"),
    )):  # fmt: skip
        clock.at("2026-09-01T10:00:00+02:00")
        request = sent(
            world, "prosecutor", "police_information", reference=f"p-{number}", instrument="police",
            measures=[HELD], **more,
        )  # fmt: skip
        clock.at("2026-09-01T10:00:00+02:00")
        walk(world, request, ("prosecutor_fr", "receive", {"indirect": indirect}))
        assert {name: end for name, (end, _) in clocks(world, "prosecutor", request).items()} == {rule: due}
        assert act(world, "prosecutor_fr", request, 0, "execute").status_code == 200
        assert (read(world, "prosecutor", request)["state"], clocks(world, "prosecutor", request)[rule][1]) == ("executed", "met")


def test_freezing_that_is_urgent_has_forty_eight_hours_twice_and_confiscation_forty_five_days(world, clock):
    clock.at("2026-11-11T09:00:00+01:00")
    asset = {"code": "freezing", "description": "an account"}
    urgent = {"urgency": "urgent", "content": {"urgency_reasons": "The money moves."}}
    frozen = sent(world, kind="freezing_certificate", instrument="freezing_confiscation", measures=[asset], **urgent)
    clock.at("2026-11-11T09:00:00+01:00")
    walk(world, frozen, ("prosecutor_fr", "receive"))
    assert clocks(world, "prosecutor", frozen) == {"freezing_decision_urgent": ("2026-11-13T08:00", "running")}
    walk(world, frozen, ("prosecutor_fr", "acknowledge"))
    clock.at("2026-11-12T09:00:00+01:00")
    walk(world, frozen, ("prosecutor_fr", "recognise"))
    assert clocks(world, "prosecutor", frozen)["freezing_execution_urgent"] == ("2026-11-14T08:00", "running")
    lost = sent(world, kind="confiscation_certificate", reference="c", instrument="freezing_confiscation", measures=[asset])
    clock.at("2026-11-11T09:00:00+01:00")
    walk(world, lost, ("prosecutor_fr", "receive"))
    assert clocks(world, "prosecutor", lost) == {"confiscation_decision": ("2026-12-28T23:00", "running")}


def test_a_provider_is_asked_to_cooperate_voluntarily_under_no_instrument(world, clock):
    request = sent(world, kind="voluntary_cooperation", to="provider", instrument=None, measures=[SUBSCRIBER])
    told = {"recorded": {**TOLD, "at": world.clock().isoformat()}}
    walk(world, request, ("prosecutor", "receive", told))
    assert act(world, "prosecutor", request, 0, "execute", **told).status_code == 200
    assert clocks(world, "prosecutor", request) == {}
    assert read(world, "prosecutor", request)["state"] == "executed"


def test_an_authority_shows_its_own_target_as_a_target_and_not_as_law(world, clock):
    me = world.as_("central_fr")
    assert me.post("/service-targets", {"urgency": "routine", "hours": 72}).status_code == 201
    special = me.post("/service-targets", {"kind": "preservation", "urgency": "routine", "hours": 12}).json
    again = me.post("/service-targets", {"kind": "preservation", "urgency": "routine", "hours": 9})
    assert (again.status_code, again.json["type"]) == (409, "/problems/target-set")
    clock.at("2026-12-04T09:00:00+01:00")
    kept = sent(world, kind="preservation")
    clock.at("2026-12-04T09:00:00+01:00")
    walk(world, kept, ("contact_fr", "receive"))
    row = deadline(world, "prosecutor", kept, "service_target")
    assert (row["due_at"][:16], row["nature"]) == ("2026-12-04T20:00", "target")
    clock.at("2026-12-06T09:00:00+01:00")
    assert world.as_("prosecutor").get("/mla-requests?overdue=true").json["items"] == []
    assert [d["rule"] for d in world.as_("prosecutor").get("/deadlines?overdue=true&nature=target").json["items"]] == [
        "service_target"
    ]
    assert world.as_("prosecutor").get("/deadlines?overdue=true&nature=law").json["items"] == []

    path, tag = f"/service-targets/{special['id']}", f'"{special["etag"]}"'
    assert world.as_("central").patch(path, {"hours": 1}, If_Match=tag).status_code == 403
    assert world.as_("central_fr").patch(path, {"ended": True}, If_Match=tag).status_code == 200
    other = sent(world, kind="preservation", reference="next")
    walk(world, other, ("contact_fr", "receive"))
    assert deadline(world, "prosecutor", other, "service_target")["due_at"][:10] == "2026-12-09"


def test_a_risk_to_life_from_any_state_has_a_target_of_a_day(world, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    came = {"requesting_authority": str(world.authorities["us"]), "recorded": {**TOLD, "at": "2026-12-04T08:00:00+01:00"}}
    body = {"reference": "FBI-1", "kind": "preservation", "instrument": "budapest", "incoming": came, "urgency": "emergency",
            "emergency_ground": "imminent_threat_to_life", "language": "en"}  # fmt: skip
    made = world.as_("contact_fr").post("/mla-requests", body)
    assert made.status_code == 201, made.json
    walk(world, made.json["id"], ("contact_fr", "receive", {"receipt": {**TOLD, "received_at": "2026-12-04T08:30:00+01:00"}}))
    assert clocks(world, "contact_fr", made.json["id"])["service_target"] == ("2026-12-05T07:30", "running")


def test_every_request_tells_how_long_it_was_in_each_stage(world, clock):
    clock.at("2026-12-01T09:00:00+01:00")
    request = sent(world)
    for day, event in ((3, "receive"), (4, "acknowledge"), (9, "recognise")):
        clock.at(f"2026-12-0{day}T09:00:00+01:00")
        walk(world, request, ("prosecutor_fr", event))
    clock.at("2026-12-10T09:00:00+01:00")
    assert act(world, "prosecutor_fr", request, 0, "execute").status_code == 200
    clock.at("2026-12-12T09:00:00+01:00")
    seen = [(stage["state"], round(stage["hours"])) for stage in read(world, "prosecutor_fr", request)["stages"]]
    assert seen == [("transmitted", 48), ("received", 24), ("acknowledged", 120), ("recognised", 24), ("executed", 48)]
    own = read(world, "prosecutor", request)["stages"]
    assert [stage["state"] for stage in own] == ["draft", "ready", *(state for state, _ in seen)]
    assert own[-1]["until"] is None

    (row,) = [t for t in times(world, "prosecutor_fr", request) if t["what"] == "received"]
    body = {"event": "correct", "at": "2026-12-02T09:00:00+01:00", "proof": "stamp", "reason": "it lay in the registry"}
    assert world.as_("prosecutor_fr").post(f"/times/{row['id']}/transitions", body, If_Match=f'"{row["etag"]}"').status_code == 200
    assert [round(stage["hours"]) for stage in read(world, "prosecutor", request)["stages"]][2:4] == [24, 48]


def test_in_two_worlds_the_other_side_learns_nothing_of_the_drafting(world, clock):
    """A request that was drafted for a month and one that was sent at once look the same to those who receive it."""

    def seen(request):
        found = read(world, "prosecutor_fr", request)
        return json.dumps([found["stages"], times(world, "prosecutor_fr", request)]).replace(request, "")

    clock.at("2026-11-01T09:00:00+01:00")
    slow = draft(world, reference="slow")
    walk(world, slow, ("prosecutor", "submit"), ("prosecutor", "revise"))
    clock.at("2026-12-01T09:00:00+01:00")
    walk(world, slow, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    states = [stage["state"] for stage in read(world, "prosecutor_fr", slow)["stages"]]
    assert (states, "draft" in seen(slow)) == (["transmitted"], False)
    assert [stage["state"] for stage in read(world, "prosecutor", slow)["stages"]][:2] == ["draft", "validation_pending"]


def test_a_form_names_the_rules_that_were_not_checked(world):
    request = draft(world, kind="eaw", instrument="eaw", measures=[CONTENT_DATA])
    notes = world.as_("prosecutor").get(f"/mla-requests/{request}/document?language=en").json["notes"]
    assert any("(verify)" in note and "Framework Decision 2002/584/JHA Art. 6(1)" in note for note in notes)
    assert not any("Art. 17(3)" in note for note in notes)
    form = world.as_("prosecutor").get(f"/mla-requests/{request}/document?format=html&language=fr").get_data(as_text=True)
    assert "à vérifier" in form
