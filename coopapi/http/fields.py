"""The schemas and fields that all features use. Input schemas reject unknown fields, and all lengths and numbers are limited."""

import re
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Final
from zoneinfo import available_timezones

import marshmallow as ma
from marshmallow import RAISE, fields, validate

from coopapi.errors import Refusal
from coopapi.http.proxies import here
from coopapi.http.quick_load import Quick, QuickLoad
from coopapi.http.serialization import Direct, in_utc
from coopapi.http.serialization import Shown as Shown  # noqa: PLC0414 (schemas find it beside `Schema`)
from coopapi.unicode_text import MOST_MARKS, blank, controlled, stacked

_CONTENT: Final = re.compile(r"data:[\w.+-]{1,40}/[\w.+-]{1,60}[;,]", re.ASCII | re.IGNORECASE)
"""Matches a data URL. Files are never accepted as content, only text."""
ENUM: Final = "x-enum"
"""The member of a field's description that names its list of codes."""
_PLAIN_INTEGER: Final = re.compile("[0-9]{1,9}", re.ASCII)


def refusal(rule: str, detail: str, field: str = ma.exceptions.SCHEMA) -> ma.ValidationError:
    """Return a validation error for one field or for the whole object, with the rule that is broken. All our schemas use it."""
    return ma.ValidationError([Refusal(rule, detail)], field)


class Like(validate.Regexp):
    """A validator for a pattern, with an error text of our own."""

    def __init__(self, pattern: str, words: str) -> None:
        super().__init__(pattern)
        self.words = words

    def __call__(self, value: Any) -> Any:
        """Return the value, or raise a validation error if it does not match."""
        if not self.regex.match(value):
            raise refusal("pattern", self.words)
        return value


_SHA256: Final = Like(r"\A[0-9a-f]{64}\Z", "A SHA-256 digest has 64 hexadecimal digits.")


class Schema(QuickLoad):
    """Base class for input. Unknown fields are errors."""

    class Meta:
        """Rejects unknown fields."""

        unknown = RAISE


def _harmless(value: Any) -> str | None:
    """Return the text without surrounding spaces, if it can break no rule but that of its length."""
    return value.strip() if type(value) is str and value.isascii() and value.isprintable() and ":" not in value else None


class Text(fields.String):
    """Text of limited length. Surrounding spaces are removed, and it must contain something visible."""

    def __init__(self, most: int = 200, *, least: int = 1, **kwargs: Any) -> None:
        extra = kwargs.pop("validate", [])
        super().__init__(validate=[validate.Length(least, most), *extra], **kwargs)
        self._least, self._most = least, most

    def quick(self) -> Quick | None:
        """Return what reads a text that can break no rule but that of its length, unless there are other checks."""
        least, most = self._least, self._most

        def read(value: Any) -> str | None:
            text = _harmless(value)
            return text if text is not None and least <= len(text) <= most else None

        return None if len(self.validators) > 1 else read

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if (harmless := _harmless(value)) is not None:
            return harmless
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if _CONTENT.search(text):
            raise refusal("words_only", "Only text is accepted, no file, image or video.")
        if stacked(text):
            raise refusal("stacked", f"One letter has more than {MOST_MARKS} combining marks.")
        if text.strip() and blank(text):
            raise refusal("blank", "The text has no visible character.")
        return text.strip()


class Line(Text):
    """Text on one line, such as a title or a reference, without control characters or characters that change the text direction."""

    quick = Text.quick  # a text in printable ASCII has none of these characters

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if controlled(text):
            raise refusal("control_character", "The text contains a line break or another control character.")
        return text


class Lower(Text):
    """Text that is converted to lower case."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, **kwargs).lower()


class Digest(Lower):
    """A SHA-256 digest in hexadecimal digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(64, least=64, validate=[_SHA256], **kwargs)


class Zone(Text):
    """A time zone of the IANA database, named by its place, such as Europe/Amsterdam."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            60, metadata={"description": "A time zone of the IANA database, named after a place, such as Europe/Paris."}, **kwargs
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        zone = super()._deserialize(value, attr, data, **kwargs)
        if zone not in _zones():
            raise refusal("time_zone", "The value must be a time zone of the IANA database, such as Europe/Amsterdam.")
        return zone


@cache
def _zones() -> frozenset[str]:
    return frozenset(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/")))


class Link(fields.String):
    """A path of this service, shown with the prefix under which the caller reaches it."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return super()._serialize(value and here(value), attr, obj, **kwargs)


