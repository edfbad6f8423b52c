"""Facts in files that are imported: stored, corrected, withdrawn, refused, and rehearsed in a dry run."""

import json
from urllib.parse import quote

import pytest
from recording import SAID, correct, events, facts, history, made, record, relabel
from sqlalchemy import event
from test_imports import CASE, EMAIL, OWNED, SUBJECT, counted, outcomes, report, sent
from world import ISSUER

from coopapi.ops import administration

FACT = {
    "type": "fact",
    "case": "C1",
    "external_id": "F1",
    **SAID,
    "subjects": [{"external_id": "S1"}],
    "identifiers": [{"external_id": "I1"}, {"external_id": "I2"}],
}
FILE = (CASE, SUBJECT, EMAIL, OWNED, FACT)
WHO = "investigator"


def case_of(world, key="C1"):
    (case,) = world.as_(WHO).get(f"/cases?external_id={key}").json["items"]
    return case["id"]


def test_a_fact_is_stored_behind_what_it_names(world):
    assert outcomes(world, sent(world, *FILE)) == ["stored"] * 5
    (fact,) = facts(world, WHO, case_of(world))
    assert {name: fact[name] for name in SAID if name != "until"} == {name: SAID[name] for name in SAID if name != "until"}
    assert (fact["external_id"], fact["subjects"][0]["pseudonym"]) == ("F1", "P1")
    assert sorted(one["kind"] for one in fact["identifiers"]) == ["email", "phone"]
    assert outcomes(world, sent(world, *FILE)) == ["unchanged"] * 5


def test_lines_take_effect_in_their_order(world):
    other = {**EMAIL, "external_id": "I9", "value": "owl@example.org"}
    job = sent(
        world,
        *FILE,
        {**FACT, "external_id": "F2", "identifiers": [{"external_id": "I9"}]},
        other,
        {**FACT, "external_id": "F3", "identifiers": [{"external_id": "I9"}]},
    )
    assert outcomes(world, job) == [*["stored"] * 5, "refused", "stored", "stored"]
    assert report(world, job)[5]["faults"] == [{"pointer": "/identifiers/0/external_id", "rule": "identifier"}]


def test_another_line_about_a_fact_is_an_update_and_a_withdrawal_withdraws(world):
    sent(world, *FILE)
    changed = {name: FACT[name] for name in ("type", "case", "external_id", "kind")} | {"text": "He paid twice.", "subjects": []}
    assert outcomes(world, sent(world, changed)) == ["updated"]
    (fact,) = facts(world, WHO, case_of(world))
    assert (fact["text"], fact["subjects"], fact["at"]) == ("He paid twice.", [], SAID["at"])
    assert len(history(world, WHO, fact)) == 1
    assert outcomes(world, sent(world, changed)) == ["unchanged"]
    gone = {"type": "withdrawal", "of": "fact", "case": "C1", "external_id": "F1", "reason": "inaccurate"}
    assert outcomes(world, sent(world, gone, gone)) == ["withdrawn", "unchanged"]
    assert facts(world, WHO, case_of(world))[0]["withdrawal_reason"] == "inaccurate"
    assert outcomes(world, sent(world, changed, FACT)) == ["unchanged", "refused"]


def test_what_a_person_recorded_or_corrected_is_a_conflict(world):
    sent(world, *FILE)
    case = case_of(world)
    (fact,) = facts(world, WHO, case)
    at = f"/cases/{case}/facts/{fact['id']}"
    tag = world.as_(WHO).get(at).headers["ETag"]
    made(world.as_(WHO).patch(at, {"confidence": "high"}, If_Match=tag), 200)
    record(world, WHO, case, {"kind": "call", "external_id": "F2"})
    job = sent(world, FACT, {**FACT, "text": "He paid twice."}, {**FACT, "external_id": "F2"})
    assert outcomes(world, job) == ["unchanged", "conflict", "conflict"]
    assert [one["faults"][0]["rule"] for one in report(world, job)[1:]] == ["changed_since", "not_imported"]


