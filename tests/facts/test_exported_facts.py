"""Facts in files that are exported: an import reads them back without loss, and the terms keep back what they keep back elsewhere."""

import json

import pytest
from exporting import CONSENTS, Exports, make_heron
from exports.test_ndjson import imported, lines, rows
from recording import SAID, correct, facts, record, withdraw

WHO = "investigator"


@pytest.fixture
def exports(world):
    return Exports(world)


@pytest.fixture
def heron(world):
    return world.once(make_heron)


def with_facts(world, heron):
    """The case with facts of every shape."""
    case, suspect, victim = heron["case"], {"id": heron["suspect"]}, {"id": heron["victim"]}
    email, *_ = world.as_(WHO).get(f"/cases/{case}/identifiers?external_id=I1").json["items"]
    (phone,) = world.as_(WHO).get(f"/cases/{case}/identifiers?kind=phone").json["items"]
    said = [
        {**SAID, "external_id": "F1", "subjects": [suspect], "identifiers": [{"id": email["id"]}, {"id": phone["id"]}]},
        {"kind": "meeting", "text": "They met once.", "handling_code": "H2"},
        {"kind": "abuse", "at": "2025", "subjects": [victim, suspect]},
        {"kind": "report", "at": "2026-03", "about_victim": True, "place": {"latitude": -0.0001, "longitude": 179.9999}},
        {"kind": "travel", "at": "2026-10-24", "until": "2026-10-26", "zone": "Europe/Paris", "country": "FR"},
        {"kind": "login", "at": "2026-10-25T02:30:15+01:00", "zone": "Europe/Paris", "subjects": [suspect]},
        {"kind": "call", "at": "2026-03-05T14-03:30", "confidence": "low", "source": "a witness", "handling_code": "H3"},
    ]
    return record(world, WHO, case, *said)


@pytest.mark.parametrize("empty", [True, False], ids=["empty register", "another authority"])
def test_export_import_export_loses_no_fact(world, exports, heron, empty):
    count = len(with_facts(world, heron))
    shown, first = exports.file(heron["case"], victims=True, consents=CONSENTS)
    assert shown["facts"] == count == len([line for line in lines(first) if line["type"] == "fact"])
    before = facts(world, WHO, heron["case"])
    if empty:
        world.register.as_of("world", lambda: None)
    case = imported(world, first, "nl" if empty else "fr")
    reader = "investigator" if empty else "foreign"
    again, second = exports.file(case, reader, victims=True, consents=CONSENTS)
    assert rows(second) == rows(first)
    assert (again["facts"], again["links"]) == (count, shown["links"])
    same = ("kind", "at", "until", "precision", "zone", "begins_at", "ends_at", "country", "place", "text", "source", "basis", "confidence",
            "victims", "about_victim", "handling_code")  # fmt: skip
    assert [[one[name] for name in same] for one in facts(world, reader, case)] == [[one[name] for name in same] for one in before]


def test_what_the_terms_keep_back(world, exports, heron):
    one, *_ = with_facts(world, heron)
    correct(world, WHO, one, confidence="high")
    (gone,) = record(world, WHO, heron["case"], {"kind": "other"})
    withdraw(world, WHO, gone)
    shown, file = exports.file(heron["case"], consents=CONSENTS[:1])
    about = [(each["what"], each["why"], each["count"]) for each in shown["left_out"] if each["what"].startswith("fact")]
    assert about == [
        ("fact", "consent_missing", 1), ("fact", "victim", 2), ("fact", "withdrawn", 1), ("fact.history", "no_place", 1),
    ]  # fmt: skip
    assert [line["kind"] for line in lines(file) if line["type"] == "fact"] == ["payment", "meeting", "travel", "login"]


def test_an_uncleared_person_exports_no_fact_about_victims_and_is_not_told_of_any(world, exports, heron):
    with_facts(world, heron)
    shown, file = exports.file(heron["case"], "colleague", recipient={"authority_id": str(world.authorities["nl"])})
    assert [line["kind"] for line in lines(file) if line["type"] == "fact"] == ["payment", "meeting", "travel", "login", "call"]
    assert not [each for each in shown["left_out"] if each["what"] == "fact"]


def test_a_link_to_an_identifier_that_is_not_in_the_file_is_left_out(world, exports, heron):
    email, *_ = world.as_(WHO).get(f"/cases/{heron['case']}/identifiers?external_id=I1").json["items"]
    record(world, WHO, heron["case"], {"kind": "login", "external_id": "F1", "identifiers": [{"id": email["id"]}]})
    at = f"/cases/{heron['case']}/identifiers/{email['id']}/transitions"
    gone = {"event": "withdraw", "reason": "inaccurate"}
    assert world.as_(WHO).post(at, gone, If_Match=f'"{email["etag"]}"').status_code == 200
    shown, file = exports.file(heron["case"], consents=CONSENTS)
    (fact,) = (line for line in lines(file) if line["type"] == "fact")
    assert "identifiers" not in fact
    assert {"what": "fact.identifier", "why": "withdrawn", "count": 1} in shown["left_out"]


@pytest.mark.parametrize("form", ["case", "stix"])
def test_other_formats_say_that_facts_have_no_place_in_them(world, exports, heron, form):
    count = len(with_facts(world, heron))
    shown, file = exports.file(heron["case"], format=form, victims=True, consents=CONSENTS)
    assert {"what": "fact", "why": "no_place", "count": count} in shown["left_out"]
    assert SAID["text"] not in json.dumps(json.loads(file))


@pytest.mark.parametrize("form", ["ndjson", "timeline-csv"])
@pytest.mark.parametrize("who", ["investigator", "colleague"])
def test_a_fact_with_an_identifier_of_a_victim_alone_needs_victims(world, exports, heron, form, who):
    """Also one that a colleague recorded who does not know whose the identifier is."""
    (hers,) = (one for one in identifiers_of(world, heron) if [link["id"] for link in one["subjects"]] == [heron["victim"]])
    record(world, "colleague", heron["case"], {**SAID, "text": "Paid by her", "identifiers": [{"id": hers["id"]}]})
    shown, file = exports.file(heron["case"], who, format=form)
    assert b"Paid by her" not in file
    why = "victim" if who == "investigator" else "no_subject"
    assert {"what": "fact", "why": why, "count": 1} in shown["left_out"]
    assert b"Paid by her" in exports.file(heron["case"], victims=True, format=form)[1]


def identifiers_of(world, heron):
    return world.as_(WHO).get(f"/cases/{heron['case']}/identifiers?limit=200").json["items"]
