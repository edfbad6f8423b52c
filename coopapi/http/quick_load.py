"""Reading input that fits its schema with less work than marshmallow needs, which calls the fields of missing members too."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import marshmallow as ma
from marshmallow import fields, missing


class QuickLoad(ma.Schema):
    """A schema that reads an object with the fields of its members alone. Whatever does not fit is read again by marshmallow."""

    @cached_property
    def _accepted(self) -> list[tuple[str, str, fields.Field[Any]]]:
        """The members of the input, the names under which they are returned, and their fields."""
        return [(field.data_key or name, field.attribute or name, field) for name, field in self.load_fields.items()]

    def _deserialize(self, data: Any, *, many: bool = False, partial: Any = None, **more: Any) -> Any:
        found = None if many or partial or not isinstance(data, dict) else self._read(data)
        return super()._deserialize(data, many=many, partial=partial, **more) if found is None else found

    def _read(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what the fields make of an object, or None if one of them refuses it or a member is missing or unknown."""
        found, known = {}, 0
        for key, name, field in self._accepted:
            value = data.get(key, missing)
            if value is not missing:
                known += 1
                try:
                    found[name] = _read(field, value, key, data)
                except ma.ValidationError:
                    return None
            elif field.required or field.load_default is not missing:
                return None
        return found if known == len(data) else None


def _read(field: fields.Field[Any], value: Any, key: str, data: Mapping[str, Any]) -> Any:
    """Return what `Field.deserialize` returns, without the validator that it makes for each value."""
    if value is None or field.pre_load or field.post_load:
        return field.deserialize(value, key, data)
    found = field._deserialize(value, key, data)  # noqa: SLF001 (see the docstring)
    for check in field.validators:
        check(found)
    return found
