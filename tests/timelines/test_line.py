"""The timeline of one case: acts and facts in the order of time, with names and sentences, filters and pages."""

import itertools

import pytest
from timelining import asked, fact, line, whole

from coopapi.directory import codelists
from coopapi.journal.catalogue import EVENTS

NEVER_OF_A_CASE = ("alarm.", "calendar_feed.", "import.", "action.", "search.")


def of(entries, kind):
    return [entry for entry in entries if entry["kind"] == kind]


@pytest.fixture
def told(world):
    """A case with facts of different precision, a subject and an identifier; gives their ids."""
    return world.once(_told)


def _told(world):
    case = world.case("investigator", reference="NL-2026-7")
    subject = world.subject("investigator", case, pseudonym="S1")
    (identifier,) = world.hold("investigator", case, "heron@example.org", subject_id=subject)
    paid = fact(world, "investigator", case, "2026-03-05T14:20+02:00", "payment", text="Paid in Lyon", place={"name": "Lyon"},
                country="FR", subjects=[{"id": subject}], identifiers=[{"id": identifier}], basis="assessment",
                confidence="low", source_grading="B", information_grading="2")  # fmt: skip
    seen = fact(world, "investigator", case, "2026-03", zone="Europe/Paris")
    return {"case": case, "subject": subject, "identifier": identifier, "paid": paid, "seen": seen,
            "undated": fact(world, "investigator", case)}  # fmt: skip


def test_every_event_that_can_stand_in_a_timeline_has_a_sentence_in_each_language():
    sentences = {item.code: item.labels for item in codelists.load("timeline_sentences").items}
    assert {event for event in EVENTS if not event.startswith(NEVER_OF_A_CASE)} <= sentences.keys()
    assert all(set(labels) == set(codelists.LANGUAGES) and all(labels.values()) for labels in sentences.values())
    assert {event: sentences[event]["en"] for event in EVENTS if event in sentences} == {
        event: said for event, said in EVENTS.items() if event in sentences
    }


def test_a_fact_stands_at_its_time_as_it_was_stated(world, told):
    (paid,) = [entry for entry in line(world, "investigator", told["case"])["items"] if entry["id"] == told["paid"]]
    kept = ("kind", "begins_at", "ends_at", "precision", "offset", "zone", "type", "text", "basis", "confidence", "source_grading",
            "information_grading", "role", "detail")  # fmt: skip
    assert {name: paid[name] for name in kept} == {
        "kind": "fact", "begins_at": "2026-03-05T12:20:00+00:00", "ends_at": None, "precision": "minute", "offset": "+02:00", "zone": None,
        "type": "payment", "text": "Paid in Lyon", "basis": "assessment", "confidence": "low", "source_grading": "B",
        "information_grading": "2", "role": None, "detail": None,
    }  # fmt: skip
    assert paid["place"] == {"name": "Lyon", "country": "FR", "latitude": None, "longitude": None}
    assert paid["subjects"] == [{"id": told["subject"], "pseudonym": "S1", "category": "suspect"}]
    assert paid["identifiers"] == [{"id": told["identifier"], "kind": "email"}]
    assert paid["case"] == {"id": told["case"], "reference": "NL-2026-7"}
    assert paid["authority"] == {"id": str(world.authorities["nl"]), "name": "National Police", "country": "NL"}


@pytest.mark.parametrize(
    ("language", "act", "of_fact"),
    [
        ("en", "A subject was added to a case: S1 (National Police, NL).", "recorded as an assessment, low confidence"),
        (
            "fr",
            "Une personne concernée a été ajoutée à une affaire\N{NO-BREAK SPACE}: S1 (National Police, NL).",
            "appréciation, confiance faible",
        ),
        ("es", "Se añadió una persona a un asunto: S1 (National Police, NL).", "apreciación, confianza baja"),
        ("pt", "Foi acrescentada uma pessoa a um processo: S1 (National Police, NL).", "apreciação, confiança baixa"),
    ],
)
def test_each_entry_has_a_sentence_in_the_language_of_the_reader(world, told, language, act, of_fact):
    said = {entry["type"]: entry["sentence"] for entry in line(world, "investigator", told["case"], language=language)["items"]}
    assert said["subject.added"] == act
    assert of_fact in said["payment"]


def test_facts_and_acts_stand_in_one_order_of_time_from_either_end(world, told):
    newest = line(world, "investigator", told["case"])["items"]
    earliest = line(world, "investigator", told["case"], order="asc")["items"]
    assert newest == earliest[::-1]
    assert [entry["begins_at"] for entry in earliest] == sorted(entry["begins_at"] for entry in earliest)
    assert [entry["id"] for entry in of(earliest, "fact")] == [told["seen"], told["paid"]]
    assert [entry["type"] for entry in of(earliest, "act")] == [
        "case.registered", "subject.added", "identifiers.registered", "fact.recorded", "fact.recorded", "fact.recorded",
    ]  # fmt: skip


