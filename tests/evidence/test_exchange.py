"""What is exchanged in a team: to whom, verified first if a third State gives it, used for its purpose, and erased in time."""

from uuid import uuid4

import pytest
from exchanging import ASKED_FIRST, ITEM, NOW, give, given, received, see, take, told
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from teaming import CLAUSES, SIGNERS, active, amend, days, items, proposed, sign, sign_amendment, step, to_sign, walk, with_space

from coopapi.ops import administration


def test_each_receiver_accepts_for_itself_and_opens_the_words_to_nobody_else(world):
    jit = world.once(active, "fr", "ro")
    item = given(world, "prosecutor", jit, conditions=ASKED_FIRST)

    assert take(world, "prosecutor_fr", item, "accept").json["title"] == ITEM["title"]
    late = see(world, "prosecutor_ro", item).json
    assert (late["state"], late["title"]) == ("offered", None)
    assert take(world, "prosecutor_ro", item, "decline", reason="Our law knows no such condition.").json["state"] == "declined"

    assert see(world, "prosecutor_fr", item).json["state"] == "accepted"
    full = see(world, "prosecutor", item).json
    there = {r["authority_id"]: (r["state"], r["reason"]) for r in full["recipients"]}
    assert there[str(world.authorities["ro"])] == ("declined", "Our law knows no such condition.")
    assert full["state"] == "accepted"
    beside = {r["reason"] for r in see(world, "prosecutor_fr", item).json["recipients"]}
    assert beside == {None}

    again = world.as_("prosecutor").post(f"/evidence/{item}/recipients", {"authority_id": str(world.authorities["ro"])})
    assert (again.status_code, see(world, "prosecutor_ro", item).json["state"]) == (201, "offered")
    assert (see(world, "prosecutor_ro", item).json["reason"], see(world, "prosecutor_ro", item).json["decided_at"]) == (None, None)
    assert take(world, "prosecutor_ro", item, "accept").json["title"] == ITEM["title"]


def test_the_database_itself_lets_no_provider_accept_for_a_receiver(world):
    from coopapi.auth.authentication import actor_of

    given(world, "prosecutor", active(world), conditions=ASKED_FIRST)
    database = world.app.extensions["coopapi"].database
    with (
        pytest.raises(DBAPIError, match="row-level security"),
        database.work(lambda session: actor_of(session, "https://issuer.test", "prosecutor", None), "r") as work,
    ):
        work.session.execute(text("update evidence_recipients set state = 'accepted'"))


@pytest.mark.parametrize(("state", "found"), [("offered", "prosecutor_ro"), ("accepted", "prosecutor_fr")])
def test_a_list_by_state_goes_by_ones_own_answer(world, state, found):
    item = given(world, "prosecutor", world.once(active, "fr", "ro"), conditions=ASKED_FIRST)
    assert take(world, "prosecutor_fr", item, "accept").status_code == 200
    for who in ("prosecutor_fr", "prosecutor_ro"):
        listed = [e["id"] for e in items(world, who, f"/evidence?state={state}")]
        assert listed == ([item] if who == found else [])


def test_an_item_for_one_alone_is_not_there_for_the_others(world):
    jit = world.once(active, "fr", "ro")
    item = given(world, "prosecutor", jit, recipients=[str(world.authorities["fr"])])
    assert see(world, "prosecutor_fr", item).status_code == 200
    assert see(world, "prosecutor_ro", item).status_code == 404
    assert items(world, "prosecutor_ro", "/evidence") == []
    assert (told(world, "prosecutor_fr", item), told(world, "prosecutor_ro", item)) == (["evidence.given"], [])
    nobody = give(world, "prosecutor", jit, recipients=[str(world.authorities["us"])])
    assert (nobody.status_code, nobody.json["errors"][0]["pointer"]) == (422, "/recipients/0")


def test_a_state_gives_what_was_obtained_on_its_own_ground(world):
    jit = world.once(active)
    refused = give(world, "prosecutor", jit, source_country="FR")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/source_country")
    assert give(world, "prosecutor", jit, source_country="BR").status_code == 201


