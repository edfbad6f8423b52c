"""Teams for tests: proposed, drafted, signed one by one, over HTTP."""

from datetime import timedelta
from uuid import uuid4

from world import PEOPLE

SIGNERS = {"nl": "prosecutor", "fr": "prosecutor_fr", "ro": "prosecutor_ro"}
CLAUSES = {
    "disclosure": "As the law of each State has it.",
    "media": "Nothing is told alone.",
    "use_of_information": "Art. 13(10).",
}
TERMS = {
    "legal_basis": "eu2000_art13",
    "operation_name": "Heron",
    "states_of_operation": ["NL", "FR"],
    "working_language": "en",
    "purpose": "To find who streams from the reed beds.",
    "facts": "Streams since May.",
    "clauses": CLAUSES,
    "appendices": [{"title": "Operational action plan"}],
}
TEXTS = {
    "en": "Three States worked together against abuse on the internet. Several persons were brought before the courts.",
    "fr": "Trois États ont coopéré contre les abus sur internet. Plusieurs personnes ont été présentées à la justice.",
    "es": "Tres Estados cooperaron contra los abusos en internet. Varias personas comparecieron ante la justicia.",
    "pt": "Três Estados cooperaram contra os abusos na internet. Várias pessoas foram presentes à justiça.",
}
STATEMENT = {"texts": TEXTS, "victims_checked": True, "no_ongoing_trial": True}


def days(world, number):
    return (world.clock() + timedelta(days=number)).isoformat()


def proposed(world, *states, by="prosecutor", cases=(), **more):
    """A team that the Dutch propose; each State has its leader."""
    me = world.as_(by)
    others = [{"authority_id": str(world.authorities[state])} for state in states or ("fr",)]
    body = {"reference": uuid4().hex, "until": days(world, 365), **TERMS, "leader": {"office": "Head of the Dutch team"}}
    shared = [{"case_id": case, "level": "read"} for case in cases]
    made = me.post("/jits", {**body, "parties": others, "cases": shared, **more})
    assert made.status_code == 201, made.json
    jit = made.json["id"]
    for state in states or ("fr",):
        named = lead(world, SIGNERS[state], jit, f"Head of the team of {state}")
        assert named.status_code == 200, named.json
    return jit


def with_space(world):
    """The clauses, with a space that the Dutch administer: a team with a third State needs it."""
    return {**CLAUSES, "platform": {"space_administrator": str(world.authorities["nl"]), "controller": "The Dutch prosecution"}}


MEMBERS = {"nl": ("prosecutor", "investigator"), "fr": ("prosecutor_fr", "foreign"), "ro": ("prosecutor_ro", "romanian")}


def member(world, jit, person, **more):
    """A person enters the team, by the prosecutor of its State."""
    by = SIGNERS[PEOPLE[person][0]]
    body = {"security_id": person, "position": "Detective", "principal_id": str(world.people[person]), **more}
    return world.as_(by).post(f"/jits/{jit}/members", body)


def enter(world, jit, *states):
    """The people of these States who work in the team."""
    for state in states:
        for person in MEMBERS.get(state, ()):
            assert member(world, jit, person).status_code == 201


def lead(world, who, jit, office):
    me = world.as_(who)
    own = world.app and next(p for p in parties(world, who, jit) if p["authority_id"] == authority_of(world, who))
    path = f"/jits/{jit}/parties/{own['id']}/transitions"
    return me.post(path, {"event": "lead", "leader": {"office": office}}, If_Match=f'"{own["etag"]}"')


def authority_of(world, who):
    return str(world.authorities[next(state for state, name in SIGNERS.items() if name == who)])


def parties(world, who, jit):
    return [p for p in items(world, who, f"/jits/{jit}/parties") if p["state"] == "party"]


def items(world, who, path):
    found = world.as_(who).get(path)
    assert found.status_code == 200, found.json
    return found.json["items"]


def read(world, who, jit):
    found = world.as_(who).get(f"/jits/{jit}")
    assert found.status_code == 200, found.json
    return found.json


def step(world, who, jit, event, **more):
    tag = f'"{read(world, who, jit)["etag"]}"'
    return world.as_(who).post(f"/jits/{jit}/transitions", {"event": event, **more}, If_Match=tag)


def walk(world, jit, *steps):
    for who, event, *body in steps:
        taken = step(world, who, jit, event, **(body[0] if body else {}))
        assert taken.status_code == 200, (event, taken.json)
    return taken.json


def sign(world, who, jit, digest=None, **more):
    body = {"text_sha256": digest or read(world, who, jit)["text_sha256"], **more}
    return world.as_(who).post(f"/jits/{jit}/signatures", body)


def to_sign(world, *states, **more):
    """A team whose text is settled."""
    jit = proposed(world, *states, **more)
    enter(world, jit, "nl", *(states or ("fr",)))
    walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    return jit


def active(world, *states, **more):
    """A team that all have signed."""
    jit = to_sign(world, *states, **more)
    for who in ("prosecutor", *(SIGNERS[state] for state in states or ("fr",))):
        signed = sign(world, who, jit)
        assert signed.status_code == 201, signed.json
    return jit


def amend(world, jit, by="prosecutor", **body):
    made = world.as_(by).post(f"/jits/{jit}/amendments", body)
    assert made.status_code == 201, made.json
    return made.json


def sign_amendment(world, who, jit, amendment, **more):
    path = f"/jits/{jit}/amendments/{amendment['id']}/signatures"
    return world.as_(who).post(path, {"text_sha256": amendment["text_sha256"], **more})


def closed(world, *states, **more):
    """A team that reached its goal, was evaluated, and is closed."""
    jit = active(world, *states, **more)
    ended = step(world, "prosecutor", jit, "end", end_reason="goal", reason="The streams have stopped.")
    assert ended.status_code == 200, ended.json
    walk(world, jit, ("prosecutor", "evaluate"))
    for who in ("prosecutor", *(SIGNERS[state] for state in states or ("fr",))):
        assert world.as_(who).post(f"/jits/{jit}/evaluations", {"outcome": "Good."}).status_code == 201
    assert world.as_("prosecutor").post(f"/jits/{jit}/evaluations", {"outcome": "Good.", "joint": True}).status_code == 201
    walk(world, jit, ("prosecutor", "close"))
    return jit


def state(world, jit, **more):
    return world.as_("prosecutor").post(f"/jits/{jit}/public-statement", {**STATEMENT, **more})


def approve(world, who, jit, **more):
    digest = world.as_(who).get(f"/jits/{jit}/public-statement").json["text_sha256"]
    return world.as_(who).post(f"/jits/{jit}/public-statement/approvals", {"text_sha256": digest, **more})


def published(world, *states, **more):
    """A team that anybody may read of; gives its id and that of the public page."""
    jit = closed(world, *states, **more)
    assert state(world, jit, names_operation=True).status_code == 201
    for who in ("prosecutor", *(SIGNERS[name] for name in states or ("fr",))):
        assert approve(world, who, jit).status_code == 201
    return jit, world.as_("anonymous").get("/public/jits").json["items"][0]["id"]