def test_facts_without_a_time_are_listed_apart_and_are_given_none(world, told):
    (undated,) = line(world, "investigator", told["case"], undated="true")["items"]
    assert (undated["id"], undated["begins_at"], undated["precision"]) == (told["undated"], None, None)
    assert "time unknown" in undated["sentence"]
    assert (
        asked(world, "investigator", f"/cases/{told['case']}/timeline", undated="true", until="2026-03-05T00:00:00Z").status_code
        == 422
    )


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_join_without_gaps_and_doubles_also_where_acts_and_facts_have_one_time(world, clock, order, limit):
    clock.at("2026-06-01T10:00:00Z")
    clock.stopped = clock()
    case = world.case("investigator")
    now = clock.stopped.strftime("%Y-%m-%dT%H:%M:%SZ")
    clock.stopped = clock.stopped.replace(microsecond=0)
    for _ in range(3):
        fact(world, "investigator", case, now)
        world.subject("investigator", case)
    at_once = line(world, "investigator", case, order=order, limit=200)["items"]
    assert len(at_once) == 10
    assert whole(line, world, "investigator", case, order=order, limit=limit) == at_once


def ids(page):
    return {entry["id"] for entry in page["items"]}


def test_filters_leave_what_they_name(world, told):
    case = told["case"]
    everything = line(world, "investigator", case)["items"]
    payment = {told["paid"]}
    assert ids(line(world, "investigator", case, kind="fact")) == {told["paid"], told["seen"]}
    assert ids(line(world, "investigator", case, type="payment")) == payment
    two = line(world, "investigator", case, type=["payment", "case.registered"])
    assert {entry["type"] for entry in two["items"]} == {"payment", "case.registered"}
    assert ids(line(world, "investigator", case, since="2026-03-05T12:20:00Z", until="2026-03-05T12:20:01Z")) == payment
    assert ids(line(world, "investigator", case, since="2026-03-05T12:20:01Z", until="2026-03-06T00:00:00Z")) == set()
    about = {e["id"] for e in everything if told["subject"] in [s["id"] for s in e["subjects"]]}
    assert ids(line(world, "investigator", case, subject_id=told["subject"])) == about
    assert len(about) == 2
    about = {e["id"] for e in everything if told["identifier"] in [i["id"] for i in e["identifiers"]]}
    assert ids(line(world, "investigator", case, identifier_id=told["identifier"])) == about >= payment
    before = line(world, "investigator", case, identifier_id=told["identifier"], as_known_on=world.clock().isoformat())
    assert ids(before) == about
    assert ids(line(world, "investigator", case, identifier_id=told["subject"])) == set()
    assert ids(line(world, "investigator", case, authority_id=world.authorities["fr"])) == set()
    assert ids(line(world, "investigator", case, authority_id=world.authorities["nl"])) == {e["id"] for e in everything}


@pytest.mark.parametrize("text", ["PAID in", "lyon", "low confidence", "payment"])
def test_text_is_looked_for_in_what_the_reader_sees(world, told, text):
    assert told["paid"] in ids(line(world, "investigator", told["case"], text=text))


def test_an_analyst_finds_no_words_that_it_does_not_see(world, told):
    (paid,) = line(world, "analyst", told["case"], type="payment")["items"]
    assert (paid["text"], paid["place"]) == (None, {"name": None, "country": "FR", "latitude": None, "longitude": None})
    assert paid["subjects"][0]["pseudonym"] == "S1"
    assert ids(line(world, "analyst", told["case"], text="Lyon")) == set()


@pytest.mark.parametrize("who", ["central", "contact"])
def test_roles_that_read_no_identifiers_read_no_facts(world, told, who):
    assert of(line(world, who, told["case"])["items"], "fact") == []
    assert asked(world, who, f"/cases/{told['case']}/timeline", kind="fact").status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "both"}, {"order": "up"}, {"since": "yesterday"}, {"type": [str(n) for n in range(21)]}, {"subject_id": "S1"}, {"identifier_id": "x"},
        {"language": "nl"}, {"limit": 0}, {"as_known_on": "2026"}, {"text": "x" * 201}, {"unknown": "1"},
    ],
)  # fmt: skip
def test_a_wrong_filter_is_refused_with_its_place(world, told, wrong):
    refused = asked(world, "investigator", f"/cases/{told['case']}/timeline", **wrong)
    assert (refused.status_code, bool(refused.json["errors"])) == (422, True)


def test_a_cursor_belongs_to_its_filters(world, told):
    cursor = line(world, "investigator", told["case"], limit=1)["next"]
    assert asked(world, "investigator", f"/cases/{told['case']}/timeline", limit=1, cursor=cursor, kind="act").status_code == 400


