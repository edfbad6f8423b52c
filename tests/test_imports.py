"""Bulk intake: files of cases, subjects and identifiers, stored line by line."""

import gzip
import json
import threading
from urllib.parse import urlencode

import pytest
from gathering import proposed
from sending import statements_sent
from test_ending import overlapping

from coopapi.imports import running, staging, storing
from coopapi.ops import abuse_controls


def ndjson(*lines):
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines)


CASE = {"type": "case", "external_id": "C1", "reference": "R-1", "title": "A case"}
SUBJECT = {"type": "subject", "case": "C1", "external_id": "S1", "pseudonym": "P1", "category": "suspect"}
EMAIL = {"type": "identifier", "case": "C1", "external_id": "I1", "kind": "email", "value": "heron@example.org"}
OWNED = {
    "type": "identifier",
    "case": "C1",
    "external_id": "I2",
    "kind": "phone",
    "value": "+31612345678",
    "subjects": [{"external_id": "S1"}],
}
PERSON = {
    "type": "person",
    "case": "C1",
    "external_id": "I3",
    "person": {"names": [{"full": "Night Heron"}], "birth_dates": ["1980-01-01"]},
    "subjects": [{"external_id": "S1"}],
}
FACT = {
    "type": "fact",
    "case": "C1",
    "external_id": "F1",
    "kind": "payment",
    "at": "2026-03-05T14:20+01:00",
    "subjects": [{"external_id": "S1"}],
}
FILE = (CASE, SUBJECT, EMAIL, OWNED, PERSON)


def send(world, *lines, who="system", query="", **headers):
    me = world.as_(who)
    body = lines[0] if len(lines) == 1 and isinstance(lines[0], bytes) else ndjson(*lines)
    said = {"Authorization": f"Bearer {me.token}", "Content-Type": "application/x-ndjson"}
    return me.client.post(
        f"/api/v1/imports{query}", data=body, headers={**said, **{n.replace("_", "-"): v for n, v in headers.items()}}
    )


def sent(world, *lines, **more):
    answer = send(world, *lines, **more)
    assert answer.status_code == 202, answer.json
    return answer.json["id"]


def state(world, job, who="system"):
    return world.as_(who).get(f"/imports/{job}").json


def report(world, job, who="system"):
    return world.as_(who).get(f"/imports/{job}/report?limit=1000").json["items"]


def outcomes(world, job):
    return [one["outcome"] for one in report(world, job)]


def test_a_file_of_a_case_is_stored_and_its_overlap_found(world):
    other = world.case("romanian")
    world.hold("romanian", other, "heron@example.org")
    job = sent(world, *FILE)
    told = state(world, job)
    assert (told["state"], told["lines"], told["read"], told["accepted"], told["stored"], told["refused"]) == (
        "finished",
        5,
        5,
        5,
        5,
        0,
    ), report(world, job)
    assert outcomes(world, job) == ["stored"] * 5
    (case,) = world.as_("system").get("/cases?external_id=C1").json["items"]
    found = world.as_("investigator").get(f"/cases/{case['id']}/identifiers").json["items"]
    assert {one["external_id"]: len(one["subjects"]) for one in found} == {"I1": 0, "I2": 1, "I3": 1}
    assert len(world.overlaps("investigator", case["id"])) == 1


def test_a_file_sent_again_changes_nothing(world):
    sent(world, *FILE)
    again = sent(world, *FILE)
    assert outcomes(world, again) == ["unchanged"] * 5
    spaced = [{**dict(reversed(line.items())), "type": line["type"]} for line in FILE]
    assert outcomes(world, sent(world, *spaced)) == ["unchanged"] * 5


