"""The changes that docs/contributing.md lists files for, carried out in a copy of the repository."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = (
    "coopapi",
    "migrations",
    "tests",
    "openapi",
    "docs",
    "bench",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "requirements.lock",
)
REVISION = '''"""{title}"""

from alembic import op

from coopapi.migrate import run_tables

revision = "{number}"
down_revision = "{before}"


def upgrade() -> None:
    """{title}"""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Undo it."""
    op.execute("{undo}")
'''


class Copy:
    """A copy of the repository, and the files that the present recipe has changed."""

    def __init__(self, root):
        self.root, self.changed = root, set()
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("static"))
            else:
                shutil.copy(source, root / part)
        (root / "coopapi" / "static").symlink_to(ROOT / "coopapi" / "static")

    def read(self, path):
        return (self.root / path).read_text()

    def new(self, path, text):
        file = self.root / path
        assert not file.exists(), f"{path} is there already"
        file.parent.mkdir(parents=True, exist_ok=True)
        self._write(path, text)

    def edit(self, path, anchor, text):
        """Write a text behind an anchor that stands in the file once."""
        content = self.read(path)
        assert content.count(anchor) == 1, (path, anchor, content.count(anchor))
        self._write(path, content.replace(anchor, anchor + text))

    def append(self, path, text):
        self._write(path, self.read(path) + text)

    def entry(self, path, after, code, english, **more):
        """Add an entry to a codelist, behind another one."""
        content = json.loads(self.read(path))
        labels = dict.fromkeys(("en", "fr", "es", "pt"), english)
        behind = next(n for n, item in enumerate(content["items"]) if item["code"] == after)
        content["items"].insert(behind + 1, {"code": code, "labels": labels, **more})
        self._write(path, json.dumps(content, indent=1, ensure_ascii=False))

    def revision(self, name, title, tables, sql, undo):
        """Add a revision with one SQL file, and land it; return nothing."""
        before = max(file.name[:4] for file in (self.root / "migrations" / "versions").glob("*.py"))
        number = f"{int(before) + 1:04}"
        self.new(f"migrations/versions/{number}_{name}.py", REVISION.format(number=number, before=before, title=title, undo=undo))
        self.new(f"migrations/tables/{number}/{tables}.sql", sql)
        folder = self.root / "migrations"
        files = sorted([*folder.glob("versions/*.py"), *folder.glob("tables/*/*.sql")])
        lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()} {file.relative_to(folder)}\n" for file in files]
        self._write("migrations/landed.txt", "".join(lines))

    def specification(self):
        """Write the API document anew."""
        command = [sys.executable, "-c", "from coopapi.ops.cli import main; main()", "openapi"]
        told = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True)
        self._write("openapi/openapi.json", told.stdout)

    def note(self, line):
        self.edit("openapi/CHANGES.md", "Newest first.\n", f"\n- {line}")

    def _write(self, path, text):
        (self.root / path).write_text(text)
        self.changed.add(re.sub(r"/\d{4}([_/])", r"/NNNN\1", path) if path.startswith(("migrations/v", "migrations/t")) else path)


def column(copy):
    copy.revision(
        "docket_numbers",
        "The number of a case at the court.",
        "40_cases",
        "alter table cases add column docket_number text;\n",
        "alter table cases drop column docket_number",
    )
    copy.edit(
        "coopapi/cases/models.py", "    ecodex_id: Mapped[str | None] = mapped_column()\n",
        "    docket_number: Mapped[str | None] = mapped_column()\n",
    )  # fmt: skip
    copy.edit(
        "coopapi/cases/schemas.py",
        "    ecodex_id = Line(200, allow_none=True)\n",
        "    docket_number = Line(100, allow_none=True)\n",
    )
    copy.edit(
        "coopapi/cases/schemas.py",
        "    ecodex_id = fields.String(allow_none=True)\n",
        "    docket_number = fields.String(allow_none=True)\n",
    )
    copy.append(
        "tests/test_cases.py",
        """

def test_a_case_has_its_number_at_the_court(world):
    made = world.as_("investigator").post("/cases", {"reference": "NL-7", "title": "T", "docket_number": "C-26/117"})
    assert (made.status_code, made.json["docket_number"]) == (201, "C-26/117")
""",
    )
    copy.note("New: `docket_number` of cases.\n")


def kind(copy):
    copy.append(
        "coopapi/identifiers/formats/accounts.py",
        '''

