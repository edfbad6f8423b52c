"""Who may export what to whom, who learns of it, and how long."""

import json
from uuid import uuid4

import answering
import pytest
from exporting import CONSENTS

from coopapi.exports import service

THIRD = {"name": "Federal Bureau", "country": "US"}


def slug(answer):
    return answer["type"].rpartition("/")[2]


def identifiers(file):
    lines = [json.loads(line) for line in file.splitlines()]
    return {line.get("value") or line["person"]["names"][0]["full"] for line in lines if line["type"] in {"identifier", "person"}}


def own(world):
    return {"recipient": {"authority_id": str(world.authorities["nl"])}}


@pytest.mark.parametrize("who", ["analyst", "desk", "system", "central", "auditor", "admin", "operator"])
def test_other_roles_export_nothing(exports, heron, who):
    assert slug(exports.ask(heron["case"], who, 403)) == "forbidden"


@pytest.mark.parametrize("who", ["foreign", "romanian"])
def test_a_case_that_one_does_not_see_is_not_found(exports, heron, who):
    assert slug(exports.ask(heron["case"], who, 404)) == "not-found"
    assert exports.ask(str(uuid4()), who, 404) == exports.ask(heron["case"], who, 404)


def test_the_export_of_another_is_the_same_404_as_none(world, exports, heron):
    made = exports.ask(heron["case"])
    for who in ("colleague", "foreign", "romanian"):
        me = world.as_(who)
        for path in ("", "/content"):
            there, absent = me.get(f"/exports/{made['id']}{path}"), me.get(f"/exports/{uuid4()}{path}")
            assert there.status_code == absent.status_code == 404
            assert there.data == absent.data
        assert me.get("/exports").json["items"] == []
    assert world.as_("prosecutor").get(f"/exports/{made['id']}/content").status_code == 403, (
        "only the person who asked reads the file"
    )
    for path in ("..%2F..%2Fetc%2Fpasswd", "../cases", "%2e%2e", f"{made['id']}%00"):
        assert world.as_("investigator").get(f"/exports/{path}/content").status_code in {400, 404}


def test_machines_do_not_ask(world, exports, heron):
    with world.register.owner.cursor() as cursor:
        cursor.execute("update principals set kind = 'client' where id = %s", [str(world.people["investigator"])])
    assert "person" in exports.ask(heron["case"], status=403)["detail"]


def test_readers_take_a_copy_for_themselves_but_pass_nothing_on(world, exports, heron):
    grant = {"authority_id": str(world.authorities["fr"]), "level": "contribute", "reason": "the same group"}
    assert world.as_("investigator").post(f"/cases/{heron['case']}/access", grant).status_code == 201
    assert "Only the owner" in exports.ask(heron["case"], "foreign", 403)["detail"]
    _, file = exports.file(heron["case"], "foreign", recipient={"authority_id": str(world.authorities["fr"])})
    assert "https://heron.example.org/a?b=c" in identifiers(file), "H2 is not passed on to oneself"


def test_a_hidden_case_is_for_the_own_authority(world, exports):
    case = world.case("investigator", visibility="hidden")
    assert slug(exports.ask(case, status=409)) == "hidden-case-not-exported"
    assert exports.file(case, **own(world))[0]["state"] == "ready"


def test_h2_and_h3_stay_without_a_consent(world, exports, heron):
    shown, file = exports.file(heron["case"])
    assert {"what": "identifier", "why": "consent_missing", "count": 2} in shown["left_out"]
    assert not {"https://heron.example.org/a?b=c", "ab" * 32} & identifiers(file)
    both = identifiers(exports.file(heron["case"], consents=CONSENTS)[1])
    assert {"https://heron.example.org/a?b=c", "ab" * 32} <= both
    stated = {name: value for name, value in CONSENTS[1].items() if name != "conditions"}
    problem = exports.ask(heron["case"], status=422, consents=[stated])
    assert [one["pointer"] for one in problem["errors"]] == ["/consents/0/conditions"]
    future = exports.ask(heron["case"], status=422, consents=[{**CONSENTS[0], "given_on": "2999-01-01"}])
    assert [one["rule"] for one in future["errors"]] == ["order_of_time"]
    restricted = world.case("investigator", handling_code="H2")
    assert [one["rule"] for one in exports.ask(restricted, status=422)["errors"]] == ["consent"]
    assert exports.file(restricted, consents=CONSENTS[:1])[0]["handling_codes"] == ["H2"]