def test_other_values_are_an_update_and_withdrawals_withdraw(world):
    sent(world, *FILE)
    changed = (
        {**CASE, "title": "Another title"},
        {**SUBJECT, "category": "victim"},
        {**EMAIL, "value": "owl@example.org"},
        {**OWNED, "source": "a phone book"},
        PERSON,
    )
    assert outcomes(world, sent(world, *changed)) == ["updated"] * 4 + ["unchanged"]
    assert outcomes(world, sent(world, *changed)) == ["unchanged"] * 5
    gone = ({"type": "withdrawal", "of": "identifier", "case": "C1", "external_id": "I1", "reason": "inaccurate"},)
    assert outcomes(world, sent(world, *gone)) == ["withdrawn"]
    assert outcomes(world, sent(world, *gone)) == ["unchanged"]
    assert outcomes(world, sent(world, changed[2], {**EMAIL, "value": "third@example.org"})) == ["unchanged", "refused"]
    (case,) = world.as_("system").get("/cases?external_id=C1").json["items"]
    assert case["title"] == "Another title"
    found = world.as_("investigator").get(f"/cases/{case['id']}/identifiers").json["items"]
    assert {(one["external_id"], one["value"], one["state"]) for one in found} == {
        ("I1", "owl@example.org", "withdrawn"), ("I2", "+31612345678", "registered"), ("I3", "Night Heron", "registered"),
    }  # fmt: skip
    ended = {"type": "withdrawal", "of": "case", "external_id": "C1", "reason": "opened by mistake"}
    assert outcomes(world, sent(world, ended, {**EMAIL, "external_id": "I9", "value": "x@example.org"}, ended)) == [
        "withdrawn",
        "conflict",
        "unchanged",
    ]


def test_what_a_person_made_or_changed_is_a_conflict(world):
    sent(world, *FILE)
    (case,) = world.as_("system").get("/cases?external_id=C1").json["items"]
    me = world.as_("investigator")
    me.patch(f"/cases/{case['id']}", {"title": "A person's title"}, If_Match=f'"{case["etag"]}"')
    (email,) = me.get(f"/cases/{case['id']}/identifiers?external_id=I1").json["items"]
    corrected = me.patch(
        f"/cases/{case['id']}/identifiers/{email['id']}", {"value": "crow@example.org"}, If_Match=f'"{email["etag"]}"'
    )
    assert corrected.status_code == 200
    (subject,) = me.get(f"/cases/{case['id']}/subjects").json["items"]
    me.patch(f"/cases/{case['id']}/subjects/{subject['id']}", {"category": "witness"}, If_Match=f'"{subject["etag"]}"')
    world.hold("investigator", case["id"], "mine@example.org")
    world.case("investigator", "made by a person", external_id="C2")
    job = sent(
        world,
        {**CASE, "title": "Another"},
        {**SUBJECT, "category": "victim"},
        {**EMAIL, "value": "owl@example.org"},
        {**EMAIL, "external_id": "I8", "value": "mine@example.org"},
        {**CASE, "external_id": "C2", "reference": "made by a person"},
        {**CASE, "external_id": "C3", "reference": "made by a person"},
        OWNED,
    )
    assert [(one["outcome"], one["faults"] and one["faults"][0]["rule"]) for one in report(world, job)] == [
        ("conflict", "changed_since"), ("conflict", "changed_since"), ("conflict", "changed_since"), ("conflict", "held_already"),
        ("conflict", "not_imported"), ("conflict", "reference_taken"), ("unchanged", None),
    ]  # fmt: skip
    assert outcomes(world, sent(world, *FILE)) == ["unchanged"] * 5
    assert me.get(f"/cases/{case['id']}").json["title"] == "A person's title"


BAD = {
    "length": (b'{"type": "case", "title": "' + b"x" * 300_000 + b'"}', ""),
    "utf8": (b'{"type": "case", "title": "\xff"}', ""),
    "json": (b'{"type": "case", ', ""),
    "type": (b"[1, 2]", ""),
    "one_of": ({"type": "car", "external_id": "X"}, "/type"),
    "required": ({"type": "case", "external_id": "X", "title": "T"}, "/reference"),
    "unknown_field": ({**CASE, "external_id": "X", "handler_id": "y"}, "/handler_id"),
    "hidden": ({**CASE, "external_id": "X", "reference": "X", "visibility": "hidden"}, "/visibility"),
    "words_only": ({**CASE, "external_id": "X", "reference": "X", "title": "data:image/png;base64,AAAA"}, "/title"),
    "unknown_case": ({**EMAIL, "case": "none"}, "/case"),
    "subject": (
        {**EMAIL, "external_id": "X", "value": "x@example.org", "subjects": [{"external_id": "none"}]},
        "/subjects/0/external_id",
    ),
    "other_key": ({**EMAIL, "external_id": "X"}, "/external_id"),
    "other_kind": ({**EMAIL, "kind": "domain", "value": "example.org"}, "/kind"),
    "held_already": ({**EMAIL, "external_id": "I4"}, "/value"),
    "fixed": ({**CASE, "reference": "other"}, "/reference"),
    "unknown": ({"type": "withdrawal", "of": "case", "external_id": "none", "reason": "R"}, "/external_id"),
    "codelist": ({"type": "withdrawal", "of": "identifier", "case": "C1", "external_id": "I1", "reason": "so"}, "/reason"),
}


