"""How gunicorn runs the service: threads, JSON logs, figures of all workers together."""

import os
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from coopapi.config import read

_settings = read()
bind = _settings.bind
workers = _settings.workers
threads = _settings.threads
worker_class = "gthread"
timeout = 60
graceful_timeout = 20
max_requests = 50_000
max_requests_jitter = 5_000
forwarded_allow_ips = "127.0.0.1"
control_socket_disable = True
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "coopapi.edge.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "root": {"level": _settings.log_level, "handlers": ["stderr"]},
    "loggers": {name: {"level": "WARNING", "handlers": [], "propagate": True} for name in ("gunicorn.error", "gunicorn.access")},
}


def child_exit(server: Any, worker: Any) -> None:
    """Forget the figures of a worker that ended."""
    del server
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
