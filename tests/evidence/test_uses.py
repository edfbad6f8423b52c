"""Reuse: at once in the case an item was obtained for, in another one with the provider's consent alone (Budapest Art. 28)."""

import threading
from datetime import timedelta

import pytest
from evidence.conftest import ASKED_FIRST, admit
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coopapi.auth.authentication import actor_of
from coopapi.evidence.models import USE_LIFECYCLE
from coopapi.ops import administration
from coopapi.shared.lifecycle import Side


def asked(shared, item, **more):
    made = shared.use("investigator", item, shared.world.case("investigator"), ask_consent=True, reason="the same owl", **more)
    assert (made.status_code, made.json["state"]) == (201, "consent_asked"), made.json
    return made.json["id"]


def rules(answer):
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/consent-needed"), answer.json
    return [fault["rule"] for fault in answer.json["errors"]]


def test_in_the_case_it_was_obtained_for_a_use_is_recorded_at_once(shared):
    item = shared.given()
    made = shared.use("investigator", item)
    assert (made.status_code, made.json["state"], made.json["consent_needed"]) == (201, "recorded", False)
    assert shared.decide("fr_prosecutor", made.json["id"], "revoke", "x").json["allowed"] == []


def test_in_another_case_a_use_waits_for_the_provider(shared):
    item = shared.given()
    other = shared.world.case("investigator")
    assert rules(shared.use("investigator", item, other, "intelligence")) == ["other_case"]
    assert shared.use("investigator", item, other, ask_consent=True).json["errors"][0]["pointer"] == "/reason"
    use = asked(shared, item)

    assert shared.decide("foreign", use, "consent").status_code == 403
    assert shared.decide("investigator", use, "consent").status_code == 403
    terms = [{"code": "account_of_use", "text": "every quarter"}]
    consented = shared.decide("fr_prosecutor", use, "consent", conditions=terms)
    assert (consented.json["state"], consented.json["conditions"][0]["text"]) == ("recorded", "every quarter")
    revoked = shared.decide("fr_prosecutor", use, "revoke", "the trial is over")
    assert (revoked.json["state"], revoked.json["answer"]) == ("revoked", "the trial is over")

    seen = shared.world.as_("investigator").get(f"/evidence-uses/{use}").json
    assert (seen["state"], seen["conditions"][0]["code"], seen["side"]) == ("revoked", "account_of_use", "asking")


def test_the_database_itself_lets_nobody_consent_to_its_own_wish(shared):
    use = asked(shared, shared.given())
    database = shared.world.app.extensions["coopapi"].database
    with (
        pytest.raises(DBAPIError, match="row-level security"),
        database.work(lambda session: actor_of(session, "https://issuer.test", "investigator", None), "r") as work,
    ):
        work.session.execute(text("update evidence_uses set state = 'recorded', decided_at = now()"))
    assert shared.world.as_("investigator").get(f"/evidence-uses/{use}").json["state"] == "consent_asked"


def test_consent_is_denied_for_a_reason_and_a_wish_withdrawn(shared):
    item = shared.given()
    denied, withdrawn = asked(shared, item), asked(shared, item)
    assert shared.decide("fr_prosecutor", denied, "deny").status_code == 422
    assert shared.decide("fr_prosecutor", denied, "deny", "another offence").json["state"] == "denied"
    assert shared.decide("fr_prosecutor", withdrawn, "withdraw", "x").status_code == 403
    assert shared.decide("investigator", withdrawn, "withdraw", "no longer needed").json["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("terms", "rule"),
    [({"handling_code": "H1"}, "H1"), ({"conditions": ASKED_FIRST}, "consent_before_use_as_evidence")],
)
def test_what_is_no_evidence_without_consent_is_intelligence_at_once(shared, terms, rule):
    """H1 information attached as evidence."""
    item = shared.given(**terms)
    if "conditions" in terms:
        shared.step("investigator", item, "accept")
    assert rules(shared.use("investigator", item)) == [rule]
    assert shared.use("investigator", item, use_as="intelligence").json["state"] == "recorded"
    assert shared.use("investigator", item, ask_consent=True, reason="for the trial").json["state"] == "consent_asked"


