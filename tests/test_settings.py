"""Settings: each bad one is named, all together; the table in the README is the one in the code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coopapi import config, crypto
from coopapi.config import SETTINGS, BadSettings

GOOD = {"COOPAPI_DATABASE_URL": "postgresql://u:p@h/d", "COOPAPI_KEY_FILE": "/k"}
README = (Path(__file__).parents[1] / "README.md").read_text()


def test_every_database_address_means_psycopg2():
    for scheme in ("postgres", "postgresql", "postgresql+psycopg2"):
        assert config.read({**GOOD, "COOPAPI_DATABASE_URL": f"{scheme}://u:p@h/d"}).database_url == "postgresql+psycopg2://u:p@h/d"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "nonsense"),
        ("OWNER_DATABASE_URL", "mysql://h/d"),
        ("ISSUERS_FILE", "/not/there"),
        ("BASE_URL", "coopapi.example"),
        ("BIND", "8000"),
        ("BIND", "host:port"),
        ("BIND", "host:70000"),
        ("WORKERS", "0"),
        ("THREADS", "many"),
        ("HIGH_FREQUENCY", "-1"),
        ("TOKEN_LIFETIME", "٦٠٠"),
        ("LOG_LEVEL", "LOUD"),
        ("COLOUR", "red"),
    ],
)
def test_a_bad_setting_is_named(name, value):
    with pytest.raises(BadSettings, match=f"COOPAPI_{name}"):
        config.read({**GOOD, f"COOPAPI_{name}": value})


def test_all_faults_are_told_together_and_no_secret_with_them():
    with pytest.raises(BadSettings) as refused:
        config.read({"COOPAPI_DATABASE_URL": "mysql://user:secret@h/d", "COOPAPI_WORKERS": "x"})
    assert len(str(refused.value).splitlines()) == 3
    assert "secret" not in str(refused.value)


def test_the_readme_has_the_table_of_settings():
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else ("required" if setting.default is None else "none")
        assert f"| `{setting.variable}` | {default} | {setting.meaning} |" in README


def test_a_key_file_is_the_services_alone(tmp_path):
    path = tmp_path / "keys.json"
    crypto.create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    crypto.create_key_file(path)
    assert path.read_bytes() == before
    crypto.load_keys(path)
    path.chmod(0o644)
    with pytest.raises(BadSettings, match="chmod 600"):
        crypto.load_keys(path)


@pytest.mark.parametrize("content", ["", "{}", '{"root": "AA==", "token": "AA=="}', '{"root": 1, "token": 2}', "[]"])
def test_a_broken_key_file_is_named(tmp_path, content):
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(BadSettings, match=r"keys\.json"):
        crypto.load_keys(path)


def coopapi(*words, **environment):
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("COOPAPI_")}
    command = [sys.executable, "-c", "from coopapi.cli import main; main()", *words]
    return subprocess.run(command, env={**inherited, **environment}, capture_output=True, text=True, check=False)


def test_the_command_says_what_is_wrong_in_a_line_each(tmp_path):
    told = coopapi("serve", COOPAPI_WORKERS="x")
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert {line.split()[0] for line in told.stderr.splitlines()[1:]} == {
        "COOPAPI_DATABASE_URL",
        "COOPAPI_KEY_FILE",
        "COOPAPI_WORKERS",
    }


def test_a_database_that_is_not_there_is_said_in_a_line(tmp_path):
    crypto.create_key_file(tmp_path / "keys.json")
    told = coopapi(
        "serve", COOPAPI_KEY_FILE=str(tmp_path / "keys.json"), COOPAPI_DATABASE_URL="postgresql://u:secret@/d?host=/nowhere"
    )
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert "secret" not in told.stderr


def test_a_deployment_from_the_shell(tmp_path, postgres, migrated):
    """keys create, migrate, authority, client, token, staff, keys rotate, verify: as an operator would."""
    postgres.create_database("deployment")
    keys = tmp_path / "keys.json"
    environment = {
        "COOPAPI_KEY_FILE": str(keys),
        "COOPAPI_OWNER_DATABASE_URL": postgres.url("deployment"),
        "COOPAPI_DATABASE_URL": postgres.url("deployment", "coopapi_app", "app-password"),
    }

    def run(*words):
        done = coopapi(*words, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    run("keys", "create", str(keys))
    assert coopapi("keys", "create", str(keys), **environment).returncode == 1
    run("migrate")
    home = run("authority", "add", "Police", "--type", "police_unit", "--country", "BE")
    client = json.loads(run("client", "add", home, "System", "--role", "system"))
    assert client["client_secret"]
    person = run("person", "add", home, "Wren", "--subject", "wren", "--role", "investigator", "--victim-cleared")
    assert run("token", client["client_id"]).count(".") == 2
    run("staff", person, "--inactive", "--no-victim-clearance")
    assert coopapi("token", person, **environment).returncode == 1
    run("quota", "set", home, "--hour", "400000", "--until", "2099-01-01", "--reason", "first load")
    run("quota", "clear", home, "--reason", "loaded")
    honey = run("honey", "add", "username", "nobody-at-all", "--platform", "nowhere")
    assert run("honey", "list").startswith(honey)
    run("honey", "remove", honey)
    assert coopapi("honey", "remove", honey, **environment).returncode == 1
    assert run("honey", "list") == ""
    assert run("figures") == "0 figures written"
    run("keys", "rotate")
    assert run("verify").endswith("0 faults")
