"""Exports of timelines take what reading them takes: the cases of a thing, and the same filters, which each file names."""

import io
import json

import pytest
from exports.test_marks import FORMS, marks
from exports.test_timelines import THIRD, left_out, own, rows, slug, texts
from icalendar import Calendar
from pypdf import PdfReader
from timelining import fact

from coopapi.exports import selecting

FACTS = {"kind": "fact"}


def overlap(world, pair):
    world.hold("investigator", pair["nl"], "egret@example.org")
    world.hold("foreign", pair["fr"], "egret@example.org")
    world.work()
    return world.as_("analyst").get("/overlaps").json["items"][0]["id"]


def asked(world, who="investigator", status=202, **more):
    body = {"format": "timeline-csv", "purpose": "investigation", "reason": "R", **own(world), **more}
    answer = world.as_(who).post("/exports", body)
    assert answer.status_code == status, answer.json
    return answer.json


@pytest.mark.parametrize("who", ["investigator", "analyst"])
def test_the_cases_of_an_overlap_are_exported_without_naming_them(world, exports, pair, who):
    made = asked(world, who, overlap_id=overlap(world, pair), timeline=FACTS)
    assert {made["case_id"], *made["also_case_ids"]} == {pair["nl"], pair["fr"]}
    assert {row["case_id"] for row in rows(exports.content(made, who))} == {pair["nl"], pair["fr"]}


def test_cases_of_a_thing_that_are_not_read_are_left_out_without_a_trace(world, exports, pair):
    thing = overlap(world, pair)
    with world.register.owner.cursor() as cursor:
        cursor.execute("update case_access set until = now() where case_id = %s and level = 2", [pair["fr"]])
    made = asked(world, overlap_id=thing)
    assert (made["case_id"], made["also_case_ids"]) == (pair["nl"], [])
    assert pair["fr"].encode() not in exports.content(made)
    assert slug(asked(world, status=404, jit_id=thing)) == "not-found"
    assert slug(asked(world, "prosecutor_fr", 404, meeting_id=pair["nl"])) == "not-found"


def test_a_thing_of_which_no_case_is_read_is_refused(world, exports, pair):
    thing = overlap(world, pair)
    with world.register.owner.cursor() as cursor:
        cursor.execute("update case_access set level = 1 where case_id in (%s, %s)", [pair["nl"], pair["fr"]])
    assert [one["pointer"] for one in asked(world, status=422, overlap_id=thing)["errors"]] == ["/overlap_id"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/case_id"),
        ({"case_id": "{nl}", "jit_id": "{nl}"}, "/case_id"),
        ({"jit_id": "{nl}", "meeting_id": "{nl}"}, "/case_id"),
        ({"jit_id": "{nl}", "also_case_ids": ["{nl}"]}, "/also_case_ids"),
        ({"format": "ndjson", "jit_id": "{nl}"}, "/jit_id"),
        ({"case_id": "{nl}", "timeline": {"undated": True}}, "/timeline/undated"),
        ({"case_id": "{nl}", "timeline": {"type": ["x"] * 21}}, "/timeline/type"),
    ],
)
def test_one_choice_of_cases_is_needed(world, pair, body, pointer):
    errors = asked(world, status=422, **json.loads(json.dumps(body).replace("{nl}", pair["nl"])))["errors"]
    assert pointer in {one["pointer"] for one in errors}


def filters(world, pair, known):
    me = world.as_("investigator")
    subject = next(one["id"] for one in me.get(f"/cases/{pair['nl']}/subjects").json["items"] if one["pseudonym"] == "S1")
    return {
        "since": {"since": "2026-03-06T00:00:00+00:00"},
        "until": {"until": "2026-03-07T00:00:00+00:00"},
        "type": {"type": ["payment", "fact.recorded"]},
        "kind": {"kind": "act"},
        "identifier_id": {"identifier_id": pair["mail"]},
        "text": {"text": "LYON"},
        "as_known_on": {"as_known_on": known},
        "subject_id": {"subject_id": subject},
        "authority_id": {"authority_id": str(world.authorities["fr"])},
    }


