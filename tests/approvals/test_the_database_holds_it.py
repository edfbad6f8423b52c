"""SQL as the application's role, in the context of an administrator: the database gives no power that two did not give."""

import json
import threading
from uuid import uuid4

import pytest
from approving import account, asked, change, decide, from_shell
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coopapi.auth.authentication import actor_of
from coopapi.ops import administration

POWER = [
    {"roles": ["admin", "investigator"]},
    {"victim_cleared": True},
    {"issuer": "https://x"},
    {"subject": "x"},
    {"secret_digest": "\\x00"},
    {"jwks": {"keys": []}},
    {"confirmed": True},
]


def as_role(world, who, sql, **values):
    """Run a statement as the application's role would for this caller, and commit; gives what it answers."""
    database = world.app.extensions["coopapi"].database
    with database.work(lambda session: actor_of(session, "https://issuer.test", who, None), uuid4().hex) as work:
        return work.session.scalar(text(sql), values)


def refused(world, who, sql, **values):
    with pytest.raises(DBAPIError) as fault:
        as_role(world, who, sql, **values)
    return fault.value.orig.pgcode == "42501"


@pytest.mark.parametrize("power", POWER, ids=lambda power: next(iter(power)))
def test_one_administrator_writes_no_power(world, power):
    before = account(world, "admin", "analyst")[1]
    verdict = as_role(
        world,
        "admin",
        "select priv.change_account(:id, 1, cast(:change as jsonb))",
        id=world.people["analyst"],
        change=json.dumps(power),
    )
    assert verdict == "waits"
    assert account(world, "admin", "analyst")[1] == before


def test_no_administrator_makes_itself_the_auditor_alone(world):
    mine = {"id": world.people["admin"], "change": json.dumps({"roles": ["admin", "auditor"]})}
    assert as_role(world, "admin", "select priv.change_account(:id, 1, cast(:change as jsonb))", **mine) == "waits"
    other = {**mine, "id": world.people["auditor"]}
    assert as_role(world, "admin", "select priv.change_account(:id, 1, cast(:change as jsonb))", **other) == "done"


def test_one_administrator_enters_nobody_with_power(world):
    entered = {
        "id": str(uuid4()),
        "authority_id": str(world.authorities["nl"]),
        "kind": "person",
        "name": "N",
        "issuer": "https://issuer.test",
        "subject": "n",
        "roles": ["investigator", "admin"],
        "victim_cleared": True,
        "active": True,
        "vouched_by": None,
    }
    sql = "select priv.enter_account(cast(:account as jsonb))"
    assert as_role(world, "admin", sql, account=json.dumps(entered)) is True
    assert world.as_("n").get("/me").status_code == 403
    assert refused(world, "admin_fr", sql, account=json.dumps({**entered, "id": str(uuid4()), "subject": "m"}))
    assert refused(world, "analyst", sql, account=json.dumps({**entered, "id": str(uuid4()), "subject": "m"}))


def test_a_request_is_applied_only_once_approved_only_once_and_only_by_its_kind(world):
    request = asked(change(world, "admin", "analyst", roles=["investigator"]))["id"]
    apply = "select priv.apply_to_account(:id)"
    decision = "select priv.decide_approval(:id, 1, 'approve', null, 'r')"
    assert refused(world, "admin", apply, id=request)
    assert refused(world, "admin", decision, id=request)
    assert refused(world, "admin_fr", decision, id=request)
    assert refused(world, "auditor", decision, id=request)
    assert as_role(world, "operator", decision, id=request) == "done"
    assert as_role(world, "operator", apply, id=request) == "done"
    assert refused(world, "operator", apply, id=request)


def test_a_request_about_an_account_of_another_authority_is_not_applied(world):
    """Two French administrators agree about a Dutch account: the request is theirs, the account is not."""
    from_shell(world, "second_fr", "fr")
    made = str(uuid4())
    ask = "select priv.ask_approval(:id, :fr, 'account', :dutch, 1, '{\"victim_cleared\": true}', 'r')"
    as_role(world, "admin_fr", ask, id=made, fr=world.authorities["fr"], dutch=world.people["colleague"])
    assert decide(world, "second_fr", {"id": made, "etag": "v1"}).json["type"] == "/problems/changed-since"
    assert account(world, "admin", "colleague")[1]["victim_cleared"] is False


def test_an_administrator_whose_access_ended_meanwhile_writes_nothing(world, database):
    """The caller was looked up before; the functions look again."""
    from_shell(world, "second")
    request = asked(change(world, "admin", "analyst", roles=["investigator"]))
    with database.work(lambda session: actor_of(session, "https://issuer.test", "second", None), uuid4().hex) as work:
        administration.change(database, world.people["second"], {"active": False})
        with pytest.raises(DBAPIError) as fault:
            work.session.execute(text("select priv.decide_approval(:id, 1, 'approve', null, 'r')"), {"id": request["id"]})
        work.session.rollback()
    assert fault.value.orig.pgcode == "42501"


def test_two_who_approve_at_the_same_moment_apply_it_once(world):
    people = [from_shell(world, name) for name in ("second", "third", "fourth")]
    for number in range(4):
        roles = [["investigator"], ["prosecutor"], ["desk"], ["analyst"]][number]
        request = asked(change(world, "admin", "analyst", roles=roles))
        answers = [None] * len(people)
        barrier = threading.Barrier(len(people))

        def approve(index, request=request, answers=answers, barrier=barrier):
            barrier.wait()
            answers[index] = decide(world, people[index], request).status_code

        threads = [threading.Thread(target=approve, args=(index,)) for index in range(len(people))]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]

        assert sorted(answers) == [200, 412, 412]
        assert account(world, "admin", "analyst")[1]["roles"] == roles


def alarms(world):
    """What the administrator reads of alarms about rights from the shell, in order."""
    items = world.as_("admin").get("/events?kind=alarm").json["items"]
    return [item["detail"] for item in items if item["action"] == "alarm.rights_from_shell"]


def test_the_shell_needs_no_second_person_and_raises_an_alarm(world, database):
    before = len(alarms(world))
    from_shell(world, "heron", roles=["investigator"], victim_cleared=True)
    made = administration.provide_client(database, world.authorities["nl"], {"name": "C", "roles": ["system"]}).id
    administration.change(database, made, {"victim_cleared": True})

    assert world.as_("heron").get("/me").json["victim_cleared"] is True
    assert alarms(world)[before:] == [
        {"account": str(world.people["heron"]), "roles": ["investigator"], "functions": [], "victim_cleared": True, "active": True},
        {"account": str(made), "roles": ["system"], "functions": [], "victim_cleared": False, "active": True},
        {"account": str(made), "victim_cleared": True},
    ]
    assert [fault for chain in administration.verify_journal(database) for fault in chain.breaks] == []
