"""Against guessing: what a machine hides waits for a person, honey values tell the operator, figures show an unusual day."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sending import statements_sent
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coopapi.auth.authentication import actor_of
from coopapi.directory.models import OPERATOR
from coopapi.errors import Unprocessable
from coopapi.identifiers.kinds import Context
from coopapi.ops import abuse_controls, administration

HERON = "heron@example.org"


@pytest.fixture
def machine(world, owner):
    """The Dutch system, as the machine client that it is elsewhere."""
    with owner.cursor() as cursor:
        cursor.execute("update principals set kind = 'client' where subject = 'system'")
    return world.as_("system")


def hidden_by_machine(machine, **more):
    body = {"reference": uuid4().hex, "title": "T", "visibility": "hidden", "visibility_reason": "an officer is under cover"}
    return machine.post("/cases", {**body, **more})


def step(caller, case, name, reason=None):
    etag = caller.get(f"/cases/{case}").json["etag"]
    body = {"event": name} if reason is None else {"event": name, "reason": reason}
    return caller.post(f"/cases/{case}/transitions", body, If_Match=f'"{etag}"')


def persons(world, who, case, *names):
    subject = world.subject(who, case)
    items = [
        {"kind": "person", "subjects": [{"id": subject}], "person": {"names": [{"full": n}], "birth_dates": ["1960-01-02"]}}
        for n in names
    ]
    made = world.as_(who).post(f"/cases/{case}/identifiers", {"identifiers": items})
    assert made.status_code == 201, made.json


def test_a_machine_says_why_a_case_is_to_be_hidden(world, machine):
    refused = hidden_by_machine(machine, visibility_reason=None)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/visibility_reason")

    made = hidden_by_machine(machine)
    assert (made.status_code, made.json["state"]) == (201, "hidden_pending")
    assert made.json["visibility_reason"] == "an officer is under cover"
    assert world.as_("investigator").get(f"/cases/{world.case('investigator', visibility='hidden')}").json["state"] == "registered"


def test_what_a_machine_hides_is_compared_only_once_a_person_confirms(world, machine):
    theirs = world.case("foreign")
    world.hold("foreign", theirs, HERON)
    persons(world, "foreign", theirs, "Aleksandr Mironenko")
    case = hidden_by_machine(machine).json["id"]
    world.hold("system", case, HERON)
    persons(world, "system", case, "Aleksandr Mironenko")

    assert world.overlaps("system", case) == []
    assert step(machine, case, "confirm_hidden").status_code == 403
    assert [m["event"] for m in machine.get(f"/cases/{case}/transitions").json["allowed"]] == ["withdraw"]
    confirmed = step(world.as_("investigator"), case, "confirm_hidden")

    assert (confirmed.status_code, confirmed.json["state"]) == (200, "registered")
    (overlap,) = world.overlaps("system", case)
    assert overlap["kinds"] == ["email", "person"]
    assert world.overlaps("foreign", theirs) == []


def test_what_a_person_refuses_to_hide_is_told_to_the_other_side(world, machine):
    theirs = world.case("foreign")
    world.hold("foreign", theirs, HERON)
    case = hidden_by_machine(machine).json["id"]
    world.hold("system", case, HERON)

    refused = step(world.as_("investigator"), case, "refuse_hidden")

    assert (refused.status_code, refused.json["visibility"]) == (200, "hit_no_hit")
    assert len(world.overlaps("foreign", theirs)) == len(world.overlaps("system", case)) == 1


def test_what_waits_counts_when_it_is_registered_and_not_when_it_is_confirmed(world, machine):
    """A case with more values than the quota of hidden cases could once never be confirmed."""
    abuse_controls.set_quota(world.app.extensions["coopapi"].database, world.authorities["nl"], [9, 9, 1, 9], None, "test")
    case = hidden_by_machine(machine).json["id"]
    world.hold("system", case, HERON)
    item = {"kind": "email", "value": "owl@example.org"}
    refused = world.as_("system").post(f"/cases/{case}/identifiers", {"identifiers": [item]})
    assert (refused.status_code, refused.json["violated-policies"]) == (429, ["hidden-hour"])
    world.clock.forward(hours=1)
    world.hold("system", case, "owl@example.org")

    assert step(world.as_("investigator"), case, "confirm_hidden").status_code == 200


def test_withdrawn_and_corrected_values_of_a_pending_case_follow(world, machine):
    world.hold("foreign", world.case("foreign"), HERON, "owl@example.org", "swan@example.org")
    case = hidden_by_machine(machine).json["id"]
    first, second = world.hold("system", case, HERON, "owl@example.org")
    path = f"/cases/{case}/identifiers"
    assert (
        machine.post(f"{path}/{first}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"').status_code
        == 200
    )
    assert machine.patch(f"{path}/{second}", {"value": "swan@example.org"}, If_Match='"v1"').status_code == 200

    assert step(world.as_("investigator"), case, "confirm_hidden").status_code == 200

    (overlap,) = world.overlaps("system", case)
    assert [item["value"] for item in world.as_("investigator").get(f"/overlaps/{overlap['id']}").json["evidence"]] == [
        "swan@example.org"
    ]


def test_a_machine_hides_no_visible_case_and_changes_no_pending_one(world, machine):
    case = world.case("system")
    assert machine.patch(f"/cases/{case}", {"visibility": "hidden", "visibility_reason": "R"}, If_Match='"v1"').status_code == 403
    pending = hidden_by_machine(machine).json["id"]
    changed = machine.patch(f"/cases/{pending}", {"visibility": "hit_no_hit"}, If_Match='"v1"')
    assert (changed.status_code, changed.json["type"]) == (409, "/problems/hiding-unconfirmed")


def test_the_database_takes_no_confirmation_from_a_machine(world, machine, database, owner):
    """SQL as the application role, with the machine's own context: the state alone moves nothing into matching."""
    case = hidden_by_machine(machine).json["id"]
    world.hold("foreign", world.case("foreign"), HERON)
    with pytest.raises(DBAPIError) as refused, acting(database) as work:
        work.session.execute(text("select priv.confirm_hiding(:case)"), {"case": case})
    assert refused.value.orig.pgcode == "42501"
    with acting(database) as work:
        work.session.execute(text("update cases set state = 'registered' where id = :case"), {"case": case})
    world.hold("system", case, HERON)
    assert world.overlaps("system", case) == []


