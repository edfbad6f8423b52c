"""JSON that everybody reads alike."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopapi.errors import TooLarge
from coopapi.strictjson import BadJson, loads

REFUSED = {
    "nothing": b"", "space": b" ", "half": b'{"a":', "trailing": b"{} x", "two": b"{}{}", "comma": b"[1,]", "single quotes": b"{'a': 1}",
    "comment": b"/**/{}", "bare word": b"hello", "key without value": b'{"a"}', "bom": b"\xef\xbb\xbf{}", "utf-16": "{}".encode("utf-16"),
    "latin-1": b'"\xe9"', "overlong": b'"\xc0\x80"', "surrogate bytes": b'"\xed\xa0\x80"', "NaN": b"NaN", "infinity": b"Infinity",
    "minus infinity": b"-Infinity", "1e999": b"1e999", "-1e999": b"-1e999", "2^63": b"9223372036854775808",
    "-2^63-1": b"-9223372036854775809", "5000 digits": b"9" * 5000, "leading zero": b"01", "plus": b"+1", "hex": b"0x1", "dot": b".5",
    "nul": b'"\\u0000"', "nul in a key": b'{"\\u0000": 1}', "raw nul": b'"\x00"', "lone surrogate": b'"\\ud800"', "low surrogate": b'"\\udc00"',
    "surrogate in a key": b'{"\\ud800": 1}', "duplicate": b'{"a": 1, "a": 2}', "duplicate by escape": b'{"a": 1, "\\u0061": 2}',
    "deep duplicate": b'[{"a": {"b": 1, "b": 1}}]', "17 arrays": b"[" * 17 + b"]" * 17, "100000 arrays": b"[" * 100_000 + b"]" * 100_000,
    "17 objects": b'{"a":' * 17 + b"1" + b"}" * 17, "unclosed": b"[" * 16, "long text": json.dumps("x" * 10_001).encode(),
    "long key": json.dumps({"x" * 10_001: 1}).encode(), "many items": json.dumps([0] * 20_001).encode(),
    "many members": json.dumps({str(n): 0 for n in range(20_001)}).encode(), "tab in text": b'"\t"', "newline in text": b'"\n"',
    "bad escape": b'"\\x41"', "short escape": b'"\\u12"', "unterminated": b'"abc',
}  # fmt: skip
ACCEPTED = {
    "object": b'{"a": [1, 2.5, true, null, "x"]}', "escapes": b'"\\"\\\\\\/\\n\\u00e9"', "pair": b'"\\ud83d\\ude00"', "2^63-1": b"9223372036854775807",
    "-2^63": b"-9223372036854775808", "16 arrays": b"[" * 16 + b"]" * 16, "brackets in text": json.dumps("[" * 1000).encode(), "zero": b"-0",
    "empty key": b'{"": 1}', "1e-999": b"1e-999",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_this_is_refused_without_repeating_it(name):
    with pytest.raises(BadJson) as refused:
        loads(REFUSED[name])
    assert len(refused.value.detail) < 80


@pytest.mark.parametrize("name", ACCEPTED)
def test_this_is_read(name):
    assert loads(ACCEPTED[name]) == json.loads(ACCEPTED[name])


def test_too_large_is_said_before_it_is_read():
    with pytest.raises(TooLarge):
        loads(b" " * 1_000_001)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0")), inner, max_size=5),
    max_leaves=10,
)  # fmt: skip


@given(VALUES)
def test_whatever_is_within_bounds_is_read_as_it_was_written(value):
    assert loads(json.dumps(value).encode()) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value
