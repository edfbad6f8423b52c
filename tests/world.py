"""The world of the tests: a few authorities, their people, and short ways to act as them."""

import os
import secrets
from dataclasses import dataclass, field
from uuid import uuid4

from coopapi.directory.models import OPERATOR
from coopapi.ops import administration
from coopapi.ops.worker import work_until_done

BEGIN = os.environ.get("TESTS_BEGIN", "2030-09-11T10:00:00+00:00")
"""When tests begin: on a Wednesday morning without a holiday, a change of the clocks, or an end of a month or year near it.

So what a deadline ends on does not depend on the day of the run. The variable TESTS_BEGIN tries another moment of 2030.
"""
ISSUER = "https://issuer.test"
AUTHORITIES = {
    "nl": ("National Police", "police_unit", "NL"),
    "fr": ("Prosecution Office", "public_prosecutor", "FR"),
    "ro": ("Cybercrime Unit", "cybercrime_unit", "RO"),
    "fr_court": ("Court of First Instance", "court", "FR"),
    "us": ("Office of International Affairs", "central_authority", "US"),
    "provider": ("Heron Messaging Ireland Ltd", "service_provider", "IE"),
    "desk_nl": ("Netherlands Desk", "eurojust_desk", "NL"),
    "desk_fr": ("French Desk", "eurojust_desk", "FR"),
    "europol": ("Europol", "organisation", None),
}
PEOPLE = {
    "investigator": ("nl", "investigator", True),
    "colleague": ("nl", "investigator", False),
    "prosecutor": ("nl", "prosecutor", True),
    "central": ("nl", "central_authority", False),
    "contact": ("nl", "contact_point", False),
    "desk": ("desk_nl", "desk", True),
    "analyst": ("nl", "analyst", False),
    "system": ("nl", "system", False),
    "auditor": ("nl", "auditor", False),
    "admin": ("nl", "admin", False),
    "foreign": ("fr", "investigator", True),
    "uncleared": ("fr", "investigator", False),
    "desk_fr": ("desk_fr", "desk", True),
    "auditor_fr": ("fr", "auditor", False),
    "romanian": ("ro", "investigator", True),
    "admin_fr": ("fr", "admin", False),
    "prosecutor_fr": ("fr", "prosecutor", True),
    "central_fr": ("fr", "central_authority", False),
    "contact_fr": ("fr", "contact_point", False),
    "judge_fr": ("fr_court", "prosecutor", True),
    "prosecutor_ro": ("ro", "prosecutor", True),
    "europol": ("europol", "desk", True),
    "operator": (None, "admin", False),
}


def sign(signer, clock, subject, **claims):
    now = int(clock().timestamp())
    usual = {"iss": ISSUER, "aud": "coopapi", "sub": subject, "client_id": "tests", "jti": secrets.token_hex(8)}
    return signer.sign({**usual, "iat": now, "exp": now + 3600, **claims})


@dataclass
class Caller:
    """Somebody who sends requests."""

    client: object
    token: str | None
    headers: dict = field(default_factory=dict)

    def send(self, method, path, json=None, **headers):
        path = path if path.startswith(("/api", "/oauth", "/.well-known", "/openapi", "/docs")) else f"/api/v1{path}"
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(path, method=method, json=json, headers={**bearer, **self.headers, **named})

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    def post(self, path, json=None, **headers):
        return self.send("POST", path, json, **headers)

    def patch(self, path, json, **headers):
        return self.send("PATCH", path, json, **headers)


@dataclass
class World:
    """Who is there."""

    app: object
    signer: object
    clock: object
    authorities: dict
    people: dict
    register: object = None

    def once(self, make, *args, **more):
        """What `make` makes of this world. The first test that asks builds it; for later ones its rows and its time are put back.

        It is built in any case on a world in which something was written or the clock was moved before.
        """
        if self.clock.moved or not self.register.is_as_of("world"):
            return make(self, *args, **more)

        def made():
            return make(self, *args, **more), self.clock.offset

        name = f"{make.__module__}.{make.__qualname__} {args} {sorted(more.items())}"
        told, self.clock.offset = self.register.as_of(name, made)
        return told

    def work(self):
        """Have the worker do what waits, as it does by itself after each request that may change something."""
        work_until_done(self.app.extensions["coopapi"].database)

    def as_(self, name, **claims):
        token = sign(self.signer, self.clock, name, **claims) if name != "anonymous" else None
        return Caller(self.app.test_client(), token)

    def case(self, by, reference=None, **more):
        made = self.as_(by).post("/cases", {"reference": reference or uuid4().hex, "title": "A case", **more})
        assert made.status_code == 201, made.json
        return made.json["id"]

    def subject(self, by, case, category="suspect", pseudonym=None):
        body = {"pseudonym": pseudonym or uuid4().hex, "category": category}
        made = self.as_(by).post(f"/cases/{case}/subjects", body)
        assert made.status_code == 201, made.json
        return made.json["id"]

    def hold(self, by, case, *values, kind="email", subject_id=None, **more):
        about = {"subjects": [{"id": subject_id}]} if subject_id else {}
        items = [{"kind": kind, "value": value, **about, **more} for value in values]
        made = self.as_(by).post(f"/cases/{case}/identifiers", {"identifiers": items})
        assert made.status_code == 201, made.json
        return [item["id"] for item in made.json["identifiers"]]

    def approved(self, answer, by="operator"):
        """Have what was asked for about a person or client approved; gives the answer again."""
        assert answer.status_code in {200, 201}, answer.json
        for one in answer.json["pending"]:
            decided = self.as_(by).post(f"/approvals/{one['id']}/transitions", {"event": "approve"}, If_Match=f'"{one["etag"]}"')
            assert (decided.status_code, decided.json["state"]) == (200, "approved"), decided.json
        return answer

    def overlaps(self, by, case=None):
        found = self.as_(by).get(f"/cases/{case}/overlaps" if case else "/overlaps")
        assert found.status_code == 200, found.json
        return found.json["items"]

    def take(self, by, overlap, **more):
        """Take an overlap under verification."""
        me = self.as_(by)
        version = me.get(f"/overlaps/{overlap}/transitions" + (f"?case_id={more['case_id']}" if more else "")).json["etag"]
        return me.post(f"/overlaps/{overlap}/transitions", {"event": "take", **more}, If_Match=f'"{version}"')

    def asked(self, by, case, **more):
        """Take the one overlap of a case under verification and ask for disclosure."""
        (overlap,) = self.overlaps(by, case)
        assert self.take(by, overlap["id"]).status_code == 200
        body = {"purpose": "investigation", "offence": "ocsea", "items_asked": ["names"], **more}
        made = self.as_(by).post(f"/overlaps/{overlap['id']}/disclosures", body)
        assert made.status_code == 201, made.json
        return made.json


def populate(app):
    """Enter the authorities and the people; answer their ids."""
    database = app.extensions["coopapi"].database
    ids = {
        key: administration.add_authority(database, {"name": name, "type": kind, "country": country})
        for key, (name, kind, country) in AUTHORITIES.items()
    }
    people = {}
    for name, (home, role, cleared) in PEOPLE.items():
        data = {"name": name, "issuer": ISSUER, "subject": name, "roles": [role], "victim_cleared": cleared}
        people[name] = administration.add_person(database, ids.get(home, OPERATOR), data)
    return ids, people
