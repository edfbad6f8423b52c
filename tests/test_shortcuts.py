"""Shortcuts for input of common forms decide as the whole rules do."""

import hashlib
import hmac
import json
import random

import marshmallow as ma
import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coopapi import features as _features  # noqa: F401 (all schemas are known when all features were imported)
from coopapi import strictjson, unicode_text
from coopapi.errors import BadRequest
from coopapi.http.fields import Schema, Text
from coopapi.http.quick_load import quick_of
from coopapi.identifiers.formats import cleaning, phones
from coopapi.store.crypto import Mac
from coopapi.store.db import as_json
from coopapi.store.quick_json import quick_json

TEXTS = (
    "a", " a ", "x" * 101, "x" * 3000, "", " ", "a b", "a\tb", "a\nb", "\0", "http://a.example", "data:image/png;base64,AAAA", "é",
    "\u202e", "\u0301" * 40, "NL", "EL", "UK", "nl", "person", "H0", "fact", 5, 5.0, True, None, [], ["a"], {}, b"a",
)  # fmt: skip
SIGNS = "ab1 .:/@[](){}<>\\dothxps"


def schemas(of):
    return {one for sub in of.__subclasses__() for one in (sub, *schemas(sub))}


def read(field, value):
    try:
        return repr(field.deserialize(value))
    except ma.ValidationError:
        return "refused"


def test_what_a_field_reads_quickly_is_what_it_reads_and_checks():
    chance, found = random.Random(1), 0
    for schema in sorted(schemas(Schema), key=repr):
        for field in schema().load_fields.values():
            quick = quick_of(field)
            codes = [*getattr(field, "among", ()), *getattr(getattr(field, "codelist", None), "index", ())]
            choices = [choice for check in field.validators for choice in getattr(check, "choices", ())]
            for value in (*TEXTS, *chance.sample(codes, min(9, len(codes))), *chance.sample(choices, min(9, len(choices)))):
                if quick and (made := quick(value)) is not None:
                    found += 1
                    assert read(field, value) == repr(made), (schema, field, value)
    assert found > 1000


@pytest.mark.parametrize("method", ["deserialize", "_deserialize", "_validate"])
def test_a_field_that_reads_values_in_its_own_way_has_no_shortcut(method):
    own = type("Own", (Text,), {method: getattr(Text, method)})
    assert quick_of(Text()) is not None
    assert quick_of(own()) is None


MEMBERS = st.recursive(
    st.sampled_from(["1", "-0", "1.5", "9223372036854775807", "9223372036854775808", "1e400", "true", "null", '"a"', '"é"', '""', "NaN", '"\\u0000"']),
    lambda inner: st.lists(inner, max_size=3).map(lambda some: f"[{','.join(some)}]")
    | st.lists(st.tuples(st.sampled_from(["a", "b", "é", ""]), inner), max_size=3).map(
        lambda some: "{" + ",".join(f'"{key}": {value}' for key, value in some) + "}"
    ),
    max_leaves=6,
)  # fmt: skip


def parsed(raw):
    try:
        return repr(strictjson.loads(raw))
    except BadRequest as fault:
        return type(fault)


@given(MEMBERS, st.integers(0, 60), st.sampled_from([b"", b'"', b"}", b",", b"\xff", b"\0", b" ", b"\xed\xa0\x80"]))
@example('{"a": "a", "a": "a"}', 0, b"")
@example('{"a": {"b": 1, "b": 1}}', 0, b"")
def test_json_is_read_and_refused_as_by_the_slower_parser(text, place, noise):
    raw = text.encode()
    raw = raw[:place] + noise + raw[place:]
    quick = parsed(raw)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(strictjson, "_read_plain", lambda _: strictjson._SLOW)
        assert parsed(raw) == quick


@given(
    st.text(SIGNS, max_size=20) | st.sampled_from(["hxxp://a[.]b", "h[tt]p:///x", "http:///a", "a (at) b [dot] c", "a at b dot c"]),
    st.booleans(),
)
def test_only_what_can_change_an_address_is_tried(text, in_words):
    whole = text
    for pattern, meant in cleaning._DEFANGINGS + (cleaning._IN_WORDS if in_words else ()):
        whole = pattern.sub(meant, whole)
    assert cleaning._refang(text, in_words=in_words) == whole


@given(st.text(st.characters(max_codepoint=0x7F), max_size=30))
def test_ascii_in_lower_case_is_as_by_the_rules_for_all_letters(text):
    settled = unicode_text._translate(unicode_text.literal(text), lambda character: character.lower())
    assert unicode_text.literal_lower(text) == unicode_text.literal(settled)


def test_a_mobile_number_is_valid():
    chance, mobile = random.Random(1), 0
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        kinds = [phonenumbers.example_number_for_type(region, kind) for region in regions for kind in range(11)]
        for made in filter(None, kinds):
            for _ in range(20):
                figures = list(str(made.national_number))
                figures[chance.randrange(len(figures))] = chance.choice("0123456789")
                figures += chance.choice(["", "", "5"])
                number = phonenumbers.PhoneNumber(country_code=code, national_number=int("".join(figures)))
                mobile += phones._is_mobile(number)
                assert phonenumbers.is_valid_number(number) or not phones._is_mobile(number), number
    assert mobile > 500


@pytest.mark.parametrize("length", [0, 1, 32, 64])
def test_a_digest_with_pads_that_were_hashed_in_advance_is_hmac(length):
    key = hashlib.sha256(b"key").digest()[:length] + b"x" * max(0, length - 32)
    assert Mac(key, "of ").digest(b"this") == hmac.digest(key, b"of this", "sha256")


@pytest.mark.parametrize(
    "value", [{"a": "é\u2028", "b": None}, [1, 2**70, 1.5], ({"c": (1, 2)},), [{"d": {"e": "\ud800"}}], {"f": [True, "\0"]}]
)
def test_json_for_the_database_says_the_same(value):
    assert json.loads(quick_json(value)) == json.loads(as_json(value))