def acting(database, name="system"):
    return database.work(lambda session: actor_of(session, "https://issuer.test", name, None), uuid4().hex)


def alarms(caller, kind):
    """What the alarms of one kind say that the caller reads."""
    items = caller.get("/events?kind=alarm&limit=200").json["items"]
    return [item["detail"] for item in items if item["action"] == f"alarm.{kind}"]


def staff(world, authority, role, subject):
    data = {"name": subject, "issuer": "https://issuer.test", "subject": subject, "roles": [role], "victim_cleared": False}
    administration.add_person(world.app.extensions["coopapi"].database, authority, data)
    return world.as_(subject)


def statements_of(engine, act):
    """Call a function, and return its result and the statements that it sent to the database."""
    with statements_sent(engine) as sent:
        return act(), sent


def test_a_honey_value_raises_an_alarm_and_looks_like_any_other(world, database):
    planted = abuse_controls.plant(database, "email", "Nobody.At.All@example.org", Context())
    case = world.case("system")
    world.hold("system", case, "first@example.org")

    def register(value):
        return statements_of(
            database.engine,
            lambda: world.as_("system").post(f"/cases/{case}/identifiers", {"identifiers": [{"kind": "email", "value": value}]}),
        )

    plain, sent = register("somebody.at.all@example.org")
    honey, sent_for_honey = register("nobody.at.all@example.org")

    assert (plain.status_code, sent) == (honey.status_code, sent_for_honey)
    assert plain.json["identifiers"][0].keys() == honey.json["identifiers"][0].keys()
    assert [name for name, _ in plain.headers] == [name for name, _ in honey.headers]
    said = {"honey": str(planted), "kind": "email", "client": str(world.people["system"]), "case": case}
    assert alarms(world.as_("operator"), "honey_value") == [{**said, "authority": str(world.authorities["nl"])}]
    assert alarms(world.as_("admin"), "honey_value") == []
    (entry,) = world.as_("auditor").get("/journal?action=honey_value.registered").json["items"]
    assert entry["detail"] == said
    with acting(database) as work:
        assert work.session.scalar(text("select count(*) from journal_entries where object_type = 'audit'")) == 0
    assert not any("honey" in e["action"] for e in world.as_("system").get("/events").json["items"])
    assert not any("honey" in e["type"] for e in world.as_("investigator").get(f"/cases/{case}/timeline").json["items"])


