"""What a page of the worklist costs, and that its steps are those that each thing says itself."""

from functools import cache

import answering
import pytest
from answering import office
from approving import add
from assisting import draft, recognised, sent, step, walk
from consulting import opened
from exchanging import ASKED_FIRST, given, take
from gathering import held, minuted
from gathering import proposed as meeting_proposed
from teaming import active, amend, closed, state, to_sign
from test_statements import counted
from worklist.test_items import listed
from worklist.test_steps import events_of

from coopapi.worklist.sources import SOURCES

MOST = 12
"""Statements of a page with items of one kind: the most are needed to tell whether a request is complete enough to be sent."""


@pytest.fixture
def world(world):
    """Here `shared` makes something for the first item of a test that asks, and gives the others the same."""
    world.shared = cache(lambda make: make(world))
    return world


def overlap(world, number):
    mine = world.case("investigator", reference=f"NL-{number}")
    world.hold("investigator", mine, f"bird{number}@example.org")
    theirs = world.case("foreign", reference=f"FR-{number}")
    world.hold("foreign", theirs, f"bird{number}@example.org")
    world.work()
    return mine


def evidence(world, number):
    return given(world, "prosecutor", world.shared(active), conditions=ASKED_FIRST)


def use(world, number):
    item = evidence(world, number)
    assert take(world, "prosecutor_fr", item, "accept").status_code == 200
    asked = {"purpose": "prosecution", "use_as": "evidence", "ask_consent": True, "reason": "R"}
    made = world.as_("prosecutor_fr").post(f"/evidence/{item}/uses", {"case_id": world.case("prosecutor_fr"), **asked})
    assert made.status_code == 201, made.json


def planned(world, number=0):
    return meeting_proposed(world, origin=("case", world.case("prosecutor")))


def action(world, number):
    meeting = held(world, meeting=planned(world))
    body = {"due_on": "2099-01-01", "text": "Search"}
    assert world.as_("prosecutor_fr").post(f"/meetings/{meeting}/actions", body).status_code == 201


def responsibility(world, number):
    assert answering.name(world, world.case("investigator", reference=f"NL-{number}"), world.shared(office)).status_code == 200


def validation(world, number):
    walk(world, draft(world, by="investigator", reference=f"V-{number}"), ("investigator", "submit"))


def minutes(world, number):
    assert minuted(world, held(world, meeting=planned(world))).status_code == 200


def statement(world, number):
    assert state(world, closed(world)).status_code == 201


def missed(world, number):
    walk(world, sent(world, reference=f"M-{number}"), ("prosecutor_fr", "receive"))
    world.clock.forward(days=40)


KINDS = {
    "overlap": ("investigator", overlap),
    "disclosure": ("prosecutor_fr", lambda world, n: world.asked("investigator", overlap(world, n))),
    "request to receive": ("prosecutor_fr", lambda world, n: sent(world, reference=f"R-{n}")),
    "request to recognise": (
        "prosecutor_fr",
        lambda world, n: walk(
            world, sent(world, reference=f"R-{n}"), ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge")
        ),
    ),
    "request to validate": ("prosecutor", validation),
    "request to transmit": ("prosecutor", lambda world, n: step(world, "prosecutor", draft(world, reference=f"T-{n}"), "ready")),
    "measure": ("prosecutor_fr", lambda world, n: recognised(world, reference=f"R-{n}")),
    "case_access": ("officer", responsibility),
    "evidence": ("prosecutor_fr", evidence),
    "evidence_use": ("prosecutor", use),
    "jit": ("prosecutor_fr", lambda world, _: to_sign(world)),
    "jit_amendment": ("prosecutor_fr", lambda world, _: amend(world, active(world), change="purpose", purpose="Another.")),
    "jit_statement": ("prosecutor_fr", statement),
    "meeting to schedule": ("desk", planned),
    "meeting to agree": ("prosecutor_fr", minutes),
    "meeting_place": ("prosecutor_fr", planned),
    "action": ("prosecutor_fr", action),
    "consultation": ("prosecutor_fr", lambda world, _: opened(world)),
    "approval": ("operator", lambda world, n: add(world, "admin", f"newcomer{n}")),
    "deadline": ("prosecutor_fr", missed),
}


