"""SQL in the name of one caller, past the application: no definer function acts on a case, an item or a name that is not the caller's."""

import json
import re
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coopapi.auth.authentication import actor_of

ENTRY = {
    "object_type": "overlap", "object_id": None, "purpose": "investigation", "request_id": "r", "consultation": False, "event": True,
    "victims_only": False, "detail": {},
}  # fmt: skip
RESERVED = ["overlap.detected", "overlap.changed", "overlap.withdrawn", "evidence.erased", "client.refused", "honey_value.registered", "identifiers.compared", "identifiers.reread",
            "digests.outdated", "import.stopped", "export.stopped", "alarm.anything", "disclosure.item_corrected", "disclosure.item_withdrawn"]  # fmt: skip


def run(world, who, sql, **values):
    """One statement in the name of a caller; what it gives, or the code with which the database refuses it."""
    database = world.app.extensions["coopapi"].database
    try:
        with database.work(lambda s: actor_of(s, "https://issuer.test", who, None), uuid4().hex) as work:
            return work.session.execute(text(sql), values).all()
    except DBAPIError as refused:
        return refused.orig.pgcode


def record(world, who, action, case=None, **more):
    entries = json.dumps([{**ENTRY, "action": action, "case_id": case, **more}])
    return run(world, who, "select priv.record(cast(:entries as jsonb))", entries=entries)


def test_nobody_notes_anything_about_a_case_that_is_not_theirs(world):
    """A forged entry once appeared in the timeline of another authority."""
    case = world.case("investigator")
    assert record(world, "foreign", "case.consulted", case) == "42501"
    assert record(world, "foreign", "case.consulted", str(uuid4())) == "42501"
    assert record(world, "investigator", "case.consulted", case) == [("",)]
    timeline = world.as_("investigator").get(f"/cases/{case}/timeline").json["items"]
    assert [item["type"] for item in timeline if item["object"]["type"] == "overlap"] == ["case.consulted"]


def test_access_that_ends_in_the_same_transaction_still_lets_the_end_be_noted(world):
    case = world.case("investigator")
    database = world.app.extensions["coopapi"].database
    with database.work(lambda s: actor_of(s, "https://issuer.test", "investigator", None), uuid4().hex) as work:
        work.session.execute(
            text(
                "update case_access set withdrawn_at = :now, withdrawn_by = priv.principal(), withdrawal_reason = 'over' where case_id = :case"
            ),
            {"now": work.now, "case": case},
        )
        work.note("case.access_ended", object_type="case", case_id=case)
    assert record(world, "investigator", "case.consulted", case) == "42501"


@pytest.mark.parametrize("action", RESERVED)
def test_the_names_of_the_registers_own_entries_cannot_come_from_the_application(world, action):
    assert record(world, "investigator", action, world.case("investigator")) == "42501"
    assert record(world, "investigator", action) == "42501"


NAMES = re.compile(r"'(?!coopapi\.|public\.)([a-z_]+\.[a-z_]*)'")
ALSO_NOTED_BY_THE_APPLICATION = {"approval.requested", "approval."}
"""A function tells other authorities of an approval, and the application notes it in the caller's own journal."""


def written_by_functions(cursor):
    cursor.execute("select prosrc from pg_proc where pronamespace = 'priv'::regnamespace and proname <> 'registers_own'")
    return {name for (source,) in cursor.fetchall() for name in NAMES.findall(source)} - ALSO_NOTED_BY_THE_APPLICATION


def not_reserved(cursor):
    names = {name + "x" * name.endswith(("_", ".")) for name in written_by_functions(cursor)}
    cursor.execute("select name from unnest(%s) name where not priv.registers_own(name)", (sorted(names),))
    return [name for (name,) in cursor.fetchall()]


def test_every_name_that_a_function_writes_is_in_the_list_and_no_other(owner, migrated):
    with owner.cursor() as cursor:
        assert not_reserved(cursor) == []
        written = written_by_functions(cursor)
        assert all(any(name.startswith(w) for w in written) for name in RESERVED)
        cursor.execute("begin")
        try:
            cursor.execute("create function priv.planted() returns text language plpgsql as $$ begin return 'case.planted'; end $$")
            assert not_reserved(cursor) == ["case.planted"]
        finally:
            cursor.execute("rollback")


def test_a_case_holds_no_identifier_of_another(world):
    """With it, the sealed values and the case of any identifier could be had from `priv.candidates` and `priv.values_to_compare`."""
    (foreign_id,) = world.hold("investigator", world.case("investigator"), "heron@example.org")
    mine = world.case("foreign")
    hold = "select priv.hold(:case, array[cast(:id as uuid)], array['\\x01'::bytea], array['x'], array[0::smallint], array['email'], array[false])"
    assert run(world, "foreign", hold, case=mine, id=foreign_id) == "42501"


