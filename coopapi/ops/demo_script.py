"""Enters the demo's operation over HTTP, step by step, with the tokens of its users. Completed steps are not repeated."""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import click
import urllib3

_PLACE: Final = re.compile(r"\{([^{}]+)\}")
_MOMENT: Final = re.compile(r"(date)?\+(\d+)([ds])")
_PATIENCE: Final = 60.0
"""The most seconds to wait for something that a step needs."""


def operation() -> dict[str, Any]:
    """Return the synthetic operation: authorities, people, cases, and the steps that the people take."""
    found: dict[str, Any] = json.loads((files("coopapi.ops") / "operation_heron.json").read_text("utf-8"))
    return found


def steps(story: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every step of the story: first the cases with their content, then the steps of the people.

    A step has `by` (a user) and one of `post`, `move` (an event at `.../transitions`) or `get`; the first two have a `body`. With
    `as`, the answer's `id`, or the member at the path `take`, gets a name, and later steps refer to it as `{name}`. `{+14d}` is the
    time 14 days from now, `{date+14d}` the date, and `{+1s}` the time in one second.
    """
    for entry in story["cases"]:
        reference = entry["case"]["reference"]
        home = f"/cases/{{{reference}}}"
        yield {"by": entry["by"], "post": "/cases", "body": entry["case"], "as": reference}
        for subject in entry["subjects"]:
            yield {"by": entry["by"], "post": f"{home}/subjects", "body": subject, "as": subject["pseudonym"]}
        items = [
            {**item, "subjects": [{"id": f"{{{item['subject']}}}"}]} if "subject" in item else dict(item)
            for item in entry["identifiers"]
        ]
        for item in items:
            item.pop("subject", None)
        yield {"by": entry["by"], "post": f"{home}/identifiers", "body": {"identifiers": items}, "take": "identifiers"}
    yield from story["steps"]


@dataclass
class Rehearsal:
    """One run of the story: the tokens of the users, the named values, and the file with the completed steps."""

    base_url: str
    tokens: Mapping[str, str]
    names: dict[str, str]
    file: Path
    done: dict[str, Any] = field(default_factory=dict)

    def walk(self, story: Iterable[Mapping[str, Any]]) -> None:
        """Take each step that is not completed yet."""
        if self.file.exists():
            self.done = json.loads(self.file.read_text())
        for step in story:
            key = sha256(json.dumps(step, sort_keys=True).encode()).hexdigest()
            if key not in self.done:
                self.done[key] = self._take(step, key)
                self._keep()
            if "as" in step:
                self.names[step["as"]] = self.done[key]

    def _keep(self) -> None:
        half = self.file.with_suffix(".new")
        half.write_text(json.dumps(self.done))
        half.replace(self.file)

    def _take(self, step: Mapping[str, Any], key: str) -> Any:
        """Take one step and return the value that later steps may use."""
        who = step["by"]
        if "post" in step:
            answer = self._send(who, "POST", step["post"], step["body"], {"Idempotency-Key": key})
        elif "move" in step:
            stands = self._send(who, "GET", step["move"] + "/transitions")
            headers = {"Idempotency-Key": key, "If-Match": f'"{stands["etag"]}"'}
            answer = self._send(who, "POST", step["move"] + "/transitions", step["body"], headers)
        else:
            return self._read(step)
        return self._told(step, answer)

    def _read(self, step: Mapping[str, Any]) -> str | None:
        """Read a value that later steps use. If it is not there yet, because the worker has not found it, wait and try again."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._told(step, self._send(step["by"], "GET", step["get"]))
            except LookupError:
                if time.monotonic() > deadline:
                    raise click.ClickException(f"the operation could not be entered: {step['get']} lacks {step['take']}") from None
            time.sleep(0.1)

    def _told(self, step: Mapping[str, Any], answer: Any) -> str | None:
        """Return the value in an answer that later steps may use, or None."""
        for path, wanted in self._filled(step.get("where", {})).items():
            found = [item for item in answer["items"] if _at(item, path) == wanted]
            answer = found[0]
        value = _at(answer, step.get("take", "id"))
        return value if isinstance(value, str) else None

    def _send(self, who: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Send one request. If a meeting has not begun yet, wait and try again."""
        url = f"{self.base_url}/api/v1{self._filled(path)}"
        content = None if body is None else self._filled(body)
        all_headers = {**(headers or {}), "Authorization": f"Bearer {self.tokens[who]}"}
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer = urllib3.request(method, url, json=content, headers=all_headers, retries=False, timeout=30)
            found: dict[str, Any] = answer.json()
            if answer.status < 400:  # noqa: PLR2004 (what went well)
                return found
            if found.get("type") != "/problems/not-begun-yet" or time.monotonic() > deadline:
                told = f"{method} {self._filled(path)} by {who}: {answer.status} {json.dumps(found)[:500]}"
                raise click.ClickException(f"the operation could not be entered; start over with --reset\n{told}")
            time.sleep(0.1)

    def _filled(self, value: Any) -> Any:
        """Replace the placeholders in a value."""
        if isinstance(value, Mapping):
            return {key: self._filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        return _PLACE.sub(lambda place: self._known(place[1]), value) if isinstance(value, str) else value

    def _known(self, name: str) -> str:
        moment = _MOMENT.fullmatch(name)
        if moment is None:
            return self.names[name]
        later = datetime.now(UTC) + (timedelta(days=int(moment[2])) if moment[3] == "d" else timedelta(seconds=int(moment[2])))
        return later.date().isoformat() if moment[1] else later.isoformat()


def _at(answer: Any, path: str) -> Any:
    """Return the value at a path such as `items.0.id` in an answer."""
    for part in path.split("."):
        answer = answer[int(part)] if isinstance(answer, list) else answer.get(part)
    return answer
