"""The README and the pages in docs: links and anchors resolve, files and commands that they name exist, examples marked as run do run."""

import configparser
import json
import re
import shlex
from pathlib import Path

import click
import pytest
import tour

from coopapi.config import OTHERS, SETTINGS
from coopapi.deadlines import rules
from coopapi.http import problems
from coopapi.http.middleware import REQUESTS, SECONDS
from coopapi.instruments import service as instruments
from coopapi.mla import forms, wording
from coopapi.ops.cli import commands
from coopapi.store.alarms import ALARMS
from coopapi.store.lag import LAG
from coopapi.store.putting_off import KINDS, PUT_OFF

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": ROOT / "README.md"} | {f"docs/{page.name}": page for page in sorted((ROOT / "docs").glob("*.md"))}
LISTS = "docs/contributing.md"
"""Names files that do not exist yet: tests/test_contributing.py makes them."""
RUN_BY = {
    "tour": "tests/test_demo.py",
    "integrating": "tests/test_demo.py",
    "webhooks": "tests/test_demo.py",
    "python": "tests/clients/test_python.py",
    "python_webhook": "tests/clients/test_python.py",
    "typescript": "tests/clients/test_typescript.py",
    "superuser": "tests/test_backup.py",
    "shell": "tests/test_backup.py",
    "restored": "tests/test_backup.py",
}
DOCUMENT = ROOT / "openapi" / "openapi.json"
SERVED = [
    "/docs",
    "/openapi.json",
    "/problems",
    "/problems/{problem}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api",
    "/dev/shm",
    "/tmp",
    "/coopapi",
    "/etc/coopapi/env",
]
FILE = re.compile(r"(?<![\w./-])(?:coopapi|migrations|tests|bench|docs|openapi|\.ci)/[\w./-]*\w")
CODES = re.compile(r"\b(?:R\d{1,2}|D\d{1,2}|M\d{1,2}|TH\d{1,2}|S\d{1,2}|DOMAIN \d|DESIGN \d)\b")
VARIABLE = re.compile(r"\bCOOPAPI_[A-Z_]+\b")
KUBERNETES = {"COOPAPI_PORT", "COOPAPI_SERVICE_HOST"}


def spans(text):
    """What stands as code: the content of fences, and of backticks outside of them."""
    fences = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [line for fence in fences for line in fence.replace("\\\n", " ").splitlines()] + re.findall(r"`([^`]+)`", prose)


def anchors(text):
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page, text):
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            yield target


def missing_files(text):
    for span in spans(text):
        for name in FILE.findall(span):
            if not (ROOT / name).exists():
                yield name


