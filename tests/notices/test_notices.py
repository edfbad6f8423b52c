"""Requirement notices: whose word they are, their versions, and what is in force on a day."""

import threading
from datetime import date
from uuid import uuid4

import pytest
from entries import NOTICE, VERSION, notice, renew

from coopapi.auth.authentication import actor_of
from coopapi.notices import service


def listed(world, query="", who="romanian"):
    found = world.as_(who).get(f"/requirement-notices{query}")
    assert found.status_code == 200, found.json
    return {n["id"] for n in found.json["items"]}


def read(world, row):
    return world.as_("romanian").get(f"/requirement-notices/{row['id']}").json


def in_force(world, country, measures, instrument, on):
    """What concerns a request, as the Dutch prosecutor's draft is checked."""
    database = world.app.extensions["coopapi"].database
    with database.work(lambda s: actor_of(s, "https://issuer.test", "prosecutor", None), uuid4().hex) as work:
        return {str(n.id) for n in service.in_force(work, country, measures, instrument, date.fromisoformat(on))}


def pointers(answer):
    assert answer.status_code == 422, answer.json
    return [fault["pointer"] for fault in answer.json["errors"]]


def test_a_country_declares_what_it_requires_and_everybody_reads_it(world):
    made = notice(world)
    assert (made["country"], made["authority_id"]) == ("NL", str(world.authorities["nl"]))
    for who in ("romanian", "desk_fr", "analyst", "prosecutor_fr"):
        assert world.as_(who).get(f"/requirement-notices/{made['id']}").json["says"]["deadlines"] == "Thirty days"
    assert world.as_("anonymous").get("/requirement-notices").status_code == 401


def test_a_notice_is_about_the_country_of_whoever_declares_it_and_no_other(world):
    assert pointers(world.as_("central").post("/requirement-notices", {**NOTICE, "country": "FR"})) == ["/country"]
    assert notice(world, "central_fr")["country"] == "FR"
    for who in ("investigator", "prosecutor", "desk", "analyst", "system", "auditor", "operator"):
        assert world.as_(who).post("/requirement-notices", NOTICE).status_code == 403, who


def test_a_provider_does_not_speak_for_the_country_it_is_established_in(world):
    person = {"name": "P", "roles": ["admin"], "issuer": "https://issuer.test", "subject": "provider_admin"}
    made = world.as_("operator").post(f"/authorities/{world.authorities['provider']}/people", person)
    assert made.status_code == 201
    refused = world.as_("provider_admin").post("/requirement-notices", NOTICE)
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/only-for-itself")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"languages": ["heronish"]}, "/languages/0"),
        ({"channels": ["pigeon"]}, "/channels/0"),
        ({"applicability": "perhaps"}, "/applicability"),
        ({"says": {"opinion": "x"}}, "/says/opinion"),
        ({"says": {"links": ["http://x.example"]}}, "/says/links/0"),
        ({"valid_until": "2025-12-31"}, "/valid_until"),
        ({"valid_from": "2026-02-30"}, "/valid_from"),
    ],
)
def test_a_notice_says_nothing_wrong_and_neither_does_its_next_version(world, wrong, pointer):
    assert pointers(world.as_("central").post("/requirement-notices", {**NOTICE, **wrong})) == [pointer]
    assert pointers(renew(world, "central", notice(world), **wrong)) == [pointer]


@pytest.mark.parametrize("wrong", [{"measure": "torture"}, {"instrument": "magna_carta"}])
def test_a_notice_is_about_codes_that_exist(world, wrong):
    assert pointers(world.as_("central").post("/requirement-notices", {**NOTICE, **wrong})) == [f"/{next(iter(wrong))}"]


def test_a_new_version_replaces_the_old_one_on_its_day_and_the_old_one_stays_readable(world, clock):
    clock.at("2026-11-25T12:00:00+00:00")
    old = notice(world)
    new = renew(world, "central", old, valid_from="2026-12-01", says={"deadlines": "Ten days"})
    assert new.status_code == 201
    new = new.json
    assert (new["supersedes"], new["theme"], new["measure"], new["instrument"]) == (old["id"], "Traffic data", "traffic", "eio")

    was = read(world, old)
    assert (was["says"], was["superseded_by"], was["valid_until"]) == (old["says"], new["id"], "2026-11-30")
    assert read(world, new)["superseded_by"] is None
    assert listed(world) == listed(world, "?on=2026-11-30") == {old["id"]}
    assert listed(world, "?on=2026-12-01") == {new["id"]}
    assert listed(world, "?history=true") == {old["id"], new["id"]}
    clock.at("2026-12-01T00:00:00+00:00")
    assert listed(world) == {new["id"]}


def test_nobody_replaces_the_notice_of_another_authority(world):
    made = notice(world)
    for who in ("central_fr", "contact_fr", "admin_fr", "operator"):
        assert renew(world, who, made).json["type"] == "/problems/not-your-entry", who
    assert read(world, made)["etag"] == made["etag"]


