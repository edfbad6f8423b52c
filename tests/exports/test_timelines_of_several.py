"""Exports of the timelines of several cases: each has its own handling code and consent, and the second person knows of all."""

import pytest
from assisting import sent, walk
from exports.test_timelines import own
from icalendar import Calendar


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
