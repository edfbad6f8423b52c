"""Agreeing on a team: who may be in it, each signs for itself, and nothing begins before the last signature."""

import threading
from datetime import datetime, timedelta

import pytest
from teaming import CLAUSES, TERMS, active, days, items, parties, proposed, read, sign, step, to_sign, walk, with_space


def test_a_team_is_proposed_from_a_case_and_seen_by_those_who_negotiate_alone(world):
    case = world.case("investigator")
    jit = proposed(world, cases=[case])

    assert read(world, "prosecutor_fr", jit)["state"] == "proposed"
    assert [j["id"] for j in items(world, "investigator", f"/cases/{case}/jits")] == [jit]
    for stranger in ("prosecutor_ro", "europol", "desk", "judge_fr"):
        assert world.as_(stranger).get(f"/jits/{jit}").status_code == 404
        assert items(world, stranger, "/jits") == []


def test_an_organisation_is_no_party_and_no_member(world):
    europol = str(world.authorities["europol"])
    refused = world.as_("prosecutor").post(
        "/jits", {"reference": "r", "legal_basis": "eu2000_art13", "parties": [{"authority_id": europol}]}
    )
    jit = proposed(world)
    added = world.as_("prosecutor").post(f"/jits/{jit}/parties", {"authority_id": europol})
    member = world.as_("prosecutor").post(f"/jits/{jit}/members", {"authority_id": europol, "name": "A. Wren", "position": "P"})

    assert [(r.status_code, r.json["errors"][0]["rule"]) for r in (refused, added, member)] == [(422, "member_state")] * 3


def test_a_state_takes_no_part_as_an_organisation_does(world):
    body = {"authority_id": str(world.authorities["ro"]), "role": "support"}
    refused = world.as_("prosecutor").post(f"/jits/{proposed(world)}/participants", body)
    assert (refused.status_code, refused.json["errors"][0]["rule"]) == (422, "participant")


def test_each_state_is_a_party_once(world):
    jit = world.once(proposed)
    again = world.as_("prosecutor").post(f"/jits/{jit}/parties", {"authority_id": str(world.authorities["fr_court"])})
    assert (again.status_code, again.json["errors"][0]["rule"]) == (422, "one_per_state")


def test_a_treaty_that_is_not_in_force_is_no_legal_basis(world):
    refused = world.as_("prosecutor").post("/jits", {"reference": "r", "legal_basis": "p2_art12"})
    assert (refused.status_code, refused.json["errors"][0]["rule"]) == (422, "in_force")


def test_a_text_is_signed_when_everything_stands_in_it(world):
    me = world.as_("prosecutor")
    jit = me.post("/jits", {"reference": "r", "legal_basis": "eu2000_art13"}).json["id"]
    walk(world, jit, ("prosecutor", "draft"))
    refused = step(world, "prosecutor", jit, "request_signatures")

    assert refused.status_code == 422
    assert {error["pointer"] for error in refused.json["errors"]} == {
        "/parties", "/parties/leader", "/until", "/purpose", "/states_of_operation", "/working_language",
        "/clauses/disclosure", "/clauses/media", "/clauses/use_of_information",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("basis", "refused"),
    [("eu2000_art13", "US is not bound by eu2000."), ("ets182_art20", "US is not bound by ecma1959_p2."), ("eu_us_art5", None),
     ("untoc_art19", None), ("bilateral", None)],
)  # fmt: skip
def test_the_legal_basis_binds_every_state(world, basis, refused):
    there = [{"authority_id": str(world.authorities[state]), "leader": {"office": "Head"}} for state in ("fr", "us")]
    jit = proposed(world, legal_basis=basis, parties=there, clauses=with_space(world))
    walk(world, jit, ("prosecutor", "draft"))
    asked = step(world, "prosecutor", jit, "request_signatures")

    faults = [(error["pointer"], error["detail"]) for error in asked.json.get("errors", ())]
    assert (asked.status_code, faults) == ((422, [("/legal_basis", refused)]) if refused else (200, []))


