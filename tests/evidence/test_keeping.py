"""What nobody gets around: who verifies, to whom an item goes, and when its words are over."""

import threading
from uuid import uuid4

import pytest
from exchanging import ASKED_FIRST, ITEM, NOW, give, given, received, see, take
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from teaming import SIGNERS, active, amend, items, member, proposed, sign, sign_amendment, step, walk, with_space

from coopapi.auth.authentication import actor_of
from coopapi.ops import administration

HOW = {"at": NOW, "channel": "post", "proof": "letter 7/2026"}


def as_app(world, who, sql, **values):
    """How many rows a statement changes that somebody smuggles in as the role of the app."""
    database = world.app.extensions["coopapi"].database
    try:
        with database.work(lambda session: actor_of(session, "https://issuer.test", who, None), uuid4().hex) as work:
            return work.session.execute(text(sql), values).rowcount
    except DBAPIError as refused:
        return refused.orig.pgcode


@pytest.fixture
def with_one_absent(world):
    """A team of the Dutch, who run its space, the French, the Americans and the Belgians, who have nobody here."""
    database = world.app.extensions["coopapi"].database
    belgian = administration.add_authority(database, {"name": "Federal prosecutor", "type": "public_prosecutor", "country": "BE"})
    person = {"name": "US", "issuer": "https://issuer.test", "subject": "prosecutor_us", "roles": ["prosecutor"]}
    administration.add_person(database, world.authorities["us"], person)
    SIGNERS["us"] = "prosecutor_us"
    there = [{"authority_id": str(world.authorities[state])} for state in ("fr", "us")]
    absent = {"authority_id": str(belgian), "leader": {"office": "Federal prosecutor"}}
    jit = proposed(world, "fr", "us", legal_basis="bilateral", clauses=with_space(world), parties=[*there, absent])
    walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    signed = [sign(world, who, jit).status_code for who in ("prosecutor", "prosecutor_fr", "prosecutor_us")]
    signed.append(sign(world, "prosecutor", jit, recorded={**HOW, "authority_id": str(belgian)}).status_code)
    assert signed == [201] * 4
    yield jit, str(belgian)
    del SIGNERS["us"]


def test_nobody_records_that_an_item_was_verified(world, with_one_absent):
    jit, belgian = with_one_absent
    item = given(world, "prosecutor_us", jit, source_country="US")
    assert take(world, "prosecutor_us", item, "verify", recorded={**HOW, "authority_id": belgian}).status_code == 403
    assert (
        take(world, "prosecutor_us", item, "verify", recorded={**HOW, "authority_id": str(world.authorities["nl"])}).status_code
        == 403
    )
    assert see(world, "prosecutor_fr", item).status_code == 404


def test_what_a_third_state_enters_for_a_member_state_is_verified_too(world, with_one_absent):
    jit, belgian = with_one_absent
    item = given(world, "prosecutor_us", jit, source_country="BE", provider_id=belgian, recorded=HOW)
    assert see(world, "prosecutor_fr", item).status_code == 404
    assert see(world, "prosecutor", item).json["state"] == "to_verify"
    assert given(world, "prosecutor_fr", jit, source_country="BE", provider_id=belgian, recorded=HOW)
    assert len(items(world, "prosecutor", "/evidence?state=to_verify")) == 1


def test_the_database_itself_lets_neither_its_provider_verify_an_item_nor_a_receiver_recall_it(world, with_one_absent):
    jit, _ = with_one_absent
    item = given(world, "prosecutor_us", jit, source_country="US")
    assert as_app(world, "prosecutor_us", "update evidence set state = 'given'") == "42501"
    assert as_app(world, "prosecutor_us", "update evidence set verified_at = now()") == "42501"
    assert as_app(world, "prosecutor_us", "select priv.verify_item(:item)", item=item) == "42501"
    assert as_app(world, "prosecutor_fr", "select * from evidence_recipients") == 0
    assert as_app(world, "prosecutor", "select * from evidence_recipients") > 0
    assert take(world, "prosecutor", item, "verify").status_code == 200
    assert as_app(world, "prosecutor_fr", "update evidence set state = 'recalled'") == 0
    assert see(world, "prosecutor_fr", item).json["state"] == "accepted"


