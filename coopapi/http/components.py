"""Puts each list of codes into the OpenAPI document once, as a named component, so that client generators invent no names."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from marshmallow import fields

from coopapi.http.fields import ENUM, bare_name

PLACE: Final = "x-place"
"""The member that holds the schema and field of a list of codes until the list has a name."""
_OWN: Final = ("enum", "x-codelist")
Codes = tuple[str, ...]


def place_of(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """Return the schema and name of a field, such as `Case.state`. This is an attribute function of apispec."""
    schema = field.root
    return {PLACE: f"{bare_name(type(schema))}.{field.name or getattr(field.parent, 'name', '')}"} if schema else {}


def name_codes(document: dict[str, Any]) -> None:
    """Replace each list of codes by a reference to one component. If a schema already has that name, `Code` is appended."""
    nodes = list(_nodes(document))
    found = [node for node in nodes if _codes(node)]
    names = _names(found)
    schemas: dict[str, Any] = document["components"]["schemas"]
    taken = set(schemas)
    for node in found:
        name = names[node.get(ENUM), _codes(node)]
        own: dict[str, Any] = {key: node.pop(key) for key in _OWN if key in node}
        codes = [code for code in own["enum"] if code is not None]
        component: dict[str, Any] = {"type": "string", **own, "enum": codes}
        if name in taken:
            name = f"{name}Code"
        if schemas.setdefault(name, component).get("enum") != codes:
            raise ValueError(f"two lists of codes would be called {name}")
        schemas[name] = schemas[name] | component
        optional = "null" in node.pop("type")
        target: dict[str, Any] = {"$ref": f"#/components/schemas/{name}"}
        node.update({"anyOf": [target, {"type": "null"}]} if optional else target)
    for node in nodes:
        node.pop(PLACE, None)
        node.pop(ENUM, None)


def _nodes(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for below in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _nodes(below)


def _codes(node: Mapping[str, Any]) -> Codes:
    """Return the codes of a schema that allows only codes, or an empty tuple for any other schema."""
    listed = node.get("enum")
    if not isinstance(listed, list) or "string" not in (node.get("type") or ()):
        return ()
    return tuple(code for code in listed if code is not None)


def _names(found: list[dict[str, Any]]) -> dict[tuple[str | None, Codes], str]:
    """Return a name for each list: the one its field gives, the only one given for the same codes, or one made from its place."""
    said: dict[Codes, set[str]] = defaultdict(set)
    places: dict[Codes, set[str]] = defaultdict(set)
    for node in found:
        if ENUM in node:
            said[_codes(node)].add(node[ENUM])
        else:
            places[_codes(node)].add(node[PLACE])
    names: dict[tuple[str | None, Codes], str] = {(name, codes): name for codes, all_names in said.items() for name in all_names}
    unsaid = {codes: where for codes, where in places.items() if len(said[codes]) != 1}
    names |= {(None, codes): min(said[codes]) for codes in places.keys() - unsaid.keys()}
    for codes, where in unsaid.items():
        names[None, codes] = min((_name_of(place) for place in where), key=lambda name: (len(name), name))
    return names


def _name_of(place: str) -> str:
    """Return a name made of schema and field: `Meeting.mode` is `MeetingMode`, `MeetingAnswer.answer` is `MeetingAnswer`."""
    schema, _, field = place.partition(".")
    title = re.sub("(?:^|_)(.)", lambda letter: letter[1].upper(), field)
    return schema if schema.endswith(title) else schema + title
