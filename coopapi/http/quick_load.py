"""Reading input that fits its schema with less work than marshmallow needs, which calls the fields of missing members too."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import marshmallow as ma
from marshmallow import fields, missing

_MOST_SHAPES = 1000
"""For how many combinations of members a schema remembers what to do."""


class _Member(NamedTuple):
    """A member of the input: the name under which it is returned, its field, and the checks of what the field makes of it.

    It is not `plain` if its field does more than that.
    """

    key: str
    name: str
    field: fields.Field[Any]
    plain: bool
    checks: Sequence[Callable[[Any], Any]]


class QuickLoad(ma.Schema):
    """A schema that reads an object with the fields of its members alone. Whatever does not fit is read again by marshmallow."""

    @cached_property
    def _shapes(self) -> dict[tuple[str, ...], Sequence[_Member]]:
        """What is done with objects that have these members, as far as all are known and none is missing."""
        return {}

    def _deserialize(self, data: Any, *, many: bool = False, partial: Any = None, **more: Any) -> Any:
        found = None if many or partial or not isinstance(data, dict) else self._read(data)
        return super()._deserialize(data, many=many, partial=partial, **more) if found is None else found

    def _read(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what the fields make of an object, or None if one of them refuses it or a member is missing or unknown."""
        shape = tuple(data)
        members = self._shapes.get(shape) or self._learn(shape)
        if members is None:
            return None
        found = {}
        try:
            for key, name, field, plain, checks in members:
                value = data[key]
                if plain and value is not None:
                    found[name] = read = field._deserialize(value, key, data)  # noqa: SLF001 (without the validator that it makes for each value)
                    for check in checks:
                        check(read)
                else:
                    found[name] = field.deserialize(value, key, data)
        except ma.ValidationError:
            return None
        return found

    def _learn(self, shape: tuple[str, ...]) -> Sequence[_Member] | None:
        """Return these members in the order of their fields, or None if one is missing or unknown."""
        known = {field.data_key or name: (field.attribute or name, field) for name, field in self.load_fields.items()}
        needed = {key for key, (_, field) in known.items() if field.required or field.load_default is not missing}
        if not needed <= set(shape) <= known.keys():
            return None
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        self._shapes[shape] = members = [
            _Member(key, name, field, not (field.pre_load or field.post_load), field.validators)
            for key, (name, field) in known.items()
            if key in shape
        ]
        return members
