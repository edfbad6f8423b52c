"""The measurements run on a small register and find what they must find. No time is asserted."""

import logging
import tempfile
import xml.etree.ElementTree as ET
from argparse import Namespace
from contextlib import closing
from pathlib import Path

import pytest

from bench import plots, settling, speed, timelines

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
