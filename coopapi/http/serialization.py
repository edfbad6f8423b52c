"""Serialization of objects through the schemas of the output. Every response passes here."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from types import NoneType
from typing import Any, Final
from uuid import UUID

import marshmallow as ma
import orjson
from marshmallow import EXCLUDE, fields, missing

Direct = Mapping[type, Callable[[Any], Any] | None]
"""The functions with which a field shows values of the types that it usually has, or None if it shows them as they are.

Values of other types are shown as marshmallow does it. A field may name the functions as its attribute `direct`.
"""


class Shown(ma.Schema):
    """Base class for output. Clients must accept fields that are added later.

    It serializes objects as marshmallow does, but with less work for each member.
    """

    class Meta:
        """Ignores unknown fields."""

        unknown = EXCLUDE

    @cached_property
    def _show(self) -> Callable[..., dict[str, Any]]:
        return _compiled(self)

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        if many and obj is not None:
            return [self._serialize(one) for one in obj]
        return self._show(obj, None if isinstance(obj, dict | Mapping) else partial(getattr, obj))


@cache
def instance_of(schema: type[ma.Schema]) -> ma.Schema:
    """Return the one instance of a schema of the output. Each instance compiles its function anew, which takes milliseconds."""
    return schema()


def _compiled(schema: Shown) -> Callable[..., dict[str, Any]]:
    """Return a function that shows a mapping, or an object with a function that gets its members.

    Its text has a few lines for each member, which run faster than a loop over them.
    """
    known: dict[str, Any] = {"missing": missing, "usual": partial(_as_usual, schema)}
    lines = ["def show(obj, get=None):", "get = get or obj.get", "shown = {}"]
    for n, (name, field) in enumerate(schema.dump_fields.items()):
        key, member, direct = field.data_key or name, field.attribute or name, _direct(field)
        known |= {f"field{n}": field, **{f"kind{n}_{m}": kind for m, kind in enumerate(direct)}}
        known |= {f"convert{n}_{m}": convert for m, convert in enumerate(direct.values())}
        said = ["value" if convert is None else f"convert{n}_{m}(value)" for m, convert in enumerate(direct.values())]
        tests = [f"{'el' * (m > 0)}if kind is kind{n}_{m}: shown[{key!r}] = {one}" for m, one in enumerate(said)]
        if tests and field.dump_default is missing and "." not in member:
            tests.append("elif value is missing: pass")
        usual = f"usual(field{n}, {key!r}, {member!r}, value, obj, shown)"
        lines += [f"value = get({member!r}, missing)", "kind = type(value)", *tests, f"else: {usual}" if tests else usual]
    exec("\n ".join([*lines, "return shown"]), known)  # noqa: S102 (the text has names of members alone)
    found: Callable[..., dict[str, Any]] = known["show"]
    return found


def _as_usual(  # noqa: PLR0913, PLR0917 (what a member is shown of)
    schema: Shown, field: fields.Field[Any], key: str, member: str, value: Any, obj: Any, shown: dict[str, Any]
) -> None:
    """Show a member as marshmallow does it."""
    if value is missing or not field._CHECK_ATTRIBUTE:  # noqa: SLF001 (marshmallow's own: the field computes its value)
        value = field.serialize(member, obj, accessor=schema.get_attribute)
    else:
        value = field._serialize(value, member, obj)  # noqa: SLF001 (the hook that fields implement)
    if value is not missing:
        shown[key] = value


def _direct(field: fields.Field[Any]) -> Direct:
    if not field._CHECK_ATTRIBUTE:  # noqa: SLF001 (marshmallow's own: the field computes its value)
        return {}
    hook: Any = type(field)._serialize  # noqa: SLF001 (the hook that fields implement)
    if isinstance(field, fields.Nested) and hook is fields.Nested._serialize:  # noqa: SLF001
        return {NoneType: None, **_of_nested(field)}
    if isinstance(field, fields.List) and hook is fields.List._serialize:  # noqa: SLF001
        return {NoneType: None, list: _of_list(field)}
    if isinstance(field, fields.Integer | fields.Float) and hook is fields.Number._serialize and not field.as_string:  # noqa: SLF001
        return {NoneType: None, field.num_type: None}
    return {NoneType: None, **_DIRECT.get(hook, {}), **getattr(field, "direct", {})}


def _of_nested(field: fields.Nested) -> Direct:
    schema = field.schema
    if not isinstance(schema, Shown) or schema._hooks:  # noqa: SLF001 (marshmallow's own: its methods that change the output)
        return {}
    return {} if field.many else {dict: schema._show}  # noqa: SLF001 (the function of this class)


def _of_list(field: fields.List[Any]) -> Callable[[Any], Any]:
    inner, direct = field.inner, _direct(field.inner)

    def as_usual(value: Any) -> Any:
        return inner._serialize(value, None, None)  # noqa: SLF001 (the hook that fields implement)

    # Objects of other classes, such as rows, are shown as mappings are.
    otherwise = inner.schema._serialize if isinstance(inner, fields.Nested) and dict in direct else as_usual  # noqa: SLF001

    def show(values: list[Any]) -> list[Any]:
        return [convert(value) if (convert := direct.get(type(value), otherwise)) else value for value in values]

    return show


def in_utc(value: datetime) -> str:
    """Return a time with an offset as text in UTC (RFC 3339), as `isoformat` does it in three times the time."""
    written: bytes = orjson.dumps(value if value.tzinfo is UTC else value.astimezone(UTC))
    return written[1:-1].decode()


_DIRECT: Final[Mapping[Any, Direct]] = {
    fields.String._serialize: {str: None, UUID: str},  # noqa: SLF001 (the hook that fields implement)
    fields.UUID._serialize: {UUID: str, str: None},  # noqa: SLF001
    fields.Boolean._serialize: {bool: None},  # noqa: SLF001
}
"""The same for fields of marshmallow that show values with this method."""