def test_data_about_victims_are_for_the_cleared(exports, heron):
    assert "clearance" in exports.ask(heron["case"], "colleague", 403, victims=True)["detail"]
    shown, file = exports.file(heron["case"], "colleague", consents=CONSENTS)
    assert identifiers(file) == {
        "Heron@Example.org", "+31 6 12345678", "198.51.100.7", "night.heron", "Night Heron", "both@example.org",
    }, "what has no subject that they see may be about a victim"  # fmt: skip
    assert {"what": "identifier", "why": "no_subject", "count": 10} in shown["left_out"]
    assert b"V1" not in file


def test_it_is_the_same_for_the_uncleared_whether_a_value_is_of_a_victim_or_of_nobody(world, exports, clock):
    told = []
    clock.stopped = clock()
    for linked in (True, False):
        world.register.as_of("world", lambda: None)
        case = world.case("investigator", "R-1", external_id="C")
        me = world.as_("investigator")
        subject = me.post(f"/cases/{case}/subjects", {"pseudonym": "V", "category": "victim", "external_id": "V"}).json["id"]
        world.hold("investigator", case, "owl@example.org", subject_id=subject if linked else None, external_id="I")
        world.hold("investigator", case, "crow@example.org", external_id="J")
        exports.file(case, victims=True)  # of a cleared person, about which the others learn nothing
        shown, file = exports.file(case, "colleague")
        other = world.as_("colleague")
        events = [
            {name: one[name] for name in ("action", "detail")} for one in other.get("/events?limit=200").json["items"]
            if one["action"].startswith("export.")
        ]  # fmt: skip
        listed = other.get("/exports").json["items"]
        ids = {shown["id"]: "E", case: "C", shown["sha256"]: "D"}
        text = json.dumps([shown, file.decode(), events, len(listed)], sort_keys=True)
        for found, name in ids.items():
            text = text.replace(found, name)
        told.append(text)
    assert told[0] == told[1]


def test_an_export_to_a_third_state_needs_another_prosecutor(world, exports, heron):
    for recipient in (THIRD, {"authority_id": str(world.authorities["us"])}, {"authority_id": str(world.authorities["europol"])}):
        asked = exports.ask(heron["case"], recipient=recipient)
        assert (asked["state"], asked["four_eyes"]) == ("waiting_for_approval", True)
        world.work()
        assert exports.shown(asked)["state"] == "waiting_for_approval"
        assert slug(json.loads(exports.content(asked, status=409))) == "export-not-ready"
        assert exports.approve(asked).status_code == 200
        assert exports.shown(asked)["state"] == "ready"
        assert b"export" in exports.content(asked)
    assert [one["type"] for one in world.as_("prosecutor").get("/worklist").json["items"]] == []


def test_who_may_not_approve(world, exports, heron):
    asked = exports.ask(heron["case"], "prosecutor", recipient=THIRD)
    assert exports.approve(asked, "prosecutor").status_code == 403, "not the person who asked"
    for who in ("admin", "operator", "contact", "central", "prosecutor_fr"):
        assert world.as_(who).get(f"/approvals?object_id={asked['id']}").json["items"] == [], who
    asked = exports.ask(heron["case"], recipient=THIRD)
    assert [one["type"] for one in world.as_("prosecutor").get("/worklist").json["items"]] == ["approval"]
    refused = exports.approve(asked, event="reject", reason="not necessary")
    assert refused.status_code == 200
    assert exports.shown(asked)["state"] == "refused"


def test_a_prosecutor_of_the_responsible_office_approves_for_the_police(world, exports, heron):
    answering.responsible(world, heron["case"], answering.office(world, cleared=False))
    asked = exports.ask(heron["case"], "colleague", recipient=THIRD)
    assert exports.approve(asked, "officer").status_code == 200
    assert exports.shown(asked, "colleague")["state"] == "ready"
    asked = exports.ask(heron["case"], recipient=THIRD)
    assert world.as_("officer").get(f"/approvals?object_id={asked['id']}").json["items"] == [], (
        "not cleared, as the person who asked is"
    )