def test_the_alarm_stays_when_the_registration_is_rolled_back_and_ends_when_the_value_is_removed(world, database):
    planted = abuse_controls.plant(database, "phone", "+31612345678", Context())
    case = world.case("system")
    item = {"kind": "phone", "value": "06 12345678", "context": {"country": "NL"}}
    wrong = {"kind": "phone", "value": "06 12345678", "subjects": [{"id": str(uuid4())}]}
    refused = world.as_("system").post(f"/cases/{case}/identifiers", {"identifiers": [wrong]})
    assert refused.status_code == 422
    assert alarms(world.as_("operator"), "honey_value") == []

    assert world.as_("system").post(f"/cases/{case}/identifiers", {"identifiers": [item]}).status_code == 201
    assert len(alarms(world.as_("operator"), "honey_value")) == 1
    assert [row.id for row in abuse_controls.planted(database)] == [planted]

    abuse_controls.remove(database, planted)
    other = world.case("system")
    assert world.as_("system").post(f"/cases/{other}/identifiers", {"identifiers": [item]}).status_code == 201
    assert len(alarms(world.as_("operator"), "honey_value")) == 1


def test_a_honey_value_that_is_sent_again_and_again_is_told_once_an_hour(world, database):
    """Known values cost nothing: one client once filled the operator's alarms with one value."""
    abuse_controls.plant(database, "email", HERON, Context())
    case, item = world.case("system"), {"kind": "email", "value": HERON}

    def told():
        assert world.as_("system").post(f"/cases/{case}/identifiers", {"identifiers": [item]}).status_code == 201
        (held,) = [i for i in world.as_("system").get(f"/cases/{case}/identifiers").json["items"] if i["state"] == "registered"]
        path = f"/cases/{case}/identifiers/{held['id']}"
        withdraw = {"event": "withdraw", "reason": "inaccurate"}
        assert world.as_("system").post(f"{path}/transitions", withdraw, If_Match=f'"{held["etag"]}"').status_code == 200
        return len(alarms(world.as_("operator"), "honey_value"))

    assert [told() for _ in range(3)] == [1, 1, 1]
    world.clock.forward(hours=1)
    assert told() == 2


def test_a_honey_value_that_a_case_holds_is_told_when_the_case_is_hidden(world, database):
    case = world.case("investigator")
    world.hold("investigator", case, HERON)
    abuse_controls.plant(database, "email", HERON, Context())
    caller = world.as_("investigator")
    body = {"visibility": "hidden", "visibility_reason": "A covert measure is under way."}
    assert caller.patch(f"/cases/{case}", body, If_Match=caller.get(f"/cases/{case}").headers["ETag"]).status_code == 200
    assert [alarm["case"] for alarm in alarms(world.as_("operator"), "honey_value")] == [case]


def test_the_address_of_a_honey_url_alone_is_no_alarm_and_a_person_is_no_honey_value(world, database):
    abuse_controls.plant(database, "url", "https://example.org/nothing/here", Context())
    world.hold("system", world.case("system"), "example.org", kind="domain")
    assert alarms(world.as_("operator"), "honey_value") == []
    for kind, value in (("person", "Nobody"), ("email", "not an address")):
        with pytest.raises(Unprocessable):
            abuse_controls.plant(database, kind, value, Context())


def test_only_the_operator_plants_and_lists_honey_values(world, database):
    for statement in ("select priv.plant_honey(gen_random_uuid(), 'email', '{}')", "select * from priv.honey()"):
        with acting(database, "admin") as work:
            try:
                assert work.session.execute(text(statement)).all() == []
            except DBAPIError as refused:
                assert refused.orig.pgcode == "42501"
            work.session.rollback()


def figures(caller, **query):
    answer = caller.get("/statistics/registrations" + "".join(f"?{name}={value}" for name, value in query.items()))
    assert answer.status_code == 200, answer.json
    return {(f["client_id"], f["day"]): (f["registered"], f["met"], f["withdrawn"]) for f in answer.json["items"]}


def test_the_daily_figures_say_what_was_registered_what_met_others_and_what_was_withdrawn(world, database, clock):
    clock.at("2026-11-28T10:30:00Z")
    world.hold("foreign", world.case("foreign"), HERON, "owl@example.org")
    world.hold("foreign", world.case("foreign", visibility="hidden"), "swan@example.org")
    case = world.case("system")
    first, _, _, last = world.hold("system", case, HERON, "owl@example.org", "swan@example.org", "alone@example.org")
    persons(world, "romanian", world.case("romanian"), "Aleksandr Mironenko")
    persons(world, "system", case, "Aleksandr Mironenko")
    for identifier in (first, last):
        path = f"/cases/{case}/identifiers/{identifier}/transitions"
        assert world.as_("system").post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"').status_code == 200
    assert abuse_controls.write_figures(database) == 0

    clock.at("2026-11-29T01:00:00Z")
    assert abuse_controls.write_figures(database) == 3
    overseer = staff(world, OPERATOR, "auditor", "overseer")

    mine = {(str(world.people["system"]), "2026-11-28"): (5, 3, 2)}
    assert figures(world.as_("auditor")) == mine
    assert figures(overseer, client_id=world.people["system"]) == mine
    assert len(figures(overseer)) == 3
    assert set(figures(world.as_("auditor_fr"))) == {(str(world.people["foreign"]), "2026-11-28")}