def test_each_bad_line_is_reported_with_its_rule_and_pointer_and_the_others_are_kept(world):
    sent(world, *FILE, {**EMAIL, "external_id": "I4", "value": "fourth@example.org"})
    job = sent(world, ndjson(*(line for line, _ in BAD.values()), {**EMAIL, "external_id": "I5", "value": "good@example.org"}))
    told = report(world, job)
    assert [(one["line"], one["faults"] and [(f["rule"], f["pointer"]) for f in one["faults"]]) for one in told] == [
        *((number, [(rule, pointer)]) for number, (rule, (_, pointer)) in enumerate(BAD.items(), 1)), (len(BAD) + 1, None),
    ]  # fmt: skip
    assert (told[-1]["outcome"], {one["outcome"] for one in told[:-1]}) == ("stored", {"refused"})
    assert "example.org" not in json.dumps(told)


def counted(owner):
    """How many rows there are of what lines can make."""
    tables = ("cases", "case_access", "subjects", "identifiers", "imported_rows", "import_chunks", "registered_values", "quota_use")
    counts = [f"select count(*) from {table}" for table in tables]
    counts += ["select count(*) from import_lines where sealed is not null"]
    counts += [
        "select count(*) from journal_entries where action in ('case.registered', 'subject.added', 'identifiers.registered')"
    ]
    with owner.cursor() as cursor:
        return [cursor.execute(count) or cursor.fetchone() for count in counts]


def test_a_dry_run_reports_the_same_and_stores_nothing(world, owner, monkeypatch):
    monkeypatch.setattr(running, "MOST_LINES", 2)
    before = counted(owner)
    bad = {**EMAIL, "external_id": "I7", "subjects": [{"external_id": "none"}]}
    job = sent(world, *FILE, bad, {**CASE, "title": "Other"}, query="?dry_run=true")
    told = state(world, job)
    assert (told["dry_run"], told["state"], told["stored"], told["updated"], told["refused"]) == (True, "finished", 5, 1, 1), (
        report(world, job)
    )
    assert counted(owner) == before
    assert outcomes(world, sent(world, *FILE)) == ["stored"] * 5


CSV = b'\xef\xbb\xbfAkte,Nummer,Art,Wert,"Land, ISO"\r\nC1,I1,phone,"+31612345678",NL\r\nC1,I2,passport,XR1234567,NL\r\nC1,I3,email,\xff@example.org,\r\nC1,I4\r\nC1,I5,email,owl@example.org,\r\n'
COLUMNS = {
    "type": "identifier",
    "columns": {"Akte": "case", "Nummer": "external_id", "Art": "kind", "Wert": "value", "Land, ISO": "context.country"},
}


def test_a_csv_file_is_read_by_its_declared_mapping(world):
    sent(world, CASE)
    query = "?" + urlencode({"mapping": json.dumps(COLUMNS)})
    job = sent(world, CSV, query=query, Content_Type="text/csv")
    told = report(world, job)
    assert [(one["line"], one["outcome"], one["faults"] and one["faults"][0]["rule"]) for one in told] == [
        (2, "stored", None), (3, "stored", None), (4, "refused", "utf8"), (5, "refused", "columns"), (6, "stored", None),
    ]  # fmt: skip
    people = b"Key;Case;Subjects;Name;Born\nP1;C1;S1;Night Heron;1980-01-01;\n"
    persons = {
        "type": "person",
        "delimiter": ";",
        "columns": {
            "Key": "external_id",
            "Case": "case",
            "Subjects": "subjects",
            "Name": "person.full_name",
            "Born": "person.birth_dates",
        },
    }
    sent(world, SUBJECT)
    job = sent(
        world, people.replace(b";\n", b"\n"), query="?" + urlencode({"mapping": json.dumps(persons)}), Content_Type="text/csv"
    )
    assert outcomes(world, job) == ["stored"]


@pytest.mark.parametrize("mapping", [None, "x", "[]"])
def test_a_csv_file_without_a_usable_mapping_is_refused(world, mapping):
    answer = send(world, CSV, query="?" + urlencode({"mapping": mapping}) if mapping else "", Content_Type="text/csv")
    assert (answer.status_code, answer.json["errors"][0]["pointer"], answer.json["errors"][0]["in"]) == (422, "/mapping", "query")


def test_a_csv_file_without_a_column_of_the_mapping_is_refused(world):
    answer = send(world, b"a,b\n1,2\n", query="?" + urlencode({"mapping": json.dumps(COLUMNS)}), Content_Type="text/csv")
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/broken-file")


