"""The command line: provisioning that repeats, lists, and faults that are said in one line with their true cause."""

import gc
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import click
import pytest
from registers import empty_database
from sqlalchemy import create_engine, text

from coopapi.ops import cli
from coopapi.ops.cli import MODULES, commands, main
from coopapi.provisioning import migration
from coopapi.store import crypto

PASSWORD = "app-password"


@pytest.fixture(scope="module")
def deployment(postgres, migrated, tmp_path_factory):
    """A database and a key file of an operator's own, by the settings in the environment."""
    keys = tmp_path_factory.mktemp("deployment") / "keys.json"
    crypto.create_key_file(keys)
    with empty_database(postgres) as name:
        owner, role = postgres.url(name), postgres.url(name, migration.DEFAULT_ROLE, PASSWORD)
        migration.migrate(owner, role, crypto.load_keys(keys))
        yield {"COOPAPI_KEY_FILE": str(keys), "COOPAPI_OWNER_DATABASE_URL": owner, "COOPAPI_DATABASE_URL": role}


@pytest.fixture(scope="module")
def owned(deployment):
    """An engine of the owner of the operator's database."""
    engine = create_engine(deployment["COOPAPI_OWNER_DATABASE_URL"])
    yield engine
    engine.dispose()


@pytest.fixture
def run(deployment, monkeypatch, capsys):
    """Run a command in this process: its exit status, what it printed, and what it said on the other stream."""

    def command(*words, **environment):
        for name in [name for name in os.environ if name.startswith("COOPAPI_")]:
            monkeypatch.delenv(name)
        for name, value in {**deployment, **environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["coopapi", *words])
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code
        told = capsys.readouterr()
        return status, told.out.strip(), told.err.strip()

    return command


@pytest.fixture
def home(run):
    """An authority that was just entered."""
    status, found, _ = run("authority", "add", f"Police {uuid4().hex}", "--type", "police_unit", "--country", "BE")
    assert status == 0
    return found


@pytest.fixture
def admin_of(owned):
    """Run SQL on the operator's database, as its owner; `DATABASE` in it stands for the name of the database."""

    def execute(sql):
        with owned.begin() as connection:
            connection.execute(text(sql.replace("DATABASE", owned.url.database)))

    return execute


@pytest.mark.parametrize("name", MODULES)
def test_the_list_of_commands_has_each_with_the_first_sentence_of_its_help(name):
    told = commands.get_command(click.Context(commands), name).help
    assert re.match(r".+?\.(?= |$)", told.partition("\n")[0])[0] == MODULES[name][1]


def test_the_list_of_commands_is_sorted_and_complete(run):
    status, printed, _ = run("--help")
    assert (status, list(MODULES)) == (0, sorted(MODULES))
    assert all(f"\n  {name} " in printed for name in MODULES)
    for path in Path(cli.__file__).parent.glob("*_command*.py"):
        made = [one for one in vars(import_module(f"coopapi.ops.{path.stem}")).values() if isinstance(one, click.Command)]
        below = [command for one in made if isinstance(one, click.Group) for command in one.commands.values()]
        assert {one.name for one in made if one not in below} == {
            name for name, (module, _) in MODULES.items() if module == path.stem
        }


def test_an_unknown_command_is_said_in_one_line_or_two(run):
    status, printed, said = run("migrat")
    assert (status, printed) == (2, "")
    assert "No such command 'migrat'" in said


def imported(script, *words):
    """The modules that another process has when this script has run."""
    script = f"import sys; sys.argv[0] = 'coopapi'; {script}; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.fixture(scope="module")
def service_modules():
    """The modules of a process that has imported the whole service."""
    return imported("import coopapi.app")


@pytest.mark.parametrize(("words", "heavy"), [
    (["--help"], {"sqlalchemy", "flask", "cryptography", "marshmallow", "alembic"}),
    (["--version"], {"sqlalchemy", "flask", "cryptography", "marshmallow", "alembic"}),
    (["import", "--help"], {"sqlalchemy", "flask", "marshmallow", "alembic"}),
    (["check", "--help"], {"coopapi.features", "flask_smorest", "holidays", "phonenumbers"}),
    (["demo", "--help"], {"coopapi.features", "flask_smorest", "holidays", "phonenumbers"}),
    (["serve", "--help"], {"coopapi.features", "flask_smorest", "holidays", "phonenumbers"}),
], ids=lambda value: value[0] if isinstance(value, list) else "")  # fmt: skip
def test_a_command_imports_only_what_it_needs(service_modules, words, heavy):
    """Importing everything takes seconds, which each call of a command in a script would take."""
    assert heavy - service_modules == set()  # otherwise a module has another name by now
    assert heavy & imported("from coopapi.ops.cli import main; main()", *words) == set()


