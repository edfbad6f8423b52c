"""Search for a value or a person: what is found, for whom, and what is left behind of it."""

import os
from datetime import timedelta

import pytest

from coopapi.identifiers.kinds import Context
from coopapi.imports.ahead import Ahead
from coopapi.ops import abuse_controls, worker
from coopapi.search import identifiers

OWL = "owl@example.org"
BUDDE = {"names": [{"given": "Jan", "family": "Brandsma"}], "birth_dates": ["1984-03-02"]}
ALSO = ("Appel", "Berger", "Citroen", "Dekker")
LIKE_BUDDE = {"names": [{"full": "Brandsma Jan"}], "birth_dates": ["1984-03-02"]}


def searched(world, who, case, kind="email", value=OWL, purpose="investigation", **more):
    body = {"case_id": case, "purpose": purpose, "identifier": {"kind": kind, **({"value": value} if value else {}), **more}}
    return world.as_(who).post("/search/identifiers", body)


def found(answer):
    assert answer.status_code == 200, answer.json
    return [(item["identifier_id"], item["case_id"]) for item in answer.json["items"]]


def test_a_search_with_a_key_is_a_search_each_time(world):
    case = world.case("investigator")
    (held,) = world.hold("investigator", case, OWL)
    body = {"case_id": case, "purpose": "investigation", "identifier": {"kind": "email", "value": OWL}}
    for _ in range(2):
        answer = world.as_("investigator").post("/search/identifiers", body, Idempotency_Key="k1")
        assert found(answer) == [(held, case)]


def test_a_value_is_found_in_the_cases_that_the_caller_may_read_however_it_is_written(world):
    one, two = world.case("investigator", "NL-1"), world.case("investigator", "NL-2")
    theirs = world.case("foreign")
    (first,), (second,) = world.hold("investigator", one, OWL), world.hold("investigator", two, "OWL@Example.org")
    world.hold("foreign", theirs, OWL)
    answer = searched(world, "investigator", one, value=" <Owl@EXAMPLE.org> ")
    assert found(answer) == [(second, two), (first, one)]
    (item, _) = answer.json["items"]
    assert (item["strength"], item["score"], item["rule"], item["reference"]) == ("strong", 1.0, ["same_value"], "NL-2")
    assert answer.json["next"] is answer.json["common_value"] is None
    assert "owl" not in answer.text.lower()


def test_what_is_withdrawn_or_of_a_case_without_access_is_not_found(world):
    case, other = world.case("investigator"), world.case("foreign")
    (gone,) = world.hold("investigator", case, OWL)
    (there,) = world.hold("foreign", other, OWL)
    me = world.as_("investigator")
    etag = me.get(f"/cases/{case}/identifiers/{gone}").headers["ETag"]
    me.post(f"/cases/{case}/identifiers/{gone}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=etag)
    assert found(searched(world, "investigator", case)) == []
    grant = {"authority_id": world.authorities["nl"], "level": "index", "reason": "R"}
    assert world.as_("foreign").post(f"/cases/{other}/access", grant).status_code == 201
    assert found(searched(world, "investigator", case)) == []
    assert world.as_("foreign").post(f"/cases/{other}/access", {**grant, "level": "read"}).status_code == 201
    assert found(searched(world, "investigator", case)) == [(there, other)]


def test_what_is_found_tells_nobody_which_identifiers_belong_to_victims(world):
    """The uncleared see values without their links to victims: a miss would tell them of the link."""
    case = world.case("investigator")
    (one,) = world.hold("investigator", case, OWL, subject_id=world.subject("investigator", case, "victim"))
    listed = world.as_("colleague").get(f"/cases/{case}/identifiers").json["items"]
    assert [(item["id"], item["subjects"]) for item in listed] == [(one, [])]
    assert found(searched(world, "colleague", case)) == found(searched(world, "investigator", case)) == [(one, case)]


def test_a_person_is_scored_as_in_overlaps(world):
    case, other, there = world.case("investigator"), world.case("investigator"), world.case("foreign")
    body = {"kind": "person", "person": BUDDE, "subjects": [{"id": world.subject("investigator", case)}]}
    world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [body]})
    them = {"kind": "person", "person": LIKE_BUDDE, "subjects": [{"id": world.subject("foreign", there)}]}
    world.as_("foreign").post(f"/cases/{there}/identifiers", {"identifiers": [them]})
    (overlap,) = world.overlaps("investigator", case)
    answer = searched(world, "investigator", other, "person", None, person=LIKE_BUDDE)
    (item,) = answer.json["items"]
    assert item["case_id"] == case
    assert (item["strength"], item["score"]) == (overlap["strength"], pytest.approx(overlap["score"], abs=0.001))
    assert item["rule"] == overlap["evidence"][0]["rule"]
    assert found(searched(world, "investigator", other, "person", None, person={"names": [{"full": "Anna Zwart"}]})) == []