def test_facts_that_are_corrected_together_keep_their_history_and_are_told_of_one_by_one(world):
    keys = [f"F{n}" for n in range(4)]
    sent(world, *FILE[:-1], *({**FACT, "external_id": key, "text": key} for key in keys))
    case = case_of(world)
    was = {fact["external_id"]: fact for fact in facts(world, WHO, case)}
    correct(world, WHO, was["F3"], text="A person says otherwise.")
    told = events(world, WHO, case)
    job = sent(
        world,
        {**FACT, "external_id": "F0", "text": "He paid twice."},
        {**FACT, "external_id": "F1", "text": "F1", "subjects": [], "identifiers": [{"external_id": "I2"}]},
        {**FACT, "external_id": "F2", "text": "F2", "source": None},
        {**FACT, "external_id": "F3", "text": "He paid twice."},
    )
    assert [(one["outcome"], one["faults"] and one["faults"][0]["rule"]) for one in report(world, job)] == [
        *[("updated", None)] * 3, ("conflict", "changed_since"),
    ]  # fmt: skip
    now = {fact["external_id"]: fact for fact in facts(world, WHO, case)}
    assert [(now[key]["text"], now[key]["source"], len(now[key]["subjects"]), len(now[key]["identifiers"])) for key in keys] == [
        ("He paid twice.", SAID["source"], 1, 2), ("F1", SAID["source"], 0, 1), ("F2", None, 1, 2),
        ("A person says otherwise.", SAID["source"], 1, 2),
    ]  # fmt: skip
    for key in keys[:3]:
        (earlier,) = history(world, WHO, now[key])
        same = ("text", "source", "subjects", "identifiers", "recorded_at")
        assert {name: earlier[name] for name in same} == {name: was[key][name] for name in same}
        assert (earlier["version"], now[key]["etag"]) == (1, "v2")
    assert events(world, WHO, case)[len(told) :] == [("fact.corrected", was[key]["id"]) for key in keys[:3]]


def test_a_correction_that_would_give_a_fact_the_key_of_another_is_a_conflict(world, owner):
    sent(world, *FILE[:-1])
    record(world, WHO, case_of(world), {"kind": "call", "external_id": "F1", "about_victim": True})
    lines = FACT, {**FACT, "external_id": "F2"}
    assert outcomes(world, sent(world, *lines)) == ["stored"] * 2
    with owner.cursor() as cursor:
        cursor.execute("update principals set victim_cleared = true where subject = 'system'")
    changed = [{**line, "about_victim": True} for line in lines]
    found = [("conflict", "external_id_taken"), ("updated", None)]
    for query in ("?dry_run=true", ""):
        job = sent(world, *changed, query=query)
        assert [(one["outcome"], one["faults"] and one["faults"][0]["rule"]) for one in report(world, job)] == found


FAULTS = {
    "undated": ({"at": None, "until": "2026-03-05"}, "/until"),
    "order_of_time": ({"until": "2026-03-04T10:00"}, "/until"),
    "subject": ({"subjects": [{"external_id": "S9"}]}, "/subjects/0/external_id"),
    "identifier": ({"identifiers": [{"external_id": "I9"}]}, "/identifiers/0/external_id"),
    "clearance": ({"about_victim": True}, "/about_victim"),
    "words_only": ({"text": "data:video/mp4;base64,AAAA"}, "/text"),
    "codelist": ({"kind": "gossip"}, "/kind"),
    "time_zone": ({"zone": "Europe/Atlantis"}, "/zone"),
    "unknown_case": ({"case": "C9"}, "/case"),
    "type": ({"subjects": "S1"}, "/subjects"),
}


def test_each_bad_line_is_reported_with_its_rule_and_the_others_are_kept(world):
    bad = [{**FACT, "external_id": f"B{n}", **said} for n, (said, _) in enumerate(FAULTS.values())]
    job = sent(world, CASE, SUBJECT, EMAIL, OWNED, *bad, FACT)
    assert outcomes(world, job) == [*["stored"] * 4, *["refused"] * len(bad), "stored"]
    found = [(line["faults"][0]["rule"], line["faults"][0]["pointer"]) for line in report(world, job)[4:-1]]
    assert found == [(rule, pointer) for rule, (_, pointer) in FAULTS.items()]


