"""Every state x event of every lifecycle, from the tables."""

import re
from pathlib import Path

import pytest

from coopapi.access import GRANTS
from coopapi.approvals.models import APPROVAL_LIFECYCLE
from coopapi.cases.models import CASE_LIFECYCLE, IDENTIFIER_LIFECYCLE
from coopapi.deadlines.models import TIME_LIFECYCLE
from coopapi.directory import codelists
from coopapi.disclosures.models import DISCLOSURE_LIFECYCLE
from coopapi.evidence.models import EVIDENCE_LIFECYCLE, USE_LIFECYCLE
from coopapi.jits import lifecycles as teams
from coopapi.jurisdiction.lifecycles import CONSULTATION_LIFECYCLE
from coopapi.meetings import lifecycles as meetings
from coopapi.mla import lifecycles
from coopapi.overlaps.models import EXCLUSION_LIFECYCLE, SIDE_LIFECYCLE
from coopapi.shared.grants import ACCESS_LIFECYCLE
from coopapi.shared.lifecycle import IllegalMove, Lifecycle, ReasonNeeded, Transition
from coopapi.shared.shared_cases import SHARE_LIFECYCLE

LIVES = {
    "approval": APPROVAL_LIFECYCLE,
    "case": CASE_LIFECYCLE,
    "identifier": IDENTIFIER_LIFECYCLE,
    "access": ACCESS_LIFECYCLE,
    "overlap": SIDE_LIFECYCLE,
    "disclosure": DISCLOSURE_LIFECYCLE,
    "exclusion": EXCLUSION_LIFECYCLE,
    "letter": lifecycles.LETTER_LIFECYCLE,
    "order": lifecycles.ORDER_LIFECYCLE,
    "preservation": lifecycles.PRESERVATION_LIFECYCLE,
    "preservation_order": lifecycles.PRESERVATION_ORDER_LIFECYCLE,
    "warrant": lifecycles.WARRANT_LIFECYCLE,
    "direct": lifecycles.DIRECT_LIFECYCLE,
    "information": lifecycles.INFORMATION_LIFECYCLE,
    "measure": lifecycles.MEASURE_LIFECYCLE,
    "time": TIME_LIFECYCLE,
    "evidence": EVIDENCE_LIFECYCLE,
    "use": USE_LIFECYCLE,
    "meeting": meetings.MEETING_LIFECYCLE,
    "place": meetings.PLACE_LIFECYCLE,
    "action": meetings.ACTION_LIFECYCLE,
    "sharing": SHARE_LIFECYCLE,
    "feed": meetings.FEED_LIFECYCLE,
    "consultation": CONSULTATION_LIFECYCLE,
    "jit": teams.JIT_LIFECYCLE,
    "jit_amendment": teams.AMENDMENT_LIFECYCLE,
    "jit_statement": teams.STATEMENT_LIFECYCLE,
    "jit_party": teams.PARTY_LIFECYCLE,
    "jit_place": teams.PLACE_LIFECYCLE,
}
ENDS = {
    "approval": {"approved", "rejected", "withdrawn", "expired"},
    "case": {"transferred", "withdrawn"},
    "identifier": {"withdrawn"},
    "access": {"withdrawn"},
    "overlap": set(),
    "disclosure": {"refused", "withdrawn", "recalled"},
    "exclusion": {"withdrawn"},
    "letter": {"closed", "withdrawn"},
    "order": {"closed", "withdrawn"},
    "preservation": {"closed", "withdrawn", "released", "expired"},
    "preservation_order": {"closed", "withdrawn", "released", "expired"},
    "warrant": {"closed", "withdrawn"},
    "direct": {"closed", "withdrawn"},
    "time": {"replaced", "proposed", "rejected"},
    "information": {"closed", "withdrawn", "declined"},
    "measure": {"transferred", "partly_transferred", "declined", "withdrawn"},
    "evidence": {"rejected", "declined", "withdrawn", "recalled"},
    "use": {"denied", "withdrawn", "revoked"},
    "meeting": {"cancelled", "closed"},
    "place": set(),
    "action": {"dropped"},
    "sharing": {"ended"},
    "feed": {"revoked"},
    "consultation": {"closed"},
    "jit": {"closed", "abandoned"},
    "jit_amendment": {"applied", "refused", "withdrawn"},
    "jit_statement": set(),
    "jit_party": {"removed", "left"},
    "jit_place": {"ended"},
}
STATES = [(name, state) for name, life in LIVES.items() for state in life.states]
DOCS = Path(__file__).parents[1] / "docs"
DRAWINGS = {
    "cases": ("case", "access"),
    "matching": ("overlap", "disclosure"),
    "requests": ("letter", "order", "preservation", "preservation_order", "warrant", "direct", "information", "measure", "time"),
    "evidence": ("evidence", "use"),
    "meetings": ("meeting", "place", "action", "consultation"),
    "approvals": ("approval",),
    "teams": ("jit", "jit_amendment", "jit_statement"),
}


