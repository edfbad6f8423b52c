"""What the assessment of a request finds: a point is missing, advised, or will be refused."""

from dataclasses import dataclass

from coopapi.errors import broken


@dataclass(frozen=True, slots=True)
class Point:
    """Something that is missing, advised, or will be refused. `verify` says that the rule was not checked in the official text."""

    rule: str
    pointer: str
    detail: str
    article: str = ""
    verify: bool = False

    @property
    def fault(self) -> dict[str, str]:
        """Return the point as an entry of a problem document."""
        source = f"{self.article}, verify" if self.verify else self.article
        detail = f"{self.detail.removesuffix('.')} ({source})." if source else self.detail
        return broken(self.pointer, self.rule, detail)