def test_an_item_for_one_case_alone_says_so(shared):
    item = shared.given(conditions=[{"code": "only_for_this_case"}])
    shared.step("investigator", item, "accept")
    assert rules(shared.use("investigator", item, shared.world.case("investigator"))) == ["only_for_this_case"]
    assert shared.use("investigator", item).status_code == 201


def test_after_its_time_an_item_is_not_used(shared):
    until = shared.world.clock() + timedelta(days=365)
    item = shared.given(conditions=[{"code": "time_limit", "until": until.isoformat()}])
    shared.step("investigator", item, "accept")
    use = asked(shared, item)
    assert shared.use("investigator", item).status_code == 201

    shared.world.clock.forward(days=366)

    assert shared.use("investigator", item).json["type"] == "/problems/time-limit-passed"
    assert shared.decide("fr_prosecutor", use, "consent").status_code == 409
    assert shared.decide("fr_prosecutor", use, "deny", "too late").status_code == 200


def test_an_item_is_not_used_while_it_is_offered_nor_consented_to_after_its_recall(shared):
    offered, item = shared.given(conditions=ASKED_FIRST), shared.given()
    assert shared.use("investigator", offered).json["type"] == "/problems/not-for-use"
    use = asked(shared, item)
    shared.step("foreign", item, "recall", "by mistake")
    assert shared.decide("fr_prosecutor", use, "consent").json["type"] == "/problems/not-for-use"


def test_whoever_gave_an_item_needs_nobodys_consent(shared):
    item = shared.given(handling_code="H1")
    assert shared.use("foreign", item, shared.world.case("foreign")).json["state"] == "recorded"


def test_a_use_is_made_in_a_case_that_one_may_add_to(shared):
    item = shared.given()
    for case in (shared.world.case("romanian"), shared.id):
        refused = shared.use("investigator", item, case)
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/case_id")


def test_the_provider_has_an_account_of_the_uses_that_names_no_case(shared):
    item = shared.given()
    shared.use("investigator", item)
    use = asked(shared, item)

    account = shared.world.as_("foreign").get(f"/evidence/{item}/uses").json["items"]
    mine = shared.world.as_("investigator").get(f"/evidence/{item}/uses").json["items"]
    waiting = shared.world.as_("fr_prosecutor").get("/evidence-uses?side=provider&state=consent_asked").json["items"]

    assert [(u["state"], u["purpose"], u["authority_id"], u["case_id"]) for u in account] == [
        (state, "prosecution", str(shared.world.authorities["nl"]), None) for state in ("consent_asked", "recorded")
    ]
    assert {u["case_id"] for u in mine} > {shared.case}
    assert [(u["id"], u["side"], u["reason"]) for u in waiting] == [(use, "provider", "the same owl")]
    assert shared.world.as_("foreign").get("/evidence-uses?side=asking").json["items"] == []


def test_who_merely_reads_the_case_of_a_use_takes_no_step_with_it(shared):
    use = asked(shared, shared.given())
    case = shared.world.as_("investigator").get(f"/evidence-uses/{use}").json["case_id"]
    grant = {"authority_id": str(shared.world.authorities["ro"]), "level": "read", "reason": "joint work"}
    assert shared.world.as_("investigator").post(f"/cases/{case}/access", grant).status_code == 201
    assert shared.world.as_("romanian").get(f"/evidence-uses/{use}").status_code == 200
    assert shared.decide("romanian", use, "withdraw", "x").status_code == 403


def test_another_receiver_sees_nothing_of_a_use(shared):
    admit(shared.world, "investigator", shared.id, shared.world.authorities["ro"], Side.ENFORCING)
    item = shared.given()
    use = asked(shared, item)
    assert shared.see("romanian", item).status_code == 200
    assert shared.world.as_("romanian").get(f"/evidence/{item}/uses").json["items"] == []
    assert shared.world.as_("romanian").get(f"/evidence-uses/{use}").status_code == 404