WORKERS_OWN = (
    "select * from priv.waiting(2)",
    "select priv.put_off('pairs', 'x')",
    "select priv.try_again('pairs', 'x')",
    "select priv.no_longer_put_off('pairs', 'x')",
    "select priv.next_timers(1)",
    "select priv.run_timers('{overlaps}')",
    "select priv.next_changes(1, 1)",
    "select priv.next_pairs(false, 1)",
    "select priv.next_things(1)",
    "select * from priv.to_index('{}')",
    "select priv.next_rereadings(99, 1)",
    "select * from priv.to_reread(99, array[cast(:a as uuid)])",
    "select priv.escalate(cast(:a as uuid))",
    "select priv.store_reread(99, '[]', array[cast(:a as uuid)], array['\\x01'::bytea], array['x'], array[3::smallint], array[false])",
    "select priv.drop_outdated(0, 1)",
    "select * from priv.listed_to_reread(99, array[cast(:a as uuid)])",
    "select priv.store_listed(99, cast(:a as uuid), '{}')",
    "select * from priv.follow_changes('{1}', array[4, 4])",
    "select * from priv.candidates(array[cast(:a as uuid)], '{}', '{}', '{}', array[4, 4])",
    "select * from priv.values_to_compare(array[cast(:a as uuid)])",
    "select * from priv.families_to_compare(array[cast(:a as uuid)], array[cast(:b as uuid)])",
    "select priv.add_likenesses(array[cast(:a as uuid)], array[cast(:b as uuid)], array[1], array[1], array[1::real],"
    " array[3::smallint], array['x'])",
    "select priv.settle_pairs('{}', array[4, 4])",
    "select priv.link_entries(1)",
    "select * from priv.next_import(1)",
    "select * from priv.unfinished_imports(array[cast(:a as uuid)])",
    "select priv.stop_import(cast(:a as uuid), 'client_revoked')",
    "select priv.forget_import_lines(now(), 1)",
    "select priv.forget_keys(now(), 1)",
    "select * from priv.next_export()",
    "select priv.stop_export(cast(:a as uuid), 'failed')",
    "select priv.delete_old_exports(1)",
    "select * from priv.webhooks_due()",
    "select priv.enter_deliveries(cast(:a as uuid), '{}', '{}', '[]')",
    "select * from priv.take_deliveries(cast(:a as uuid), 1, 1)",
    "select priv.settle_delivery(cast(:a as uuid), 'delivered', null, null)",
    "select priv.pause_restored_webhook(cast(:a as uuid))",
    "select * from priv.people_to_tell(9)",
    "select priv.tell(cast(:a as uuid), null, '{}', '{}', '{}', true, null)",
    "select * from priv.take_mails(9)",
    "select priv.settle_mail(cast(:a as uuid), null, false)",
    "select * from priv.periods_to_publish()",
    "select * from priv.usual_times_of(now(), now(), 10, 3)",
    "select priv.publish('2026', now(), '[]', '[]')",
    *(f"select * from priv.{one}_figures(true, '{{}}', '{{}}')" for one in ("request", "overlap", "case", "meeting", "team")),
)


@pytest.fixture
def two_values(world):
    """Two identifiers of two countries that are alike in nothing."""
    return world.once(_two_values)


def _two_values(world):
    (one,) = world.hold("investigator", world.case("investigator"), "heron@example.org")
    (other,) = world.hold("romanian", world.case("romanian"), "stork@example.org")
    return dict(zip("ab", sorted((one, other)), strict=True))


@pytest.mark.parametrize("sql", WORKERS_OWN)
def test_what_only_the_worker_does_is_refused_to_every_role(world, two_values, sql):
    values = {name: value for name, value in two_values.items() if f":{name}" in sql}
    for who in ("foreign", "admin", "auditor", "system", "operator"):
        assert run(world, who, sql, **values) == "42501"


@pytest.mark.parametrize("sql", WORKERS_OWN)
def test_a_context_of_the_worker_needs_the_workers_own_key(world, two_values, sql):
    """The key that signs the contexts of requests would make one for the worker too, if the database took it."""
    database = world.app.extensions["coopapi"].database
    values = {name: value for name, value in two_values.items() if f":{name}" in sql}
    forged = database.sign(("", "", "worker", "f", "f"), database.clock(), "")
    with database.anonymous() as session:
        session.execute(text("set local coopapi.context = :context"), {"context": forged})
        with pytest.raises(DBAPIError, match="not signed by this service"):
            session.execute(text(sql), values)
        session.rollback()


def test_the_worker_has_access_to_no_case_and_acts_for_no_authority(world):
    case = world.case("investigator")
    database = world.app.extensions["coopapi"].database
    refused = (
        "select priv.release(:case, null)",
        'select priv.record(\'[{"action": "case.consulted", "object_type": "case", "case_id": null}]\')',
        "select * from priv.miscounts()",
    )
    for sql in refused:
        with database.worker() as session:
            with pytest.raises(DBAPIError) as error:
                session.execute(text(sql), {"case": case} if ":case" in sql else {})
            assert error.value.orig.pgcode == "42501"
            session.rollback()
    with database.worker() as session:
        assert session.execute(text("select count(*) from cases")).scalar_one() == 0