def remembered(world, who):
    """Let the service remember the account as it is now. Otherwise the next request identifies it with a statement more."""
    assert world.as_(who).get("/me").status_code == 200


@pytest.mark.parametrize("name", KINDS)
def test_a_page_costs_as_many_statements_for_many_items_as_for_few_and_offers_the_steps_of_each(app, world, idle, name):
    who, make = KINDS[name]
    query = f"?type={name.split()[0]}"

    def page(*numbers):
        for number in numbers:
            make(world, number)
        remembered(world, who)
        with counted(app) as sent:
            items = listed(world, who, query)
        return items, sent

    few, once = page(1)
    many, again = page(2, 3)
    assert len(many) > len(few) > 0
    for item in many if SOURCES[many[0]["type"]].path == "" else ():
        assert events_of(world, who, item) == ([one["event"] for one in item["allowed"]], item["etag"])
    assert len(again) == len(once) <= MOST


def test_every_kind_is_measured():
    assert {name.split()[0] for name in KINDS} == set(SOURCES)


LISTS = {
    "/overlaps": ("investigator", "overlap"),
    "/mla-requests": ("prosecutor_fr", "request to recognise"),
    "/disclosures": ("prosecutor_fr", "disclosure"),
    "/jits": ("prosecutor_fr", "jit"),
    "/meetings": ("desk", "meeting to schedule"),
    "/evidence": ("prosecutor_fr", "evidence"),
    "/evidence-uses": ("prosecutor", "evidence_use"),
    "/actions": ("prosecutor_fr", "action"),
    "/jurisdiction-consultations": ("prosecutor_fr", "consultation"),
    "/deadlines": ("prosecutor_fr", "deadline"),
    "/approvals": ("operator", "approval"),
}


@pytest.mark.parametrize("path", LISTS)
def test_steps_in_a_list_cost_as_many_statements_for_many_items_as_for_few(app, world, idle, path):
    who, kind = LISTS[path]
    make = KINDS[kind][1]

    def extra(*numbers):
        """How many statements the steps of the list add."""
        for number in numbers:
            make(world, number)
        remembered(world, who)
        sent = {}
        for query in ("", "?include=transitions"):
            with counted(app) as statements:
                page = world.as_(who).get(path + query)
            assert page.status_code == 200, page.json
            sent[query] = len(statements)
        assert all(item["transitions"]["etag"] for item in page.json["items"])
        return len(page.json["items"]), sent["?include=transitions"] - sent[""]

    few, once = extra(1)
    many, again = extra(2, 3)
    assert many > few > 0
    assert again == once


def below(world, path, name):
    """A list below one thing, with the steps of its items, and the path of the steps of each."""
    found = world.as_(name).get(f"{path}?include=transitions")
    assert found.status_code == 200, found.json
    assert all("transitions" not in item for item in world.as_(name).get(path).json["items"])
    return [(item["transitions"], f"{path}/{item['id']}/transitions") for item in found.json["items"]]


def test_measures_participants_and_amendments_are_listed_with_their_steps(world):
    request, jit, meeting = recognised(world), active(world), planned(world)
    amend(world, jit, change="purpose", purpose="Another.")
    paths = (f"/mla-requests/{request}/measures", f"/jits/{jit}/amendments", f"/meetings/{meeting}/participants")
    lists = [below(world, path, "prosecutor_fr") for path in paths]
    assert all(lists)
    for steps, path in (one for some in lists for one in some):
        alone = world.as_("prosecutor_fr").get(path).json
        assert {name: alone[name] for name in steps} == steps
