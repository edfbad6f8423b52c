"""Short ways to ask for assistance in tests, and what a complete request says."""

OFFICE = {"office": "Team Heron", "phone": "+31 20 555 0100", "email": "heron@police.example", "time_zone": "Europe/Amsterdam"}
CONTENT = {
    "title": "Live-streamed abuse",
    "offences": [{"national_article": "240b Sr", "label": "Sexual abuse material", "category": "ocsea", "max_penalty_years": 8}],
    "facts": "An account named heron streamed abuse of a child for payment.",
    "link": "The account was paid through the mailbox whose data are asked for.",
    "necessity": "There is no other way to learn who used the mailbox.",
    "proportionality": "One mailbox, two weeks, an offence of eight years.",
    "proceedings": "criminal",
    "contact": OFFICE,
    "certification": {"name": "A. Wren", "post": "Prosecutor", "signature_type": "qualified"},
    "authorisation": {"authority": "Examining judge", "date": "2026-11-20", "reference": "RC 26/441"},
    "preservation": {"custodian": "the provider of the mailbox", "intends_mla": True, "mla_expected_on": "2027-01-15"},
    "order": {"addressee": "designated_establishment"},
    "urgency_reasons": "The streams go on.",
    "information": "The mailbox was used from your country.",
}
MAILBOX = {"kind": "email", "value": "heron@example.org"}
WINDOW = {"since": "2026-10-01T00:00:00+02:00", "until": "2026-10-14T00:00:00+02:00"}
SUBSCRIBER = {"code": "subscriber", "identifiers": [MAILBOX], "data_categories": ["subscriber"]}
TRAFFIC = {"code": "traffic", "identifiers": [MAILBOX], "data_categories": ["traffic"], **WINDOW}
CONTENT_DATA = {"code": "content", "identifiers": [MAILBOX], "data_categories": ["content"], **WINDOW}
WARRANT = {
    "persons": [{"ref": "P1", "role": "suspect", "name": "The Heron"}],
    "warrant": {"decision": "arrest_warrant", "decision_reference": "26/441"},
}
SENT = {"channel": "direct_judicial", "security": "end_to_end_encrypted", "receipt": "R-1"}


def draft(world, by="prosecutor", kind="eio", to="fr", **more):
    """Begin a complete request."""
    body = {
        "reference": more.pop("reference", f"{kind}-1"),
        "kind": kind,
        "instrument": more.pop("instrument", {"preservation": "budapest", "epoc": "e_evidence"}.get(kind, "eio")),
        "executing_authority": str(world.authorities[to]) if to else None,
        "language": "en",
        "content": {**CONTENT, **(WARRANT if kind == "eaw" else {}), **more.pop("content", {})},
        "measures": more.pop("measures", [TRAFFIC]),
        **more,
    }
    made = world.as_(by).post("/mla-requests", body)
    assert made.status_code == 201, made.json
    return made.json["id"]


def read(world, who, request):
    """A request as somebody sees it."""
    found = world.as_(who).get(f"/mla-requests/{request}")
    assert found.status_code == 200, found.json
    return found.json


def step(world, who, request, event, **more):
    """Take a step; gives the response."""
    tag = f'"{read(world, who, request)["etag"]}"'
    return world.as_(who).post(f"/mla-requests/{request}/transitions", {"event": event, **more}, If_Match=tag)


def walk(world, request, *steps):
    """Take steps that must succeed: (who, event) or (who, event, body)."""
    for who, event, *body in steps:
        taken = step(world, who, request, event, **(body[0] if body else {}))
        assert taken.status_code == 200, (event, taken.json)
    return taken.json


def sent(world, by="prosecutor", kind="eio", to="fr", **more):
    """A request that is on its way."""
    request = draft(world, by, kind, to, **more)
    walk(world, request, (by, "ready"), (by, "transmit", {"transmission": SENT}))
    return request


def recognised(world, **more):
    """A request that the French prosecutor has recognised."""
    request = sent(world, **more)
    walk(world, request, *((("prosecutor_fr", event)) for event in ("receive", "acknowledge", "recognise")))
    return request


def act(world, who, request, number, event, **more):
    """Take a step with one measure of a request."""
    me = world.as_(who)
    measure = read(world, who, request)["measures"][number]
    path = f"/mla-requests/{request}/measures/{measure['id']}/transitions"
    return me.post(path, {"event": event, **more}, If_Match=f'"{measure["etag"]}"')


def clocks(world, who, request):
    """The deadlines of a request: rule, due to the minute in UTC, state."""
    found = world.as_(who).get(f"/mla-requests/{request}/deadlines")
    assert found.status_code == 200, found.json
    return {d["rule"]: (d["due_at"][:16], d["state"]) for d in found.json["items"]}


def times(world, who, request):
    """The times of a request that somebody sees."""
    found = world.as_(who).get(f"/mla-requests/{request}/times")
    assert found.status_code == 200, found.json
    return found.json["items"]


def faults(answer):
    """Where the input of a refused request is at fault, and by which rule."""
    assert answer.status_code == 422, answer.json
    return [(fault["pointer"], fault["rule"]) for fault in answer.json["errors"]]
