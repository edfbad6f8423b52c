"""Exports of timelines: who may export which cases for whom, what is in the file, and what is left out of it."""

import csv
import io
import json
from uuid import uuid4

import pytest
from assisting import sent, walk
from exporting import CONSENTS
from icalendar import Calendar
from timelining import fact

from coopapi.exports import running, selecting
from coopapi.exports.timelines import making, whole
from coopapi.exports.timelines.table import TIMELINES
from coopapi.timelines import line

THIRD = {"name": "Federal Bureau", "country": "US"}


def slug(answer):
    return answer["type"].rpartition("/")[2]


def own(world):
    return {"recipient": {"authority_id": str(world.authorities["nl"])}}


def rows(file):
    return [row for row in csv.DictReader(io.StringIO(file.decode("utf-8-sig"))) if row["record"] == "entry"]


def texts(file):
    return {row["text"].removeprefix("'") for row in rows(file)} - {""}


def stopped(exports, asked):
    shown = exports.shown(asked)
    return shown["state"], shown["state_reason"]


def left_out(shown):
    return {(one["what"], one["why"]): one["count"] for one in shown["left_out"]}


@pytest.mark.parametrize("form", sorted(TIMELINES))
def test_each_format_is_made_of_two_cases(world, exports, pair, form):
    shown, file = exports.file(pair["nl"], format=form, also_case_ids=[pair["fr"]], **own(world))
    assert (shown["also_case_ids"], shown["format"], shown["size"]) == ([pair["fr"]], form, len(file))
    answer = world.as_("investigator").get(f"/exports/{shown['id']}/content")
    assert answer.headers["Content-Type"] == TIMELINES[form].media_type
    assert answer.headers["Content-Disposition"].endswith(f'.{TIMELINES[form].suffix}"')
    assert answer.headers["Content-Disposition"].startswith("attachment")
    if form == "timeline-ics":
        assert shown["entries"] == 0
    else:
        assert shown["entries"] > 6
        assert shown["handling_codes"] == ["H0", "H2"]


def test_the_entries_are_those_of_the_timeline(world, exports, pair):
    _, file = exports.file(pair["nl"], format="timeline-csv", also_case_ids=[pair["fr"]], victims=True, **own(world))
    asked = world.as_("investigator").get(f"/timelines?case_id={pair['nl']}&case_id={pair['fr']}&order=asc&limit=200").json["items"]
    found = [row for row in rows(file) if row["begins_at"] and not row["type"].startswith("export.")]
    shown = [entry for entry in asked if not entry["type"].startswith("export.")]
    assert [(row["id"], row["sentence"]) for row in found] == [(entry["id"], entry["sentence"]) for entry in shown]
    paid = next(row for row in found if row["id"] == pair["fact paid"])
    assert (paid["text"], paid["place"], paid["offset"], paid["precision"]) == ("'=Paid in Lyon", "Lyon", "UTC+02:00", "minute")
    assert set(paid["co_occurrences"].split("; ")) == {f"place {pair['fact there']}", f"minute {pair['fact there']}"}
    assert rows(file)[-1]["text"] == "Some day", "what has no time is last, and gets none"
    assert rows(file)[-1]["begins_at"] == ""


@pytest.mark.parametrize("language", ["fr", "es", "pt"])
def test_a_file_is_in_the_language_that_was_asked_for(world, exports, pair, language):
    wanted = {"language": language, "kind": "fact", "since": "2026-03-05T00:00:00Z", "until": "2026-03-06T00:00:00Z"}
    shown, file = exports.file(pair["nl"], format="timeline-html", timeline=wanted, **own(world))
    assert (shown["entries"], shown["timeline"]["language"]) == (1, language)
    assert f'<html lang="{language}">' in file.decode()
    assert "Paid in Lyon" in file.decode()


def test_victims_are_in_the_file_only_if_they_are_asked_for(world, exports, pair):
    shown, file = exports.file(pair["nl"], format="timeline-csv", **own(world))
    assert texts(file) == {"=Paid in Lyon", "Told in confidence", "Some day"}
    assert b"V1" not in file
    assert left_out(shown)["fact", "victim"] == 1
    assert left_out(shown)["act", "victim"] >= 2, "that she was added, and the fact about her"
    assert b"fact: victim" in file
    assert pair["hers"].encode() not in file
    _, file = exports.file(pair["nl"], format="timeline-csv", victims=True, **own(world))
    assert texts(file) == {"=Paid in Lyon", "She was there", "Told in confidence", "Some day"}
    assert exports.ask(pair["nl"], "colleague", 403, format="timeline-csv", victims=True, **own(world))