def test_a_compressed_file_is_read_and_a_damaged_one_stores_nothing(world):
    whole = gzip.compress(ndjson(*FILE[:2])) + gzip.compress(ndjson(*FILE[2:]))
    assert outcomes(world, sent(world, whole, Content_Encoding="gzip")) == ["stored"] * 5
    for broken in (whole[:-9], whole[:20], b"no gzip", whole[:30] + b"x" * 20 + whole[50:], b""):
        answer = send(world, broken, Content_Encoding="gzip")
        assert (answer.status_code, answer.json["type"]) == (422, "/problems/broken-file")
    assert send(world, b"").json["type"] == "/problems/broken-file"
    assert len(world.as_("system").get("/imports").json["items"]) == 1


def test_a_file_that_expands_too_much_is_refused_before_it_is_expanded(world, monkeypatch):
    bomb = gzip.compress(b"\n" * 50_000_000)
    given = []
    seen = staging.limited
    monkeypatch.setattr(staging, "limited", lambda pieces: (given.append(len(one)) or one for one in seen(pieces)))
    answer = send(world, bomb, Content_Encoding="gzip")
    assert (answer.status_code, answer.json["type"]) == (413, "/problems/file-too-large")
    assert sum(given) < staging.EXPANSION * len(bomb) + 2_000_000
    monkeypatch.setattr(staging, "LARGEST_FILE", 1000)
    assert send(world, ndjson({**CASE, "title": "x" * 1000})).status_code == 413


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Content_Type": "image/png"}, 415), ({"Content_Type": "application/json"}, 415), ({"Content_Encoding": "br"}, 415)],
)
def test_other_content_is_refused(world, headers, status):
    assert send(world, b"{}\n", **headers).status_code == status


def emails(count, case="C1", name="bird"):
    return [{**EMAIL, "case": case, "external_id": f"{name}-{n}", "value": f"{name}-{n}@example.org"} for n in range(count)]


def test_the_answer_to_a_file_has_the_quotas_that_its_values_will_use(world):
    answer = send(world, CASE, *emails(3))
    assert answer.headers["RateLimit-Policy"].startswith('"hour";q=')
    left = [int(part.split("r=")[1].split(";")[0]) for part in answer.headers["RateLimit"].split(", ")]
    again = send(world, CASE)
    assert [int(part.split("r=")[1].split(";")[0]) for part in again.headers["RateLimit"].split(", ")] == [one - 3 for one in left]


def test_at_the_quota_an_import_waits_and_goes_on_by_itself_in_the_next_hour(world, owner):
    world.clock.at("2026-11-28T10:30:00Z")
    quotas = [7, 100, 100, 100]
    abuse_controls.set_quota(world.app.extensions["coopapi"].database, world.authorities["nl"], quotas, None, "test")
    job = sent(world, CASE, *emails(10))
    told = state(world, job)
    assert (told["state"], told["stored"], told["waits_until"][:16]) == ("waiting_for_quota", 8, "2026-11-28T11:00")
    assert told["seconds_left"] is None
    later = sent(world, *emails(1, name="owl"))
    assert state(world, later)["state"] == "queued"
    with owner.cursor() as cursor:
        cursor.execute("select used from quota_use where policy = 'hour' and used > 0")
        assert cursor.fetchall() == [(7,), (7,)]
    world.clock.forward(minutes=29)
    world.work()
    assert state(world, job)["stored"] == 8
    world.clock.forward(minutes=2)
    world.work()
    told = state(world, job)
    assert (told["state"], told["stored"], told["waits_until"]) == ("finished", 11, None)
    assert state(world, later)["state"] == "finished"
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from registered_values")
        assert cursor.fetchone() == (11,)


def test_the_import_of_a_client_that_may_not_go_on_is_stopped_and_its_bytes_are_gone(world, idle, owner, monkeypatch):
    monkeypatch.setattr(running, "MOST_LINES", 3)
    job = sent(world, CASE, *emails(5))
    assert running.import_once(idle)
    ended = world.as_("admin").get(f"/authorities/{world.authorities['nl']}/people").json["items"]
    (me,) = [one for one in ended if one["name"] == "system"]
    stopped = world.as_("admin").patch(
        f"/authorities/{world.authorities['nl']}/people/{me['id']}", {"active": False}, If_Match=f'"{me["etag"]}"'
    )
    assert stopped.status_code == 200, stopped.json
    assert running.import_once(idle)
    assert not running.import_once(idle)
    told = state(world, job, "investigator")
    assert (told["state"], told["state_reason"], told["read"], told["stored"]) == ("stopped", "client_revoked", 3, 3)
    with owner.cursor() as cursor:
        cursor.execute("select count(*), (select count(wrapped) from imports) from import_chunks")
        assert cursor.fetchone() == (0, 0)
        cursor.execute("select authority_id, detail from journal_entries where action = 'import.stopped'")
        assert cursor.fetchall() == [(str(world.authorities["nl"]), {"reason": "client_revoked"})]


