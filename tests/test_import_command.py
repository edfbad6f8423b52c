"""`coopapi import` against a running service: a file in parts, an interruption, what it says, and what it leaves behind."""

import gzip
import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from registers import provisioned
from serving import PATIENCE, served
from test_imports import BAD, CASE, FILE, emails, ndjson

from coopapi.http import middleware
from coopapi.imports.schemas import ImportOut
from coopapi.ops import administration, import_command


@pytest.fixture(scope="module")
def running(postgres, migrated, tmp_path_factory):
    """A service with its worker, and the credentials of a machine client."""
    folder = tmp_path_factory.mktemp("importing")
    with provisioned(postgres, folder) as (environment, database):
        home = administration.add_authority(database, {"name": "Police", "type": "police_unit", "country": "NL"})
        client = administration.provide_client(database, home, {"name": "System", "roles": ["system"], "victim_cleared": False})
        with served(environment, folder, WORKERS=1, SPOOL_MB=100) as service:
            yield service, client, database


@pytest.fixture
def command(running):
    """Run the command; its exit status and what it printed."""
    service, client, _ = running

    def run(file, *options, secret=client.secret, **more):
        words = [str(file), "--to", f"http://127.0.0.1:{service.port}/", "--client-id", str(client.id), *options]
        return CliRunner().invoke(import_command.import_file, words, env={"COOPAPI_CLIENT_SECRET": secret}, **more)

    return run


def lines_of(prefix, count=40):
    case = {**CASE, "external_id": prefix, "reference": prefix}
    return [case, *emails(count, case=prefix, name=prefix)]


def test_a_file_in_parts_goes_on_after_an_interruption_and_sends_no_part_twice(command, tmp_path, monkeypatch):
    file = tmp_path / "cases.ndjson.gz"
    file.write_bytes(gzip.compress(ndjson(*lines_of("A"))))
    monkeypatch.setattr(import_command, "PART_LINES", 10)
    sent, wait = [], import_command.wait_for
    seen = import_command.Register.send

    def counting(self, method, path, *more, **headers):
        sent.extend([headers["Idempotency-Key"]] if method == "POST" else [])
        return seen(self, method, path, *more, **headers)

    def interrupted(register, job, tell):
        if len(sent) == 3:
            raise KeyboardInterrupt
        return wait(register, job, tell)

    monkeypatch.setattr(import_command.Register, "send", counting)
    monkeypatch.setattr(import_command, "wait_for", interrupted)
    stopped = command(file)
    assert (stopped.exit_code, stopped.exception and stopped.exc_info[0]) == (1, SystemExit), stopped.exc_info
    state = json.loads((tmp_path / "cases.ndjson.gz.coopapi-import").read_text())
    assert [bool(part["import"]) for part in state["parts"]] == [True, True, True]
    assert "example.org" not in json.dumps(state)
    monkeypatch.setattr(import_command, "wait_for", wait)
    done = command(file)
    assert (done.exit_code, done.stdout) == (0, "41 stored, 0 updated, 0 withdrawn, 0 unchanged, 0 refused, 0 conflicts\n"), (
        done.output
    )
    assert len(sent) == len(set(sent)) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["cases.ndjson.gz"]
    assert command(file).stdout == "0 stored, 0 updated, 0 withdrawn, 41 unchanged, 0 refused, 0 conflicts\n"


