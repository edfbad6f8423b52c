"""The command `coopapi openapi`."""

import json

import click

from coopapi.app import specification


@click.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    click.echo(json.dumps(specification(), indent=2))
