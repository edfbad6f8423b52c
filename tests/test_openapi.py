"""The specification: committed, valid, and kept by the service."""

import json
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from coopapi.app import specification

COMMITTED = Path(__file__).parents[1] / "openapi" / "openapi.json"


def test_the_committed_specification_is_the_one_that_is_served(app):
    assert json.loads(COMMITTED.read_text()) == specification()
    assert app.test_client().get("/openapi.json").json == specification()


def test_the_specification_is_valid_and_names_every_operation_once():
    document = specification()
    OpenAPIV31SpecValidator(document).validate()
    names = [
        o["operationId"] for item in document["paths"].values() for o in item.values() if isinstance(o, dict) and "responses" in o
    ]
    assert len(names) == len(set(names)) > 40


def test_every_text_and_every_list_that_comes_in_is_bounded():
    document = specification()
    inbound = {n: s for n, s in document["components"]["schemas"].items() if n.endswith(("In", "Patch"))}
    loose = [
        f"{name}.{field}"
        for name, schema in inbound.items()
        for field, spec in schema.get("properties", {}).items()
        if _loose(spec)
    ]
    assert inbound
    assert loose == []


def _loose(spec):
    kind = spec.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    text = "string" in kinds and not spec.keys() & {"maxLength", "enum", "format"}
    return text or ("array" in kinds and "maxItems" not in spec)


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.parametrize("role", ["investigator", "analyst", "admin"])
def test_no_generated_request_breaks_the_service_or_its_promise(world, app, role):
    """Every operation, as three roles: no 5xx, nothing the specification does not say."""
    case = world.case("investigator")
    world.hold("investigator", case, "heron@example.org", subject_id=world.subject("investigator", case))
    bearer = {"Authorization": f"Bearer {world.as_(role).token}"}
    loaded = schemathesis.openapi.from_wsgi("/openapi.json", app)
    for operation in loaded.get_all_operations():
        _fuzz(operation.ok(), bearer, case)


def _fuzz(operation, bearer, case):
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
        sent.call_and_validate(headers=bearer, checks=CHECKS)

    once()
