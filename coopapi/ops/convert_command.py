"""The command `coopapi convert`: turns files of other systems into lines for `coopapi import`."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from coopapi.imports.sources import cybertip, vics
from coopapi.imports.sources.common import Converted, Line


@click.group("convert")
def convert() -> None:
    """Turn a file of another system into lines for `coopapi import`, on standard output.

    What was refused and what has no place is told on standard error. The exit status is 1 if a record was refused.
    """


@convert.command("cybertip")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def cybertip_report(file: Path) -> None:
    """Convert reports of the CyberTipline (XML or JSON): each becomes a case with its subjects and identifiers."""
    done = Converted()
    try:
        _write(cybertip.convert(file.read_bytes(), done))
    except cybertip.BrokenReport as fault:
        raise click.ClickException(f"The file is not a report: {fault}.") from None
    _tell(done)


@convert.command("vics")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--case", required=True, help="The external_id of the case that gets the digests. The register must have it.")
@click.option(
    "--list",
    "name",
    required=True,
    help="A name for the list. Use the same name whenever you convert it again: the keys begin with it. Name no two lists alike.",
)
@click.option(
    "--category", "categories", multiple=True, required=True, help="A category whose media are taken; several may be named."
)
def vics_list(file: Path, case: str, name: str, categories: tuple[str, ...]) -> None:
    """Convert a hash list of Project VIC (JSON): the MD5 and SHA-1 digests become identifiers of a case."""
    done = Converted()
    try:
        with file.open(encoding="utf-8-sig") as opened:
            _write(vics.convert(opened, case, name, categories, done))
    except (vics.BrokenList, UnicodeDecodeError) as fault:
        raise click.ClickException(f"The file is not a hash list: {fault}.") from None
    _tell(done)


def _write(lines: Iterable[Line]) -> None:
    for line in lines:
        click.echo(json.dumps(line, ensure_ascii=False))


def _tell(done: Converted) -> None:
    for number, why in done.refused:
        click.echo(f"record {number} refused: {why}", err=True)
    for name, count in sorted(done.left_out.items()):
        click.echo(f"left out: {name} ({count})", err=True)
    click.echo(f"{done.records} records converted, {len(done.refused)} refused", err=True)
    sys.exit(1 if done.refused else 0)
