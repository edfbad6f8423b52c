"""The demo, as a newcomer starts it: one command, a second start, Ctrl-C, kill -9."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import urllib3

COMMAND = [sys.executable, "-c", "from coopapi.cli import main; main()", "demo", "--port", "0", "--json", "--data-dir"]


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="coopapi-demo-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def start(folder):
    process = subprocess.Popen([*COMMAND, str(folder / "data")], stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    return process, json.loads(line)


def stop(process, how=signal.SIGINT):
    process.send_signal(how)
    process.wait(30)
    process.stdout.close()


def get(told, who, path):
    token = next(p["token"] for p in told["personas"] if p["name"] == who)
    answer = urllib3.request("GET", told["base_url"] + path, headers={"Authorization": f"Bearer {token}"}, retries=False)
    assert answer.status == 200, answer.data
    return answer.json()


def cases(told):
    return {case["id"] for case in get(told, "Investigator Wren", "/api/v1/cases")["items"]}


def test_one_command_shows_two_countries_that_they_hold_the_same_perpetrator(folder):
    process, told = start(folder)
    assert told.keys() == {"base_url", "docs_url", "personas"}
    assert all(p.keys() == {"name", "role", "authority", "country", "token"} for p in told["personas"])
    overlaps = get(told, "Prosecutor Merle", "/api/v1/overlaps")["items"]
    assert [o["counterpart"]["authority"]["country"] for o in overlaps] == ["NL"]
    assert overlaps[0]["strength"] == "strong"
    assert urllib3.request("GET", told["docs_url"], retries=False).status == 200
    before = cases(told)
    second = subprocess.run([*COMMAND, str(folder / "data")], capture_output=True, text=True, check=False)
    assert (second.returncode, "already" in second.stderr) == (1, True)
    assert cases(told) == before
    stop(process)
    assert process.returncode == 0

    process, again = start(folder)
    assert cases(again) == before
    stop(process)


def test_what_a_killed_demo_left_is_adopted_and_stopped(folder):
    process, told = start(folder)
    before = cases(told)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    process, again = start(folder)
    assert cases(again) == before
    with pytest.raises(urllib3.exceptions.HTTPError):
        get(told, "Investigator Wren", "/api/v1/me")
    stop(process, signal.SIGTERM)
    left = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False).stdout.split()
    for pid in left:
        os.kill(int(pid), signal.SIGKILL)
    assert left == []
