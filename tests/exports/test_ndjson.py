"""Lines that an import reads back without loss."""

import hashlib
import json

import pytest
from exporting import CONSENTS
from test_imports import report, sent
from world import ISSUER

from coopapi.exports import selecting, service
from coopapi.ops import administration


def lines(file):
    return [json.loads(line) for line in file.splitlines()]


def about(file):
    return [line for line in lines(file) if line["type"] == "export"]


def rows(file):
    return [line for line in lines(file) if line["type"] != "export"]


def imported(world, file, home):
    """Have the system of an authority import a file, and return the id of the case."""
    name = f"system of {home}"
    person = {"name": name, "issuer": ISSUER, "subject": name, "roles": ["system"], "victim_cleared": True}
    administration.add_person(world.app.extensions["coopapi"].database, world.authorities[home], person)
    job = sent(world, file, who=name)
    outcomes = [one["outcome"] for one in report(world, job, name)]
    assert outcomes == ["unchanged", *["stored"] * (len(lines(file)) - 2), "unchanged"], report(world, job, name)
    (case,) = world.as_(name).get("/cases?external_id=C-7").json["items"]
    return case["id"]


@pytest.mark.parametrize("empty", [True, False], ids=["empty register", "another authority"])
def test_export_import_export_is_the_same(world, exports, heron, empty):
    shown, first = exports.file(heron["case"], victims=True, consents=CONSENTS)
    assert {one["why"] for one in shown["left_out"]} == {"no_place"}, shown
    assert (shown["subjects"], shown["identifiers"], shown["handling_codes"]) == (2, 16, ["H0", "H1", "H2", "H3"])
    if empty:
        world.register.as_of("world", lambda: None)
    case = imported(world, first, "nl" if empty else "fr")
    again, second = exports.file(case, "investigator" if empty else "foreign", victims=True, consents=CONSENTS)
    assert rows(second) == rows(first)
    assert len(rows(first)) == 1 + 2 + 16
    assert (again["links"], again["handling_codes"]) == (shown["links"], shown["handling_codes"])
    assert again["links"] == 8


def test_the_file_says_what_it_is_and_what_was_left_out(exports, heron):
    shown, file = exports.file(heron["case"], consents=CONSENTS[:1], handling_code="H1")
    head, end = about(file)
    assert (head["part"], head["version"], head["purpose"], head["recipient"], head["authority"]) == (
        "head", "1", "investigation", "Cybercrime Unit", {"name": "National Police", "country": "NL"},
    )  # fmt: skip
    assert head["conditions"] == ["H2: only for this case"]
    assert end["left_out"] == shown["left_out"] == [
        {"what": "case.state", "why": "no_place", "count": 1},
        {"what": "identifier", "why": "consent_missing", "count": 1},
        {"what": "identifier", "why": "victim", "count": 1},
        {"what": "link", "why": "victim", "count": 1},
        {"what": "subject", "why": "victim", "count": 1},
    ]  # fmt: skip
    assert end["handling_codes"] == ["H1", "H2"], "H1 for what has no code of its own"
    assert b"victim@example.org" not in file
    assert b"V1" not in file
    assert hashlib.sha256(file).hexdigest() == shown["sha256"]
    assert len(file) == shown["size"]


def test_what_was_withdrawn_or_has_an_earlier_category_is_counted(world, exports, heron):
    me = world.as_("investigator")
    (email, *_) = me.get(f"/cases/{heron['case']}/identifiers?external_id=I1").json["items"]
    gone = {"event": "withdraw", "reason": "inaccurate"}
    me.post(f"/cases/{heron['case']}/identifiers/{email['id']}/transitions", gone, If_Match=f'"{email["etag"]}"')
    at = f"/cases/{heron['case']}/subjects/{heron['suspect']}"
    assert me.patch(at, {"category": "convicted"}, If_Match=f'"{me.get(at).json["etag"]}"').status_code == 200
    shown, file = exports.file(heron["case"], victims=True, consents=CONSENTS)
    assert {"what": "identifier", "why": "withdrawn", "count": 1} in shown["left_out"]
    assert {"what": "subject.history", "why": "no_place", "count": 1} in shown["left_out"]
    assert b"Heron@Example.org" not in file


def test_a_large_case_is_made_in_portions_and_read_in_parts(world, exports, heron, monkeypatch):
    monkeypatch.setattr(selecting, "MOST_ROWS", 3)
    monkeypatch.setattr(service, "MOST_AT_ONCE", 1000)
    asked = exports.ask(heron["case"], victims=True, consents=CONSENTS)
    size = exports.shown(asked)["size"]
    assert size > 3000
    problem = exports.world.as_("investigator").get(f"/exports/{asked['id']}/content")
    assert (problem.status_code, problem.json["type"].rpartition("/")[2], problem.json["size"]) == (
        409,
        "too-large-for-one-answer",
        size,
    )
    read = b""
    while len(read) < size:
        part = exports.world.as_("investigator").get(f"/exports/{asked['id']}/content", Range=f"bytes={len(read)}-")
        assert part.status_code == 206
        assert part.headers["Content-Range"] == f"bytes {len(read)}-{len(read) + len(part.data) - 1}/{size}"
        assert 0 < len(part.data) <= 1000
        read += part.data
    assert len(rows(read)) == 1 + 2 + 16
    assert hashlib.sha256(read).hexdigest() == exports.shown(asked)["sha256"]
    assert exports.content(asked, status=206, Range="bytes=-20") == read[-20:]
    assert exports.content(asked, status=206, Range="bytes=10-19") == read[10:20]
    answer = world.as_("investigator").get(f"/exports/{asked['id']}/content", Range=f"bytes={size}-")
    assert answer.status_code == 416
