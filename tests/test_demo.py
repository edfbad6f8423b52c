"""The demo, as a newcomer starts it: one command, the tours of the README and of docs/tour.md, a second start, Ctrl-C, kill -9, starting over."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

import pytest
import tour
import urllib3
from receiving import Server
from serving import PATIENCE, reserved_port, until
from standardwebhooks.webhooks import Webhook

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-c", "from coopapi.ops.cli import main; main()", "demo"]
NEEDLESS = {
    "/api/v1/me",
    "/api/v1/me/notifications",
    "/.well-known/jwks.json",
    "/api/v1/timelines",
    "/api/v1/graph",
}
"""What is no list, and what needs one of several parameters."""
ROLES = {"investigator", "prosecutor", "central_authority", "contact_point", "desk", "analyst", "system", "auditor", "admin"}


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="coopapi-demo-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def port():
    with reserved_port() as reserved:
        yield reserved


@pytest.fixture
def start(folder, port):
    """Start a demo; whatever is left of it is stopped when the test is over."""
    running = []

    def begin(*more, hook=None):
        running.append(launch(folder, port, *more, hook=hook))
        return running[-1], json.loads(running[-1].stdout.readline())

    yield begin
    for process in running:
        if process.poll() is None:
            stop(process)


def launch(folder, port, *more, hook=None):
    command = [*COMMAND, "--port", str(port), "--json", "--data-dir", str(folder / "data"), *more]
    narrow = {**os.environ, "COLUMNS": "40"}  # a terminal in which listings of processes are cut off
    narrow |= {"COOPAPI_WEBHOOK_ALLOW": f"127.0.0.1:{hook}"} if hook else {}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=narrow)


def stop(process, how=signal.SIGINT):
    process.send_signal(how)
    process.wait(PATIENCE)
    process.stdout.close()


def serves(pid):
    """Whether the process runs. One that has ended and waits for its parent does not."""
    command = ["ps", "-ww", "-p", pid, "-o", "stat=,command="]
    state = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return "gunicorn" in state and not state.startswith("Z")


def ask(told, path, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return urllib3.request("GET", told["base_url"] + path, headers=headers, retries=False)


def get(told, who, path):
    answer = ask(told, path, next(p["token"] for p in told["personas"] if p["name"] == who))
    assert answer.status == 200, answer.data
    return answer.json()


def cases(told):
    return {case["id"] for case in get(told, "Investigator Wren", "/api/v1/cases")["items"]}


def lists():
    """The addresses that list something and ask for nothing."""
    paths = json.loads((ROOT / "openapi" / "openapi.json").read_text())["paths"].items()
    figures = "/api/v1/statistics/"
    reads = {path: item["get"] for path, item in paths if "get" in item and "{" not in path and not path.startswith(figures)}
    asking = {path for path, read in reads.items() if any(p.get("required") for p in read.get("parameters", ()))}
    return reads.keys() - asking - NEEDLESS


def walk(folder, told):
    """Walk the tours as they are written; what they said."""
    shutil.copytree(ROOT / "docs", folder / "docs", dirs_exist_ok=True)
    line = f"U={told['base_url']}/api/v1 AS={folder / 'data' / 'as'}"
    done = subprocess.run(["bash", "-c", tour.script(line)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def integrate(folder, told):
    """Do as the page for integrators says, in an empty folder; what was said."""
    there = folder / "integrator"
    there.mkdir()
    line = f"U={told['base_url']}/api/v1 CLIENT={folder / 'data' / 'client.json'}"
    command = ["bash", "-c", tour.script(line, tour.INTEGRATING)]
    done = subprocess.run(command, cwd=there, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def receive(folder, told, port):
    """Do as the page about webhooks says; what was said, and the names of the messages that came."""
    there = folder / "receiver"
    there.mkdir()
    line = f"U={told['base_url']}/api/v1 AS={folder / 'data' / 'as'}"
    command = ["bash", "-c", tour.script(line, tour.WEBHOOKS).replace(":9000/", f":{port}/")]
    with Server(port, plain=True) as running:
        done = subprocess.run(command, cwd=there, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        until(lambda: running.receiver.taken)
        secret = json.loads((there / "webhook").read_text())["secret"]
        return done.stdout, [Webhook(secret).verify(got.body, got.headers)["type"] for got in running.receiver.taken]


def test_one_command_shows_two_countries_that_they_hold_the_same_perpetrator(folder, start, receiver_port):
    process, told = start(hook=receiver_port)
    assert told.keys() == {"base_url", "docs_url", "personas", "client"}
    assert all(p.keys() == {"name", "role", "authority", "country", "token"} for p in told["personas"])
    assert {p["role"] for p in told["personas"]} == ROLES
    overlaps = get(told, "Prosecutor Merle", "/api/v1/overlaps")["items"]
    assert [o["counterpart"]["authority"]["country"] for o in overlaps] == ["NL"]
    assert overlaps[0]["strength"] == "strong"
    assert ask(told, "/docs").status == 200

    tokens = [p["token"] for p in told["personas"]]
    answers = {path: [a.json() for t in tokens if (a := ask(told, path, t)).status == 200] for path in lists()}
    assert len(answers) > 20
    assert {path for path, found in answers.items() if not any(one["items"] for one in found)} == set()

    grant = {"grant_type": "client_credentials", **told["client"]}
    form = {"body": urlencode(grant), "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    given = urllib3.request("POST", told["base_url"] + "/oauth/token", **form, retries=False)
    assert ask(told, "/api/v1/cases", given.json()["access_token"]).json()["items"]

    assert integrate(folder, told) == "system\nstrong National Police, Team Heron NL\n200\n412\n2 stored, 1 refused\nemail\n"
    assert receive(folder, told, receiver_port) == ("waiting\n", ["webhook.ping"])

    before = cases(told)
    second = subprocess.run([*COMMAND, "--data-dir", str(folder / "data")], capture_output=True, text=True, check=False)
    assert (second.returncode, "already" in second.stderr) == (1, True)

    for _ in range(2):
        said = walk(folder, told)
        assert "disclosed_partial [('iban', 'FR14 2004 1010 0505 0001 3M02 606', 'intelligence only')]" in said
        assert "2026-03-05T14:20+01:00 minute is now 2026-03-05 day" in said
        assert "case NL-2026-0117 ['operation']\n" in said
        assert "strong [('NL-2026-0117', 'btc_address', 'same value')]\n" in said
        assert re.search(
            r"^True \[\]\nready \ntransmitted \nreceived \n(.*EIO Art.*\n){2}acknowledged \nNone .*'rule': 'ground'",
            said,
            re.MULTILINE,
        )
    stop(process)
    assert process.returncode == 0

    process, again = start()
    assert cases(again) == before
    stop(process)


def test_what_a_killed_demo_left_is_adopted_and_stopped_and_a_reset_starts_over(folder, start):
    process, told = start()
    before = cases(told)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    orphan = (folder / "data" / "service.pid").read_text()
    assert serves(orphan)

    process, again = start()
    assert cases(again) == before
    assert not serves(orphan)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    (folder / "data" / "mine.txt").write_text("not the demo's")
    process, anew = start("--reset")
    assert not cases(anew) & before
    assert (folder / "data" / "mine.txt").exists()
    stop(process, signal.SIGTERM)
    left = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False).stdout.split()
    for pid in left:
        os.kill(int(pid), signal.SIGKILL)
    assert left == []


def test_a_port_that_is_taken_is_answered_with_the_command_to_run(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [*COMMAND, "--port", port, "--data-dir", str(folder / "data")]
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    other = re.search(
        rf"port {port} is taken .*: coopapi demo --port (\d+) --data-dir {folder / 'data'}$", refused.stderr, re.MULTILINE
    )
    assert other[1] != port