def test_provisioning_can_be_repeated(run):
    name = f"Police {uuid4().hex}"
    authority = ("authority", "add", name, "--type", "police_unit", "--country", "BE")
    status, home, said = run(*authority)
    assert (status, said) == (0, "")
    person = ("person", "add", home, "Wren", "--subject", uuid4().hex, "--role", "investigator", "--role", "prosecutor")
    client = ("client", "add", home, "System", "--role", "system")
    first = [run(*words) for words in (person, client)]
    assert [(status, json.loads(said)["kind"]) for status, _, said in first] == [(0, "rights_from_shell")] * 2

    assert run(*authority) == (0, home, "unchanged")
    assert run(*person) == (0, first[0][1], "unchanged")
    assert run(*person[:6], "--role", "prosecutor", "--role", "investigator") == (0, first[0][1], "unchanged")
    made = json.loads(first[1][1])
    assert made["client_secret"]
    assert run(*client) == (0, made["client_id"], "unchanged")


def test_an_entry_that_is_there_and_differs_is_left_and_the_fields_are_named(run, home):
    other = run("authority", "add", f"Police {uuid4().hex}", "--type", "police_unit", "--country", "BE")[1]
    name = json.loads(run("authority", "show", home)[1])["name"]
    subject = uuid4().hex
    person = ("--subject", subject, "--role", "investigator")
    wren = run("person", "add", home, "Wren", *person)[1]
    run("client", "add", home, "System", "--role", "system")

    refused = {
        "type": run("authority", "add", name, "--type", "court", "--country", "BE"),
        "name": run("person", "add", home, "Robin", *person),
        "victim_cleared": run("person", "add", home, "Wren", *person, "--victim-cleared"),
        "authority_id, roles": run("person", "add", other, "Wren", "--subject", subject, "--role", "admin"),
        "roles": run("client", "add", home, "System", "--role", "analyst"),
        "issuer": run("client", "add", home, "System", "--role", "system", COOPAPI_ISSUER="https://moved.test"),
    }
    run("staff", wren, "--inactive")
    refused["active"] = run("person", "add", home, "Wren", *person)

    for fields, (status, printed, said) in refused.items():
        assert (status, printed) == (1, ""), fields
        assert said.endswith(f"already exists and differs in: {fields}")
    assert json.loads(run("person", "show", wren)[1])["name"] == "Wren"


def test_of_two_authorities_of_one_name_the_one_that_was_asked_for_is_found(run, admin_of, home):
    name = json.loads(run("authority", "show", home)[1])["name"]
    twin = str(uuid4())
    admin_of(
        "insert into authorities select (jsonb_populate_record(a, jsonb_build_object('id', '" + twin + "', 'type', 'court'))).*"
        f" from authorities a where id = '{home}'"
    )
    assert run("authority", "add", name, "--type", "court", "--country", "BE") == (0, twin, "unchanged")
    assert run("authority", "add", name, "--type", "police_unit", "--country", "BE") == (0, home, "unchanged")


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("authority", "add", "", "--type", "police_unit", "--country", "BE"), "name"),
        (("authority", "add", "  ", "--type", "police_unit", "--country", "BE"), "name"),
        (("authority", "add", "Police", "--type", "police_unit", "--country", "XX"), "country"),
        (("authority", "add", "Police", "--type", "police_unit"), "country"),
        (("authority", "add", "Europol", "--type", "organisation", "--country", "NL"), "country"),
        (("person", "add", "HOME", " ", "--subject", "x", "--role", "admin"), "name"),
        (("person", "add", "HOME", "Wren", "--subject", "", "--role", "admin"), "subject"),
        (("person", "add", "HOME", "Wren", "--subject", "x", "--issuer", "", "--role", "admin"), "issuer"),
        (("person", "add", "HOME", "Wren", "--subject", "x", "--role", "admin", "--victim-cleared"), "victim_cleared"),
        (("client", "add", "HOME", "", "--role", "system"), "name"),
    ],
)
def test_what_is_refused_over_http_is_refused_here(run, home, words, field):
    status, printed, said = run(*(home if word == "HOME" else word for word in words))
    assert (status, printed) == (1, "")
    assert said.startswith(f"Error: {field}: ")


def test_lists_and_entries_can_be_read(run, home):
    person = run("person", "add", home, "Зоряна", "--subject", "zoriana", "--role", "prosecutor", "--victim-cleared")[1]
    client = json.loads(run("client", "add", home, "System", "--role", "system")[1])

    assert home in [line.split("\t")[0] for line in run("authority", "list")[1].splitlines()]
    assert {line.split("\t")[1] for line in run("authority", "list", "--country", "BE")[1].splitlines()} == {"BE"}
    assert run("person", "list", home)[1] == f"{person}\t{home}\tprosecutor\tcleared\tactive\tzoriana\tЗоряна"
    assert run("client", "list", home)[1].split("\t")[:2] == [client["client_id"], home]
    assert person in run("person", "list")[1]
    assert json.loads(run("person", "show", person)[1])["subject"] == "zoriana"
    shown = run("client", "show", client["client_id"])[1]
    assert json.loads(shown)["id"] == client["client_id"]
    assert "secret" not in shown
    for kind in ("authority", "person", "client"):
        assert run(kind, "show", str(uuid4())) == (1, "", "Error: there is no entry with this id")
    assert run("client", "show", person)[0] == 1


