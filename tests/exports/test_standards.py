"""The files are read by the libraries of their standards, which need no network."""

import json
import socket
import sys
from collections import Counter

import pytest
import stix2
from case_utils import case_validate
from exporting import CONSENTS
from stix2validator import ValidationOptions, validate_string

UCO = "https://ontology.unifiedcyberontology.org/uco/"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def refuse(*_):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def file_of(exports, heron, form):
    shown, file = exports.file(heron["case"], format=form, victims=True, consents=CONSENTS)
    return shown, file, json.loads(file)


def kinds_left_out(shown):
    return {one["what"] for one in shown["left_out"] if one["what"].startswith("identifier:")}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_case_validates_the_json_ld(exports, heron, tmp_path, monkeypatch, capsys):
    shown, file, document = file_of(exports, heron, "case")
    (tmp_path / "heron.jsonld").write_bytes(file)
    monkeypatch.setattr(sys, "argv", ["case_validate", str(tmp_path / "heron.jsonld")])
    with pytest.raises(SystemExit) as ended:
        case_validate.main()
    told = capsys.readouterr().out
    assert (ended.value.code, told.splitlines()[1]) == (0, "Conforms: True"), told
    types = Counter(node["@type"] for node in document["@graph"])
    assert types["case-investigation:Investigation"] == 1
    assert types["uco-identity:Person"] == 3, "two subjects and a person"
    assert types["uco-observable:EmailAddress"] == 3
    assert types["uco-core:Relationship"] == 18 - 1 + 8, "each part of the case to it, and each link"
    assert kinds_left_out(shown) == {"identifier:cybertip"}
    (bundle,) = (node for node in document["@graph"] if node["@type"] == "uco-core:Bundle")
    assert "1 x identifier:cybertip: no_place" in bundle["uco-core:description"]
    marked = {node["@id"]: node for node in document["@graph"]}
    (url,) = (node for node in document["@graph"] if node["@type"] == "uco-observable:URL")
    statement = marked[marked[url["uco-core:objectMarking"]["@id"]]["uco-marking:definition"]["@id"]]
    assert statement["uco-marking:statement"].startswith("H2: No dissemination")
    assert "only for this case" in statement["uco-marking:statement"]
    (informed,) = (node for node in marked.values() if node.get("uco-core:description") == "an informant")
    assert {"basis=assessment", "source_grading=B", "information_grading=2"} <= set(informed["uco-core:tag"])


def test_stix_validates_the_bundle(exports, heron):
    shown, file, document = file_of(exports, heron, "stix")
    options = ValidationOptions(version="2.1", disabled=["uuid-check", "account-type"])
    found = validate_string(file.decode(), options)
    assert found.is_valid, [str(one) for one in found.errors]
    assert not found.warnings, [str(one) for one in found.warnings]
    bundle = stix2.parse(document)
    types = Counter(one.type for one in bundle.objects)
    assert types["email-addr"] == 3
    assert types["identity"] == 1 + 2 + 1, "the authority, the subjects, and a person"
    assert types["relationship"] == 8 - 1, "each link but that of the phone number, which has no place"
    assert types["marking-definition"] == 4
    assert kinds_left_out(shown) == {f"identifier:{kind}" for kind in ("phone", "imei", "cybertip")}
    assert {"what": "identifier.source_grading", "why": "no_place", "count": 1} in shown["left_out"]
    (note,) = (one for one in bundle.objects if one.type == "note")
    assert "1 x identifier.source_grading: no_place" in note.content


def test_observables_have_the_ids_that_the_standard_gives_them(exports, heron):
    document = file_of(exports, heron, "stix")[2]
    made = {one["id"] for one in document["objects"]}
    assert {
        stix2.v21.EmailAddress(value="Heron@Example.org").id,
        stix2.v21.URL(value="https://heron.example.org/a?b=c").id,
        stix2.v21.IPv4Address(value="198.51.100.7").id,
        stix2.v21.IPv6Address(value="2001:db8::7").id,
        stix2.v21.File(hashes={"MD5": "0123456789abcdef0123456789abcdef"}).id,
        stix2.v21.UserAccount(account_type="username", user_id="night.heron").id,
        stix2.v21.MACAddress(value="00:1b:63:84:45:e6").id,
        stix2.v21.DomainName(value="heron.example.net").id,
    } <= made
    again = file_of(exports, heron, "stix")[2]
    own = {one["id"] for one in again["objects"] if one["type"] != "note"}
    assert own <= made, "the other ids are the same in each export of the case"


def test_a_value_that_the_case_has_twice_keeps_the_handling_codes_of_both(world, exports):
    case = world.case("investigator")
    for code, moment in (("H0", "2026-01-01T10:00:00Z"), ("H1", "2026-01-02T10:00:00Z")):
        world.hold("investigator", case, "198.51.100.7", kind="ip", handling_code=code, context={"observed_at": moment})
    _, file = exports.file(case, format="stix")
    objects = json.loads(file)["objects"]
    statements = {one["id"]: one["definition"]["statement"] for one in objects if one["type"] == "marking-definition"}
    (ip,) = (one for one in objects if one["type"] == "ipv4-addr")
    assert sorted(statements[ref][:2] for ref in ip["object_marking_refs"]) == ["H0", "H1"]
