"""Files as other systems write them: marks of byte order, other encodings, rows of CSV that cannot be read, and files sent by mistake."""

import json
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from test_imports import CASE, EMAIL, FACT, FILE, SUBJECT, counted, emails, ndjson, report, send, sent, state

from coopapi.imports import mapping, running, service
from coopapi.imports.lines import read_lines
from coopapi.imports.models import Import
from coopapi.imports.staging import LONGEST_LINE

MARK = b"\xef\xbb\xbf"
VALUES = {"type": "identifier", "columns": {"No": "external_id", "Value": "value"}, "values": {"case": "C1", "kind": "email"}}


def told(world, job):
    """The numbers of the lines, their outcomes, and the first rule and pointer of each."""
    return [
        (one["line"], one["outcome"], *((one["faults"][0]["rule"], one["faults"][0]["pointer"]) if one["faults"] else ()))
        for one in report(world, job)
    ]


def csv(world, body, declared=VALUES, **more):
    return send(world, body, query="?" + urlencode({"mapping": json.dumps(declared)}), Content_Type="text/csv", **more)


def test_a_mark_of_byte_order_other_line_ends_and_empty_lines_change_nothing(world):
    lines = ndjson(*FILE[:3]).replace(b"\n", b"\r\n").split(b"\r\n")
    job = sent(world, MARK + b"\r\n\r\n".join(lines))
    assert told(world, job) == [(1, "stored"), (3, "stored"), (5, "stored")]
    assert told(world, sent(world, ndjson(*FILE[:3]))) == [(1, "unchanged"), (2, "unchanged"), (3, "unchanged")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("table", [False, True])
def test_a_file_in_another_encoding_is_refused_as_a_whole_if_it_says_so(world, encoding, table):
    text = "\ufeff" if encoding != "utf-16" else ""
    body = (text + ("No,Value\n1,x@example.org\n" if table else ndjson(CASE).decode())).encode(encoding)
    answer = csv(world, body) if table else send(world, body)
    assert (answer.status_code, answer.json["type"], "UTF-16" in answer.json["detail"]) == (422, "/problems/broken-file", True)
    assert world.as_("system").get("/imports").json["items"] == []


@pytest.mark.parametrize(
    ("charset", "status"), [("utf-8", 202), ('"UTF-8"', 202), ("us-ascii", 202), ("iso-8859-1", 415), ("utf-16", 415)]
)
def test_a_file_whose_type_names_another_encoding_is_refused_unread(world, charset, status):
    answer = send(world, CASE, Content_Type=f"application/x-ndjson; charset={charset}")
    assert answer.status_code == status, answer.json


def test_what_is_no_json_or_no_line_is_refused_alone(world):
    odd = {
        b"\0": ("json", ""),
        b"\1\1": ("json", ""),
        b'{"type": "case", "type": "case"}': ("json", ""),
        b'{"type": "case", "external_id": "\\ud800"}': ("json", ""),
        b'{"type": "case", "external_id": "a\\u0000b"}': ("json", ""),
        b'{"type": "case", "external_id": NaN}': ("json", ""),
        b'{"type": "case", "external_id": 12345678901234567890}': ("json", ""),
        b'{"type": "case"': ("json", ""),
        b'"a line"': ("type", ""),
        b'{"type": "case", "title": "\xc3"}': ("utf8", ""),
        b'{"type": "case", "title": "\xed\xa0\x80"}': ("utf8", ""),
        b'{"type": ["case"]}': ("one_of", "/type"),
        json.dumps({**CASE, "external_id": 5}).encode(): ("type", "/external_id"),
        json.dumps({**CASE, "title": "x" * (LONGEST_LINE + 1)}).encode(): ("length", ""),
        json.dumps({**CASE, "title": "x" * 3 * LONGEST_LINE}).encode(): ("length", ""),
    }
    found = told(world, sent(world, *odd, CASE))
    assert found == [*((n, "refused", *said) for n, said in enumerate(odd.values(), 1)), (len(odd) + 1, "stored")]


def test_a_mapping_is_for_tables_alone(world):
    answer = send(world, CASE, query="?" + urlencode({"mapping": json.dumps(VALUES)}))
    (fault,) = answer.json["errors"]
    assert (answer.status_code, fault["pointer"], fault["rule"], fault["in"]) == (422, "/mapping", "csv_only", "query")


def test_rows_have_the_numbers_of_the_lines_on_which_they_begin(world):
    sent(world, CASE)
    body = MARK + (
        b'No,"Value"\r\n'
        b"1,one@example.org\r\n"
        b"\r\n"
        b'"2","no\r\naddress"\r\n'
        b'3,"three@example.org" x\r\n'
        b"4,four@example.org\r\n"
        b"5," + b"x" * 3 * LONGEST_LINE + b"\r\n"
        b"6,six@example.org\r\n"
        b"7,\xff@example.org\r\n"
        b"8\r\n"
        b"9,caf\xc3"
    )
    assert told(world, csv(world, body).json["id"]) == [
        (2, "stored"), (4, "refused", "email", "/value"), (6, "refused", "csv", ""), (7, "stored"), (8, "refused", "length", ""),
        (9, "stored"), (10, "refused", "utf8", ""), (11, "refused", "columns", ""), (12, "refused", "utf8", ""),
    ]  # fmt: skip


def test_a_row_that_never_ends_takes_no_more_with_it_than_a_cell_may_have(world):
    sent(world, CASE)
    rows = b"".join(b"%d,bird-%d@example.org\n" % (n, n) for n in range(10_000))
    job = csv(world, b'No,Value\n0,"open@example.org\n' + rows).json["id"]
    done = state(world, job)
    assert told(world, job)[0] == (2, "refused", "csv", "")
    assert (done["lines"], done["refused"], done["stored"] > 4_000) == (10_002, 1, True)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_a_table_is_read_the_same_wherever_it_is_cut(size):
    text = 'Nö,Välue\r\n1,"ä\r\nö"\r\n\r\n2,"b"c\r\n3,😀'.encode()
    declared = {"type": "identifier", "columns": {"Nö": "external_id", "Välue": "value"}}
    cut = [text[start : start + size] for start in range(0, len(text), size)]
    whole = b"".join(mapping.as_lines([text], declared))
    assert b"".join(mapping.as_lines(cut, declared)) == whole
    read = read_lines(whole, 1, 0, 100, csv=True)
    assert [(one.number, *(fault["rule"] for fault in one.faults)) for one in read] == [(2,), (5, "csv"), (6,)]


@pytest.mark.parametrize(
    ("header", "faults"),
    [
        (b"No\n", {"/mapping/columns/Value": "column"}),
        (b"Number\n", {"/mapping/columns/Value": "column", "/mapping/columns/No": "column"}),
        (b"No,Value,Value\n", {"/mapping/columns/Value": "distinct"}),
        (b'"No"x,Value\n', {}),
    ],
)
def test_a_header_that_does_not_have_each_column_once_is_pointed_at(world, header, faults):
    answer = csv(world, header + b"1,one@example.org\n")
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/broken-file")
    assert {one["pointer"]: one["rule"] for one in answer.json.get("errors", ())} == faults


@pytest.mark.parametrize(
    ("declared", "pointer", "rule"),
    [
        ({"type": "case"}, "/mapping/columns", "required"),
        ({"type": "car", "columns": {}}, "/mapping/type", "one_of"),
        ({"type": "case", "columns": {"a": 1}}, "/mapping/columns/a/value", "type"),
        ({"type": "case", "columns": {}, "delimiter": "::"}, "/mapping/delimiter", "one_of"),
        ({"type": "case", "columns": {}, "more": 1}, "/mapping/more", "unknown_field"),
        ({"type": "case", "columns": {"a": "title."}}, "/mapping/columns", "path"),
        ({"type": "case", "columns": {"a": ".title"}}, "/mapping/columns", "path"),
        ({"type": "case", "columns": {"a": "title", "b": "title.x"}}, "/mapping/columns", "distinct"),
        ({"type": "identifier", "columns": {"a": "subjects", "b": "subjects.external_id"}}, "/mapping/columns", "distinct"),
        ({"type": "identifier", "columns": {"a": "value"}, "values": {"value": "x"}}, "/mapping/columns", "distinct"),
        ({"type": "person", "columns": {"a": "person.full_name", "b": "person.given_name"}}, "/mapping/columns", "distinct"),
        ({"type": "person", "columns": {"a": "person.names", "b": "person.family_name"}}, "/mapping/columns", "distinct"),
        ({"type": "person", "columns": {"a": "person", "b": "person.full_name"}}, "/mapping/columns", "distinct"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_pointed_at(world, declared, pointer, rule):
    answer = csv(world, b"a,b\n1,2\n", declared)
    (fault,) = answer.json["errors"]
    assert (answer.status_code, fault["pointer"], fault["rule"], fault["in"]) == (422, pointer, rule, "query")


def test_a_table_has_the_parts_of_names_in_columns_of_their_own(world):
    sent(world, CASE, SUBJECT)
    declared = {
        "type": "person",
        "columns": {"No": "external_id", "First": "person.given_name", "Last": "person.family_name", "Of": "subjects"},
        "values": {"case": "C1"},
    }
    body = b"No,First,Last,Of\nP1,Night,Heron,S1\nP2,,Owl,S1\nP3,,,S1\n"
    assert told(world, csv(world, body, declared).json["id"]) == [
        (2, "stored"), (3, "stored"), (4, "refused", "exactly_one", "/digests"),
    ]  # fmt: skip
    (case,) = world.as_("system").get("/cases?external_id=C1").json["items"]
    found = world.as_("investigator").get(f"/cases/{case['id']}/identifiers").json["items"]
    assert {one["external_id"]: one["person"]["names"] for one in found} == {
        "P1": [{"given": "Night", "family": "Heron"}], "P2": [{"family": "Owl"}],
    }  # fmt: skip


def test_what_a_line_leaves_out_stays_except_in_identifiers(world):
    graded = {"basis": "assessment", "source_grading": "A", "information_grading": "1", "source": "S", "handling_code": "H1"}
    case = {**CASE, "operation_name": "O", "countries": ["NL"]}
    owned = {**EMAIL, "subjects": [{"external_id": "S1"}]}
    sent(world, case, {**SUBJECT, "age_status": "adult"}, {**owned, **graded}, {**FACT, "text": "T", "handling_code": "H1"})
    again = sent(
        world,
        {**CASE, "title": "Other"},
        {**SUBJECT, "category": "witness"},
        {**EMAIL, "source": "Other"},
        {**FACT, "text": "Other"},
    )
    assert [one[1] for one in told(world, again)] == ["updated"] * 4
    me = world.as_("investigator")
    (now,) = me.get("/cases?external_id=C1").json["items"]
    at = f"/cases/{now['id']}"
    assert (now["title"], now["operation_name"], now["countries"]) == ("Other", "O", ["NL"])
    (subject,) = me.get(f"{at}/subjects").json["items"]
    assert (subject["category"], subject["age_status"]) == ("witness", "adult")
    (fact,) = me.get(f"{at}/facts").json["items"]
    assert (fact["text"], fact["handling_code"], len(fact["subjects"])) == ("Other", "H1", 1)
    (email,) = me.get(f"{at}/identifiers").json["items"]
    assert (email["source"], email["basis"], email["source_grading"], email["handling_code"]) == ("Other", "fact", None, "H0")
    assert len(email["subjects"]) == 1
    assert told(world, sent(world, {**EMAIL, "source": "Other", "subjects": []})) == [(1, "updated")]
    assert me.get(f"{at}/identifiers").json["items"][0]["subjects"] == []
    assert told(world, sent(world, {**case, "operation_name": None})) == [(1, "updated")]
    assert me.get(at).json["operation_name"] is None


def test_a_file_that_was_sent_by_mistake_is_stopped_and_its_bytes_are_gone(world, idle, owner, monkeypatch):
    monkeypatch.setattr(running, "MOST_LINES", 3)
    job = sent(world, CASE, *emails(5))
    later = sent(world, {**CASE, "external_id": "C2", "reference": "R-2"})
    me = world.as_("system")
    assert running.import_once(idle)
    stopped = me.post(f"/imports/{job}/stop")
    assert (stopped.status_code, stopped.json["state"], stopped.json["state_reason"], stopped.json["stored"]) == (
        200,
        "stopped",
        "asked",
        3,
    )
    assert stopped.json["report_until"] > stopped.json["ended_at"]
    again = me.post(f"/imports/{job}/stop")
    assert (again.status_code, again.json["type"]) == (409, "/problems/import-has-ended")
    assert [one["outcome"] for one in report(world, job)] == ["stored"] * 3
    while running.import_once(idle):
        pass
    assert (state(world, job)["read"], state(world, later)["state"]) == (3, "finished")
    with owner.cursor() as cursor:
        cursor.execute("select count(*), (select count(wrapped) from imports) from import_chunks")
        assert cursor.fetchone() == (0, 0)
        cursor.execute("select role, detail from journal_entries where action = 'import.cancelled'")
        counts = {"stored": 3, **dict.fromkeys(("updated", "withdrawn", "unchanged", "refused", "conflicts"), 0)}
        assert cursor.fetchall() == [("system", {"dry_run": False, **counts})]
    events = world.as_("investigator").get("/events?action=import.cancelled").json["items"]
    assert [one["object_id"] for one in events] == [job]


@pytest.mark.parametrize("together", [1, 2, 2000])
def test_a_dry_run_with_several_lines_about_a_row_says_what_becomes_of_them(world, monkeypatch, together):
    monkeypatch.setattr(running, "MOST_LINES", together)
    sent(world, *FILE[:2])
    second = {**EMAIL, "value": "second@example.org"}
    lines = [CASE, SUBJECT, EMAIL, second, second, {**CASE, "title": "Other"}, {**EMAIL, "external_id": "I9"}, FILE[3]]
    lines += [{"type": "withdrawal", "of": "identifier", "case": "C1", "external_id": "I1", "reason": "inaccurate"}]
    rehearsed = told(world, sent(world, *lines, query="?dry_run=true"))
    accepted = ["unchanged", "unchanged", "stored", "updated", "updated", "updated", "stored", "stored", "withdrawn"]
    assert [one[1] for one in rehearsed] == accepted
    assert [one[1] for one in told(world, sent(world, *lines))] == [*accepted[:4], "unchanged", *accepted[5:]]


def test_who_stops_an_import_waits_longer_for_the_lines_that_are_being_stored(world, idle, monkeypatch):
    job = sent(world, CASE, *emails(5))
    waits = []
    seen = service.UnitOfWork.one

    def noting(work, kind, row_id, **more):
        if kind is Import:
            waits.append(work.session.scalar(text("select current_setting('lock_timeout')")))
        return seen(work, kind, row_id, **more)

    monkeypatch.setattr(service.UnitOfWork, "one", noting)
    assert world.as_("system").post(f"/imports/{job}/stop").status_code == 200
    assert waits[0] == "14s"


def test_marks_for_rows_of_tables_mean_nothing_in_other_files(world):
    assert told(world, send(world, b"\1\n\2\n").json["id"]) == [(1, "refused", "json", ""), (2, "refused", "json", "")]


def test_a_dry_run_that_is_stopped_leaves_nothing(world, idle, owner, monkeypatch):
    monkeypatch.setattr(running, "MOST_LINES", 3)
    before = counted(owner)
    job = sent(world, CASE, SUBJECT, *emails(5), query="?dry_run=true")
    assert running.import_once(idle)
    assert world.as_("system").post(f"/imports/{job}/stop").status_code == 200
    assert counted(owner) == before


def test_nobody_stops_the_import_of_another(world, idle, owner):
    job = sent(world, CASE)
    with owner.cursor() as cursor:
        cursor.execute("update principals set roles = '{system}' where subject in ('central', 'foreign')")
    assert [world.as_(who).post(f"/imports/{job}/stop").status_code for who in ("central", "foreign", "investigator")] == [
        404,
        404,
        403,
    ]
    assert state(world, job)["state"] == "queued"
