"""The command `coopapi worker`."""

import logging
import threading
from dataclasses import replace

import click

from coopapi import config
from coopapi.http import worker_process
from coopapi.ops import administration
from coopapi.ops import worker as running


@click.command()
@click.option("--parent", type=int, hidden=True, help="The server for which the worker works.")
@click.option("--imports", is_flag=True, hidden=True, help="Store imports, and do nothing else.")
def worker(parent: int | None, *, imports: bool) -> None:
    """Find overlaps, link the journal and store imports, beside one or several `coopapi serve`.

    It ends with the process that started it. A second process, which it starts, stores imports.
    """
    settings = config.read()
    logging.getLogger("coopapi").handlers = logging.getLogger("coopapi.alarms").handlers
    logging.getLogger("coopapi").setLevel(settings.log_level)
    address = settings.worker_database_url or settings.database_url
    database = administration.connect(replace(settings, database_url=address))
    if imports:
        running.run_imports(database, parent)
        return
    threading.Thread(target=worker_process.keep, args=("--imports",), name="coopapi-imports", daemon=True).start()
    running.run(database, parent)
