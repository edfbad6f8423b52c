"""Asking for exports, and a case of the Dutch police with a suspect, a victim, and identifiers of many kinds and codes."""

from timelining import fact

from coopapi.exports import running

SENDER = "investigator"
CONSENTS = [
    {"handling_code": "H2", "given_by": "FIU", "given_on": "2026-01-02", "proof": "letter 7", "conditions": "only for this case"},
    {"handling_code": "H3", "given_by": "FIU", "given_on": "2026-01-02", "proof": "letter 8", "conditions": "not to be copied"},
]


def made(answer, status=201):
    assert answer.status_code == status, answer.json
    return answer.json


class Exports:
    """Short ways to ask for exports and to read them."""

    def __init__(self, world):
        self.world = world

    def ask(self, case, who=SENDER, status=202, **more):
        body = {
            "case_id": case,
            "format": "ndjson",
            "purpose": "investigation",
            "recipient": {"authority_id": str(self.world.authorities["ro"])},
            "reason": "The other side investigates the same group.",
            **more,
        }
        return made(self.world.as_(who).post("/exports", body), status)

    def shown(self, export, who=SENDER):
        return self.world.as_(who).get(f"/exports/{export['id']}").json

    def content(self, export, who=SENDER, status=200, **headers):
        answer = self.world.as_(who).get(f"/exports/{export['id']}/content", **headers)
        assert answer.status_code == status, answer.json
        return answer.data

    def file(self, case, who=SENDER, **more):
        """Ask for an export and return what is shown of it and its file."""
        shown = self.shown(self.ask(case, who, **more), who)
        assert shown["state"] == "ready", shown
        return shown, self.content(shown, who)

    def delete(self):
        """Have the worker delete what is too old."""
        return running.delete_old(self.world.app.extensions["coopapi"].database)

    def approve(self, export, by="prosecutor", event="approve", **more):
        me = self.world.as_(by)
        (one,) = me.get(f"/approvals?object_id={export['id']}").json["items"]
        return me.post(f"/approvals/{one['id']}/transitions", {"event": event, **more}, If_Match=f'"{one["etag"]}"')


def make_heron(world):
    """The case, with the ids of its subjects."""
    me = world.as_(SENDER)
    case = world.case(
        SENDER, "NL-2026-7", title="Heron", operation_name="Night bird", crime_categories=["ocsea"], countries=["NL", "RO"],
        external_id="C-7", siena_reference="S-1", handling_code="H0",
    )  # fmt: skip
    one = {"pseudonym": "P1", "category": "suspect", "external_id": "S1"}
    suspect = made(me.post(f"/cases/{case}/subjects", one))["id"]
    victim = made(me.post(f"/cases/{case}/subjects", {"pseudonym": "V1", "category": "victim"}))["id"]
    graded = {"basis": "assessment", "source_grading": "B", "information_grading": "2", "source": "an informant"}
    owned = {"subjects": [{"id": suspect, "since": "2025-01-02T03:04:05+02:00", "basis": "fact"}]}
    seen = {"observed_at": "2026-01-02T03:04:05.123456+00:00", "port": 8080}
    person = {"names": [{"full": "Night Heron"}, {"given": "Grey", "family": "Heron", "type": "alias"}],
              "birth_dates": ["1980-01-01", "1981"], "gender": "M", "nationalities": ["NL"], "places": ["Delft"]}  # fmt: skip
    items = [
        {"kind": "email", "value": "Heron@Example.org", "external_id": "I1", **graded, **owned},
        {"kind": "phone", "value": "+31 6 12345678", **owned, "handling_code": "H1"},
        {"kind": "ip", "value": "198.51.100.7", "context": seen, **owned},
        {"kind": "ip", "value": "2001:db8::7", "context": {"observed_at": "2026-01-03T00:00:00+00:00"}},
        {"kind": "url", "value": "https://heron.example.org/a?b=c", "handling_code": "H2"},
        {"kind": "domain", "value": "heron.example.net"},
        {"kind": "md5", "value": "0123456789abcdef0123456789abcdef"},
        {"kind": "sha256", "value": "ab" * 32, "handling_code": "H3"},
        {"kind": "username", "value": "night.heron", "context": {"platform": "instagram"}, **owned},
        {"kind": "mac", "value": "00-1b-63-84-45-e6"},
        {"kind": "imei", "value": "490154203237518"},
        {"kind": "file_name", "value": "heron_in_the_reeds.txt"},
        {"kind": "cybertip", "value": "123456789"},
        {"kind": "person", "person": person, **owned},
        {"kind": "email", "value": "victim@example.org", "subjects": [{"id": victim}]},
        {"kind": "email", "value": "both@example.org", "subjects": [{"id": victim}, {"id": suspect}]},
    ]
    made(me.post(f"/cases/{case}/identifiers", {"identifiers": items}))
    return {"case": case, "suspect": suspect, "victim": victim}


def make_pair(world):
    """A case of the Dutch police with facts, and a French one that its owner shares with the police; gives their ids."""
    nl, fr = world.case("investigator", reference="NL-2026-7"), world.case("foreign", reference="FR-26-9")
    grant = {"authority_id": str(world.authorities["nl"]), "level": "read", "reason": "the same group"}
    assert world.as_("foreign").post(f"/cases/{fr}/access", grant).status_code == 201
    suspect = world.subject("investigator", nl, pseudonym="S1")
    victim = world.subject("investigator", nl, "victim", "V1")
    (mail,) = world.hold("investigator", nl, "heron@example.org", subject_id=suspect)
    (hers,) = world.hold("investigator", nl, "victim@example.org", subject_id=victim)
    place = {"name": "Lyon"}
    facts = {
        "paid": fact(world, "investigator", nl, "2026-03-05T14:20+02:00", "payment", text="=Paid in Lyon", place=place, country="FR", basis="assessment",
                     subjects=[{"id": suspect}], identifiers=[{"id": mail}], confidence="low", source_grading="B", information_grading="2"),
        "hers": fact(world, "investigator", nl, "2026-03-06", "sighting", text="She was there", subjects=[{"id": victim}],
                     identifiers=[{"id": hers}]),
        "held": fact(world, "investigator", nl, "2026-03-07", "sighting", text="Told in confidence", handling_code="H2"),
        "undated": fact(world, "investigator", nl, None, "sighting", text="Some day"),
        "there": fact(world, "foreign", fr, "2026-03-05T12:20Z", "payment", text="Received in Lyon", place=place, country="FR"),
    }  # fmt: skip
    return {"nl": nl, "fr": fr, "mail": mail, "hers": hers, **{f"fact {name}": one for name, one in facts.items()}}
