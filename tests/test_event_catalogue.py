"""The catalogue of events: it has every event that the code and the database write, and no other."""

import ast
import re
from pathlib import Path

import pytest
from instances import named

import coopapi.app  # noqa: F401 (so that every workflow is known)
from coopapi.auth.authentication import actor_of
from coopapi.journal.catalogue import EVENTS
from coopapi.shared.workflow import Workflow

ROOT = Path(__file__).parents[1]
PREFIXES = {"disclosures": "disclosure", "evidence": "evidence", "exports": "export", "facts": "fact", "jits": "jit", "jurisdiction": "consultation", "meetings": "meeting", "mla": "request"}  # fmt: skip
"""What precedes the name of an act that the function `tell` of a package writes."""
STEPS = {"case": "case.", "overlap": "overlap.", "disclosure": "disclosure.", "evidence": "evidence.", "evidence_use": "evidence.use_",
         "consultation": "consultation.", "meeting": "meeting.", "request": "request.", "measure": "request.measure."}  # fmt: skip
"""Workflows whose steps are events under their own names."""
SHARED = ("request", "meeting", "jit", "consultation", "disclosure")
OTHERWISE = {
    *(f"{kind}.case_{state}" for kind in SHARED for state in ("closed", "withdrawn", "transferred")),
    *(f"jit.{event}" for event in ("draft", "request_signatures", "reopen", "abandon", "end", "evaluate", "close", "retract")),
    *(f"jit.{who}_ended" for who in ("member", "participant", "associate")), "jit.leader_named", "jit.party_removed",
    *(f"jit.amendment_{state}" for state in ("refused", "withdrawn")),
    *(f"meeting.place_{state}" for state in ("accepted", "declined", "removed", "invited")),
    *(f"{name}{state}" for name in ("meeting.action_", "action.") for state in ("done", "dropped", "open")),
    "evidence.use_recorded", "evidence.use_consent_asked", "request.time_contested", "request.time_stated",
    "request.confirm", "request.question", "request.answer", "request.message", "case.changed", "case.handed_over",
}  # fmt: skip
"""Names that are put together from other parts."""


def noted(tree):
    """The names that `note` gets with `event=True`."""
    for call in ast.walk(tree):
        if (
            isinstance(call, ast.Call)
            and getattr(call.func, "attr", "") == "note"
            and any(keyword.arg == "event" and getattr(keyword.value, "value", None) is True for keyword in call.keywords)
        ):
            yield call.args[0]


def told(tree):
    """The names that `tell` gets."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in {"tell", "_tell"} and len(call.args) > 2:
            yield call.args[2]


def written():
    """Every event that the code and the rules of the database can write."""
    found = set()
    for path in (ROOT / "coopapi").rglob("*.py"):
        tree, package = ast.parse(path.read_text()), path.relative_to(ROOT / "coopapi").parts[0]
        found |= {name.value for name in noted(tree) if isinstance(name, ast.Constant)}
        found |= {
            f"{PREFIXES[package]}.{name.value}" for name in told(tree) if isinstance(name, ast.Constant) and package in PREFIXES
        }
    for workflow in named(Workflow):
        found |= {STEPS[workflow.name] + event for event in workflow.events if workflow.name in STEPS}
    found |= OTHERWISE
    for path in (ROOT / "migrations" / "rules").glob("*.sql"):
        sql = path.read_text()
        found |= {f"alarm.{kind}" for kind in re.findall(r"priv\.alarm(?:ed)?\(.{1,60}?, '([a-z_]+)'", sql)}
        found |= set(re.findall(r"'(overlap\.\w+)'", sql)) if path.name == "62_overlaps.sql" else set()
        found |= {"disclosure.item_corrected", "disclosure.item_withdrawn"} if "'disclosure.item_' || p_act" in sql else set()
        found |= set(re.findall(r"'((?:case\.responsible_|digests\.|import\.|export\.|search\.|deadline\.)\w+)'", sql))
        found |= {"evidence.erased"} if "'evidence.erased'" in sql else set()
    return found


def test_the_catalogue_has_every_event_that_is_written_and_no_other():
    assert sorted(written() - EVENTS.keys()) == []
    assert sorted(EVENTS.keys() - written()) == []


def test_an_event_that_is_not_in_the_catalogue_is_not_written(world, database):
    with (
        pytest.raises(LookupError, match=r"case\.vanished"),
        database.work(lambda opening: actor_of(opening, "https://issuer.test", "investigator", None), "r") as work,
    ):
        work.note("case.vanished", object_type="case", event=True)


def test_the_page_on_events_has_the_catalogue():
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.*) \|$", (ROOT / "docs" / "events.md").read_text(), re.MULTILINE)
    assert rows == list(EVENTS.items())


def test_the_api_document_has_every_event_with_an_example_of_its_message(app):
    document = app.test_client().get("/openapi.json").json
    schema = document["components"]["schemas"]["WebhookMessage"]
    messages = document["webhooks"]
    assert messages.keys() == {*EVENTS, "webhook.ping"}
    for name, item in messages.items():
        (shown,) = item["post"]["requestBody"]["content"]["application/json"]["examples"].values()
        assert shown["value"]["type"] == name
        assert shown["value"].keys() == set(schema["required"])
        assert shown["value"]["data"].keys() == set(schema["properties"]["data"]["required"])
