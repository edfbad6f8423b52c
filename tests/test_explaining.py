"""What the service says when it refuses: every problem has a name of its own, a page, a remedy; every fault names its rule."""

import inspect
import re

import marshmallow as ma
import pytest

from coopapi import errors
from coopapi.http import problems

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def page(app, path, **headers):
    return app.test_client().get(path, headers=headers)


def kinds(root=errors.CoopError):
    return [root, *(kind for below in root.__subclasses__() for kind in kinds(below))]


def same_names(classes):
    names = [problems.slug(kind) for kind in classes]
    return {name for name in names if names.count(name) > 1}


def test_no_two_kinds_of_error_share_a_name(app):
    twins = [type("Twin", (), {}), type("Twin", (), {})]
    assert same_names(twins) == {"twin"}
    assert same_names(dict.fromkeys(k for k in kinds() if k.__module__.startswith("coopapi"))) == set()


def test_every_problem_says_what_it_means_and_what_to_do(app):
    for name, kind in problems.catalogue().items():
        told = page(app, f"/problems/{name}").json
        assert told == {"type": f"/problems/{name}", "title": told["title"], "status": told["status"], "remedy": told["remedy"]}
        assert told["title"].endswith("."), name
        assert told["remedy"].endswith((".", ")")), name
        assert told["status"] == problems.status_of(kind)


def without_a_remedy(classes):
    return [kind.__name__ for kind in classes if "\n\n" not in (kind.__doc__ or "")]


def test_every_kind_of_problem_has_a_remedy_of_its_own():
    assert without_a_remedy(problems.catalogue().values()) == []
    assert without_a_remedy([type("Planted", (errors.Conflict,), {"__doc__": "It is so."})]) == ["Planted"]


def test_the_list_of_problems_is_complete(app):
    listed = page(app, "/problems").json["items"]
    assert {one["type"].removeprefix("/problems/") for one in listed} == set(problems.catalogue())


def test_a_browser_gets_pages_that_link_to_each_other(app):
    index = page(app, "/problems", **BROWSER)
    assert (index.status_code, index.mimetype, index.headers["Vary"]) == (200, "text/html", "Accept")
    links = re.findall(r'href="(problems/[a-z-]+)"', index.text)
    assert len(links) == len(problems.catalogue())
    one = page(app, "/problems/stale", **BROWSER)
    assert "What to do" in one.text
    assert "<code>If-Match</code>" in one.text
    assert "script-src" not in one.headers["Content-Security-Policy"]
    assert page(app, "/problems/stale", Accept="*/*").json["status"] == 412


def test_a_problem_that_does_not_exist_points_to_the_list(app):
    assert "/problems" in page(app, "/problems/nothing").json["detail"]


REFUSED = {
    "an unknown address": ("GET", "/nowhere", {}, 404),
    "an unused method": ("DELETE", "/api/v1/cases", {}, 405),
    "a form where JSON is wanted": ("POST", "/api/v1/cases", {"data": "a=b", "content_type": "text/plain"}, 415),
    "a compressed body": ("POST", "/api/v1/cases", {"json": {}, "headers": {"Content-Encoding": "gzip"}}, 415),
    "a body that is too large": ("POST", "/api/v1/cases", {"data": b"[" * 4_000_001, "content_type": "application/json"}, 413),
    "a query that is not UTF-8": ("GET", "/api/v1/cases?state=%ff", {}, 400),
    "a range that cannot be had": ("GET", "/static/docs.css", {"headers": {"Range": "bytes=99999-"}}, 416),
    "no token": ("GET", "/api/v1/cases", {}, 401),
    "no form": ("POST", "/oauth/token", {}, 400),
    "a grant of another kind": ("POST", "/oauth/token", {"data": {"grant_type": "password"}}, 400),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_type_of_every_refusal_is_the_address_of_its_page(app, what):
    method, path, more, status = REFUSED[what]
    answer = app.test_client().open(path, method=method, **more)
    assert (answer.status_code, answer.json["status"]) == (status, status)
    assert (answer.content_type, page(app, answer.json["type"]).json["title"]) == (problems.MEDIA_TYPE, answer.json["title"])


def test_an_accident_has_a_page_as_well(app):
    with app.test_request_context():
        told = problems.from_accident(RuntimeError("x")).json
    assert page(app, told["type"]).json["status"] == told["status"] == 500


def test_every_fault_of_the_input_names_the_rule_that_it_breaks(world):
    wrong = {"title": 7, "colour": "red", "visibility": "secret", "countries": ["NL", "NL"], "operation_name": "x" * 201}
    answer = world.as_("investigator").post("/cases", wrong)
    found = {fault["pointer"]: fault["rule"] for fault in answer.json["errors"]}
    assert found == {
        "/reference": "required",
        "/title": "type",
        "/colour": "unknown_field",
        "/visibility": "codelist",
        "/countries": "distinct",
        "/operation_name": "length",
    }
    (limit,) = world.as_("investigator").get("/cases?limit=0").json["errors"]
    assert (limit["in"], limit["pointer"], limit["rule"]) == ("query", "/limit", "range")


def test_every_sentence_of_the_schema_library_is_known_by_its_rule():
    classes = [c for module in (ma.fields, ma.validate) for c in vars(module).values() if inspect.isclass(c)]
    said = [text for c in classes for text in getattr(c, "default_error_messages", {}).values()]
    said += [text for c in classes for name, text in vars(c).items() if name.startswith("message_") or name == "default_message"]
    said = [text for text in [*said, *ma.Schema._default_error_messages.values()] if text[0] in '"{' or text[0].isupper()]
    assert len(said) > 30
    assert {text for text in said if problems.rule_of(text.format_map(Filled()).format_map(Filled())) == "schema"} == set()
    assert problems.rule_of("Something else.") == "schema"


class Filled(dict):
    def __missing__(self, key):
        return {"min_op": "greater than", "max_op": "less than"}.get(key, "7")