@pytest.fixture
def with_a_third_state(world):
    """A team of the Dutch, the French and the Americans; the Dutch run its space."""
    body = {"name": "US", "issuer": "https://issuer.test", "subject": "prosecutor_us", "roles": ["prosecutor"]}
    administration.add_person(world.app.extensions["coopapi"].database, world.authorities["us"], body)
    SIGNERS["us"] = "prosecutor_us"
    jit = active(world, "fr", "us", legal_basis="eu_us_art5", clauses=with_space(world))
    yield jit
    del SIGNERS["us"]


def test_what_a_third_state_gives_is_verified_before_others_see_it(world, with_a_third_state):
    item = world.once(given, "prosecutor_us", with_a_third_state, source_country="US")
    assert see(world, "prosecutor_us", item).json["state"] == "to_verify"
    assert see(world, "prosecutor_fr", item).status_code == 404
    assert items(world, "prosecutor_fr", "/evidence") == []
    assert told(world, "prosecutor_fr", item) == []
    assert world.as_("prosecutor_fr").get(f"/evidence/{item}/custody").status_code == 404
    waiting = see(world, "prosecutor", item).json
    assert (waiting["state"], waiting["side"], waiting["title"]) == ("to_verify", "verifier", ITEM["title"])
    assert take(world, "prosecutor_us", item, "verify").status_code == 403

    assert take(world, "prosecutor", item, "verify").status_code == 200

    assert see(world, "prosecutor_fr", item).json["title"] == ITEM["title"]
    assert told(world, "prosecutor_fr", item) == ["evidence.verify"]
    assert given(world, "prosecutor", with_a_third_state) in {e["id"] for e in items(world, "prosecutor_fr", "/evidence")}


def test_the_database_itself_hides_what_is_not_verified(world, owner, with_a_third_state):
    item = world.once(given, "prosecutor_us", with_a_third_state, source_country="US")
    assert counted(world, "prosecutor_fr") == (0, 0)
    assert counted(world, "prosecutor") == (1, 1)
    assert take(world, "prosecutor", item, "verify").status_code == 200
    assert counted(world, "prosecutor_fr") == (1, 1)


def counted(world, who):
    from coopapi.auth.authentication import actor_of

    database = world.app.extensions["coopapi"].database
    with database.work(lambda session: actor_of(session, "https://issuer.test", who, None), "r") as work:
        return tuple(work.session.scalar(text(f"select count(*) from {table}")) for table in ("evidence", "evidence_texts"))


def test_what_is_rejected_is_never_seen_and_its_provider_reads_why(world, with_a_third_state):
    item = world.once(given, "prosecutor_us", with_a_third_state, source_country="US")
    assert take(world, "prosecutor", item, "reject").status_code == 422
    assert take(world, "prosecutor", item, "reject", reason="More than the purpose needs.").json["state"] == "rejected"
    assert see(world, "prosecutor_us", item).json["reason"] == "More than the purpose needs."
    assert see(world, "prosecutor_fr", item).status_code == 404
    assert see(world, "prosecutor", item).json["title"] is None


def test_what_waits_goes_to_the_new_space_administrator(world, with_a_third_state):
    jit = with_a_third_state
    item = given(world, "prosecutor_us", jit, source_country="US")
    french = {"space_administrator": str(world.authorities["fr"]), "controller": "The French prosecution"}
    amendment = amend(world, jit, change="clause", clause="platform", platform=french)
    for who in ("prosecutor", "prosecutor_us"):
        assert sign_amendment(world, who, jit, amendment).status_code == 201
    assert (see(world, "prosecutor", item).status_code, see(world, "prosecutor_fr", item).status_code) == (200, 404)
    assert sign_amendment(world, "prosecutor_fr", jit, amendment).status_code == 201

    assert see(world, "prosecutor", item).status_code == 404
    waiting = see(world, "prosecutor_fr", item).json
    assert (waiting["state"], waiting["side"], waiting["title"]) == ("to_verify", "verifier", ITEM["title"])
    amended = next(e for e in items(world, "prosecutor_fr", "/events?limit=200") if e["action"] == "jit.amended")
    assert amended["detail"]["to_verify"] == 1
    assert take(world, "prosecutor_fr", item, "verify").status_code == 200
    assert see(world, "prosecutor", item).json["title"] == ITEM["title"]


