"""Tells the stories of docs/stories.md and other pages: their calls are sent, and what they keep and expect is checked."""

import json
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "stories.md"
FENCE = re.compile(r"^```http\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LATER = re.compile(r"\((\d+) hours later\)")
CALL = re.compile(r"(\w+): (GET|POST|PATCH) (\S+)")
NAMED = re.compile(r"\{(\w+)\}")
PART = re.compile(r"(\w+)?(?:\[(\w+)=([^\]]+)\])?")


def told(title, page=None):
    """The calls of one story, each with its header fields, its body, and what is kept or expected; or how many hours pass."""
    story = (page or PAGE).read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [_call(block) for fence in FENCE.findall(story) for block in fence.strip().split("\n\n")]


def _call(block):
    first, *lines = block.splitlines()
    if later := LATER.fullmatch(first):
        return int(later[1])
    headers = dict(line.split(": ") for line in lines if line.startswith(("If-Match: ", "Idempotency-Key: ")))
    after = [line for line in lines if line.startswith(("keep ", "expect "))]
    body = "\n".join(line for line in lines if line not in after and line.split(": ")[0] not in headers)
    return CALL.fullmatch(first).groups(), headers, json.loads(body) if body else None, after


class Telling:
    """One story that is told: whose calls they are, what is known by name, and how many calls were sent."""

    def __init__(self, world, people, **known):
        self.world, self.people, self.known, self.calls = world, people, known, 0

    def tell(self, title, most, page=None):
        """Send every call of a story. There may be `most` of them."""
        for call in told(title, page):
            if isinstance(call, int):
                self.world.clock.forward(hours=call)
            else:
                self._send(*call)
        assert self.calls <= most, self.calls

    def _send(self, asked, headers, body, after):
        name, method, path = asked
        self.calls += 1
        self.known["now"] = self.world.clock().isoformat()
        fields = {field.replace("-", "_"): self._filled(value) for field, value in headers.items()}
        answer = self._as(name).send(method, self._filled(path), self._filled(body), **fields)
        refused = "expect status 404" in after
        assert answer.status_code == 404 if refused else answer.status_code < 300, (name, method, path, answer.json)
        for line in after if not refused else ():
            self._check(line, answer.json if answer.is_json else {"media_type": answer.mimetype})

    def _as(self, name):
        return self.world.as_(self.people.get(name, name))

    def _check(self, line, said):
        if line.startswith("keep "):
            name, path = re.fullmatch(r"keep (\w+) = (.+)", line).groups()
            self.known[name] = self._at(said, path)
        elif counted := re.fullmatch(r"expect (\d+) (.+)", line):
            assert len(self._at(said, counted[2])) == int(counted[1]), (line, self._at(said, counted[2]))
        else:
            path, wanted = re.fullmatch(r"expect (\S+) = (.+)", line).groups()
            assert self._at(said, path) == self._filled(json.loads(wanted)), (line, self._at(said, path))

    def _at(self, said, path):
        """What an answer has at a path such as `items[type=meeting].id`, which takes the first item with that value."""
        for part in path.split("."):
            name, field, value = PART.fullmatch(part).groups()
            said = said[int(name)] if name.isdigit() else said[name]
            if field:
                said = next(item for item in said if str(item[field]) == self._filled(value))
        return said

    def _filled(self, value, **own):
        known = {**self.known, **own}
        if isinstance(value, dict):
            return {name: self._filled(one, **own) for name, one in value.items()}
        if isinstance(value, list):
            return [filled for one in value for filled in self._repeated(one, own)]
        if not isinstance(value, str):
            return value
        if whole := NAMED.fullmatch(value):
            return known[whole[1]]
        return NAMED.sub(lambda match: str(known[match[1]]), value)

    def _repeated(self, value, own):
        """The members of a list. One with `for each` stands for as many as there are items under that name."""
        if not (isinstance(value, dict) and "for each" in value):
            return [self._filled(value, **own)]
        rest = {name: one for name, one in value.items() if name != "for each"}
        return [self._filled(rest, **item) for item in self.known[value["for each"]]]