class Flag(fields.Boolean):
    """A JSON boolean. Strings and numbers are not converted."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(truthy={True}, falsy={False}, **kwargs)  # type: ignore[arg-type]


class OneOf(fields.String):
    """One code of a closed list. In output, a code that was removed from the list is shown unchanged.

    In the OpenAPI document, the list is a component (components.py). Its name is the one that is given here, that of the enum, or
    one made of the names of schema and field.
    """

    def __init__(self, codes: Any, *, name: str | None = None, **kwargs: Any) -> None:
        name = name or (codes.__name__ if isinstance(codes, type) else None)
        kwargs["metadata"] = {**({ENUM: name} if name else {}), **kwargs.get("metadata", {})}
        self._codes = frozenset(map(str, codes))
        super().__init__(validate=validate.OneOf(sorted(self._codes)), **kwargs)

    def quick(self) -> Quick:
        """Return what reads one of the codes."""
        codes = self._codes
        return lambda value: value if type(value) is str and value in codes else None


class Stored(fields.Nested):
    """A JSON object that is accepted and shown unchanged. The schema describes it in the OpenAPI document but checks nothing.

    In output any member may be missing, because some are only for some callers.
    """

    def __init__(self, described: type[ma.Schema], **kwargs: Any) -> None:
        super().__init__(shape_of(described), **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # as of a Field
        del attr, obj, kwargs
        return value

    def _deserialize(self, value: Any, attr: str | None, data: Any, *args: Any, **kwargs: Any) -> Any:
        del args
        return fields.Dict().deserialize(value, attr, data, **kwargs)


@cache
def shape_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of a stored object: unknown members are allowed, and none is required."""
    members = {name: _shown(field) for name, field in schema._declared_fields.items()}  # noqa: SLF001
    return type(bare_name(schema), (Shown,), {**members, "__doc__": schema.__doc__, "__module__": schema.__module__})


def _shown(field: Any) -> Any:
    """Return a field for a member that may be missing. Nested objects are treated in the same way."""
    if isinstance(field, fields.Nested):
        return Stored(type(field.schema), metadata=field.metadata)
    described = copy(field)
    described.required = False
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        described.inner = _shown(field.inner)
    return described


def in_languages(**kwargs: Any) -> fields.Dict:
    """Return a field for texts in several languages, with the language code as the key."""
    return fields.Dict(keys=fields.String(), values=fields.String(), **kwargs)


class Many(fields.List[Any]):
    """A list of limited length, without duplicates unless `distinct` is false."""

    def __init__(self, inner: Any, most: int, *, least: int = 0, distinct: bool = True, **kwargs: Any) -> None:
        checks: list[Callable[[Any], Any]] = [validate.Length(least, most)]
        if distinct:
            checks.append(_all_different)
            kwargs["metadata"] = {"uniqueItems": True, **kwargs.get("metadata", {})}
        super().__init__(inner, validate=checks, **kwargs)


def _all_different(items: list[Any]) -> None:
    if len({repr(item) for item in items}) != len(items):
        raise refusal("distinct", "The list contains the same entry twice.")


class When(fields.AwareDateTime):
    """A date and time with offset (RFC 3339), between 1900 and 2200. It is shown in UTC."""

    direct: ClassVar[Direct] = {datetime: in_utc}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=None, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input="", obj_type=self.OBJ_TYPE)
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        offset = moment.utcoffset() or timedelta()
        if offset.total_seconds() % 60 or abs(offset) > timedelta(hours=14) or not 1900 < moment.year < 2200:  # noqa: PLR2004
            raise refusal("moment", "The value must be a time between 1900 and 2200 with a UTC offset in whole minutes.")
        return moment

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return super()._serialize(value.astimezone(UTC) if value else value, attr, obj, **kwargs)


class Count(fields.Integer):
    """A whole number in ASCII digits, for query parameters."""

    def __init__(self, low: int, high: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(low, high), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not _PLAIN_INTEGER.fullmatch(str(value)):
            raise self.make_error("invalid", input="")
        return super()._deserialize(value, attr, data, **kwargs)


class Paged(Schema):
    """The size of a page and the cursor at which it starts."""

    limit = Count(1, 200, metadata={"description": "The maximum number of items (default 50)."})
    cursor = Text(4000, metadata={"description": "The value of `next` from the previous page."})


def bare_name(schema: type[ma.Schema]) -> str:
    """Return the name of a schema without the suffix that marks it as input or output."""
    return re.sub("(?:TransitionsOut|TransitionIn|StepIn|In|Patch|Filter|Query|Out|Brief)$", "", schema.__name__).lstrip("_")