def test_the_uncleared_export_the_same_with_and_without_victims(world, exports, pair):
    """Two worlds: the file of an uncleared person does not change by a fact about a victim."""
    before = exports.file(pair["nl"], "colleague", format="timeline-csv", timeline={"kind": "fact"}, **own(world))
    fact(world, "investigator", pair["nl"], "2026-03-08", text="About her", about_victim=True)
    after = exports.file(pair["nl"], "colleague", format="timeline-csv", timeline={"kind": "fact"}, **own(world))
    assert rows(before[1]) == rows(after[1])
    assert [before[0][name] for name in ("entries", "left_out")] == [after[0][name] for name in ("entries", "left_out")]
    assert ("fact", "victim") not in left_out(after[0])
    fact(world, "investigator", pair["nl"], "2026-03-08", text="About nobody")
    assert len(
        rows(exports.file(pair["nl"], "colleague", format="timeline-csv", timeline={"kind": "fact"}, **own(world))[1])
    ) > len(rows(after[1]))


def test_others_are_given_what_concerns_no_third_authority(world, exports, pair):
    shown, file = exports.file(pair["nl"], format="timeline-csv")
    assert texts(file) == {"=Paid in Lyon", "Some day"}, "H2 needs a consent"
    assert {row["object_type"] for row in rows(file)} <= {"case", "subject", "identifier", "fact"}
    assert left_out(shown)["fact", "consent_missing"] == 1
    assert left_out(shown)["act", "of_others"] >= 1
    _, file = exports.file(pair["nl"], format="timeline-csv", consents=CONSENTS)
    assert "Told in confidence" in texts(file)
    assert b"only for this case" in file


def test_every_case_is_checked(world, exports, pair):
    body = {"format": "timeline-csv", "also_case_ids": [pair["fr"]]}
    assert "Only the owner" in exports.ask(pair["nl"], status=403, **body)["detail"], "a case of another is not passed on"
    closed = world.case("romanian", reference="RO-1")
    for case in (closed, str(uuid4())):
        answer = exports.ask(pair["nl"], status=404, format="timeline-csv", also_case_ids=[case], **own(world))
        assert answer == exports.ask(case, status=404, format="timeline-csv", **own(world))
    hidden = world.case("investigator", reference="NL-H", visibility="hidden")
    assert slug(exports.ask(pair["nl"], status=409, format="timeline-csv", also_case_ids=[hidden])) == "hidden-case-not-exported"
    secret = world.case("investigator", reference="NL-3", handling_code="H3")
    assert exports.ask(pair["nl"], status=422, format="timeline-csv", also_case_ids=[secret])["errors"][0]["pointer"] == "/consents"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"format": "ndjson", "also_case_ids": ["{fr}"]}, "/also_case_ids"),
        ({"format": "ndjson", "timeline": {"language": "fr"}}, "/timeline"),
        ({"format": "timeline-csv", "also_case_ids": ["{nl}"]}, "/also_case_ids"),
        ({"format": "timeline-csv", "also_case_ids": ["{fr}", "{fr}"]}, "/also_case_ids"),
        ({"format": "timeline-csv", "also_case_ids": [str(uuid4()) for _ in range(100)]}, "/also_case_ids"),
        ({"format": "timeline-csv", "timeline": {"language": "de"}}, "/timeline/language"),
        ({"format": "timeline-csv", "timeline": {"kind": "=1"}}, "/timeline/kind"),
        ({"format": "timeline-csv", "timeline": {"entries": True}}, "/timeline"),
        (
            {"format": "timeline-csv", "timeline": {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}},
            "/timeline/until",
        ),
        ({"format": "timeline-csv", "timeline": {"since": "yesterday"}}, "/timeline/since"),
        ({"format": "timeline-docx"}, "/format"),
        ({"timeline": {"entries": True}, "format": 7}, "/format"),
    ],
)
def test_what_is_wrong_is_pointed_at(exports, pair, body, pointer):
    filled = json.loads(json.dumps(body).replace("{fr}", pair["fr"]).replace("{nl}", pair["nl"]))
    errors = exports.ask(pair["nl"], status=422, **filled)["errors"]
    assert pointer in {one["pointer"] for one in errors}


