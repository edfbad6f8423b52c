"""From an overlap to the public statement, with a case of the police that its prosecution office brings into the team."""

import pytest
import teaming
from answering import office
from world import Caller

HERON = "heron@example.org"


@pytest.fixture
def calls(monkeypatch):
    """Every call that is sent, as method, path and status."""
    made, send = [], Caller.send

    def counted(self, method, path, json=None, **headers):
        answer = send(self, method, path, json, **headers)
        made.append((method, path, answer.status_code))
        return answer

    monkeypatch.setattr(Caller, "send", counted)
    return made


def done(answer, status=200):
    assert answer.status_code == status, answer.json
    return answer.json


def step(caller, path, body, tag):
    return done(caller.post(f"{path}/transitions", body, If_Match=f'"{tag}"'))


def responsible_case(police, prosecutor, home):
    """The police register a case and name the office, which accepts; gives the case and its identifier."""
    body = {"reference": "NL-2026-0117", "title": "Live-streamed abuse", "responsible_authority": home}
    case = done(police.post("/cases", body), 201)["id"]
    held = done(police.post(f"/cases/{case}/identifiers", {"identifiers": [{"kind": "email", "value": HERON}]}), 201)
    path = f"/cases/{case}/access/{done(prosecutor.get(f'/cases/{case}'))['named_authority']['access_id']}"
    step(prosecutor, path, {"event": "accept"}, done(prosecutor.get(f"{path}/transitions"))["etag"])
    return case, held["identifiers"][0]["id"]


def ask(french):
    """The French register the same value, verify the overlap and ask for a disclosure within eight hours."""
    case = done(french.post("/cases", {"reference": "FR-26-441", "title": "Payments to a ring"}), 201)["id"]
    done(french.post(f"/cases/{case}/identifiers", {"identifiers": [{"kind": "email", "value": HERON}]}), 201)
    (overlap,) = done(french.get("/overlaps"))["items"]
    path = f"/overlaps/{overlap['id']}"
    step(french, path, {"event": "take"}, done(french.get(f"{path}/transitions"))["etag"])
    body = {"purpose": "investigation", "offence": "ocsea", "items_asked": ["other_identifiers"], "urgency": "ongoing_child_abuse"}
    return case, done(french.post(f"{path}/disclosures", body), 201)["id"]


def team(world, dutch, french, case):
    """The office proposes a team with the case of the police in it, and both States sign."""
    parties = [{"authority_id": str(world.authorities["fr"])}]
    share = [{"case_id": case, "level": "read"}]
    leader = {"office": "Head of the Dutch team"}
    body = {"reference": "JIT-HERON", "until": teaming.days(world, 365), **teaming.TERMS, "leader": leader}
    jit = done(dutch.post("/jits", {**body, "parties": parties, "cases": share}), 201)
    path = f"/jits/{jit['id']}"
    (own,) = [p for p in done(french.get(f"{path}/parties"))["items"] if p["country"] == "FR"]
    leading = {"event": "lead", "leader": {"office": "Cyber Prosecution", "principal_id": str(world.people["prosecutor_fr"])}}
    step(french, f"{path}/parties/{own['id']}", leading, own["etag"])
    drafted = step(dutch, path, {"event": "draft"}, done(dutch.get(path))["etag"])
    text = step(dutch, path, {"event": "request_signatures"}, drafted["etag"])["text_sha256"]
    for signer in (dutch, french):
        done(signer.post(f"{path}/signatures", {"text_sha256": text}), 201)
    return path


def publish(dutch, french, path):
    """The team ends, is evaluated and closed, and both States approve its public statement."""
    ending = {"event": "end", "end_reason": "goal", "reason": "The streams have stopped."}
    ended = step(dutch, path, ending, done(dutch.get(path))["etag"])
    step(dutch, path, {"event": "evaluate"}, ended["etag"])
    for who in (dutch, french):
        done(who.post(f"{path}/evaluations", {"outcome": "Good."}), 201)
    done(dutch.post(f"{path}/evaluations", {"outcome": "Good.", "joint": True}), 201)
    step(dutch, path, {"event": "close"}, done(dutch.get(path))["etag"])
    text = done(dutch.post(f"{path}/public-statement", {**teaming.STATEMENT, "names_operation": True}), 201)["text_sha256"]
    for who in (dutch, french):
        done(who.post(f"{path}/public-statement/approvals", {"text_sha256": text}), 201)


def test_from_an_overlap_to_the_public_statement_with_a_case_of_the_police_in_the_team(world, calls):
    home = office(world)
    police, dutch, french = (world.as_(who) for who in ("investigator", "officer", "prosecutor_fr"))
    case, held = responsible_case(police, dutch, home)
    _, asked = ask(french)
    (waiting,) = done(dutch.get("/disclosures?side=owner&state=requested"))["items"]
    assert (waiting["id"], waiting["side"], waiting["urgency"]) == (asked, "owner", "ongoing_child_abuse")
    step(dutch, f"/disclosures/{asked}", {"event": "disclose", "items": [{"identifier_id": held}]}, waiting["etag"])
    assert done(french.get(f"/disclosures/{asked}"))["items"][0]["value"] == HERON

    path = team(world, dutch, french, case)
    assert done(french.get(f"/cases/{case}"))["title"] == "Live-streamed abuse"
    publish(dutch, french, path)
    assert french.get(f"/cases/{case}").status_code == 404
    (public,) = done(world.as_("anonymous").get("/public/jits"))["items"]
    assert public["operation_name"] == "Heron"
    assert len(calls) <= 50, len(calls)