def test_an_answer_is_recorded_for_a_recipient_alone(world, with_one_absent):
    jit, belgian = with_one_absent
    item = given(world, "prosecutor", jit, conditions=ASKED_FIRST, recipients=[str(world.authorities["fr"])])
    for event in ("accept", "decline"):
        refused = take(world, "prosecutor", item, event, reason="R", recorded={**HOW, "authority_id": belgian})
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/recorded/authority_id")
    assert see(world, "prosecutor_fr", item).json["state"] == "offered"


def test_what_the_only_receiver_declined_is_offered_again(world):
    item = given(world, "prosecutor", world.once(active), conditions=ASKED_FIRST)
    assert take(world, "prosecutor_fr", item, "decline", reason="No.").status_code == 200
    assert see(world, "prosecutor", item).json["state"] == "declined"
    again = world.as_("prosecutor").post(f"/evidence/{item}/recipients", {"authority_id": str(world.authorities["fr"])})
    assert (again.status_code, see(world, "prosecutor_fr", item).json["state"]) == (201, "offered")
    assert take(world, "prosecutor_fr", item, "accept").json["title"] == ITEM["title"]


def test_who_left_and_is_only_to_join_again_sees_no_evidence(world):
    jit = world.once(active, "fr", "ro")
    item = given(world, "prosecutor", jit)
    romanian = str(world.authorities["ro"])
    leaving = amend(world, jit, change="leave", authority_id=romanian)
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        assert sign_amendment(world, who, jit, leaving).status_code == 201
    amend(world, jit, change="join", authority_id=romanian, leader={"office": "Head"})
    assert world.as_("prosecutor_ro").get(f"/jits/{jit}").status_code == 200
    assert (see(world, "prosecutor_ro", item).status_code, items(world, "prosecutor_ro", "/evidence")) == (404, [])
    assert [
        as_app(world, "prosecutor_ro", f"select * from {table}") for table in ("evidence", "evidence_recipients", "custody")
    ] == [0] * 3


def test_a_participant_whose_terms_exclude_evidence_now_sees_none_of_before(world):
    europol = {"authority_id": str(world.authorities["europol"]), "role": "analysis", "terms": "A"}
    jit = active(world)
    with_evidence, without = ({"change": "participant", **europol, "evidence": flag} for flag in (True, False))
    for who, amendment in ((who, made) for made in [amend(world, jit, **with_evidence)] for who in ("prosecutor", "prosecutor_fr")):
        assert sign_amendment(world, who, jit, amendment).status_code == 201
    item = given(world, "prosecutor", jit)
    assert see(world, "europol", item).status_code == 200
    (place,) = items(world, "prosecutor", f"/jits/{jit}/participants")
    path = f"/jits/{jit}/participants/{place['id']}/transitions"
    assert world.as_("prosecutor").post(path, {"event": "end"}, If_Match=f'"{place["etag"]}"').status_code == 200
    for who, amendment in ((who, made) for made in [amend(world, jit, **without)] for who in ("prosecutor", "prosecutor_fr")):
        assert sign_amendment(world, who, jit, amendment).status_code == 201
    assert (world.as_("europol").get(f"/jits/{jit}").status_code, see(world, "europol", item).status_code) == (200, 404)


def test_of_two_last_receipts_at_once_the_words_are_over(world):
    jit = world.once(active, "fr", "ro")
    for _ in range(6):
        item, barrier = given(world, "prosecutor", jit), threading.Barrier(2)

        def receive(who, item=item, barrier=barrier):
            barrier.wait()
            received(world, who, item)

        both = [threading.Thread(target=receive, args=[who]) for who in ("prosecutor_fr", "prosecutor_ro")]
        [one.start() for one in both]
        [one.join() for one in both]
        world.clock.forward(seconds=1)
        assert see(world, "prosecutor", item).json["title"] is None


