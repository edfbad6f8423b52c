"""Timelines as rows and calendars, read back by readers of each format."""

import csv
import io
import json
import re
from datetime import UTC, date, datetime

import drawing
import openpyxl
import pytest
import vobject
from icalendar import Calendar

from coopapi.exports.timelines import rows, timesketch
from coopapi.exports.timelines.calendar import Ics
from coopapi.exports.timelines.entries import written
from coopapi.exports.timelines.timesketch import TimesketchCsv, TimesketchJsonl

ACTIVE = re.compile(r"^[\s\u00a0]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")


def hostile(n, text):
    """An entry of which every text is this one, and every number is negative."""
    return {
        **drawing.entry(n), "sentence": text, "text": text, "offset": "-03:30", "zone": text, "begins_at": datetime(1960, 1, 1, tzinfo=UTC),
        "place": {"name": text, "country": text, "latitude": -1.5, "longitude": -2.5}, "authority": {"name": text, "country": text},
        "subjects": [{"id": "s", "pseudonym": text, "category": "suspect"}], "identifiers": [{"id": "i", "kind": text}],
        "source_grading": text, "information_grading": text, "confidence": text, "handling_code": text or "H1",
        "case": {"id": text or "x", "reference": text},
    }  # fmt: skip


HOSTILE = [hostile(n, text) for n, text in enumerate(drawing.HOSTILE)]


def file_of(form, entries, head=None):
    head = head or drawing.head_of(reference="=1+1", recipient="@SUM(1)", conditions=["=2+2"])
    return form.head(head) + form.portion(head, entries) + form.tail(head, drawing.COUNTED)


def read(file):
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("form", [rows.Csv(), TimesketchCsv()], ids=["csv", "timesketch"])
def test_no_cell_is_a_formula_for_a_spreadsheet(form, tmp_path):
    found = read(file_of(form, HOSTILE))
    assert len(found) == 1 + 1 + len(HOSTILE) + 1
    assert {len(row) for row in found} == {len(found[0])}
    assert [cell for row in found for cell in row if ACTIVE.match(cell)] == []
    book = openpyxl.Workbook()
    for row in found:
        book.active.append([openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row])
    book.save(tmp_path / "timeline.xlsx")
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "timeline.xlsx").active for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []


def test_the_check_finds_a_formula():
    book = openpyxl.Workbook()
    book.active.append(["=1+1"])
    assert book.active["A1"].data_type == "f"
    assert ACTIVE.match("=1+1")


def test_who_takes_one_apostrophe_away_has_the_text_as_it_was():
    found = read(file_of(rows.Csv(), HOSTILE))
    place = found[0].index("text")
    back = [row[place].removeprefix("'") for row in found if row[0] == "entry"]
    assert back == [text.replace("\x00", "\ufffd") for text in drawing.HOSTILE]


def test_the_rows_say_what_the_file_is_and_what_was_left_out():
    head, entries = drawing.made(60)
    found = list(csv.DictReader(io.StringIO(file_of(rows.Csv(), entries, head).decode("utf-8-sig"))))
    assert tuple(found[0]) == rows.COLUMNS
    assert [row["record"] for row in (found[0], found[1], found[-1])] == ["export", "entry", "left_out"]
    assert "Cyber Prosecution Office" in found[0]["sentence"]
    assert found[0]["handling_code"] == "H1"
    assert found[-1]["sentence"] == "Left out: 3 x act: of_others; 1 x fact: victim."
    assert {row["handling_code"] for row in found[1:-1]} == {"H1"}
    undated = [row for row in found[1:-1] if not row["begins_at"]]
    assert len(undated) == sum(entry["begins_at"] is None for entry in entries) > 0
    assert {row["latitude"] for row in found} == {"", "52.0 S"}
    assert {row["offset"] for row in found} == {"", "UTC+02:00"}


def dated(entries):
    return [entry for entry in entries if entry["begins_at"]]