def test_what_was_known_on_a_day_is_shown_with_the_rights_of_today(world, clock, told):
    case = told["case"]
    before = clock().isoformat()
    clock.forward(days=1)
    me = world.as_("investigator")
    path = f"/cases/{case}/facts/{told['paid']}"
    corrected = me.patch(path, {"at": "2026-04-01", "text": "Paid later"}, If_Match=me.get(path).headers["ETag"])
    assert corrected.status_code == 200, corrected.json
    seen = f"/cases/{case}/facts/{told['seen']}"
    body = {"event": "withdraw", "reason": "inaccurate"}
    assert me.post(f"{seen}/transitions", body, If_Match=me.get(seen).headers["ETag"]).status_code == 200

    then = {e["id"]: e for e in line(world, "investigator", case, as_known_on=before, kind="fact")["items"]}
    assert {one: (e["begins_at"], e["text"]) for one, e in then.items()} == {
        told["paid"]: ("2026-03-05T12:20:00+00:00", "Paid in Lyon"),
        told["seen"]: (then[told["seen"]]["begins_at"], None),
    }
    assert then[told["paid"]]["subjects"][0]["pseudonym"] == "S1"
    acts = {e["type"] for e in line(world, "investigator", case, as_known_on=before, kind="act")["items"]}
    assert {"fact.recorded"} <= acts
    assert not {"fact.corrected", "fact.withdrawn"} & acts
    now = {e["id"]: e["text"] for e in line(world, "investigator", case, kind="fact")["items"]}
    assert now == {told["paid"]: "Paid later"}


def test_the_counter_stays_until_something_changes_for_the_reader(world, told):
    case = told["case"]
    first = line(world, "investigator", case)
    unchanged = line(world, "investigator", case, change=first["change"])
    assert (unchanged["changed"], unchanged["items"], unchanged["change"]) == (False, [], first["change"])
    fact(world, "investigator", case, "2026-05-01")
    again = line(world, "investigator", case, change=first["change"])
    assert again["changed"]
    assert again["change"] != first["change"]
    assert len(again["items"]) == len(first["items"]) + 2


def test_a_page_that_filters_cut_short_says_where_to_go_on(world, monkeypatch):
    case = world.case("investigator")
    for _ in range(6):
        world.subject("investigator", case)
    monkeypatch.setattr("coopapi.timelines.line.MOST_LOOKED_AT", 3)
    pages = []
    cursor = {}
    for _ in itertools.count():
        pages.append(line(world, "investigator", case, type="case.registered", limit=1, **cursor))
        if pages[-1]["next"] is None:
            break
        cursor = {"cursor": pages[-1]["next"]}
    assert [entry["type"] for page in pages for entry in page["items"]] == ["case.registered"]
    assert [page["complete"] for page in pages[:-1]] == [False] * (len(pages) - 1)
    assert len(pages) > 1


def test_a_text_is_looked_for_in_a_part_of_the_entries_at_a_time(world, monkeypatch):
    case = world.case("investigator")
    for _ in range(6):
        world.subject("investigator", case)
    monkeypatch.setattr("coopapi.timelines.line.MOST_READ", 2)
    monkeypatch.setattr("coopapi.timelines.line._BATCH", 2)
    found = whole(line, world, "investigator", case, text="was registered")
    assert [entry["type"] for entry in found] == ["case.registered"]
    assert not line(world, "investigator", case, text="was registered")["complete"]


def test_the_reading_is_recorded(world, told):
    before = len(world.as_("prosecutor").get(f"/cases/{told['case']}/consultations?limit=200").json["items"])
    first = line(world, "investigator", told["case"])
    line(world, "investigator", told["case"], change=first["change"])
    after = world.as_("prosecutor").get(f"/cases/{told['case']}/consultations?limit=200").json["items"]
    assert [entry["action"] for entry in after[: len(after) - before]] == ["timeline.consulted"]


def test_who_has_no_access_gets_what_is_not_there(world, told):
    assert world.as_("foreign").get(f"/cases/{told['case']}/timeline").status_code == 404
    assert world.as_("foreign").get(f"/timelines?case_id={told['case']}").status_code == 404
    index = {"authority_id": str(world.authorities["fr"]), "level": "index", "reason": "R"}
    assert world.as_("investigator").post(f"/cases/{told['case']}/access", index).status_code == 201
    assert world.as_("foreign").get(f"/cases/{told['case']}/timeline").status_code == 403


def test_the_desk_of_the_state_sees_what_its_index_shows(world, told):
    entries = line(world, "desk", told["case"])["items"]
    assert [(entry["type"], entry["case"]["reference"]) for entry in entries] == [("case.registered", "NL-2026-7")]