def test_an_import_is_shown_to_its_client_and_the_investigators_of_its_authority_alone(world, owner):
    job = sent(world, *FILE)
    for who in ("system", "investigator", "colleague"):
        assert state(world, job, who)["stored"] == 5
        assert len(report(world, job, who)) == 5
        assert [one["id"] for one in world.as_(who).get("/imports").json["items"]] == [job]
    with owner.cursor() as cursor:
        cursor.execute("update principals set roles = '{system}' where subject = 'central'")
    for who in ("foreign", "romanian", "central"):
        for path in (f"/imports/{job}", f"/imports/{job}/report"):
            assert world.as_(who).get(path).status_code == 404
        assert world.as_(who).get("/imports").json["items"] == []
    for who in ("prosecutor", "analyst", "auditor", "admin", "desk"):
        assert {world.as_(who).get(f"/imports{path}").status_code for path in ("", f"/{job}", f"/{job}/report")} == {403}
    assert send(world, *FILE, who="investigator").status_code == 403


def test_a_report_is_gone_after_thirty_days(world, owner):
    job = sent(world, *FILE)
    world.clock.forward(days=29)
    assert len(report(world, job)) == 5
    world.clock.forward(days=2)
    assert report(world, job) == []
    assert running.forget(world.app.extensions["coopapi"].database)
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from import_lines")
        assert cursor.fetchone() == (0,)


def test_the_rows_of_one_client_are_a_conflict_for_another(world, owner):
    sent(world, *FILE)
    with owner.cursor() as cursor:
        cursor.execute("update principals set roles = '{system}' where subject = 'central'")
    job = sent(world, {**CASE, "title": "Other"}, EMAIL, *emails(1), who="central")
    assert [(one["outcome"], one["faults"] and one["faults"][0]["rule"]) for one in report(world, job, "central")] == [
        ("conflict", "not_imported"), ("conflict", "not_imported"), ("stored", None),
    ]  # fmt: skip


def test_the_same_key_makes_one_import_and_another_file_with_it_is_refused(world):
    first, again = (sent(world, *FILE, Idempotency_Key="k") for _ in range(2))
    assert first == again
    assert send(world, *FILE[:2], Idempotency_Key="k").json["type"] == "/problems/key-reused"
    assert len(world.as_("system").get("/imports").json["items"]) == 1


def test_lines_about_the_same_row_take_effect_in_their_order(world):
    lines = [
        CASE,
        EMAIL,
        {**EMAIL, "value": "second@example.org"},
        {**EMAIL, "case": "C2", "external_id": "J1", "value": "early@example.org"},
    ]
    lines += [
        {**CASE, "external_id": "C2", "reference": "R-2"},
        {**EMAIL, "case": "C2", "external_id": "J2", "value": "late@example.org"},
    ]
    lines += [{"type": "withdrawal", "of": "identifier", "case": "C1", "external_id": "I1", "reason": "inaccurate"}]
    assert outcomes(world, sent(world, *lines)) == ["stored", "stored", "updated", "refused", "stored", "stored", "withdrawn"]


def test_a_value_is_free_for_the_lines_after_its_withdrawal(world):
    freed = {"type": "withdrawal", "of": "identifier", "case": "C1", "external_id": "I1", "reason": "inaccurate"}
    sent(world, CASE, EMAIL)
    job = sent(world, freed, {**EMAIL, "external_id": "I2"}, {**CASE, "external_id": "C2", "reference": "R-2"})
    assert ruled(world, job) == [("withdrawn", None), ("stored", None), ("stored", None)]
    taken = sent(world, {**EMAIL, "external_id": "I3"}, {**freed, "external_id": "I2"})
    assert ruled(world, taken) == [("refused", "other_key"), ("withdrawn", None)]