def test_a_value_that_everybody_has_is_said_to_be_one(world):
    case = world.case("investigator")
    answer = searched(world, "investigator", case, "ip", "10.0.0.7").json
    assert (answer["strength"], [one["code"] for one in answer["warnings"]]) == ("weak", ["private_address", "no_time"])
    empty = searched(world, "investigator", case, "md5", "d41d8cd98f00b204e9800998ecf8427e").json
    assert (empty["strength"], empty["common_value"]["code"]) == ("weak", "empty_file")


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("investigator", 200),
        ("prosecutor", 200),
        ("system", 200),
        ("analyst", 403),
        ("central", 403),
        ("auditor", 403),
        ("admin", 403),
        ("desk", 403),
    ],
)
def test_roles(world, who, status):
    """The desk has index access to the case alone."""
    assert searched(world, who, world.case("investigator")).status_code == status


def test_the_case_must_be_readable_and_purpose_and_case_are_needed(world):
    case = world.case("investigator")
    assert searched(world, "foreign", case).status_code == 404
    me = world.as_("investigator")
    whole = {"case_id": case, "purpose": "investigation", "identifier": {"kind": "email", "value": OWL}}
    for name in whole:
        answer = me.post("/search/identifiers", {key: value for key, value in whole.items() if key != name})
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, f"/{name}")


@pytest.mark.parametrize(
    ("identifier", "pointer"),
    [
        ({"kind": "email"}, "/identifier/value"),
        ({"kind": "email", "value": "no address"}, "/identifier/value"),
        ({"kind": "nothing", "value": "x"}, "/identifier/kind"),
        ({"kind": "username", "value": "x"}, "/identifier/context/platform"),
        ({"kind": "person", "value": "x"}, "/identifier/value"),
        (
            {"kind": "person", "person": {"names": [{"full": "X Y"}], "birth_dates": ["1984-99"]}},
            "/identifier/person/birth_dates/0",
        ),
        ({"kind": "email", "value": OWL, "subjects": []}, "/identifier/subjects"),
    ],
)
def test_bad_input_is_named(world, identifier, pointer):
    body = {"case_id": world.case("investigator"), "purpose": "investigation", "identifier": identifier}
    answer = world.as_("investigator").post("/search/identifiers", body)
    assert answer.status_code == 422, answer.json
    assert any(error["pointer"].startswith(pointer.rsplit("/", 1)[0]) for error in answer.json["errors"]), answer.json


def left(answer):
    """How many values the quota of the hour leaves."""
    return int(answer.headers["RateLimit"].split("r=")[1].split(";")[0])


def test_a_search_counts_against_the_quotas_once_and_what_it_counted_may_be_registered(world):
    case = world.case("investigator")
    me = world.as_("investigator")

    first, again, other = (left(searched(world, "investigator", case, value=value)) for value in (OWL, OWL, "jay@example.org"))
    assert (first - again, first - other) == (0, 1)
    registered = me.post(f"/cases/{case}/identifiers", {"identifiers": [{"kind": "email", "value": OWL}]})
    assert left(registered) == other


def charged(world, who, case, value):
    """Whether a search for a value is charged, as somebody sees it by the quota."""
    before = left(searched(world, who, case, "ip", "10.0.0.7"))
    return before - left(searched(world, who, case, value=value))


