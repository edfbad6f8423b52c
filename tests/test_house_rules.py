"""Laws of the house that no linter says; each with a bad example that it must catch."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from instances import named

import coopapi.app  # noqa: F401 (so that every model is known)
from coopapi.access import GRANTS, Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, serve
from coopapi.http.fields import Digest, Schema, Shown, Zone
from coopapi.shared.lifecycle import Lifecycle
from coopapi.store.rows import Row, Versioned

ROOT = Path(__file__).parents[1]
TREES = {path: ast.parse(path.read_text()) for path in sorted((ROOT / "coopapi").rglob("*.py"))}
VALIDATORS = {"Regexp", "Length", "Range", "OneOf", "Equal"}
UNOWNED = {"UsedAssertion"}


def calls(tree, names):
    return [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute | ast.Name) and _name(n.func) in names
    ]


def _name(func):
    return func.attr if isinstance(func, ast.Attribute) else func.id


def commits(path, tree):
    return [c.lineno for c in calls(tree, {"commit"})] if path.name not in {"db.py", "transaction.py"} else []


def aborts(_path, tree):
    return [c.lineno for c in calls(tree, {"abort"}) if not ast.unparse(c.func).endswith("transport.abort")]


def prints(_path, tree):
    return [c.lineno for c in calls(tree, {"print"})]


def naive_now(path, tree):
    found = [
        c for c in calls(tree, {"now", "utcnow"}) if (isinstance(c.func, ast.Attribute) and _name(c.func) == "utcnow") or not c.args
    ]
    return [c.lineno for c in found if isinstance(c.func, ast.Attribute) and ast.unparse(c.func.value) == "datetime"]


IN_FORCE_TODAY = {
    "contacts/service.py", "instruments/routes.py", "jits/agreement.py", "mla/plans.py", "mla/presentation.py", "mla/readiness.py",
    "notices/service.py", "providers/service.py",
}  # fmt: skip
"""Files that ask what is in force on the day in UTC. They compare no day that the caller states with it."""


def days_in_utc(path, tree):
    """A day that somebody states is compared with `days.latest_day`: in UTC it may still be yesterday where the caller is."""
    if "/".join(path.parts[-2:]) in IN_FORCE_TODAY:
        return []
    return [c.lineno for c in calls(tree, {"date"}) if ast.unparse(c.func).endswith("now.date")]


def session_settings(_path, tree):
    return [
        n.lineno
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and re.search(r"set_config\([^)]*false\)", n.value)
    ]


def deferred_imports(_path, tree):
    inside = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)]
    return [n.lineno for f in inside for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)]


def long_functions(_path, tree):
    return [f.lineno for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.end_lineno - f.lineno + 1 > 40]


def long_files(_path, tree):
    return [300] if max((getattr(n, "end_lineno", 0) or 0 for n in ast.walk(tree)), default=0) > 300 else []


def nameless_refusals(path, tree):
    """A schema refuses by `fields.refusal`, which names the rule."""
    bare = [c.lineno for c in calls(tree, {"ValidationError"})] if path.name != "fields.py" else []
    bare += [c.lineno for c in calls(tree, VALIDATORS) if any(k.arg == "error" for k in c.keywords)]
    return bare


def hand_made_faults(path, tree):
    """A fault of a field is made by `errors.broken` or `errors.fault`, so that every one has the same members."""
    if path.name == "errors.py":
        return []
    return [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Dict) and "pointer" in (keys := _keys(n)) and None not in keys]


def hand_made_steps(path, tree):
    """Both routes of a workflow are registered by `Blueprint.workflow`, so that the list and the step have the same guards."""
    if path.name == "api.py":
        return []
    return [c.lineno for c in calls(tree, {"route"}) if c.args and ast.unparse(c.args[0]).endswith("/transitions'")]


def _keys(node):
    return {key and getattr(key, "value", None) for key in node.keys}


LAWS = {
    commits: "session.commit()",
    aborts: "abort(404)",
    prints: "print(1)",
    naive_now: "datetime.now()",
    days_in_utc: "today = work.now.date()",
    session_settings: "x = \"select set_config('a', 'b', false)\"",
    deferred_imports: "def f():\n    import os",
    nameless_refusals: 'raise ValidationError("wrong")',
    hand_made_faults: 'raise Unprocessable(errors=[{"in": "body", "pointer": "/a", "rule": "b", "detail": "wrong"}])',
    hand_made_steps: '@blp.route("/meetings/<uuid:meeting_id>/transitions")\ndef moves(): ...',
    long_functions: "def f():\n" + "    x = 1\n" * 41,
    long_files: "x = 1\n" * 301,
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_law_is_kept_and_would_catch_a_breach(law):
    assert law(Path("bad.py"), ast.parse(LAWS[law]))
    assert {str(path): found for path, tree in TREES.items() if (found := law(path, tree))} == {}


def shared_names(path, tree):
    """A test makes its databases by `registers.empty_database`, under a name that nothing had before."""
    own = {"registers.py", "conftest.py", "test_imports_accidents.py"}
    return [c.lineno for c in calls(tree, {"create_database"})] if path.name not in own else []


def test_no_two_fixtures_use_one_database():
    """The same database twice, because tests and so the fixtures of a module move between processes, has another key file."""
    trees = {path: ast.parse(path.read_text()) for path in sorted((ROOT / "tests").rglob("*.py"))}
    assert shared_names(Path("bad.py"), ast.parse('postgres.create_database("mine")'))
    assert {str(path): found for path, tree in trees.items() if (found := shared_names(path, tree))} == {}


LADDER = [
    re.findall(r"\w+", rung)
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    if contract["id"] == "ladder"
    for rung in contract["layers"]
]
TABLES = {
    **dict.fromkeys(("journal_linking",), "journal"),
    **dict.fromkeys(("signing_keys",), "auth"),
    **dict.fromkeys(("token_attempts",), "oauth"),
    **dict.fromkeys(
        ("hiding_confirmations", "honey_values", "put_off", "quota_use", "quotas", "registered_values", "searched_values"), "store"
    ),
    **dict.fromkeys(("holdings", "likenesses", "match_tokens", "matching_queue", "pairs_due", "pending_holdings"), "matching"),
    **dict.fromkeys(("clearance_watch",), "overlaps"),
    **dict.fromkeys(("mails",), "mail"),
    **dict.fromkeys(("object_stages",), "durations"),
    **dict.fromkeys(
        ("search_places", "search_words", "search_grams", "search_queue", "saved_search_checks", "saved_search_finds"), "search"
    ),
    **{mapper.local_table.name: mapper.class_.__module__.split(".")[1] for mapper in Row.registry.mappers},
}
"""The package to which each table belongs: that of its model, or the one that is named here if it has none."""
STATEMENT = re.compile(r"\s*(?:select|insert|update|delete|with|lock|truncate|copy)\b", re.IGNORECASE)
NAMED = re.compile(
    r"\b(?:from|join|update|into|using|lock|truncate|table|copy)\s+(?:only\s+)?(?:public\.)?([a-z_]+)\b", re.IGNORECASE
)


def foreign_tables(package, tree):
    """The tables that the SQL strings of a module name although they belong to a package above its own in the ladder of imports."""
    rank = {name: number for number, rung in enumerate(LADDER) for name in rung}
    texts = [ast.unparse(n)[1:] for n in ast.walk(tree) if isinstance(n, ast.JoinedStr)]
    texts += [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    named = {table for said in texts if STATEMENT.match(said.strip("\"'")) for table in NAMED.findall(said) if table in TABLES}
    return {table for table in named if TABLES[table] != package and rank[TABLES[table]] <= rank[package]}


def test_every_table_belongs_to_a_package():
    made = re.compile(r"^create table ([a-z_]+)\b(?!\.)", re.MULTILINE)
    tables = {name for path in (ROOT / "migrations" / "tables").rglob("*.sql") for name in made.findall(path.read_text())}
    assert len(tables) > 50
    assert tables - TABLES.keys() == set()


def test_sql_in_python_reads_only_tables_of_its_own_package_and_of_those_below_it():
    planted = ast.parse('text("select id from meetings join cases on true")\nf"update jits set {column} = null"')
    assert foreign_tables("evidence", planted) == {"meetings", "jits"}
    assert foreign_tables("matching", planted) == {"meetings", "jits", "cases"}
    assert foreign_tables("ops", planted) == set()
    assert foreign_tables("notices", ast.parse('"select * from mous"')) == {"mous"}  # beside it, not below it
    packages = {path: path.relative_to(ROOT / "coopapi").parts[0].removesuffix(".py") for path in TREES}
    placed = {name for rung in LADDER for name in rung}
    assert {
        str(path): found
        for path, tree in TREES.items()
        if packages[path] in placed and (found := foreign_tables(packages[path], tree))
    } == {}


def test_every_model_says_who_sees_it():
    silent = {m.class_.__name__ for m in Row.registry.mappers if m.class_.visible_to.__func__ is Row.visible_to.__func__}
    assert silent == UNOWNED


def test_every_action_is_granted_to_somebody_and_used_by_a_route(app):
    document = app.test_client().get("/openapi.json").json
    used = {o["x-action"] for item in document["paths"].values() for o in item.values() if isinstance(o, dict) and "x-action" in o}
    moved = {move.by for life in named(Lifecycle) for move in life.transitions.values()}
    assert used | moved | {Action.IDENTIFIER_CLEAR, Action.WORKLIST_ASSIGN} == set(Action)
    assert {action for actions in GRANTS.values() for action in actions} | {Action.PUBLIC} == set(Action)


@pytest.mark.parametrize(("ending", "field"), [("sha256", Digest), ("time_zone", Zone)])
def test_what_comes_in_under_one_name_is_one_field_everywhere(ending, field):
    found = {type(f) for schema in below(Schema) for name, f in schema._declared_fields.items() if name.endswith(ending)}
    assert found == {field}


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (lambda work: work, {}),
        (lambda work, thing: work or thing, {}),
        (lambda work, thing_id: work or thing_id, {"body": Schema, "method": "POST"}),
        (lambda work, thing_id, data: work or thing_id or data, {"body": Schema, "method": "PATCH", "changes": True}),
    ],
    ids=["id", "name", "data", "version"],
)
def test_a_function_that_does_not_take_what_its_route_passes_fails_at_import(function, options):
    blueprint = Blueprint("things", __name__)
    with pytest.raises(TypeError):
        serve(blueprint, "/things/<uuid:thing_id>", "get_thing", function, "Show a thing.", allow=Action.WHOAMI, **options)
    with pytest.raises(TypeError):
        Collection(blueprint, "/boxes/<uuid:box_id>/things", Shown, Action.WHOAMI, Action.WHOAMI).list("list", function, "List.")


def below(schema):
    return {schema}.union(*(below(one) for one in schema.__subclasses__()))


def kinds():
    return {m.class_.__name__: vars(m.class_).get("__kind__") for m in Row.registry.mappers if issubclass(m.class_, Versioned)}


def test_every_versioned_row_names_its_own_kind_and_no_two_share_one():
    named = kinds()
    assert None not in named.values()
    assert len(set(named.values())) == len(named)


def test_no_two_classes_share_a_name():
    named = {}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name != "Meta":
                named.setdefault(node.name, []).append(path.name)
    assert {name: paths for name, paths in named.items() if len(paths) > 1} == {}


CODES = re.compile(r"\b(?:DOMAIN|DESIGN) [0-9]|\((?:[RDMFS]|TH)[0-9]{1,2}[),;]|[,;] (?:[RDMFS]|TH)[0-9]{1,2}\)")


def test_no_text_names_a_code_that_is_defined_nowhere_here():
    assert CODES.search("the history is kept (LED Art. 6, D1)")
    texts = [*TREES, *(ROOT / "migrations" / "rules").glob("*.sql"), *(ROOT / "bench").glob("*.py"), *(ROOT / "docs").glob("*.md")]
    found = {str(path): CODES.findall(path.read_text()) for path in texts}
    assert {path: codes for path, codes in found.items() if codes} == {}


BARE = re.compile(r"(?<!select )priv\.(?:at|cleared|authority|principal|role|operator)\(\)")
ALONE = re.compile(r"\s*(?:if |elsif |perform |return |grant |create function |--)|.*:=|\s*priv\.at\(\), priv\.identify")


def per_row(sql):
    """Lines that may ask for the caller once for each row of a statement. As `(select ...)` it is asked once for the statement."""
    return [number for number, line in enumerate(sql.splitlines(), 1) if BARE.search(line) and not ALONE.match(line)]


def test_the_database_asks_for_the_caller_once_for_each_statement():
    assert per_row("where until > priv.at()") == [1]
    assert per_row("where until > (select priv.at())\n    if priv.role() = 'admin' then\n    now timestamptz := priv.at();") == []
    found = {path.name: per_row(path.read_text()) for path in (ROOT / "migrations" / "rules").glob("[2-9]*.sql")}
    assert {name: lines for name, lines in found.items() if lines} == {}


CAUGHT = re.compile(r"\b(?:GRANTED|ANSWERING)\(g\.|\b(?:PARTY|ACTING)\([pg]\.")
"""A template whose own table has the same alias as the column that it is given: the condition would hold for every row."""


def test_no_template_is_given_a_column_whose_alias_it_uses_itself():
    assert CAUGHT.search("where GRANTED(g.case_id, 2)")
    assert not CAUGHT.search("where GRANTED(c.id, 2) and PARTY(meetings.id)")
    found = {path.name: CAUGHT.findall(path.read_text()) for path in (ROOT / "migrations" / "rules").glob("*.sql")}
    assert {name: uses for name, uses in found.items() if uses} == {}
