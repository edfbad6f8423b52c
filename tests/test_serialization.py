"""Output is serialized with less work than marshmallow does it, and with the same result."""

from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from types import MappingProxyType, SimpleNamespace
from uuid import UUID, uuid4

import marshmallow as ma
import pytest
from assisting import draft
from marshmallow import fields

from coopapi.app import describe_app
from coopapi.http import serialization
from coopapi.http.fields import Shown, When


class Colour(StrEnum):
    RED = "red"


class Part(Shown):
    id = fields.UUID()
    names = fields.List(fields.String())


class Whole(Shown):
    id = fields.UUID(data_key="key", attribute="uid")
    text = fields.String()
    count = fields.Integer()
    share = fields.Float()
    flag = fields.Boolean()
    at = When()
    more = fields.Dict()
    part = fields.Nested(Part)
    parts = fields.List(fields.Nested(Part))
    many = fields.Nested(Part, many=True)
    twice = fields.Constant(2)
    preset = fields.String(dump_default="x")


ID = UUID(int=7)
AT = datetime(2026, 11, 29, 8, 30, tzinfo=timezone(timedelta(hours=2)))
PART = {"id": ID, "names": ["a", None, Colour.RED, ID]}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"uid": ID, "text": "t", "count": 3, "share": 0.5, "flag": True, "at": AT, "more": {"a": 1}},
        {"uid": str(ID), "text": ID, "count": "3", "share": 1, "flag": "yes", "at": AT.astimezone(UTC)},
        {"text": Colour.RED, "part": PART, "parts": [PART, PART], "many": [PART], "at": None, "more": None},
        {"part": SimpleNamespace(**PART), "parts": (PART,), "many": (SimpleNamespace(**PART),), "preset": None},
        {"part": None, "parts": None, "many": None, "uid": None, "count": None, "flag": None},
    ],
)
def test_a_value_is_shown_as_marshmallow_shows_it(value):
    for one in (value, SimpleNamespace(**value), MappingProxyType(value)):
        schema = Whole()
        assert repr(schema.dump(one)) == repr(ma.Schema._serialize(schema, one))
    assert Whole(many=True).dump([value, value]) == [Whole().dump(value)] * 2


def test_a_time_is_shown_in_utc():
    assert Whole().dump({"at": AT}) == {"at": "2026-11-29T06:30:00+00:00", "twice": 2, "preset": "x"}


SAMPLES = {
    fields.UUID: ID,
    fields.DateTime: AT,
    fields.Date: date(2026, 11, 29),
    fields.Boolean: True,
    fields.Integer: 3,
    fields.Float: 0.5,
    fields.String: "/x",
}


def sample(field):
    """A value that a field may be given."""
    if isinstance(field, fields.Nested):
        return [filled(field.schema)] if field.many else filled(field.schema)
    if isinstance(field, fields.List):
        return [sample(field.inner)]
    if isinstance(field, fields.Dict):
        return {"en": sample(field.value_field)}
    return next((value for kind, value in SAMPLES.items() if isinstance(field, kind)), None)


def filled(schema):
    return {field.attribute or name: sample(field) for name, field in schema.dump_fields.items()}


def kinds_of_output(kind=Shown):
    return [kind, *(one for below in kind.__subclasses__() for one in kinds_of_output(below))]


def test_all_that_the_service_answers_is_shown_as_marshmallow_shows_it():
    with describe_app().test_request_context():
        schemas = [kind() for kind in kinds_of_output()]
        assert len(schemas) > 100
        for schema in schemas:
            value = filled(schema)
            for one in (value, dict.fromkeys(value)):
                assert repr(schema.dump(one)) == repr(ma.Schema._serialize(schema, one)), schema


def registered(world):
    item = {"kind": "email", "value": "heron@example.org"}
    return world.as_("prosecutor").post(
        f"/cases/{world.case('prosecutor')}/identifiers", {"on_error": "each", "identifiers": [item]}
    )


def recorded(world):
    body = {"on_error": "each", "facts": [{"kind": "call", "text": "He called."}]}
    return world.as_("prosecutor").post(f"/cases/{world.case('prosecutor')}/facts", body)


def planned(world):
    body = {"measure": "content", "country": "FR", "data_categories": ["content"], "open": True}
    return world.as_("prosecutor").post(
        "/mla-requests/plan", {**body, "reference": f"P{world.case('prosecutor')}"}, Idempotency_Key=str(uuid4())
    )


def printed(world):
    request = draft(world, reference=f"R{world.case('prosecutor')}")
    return world.as_("prosecutor").get(f"/mla-requests/{request}/document")


@pytest.mark.parametrize("ask", [registered, recorded, planned, printed])
def test_what_shows_objects_is_compiled_once_and_not_for_each_request(world, monkeypatch, ask):
    compiled, compile_one = [], serialization._compiled
    monkeypatch.setattr(serialization, "_compiled", lambda schema: compiled.append(schema) or compile_one(schema))
    for _ in range(2):
        compiled.clear()
        answer = ask(world)
        assert answer.status_code in {200, 201}, answer.json
    assert compiled == []