@pytest.mark.parametrize(
    "name", ["since", "until", "type", "kind", "identifier_id", "text", "as_known_on", "subject_id", "authority_id"]
)
def test_a_filter_leaves_what_it_leaves_in_a_timeline_and_is_named(world, exports, pair, name):
    world.clock.forward(hours=1)
    known = world.clock().isoformat()
    world.clock.forward(hours=1)
    me = world.as_("investigator")
    later = fact(world, "investigator", pair["nl"], "2026-03-06T10:00Z", text="Seen later")
    wanted = filters(world, pair, known)[name]
    query = "&".join(
        f"{key}={one.replace('+', '%2B')}"
        for key, value in wanted.items()
        for one in ([value] if isinstance(value, str) else value)
    )
    shown, file = exports.file(
        pair["nl"], format="timeline-csv", also_case_ids=[pair["fr"]], victims=True, timeline=wanted, **own(world)
    )
    line = me.get(f"/timelines?case_id={pair['nl']}&case_id={pair['fr']}&order=asc&limit=200&{query}").json["items"]
    undated = me.get(f"/timelines?case_id={pair['nl']}&case_id={pair['fr']}&undated=true&{query}").json.get("items", [])
    undated = [] if wanted == {"kind": "act"} else undated
    expected = [entry for entry in line + undated if not entry["type"].startswith("export.")]
    assert expected
    assert name != "as_known_on" or later not in {entry["id"] for entry in expected}
    assert [row["id"] for row in rows(file) if not row["type"].startswith("export.")] == [entry["id"] for entry in expected]
    assert {key: value for key, value in shown["timeline"].items() if value is not None} == {"language": "en", **wanted}
    assert "Filters: " in file.decode().splitlines()[1]


@pytest.mark.parametrize(
    "form", ["timeline-timesketch", "timeline-timesketch-csv", "timeline-html", "timeline-pdf", "timeline-ics"]
)
def test_every_format_says_which_filters_apply(world, exports, pair, form):
    wanted = {"kind": "fact", "type": ["payment", "sighting"], "text": "lyon", "since": "2026-03-01T00:00:00Z"}
    _, file = exports.file(pair["nl"], format=form, timeline=wanted, **own(world))
    if form == "timeline-pdf":
        said = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(file)).pages)
    elif form == "timeline-ics":
        said = str(Calendar.from_ical(file)["description"])
    else:
        said = file.decode()
    line = "Filters: at or after 2026-03-01 00:00:00 UTC; only: Facts; of the types: payment, sighting; with the text “lyon”"
    assert line in " ".join(said.split())


@pytest.mark.parametrize(
    "form", ["timeline-csv", "timeline-timesketch", "timeline-timesketch-csv", "timeline-html", "timeline-ics"]
)
def test_a_file_for_another_authority_does_not_say_whom_its_filters_name(world, exports, pair, form):
    wanted = {"kind": "fact", "text": "Nobody Known", "identifier_id": pair["mail"]}
    _, file = exports.file(pair["nl"], format=form, timeline=wanted)
    said = str(Calendar.from_ical(file)["description"]) if form == "timeline-ics" else file.decode()
    assert "one more filter that is not told; one more filter that is not told" in " ".join(said.split())
    assert "nobody known" not in said.lower()
    assert pair["mail"] not in said


def test_the_text_that_is_looked_for_is_stored_sealed(world, exports, pair):
    made = exports.ask(pair["nl"], format="timeline-csv", timeline={"text": "Secretly", "subject_id": pair["nl"]}, recipient=THIRD)
    assert made["timeline"]["text"] == "Secretly"
    with world.register.owner.cursor() as cursor:
        cursor.execute("select exports::text from exports")
        assert "secretly" not in cursor.fetchone()[0].lower()
    (one,) = world.as_("prosecutor").get(f"/approvals?object_id={made['id']}").json["items"]
    assert one["change"]["timeline"] == {"language": "en"}


