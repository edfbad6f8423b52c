"""The command line `coopapi`: the demo, and the commands that a deployment needs."""

import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import click
import psycopg2
from alembic.util import CommandError
from click.exceptions import Abort
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from coopapi import config
from coopapi.app import create_app, specification
from coopapi.config import BadSettings
from coopapi.errors import CoopError
from coopapi.http.middleware import FIGURES_MARK, JsonLines
from coopapi.ops import abuse_commands, administration, convert_command, digests, directory_commands, import_command, worker_command
from coopapi.ops import demo as demonstration
from coopapi.ops import worker as running
from coopapi.provisioning import migration
from coopapi.provisioning.checks import require_safe
from coopapi.store import crypto


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coopapi")
def commands() -> None:
    """A register of criminal cases that finds overlaps between cases of different countries."""


def main() -> None:
    """Run a command. Faults are reported in one line without a traceback. Only alarms are logged, to standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the locale cannot encode must not end a command
    logging.getLogger("coopapi").addHandler(logging.NullHandler())
    alarms = logging.StreamHandler(sys.stderr)
    alarms.setFormatter(JsonLines())
    logging.getLogger("coopapi.alarms").handlers = [alarms]
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as fault:
        fault.show()
        sys.exit(fault.exit_code)
    except _SAID as fault:
        status, reason = _reason(fault)
        click.echo(f"coopapi: {reason}", err=True)
        sys.exit(status)


_SAID: Final = (Abort, BadSettings, DBAPIError, psycopg2.Error, CommandError, UnicodeEncodeError, OSError, CoopError)
"""Exceptions that are reported in one line. Any other is a programming error and shows a traceback."""


def _reason(fault: Exception) -> tuple[int, str]:  # noqa: PLR0911 (one row for each kind of fault)
    """Return the exit status and the text for an exception."""
    match fault:
        case Abort():
            return 130, "stopped"
        case BadSettings():
            separator = "\n" if "\n" in str(fault) else " "
            return 2, f"{type(fault).__doc__}{separator}{fault}"
        case DBAPIError() | psycopg2.Error():
            return 1, _database_fault(fault)
        case CommandError():
            return 1, str(fault)
        case UnicodeEncodeError():
            return 1, "an argument is not valid UTF-8 text, or the locale cannot represent it"
        case OSError():
            return 1, f"{fault.strerror}: {fault.filename}"
        case _:
            return 1, f"{type(fault).__doc__} {getattr(fault, 'detail', '')}"


def _database_fault(fault: DBAPIError | psycopg2.Error) -> str:
    """Return the reason of a database error in one line, in the words of the server or of libpq, without any values.

    The server's message about a value that breaks a rule (classes 22 and 23) can contain the value, so only its kind is returned.
    """
    error: Any = fault.orig if isinstance(fault, DBAPIError) else fault
    code = error.pgcode
    if code is None:
        reasons = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("\t")]
        return f"no connection to the database: {'; '.join(reasons)}"
    kind = type(error).__name__
    reason = kind if code[:2] in {"22", "23"} else str(error.diag.message_primary).splitlines()[0]
    return f"the database refuses: {reason} (SQLSTATE {code}){_REMEDIES.get(code, '')}"


_REMEDIES: Final = {
    "42501": "; see COOPAPI_DATABASE_URL, or run coopapi migrate",
    **dict.fromkeys(("3F000", "42703", "42883", "42P01"), "; run coopapi migrate"),
}
"""What to do for each SQLSTATE, if the reason does not already say so."""


@commands.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 uses any free port.")
@click.option("--data-dir", type=click.Path(path_type=Path), default=demonstration.DATA_DIR, show_default=True)
@click.option("--reset", is_flag=True, help="Delete the data of an earlier demo in this folder and start over.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when the demo is ready.")
def demo(port: int, data_dir: Path, *, reset: bool, as_json: bool) -> None:
    """Start everything on this machine, with a synthetic operation in it. Ctrl-C stops it."""
    logging.getLogger("coopapi.alarms").setLevel(logging.ERROR)  # there is nobody to alarm about the people in a demo
    demonstration.run(port, data_dir, as_json=as_json, reset=reset)


@commands.command()
def serve() -> None:
    """Run the service with gunicorn, configured by the settings in the environment."""
    database = create_app().extensions["coopapi"].database
    require_safe(database)
    issuer = administration.clients_issuer(database)
    if issuer.fault:
        click.echo(f"coopapi: {issuer.fault}. Cure: {issuer.cure}", err=True)
    os.execve(sys.executable, demonstration.SERVER, {**os.environ, **_folders()})  # noqa: S606 (our own server)


def _folders() -> dict[str, str]:
    """Return environment variables for temporary folders. If no temporary folder exists, /dev/shm is used."""
    try:
        found = tempfile.gettempdir()
    except FileNotFoundError:
        found = "/dev/shm"  # noqa: S108 (what is made in it is for our user alone)
        if not os.access(found, os.W_OK):
            raise BadSettings("there is no writable folder for temporary files: set TMPDIR to a writable folder") from None
    if not config.read().metrics_bind:
        return {"TMPDIR": found}
    figures = Path(tempfile.mkdtemp("-coopapi", dir=found))
    (figures / FIGURES_MARK).touch()
    return {"TMPDIR": found, "PROMETHEUS_MULTIPROC_DIR": str(figures)}


@commands.command("migrate")
@click.option("--target", default="head", show_default=True, help="The target: a revision, head or base.")
@click.option("--yes", is_flag=True, help="Delete everything without asking for confirmation.")
def migrate_command(target: str, *, yes: bool) -> None:
    """Create or change roles and schema, with the owner's database URL. The target `base` deletes everything."""
    settings = config.read()
    owner = settings.owner_database_url or settings.database_url
    if target == "base" and not yes:
        question = f"This deletes every table of the database {make_url(owner).database} with all its data. Continue?"
        click.confirm(question, abort=True, err=True)
    made = migration.migrate(owner, settings.database_url, crypto.load_keys(settings.key_file), target)
    click.echo(f"migrated to {target}")
    if made:
        click.echo(
            f"the role {migration.app_login(owner, settings.database_url)[0]} was created; its password is shown only now: {made}"
        )