def test_the_quota_does_not_tell_a_reader_what_others_searched_or_withdrew(world):
    case = world.case("foreign")
    grant = {"authority_id": world.authorities["nl"], "level": "read", "reason": "R"}
    assert world.as_("foreign").post(f"/cases/{case}/access", grant).status_code == 201
    (gone,) = world.hold("foreign", case, "gone@example.org")
    etag = world.as_("foreign").get(f"/cases/{case}/identifiers/{gone}").headers["ETag"]
    world.as_("foreign").post(
        f"/cases/{case}/identifiers/{gone}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=etag
    )
    assert searched(world, "foreign", case, value=OWL).status_code == 200
    searched(world, "investigator", case, "ip", "10.0.0.7")
    assert [charged(world, "investigator", case, value) for value in ("gone@example.org", OWL, "never@example.org")] == [1, 1, 1]
    assert [charged(world, "investigator", case, value) for value in ("gone@example.org", OWL)] == [0, 0]
    searched(world, "colleague", case, "ip", "10.0.0.7")
    assert charged(world, "colleague", case, OWL) == 1
    searched(world, "uncleared", case, "ip", "10.0.0.7")
    assert [charged(world, "uncleared", case, value) for value in ("gone@example.org", OWL)] == [0, 1]


def test_what_was_searched_is_not_announced_and_is_forgotten_after_a_day(world, owner, database):
    case = world.case("investigator")
    assert searched(world, "investigator", case).status_code == 200

    def stored():
        with owner.cursor() as cursor:
            cursor.execute("select (select count(*) from registered_values), (select count(*) from searched_values)")
            return cursor.fetchone()

    assert stored() == (0, 1)

    def clean():
        assert worker._import_faults(database, worker.Paces(worker.Pace), os.getppid(), Ahead(database.keys)) == []

    clean()
    assert stored() == (0, 1)
    world.clock.stopped = world.clock() + timedelta(hours=25)
    clean()
    assert stored() == (0, 0)
    assert searched(world, "investigator", case, value="jay@example.org").status_code == 200
    world.hold("investigator", case, "jay@example.org")
    assert stored() == (1, 1)


def test_a_quota_that_is_used_up_ends_searching(world, owner):
    case = world.case("investigator")
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into quotas (authority_id, hourly, daily, hidden_hourly, hidden_daily, reason, set_at) values (%s, 1, 1, 0, 0, 'R', now())",
            (world.authorities["nl"],),
        )
    assert searched(world, "investigator", case).status_code == 200
    refused = searched(world, "investigator", case, value="jay@example.org")
    assert (refused.status_code, refused.json["type"]) == (429, "/problems/quota-exceeded")
    assert searched(world, "investigator", case).status_code == 200


def test_a_honey_value_raises_an_alarm_and_finds_nothing(world, database):
    planted = abuse_controls.plant(database, "email", OWL, Context())
    case = world.case("investigator")
    assert found(searched(world, "investigator", case)) == []
    items = world.as_("operator").get("/events?kind=alarm&limit=200").json["items"]
    assert [item["detail"]["honey"] for item in items if item["action"] == "alarm.honey_value"] == [str(planted)]


def test_the_journal_has_the_purpose_and_the_kind_but_nothing_of_the_value(world):
    case = world.case("investigator")
    world.hold("investigator", case, OWL)
    searched(world, "investigator", case, purpose="victim_identification")
    (entry,) = world.as_("auditor").get("/journal?action=identifiers.searched").json["items"]
    assert (entry["case_id"], entry["purpose"], entry["consultation"]) == (case, "victim_identification", True)
    assert entry["detail"] == {"kind": "email"}
    looked = world.as_("investigator").get(f"/cases/{case}/consultations").json["items"]
    assert [one["purpose"] for one in looked if one["action"] == "identifiers.searched"] == ["victim_identification"]


