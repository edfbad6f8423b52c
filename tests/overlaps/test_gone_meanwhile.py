"""An overlap that the caller may not know of any more when it is shown is left out, or not found."""

import pytest
from meanwhile import Meanwhile

from coopapi.overlaps import presentation


@pytest.fixture
def overlaps(world):
    """Two overlaps of the investigator."""
    for bird in ("owl", "heron"):
        for who in ("investigator", "foreign"):
            world.hold(who, world.case(who), f"{bird}@example.org")
    return [one["id"] for one in world.overlaps("investigator")]


@pytest.fixture
def hiding(monkeypatch, owner):
    """Hide an overlap from its sides before the statement that shows it is sent."""

    def hide(overlap, statement="_SIDES"):
        def happen():
            with owner.cursor() as cursor:
                cursor.execute("update case_overlaps set hidden_a = true, hidden_b = true where id = %s", (overlap,))

        monkeypatch.setattr(presentation, statement, Meanwhile(getattr(presentation, statement), happen))

    return hide


@pytest.mark.parametrize("more", ["", "?include=transitions"])
def test_a_page_has_the_others(world, overlaps, hiding, more):
    hiding(overlaps[0], "_PAGE")
    answer = world.as_("investigator").get(f"/overlaps{more}")
    assert (answer.status_code, [one["id"] for one in answer.json["items"]]) == (200, overlaps[1:])


@pytest.mark.parametrize("at", ["/evidence", "/transitions"])
def test_one_that_is_asked_for_is_not_found(world, overlaps, hiding, at):
    hiding(overlaps[0])
    assert world.as_("investigator").get(f"/overlaps/{overlaps[0]}{at}").status_code == 404


def test_a_step_is_not_taken(world, overlaps, hiding, owner):
    case = world.as_("investigator").get(f"/overlaps/{overlaps[0]}").json["case_id"]
    hiding(overlaps[0], "_THESE")
    assert world.take("investigator", overlaps[0], case_id=case).status_code == 404
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from overlap_sides where state <> 'detected'")
        assert cursor.fetchone() == (0,)