def test_an_issuer_is_moved_to_a_name_that_is_accepted(run, home):
    run("person", "add", home, "Wren", "--subject", uuid4().hex, "--role", "admin", "--issuer", "https://old.test")
    status, _, said = run("issuer", "move", "https://old.test", "https://new.test")
    assert (status, "not accepted" in said) == (1, True)

    status, printed, _ = run("issuer", "move", "https://old.test", "https://new.test", COOPAPI_ISSUER="https://new.test")

    assert status == 0
    assert printed.startswith("moved 1 people and 0 clients to https://new.test")
    again = run("issuer", "move", "https://old.test", "https://new.test", COOPAPI_ISSUER="https://new.test")
    assert (again[0], "No person or client in this register has the issuer" in again[2]) == (1, True)


def test_everything_is_deleted_only_after_a_question(run, home, owned, monkeypatch):
    for answer in ("n\n", ""):
        read, write = os.pipe()
        os.write(write, answer.encode())
        os.close(write)
        with os.fdopen(read) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            status, _, said = run("migrate", "--target", "base")
        assert status == 130
        assert f"deletes every table of the database {owned.url.database}" in said
        assert home in run("authority", "list")[1]


def test_everything_is_deleted_without_a_question_if_asked_to(run, postgres, tmp_path):
    keys = tmp_path / "keys.json"
    crypto.create_key_file(keys)
    with empty_database(postgres) as name:
        place = {
            "COOPAPI_OWNER_DATABASE_URL": postgres.url(name),
            "COOPAPI_DATABASE_URL": postgres.url(name, migration.DEFAULT_ROLE, PASSWORD),
            "COOPAPI_KEY_FILE": str(keys),
        }
        assert run("migrate", **place)[0] == 0
        assert run("migrate", "--target", "base", "--yes", **place)[:2] == (0, "migrated to base")
        status, _, said = run("authority", "list", **place)
    assert (status, said.count("\n")) == (1, 0)
    assert "does not exist" in said
    assert "coopapi migrate" in said


FAULTS = {
    "alter table authorities rename to authorities_away": 'relation "authorities" does not exist',
    "revoke select on authorities from coopapi_app": "permission denied for table authorities",
    "revoke connect on database DATABASE from public": "permission denied for database",
}
CURES = [
    "alter table if exists authorities_away rename to authorities",
    "grant select on authorities to coopapi_app",
    "grant connect on database DATABASE to public",
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: FAULTS[fault])
def test_a_fault_of_the_database_is_one_line_with_its_true_cause(run, admin_of, fault):
    admin_of(fault)
    try:
        status, printed, said = run("authority", "list")
    finally:
        for cure in CURES:
            admin_of(cure)
    assert (status, printed, said.count("\n")) == (1, "", 0), said
    assert FAULTS[fault] in said
    assert "cannot be reached" not in said


def test_a_statement_that_waits_too_long_is_no_lost_connection(run, owned, admin_of):
    admin_of("alter role coopapi_app in database DATABASE set lock_timeout = '100ms'")
    try:
        with owned.begin() as holder:
            holder.execute(text("lock table authorities in access exclusive mode"))
            status, printed, said = run("authority", "list")
    finally:
        admin_of("alter role coopapi_app in database DATABASE reset lock_timeout")
    assert (status, printed, said.count("\n")) == (1, "", 0), said
    assert "the database refuses: canceling statement due to lock timeout" in said


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("postgresql://coopapi_app:secret@/coopapi?host=/nowhere", "No such file or directory"),
        ("postgresql://coopapi_app:secret@/coopapi?host=/nowhere&host=/nowhere2", "nowhere2"),
        ("postgresql://coopapi_app:secret@127.0.0.1:1/coopapi", "Connection refused"),
        ("SERVER", "password authentication failed"),
        ("SERVER/gone", 'database "gone" does not exist'),
    ],
)
def test_why_there_is_no_connection_is_said_in_one_line(run, postgres, address, cause):
    there = {"SERVER": postgres.url("coopapi", "nobody", "secret"), "SERVER/gone": postgres.url("gone")}
    status, printed, said = run("authority", "list", COOPAPI_DATABASE_URL=there.get(address, address))
    assert (status, printed, said.count("\n")) == (1, "", 0), said
    assert cause in said
    assert "secret" not in said


