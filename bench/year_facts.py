"""The facts of a synthetic year: what investigators record of a case, as precisely as they know it, some of it without a time.

Each case with facts has people, identifiers, and a handful to some hundred facts of the two years before it was registered. Times
of machines are known to the second, those of witnesses to the day, the month or not at all. A third of the facts has a place, and
the places are few, so that some facts of several cases are at the same place.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from bench import seed as seeding
from bench.synthetic import identifier
from coopapi.cases.models import Case
from coopapi.facts import recording
from coopapi.facts.drafts import Involved, draft
from coopapi.identifiers.service import keep_key
from coopapi.store import vault
from coopapi.store.db import UnitOfWork

TABLES: Final = (
    *("subjects", "subject_categories", "identifiers", "identifier_subjects"),
    *("facts", "fact_subjects", "fact_identifiers"),
)
"""The tables that are filled here. What would be matched is left out, because the overlaps of the year are made up."""
_BY_MACHINES: Final = ("login", "message", "upload", "download", "posting", "payment", "account_created", "call")
_BY_PEOPLE: Final = ("meeting", "travel", "stay", "sighting", "search", "seizure", "report", "identification")
_KNOWN: Final[Mapping[str, tuple[int, int]]] = {
    "second": (52, 4),
    "minute": (30, 14),
    "hour": (4, 8),
    "day": (8, 46),
    "month": (2, 10),
    "year": (0, 4),
    "undated": (4, 14),
}
"""How many of a hundred facts are known so precisely: those that machines wrote down, and those that people tell."""
_LENGTHS: Final = {"second": 19, "minute": 16, "hour": 13, "day": 10, "month": 7, "year": 4}
_PLACES: Final = (
    ("Rotterdam", "NL", 51.9244, 4.4777),
    ("Lyon", "FR", 45.764, 4.8357),
    ("Cluj-Napoca", "RO", 46.7712, 23.6236),
    ("Hamburg", "DE", 53.5511, 9.9937),
    ("Málaga", "ES", 36.7213, -4.4214),
    ("Gdańsk", "PL", 54.352, 18.6466),
    ("Porto", "PT", 41.1579, -8.6291),
    ("Θεσσαλονίκη", "GR", 40.6401, 22.9444),
    ("Варна", "BG", 43.2141, 27.9147),
)


def add(work: UnitOfWork, case: Case, key: vault.DataKey, chance: Random, rows: Any) -> None:
    """Add the people, the identifiers and the facts of a case to its rows."""
    people = [
        seeding._add_subject(work, case, {"pseudonym": f"P{n}", "category": category}, rows)  # noqa: SLF001
        for n, category in enumerate(chance.choices(("suspect", "contact", "victim"), (60, 25, 15), k=chance.choice((1, 2, 3, 5))))
    ]
    by_id = {one.id: one for one in people}
    items = [{**identifier(chance), "subjects": [{"id": chance.choice(people).id}]} for _ in range(chance.choice((1, 3, 6)))]
    seeding._register(work, case, key, items, by_id, rows)  # noqa: SLF001
    links: dict[Any, list[Any]] = {row["id"]: [] for row in rows["identifiers"]}
    for link in rows["identifier_subjects"]:
        links[link["identifier_id"]].append(by_id[link["subject_id"]].category)
    of_victims = {one for one, of in links.items() if set(of) == {"victim"}}
    there = Involved({one.id: one.category for one in people}, set(links), of_victims)
    keep_key(work, case.id, rows["case_keys"][-1]["wrapped"], case.authority_id)
    for _ in range(chance.choices((6, 20, 60, 240), (35, 40, 20, 5))[0]):
        _record(work, case, _fact(chance, work.now, list(by_id), list(links)), there, rows)


def _record(work: UnitOfWork, case: Case, item: Mapping[str, Any], there: Involved, rows: Any) -> None:
    one = draft(work, "H0", item, there)
    fact = recording._row(work, case.id, one)  # noqa: SLF001
    rows["facts"].append({column.key: getattr(fact, column.key) for column in fact.__table__.columns})
    of = {"fact_id": fact.id, "case_id": case.id}
    rows["fact_subjects"] += [{**of, "subject_id": subject} for subject in sorted(one.subjects)]
    rows["fact_identifiers"] += [{**of, "identifier_id": thing} for thing in sorted(one.identifiers)]


def _fact(chance: Random, registered: datetime, people: Sequence[Any], things: Sequence[Any]) -> dict[str, Any]:
    """Return a fact as an investigator would send it."""
    told = chance.random() < 0.4
    kind = chance.choice(_BY_PEOPLE if told else _BY_MACHINES)
    item: dict[str, Any] = {"kind": kind, **_time(chance, registered, told=told)}
    if chance.random() < 0.33:
        name, country, latitude, longitude = chance.choice(_PLACES)
        exact = {"latitude": latitude, "longitude": longitude} if chance.random() < 0.5 else {}
        item |= {"country": country, "place": {"name": name, **exact}}
    if chance.random() < 0.7:
        item["text"] = f"Synthetic {kind.replace('_', ' ')} {chance.randrange(10_000)}."
    if chance.random() < 0.25:
        graded = {"source_grading": chance.choice("ABC"), "information_grading": chance.choice("123")}
        item |= {"basis": "assessment", "confidence": chance.choice(("low", "medium", "high")), **graded}
    item["subjects"] = [{"id": one} for one in chance.sample(people, min(len(people), chance.choice((0, 1, 1, 2))))]
    item["identifiers"] = [
        {"id": one} for one in chance.sample(things, min(len(things), chance.choice((0, 1) if told else (1, 1, 2))))
    ]
    return item


def _time(chance: Random, registered: datetime, *, told: bool) -> dict[str, str]:
    """Return when a fact was, as precisely as it is known, and for some when it ended."""
    known = chance.choices(list(_KNOWN), [of[told] for of in _KNOWN.values()])[0]
    if known == "undated":
        return {}
    begins = registered - timedelta(seconds=chance.randrange(730 * 86_400))
    offset = chance.choice(("Z", "+01:00", "+02:00")) if known in {"second", "minute", "hour"} else ""
    said = {"at": begins, "until": begins + timedelta(hours=chance.randrange(1, 200))}
    wanted = said if chance.random() < 0.15 else {"at": begins}
    return {name: at.strftime("%Y-%m-%dT%H:%M:%S")[: _LENGTHS[known]] + offset for name, at in wanted.items()}