def test_of_two_new_versions_one_is_too_late(world):
    made = notice(world)
    first = renew(world, "central", made, valid_from="2026-06-01")
    second = renew(world, "contact", made, valid_from="2026-07-01")
    assert (first.status_code, second.status_code) == (201, 412)

    third = renew(world, "contact", read(world, made), valid_from="2026-07-01")

    assert (third.status_code, third.json["type"]) == (409, "/problems/already-replaced")
    assert third.json["existing"] == f"/api/v1/requirement-notices/{first.json['id']}"
    assert world.as_("central").post(f"/requirement-notices/{made['id']}/versions", VERSION).status_code == 428


def test_of_two_new_versions_at_the_same_moment_one_is_kept(world):
    for _ in range(10):
        made = notice(world)
        barrier = threading.Barrier(2)
        answers = []

        def replace(who, row=made, wait=barrier, told=answers):
            wait.wait()
            told.append(renew(world, who, row, valid_from="2026-06-01").status_code)

        both = [threading.Thread(target=replace, args=(who,)) for who in ("central", "contact")]
        [one.start() for one in both]
        [one.join() for one in both]

        # The later one reads the old version before the first has committed, or after: its tag is old, or the notice is replaced.
        assert sorted(answers) in ([201, 409], [201, 412])
        newer = world.as_("romanian").get("/requirement-notices?history=true").json["items"]
        assert len([n for n in newer if n["supersedes"] == made["id"]]) == 1


def test_a_version_goes_on_from_the_newest(world):
    first = notice(world)
    second = renew(world, "central", first, valid_from="2026-06-01").json
    third = renew(world, "central", second, valid_from="2026-09-01").json
    days = {"2026-05-31": first, "2026-06-01": second, "2026-08-31": second, "2026-09-01": third}
    for day, row in days.items():
        assert listed(world, f"?on={day}") == {row["id"]}, day
    assert listed(world, "?on=2025-12-31") == set()


def test_a_correction_on_the_first_day_leaves_nothing_of_the_old_one_in_force(world):
    old = notice(world)
    new = renew(world, "central", old, says={"deadlines": "Three days"}).json
    for day in ("2026-01-01", "2026-01-02", "2026-11-25"):
        assert listed(world, f"?on={day}") == {new["id"]}, day


def test_a_version_does_not_begin_before_the_one_it_replaces(world):
    assert pointers(renew(world, "central", notice(world), valid_from="2025-12-31")) == ["/valid_from"]


def test_a_version_does_not_fill_the_gap_after_a_notice_that_had_ended(world):
    old = notice(world, valid_until="2026-03-31")
    renew(world, "central", old, valid_from="2026-06-01")
    assert read(world, old)["valid_until"] == "2026-03-31"
    assert listed(world, "?on=2026-04-15") == set()


def test_a_notice_from_the_first_day_there_is_can_be_replaced(world):
    old = notice(world, valid_from="0001-01-01")
    assert renew(world, "central", old, valid_from="0001-01-01").status_code == 201


def test_a_request_is_told_what_concerns_it(world):
    traffic = notice(world)["id"]
    content = notice(world, measure="content")["id"]
    budapest = notice(world, instrument="budapest")["id"]
    everything = notice(world, measure=None, instrument=None)["id"]
    notice(world, "central_fr")
    ended = notice(world, valid_until="2026-06-30")["id"]
    day = "2026-11-25"

    assert in_force(world, "NL", ["traffic"], "eio", day) == {traffic, everything}
    assert in_force(world, "NL", ["traffic", "content"], "eio", day) == {traffic, content, everything}
    assert in_force(world, "NL", ["traffic"], "budapest", day) == {budapest, everything}
    assert in_force(world, "NL", ["traffic"], None, day) == {everything}
    assert in_force(world, "NL", [], "eio", day) == {everything}
    assert in_force(world, "NL", ["traffic"], "eio", "2026-06-30") == {traffic, everything, ended}
    assert in_force(world, "RO", ["traffic"], "eio", day) == set()


def test_the_list_is_filtered_and_what_is_about_all_is_about_this_too(world):
    traffic = notice(world)["id"]
    everything = notice(world, measure=None, instrument=None)["id"]
    french = notice(world, "central_fr", measure="content")["id"]
    assert listed(world, "?country=NL") == {traffic, everything}
    assert listed(world, "?measure=traffic") == {traffic, everything}
    assert listed(world, "?measure=content&instrument=eio") == {everything, french}
    assert listed(world, "?country=NL&instrument=budapest") == {everything}
    assert world.as_("romanian").get("/requirement-notices?on=yesterday").status_code == 422


def test_the_journal_tells_of_a_declaration_without_its_words(world):
    made = notice(world)
    (told,) = [e for e in world.as_("auditor").get("/journal").json["items"] if e["action"] == "requirement_notice.declared"]
    assert told["object_id"] == made["id"]
    assert "Thirty days" not in str(told)
