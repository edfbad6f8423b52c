"""Reading input that fits its schema with less work than marshmallow needs, which calls the fields of missing members too."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

import marshmallow as ma
from marshmallow import fields, missing

Quick = Callable[[Any], Any]
"""Returns what a field and its checks make of a plain value, or None if the field itself has to read it."""
_READING: Final = frozenset({"quick", "deserialize", "_deserialize", "_validate"})


class _Member(NamedTuple):
    """A member of the input: the name under which it is returned, its field, and the checks of what the field makes of it.

    It is not `plain` if its field does more than that. It may be read by `quick` in place of the field and the checks.
    """

    name: str
    field: fields.Field[Any]
    plain: bool
    checks: Sequence[Callable[[Any], Any]]
    quick: Quick | None


def quick_of(field: fields.Field[Any]) -> Quick | None:
    """Return what reads plain values in place of a field, if its class has that.

    A class that only changes how the field reads or checks values does not inherit it.
    """
    nearest = next(one for one in type(field).__mro__ if _READING & vars(one).keys())
    made: Any = vars(nearest).get("quick")
    return made and made(field)  # type: ignore[no-any-return]


class QuickLoad(ma.Schema):
    """A schema that reads an object with the fields of its members alone. Whatever does not fit is read again by marshmallow."""

    @cached_property
    def _members(self) -> Mapping[str, _Member]:
        """All members, in the order of their fields."""
        return {
            field.data_key or name: _Member(
                field.attribute or name,
                field,
                not (field.pre_load or field.post_load),
                field.validators,
                None if field.pre_load or field.post_load else quick_of(field),
            )
            for name, field in self.load_fields.items()
        }

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {key: place for place, key in enumerate(self._members)}

    @cached_property
    def _needed(self) -> frozenset[str]:
        """The members whose fields have something to do when they are missing."""
        every = self.load_fields.items()
        return frozenset(field.data_key or name for name, field in every if field.required or field.load_default is not missing)

    @cached_property
    def _rules(self) -> Sequence[Callable[..., Any]] | None:
        """The checks of the whole object, or None if marshmallow has more to do than to read the members and check the object."""
        hooks: Mapping[str, Any] = self._hooks
        checks = hooks[ma.decorators.VALIDATES_SCHEMA]
        simple = all(not many and not said.get("pass_original") for _, many, said in checks)
        others = (ma.decorators.PRE_LOAD, ma.decorators.POST_LOAD, ma.decorators.VALIDATES)
        if not simple or any(hooks[kind] for kind in others) or self.many or self.partial or self.unknown != ma.RAISE:
            return None
        return [getattr(self, name) for name, *_ in checks]

    def load(self, data: Any, *, many: Any = None, partial: Any = None, unknown: Any = None) -> Any:
        """Read an object as marshmallow does. Raises `ValidationError`."""
        usual = not many and not partial and unknown in {None, self.unknown} and type(data) is dict
        found = self._read_and_check(data) if usual else None
        return super().load(data, many=many, partial=partial, unknown=unknown) if found is None else found

    def _read_and_check(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what is read of an object, or None if it breaks a rule."""
        rules = self._rules
        found = None if rules is None else self._read(data)
        if found is None or rules is None:
            return None
        try:
            for rule in rules:
                rule(found, partial=self.partial, many=False, unknown=self.unknown)
        except ma.ValidationError:
            return None
        return found

    def _read(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what the fields make of an object, or None if one of them refuses it or a member is missing or unknown."""
        found, members = {}, self._members
        if not (self._needed <= data.keys() <= members.keys()):
            return None
        try:
            for key in sorted(data, key=self._places.__getitem__):
                (name, field, plain, checks, quick), value = members[key], data[key]
                if quick is not None and (read := quick(value)) is not None:
                    found[name] = read
                elif plain and value is not None:
                    found[name] = read = field._deserialize(value, key, data)  # noqa: SLF001 (without the validator that it makes for each value)
                    for check in checks:
                        check(read)
                else:
                    found[name] = field.deserialize(value, key, data)
        except ma.ValidationError:
            return None
        return found if len(found) == len(data) else None