def test_a_dry_run_reports_the_same_and_stores_nothing(world, owner, monkeypatch):
    monkeypatch.setattr("coopapi.imports.running.MOST_LINES", 2)
    before = counted(owner)
    job = sent(world, *FILE, {**FACT, "external_id": "F2", "identifiers": [{"external_id": "I9"}]}, query="?dry_run=true")
    assert outcomes(world, job) == [*["stored"] * 5, "refused"]
    assert counted(owner) == before
    assert outcomes(world, sent(world, *FILE)) == ["stored"] * 5
    job = sent(world, FACT, {**FACT, "text": "He paid twice."}, query="?dry_run=true")
    assert outcomes(world, job) == ["unchanged", "updated"]
    assert facts(world, WHO, case_of(world))[0]["text"] == SAID["text"]


def test_a_fact_that_became_one_about_a_victim_is_out_of_reach_for_a_client_without_clearance(world):
    sent(world, *FILE)
    case = case_of(world)
    (fact,) = facts(world, WHO, case)
    relabel(world, WHO, case, fact["subjects"][0]["id"], "victim")
    gone = {"type": "withdrawal", "of": "fact", "case": "C1", "external_id": "F1", "reason": "inaccurate"}
    job = sent(world, FACT, {**FACT, "text": "He paid twice."}, {**FACT, "subjects": []}, gone)
    assert outcomes(world, job) == ["unchanged", *["conflict"] * 3]
    assert {one["faults"][0]["rule"] for one in report(world, job)[1:]} == {"changed_since"}, "as after a change by anybody else"
    assert facts(world, WHO, case)[0]["text"] == SAID["text"]


def test_a_cleared_client_imports_facts_about_victims(world):
    person = {"name": "S", "issuer": ISSUER, "subject": "cleared", "roles": ["system"], "victim_cleared": True}
    administration.add_person(world.app.extensions["coopapi"].database, world.authorities["nl"], person)
    job = sent(world, CASE, {**SUBJECT, "category": "victim"}, EMAIL, OWNED, FACT, who="cleared")
    assert [one["outcome"] for one in report(world, job, "cleared")] == ["stored"] * 5
    assert facts(world, "colleague", case_of(world)) == []
    assert facts(world, WHO, case_of(world))[0]["victims"]


def test_a_csv_file_of_facts(world):
    sent(world, CASE, SUBJECT, EMAIL, OWNED)
    rows = "No;When;Who;What;Lat;Lon;Victim\nF1;2026-03-05;S1;I1;48.8809;-2.5;false\nF2;;;;;;\nF3;2026-03;S1;;48,8;1;no\n"
    columns = {"No": "external_id", "When": "at", "Who": "subjects", "What": "identifiers", "Lat": "place.latitude",
               "Lon": "place.longitude", "Victim": "about_victim"}  # fmt: skip
    mapping = {"type": "fact", "delimiter": ";", "columns": columns, "values": {"case": "C1", "kind": "stay"}}
    job = sent(world, rows.encode(), query=f"?mapping={quote(json.dumps(mapping))}", Content_Type="text/csv")
    assert outcomes(world, job) == ["stored", "stored", "refused"]
    second, first = facts(world, WHO, case_of(world))
    assert (first["place"], first["at"], second["at"]) == (
        {"latitude": 48.8809, "longitude": -2.5},
        "2026-03-05",
        None,
    )


@pytest.mark.parametrize("count", [300])
def test_many_facts_are_stored_in_as_many_statements_however_many_they_are(world, idle, count):
    """The statements of a file with few facts and of one with many differ by nothing but the number of lines."""

    def statements(key, facts_of):
        seen = []
        engine = idle.engine

        def note(*said):
            seen.append(said[2])

        case = {**CASE, "external_id": key, "reference": key}
        subject = {**SUBJECT, "case": key}
        lines = [{**FACT, "case": key, "external_id": f"F{n}", "identifiers": []} for n in range(facts_of)]
        event.listen(engine, "before_cursor_execute", note)
        try:
            sent(world, case, subject, *lines)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    assert statements("C2", 2) == statements("C3", count)
