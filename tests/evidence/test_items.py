"""Evidence is metadata: offered on conditions, accepted or declined, taken back; its words open with its conditions."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from evidence.conftest import ASKED_FIRST, HERON, admit
from sqlalchemy import text
from world import Caller

from coopapi.auth.authentication import actor_of
from coopapi.evidence import service
from coopapi.evidence.models import EVIDENCE_LIFECYCLE
from coopapi.ops import administration
from coopapi.shared.lifecycle import Side

TEXTS = ("title", "description", "tool", "formalities_requested", "formalities_observed", "admissibility_notes")
NOW = "2026-11-01T10:00:00+01:00"


def words(answer):
    return {answer.json[name] for name in TEXTS}


def test_without_conditions_an_item_is_there_at_once(shared):
    item = shared.given(sha256="AB" * 32)

    seen = shared.see("investigator", item).json

    assert (seen["state"], seen["open"], seen["side"], seen["conditions"]) == ("accepted", True, "receiver", [])
    assert {name: seen[name] for name in HERON} == HERON
    assert seen["provider_id"] == str(shared.world.authorities["fr"])


def test_on_conditions_the_words_open_when_the_receiver_accepted_them(shared):
    terms = [{"code": "confidentiality", "text": "no press"}, {"code": "time_limit", "until": "2099-01-01T00:00:00Z"}]
    item = shared.given(conditions=terms, handling_code="H2")
    offered = shared.see("investigator", item)
    assert words(offered) == {None}
    facts = ("state", "open", "handling_code", "size", "media_type")
    assert [offered.json[name] for name in facts] == ["offered", False, "H2", 2**40, "application/octet-stream"]
    assert [c["code"] for c in offered.json["conditions"]] == ["confidentiality", "time_limit"]
    assert offered.json["conditions"][0]["text"] == "no press"
    assert shared.see("foreign", item).json["title"] == HERON["title"]

    accepted = shared.step("investigator", item, "accept")

    assert (accepted.status_code, accepted.json["state"]) == (200, "accepted")
    assert words(accepted) == {HERON[name] for name in TEXTS}


def test_until_then_the_database_itself_keeps_the_words_closed(shared):
    item = shared.given(conditions=ASKED_FIRST)
    database = shared.world.app.extensions["coopapi"].database
    found = []
    for who, event in (("foreign", "accept"), ("investigator", "accept"), ("investigator", None)):
        with database.work(lambda session, who=who: actor_of(session, "https://issuer.test", who, None), "r") as work:
            found.append(work.session.scalar(text("select count(*) from evidence_texts")))
        if event:
            shared.step(who, item, event)

    assert found == [1, 0, 1]


def test_a_declined_item_stays_closed_and_may_be_offered_again(shared):
    item = shared.given(conditions=ASKED_FIRST, sha256="cd" * 32)
    assert shared.step("investigator", item, "decline").status_code == 422
    declined = shared.step("investigator", item, "decline", "our law knows no such condition")
    assert (declined.json["state"], declined.json["reason"]) == ("declined", "our law knows no such condition")
    assert words(declined) == {None}
    assert shared.use("investigator", item).json["type"] == "/problems/not-for-use"
    assert shared.give(sha256="cd" * 32).status_code == 201


def test_what_was_recalled_is_closed_for_everybody_but_the_provider(shared):
    item = shared.given()
    assert words(shared.see("investigator", item)) != {None}

    assert shared.step("foreign", item, "recall", "given by mistake").json["state"] == "recalled"

    assert words(shared.see("investigator", item)) == {None}
    assert shared.see("investigator", item).json["reason"] == "given by mistake"
    assert shared.see("foreign", item).json["title"] == HERON["title"]
    assert shared.use("investigator", item).status_code == 409


def test_an_offer_is_withdrawn_by_whoever_made_it(shared):
    item = shared.given(conditions=ASKED_FIRST)
    assert shared.step("investigator", item, "withdraw", "x").status_code == 403
    assert shared.step("foreign", item, "accept").status_code == 403
    assert shared.step("foreign", item, "withdraw", "another disk").json["state"] == "withdrawn"


def test_a_machine_may_give_but_accepts_nothing(shared):
    item = shared.given(conditions=ASKED_FIRST)
    machine = client_of_nl(shared.world)
    body = {**HERON, "object_id": shared.id, "source_country": "NL"}

    refused = machine.post(f"/evidence/{item}/transitions", {"event": "accept"}, If_Match='"v1"')

    assert refused.status_code == 403
    assert machine.get(f"/evidence/{item}/transitions").json["allowed"] == []
    assert machine.post("/evidence", body).status_code == 201


def client_of_nl(world):
    path = f"/authorities/{world.authorities['nl']}/clients"
    made = world.approved(world.as_("admin").post(path, {"name": "System", "roles": ["system"]})).json
    form = {"grant_type": "client_credentials", "client_id": made["id"], "client_secret": made["client_secret"]}
    return Caller(world.app.test_client(), world.app.test_client().post("/oauth/token", data=form).json["access_token"])


STATES = {"offered": [], "accepted": [("investigator", "accept")], "declined": [("investigator", "decline")],
          "withdrawn": [("foreign", "withdraw")], "recalled": [("investigator", "accept"), ("foreign", "recall")]}  # fmt: skip
SIDES = {"foreign": Side.PROVIDER, "investigator": Side.RECEIVER}


@pytest.mark.parametrize("who", SIDES)
@pytest.mark.parametrize("state", STATES)
def test_each_side_takes_its_own_steps_and_no_other(shared, state, who):
    item = shared.given(conditions=ASKED_FIRST)
    for actor, event in STATES[state]:
        assert shared.step(actor, item, event, "r").status_code == 200
    leaving = EVIDENCE_LIFECYCLE.leaving(state)

    now = shared.world.as_(who).get(f"/evidence/{item}/transitions").json
    assert (now["state"], [m["event"] for m in now["allowed"]]) == (state, [m.event for m in leaving if m.side == SIDES[who]])

    for event in EVIDENCE_LIFECYCLE.events:
        move = EVIDENCE_LIFECYCLE.transitions.get((state, event))
        if move is None:
            refused = shared.step(who, item, event, "r")
            assert (refused.status_code, refused.json["allowed"]) == (409, [m.event for m in leaving])
        elif move.side != SIDES[who]:
            assert shared.step(who, item, event, "r").status_code == 403


def test_a_change_names_the_version_it_changes(shared):
    item = shared.given(conditions=ASKED_FIRST)
    path = f"/evidence/{item}/transitions"
    assert shared.world.as_("investigator").post(path, {"event": "accept"}).status_code == 428
    assert shared.step("investigator", item, "accept").headers["ETag"] == '"v2"'
    assert shared.world.as_("foreign").post(path, {"event": "recall", "reason": "x"}, If_Match='"v1"').status_code == 412


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"content": "c29tZQ=="}, "/content"),
        ({"data": "x"}, "/data"),
        ({"base64": "x"}, "/base64"),
        ({"sha256": "zz" * 32}, "/sha256"),
        ({"sha256": None}, "/sha256"),
        ({"size": None}, "/sha256"),
        ({"size": -1}, "/size"),
        ({"media_type": "jpeg"}, "/media_type"),
        ({"media_type": "image/jpeg; base64,AAAA"}, "/media_type"),
        ({"media_type": "data:image/png"}, "/media_type"),
        ({"handling_code": "H3"}, "/handling_text"),
        ({"handling_text": "for the desk alone"}, "/handling_text"),
        ({"conditions": [{"code": "time_limit"}]}, "/conditions/0/until"),
        ({"conditions": [{"code": "whatever"}]}, "/conditions/0/code"),
        ({"obtained_on": "2199-01-01"}, "/obtained_on"),
        ({"recorded": {"at": NOW, "channel": "post", "proof": "7"}}, "/recorded"),
        ({"obtained_under": None}, "/obtained_under"),
    ],
)
def test_what_is_no_metadata_or_against_a_rule_is_refused_by_field(shared, wrong, pointer):
    refused = shared.give(**wrong)
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json["errors"]] == [pointer]


def test_a_physical_object_has_no_digest(shared):
    item = shared.given(sha256=None, size=None, media_type=None)
    seen = shared.see("investigator", item).json
    assert (seen["sha256"], seen["size"], seen["media_type"]) == (None, None, None)


def test_h3_states_its_restrictions_and_they_are_accepted_like_conditions(shared):
    item = shared.given(handling_code="H3", handling_text="not before the trial")
    offered = shared.see("investigator", item).json
    assert (offered["state"], offered["handling_text"], offered["title"]) == ("offered", "not before the trial", None)


def test_the_same_item_is_given_once_to_one_thing(shared):
    item = shared.given(sha256="ef" * 32)
    again = shared.give(sha256="EF" * 32)
    assert (again.status_code, again.json["type"]) == (409, "/problems/given-already")
    assert again.json["existing"].endswith(item)


def test_a_repeated_post_gives_one_item(shared):
    body = {**HERON, "object_id": shared.id}
    first, second = (shared.world.as_("foreign").post("/evidence", body, Idempotency_Key="one") for _ in range(2))
    assert (first.status_code, second.status_code, first.json["id"]) == (201, 201, second.json["id"])


def test_items_are_listed_by_thing_state_and_handling_code(shared):
    offered, there = shared.given(conditions=ASKED_FIRST, handling_code="H1"), shared.given()
    for query, found in (("", [there, offered]), (f"?object_id={shared.id}", [there, offered]), ("?state=offered", [offered]),
                         ("?handling_code=H0", [there]), (f"?object_id={uuid4()}", []), ("?limit=1", [there])):  # fmt: skip
        items = shared.world.as_("investigator").get(f"/evidence{query}").json["items"]
        assert [item["id"] for item in items] == found, query


def test_for_a_third_authority_there_is_nothing(shared):
    item = shared.given()
    use = shared.use("investigator", item).json["id"]
    stranger = shared.world.as_("romanian")
    for path in (f"/evidence/{item}", f"/evidence/{item}/transitions", f"/evidence/{item}/custody", f"/evidence/{item}/uses",
                 f"/evidence-uses/{use}", f"/evidence-uses/{use}/transitions"):  # fmt: skip
        assert stranger.get(path).status_code == 404, path
    assert stranger.get("/evidence").json["items"] == stranger.get("/evidence-uses").json["items"] == []
    assert stranger.get(f"/evidence?object_id={shared.id}").json["items"] == []
    assert shared.give("romanian").status_code == 404
    assert shared.use("romanian", item, shared.world.case("romanian")).status_code == 404
    for path, event in ((f"/evidence/{item}", "recall"), (f"/evidence-uses/{use}", "revoke")):
        assert stranger.post(f"{path}/transitions", {"event": event, "reason": "x"}, If_Match='"v1"').status_code == 404
    assert stranger.post(f"/evidence/{item}/custody", {"act": "received", "at": NOW}).status_code == 404


def test_who_merely_reads_the_case_reads_none_of_its_evidence(shared):
    item = shared.given(conditions=ASKED_FIRST)
    grant = {"authority_id": str(shared.world.authorities["ro"]), "level": "read", "reason": "joint work"}
    assert shared.world.as_("investigator").post(f"/cases/{shared.case}/access", grant).status_code == 201
    assert shared.see("romanian", item).status_code == 404
    assert shared.step("romanian", item, "accept").status_code == 404
    assert shared.use("romanian", item, shared.world.case("romanian")).status_code == 404
    assert shared.give("romanian").status_code == 404
    assert shared.world.as_("romanian").get("/evidence").json["items"] == []


def test_the_chain_of_custody_grows_and_is_told_with_the_words(shared):
    item = shared.given(conditions=ASKED_FIRST)
    path = f"/evidence/{item}/custody"
    link = {"act": "imaged", "at": NOW, "tool": "imager 4.2", "standard": "ISO/IEC 27037", "note": "write blocker"}
    assert shared.world.as_("foreign").post(path, link).status_code == 201
    assert shared.world.as_("investigator").get(path).json["items"] == []
    assert shared.world.as_("investigator").post(path, {"act": "received", "at": NOW}).status_code == 201
    assert [found["act"] for found in shared.world.as_("investigator").get(path).json["items"]] == ["received"]

    shared.step("investigator", item, "accept")

    chain = shared.world.as_("investigator").get(path).json["items"]
    assert [(found["act"], found["authority_id"]) for found in chain] == [
        ("imaged", str(shared.world.authorities["fr"])), ("received", str(shared.world.authorities["nl"])),
    ]  # fmt: skip
    assert {**link, "at": chain[0]["at"]}.items() <= chain[0].items()
    assert chain[0]["at"] == "2026-11-01T09:00:00+00:00"


def test_a_link_is_of_the_past_and_of_ones_own_hands(shared):
    item = shared.given()
    path = f"/evidence/{item}/custody"
    later = (shared.world.clock() + timedelta(hours=1)).isoformat()
    assert shared.world.as_("foreign").post(path, {"act": "sealed", "at": later}).status_code == 422
    others = {"act": "sealed", "at": NOW, "authority_id": str(shared.world.authorities["nl"])}
    assert shared.world.as_("foreign").post(path, others).status_code == 403
    assert shared.world.as_("foreign").post(path, {"act": "filmed", "at": NOW}).status_code == 422


@pytest.fixture
def abroad(shared):
    """A third State's authority without anybody here takes part too."""
    database = shared.world.app.extensions["coopapi"].database
    there = administration.add_authority(database, {"name": "Ministry", "type": "central_authority", "country": "BR"})
    admit(shared.world, "investigator", shared.id, there, Side.ENFORCING)
    return str(there)


