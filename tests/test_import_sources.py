"""Reports of the CyberTipline and hash lists of Project VIC as lines for imports; files in them are refused."""

import base64
import io
import json
import secrets
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_imports import CASE, report, sent

from coopapi.imports.sources import cybertip, vics
from coopapi.imports.sources.common import Converted
from coopapi.ops.convert_command import convert

SAMPLES = Path(__file__).parents[1] / "docs" / "samples"
XML = (SAMPLES / "cybertip.xml").read_bytes()
LIST = (SAMPLES / "vics.json").read_text()


def converted(plain, status=0, *options, name="cybertip", tmp_path=None):
    file = tmp_path / "file"
    file.write_bytes(plain)
    ran = CliRunner().invoke(convert, [name, str(file), *options])
    assert ran.exit_code == status, ran.output
    return [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr


def test_a_report_becomes_a_case_with_subjects_and_identifiers(world, tmp_path):
    lines, told = converted(XML, tmp_path=tmp_path)
    values = {(one["kind"], one["value"]) for one in lines if one["type"] == "identifier"}
    assert values == {
        ("cybertip", "912345678"), ("username", "night.heron"), ("platform_user_id", "1000234567"), ("ip", "198.51.100.7"),
        ("phone", "+31612345678"), ("email", "heron@example.org"), ("username", "grey.owl"),
        ("url", "https://heron.example.org/reeds"), ("md5", "0123456789abcdef0123456789abcdef"),
        ("sha1", "0123456789abcdef0123456789abcdef01234567"),
    }  # fmt: skip
    assert {(one["pseudonym"], one["category"]) for one in lines if one["type"] == "subject"} == {
        ("Reported 1", "suspect"), ("Victim 1", "victim"),
    }  # fmt: skip
    for name in ("reporter", "personOrUserReported.additionalInfo", "fileDetails.originalFileName"):
        assert f"left out: {name} (1)" in told
    assert "reeds.jpg" not in json.dumps(lines)
    job = sent(world, *lines)
    assert {one["outcome"] for one in report(world, job)} == {"stored"}, report(world, job)
    assert {one["outcome"] for one in report(world, sent(world, *lines))} == {"unchanged"}
    (case,) = world.as_("system").get("/cases?external_id=cybertip-912345678").json["items"]
    assert case["reference"] == "CyberTip 912345678"


def test_json_with_the_same_members_gives_the_same_lines(tmp_path):
    xml = cybertip._from_xml(XML)
    assert converted(json.dumps(xml).encode(), tmp_path=tmp_path) == converted(XML, tmp_path=tmp_path)
    assert converted(json.dumps([{"report": xml}]).encode(), tmp_path=tmp_path)[0] == converted(XML, tmp_path=tmp_path)[0]


@pytest.mark.parametrize(
    ("element", "pointer"),
    [
        (b"<fileContents>/9j/4AAQ</fileContents>", "/fileDetails/0/fileContents"),
        (b"<note>data:image/png;base64,AAAA</note>", "/fileDetails/0/note/0"),
        (b"<note>%s</note>" % base64.b64encode(b"\xff\xd8\xff" + secrets.token_bytes(900)), "/fileDetails/0/note/0"),
    ],
    ids=["named", "data URL", "base64"],
)
def test_a_report_with_the_content_of_a_file_is_refused_as_a_whole(element, pointer, tmp_path):
    lines, told = converted(XML.replace(b"</fileDetails>", element + b"</fileDetails>"), 1, tmp_path=tmp_path)
    assert lines == []
    assert f"record 1 refused: content of a file at {pointer}" in told


@pytest.mark.parametrize(
    "plain",
    [
        b'<!DOCTYPE report [<!ENTITY a "aaaa">]><report><reportId>1</reportId></report>',
        b"<report>",
        b"{",
        b"[1]",
        b"[" * 100_000,
        b"<a>" * 1000 + b"</a>" * 1000,
        b"",
    ],
)
def test_what_is_no_report_is_refused(plain, tmp_path):
    lines, told = converted(plain, 1, tmp_path=tmp_path)
    assert lines == []
    assert "Error: The file is not a report" in told


def test_a_report_without_its_number_is_refused_and_the_others_are_kept(tmp_path):
    lines, told = converted(json.dumps([{"incidentSummary": {}}, {"reportId": 912345678}]).encode(), 1, tmp_path=tmp_path)
    assert [one["type"] for one in lines] == ["case", "identifier"]
    assert "record 1 refused: the report has no reportId" in told


def test_a_hash_list_becomes_identifiers_of_a_case(world, tmp_path):
    lines, told = converted(
        LIST.encode(), 1, "--case", "C1", "--list", "L", "--category", "1", "--category", "2", name="vics", tmp_path=tmp_path
    )
    assert [(one["kind"], one["value"][:8]) for one in lines] == [("md5", "01234567"), ("sha1", "01234567"), ("md5", "FEDCBA98")]
    assert [one["external_id"] for one in lines] == ["L-1-MD5", "L-1-SHA1", "L-2-MD5"]
    assert [one for one in lines if one["value"].lower() in one["external_id"].lower()] == []
    assert "record 4 refused: content of a file at /Miniature" in told
    for name in ("category 0 (1)", "Series (1)", "MediaSize (2)"):
        assert f"left out: {name}" in told
    assert {one["outcome"] for one in report(world, sent(world, CASE, *lines))} == {"stored"}


def test_the_older_form_with_media_below_a_case_is_read(tmp_path):
    media = json.loads(LIST)["value"][:3]
    older = {"odata.metadata": "x", "value": [{"CaseMetadata": [{"CaseNumber": "1"}], "Media": media, "TotalMediaFiles": 3}]}
    options = ("--case", "C1", "--list", "L", "--category", "1")
    lines, _ = converted(json.dumps(older, indent=2).encode(), 0, *options, name="vics", tmp_path=tmp_path)
    assert [one["kind"] for one in lines] == ["md5", "sha1"]


def test_media_without_a_number_have_no_key_and_are_refused(tmp_path):
    plain = (
        b'{"value": [{"Category": 1, "MD5": "0123456789ABCDEF0123456789ABCDEF"}, {"MediaID": 7, "Category": 1, "MD5": "'
        + b"0" * 32
        + b'"}]}'
    )
    lines, told = converted(plain, 1, "--case", "C1", "--list", "L", "--category", "1", name="vics", tmp_path=tmp_path)
    assert ([one["external_id"] for one in lines], "record 1 refused: the media have no MediaID" in told) == (["L-7-MD5"], True)


@pytest.mark.parametrize(
    "number", ["0123456789ABCDEF0123456789ABCDEF", "heron.jpg", "C:/pictures/1", "1" * 19, "-1", "1.5", "\u0661"]
)
def test_what_is_no_number_does_not_become_a_key(number, tmp_path):
    media = {"value": [{"MediaID": number, "Category": 1, "MD5": "0123456789ABCDEF0123456789ABCDEF"}]}
    options = ("--case", "C1", "--list", "L", "--category", "1")
    lines, told = converted(json.dumps(media).encode(), 1, *options, name="vics", tmp_path=tmp_path)
    assert (lines, "record 1 refused: the MediaID is not a number" in told, number in told) == ([], True, False)


@pytest.mark.parametrize("plain", [b"{}", b'{"value": [', b'{"value": [{"MD5": "a"', b"\xff\xfe", b'{"value": ' + b"[" * 100_000])
def test_what_is_no_hash_list_is_refused(plain, tmp_path):
    _, told = converted(plain, 1, "--case", "C1", "--list", "L", "--category", "1", name="vics", tmp_path=tmp_path)
    assert "Error: The file is not a hash list" in told


def test_a_long_list_is_read_a_little_at_a_time():
    many = 20_000

    class Counting(io.StringIO):
        most = 0

        def read(self, size=-1):
            assert 0 < size <= 1 << 20
            return super().read(size)

    one = '{"MediaID": 1, "Category": 1, "MD5": "%032x"},'
    file = Counting('{"value": [' + "".join(one % n for n in range(many))[:-1] + "]}")
    done = Converted()
    assert sum(1 for _ in vics.convert(file, "C", "L", {"1"}, done)) == done.records == many
