"""Published figures: rounded, the same for everybody, without hidden cases, and none below five can be found out."""

from contextlib import closing
from datetime import UTC, datetime

import psycopg2
import pytest
from assisting import read, recognised, sent, walk
from statistics_brute import Brute
from world import ISSUER

from bench import seed, year
from coopapi.directory import codelists
from coopapi.ops import administration
from coopapi.statistics import publication
from coopapi.statistics.tables import TABLES

SIZE = year.Size(cases=500, requests=900, meetings=100, teams=60)
COUNTED = {}
SINGLE = [table for table in TABLES if table.by and not {"region", "measure", "data_category", "crime_category"} & set(table.by)]
CLOSED = {"kind": "request_kinds", "urgency": "urgency_levels", "channel": "channels", "strength": "overlap_strength", "level": "meeting_levels",
          "legal_basis": "jit_legal_bases"}  # fmt: skip
ALSO = {"channel": {"unknown"}, "strength": {"none"}}
OUTCOMES = ("fulfilled", "partly_fulfilled", "not_fulfilled", "refused", "withdrawn")


def publish(world, clock, moment):
    clock.at(moment)
    while publication.publish_once(world.app.extensions["coopapi"].database):
        pass


def made(world, owner, clock):
    """A synthetic year, of which the quarters and the year were published when they ended."""
    database = world.app.extensions["coopapi"].database
    people = seed.enter_people(database, ISSUER)
    with closing(psycopg2.connect(owner.dsn, password=owner.info.password)) as connection:
        year.load(database, connection, people, SIZE, seed=3)
    for moment in ("2025-04-01T00:01:00Z", "2025-07-01T00:01:00Z", "2025-10-01T00:01:00Z", "2026-01-01T00:01:00Z"):
        publish(world, clock, moment)
    return True


@pytest.fixture
def published(world, owner, clock):
    world.once(made, owner, clock)
    periods = world.as_("investigator").get("/statistics/published").json["items"]
    return {
        (one["period"], table["name"]): world.as_("investigator").get(f"/statistics/published/{one['period']}/{table['name']}").json
        for one in periods
        for table in one["tables"]
        if one["period"].startswith("2025")
    }


def cells(published):
    """Every published number: its bounds, by period, table, keys and figure."""
    found = {}
    for (period, name), table in published.items():
        for row in table["rows"]:
            for figure, shown in row["figures"].items():
                if shown is not None:
                    low, high = (0, 4) if shown == "<5" else (max(5, int(shown) - 4), int(shown) + 4)
                    found[period, name, tuple(row["keys"].values()), figure] = [low, high]
    return found


def truth(owner):
    """The numbers behind the published ones, counted one by one at the times of publication; counted once."""
    if not COUNTED:
        COUNTED.update(counted_truth(owner))
    return COUNTED


def counted_truth(owner):
    found = {}
    brute = Brute(owner, None)
    for period, at in (
        ("2025-Q1", "2025-04-01T00:01:00+00:00"), ("2025-Q2", "2025-07-01T00:01:00+00:00"), ("2025-Q3", "2025-10-01T00:01:00+00:00"),
        ("2025-Q4", "2026-01-01T00:01:00+00:00"), ("2025", "2026-01-01T00:01:00+00:00"),
    ):  # fmt: skip
        brute.now = datetime.fromisoformat(at).astimezone(UTC)
        place = "quarter" if "-" in period else "year"
        for table in TABLES:
            count = getattr(brute, f"{table.subject.removesuffix('s')}_figures")
            for keys, figures in count([*table.by, place]).items():
                if keys[-1] == period:
                    found |= {(period, table.name, keys[:-1], figure): figures[figure] for figure in table.figures}
    return found


def test_every_number_is_within_its_bounds_and_rows_of_few_are_not_listed(owner, published):
    shown, counted = cells(published), truth(owner)
    assert len(shown) > 500
    assert [
        (cell, bounds, counted.get(cell, 0)) for cell, bounds in shown.items() if not bounds[0] <= counted.get(cell, 0) <= bounds[1]
    ] == []
    bases = {table.name: table.base for table in TABLES}
    listed = {cell[:3] for cell in shown if cell[2]}
    assert {cell[:3] for cell, value in counted.items() if cell[2] and cell[3] == bases[cell[1]] and value >= 5} == listed