RECORDED = {"at": NOW, "channel": "post", "proof": "letter 7/2026"}


def test_what_an_authority_without_anybody_here_gives_is_recorded_for_it(shared, abroad):
    assert shared.give("investigator", provider_id=abroad).json["errors"][0]["pointer"] == "/recorded"
    item = shared.given("investigator", provider_id=abroad, recorded=RECORDED, conditions=ASKED_FIRST)
    seen = shared.see("investigator", item).json
    assert (seen["provider_id"], seen["side"], seen["recorded"]["proof"]) == (abroad, "receiver", "letter 7/2026")
    assert shared.step("investigator", item, "accept").status_code == 200

    assert shared.step("investigator", item, "recall", "x").json["errors"][0]["pointer"] == "/recorded"
    late = {**RECORDED, "at": (shared.world.clock() + timedelta(days=1)).isoformat()}
    assert shared.step("investigator", item, "recall", "x", recorded=late).json["errors"][0]["pointer"] == "/recorded/at"
    recalled = shared.step("investigator", item, "recall", "they want it back", recorded=RECORDED)

    assert (recalled.json["state"], recalled.json["decision_recorded"]["channel"]) == ("recalled", "post")
    held = {"act": "seized", "at": NOW, "authority_id": abroad}
    assert shared.world.as_("investigator").post(f"/evidence/{item}/custody", held).status_code == 201