def test_identifiers_of_hidden_cases_stay_hidden_and_wait_for_a_person_where_nobody_decided(world, owner):
    world.hold("romanian", world.case("romanian"), "bird-0@example.org", "owl-0@example.org")
    with owner.cursor() as cursor:
        cursor.execute("update principals set kind = 'client' where subject = 'system'")
    decided = world.case("investigator", "R-H", visibility="hidden", external_id="H1")
    asked = world.case("system", "R-W", visibility="hidden", visibility_reason="covert", external_id="H2")
    job = sent(world, *emails(2, case="H1"), *emails(2, case="H2", name="owl"))
    assert outcomes(world, job) == ["stored"] * 4
    with owner.cursor() as cursor:
        cursor.execute("select count(distinct identifier_id) from holdings where case_id = %s and hidden", (decided,))
        assert cursor.fetchone() == (2,)
        cursor.execute("select count(*) from holdings where case_id = %s", (asked,))
        assert cursor.fetchone() == (0,)
        cursor.execute("select count(distinct identifier_id) from pending_holdings where case_id = %s", (asked,))
        assert cursor.fetchone() == (2,)
        cursor.execute("select policy, max(used) from quota_use where used > 0 group by 1 order by 1")
        assert dict(cursor.fetchall())["hidden-hour"] == 4
    me = world.as_("investigator")
    version = me.get(f"/cases/{asked}").json["etag"]
    assert me.post(f"/cases/{asked}/transitions", {"event": "refuse_hidden"}, If_Match=f'"{version}"').status_code == 200
    assert len(world.overlaps("investigator", asked)) == 1


def test_an_import_and_registrations_in_the_same_cases_do_not_block_each_other_for_good(world, idle, monkeypatch):
    monkeypatch.setattr(running, "MOST_LINES", 20)
    case = world.case("system", "R-C", external_id="C1")
    sent(world, *emails(200))
    answers = []

    def register(name):
        for number in range(8):
            value = {"kind": "email", "value": f"{name}-{number}@example.org", "external_id": f"{name}-{number}"}
            answers.append(world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [value]}).status_code)

    threads = [threading.Thread(target=register, args=(name,)) for name in ("owl", "crow")]
    [thread.start() for thread in threads]
    while running.import_once(idle):
        pass
    [thread.join() for thread in threads]
    assert answers == [201] * 16
    (job,) = world.as_("system").get("/imports").json["items"]
    assert (job["state"], job["stored"]) == ("finished", 200)


def test_a_case_that_two_clients_import_at_once_is_stored_once(world, idle, owner, monkeypatch):
    with owner.cursor() as cursor:
        cursor.execute("update principals set roles = '{system}' where subject = 'central'")
    monkeypatch.setattr(running, "MOST_LINES", 2)
    other = {**CASE, "external_id": "C0", "reference": "R-0"}
    job, others, open_cases = sent(world, other, *emails(1, "C0"), CASE, EMAIL), [], storing.cases.open_cases
    assert running.import_once(idle)

    def meanwhile(*asked, **how):
        if not others:
            others.append(sent(world, CASE, EMAIL, who="central"))
            assert running.import_once(idle)
        return open_cases(*asked, **how)

    monkeypatch.setattr(storing.cases, "open_cases", meanwhile)
    while running.import_once(idle):
        pass
    assert [one["outcome"] for one in report(world, others[0], "central")] == ["stored", "stored"]
    assert [(one["outcome"], one["faults"] and one["faults"][0]["rule"]) for one in report(world, job)][2:] == [
        ("conflict", "not_imported"), ("conflict", "not_imported"),
    ]  # fmt: skip
    with owner.cursor() as cursor:
        cursor.execute(
            "select count(external_id), (select count(*) from identifiers), (select count(*) from imported_rows) from cases"
        )
        assert cursor.fetchone() == (2, 2, 4)


def test_an_import_whose_bytes_are_damaged_is_stopped_and_the_next_one_goes_on(world, idle, owner):
    broken, whole = sent(world, *FILE), sent(world, *FILE)
    with owner.cursor() as cursor:
        cursor.execute("update import_chunks set sealed = 'x' where import_id = %s", (broken,))
    world.work()
    told = state(world, broken)
    assert (told["state"], told["state_reason"], told["read"]) == ("stopped", "failed", 0)
    assert (state(world, whole)["state"], state(world, whole)["stored"]) == ("finished", 5)


def statements_for(world, idle, cases, name):
    """How many statements the portion of new lines sends."""
    lines = []
    for n in range(cases):
        key = f"{name}-{n}"
        lines += [
            {**CASE, "external_id": key, "reference": key},
            {**SUBJECT, "case": key},
            {**PERSON, "case": key},
            *emails(5, case=key, name=key),
        ]
    sent(world, *lines)
    return statements_of(idle)


