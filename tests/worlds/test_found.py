"""The leaks that were found by hand are mended."""

import pytest
from worlds.asking import IN_TURN, Walk
from worlds.found import ABOUT_VICTIMS, HIDDEN_CASES, OTHERS_HOLD_IT
from worlds.play import Secret


@pytest.mark.parametrize("story", ABOUT_VICTIMS.values(), ids=ABOUT_VICTIMS)
def test_the_uncleared_learn_nothing_when(lab, story):
    assert lab.compare(Secret.VICTIMS, "colleague", "nl", story) == []


@pytest.mark.parametrize("story", HIDDEN_CASES.values(), ids=HIDDEN_CASES)
@pytest.mark.parametrize("caller", ["investigator", "auditor"])
def test_others_learn_nothing_when(lab, story, caller):
    assert lab.compare(Secret.HIDDEN, caller, "nl", story) == []


def test_a_registration_tells_nothing_when_others_hold_the_value(lab):
    assert lab.compare(Secret.REGISTRATION, "investigator", "nl", OTHERS_HOLD_IT) == []
    assert lab.comparisons == 2


def test_every_reading_operation_is_asked_in_turn(lab):
    reading = {path for path, item in lab.document["paths"].items() if "get" in item}
    assert {path for turn in range(IN_TURN) for path in Walk(None, lab.document, turn).templates} == reading