def test_whoever_enters_an_item_for_an_absent_third_state_does_not_verify_it(world):
    absent = {"name": "Federal prosecution office", "type": "public_prosecutor", "country": "CH"}
    swiss = str(administration.add_authority(world.app.extensions["coopapi"].database, absent))
    there = [{"authority_id": swiss, "leader": {"office": "Head"}}, {"authority_id": str(world.authorities["fr"])}]
    jit = proposed(world, legal_basis="ets182_art20", parties=there, clauses=with_space(world))
    walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    recorded = {"at": NOW, "channel": "post", "proof": "letter 7/2026"}
    for who, more in (("prosecutor", {}), ("prosecutor_fr", {}), ("prosecutor", {"recorded": {**recorded, "authority_id": swiss}})):
        assert sign(world, who, jit, **more).status_code == 201
    item = given(world, "prosecutor_fr", jit, provider_id=swiss, recorded=recorded, source_country="CH")

    seen = see(world, "prosecutor_fr", item).json
    assert (seen["state"], seen["title"]) == ("to_verify", None)
    assert take(world, "prosecutor_fr", item, "verify").status_code == 403
    assert take(world, "prosecutor", item, "verify").status_code == 200
    assert see(world, "prosecutor_fr", item).json["title"] == ITEM["title"]


def test_a_space_administrator_that_does_not_exist_is_refused_by_field(world):
    nobody = {**CLAUSES, "platform": {"space_administrator": str(uuid4()), "controller": "C"}}
    body = {"reference": "R", "legal_basis": "eu2000_art13", "clauses": nobody}
    refused = world.as_("prosecutor").post("/jits", body)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/clauses/platform/space_administrator")


def test_with_a_third_state_there_is_no_signing_without_a_space_administrator(world):
    jit = proposed(
        world, "fr", legal_basis="eu_us_art5", parties=[{"authority_id": str(world.authorities[s])} for s in ("fr", "us")]
    )
    walk(world, jit, ("prosecutor", "draft"))
    refused = step(world, "prosecutor", jit, "request_signatures")
    assert "/clauses/platform/space_administrator" in {e["pointer"] for e in refused.json["errors"]}


def test_after_four_weeks_the_words_are_gone_and_the_facts_stay(world, owner):
    item = given(world, "prosecutor", world.once(active))
    world.clock.forward(days=27)
    assert see(world, "prosecutor_fr", item).json["title"] == ITEM["title"]
    world.clock.forward(days=1)

    for who in ("prosecutor", "prosecutor_fr"):
        seen = see(world, who, item).json
        assert (seen["title"], seen["open"], seen["obtained_under"]) == (None, False, ITEM["obtained_under"])
    assert administration.erase(world.app.extensions["coopapi"].database) == 1
    assert administration.erase(world.app.extensions["coopapi"].database) == 0
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from evidence_texts where evidence_id = %s", (item,))
        assert cursor.fetchone() == (0,)
    assert told(world, "prosecutor", item)[:1] == ["evidence.given"]
    assert "evidence.erased" in told(world, "prosecutor", item)


def test_once_all_have_received_it_the_words_are_gone_at_once(world):
    item = given(world, "prosecutor", world.once(active, "fr", "ro"))
    received(world, "prosecutor_fr", item)
    assert see(world, "prosecutor_ro", item).json["title"] == ITEM["title"]
    received(world, "prosecutor_ro", item)
    world.clock.forward(seconds=1)
    assert {see(world, who, item).json["title"] for who in SIGNERS.values()} == {None}
    assert all(r["received_at"] for r in see(world, "prosecutor", item).json["recipients"])


