"""What tests build once: it is put back as it was, and only on a world in which nothing has happened."""

from datetime import UTC, datetime, timedelta

import pytest


def a_case_later(world):
    world.clock.forward(hours=3)
    return world.case("investigator", "heron")


def references(owner):
    with owner.cursor() as cursor:
        cursor.execute("select reference from cases where reference in ('heron', 'owl') order by reference")
        return [reference for (reference,) in cursor.fetchall()]


def begin_again(world, register):
    world.clock.go_home()
    register.as_of("world", None)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_clock_that_a_test_moved_or_stopped_is_right_again_for_the_next(clock, turn):
    assert not clock.moved, turn
    clock.forward(days=1)
    clock.stopped = datetime(2026, 12, 1, tzinfo=UTC)


def test_what_was_built_is_put_back_with_its_rows_and_its_time(world, register, owner):
    case = world.once(a_case_later)
    world.case("foreign", "owl")
    begin_again(world, register)

    assert world.once(a_case_later) == case
    assert references(owner) == ["heron"]
    assert world.clock.offset - world.clock.home == timedelta(hours=3)


def test_it_is_built_on_top_of_what_was_written_before(world, register, owner):
    first = world.once(a_case_later)
    begin_again(world, register)
    world.case("foreign", "owl")

    assert world.once(a_case_later) != first
    assert references(owner) == ["heron", "owl"]


def test_it_is_built_on_the_time_to_which_the_clock_was_moved(world, register):
    first = world.once(a_case_later)
    begin_again(world, register)
    world.clock.forward(hours=1)

    assert world.once(a_case_later) != first
    assert world.clock.offset - world.clock.home == timedelta(hours=4)
