"""Facts of a case over HTTP: recorded, read, corrected, withdrawn, and found."""

import pytest
from recording import SAID, correct, events, facts, history, made, read, record, withdraw

WHO = "investigator"
SHOWN = {
    **SAID,
    "until": "2026-03-05T15:00+01:00",
    "precision": "minute",
    "offset": "+01:00",
    "begins_at": "2026-03-05T13:20:00+00:00",
    "ends_at": "2026-03-05T14:00:00+00:00",
    "about_victim": False,
    "victims": False,
    "external_id": None,
    "state": "recorded",
    "withdrawal_reason": None,
}


def test_a_fact_is_recorded_with_all_that_is_known(world):
    case = world.case(WHO)
    suspect = world.subject(WHO, case, pseudonym="P1")
    (phone,) = world.hold(WHO, case, "+31612345678", kind="phone")
    (fact,) = record(world, WHO, case, {**SAID, "subjects": [{"id": suspect}], "identifiers": [{"id": phone}]})
    assert {name: fact[name] for name in SHOWN} == SHOWN
    assert fact["subjects"] == [{"id": suspect, "pseudonym": "P1", "category": "suspect"}]
    assert fact["identifiers"] == [{"id": phone, "kind": "phone"}]
    assert read(world, WHO, fact) == fact
    assert facts(world, WHO, case) == [fact]
    assert events(world, WHO, case) == [("fact.recorded", fact["id"])]


def test_an_undated_fact_has_no_date(world):
    (fact,) = record(world, WHO, world.case(WHO), {"kind": "meeting", "text": "They met once."})
    for name in ("at", "until", "precision", "offset", "zone", "begins_at", "ends_at"):
        assert fact[name] is None, name


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"at": "2026"}, ("2026", "year", None, "2026-01-01T00:00:00+00:00")),
        ({"at": "2026-03", "zone": "Europe/Paris"}, ("2026-03", "month", None, "2026-02-28T23:00:00+00:00")),
        ({"at": "2026-03-05+09:00"}, ("2026-03-05+09:00", "day", "+09:00", "2026-03-04T15:00:00+00:00")),
        ({"at": "2026-03-05T14Z"}, ("2026-03-05T14+00:00", "hour", "+00:00", "2026-03-05T14:00:00+00:00")),
        ({"at": "2026-03-05T14:20:31.5-03:30"}, ("2026-03-05T14:20:31-03:30", "second", "-03:30", "2026-03-05T17:50:31+00:00")),
        ({"at": "2026-03-05T14:20+01:00", "precision": "day"}, ("2026-03-05+01:00", "day", "+01:00", "2026-03-04T23:00:00+00:00")),
        ({"at": "2026-10-25T02:30+01:00", "zone": "Europe/Paris"},
         ("2026-10-25T02:30+01:00", "minute", "+01:00", "2026-10-25T01:30:00+00:00")),
    ],
)  # fmt: skip
def test_a_time_is_as_precise_as_it_was_stated(world, said, shown):
    (fact,) = record(world, WHO, world.case(WHO), {"kind": "login", **said})
    assert tuple(fact[name] for name in ("at", "precision", "offset", "begins_at")) == shown
    again = {name: fact[name] for name in ("at", "until", "precision", "zone")}
    (same,) = record(world, WHO, fact["case_id"], {"kind": "login", **again})
    assert [same[name] for name in SHOWN] == [fact[name] for name in SHOWN], "what is read can be sent again"


def test_a_correction_keeps_the_state_before_it(world):
    case = world.case(WHO)
    suspect, witness = world.subject(WHO, case), world.subject(WHO, case, "witness")
    (fact,) = record(world, WHO, case, {**SAID, "subjects": [{"id": suspect}]})
    world.clock.forward(minutes=5)
    changed = correct(world, WHO, fact, at="2026-03-06", until=None, text="He paid twice.", subjects=[{"id": witness}])
    assert (changed["at"], changed["precision"], changed["zone"], changed["until"]) == ("2026-03-06", "day", None, None)
    assert (changed["text"], changed["source"], changed["place"]) == ("He paid twice.", SAID["source"], SAID["place"])
    assert [one["id"] for one in changed["subjects"]] == [witness]
    (before,) = history(world, WHO, fact)
    assert {name: before[name] for name in SHOWN if name not in {"state", "withdrawal_reason"}} == {
        name: fact[name] for name in SHOWN if name not in {"state", "withdrawal_reason"}
    }
    assert [one["id"] for one in before["subjects"]] == [suspect]
    assert (before["version"], before["recorded_at"], before["superseded_at"]) == (1, fact["recorded_at"], changed["changed_at"])
    correct(world, WHO, fact, confidence="high")
    assert [one["version"] for one in history(world, WHO, fact)] == [2, 1]
    assert [name for name, _ in events(world, WHO, case)] == ["fact.recorded", "fact.corrected", "fact.corrected"]