def test_one_person_asks_for_so_many_exports_a_day(world, exports, heron, monkeypatch, clock):
    monkeypatch.setattr(service, "MOST_A_DAY", 2)
    for _ in range(2):
        exports.ask(heron["case"])
    assert slug(exports.ask(heron["case"], status=429)) == "too-many-exports"
    exports.ask(heron["case"], "prosecutor")
    clock.forward(hours=25)
    exports.ask(heron["case"])


def test_exports_of_cases_that_one_sees_no_longer_count_too(world, exports, heron, monkeypatch):
    monkeypatch.setattr(service, "MOST_A_DAY", 1)
    grant = {"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "the same group"}
    me, at = world.as_("investigator"), f"/cases/{heron['case']}/access"
    given = me.post(at, grant).json
    mine = {"recipient": {"authority_id": str(world.authorities["fr"])}}
    exports.ask(heron["case"], "foreign", **mine)
    ended = {"event": "withdraw", "reason": "not needed"}
    assert me.post(f"{at}/{given['id']}/transitions", ended, If_Match=f'"{given["etag"]}"').status_code == 200
    assert slug(exports.ask(world.case("foreign"), "foreign", 429, **mine)) == "too-many-exports"


def test_a_file_that_is_deleted_while_it_is_read_is_not_cut_short(world, exports, heron):
    shown, _ = exports.file(heron["case"])
    with world.register.owner.cursor() as cursor:
        cursor.execute("delete from export_pieces where number > 0")
    assert slug(json.loads(exports.content(shown, status=409))) == "export-not-ready"


def test_what_nobody_approves_ends_after_seven_days(world, exports, heron, clock):
    asked = exports.ask(heron["case"], recipient=THIRD)
    clock.forward(days=8)
    exports.delete()
    assert [exports.shown(asked)[name] for name in ("state", "state_reason")] == ["refused", "expired"]


def test_rights_are_checked_when_it_is_made_and_when_it_is_read(world, exports, heron, idle):
    grant = {"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "the same group"}
    me, at = world.as_("investigator"), f"/cases/{heron['case']}/access"
    given = me.post(at, grant).json
    mine = {"recipient": {"authority_id": str(world.authorities["fr"])}}
    early = exports.ask(heron["case"], "foreign", **mine)
    world.work()
    late = exports.ask(heron["case"], "foreign", **mine)
    assert exports.content(early, "foreign")
    ended = {"event": "withdraw", "reason": "not needed"}
    assert me.post(f"{at}/{given['id']}/transitions", ended, If_Match=f'"{given["etag"]}"').status_code == 200
    world.work()
    for one in (early, late):
        assert world.as_("foreign").get(f"/exports/{one['id']}").status_code == 404
        exports.content(one, "foreign", 404)
    with world.register.owner.cursor() as cursor:
        cursor.execute("select state, state_reason, wrapped is null from exports where id = %s", [late["id"]])
        assert cursor.fetchone() == ("stopped", "rights_lost", True)
        cursor.execute("select count(*) from export_pieces where export_id = %s", [late["id"]])
        assert cursor.fetchone() == (0,)


def put(world, case, sql):
    """Change a row of a case behind the service, as another person would."""
    with world.register.owner.cursor() as cursor:
        cursor.execute(sql, [case])


def test_a_case_that_was_hidden_meanwhile_is_neither_made_nor_read(world, exports, heron, idle):
    ready = exports.ask(heron["case"])
    world.work()
    waits = exports.ask(heron["case"])
    put(world, heron["case"], "update cases set visibility = 'hidden', visibility_reason = 'R' where id = %s")
    world.work()
    assert [exports.shown(waits)[name] for name in ("state", "state_reason")] == ["stopped", "rights_lost"]
    assert slug(json.loads(exports.content(ready, status=409))) == "hidden-case-not-exported"


def test_who_answers_no_longer_gives_nothing_to_others(world, exports, heron, idle):
    answering.responsible(world, heron["case"], answering.office(world))
    ready = exports.ask(heron["case"], "officer")
    world.work()
    waits = exports.ask(heron["case"], "officer")
    put(world, heron["case"], "update case_access set kind = 'access' where case_id = %s and kind = 'responsible'")
    world.work()
    assert [exports.shown(waits, "officer")[name] for name in ("state", "state_reason")] == ["stopped", "rights_lost"]
    assert "Only the owner" in json.loads(exports.content(ready, "officer", 403))["detail"]


def test_who_is_cleared_after_asking_learns_nothing_of_victims_by_what_is_left_out(world, exports, heron, idle):
    asked = exports.ask(heron["case"], "colleague")
    put(world, str(world.people["colleague"]), "update principals set victim_cleared = true where id = %s")
    world.work()
    shown = exports.shown(asked, "colleague")
    assert [shown[name] for name in ("state", "state_reason", "left_out")] == ["stopped", "rights_lost", []]


def test_a_provider_that_is_named_in_words_needs_four_eyes_too(exports, heron):
    asked = exports.ask(heron["case"], recipient={"name": "Heron Messaging Ireland Ltd", "country": "IE"})
    assert asked["four_eyes"] is True


def test_an_export_that_nobody_approved_is_told_as_stopped(world, exports, heron, clock):
    asked = exports.ask(heron["case"], recipient=THIRD)
    clock.forward(days=8)
    exports.delete()
    ends = [one for one in world.as_("investigator").get("/events?limit=200").json["items"] if one["action"] == "export.stopped"]
    assert [(one["object_id"], one["detail"]) for one in ends] == [(asked["id"], {"reason": "expired"})]


def test_who_loses_clearance_loses_the_file(world, exports, heron):
    shown, _ = exports.file(heron["case"], victims=True)
    with world.register.owner.cursor() as cursor:
        cursor.execute("update principals set victim_cleared = false where id = %s", [str(world.people["investigator"])])
    exports.content(shown, status=404)


def test_a_withdrawn_case_is_not_exported(world, exports, heron):
    shown, _ = exports.file(heron["case"])
    me, at = world.as_("investigator"), f"/cases/{heron['case']}"
    gone = {"event": "withdraw", "reason": "opened by mistake", "force": True}
    assert me.post(f"{at}/transitions", gone, If_Match=f'"{me.get(at).json["etag"]}"').status_code == 200
    assert slug(exports.ask(heron["case"], status=409)) == "case-is-final"
    assert slug(json.loads(exports.content(shown, status=409))) == "case-is-final"


def test_the_file_is_sealed_and_deleted_after_seven_days(world, exports, heron, clock):
    shown, _ = exports.file(heron["case"], victims=True)
    with world.register.owner.cursor() as cursor:
        cursor.execute("select string_agg(sealed, ''), (select words from exports) from export_pieces")
        pieces, words = (bytes(one) for one in cursor.fetchone())
        assert b"heron" not in pieces.lower()
        assert b"investigates" not in words
        clock.forward(days=7)
        assert slug(json.loads(exports.content(shown, status=409))) == "export-not-ready", "also before the worker deletes it"
        exports.delete()
        cursor.execute("select count(*), (select wrapped from exports) from export_pieces")
        assert cursor.fetchone() == (0, None)
    assert exports.shown(shown)["state"] == "deleted"


def test_each_act_is_in_the_journal_as_a_disclosure(world, exports, heron):
    shown, _ = exports.file(heron["case"], victims=True)
    exports.content(shown)
    entries = world.as_("auditor").get("/journal?limit=200").json["items"]
    told = {one["action"]: one["detail"] for one in entries if one["action"].startswith("export.")}
    assert set(told) == {"export.asked", "export.made", "export.downloaded"}
    assert told["export.made"]["recipient"] == str(world.authorities["ro"])
    assert told["export.made"]["handling_codes"] == shown["handling_codes"]
    assert told["export.made"]["left_out"] == shown["left_out"]
    assert told["export.made"]["sha256"] == shown["sha256"]
    assert "heron" not in json.dumps(told).lower()
