"""Figures as rows for spreadsheets, as SDMX-JSON, and as a drawing that runs and loads nothing."""

import csv
import io
import json
import xml.etree.ElementTree as ET

import pytest
from assisting import SUBSCRIBER, TRAFFIC, act, recognised, sent

from coopapi.statistics import drawing, formats

SVG = "{http://www.w3.org/2000/svg}"
PAYLOADS = ("=1+1", "+1", "-1", "@sum(a1)", "\t=1", "\r=1", "\uff1d1+1", "\uff20a1", " =1+1", "\u00a0@a1", "\n=1")


@pytest.fixture
def told(world):
    done = recognised(world, measures=[SUBSCRIBER, TRAFFIC])
    act(world, "prosecutor_fr", done, 0, "execute")
    act(world, "prosecutor_fr", done, 1, "refuse", reason="no", grounds=["eio_fundamental_rights"])
    refused = recognised(world, reference="eio-2")
    act(world, "prosecutor_fr", refused, 0, "refuse", reason="no", grounds=["eio_fundamental_rights"])
    sent(world, reference="eio-3", to="ro")
    return lambda path: world.as_("central").get(f"/statistics/{path}")


def test_rows_for_spreadsheets_have_a_column_for_each_figure(told):
    answer = told("requests?by=executing_country,kind&format=csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    asked = told("requests?by=executing_country,kind").json["rows"]
    assert [(row["executing_country"], row["kind"], row["issued"], row["refused"]) for row in rows] == [
        (row["keys"]["executing_country"], row["keys"]["kind"], str(row["issued"]), str(row["refused"])) for row in asked
    ]
    french, romanian = rows
    assert (french["refused_by_ground.eio_fundamental_rights"], romanian["refused_by_ground.eio_fundamental_rights"]) == ("1", "")
    assert french["hours_to_obtain.number"] == "1"
    assert list(french)[:5] == ["executing_country", "kind", "issued", "received", "acknowledged"], "as in the API document"


def test_no_cell_is_a_formula():
    table = {"by": ["channel"], "rows": [{"keys": {"channel": payload}, "figures": {"issued": payload}} for payload in PAYLOADS]}
    rows = list(csv.reader(io.StringIO(formats.as_csv(table).decode(), newline="")))[1:]
    assert len(rows) == len(PAYLOADS)
    assert [cell for row in rows for cell in row if cell.startswith(PAYLOADS)] == []


def test_an_sdmx_message_has_each_number_at_the_place_of_its_codes(told):
    answer = told("requests?by=executing_country&format=sdmx")
    assert answer.mimetype == "application/vnd.sdmx.data+json"
    message = json.loads(answer.text)
    (structure,) = message["data"]["structures"]
    dimensions = structure["dimensions"]["observation"]
    assert [one["id"] for one in dimensions] == ["EXECUTING_COUNTRY", "FIGURE"]
    (data,) = message["data"]["dataSets"]
    found = {}
    for place, (value,) in data["observations"].items():
        codes = [one["values"][int(number)]["id"] for one, number in zip(dimensions, place.split(":"), strict=True)]
        found[tuple(codes)] = value
    for row in told("requests?by=executing_country").json["rows"]:
        for figure in ("issued", "refused", "partly_fulfilled"):
            assert found[row["keys"]["executing_country"], figure] == row[figure]


def test_a_drawing_has_a_bar_for_each_group_and_runs_nothing(told):
    for path in (
        "requests?by=executing_country",
        "requests",
        "stages?by=kind",
        "overlaps?by=strength",
        "cases",
        "meetings",
        "teams",
    ):
        answer = told(f"{path}{'&' if '?' in path else '?'}format=svg")
        assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
        root = ET.fromstring(answer.text)
        assert root.tag == f"{SVG}svg"
        assert root.findall(f".//{SVG}script") == []
        assert "http" not in answer.text.replace("http://www.w3.org/", "")
    drawn = told("requests?by=executing_country&format=svg").text
    assert "FR" in drawn
    assert "RO" in drawn


def test_a_drawing_is_bounded_and_says_what_it_leaves_out():
    rows = [((f"group {number}",), {"issued": number, "pending": number}) for number in range(1000)]
    svg = drawing.of_table("requests", ["kind"], rows)
    assert b"970 smaller groups left out" in svg
    assert b"group 999" in svg
    assert b"group 900<" not in svg
    assert len(svg) < 300_000