def test_the_acceptance_of_a_receiver_without_anybody_here_is_recorded_for_it(shared, abroad):
    item = shared.given("foreign", conditions=ASKED_FIRST)
    assert shared.step("foreign", item, "accept", recorded=RECORDED).status_code == 403
    nl = str(shared.world.authorities["nl"])
    assert shared.step("foreign", item, "accept", recorded={**RECORDED, "authority_id": nl}).status_code == 403
    accepted = shared.step("foreign", item, "accept", recorded={**RECORDED, "authority_id": abroad})
    there = {r["authority_id"]: r for r in accepted.json["recipients"]}
    assert (accepted.json["state"], there[abroad]["decision_recorded"]["authority_id"]) == ("accepted", abroad)
    assert there[nl]["state"] == shared.see("investigator", item).json["state"] == "offered"


def test_nothing_is_recorded_for_whoever_acts_here_or_takes_no_part(shared):
    for other in ("fr", "ro"):
        provider = str(shared.world.authorities[other])
        assert shared.give("investigator", provider_id=provider, recorded=RECORDED).status_code == 403


def test_all_who_take_part_are_told_and_who_read_is_journaled(shared, owner):
    item = shared.given(conditions=ASKED_FIRST)
    shared.step("investigator", item, "accept")
    told = [e["action"] for e in shared.world.as_("foreign").get("/events").json["items"] if e["action"].startswith("evidence.")]
    assert sorted(told) == ["evidence.accept", "evidence.given"]
    mine = [e for e in shared.world.as_("investigator").get("/events").json["items"] if e["action"].startswith("evidence.")]
    assert sorted(e["action"] for e in mine) == ["evidence.accept", "evidence.given"]
    assert {e["case_id"] for e in mine} == {shared.case}
    assert not [e for e in shared.world.as_("romanian").get("/events").json["items"] if "evidence" in e["action"]]
    with owner.cursor() as cursor:
        cursor.execute("select distinct object_id, detail ->> 'item' from journal_entries where action = 'evidence.given'")
        assert cursor.fetchall() == [(shared.id, item)]
        cursor.execute("select count(*) from journal_entries where action = 'evidence.consulted' and authority_id = %s",
                       (str(shared.world.authorities["nl"]),))  # fmt: skip
        assert cursor.fetchone() == (1,)
    looked = shared.world.as_("prosecutor").get(f"/cases/{shared.case}/consultations").json["items"]
    assert "evidence.consulted" in [entry["action"] for entry in looked]