def test_lines_that_are_refused_are_named_with_their_place_in_the_whole_file(command, tmp_path, monkeypatch):
    file, report = tmp_path / "bad.ndjson", tmp_path / "report"
    file.write_bytes(ndjson(*lines_of("B", 14), BAD["one_of"][0], BAD["unknown_case"][0]))
    monkeypatch.setattr(import_command, "PART_LINES", 10)
    rehearsed = command(file, "--dry-run")
    assert (rehearsed.exit_code, "line 16 refused: one_of /type" in rehearsed.stderr) == (1, True), rehearsed.output
    done = command(file, "--report", str(report))
    assert (done.exit_code, done.stdout) == (1, "15 stored, 0 updated, 0 withdrawn, 0 unchanged, 2 refused, 0 conflicts\n")
    assert [(one["line"], one["faults"][0]["rule"]) for one in map(json.loads, report.read_text().splitlines())] == [
        (16, "one_of"), (17, "unknown_case"),
    ]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_csv_file_is_sent_in_parts_with_its_header(command, tmp_path, monkeypatch, delimiter):
    case = f"D{delimiter}"
    (tmp_path / "cases.ndjson").write_bytes(ndjson({**CASE, "external_id": case, "reference": case}))
    assert command(tmp_path / "cases.ndjson").exit_code == 0
    file, mapping = tmp_path / "values.csv", tmp_path / "mapping.json"
    rows = "".join(f'{n},"bird-{n}@example.org","a\nnote"\n\n' for n in range(5))
    file.write_text(("Number,Address,Source\n" + rows + '8,"no"t,x\n9,no address,x\n').replace(",", delimiter))
    columns = {"Number": "external_id", "Address": "value", "Source": "source"}
    said = {"type": "identifier", "columns": columns, "values": {"case": case, "kind": "email"}, "delimiter": delimiter}
    mapping.write_text(json.dumps(said))
    monkeypatch.setattr(import_command, "PART_LINES", 4)
    done = command(file, "--mapping", str(mapping))
    assert done.stdout == "5 stored, 0 updated, 0 withdrawn, 0 unchanged, 2 refused, 0 conflicts\n", done.output
    assert ("line 17 refused: csv" in done.stderr, "line 18 refused: email /value" in done.stderr) == (True, True), done.stderr


def test_a_compressed_file_is_known_by_its_content_and_a_damaged_one_is_named(command, tmp_path):
    file = tmp_path / "cases"
    file.write_bytes(gzip.compress(ndjson(*lines_of("E", 3))))
    assert command(file).stdout.startswith("4 stored")
    for broken in (gzip.compress(b"x" * 1000)[:-9], gzip.compress(b"x" * 1000)[:12] + b"x" * 40):
        file.write_bytes(broken)
        ended = command(file)
        assert (ended.exit_code, "damaged or incomplete" in ended.stderr) == (1, True), ended.output


@pytest.mark.parametrize("said", ["{", "[]", '{"delimiter": "::"}', '{"delimiter": []}'])
def test_a_declaration_of_columns_that_cannot_be_read_is_named(command, tmp_path, said):
    file, mapping = tmp_path / "values.csv", tmp_path / "mapping.json"
    file.write_text("A\n1\n")
    mapping.write_text(said)
    ended = command(file, "--mapping", str(mapping))
    assert (ended.exit_code, "must be a JSON object" in ended.stderr) == (2, True), ended.output


def test_a_report_that_cannot_be_written_is_named_before_anything_is_sent(command, tmp_path):
    file = tmp_path / "cases.ndjson"
    file.write_bytes(ndjson(*lines_of("F", 1)))
    ended = command(file, "--report", str(tmp_path / "none" / "report"))
    assert (ended.exit_code, "cannot be written" in ended.stderr) == (2, True), ended.output
    assert command(file).stdout.startswith("2 stored")


def test_what_was_stopped_is_sent_again_and_files_with_similar_names_stay(command, tmp_path, monkeypatch):
    file, similar = tmp_path / "cases.ndjson", tmp_path / "cases.ndjson.new"
    file.write_bytes(ndjson(*lines_of("G", 3)))
    similar.write_text("of somebody else")
    with monkeypatch.context() as patched:
        patched.setattr(import_command, "wait_for", lambda *_: {"state": "stopped", "state_reason": "client_revoked"})
        ended = command(file)
    assert (ended.exit_code, "lost a right" in ended.stderr) == (1, True), ended.output
    sent, seen = [], import_command.Register.send

    def counting(self, method, path, *more, **headers):
        sent.extend([path] if method == "POST" else [])
        return seen(self, method, path, *more, **headers)

    monkeypatch.setattr(import_command.Register, "send", counting)
    assert (command(file).exit_code, sent) == (0, ["/api/v1/imports"])
    assert similar.read_text() == "of somebody else"


def test_what_its_client_stopped_is_not_sent_again_until_the_file_changes(command, tmp_path, monkeypatch):
    file = tmp_path / "cases.ndjson"
    file.write_bytes(ndjson(*lines_of("H", 3)))
    sent, seen = [], import_command.Register.send

    def counting(self, method, path, *more, **headers):
        sent.extend([path] if method == "POST" else [])
        return seen(self, method, path, *more, **headers)

    monkeypatch.setattr(import_command.Register, "send", counting)
    with monkeypatch.context() as patched:
        patched.setattr(import_command, "wait_for", lambda *_: {"state": "stopped", "state_reason": "asked"})
        first, second = command(file), command(file)
    assert (first.exit_code, first.stderr.splitlines()[-1]) == (1, second.stderr.splitlines()[-1])
    assert ("was stopped by its client" in first.stderr, "run this again" in first.stderr, len(sent)) == (True, False, 1), (
        first.output
    )
    file.write_bytes(ndjson(*lines_of("I", 2)))
    assert (command(file).exit_code, len(sent)) == (0, 2)