def test_a_receipt_before_the_conditions_are_accepted_ends_nothing(world):
    item = given(world, "prosecutor", world.once(active), conditions=ASKED_FIRST)
    received(world, "prosecutor_fr", item)
    world.clock.forward(seconds=1)
    assert take(world, "prosecutor_fr", item, "accept").json["title"] == ITEM["title"]
    received(world, "prosecutor_fr", item)
    world.clock.forward(seconds=1)
    assert see(world, "prosecutor_fr", item).json["title"] is None


def test_after_four_weeks_no_words_are_left_of_conditions_handling_custody_and_answers(world, owner):
    conditions = [{"code": "consent_before_use_as_evidence", "text": "heron only"}]
    item = given(world, "prosecutor", world.once(active), handling_code="H3", handling_text="heron eyes", conditions=conditions)
    assert take(world, "prosecutor_fr", item, "decline", reason="heron no").status_code == 200
    link = {"act": "sealed", "at": NOW, "note": "heron bag", "tool": "heron tool"}
    assert world.as_("prosecutor").post(f"/evidence/{item}/custody", link).status_code == 201

    def said():
        seen = [
            see(world, who, item).data + world.as_(who).get(f"/evidence/{item}/custody").data
            for who in ("prosecutor", "prosecutor_fr")
        ]
        return [
            part
            for part in (b"heron only", b"heron eyes", b"heron no", b"heron bag", b"heron tool")
            if any(part in s for s in seen)
        ]

    assert len(said()) == 5
    world.clock.forward(days=28)
    assert said() == []
    assert see(world, "prosecutor", item).json["conditions"] == [{"code": conditions[0]["code"], "until": None}]
    assert administration.erase(world.app.extensions["coopapi"].database) == 1
    assert said() == []
    with owner.cursor() as cursor:
        cursor.execute(
            "select (select count(terms) + count(answer) from evidence) + (select count(sealed) from custody)"
            " + (select count(answer) from evidence_recipients) + (select count(*) from evidence_texts)"
        )
        assert cursor.fetchone() == (0,)
    assert {e["id"] for e in items(world, "prosecutor_fr", "/evidence?state=declined")} == {item}


def test_after_the_end_an_item_goes_to_nobody_who_had_it_not(world):
    jit = world.once(active, "fr", "ro")
    item = given(world, "prosecutor", jit, recipients=[str(world.authorities["fr"])])
    assert step(world, "prosecutor", jit, "end", end_reason="goal", reason="R").status_code == 200
    late = world.as_("prosecutor").post(f"/evidence/{item}/recipients", {"authority_id": str(world.authorities["ro"])})
    assert late.status_code in (403, 422)
    assert see(world, "prosecutor_fr", item).status_code == 200
    assert (give(world, "prosecutor", jit).status_code, member(world, jit, "uncleared").status_code) == (403, 409)


def test_what_is_over_is_given_anew_to_who_comes_later(world):
    jit = world.once(active, "fr", "ro")
    item = given(world, "prosecutor", jit, sha256="ef" * 32, recipients=[str(world.authorities["fr"])])
    received(world, "prosecutor_fr", item)
    world.clock.forward(seconds=1)
    late = world.as_("prosecutor").post(f"/evidence/{item}/recipients", {"authority_id": str(world.authorities["ro"])})
    assert (late.status_code, late.json["type"]) == (409, "/problems/words-are-over")
    assert administration.erase(world.app.extensions["coopapi"].database) == 1
    anew = given(world, "prosecutor", jit, sha256="ef" * 32, recipients=[str(world.authorities["ro"])])
    assert see(world, "prosecutor_ro", anew).json["title"] == ITEM["title"]