def read_wire(value: str, context: Context) -> Reading:
    """Parse a Wire account: a username on that platform."""
    return on("wire")(value, context)
''',
    )
    copy.edit(
        "coopapi/identifiers/kinds.py",
        '        IdentifierKind("threema", messengers.read_threema, "HERON042"),\n',
        '        IdentifierKind("wire", accounts.read_wire, "@night.heron"),\n',
    )
    copy.entry("coopapi/directory/data/identifier_kinds.json", "threema", "wire", "Wire account", article="Wire")
    everybody = [item["code"] for item in json.loads(copy.read("coopapi/directory/data/subject_categories.json"))["items"]]
    article = {"article": "Regulation (EU) 2018/1727 Annex II part 2", "allowed": everybody}
    copy.entry("coopapi/directory/data/kind_by_category.json", "threema", "wire", "Wire account", **article)
    copy.edit(
        "tests/overlaps/test_kinds.py",
        "telegram | 123456789 | | 123456789 |\n",
        "wire | @Night.Heron | | night.heron@wire |\n",
    )
    copy.edit("tests/test_secrecy.py", '    "kik": ("canary.bird.kik", {}),\n', '    "wire": ("canary.bird.wire", {}),\n')
    copy.edit(
        "docs/identifiers.md",
        "| usernames on Threema | `HERON042` |\n",
        "| `wire` | Wire | a username on the platform | username on that platform | `@night.heron` |\n",
    )
    copy.note("New: identifiers of kind `wire`.\n")


def step(copy):
    copy.edit(
        "coopapi/meetings/lifecycles.py",
        '    _hosts("reschedule", "scheduled", "scheduled", reason=True),\n',
        '    _hosts("adjourn", "scheduled", "proposed", reason=True),\n',
    )
    copy.edit(
        "coopapi/meetings/transitions.py",
        "    step.thing.sequence += 1\n",
        '''

def _adjourn(step: Step[Meeting]) -> None:
    """Take the time back; the meeting waits for another one."""
    step.thing.starts_at = step.thing.ends_at = None
    step.thing.sequence += 1
''',
    )
    copy.edit("coopapi/meetings/transitions.py", '"reschedule": _schedule, ', '"adjourn": _adjourn,\n        ')
    said = "The date of a meeting was changed."
    copy.edit("coopapi/journal/catalogue.py", f'    "reschedule": "{said}",\n', '    "adjourn": "A meeting was adjourned.",\n')
    copy.edit("docs/events.md", f"| `meeting.reschedule` | {said} |\n", "| `meeting.adjourn` | A meeting was adjourned. |\n")
    copy.edit("docs/meetings.md", "    scheduled --> scheduled: reschedule\n", "    scheduled --> proposed: adjourn\n")
    copy.append(
        "tests/meetings/test_walk.py",
        """

def test_a_meeting_that_is_adjourned_has_no_time_any_more(world):
    adjourned = step(world, "desk", scheduled(world), "adjourn", reason="the witness is ill")
    assert (adjourned.status_code, adjourned.json["state"], adjourned.json["starts_at"]) == (200, "proposed", None)
""",
    )
    copy.note("New: the step `adjourn` of a meeting.\n")


MODEL = '''"""Labels: words that an authority keeps for its own use."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Actor
from coopapi.store.rows import Versioned


class Label(Versioned):
    """A word of one authority."""

    __kind__ = "label"
    __tablename__ = "labels"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    word: Mapped[str] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by its authority."""
        del now
        return cls.authority_id == actor.authority_id
'''
SCHEMAS = '''"""Labels on the wire."""

from marshmallow import fields

from coopapi.http.fields import Line, Schema, Shown


class LabelIn(Schema):
    """A label to keep."""

    word = Line(100, required=True)


class LabelOut(Shown):
    """A label."""

    id = fields.UUID(required=True)
    word = fields.String(required=True)
    etag = fields.String(required=True)
'''
ROUTES = '''"""Labels over HTTP."""

