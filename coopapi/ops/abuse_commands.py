"""The operator's commands against guessing: quotas, honey values and daily figures."""

import sys
from datetime import UTC, datetime
from uuid import UUID

import click

from coopapi.identifiers.kinds import KINDS, Context
from coopapi.ops import abuse_controls, administration

_LIMIT = click.IntRange(0, 10**9)


@click.group()
def quota() -> None:
    """Set the number of new values that the clients of one authority may register."""


@quota.command("set")
@click.argument("authority_id", type=click.UUID)
@click.option("--hour", type=_LIMIT, help="New values per client and hour; the value in the settings by default.")
@click.option("--day", type=_LIMIT, help="New values per client and day.")
@click.option("--hidden-hour", type=_LIMIT, help="New values in hidden cases per client and hour.")
@click.option("--hidden-day", type=_LIMIT, help="New values in hidden cases per client and day.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="The first day (UTC) on which the values in the settings apply again."
)
@click.option("--reason", required=True)
def quota_set(authority_id: UUID, until: datetime | None, reason: str, **limits: int | None) -> None:
    """Set the quotas of an authority instead of those in the settings, for a first load or because of a suspicion."""
    database = administration.connect()
    figures = [
        limit if (limit := limits[name]) is not None else getattr(database.settings, f"quota_{name}")
        for name in ("hour", "day", "hidden_hour", "hidden_day")
    ]
    abuse_controls.set_quota(database, authority_id, figures, until.replace(tzinfo=UTC) if until else None, reason)


@quota.command("clear")
@click.argument("authority_id", type=click.UUID)
@click.option("--reason", required=True)
def quota_clear(authority_id: UUID, reason: str) -> None:
    """Apply the quotas of the settings to an authority again."""
    abuse_controls.set_quota(administration.connect(), authority_id, None, None, reason)


@click.group()
def honey() -> None:
    """Manage honey values, which no real case contains: a client that registers one is guessing."""


@honey.command("add")
@click.argument("kind", type=click.Choice(sorted(set(KINDS) - {"person"})))
@click.option("--platform", help="The platform of the account.")
@click.option("--country", help="The issuing country.")
def honey_add(kind: str, platform: str | None, country: str | None) -> None:
    """Add a honey value, given as one line of the standard input, and print its id. The value itself is not stored."""
    value = sys.stdin.readline().strip()
    click.echo(abuse_controls.plant(administration.connect(), kind, value, Context(platform=platform, country=country)))


@honey.command("list")
def honey_list() -> None:
    """List id, kind and day of every honey value."""
    for row in abuse_controls.planted(administration.connect()):
        click.echo(f"{row.id} {row.kind} {row.added_at:%Y-%m-%d}")


@honey.command("remove")
@click.argument("honey_id", type=click.UUID)
def honey_remove(honey_id: UUID) -> None:
    """Remove a honey value."""
    abuse_controls.remove(administration.connect(), honey_id)


@click.command()
def figures() -> None:
    """Write the daily figures of registrations and raise their alarms. Run it every night after midnight UTC."""
    click.echo(f"{abuse_controls.write_figures(administration.connect())} figures written")
