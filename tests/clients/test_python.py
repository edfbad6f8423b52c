"""The Python package: typed, and with the manners that it promises, against a running register."""

import gzip
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from jwt.algorithms import ECAlgorithm
from standardwebhooks.webhooks import Webhook

PAGE = (Path(__file__).parents[2] / "docs" / "clients.md").read_text()
CASE = {"title": "A case"}


def example(name):
    return re.search(rf"^<!-- run: {name} -->\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[1]


@pytest.fixture
def register(coopapi_client, live, faults):
    with coopapi_client.Client(faults.url, **live.credentials) as made:
        made.get_me()
        faults.reset()
        yield made


@pytest.fixture
def pauses(monkeypatch):
    """The pauses that were made, without waiting."""
    made = []
    monkeypatch.setattr("coopapi_client.transport.time.sleep", made.append)
    return made


def test_the_example_of_the_page_does_what_it_says(python_package, live, tmp_path):
    (tmp_path / ".coopapi-demo").mkdir()
    (tmp_path / ".coopapi-demo" / "client.json").write_text(json.dumps(live.credentials))
    (tmp_path / "example.py").write_text(example("python").replace("http://127.0.0.1:8000", live.url))
    environment = {**os.environ, "PYTHONPATH": str(python_package)}
    command = [sys.executable, "-W", "error", "example.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] in {"overlap: strong NL", "overlap: strong RO"}  # the example of the other package registers the same value
    assert said[-2:] == ["read: 2 of 2", "refused: 2 ['email']"]
    assert (tmp_path / "cursor").read_text()


def test_the_package_and_a_program_that_uses_it_are_typed(python_package, tmp_path):
    (tmp_path / "example.py").write_text(example("python"))
    (tmp_path / "wrong.py").write_text(
        "from coopapi_client import Client\n"
        "with Client('', '', client_secret='') as register:\n"
        "    register.open_case({'reference': 'A', 'titel': 'B'})\n"
        "    register.get_case('1')['stat']\n"
    )
    package = python_package / "coopapi_client"
    assert (package / "py.typed").exists()
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}/cache"]
    environment = {**os.environ, "MYPYPATH": str(python_package)}
    done = subprocess.run(
        [*command, package, "example.py", "wrong.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    faults = [line.split(": error: ")[0] for line in done.stdout.splitlines() if ": error: " in line]
    assert faults == ["wrong.py:3", "wrong.py:3", "wrong.py:4"], done.stdout + done.stderr


def test_a_token_that_is_refused_is_renewed_once(register, faults, coopapi_client):
    faults.reset("refuse")
    assert register.get_me()["role"] == "system"
    assert [one["path"] for one in faults.seen] == ["/api/v1/me", "/oauth/token", "/api/v1/me"]
    faults.reset("refuse", None, "refuse")
    with pytest.raises(coopapi_client.Unauthenticated):
        register.get_me()
    assert len(faults.seen) == 3


def test_a_token_is_renewed_before_it_expires(register, faults, monkeypatch):
    register.get_me()
    assert faults.sent("POST", "/oauth/token") == []
    later = sys.modules["coopapi_client.tokens"].time.monotonic() + 0.81 * 600
    monkeypatch.setattr("coopapi_client.tokens.time.monotonic", lambda: later)
    register.get_me()
    register.get_me()
    assert [one["path"] for one in faults.seen] == ["/api/v1/me", "/oauth/token", "/api/v1/me", "/api/v1/me"]


def test_a_client_signs_in_with_a_key_and_signs_anew_if_it_gets_no_answer(coopapi_client, live, faults, pauses):
    keyed = live.keyed
    faults.reset("lose")
    key = ECAlgorithm.from_jwk(keyed["key"])
    given = {"private_key": key, "key_id": "k1", "audience": keyed["audience"]}
    with coopapi_client.Client(faults.url, keyed["client_id"], **given) as register:
        assert register.get_me()["id"] == keyed["client_id"]
    assert len(faults.sent("POST", "/oauth/token")) == 2


def test_a_clock_that_is_wrong_is_named_when_the_token_is_refused(coopapi_client, live, faults):
    faults.reset("hour")
    with coopapi_client.Client(faults.url, live.credentials["client_id"], client_secret="wrong") as wrong:
        with pytest.raises(coopapi_client.Unauthenticated, match=r"is 3[56]\d\d seconds behind that of the register\. Set it"):
            wrong.get_me()
        with pytest.raises(coopapi_client.Unauthenticated) as refused:
            wrong.get_me()
    assert "clock" not in str(refused.value)


def test_a_post_that_was_not_answered_is_sent_again_with_its_key_and_makes_one_case(register, faults, pauses):
    faults.reset("lose", 503, "lose")
    reference = uuid4().hex
    made = register.open_case({"reference": reference, **CASE})
    keys = {one["headers"]["idempotency-key"] for one in faults.sent("POST", "/api/v1/cases")}
    assert (len(faults.seen), len(keys), len(pauses)) == (4, 1, 3)
    assert [case["id"] for case in register.list_cases(limit=200) if case["reference"] == reference] == [made["id"]]
    assert all(0.5 * 2**n <= 2 * pause <= 2**n for n, pause in enumerate(pauses))


def test_a_change_that_was_not_answered_is_not_repeated(register, faults, pauses, coopapi_client):
    case = register.open_case({"reference": uuid4().hex, **CASE})
    faults.reset("lose")
    with pytest.raises(coopapi_client.NoAnswer):
        register.update_case(case["id"], {"title": "New"}, read=case)
    assert (len(faults.seen), pauses) == (1, [])
    assert register.get_case(case["id"])["title"] == "New"


def test_the_register_is_given_the_time_that_it_asks_for(register, faults, pauses, coopapi_client):
    faults.reset(429, 503, retry_after=7)
    assert register.get_me()
    assert all(7 <= pause <= 7.7 for pause in pauses)
    assert len(pauses) == 2
    faults.reset(429, retry_after=3600)
    with pytest.raises(coopapi_client.TooMany) as refused:
        register.get_me()
    assert (refused.value.retry_after, len(faults.seen), len(pauses)) == (3600, 1, 2)
    faults.reset(*[503] * 6)
    with pytest.raises(coopapi_client.Unavailable):
        register.get_me()
    assert len(faults.seen) == 6


def test_a_change_of_an_older_version_is_refused(register, coopapi_client):
    case = register.open_case({"reference": uuid4().hex, **CASE})
    register.update_case(case["id"], {"title": "First"}, read=case)
    with pytest.raises(coopapi_client.Changed):
        register.update_case(case["id"], {"title": "Second"}, read=case)
    again = register.get_case(case["id"])
    assert register.update_case(case["id"], {"title": "Second"}, read=again)["title"] == "Second"
    with pytest.raises(ValueError, match="no ETag"):
        register.update_case(case["id"], {"title": "Third"}, read={})


def test_faults_say_where_they_are(register, coopapi_client):
    with pytest.raises(coopapi_client.Invalid) as refused:
        register.open_case({"reference": "", "countries": ["XX"]})
    problem = refused.value
    assert (problem.status, problem.type, problem.retry_after) == (422, "/problems/invalid-input", None)
    assert {"/reference", "/title"} <= set(problem.pointers)
    assert problem.request_id in str(problem)
    reference = uuid4().hex
    made = register.open_case({"reference": reference, **CASE})
    with pytest.raises(coopapi_client.Conflict) as there:
        register.open_case({"reference": reference, **CASE})
    assert there.value.document["existing"].endswith(made["id"])
    with pytest.raises(coopapi_client.NotFound):
        register.get_case("../me")


def test_a_list_is_read_to_its_end_in_pages(register, faults):
    made = [register.open_case({"reference": uuid4().hex, **CASE})["id"] for _ in range(3)]
    faults.reset()
    found = [case["id"] for case in register.list_cases(limit=1)]
    assert (len(found), set(made) <= set(found)) == (len(set(found)), True)
    assert len(faults.seen) == len(found)
    faults.reset()
    assert next(iter(register.list_cases(limit=1)))["id"] == made[-1]
    assert len(faults.seen) == 1
    (page, *_) = register.list_cases(limit=2).pages()
    assert len(page["items"]) == 2


def test_the_feed_goes_on_at_the_cursor_that_was_stored(register, pauses):
    feed = register.events(action="case.registered", wait=0)
    start = feed.cursor
    made = [register.open_case({"reference": uuid4().hex, **CASE})["id"] for _ in range(3)]
    handled, stored = [], start
    for event in feed:
        handled.append(event["case_id"])
        stored = feed.cursor
        if len(handled) == 2:
            break
    assert (handled, stored) == (made[:2], start), "the place moves with the last event of a page"
    again = register.events(stored, action="case.registered", wait=0)
    assert [event["case_id"] for event in again] == made
    assert list(register.events(again.cursor, action="case.registered", wait=0)) == []
    assert pauses == []


def test_the_feed_pauses_if_there_is_no_place_to_wait(register, faults, pauses):
    feed = register.events(action="case.registered")
    made = register.open_case({"reference": uuid4().hex, **CASE})
    faults.reset({"items": [], "next": feed.cursor, "complete": True}, retry_after=5)
    assert next(iter(feed))["case_id"] == made["id"]
    assert pauses == [5]


def test_an_import_is_waited_for_and_found_again_under_its_key(register, faults, tmp_path, pauses, monkeypatch):
    case = {"type": "case", "external_id": "I", "reference": "I", "title": "Imported"}
    emails = [{"type": "identifier", "case": "I", "external_id": str(n), "kind": "email", "value": v} for n, v in
              enumerate(("owl@example.org", "none"))]  # fmt: skip
    file = tmp_path / "cases.ndjson.gz"
    file.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in (case, *emails)).encode()))
    monkeypatch.undo()  # so that it waits indeed
    faults.reset("lose")
    sent = register.send_import(file, idempotency_key="nightly")
    told = []
    done = register.wait_for_import(sent["id"], told.append, every=0.1)
    assert (done["stored"], done["refused"], told[-1]) == (2, 1, done)
    assert register.send_import(file, idempotency_key="nightly")["id"] == sent["id"]
    (line,) = register.get_import_report(sent["id"], outcome="refused")
    assert (line["line"], line["faults"][0]["pointer"]) == (3, "/value")
    table = register.send_import(b"No;Address\n9;kite@example.org\n", mapping={
        "type": "identifier", "delimiter": ";", "columns": {"No": "external_id", "Address": "value"}, "values": {"case": "I", "kind": "email"},
    })  # fmt: skip
    assert register.wait_for_import(table["id"], every=0.1)["stored"] == 1
    dry = register.send_import([{**case, "external_id": "J", "reference": "J"}], dry_run=True)
    assert register.wait_for_import(dry["id"], every=0.1)["dry_run"] is True


