"""Their day's work: five stories over HTTP, told with the calls of docs/stories.md."""

from datetime import timedelta

import pytest
import storytelling
from answering import office
from assisting import sent
from entries import point
from gathering import proposed
from storytelling import Telling


def hours(world, number):
    return (world.clock() + timedelta(hours=number)).isoformat()


def test_the_desk_on_monday_is_at_what_matters_within_three_calls(world):
    for _ in range(2):
        proposed(world, origin=("case", world.case("prosecutor")))
    times = {"tomorrow": hours(world, 24), "later": hours(world, 27)}
    Telling(world, {}, **times).tell("The desk on Monday", most=3)


def test_a_central_authority_hands_out_thirty_requests_within_ten_calls(world):
    for number in range(30):
        sent(world, reference=f"EIO-{number:02}", urgency="urgent" if number in {3, 17} else "routine")
    telling = Telling(world, {}, me=str(world.people["central_fr"]))
    telling.tell("A central authority with thirty requests", most=10)


def test_a_contact_point_preserves_data_at_three_in_the_morning_within_six_calls(world):
    point(world, "contact_fr", always=True, time_zone="Europe/Paris")
    Telling(world, {"contact_nl": "contact"}).tell("A contact point at three in the morning", most=6)


def test_from_an_overlap_to_the_public_statement_with_the_case_of_the_police_within_fifty_calls(world):
    known = {"office": office(world), "france": str(world.authorities["fr"]), "in_a_year": hours(world, 365 * 24)}
    known["french_prosecutor"] = str(world.people["prosecutor_fr"])
    telling = Telling(world, {"police": "investigator", "french": "prosecutor_fr"}, **known)
    telling.tell("From an overlap to the public statement", most=50)


def test_a_state_without_users_answers_a_request_and_takes_part_in_a_meeting(world):
    known = {name: str(world.authorities[key]) for name, key in (("usa", "us"), ("france", "fr"))}
    known |= {"tomorrow": hours(world, 24), "later": hours(world, 27)}
    known["in_a_month"] = (world.clock() + timedelta(days=30)).date().isoformat()
    Telling(world, {"french": "prosecutor_fr"}, **known).tell("A State that has no users here", most=50)


def test_a_story_whose_page_is_wrong_is_not_told(world, monkeypatch, tmp_path):
    wrong = tmp_path / "stories.md"
    wrong.write_text(storytelling.PAGE.read_text().replace('"count": 2', '"count": 3'))
    monkeypatch.setattr(storytelling, "PAGE", wrong)
    with pytest.raises(AssertionError, match="counts"):
        test_the_desk_on_monday_is_at_what_matters_within_three_calls(world)
