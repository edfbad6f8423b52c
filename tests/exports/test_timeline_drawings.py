"""Timelines as image, page and report: what stands where, what is said of them, and that what somebody wrote stays text."""

import io
import json
import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET

import drawing
import pytest
from pypdf import PdfReader

from bench import timeline
from coopapi.directory import codelists
from coopapi.exports.timelines import lanes, pictures, words
from coopapi.exports.timelines.drawing import MOST_LABELLED, WIDTH, draw
from coopapi.exports.timelines.entries import in_order, span
from coopapi.exports.timelines.lanes import COLOURS
from coopapi.exports.timelines.periods import divided, ticks
from coopapi.exports.timelines.whole import HTML, PDF, SVG
from coopapi.facts.models import CONFIDENCES
from coopapi.typesetting import typst

NAMESPACE = "{http://www.w3.org/2000/svg}"
ALL = [(3, "fr"), (3, "es"), (60, "en"), (60, "pt"), (600, "en")]


def words_of(pdf):
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def page_of(html):
    """The tags of a page with their attributes, and its text. A tag that opens and is never closed is found, too."""
    tags, text, stack = [], [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append((tag, dict(attrs)))
            stack.extend([tag] if tag not in {"meta", "use", "path", "rect"} else [])

        def handle_endtag(self, tag):
            if tag not in {"use", "path", "rect"}:
                assert stack.pop() == tag

        def handle_data(self, data):
            text.append(data)

    Reader().feed(html.decode())
    assert stack == []
    return tags, "".join(text)


def boxes(panel):
    """The places of the labels of a panel: left, top, right, bottom."""
    labels = [shape for shape in panel.shapes if "number" in shape]
    return [(one["x"], one["y"], one["x"] + one["w"], one["y"] + one["size"]) for one in labels]


@pytest.mark.parametrize(("count", "language"), ALL)
def test_every_entry_has_its_number_and_no_label_hides_another(count, language):
    head, entries = drawing.made(count, language)
    made = draw(head, entries)
    parts = made.panels[1:] if len(made.panels) > 1 else made.panels
    assert sorted(n for panel in parts for n in panel.numbers) == [n for n, entry in made.numbered if entry["begins_at"]]
    assert [n for n, _ in made.undated] == [n for n, entry in made.numbered if entry["begins_at"] is None]
    for panel in parts:
        assert len(panel.numbers) <= MOST_LABELLED
        for (l1, t1, r1, b1), (l2, t2, r2, b2) in combinations(boxes(panel), 2):
            assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1, panel.title
    for panel in made.panels:
        for shape in panel.shapes:
            assert -15 <= shape.get("x", 0) <= WIDTH
            assert 0 <= shape.get("y", 0) <= panel.height


def test_entries_stand_in_the_order_of_time():
    head, entries = drawing.made(60)
    numbered = draw(head, entries).numbered
    begins = [span(entry)[0] for _, entry in numbered if entry["begins_at"]]
    assert begins == sorted(begins)
    assert [n for n, _ in numbered] == list(range(1, 61))
    assert in_order(reversed(entries))[-1]["begins_at"] is None


def test_a_date_without_a_time_stands_at_its_day_wherever_it_was_stated():
    at = datetime(2026, 3, 4, 23, tzinfo=UTC)
    assert span(drawing.entry(1, at, precision="day", offset="+01:00")) == (
        datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC),
    )  # fmt: skip
    assert span(drawing.entry(1, at, precision="minute", offset="+01:00")) == (at, at)
    assert span(drawing.entry(1, None)) is None


@pytest.mark.parametrize("step", [timedelta(seconds=1), timedelta(minutes=7), timedelta(days=3), timedelta(days=400)])
def test_periods_have_few_entries_and_all_of_them(step):
    times = [datetime(1950, 1, 1, tzinfo=UTC) + n * step for n in range(50)]
    parts = divided(times, lambda at: at, 20)
    assert [at for part in parts for at in part] == times
    assert all(0 < len(part) <= 20 for part in parts)
    assert divided([times[0]] * 50, lambda at: at, 20) == [[times[0]] * 20, [times[0]] * 20, [times[0]] * 10]


@pytest.mark.parametrize("minutes", [1, 10, 100, 1000, 5000, 20_000, 60_000, 200_000, 2_000_000, 20_000_000, 100_000_000])
def test_an_axis_has_some_ticks_and_none_is_beside_another(minutes):
    first = datetime(1999, 12, 30, 23, 58, tzinfo=UTC)
    last = first + timedelta(minutes=minutes)
    found = [at for at, _ in ticks(first, last)]
    assert 0 < len(found) <= 12
    assert all((one - other) / (last - first) > 0.04 for other, one in pairwise(found))


