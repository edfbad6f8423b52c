"""Keeps `coopapi worker` running as a process beside the web workers."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final

COMMAND: Final = (sys.executable, "-c", "from coopapi.ops.cli import main; main()", "worker")
_STEADY: Final = 60.0
_LONGEST_PAUSE: Final = 30.0
_starting = threading.Lock()
_log = logging.getLogger("coopapi.server")


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a process. No web worker is forked meanwhile.

    `Popen` waits until the other end of a pipe is closed. A web worker that is forked at that moment would keep a copy of it open,
    and `Popen` would wait for as long as that web worker lives.
    """
    with _starting:
        return subprocess.Popen(command)  # noqa: S603 (our own commands)


def keep() -> None:
    """Run `coopapi worker`, and start it again whenever it ends, each time after a longer pause. Does not return."""
    pause = 1.0
    while True:
        began = time.monotonic()
        process = start([*COMMAND, "--parent", str(os.getpid())])
        process.wait()
        pause = 1.0 if time.monotonic() - began > _STEADY else min(pause * 2, _LONGEST_PAUSE)
        _log.warning("the worker ended", extra={"status": process.returncode, "again_in_seconds": pause})
        time.sleep(pause)


os.register_at_fork(before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_starting.release)
