"""Recording facts of cases in tests."""

SAID = {
    "kind": "payment",
    "at": "2026-03-05T14:20+01:00",
    "until": "2026-03-05T15:00",
    "zone": "Europe/Paris",
    "country": "FR",
    "place": {"name": "Gare du Nord", "latitude": 48.8809, "longitude": 2.3553},
    "text": "He paid for the access.",
    "source": "statement of the bank",
    "basis": "assessment",
    "confidence": "medium",
    "source_grading": "B",
    "information_grading": "2",
    "handling_code": "H1",
}


def made(answer, status=201):
    assert answer.status_code == status, answer.json
    return answer.json


def record(world, who, case, *facts, status=201):
    """Record facts, and return them as they are shown, or the problem."""
    answer = made(world.as_(who).post(f"/cases/{case}/facts", {"facts": list(facts)}), status)
    return answer["facts"] if status == 201 else answer


def facts(world, who, case, query=""):
    return made(world.as_(who).get(f"/cases/{case}/facts{query}"), 200)["items"]


def read(world, who, fact, status=200):
    return made(world.as_(who).get(f"/cases/{fact['case_id']}/facts/{fact['id']}"), status)


def correct(world, who, fact, status=200, **change):
    at = f"/cases/{fact['case_id']}/facts/{fact['id']}"
    tag = world.as_(who).get(at).headers.get("ETag", '"v1"')
    return made(world.as_(who).patch(at, change, If_Match=tag), status)


def withdraw(world, who, fact, status=200, reason="inaccurate"):
    at = f"/cases/{fact['case_id']}/facts/{fact['id']}/transitions"
    version = read(world, who, fact)["etag"]
    return made(world.as_(who).post(at, {"event": "withdraw", "reason": reason}, If_Match=f'"{version}"'), status)


def history(world, who, fact):
    return made(world.as_(who).get(f"/cases/{fact['case_id']}/facts/{fact['id']}/history"), 200)["items"]


def relabel(world, who, case, subject, category):
    """Change the category of a subject."""
    at = f"/cases/{case}/subjects/{subject}"
    tag = world.as_(who).get(at).headers["ETag"]
    made(world.as_(who).patch(at, {"category": category}, If_Match=tag), 200)


def events(world, who, case):
    """The names of the events about facts of a case, with the ids of the facts."""
    items = made(world.as_(who).get(f"/events?case_id={case}&limit=200"), 200)["items"]
    return [(one["action"], one["object_id"]) for one in items if one["object_type"] == "fact"]
