"""Reading input that fits its schema with less work than marshmallow needs, which calls the fields of missing members too."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import marshmallow as ma
from marshmallow import fields, missing


class _Member(NamedTuple):
    """A member of the input: the name under which it is returned, its field, and the checks of what the field makes of it.

    It is `needed` if its field has something to do when it is missing, and not `plain` if its field does more than the above.
    """

    key: str
    name: str
    field: fields.Field[Any]
    needed: bool
    plain: bool
    checks: Sequence[Callable[[Any], Any]]


class QuickLoad(ma.Schema):
    """A schema that reads an object with the fields of its members alone. Whatever does not fit is read again by marshmallow."""

    @cached_property
    def _members(self) -> Sequence[_Member]:
        """All members, in the order of their fields."""
        return [
            _Member(
                field.data_key or name,
                field.attribute or name,
                field,
                field.required or field.load_default is not missing,
                not (field.pre_load or field.post_load),
                field.validators,
            )
            for name, field in self.load_fields.items()
        ]

    def _deserialize(self, data: Any, *, many: bool = False, partial: Any = None, **more: Any) -> Any:
        found = None if many or partial or not isinstance(data, dict) else self._read(data)
        return super()._deserialize(data, many=many, partial=partial, **more) if found is None else found

    def _read(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what the fields make of an object, or None if one of them refuses it or a member is missing or unknown."""
        found = {}
        try:
            for key, name, field, needed, plain, checks in self._members:
                if key not in data:
                    if needed:
                        return None
                    continue
                value = data[key]
                if plain and value is not None:
                    found[name] = read = field._deserialize(value, key, data)  # noqa: SLF001 (without the validator that it makes for each value)
                    for check in checks:
                        check(read)
                else:
                    found[name] = field.deserialize(value, key, data)
        except ma.ValidationError:
            return None
        return found if len(found) == len(data) else None
