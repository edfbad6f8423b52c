"""The guide at the beginning of the API document: every limit of it is the one in the code."""

import re
from importlib.resources import files

import pytest
from described import specification

from coopapi import guide
from coopapi.access import Action
from coopapi.http.idempotency import KEPT
from coopapi.http.openapi import Notes

HEADINGS = ["Signing in", "Roles", "Changes, ETags and If-Match", "Retries", "Paging", "Limits", "Errors", "Events", "Codes"]


def test_the_document_opens_with_the_guide():
    opening = specification()["info"]["description"]
    assert re.findall("^## (.*)$", opening, re.MULTILINE) == HEADINGS
    assert f"are stored for {KEPT.days} days" in opening


def test_the_guide_writes_no_limit_by_hand():
    written = (files("coopapi") / "guide.md").read_text()
    assert set(re.findall(r"\{(\w+)\}", written)) == set(guide.limits())
    digits = re.findall(r"\d+", re.sub(r"\{\w+\}|RFC \d+|/v1|\b[1-5]\d\d\b", "", written))
    assert digits == ["15"], "the minutes that failed attempts count for, as coopapi/oauth/attempts.py says"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"names_things": True}, {401, 403, 404}),
        ({"method": "POST", "has_body": True}, {401, 403, 409, 413}),
        ({"method": "PATCH", "changes": True}, {401, 403, 409, 412, 428}),
        ({"counts_values": True}, {401, 403, 429}),
        ({"allow": Action.PUBLIC}, set()),
    ],
)
def test_what_a_route_is_guarded_by_says_how_it_refuses(said, expected):
    plain = {"name": "x", "allow": Action.CASE_READ, "method": "GET", "also": (), "steps": {}, "changes": False}
    plain |= {"names_things": False, "has_body": False, "counts_values": False, "pages": False, "settles": False}
    plain |= {"polls": False, "only_reads": False, "has_form": False, "files": {}}
    assert set(Notes(**plain | said).problems) == expected


def test_an_operation_says_which_roles_may_call_it():
    paths = specification()["paths"]
    assert "Roles: `investigator`, `prosecutor`, `system`." in paths["/api/v1/cases"]["post"]["description"]
    steps = paths["/api/v1/disclosures/{disclosure_id}/transitions"]["post"]["description"]
    assert "- `refuse`: `prosecutor`" in steps
    assert "412" in steps
    silent = [
        o["operationId"] for item in paths.values() for o in item.values() if isinstance(o, dict) and not o.get("description")
    ]
    assert silent == []


def test_answers_name_their_headers_and_every_heading_has_operations():
    document = specification()
    registered = document["paths"]["/api/v1/cases/{case_id}/identifiers"]["post"]["responses"]["201"]["headers"]
    assert registered.keys() == {"X-Request-Id", "ETag", "Preference-Applied", "Retry-After", "RateLimit-Policy", "RateLimit"}
    assert "Link" in document["paths"]["/api/v1/cases"]["get"]["responses"]["200"]["headers"]
    used = {tag for item in document["paths"].values() for o in item.values() if isinstance(o, dict) for tag in o.get("tags", ())}
    assert used == {tag["name"] for tag in document["tags"]}
    assert "clientCredentials" in document["components"]["securitySchemes"]["client"]["flows"]