@pytest.fixture
def across(world):
    """Cases of two countries that hold one address, each with a fact about it, and filters that leave out the second fact."""
    return world.once(_across)


def _across(world):
    first, second = world.case("investigator", reference="NL-1"), world.case("foreign", reference="FR-1")
    grant = {"authority_id": str(world.authorities["nl"]), "level": "read", "reason": "the same group"}
    assert world.as_("foreign").post(f"/cases/{second}/access", grant).status_code == 201
    suspect = world.subject("investigator", first, pseudonym="S1")
    (mine,) = world.hold("investigator", first, "heron@example.org", subject_id=suspect)
    (theirs,) = world.hold("foreign", second, "heron@example.org")
    told = {"text": "at the pier", "kind": "payment"}
    here = fact(world, "investigator", first, "2026-03-05", identifiers=[{"id": mine}], subjects=[{"id": suspect}], **told)
    known = world.clock().isoformat()
    world.clock.forward(hours=1)
    there = fact(world, "foreign", second, "2026-03-06", identifiers=[{"id": theirs}], text="elsewhere")
    leaving_out = {
        "type": {"type": ["payment"]}, "authority_id": {"authority_id": str(world.authorities["nl"])},
        "subject_id": {"subject_id": suspect}, "identifier_id": {"identifier_id": mine}, "text": {"text": "pier"},
        "as_known_on": {"as_known_on": known},
    }  # fmt: skip
    return {"first": first, "second": second, "here": here, "there": there, "leaving out": leaving_out}


def exported(world, exports, across, form, **more):
    """The file of the facts of both cases."""
    body = {"format": form, "also_case_ids": [across["second"]], **own(world)}
    return exports.file(across["first"], timeline={**FACTS, **more}, **body)[1]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 500])
def test_without_a_filter_each_fact_names_the_other(world, exports, across, monkeypatch, form, size):
    monkeypatch.setattr(selecting, "MOST_ROWS", size)
    here, there = across["here"], across["there"]
    assert marks(form, exported(world, exports, across, form)) == {here: f"identifier {there}", there: f"identifier {here}"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 500])
@pytest.mark.parametrize("name", ["type", "authority_id", "subject_id", "identifier_id", "text", "as_known_on"])
def test_no_mark_names_what_a_filter_leaves_out(world, exports, across, monkeypatch, form, size, name):
    monkeypatch.setattr(selecting, "MOST_ROWS", size)
    file = exported(world, exports, across, form, **across["leaving out"][name])
    assert across["here"].encode() in file
    assert across["there"].encode() not in file
    assert marks(form, file) == {}


def test_what_was_known_earlier_has_the_strictest_code_that_it_ever_had(world, exports, pair):
    path = f"/cases/{pair['nl']}/facts/{pair['fact held']}"
    tag = world.as_("investigator").get(path).headers["ETag"]
    world.clock.forward(hours=1)
    known = world.clock().isoformat()
    world.clock.forward(hours=1)
    told = {"text": "Told to all", "handling_code": "H0"}
    assert world.as_("investigator").patch(path, told, If_Match=tag).status_code == 200
    assert "Told to all" in texts(exports.file(pair["nl"], format="timeline-csv", timeline=FACTS)[1])
    shown, file = exports.file(pair["nl"], format="timeline-csv", timeline={**FACTS, "as_known_on": known})
    assert "Told in confidence" not in texts(file)
    assert left_out(shown)["fact", "consent_missing"] == 1
    file = exports.file(pair["nl"], format="timeline-csv", timeline={**FACTS, "as_known_on": known}, **own(world))[1]
    assert "Told in confidence" in texts(file)