def wrong_commands(text):
    for span in spans(re.sub(r"^```sql.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)):
        for call in re.findall(r"(?:^|[\s/(])coopapi ([a-z-][^|>;)#&]*)", span):
            if fault := fault_in(shlex.split(call.strip().strip("`"), comments=True)):
                yield f"coopapi {call}: {fault}"


def unknown_addresses(text):
    """Addresses over HTTP in backticks that no operation has, whole or as the end of one (`/transitions`)."""
    paths = [*json.loads(DOCUMENT.read_text())["paths"], *SERVED]
    served = {re.compile(ending) for path in paths for ending in _endings(path)}
    for address in re.findall(r"`(?:(?:GET|POST|PATCH|PUT) )?(?:\.\.\.)?(/[a-z][^`\s?]*)[^`]*`", text):
        if not any(path.fullmatch(address) for path in served):
            yield address


def _endings(path):
    """A path and its ends as patterns, in which a place such as `{case_id}` takes any word."""
    parts = [re.sub(r"\{\w+\}", "[^/]+", part) for part in path.strip("/").split("/")]
    return ["/" + "/".join(parts[n:]) for n in range(len(parts)) if parts[n] != "[^/]+"]


def fault_in(words):
    """What the command line would say to such a call: an unknown command or option, or nothing."""
    command = commands
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, *words = words
        command = command.get_command(click.Context(command), name)
        if command is None:
            return f"no command {name}"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help",
        "--version",
    }
    return next((f"no option {word}" for word in words if word.startswith("--") and word.partition("=")[0] not in known), None)


@pytest.mark.parametrize("page", [*PAGES.values(), ROOT / "openapi" / "CHANGES.md"], ids=lambda page: page.name)
def test_every_link_and_anchor_resolves(page):
    assert list(broken_links(page, page.read_text())) == []


@pytest.mark.parametrize("name", sorted(PAGES.keys() - {LISTS}))
def test_every_file_that_a_page_names_exists(name):
    assert list(missing_files(PAGES[name].read_text())) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_command_that_a_page_names_exists_with_its_options(name):
    assert list(wrong_commands(PAGES[name].read_text())) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_address_that_a_page_names_is_served(name):
    assert list(unknown_addresses(PAGES[name].read_text())) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_setting_that_a_page_names_exists(name):
    known = {setting.variable for setting in SETTINGS} | OTHERS | KUBERNETES
    assert set(VARIABLE.findall(PAGES[name].read_text())) - known == set()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_uses_a_code_that_is_defined_nowhere(name):
    assert CODES.findall(PAGES[name].read_text()) == []


@pytest.mark.parametrize("name", PAGES)
def test_an_example_that_is_marked_as_run_is_run_by_a_test(name):
    text = PAGES[name].read_text()
    marks = re.findall(r"^<!-- run: (\w+) -->$", text, re.MULTILINE)
    assert marks.count("tour") == (len(tour.MARKED.findall(text)) if PAGES[name] in tour.PAGES else 0)
    assert set(marks) <= RUN_BY.keys()
    assert all("backup" in name for mark in marks if RUN_BY[mark] == "tests/test_backup.py")


def test_the_pages_are_all_reached_from_the_readme():
    linked = set(re.findall(r"\]\((docs/\w+\.md)", PAGES["README.md"].read_text()))
    assert linked == PAGES.keys() - {"README.md"}


def test_every_problem_that_a_page_names_is_explained():
    told = {name for text in map(Path.read_text, PAGES.values()) for name in re.findall(r"\b4\d\d `([a-z-]+)`", text)}
    assert told - problems.catalogue().keys() == set()


def test_the_page_on_operations_has_every_metric_with_its_labels():
    rows = re.findall(r"^\| `(coopapi_\w+)` \| (.*?) \|", PAGES["docs/operations.md"].read_text(), re.MULTILINE)
    told = {name.removesuffix("_total"): tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert told == {metric._name: metric._labelnames for metric in (REQUESTS, SECONDS, ALARMS, LAG, PUT_OFF)} | {
        "coopapi_matching_differences": ("of",)
    }


def test_the_page_on_operations_has_every_kind_of_alarm():
    alarms = PAGES["docs/operations.md"].read_text().split("\n## Alarms\n")[1].split("\n## ")[0]
    rules = "".join(file.read_text() for file in (ROOT / "migrations" / "rules").glob("*.sql"))
    assert set(re.findall(r"^\| `(\w+)` \|", alarms, re.MULTILINE)) == set(
        re.findall(r"priv\.alarm(?:ed)?\([^,()]+,\s*'(\w+)'", rules)
    ) | {"worker_late", "work_put_off"}


def test_the_page_on_operations_has_every_kind_of_work_that_is_put_off():
    kinds = PAGES["docs/operations.md"].read_text().split("\n### Work that is put off\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", kinds, re.MULTILINE)) == set(KINDS)


def test_every_measurement_that_a_page_names_exists():
    told = {name for page in PAGES.values() for name in re.findall(r"python -m bench[ .](\w+)", page.read_text())} - {"NAME"}
    section = PAGES[LISTS].read_text().split("\n## Measurements\n")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    runs = {file.stem for file in (ROOT / "bench").glob("*.py") if '__name__ == "__main__"' in file.read_text()}
    assert (listed, told - listed) == (runs, set())


def test_the_page_on_requests_counts_what_says_verify():
    told = dict(
        re.findall(
            r"^\| (instruments|deadlines|forms) \| .*: (\d+ of \d+) \|$", PAGES["docs/requests.md"].read_text(), re.MULTILINE
        )
    )
    marks = {
        "instruments": [one.verify for one in instruments.load()],
        "deadlines": [one.verify for one in rules.load().values()],
        "forms": [bool(wording.read(form).get("verify")) for form in forms.all_forms()],
    }
    assert told == {name: f"{sum(said)} of {len(said)}" for name, said in marks.items()}


def test_the_page_on_requests_names_everything_that_says_verify_or_was_compared_in_part():
    page = PAGES["docs/requests.md"].read_text().split("\n## What was not checked\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| (whole|in part) \| (.*) \|$", page, re.MULTILINE)
    found = {("instrument", one.code): (one.verify, one.unchecked) for one in instruments.load()}
    for one in rules.load().values():
        found["deadline", one.code] = one.verify, one.article if one.verify else "; ".join(one.unchecked_under.values())
    for form in forms.all_forms():
        found["form", form] = _of_form(wording.read(form))
    assert {(kind, code): (part, namely) for kind, code, part, namely in rows} == {
        name: ("whole" if whole else "in part", part) for name, (whole, part) in found.items() if whole or part
    }
    assert all(one.unchecked for one in instruments.load() if one.verify)


def _of_form(form):
    """Whether nobody compared a form, and what of it was not compared: all of it, what its English note says, or the translations."""
    part = form.get("unchecked", {})
    if form.get("verify"):
        return True, form["subtitle"]["en"]
    if "en" in part or not part:
        return False, part.get("en", "")
    assert set(part) == {"fr", "es", "pt"}
    return False, "the French, Spanish and Portuguese wording; order, headings and boxes follow the English version"


def test_the_readme_is_short():
    assert len(PAGES["README.md"].read_text().splitlines()) <= 110


def test_the_unit_file_and_the_container_start_a_command_that_exists():
    operations = PAGES["docs/operations.md"].read_text()
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(re.search(r"```ini\n(.*?)```", operations, re.DOTALL)[1])
    _, *words = unit["Service"]["ExecStart"].split()
    assert (unit["Service"]["ExecStart"].split()[0].rsplit("/", 1)[1], fault_in(words)) == ("coopapi", None)
    recipe = re.search(r"```dockerfile\n(.*?)```", operations, re.DOTALL)[1]
    copied = [word for line in recipe.splitlines() if line.startswith("COPY") for word in line.split()[1:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert re.search(r'ENTRYPOINT \["coopapi"\]\nCMD \["serve"\]', recipe)


@pytest.mark.parametrize(
    ("check", "planted"),
    [
        (lambda text: list(broken_links(ROOT / "README.md", text)), "[a](docs/tour.md#nowhere)"),
        (lambda text: list(broken_links(ROOT / "README.md", text)), "[a](docs/nowhere.md)"),
        (lambda text: list(missing_files(text)), "`coopapi/edge.py`"),
        (lambda text: list(wrong_commands(text)), "`coopapi migrat`"),
        (lambda text: list(wrong_commands(text)), "```sh\nX=$(.venv/bin/coopapi authority add N --kind court)\n```"),
        (lambda text: list(unknown_addresses(text)), "`GET /cases/{id}/overlap`"),
        (CODES.findall, "as R8 asks"),
    ],
)
def test_a_planted_fault_is_found(check, planted):
    assert check(planted)