def test_a_running_team_keeps_a_space_administrator_while_a_third_state_is_in_it(world):
    def refused(jit, **body):
        answer = world.as_("prosecutor").post(f"/jits/{jit}/amendments", body)
        assert answer.status_code == 422, answer.json
        return answer.json["errors"][0]["pointer"], answer.json["errors"][0]["rule"]

    us = {"change": "join", "authority_id": str(world.authorities["us"]), "leader": {"office": "Head"}}
    without = active(world, legal_basis="eu_us_art5")
    assert refused(without, **us) == ("/authority_id", "space_administrator")
    platform = {"space_administrator": str(world.authorities["us"]), "controller": "C"}
    clause = {"change": "clause", "clause": "platform"}
    assert refused(without, **clause, platform=platform) == ("/platform/space_administrator", "party")

    led = active(world, "fr", "ro", legal_basis="eu_us_art5", clauses=with_space(world))
    assert world.as_("prosecutor").post(f"/jits/{led}/amendments", us).status_code == 201
    leaves = {"change": "leave", "authority_id": str(world.authorities["nl"])}
    assert refused(led, **leaves) == ("/authority_id", "space_administrator")


def test_the_space_is_administered_by_a_party(world):
    platform = {"space_administrator": str(world.authorities["europol"]), "controller": "The Dutch prosecution"}
    jit = proposed(world, clauses={**CLAUSES, "platform": platform})
    walk(world, jit, ("prosecutor", "draft"))
    refused = step(world, "prosecutor", jit, "request_signatures")
    assert [error["pointer"] for error in refused.json["errors"]] == ["/clauses/platform/space_administrator"]


def test_a_team_is_active_with_the_last_signature_and_not_before(world):
    jit = world.once(to_sign, "fr", "ro")
    states = []
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        assert sign(world, who, jit).status_code == 201
        states.append(read(world, "prosecutor", jit)["state"])

    assert states == ["signature_pending", "signature_pending", "active"]
    there = read(world, "prosecutor_ro", jit)
    assert there["since"] is not None
    assert there["countries"] == ["FR", "NL", "RO"]
    assert all(p["signed_at"] and p["signed_by"] for p in parties(world, "prosecutor", jit))


def test_each_party_signs_once_and_only_a_prosecutor_does(world):
    jit = world.once(to_sign)
    assert sign(world, "investigator", jit).status_code == 403
    assert sign(world, "prosecutor", jit).status_code == 201
    assert sign(world, "prosecutor", jit).status_code == 409
    assert sign(world, "prosecutor_ro", jit, "0" * 64).status_code == 404
    assert read(world, "prosecutor", jit)["state"] == "signature_pending"


def test_signing_is_a_step_like_the_others(world):
    jit = world.once(to_sign)
    digest = read(world, "prosecutor", jit)["text_sha256"]
    assert step(world, "prosecutor", jit, "sign").json["errors"][0]["pointer"] == "/text_sha256"
    assert step(world, "prosecutor", jit, "sign", text_sha256=digest).status_code == 200
    assert step(world, "prosecutor_fr", jit, "sign", text_sha256=digest).json["state"] == "active"


def test_a_machine_signs_nothing(world):
    jit = world.once(to_sign)
    assert sign(world, "system", jit).status_code == 403


def test_a_text_that_changed_after_a_signature_is_signed_anew(world):
    jit = world.once(to_sign)
    first = read(world, "prosecutor", jit)["text_sha256"]
    assert sign(world, "prosecutor", jit).status_code == 201
    me = world.as_("prosecutor_fr")
    assert (
        me.patch(f"/jits/{jit}", {"purpose": "Another"}, If_Match=f'"{read(world, "prosecutor_fr", jit)["etag"]}"').status_code
        == 409
    )

    walk(world, jit, ("prosecutor_fr", "reopen", {"reason": "The purpose is too wide."}))
    changed = me.patch(f"/jits/{jit}", {"purpose": "Another"}, If_Match=f'"{read(world, "prosecutor_fr", jit)["etag"]}"')
    walk(world, jit, ("prosecutor_fr", "request_signatures"))

    assert changed.json["signed_by"] == []
    assert changed.json["text_sha256"] != first
    assert sign(world, "prosecutor_fr", jit, first).status_code == 409
    assert sign(world, "prosecutor_fr", jit).status_code == 201
    assert read(world, "prosecutor", jit)["state"] == "signature_pending"
    assert [s["voided_at"] is None for s in items(world, "prosecutor", f"/jits/{jit}/signatures")] == [False, True]
    assert sign(world, "prosecutor", jit).status_code == 201
    assert read(world, "prosecutor", jit)["state"] == "active"