@pytest.mark.parametrize(("reason", "again"), [("failed", ["/api/v1/imports"]), ("asked", [])])
def test_no_part_is_sent_before_the_one_before_it_has_ended_well(command, tmp_path, monkeypatch, reason, again):
    file, done, seen, wait = tmp_path / "cases.ndjson", [], import_command.Register.send, import_command.wait_for
    file.write_bytes(ndjson(*lines_of(f"K-{reason}", 29)))
    monkeypatch.setattr(import_command, "PART_LINES", 10)

    def noting(self, method, path, *more, **headers):
        done.extend([path] if method == "POST" else [])
        return seen(self, method, path, *more, **headers)

    def waiting(*said):
        ended = wait(*said)
        done.append("ended")
        return ended

    monkeypatch.setattr(import_command.Register, "send", noting)
    with monkeypatch.context() as patched:
        patched.setattr(import_command, "wait_for", lambda *_: {"state": "stopped", "state_reason": reason})
        assert command(file).exit_code == 1
    assert done == ["/api/v1/imports"]
    done.clear()
    monkeypatch.setattr(import_command, "wait_for", waiting)
    assert command(file).exit_code == 0
    assert done == [*again, "ended", *["/api/v1/imports", "ended"] * 2]


def test_a_file_goes_on_after_an_upgrade_that_compresses_otherwise(command, tmp_path, monkeypatch):
    file, seen = tmp_path / "cases.ndjson", import_command.Register.send
    file.write_bytes(ndjson(*lines_of("L", 3)))

    def killed(self, method, path, *more, **headers):
        seen(self, method, path, *more, **headers)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(import_command.Register, "send", killed)
        patched.setattr(import_command, "_LEVEL", 9)
        assert command(file).exit_code == 1
    assert [part["import"] for part in json.loads((tmp_path / "cases.ndjson.coopapi-import").read_text())["parts"]] == [None]
    done = command(file)
    assert (done.exit_code, sum(int(part.split()[0]) for part in done.stdout.split(", ")[::3])) == (0, 4), done.output


def test_each_reason_for_which_an_import_is_stopped_has_words_of_its_own():
    assert import_command._STOPPED.keys() == set(ImportOut().fields["state_reason"].validate.choices)


def test_a_token_is_asked_for_again_while_the_register_is_busy(monkeypatch):
    said = [(503, {}), (200, {"access_token": "t", "expires_in": 600}), (503, {}), (200, {"id": "made"})]
    answers = iter(SimpleNamespace(status=status, data=json.dumps(body), headers={"Retry-After": "3"}) for status, body in said)
    pauses = []
    monkeypatch.setattr(import_command.time, "sleep", pauses.append)
    register = import_command.Register("http://register.test", "id", "secret", None)
    monkeypatch.setattr(register._pool, "request", lambda *_, **__: next(answers))
    assert (register.send("GET", "/api/v1/me"), pauses) == ({"id": "made"}, [3.0, 3.0])


def test_a_wrong_secret_or_none_is_said_in_one_line(command, tmp_path):
    file = tmp_path / "cases.ndjson"
    file.write_bytes(ndjson(*FILE))
    refused = command(file, secret="wrong")
    assert (refused.exit_code, refused.stderr.splitlines()[-1][:10]) == (1, "Error: 401")
    assert command(file, secret="").exit_code == 2


def test_a_body_beyond_the_limits_of_files_is_refused_while_it_arrives(running):
    service, *_ = running
    head = (
        b"POST /api/v1/imports HTTP/1.1\r\nHost: register.test\r\nContent-Type: application/x-ndjson\r\nAuthorization: Bearer x\r\n"
    )
    answer = service.talk(head + b"Content-Length: %d\r\n\r\n" % (middleware.LARGEST_UPLOAD + 1), patience=PATIENCE)
    assert answer.statuses == [413]
    large = middleware.LARGEST_BODY + 100_000
    answer = service.talk(head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % large, b"\n" * large)
    assert answer.statuses == [401]
