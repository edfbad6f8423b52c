"""The strings that clients store and compare stay as they are: kinds, roles, actions, states, events and types of problems."""

import ast
import json
import re
import sys
from pathlib import Path

import coopapi.app
from coopapi.access import Action, Purpose, Role
from coopapi.http import problems
from coopapi.identifiers.kinds import KINDS as IDENTIFIER_KINDS
from coopapi.journal.catalogue import EVENTS
from coopapi.mla.lifecycles import KINDS as REQUEST_KINDS
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Workflow
from coopapi.store.rows import Row, Versioned

PINNED = Path(__file__).parent / "wire_strings.json"
SOURCES = Path(coopapi.app.__file__).parent
EVENT = re.compile(r"(?:[a-z_]+|\{\})\.(?:[a-z_]|\{\})+")
ACT = re.compile("[a-z_]+")


def strings():
    """Collect every string of the wire from the code, by what it names."""
    ours = [module for name, module in sys.modules.items() if name.startswith("coopapi.")]
    workflows = {one.name: one for module in ours for one in vars(module).values() if isinstance(one, Workflow)}
    lives = [life for workflow in workflows.values() for life in workflow.lifecycles]
    return {
        "problems": sorted(f"/problems/{name}" for name, kind in problems.catalogue().items() if _served(kind.__module__)),
        "actions": sorted(Action),
        "roles": sorted(Role),
        "purposes": sorted(Purpose),
        "sides": sorted(Side),
        "kinds of rows": sorted(m.class_.__kind__ for m in Row.registry.mappers if issubclass(m.class_, Versioned)),
        "kinds of identifiers": sorted(IDENTIFIER_KINDS),
        "kinds of requests": sorted(REQUEST_KINDS),
        "states": sorted({state for life in lives for state in life.states}),
        "steps": {name: sorted(workflows[name].events) for name in sorted(workflows)},
        "names of events": sorted(EVENTS),
        "events": sorted({name for path in SOURCES.rglob("*.py") for name in events(ast.parse(path.read_text()))}),
    }


def _served(module):
    return module.startswith("coopapi.") and not module.startswith(("coopapi.ops", "coopapi.provisioning"))


def events(tree):
    """Every name under which something is noted in the journal; a part that is only known later is `{}`."""
    found = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and (pattern := _names(call)):
            texts = [_text(node) for part in call.args for node in ast.walk(part)]
            found |= {text for text in texts if text and pattern.fullmatch(text)}
    return found


def _names(call):
    name = (getattr(call.func, "attr", None) or getattr(call.func, "id", "")).lstrip("_")
    return ACT if name.startswith("tell") else EVENT if name in {"note", "record"} else None


def _text(node):
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_the_strings_of_the_wire_are_those_that_are_pinned():
    pinned = json.loads(PINNED.read_text())
    found = strings()
    assert {name: found[name] for name in found if found[name] != pinned[name]} == {}


def test_another_name_of_an_event_would_be_noticed():
    assert events(ast.parse("work.note(f'request.{act.name}', row)\ntell(work, row, 'opened')")) == {"request.{}", "opened"}