def test_a_schema_of_a_newer_version_is_said_in_one_line(run, admin_of, owned):
    with owned.connect() as connection:
        present = connection.scalar(text("select version_num from alembic_version"))
    admin_of("update alembic_version set version_num = '9999'")
    try:
        told = [run("migrate"), run("migrate", "--target", "base", "--yes")]
    finally:
        admin_of(f"update alembic_version set version_num = '{present}'")
    told.append(run("migrate", "--target", "9999"))
    assert [status for status, _, _ in told] == [2, 2, 1]
    for _, printed, said in told:
        assert (printed, said.count("\n")) == ("", 0), said
        assert "9999" in said


def test_a_file_that_cannot_be_written_is_said_in_one_line(run, tmp_path):
    status, _, said = run("keys", "create", str(tmp_path / "none" / "keys.json"))
    assert (status, said.count("\n")) == (1, 0)
    assert "No such file or directory" in said


@pytest.fixture
def under_c(deployment):
    """Run a command of its own process under the locale C, as a container or an init system has it."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("COOPAPI_", "LC_", "LANG", "PYTHON"))}

    def coopapi(*words, **more):
        command = [sys.executable, "-c", "from coopapi.ops.cli import main; main()", *words]
        return subprocess.run(command, env={**inherited, **deployment, "LC_ALL": "C", **more}, capture_output=True, check=False)

    return coopapi


def test_names_in_any_script_are_entered_and_read_under_the_locale_c(under_c):
    name = f"Поліція {uuid4().hex}"
    made = under_c("authority", "add", name, "--type", "police_unit", "--country", "UA")
    assert made.returncode == 0, made.stderr
    assert json.loads(under_c("authority", "show", made.stdout.decode().strip()).stdout)["name"] == name
    assert name in under_c("authority", "list", "--country", "UA").stdout.decode()


def test_an_alarm_of_a_command_is_a_line_on_standard_error(under_c):
    made = under_c("authority", "add", uuid4().hex, "--type", "police_unit", "--country", "UA")
    named = under_c(
        "person", "add", made.stdout.decode().strip(), "N", "--role", "admin", "--issuer", "https://x", "--subject", uuid4().hex
    )
    assert named.returncode == 0, named.stderr
    (line,) = [json.loads(line) for line in named.stderr.splitlines()]
    assert (line["level"], line["message"], line["kind"]) == ("WARNING", "alarm", "rights_from_shell")


def test_a_locale_that_knows_ascii_alone_ends_no_command_in_a_traceback(under_c, run):
    ascii_alone = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    name = f"Поліція {uuid4().hex}"
    assert run("authority", "add", name, "--type", "police_unit", "--country", "UA")[0] == 0

    listed = under_c("authority", "list", "--country", "UA", **ascii_alone)
    refused = under_c("authority", "add", name, "--type", "police_unit", "--country", "UA", **ascii_alone)

    assert (listed.returncode, name.split()[1] in listed.stdout.decode()) == (0, True)
    assert (refused.returncode, refused.stderr.count(b"\n")) == (1, 1)


def test_clients_of_another_issuers_name_are_named_before_the_service_starts(run, home, monkeypatch):
    """`serve` and `check` say it in one line; the server itself is not started here."""
    run("client", "add", home, "System", "--role", "system")
    started = []
    monkeypatch.setattr(os, "execve", lambda *words: started.append(words))

    status, _, said = run("serve", COOPAPI_ISSUER="https://moved.test")

    assert (status, len(started)) == (0, 1)
    (line,) = [line for line in said.splitlines() if "http://127.0.0.1:8000" in line]
    assert "coopapi issuer move" in line
    assert "issuer move" not in run("serve")[2]
    checked = run("check", COOPAPI_ISSUER="https://moved.test")[1]
    assert [line for line in checked.splitlines() if line.startswith("FAULT  issuer of machine clients: ")]
    assert "ok     issuer of machine clients" in run("check")[1]


def test_commands_find_what_they_need_in_processes_of_their_own(under_c, home):
    """Each imports only its own module, while the commands of other tests run where everything has been imported."""
    made = under_c("client", "add", home, "System", "--role", "system")
    client = json.loads(made.stdout)["client_id"]
    commands = (
        "verify",
        "erase",
        "figures",
        "reconcile",
        "keys rotate",
        f"token {client}",
        f"staff {client} --inactive",
        f"client show {client}",
    )
    told = {words: under_c(*words.split()) for words in commands}
    assert {words: done.stderr for words, done in told.items() if done.returncode} == {}


def test_what_a_command_imports_stays_and_the_garbage_collector_works_on():
    kept = gc.get_freeze_count()
    assert commands.get_command(None, "check").name == "check"
    assert (gc.isenabled(), gc.get_freeze_count() > kept) == (True, True)
