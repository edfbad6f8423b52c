"""The commands that set up and check a register, and those that look after what is in it."""

import sys
from uuid import UUID

import click
from sqlalchemy import make_url

from coopapi import config
from coopapi.ops import administration
from coopapi.provisioning import migration
from coopapi.store import crypto


@click.command("migrate")
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


@click.command()
def check() -> None:
    """Check database, roles, rights, keys and settings. Print each result with its cure, and exit with 1 if anything is wrong."""
    faults = 0
    for found in administration.check(administration.connect()):
        faults += bool(found.fault)
        click.echo(f"FAULT  {found.name}: {found.fault}. Cure: {found.cure}" if found.fault else f"ok     {found.name}")
    sys.exit(1 if faults else 0)


@click.command()
def erase() -> None:
    """Erase texts about the evidence of teams whose four weeks have ended. The journal still shows what was exchanged."""
    click.echo(f"{administration.erase(administration.connect())} erased")


@click.command()
@click.argument("principal", type=click.UUID)
def token(principal: UUID) -> None:
    """Sign a short-lived token for a person or client whose issuer is this service."""
    click.echo(administration.token(administration.connect(), principal))


@click.command()
@click.argument("principal", type=click.UUID)
@click.option("--victim-clearance/--no-victim-clearance", "victim_cleared", default=None)
@click.option("--active/--inactive", default=None)
def staff(principal: UUID, **data: bool | None) -> None:
    """Give or take away clearance of a person or client, or end its access."""
    administration.change(administration.connect(), principal, {key: value for key, value in data.items() if value is not None})


@click.command()
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
