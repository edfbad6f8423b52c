"""Titles and references: what may stand in them, and which two references are one."""

import threading

import pytest

from coopapi.unicode_text import blank, controlled, fold_reference

SAME = ["nl-2026-0042", "NL-2026-0042", "Nl-2026-0042", "\uff2e\uff2c-2026-0042", "NL\u20132026\u20140042", "NL\u22122026\u20110042",
        "NL-\uff12\uff10\uff12\uff16-0042", "NL-2026-0042\u200b", " NL-2026-0042 ", "N\u00adL-2026-0042"]  # fmt: skip
OTHER = ["NL-2026-0043", "NL 2026 0042", "NL20260042", "NL-2026-042", "\u041d\u041b-2026-0042", "NL/2026/0042"]
MAKE = {
    "case": ("investigator", "/cases", {"title": "T"}, "reference"),
    "subject": ("investigator", "/cases/{case}/subjects", {"category": "suspect"}, "pseudonym"),
    "team": ("prosecutor", "/jits", {"legal_basis": "eu2000_art13"}, "reference"),
    "request": ("prosecutor", "/mla-requests", {"kind": "eio"}, "reference"),
}


@pytest.fixture
def make(world):
    """A way to make a thing under a reference; subjects are all of one case."""
    case = world.case("investigator")

    def made(kind, reference):
        by, path, body, name = MAKE[kind]
        return world.as_(by).post(path.format(case=case), {**body, name: reference})

    return made


@pytest.mark.parametrize("kind", MAKE)
def test_references_that_differ_by_case_width_or_dash_are_one(make, kind):
    first = make(kind, "NL-2026-0042")
    assert first.status_code == 201, first.json

    for reference in SAME:
        again = make(kind, reference)
        assert (again.status_code, again.json.get("existing", "")[-36:] in {"", first.json["id"]}) == (409, True), reference

    for reference in OTHER:
        assert make(kind, reference).status_code == 201, reference


@pytest.mark.parametrize("kind", MAKE)
def test_a_reference_stays_as_it_came(make, kind):
    came = "Nl\u20132026\u2011\uff10\uff10\uff14\uff12"
    assert make(kind, came).json[MAKE[kind][3]] == came


def test_a_case_is_found_by_its_reference_however_it_is_written(make, world):
    made = make("case", "NL-2026-0042")
    found = world.as_("investigator").get("/cases?reference=nl%E2%80%932026%E2%80%910042").json["items"]
    assert [case["id"] for case in found] == [made.json["id"]]


@pytest.mark.parametrize("kind", MAKE)
def test_one_of_many_spellings_at_once_is_taken(make, kind):
    answers = []
    threads = [threading.Thread(target=lambda r=reference: answers.append(make(kind, r))) for reference in SAME[:6]]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]


CONTROLS = [
    "a\nb",
    "a\tb",
    "a\x1bb",
    "a\x7fb",
    "a\u0085b",
    "a\u2028b",
    *(f"a{chr(code)}b" for code in (0x202A, 0x202E, 0x2066, 0x2069)),
]
INVISIBLE = ["\u200b", "\u200d\u200c", "\u2060\ufeff", "\u00ad", "\u3164", "\u115f \u2800", "\u034f", "\u200f", "\ufe0f"]
SEEN = [
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u200f\u05e9\u05dc\u05d5\u05dd",
    "a\u200db",
    "a\u200eb",
    "\u2014",
    "\U0001f469\u200d\U0001f52c",
]


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("value", [*CONTROLS, *INVISIBLE], ids=ascii)
def test_a_reference_holds_no_controls_and_is_not_invisible(make, kind, value):
    refused = make(kind, value)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, f"/{MAKE[kind][3]}")


@pytest.mark.parametrize("value", SEEN, ids=ascii)
def test_marks_of_direction_and_joiners_are_taken(make, world, value):
    assert make("case", value).status_code == 201
    assert world.as_("investigator").post("/cases", {"reference": "x", "title": value}).json["title"] == value


@pytest.mark.parametrize("value", [*CONTROLS, *INVISIBLE], ids=ascii)
def test_titles_and_names_follow_the_same_rule(world, value):
    for by, path, body in (
        ("investigator", "/cases", {"reference": "x", "title": value}),
        ("investigator", "/cases", {"reference": "x", "title": "T", "operation_name": value}),
        ("operator", "/authorities", {"name": value, "type": "police_unit", "country": "NL"}),
    ):
        assert world.as_(by).post(path, body).status_code == 422, body


@pytest.mark.parametrize("value", INVISIBLE, ids=ascii)
def test_no_text_is_only_invisible(world, value):
    case = world.case("investigator")
    step = {"event": "withdraw", "reason": value}
    assert world.as_("investigator").post(f"/cases/{case}/transitions", step, If_Match='"v1"').status_code == 422


def test_a_text_of_several_lines_keeps_them(world):
    case = world.case("investigator")
    step = {"event": "withdraw", "reason": "one\n\ttwo"}
    assert world.as_("investigator").post(f"/cases/{case}/transitions", step, If_Match='"v1"').json["state_reason"] == "one\n\ttwo"


def test_the_rules_of_characters_are_those_of_unicode():
    assert [code for code in range(0x2000, 0x2070) if controlled(f"a{chr(code)}")] == [
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
    ]
    assert all(blank(value) for value in INVISIBLE)
    assert not any(blank(value) or controlled(value) for value in SEEN)
    assert len({fold_reference(reference) for reference in SAME}) == 1
