"""The examples in the API document are sent to the service, in their order: it answers as they say."""

import json
import re

import pytest
from described import specification
from jsonschema import Draft202012Validator

from coopapi import guide
from coopapi.ops.demo_script import operation

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\S+")
SECRET = "the-secret-that-was-shown-once"
PEOPLE = {"wren": "investigator", "merle": "foreign"}


class Stage:
    """The demo's people and their cases; what the examples call by an id is known by another here."""

    def __init__(self, world):
        self.world, self.known = world, {}
        french = operation()["cases"][1]
        home = world.case(PEOPLE[french["by"]], **french["case"])
        items = [{key: value for key, value in one.items() if key != "subject"} for one in french["identifiers"]]
        assert world.as_("foreign").post(f"/cases/{home}/identifiers", {"identifiers": items}).status_code == 201
        admin = world.as_("admin")
        self.client = world.approved(admin.post(f"/authorities/{world.authorities['nl']}/clients", CLIENT)).json

    def send(self, example):
        asked = json.loads(self.here(json.dumps(example["request"])))
        path, headers = asked["path"], asked.get("headers", {})
        if example["operation"] == "issue_token":
            form = asked["body"] | {"client_id": self.client["id"], "client_secret": self.client["client_secret"]}
            return self.world.app.test_client().post(path, data=form)
        caller = self.world.as_(PEOPLE[example["by"]])
        return caller.client.open(
            path,
            method=asked["method"],
            json=asked.get("body"),
            headers={"Authorization": f"Bearer {caller.token}", **headers},
        )

    def here(self, text):
        return UUID.sub(lambda found: self.known.get(found[0], found[0]), text)

    def compare(self, shown, found, at=""):
        """Say where an answer differs from the example in more than ids and moments, and learn its ids."""
        if type(shown) is not type(found):
            return [f"{at}: {shown!r} is {found!r}"]
        if isinstance(shown, dict):
            other = [f"{at}/{name}" for name in shown.keys() ^ found.keys()]
            return other + [
                fault for name in shown.keys() & found.keys() for fault in self.compare(shown[name], found[name], f"{at}/{name}")
            ]
        if isinstance(shown, list):
            if len(shown) != len(found):
                return [f"{at}: {len(shown)} items are {len(found)}"]
            return [fault for i, pair in enumerate(zip(shown, found, strict=True)) for fault in self.compare(*pair, f"{at}/{i}")]
        if isinstance(shown, str):
            self.known |= dict(zip(UUID.findall(shown), UUID.findall(found), strict=False))
            if at.endswith("/access_token") or MOMENT.fullmatch(shown):
                return []
            shown, found = UUID.sub("", shown), UUID.sub("", found)
        return [] if shown == found else [f"{at}: {shown!r} is {found!r}"]


CLIENT = {"name": "Case management system", "roles": ["system"]}


def test_the_service_answers_every_example_as_it_is_shown(world):
    stage = Stage(world)
    for example in guide.examples():
        answer = stage.send(example)
        assert answer.status_code == example["status"], (example["name"], answer.json)
        assert stage.compare(example["response"], answer.json) == [], example["name"]


def test_an_answer_of_another_shape_would_be_noticed(world):
    stage = Stage(world)
    assert stage.compare({"state": "open"}, {"state": "closed"}) == ["/state: 'open' is 'closed'"]
    assert stage.compare({"items": [1]}, {"items": []}) == ["/items: 1 items are 0"]
    assert stage.compare({"etag": "v1"}, {"tag": "v1"}) != []


@pytest.mark.parametrize("example", guide.examples(), ids=lambda example: example["name"])
def test_an_example_fits_the_schema_of_its_operation(example):
    document = specification()
    (operation,) = (
        o
        for item in document["paths"].values()
        for o in item.values()
        if isinstance(o, dict) and o.get("operationId") == example["operation"]
    )
    (content,) = operation["responses"][str(example["status"])]["content"].values()
    Draft202012Validator({"components": document["components"], **content["schema"]}).validate(example["response"])


@pytest.mark.parametrize("status", [200, 201, 409, 412, 422])
def test_the_document_shows_examples_of_answers(status):
    shown = {
        (o["operationId"], name)
        for item in specification()["paths"].values()
        for o in item.values()
        if isinstance(o, dict) and str(status) in o.get("responses", {})
        for content in o["responses"][str(status)].get("content", {}).values()
        for name in content.get("examples", {})
    }
    assert shown >= {(e["operation"], e["name"]) for e in guide.examples() if e["status"] == status} != set()
