"""Settings: each bad one is named, all together; the table in docs/operations.md is the one in the code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, make_url, text

from coopapi import config
from coopapi.config import SETTINGS, BadSettings
from coopapi.http.middleware import LARGEST_BODY
from coopapi.store import crypto

GOOD = {"COOPAPI_DATABASE_URL": "postgresql://u:p@h/d", "COOPAPI_KEY_FILE": "/k"}
OPERATIONS = (Path(__file__).parents[1] / "docs" / "operations.md").read_text()


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
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://coopapi.example/a?b"),
        ("BASE_URL", "https://coopapi.example//evil.example"),
        ("ISSUER", "two words"),
        ("ISSUER", "x" * 301),
        ("TRUSTED_PROXIES", "-1"),
        ("DATABASE_URL", "postgresql://u:p@h1,h2:x/d"),
        ("DATABASE_URL", "postgresql://u:p@:5433/d?host=h1&host=h2"),
    ],
)
def test_a_bad_setting_is_named(name, value):
    with pytest.raises(BadSettings, match=f"COOPAPI_{name}"):
        config.read({**GOOD, f"COOPAPI_{name}": value})


@pytest.mark.parametrize(
    ("name", "meant"),
    [("BASEURL", "BASE_URL"), ("WORKRES", "WORKERS"), ("ISUSER", "ISSUER"), ("KEYFILE", "KEY_FILE")],
)
def test_a_mistyped_setting_is_refused_with_the_one_that_was_meant(name, meant):
    with pytest.raises(BadSettings, match=f"COOPAPI_{name} is not a setting: did you mean COOPAPI_{meant}\\?"):
        config.read({**GOOD, f"COOPAPI_{name}": "1"})


@pytest.mark.parametrize(
    "service", ["COOPAPI", *(f"COOPAPI_{name}" for name in ("DATABASE", "DB", "KEY", "WORKER", "METRICS", "API"))]
)
def test_what_kubernetes_sets_for_a_service_is_ignored(service, caplog):
    """The variables that it sets in every container for each service of the namespace, as Docker's links once did."""
    tcp = f"{service}_PORT_8000_TCP"
    links = [f"{service}_SERVICE_HOST", f"{service}_SERVICE_PORT", f"{service}_SERVICE_PORT_HTTP", f"{service}_PORT"]
    links += [tcp, f"{tcp}_PROTO", f"{tcp}_PORT", f"{tcp}_ADDR"]

    environment = {**GOOD, **dict.fromkeys(links, "tcp://10.0.0.1:8000")}

    assert config.read(environment) == config.read(GOOD)
    assert config.ignored(environment) == sorted(links)
    assert caplog.records == [], "the server warns once, when it is ready: tests/test_server.py"


def test_an_empty_variable_means_the_default():
    empty = {setting.variable: "" for setting in SETTINGS if setting.default is not None}
    assert config.read({**GOOD, **empty}) == config.read(GOOD)
    with pytest.raises(BadSettings, match="COOPAPI_KEY_FILE is not set"):
        config.read({**GOOD, "COOPAPI_KEY_FILE": ""})


def test_the_largest_body_fits_into_the_share_of_each_worker():
    assert config.read({**GOOD, "COOPAPI_WORKERS": "3", "COOPAPI_SPOOL_MB": "12"}).spool_mb * 1_000_000 == 3 * LARGEST_BODY
    with pytest.raises(BadSettings, match="COOPAPI_SPOOL_MB must be at least 12"):
        config.read({**GOOD, "COOPAPI_WORKERS": "3", "COOPAPI_SPOOL_MB": "11"})
    most = {"COOPAPI_WORKERS": "64"}
    assert config.read({**GOOD, **most}).workers == 64, "the default is enough for the most workers"


def test_the_issuers_name_is_the_base_url_unless_it_has_one_of_its_own():
    base = {**GOOD, "COOPAPI_BASE_URL": "https://coopapi.example/a/"}
    assert (config.read(base).issuer, config.read(base).prefix) == ("https://coopapi.example/a", "/a")
    assert config.read({**base, "COOPAPI_ISSUER": "urn:coopapi:eu"}).issuer == "urn:coopapi:eu"
    assert config.read(GOOD).prefix == ""


