"""Work grows with the input and no faster: hostile input is doubled four times, and its cost may grow by far less than its square."""

import json
import re
import time
import tracemalloc
import unicodedata
from contextlib import suppress
from functools import partial
from itertools import product

import pytest
from marshmallow import ValidationError, fields

from coopapi.auth import tokens
from coopapi.errors import CoopError
from coopapi.http.fields import Count, Text, When
from coopapi.identifiers import kinds
from coopapi.identifiers.formats.persons import read_names
from coopapi.identifiers.kinds import KINDS, Context, ImpossibleValue
from coopapi.jits import statement_checks
from coopapi.persons.latin import words
from coopapi.strictjson import BadJson, loads
from coopapi.unicode_text import MAX_TEXT

DOUBLINGS = 4
MOST = 64
"""Linear work grows 16 times over four doublings, work in the square of the input 256 times."""
FLOOR = 0.0002
"""Seconds under which a measurement is mostly noise."""


def spent(work, text):
    """The CPU time of one run, in seconds."""
    begun = time.thread_time()
    with suppress(CoopError, ValidationError):
        work(text)
    return time.thread_time() - begun


def cost(work, text):
    """The least CPU time of three runs, in seconds."""
    return min(spent(work, text) for _ in range(3))


def grows(work, make, size):
    """How many times more work the input costs after four doublings; the least of three measurements, as others share the machine.

    If one run of the long input takes so little that it cannot have grown too fast, that is the whole measurement.
    """
    at_most = spent(work, make(size * 2**DOUBLINGS)) / FLOOR
    if at_most < MOST:
        return at_most
    found = []
    for _ in range(3):
        found.append(cost(work, make(size * 2**DOUBLINGS)) / max(FLOOR, cost(work, make(size))))
        if found[-1] < MOST:
            break
    return min(found)


def repeat(unit, before="", after=""):
    """Make text of a size: the unit again and again between a beginning and an end."""
    return lambda size: before + (unit * size)[: max(0, size - len(before) - len(after))] + after