def test_access_to_every_case_is_needed_until_the_end(world, exports, pair, idle):
    body = {"format": "timeline-csv", "also_case_ids": [pair["fr"]], **own(world)}
    ready = exports.ask(pair["nl"], **body)
    world.work()
    waits = exports.ask(pair["nl"], **body)
    with world.register.owner.cursor() as cursor:
        cursor.execute("update case_access set until = now() where case_id = %s and level = 2", [pair["fr"]])
    world.work()
    for one in (ready, waits):
        assert world.as_("investigator").get(f"/exports/{one['id']}").status_code == 404
        exports.content(one, status=404)
    assert world.as_("investigator").get(f"/exports?case_id={pair['nl']}").json["items"] == []
    with world.register.owner.cursor() as cursor:
        cursor.execute("select state, state_reason from exports where id = %s", [waits["id"]])
        assert cursor.fetchone() == ("stopped", "rights_lost")
        cursor.execute("select cast(case_id as text) from journal_entries where action = 'export.stopped'")
        assert {one for (one,) in cursor.fetchall()} == {pair["nl"], pair["fr"]}


def test_an_export_is_found_under_each_of_its_cases_and_told_in_each(world, exports, pair):
    shown, _ = exports.file(pair["nl"], format="timeline-csv", also_case_ids=[pair["fr"]], **own(world))
    for case in (pair["nl"], pair["fr"]):
        assert [one["id"] for one in world.as_("investigator").get(f"/exports?case_id={case}").json["items"]] == [shown["id"]]
    entries = world.as_("auditor").get("/journal?limit=200").json["items"]
    told = {(one["action"], one["case_id"]) for one in entries if one["action"].startswith("export.")}
    assert told == {(f"export.{act}", pair[case]) for act in ("asked", "made", "downloaded") for case in ("nl", "fr")}
    made = next(one for one in entries if one["action"] == "export.made")
    assert (made["detail"]["entries"], made["detail"]["left_out"]) == (shown["entries"], shown["left_out"])
    assert not [one for one in world.as_("foreign").get("/events?limit=200").json["items"] if one["action"].startswith("export.")]


def test_a_prosecutor_approves_who_answers_for_every_case(world, exports, pair):
    second = world.case("investigator", reference="NL-2")
    asked = exports.ask(pair["nl"], format="timeline-csv", also_case_ids=[second], recipient=THIRD)
    assert asked["state"] == "waiting_for_approval"
    with world.register.owner.cursor() as cursor:
        cursor.execute("update case_access set until = now() where case_id = %s and level = 4", [second])
    assert world.as_("prosecutor").get(f"/approvals?object_id={asked['id']}").json["items"] == []
    with world.register.owner.cursor() as cursor:
        cursor.execute("update case_access set until = null where case_id = %s and level = 4", [second])
    assert exports.approve(asked).status_code == 200
    assert exports.shown(asked)["state"] == "ready"


def test_an_analyst_exports_timelines_for_the_own_authority_without_text(world, exports, pair):
    body = {"format": "timeline-csv", **own(world)}
    shown, file = exports.file(pair["nl"], "analyst", **body)
    assert shown["entries"] > 3
    assert texts(file) == set()
    assert b"Lyon" not in file
    assert b"S1" in file
    assert b"V1" not in file
    assert exports.file(pair["nl"], "analyst", **{**body, "format": "timeline-svg"})[1].startswith(b"<svg")
    for more in ({"format": "ndjson", **own(world)}, {"format": "timeline-csv"}, {"format": "timeline-csv", "recipient": THIRD}):
        assert slug(exports.ask(pair["nl"], "analyst", 403, **more)) == "forbidden"
    assert exports.ask(pair["nl"], "analyst", 403, victims=True, **body)


def test_an_analyst_has_the_picture_of_two_overlapping_cases_in_three_calls(world, exports, pair):
    world.hold("investigator", pair["nl"], "egret@example.org")
    world.hold("foreign", pair["fr"], "egret@example.org")
    world.work()
    analyst, calls = world.as_("analyst"), []

    def call(answer):
        calls.append(answer)
        assert answer.status_code in {200, 202}, answer.json
        return answer

    overlap = call(analyst.get("/overlaps")).json["items"][0]["id"]
    body = {"overlap_id": overlap, "format": "timeline-svg", "purpose": "cross_check", "reason": "R", **own(world)}
    made = call(analyst.post("/exports", body)).json
    assert {made["case_id"], *made["also_case_ids"]} == {pair["nl"], pair["fr"]}
    picture = call(analyst.get(f"/exports/{made['id']}/content"))
    assert picture.data.startswith(b"<svg")
    assert len(calls) == 3


