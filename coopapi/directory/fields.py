"""A field for the codes of one codelist."""

from typing import Any

from marshmallow import fields

from coopapi.directory import codelists
from coopapi.http.fields import ENUM, refusal
from coopapi.http.quick_load import Quick


def _component(name: str, group: str | None) -> str:
    """Name one code of a codelist, for its component in the API document: `Country` for `countries`."""
    plural = {"ies": "y", "bases": "basis", "is": "is", "us": "us", "s": ""}
    ending = next((end for end in plural if name.endswith(end)), "")
    single = name.removesuffix(ending) + plural.get(ending, "")
    return f"{group or ''}_{single}".title().replace("_", "")


class Code(fields.String):
    """A code of a codelist, or of one group of its codes. Aliases are replaced by their code (EL by GR)."""

    def __init__(self, name: str, *, group: str | None = None, **kwargs: Any) -> None:
        self.codelist = codelists.load(name)
        self.among = {item.code for item in self.codelist.items if group in (None, item.group)}
        described = {"enum": sorted(self.among), ENUM: _component(name, group), "x-codelist": f"/api/v1/codelists/{name}"}
        super().__init__(metadata={**described, **kwargs.pop("metadata", {})}, **kwargs)

    def quick(self) -> Quick | None:
        """Return what reads a code or an alias, unless there are other checks."""
        found = {name: code for name, code in self.codelist.index.items() if code in self.among}
        return None if self.validators else lambda value: found.get(value) if type(value) is str else None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        code = self.codelist.index.get(text or "")
        if code not in self.among:
            raise refusal("codelist", f"The value is not a code of the codelist {self.codelist.name} that is allowed here.")
        return code
