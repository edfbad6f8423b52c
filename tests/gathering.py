"""Short ways to meet in tests: the Dutch ask their desk to host, the French, the Romanians and Europol come."""

from datetime import timedelta

PLANNED = {
    "level": "III",
    "title": "Heron: who goes first",
    "agenda": "Exchange of information; a common day",
    "legal_issues": "Ne bis in idem",
    "confidentiality": "Not before the day of action",
    "mode": "hybrid",
    "place": "The Hague, room Owl",
    "time_zone": "Europe/Amsterdam",
    "interpretation": ["en", "fr", "es", "pt", "ro"],
}


def guest(world, who, function):
    return {"authority_id": str(world.authorities[who]), "function": function, "persons": [{"name": f"W. Wren of {who}"}]}


def overlap(world):
    """A Dutch and a Romanian case that share an identifier."""
    other = world.case("romanian")
    world.hold("romanian", other, "heron@example.org")
    case = world.case("prosecutor")
    world.hold("prosecutor", case, "heron@example.org")
    return case, other, world.overlaps("prosecutor", case)[0]["id"]


def proposed(world, by="prosecutor", origin=None, guests=("fr", "ro", "europol"), **more):
    """A meeting that was proposed from an overlap, with everybody invited."""
    kind, origin_id = origin or ("overlap", overlap(world)[2])
    functions = {"fr": "prosecutor", "ro": "prosecutor", "europol": "organisation", "desk_fr": "desk"}
    invited = [guest(world, who, functions[who]) for who in guests]
    body = {**PLANNED, "origin_type": kind, "origin_id": origin_id, "participants": invited, **more}
    made = world.as_(by).post("/meetings", body)
    assert made.status_code == 201, made.json
    return made.json["id"]


def read(world, who, meeting):
    found = world.as_(who).get(f"/meetings/{meeting}")
    assert found.status_code == 200, found.json
    return found.json


def step(world, who, meeting, event, **more):
    """Take a step; gives the response."""
    tag = f'"{read(world, who, meeting)["etag"]}"'
    return world.as_(who).post(f"/meetings/{meeting}/transitions", {"event": event, **more}, If_Match=tag)


def hours(world, first, last):
    """A time so many hours from now."""
    return {name: (world.clock() + timedelta(hours=n)).isoformat() for name, n in (("starts_at", first), ("ends_at", last))}


def place(world, who, meeting, authority):
    """An authority's place at a meeting, as somebody sees it."""
    there = world.as_(who).get(f"/meetings/{meeting}/participants").json["items"]
    return next(p for p in there if p["authority"]["id"] == str(world.authorities[authority]))


def answer(world, who, meeting, authority, event="accept", **more):
    """Answer an invitation, or take somebody off the list."""
    seat = place(world, who, meeting, authority)
    path = f"/meetings/{meeting}/participants/{seat['id']}/transitions"
    return world.as_(who).post(path, {"event": event, **more}, If_Match=f'"{seat["etag"]}"')


def scheduled(world, meeting=None, first=24, last=27, **more):
    """A meeting with a time, to which everybody comes."""
    meeting = meeting or proposed(world, **more)
    for who, authority in (("prosecutor_fr", "fr"), ("prosecutor_ro", "ro"), ("europol", "europol")):
        assert answer(world, who, meeting, authority).status_code == 200
    assert step(world, "desk", meeting, "schedule", **hours(world, first, last)).status_code == 200
    return meeting


def held(world, **more):
    """A meeting that was held; the clock stands after it."""
    meeting = scheduled(world, **more)
    world.clock.forward(hours=28)
    assert step(world, "desk", meeting, "hold").status_code == 200
    return meeting


def minuted(world, meeting, text="All agreed on one day."):
    """Write the minutes."""
    tag = f'"{read(world, "desk", meeting)["etag"]}"'
    return world.as_("desk").post(f"/meetings/{meeting}/minutes", {"text": text}, If_Match=tag)


def agree(world, who, meeting):
    """Agree to the minutes."""
    return step(world, who, meeting, "agree")
