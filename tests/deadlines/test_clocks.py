"""Clocks on the database: what starts, meets, suspends, moves and cancels them, while time is walked."""

from datetime import UTC, datetime
from uuid import uuid4

from coopapi.shared.lifecycle import Side


def test_ninety_days_run_from_the_decision_and_not_from_receipt(ask, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    first, second = uuid4(), uuid4()
    asked = ask().happens("receive", items=[first, second])
    assert asked.clocks() == {
        "eio_ack": ("2026-12-11T23:00", "running"),
        "eio_recognition": ("2027-01-04T23:00", "running"),
    }
    clock.at("2026-12-20T09:00:00+01:00")
    asked.happens("recognise", items=[first, second])
    execution = [d for d in asked.rows() if d["rule"] == "eio_execution"]
    # 11 + 31 + 28 = 70 to 28 February, Saturday 20 March: Monday 22
    assert {(d["item_id"], d["due_at"][:16], d["started_by"]) for d in execution} == {
        (str(first), "2027-03-22T23:00", "recognise"),
        (str(second), "2027-03-22T23:00", "recognise"),
    }
    assert asked.clocks()["eio_recognition"][1] == "met"

    asked.happens("measure.execute", item=first)
    assert {d["item_id"]: d["state"] for d in asked.rows() if d["rule"] == "eio_execution"} == {
        str(first): "met",
        str(second): "running",
    }
    clock.at("2027-03-23T09:00:00+01:00")
    asked.happens("measure.not_execute", item=second)
    late = [d for d in asked.rows(state="met_late") if d["rule"] == "eio_execution"]
    assert [(d["item_id"], d["met_by"]) for d in late] == [(str(second), "measure.not_execute")]


def test_a_postponed_measure_has_no_ninety_days_but_the_date_it_is_postponed_to(ask, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    measure, until = uuid4(), datetime(2027, 2, 1, tzinfo=UTC)
    asked = ask().happens("receive", items=[measure]).happens("recognise", items=[measure])
    asked.happens("measure.postpone", item=measure, until=until)
    assert asked.clocks()["eio_execution"][1] == "cancelled"
    assert asked.clocks()["postponed_until"] == ("2027-02-01T00:00", "running")
    clock.at("2027-02-02T09:00:00+01:00")
    assert asked.clocks()["postponed_until"][1] == "missed"
    asked.happens("measure.resume", item=measure)
    assert asked.clocks()["postponed_until"][1] == "met_late"


def test_a_wrong_authority_passes_it_on_and_the_right_one_has_its_own_clock(ask, clock, world):
    clock.at("2026-12-04T09:00:00+01:00")
    asked = ask().happens("receive")
    clock.forward(days=3)
    asked.happens("forward")
    assert {rule: state for rule, (_, state) in asked.clocks().items()} == {"eio_ack": "met", "eio_recognition": "cancelled"}
    clock.at("2026-12-10T09:00:00+01:00")
    asked.sides = {**asked.sides, Side.EXECUTING: "fr_court"}
    asked.happens("receive")
    running = {d["rule"]: (d["authority_id"], d["due_at"][:16]) for d in asked.rows(state="running")}
    court = str(world.authorities["fr_court"])
    # thirty days from 10 December end on Saturday 9 January: Monday 11
    assert running == {"eio_ack": (court, "2026-12-17T23:00"), "eio_recognition": (court, "2027-01-11T23:00")}


def test_what_the_issuer_asked_for_sooner_and_a_provisional_measure_have_their_own_clocks(ask, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    asked = ask().happens("receive", wanted_by=datetime(2026, 12, 9, 12, tzinfo=UTC), measures=["freezing", "hearing"])
    assert asked.clocks()["eio_shorter"] == ("2026-12-09T12:00", "running")
    assert asked.clocks()["eio_provisional"] == ("2026-12-05T08:00", "running")
    clock.at("2026-12-05T08:01:00+00:00")
    asked.happens("recognise", items=[])
    assert (asked.clocks()["eio_shorter"][1], asked.clocks()["eio_provisional"][1]) == ("met", "met_late")


def test_a_question_has_the_date_that_was_given_with_it(ask, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    asked = ask("mla_letter", "ecma1959").happens("receive").happens("ask")
    assert asked.clocks() == {}
    asked.happens("ask", answer_by=datetime(2026, 12, 10, tzinfo=UTC))
    assert asked.row("answer_question")["owed_by"] == "requesting"
    asked.happens("supply")
    assert asked.clocks()["answer_question"][1] == "met"


def test_a_refusal_meets_the_clock_of_the_decision_and_stops_all_others(ask, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    asked = ask().happens("receive").happens("refuse")
    assert {rule: state for rule, (_, state) in asked.clocks().items()} == {"eio_ack": "cancelled", "eio_recognition": "met"}


def test_what_was_missed_before_a_withdrawal_stays_missed(ask, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    asked = ask().happens("receive")
    clock.at("2026-12-14T09:00:00+01:00")
    asked.happens("withdraw")
    assert {rule: state for rule, (_, state) in asked.clocks().items()} == {"eio_ack": "missed", "eio_recognition": "cancelled"}
    assert asked.rows(overdue="true") == []


def test_the_provider_s_clock_stands_still_while_the_issuer_clarifies(ask, clock):
    clock.at("2026-06-01T10:00:00+01:00")
    measure = uuid4()
    asked = ask("epoc", "e_evidence", executing="provider").happens("receive", items=[measure])
    right = {"epoc_conflict": ("2026-06-11T23:00", "running")}
    assert asked.clocks() == {"epoc_std": ("2026-06-11T23:00", "running"), **right}
    clock.at("2026-06-03T10:00:00+01:00")
    asked.happens("ask_clarification")
    # five days from Wednesday 3 June, by the Dutch calendar: Monday 8
    clarify = {"epoc_clarify": ("2026-06-08T22:00", "running")}
    assert asked.clocks() == {"epoc_std": ("2026-06-11T23:00", "suspended"), **clarify, **right}
    clock.at("2026-06-12T10:00:00+01:00")
    assert asked.clocks()["epoc_std"][1] == "suspended"
    assert [d["rule"] for d in asked.rows(overdue="true")] == ["epoc_clarify"]
    asked.happens("clarify")
    # nine days more: Saturday 20 June, so Monday 22
    assert asked.clocks() == {
        "epoc_std": ("2026-06-22T23:00", "running"),
        "epoc_clarify": ("2026-06-08T22:00", "met_late"),
        "epoc_conflict": ("2026-06-11T23:00", "lapsed"),
    }
    assert asked.row("epoc_std")["first_due_at"][:16] == "2026-06-11T23:00"
    clock.at("2026-06-22T10:00:00+01:00")
    asked.happens("measure.execute", item=measure)
    assert asked.clocks()["epoc_std"][1] == "met"


def test_an_answer_that_did_not_wait_for_the_clarification_is_not_late(ask, clock):
    clock.at("2026-12-01T22:00:00+00:00")
    measure = uuid4()
    asked = ask("epoc", "e_evidence", "emergency", executing="provider").happens("receive", items=[measure])
    clock.at("2026-12-01T23:00:00+00:00")
    asked.happens("ask_clarification")
    clock.at("2026-12-02T10:00:00+00:00")
    asked.happens("measure.execute", item=measure)
    assert asked.clocks()["epoc_emergency"] == ("2026-12-02T17:00", "met")


def test_a_clock_that_had_run_out_is_not_wound_up_by_a_question(ask, clock):
    clock.at("2026-12-01T22:00:00+00:00")
    asked = ask("epoc", "e_evidence", "emergency", executing="provider").happens("receive", items=[uuid4()])
    clock.at("2026-12-02T07:00:00+00:00")
    asked.happens("ask_clarification")
    clock.at("2026-12-03T07:00:00+00:00")
    asked.happens("clarify")
    assert asked.clocks()["epoc_emergency"] == ("2026-12-02T06:00", "missed")


def test_an_order_that_nobody_approved_is_approved_within_forty_eight_hours(ask, clock):
    clock.at("2026-12-04T22:00:00+01:00")
    asked = ask("epoc", "e_evidence", "emergency", executing="provider").happens("transmit", unvalidated=True)
    assert asked.clocks() == {"epoc_expost": ("2026-12-06T21:00", "running")}
    clock.at("2026-12-06T20:00:00+01:00")
    asked.happens("validate_ex_post")
    assert asked.clocks()["epoc_expost"][1] == "met"
    assert ask("epoc", "e_evidence", "emergency", executing="provider").happens("transmit", unvalidated=False).clocks() == {}


def test_silence_of_the_notified_authority_is_an_answer(ask, clock):
    clock.at("2026-12-04T10:00:00+01:00")
    asked = ask("epoc", "e_evidence", executing="provider", enforcing="fr").happens("delivered", notified=True)
    assert asked.row("epoc_refusal")["authority_id"] == str(asked.world.authorities["fr"])
    clock.at("2026-12-15T10:00:00+01:00")
    assert asked.clocks() == {"epoc_refusal": ("2026-12-14T23:00", "lapsed")}
    assert asked.rows("prosecutor_fr", overdue="true") == []
    assert [d["rule"] for d in asked.rows("prosecutor_fr", state="lapsed")] == ["epoc_refusal"]


def test_the_notified_authority_s_time_runs_from_receipt_and_until_then_from_provable_delivery(ask, clock):
    clock.at("2026-12-04T10:20:00+01:00")
    asked = ask("epoc", "e_evidence", "emergency", executing="provider", enforcing="fr").happens("delivered", notified=True)
    # the hour from 10 to 11 is not counted: four times 24 hours from 11:00
    assert asked.clocks() == {"epoc_refusal_emergency": ("2026-12-08T10:00", "running")}
    clock.at("2026-12-05T08:30:00+01:00")
    asked.happens("receive_notification", notified=True)
    assert asked.clocks() == {"epoc_refusal_emergency": ("2026-12-09T08:00", "running")}
    row = asked.row("epoc_refusal_emergency")
    assert (row["started_by"], row["corrections"][0]["due_was"][:16]) == ("receive_notification", "2026-12-08T10:00")
    undelivered = ask("epoc", "e_evidence", executing="provider", enforcing="fr").happens("transmit", notified=True)
    assert undelivered.clocks() == {}
    assert undelivered.happens("receive_notification", notified=True).clocks() == {"epoc_refusal": ("2026-12-15T23:00", "running")}


def test_the_enforcing_authority_asks_and_the_issuer_answers_in_five_working_days(ask, clock):
    clock.at("2026-12-23T10:00:00+01:00")
    asked = ask("epoc", "e_evidence", executing="provider", enforcing="ro").happens("request_enforcement")
    clock.at("2026-12-24T10:00:00+01:00")
    asked.happens("receive_enforcement")
    # in Romania 28 to 31 December are four, then Monday 4 January: the holidays are 25, 26 December, 1 and 2 January
    assert asked.clocks() == {"epoc_enforce": ("2027-01-04T22:00", "running")}
    asked.happens("consult_enforcement")
    assert asked.clocks()["epoc_enforce_reply"] == ("2027-01-04T23:00", "running")
    asked.happens("supply_enforcement")
    assert asked.clocks()["epoc_enforce_reply"][1] == "met"


def test_an_order_to_preserve_runs_sixty_days_by_itself_and_thirty_more_when_the_issuer_says_so(ask, clock):
    clock.at("2026-06-01T10:00:00+01:00")
    asked = ask("epoc_pr", "e_evidence", executing="provider").happens("receive")
    assert asked.clocks() == {"epocpr": ("2026-07-31T22:00", "running")}
    clock.at("2026-07-30T10:00:00+01:00")
    asked.happens("extend", until=datetime(2026, 8, 30, 22, tzinfo=UTC))
    assert asked.clocks() == {"epocpr": ("2026-08-30T22:00", "running")}
    asked.happens("ask_clarification")
    assert asked.row("epocpr_clarify")["article"].endswith("Art. 11(5)")
    asked.happens("follow_up")
    assert asked.clocks()["epocpr"][1] == "met"


def test_a_provider_that_objects_because_of_a_third_country_waits_for_the_issuer(ask, clock):
    clock.at("2026-06-01T10:00:00+01:00")
    asked = ask("epoc", "e_evidence", executing="provider").happens("receive", items=[uuid4()])
    row = asked.row("epoc_conflict")
    assert (row["due_at"][:16], row["calendar"], row["verify"]) == ("2026-06-11T23:00", "national law", False)
    clock.at("2026-06-03T10:00:00+01:00")
    asked.happens("object_conflict")
    assert (asked.clocks()["epoc_conflict"][1], asked.clocks()["epoc_std"][1]) == ("met", "suspended")
    clock.at("2026-06-05T10:00:00+01:00")
    asked.happens("uphold")
    # two days more: Saturday 13 June, so Monday 15
    assert asked.clocks()["epoc_std"] == ("2026-06-15T23:00", "running")


def test_the_enforcing_authority_has_five_working_days(ask, clock):
    clock.at("2026-12-30T10:00:00+01:00")
    asked = ask("epoc", "e_evidence", executing="provider", enforcing="ro").happens("request_enforcement")
    assert asked.clocks() == {"epoc_enforce": ("2027-01-11T22:00", "running")}
    assert asked.rows("romanian")[0]["zone"] == "Europe/Bucharest"
    asked.happens("refuse_enforcement")
    assert asked.clocks()["epoc_enforce"][1] == "met"


def test_sixty_days_of_preservation_are_a_minimum(ask, clock):
    clock.at("2026-03-04T10:00:00+01:00")
    asked = ask("preservation", "budapest").happens("preserve", until=datetime(2026, 5, 3, 22, tzinfo=UTC))
    assert asked.clocks() == {
        "bud_29_min": ("2026-05-03T22:00", "running"),
        "preservation_expiry": ("2026-05-03T22:00", "running"),
    }
    assert [d["rule"] for d in asked.rows(side="mine")] == ["preservation_expiry"]
    clock.at("2026-05-20T10:00:00+02:00")
    assert (asked.clocks()["bud_29_min"][1], asked.clocks()["preservation_expiry"][1]) == ("met", "missed")
    assert [d["rule"] for d in asked.rows(overdue="true")] == ["preservation_expiry"]
    asked.happens("expire")
    assert (asked.clocks()["bud_29_min"][1], asked.clocks()["preservation_expiry"][1]) == ("met", "missed")
    assert asked.rows(overdue="true") == []


def test_a_preservation_cut_short_breaks_the_minimum(ask, clock):
    clock.at("2026-03-04T10:00:00+01:00")
    asked = ask("preservation", "budapest").happens("preserve", until=datetime(2026, 5, 3, 22, tzinfo=UTC))
    clock.at("2026-04-04T10:00:00+02:00")
    asked.happens("expire")
    assert asked.clocks()["bud_29_min"][1] == "missed"
    assert [d["rule"] for d in asked.rows(state="missed")] == ["bud_29_min"]


def test_national_law_may_keep_data_longer_and_an_extension_moves_both_clocks(ask, clock):
    clock.at("2026-03-04T10:00:00+01:00")
    asked = ask("preservation", "budapest").happens("preserve", until=datetime(2026, 7, 2, 22, tzinfo=UTC))
    assert {end for end, _ in asked.clocks().values()} == {"2026-07-02T22:00"}
    clock.at("2026-06-01T10:00:00+02:00")
    asked.happens("extend", until=datetime(2026, 8, 1, 22, tzinfo=UTC))
    assert {end for end, _ in asked.clocks().values()} == {"2026-08-01T22:00"}
    assert asked.row("preservation_expiry")["extensions"] == [
        {"at": asked.row("preservation_expiry")["extensions"][0]["at"], "to": "2026-08-01T22:00:00+00:00", "reason": None, "estimate": None}
    ]  # fmt: skip
    asked.happens("follow_up")
    assert (asked.clocks()["bud_29_min"][1], asked.clocks()["preservation_expiry"][1]) == ("cancelled", "met")


def test_an_order_under_the_protocol_has_thirty_days_or_what_it_says_if_that_is_longer(ask, clock):
    clock.at("2026-06-04T12:00:00+02:00")
    item = uuid4()
    plain = ask("production_order", "budapest_p2").happens("receive", items=[item])
    assert plain.clocks() == {"p2_art7_provider": ("2026-07-04T22:00", "running")}
    longer = ask("production_order", "budapest_p2").happens("receive", items=[item], wanted_by=datetime(2026, 8, 1, tzinfo=UTC))
    assert longer.clocks()["p2_art7_provider"][0] == "2026-08-01T00:00"
    shorter = ask("production_order", "budapest_p2").happens("receive", items=[item], wanted_by=datetime(2026, 6, 9, tzinfo=UTC))
    assert shorter.clocks()["p2_art7_provider"][0] == "2026-07-04T22:00"


def test_an_urgent_request_that_was_made_informally_is_confirmed_by_the_date_agreed(ask, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    asked = ask("mla_letter", "budapest", "urgent")
    asked.happens("transmit", formal_confirmation_due=datetime(2026, 12, 11, tzinfo=UTC))
    assert asked.clocks() == {"bud_25_3": ("2026-12-11T00:00", "running")}
    asked.happens("confirm")
    assert asked.clocks()["bud_25_3"][1] == "met"


def test_a_side_that_is_not_there_owes_nothing(ask):
    assert ask("epoc", "e_evidence", executing="provider").happens("request_enforcement").clocks() == {}
