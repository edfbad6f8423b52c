"""The specification: committed, valid, and kept by the service."""

import json
import re
from pathlib import Path

import pytest
import schemathesis
from described import specification
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from coopapi.directory.schemas import AuthorityRef
from coopapi.overlaps.schemas import OverlapOut

COMMITTED = Path(__file__).parents[1] / "openapi" / "openapi.json"


def test_the_committed_specification_is_the_one_that_is_served(app):
    assert json.loads(COMMITTED.read_text()) == specification()
    assert app.test_client().get("/openapi.json").json == specification()


def test_the_specification_is_valid_and_names_every_operation_once():
    OpenAPIV31SpecValidator(specification()).validate()
    names = [operation["operationId"] for operation in operations()]
    assert len(names) == len(set(names)) > 200


def test_an_operation_is_called_as_its_view_and_nothing_more(app):
    views = {rule.endpoint.rpartition(".")[2] for rule in app.url_map.iter_rules() if "." in rule.endpoint}
    assert {operation["operationId"] for operation in operations()} == views
    assert {"list_overlaps", "register_identifiers", "get_request_readiness", "take_case_transition"} <= views


def operations():
    return [o for item in specification()["paths"].values() for o in item.values() if isinstance(o, dict) and "responses" in o]


def nodes(part, path=""):
    """Every object of the document, with where it stands."""
    if isinstance(part, dict):
        yield path, part
    for name, below in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield from nodes(below, f"{path}/{name}")


def test_every_list_of_codes_is_a_component_and_no_two_are_the_same():
    document = specification()
    lists = {path: tuple(node["enum"]) for path, node in nodes(document) if isinstance(node.get("enum"), list)}
    written_out = [path for path, codes in lists.items() if path.count("/") > 3 and codes != (True,)]
    assert written_out == []
    schemas = document["components"]["schemas"]
    assert {"Country", "IdentifierKind", "CaseState", "Role", "OverlapEvent"} <= schemas.keys()
    known = [tuple(schema["enum"]) for schema in schemas.values() if len(schema.get("enum", ())) > 1]
    assert len(known) == len(set(known)) > 90
    assert [path for path, node in nodes(document) if node.keys() & {"x-enum", "x-place"}] == []


def test_codes_in_answers_are_lists_of_codes():
    schemas = specification()["components"]["schemas"]
    loose = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, said in schema.get("properties", {}).items()
        if name.endswith(("Out", "Brief")) and field in {"state", "country", "countries", "languages", "kind", "channel"}
        if "#/components/schemas/" not in json.dumps(said)
    ]
    assert loose == []


def test_objects_say_what_they_hold_except_those_that_differ_by_kind():
    untyped = {
        path.removeprefix("/components/schemas/").replace("/properties", "")
        for path, node in nodes(specification())
        if "object" in (kind if isinstance(kind := node.get("type"), list) else [kind])
        and not node.get("properties")
        and not node.get("additionalProperties")
    }
    steps = {"WorklistStepIn/step", "WorklistStepOut/problem"}
    assert untyped == {"ApprovalOut/change", "EventOut/detail", "CaseConsultationOut/detail", "JournalEntryOut/detail",
                       "TimelineEntryOut/detail", *steps}  # fmt: skip


def test_a_code_that_is_in_no_list_any_more_is_shown_as_it_is():
    shown = AuthorityRef().dump({"id": None, "name": "Former state", "country": "YU"})
    assert shown["country"] == "YU"
    assert OverlapOut().dump({"state": "gone", "kinds": ["telex"], "rarity": "once"}) == {
        "state": "gone",
        "kinds": ["telex"],
        "rarity": "once",
    }


def test_every_text_and_every_list_that_comes_in_is_bounded():
    document = specification()
    inbound = _reached(document, [o["requestBody"] for o in operations() if "requestBody" in o])
    loose = [
        f"{name}.{field}"
        for name in sorted(inbound)
        for field, spec in document["components"]["schemas"][name].get("properties", {}).items()
        if _loose(spec)
    ]
    assert len(inbound) > 100
    assert [name for name in loose if not name.startswith("JsonWebKey")] == []


def _reached(document, start):
    """The names of all schemas that these parts refer to, and so on."""
    found, waiting = set(), re.findall(r"#/components/schemas/(\w+)", json.dumps(start))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += re.findall(r"#/components/schemas/(\w+)", json.dumps(document["components"]["schemas"][name]))
    return found


def _loose(spec):
    kind = spec.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    text = "string" in kinds and not spec.keys() & {"maxLength", "enum", "format"}
    return text or ("array" in kinds and "maxItems" not in spec)


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


ROLES = ("investigator", "analyst", "admin")
PARTS = 3


@pytest.mark.parametrize("part", range(PARTS))
def test_no_generated_request_breaks_the_service_or_its_promise(world, app, part):
    """Every operation, each request as three roles: no 5xx, nothing the specification does not say."""
    case = world.case("investigator")
    world.hold("investigator", case, "heron@example.org", subject_id=world.subject("investigator", case))
    bearers = [{"Authorization": f"Bearer {world.as_(role).token}"} for role in ROLES]
    loaded = schemathesis.openapi.from_wsgi("/openapi.json", app)
    for operation in list(loaded.get_all_operations())[part::PARTS]:
        _fuzz(operation.ok(), bearers, case)


def _fuzz(operation, bearers, case):
    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sent=operation.as_strategy())
    def once(sent):
        if "case_id" in (sent.path_parameters or {}):
            sent.path_parameters["case_id"] = case
        for bearer in bearers:
            sent.call_and_validate(headers=bearer, checks=CHECKS)

    once()