def test_no_word_is_in_the_database_in_clear(shared, owner):
    secret = "planted-heron"
    condition = [{"code": "confidentiality", "text": secret}]
    planted = {name: f"{secret} {name}" for name in TEXTS}
    item = shared.given(**planted, handling_code="H3", handling_text=secret, conditions=condition, obtained_under="planted-article")
    note = {"act": "sealed", "at": NOW, "note": secret, "tool": secret, "standard": secret}
    assert shared.world.as_("foreign").post(f"/evidence/{item}/custody", note).status_code == 201
    shared.step("investigator", item, "accept")
    use = shared.use("investigator", item, shared.world.case("investigator"), ask_consent=True, reason=secret).json["id"]
    assert shared.decide("fr_prosecutor", use, "deny", secret).status_code == 200
    assert shared.step("foreign", item, "recall", secret).status_code == 200

    dump = list(rows(owner))

    assert [table for table, text in dump if secret in text or secret.encode().hex() in text] == []
    assert [table for table, text in dump if "planted-article" in text] == ["evidence"]


def rows(owner):
    with owner.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"select coalesce(string_agg(t::text, chr(10)), '') from {table} t")
            yield table, cursor.fetchone()[0]


def test_words_cannot_be_moved_to_another_item(shared, owner):
    item, other = shared.given(), shared.given(title="Another bird")
    with owner.cursor() as cursor:
        cursor.execute("update evidence_texts set sealed = (select sealed from evidence_texts where evidence_id = %s)", (item,))
    assert shared.see("foreign", other).status_code == 500
    assert shared.see("foreign", item).status_code == 200