def narrow(known, total, parts, whole):
    """Bound a total and its parts by each other; tell whether anything changed."""
    before = [known[total][:], *(known[part][:] for part in parts)]
    known[total][0] = max(known[total][0], sum(known[part][0] for part in parts))
    if whole:
        known[total][1] = min(known[total][1], sum(known[part][1] for part in parts))
    for part in parts:
        others = [known[one] for one in parts if one != part]
        known[part][1] = min(known[part][1], known[total][1] - sum(low for low, _ in others))
        if whole:
            known[part][0] = max(known[part][0], known[total][0] - sum(high for _, high in others))
    return before != [known[total], *(known[part] for part in parts)]


def relations(known):
    """How published numbers hang together, as a reader would see it: rows in totals, outcomes in requests, quarters in years."""
    found = []
    for period, name, keys, figure in known:
        if not keys:
            for table in SINGLE:
                if table.subject == name:
                    parts = [cell for cell in known if (cell[0], cell[1], cell[3]) == (period, table.name, figure)]
                    found.append(((period, name, keys, figure), parts, False))
        if figure == "issued":
            parts = [cell for one in OUTCOMES if (cell := (period, name, keys, one)) in known]
            found.append(((period, name, keys, figure), parts, False))
            found += [
                ((period, name, keys, figure), [cell], False)
                for one in ("postponed", "acknowledged_on_time")
                if (cell := (period, name, keys, one)) in known
            ]
        if "-" not in period:
            parts = [cell for quarter in range(1, 5) if (cell := (f"{period}-Q{quarter}", name, keys, figure)) in known]
            found.append(((period, name, keys, figure), parts, len(parts) == 4))
        for place, of in ((0, "requests_by_requesting_country"), (1, "requests_by_executing_country")):
            if name == of:
                parts = [
                    c for c in known if c[:2] == (period, "requests_by_country_pair") and c[2][place] == keys[0] and c[3] == figure
                ]
                found.append(((period, name, keys, figure), parts, False))
    return [one for one in found if one[1]]


def closed_lists(known):
    """The tables whose codes are all known: a code without a row has fewer than five things. A total that is left out is a sum, too."""
    rows = {cell[:3] for cell in known}
    found = []
    for table in (one for one in TABLES if one.by[:1] and one.by[0] in CLOSED and len(one.by) == 1):
        codes = {item.code for item in codelists.load(CLOSED[table.by[0]]).items} | ALSO.get(table.by[0], set())
        for period in {row[0] for row in rows}:
            listed = {row[2] for row in rows if row[:2] == (period, table.name)}
            for figure in table.figures:
                if listed and all((period, table.name, keys, figure) in known for keys in listed):
                    parts = [(period, table.name, keys, figure) for keys in {*listed, *((code,) for code in codes)}]
                    for part in parts:
                        known.setdefault(part, [0, 4])
                    total = (period, table.subject, (), figure)
                    known.setdefault(total, [0, 10**9])
                    found.append((total, parts, True))
    return found


def attack(known):
    """Narrow all bounds by each other until nothing changes."""
    rules = [*relations(known), *closed_lists(known)]
    for _ in range(50):
        if not sum(narrow(known, *rule) for rule in rules):
            break
    return known


def test_differences_of_all_published_tables_tell_no_number_below_five(owner, published):
    counted = truth(owner)
    small = {cell for cell in cells(published) if counted.get(cell, 0) < 5}
    assert len(small) > 50
    known = attack(cells(published))
    without = {cell for cell, value in counted.items() if value < 5 and cell in known} | {
        cell for cell in known if cell not in counted
    }
    assert [(cell, known[cell]) for cell in small | without if known[cell][0] >= known[cell][1]] == []


def test_the_same_attack_finds_numbers_below_five_if_totals_are_exact(owner, published):
    counted = truth(owner)
    shown = cells(published)
    exact = {cell: [counted.get(cell, 0)] * 2 if bounds != [0, 4] else list(bounds) for cell, bounds in shown.items()}
    known = attack(exact)
    assert [cell for cell, bounds in shown.items() if bounds == [0, 4] and known[cell][0] == known[cell][1]]