def test_a_correction_that_says_nothing_new_changes_nothing(world):
    case = world.case(WHO)
    (fact,) = record(world, WHO, case, SAID)
    assert correct(world, WHO, fact, text=SAID["text"], place=SAID["place"], at=SAID["at"], zone=SAID["zone"]) == fact
    assert history(world, WHO, fact) == []
    assert events(world, WHO, case) == [("fact.recorded", fact["id"])]


def test_null_takes_a_field_away(world):
    (fact,) = record(world, WHO, world.case(WHO), SAID)
    changed = correct(world, WHO, fact, at=None, place=None, country=None, source=None)
    assert [changed[name] for name in ("at", "until", "precision", "zone", "offset", "place", "country", "source")] == [None] * 8
    assert changed["text"] == SAID["text"]


def test_a_correction_names_the_version_that_it_changes(world):
    (fact,) = record(world, WHO, world.case(WHO), SAID)
    at = f"/cases/{fact['case_id']}/facts/{fact['id']}"
    assert world.as_(WHO).patch(at, {"kind": "call"}).status_code == 428
    assert world.as_(WHO).patch(at, {"kind": "call"}, If_Match='"v7"').status_code == 412


def test_a_withdrawn_fact_is_kept_and_no_longer_changes(world):
    case = world.case(WHO)
    (fact,) = record(world, WHO, case, {**SAID, "external_id": "F1"})
    assert withdraw(world, WHO, fact)["state"] == "withdrawn"
    assert read(world, WHO, fact)["withdrawal_reason"] == "inaccurate"
    correct(world, WHO, fact, 409, kind="call")
    assert facts(world, WHO, case, "?state=recorded") == []
    assert [one["id"] for one in facts(world, WHO, case, "?state=withdrawn")] == [fact["id"]]
    assert events(world, WHO, case)[-1] == ("fact.withdrawn", fact["id"])
    (new,) = record(world, WHO, case, {**SAID, "external_id": "F1"})
    assert new["id"] != fact["id"], "the key is free again"


def test_a_withdrawal_needs_a_reason(world):
    (fact,) = record(world, WHO, world.case(WHO), SAID)
    at = f"/cases/{fact['case_id']}/facts/{fact['id']}/transitions"
    refused = world.as_(WHO).post(at, {"event": "withdraw"}, If_Match='"v1"')
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/reason")
    assert [one["event"] for one in world.as_(WHO).get(at).json["allowed"]] == ["withdraw"]


def test_the_same_key_is_the_same_fact(world):
    case = world.case(WHO)
    (first,) = record(world, WHO, case, {**SAID, "external_id": "F1"})
    (same,) = record(world, WHO, case, {**SAID, "external_id": "F1"})
    assert same == first
    (changed,) = record(world, WHO, case, {"kind": "payment", "external_id": "F1", "text": "He paid again."})
    assert (changed["id"], changed["text"], changed["at"]) == (first["id"], "He paid again.", first["at"])
    assert len(history(world, WHO, first)) == 1
    each = {
        "facts": [{**SAID, "external_id": "F1"}, {"kind": "call", "external_id": "F2"}, {"kind": "call", "at": "?"}],
        "on_error": "each",
    }
    results = made(world.as_(WHO).post(f"/cases/{case}/facts", each), 200)["results"]
    assert [one["outcome"] for one in results] == ["corrected", "stored", "refused"]
    assert results[2]["problem"]["errors"][0]["pointer"] == "/facts/2/at"
    assert [one["id"] for one in facts(world, WHO, case, "?external_id=F1")] == [first["id"]]
    second = results[1]["item"]
    assert correct(world, WHO, second, 409, external_id="F1")["existing"].endswith(first["id"])