@pytest.mark.parametrize("form", ["timeline-csv", "timeline-timesketch", "timeline-timesketch-csv"])
def test_a_long_timeline_is_made_in_portions(world, exports, pair, monkeypatch, form):
    body = {"format": form, "also_case_ids": [pair["fr"]], "timeline": {"kind": "fact"}, **own(world)}
    once = exports.file(pair["nl"], **body)[1]
    monkeypatch.setattr(selecting, "MOST_ROWS", 1)
    asked = exports.ask(pair["nl"], **body)
    with world.register.owner.cursor() as cursor:
        cursor.execute("select count(*) from export_pieces where export_id = %s", [asked["id"]])
        assert cursor.fetchone()[0] >= 4

    def without_marks(file):  # places and minutes are compared within a portion
        return [line for line in file.decode().replace(asked["id"], "").splitlines() if "Lyon" not in line][1:-1]

    assert without_marks(exports.content(asked))[1:] == without_marks(once)[1:]


def test_a_drawing_with_too_many_entries_is_not_made(world, exports, pair, monkeypatch):
    monkeypatch.setattr(whole.SVG, "most", 3)
    asked = exports.ask(pair["nl"], format="timeline-svg", **own(world))
    assert stopped(exports, asked) == ("stopped", "too_large")


def test_a_drawing_is_not_made_if_a_text_is_looked_for_in_too_many_entries(world, exports, pair, monkeypatch):
    body = {"format": "timeline-svg", "timeline": {"kind": "fact", "text": "lyon"}, **own(world)}
    monkeypatch.setattr(making, "_MOST_READ", 2)
    assert exports.file(pair["nl"], **body)[0]["entries"] == 1, "one reading for what is dated and one for what is not"
    monkeypatch.setattr(line, "MOST_READ", 1)
    monkeypatch.setattr(line, "_BATCH", 1)
    assert stopped(exports, exports.ask(pair["nl"], **body)) == ("stopped", "too_large")


def test_duties_are_for_the_own_authority(world, exports, pair):
    request = sent(world, case_id=pair["nl"])
    walk(world, request, ("prosecutor_fr", "receive"))
    shown, file = exports.file(pair["nl"], format="timeline-ics", timeline={"language": "fr"}, **own(world))
    deadlines = world.as_("investigator").get(f"/deadlines?object_id={request}").json["items"]
    events = Calendar.from_ical(file).walk("VEVENT")
    assert len(deadlines) > 0
    assert {str(event["uid"]) for event in events} == {f"{one['id']}@coopapi" for one in deadlines}
    assert b"NL-2026-7" in file
    shown, file = exports.file(pair["nl"], format="timeline-ics", timeline={"entries": True})
    assert left_out(shown)["duty", "of_others"] == len(deadlines)
    names = [str(event["summary"]) for event in Calendar.from_ical(file).walk("VEVENT")]
    assert any("(NL-2026-7)" in name for name in names)
    assert len(names) == shown["entries"]


def test_a_timeline_whose_worker_is_killed_is_made_once(world, exports, pair, idle, monkeypatch, clock):
    monkeypatch.setattr(selecting, "MOST_ROWS", 2)
    asked = exports.ask(pair["nl"], format="timeline-csv", timeline={"kind": "fact"}, **own(world))
    real, calls = running.timelines.pieces.add, []

    def fails_once(*args):
        calls.append(args)
        if len(calls) == 2:
            raise running.OperationalError("killed", {}, Exception())
        real(*args)

    monkeypatch.setattr(running.timelines.pieces, "add", fails_once)

    def to_the_end():
        while running.export_once(idle):
            pass

    with pytest.raises(running.OperationalError):
        to_the_end()
    clock.forward(seconds=10)
    to_the_end()
    file = exports.content(asked)
    assert len(rows(file)) == len({row["id"] for row in rows(file)}) == exports.shown(asked)["entries"] == 3