def test_only_values_that_share_a_key_are_stored_as_alike(world, two_values, owner):
    database = world.app.extensions["coopapi"].database
    with database.worker() as session:
        session.execute(text(WORKERS_OWN[3]), two_values)
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from likenesses")
        assert cursor.fetchone() == (0,)


@pytest.fixture
def disclosed(world):
    """An overlap of the Dutch and the French, and a value that the Dutch disclosed: the disclosure and the identifier."""
    mine, theirs = world.case("investigator"), world.case("foreign")
    (identifier,) = world.hold("investigator", mine, "heron@example.org")
    world.hold("foreign", theirs, "heron@example.org")
    asked = world.asked("foreign", theirs)
    path = f"/disclosures/{asked['id']}/transitions"
    etag = world.as_("prosecutor").get(path).json["etag"]
    items = [{"identifier_id": identifier}]
    given = world.as_("prosecutor").post(path, {"event": "disclose", "items": items}, If_Match=f'"{etag}"')
    assert given.status_code == 200, given.json
    return asked["id"], identifier


@pytest.mark.parametrize("action", ["overlap.detected", "alarm.x", "disclosure.item_withdrawn", "case.consulted"])
def test_a_side_of_a_disclosure_tells_the_other_side_of_disclosures_alone(world, disclosed, action):
    tell = "select priv.tell(:id, :action, '{}', 'r')"
    assert run(world, "foreign", tell, id=disclosed[0], action=action) == "42501"
    assert run(world, "romanian", tell, id=disclosed[0], action="disclosure.asked") == "42501"
    assert run(world, "foreign", tell, id=disclosed[0], action="disclosure.asked") == [("",)]


def test_who_was_told_a_value_cannot_say_that_it_was_corrected(world, disclosed):
    tell = "select priv.tell_recipients(:id, :act, 'r')"
    assert run(world, "foreign", tell, id=disclosed[1], act="withdrawn") == "42501"
    assert run(world, "investigator", tell, id=disclosed[1], act="invented") == "22023"
    assert run(world, "investigator", tell, id=disclosed[1], act="withdrawn") == [("",)]


def test_the_figures_of_the_reconciler_are_for_the_operator(world):
    for figures in ("priv.miscounts()", "priv.differences('{}', '{}', array[4, 4])"):
        assert run(world, "investigator", f"select {figures}") == "42501"
        assert len(run(world, "operator", f"select {figures}")) == 1


def test_who_takes_no_part_learns_not_who_does(world, owner):
    thing = str(uuid4())
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into parties values (gen_random_uuid(), %s, %s, 'host', null, true, now(), null)",
            (thing, str(world.authorities["nl"])),
        )
    asked = "select priv.may_have_evidence(:thing, :nl)"
    values = {"thing": thing, "nl": world.authorities["nl"]}
    assert run(world, "investigator", asked, **values) == [(True,)]
    assert run(world, "foreign", asked, **values) == [(False,)]


def test_no_function_has_a_name_that_psql_takes_for_the_start_or_end_of_a_body(owner):
    """psql counts BEGIN, CASE and END after CREATE FUNCTION; with such a name a dump of the database could not be restored."""
    with owner.cursor() as cursor:
        cursor.execute(
            "select proname from pg_proc where pronamespace = 'priv'::regnamespace and proname in ('begin', 'case', 'end')"
        )
        assert cursor.fetchall() == []


def opening(home, other):
    """What `priv.open_cases` is given: for a case of the own authority, of another one, and of nobody."""
    new = str(uuid4())
    case = {
        "id": new, "version": 1, "authority_id": home, "reference": new, "reference_folded": new, "title": "A case", "case_type": "bilateral",
        "crime_categories": [], "countries": [], "visibility": "hit_no_hit", "desk": "index", "handling_code": "H0", "state": "registered",
        "created_at": "2026-01-01T00:00Z", "updated_at": "2026-01-01T00:00Z", "wrapped": "00", "grant_id": str(uuid4()), "shared_with": [],
    }  # fmt: skip
    return {
        "a case of others": [{**case, "authority_id": other}],
        "one of several of others": [case, {**case, "id": str(uuid4()), "authority_id": other}],
        "a case of nobody": [{**case, "authority_id": None}],
        "fine": [case],
    }


def test_a_case_is_opened_for_the_own_authority_alone(world, owner):
    with owner.cursor() as cursor:
        cursor.execute("select subject, authority_id::text from principals where subject in ('investigator', 'foreign')")
        homes = dict(cursor.fetchall())
    sql = "select priv.open_cases(cast(:cases as jsonb))"
    told = {
        name: run(world, "investigator", sql, cases=json.dumps(cases))
        for name, cases in opening(homes["investigator"], homes["foreign"]).items()
    }
    assert told.pop("fine") == [(None,)]
    assert set(told.values()) == {"42501"}