def test_the_owner_of_each_case_in_which_something_is_found_learns_of_the_search(world):
    case, there, empty = world.case("investigator"), world.case("foreign"), world.case("foreign")
    world.hold("foreign", there, OWL)
    world.hold("foreign", empty, "jay@example.org")
    for one in (there, empty):
        grant = {"authority_id": world.authorities["nl"], "level": "read", "reason": "R"}
        assert world.as_("foreign").post(f"/cases/{one}/access", grant).status_code == 201
    assert len(found(searched(world, "investigator", case, purpose="prosecution"))) == 1

    def consulted(one):
        items = world.as_("foreign").get(f"/cases/{one}/consultations").json["items"]
        return [(o["authority_id"], o["purpose"]) for o in items if o["action"] == "identifiers.searched"]

    assert consulted(there) == [(str(world.authorities["nl"]), "prosecution")]
    assert consulted(empty) == []


def test_old_cases_are_searched_page_by_page(world, monkeypatch):
    made = [world.case("investigator") for _ in range(5)]
    held = [world.hold("investigator", case, OWL)[0] for case in made]
    for cases, most in ((2, 200), (20, 2)):
        monkeypatch.setattr(identifiers, "MOST_CASES", cases)
        monkeypatch.setattr(identifiers, "MOST_FOUND", most)
        body = {"case_id": made[0], "purpose": "investigation", "identifier": {"kind": "email", "value": OWL}}
        seen, pages = [], 0
        while True:
            answer = world.as_("investigator").post("/search/identifiers", body).json
            seen, pages = [*seen, *(item["identifier_id"] for item in answer["items"])], pages + 1
            if not answer["next"]:
                break
            body["cursor"] = answer["next"]
        assert (seen, pages) == (held[::-1], 3)
    body["cursor"] = "x" * 40
    assert world.as_("investigator").post("/search/identifiers", body).status_code == 400


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_case_with_more_hits_than_a_page_is_found_whole(world, monkeypatch, most):
    """Four similar persons in one case, with another case before and behind it."""
    cases = [world.case("investigator") for _ in range(3)]
    held = []
    for case, count in zip(cases, (1, 4, 1), strict=True):
        subjects = [{"id": world.subject("investigator", case)} for _ in range(count)]
        people = [{**LIKE_BUDDE, "names": [*LIKE_BUDDE["names"], {"full": f"Kees {word}"}]} for word in ALSO[:count]]
        items = [{"kind": "person", "person": p, "subjects": [one]} for p, one in zip(people, subjects, strict=True)]
        made = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": items})
        held += [item["id"] for item in made.json["identifiers"]]
    monkeypatch.setattr(identifiers, "MOST_FOUND", most)
    body = {"case_id": cases[0], "purpose": "investigation", "identifier": {"kind": "person", "person": BUDDE}}
    seen = []
    for _ in range(10):
        answer = world.as_("investigator").post("/search/identifiers", body).json
        seen += [item["identifier_id"] for item in answer["items"]]
        if not answer["next"]:
            break
        body["cursor"] = answer["next"]
    assert sorted(seen) == sorted(held)


def test_what_others_hold_changes_no_byte_of_the_answer(world, owner, monkeypatch):
    """A visible case of others, a hidden one and one about a victim; and a search that knows of them, which is seen."""
    case = world.case("investigator")
    world.hold("investigator", case, "jay@example.org")

    def answers():
        found = [searched(world, "investigator", case, value=value) for value in (OWL, "jay@example.org")]
        return [(one.data, sorted(one.headers.keys()), one.headers["RateLimit"].partition(";t=")[0]) for one in found]

    answers()  # counts the values
    before = answers()
    for who, about, more in (("foreign", None, {}), ("foreign", None, {"visibility": "hidden"}), ("romanian", "victim", {})):
        there = world.case(who, **more)
        world.hold(who, there, OWL, "jay@example.org", subject_id=about and world.subject(who, there, about))
    assert answers() == before
    about = identifiers._about

    def leaky(item, reading):
        with owner.cursor() as cursor:
            cursor.execute("select count(*) from holdings where case_id <> %s", (case,))
            return {**about(item, reading), "warnings": [{"code": "held", "detail": str(cursor.fetchone()[0])}]}

    monkeypatch.setattr(identifiers, "_about", leaky)
    assert answers() != before
