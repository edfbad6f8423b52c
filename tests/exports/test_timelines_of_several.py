"""Exports of the timelines of several cases: each has its own handling code and consent, and the second person knows of all."""

import pytest
from assisting import sent, walk
from exporting import CONSENTS
from exports.test_timelines import THIRD, left_out, own
from icalendar import Calendar
from timelining import fact


def test_the_second_person_is_told_of_every_case_and_of_what_is_wanted(world, exports):
    first, second = (world.case("investigator", reference=name) for name in ("NL-1", "NL-2"))
    wanted = {"language": "fr", "kind": "fact", "since": "2026-01-01T00:00:00+00:00"}
    body = {"format": "timeline-csv", "also_case_ids": [second], "timeline": wanted, "recipient": THIRD}
    asked = exports.ask(first, **body)
    (one,) = world.as_("prosecutor").get(f"/approvals?object_id={asked['id']}").json["items"]
    assert [one["change"][name] for name in ("case_id", "also_case_ids", "timeline")] == [first, [second], wanted]
    whole = exports.ask(first, recipient=THIRD)
    (one,) = world.as_("prosecutor").get(f"/approvals?object_id={whole['id']}").json["items"]
    assert one["change"].keys() == {"case_id", "format", "recipient_id", "country", "victims"}


@pytest.mark.parametrize("first", ["nl", "fr"])
def test_a_duty_has_the_code_of_its_own_case_if_another_has_the_same_reference(world, exports, first):
    cases = {"nl": world.case("investigator", reference="26-7", handling_code="H1"), "fr": world.case("foreign", reference="26-7")}
    grant = {"authority_id": str(world.authorities["nl"]), "level": "read", "reason": "the same group"}
    assert world.as_("foreign").post(f"/cases/{cases['fr']}/access", grant).status_code == 201
    walk(world, sent(world, case_id=cases["nl"]), ("prosecutor_fr", "receive"))
    (other,) = cases.keys() - {first}
    _, file = exports.file(cases[first], format="timeline-ics", also_case_ids=[cases[other]], **own(world))
    codes = {str(event["description"]).splitlines()[-1] for event in Calendar.from_ical(file).walk("VEVENT")}
    assert codes == {"Handling code: H1"}


@pytest.fixture
def two(world):
    """Two cases of the Dutch police, each with a fact that another authority gave under H2."""
    cases = [world.case("investigator", reference=name) for name in ("NL-1", "NL-2")]
    for n, case in enumerate(cases, 1):
        fact(world, "investigator", case, "2026-03-05", text=f"Told for {n}", handling_code="H2")
    return cases


def consent(case, code="H2"):
    return {**next(one for one in CONSENTS if one["handling_code"] == code), "case_id": case}


@pytest.mark.parametrize("form", ["timeline-csv", "timeline-timesketch"])
def test_a_consent_is_for_one_case(world, exports, two, form):
    first, second = two
    body = {"format": form, "also_case_ids": [second]}
    shown, file = exports.file(first, consents=[consent(second)], **body)
    assert (b"Told for 1" in file, b"Told for 2" in file) == (False, True)
    assert left_out(shown)["fact", "consent_missing"] == 1
    assert [one["case_id"] for one in shown["consents"]] == [second]
    assert b"H2 (NL-2): only for this case" in file
    _, file = exports.file(first, consents=[consent(first), consent(second)], **body)
    assert b"Told for 1" in file
    assert b"Told for 2" in file


def test_the_consent_for_one_case_does_not_release_another(world, exports, two):
    secret = world.case("investigator", reference="NL-3", handling_code="H3")
    body = {"format": "timeline-csv", "also_case_ids": [secret]}
    problem = exports.ask(two[0], status=422, consents=[consent(two[0], "H3")], **body)
    assert [one["pointer"] for one in problem["errors"]] == ["/consents"]
    shown, _ = exports.file(two[0], consents=[consent(secret, "H3")], **body)
    assert "H3" in shown["handling_codes"]


def test_a_consent_names_a_case_of_the_export(world, exports, two):
    first, second = two
    other = world.case("investigator", reference="NL-4")
    body = {"format": "timeline-csv", "also_case_ids": [second]}
    for case, more, rule in ((None, body, "required"), (other, body, "case"), (other, {}, "case")):
        said = {name: value for name, value in consent(case).items() if value is not None}
        problem = exports.ask(first, status=422, consents=[said], **more)
        assert [(one["pointer"], one["rule"]) for one in problem["errors"]] == [("/consents/0/case_id", rule)]
    shown, _ = exports.file(first, consents=CONSENTS[:1])
    assert [one["case_id"] for one in shown["consents"]] == [first], "with one case it need not be said"