def test_an_item_goes_through_a_request_and_about_a_measure_of_it(shared):
    team = shared.world.as_("prosecutor").post("/jits", {"reference": "R", "legal_basis": "eu2000_art13"}).json["id"]

    def refused(**more):
        answer = shared.give(**more)
        return answer.status_code, answer.json["errors"][0]["pointer"]

    assert refused(object_type="jit") == (422, "/object_type")
    assert refused(by="prosecutor", object_id=team) == (422, "/object_type")
    assert refused(item_id=str(uuid4())) == (422, "/item_id")
    assert shared.give(item_id=shared.measure).json["item_id"] == shared.measure


def test_another_feature_gives_evidence_by_one_call(shared):
    database = shared.world.app.extensions["coopapi"].database
    measure = UUID(shared.measure)
    data = {"title": "Answer", "source_country": "FR", "obtained_on": datetime.now(UTC).date(), "obtained_under": "Art. 56 CPP",
            "handling_code": "H0"}  # fmt: skip
    with database.work(lambda session: actor_of(session, "https://issuer.test", "foreign", None), "r") as work:
        row = service.add(work, UUID(shared.id), "request", data, item_id=measure)
        (shown,) = service.show(work, [row])

    assert (shown["item_id"], shown["title"], shown["state"]) == (measure, "Answer", "accepted")
