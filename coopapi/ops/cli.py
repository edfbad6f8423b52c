"""The command line `coopapi`: the demo, and the commands that a deployment needs."""

import gc
import logging
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Final

import click

from coopapi.http.telemetry import JsonLines

MODULES: Final = {
    "authority": ("directory_commands", "Manage authorities in the directory."),
    "check": ("register_commands", "Check database, roles, rights, keys and settings."),
    "client": ("directory_commands", "Manage machine clients of national systems."),
    "convert": ("convert_command", "Turn a file of another system into lines for `coopapi import`, on standard output."),
    "demo": ("demo_command", "Start everything on this machine, with a synthetic operation in it."),
    "digest": ("key_commands", "Convert persons, one JSON object per line, to digests that the register accepts instead."),
    "erase": ("register_commands", "Erase texts about the evidence of teams whose four weeks have ended."),
    "figures": ("abuse_commands", "Write the daily figures of registrations and raise their alarms."),
    "honey": ("abuse_commands", "Manage honey values, which no real case contains: a client that registers one is guessing."),
    "import": ("import_command", "Send a file of cases, subjects and identifiers, and wait until it is stored."),
    "issuer": ("directory_commands", "Manage the issuer names under which people and clients are known."),
    "keys": ("key_commands", "Manage root keys and signing keys."),
    "migrate": ("register_commands", "Create or change roles and schema, with the owner's database URL."),
    "openapi": ("openapi_command", "Print the OpenAPI document."),
    "person": ("directory_commands", "Manage people who act for an authority."),
    "quota": ("abuse_commands", "Set the number of new values that the clients of one authority may register."),
    "reconcile": ("reconcile_command", "Compare all stored overlaps with a complete recomputation."),
    "serve": ("serve_command", "Run the service with gunicorn, configured by the settings in the environment."),
    "staff": ("register_commands", "Give or take away clearance of a person or client, or end its access."),
    "token": ("register_commands", "Sign a short-lived token for a person or client whose issuer is this service."),
    "verify": ("register_commands", "Verify the hash chain of every authority's journal."),
    "worker": ("worker_command", "Find overlaps, link the journal and store imports, beside one or several `coopapi serve`."),
}
"""Each command with the module that has it, and the first sentence of its help."""


class LazyCommands(click.Group):
    """The commands. Only the module of the command that runs is imported, because importing all of them takes seconds."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None if there is none of this name.

        The garbage collector finds nothing in what is imported, and looking for it takes a third of the time.
        """
        del ctx
        if cmd_name not in MODULES:
            return None
        gc.disable()
        try:
            module = import_module(f"coopapi.ops.{MODULES[cmd_name][0]}")
            gc.freeze()
        finally:
            gc.enable()
        return next(made for made in vars(module).values() if isinstance(made, click.Command) and made.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands for `coopapi --help`."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, first) for name, (_, first) in MODULES.items()])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
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
    except Exception as fault:
        faults = import_module("coopapi.ops.faults")  # Importing the classes of these exceptions takes as long as some commands.
        if not isinstance(fault, faults.REPORTED):
            raise
        status, reason = faults.reason(fault)
        click.echo(f"coopapi: {reason}", err=True)
        sys.exit(status)