def test_whoever_declines_keeps_nobody_waiting(world):
    item = given(world, "prosecutor", world.once(active, "fr", "ro"), conditions=ASKED_FIRST)
    assert take(world, "prosecutor_fr", item, "accept").status_code == 200
    received(world, "prosecutor_fr", item)
    assert see(world, "prosecutor_fr", item).json["title"] == ITEM["title"]
    assert take(world, "prosecutor_ro", item, "decline", reason="No.").status_code == 200
    assert {see(world, who, item).json["title"] for who in ("prosecutor", "prosecutor_fr")} == {None}


def test_nobody_erases_but_the_operator(world):
    from coopapi.auth.authentication import actor_of

    given(world, "prosecutor", active(world))
    world.clock.forward(days=28)
    database = world.app.extensions["coopapi"].database
    with (
        pytest.raises(Exception, match="operator"),
        database.work(lambda session: actor_of(session, "https://issuer.test", "prosecutor", None), "r") as work,
    ):
        work.session.execute(text("select priv.erase_operational()"))


def use(world, who, item, case, **more):
    body = {"case_id": case, "purpose": "prosecution", "use_as": "evidence", **more}
    return world.as_(who).post(f"/evidence/{item}/uses", body)


def test_outside_the_purpose_of_the_team_the_state_where_it_was_obtained_is_asked(world):
    """Convention of 29 May 2000, Art. 13(10)."""
    jit = world.once(active)
    within, outside = world.case("prosecutor_fr"), world.case("prosecutor_fr")
    assert world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", {"case_id": within}).status_code == 201
    item = given(world, "prosecutor", jit)

    assert use(world, "prosecutor_fr", item, within).json["state"] == "recorded"
    refused = use(world, "prosecutor_fr", item, outside)
    assert (refused.status_code, refused.json["errors"][0]["rule"]) == (409, "outside_purpose")
    asked = use(world, "prosecutor_fr", item, outside, ask_consent=True, reason="Another offence.")
    assert asked.json["state"] == "consent_asked"
    (waiting,) = items(world, "prosecutor", "/evidence-uses?side=provider&state=consent_asked")
    assert (waiting["reason"], waiting["case_id"]) == ("Another offence.", None)
    path = f"/evidence-uses/{waiting['id']}/transitions"
    assert world.as_("prosecutor").post(path, {"event": "consent"}, If_Match=f'"{waiting["etag"]}"').json["state"] == "recorded"


def test_a_serious_threat_needs_no_consent_but_a_reason_and_is_told(world):
    item, case = given(world, "prosecutor", world.once(active)), world.case("prosecutor_fr")
    assert use(world, "prosecutor_fr", item, case, serious_threat=True).json["errors"][0]["pointer"] == "/reason"
    made = use(world, "prosecutor_fr", item, case, serious_threat=True, reason="A child is in danger now.")
    assert (made.json["state"], made.json["serious_threat"]) == ("recorded", True)
    (account,) = items(world, "prosecutor", f"/evidence/{item}/uses")
    assert (account["serious_threat"], account["reason"]) == (True, "A child is in danger now.")
    bound = given(world, "prosecutor", world.once(active), handling_code="H1")
    assert use(world, "prosecutor_fr", bound, case, serious_threat=True, reason="R").json["errors"][0]["rule"] == "H1"


def test_an_item_outlives_the_team_for_whom_it_was_given_and_is_given_to_nobody_else(world):
    jit = active(world, until=days(world, 10))
    item = given(world, "prosecutor", jit)
    world.clock.forward(days=11)
    assert see(world, "prosecutor_fr", item).status_code == 200
    assert give(world, "prosecutor", jit).status_code == 403


def test_of_a_team_that_is_not_signed_there_is_no_exchange(world):
    jit = world.once(to_sign)
    assert sign(world, "prosecutor", jit).status_code == 201
    assert give(world, "prosecutor", jit).status_code == 403
