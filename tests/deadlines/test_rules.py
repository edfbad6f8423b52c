"""The rules as data: complete, cited, in four languages, and made of events that somebody can bring about."""

import pytest

from coopapi.deadlines import rules
from coopapi.instruments import service as instruments
from coopapi.mla import lifecycles

RULES = rules.load()
# the table of deadlines, as far as they start in a request: length and unit, who owes, from what
LAW = {
    "eio_ack": (1, "weeks", "executing", {"receive"}),
    "eio_recognition": (30, "days", "executing", {"receive"}),
    "eio_execution": (90, "days", "executing", {"recognise"}),
    "eio_shorter": (0, "given", "executing", {"receive"}),
    "eio_provisional": (24, "hours", "executing", {"receive"}),
    "eio_interception_objection": (96, "hours", "enforcing", {"delivered", "receive_notification"}),
    "eio_transfer": (0, "none", "executing", set()),
    "bud_29_min": (60, "days", "executing", {"preserve"}),
    "preservation_expiry": (0, "given", "requesting", {"preserve"}),
    "bud_25_3": (0, "given", "requesting", {"transmit"}),
    "p2_art7_provider": (30, "days", "executing", {"receive"}),
    "p2_art8_serve": (45, "days", "executing", {"receive"}),
    "p2_art8_subscriber": (20, "days", "executing", {"measure.start"}),
    "p2_art8_traffic": (45, "days", "executing", {"measure.start"}),
    "p2_art9": (0, "none", "executing", set()),
    "p2_art10": (0, "none", "executing", set()),
    "epoc_std": (10, "days", "executing", {"receive"}),
    "epoc_emergency": (8, "hours", "executing", {"receive"}),
    "epoc_refusal": (10, "days", "enforcing", {"delivered", "receive_notification"}),
    "epoc_refusal_emergency": (96, "hours", "enforcing", {"delivered", "receive_notification"}),
    "epoc_clarify": (5, "days", "requesting", {"ask_clarification"}),
    "epoc_expost": (48, "hours", "requesting", {"transmit"}),
    "epocpr": (60, "days", "requesting", {"receive"}),
    "epocpr_clarify": (5, "days", "requesting", {"ask_clarification"}),
    "epoc_enforce_reply": (5, "working_days", "requesting", {"consult_enforcement"}),
    "epoc_conflict": (10, "days", "executing", {"receive"}),
    "epoc_enforce": (5, "working_days", "enforcing", {"request_enforcement"}),
    "tca_decision": (45, "days", "executing", {"receive"}),
    "tca_execution": (90, "days", "executing", {"recognise"}),
    "eaw_consent": (10, "days", "executing", {"consent"}),
    "eaw_decision": (60, "days", "executing", {"arrest"}),
    "eaw_surrender": (10, "days", "executing", {"order_surrender"}),
    "eaw_surrender_postponed": (10, "days", "executing", {"postpone"}),
    "freezing_decision": (0, "none", "executing", set()),
    "freezing_decision_urgent": (48, "hours", "executing", {"receive"}),
    "freezing_execution_urgent": (48, "hours", "executing", {"recognise"}),
    "confiscation_decision": (45, "days", "executing", {"receive"}),
    "dir977_urgent_direct": (8, "hours", "executing", {"receive"}),
    "dir977_urgent_indirect": (3, "days", "executing", {"receive"}),
    "dir977_other": (7, "days", "executing", {"receive"}),
    "jit_expiry": (0, "given", "negotiating", {"jit.activate"}),
    "meeting_action": (0, "given", "invited", {"action.agree"}),
    "fd948_reply": (0, "given", "executing", {"consultation.contact"}),
    "postponed_until": (0, "given", "executing", {"measure.postpone"}),
    "postponed_decision": (0, "given", "executing", {"postpone"}),
    "service_target": (0, "given", "executing", {"receive"}),
    "answer_question": (0, "given", "requesting", {"ask"}),
}
EVENTS = {
    *lifecycles.EVENTS,
    *(f"measure.{event}" for event in lifecycles.MEASURE_LIFECYCLE.events),
    *("confirm", "delivered"),
    *("jit.activate", "jit.extend", "jit.end", "action.agree", "action.done", "action.drop"),
    *("consultation.contact", "consultation.reply", "consultation.close"),
}
NOT_OF_THE_UNION = ("Budapest", "CETS 224", "EU-UK TCA")


def fitting(kind, instrument, urgency="routine", **facts):
    return {code for code, rule in RULES.items() if rule.fits(kind, instrument, urgency, facts)}


