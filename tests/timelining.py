"""Short ways to record facts and to read timelines in tests."""

from urllib.parse import urlencode


def fact(world, by, case, at=None, kind="sighting", **more):
    """Record a fact; gives its id."""
    made = world.as_(by).post(f"/cases/{case}/facts", {"facts": [{"kind": kind, **({"at": at} if at else {}), **more}]})
    assert made.status_code == 201, made.json
    return made.json["facts"][0]["id"]


def asked(world, who, path, **wanted):
    """An answer to a question about timelines. Filters that are lists are repeated."""
    query = urlencode(wanted, doseq=True)
    return world.as_(who).get(f"{path}?{query}")


def line(world, who, case, **wanted):
    """The page of the timeline of a case."""
    answer = asked(world, who, f"/cases/{case}/timeline", **wanted)
    assert answer.status_code == 200, answer.json
    return answer.json


def merged(world, who, **wanted):
    """The page of a merged timeline."""
    answer = asked(world, who, "/timelines", **wanted)
    assert answer.status_code == 200, answer.json
    return answer.json


def whole(read, *args, **wanted):
    """All entries, read in pages of this size by their cursors."""
    entries, cursor = [], {}
    while True:
        page = read(*args, **wanted, **cursor)
        entries += page["items"]
        if page["next"] is None:
            return entries
        cursor = {"cursor": page["next"]}