@pytest.mark.parametrize("form", [TimesketchJsonl(), TimesketchCsv()], ids=["jsonl", "csv"])
def test_timesketch_finds_what_its_importer_needs_in_every_event(form):
    """The rules are those of `read_and_validate_csv` and `read_and_validate_jsonl` of Timesketch, and of its page about imports."""
    head, entries = drawing.made(60)
    file = file_of(form, dated(entries), head)
    if form.suffix == "jsonl":
        events = [json.loads(line) for line in file.splitlines()]
    else:
        assert not file.startswith(b"\xef\xbb\xbf"), "the first column would have another name"
        events = list(csv.DictReader(io.StringIO(file.decode())))
    assert len(events) == len(dated(entries)) + 2
    for event in events:
        assert all(event[name] for name in ("message", "datetime", "timestamp_desc"))
        at = datetime.fromisoformat(event["datetime"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", event["datetime"]), "one form, as pandas needs it"
        assert int(event["timestamp"]) == round(at.timestamp() * 1_000_000)
        assert not event.keys() & {"_id", "_type", "_index", "_source", "__ts_timeline_id"}, "names that the importer removes"
        tags = event["tag"] if form.suffix == "jsonl" else json.loads(event["tag"])
        assert all(isinstance(tag, str) for tag in tags)
    assert [events[0]["timestamp_desc"], events[-1]["timestamp_desc"]] == ["Export made"] * 2
    assert "3 x act: of_others" in events[-1]["message"]
    assert {event["timestamp_desc"] for event in events} > {"Act in the register", "Fact, known to the day"}
    assert all(event["handling_code"] == "H1" for event in events)


def test_timesketch_csv_has_no_time_of_its_own_before_1970():
    event = timesketch.event_of(drawing.entry(1, datetime(1960, 1, 1, tzinfo=UTC)))
    assert event["timestamp"] == -315619200000000
    assert timesketch.cells_of_csv(event)["timestamp"] is None


def duty(**more):
    return {
        "id": "d1", "due_at": datetime(2026, 3, 1, 22, tzinfo=UTC), "title": "Decide on recognition", "article": "EIO Art. 12(3)",
        "case_id": drawing.UUID(int=1), "case_reference": "NL-2026-0117", "object_type": "request", "object_id": "r1", **more,
    }  # fmt: skip


def calendar(entries=(), duties=(), **head):
    plain = drawing.head_of(**head)
    return Ics().write(type(plain)(plain.about, plain.language, plain.cases, duties), entries, drawing.COUNTED)


def test_duties_and_entries_are_events_of_a_calendar():
    at = datetime(2026, 3, 4, 23, tzinfo=UTC)
    entries = [drawing.entry(n, at, precision=name) for n, name in enumerate(["minute", "hour", "day", "month", "year"])]
    entries += [drawing.entry(9, at, precision="day", ends_at=datetime(2026, 3, 6, 23, tzinfo=UTC)), drawing.entry(10, None)]
    file = calendar(entries, [duty()])
    events = Calendar.from_ical(file).walk("VEVENT")
    ends = [(event.decoded("dtstart"), event.decoded("dtend") if "dtend" in event else None) for event in events]
    assert ends == [
        (datetime(2026, 3, 1, 22, tzinfo=UTC), None),
        (at, None),
        (at, datetime(2026, 3, 5, 0, tzinfo=UTC)),
        (date(2026, 3, 5), date(2026, 3, 6)),
        (date(2026, 3, 1), date(2026, 4, 1)),
        (date(2026, 1, 1), date(2027, 1, 1)),
        (date(2026, 3, 5), date(2026, 3, 8)),
    ]
    assert str(events[0]["summary"]) == "Decide on recognition (NL-2026-0117)"
    assert "EIO Art. 12(3)" in events[0]["description"]
    assert all(event["class"] == "CONFIDENTIAL" and "H1" in event["description"] for event in events)
    again = vobject.readOne(file.decode())
    assert len(again.vevent_list) == len(events)
    assert b"Left out" in file.replace(b"\r\n ", b"")


def test_a_calendar_without_events_can_be_read():
    assert Calendar.from_ical(calendar()).walk("VEVENT") == []


def test_nothing_that_somebody_wrote_makes_a_property_of_a_calendar():
    texts = [text or "x" for text in drawing.HOSTILE]
    entries = [drawing.entry(n, sentence=text, text=text) for n, text in enumerate(texts)]
    duties = [duty(id=f"d{n}", title=text) for n, text in enumerate(texts)]
    for text in ("x\r\nATTACH:file:///etc/passwd", "x\nMETHOD:CANCEL"):
        found = Calendar.from_ical(calendar(entries, duties, reference=text, recipient=text, title=text))
        events = found.walk("VEVENT")
        assert len(events) == 2 * len(texts)
        known = {"UID", "SUMMARY", "DTSTART", "DTSTAMP", "DESCRIPTION", "CATEGORIES", "CLASS", "TRANSP"}
        assert {name for event in events for name in event} == known
        assert found["method"] == "PUBLISH"
        assert {one.name for one in found.walk()} == {"VCALENDAR", "VEVENT"}


def test_times_are_written_as_they_were_stated():
    at = datetime(2026, 3, 4, 23, 7, 9, tzinfo=UTC)
    said = {
        name: written(drawing.entry(1, at, precision=name, offset="+01:00")) for name in ("year", "month", "day", "hour", "minute")
    }
    assert said == {"year": "2026", "month": "2026-03", "day": "2026-03-05", "hour": "2026-03-05 00 h +01:00",
                    "minute": "2026-03-05 00:07 +01:00"}  # fmt: skip
    assert written(drawing.entry(1, at, kind="act", precision="second")) == "2026-03-04 23:07:09 UTC"
    assert written(drawing.entry(1, None)) == ""
