"""Input is read with the fields of its members alone, and comes out as from marshmallow."""

import random
from itertools import permutations

import pytest
from marshmallow import RAISE, Schema, ValidationError

from coopapi.cases.schemas import CaseIn
from coopapi.deadlines.schemas import TargetIn
from coopapi.http.quick_load import QuickLoad
from coopapi.identifiers.schemas import ContextIn, IdentifierIn, IdentifiersIn
from coopapi.imports.lines import CaseLine, FactLine, IdentifierLine
from coopapi.overlaps.schemas import OverlapFilter

ID = "0190b3a4-0000-7000-8000-000000000001"
CONTEXT = {"platform": "Heron", "country": "NL", "observed_at": "2026-03-05T14:20:00+02:00", "port": 443}
PERSON = {"names": [{"full": "Ana Pop"}, {"given": "A", "family": "P", "type": "alias"}], "gender": "F", "nationalities": ["RO"]}
IDENTIFIER = {
    "kind": "email",
    "value": "heron@example.org",
    "context": CONTEXT,
    "basis": "fact",
    "exceptional_processing": {"reason": "R", "until": "2026-03-05T14:20:00Z"},
}
LINKED = {**IDENTIFIER, "case": "4711", "external_id": "I1", "subjects": [{"external_id": "P1", "basis": "fact"}]}
CASE = {"reference": "R-1", "title": " A case ", "operation_name": None, "countries": ["NL", "FR"], "external_id": "4711"}
BODIES = [
    (ContextIn, CONTEXT),
    (TargetIn, {"urgency": "urgent", "hours": 5, "counts_as_due": True}),
    (IdentifierIn, {**IDENTIFIER, "subjects": [{"id": ID, "since": "2026-03-05T14:20:00Z"}]}),
    (IdentifierIn, {"kind": "person", "person": PERSON, "external_id": "I2"}),
    (IdentifiersIn, {"identifiers": [IDENTIFIER, {"kind": "person", "person": PERSON}], "on_error": "each"}),
    (IdentifierLine, LINKED),
    (CaseIn, {**CASE, "handler_id": ID, "access": [{"authority_id": ID, "level": "read", "reason": "R"}]}),
    (CaseLine, CASE),
    (FactLine, {"case": "4711", "external_id": "F1", "kind": "payment", "at": None, "subjects": [{"external_id": "P1"}]}),
]
WRONG = (None, 5, "", "\0", [], {}, [None], [{"x": 1}])


def variants(body):
    """The body with one thing changed at any depth: a member that is missing, null, of another type, or unknown."""
    yield body
    if isinstance(body, dict):
        yield {**body, "unknown": 1}
        for name, value in body.items():
            yield {key: said for key, said in body.items() if key != name}
            yield from ({**body, name: other} for other in (*WRONG, *variants(value)))
    elif isinstance(body, list):
        for place, value in enumerate(body):
            yield from ([*body[:place], other, *body[place + 1 :]] for other in variants(value))


def shuffled(body, chance):
    if isinstance(body, list):
        return [shuffled(one, chance) for one in body]
    return {name: shuffled(body[name], chance) for name in chance.sample(list(body), len(body))} if isinstance(body, dict) else body


def outcome(schema, body):
    """What is read, with the order of all members, or what is wrong."""
    try:
        return repr(schema.load(body))
    except ValidationError as fault:
        return repr(fault.normalized_messages())


@pytest.mark.parametrize(("of", "body"), BODIES)
def test_what_is_read_and_refused_is_the_same_as_by_marshmallow(monkeypatch, of, body):
    schema, chance = of(), random.Random(1)
    bodies = [shuffled(one, chance) for one in variants(body)]
    read = [[outcome(schema, one) for one in bodies] for _ in range(2)]
    assert schema._read(body) is not None
    monkeypatch.setattr(QuickLoad, "_read", lambda *_: None)
    assert [outcome(of(), one) for one in bodies] == read[0] == read[1]


def test_what_is_refused_is_read_quickly_once_at_each_level(monkeypatch):
    read, asked = QuickLoad._read, []
    monkeypatch.setattr(QuickLoad, "_read", lambda schema, data: asked.append(type(schema)) or read(schema, data))
    with pytest.raises(ValidationError):
        IdentifierIn().load({"kind": "email", "value": "heron@example.org", "context": {"port": 100_000_000}})
    assert asked == [IdentifierIn, ContextIn, ContextIn]  # marshmallow, which reads it again, has the inner schema read, too


def test_a_query_is_read_quickly(monkeypatch):
    """The parser of queries says how a schema treats unknown members, even if it says what the schema does anyway."""
    monkeypatch.setattr(Schema, "load", lambda *_, **__: pytest.fail("read by marshmallow"))
    assert OverlapFilter().load({"limit": "50", "kind": "email"}, unknown=RAISE) == {"limit": 50, "kind": "email"}


def test_members_come_in_the_order_of_their_fields_whatever_their_order_was():
    schema = ContextIn()
    read = [list(schema.load(sent)) for sent in ({"port": 1, "country": "NL"}, {"country": "NL", "port": 1}) for _ in range(2)]
    assert read == [["country", "port"]] * 4


def test_a_schema_does_not_remember_what_was_sent():
    def remembered():
        return {name: len(value) for name, value in vars(schema).items() if isinstance(value, dict | list | tuple | set)}

    schema = ContextIn()
    schema.load(CONTEXT)
    before = remembered()
    for order in permutations(CONTEXT):
        schema.load({name: CONTEXT[name] for name in order})
    with pytest.raises(ValidationError):
        schema.load({"x" * 1000: 1})
    assert remembered() == before