from typing import Any

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.labels.models import Label
from coopapi.labels.schemas import LabelIn, LabelOut
from coopapi.store.db import UnitOfWork

blp = Blueprint("labels", __name__, url_prefix="/api/v1/labels", description="Words that an authority keeps")


def _keep(work: UnitOfWork, data: dict[str, Any]) -> Label:
    label = work.add(Label(authority_id=work.actor.authority_id, **data))
    work.note("label.made", label)
    return label


_LABELS = Collection(blp, "", LabelOut, Action.LABEL_READ, Action.LABEL_WRITE)
_LABELS.list("list_labels", lambda work: work.all(Label), "List the labels of your authority.")
_LABELS.add("add_label", _keep, "Keep a label.", body=LabelIn)
'''
RULES = """-- Labels are for their authority alone.
grant select, insert on labels to APP_ROLE;
create policy seen on labels for select using (authority_id = (select priv.authority()));
create policy made on labels for insert with check (authority_id = (select priv.authority()));
"""
TABLE = """create table labels (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    word text not null
);
"""
FEATURE_TEST = '''"""Labels over HTTP."""


def test_a_label_is_for_its_authority_alone(world):
    made = world.as_("investigator").post("/labels", {"word": "urgent"})
    assert made.status_code == 201, made.json
    assert [item["word"] for item in world.as_("prosecutor").get("/labels").json["items"]] == ["urgent"]
    assert world.as_("foreign").get("/labels").json["items"] == []
'''


def feature(copy):
    copy.new("coopapi/labels/__init__.py", '"""Labels: words that an authority keeps for its own use."""\n')
    for name, text in (("models", MODEL), ("schemas", SCHEMAS), ("routes", ROUTES)):
        copy.new(f"coopapi/labels/{name}.py", text)
    copy.edit(
        "coopapi/access.py",
        '    JOURNAL_READ = "journal:read"\n',
        '    LABEL_READ = "label:read"\n    LABEL_WRITE = "label:write"\n',
    )
    copy.edit(
        "coopapi/access.py", "_INVESTIGATING: Final = _COORDINATING | {\n", "    Action.LABEL_READ,\n    Action.LABEL_WRITE,\n"
    )
    imported = "from coopapi.jurisdiction.routes import blp as jurisdiction\n"
    copy.edit("coopapi/features.py", imported, "from coopapi.labels.routes import blp as labels\n")
    copy.edit(
        "coopapi/features.py",
        "FEATURES: Final = (\n",
        '    Feature("Labels", "Words that an authority keeps for itself", (labels,)),\n',
    )
    copy.edit("pyproject.toml", '"(notices) | (providers) | ', "(labels) | ")
    copy.edit("pyproject.toml", '  "coopapi.jurisdiction",\n', '  "coopapi.labels",\n')
    copy.revision("labels", "Labels of authorities.", "75_labels", TABLE, "drop table labels")
    copy.new("migrations/rules/75_labels.sql", RULES)
    allowed = "        ".join(str(status) for status in (401, 200, 200, 403, 403, 403, 403, 200, 403, 403, 200, 403))
    lines = f"GET   /api/v1/labels   {allowed}\nPOST  /api/v1/labels   {allowed.replace('200', '201')}\n"
    copy.append("tests/access_matrix.txt", lines)
    copy.edit("tests/test_access_matrix.py", "BODIES = {\n", '    "POST /api/v1/labels": {"word": "urgent"},\n')
    seen, made = "select count(*) from labels", f"insert into labels values ({{NEW}}, 1, '{'{{nl}}'}', 'x')"
    copy.edit(
        "tests/test_policies.py", "\nPROBES = {\n", f'    ("labels", "seen"): "{seen}",\n    ("labels", "made"): f"{made}",\n'
    )
    copy.new("tests/labels/test_labels.py", FEATURE_TEST)
    story = json.loads(copy.read("coopapi/ops/operation_heron.json"))
    story["steps"].append({"by": "wren", "post": "/labels", "body": {"word": "urgent"}})
    copy._write("coopapi/ops/operation_heron.json", json.dumps(story, indent=2, ensure_ascii=False))
    copy.note("New: `/labels`.\n")


RECIPES = {"A new column": column, "A new kind of identifier": kind, "A new step of a lifecycle": step, "A new feature": feature}
