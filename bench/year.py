"""Measure the statistics over a synthetic year of cooperation at the scale of Eurojust.

    python -m bench year FOLDER [--cases 13000] [--requests 30000] [--meetings 600] [--teams 290] [--facts 1000] [--seed 1]

The year is loaded with COPY as the owner of the database, as `bench/seed.py` loads a register: cases and their keys by the same
code, requests, meetings and teams as the rows that their steps write, with content that is encrypted by the code of the service.
Overlaps are written as the worker would write them. `--facts` says how many cases have facts (`bench/year_facts.py`), with people
and identifiers, which are not matched. There is no journal, because no figure is counted from it. The same seed gives the same
year, and `bench/synthetic.py` has the authorities. Prints for each question the time of the fastest of five answers over HTTP, for
the authority with the most cases.
"""

import argparse
import base64
import contextlib
import itertools
import json
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

from bench import seed as seeding
from bench import year_facts
from bench.seed import People, Rows
from bench.synthetic import AUTHORITIES, COUNTRIES, SyntheticCase
from coopapi.access import Actor
from coopapi.jits.models import Jit
from coopapi.meetings.models import Meeting
from coopapi.mla.models import Request
from coopapi.ops import administration
from coopapi.shared import parties
from coopapi.store.db import Database, UnitOfWork, ids_of
from coopapi.unicode_text import fold_reference

YEAR: Final = 2025
TABLES: Final = (
    *(
        "cases",
        "case_access",
        "case_keys",
        "hiding_confirmations",
        *year_facts.TABLES,
        "case_proceedings",
        "case_overlaps",
        "overlap_sides",
        "disclosures",
        "jits",
    ),
    *(
        "jit_parties",
        "mla_requests",
        "mla_measures",
        "mla_transmissions",
        "mla_stages",
        "deadlines",
        "meetings",
        "meeting_outcomes",
        "parties",
    ),
)
"""The tables that the year fills, in the order in which rows name each other."""
_CRIMES: Final = (
    "ocsea",
    "cybercrime",
    "swindling_fraud",
    "drugs",
    "laundering",
    "thb_sexual",
    "corruption_cases",
    "terrorism_cases",
)
_CRIME_WEIGHTS: Final = (6, 6, 40, 24, 22, 4, 4, 3)
_KINDS: Final = {
    "eio": ("eio", 42),
    "mla_letter": ("ecma1959", 12),
    "epoc": ("e_evidence", 16),
    "epoc_pr": ("e_evidence", 5),
    "preservation": ("budapest", 9),
    "subscriber_information": ("budapest", 5),
    "police_information": ("police", 6),
    "spontaneous_information": ("budapest", 3),
    "eaw": ("eaw", 2),
}
_MEASURES: Final = {
    "subscriber": ["subscriber"],
    "identification": ["identify_user_only"],
    "traffic": ["traffic"],
    "content": ["content"],
    "search_seizure": [],
    "hearing": [],
    "banking": [],
}
_CHANNELS: Final = ("direct_judicial", "central_authority", "e_codex", "eurojust", "provider_portal", "post")
_ENDS: Final = {
    "fulfilled": ("evidence_transferred", 50),
    "partly_fulfilled": ("partially_executed", 12),
    "not_fulfilled": ("not_executed", 8),
    "refused": ("refused", 7),
    "withdrawn": ("withdrawn", 5),
    "returned": ("returned", 2),
    None: ("in_execution", 16),
}
_GROUNDS: Final = ("eio_dual_criminality", "eio_fundamental_rights", "eio_ne_bis_in_idem", "ordre_public")
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Size:
    """How many things a year has."""

    cases: int = 13_000
    requests: int = 30_000
    meetings: int = 600
    teams: int = 290
    facts: int = 1000
    """How many of the cases have facts."""


