"""The command `coopapi demo`."""

import logging
from pathlib import Path

import click

from coopapi.ops import demo as demonstration


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 uses any free port.")
@click.option("--data-dir", type=click.Path(path_type=Path), default=demonstration.DATA_DIR, show_default=True)
@click.option("--reset", is_flag=True, help="Delete the data of an earlier demo in this folder and start over.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when the demo is ready.")
def demo(port: int, data_dir: Path, *, reset: bool, as_json: bool) -> None:
    """Start everything on this machine, with a synthetic operation in it. Ctrl-C stops it."""
    logging.getLogger("coopapi.alarms").setLevel(logging.ERROR)  # there is nobody to alarm about the people in a demo
    demonstration.run(port, data_dir, as_json=as_json, reset=reset)
