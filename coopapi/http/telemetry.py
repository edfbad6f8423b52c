"""The format of log lines, and the mark of a folder of metrics, for processes with and without a web server."""

import json
import logging
import re
from typing import Any, Final

FIGURES_MARK: Final = "made-by-coopapi-serve"
"""The name of a file in the metrics folder that allows the server to remove the folder when it stops."""
_PLACEHOLDER: Final = re.compile(r"%(?:\(\w*\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[a-zA-Z]")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({})))


class JsonLines(logging.Formatter):
    """Formats log records as one JSON object per line, without values from requests and without exception texts."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD and key != "message"}
        line: dict[str, Any] = {"at": round(record.created, 3), "level": record.levelname, "logger": record.name}
        ours = record.name.startswith(("coopapi", "gunicorn"))
        line["message"] = record.getMessage() if ours else _PLACEHOLDER.sub("...", str(record.msg))[:200]
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps({**line, **extra}, default=str)