@pytest.mark.parametrize(("name", "state"), STATES)
def test_each_move_is_in_the_table_or_says_what_is_allowed(name, state):
    life = LIVES[name]
    for event in life.events:
        if (state, event) in life.transitions:
            assert life.transition(state, event).target in life.states
        else:
            with pytest.raises(IllegalMove) as refused:
                life.transition(state, event)
            assert refused.value.extra["allowed"] == [move.event for move in life.leaving(state)], event


@pytest.mark.parametrize("name", LIVES)
def test_every_state_is_reached_and_every_end_is_meant(name):
    life = LIVES[name]
    assert {state for state in life.states if not life.leaving(state)} == ENDS[name]
    assert {move.target for move in life.transitions.values()} | {life.start, *life.also, *life.derived} == set(life.states)
    assert all(any(move.by in actions for actions in GRANTS.values()) for move in life.transitions.values())


@pytest.mark.parametrize("name", LIVES)
def test_a_step_that_needs_a_reason_is_not_taken_without(name):
    for (state, event), move in LIVES[name].transitions.items():
        if move.reason:
            with pytest.raises(ReasonNeeded):
                LIVES[name].transition(state, event).require_reason(None)


def test_two_moves_from_one_state_by_one_event_are_no_table():
    move = CASE_LIFECYCLE.transitions["registered", "open"]
    with pytest.raises(ValueError, match="share"):
        Lifecycle("registered", move, Transition("open", "registered", "closed", by=move.by))


@pytest.mark.parametrize("page", DRAWINGS)
def test_the_drawings_in_the_documents_are_the_tables(page):
    text = (DOCS / f"{page}.md").read_text()
    drawn = re.findall(r"```mermaid\n(.*?)\n?```", text, re.DOTALL)
    assert [drawing.strip() for drawing in drawn] == [LIVES[name].mermaid().strip() for name in DRAWINGS[page]]


def test_the_states_of_an_overlap_are_those_of_the_codelist():
    assert codelists.load("overlap_states").codes == {*SIDE_LIFECYCLE.states, "withdrawn"}


CASE_EVENTS = {
    "registered": [],
    "open": ["open"],
    "closed": ["open", "close"],
    "transferred": ["transfer"],
    "withdrawn": ["withdraw"],
}


@pytest.mark.parametrize("state", CASE_EVENTS)
def test_a_case_over_http_allows_what_the_table_allows(world, state):
    case = world.case("investigator")
    path = f"/cases/{case}/transitions"
    for version, event in enumerate(CASE_EVENTS[state], 1):
        assert world.as_("investigator").post(path, {"event": event, "reason": "r"}, If_Match=f'"v{version}"').status_code == 200
    now = world.as_("investigator").get(path).json
    assert (now["state"], [m["event"] for m in now["allowed"]]) == (state, [m.event for m in CASE_LIFECYCLE.leaving(state)])
    for event in set(CASE_LIFECYCLE.events) - {m["event"] for m in now["allowed"]}:
        refused = world.as_("investigator").post(path, {"event": event, "reason": "r"}, If_Match=f'"{now["etag"]}"')
        assert (refused.status_code, refused.json["allowed"]) == (409, [m["event"] for m in now["allowed"]])
