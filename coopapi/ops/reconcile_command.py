"""The command `coopapi reconcile`."""

import sys
from pathlib import Path

import click

from coopapi.ops import administration
from coopapi.ops import worker as running


@click.command()
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
    if repair and found["tokens"]:  # the worker was asked to read identifiers again
        running.work_until_done(database)
        found = administration.reconcile(database, repair=False)
    if textfile:
        lines = [f'coopapi_matching_differences{{of="{name}"}} {count}\n' for name, count in found.items()]
        textfile.write_text("# TYPE coopapi_matching_differences gauge\n" + "".join(lines))
    click.echo(", ".join(f"{count} {name}" for name, count in found.items()))
    sys.exit(1 if any(found.values()) else 0)
