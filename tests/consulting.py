"""Short ways to consult on jurisdiction in tests."""

from datetime import timedelta

FACTS = {"facts": "The same person, the same streams", "in_custody": True}
ROOT = "/jurisdiction-consultations"


def opened(world, by="prosecutor", contacted=("fr", "ro"), **more):
    reply_by = (world.clock() + timedelta(days=60)).isoformat()
    body = {**FACTS, "reply_by": reply_by, "contacted": [str(world.authorities[who]) for who in contacted], **more}
    made = world.as_(by).post(ROOT, body)
    assert made.status_code == 201, made.json
    return made.json["id"]


def read(world, who, consultation):
    found = world.as_(who).get(f"{ROOT}/{consultation}")
    assert found.status_code == 200, found.json
    return found.json


def step(world, who, consultation, event, **more):
    tag = f'"{read(world, who, consultation)["etag"]}"'
    return world.as_(who).post(f"{ROOT}/{consultation}/transitions", {"event": event, **more}, If_Match=tag)


def walk(world, consultation, *steps):
    for who, event, *body in steps:
        taken = step(world, who, consultation, event, **(body[0] if body else {}))
        assert taken.status_code == 200, (event, taken.json)
    return taken.json


def hold(world, who, consultation, position):
    return world.as_(who).post(f"{ROOT}/{consultation}/positions", {"position": position, "reasons": f"{who} says so"})


def consulting(world, **more):
    consultation = opened(world, **more)
    walk(world, consultation, ("prosecutor_fr", "reply"), ("prosecutor_ro", "reply"), ("prosecutor", "consult"))
    return consultation
