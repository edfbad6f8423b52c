"""Exports of the timelines of several cases: each has its own handling code and consent, and the second person knows of all."""

import pytest
from assisting import sent, walk
from exports.test_timelines import THIRD, own
from icalendar import Calendar


def test_the_second_person_is_told_of_every_case_and_of_what_is_wanted(world, exports):
    first, second = (world.case("investigator", reference=name) for name in ("NL-1", "NL-2"))
    wanted = {"language": "fr", "kind": "fact", "from": "2026-01-01T00:00:00+00:00"}
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