def test_co_occurrences_are_connected_if_both_entries_are_there():
    at = datetime(2026, 3, 4, tzinfo=UTC)
    one, other, alone = drawing.entry(1, at), drawing.entry(2, at, case=2), drawing.entry(3, at, case=2)
    one["co_occurrences"] = [{"kind": "minute", "with": [other["id"], alone["id"]]}]
    made = draw(drawing.head_of(), [one, other])
    assert made.partners == {1: [("minute", 2)], 2: []}
    (panel,) = made.panels
    (line,) = [shape for shape in panel.shapes if shape["t"] == "line" and shape.get("dash") == "dotted"]
    marks = {round(shape["y"], 1) for shape in panel.shapes if shape["t"] == "circle"}
    assert {round(line["y1"], 1), round(line["y2"], 1)} == marks
    assert "1  Entry 1. ↔ 2" in {shape.get("s") for shape in panel.shapes}


@pytest.mark.parametrize("each", [1, 2, 9])
def test_the_lanes_of_a_hundred_cases_fit_on_pages(each):
    at = datetime(2026, 3, 4, tzinfo=UTC)
    cases = [{"id": str(UUID(int=n)), "reference": f"NL-{n}"} for n in range(1, 101)]
    entries = [{**drawing.entry(n, at + timedelta(hours=n)), "case": cases[n % 100]} for n in range(100 * each)]
    made = draw(drawing.head_of(cases=0), entries)
    assert max(panel.height for panel in made.panels) < 500, "an A4 page on its side has 523 points between its margins"
    assert len({panel.title for panel in made.panels}) == len(made.panels)
    views = [panel for panel in made.panels if panel.title.startswith("Overview")]
    assert len(views) == 10
    for some in (views, made.panels[len(views) :]):
        assert sorted(n for panel in some for n in panel.numbers) == list(range(1, 100 * each + 1))
    ticks_of = [[shape["x1"] for shape in view.shapes if shape.get("layer") == 1] for view in views]
    assert all(ticks == ticks_of[0] for ticks in ticks_of), "all parts have one axis"


def test_a_title_names_some_of_many_cases():
    head = drawing.head_of()
    many = replace(head, cases=[replace(head.cases[0], reference=f"NL-{n}") for n in range(30)])
    assert words.Labels("en").title_of(many) == f"Timeline: {', '.join(f'NL-{n}' for n in range(8))} (+22)"


def test_text_in_a_colour_can_be_read_on_its_background():
    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    assert min((light("#f4f7f9") + 0.05) / (light(colour) + 0.05) for colour in COLOURS) > 4.5


@pytest.mark.parametrize(("count", "language"), ALL)
def test_the_report_says_everything_on_paper(count, language):
    head, entries = drawing.made(count, language)
    pdf = PDF.write(head, entries, drawing.COUNTED)
    assert re.search(rb"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>", pdf)
    said = words.Labels(language)
    for page in PdfReader(io.BytesIO(pdf)).pages:
        assert f"{said.label('handling')}: H1" in " ".join(page.extract_text().split())
    text = words_of(pdf)
    for line in [
        *said.about(head)[1:],
        *said.left_out(drawing.COUNTED),
        said.label("axis"),
        said.code("basis", "assessment"),
        said.label("same_place"),
    ]:
        assert line in text
    assert text.count(drawing.SENTENCES[language][0]) >= sum(one["sentence"] == drawing.SENTENCES[language][0] for one in entries)
    assert "A witness remembers" in text or count == 3


def test_a_report_is_the_same_each_time():
    head, entries = drawing.made(60)
    assert PDF.write(head, entries, drawing.COUNTED) == PDF.write(head, entries, drawing.COUNTED)


