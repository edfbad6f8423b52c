"""Short ways to read durations in tests, and to take steps that have some."""

START = "2026-11-02T10:00:00+01:00"


def durations(world, who, case, query=""):
    found = world.as_(who).get(f"/cases/{case}/durations{query}")
    assert found.status_code == 200, found.json
    return found.json["items"]


def stages(world, who, case, type_):
    """The states of each thing of one type: state and hours."""
    return [[(one["state"], one["hours"]) for one in item["stages"]] for item in durations(world, who, case, f"?type={type_}")]


def waiting(world, who, case, query=""):
    found = world.as_(who).get(f"/cases/{case}/waiting{query}")
    assert found.status_code == 200, found.json
    return found.json


def whom(world, who, case):
    """On whom a case waits now: who, its country, the type of thing, the step that is awaited."""
    return [(one["who"], one["country"], one["type"], one["step"]) for one in waiting(world, who, case)["waiting"]]


def figures(world, who, query=""):
    found = world.as_(who).get(f"/statistics/durations{query}")
    assert found.status_code == 200, found.json
    return {(row["type"], row["kind"], row["state"]): row for row in found.json["rows"]}


def overlapping(world):
    """A Dutch and a French case that share an address; gives both and the overlap."""
    mine, theirs = world.case("prosecutor"), world.case("prosecutor_fr")
    world.hold("prosecutor", mine, "owl@example.org")
    world.hold("prosecutor_fr", theirs, "owl@example.org")
    return mine, theirs, world.overlaps("prosecutor", mine)[0]["id"]


def judge(world, who, overlap, event, **more):
    me = world.as_(who)
    tag = me.get(f"/overlaps/{overlap}/transitions").json["etag"]
    answer = me.post(f"/overlaps/{overlap}/transitions", {"event": event, **more}, If_Match=f'"{tag}"')
    assert answer.status_code == 200, answer.json


def ask(world, who, overlap):
    body = {"purpose": "investigation", "offence": "ocsea", "items_asked": ["names"]}
    made = world.as_(who).post(f"/overlaps/{overlap}/disclosures", body)
    assert made.status_code == 201, made.json
    return made.json["id"]


def answer(world, who, disclosure, event, **more):
    me = world.as_(who)
    tag = me.get(f"/disclosures/{disclosure}").json["etag"]
    taken = me.post(f"/disclosures/{disclosure}/transitions", {"event": event, **more}, If_Match=f'"{tag}"')
    assert taken.status_code == 200, taken.json