@pytest.mark.parametrize(
    "change",
    [{"purpose": "P"}, {"until": "2032-01-01T00:00:00Z"}, {"operation_name": "Owl"}, {"states_of_operation": ["NL"]},
     {"clauses": {**CLAUSES, "media": "All may tell."}}, {"legal_basis": "fd_2002_465"}, {"working_language": "fr"},
     {"appendices": []}, {"further_terms": "Costs are shared."}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_signature_binds_every_term(world, change):
    jit = world.once(proposed)
    before = read(world, "prosecutor", jit)
    after = world.as_("prosecutor").patch(f"/jits/{jit}", change, If_Match=f'"{before["etag"]}"')
    assert after.status_code == 200, after.json
    assert after.json["text_sha256"] != before["text_sha256"]


def test_a_signature_binds_parties_leaders_and_participants(world):
    jit = world.once(proposed)
    digests = [read(world, "prosecutor", jit)["text_sha256"]]
    world.as_("prosecutor").post(f"/jits/{jit}/parties", {"authority_id": str(world.authorities["ro"])})
    digests.append(read(world, "prosecutor", jit)["text_sha256"])
    body = {"authority_id": str(world.authorities["europol"]), "role": "analysis", "terms": "Appendix I"}
    assert world.as_("prosecutor").post(f"/jits/{jit}/participants", body).status_code == 201
    digests.append(read(world, "prosecutor", jit)["text_sha256"])
    assert len(set(digests)) == 3


def test_while_a_text_is_signed_no_participant_goes_from_under_it(world):
    jit = world.once(proposed)
    beside = {"authority_id": str(world.authorities["europol"]), "role": "analysis", "terms": "Appendix I"}
    place = world.as_("prosecutor").post(f"/jits/{jit}/participants", beside).json
    path = f"/jits/{jit}/participants/{place['id']}/transitions"
    walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    assert sign(world, "prosecutor_fr", jit).status_code == 201
    gone = world.as_("prosecutor").post(path, {"event": "end"}, If_Match=f'"{place["etag"]}"')
    assert (gone.json["type"], world.as_("prosecutor").get(path).json["allowed"]) == ("/problems/text-is-settled", [])
    walk(world, jit, ("prosecutor", "reopen", {"reason": "Europol goes."}))
    assert world.as_("prosecutor").post(path, {"event": "end"}, If_Match=f'"{place["etag"]}"').status_code == 200


def test_a_signature_under_another_text_completes_nothing(world, owner):
    """The sabotage: a text that changes behind everybody's back."""
    jit = world.once(to_sign)
    assert sign(world, "prosecutor_fr", jit).status_code == 201
    with owner.cursor() as cursor:
        cursor.execute("update jits set operation_name = 'Another' where id = %s", (jit,))
    assert sign(world, "prosecutor", jit).status_code == 201
    assert read(world, "prosecutor", jit)["state"] == "signature_pending"


def test_a_participant_comes_now_until_later_and_again(world):
    jit = world.once(proposed)
    europol = {"authority_id": str(world.authorities["europol"]), "role": "analysis", "terms": "A"}

    def take_part(**more):
        answer = world.as_("prosecutor").post(f"/jits/{jit}/participants", {**europol, **more})
        return answer.status_code, answer.json.get("errors", [{}])[0].get("pointer")

    assert take_part(since=days(world, 30)) == (422, "/since")
    assert take_part(until=days(world, -1)) == (422, "/until")
    assert take_part(until=days(world, 2)) == (201, None)
    assert take_part()[0] == 409
    world.clock.forward(days=3)
    assert world.as_("europol").get(f"/jits/{jit}").status_code == 404
    assert take_part() == (201, None)
    assert world.as_("europol").get(f"/jits/{jit}").status_code == 200


def test_nobody_signs_after_the_period_has_passed(world):
    jit = to_sign(world, until=days(world, 10))
    assert sign(world, "prosecutor", jit).status_code == 201
    world.clock.forward(days=11)
    assert sign(world, "prosecutor_fr", jit).json["type"] == "/problems/period-has-passed"


def test_two_last_signatures_at_once_make_the_team_active_once(world):
    jit = world.once(to_sign, "fr", "ro")
    assert sign(world, "prosecutor", jit).status_code == 201
    digest = read(world, "prosecutor", jit)["text_sha256"]
    barrier, answers = threading.Barrier(2), []

    def last(who):
        barrier.wait()
        answers.append(sign(world, who, jit, digest).status_code)

    threads = [threading.Thread(target=last, args=[who]) for who in ("prosecutor_fr", "prosecutor_ro")]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert answers == [201, 201]
    assert read(world, "prosecutor", jit)["state"] == "active"
    told = [entry["action"] for entry in items(world, "prosecutor", "/events?limit=200") if entry["object_id"] == jit]
    assert told.count("jit.activated") == 1


def test_whoever_is_taken_out_of_the_draft_sees_it_no_more(world):
    jit = world.once(proposed, "fr", "ro")
    romanian = next(p for p in parties(world, "prosecutor", jit) if p["country"] == "RO")
    path = f"/jits/{jit}/parties/{romanian['id']}/transitions"
    gone = world.as_("prosecutor_ro").post(path, {"event": "remove"}, If_Match=f'"{romanian["etag"]}"')

    assert (gone.status_code, gone.json["state"]) == (200, "removed")
    assert world.as_("prosecutor_ro").get(f"/jits/{jit}").status_code == 404
    assert len(parties(world, "prosecutor", jit)) == 2
    assert world.as_("prosecutor").post(f"/jits/{jit}/parties", {"authority_id": str(world.authorities["ro"])}).status_code == 201
    assert world.as_("prosecutor_ro").get(f"/jits/{jit}").status_code == 200


def test_each_state_names_its_own_leader(world):
    jit = world.once(proposed)
    french = next(p for p in parties(world, "prosecutor", jit) if p["country"] == "FR")
    path = f"/jits/{jit}/parties/{french['id']}/transitions"
    body = {"event": "lead", "leader": {"office": "Somebody else"}}
    assert world.as_("prosecutor").post(path, body, If_Match=f'"{french["etag"]}"').status_code == 403
    foreign = {"event": "lead", "leader": {"principal_id": str(world.people["prosecutor"])}}
    assert world.as_("prosecutor_fr").post(path, foreign, If_Match=f'"{french["etag"]}"').status_code == 422
    own = {"event": "lead", "leader": {"principal_id": str(world.people["prosecutor_fr"])}}
    named = world.as_("prosecutor_fr").post(path, own, If_Match=f'"{french["etag"]}"')
    assert named.json["leader"]["principal_id"] == str(world.people["prosecutor_fr"])


def test_only_whoever_proposed_a_team_abandons_it(world):
    jit = world.once(proposed)
    assert step(world, "prosecutor_fr", jit, "abandon", reason="No").status_code == 403
    assert walk(world, jit, ("prosecutor", "abandon", {"reason": "No need"}))["state"] == "abandoned"
    assert step(world, "prosecutor_fr", jit, "draft").status_code == 409


def test_an_associate_sees_nothing_and_is_seen_by_the_states_alone(world):
    jit = world.once(active)
    noted = world.as_("prosecutor").post(f"/jits/{jit}/associates", {"name": "Europol", "contact": "Liaison office"})
    assert noted.status_code == 201
    assert world.as_("europol").get(f"/jits/{jit}").status_code == 404
    assert items(world, "europol", "/jits") == []
    assert [a["name"] for a in items(world, "prosecutor_fr", f"/jits/{jit}/associates")] == ["Europol"]


def test_a_participant_sees_the_agreement_and_none_of_its_people(world):
    jit = world.once(proposed)
    body = {"authority_id": str(world.authorities["europol"]), "role": "analysis", "terms": "Appendix I"}
    world.as_("prosecutor").post(f"/jits/{jit}/participants", body)
    member = {"name": "A. Wren", "position": "Detective", "seconded": True}
    assert world.as_("prosecutor").post(f"/jits/{jit}/members", member).status_code == 201
    world.as_("prosecutor").post(f"/jits/{jit}/associates", {"name": "Owl", "contact": "Office"})
    walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))

    seen = read(world, "europol", jit)
    assert (seen["place"], seen["purpose"]) == ("participant", TERMS["purpose"])
    assert [items(world, "europol", f"/jits/{jit}/{what}") for what in ("members", "associates", "amendments")] == [[], [], []]
    assert [m["name"] for m in items(world, "prosecutor_fr", f"/jits/{jit}/members")] == ["A. Wren"]
    assert (
        world.as_("europol").post(f"/jits/{jit}/transitions", {"event": "reopen", "reason": "x"}, If_Match='"v1"').status_code
        == 403
    )


