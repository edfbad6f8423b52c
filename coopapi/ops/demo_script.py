"""Enters the demo's operation over HTTP, step by step, as its own people; a step that was taken before is not taken again."""

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
_PATIENCE: Final = 10.0


def operation() -> dict[str, Any]:
    """Read the synthetic operation: authorities, people, cases, and the steps that its people take."""
    found: dict[str, Any] = json.loads((files("coopapi.ops") / "operation_heron.json").read_text("utf-8"))
    return found


def steps(story: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every step of the story in its order: first the cases with what they hold, then what their people do.

    A step is a `post` or a `move` (an event at `.../transitions`) with a `body`, or a `get`, `by` somebody. What it answers, its
    `id` unless `take` says otherwise, is known to later steps `as` a name: they write it as `{name}`. `{+14d}` is a moment in
    14 days, `{date+14d}` the day, `{+1s}` a moment in one second.
    """
    for entry in story["cases"]:
        reference = entry["case"]["reference"]
        home = f"/cases/{{{reference}}}"
        yield {"by": entry["by"], "post": "/cases", "body": entry["case"], "as": reference}
        for subject in entry["subjects"]:
            yield {"by": entry["by"], "post": f"{home}/subjects", "body": subject, "as": subject["pseudonym"]}
        items = [
            {**item, "subject_id": f"{{{item['subject']}}}"} if "subject" in item else dict(item) for item in entry["identifiers"]
        ]
        for item in items:
            item.pop("subject", None)
        yield {"by": entry["by"], "post": f"{home}/identifiers", "body": {"identifiers": items}, "take": "identifiers"}
    yield from story["steps"]


@dataclass
class Rehearsal:
    """One walk through the story: who may act, what is known by which name, and the file that keeps what was done."""

    base_url: str
    tokens: Mapping[str, str]
    names: dict[str, str]
    file: Path
    done: dict[str, Any] = field(default_factory=dict)

    def walk(self, story: Iterable[Mapping[str, Any]]) -> None:
        """Take each step that was not taken yet."""
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
        """Take one step and give what later steps may ask for."""
        who = step["by"]
        if "post" in step:
            answer = self._send(who, "POST", step["post"], step["body"], {"Idempotency-Key": key})
        elif "move" in step:
            stands = self._send(who, "GET", step["move"] + "/transitions")
            headers = {"Idempotency-Key": key, "If-Match": f'"{stands["etag"]}"'}
            answer = self._send(who, "POST", step["move"] + "/transitions", step["body"], headers)
        else:
            answer = self._send(who, "GET", step["get"])
        return self._told(step, answer)

    def _told(self, step: Mapping[str, Any], answer: Any) -> str | None:
        """Find in an answer what later steps may ask for, if it is there."""
        for path, wanted in self._filled(step.get("where", {})).items():
            answer = next(item for item in answer["items"] if _at(item, path) == wanted)
        found = _at(answer, step.get("take", "id"))
        return found if isinstance(found, str) else None

    def _send(self, who: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Send one request; a meeting that is about to begin is waited for."""
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
        """Put what is known into the places that stand for it."""
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
    """Follow a path such as `items.0.id` into an answer."""
    for part in path.split("."):
        answer = answer[int(part)] if isinstance(answer, list) else answer.get(part)
    return answer
