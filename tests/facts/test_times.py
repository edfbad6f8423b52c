"""Times of facts are shown so that they can be sent again, whatever was stated."""

from hypothesis import given, settings
from hypothesis import strategies as st

from coopapi.errors import Unprocessable
from coopapi.facts.times import PRECISIONS, as_stated, read_time

YEARS = st.sampled_from((1900, 1945, 1985, 2018, 2026, 2199))
PARTS = st.tuples(
    YEARS, st.integers(1, 12), st.integers(1, 31), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(1, 6),
    st.sampled_from(("", "", "Z", "+02:00", "-05:30", "+01:00", "+14:00")),
)  # fmt: skip
ZONES = st.sampled_from(
    (
        None,
        "Europe/Paris",
        "America/New_York",
        "Asia/Kathmandu",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Europe/Amsterdam",
    )
)


def written(parts):
    year, month, day, hour, minute, second, depth, offset = parts
    return f"{year}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}"[: (4, 7, 10, 13, 16, 19)[depth - 1]] + offset


@settings(max_examples=2000, deadline=None)
@given(PARTS, st.none() | PARTS, ZONES, st.none() | st.sampled_from(PRECISIONS))
def test_what_is_shown_means_the_same_when_it_is_sent_again(at, until, zone, precision):
    said = {"at": written(at), "until": until and written(until), "zone": zone, "precision": precision}
    try:
        time = read_time(said)
    except Unprocessable as fault:
        assert fault.extra["errors"][0]["pointer"] in {"/at", "/until", "/precision"}
        return
    again = {
        "at": as_stated(time.begins_at, time),
        "until": as_stated(time.ends_at, time),
        "zone": zone,
        "precision": time.precision,
    }
    assert read_time(again) == time
    assert read_time({**again, "precision": None}) == time, "the text is as precise as the fact"
    assert time.ends_at is None or time.ends_at >= time.begins_at
