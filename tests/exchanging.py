"""Short ways to give each other evidence in a team."""

from uuid import uuid4

from teaming import items

ITEM = {
    "object_type": "jit",
    "title": "Payments of heron",
    "source_country": "NL",
    "sha256": "ab" * 32,
    "size": 4096,
    "media_type": "text/csv",
    "obtained_on": "2026-01-01",
    "obtained_under": "Art. 126nd Sv",
    "handling_code": "H0",
}
ASKED_FIRST = [{"code": "consent_before_use_as_evidence"}]
NOW = "2026-11-01T10:00:00Z"


def give(world, who, jit, **more):
    return world.as_(who).post("/evidence", {**ITEM, "object_id": jit, "sha256": uuid4().hex * 2, **more})


def given(world, who, jit, **more):
    made = give(world, who, jit, **more)
    assert made.status_code == 201, made.json
    return made.json["id"]


def see(world, who, item):
    return world.as_(who).get(f"/evidence/{item}")


def take(world, who, item, event, **more):
    tag = see(world, who, item).json["etag"]
    return world.as_(who).post(f"/evidence/{item}/transitions", {"event": event, **more}, If_Match=f'"{tag}"')


def received(world, who, item):
    made = world.as_(who).post(f"/evidence/{item}/custody", {"act": "received", "at": NOW})
    assert made.status_code == 201, made.json


def told(world, who, item):
    return [e["action"] for e in items(world, who, "/events?limit=200") if e["detail"].get("item") == item]