JSON = {
    "escaped quotes": repeat('\\"', '"'), "escaped quotes that end": repeat('\\"', '"', '"'), "backslashes": repeat("\\", '"'),
    "quotes": repeat('"'), "strings": repeat('"" '), "strings in a list": repeat('"",', "["), "quote and brackets": repeat('"[', "["),
    "brackets": repeat("["), "braces": repeat("{"), "closed": repeat("]"), "lists": repeat("[],", "["), "pairs": repeat("[]"),
    "open after space": repeat("[ "), "spaces": repeat(" "), "spaces in a list": repeat(" ", "[", "]"), "tabs and commas": repeat("\t,", "["),
    "digits": repeat("1"), "digits in a list": repeat("1", "[", "]"), "fraction": repeat("1", "0.", ""), "long real": repeat("9", "", ".5"),
    "exponent": repeat("9", "1e"), "minus": repeat("-"), "zeros": repeat("0"), "numbers": repeat("1,", "["), "colons": repeat(":"),
    "keys": lambda size: json.dumps({str(n): 0 for n in range(size // 8)}), "same key": repeat('"a":0,', "{"), "long key": repeat("k", '{"', '":1}'),
    "unicode escapes": repeat("\\u0061", '"', '"'), "half surrogates": repeat("\\ud800", '"', '"'), "letters": repeat("é", '"', '"'),
    "nested text": repeat('{"a":"', "["), "commas": repeat(","), "nul": repeat("\0", '"', '"'),
}  # fmt: skip


@pytest.mark.parametrize("name", JSON)
def test_json_is_read_in_the_time_of_its_length(name):
    read = partial(loads, max_bytes=10**9, max_items=10**9, max_string=10**9)
    assert grows(lambda text: read(text.encode()), JSON[name], 4_000) < MOST


@pytest.mark.parametrize("unit", ["[],", "[]", '"",', '""', "{},", ",", "[", "0,", '"a":0,'])
def test_too_many_members_are_refused_before_any_is_built(unit):
    body = f"[{unit * (3_900_000 // len(unit))}".encode()
    tracemalloc.start()
    with pytest.raises(BadJson):
        loads(body, max_bytes=4_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(body)


@pytest.mark.parametrize("length", [120_003, 3_900_000])
def test_a_string_that_is_much_too_long_is_refused_before_it_is_built(length):
    body = b'"' + b"a" * length + b'"'
    tracemalloc.start()
    with pytest.raises(BadJson, match="longer than 10000"):
        loads(body, max_bytes=4_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5 * len(body)


def test_members_are_counted_as_the_parser_finds_them():
    body = {"a": [[], {}, [0, "[,]"], {"b": "}"}], "c": ' "\\"', "d": [[[[]]]]}
    exact = 3 + 4 + 2 + 1 + 3
    assert loads(json.dumps(body, indent=1).encode(), max_items=exact) == body
    with pytest.raises(BadJson, match="members"):
        loads(json.dumps(body).encode(), max_items=exact - 1)


def test_an_ordinary_registration_is_read_almost_as_fast_as_by_the_parser_alone():
    items = [{"kind": "email", "value": f"heron{n}@example.org", "source": 'report "7"'} for n in range(1000)]
    body = json.dumps({"identifiers": items}).encode()
    assert cost(loads, body) < 40 * cost(json.loads, body)


# What is repeated in a value, and between which beginnings.
UNITS = [
    "a", "A", "1", "0", ".", "-", "_", "/", ":", "@", "+", "(", "[", "[.]", "%", "%41", " ", "a.", "a-", "1.", " @", "@ ", "..", "/../",
    "://", "xn--a.", "é.", "ß", "\ufdfa", "\u0301", "\u0323\u0301", "\u0301\u200b\u0323\u034f", "\uff9e\u0301", "\ud55c", "\u200d",
    "no ", "ncmec", "#", "x", "ext", "0x", "<", "=", "?", "&", "*", "\\", "1 ", "(0)", "[dot]", "\U0001d7d8", "\u0627",
]  # fmt: skip


BEFORE = ("", "a@", "http://a.example/")
ORDINARY = "Zoë Größe "
DEARER = 8
"""How many times the cost of an ordinary text of the same length a hostile one may have; 18 were seen, and 4 are usual."""


def too_slow(read, most):
    """Which hostile texts grow too fast, or at their longest cost far more than an ordinary text of the same length."""
    usual = max(FLOOR / 2, cost(read, repeat(ORDINARY)(most)))
    slow = []
    for unit, before in product(UNITS, BEFORE):
        make = repeat(unit, before, "!")
        if all(spent(read, make(most)) > DEARER * usual for _ in range(9)) or grows(read, make, most >> DOUBLINGS) >= MOST:
            slow.append((before, unit))
    return slow


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"person"}))
def test_an_identifier_of_any_kind_is_read_in_the_time_of_its_length(kind):
    context, taken = Context(platform="heron.example", country="NL"), Text(MAX_TEXT)
    assert too_slow(lambda text: kinds.read(kind, taken.deserialize(text), context), MAX_TEXT) == []


FIELDS = {
    "text": Text(10_000), "e-mail": fields.Email(), "url": fields.Url(schemes={"https"}), "moment": When(), "count": Count(1, 200),
    "integer": fields.Integer(), "uuid": fields.UUID(), "date": fields.Date(), "number": fields.Float(),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_any_type_is_read_in_the_time_of_its_length(name):
    read = FIELDS[name].deserialize
    assert [(b, u) for u, b in product(UNITS, BEFORE) if grows(read, repeat(u, b, "!"), 10_000 >> DOUBLINGS) >= MOST] == []


def test_names_and_statements_are_taken_apart_in_the_time_of_their_length():
    taken = Text(10_000)
    terms = [statement_checks.Term("case_reference", "a" * 100), statement_checks.Term("pseudonym", "a")]
    for unit in UNITS:
        assert grows(lambda text: words(taken.deserialize(text)), repeat(unit), 600) < MOST, unit
        assert grows(lambda text: statement_checks.faults({"/en": taken.deserialize(text)}, terms), repeat(unit), 120) < MOST, unit


def word(number):
    return "a".join("bcdfgklmnprstvz"[digit] for digit in (number % 15, number * 7 % 15, number // 15 % 15))


def person(names, words_each, **more):
    numbers = iter(range(names * words_each))
    return {"names": [{"full": " ".join(word(next(numbers)) for _ in range(words_each))} for _ in range(names)], **more}


def test_a_person_of_many_words_costs_no_more_than_one_of_many():
    assert cost(read_names, person(16, 59)) < MOST * max(FLOOR, cost(read_names, person(1, 20)))


@pytest.mark.parametrize(
    ("hostile", "rule"),
    [
        (person(20, 59, birth_dates=["1980-01-01"]), "many_words"),
        (
            person(1, 59, birth_dates=[f"19{year}-02-03" for year in range(50, 60)], places=[word(n) for n in range(10)]),
            "many_keys",
        ),
    ],
)
def test_a_person_makes_a_bounded_number_of_match_keys(hostile, rule):
    with pytest.raises(ImpossibleValue) as refused:
        read_names(hostile)
    assert refused.value.rule == rule


def test_twenty_aliases_with_dates_and_places_are_still_a_person():
    found = read_names(person(20, 2, birth_dates=["1980-01-01", "1981-02-03"], places=["heronville", "egretton"]))
    assert len(found.keys) > 1000


TOKENS = ["a", "a.", ".", "a.a.", "eyJ", "-", "a..", "=", "é"]


@pytest.mark.parametrize("unit", TOKENS)
def test_a_token_is_looked_at_in_the_time_of_its_length(unit):
    assert grows(lambda text: tokens.verify(text, {}, 0), repeat(unit), 512) < MOST
    assert grows(tokens.unverified_client, repeat(unit, "e30.", ".e30"), 512) < MOST


ASKED = ['"', "W/", '"v1-', ",", " ", "\t", "%41", "=", "&", "-", ";", "a ", "a=1&", '"a" ', '\\"', "; a=", "*/*,", "gzip"]
HEADERS = (
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "X-Request-Id",
    "Authorization",
    "Coopapi-Role",
    "Coopapi-Purpose",
    "Accept",
)


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_is_read_in_the_time_of_its_length(world, header):
    case = world.case("investigator")
    me = world.as_("investigator")
    path = f"/cases/{case}" if header != "Idempotency-Key" else f"/cases/{case}/subjects"
    method = {"If-Match": "PATCH", "Idempotency-Key": "POST"}.get(header, "GET")
    body = None if method == "GET" else {}

    def ask(value):
        assert me.send(method, path, body, **{header: f"a{value}z"}).status_code < 500

    assert [unit for unit in ASKED if grows(ask, repeat(unit), 1_000) >= MOST] == []


def test_a_query_is_read_in_the_time_of_its_length(world):
    me = world.as_("investigator")

    def ask(query):
        assert me.get(f"/cases?{query}").status_code < 500

    for before in ("", "cursor=", "limit=", "reference="):
        assert [unit for unit in ASKED if grows(ask, repeat(unit, before), 500) >= MOST] == []


def test_these_measurements_see_work_in_the_square_of_the_input():
    scanned = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)  # as bodies were scanned before
    stacked = "\u0323\u0301"
    assert grows(lambda text: list(scanned.finditer(text.encode())), JSON["escaped quotes"], 500) > MOST
    assert grows(lambda text: unicodedata.normalize("NFKC", text), repeat(stacked), 500) > MOST
