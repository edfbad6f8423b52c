"""Serialization of objects through the schemas of the output. Every response passes here."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from types import NoneType
from typing import Any, Final
from uuid import UUID

import marshmallow as ma
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
    def _members(self) -> list[tuple[str, str, fields.Field[Any], Callable[..., Any]]]:
        """The keys of the output, the members that they show, their fields, and the look-up of how values of a type are shown."""
        return [(f.data_key or name, f.attribute or name, f, _direct(f).get) for name, f in self.dump_fields.items()]

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        if many and obj is not None:
            return [self._serialize(one) for one in obj]
        shown = {}
        get: Any = obj.get if isinstance(obj, dict) else partial(getattr, obj)
        for key, member, field, how in self._members:
            value = get(member, missing)
            convert: Any = how(type(value), missing)
            if convert is not missing:
                shown[key] = value if convert is None else convert(value)
                continue
            if value is missing or not field._CHECK_ATTRIBUTE:  # noqa: SLF001 (marshmallow's own: the field computes its value)
                value = field.serialize(member, obj, accessor=self.get_attribute)
            else:
                value = field._serialize(value, member, obj)  # noqa: SLF001 (the hook that fields implement)
            if value is not missing:
                shown[key] = value
        return shown


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
    one = schema._serialize  # noqa: SLF001 (the method of this class)
    return {list: partial(one, many=True)} if field.many else {dict: one}


def _of_list(field: fields.List[Any]) -> Callable[[Any], Any]:
    inner, direct = field.inner, _direct(field.inner)

    def as_usual(value: Any) -> Any:
        return inner._serialize(value, None, None)  # noqa: SLF001 (the hook that fields implement)

    # Objects of other classes, such as rows, are shown as mappings are.
    otherwise = direct.get(dict, as_usual) if isinstance(inner, fields.Nested) else as_usual

    def show(values: list[Any]) -> list[Any]:
        return [convert(value) if (convert := direct.get(type(value), otherwise)) else value for value in values]

    return show


def in_utc(value: datetime) -> str:
    """Return a time with an offset as text in UTC (RFC 3339)."""
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat()


_DIRECT: Final[Mapping[Any, Direct]] = {
    fields.String._serialize: {str: None, UUID: str},  # noqa: SLF001 (the hook that fields implement)
    fields.UUID._serialize: {UUID: str, str: None},  # noqa: SLF001
    fields.Boolean._serialize: {bool: None},  # noqa: SLF001
}
"""The same for fields of marshmallow that show values with this method."""