def test_the_rules_are_those_of_the_law():
    assert {code: (rule.length, rule.unit, rule.owed_by, rule.starts_on) for code, rule in RULES.items()} == LAW


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_every_rule_cites_its_article_and_has_a_title_in_four_languages(rule):
    assert "Art. " in rule.article
    assert sorted(rule.titles) == ["en", "es", "fr", "pt"]
    assert all(rule.titles.values())
    assert len(set(rule.titles.values())) == 4


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_every_event_of_a_rule_is_a_step_that_somebody_takes(rule):
    used = rule.starts_on | rule.ends_on | rule.suspended_on | rule.resumed_on | rule.moved_on | rule.restarts_on
    assert used <= EVENTS
    assert rule.cancelled_on <= EVENTS
    assert not rule.ends_on & rule.cancelled_on
    assert bool(rule.starts_on) == bool(rule.ends_on)
    assert bool(rule.suspended_on) == bool(rule.resumed_on)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_only_acts_of_the_union_move_their_periods_and_never_those_in_hours(rule):
    if rule.moves:
        assert not rule.article.startswith(NOT_OF_THE_UNION)
        assert rule.unit != "hours"
    elif rule.unit not in {"hours", "given", "none"} and not rule.national:
        assert rule.article.startswith(NOT_OF_THE_UNION)


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.extension], ids=lambda rule: rule.code)
def test_an_extension_without_a_length_needs_the_new_date(rule):
    assert (rule.extension.length > 0) != (rule.extension.unit == "given")
    assert rule.extension.estimate or rule.extension.unit != "given"
    assert rule.extension.most >= 1
    assert "Art. " in rule.extension.article


def test_only_the_regulation_s_emergency_opens_the_clock_of_eight_hours():
    for urgency in ("routine", "urgent"):
        assert {"epoc_std"} == fitting("epoc", "e_evidence", urgency) & {"epoc_std", "epoc_emergency"}
    assert {"epoc_emergency"} == fitting("epoc", "e_evidence", "emergency") & {"epoc_std", "epoc_emergency"}


@pytest.mark.parametrize("instrument", ["ecma1959", "eu2000", "jit_fd_2002", "bilateral_mlat", "reciprocity", "budapest"])
def test_the_clocks_of_the_order_are_not_those_of_other_instruments(instrument):
    found = fitting("mla_letter", instrument, wanted_by="2027-01-01", measures=["freezing", "interception"], notified=True)
    assert not {code for code in found if code.startswith("eio")}


def test_the_protocol_that_is_not_in_force_has_rules_only_for_itself():
    assert not {c for c in fitting("mla_letter", "budapest", measures=["subscriber", "traffic"]) if c.startswith("p2")}
    assert {"p2_art8_serve", "p2_art8_subscriber"} <= fitting("subscriber_information", "budapest_p2", measures=["subscriber"])
    assert "p2_art8_traffic" not in fitting("subscriber_information", "budapest_p2", measures=["subscriber"])
    assert "p2_art7_provider" in fitting("production_order", "budapest_p2")


def test_police_answer_by_how_urgent_it_is_and_who_has_the_data():
    asked = "police_information", "police"
    assert fitting(*asked, "urgent") == {"dir977_urgent_direct"}
    assert fitting(*asked, "urgent", indirect=True) == {"dir977_urgent_indirect"}
    assert fitting(*asked) == {"dir977_other"}
    assert fitting("spontaneous_information", "police") == set()


def test_only_a_judicial_authorisation_deviates_from_the_three_limits_of_police():
    for code in ("dir977_urgent_direct", "dir977_urgent_indirect", "dir977_other"):
        extension = RULES[code].extension
        assert (extension.unit, extension.estimate, extension.article) == ("given", True, "Directive (EU) 2023/977 Art. 5(2)")


def test_no_rule_is_about_an_instrument_that_is_not_there():
    named = {code for rule in RULES.values() for code in rule.applies.get("instruments", ())}
    assert named <= set(instruments.codes())


def test_the_rules_by_which_an_executing_side_is_late_set_a_time_limit():
    assert {code for code in rules.no_limits() if RULES[code].owed_by == "executing"} == {
        "service_target", "epoc_conflict", "bud_29_min", "postponed_until", "postponed_decision",
    }  # fmt: skip


def test_everybody_signed_in_reads_the_rules_with_their_articles(world):
    found = {rule["code"]: rule for rule in world.as_("auditor").get("/deadline-rules").json["items"]}
    assert set(found) == set(LAW)
    assert found["eio_recognition"]["article"] == "EIO Art. 12(3)"
    assert found["eio_recognition"]["extension"] == {
        "length": 30, "unit": "days", "most": 1, "estimate": True, "article": "EIO Art. 12(5)",
    }  # fmt: skip
    assert found["eio_ack"]["verify"] is False


def test_everybody_signed_in_reads_the_holidays_of_a_country(world):
    found = world.as_("auditor").get("/holidays?country=PL&year=2026").json["items"]
    assert {"date": "2026-11-11", "name": "National Independence Day"} in found
    assert [day["date"] for day in found] == sorted(day["date"] for day in found)
    assert {"date": "2026-04-13", "name": "Easter Monday"} in world.as_("auditor").get("/holidays?country=EL&year=2026").json[
        "items"
    ]
    assert world.as_("auditor").get("/holidays?country=PL&year=1").status_code == 422
