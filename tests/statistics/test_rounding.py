"""Rounded figures are right on average, fixed for their cell, and tell no number below five."""

from hashlib import sha256
from random import Random

import pytest

from coopapi.statistics.rounding import Sum, bounds, narrowed, publishable, rounded
from coopapi.statistics.tables import sums


def mac(text):
    return sha256(b"key" + text).digest()


def cell(number, figure="issued"):
    return "2026", "requests_by_kind", (str(number),), figure


@pytest.mark.parametrize("value", range(5))
def test_below_five_is_one_text(value):
    assert rounded(mac, cell(1), value) is None


def test_a_number_is_one_of_its_two_neighbours_and_within_what_a_reader_assumes():
    for value in range(5, 200):
        shown = rounded(mac, cell(value), value)
        assert shown % 5 == 0
        assert abs(shown - value) < 5
        low, high = bounds(shown)
        assert low <= value <= high


def test_rounding_is_right_on_average_and_the_same_each_time():
    shown = [rounded(mac, cell(number), 12) for number in range(4000)]
    assert set(shown) == {10, 15}
    assert abs(sum(shown) / len(shown) - 12) < 0.2
    assert shown == [rounded(mac, cell(number), 12) for number in range(4000)]


def test_a_total_that_would_tell_a_small_part_is_left_out():
    total, parts = ("2026", "requests", (), "issued"), [cell(number) for number in range(4)]
    shown = {total: 35, parts[0]: 5, parts[1]: 5, parts[2]: 5, parts[3]: None}  # at least 31, and the others are at most 27
    sums = [Sum(total, tuple(parts), whole=True)]
    assert narrowed(shown, sums)[parts[3]] == (4, 4)
    kept = publishable(shown, sums)
    assert total not in kept
    assert kept.keys() == set(parts)
    assert narrowed(kept, sums)[parts[3]] == (0, 4)


def test_what_was_published_before_stays_and_the_new_part_goes():
    total, parts = ("2026", "requests", (), "issued"), [cell(number) for number in range(4)]
    shown = {total: 35, parts[0]: 5, parts[1]: 5, parts[2]: 5, parts[3]: None}
    kept = publishable(shown, [Sum(total, tuple(parts), whole=True)], fixed=[total, *parts[:3]])
    assert parts[3] not in kept
    assert kept.keys() == {total, *parts[:3]}


def strengths(total, figure="confirmed", **shown):
    """Published numbers of overlaps in a quarter: a total, and the strengths that are listed."""
    rows = {("2026-Q1", "overlaps_by_strength", (code,), figure): value for code, value in shown.items()}
    return {("2026-Q1", "overlaps", (), figure): total, **rows}


def test_a_closed_list_of_codes_bounds_the_total_from_above():
    shown = strengths(35, strong=5, possible=5, weak=5, none=None)  # at least 31, and three are at most 27
    few, total = ("2026-Q1", "overlaps_by_strength", ("none",), "confirmed"), ("2026-Q1", "overlaps", (), "confirmed")
    assert narrowed(shown, sums(shown))[few] == (4, 4)
    kept = publishable(shown, sums(shown))
    assert kept.keys() == shown.keys() - {total}
    assert publishable(strengths(30, strong=5, possible=5, weak=5, none=None), sums(shown)).keys() == shown.keys()


def test_a_code_without_a_row_is_not_told_either():
    shown = strengths(35, "found", strong=5, possible=5, weak=5)
    (one,) = [one for one in sums(shown) if one.whole]
    assert one.unlisted == (("2026-Q1", "overlaps_by_strength", ("none",), "found"),)
    assert publishable(shown, [one]).keys() == shown.keys() - {one.total}
    several = strengths(35, "found", strong=15, possible=15)  # 38 are possible without the two others
    assert publishable(several, sums(several)) == several
    left_out = {**strengths(35, "found", strong=5, possible=5), ("2026-Q1", "overlaps_by_strength", ("weak",), "confirmed"): None}
    assert [one for one in sums(left_out) if one.whole and one.total[3] == "found"] == []


def test_two_tables_have_the_same_total_also_if_it_is_left_out():
    first, second = [cell(number) for number in range(3)], [("2026", "requests_by_urgency", (code,), "issued") for code in "abc"]
    both = [Sum(("2026", "requests", (), "issued"), tuple(parts), whole=True) for parts in (first, second)]
    shown = {first[0]: 15, first[1]: 15, first[2]: None, second[0]: 20, second[1]: 25, second[2]: None}
    assert publishable(shown, both) == shown  # at least 37, and at most 42
    shown[second[0]] = 25  # at least 42
    known = narrowed(shown, both)
    assert (known[first[2]], known[second[2]]) == ((4, 4), (0, 0))
    assert publishable(shown, both).keys() == {*first[:2], *second[:2]}


@pytest.mark.parametrize("seed", range(40))
def test_no_small_part_of_random_tables_is_found_out(seed):
    chance = Random(seed)
    values = {cell(number): chance.choice((0, 1, 2, 3, 4, 5, 6, 9)) for number in range(chance.choice((2, 3, 5)))}
    total = ("2026", "requests", (), f"issued {seed}")
    shown = {one: rounded(mac, one, value) for one, value in {total: sum(values.values()), **values}.items()}
    sums = [Sum(total, tuple(values), whole=True)]
    kept = publishable(shown, sums)
    known = narrowed(kept, sums)
    assert all(known[one][0] < known[one][1] for one, value in values.items() if value < 5 and one in kept)
