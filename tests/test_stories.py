"""Their day's work: five stories over HTTP, told with the calls of docs/stories.md."""

from datetime import timedelta

import storytelling
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


def test_a_story_whose_page_is_wrong_is_not_told(world, monkeypatch, tmp_path):
    wrong = tmp_path / "stories.md"
    wrong.write_text(storytelling.PAGE.read_text().replace('"count": 2', '"count": 3'))
    monkeypatch.setattr(storytelling, "PAGE", wrong)
    try:
        test_the_desk_on_monday_is_at_what_matters_within_three_calls(world)
    except AssertionError:
        return
    raise AssertionError("the page said three")
