"""Prosecution offices for tests, which become responsible for cases of the police."""

from uuid import uuid4

from world import ISSUER

from coopapi.ops import administration


def authority(world, name, kind, country):
    """An authority that the operator enters now."""
    return administration.add_authority(world.app.extensions["coopapi"].database, {"name": name, "type": kind, "country": country})


def person(world, home, subject, role="prosecutor", cleared=True):
    """A person of an authority, who can be named in `world.as_` from now on."""
    data = {"name": f"{subject} of the office", "issuer": ISSUER, "subject": subject, "roles": [role], "victim_cleared": cleared}
    world.people[subject] = administration.add_person(world.app.extensions["coopapi"].database, home, data)
    return subject


def office(world, subject="officer", country="NL", kind="public_prosecutor", **more):
    """A prosecution office with one prosecutor; gives its id."""
    home = authority(world, f"Prosecution {uuid4().hex}", kind, country)
    person(world, home, subject, **more)
    return str(home)


def name(world, case, home, by="investigator"):
    me = world.as_(by)
    tag = me.get(f"/cases/{case}").headers["ETag"]
    return me.patch(f"/cases/{case}", {"responsible_authority": home}, If_Match=tag)


def answer(world, case, by="officer", event="accept", **more):
    me = world.as_(by)
    grant = me.get(f"/cases/{case}").json["named_authority"]["access_id"]
    path = f"/cases/{case}/access/{grant}/transitions"
    return me.post(path, {"event": event, **more}, If_Match=f'"{me.get(path).json["etag"]}"')


def responsible(world, case, home, by="investigator", officer="officer"):
    """Make an office responsible for a case: it is named and accepts."""
    assert name(world, case, home, by).status_code == 200
    taken = answer(world, case, officer)
    assert (taken.status_code, taken.json["state"]) == (200, "given"), taken.json
    return case
