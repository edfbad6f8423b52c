"""The schemas and fields that all features use. Input schemas reject unknown fields, and all lengths and numbers are limited."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

import marshmallow as ma
from marshmallow import EXCLUDE, RAISE, fields, validate

from coopapi.errors import Refusal
from coopapi.http.proxies import here
from coopapi.unicode_text import MOST_MARKS, blank, controlled, stacked

_CONTENT: Final = re.compile(r"data:[\w.+-]{1,40}/[\w.+-]{1,60}[;,]", re.ASCII | re.IGNORECASE)
"""Matches a data URL. Files are never accepted as content, only text."""
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


_SHA256: Final = Like(r"\A[0-9a-f]{64}\Z", "Not a SHA-256 digest: 64 hexadecimal digits.")


class Schema(ma.Schema):
    """Base class for input. Unknown fields are errors."""

    class Meta:
        """Rejects unknown fields."""

        unknown = RAISE


class Shown(ma.Schema):
    """Base class for output. Clients must accept fields that are added later."""

    class Meta:
        """Ignores unknown fields."""

        unknown = EXCLUDE


class Text(fields.String):
    """Text of limited length. Surrounding spaces are removed, and it must contain something visible."""

    def __init__(self, most: int = 200, *, least: int = 1, **kwargs: Any) -> None:
        extra = kwargs.pop("validate", [])
        super().__init__(validate=[validate.Length(least, most), *extra], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if _CONTENT.search(text):
            raise refusal("words_only", "Only words: no file, image or video is taken.")
        if stacked(text):
            raise refusal("stacked", f"More than {MOST_MARKS} marks stand on one letter.")
        if text.strip() and blank(text):
            raise refusal("blank", "Nothing of it can be seen.")
        return text.strip()


class Line(Text):
    """Text on one line, such as a title or a reference, without control characters or characters that change the text direction."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if controlled(text):
            raise refusal("control_character", "It holds a line break or another control character.")
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
        super().__init__(60, metadata={"description": "Of the IANA database, named by its place, such as Europe/Paris."}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        zone = super()._deserialize(value, attr, data, **kwargs)
        if zone not in _zones():
            raise refusal("time_zone", "Not a time zone of the IANA database, such as Europe/Amsterdam.")
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
    """One code of a closed list."""

    def __init__(self, codes: Any, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(sorted(str(code) for code in codes)), **kwargs)


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
        raise refusal("distinct", "The same entry stands here twice.")


class When(fields.AwareDateTime):
    """A date and time with offset (RFC 3339), between 1900 and 2200."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=None, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input="", obj_type=self.OBJ_TYPE)
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        offset = moment.utcoffset() or timedelta()
        if offset.total_seconds() % 60 or abs(offset) > timedelta(hours=14) or not 1900 < moment.year < 2200:  # noqa: PLR2004
            raise refusal("moment", "Not a moment between 1900 and 2200 with an offset in whole minutes.")
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

    limit = Count(1, 200, metadata={"description": "How many items at most (50 if not said)."})
    cursor = Text(4000, metadata={"description": "`next` of the page before."})


@cache
def page_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of one page of a list with items of this schema."""
    name = f"{schema.__name__}Page"
    return Shown.from_dict(
        {
            "items": fields.List(fields.Nested(schema), required=True),
            "next": fields.String(allow_none=True, required=True, metadata={"description": "Cursor to the next page, or null."}),
            "total": fields.Integer(metadata={"description": "How many there are in all, where `totals` was asked for."}),
        },
        name=name,
    )


@cache
def list_of(schema: type[ma.Schema], member: str) -> type[ma.Schema]:
    """Return the schema of an object with one member, which is a list with items of this schema."""
    return Shown.from_dict({member: fields.List(fields.Nested(schema), required=True)}, name=f"{schema.__name__}List")
