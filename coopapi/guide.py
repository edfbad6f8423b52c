"""What the API document says before its operations: the guide, with the limits as they are in the code, and the examples."""

import inspect
import json
from functools import cache
from importlib.resources import files
from typing import Any

from coopapi import config, strictjson
from coopapi.auth import tokens
from coopapi.http import connection, idempotency, middleware, paging, waiting
from coopapi.identifiers.refusals import MOST_PERSONS
from coopapi.identifiers.schemas import MOST_IDENTIFIERS
from coopapi.oauth import attempts


def guide() -> str:
    """Read the guide, with every limit filled in."""
    return (files("coopapi") / "guide.md").read_text("utf-8").format(**limits())


def limits() -> dict[str, str]:
    """Return every limit that the guide names, as the code has it; of what an operator may set, the usual value."""
    numbers = {
        "body_bytes": middleware.LARGEST_BODY,
        "form_bytes": middleware.LARGEST_FORM,
        "head_bytes": connection.LARGEST_HEAD,
        "headers": connection.MOST_HEADERS,
        "idle_seconds": connection.IDLE_SECONDS,
        "token_bytes": tokens.LONGEST,
        "poll_seconds": waiting.LONGEST_POLL,
        "page": paging.LIMIT,
        "largest_page": paging.MOST,
        "cursor_days": paging.LIFETIME // 86_400,
        "key_characters": idempotency.LONGEST,
        "key_days": idempotency.KEPT.days,
        "identifiers": MOST_IDENTIFIERS,
        "persons": MOST_PERSONS,
        "pair_failures": attempts.PAIR_FAILURES,
        "address_failures": attempts.ADDRESS_FAILURES,
    }
    json_limits = inspect.signature(strictjson.loads).parameters
    numbers |= {name: json_limits[name].default for name in ("max_depth", "max_items", "max_string")}
    usual = ("header_seconds", "body_seconds", "quota_hour", "quota_day", "quota_hidden_hour", "quota_hidden_day", "token_lifetime")
    numbers |= {setting.name: int(setting.default or 0) for setting in config.SETTINGS if setting.name in usual}
    return {name: f"{number:,}" for name, number in numbers.items()}


@cache
def examples() -> tuple[dict[str, Any], ...]:
    """Read the examples, in the order in which they were sent."""
    folder = files("coopapi") / "examples"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    return tuple(json.loads((folder / name).read_text("utf-8")) for name in names)