def statements_of(idle):
    """How many statements the next portion takes."""
    with statements_sent(idle.engine) as statements:
        assert running.import_once(idle)
    assert not running.import_once(idle)
    return len(statements)


def test_new_lines_are_stored_in_as_many_statements_however_many_they_are(world, idle):
    few, many = (statements_for(world, idle, cases, f"n{cases}") for cases in (2, 100))
    assert few == many < 35


def several_cases(count, name):
    """Lines of as many cases, each with two subjects, an identifier, another one of both subjects and a fact."""
    lines = []
    for n in range(count):
        key = f"{name}{n}"
        lines += [
            {**CASE, "external_id": key, "reference": key},
            {**SUBJECT, "case": key},
            {**SUBJECT, "case": key, "external_id": "S2", "pseudonym": "P2"},
            {**EMAIL, "case": key, "value": f"{key}@example.org"},
            {**OWNED, "case": key, "value": f"+316123456{n:02}", "subjects": [{"external_id": "S1"}, {"external_id": "S2"}]},
            {**FACT, "case": key},
        ]
    return lines


def corrected(line):
    """A line that says something else about the same row."""
    return line | {
        "case": {"title": "Another title", "desk": "none"},
        "subject": {"category": "victim", "age_status": "adult"},
        "identifier": {"source": "another source"},
        "fact": {"confidence": "high", "subjects": [{"external_id": "S2"}], "identifiers": [{"external_id": "I2"}]},
    }.get(line["type"], {})


def withdrawn(line):
    """A line that withdraws a row."""
    reason = "opened by mistake" if line["type"] == "case" else "inaccurate"
    kept = {name: line[name] for name in ("case", "external_id") if name in line}
    return {"type": "withdrawal", "of": line["type"], "reason": reason, **kept}


def of_type(lines, *types):
    return [line for line in lines if line["type"] in types]


CHANGES = {
    "cases are corrected": lambda lines: [corrected(line) for line in of_type(lines, "case")],
    "subjects are corrected": lambda lines: [corrected(line) for line in of_type(lines, "subject")],
    "facts are corrected": lambda lines: [corrected(line) for line in of_type(lines, "fact")],
    "identifiers and facts are withdrawn": lambda lines: [withdrawn(line) for line in of_type(lines, "identifier", "fact")],
    "cases are withdrawn": lambda lines: [withdrawn(line) for line in of_type(lines, "case")],
}


@pytest.mark.parametrize("change", CHANGES)
def test_however_many_rows_are_changed_as_many_statements_are_sent(world, idle, change):
    def taken(count):
        lines = several_cases(count, f"{count}-")
        sent(world, *lines)
        while running.import_once(idle):
            pass
        said = CHANGES[change](lines)
        job = sent(world, *said)
        number = statements_of(idle)
        assert outcomes(world, job) == ["withdrawn" if said[0]["type"] == "withdrawal" else "updated"] * len(said)
        return number

    assert taken(2) == taken(40) < 40


def statements_to_correct(world, idle, count):
    key = f"u{count}"
    mails = [{**EMAIL, "case": key, "external_id": f"E{n}", "value": f"{key}-{n}@example.org"} for n in range(count)]
    sent(world, {**CASE, "external_id": key, "reference": key}, *mails)
    assert running.import_once(idle)
    assert not running.import_once(idle)
    job = sent(world, *({**one, "value": f"new-{one['value']}"} for one in mails))
    taken = statements_of(idle)
    assert state(world, job)["updated"] == count
    return taken


def test_corrections_of_a_case_take_as_many_statements_however_many_they_are(world, idle):
    few, many = (statements_to_correct(world, idle, count) for count in (2, 100))
    assert few == many


def test_the_versions_of_identifiers_follow_when_several_of_their_subjects_become_victims_at_once(world, owner):
    with owner.cursor() as cursor:
        cursor.execute("update principals set victim_cleared = true where subject = 'system'")
    lines = several_cases(2, "C")
    sent(world, *lines)
    job = sent(world, *(corrected(line) for line in of_type(lines, "subject")))
    assert outcomes(world, job) == ["updated"] * 4
    job = sent(world, *({**line, "source": "a register"} for line in of_type(lines, "identifier")))
    assert outcomes(world, job) == ["updated"] * 4, report(world, job)