def test_members_are_each_party_s_own(world):
    jit = world.once(active)
    me = world.as_("prosecutor")
    made = me.post(f"/jits/{jit}/members", {"security_id": "S-17", "position": "Detective"}).json
    path = f"/jits/{jit}/members/{made['id']}/transitions"

    assert me.post(f"/jits/{jit}/members", {"position": "Detective"}).status_code == 422
    other = {"authority_id": str(world.authorities["fr"]), "name": "B. Owl", "position": "P"}
    assert me.post(f"/jits/{jit}/members", other).json["errors"][0]["rule"] == "own_people"
    assert world.as_("prosecutor_fr").post(path, {"event": "end"}, If_Match=f'"{made["etag"]}"').status_code == 403
    assert me.get(path).json["allowed"][0]["event"] == "end"
    assert me.post(path, {"event": "end"}, If_Match=f'"{made["etag"]}"').json["state"] == "ended"


def test_names_and_terms_are_sealed_in_the_database_and_absent_from_the_journal(world, owner):
    jit = world.once(active)
    world.as_("prosecutor").post(f"/jits/{jit}/members", {"name": "Zilpzalp", "position": "Detective"})
    with owner.cursor() as cursor:
        for table in ("jits", "jit_parties", "jit_members", "journal_entries"):
            cursor.execute(f"select string_agg(t::text, ' ') from {table} t")
            (written,) = cursor.fetchone()
            assert "Zilpzalp" not in written
            assert "reed beds" not in written
            assert "5a696c707a616c70" not in written


