"""A field that takes the codes of one codelist."""

from typing import Any

from marshmallow import ValidationError, fields

from coopapi.directory import codelists


class Code(fields.String):
    """One code of a codelist; aliases become the code they stand for (EL is GR)."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        self.codelist = codelists.load(name)
        described = {"enum": sorted(self.codelist.codes), "x-codelist": f"/api/v1/codelists/{name}"}
        super().__init__(metadata={**described, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return self.codelist.canonical(text or "")
        except KeyError:
            raise ValidationError(f"Not a code of the codelist {self.codelist.name}.") from None