def test_a_change_of_a_category_reads_no_identifiers_of_the_case(world, idle, owner):
    with owner.cursor() as cursor:
        cursor.execute("update principals set victim_cleared = true where subject = 'system'")
    sent(world, *several_cases(1, "C"))
    while running.import_once(idle):
        pass
    job = sent(world, *(corrected(line) for line in of_type(several_cases(1, "C"), "subject")))
    with statements_sent(idle.engine) as statements:
        assert running.import_once(idle)
    assert state(world, job)["updated"] == 2
    assert not [one for one in statements if "imported_rows" in one and "identifier" in one]


def test_an_identifier_that_a_person_changed_stays_a_conflict_when_its_subject_becomes_a_victim(world, owner):
    with owner.cursor() as cursor:
        cursor.execute("update principals set victim_cleared = true where subject in ('system', 'investigator')")
    lines = several_cases(1, "C")
    sent(world, *lines)
    me = world.as_("investigator")
    (case,) = me.get("/cases?external_id=C0").json["items"]
    (phone,) = me.get(f"/cases/{case['id']}/identifiers?external_id=I2").json["items"]
    path = f"/cases/{case['id']}/identifiers/{phone['id']}"
    assert me.patch(path, {"source": "a person"}, If_Match=f'"{phone["etag"]}"').status_code == 200
    sent(world, *(corrected(line) for line in of_type(lines, "subject")))
    job = sent(world, *(withdrawn(line) for line in of_type(lines, "identifier")))
    assert ruled(world, job) == [("withdrawn", None), ("conflict", "changed_since")]


def test_a_line_that_may_not_change_its_row_holds_up_no_other(world):
    lines = several_cases(4, "C")
    sent(world, *lines, {**OWNED, "external_id": "I9", "kind": "domain", "value": "example.org", "case": "C1"})
    used, hidden_from_the_client = (case_named(world, key) for key in ("C2", "C3"))
    proposed(world, origin=("case", used), guests=("fr",))
    overlapping(world, hidden_from_the_client, category="victim")
    world.asked("prosecutor", hidden_from_the_client)
    job = sent(world, *({**line, "category": "witness"} for line in of_type(lines, "subject") if line["external_id"] == "S1"))
    assert ruled(world, job) == [("updated", None), ("conflict", "category_conflict"), ("updated", None), ("updated", None)]
    job = sent(world, *(withdrawn(line) for line in of_type(lines, "case")))
    assert ruled(world, job) == [
        ("withdrawn", None), ("withdrawn", None), ("conflict", "case_is_in_use"), ("conflict", "more_than_you_see"),
    ]  # fmt: skip


def case_named(world, key):
    return world.as_("system").get(f"/cases?external_id={key}").json["items"][0]["id"]


def ruled(world, job):
    return [(one["outcome"], one["faults"] and one["faults"][0]["rule"]) for one in report(world, job)]


def told_of_imports(world, who):
    items = world.as_(who).get("/events?limit=200").json["items"]
    return [(one["action"], one["object_id"]) for one in items if one["object_type"] == "import"]


def test_the_client_of_an_import_and_the_investigators_of_its_authority_are_told_of_it(world):
    job = sent(world, CASE)
    expected = [("import.received", job), ("import.finished", job)]
    assert {who: told_of_imports(world, who) for who in ("system", "colleague", "investigator", "foreign", "romanian")} == {
        "system": expected,
        "colleague": expected,
        "investigator": expected,
        "foreign": [],
        "romanian": [],
    }


def test_another_client_of_the_authority_is_not_told_of_an_import(world, owner):
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into principals (id, version, authority_id, kind, issuer, subject, name, roles, victim_cleared, active, created_at)"
            " select gen_random_uuid(), 1, authority_id, kind, issuer, 'other_system', name, roles, victim_cleared, active, created_at"
            " from principals where subject = 'system'"
        )
    sent(world, CASE)
    assert told_of_imports(world, "other_system") == []


def test_two_pseudonyms_that_are_the_same_when_folded_are_a_conflict_and_stop_nothing(world):
    subject = {"type": "subject", "case": "C1", "category": "suspect"}
    pair = [{**subject, "external_id": f"S{n}", "pseudonym": name} for n, name in enumerate(("Ana", "ana", "Bo"))]
    job = sent(world, CASE, *pair)
    assert [(one["outcome"], one["faults"] and one["faults"][0]["rule"]) for one in report(world, job)[1:]] == [
        ("stored", None), ("conflict", "pseudonym_taken"), ("stored", None),
    ]  # fmt: skip
