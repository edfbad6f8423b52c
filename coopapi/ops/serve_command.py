"""The command `coopapi serve`."""

import os
import sys
import tempfile
from pathlib import Path

import click

from coopapi import config
from coopapi.config import BadSettings
from coopapi.http.telemetry import FIGURES_MARK
from coopapi.oauth.service import accepted_issuers
from coopapi.ops import administration
from coopapi.ops.demo import SERVER
from coopapi.provisioning.checks import require_safe


@click.command()
def serve() -> None:
    """Run the service with gunicorn, configured by the settings in the environment."""
    database = administration.connect()
    require_safe(database)
    accepted_issuers(database.settings, database)  # raises `BadSettings` before the server starts
    issuer = administration.clients_issuer(database)
    if issuer.fault:
        click.echo(f"coopapi: {issuer.fault}. Cure: {issuer.cure}", err=True)
    os.execve(sys.executable, SERVER, {**os.environ, **_folders()})  # noqa: S606 (our own server)


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