def test_a_period_is_published_once_and_everybody_with_a_role_reads_it(world, published):
    assert sorted({period for period, _ in published}) == ["2025", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"]
    assert publication.publish_once(world.app.extensions["coopapi"].database) is False
    for who in ("investigator", "prosecutor", "desk", "analyst", "auditor", "admin", "system", "europol"):
        assert world.as_(who).get("/statistics/published/2025/requests").json == published["2025", "requests"]
    assert world.as_("anonymous").get("/statistics/published/2025/requests").status_code == 401
    for path in ("2031/requests", "2025/secrets", "2025-Q9/requests"):
        assert world.as_("investigator").get(f"/statistics/published/{path}").status_code == 404


def enough(world, clock, number, askers):
    """Orders of several authorities to several, each carried out after two days."""
    clock.at("2026-11-02T10:00:00+01:00")
    database = world.app.extensions["coopapi"].database
    for place in range(askers):
        for country in ("NL", "FR"):
            home = administration.add_authority(
                database, {"name": f"Office {place} {country}", "type": "public_prosecutor", "country": country}
            )
            who = {"issuer": ISSUER, "subject": f"{country}{place}", "name": "P", "roles": ["prosecutor"]}
            administration.add_person(database, home, who)
            world.authorities[f"{country}{place}"] = home
    for one in range(number):
        asks, answers = f"NL{one % askers}", f"FR{one % askers}"
        request = sent(world, asks, to=answers, reference=f"eio-{one}")
        walk(world, request, *((answers, event) for event in ("receive", "acknowledge", "recognise")))
        world.clock.forward(hours=1)
        measure = read(world, answers, request)["measures"][0]
        path = f"/mla-requests/{request}/measures/{measure['id']}/transitions"
        assert world.as_(answers).post(path, {"event": "execute"}, If_Match=f'"{measure["etag"]}"').status_code == 200


def asked_for(world):
    """The usual time of another order to France, as its page shows it."""
    request = recognised(world, reference="mine")
    found = world.as_("prosecutor").get(f"/mla-requests/{request}?include=usual")
    assert found.status_code == 200
    return request, found.json["usual"]


@pytest.mark.parametrize(("number", "askers", "told"), [(10, 3, True), (9, 3, False), (10, 2, False)])
def test_the_usual_time_needs_ten_requests_of_three_authorities_on_each_side(world, clock, number, askers, told):
    enough(world, clock, number, askers)
    publish(world, clock, "2027-01-01T00:00:10Z")
    request, usual = asked_for(world)
    if told:
        assert usual == {
            "kind": "eio", "of_group": "country_pair", "requesting_country": "NL", "executing_country": "FR", "period": "2026",
            "median_hours": 1.0, "p90_hours": 1.0,
        }  # fmt: skip
        other = sent(world, "prosecutor", to="ro", reference="to-romania")
        wider = read(world, "prosecutor", f"{other}?include=usual")["usual"]
        assert (wider["of_group"], wider["requesting_country"], wider["executing_country"]) == ("kind", None, None)
    else:
        assert usual is None
    assert "usual" not in read(world, "prosecutor", request)
    assert world.as_("prosecutor").get(f"/mla-requests/{request}?include=all").status_code == 422


@pytest.mark.parametrize(("named", "told"), [(3, True), (2, False)])
def test_requests_without_a_named_authority_are_of_no_authority(world, owner, clock, named, told):
    enough(world, clock, 12, 4)
    unnamed = [str(world.authorities[f"FR{place}"]) for place in range(named, 4)]
    with owner.cursor() as cursor:
        cursor.execute(
            "update mla_requests set executing_id = null, state = 'closed' where executing_id = any (%s::uuid[])", (unnamed,)
        )
        assert cursor.rowcount == 3 * len(unnamed)
    publish(world, clock, "2027-01-01T00:00:10Z")
    assert (asked_for(world)[1] is not None) is told


def test_periods_that_were_missed_in_a_standstill_are_published_up_to_eight_quarters_back(world, clock):
    def told():
        return {one["period"] for one in world.as_("investigator").get("/statistics/published").json["items"]}

    publish(world, clock, "2026-04-02T00:00:00Z")
    assert told() == {"2025", "2026-Q1"}
    publish(world, clock, "2027-01-02T00:00:00Z")
    assert told() == {"2025", "2026", "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"}
    publish(world, clock, "2030-01-02T00:00:00Z")
    later = {f"{year}-Q{quarter}" for year in (2028, 2029) for quarter in (1, 2, 3, 4)} | {"2028", "2029"}
    assert told() == {"2025", "2026", "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"} | later
