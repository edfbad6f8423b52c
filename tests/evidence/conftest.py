"""A request between the Dutch police, who ask through a case, and the French, who execute it and give evidence."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from entries import bare_request

from coopapi.auth.authentication import actor_of
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side

HERON = {
    "object_type": "request",
    "title": "Image of the heron disk",
    "description": "One disk of a laptop",
    "tool": "imager 4.2",
    "formalities_requested": "in the presence of a witness",
    "formalities_observed": "a witness was present",
    "admissibility_notes": "read out in court on request",
    "source_country": "FR",
    "sha256": "ab" * 32,
    "size": 2**40,
    "media_type": "application/octet-stream",
    "obtained_on": "2026-10-01",
    "obtained_under": "Art. 56 CPP",
    "handling_code": "H0",
}
ASKED_FIRST = [{"code": "consent_before_use_as_evidence"}]


@dataclass
class Shared:
    """A thing that two authorities share, and short ways to give each other evidence through it."""

    world: object
    id: str
    case: str
    measure: str

    def give(self, by="foreign", **more):
        body = {**HERON, "sha256": uuid4().hex * 2, "object_id": self.id, **more}
        return self.world.as_(by).post("/evidence", {name: value for name, value in body.items() if value is not None})

    def given(self, by="foreign", **more):
        made = self.give(by, **more)
        assert made.status_code == 201, made.json
        return made.json["id"]

    def see(self, who, item):
        return self.world.as_(who).get(f"/evidence/{item}")

    def step(self, who, item, event, reason=None, path="evidence", **more):
        me = self.world.as_(who)
        found = me.get(f"/{path}/{item}/transitions")
        version = found.json.get("etag", "v1")
        body = {"event": event, **({"reason": reason} if reason else {}), **more}
        return me.post(f"/{path}/{item}/transitions", body, If_Match=f'"{version}"')

    def use(self, who, item, case=None, use_as="evidence", **more):
        body = {"case_id": case or self.case, "purpose": "prosecution", "use_as": use_as, **more}
        return self.world.as_(who).post(f"/evidence/{item}/uses", body)

    def decide(self, who, use, event, reason=None, **more):
        return self.step(who, use, event, reason, path="evidence-uses", **more)


def admit(world, who, object_id, authority, side, **more):
    database = world.app.extensions["coopapi"].database
    with database.work(lambda session: actor_of(session, "https://issuer.test", who, None), uuid4().hex) as work:
        parties.admit(work, UUID(object_id), authority, side, **more)


@pytest.fixture
def shared(world, owner):
    """The Dutch take part through a case, the French as a whole; the Romanians do not."""
    case, object_id, measure = world.case("investigator"), str(uuid4()), str(uuid4())
    bare_request(world, owner, object_id, measure)
    nl, fr = world.authorities["nl"], world.authorities["fr"]
    admit(world, "investigator", object_id, nl, Side.REQUESTING, case_id=UUID(case))
    admit(world, "investigator", object_id, fr, Side.EXECUTING)
    body = {"name": "P", "issuer": "https://issuer.test", "subject": "fr_prosecutor", "roles": ["prosecutor"]}
    world.approved(world.as_("admin_fr").post(f"/authorities/{fr}/people", body))
    return Shared(world, object_id, case, measure)