def test_the_journals_of_the_others_name_no_case_of_the_user(shared, owner):
    use = asked(shared, shared.given())
    case = shared.world.as_("investigator").get(f"/evidence-uses/{use}").json["case_id"]
    with owner.cursor() as cursor:
        cursor.execute(
            "select authority_id, case_id, object_id, detail::text from journal_entries where action = 'evidence.use_consent_asked'"
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    assert found[str(shared.world.authorities["nl"])][:2] == (case, shared.id)
    assert found[str(shared.world.authorities["fr"])][:2] == (None, shared.id)
    assert case not in found[str(shared.world.authorities["fr"])][2]


def test_the_consent_of_an_authority_without_anybody_here_is_recorded_for_it(shared):
    database = shared.world.app.extensions["coopapi"].database
    there = str(administration.add_authority(database, {"name": "Ministry", "type": "central_authority", "country": "BR"}))
    admit(shared.world, "investigator", shared.id, there, Side.ENFORCING)
    recorded = {"at": "2026-11-01T10:00:00Z", "channel": "post", "proof": "letter 7/2026"}
    item = shared.given("investigator", provider_id=there, recorded=recorded)
    use = asked(shared, item)
    assert shared.decide("investigator", use, "consent").status_code == 422

    consented = shared.decide("investigator", use, "consent", recorded=recorded)

    assert (consented.json["state"], consented.json["decision_recorded"]["proof"]) == ("recorded", "letter 7/2026")


STATES = {"consent_asked": [], "recorded": [("fr_prosecutor", "consent")], "denied": [("fr_prosecutor", "deny")],
          "withdrawn": [("investigator", "withdraw")],
          "revoked": [("fr_prosecutor", "consent"), ("fr_prosecutor", "revoke")]}  # fmt: skip
SIDES = {"fr_prosecutor": Side.PROVIDER, "investigator": Side.ASKING}


@pytest.mark.parametrize("who", SIDES)
@pytest.mark.parametrize("state", STATES)
def test_each_side_takes_its_own_steps_and_no_other(shared, state, who):
    use = asked(shared, shared.given())
    for actor, event in STATES[state]:
        assert shared.decide(actor, use, event, "r").status_code == 200
    leaving = USE_LIFECYCLE.leaving(state)

    now = shared.world.as_(who).get(f"/evidence-uses/{use}/transitions").json
    assert (now["state"], [m["event"] for m in now["allowed"]]) == (state, [m.event for m in leaving if m.side == SIDES[who]])

    for event in USE_LIFECYCLE.events:
        move = USE_LIFECYCLE.transitions.get((state, event))
        if move is None:
            refused = shared.decide(who, use, event, "r")
            assert (refused.status_code, refused.json["allowed"]) == (409, [m.event for m in leaving])
        elif move.side != SIDES[who]:
            assert shared.decide(who, use, event, "r").status_code == 403


def test_of_two_consents_at_once_one_is_told_that_it_came_late(shared):
    use = asked(shared, shared.given())
    barrier, answers = threading.Barrier(2), []

    def consent():
        me = shared.world.as_("fr_prosecutor")
        barrier.wait()
        answers.append(me.post(f"/evidence-uses/{use}/transitions", {"event": "consent"}, If_Match='"v1"').status_code)

    threads = [threading.Thread(target=consent) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert sorted(answers) == [200, 412]


def test_conditions_go_with_a_consent_alone(shared):
    use = asked(shared, shared.given())
    assert shared.decide("fr_prosecutor", use, "deny", "x", conditions=ASKED_FIRST).status_code == 422
    unlimited = [{"code": "time_limit"}]
    assert shared.decide("fr_prosecutor", use, "consent", conditions=unlimited).status_code == 422