@dataclass
class Year:
    """The making of a synthetic year."""

    database: Database
    people: People
    size: Size
    chance: Random
    seed: int
    cases: list[Mapping[str, Any]] = field(default_factory=list)
    by_home: dict[UUID, list[Mapping[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    preserved: list[Mapping[str, Any]] = field(default_factory=list)

    def work(self, actor: Actor, at: datetime) -> Any:
        """Return what rows are made with, in the name of an actor at a time."""
        named = (f"year-{at:%j}", actor.purpose, ids_of(at))
        return UnitOfWork(None, actor, at, self.database.keys, self.database.settings, *named, None)  # type: ignore[arg-type]

    def moment(self, since: datetime | None = None) -> datetime:
        """Return a moment in the year, or after another one."""
        if since is None:
            return datetime(YEAR, 1, 1, tzinfo=UTC) + timedelta(seconds=self.chance.randrange(365 * 86_400))
        return since + timedelta(hours=round(self.chance.expovariate(1 / 200), 2) + 0.25)

    def has_facts(self, number: int) -> bool:
        """Tell whether a case has facts: those that have are spread evenly."""
        part = self.size.facts / self.size.cases
        return int((number + 1) * part) > int(number * part)

    def pick(self, weights: Mapping[Any, Any], place: int = 1) -> Any:
        """Return a key of a table by its weight."""
        return self.chance.choices(list(weights), [row[place] for row in weights.values()])[0]

    def other(self, actor: Actor) -> Actor:
        """Return an actor of another country, the larger authorities more often."""
        while True:
            found = self.chance.choices(self.people.actors, [1 / rank for rank in range(1, len(self.people.actors) + 1)])[0]
            if found.country != actor.country:
                return found


def rows(database: Database, people: People, size: Size, seed: int = 1) -> Iterator[Rows]:
    """Yield the rows of a year by table: each thing with what belongs to it, and what others name first."""
    year = Year(database, people, size, Random(f"year/{seed}"), seed)
    yield from (_case(year, number) for number in range(size.cases))
    yield from (_overlap(year, a, b) for a, b in _pairs(year))
    yield from (_team(year, number) for number in range(size.teams))
    yield from (_request(year, number) for number in range(size.requests))
    yield from (_meeting(year, number) for number in range(size.meetings))


def _case(year: Year, number: int) -> Rows:
    chance, made = year.chance, defaultdict(list)
    home = chance.choices(range(len(AUTHORITIES)), [1 / rank for rank in range(1, len(AUTHORITIES) + 1)])[0]
    actor, at = year.people.actors[home], year.moment()
    others = [country for country in COUNTRIES if country != actor.country] + ["UA", "GB", "US"]
    body: dict[str, Any] = {
        "reference": f"Y-{number}",
        "title": f"Synthetic case {number}",
        "countries": sorted(chance.sample(others, 1 if chance.random() < 0.87 else 3)),
        "crime_categories": sorted(set(chance.choices(_CRIMES, _CRIME_WEIGHTS, k=chance.choice((1, 1, 1, 2))))),
    }
    if chance.random() < 0.02:
        body |= {"visibility": "hidden", "visibility_reason": "A covert measure is under way."}
    work = year.work(actor, at)
    opened, key = seeding._open(work, year.people, SyntheticCase(number, home, body, [], []), made)  # noqa: SLF001
    if year.has_facts(number):
        year_facts.add(work, opened, key, Random(f"facts/{year.seed}/{number}"), made)
    (row,) = made["cases"]
    row["state"] = chance.choices(("registered", "open", "closed", "transferred", "withdrawn"), (10, 55, 30, 3, 2))[0]
    ended = row["state"] in {"closed", "transferred", "withdrawn"}
    row |= {"ended_at": year.moment(at) if ended else None, "state_reason": "Ended." if ended else None}
    made["case_access"] += _shares(year, row, actor)
    made["case_proceedings"] += _proceedings(year, row, actor)
    year.cases.append(row)
    year.by_home[actor.authority_id].append(row)
    return made


def _shares(year: Year, case: Mapping[str, Any], actor: Actor) -> list[dict[str, Any]]:
    """Give some cases to others: to an authority, to one person of it, or for a time that is over."""
    if case["visibility"] == "hidden" or year.chance.random() > 0.15:
        return []
    other = year.other(actor)
    given = {
        "id": year.work(actor, case["created_at"]).new_id(),
        "version": 1,
        "case_id": case["id"],
        "owner_id": actor.authority_id,
    }
    given |= {"authority_id": other.authority_id, "level": year.chance.choice((1, 2, 3)), "reason": "shared", "kept_out": False}
    kind = year.chance.random()
    person = other.id if kind < 0.3 else None
    until = case["created_at"] + timedelta(days=10) if kind > 0.8 else None
    by = {"granted_by": actor.id, "granted_at": case["created_at"]}
    return [{**given, "principal_id": person, "until": until, **by}]


def _proceedings(year: Year, case: Mapping[str, Any], actor: Actor) -> list[dict[str, Any]]:
    results = {
        "investigated": "passed_on",
        "prosecuted": "passed_on",
        "adjudicated": year.chance.choice(("conviction", "acquittal", "mixed")),
    }
    of = {
        "case_id": case["id"],
        "authority_id": actor.authority_id,
        "version": 1,
        "created_by": actor.id,
        "created_at": case["created_at"],
    }
    day, new_id = case["created_at"].date(), year.work(actor, case["created_at"]).new_id
    reached = list(results)[: year.chance.choices((0, 1, 2, 3), (40, 30, 20, 10))[0]]
    return [{"id": new_id(), **of, "stage": stage, "result": results[stage], "reached_on": day} for stage in reached]


def _pairs(year: Year) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield pairs of cases that share something, each once."""
    seen: set[tuple[UUID, UUID]] = set()
    for _ in range(year.size.cases // 3):
        a, b = sorted(year.chance.sample(year.cases, 2), key=lambda case: case["id"])
        if (a["id"], b["id"]) not in seen:
            seen.add((a["id"], b["id"]))
            yield a, b


def _overlap(year: Year, a: Mapping[str, Any], b: Mapping[str, Any]) -> Rows:
    chance, at = year.chance, year.moment(max(a["created_at"], b["created_at"]))
    victims = chance.random() < 0.1
    shared, opened = (chance.choice((0, 1, 2, 3)), 0) if victims else (one := chance.choice((0, 1, 2, 3)), one)
    kinds = sorted(chance.sample(("email", "phone", "username", "iban"), chance.choice((1, 2)))) if shared else []
    hides = {end: case["visibility"] == "hidden" for end, case in (("a", a), ("b", b))}
    tells = {
        "a": not hides["b"] or a["authority_id"] == b["authority_id"],
        "b": not hides["a"] or a["authority_id"] == b["authority_id"],
    }
    row: dict[str, Any] = {
        "id": UUID(int=chance.getrandbits(128), version=4),
        "changed_at": at,
        "rank": shared,
        "open_rank": opened,
    }
    row |= {"strength": shared, "open_strength": opened, "kinds": kinds, "open_kinds": kinds if opened else []}
    row["state"] = "detected" if shared else "withdrawn"
    for end, case in (("a", a), ("b", b)):
        row |= {f"case_{end}": case["id"], f"authority_{end}": case["authority_id"], f"hidden_{end}": hides[end]}
        row |= {f"shared_{end}": shared, f"open_shared_{end}": opened, f"detected_{end}": at if tells[end] else None}
        row[f"open_detected_{end}"] = at if tells[end] and not victims else None
    sides = [_side(year, row, case, at, number, victims=victims) for number, case in enumerate((a, b))]
    shown = [_disclosure(year, row, a, b, at, victims=victims)] if chance.random() < 0.4 else []
    return {"case_overlaps": [row], "overlap_sides": sides, "disclosures": shown}


def _actor(year: Year, case: Mapping[str, Any]) -> Actor:
    return next(actor for actor in year.people.actors if actor.authority_id == case["authority_id"])


def _side(  # noqa: PLR0913 (all of a side)
    year: Year, overlap: Mapping[str, Any], case: Mapping[str, Any], at: datetime, number: int, *, victims: bool
) -> dict[str, Any]:
    actor, state = (
        _actor(year, case),
        year.chance.choices(("detected", "under_verification", "confirmed", "rejected", "unsure"), (30, 10, 40, 15, 5))[0],
    )
    decided = state in {"confirmed", "rejected", "unsure"}
    return {
        "id": year.work(actor, at).new_id(),
        "version": 1,
        "overlap_id": overlap["id"],
        "case_id": case["id"],
        "authority_id": case["authority_id"],
        "victims": victims,
        "turn": number + 1,
        "state": state,
        "verifier_id": None if state == "detected" else actor.id,
        "decided_by": actor.id if decided else None,
        "decided_at": year.moment(at) if decided else None,
    }


def _disclosure(  # noqa: PLR0913 (all of a disclosure)
    year: Year, overlap: Mapping[str, Any], a: Mapping[str, Any], b: Mapping[str, Any], at: datetime, *, victims: bool
) -> dict[str, Any]:
    asked, actor = year.moment(at), _actor(year, a)
    state = year.chance.choice(("requested", "disclosed_full", "disclosed_partial", "refused", "withdrawn", "recalled"))
    decided = state not in {"requested", "withdrawn"}
    return {
        "id": year.work(actor, asked).new_id(),
        "version": 1,
        "overlap_id": overlap["id"],
        "asking_case": a["id"],
        "asking_authority": a["authority_id"],
        "owner_case": b["id"],
        "owner_authority": b["authority_id"],
        "state": state,
        "purpose": "investigation",
        "offence": "ocsea",
        "items_asked": ["names"],
        "urgency": "routine",
        "asked_by": actor.id,
        "asked_at": asked,
        "due_at": asked + timedelta(days=10),
        "decided_by": _actor(year, b).id if decided else None,
        "decided_at": year.moment(asked) if decided else None,
        "ground": "ongoing_investigation" if state == "refused" else None,
        "victims_only": victims,
    }


def _part(year: Year, object_id: UUID, actor: Actor, side: str, at: datetime, **more: Any) -> dict[str, Any]:
    of = {"id": year.work(actor, at).new_id(), "object_id": object_id, "authority_id": actor.authority_id, "side": side}
    return {**of, "case_id": None, "acting": True, "since": at, "until": None, **more}


def _columns(thing: Any, **more: Any) -> dict[str, Any]:
    return {column.key: getattr(thing, column.key) for column in thing.__table__.columns} | {"version": 1, **more}


def _case_of(year: Year, actor: Actor) -> UUID | None:
    """Return a case of the authority, now and then none."""
    own = year.by_home[actor.authority_id]
    return year.chance.choice(own)["id"] if own and year.chance.random() < 0.8 else None


def _team(year: Year, number: int) -> Rows:
    chance, at = year.chance, year.moment()
    actor = chance.choice(year.people.actors)
    work = year.work(actor, at)
    state = chance.choice(("proposed", "drafting", "active", "active", "ended", "closed", "abandoned"))
    since = year.moment(at) if state in {"active", "ended", "closed"} else None
    ended = year.moment(since) if since and state != "active" else None
    of = {
        "maker_id": actor.authority_id,
        "reference": f"J-{number}",
        "legal_basis": chance.choice(("eu2000_art13", "fd_2002_465", "ets182_art20")),
    }
    life = {"since": since, "until": since and since + timedelta(days=730), "ended_at": ended, "state": state}
    why = chance.choice(("expiry", "goal", "withdrawal")) if ended else None
    jit = parties.new_object(work, Jit, work.new_id(), {}, states_of_operation=[], **of, **life, end_reason=why)
    inside = [actor, *{other.country: other for other in (year.other(actor) for _ in range(chance.choice((1, 1, 2, 3))))}.values()]
    case_id = _case_of(year, actor)
    return {
        "jits": [_columns(jit, reference_folded=fold_reference(jit.reference))],
        "jit_parties": [
            {
                "id": work.new_id(),
                "version": 1,
                "jit_id": jit.id,
                "authority_id": one.authority_id,
                "country": one.country,
                "state": "party",
                "joined_at": at,
            }
            for one in inside
        ],
        "parties": [_part(year, jit.id, one, "negotiating", at, case_id=case_id if one is actor else None) for one in inside],
    }


def _meeting(year: Year, number: int) -> Rows:
    chance, at = year.chance, year.moment()
    actor = chance.choice(year.people.actors)
    work, others = (
        year.work(actor, at),
        {one.country: one for one in (year.other(actor) for _ in range(chance.choice((1, 2, 3, 5))))},
    )
    state = chance.choices(("scheduled", "held", "minutes_agreed", "closed", "cancelled", "proposed"), (10, 30, 25, 20, 10, 5))[0]
    begins = None if state in {"cancelled", "proposed"} else year.moment(at)
    of = {
        "reference": f"M-{number}",
        "level": chance.choice(("II", "III", "III", "III", "coordination_centre")),
        "origin_type": "case",
    }
    case_id = _case_of(year, actor)
    times = {"starts_at": begins, "ends_at": begins and begins + 6 * _HOUR, "access_until": at + timedelta(days=4000)}
    made = parties.new_object(
        work,
        Meeting,
        work.new_id(),
        {},
        **of,
        **times,
        origin_id=case_id or work.new_id(),
        convener_id=actor.authority_id,
        host_id=year.people.desks[str(actor.country)],
        state=state,
        countries=sorted({str(actor.country), *map(str, others)}),
        interpretation=[],
        mode=chance.choice(("place", "video", "hybrid")),
        time_zone="Europe/Amsterdam",
        sequence=0,
    )
    by = {"authority_id": actor.authority_id, "created_by": actor.id, "created_at": at}
    led_to = [
        {
            "id": work.new_id(),
            "version": 1,
            "meeting_id": made.id,
            "kind": "request",
            "made_type": "request",
            "made_id": work.new_id(),
            **by,
        }
        for _ in range(chance.choice((0, 0, 1, 2)))
    ]
    sides = [
        _part(year, made.id, actor, "invited", at, case_id=case_id),
        *(_part(year, made.id, one, "invited", at) for one in others.values()),
    ]
    return {"meetings": [_columns(made)], "meeting_outcomes": led_to, "parties": sides}


def _request(year: Year, number: int) -> Rows:
    """Make a request and walk it to its outcome: its states, its measures, its clocks and its two sides."""
    chance, at = year.chance, year.moment()
    actor = chance.choices(year.people.actors, [1 / rank for rank in range(1, len(year.people.actors) + 1)])[0]
    other, work, kind = year.other(actor), year.work(actor, at), year.pick(_KINDS)
    walk = _Walk(year, kind, at)
    earlier = year.preserved.pop() if kind in {"eio", "epoc"} and year.preserved and chance.random() < 0.5 else None
    if earlier:
        actor = next(one for one in year.people.actors if one.authority_id == earlier["requesting_id"])
        other = next(one for one in year.people.actors if one.authority_id == earlier["executing_id"])
    case_id = _case_of(year, actor)
    request_id = work.new_id()
    columns = {
        "maker_id": actor.authority_id,
        "reference": f"R-{number}",
        "kind": kind,
        "instrument": _KINDS[kind][0],
        "requesting_id": actor.authority_id,
        "executing_id": other.authority_id,
        "executing_country": other.country,
        "enforcing_id": year.people.actors[number % 36].authority_id
        if walk.notified and number % 36 not in _places(year, actor, other)
        else None,
        "case_id": case_id,
        "previous_id": earlier["id"] if earlier else None,
        "relation": "after_preservation" if earlier else None,
        "requesting_country": actor.country,
        **walk.columns(),
    }
    made = parties.new_object(year.work(actor, at), Request, request_id, {"title": f"Synthetic request {number}"}, **columns)
    row = _columns(made, reference_folded=fold_reference(made.reference))
    if walk.outcome == "fulfilled" and kind in {"preservation", "epoc_pr"}:
        year.preserved.append(row)
    gone = chance.random() < 0.02
    sides = [
        _part(year, request_id, actor, "requesting", at, case_id=case_id),
        _part(year, request_id, other, "executing", at, case_id=_case_of(year, other), until=at + 10 * _HOUR if gone else None),
    ]
    return {"mla_requests": [row], "parties": sides if walk.sent else sides[:1], **walk.rows(row, actor, other)}


def _places(year: Year, *actors: Actor) -> set[int]:
    return {year.people.actors.index(actor) for actor in actors}


class _Walk:
    """The life of one request: what it asks for, when it entered which state, and what became of it."""

    def __init__(self, year: Year, kind: str, at: datetime) -> None:
        chance = year.chance
        self.year, self.kind, self.at = year, kind, at
        self.sent = chance.random() > 0.05
        self.codes = sorted(chance.sample(list(_MEASURES), chance.choice((1, 1, 2))))
        self.crimes = sorted(set(chance.choices(_CRIMES, _CRIME_WEIGHTS, k=chance.choice((0, 1, 1, 2)))))
        self.urgency = chance.choices(("routine", "urgent", "emergency"), (80, 13, 7))[0]
        self.outcome = year.pick(_ENDS) if self.sent else None
        self.state = _ENDS[self.outcome][0]
        if kind in {"preservation", "epoc_pr"} and self.outcome == "fulfilled":
            self.state = chance.choice(("preserved", "expired", "released", "mla_submitted"))
        if self.outcome in {"fulfilled", "partly_fulfilled", "refused"} and self.state in {
            "evidence_transferred",
            "partially_executed",
            "refused",
        }:
            self.state = chance.choice((self.state, "closed"))
        self.notified = kind == "epoc" and chance.random() < 0.3
        self.grounds = sorted(chance.sample(_GROUNDS, chance.choice((1, 2)))) if self.outcome == "refused" else []
        self._enter()

    def _enter(self) -> None:
        """Let the time pass from state to state."""
        year, chance = self.year, self.year.chance
        moments = list(itertools.accumulate(range(7), lambda at, _: year.moment(at), initial=self.at))
        self.moments = dict(
            zip(
                ("draft", "ready", "transmitted", "received", "acknowledged", "recognised", "in_execution", "end"),
                moments,
                strict=True,
            )
        )
        self.postponed = self.sent and chance.random() < 0.06
        self.enforced = self.sent and self.kind == "epoc" and chance.random() < 0.05
        self.order = self.kind in {"epoc", "epoc_pr"} and self.urgency == "emergency" and chance.random() < 0.5
        self.validation = chance.choice(("later", "denied", "awaited")) if self.order else "before"
        path = ["draft", "ready", "transmitted", "received"]
        if self.outcome != "returned":
            path += ["acknowledged", "recognised", "in_execution"] if self.kind == "eio" else ["in_execution"]
        self.path = path if self.sent else path[:2]

    def columns(self) -> dict[str, Any]:
        """Return the columns of the request that its life sets."""
        times, got = self.moments, self.outcome in {"fulfilled", "partly_fulfilled"}
        received = self.sent and "received" in self.path
        return {
            "state": self.state if self.sent else "ready",
            "urgency": self.urgency,
            "emergency_ground": "imminent_threat_to_life" if self.urgency == "emergency" else None,
            "language": "en",
            "notices": [],
            "grounds": self.grounds,
            "path_countries": [],
            "transmitted_at": times["transmitted"] if self.sent else None,
            "received_at": times["received"] if received else None,
            "until": times["end"] + timedelta(days=60)
            if self.state in {"preserved", "expired", "released", "mla_submitted"}
            else None,
            "channel": self.year.chance.choice(_CHANNELS) if self.sent else None,
            "crime_categories": self.crimes,
            "data_categories": sorted({name for code in self.codes for name in _MEASURES[code]}),
            "measure_codes": self.codes,
            "outcome": self.outcome,
            "refusal_grounds": self.grounds,
            "validation": self.validation if self.sent else None,
            "acknowledged_at": times["acknowledged"] if "acknowledged" in self.path else None,
            "obtained_at": times["end"] if got else None,
            "postponed_at": times["received"] if self.postponed else None,
            "enforcement_at": times["received"] if self.enforced else None,
        }

    def rows(self, request: Mapping[str, Any], actor: Actor, other: Actor) -> Rows:
        """Return the rows that belong to the request."""
        new_id = self.year.work(actor, self.at).new_id
        of = {"version": 1, "request_id": request["id"]}
        stages = [{"id": new_id(), **of, "state": state, "since": self.moments[state]} for state in self.path]
        if self.sent and self.outcome:
            stages.append({"id": new_id(), **of, "state": self.state, "since": self.moments["end"]})
        state = {
            "fulfilled": "executed",
            "partly_fulfilled": "partly_executed",
            "not_fulfilled": "not_executed",
            "refused": "refused",
        }
        ended = self.moments["end"] if self.outcome in state else None
        measures = [
            {
                "id": new_id(),
                **of,
                "place": place,
                "code": code,
                "state": state.get(self.outcome or "", "pending"),
                "sealed": b"",
                "tokens": [],
            }
            | {"grounds": self.grounds, "conditions": [], "ended_at": ended, "data_categories": _MEASURES[code]}
            for place, code in enumerate(self.codes)
        ]
        by = {"from_id": actor.authority_id, "to_id": other.authority_id, "sent_by": actor.id, "security": "end_to_end_encrypted"}
        sendings = (
            [{"id": new_id(), **of, "at": request["transmitted_at"], "channel": request["channel"], **by}] if self.sent else []
        )
        return {
            "mla_stages": stages,
            "mla_measures": measures,
            "mla_transmissions": sendings,
            "deadlines": self._clocks(request, other, new_id),
        }

    def _clocks(self, request: Mapping[str, Any], other: Actor, new_id: Any) -> list[dict[str, Any]]:
        if not self.sent or "received" not in self.path:
            return []
        begun = self.moments["received"]
        of = {
            "version": 1,
            "object_id": request["id"],
            "object_type": "request",
            "owed_by": "executing",
            "authority_id": other.authority_id,
        }
        of |= {
            "country": other.country,
            "started_by": "receive",
            "from_at": begun,
            "extensions": "[]",
            "rule_version": "2026-11",
            "stood": "[]",
        }
        rules = (
            {"eio_ack": 7, "eio_recognition": 30}
            if self.kind == "eio"
            else {"epoc_std": 10}
            if self.kind == "epoc"
            else {"service_target": 5}
        )
        found = []
        for rule, days in rules.items():
            due, met = begun + timedelta(days=days), self.moments["acknowledged" if rule == "eio_ack" else "end"]
            done = self.outcome is not None and self.outcome != "returned"
            end = {"met_at": met, "met_by": "acknowledge"} if done else {"met_at": None, "met_by": None}
            found.append({"id": new_id(), **of, "rule": rule, "due_at": due, "first_due_at": due, **end})
        return found


def load(database: Database, connection: Any, people: People, size: Size, seed: int = 1) -> None:
    """Load a year in portions of a thousand things, and renew the statistics of the tables."""
    every = rows(database, people, size, seed)
    portions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in every:
        for table, made in one.items():
            portions[table] += made
    seeding.copy(connection, [portions], TABLES)
    with connection, connection.cursor() as cursor:
        cursor.execute("analyze")


QUESTIONS: Final = (
    *(
        "requests",
        "requests?by=year,kind",
        "requests?by=requesting_country,executing_country",
        "requests?by=quarter,measure,channel",
    ),
    *(
        "requests?by=crime_category,data_category",
        "stages?by=kind",
        "durations",
        "overlaps?by=strength,counterpart_country",
        "cases?by=crime_category,state",
    ),
    *("meetings?by=quarter,level", "teams?by=legal_basis", f"e-evidence?year={YEAR}", f"eurojust?year={YEAR}"),
)


def measure(url: str, token: str) -> dict[str, float]:
    """Return the milliseconds of the fastest of five answers to each question."""
    found = {}
    for question in QUESTIONS:
        best = 10.0**9
        for _ in range(5):
            asked = urllib.request.Request(f"{url}/api/v1/statistics/{question}", headers={"Authorization": f"Bearer {token}"})
            begun = time.perf_counter()
            with urllib.request.urlopen(asked) as answer:
                json.load(answer)
            best = min(best, (time.perf_counter() - begun) * 1000)
        found[question] = round(best, 1)
    return found


def main() -> None:
    usual = Size()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for name in ("cases", "requests", "meetings", "teams", "facts"):
        parser.add_argument(f"--{name}", type=int, default=getattr(usual, name))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    size = Size(asked.cases, asked.requests, asked.meetings, asked.teams, asked.facts)
    with seeding.opened(asked.folder, 0, durable=False) as made:
        with contextlib.closing(made.connect()) as connection:
            begun = time.monotonic()
            load(made.database, connection, made.people, size, asked.seed)
            print(f"loaded the year in {time.monotonic() - begun:.0f} s")
        with made.served() as url:
            print(json.dumps(measure(url, _token(made, url)), indent=1))


def _token(made: Any, url: str) -> str:
    """Return an access token of a machine client of the authority with the most cases."""
    home = made.people.actors[0].authority_id
    client = administration.provide_client(made.database, home, {"name": "Statistics", "roles": ["system"]})
    proof = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    asked = urllib.request.Request(f"{url}/oauth/token", b"grant_type=client_credentials", {"Authorization": f"Basic {proof}"})
    with urllib.request.urlopen(asked) as answer:
        return str(json.load(answer)["access_token"])


if __name__ == "__main__":
    main()