@pytest.mark.parametrize("source", ["cases.ndjson", {"type": "case"}])
def test_what_is_neither_a_file_nor_lines_is_refused_before_it_is_sent(register, faults, source):
    with pytest.raises(TypeError, match="Path"):
        register.send_import(source)


def test_a_line_with_half_a_character_is_refused_alone(register):
    case = {"type": "case", "external_id": "H", "reference": "H", "title": "Half"}
    sent = register.send_import([{**case, "title": "\ud83d"}, case])
    done = register.wait_for_import(sent["id"], every=0.1)
    assert (done["stored"], done["refused"]) == (1, 1)


def test_a_message_is_verified(coopapi_client, webhook):
    secret, headers, body = webhook
    assert coopapi_client.verify_webhook(secret, headers, body)["type"] == "webhook.ping"
    names = {}
    exec(example("python_webhook"), names)
    stored = []
    names["store"] = lambda *about: stored.append(about)
    assert names["receive"](secret, headers, body) == 204
    assert len(stored) == 1
    assert names["receive"](secret, headers, body.replace(b"webhook.ping", b"webhook.pong")) == 400


@pytest.mark.parametrize("change", ["old", "new", "body", "id", "none", "garbled", "bytes", "secret"])
def test_a_message_that_is_not_right_is_refused(coopapi_client, webhook, change):
    secret, headers, body = webhook
    minutes = {"old": -6, "new": 6}.get(change)
    if minutes:
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        signature = Webhook(secret).sign(headers["webhook-id"], at, body.decode())
        headers = {**headers, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    changed = {
        "body": (secret, headers, body + b" "),
        "id": (secret, {**headers, "webhook-id": "other"}, body),
        "none": (secret, {}, body),
        "garbled": (secret, {**headers, "webhook-signature": "garbled"}, body),
        "bytes": (secret, headers, b"\xff"),
        "secret": ("whsec_" + "A" * 44, headers, body),
    }
    with pytest.raises(coopapi_client.UntrustedWebhook, match="clock" if minutes else None):
        coopapi_client.verify_webhook(*changed.get(change, (secret, headers, body)))