def test_alarms_ring_sixty_thirty_and_fourteen_days_before_the_end(world):
    jit = active(world, until=days(world, 100))

    def due():
        return [alarm["days"] for alarm in read(world, "prosecutor", jit)["alarms"] if alarm["due"]]

    rung = [due()]
    for days_later in (45, 30, 15):
        world.clock.forward(days=days_later)
        rung.append(due())
    assert rung == [[], [60], [60, 30], [60, 30, 14]]


def test_the_list_tells_which_teams_end_soon(world):
    soon, late = active(world, until=days(world, 20)), active(world, until=days(world, 200))
    assert [j["id"] for j in items(world, "prosecutor", "/jits?expires_within=30")] == [soon]
    assert [j["id"] for j in items(world, "prosecutor", "/jits?state=active")] == [late, soon]
    assert [j["id"] for j in items(world, "prosecutor", "/jits?country=RO")] == []
    world.clock.forward(days=21)
    assert [j["id"] for j in items(world, "prosecutor", "/jits?expires_within=30")] == []
    assert [j["id"] for j in items(world, "prosecutor", "/jits?state=ended")] == [soon]
    ends = datetime.fromisoformat(read(world, "prosecutor", late)["until"])
    assert ends > world.clock() + timedelta(days=170)


def test_a_signature_is_news_although_the_row_of_the_team_is_the_same(world):
    """A caller that asks whether anything is new (If-None-Match) is also told of changes outside the row itself."""
    jit = world.once(to_sign)
    path, me = f"/jits/{jit}", world.as_("prosecutor")
    before = me.get(path)
    tag = before.headers["ETag"]
    assert me.get(path, If_None_Match=tag).status_code == 304
    assert sign(world, "prosecutor_fr", jit).status_code == 201
    after = me.get(path, If_None_Match=tag)
    assert (after.status_code, after.json["etag"], len(after.json["signed_by"])) == (200, before.json["etag"], 1)
