"""Answers that differ only by which random id came first are equal, and others are not."""

import json
from uuid import uuid4

from worlds.comparing import differences

DURATIONS = ("/api/v1/cases/{case_id}/durations", "/api/v1/cases/nl1/durations")
TIMELINE = ("/api/v1/cases/{case_id}/timeline", "/api/v1/cases/nl1/timeline")
SINCE = "2026-12-01T08:00:00Z"


class Answer:
    status_code, headers = 200, {"Content-Type": "application/json"}

    def __init__(self, items):
        self.text = json.dumps({"items": items})

    def get_data(self, *, as_text):
        assert as_text
        return self.text


def world(names, *, turned):
    """Two overlaps that began together, listed without their names in a random order, and in a timeline with their names."""
    overlaps = [(str(uuid4()), name) for name in names]
    listed = [{"type": "overlap", "id": one, "kind": "none", "stages": [{"since": SINCE}]} for one, _ in overlaps]
    told = [{"at": SINCE, "object": {"id": one, "name": name}} for one, name in overlaps]
    return {DURATIONS: Answer(listed[::-1] if turned else listed), TIMELINE: Answer(told)}


def test_things_in_a_random_order_are_known_by_what_other_answers_say_of_them():
    assert differences(world(["FR", "RO"], turned=False), world(["FR", "RO"], turned=True)) == []


def test_another_name_in_one_world_is_a_difference():
    assert differences(world(["FR", "RO"], turned=False), world(["FR", "DE"], turned=True))