@pytest.mark.parametrize(
    ("written", "hosts", "ports"),
    [
        ("postgresql://u:p@h1,h2:5433/d", "h1,h2", ",5433"),
        ("postgresql://u:p@h1:5432,h2:5433/d?target_session_attrs=read-write", "h1,h2", "5432,5433"),
        ("postgresql://u:p@h1,[::1]:2,%2Frun%2Fpg/d", "h1,::1,/run/pg", ",2,"),
        ("postgresql+psycopg2://u:p@/d?host=h1&host=h2", "h1,h2", ","),
        ("postgresql://u:p@/d?host=h1:5432&host=h2:5433", "h1,h2", "5432,5433"),
        ("postgresql://u:p@/d?host=h1,h2&port=5432,5433", "h1,h2", "5432,5433"),
    ],
)
def test_an_address_may_name_several_hosts(written, hosts, ports):
    """What SQLAlchemy hands to libpq is what libpq itself would read in the address."""
    url = make_url(config.read({**GOOD, "COOPAPI_DATABASE_URL": written}).database_url)
    given = url.get_dialect()().create_connect_args(url)[1]
    assert (given["host"], given["port"], given["user"], given["password"], given["dbname"]) == (hosts, ports, "u", "p", "d")
    assert ("target_session_attrs" in written) == ("target_session_attrs" in given)


def test_the_first_host_that_answers_is_taken(postgres, migrated):
    """libpq tries them in turn: a socket folder where nobody listens, then the server's."""
    there = make_url(migrated.database_url)
    folder = quote(there.query["host"], safe="")
    login = f"{there.username}:{quote(there.password)}"
    for written in (
        f"postgresql://{login}@%2Fnowhere,{folder}/coopapi",
        f"postgresql://{login}@/coopapi?host=%2Fnowhere&host={folder}",
    ):
        engine = create_engine(config.read({**GOOD, "COOPAPI_DATABASE_URL": written}).database_url)
        with engine.connect() as connection:
            assert connection.scalar(text("select current_user")) == there.username
        engine.dispose()


@pytest.mark.parametrize(
    "written", ["postgresql://user:sec/ret@h/d", "postgresql://user:secret@h:sec/d", "postgresql://user:secret@h1,h2:sec/d"]
)
def test_an_address_that_cannot_be_read_gives_nothing_of_itself_away(written):
    with pytest.raises(BadSettings) as refused:
        config.read({**GOOD, "COOPAPI_DATABASE_URL": written, "COOPAPI_WORKERS": "x"})
    assert "sec" not in str(refused.value)


def test_all_faults_are_told_together_and_no_secret_with_them():
    with pytest.raises(BadSettings) as refused:
        config.read({"COOPAPI_DATABASE_URL": "mysql://user:secret@h/d", "COOPAPI_WORKERS": "x"})
    assert len(str(refused.value).splitlines()) == 3
    assert "secret" not in str(refused.value)


def test_the_page_on_operations_has_the_table_of_settings():
    rows = [
        f"| `{one.variable}` | {f'`{one.default}`' if one.default else ('required' if one.default is None else 'none')} | {one.meaning} |"
        for one in SETTINGS
    ]
    assert "\n".join(rows) in OPERATIONS


def test_a_key_file_is_the_services_alone(tmp_path):
    path = tmp_path / "keys.json"
    crypto.create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    crypto.create_key_file(path)
    assert path.read_bytes() == before
    crypto.load_keys(path)
    path.chmod(0o644)
    with pytest.raises(BadSettings, match=r"COOPAPI_KEY_FILE .* chmod 600"):
        crypto.load_keys(path)


@pytest.mark.parametrize("content", ["", "{}", '{"root": "AA==", "token": "AA=="}', '{"root": 1, "token": 2}', "[]"])
def test_a_broken_key_file_is_named(tmp_path, content):
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(BadSettings, match=r"keys\.json"):
        crypto.load_keys(path)


def coopapi(*words, said="", **environment):
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("COOPAPI_")}
    command = [sys.executable, "-c", "from coopapi.ops.cli import main; main()", *words]
    return subprocess.run(command, env={**inherited, **environment}, input=said, capture_output=True, text=True, check=False)


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


def test_a_deployment_from_the_shell(tmp_path, postgres, fresh, migrated):
    """keys create, migrate, authority, client, token, staff, keys rotate, verify: as an operator would."""
    keys = tmp_path / "keys.json"
    environment = {
        "COOPAPI_KEY_FILE": str(keys),
        "COOPAPI_OWNER_DATABASE_URL": postgres.url(fresh),
        "COOPAPI_DATABASE_URL": postgres.url(fresh, "coopapi_app", "app-password"),
    }

    def run(*words, said=""):
        done = coopapi(*words, said=said, **environment)
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
    honey = run("honey", "add", "username", "--platform", "nowhere", said="nobody-at-all\n")
    on_the_command_line = coopapi("honey", "add", "username", "nobody-at-all", **environment)
    assert on_the_command_line.returncode == 2, "a value there stands in the shell's history and in the list of processes"
    assert coopapi("honey", "add", "username", said="\n", **environment).returncode == 1
    assert run("honey", "list").startswith(honey)
    run("honey", "remove", honey)
    assert coopapi("honey", "remove", honey, **environment).returncode == 1
    assert run("honey", "list") == ""
    assert run("figures") == "0 figures written"
    run("keys", "rotate")
    assert ", 0 faults" in run("verify")
