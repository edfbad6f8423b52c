"""What cannot be recorded is refused with a pointer to the field, and with no trace."""

import pytest
from recording import SAID, correct, facts, record

WHO = "investigator"
NOBODY = "00000000-0000-4000-8000-000000000000"
LINKS = [{"id": NOBODY}]
FAULTS = {
    "no kind": ({"kind": "gossip"}, "/kind", "codelist"),
    "no time": ({"at": "yesterday"}, "/at", "time"),
    "no day": ({"at": "2026-02-30"}, "/at", "time"),
    "before 1900": ({"at": "1899-12-31"}, "/at", "time"),
    "no offset": ({"at": "2026-03-05T14:20"}, "/at", "offset"),
    "offset too large": ({"at": "2026-03-05T14:20+15:00"}, "/at", "time"),
    "offset of another zone": ({"at": "2026-03-05T14:20+09:00", "zone": "Europe/Paris"}, "/at", "zone"),
    "no such zone": ({"at": "2026-03-05T14:20", "zone": "Europe/Atlantis"}, "/zone", "time_zone"),
    "never on the clock": ({"at": "2026-03-29T02:30", "zone": "Europe/Paris"}, "/at", "no_such_time"),
    "twice on the clock": ({"at": "2026-10-25T02:30", "zone": "Europe/Paris"}, "/at", "ambiguous_time"),
    "end before the beginning": ({"at": "2026-03-05", "until": "2026-03-04"}, "/until", "order_of_time"),
    "end less precise": ({"at": "2026-03-05T14:20Z", "until": "2026-03-05"}, "/until", "precision"),
    "end with another offset": ({"at": "2026-03-05+01:00", "until": "2026-03-06+02:00"}, "/until", "offset"),
    "more precise than the time": ({"at": "2026-03-05", "precision": "second"}, "/precision", "precision"),
    "undated with an end": ({"until": "2026-03-05"}, "/until", "undated"),
    "undated with a precision": ({"precision": "day"}, "/precision", "undated"),
    "undated with a zone": ({"zone": "Europe/Paris"}, "/zone", "undated"),
    "no subject of the case": ({"subjects": LINKS}, "/subjects/0/id", "subject"),
    "no identifier of the case": ({"identifiers": LINKS}, "/identifiers/0/id", "identifier"),
    "a subject twice": ({"subjects": LINKS * 2}, "/subjects", "distinct"),
    "an assessment without grading": ({"basis": "assessment"}, "/source_grading", "graded"),
    "a picture": ({"text": "see data:image/png;base64,iVBORw0KGgo="}, "/text", "words_only"),
    "a video as a source": ({"source": "data:video/mp4;base64,AAAA"}, "/source", "words_only"),
    "a picture as a place": ({"place": {"name": "data:image/png;base64,iVBO"}}, "/place/name", "words_only"),
    "half of the coordinates": ({"place": {"latitude": 48.8}}, "/place/latitude", "coordinates"),
    "no place": ({"place": {}}, "/place/name", "one_needed"),
    "not on earth": ({"place": {"latitude": 91, "longitude": 0}}, "/place/latitude", "range"),
    "not a number": ({"place": {"latitude": "48.8", "longitude": 0}}, "/place/latitude", "type"),
    "true is no number": ({"place": {"latitude": True, "longitude": 0}}, "/place/latitude", "type"),
    "no country": ({"country": "XX"}, "/country", "codelist"),
    "too much text": ({"text": "x" * 4001}, "/text", "length"),
    "no confidence": ({"confidence": "certain"}, "/confidence", "one_of"),
    "a token of its own": ({"place_token": "00"}, "/place_token", "unknown_field"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(world, name):
    said, pointer, rule = FAULTS[name]
    case = world.case(WHO)
    problem = record(world, WHO, case, {"kind": "call"}, {"kind": "call", **said}, status=422)
    found = [(error["pointer"], error["rule"]) for error in problem["errors"]]
    assert (f"/facts/1{pointer}", rule) in found, problem
    assert facts(world, WHO, case) == []


@pytest.mark.parametrize(
    "name", [name for name in FAULTS if name not in {"undated with a precision", "undated with a zone", "undated with an end"}]
)
def test_a_correction_is_checked_like_a_fact(world, name):
    said, pointer, rule = FAULTS[name]
    (fact,) = record(world, WHO, world.case(WHO), {"kind": "call"})
    problem = correct(world, WHO, fact, 422, **said)
    assert (pointer, rule) in [(error["pointer"], error["rule"]) for error in problem["errors"]], problem


def test_what_is_involved_is_of_the_same_case(world):
    case, other = world.case(WHO), world.case(WHO)
    suspect = world.subject(WHO, other)
    (phone,) = world.hold(WHO, other, "+31612345678", kind="phone")
    problem = record(world, WHO, case, {**SAID, "subjects": [{"id": suspect}], "identifiers": [{"id": phone}]}, status=422)
    assert [(error["pointer"], error["rule"]) for error in problem["errors"]] == [
        ("/facts/0/subjects/0/id", "subject"), ("/facts/0/identifiers/0/id", "identifier"),
    ]  # fmt: skip


def test_a_key_names_one_fact_of_a_request(world):
    case = world.case(WHO)
    problem = record(world, WHO, case, {"kind": "call", "external_id": "F1"}, {"kind": "call", "external_id": "F1"}, status=422)
    assert [(error["pointer"], error["rule"]) for error in problem["errors"]] == [("/facts/1/external_id", "distinct")]


@pytest.mark.parametrize(
    "body", [{}, {"facts": []}, {"facts": {}}, {"facts": [None]}, {"facts": ["x"]}, {"facts": [[]], "on_error": "each"}]
)
def test_odd_bodies_are_no_accidents(world, body):
    answer = world.as_(WHO).post(f"/cases/{world.case(WHO)}/facts", body)
    assert answer.status_code in {200, 422}, answer.json