def test_a_value_that_moves_to_a_subject_is_not_withdrawn(world, database, clock):
    clock.at("2026-11-27T10:00:00Z")
    case = world.case("system")
    (moved, gone) = world.hold("system", case, HERON, "owl@example.org")
    subject, me = world.subject("system", case), world.as_("system")
    path = f"/cases/{case}/identifiers/{moved}"
    assert me.patch(path, {"subjects": [{"id": subject}]}, If_Match=me.get(path).headers["ETag"]).status_code == 200
    path = f"/cases/{case}/identifiers/{gone}"
    withdrawn = me.post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=me.get(path).headers["ETag"])
    assert withdrawn.status_code == 200
    clock.at("2026-11-28T01:00:00Z")
    abuse_controls.write_figures(database)
    assert list(figures(world.as_("auditor")).values()) == [(2, 0, 1)]


def test_what_is_withdrawn_later_in_the_week_is_added_to_the_day_it_was_registered(world, database, clock):
    clock.at("2026-11-28T10:30:00Z")
    case = world.case("system")
    (identifier,) = world.hold("system", case, HERON)
    clock.at("2026-11-29T01:00:00Z")
    abuse_controls.write_figures(database)
    path = f"/cases/{case}/identifiers/{identifier}/transitions"
    assert world.as_("system").post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"').status_code == 200

    clock.at("2026-11-30T01:00:00Z")
    abuse_controls.write_figures(database)

    assert figures(world.as_("auditor")) == {(str(world.people["system"]), "2026-11-28"): (1, 0, 1)}


@pytest.mark.parametrize(
    ("past", "registered", "met", "withdrawn", "unusual"),
    [
        ([500] * 20, 5000, 0, 0, None),
        ([500] * 20, 5001, 0, 0, ["registered"]),
        ([50] * 20, 1000, 0, 0, None),
        ([50] * 20, 1001, 0, 0, ["registered"]),
        ([10_000] * 3 + [50] * 20, 1001, 0, 0, ["registered"]),
        ([], 1001, 0, 0, ["registered"]),
        ([], 100, 51, 0, ["met"]),
        ([], 100, 50, 50, None),
        ([], 99, 99, 99, None),
        ([], 100, 0, 51, ["withdrawn"]),
    ],
)
def test_a_day_unlike_the_past_raises_an_alarm_once(world, database, owner, clock, past, registered, met, withdrawn, unusual):
    clock.at("2026-11-29T01:00:00Z")
    yesterday, me, nl = datetime(2026, 11, 28, 12, tzinfo=UTC), str(world.people["system"]), str(world.authorities["nl"])
    with owner.cursor() as cursor:
        for ago, count in enumerate(past, 1):
            day = yesterday - timedelta(days=10 * ago)
            cursor.execute("insert into registration_figures values (%s, %s, %s, %s, 0, 0)", (me, day, nl, count))
        cursor.execute(
            "insert into registered_values (case_id, digest, identifier_id, principal_id, hidden, at, met, left_at)"
            " select %(case)s, sha256(n::text::bytea), gen_random_uuid(), %(me)s, false, %(at)s, n <= %(met)s,"
            " case when n <= %(left)s then %(at)s::timestamptz end from generate_series(1, %(count)s) n",
            {"case": str(UUID(int=7)), "me": me, "at": yesterday, "met": met, "left": withdrawn, "count": registered},
        )

    abuse_controls.write_figures(database)
    abuse_controls.write_figures(database)

    for caller in ("admin", "auditor", "operator"):
        told = [alarm["unusual"] for alarm in alarms(world.as_(caller), "unusual_registration")]
        assert told == ([unusual] if unusual else [])


def test_the_share_that_is_usual_for_a_client_raises_no_alarm(world, database, owner, clock):
    clock.at("2026-11-29T01:00:00Z")
    me, nl = str(world.people["system"]), str(world.authorities["nl"])
    with owner.cursor() as cursor:
        cursor.execute("insert into registration_figures values (%s, '2026-10-01', %s, 1000, 400, 100)", (me, nl))
        cursor.execute("insert into registration_figures values (%s, '2026-11-28', %s, 1000, 700, 600)", (me, nl))

    abuse_controls.write_figures(database)

    assert [alarm["unusual"] for alarm in alarms(world.as_("auditor"), "unusual_registration")] == [["withdrawn"]]
