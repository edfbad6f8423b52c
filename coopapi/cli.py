"""The command coopapi: a demo in one line, and what a deployment needs."""

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import click
from sqlalchemy.exc import OperationalError

from coopapi import administration, config, crypto, demonstration, digesting, guarding_commands, migrate
from coopapi.access import Role
from coopapi.app import create_app, specification
from coopapi.checks import require_safe
from coopapi.config import BadSettings
from coopapi.directory import codelists
from coopapi.errors import CoopError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coopapi")
def commands() -> None:
    """A register for cross-border criminal cases that finds where they overlap."""


def main() -> None:
    """Run a command; what is wrong is said in a line, not in a traceback."""
    try:
        commands.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as fault:
        fault.show()
        sys.exit(fault.exit_code)
    except BadSettings as fault:
        click.echo(f"coopapi: {type(fault).__doc__}\n{fault}", err=True)
        sys.exit(2)
    except OperationalError:
        click.echo("coopapi: the database cannot be reached with the address in the settings", err=True)
        sys.exit(1)
    except CoopError as fault:
        click.echo(f"coopapi: {type(fault).__doc__} {fault.detail}", err=True)
        sys.exit(1)


@commands.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path(".coopapi-demo"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
def demo(port: int, data_dir: Path, *, as_json: bool) -> None:
    """Start everything on this machine, with a synthetic operation in it; Ctrl-C stops it all."""
    demonstration.run(port, data_dir, as_json=as_json)


@commands.command()
def serve() -> None:
    """Serve with gunicorn, by the settings in the environment."""
    require_safe(create_app().extensions["coopapi"].database)
    environment = {"PROMETHEUS_MULTIPROC_DIR": tempfile.mkdtemp(prefix="coopapi-metrics-"), **os.environ}
    os.execve(sys.executable, demonstration.SERVER, environment)  # noqa: S606 (our own server)


@commands.command("migrate")
@click.option("--target", default="head", show_default=True, help="A revision, head or base.")
def migrate_command(target: str) -> None:
    """Create roles and schema, or bring them to another revision, with the owner's address."""
    settings = config.read()
    owner = settings.owner_database_url or settings.database_url
    made = migrate.migrate(owner, settings.database_url, crypto.load_keys(settings.key_file), target)
    click.echo(f"migrated to {target}")
    if made:
        click.echo(
            f"the role {migrate.app_login(owner, settings.database_url)[0]} was made, its password is shown this once: {made}"
        )


@commands.command()
def check() -> None:
    """Check database, roles, rights, keys and settings; print each line with its cure, and exit 1 if anything is wrong."""
    faults = 0
    for found in administration.check(administration.connect()):
        faults += bool(found.fault)
        click.echo(f"FAULT  {found.name}: {found.fault}. Cure: {found.cure}" if found.fault else f"ok     {found.name}")
    sys.exit(1 if faults else 0)


@commands.group()
def keys() -> None:
    """Root keys and signing keys."""


@keys.command("create")
@click.argument("path", type=click.Path(path_type=Path))
def keys_create(path: Path) -> None:
    """Write new root keys to a file that only you can read; keep a copy apart, without it nothing can be read again."""
    if path.exists():
        raise click.ClickException(f"{path} is there already")
    crypto.create_key_file(path)
    click.echo(f"wrote {path}")


@keys.command("rotate")
def keys_rotate() -> None:
    """Make a new key for signing tokens."""
    click.echo(administration.rotate_keys(administration.connect()))


@keys.command("digests")
@click.argument("path", type=click.Path(path_type=Path))
def keys_digests(path: Path) -> None:
    """Write the keys with which an authority digests persons that it does not want to send; only they are to see them."""
    made = digesting.keys_for_an_authority(crypto.load_keys(config.read().key_file))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already") from None
    with os.fdopen(handle, "w") as file:
        json.dump(made, file, indent=1)
    click.echo(f"wrote {path}")


@commands.command()
@click.argument("persons", type=click.File())
@click.option("--keys", "key_file", type=click.File(), required=True, help="What `coopapi keys digests` wrote for your authority.")
def digest(persons: Iterable[str], key_file: IO[str]) -> None:
    """Digest persons, one JSON object a line, into what the register takes in their place; it needs no server."""
    given = json.load(key_file)
    for line in persons:
        click.echo(json.dumps({"kind": "person", "digests": digesting.digest_person(json.loads(line), given)}))


@commands.command()
@click.option("--repair", is_flag=True, help="Compute what differs anew.")
@click.option(
    "--textfile", type=click.Path(path_type=Path), help="Write the metric coopapi_matching_differences there, for Prometheus."
)
def reconcile(*, repair: bool, textfile: Path | None) -> None:
    """Compare all stored overlaps with what the cases hold, by brute force; exit 1 if anything differs."""
    found = administration.reconcile(administration.connect(), repair=repair)
    if textfile:
        lines = [f'coopapi_matching_differences{{of="{name}"}} {count}\n' for name, count in found.items()]
        textfile.write_text("# TYPE coopapi_matching_differences gauge\n" + "".join(lines))
    click.echo(", ".join(f"{count} {name}" for name, count in found.items()))
    sys.exit(1 if any(found.values()) else 0)


@commands.command()
def erase() -> None:
    """Erase the words about evidence of teams whose four weeks are over; what was exchanged stays in the journal."""
    click.echo(f"{administration.erase(administration.connect())} erased")


@commands.command()
@click.argument("principal", type=click.UUID)
def token(principal: UUID) -> None:
    """Sign a short-lived token for a person or client whose issuer is this service."""
    click.echo(administration.token(administration.connect(), principal))


@commands.group()
def authority() -> None:
    """Authorities in the directory."""


@authority.command("add")
@click.argument("name")
@click.option("--type", "kind", type=click.Choice(sorted(codelists.load("authority_types").codes)), required=True)
@click.option("--country", help="ISO 3166-1 alpha-2; none for an organisation.")
def authority_add(name: str, kind: str, country: str | None) -> None:
    """Enter an authority and print its id."""
    if country is not None and country not in codelists.load("countries").codes:
        raise click.BadParameter("not a code of the codelist countries", param_hint="--country")
    click.echo(administration.add_authority(administration.connect(), {"name": name, "type": kind, "country": country}))


_role = click.option("--role", "roles", multiple=True, required=True, type=click.Choice([str(role) for role in Role]))
_cleared = click.option("--victim-cleared", is_flag=True, help="May see evidence about victims.")


@commands.group()
def person() -> None:
    """People who act for an authority."""


@person.command("add")
@click.argument("authority_id", type=click.UUID)
@click.argument("name")
@click.option("--issuer", help="iss of the person's tokens; this service, if not said.")
@click.option("--subject", required=True, help="The subject claim of the person's tokens.")
@_role
@_cleared
def person_add(authority_id: UUID, issuer: str | None, **data: Any) -> None:
    """Let a person act for an authority and print its id."""
    database = administration.connect()
    data["roles"] = list(data["roles"])
    click.echo(administration.add_person(database, authority_id, {"issuer": issuer or database.settings.base_url, **data}))


@commands.group()
def client() -> None:
    """Machine clients of national systems."""


@client.command("add")
@click.argument("authority_id", type=click.UUID)
@click.argument("name")
@_role
@_cleared
def client_add(authority_id: UUID, **data: Any) -> None:
    """Let a machine act for an authority; print its id, and its secret this once."""
    data["roles"] = list(data["roles"])
    made, secret = administration.add_client(administration.connect(), authority_id, data)
    click.echo(json.dumps({"client_id": str(made), "client_secret": secret}))


@commands.command()
@click.argument("principal", type=click.UUID)
@click.option("--victim-clearance/--no-victim-clearance", "victim_cleared", default=None)
@click.option("--active/--inactive", default=None)
def staff(principal: UUID, **data: bool | None) -> None:
    """Give or take clearance, or end access, of a person or a client."""
    administration.change(administration.connect(), principal, {key: value for key, value in data.items() if value is not None})


@commands.command()
def verify() -> None:
    """Recompute the hash chain of every authority's journal."""
    count, breaks = administration.verify_journal(administration.connect())
    for fault in breaks:
        click.echo(f"{fault.authority_id} entry {fault.seq}: {fault.fault}", err=True)
    click.echo(f"{count} entries, {len(breaks)} faults")
    sys.exit(1 if breaks else 0)


@commands.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    click.echo(json.dumps(specification(), indent=2))


for _command in guarding_commands.COMMANDS:
    commands.add_command(_command)