@pytest.mark.parametrize("count", [0, 3, 60])
def test_the_page_loads_and_runs_nothing(count):
    head, entries = drawing.made(count)
    tags, text = page_of(HTML.write(head, entries, drawing.COUNTED))
    (policy,) = (attrs["content"] for tag, attrs in tags if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert {tag for tag, _ in tags} <= {
        "html", "head", "meta", "title", "style", "body", "p", "h1", "h2", "bdi", "div", "details", "summary", "span", "svg", "g", "defs",
        "symbol", "use", "path", "clippath", "a", "table", "thead", "tbody", "tr", "th", "td", "rect",
    }  # fmt: skip
    assert {name for _, attrs in tags for name in attrs if name.startswith("on") or name in {"style", "src"}} == set()
    links = {attrs[name] for tag, attrs in tags for name in ("href", "xlink:href") if name in attrs}
    assert all(link.startswith("#") for link in links)
    named = {attrs["id"] for _, attrs in tags if "id" in attrs}
    assert {link[1:] for link in links} <= named, "each number leads to its row, and each letter to its outline"
    assert ("There are no entries." in text) == (count == 0)
    assert "3 × act: concerns other authorities" in text
    rows = [attrs["id"] for tag, attrs in tags if tag == "tr" and "id" in attrs]
    assert rows == [f"e{n}" for n in range(1, count + 1)]


def hostile(form):
    entries = [
        drawing.entry(
            n, sentence=text or "x", text=text, place={"name": text, "country": text}, authority={"name": text, "country": text},
            subjects=[{"id": "s", "pseudonym": text, "category": "suspect"}], identifiers=[{"id": "i", "kind": text}], handling_code="H1",
        )
        for n, text in enumerate(drawing.HOSTILE)
    ]  # fmt: skip
    texts = [text for text in drawing.HOSTILE if "<" in text][:4]
    for text in texts:
        head = drawing.head_of(reference=text, title=text, recipient=text, conditions=(text,))
        yield form.write(head, entries if text is texts[0] else entries[:3], drawing.COUNTED)


def test_what_somebody_wrote_stays_text_in_a_page():
    head, entries = drawing.made(3)
    known = {tag for tag, _ in page_of(HTML.write(head, entries, drawing.COUNTED))[0]} | {"details"}
    for html in hostile(HTML):
        tags, text = page_of(html)
        assert {tag for tag, _ in tags} <= known
        assert {name for _, attrs in tags for name in attrs if name.startswith("on")} == set()
        assert "alert(1)" in text or "<!--" in text or "&lt;script&gt;" in text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x07]", text)


def test_an_image_has_outlines_of_letters_and_no_text_but_its_title():
    for image in hostile(SVG):
        root = ET.fromstring(image)
        tags = defaultdict(int)
        for one in root.iter():
            tags[one.tag.removeprefix(NAMESPACE)] += 1
        assert tags.keys() <= {"svg", "title", "g", "defs", "symbol", "use", "path", "clipPath", "rect"}
        attributes = {(name, value) for one in root.iter() for name, value in one.attrib.items()}
        assert {name for name, _ in attributes if name.startswith("on")} == set()
        assert all(value.startswith("#") for name, value in attributes if name.endswith("href"))
        assert root.find(f"{NAMESPACE}title").text.startswith("Timeline: ")


def test_what_somebody_wrote_stays_text_in_a_report():
    for pdf in hostile(PDF):
        reader = PdfReader(io.BytesIO(pdf))
        assert reader.metadata.title.startswith("Timeline: ")
        root = reader.trailer["/Root"]
        assert not {"/OpenAction", "/AA"} & root.keys()
        assert "/JavaScript" not in str(root.get("/Names"))
        assert {str(link["/Subtype"]) for page in reader.pages for link in map(_object, page.get("/Annots", ()))} <= {"/Link"}
        uris = [
            link for page in reader.pages for link in map(_object, page.get("/Annots", ())) if "/A" in link and "/URI" in link["/A"]
        ]
        assert uris == []


def _object(reference):
    return reference.get_object()


def test_without_the_typesetter_nothing_is_drawn(monkeypatch):
    monkeypatch.setattr(typst, "library", None)
    with pytest.raises(typst.PdfNotInstalled):
        SVG.write(*drawing.made(3), drawing.COUNTED)


def test_every_word_is_there_in_four_languages():
    labels = json.loads((Path(words.__file__).parent / "words.json").read_text("utf-8"))
    assert {name for name, one in labels.items() if set(one) != set(codelists.LANGUAGES)} == set()
    for name in ("months", "short_months"):
        assert {len(text.split()) for text in labels[name].values()} == {12}


def test_words_that_a_codelist_has_are_taken_from_it():
    labels = json.loads((Path(words.__file__).parent / "words.json").read_text("utf-8"))
    assert not labels.keys() & {*codelists.load("basis").codes, *CONFIDENCES}
    entry = drawing.entry(1, basis="assessment", confidence="low")
    head = drawing.head_of("es")
    said = words.Labels("es")
    assert pictures.row_of(1, entry, draw(head, [entry]), said)["basis"] == ["Apreciación personal", "confianza baja"]
    assert "Apreciación personal" in [sign["text"] for sign in lanes.legend(said, several=False)]


def test_the_picture_of_the_documentation_is_drawn_from_its_story():
    assert (Path(__file__).parents[2] / "docs" / "timeline.svg").read_bytes() == pictures.picture(*timeline.story())
