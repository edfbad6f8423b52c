"""The measurements run on a small register and find what they must find. No time is asserted."""

import logging
import tempfile
import xml.etree.ElementTree as ET
from argparse import Namespace
from contextlib import closing
from pathlib import Path

import pytest

from bench import plots, seed, settling, speed, timelines
from coopapi.ops import administration

IDENTIFIERS = "60"


@pytest.fixture(scope="module")
def services():
    logging.getLogger("coopapi.alarms").addHandler(logging.NullHandler())
    with speed.opened([int(IDENTIFIERS)], None) as registers, speed.running(registers) as made:
        yield made


def test_every_request_of_the_table_is_measured_beside_the_limits(services):
    told = speed.speed(services, seconds=0.01, rounds=1)
    measured = told["figures"][IDENTIFIERS]
    assert len(measured) == 17
    assert all(row["per_second"] > 0 and row["p50"] <= row["p99"] and row["growth"] == 1 for row in measured.values())
    assert told["figures"]["bare"]["bare view, one SELECT"]["ratio"] == 1
    assert {name: len(rates) for name, rates in told["raw"].items()} == {"COPY": 1, "sorted upsert": 1}
    assert all(name in speed.table(told) for name in measured)
    assert len(ET.fromstring(plots.speeds(told["figures"])).findall(".//{*}line")) >= len(measured)


def test_a_large_register_is_made_of_copies_of_a_smaller_one(monkeypatch):
    monkeypatch.setattr(seed, "LARGEST_LOADED", int(IDENTIFIERS))
    tables = {
        "case_keys",
        "identifiers",
        "holdings",
        "match_tokens",
        "case_overlaps",
        "overlap_sides",
        "journal_links",
        "search_words",
    }
    with speed.opened([int(IDENTIFIERS), 3 * int(IDENTIFIERS)], None) as registers:
        small, large = registers.values()
        with closing(small.connect()) as one, closing(large.connect()) as other:
            assert {table: 3 * count for table, count in counted(one).items()} == counted(other)
            assert tables <= counted(other).keys()
        assert set(administration.reconcile(large.database, repair=False).values()) == {0}
        with large.served() as url, closing(speed.Client(url, large.tokens[0])) as client:
            for case in speed.own_cases(large):
                shown = client.ask("GET", f"/api/v1/cases/{case}/identifiers", None)["items"]
                assert all(item["value"] for item in shown)


def counted(connection):
    """Count the rows of the tables that name a case or an identifier, or hold match tokens, as far as they have any."""
    query = """
        select distinct table_name from information_schema.columns where table_schema = 'public'
        and column_name in ('case_id', 'case_a', 'identifier_id', 'token', 'place', 'entry_id')
        and table_name <> 'search_grams'  -- copies have the words of their originals
    """
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"select count(*) from {table}")
            (found[table],) = cursor.fetchone()
    return {table: count for table, count in found.items() if count}


def test_overlaps_are_found_and_none_is_missed(services):
    asked = Namespace(identifiers=60, seconds=0.2, rates=[0, 20], holders=3, shared=20, pairs=4)
    service = services[IDENTIFIERS]
    with closing(settling.Bench(service.register, service.url, side=4)) as bench:
        told = settling.settle(bench, asked)
    assert told["races"] == {"pairs": 4, "missed": 0}
    assert set(told["holders"]) == {"2", "3"}
    assert all(row["delays"] for row in told["delays"])
    assert len(told["sharing"]["delays"]) == 5


def test_pages_of_timelines_are_measured_by_length_and_by_the_number_of_cases():
    with tempfile.TemporaryDirectory(prefix="coopapi-test-") as place:
        Path(place).chmod(0o711)
        by_length, by_number = timelines.run(Path(place), [20, 40], [1, 2], 10, times=1)
    for told, heads in ((by_length, ("20", "40")), (by_number, ("1", "2"))):
        first, _, *rows = told.splitlines()
        assert first.endswith(" | ".join(("", *heads, "")).rstrip())
        assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(timelines.QUESTIONS)
        assert all("ms (1.00)" in row for row in rows)


def test_curves_show_each_series_over_the_same_axis():
    drawn = ET.fromstring(plots.curves("an import", {"lines in a second": [(10, 5.0), (20, 4.0)], "MB": [(20, 0.0)]}))
    assert [line.get("points") for line in drawn.findall(".//{*}polyline")] == ["360.0,60.0 640.0,78.0", "640.0,296.0"]
