"""What a State signed that has nobody here is recorded by another party, so that the team can begin without it at the keyboard."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from teaming import amend, approve, items, parties, proposed, read, sign, sign_amendment, state, step, walk, with_space

from coopapi.auth.authentication import actor_of
from coopapi.ops import administration

HOW = {"at": "2026-11-01T10:00:00Z", "channel": "post", "proof": "letter 7/2026"}


def absent(world, name, country):
    """A prosecution office that has nobody here."""
    database = world.app.extensions["coopapi"].database
    return str(administration.add_authority(database, {"name": name, "type": "public_prosecutor", "country": country}))


@pytest.fixture
def swiss(world):
    return absent(world, "Federal prosecution office", "CH")


def joins(world, authority, country):
    """Somebody acts for the authority from now on."""
    person = {
        "name": country,
        "issuer": "https://issuer.test",
        "subject": country,
        "roles": ["prosecutor"],
        "victim_cleared": False,
    }
    administration.add_person(world.app.extensions["coopapi"].database, UUID(authority), person)
    return country


def party(world, jit, authority):
    return next(p for p in parties(world, "prosecutor", jit) if p["authority_id"] == authority)


def lead(world, who, jit, authority, leader):
    own = party(world, jit, authority)
    path = f"/jits/{jit}/parties/{own['id']}/transitions"
    return world.as_(who).post(path, {"event": "lead", "leader": leader}, If_Match=f'"{own["etag"]}"')


def drafted(world, swiss):
    """A team of the Dutch, the French and the Swiss, who have nobody here to name their leader."""
    jit = proposed(world, legal_basis="ets182_art20", clauses=with_space(world))
    assert world.as_("prosecutor").post(f"/jits/{jit}/parties", {"authority_id": swiss}).status_code == 201
    return jit


def to_sign(world, swiss):
    jit = drafted(world, swiss)
    assert lead(world, "prosecutor_fr", jit, swiss, {"office": "Federal prosecutor"}).status_code == 200
    walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    return jit


def active(world, swiss):
    jit = to_sign(world, swiss)
    for who, more in (("prosecutor", {}), ("prosecutor_fr", {}), ("prosecutor", {"recorded": {**HOW, "authority_id": swiss}})):
        signed = sign(world, who, jit, **more)
        assert signed.status_code == 201, signed.json
    return jit


def wrong(answer):
    """The status, and the first wrong field or else the kind of the problem."""
    (first, *_) = [*answer.json.get("errors", ()), {"pointer": answer.json["type"]}]
    return answer.status_code, first["pointer"]


def test_a_team_is_active_with_the_signature_that_was_recorded_for_a_state(world, swiss):
    jit = world.once(to_sign, swiss)
    assert sign(world, "prosecutor", jit).status_code == 201
    assert sign(world, "prosecutor_fr", jit).status_code == 201
    before = read(world, "prosecutor", jit)["state"]
    made = sign(world, "prosecutor", jit, recorded={**HOW, "authority_id": swiss})

    assert (made.status_code, before, read(world, "prosecutor_fr", jit)["state"]) == (201, "signature_pending", "active")
    assert (made.json["authority_id"], made.json["principal_id"]) == (swiss, str(world.people["prosecutor"]))
    shown = made.json["recorded"]
    assert shown == {"authority_id": swiss, "at": shown["at"], "channel": "post", "proof": "letter 7/2026"}
    assert [s["recorded"] for s in items(world, "prosecutor_fr", f"/jits/{jit}/signatures")] == [None, None, shown]
    assert {p["country"]: p["recorded"] for p in parties(world, "prosecutor_fr", jit)} == {"NL": None, "FR": None, "CH": shown}


def test_the_journal_says_that_a_signature_was_recorded(world, swiss):
    jit = world.once(active, swiss)
    told = [
        e["detail"]
        for e in items(world, "prosecutor_fr", "/events?limit=200")
        if e["action"] == "jit.signed" and e["object_id"] == jit
    ]
    assert sorted((detail["signed"], detail["recorded"]) for detail in told) == [(1, False), (2, False), (3, True)]


def test_how_it_is_known_is_sealed(world, swiss, owner):
    active(world, swiss)
    with owner.cursor() as cursor:
        cursor.execute("select recorded from jit_signatures where recorded is not null")
        ((sealed,),) = cursor.fetchall()
    assert b"letter" not in bytes(sealed)


def test_what_is_recorded_is_what_a_party_did_that_has_nobody_here(world, swiss):
    jit = world.once(to_sign, swiss)
    later = (world.clock() + timedelta(hours=1)).isoformat()
    stranger = absent(world, "Prosecution authority", "NO")

    def recorded(**more):
        return wrong(sign(world, "prosecutor", jit, recorded={**HOW, "authority_id": swiss, **more}))

    assert recorded(authority_id=str(world.authorities["fr"])) == (403, "/problems/speaks-for-itself")
    assert recorded(authority_id=stranger) == (422, "/recorded/authority_id")
    assert recorded(authority_id=str(world.authorities["nl"])) == (422, "/recorded")
    assert recorded(at=later) == (422, "/recorded/at")
    assert wrong(sign(world, "prosecutor", jit, recorded=HOW)) == (422, "/recorded/authority_id")
    assert recorded(channel="x") == (422, "/recorded/channel")
    assert items(world, "prosecutor", f"/jits/{jit}/signatures") == []


def test_a_signature_is_recorded_once_under_the_text_by_whoever_may_sign(world, swiss):
    jit = world.once(to_sign, swiss)
    for_swiss = {**HOW, "authority_id": swiss}
    for who in ("investigator", "system"):
        assert sign(world, who, jit, recorded=for_swiss).status_code == 403
    assert sign(world, "prosecutor_ro", jit, "0" * 64, recorded=for_swiss).status_code == 404
    assert sign(world, "prosecutor", jit, "0" * 64, recorded=for_swiss).json["type"] == "/problems/another-text"
    assert sign(world, "prosecutor", jit, recorded=for_swiss).status_code == 201
    assert sign(world, "prosecutor_fr", jit, recorded=for_swiss).json["type"] == "/problems/already-signed"
    assert read(world, "prosecutor", jit)["signed_by"] == [swiss]


def test_a_text_that_changed_is_signed_and_recorded_anew(world, swiss):
    jit = world.once(to_sign, swiss)
    assert sign(world, "prosecutor", jit, recorded={**HOW, "authority_id": swiss}).status_code == 201
    walk(world, jit, ("prosecutor_fr", "reopen", {"reason": "R"}), ("prosecutor_fr", "request_signatures"))
    assert party(world, jit, swiss)["recorded"] is None
    assert sign(world, "prosecutor_fr", jit, recorded={**HOW, "authority_id": swiss}).status_code == 201


def test_who_has_somebody_here_signs_for_itself(world, swiss):
    jit = world.once(to_sign, swiss)
    somebody = joins(world, swiss, "CH")
    refused = sign(world, "prosecutor", jit, recorded={**HOW, "authority_id": swiss})
    assert wrong(refused) == (403, "/problems/speaks-for-itself")
    assert sign(world, somebody, jit).status_code == 201


def test_the_leader_of_a_state_that_has_nobody_here_is_named_by_office(world, swiss):
    jit = drafted(world, swiss)
    person = {"principal_id": str(world.people["prosecutor"])}
    assert wrong(lead(world, "prosecutor", jit, swiss, person)) == (422, "/leader/principal_id")
    named = lead(world, "prosecutor_fr", jit, swiss, {"office": "Federal prosecutor"})
    assert (named.status_code, named.json["leader"]["office"]) == (200, "Federal prosecutor")

    def allowed():
        found = world.as_("prosecutor").get(f"/jits/{jit}/parties/{named.json['id']}/transitions")
        return [move["event"] for move in found.json["allowed"]]

    before = allowed()
    somebody = joins(world, swiss, "CH")
    assert (before, allowed()) == (["lead", "remove"], ["remove"])
    assert lead(world, "prosecutor", jit, swiss, {"office": "Another"}).json["type"] == "/problems/not-a-party"
    assert lead(world, somebody, jit, swiss, {"office": "Another"}).status_code == 200


def test_a_state_that_has_nobody_here_joins_with_its_signature_recorded(world, swiss):
    jit = world.once(active, swiss)
    norwegian = absent(world, "Prosecution authority", "NO")
    leader = {"office": "Director of public prosecutions"}
    amendment = amend(world, jit, change="join", authority_id=norwegian, leader=leader)
    other = amend(world, jit, change="purpose", purpose="Another.")
    for_norwegian = {"recorded": {**HOW, "authority_id": norwegian}}
    assert wrong(sign_amendment(world, "prosecutor", jit, other, **for_norwegian)) == (422, "/recorded/authority_id")

    assert sign_amendment(world, "prosecutor", jit, amendment).status_code == 201
    assert sign_amendment(world, "prosecutor_fr", jit, amendment).status_code == 201
    assert sign_amendment(world, "prosecutor_fr", jit, amendment, **for_norwegian).status_code == 201
    assert sorted(read(world, "prosecutor", jit)["countries"]) == ["CH", "FR", "NL"]
    assert sign_amendment(world, "prosecutor", jit, amendment, recorded={**HOW, "authority_id": swiss}).status_code == 201
    assert sorted(read(world, "prosecutor", jit)["countries"]) == ["CH", "FR", "NL", "NO"]
    told = [e["detail"] for e in items(world, "prosecutor", "/events?limit=200") if e["action"] == "jit.amendment_signed"]
    assert sorted(detail["recorded"] for detail in told) == [False, False, True, True]


def test_who_is_still_to_join_records_nothing_for_a_party(world, swiss):
    jit = world.once(active, swiss)
    joining = {"change": "join", "authority_id": str(world.authorities["ro"]), "leader": {"office": "Head"}}
    amendment = amend(world, jit, **joining)
    refused = sign_amendment(world, "prosecutor_ro", jit, amendment, recorded={**HOW, "authority_id": swiss})
    assert wrong(refused) == (403, "/problems/not-a-party")
    assert sign_amendment(world, "prosecutor_ro", jit, amendment).status_code == 201


def test_the_refusal_of_a_state_that_has_nobody_here_is_recorded(world, swiss):
    jit = world.once(active, swiss)
    amendment = amend(world, jit, change="purpose", purpose="Another.")
    path = f"/jits/{jit}/amendments/{amendment['id']}/transitions"

    def take(who, event, **recorded):
        body = {"event": event, "reason": "Not lawful there.", **({"recorded": {**HOW, **recorded}} if recorded else {})}
        return world.as_(who).post(path, body, If_Match=f'"{amendment["etag"]}"')

    assert wrong(take("prosecutor", "refuse", authority_id=str(world.authorities["fr"]))) == (403, "/problems/speaks-for-itself")
    assert wrong(take("prosecutor", "withdraw", authority_id=swiss)) == (422, "/recorded")
    assert take("prosecutor_ro", "refuse", authority_id=swiss).status_code == 404
    refused = take("prosecutor_fr", "refuse", authority_id=swiss)
    assert (refused.status_code, refused.json["state"]) == (200, "refused")
    (shown,) = items(world, "prosecutor", f"/jits/{jit}/amendments")
    assert (shown["recorded"]["authority_id"], shown["recorded"]["proof"]) == (swiss, "letter 7/2026")


def test_the_answers_of_a_state_that_has_nobody_here_let_all_evaluate_together(world, swiss):
    jit = world.once(active, swiss)
    assert step(world, "prosecutor", jit, "end", end_reason="goal", reason="R").status_code == 200
    walk(world, jit, ("prosecutor", "evaluate"))
    for_swiss = {"recorded": {**HOW, "authority_id": swiss}}

    def answer(who, **more):
        return world.as_(who).post(f"/jits/{jit}/evaluations", {"outcome": "Two arrests.", **more})

    assert answer("prosecutor").status_code == answer("prosecutor_fr").status_code == 201
    assert answer("prosecutor", joint=True).json["waiting"] == ["CH"]
    assert wrong(answer("prosecutor", joint=True, **for_swiss)) == (422, "/recorded")
    assert wrong(answer("prosecutor", recorded={**HOW, "authority_id": str(world.authorities["fr"])}))[0] == 403
    assert [answer(who, **for_swiss).status_code for who in ("prosecutor_fr", "prosecutor")] == [201, 201]
    assert answer("prosecutor", joint=True).status_code == 201
    by = {e["authority_id"]: e["recorded"] for e in items(world, "prosecutor", f"/jits/{jit}/evaluations")}
    assert {authority for authority, recorded in by.items() if recorded} == {swiss}
    walk(world, jit, ("prosecutor", "close"))


def test_what_was_recorded_gives_way_to_the_state_itself(world, swiss):
    jit = world.once(active, swiss)
    assert step(world, "prosecutor", jit, "end", end_reason="goal", reason="R").status_code == 200
    walk(world, jit, ("prosecutor", "evaluate"))
    path = f"/jits/{jit}/evaluations"
    first = {"outcome": "As told.", "recorded": {**HOW, "authority_id": swiss}}
    assert world.as_("prosecutor").post(path, first).status_code == 201
    somebody = joins(world, swiss, "CH")
    assert wrong(world.as_("prosecutor").post(path, first)) == (403, "/problems/speaks-for-itself")
    own = world.as_(somebody).post(path, {"outcome": "As we see it."})
    assert (own.status_code, own.json["recorded"], own.json["outcome"]) == (201, None, "As we see it.")


def test_the_approval_of_a_state_that_has_nobody_here_makes_the_statement_public(world, swiss):
    jit = world.once(active, swiss)
    assert step(world, "prosecutor", jit, "end", end_reason="goal", reason="R").status_code == 200
    walk(world, jit, ("prosecutor", "close", {"reason": "One State has nobody here to answer."}))
    assert state(world, jit).status_code == 201
    assert approve(world, "prosecutor", jit).status_code == 201
    assert approve(world, "prosecutor_fr", jit).status_code == 201
    french = {**HOW, "authority_id": str(world.authorities["fr"])}
    assert wrong(approve(world, "prosecutor", jit, recorded=french)) == (403, "/problems/speaks-for-itself")
    assert world.as_("anonymous").get("/public/jits").json["items"] == []

    assert approve(world, "prosecutor_fr", jit, recorded={**HOW, "authority_id": swiss}).status_code == 201
    assert [shown["countries"] for shown in world.as_("anonymous").get("/public/jits").json["items"]] == [["CH", "FR", "NL"]]


def test_the_database_itself_lets_nobody_sign_for_a_state_that_has_people(world, swiss, database):
    jit = world.once(to_sign, swiss)
    sql = """insert into jit_signatures values (gen_random_uuid(), 1, :jit, :jit, :authority, :me, repeat('0', 64), now(), null, {})"""

    def signed(authority, how):
        row = {"jit": jit, "authority": authority, "me": world.people["prosecutor"]}
        try:
            with database.work(lambda s: actor_of(s, "https://issuer.test", "prosecutor", None), uuid4().hex) as work:
                return work.session.execute(text(sql.format(how)), row).rowcount
        except DBAPIError as refused:
            return refused.orig.pgcode

    assert signed(world.authorities["fr"], "'x'") == "42501"
    assert signed(swiss, "null") == "42501"
    assert signed(swiss, "'x'") == 1
