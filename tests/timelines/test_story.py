"""The analyst's story of docs/timelines.md, call by call."""

from storytelling import PAGE, Telling
from timelining import fact

TIMELINES = PAGE.with_name("timelines.md")


def test_an_analyst_sees_two_overlapping_cases_in_one_picture_within_four_calls(world):
    mine, theirs = world.case("investigator", reference="NL-2026-7"), world.case("foreign", reference="FR-2026-3")
    (here,) = world.hold("investigator", mine, "heron@example.org")
    (there,) = world.hold("foreign", theirs, "heron@example.org")
    given = {"authority_id": str(world.authorities["nl"]), "level": "read", "reason": "They work on it too"}
    assert world.as_("foreign").post(f"/cases/{theirs}/access", given).status_code == 201
    fact(world, "investigator", mine, "2026-03-05T14:20+01:00", "login", identifiers=[{"id": here}])
    fact(world, "foreign", theirs, "2026-03-07T09:00Z", "payment", identifiers=[{"id": there}])
    fact(world, "foreign", theirs, "2026-04", "stay", zone="Europe/Paris", place={"name": "Lyon"}, country="FR")
    telling = Telling(world, {})
    telling.tell("Two overlapping cases in one picture", most=4, page=TIMELINES)
    assert world.as_("analyst").get(f"/exports/{telling.known['export']}/content").data.startswith(b"<svg")
    telling.tell("What is new", most=6, page=TIMELINES)
