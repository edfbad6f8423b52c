"""The commands for keys, and for digests that are made with them."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import click

from coopapi import config
from coopapi.ops import administration, digests
from coopapi.store import crypto


@click.group()
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


@click.command()
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
