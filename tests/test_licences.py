"""The licence of the project is the unchanged text, and docs/licences.md names those of the packages it uses."""

import hashlib
import re
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from bench import licences

ROOT = Path(__file__).parents[1]
UNKNOWN = "not named"


def test_the_licence_is_the_text_that_contributing_names_by_its_digest():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (project["license"], project["license-files"]) == ("EUPL-1.2", ["LICENSE"])
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() in (ROOT / "docs" / "contributing.md").read_text()


def test_the_page_names_the_licence_of_every_package():
    """What is needed on other systems or by other versions of Python may stand there too, if the lock names it."""
    rows = (ROOT / "docs" / "licences.md").read_text().split("|---|---|\n")[1]
    listed = dict(re.findall(r"^\| (\S+) \| (.+) \|$", rows, re.MULTILINE))
    needed = licences.licences()
    assert {name: listed.get(name) for name in needed} == needed
    assert UNKNOWN not in listed.values()
    locked = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert listed.keys() - locked == set()
    assert all(listed[name] == licence for name, licence in installed(listed))


def installed(names):
    for name in names:
        try:
            yield name, licences.licence(name)
        except PackageNotFoundError:
            continue
