"""The lists of files in docs/contributing.md: each is carried out in a copy of the repository, and the checks of the house run there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from recipes import RECIPES, ROOT, Copy

PAGE = (ROOT / "docs" / "contributing.md").read_text()
CHECKS = [
    "tests/test_house_rules.py",
    "tests/test_openapi.py::test_the_committed_specification_is_the_one_that_is_served",
    "tests/test_openapi.py::test_every_text_and_every_list_that_comes_in_is_bounded",
    "tests/test_migrations.py::test_a_landed_revision_never_changes",
    "tests/test_migrations.py::test_models_and_schema_agree",
    "tests/test_policies.py::test_every_policy_has_its_mutant",
    "tests/test_access_matrix.py::test_the_table_names_every_endpoint_and_no_other",
    "tests/directory/test_codelists.py::test_the_kinds_have_one_list_each_way",
    "tests/test_secrecy.py::test_every_kind_is_planted",
    "tests/test_lifecycles.py::test_the_drawings_in_the_documents_are_the_tables",
    "tests/test_event_catalogue.py::test_the_catalogue_has_every_event_that_is_written_and_no_other",
    "tests/test_event_catalogue.py::test_the_page_on_events_has_the_catalogue",
    "tests/overlaps/test_kinds.py::test_a_value_is_read_by_its_standard",
]
OWN = [
    "tests/test_cases.py::test_a_case_has_its_number_at_the_court",
    "tests/meetings/test_walk.py::test_a_meeting_that_is_adjourned_has_no_time_any_more",
    "tests/labels/test_labels.py",
]
BREACHES = {
    "tests/test_migrations.py::test_a_landed_revision_never_changes": "migrations/landed.txt",
    "tests/directory/test_codelists.py::test_the_kinds_have_one_list_each_way": "coopapi/directory/data/kind_by_category.json",
    "tests/test_secrecy.py::test_every_kind_is_planted": "tests/test_secrecy.py",
    "tests/test_lifecycles.py::test_the_drawings_in_the_documents_are_the_tables[meetings]": "docs/meetings.md",
    "tests/test_event_catalogue.py::test_the_page_on_events_has_the_catalogue": "docs/events.md",
}
"""Checks that need no database, each with the file of some list that it misses if that is left as it was."""


def listed(title):
    """The files in the table of a section."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]*[./][^`]*)` \|", section, re.MULTILINE))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy in which every list was carried out; what each changed is in `lists`."""
    made = Copy(tmp_path_factory.mktemp("copy"))
    made.lists = {}
    for title, recipe in RECIPES.items():
        made.changed = set()
        recipe(made)
        made.lists[title] = made.changed | {"openapi/openapi.json"}
    made.specification()
    return made


def run(copy, *command):
    environment = {**os.environ, "PYTHONPATH": str(copy.root), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=copy.root, env=environment, capture_output=True, text=True, check=False)


def check(copy, *tests):
    return run(copy, sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", *tests)


@pytest.mark.parametrize("title", RECIPES)
def test_a_list_names_the_files_that_the_change_touches_and_no_other(copy, title):
    assert listed(title) == copy.lists[title]


def test_the_page_lists_files_for_these_changes_and_no_other():
    assert {title for title in re.findall(r"^## (.*)$", PAGE, re.MULTILINE) if listed(title)} == set(RECIPES)


def test_every_change_shows_in_the_specification(copy):
    document = copy.read("openapi/openapi.json")
    assert [word for word in ('"docket_number"', '"wire"', '"adjourn"', '"/api/v1/labels"') if word not in document] == []


def test_the_checks_of_the_house_pass_when_every_listed_file_was_changed(copy):
    done = check(copy, *CHECKS, *OWN)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    for command in (["lint-imports", "--no-cache"], ["ruff", "check", "--no-cache", "coopapi", "migrations"]):
        done = run(copy, Path(sys.executable).with_name(command[0]), *command[1:])
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_the_checks_fail_when_a_listed_file_was_left_as_it_was(copy):
    after = {path: copy.read(path) for path in BREACHES.values()}
    for path in after:
        copy._write(path, (ROOT / path).read_text())
    done = check(copy, *BREACHES)
    for path, content in after.items():
        copy._write(path, content)
    assert {name for name in BREACHES if f"FAILED {name}" in done.stdout} == set(BREACHES), done.stdout[-2000:]
