"""The configuration of gunicorn: our worker class, logs in JSON, and metrics that combine all workers."""

import gc
import logging
import os
import shutil
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from coopapi.config import ignored, read
from coopapi.http import worker_process
from coopapi.http.telemetry import FIGURES_MARK

gc.disable()  # until `when_ready`: what is loaded before stays
_settings = read()
bind = [_settings.bind, *([_settings.metrics_bind] if _settings.metrics_bind else [])]
workers = _settings.workers
threads = _settings.threads
worker_class = "coopapi.http.worker.Worker"
timeout = 60
graceful_timeout = 20
max_requests = 50_000
max_requests_jitter = 5_000
control_socket_disable = True
preload_app = True
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "coopapi.http.telemetry.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "root": {"level": _settings.log_level, "handlers": ["stderr"]},
    "loggers": {
        name: {"level": "WARNING", "handlers": [], "propagate": True} for name in ("gunicorn.error", "gunicorn.access", "alembic")
    },
}
logging._srcfile = None  # noqa: SLF001 (documented: no log line names a place in the source, nor a process or a thread)
logging.logProcesses = logging.logThreads = logging.logMultiprocessing = False
_log = logging.getLogger("coopapi.server")


def when_ready(server: Any) -> None:
    """Prepare the application for the workers that are forked from it, and log that the service is listening.

    The workers share the memory of what is loaded before. The garbage collector would write to it, so it leaves it alone.
    """
    server.app.wsgi().extensions["coopapi"].database.engine.dispose()  # each worker opens connections of its own
    gc.collect()
    gc.freeze()
    gc.enable()
    if names := ignored():
        _log.warning("ignored: %s (no settings of coopapi)", ", ".join(names))
    if _settings.worker:
        threading.Thread(target=worker_process.keep, name="coopapi-worker", daemon=True).start()
    _log.info("started", extra={"version": version("coopapi"), "bind": server.cfg.settings["bind"].get(), "workers": workers})


def on_exit(server: Any) -> None:
    """Log that the service has stopped, and remove the metrics folder if `coopapi serve` created it."""
    del server
    _log.info("stopped", extra={"version": version("coopapi")})
    figures = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""))
    if (figures / FIGURES_MARK).exists():
        shutil.rmtree(figures, ignore_errors=True)


def child_exit(server: Any, worker: Any) -> None:
    """Remove the metrics of a worker that has ended."""
    del server
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
