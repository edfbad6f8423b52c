"""Something that the Dutch police ask of the French prosecution, with whatever happens to it."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from coopapi.auth.authentication import actor_of
from coopapi.deadlines import service
from coopapi.deadlines.service import Occasion
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side

COUNTRIES = {"nl": "NL", "fr": "FR", "fr_court": "FR", "ro": "RO", "provider": "IE"}


@dataclass
class Asked:
    """A thing between two authorities, and short ways to let something happen to it and to look at its clocks."""

    world: object
    database: object
    id: UUID
    kind: str
    instrument: str
    urgency: str
    sides: dict

    def happens(self, event, **more):
        item, items, facts = more.pop("item", None), more.pop("items", ()), more
        sides = {side: (UUID(str(self.world.authorities[who])), COUNTRIES[who]) for side, who in self.sides.items()}
        with as_investigator(self.database) as work:
            occasion = Occasion(
                self.id, "request", self.kind, self.instrument, self.urgency, event, work.now, sides, item, items, facts
            )
            service.happened(work, occasion)
        return self

    def rows(self, who="investigator", **wanted):
        query = "&".join(f"{key}={value}" for key, value in {"object_id": self.id, **wanted}.items())
        found = self.world.as_(who).get(f"/deadlines?{query}")
        assert found.status_code == 200, found.json
        return found.json["items"]

    def row(self, rule, who="investigator"):
        """The latest clock of a rule."""
        return [d for d in self.rows(who) if d["rule"] == rule][-1]

    def clocks(self, who="investigator", **wanted):
        """Rule, end to the minute in UTC, and how it stands."""
        return {d["rule"]: (d["due_at"][:16], d["state"]) for d in self.rows(who, **wanted)}

    def extend(self, who, rule, **body):
        row = self.row(rule)
        me = self.world.as_(who)
        return me.post(f"/deadlines/{row['id']}/transitions", {"event": "extend", **body}, If_Match=f'"{row["etag"]}"')


def as_investigator(database):
    return database.work(lambda session: actor_of(session, "https://issuer.test", "investigator", None), uuid4().hex)


@pytest.fixture
def ask(world, database):
    """Ask for something: of which kind, under which instrument, how urgently, of whom."""

    def asked(kind="eio", instrument="eio", urgency="routine", executing="fr", enforcing=None):
        found, case = uuid4(), UUID(world.case("investigator"))
        sides = {Side.REQUESTING: "nl", Side.EXECUTING: executing, **({Side.ENFORCING: enforcing} if enforcing else {})}
        with as_investigator(database) as work:
            for side, who in sides.items():
                own = {"case_id": case} if who == "nl" else {}
                parties.admit(work, found, UUID(str(world.authorities[who])), side, **own)
        return Asked(world, database, found, kind, instrument, urgency, sides)

    return asked