def test_a_thousand_facts_are_recorded_at_once(world):
    case = world.case(WHO)
    suspect = world.subject(WHO, case)
    said = [
        {"kind": "message", "at": f"2026-03-05T{n // 60:02d}:{n % 60:02d}Z", "subjects": [{"id": suspect}]} for n in range(1000)
    ]
    assert len(record(world, WHO, case, *said)) == 1000
    record(world, WHO, case, *said, said[0], status=422)
    first = world.as_(WHO).get(f"/cases/{case}/facts?limit=200").json
    assert len(first["items"]) == 200
    assert world.as_(WHO).get(f"/cases/{case}/facts?cursor={first['next']}").json["items"][0]["id"] < first["items"][-1]["id"]


def test_facts_are_found_by_what_is_involved(world):
    case = world.case(WHO)
    suspect = world.subject(WHO, case)
    (phone,) = world.hold(WHO, case, "+31612345678", kind="phone")
    one, two, _ = record(
        world, WHO, case,
        {"kind": "call", "subjects": [{"id": suspect}]}, {"kind": "payment", "identifiers": [{"id": phone}], "country": "FR"}, {"kind": "stay"},
    )  # fmt: skip
    for query, found in (
        (f"?subject_id={suspect}", one), (f"?identifier_id={phone}", two), ("?kind=payment", two), ("?country=FR", two),
    ):  # fmt: skip
        assert [each["id"] for each in facts(world, WHO, case, query)] == [found["id"]], query


def test_an_analyst_sees_when_and_who_but_no_words_and_no_place(world):
    case = world.case(WHO)
    suspect = world.subject(WHO, case, pseudonym="P1")
    (fact,) = record(world, WHO, case, {**SAID, "external_id": "F1", "subjects": [{"id": suspect}]})
    correct(world, WHO, fact, text="He paid later.")
    for shown in (read(world, "analyst", fact), history(world, "analyst", fact)[0], facts(world, "analyst", case)[0]):
        assert [shown[name] for name in ("text", "source", "place", "external_id")] == [None] * 4
        assert [shown[name] for name in ("at", "kind", "country")] == [SAID["at"], SAID["kind"], "FR"]
        assert shown["subjects"][0]["pseudonym"] == "P1"
    assert facts(world, "analyst", case, "?external_id=F1") == []
    assert world.as_("analyst").post(f"/cases/{case}/facts", {"facts": [SAID]}).status_code == 403


def test_who_reads_the_case_reads_its_facts_and_contributors_write_them(world):
    case = world.case(WHO)
    (fact,) = record(world, WHO, case, SAID)
    assert world.as_("foreign").get(f"/cases/{case}/facts").status_code == 404
    for level, reading, writing in (("index", 403, 403), ("read", 200, 403), ("contribute", 200, 201)):
        grant = {"authority_id": str(world.authorities["fr"]), "level": level, "reason": "R"}
        made(world.as_(WHO).post(f"/cases/{case}/access", grant))
        assert world.as_("foreign").get(f"/cases/{case}/facts").status_code == reading, level
        assert world.as_("foreign").get(f"/cases/{case}/facts/{fact['id']}").status_code == reading, level
        assert world.as_("foreign").post(f"/cases/{case}/facts", {"facts": [SAID]}).status_code == writing, level


def test_a_fact_belongs_to_its_case(world):
    case, other = world.case(WHO), world.case(WHO)
    (fact,) = record(world, WHO, case, SAID)
    for at in (f"/cases/{other}/facts/{fact['id']}", f"/cases/{other}/facts/{fact['id']}/history"):
        assert world.as_(WHO).get(at).status_code == 404
    assert world.as_(WHO).patch(f"/cases/{other}/facts/{fact['id']}", {"kind": "call"}, If_Match='"v1"').status_code == 404


def test_a_case_that_ended_takes_no_facts(world):
    case = world.case(WHO)
    record(world, WHO, case, SAID)
    moves = world.as_(WHO).get(f"/cases/{case}/transitions").json
    made(
        world.as_(WHO).post(f"/cases/{case}/transitions", {"event": "withdraw", "reason": "R"}, If_Match=f'"{moves["etag"]}"'), 200
    )
    assert record(world, WHO, case, SAID, status=409)["type"].endswith("case-is-final")
    assert len(facts(world, WHO, case)) == 1, "as with identifiers, facts stay readable for those who read the case"


def test_repeating_a_request_records_nothing_twice(world):
    case = world.case(WHO)
    first, second = (made(world.as_(WHO).post(f"/cases/{case}/facts", {"facts": [SAID]}, Idempotency_Key="once")) for _ in range(2))
    assert first == second
    assert len(facts(world, WHO, case)) == 1
