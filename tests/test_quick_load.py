"""Input is read with the fields of its members alone."""

import pytest
from marshmallow import ValidationError

from coopapi.identifiers.schemas import ContextIn


def test_members_come_in_the_order_of_their_fields_whatever_their_order_was():
    schema = ContextIn()
    read = [list(schema.load(sent)) for sent in ({"port": 1, "country": "NL"}, {"country": "NL", "port": 1}) for _ in range(2)]
    assert read == [["country", "port"]] * 4


def test_what_is_remembered_of_a_schema_holds_known_members_alone():
    schema = ContextIn()
    schema.load({"port": 1})
    with pytest.raises(ValidationError):
        schema.load({"port": 1, "x" * 1000: 1})
    assert set(schema._shapes) == {("port",)}