@commands.command()
def check() -> None:
    """Check database, roles, rights, keys and settings. Print each result with its cure, and exit with 1 if anything is wrong."""
    faults = 0
    for found in administration.check(administration.connect()):
        faults += bool(found.fault)
        click.echo(f"FAULT  {found.name}: {found.fault}. Cure: {found.cure}" if found.fault else f"ok     {found.name}")
    sys.exit(1 if faults else 0)


@commands.group()
def keys() -> None:
    """Manage root keys and signing keys."""


@keys.command("create")
@click.argument("path", type=click.Path(path_type=Path))
def keys_create(path: Path) -> None:
    """Write new root keys to a file that only you can read. Keep a copy elsewhere: without it, no data can be read again."""
    if path.exists():
        raise click.ClickException(f"{path} already exists")
    crypto.create_key_file(path)
    click.echo(f"wrote {path}")


@keys.command("rotate")
def keys_rotate() -> None:
    """Make a new key for signing tokens, with the owner's database URL."""
    click.echo(administration.rotate_keys(administration.connect()))


@keys.command("digests")
@click.argument("path", type=click.Path(path_type=Path))
def keys_digests(path: Path) -> None:
    """Write the keys with which an authority computes digests of persons that it does not want to send. Keep them secret."""
    made = digests.keys_for_an_authority(crypto.load_keys(config.read().key_file))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{path} already exists") from None
    with os.fdopen(handle, "w") as file:
        json.dump(made, file, indent=1)
    click.echo(f"wrote {path}")


@commands.command()
@click.argument("persons", type=click.File())
@click.option(
    "--keys",
    "key_file",
    type=click.File(),
    required=True,
    help="The key file that `coopapi keys digests` created for your authority.",
)
def digest(persons: Iterable[str], key_file: IO[str]) -> None:
    """Convert persons, one JSON object per line, to digests that the register accepts instead. No server is needed."""
    given = json.load(key_file)
    for line in persons:
        click.echo(json.dumps(digests.digested(json.loads(line), given)))


@commands.command()
@click.option("--repair", is_flag=True, help="Compute the differing rows again.")
@click.option(
    "--textfile",
    type=click.Path(path_type=Path),
    help="Write the metric coopapi_matching_differences to this file, for Prometheus.",
)
def reconcile(*, repair: bool, textfile: Path | None) -> None:
    """Compare all stored overlaps with a complete recomputation. Exit with 1 if anything differs."""
    database = administration.connect()
    running.work_until_done(database)
    found = administration.reconcile(database, repair=repair)
    if textfile:
        lines = [f'coopapi_matching_differences{{of="{name}"}} {count}\n' for name, count in found.items()]
        textfile.write_text("# TYPE coopapi_matching_differences gauge\n" + "".join(lines))
    click.echo(", ".join(f"{count} {name}" for name, count in found.items()))
    sys.exit(1 if any(found.values()) else 0)


@commands.command()
def erase() -> None:
    """Erase texts about the evidence of teams whose four weeks have ended. The journal still shows what was exchanged."""
    click.echo(f"{administration.erase(administration.connect())} erased")


@commands.command()
@click.argument("principal", type=click.UUID)
def token(principal: UUID) -> None:
    """Sign a short-lived token for a person or client whose issuer is this service."""
    click.echo(administration.token(administration.connect(), principal))


commands.add_command(worker_command.worker)
commands.add_command(import_command.import_file)
commands.add_command(convert_command.convert)
for group in (directory_commands.authority, directory_commands.person, directory_commands.client, directory_commands.issuer):
    commands.add_command(group)


@commands.command()
@click.argument("principal", type=click.UUID)
@click.option("--victim-clearance/--no-victim-clearance", "victim_cleared", default=None)
@click.option("--active/--inactive", default=None)
def staff(principal: UUID, **data: bool | None) -> None:
    """Give or take away clearance of a person or client, or end its access."""
    administration.change(administration.connect(), principal, {key: value for key, value in data.items() if value is not None})


@commands.command()
def verify() -> None:
    """Verify the hash chain of every authority's journal."""
    verified = administration.verify_journal(administration.connect())
    breaks = [fault for chain in verified for fault in chain.breaks]
    for fault in breaks:
        click.echo(f"{fault.authority_id} entry {fault.seq}: {fault.fault}", err=True)
    waiting = sum(chain.waiting for chain in verified)
    since = min((chain.waiting_since for chain in verified if chain.waiting_since), default=None)
    unlinked = f", {waiting} not linked yet, the oldest of {since:%Y-%m-%d %H:%M:%S %Z}" if since else ""
    click.echo(f"{sum(chain.entries for chain in verified)} entries, {len(breaks)} faults{unlinked}")
    sys.exit(1 if breaks else 0)


@commands.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    click.echo(json.dumps(specification(), indent=2))


for _command in abuse_commands.COMMANDS:
    commands.add_command(_command)
