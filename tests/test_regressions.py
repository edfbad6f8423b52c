"""What went wrong elsewhere: one test for each entry of the catalogue of bugs of other systems."""

import pytest
from sqlalchemy import event

from coopapi.ops import abuse_controls, administration

HERON = "heron@example.org"


@pytest.mark.parametrize(
    ("kind", "one", "other", "more"),
    [
        ("email", "Heron@Example.org", " heron@example.ORG ", {}),
        ("email", "he\u0301ron@example.org", "h\u00e9ron@example.org", {}),
        ("phone", "+31 6 12345678", "0031612345678", {}),
        ("iban", "de89 3704 0044 0532 0130 00", "DE89370400440532013000", {}),
        ("url", "https://board.example/" + "a" * 200, "https://board.example:443/" + "a" * 200, {}),
    ],
)
def test_values_that_differ_in_writing_alone_are_one(world, kind, one, other, more):
    case = world.case("investigator")
    world.hold("investigator", case, one, kind=kind, **more)
    world.hold("foreign", world.case("foreign"), other, kind=kind, **more)
    assert [o["strength"] for o in world.overlaps("investigator", case)] == ["strong"]


def test_long_values_with_one_beginning_are_told_apart_to_the_last_letter(world):
    case, long = world.case("investigator"), "https://board.example/" + "a" * 400
    world.hold("investigator", case, long + "b", kind="url")
    world.hold("foreign", world.case("foreign"), long + "c", kind="url")
    assert [o["strength"] for o in world.overlaps("investigator", case)] == ["weak"]  # the host alone


def test_the_same_text_under_another_kind_is_another_value(world):
    case = world.case("investigator")
    world.hold("investigator", case, "4815162342", kind="cybertip")
    world.hold("foreign", world.case("foreign"), "4815162342", kind="telegram")
    assert world.overlaps("investigator", case) == []


def test_a_hidden_case_is_absent_from_every_surface(world, app):
    """Every GET there is, as somebody whose case overlaps the hidden one: its id, reference and title are nowhere."""
    hidden = world.case("foreign", reference="hidden-reference", title="hidden-title", visibility="hidden")
    case = world.case("investigator")
    (mine,) = world.hold("investigator", case, HERON)
    world.hold("foreign", hidden, HERON)
    known = {"case_id": case, "identifier_id": mine, "name": "countries", "authority_id": world.authorities["nl"]}
    for who in ("investigator", "desk", "desk_fr", "analyst", "romanian"):
        for rule in app.url_map.iter_rules():
            if "GET" in rule.methods and rule.rule.startswith("/api") and set(rule.arguments) <= known.keys():
                path = rule.rule
                for name, value in known.items():
                    path = path.replace(f"<uuid:{name}>", str(value)).replace(f"<{name}>", str(value))
                answer = world.as_(who).get(path).text
                assert not [word for word in (hidden, "hidden-reference", "hidden-title") if word in answer], (who, path)
        assert world.as_(who).get(f"/cases/{hidden}").status_code == 404
        assert world.as_(who).get("/overlaps?totals=true").json["total"] == 0
    assert [o["case_id"] for o in world.overlaps("foreign")] == [hidden]


def test_an_owner_sees_all_of_its_own(world):
    cases = [world.case("investigator", visibility=v) for v in ("hidden", "hit_no_hit", "open_index")]
    for case in cases:
        world.hold("investigator", case, HERON)
    world.hold("foreign", world.case("foreign"), HERON)
    listed = {case["id"] for case in world.as_("investigator").get("/cases").json["items"]}
    assert listed == set(cases)
    assert world.as_("investigator").get("/overlaps?totals=true").json["total"] == 6
    assert world.as_("investigator").get("/overlaps?scope=within&totals=true").json["total"] == 3


def test_a_withdrawn_case_keeps_its_journal(world):
    case = world.case("investigator")
    world.hold("investigator", case, HERON)
    path = f"/cases/{case}/transitions"
    world.as_("investigator").post(path, {"event": "withdraw", "reason": "filed by mistake"}, If_Match='"v1"')
    acts = {entry["action"] for entry in world.as_("auditor").get(f"/journal?case_id={case}").json["items"]}
    assert {"case.registered", "identifiers.registered", "case.withdraw"} <= acts


def test_every_mutating_call_refuses_get(world, app):
    reading = {rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods}
    writing = {rule.rule for rule in app.url_map.iter_rules() if "GET" not in rule.methods}
    assert "/oauth/token" in writing
    for rule in writing - reading:
        path = rule.replace("<uuid:", "<").replace("<", "").replace(">", "")
        assert world.as_("investigator").get(path).status_code in (404, 405), rule


def test_many_cases_with_one_hot_value_stay_cheap_to_register_and_make_no_pair(world, database):
    case = world.case("investigator")
    for _ in range(12):
        world.hold("foreign", world.case("foreign"), HERON)
    world.hold("investigator", case, HERON)
    assert world.overlaps("investigator", case) == []
    (hot,) = world.as_("investigator").get(f"/cases/{case}/overlaps/high-frequency").json["items"]
    assert hot["holders"] == 13
    assert administration.reconcile(database, repair=False) == {"overlaps": 0, "tokens": 0, "strays": 0, "likenesses": 0}


SABOTAGE = {
    "overlaps": "update case_overlaps set open_roles = '{}'",
    "tokens": "update match_tokens set cases = cases + 1 where exact",
    "strays": "update identifiers set withdrawn_at = now(), withdrawal_reason = 'inaccurate' where kind = 'phone'",
    "likenesses": "delete from likenesses",
}


def hold_the_same_twice(world):
    person = {"names": [{"full": "Oleksandr Myronenko"}], "birth_dates": ["1984-05-17"]}
    for who in ("investigator", "foreign"):
        case = world.case(who)
        subject = world.subject(who, case)
        body = {"identifiers": [{"kind": "person", "person": person, "subjects": [{"id": subject}]}, {"kind": "email", "value": HERON},
                                {"kind": "phone", "value": "+31612345678"}]}  # fmt: skip
        assert world.as_(who).post(f"/cases/{case}/identifiers", body).status_code == 201
    world.work()


@pytest.mark.parametrize("what", SABOTAGE)
def test_the_reconciler_sees_what_was_broken_and_puts_it_right(world, owner, database, what):
    hold_the_same_twice(world)
    assert not any(administration.reconcile(database, repair=False).values())
    with owner.cursor() as cursor:
        cursor.execute(SABOTAGE[what])
    assert administration.reconcile(database, repair=False)[what] > 0
    assert not any(administration.reconcile(database, repair=True).values())
    assert not any(administration.reconcile(database, repair=False).values())
    (overlap,) = world.overlaps("investigator")
    assert overlap["strength"] == "strong"


def test_a_value_that_is_held_again_by_one_case_after_nobody_held_it_is_no_fault(world, database):
    held = {who: world.case(who) for who in ("investigator", "foreign")}
    rows = [(who, case, *world.hold(who, case, HERON)) for who, case in held.items()]
    world.work()
    for who, case, row_id in rows:
        at = f"/cases/{case}/identifiers/{row_id}"
        version = world.as_(who).get(at).headers["ETag"]
        withdrawn = {"event": "withdraw", "reason": "inaccurate"}
        assert world.as_(who).post(f"{at}/transitions", withdrawn, If_Match=version).status_code == 200
    world.work()
    world.hold("foreign", world.case("foreign"), HERON)
    world.work()
    assert not any(administration.reconcile(database, repair=False).values())


@pytest.fixture
def slow(database):
    """Each statement of an operator's command takes so long that the context of its transaction has expired after it."""

    def expire(connection, cursor, statement, *of):
        del connection, of
        if "priv." in statement:
            cursor.connection.cursor().execute("set local coopapi.context = 'expired'")

    event.listen(database.engine, "after_cursor_execute", expire)
    yield
    event.remove(database.engine, "after_cursor_execute", expire)


@pytest.mark.usefixtures("slow")
def test_commands_that_take_longer_than_a_context_is_good_for_do_their_work(world, owner, database):
    hold_the_same_twice(world)
    with owner.cursor() as cursor:
        cursor.execute(SABOTAGE["overlaps"])
        cursor.execute(SABOTAGE["likenesses"])
    assert administration.reconcile(database, repair=False)["overlaps"] > 0
    assert not any(administration.reconcile(database, repair=True).values())
    assert abuse_controls.write_figures(database) == 0


@pytest.mark.parametrize("lost", ["exact", "not exact", "true"])
def test_a_token_of_several_holders_without_a_count_is_found_and_counted_again(world, owner, database, lost):
    hold_the_same_twice(world)
    told = world.as_("investigator").get("/events").json["items"]
    count = "select token, family, exact, cases, open_cases, hidden_cases from match_tokens order by token"
    with owner.cursor() as cursor:
        cursor.execute(count)
        before = cursor.fetchall()
        cursor.execute(f"delete from match_tokens where {lost}")
        gone = cursor.rowcount
        if lost != "exact":  # the likeness was never found, because its key had no count
            cursor.execute("delete from likenesses")
    assert gone > 0
    assert administration.reconcile(database, repair=False)["tokens"] == gone
    assert administration.reconcile(database, repair=True)["tokens"] == gone
    world.work()
    assert not any(administration.reconcile(database, repair=False).values())
    with owner.cursor() as cursor:
        cursor.execute(count)
        assert cursor.fetchall() == before
    if lost == "exact":
        assert world.as_("investigator").get("/events").json["items"] == told
    (overlap,) = world.overlaps("investigator")
    assert (overlap["strength"], sorted(overlap["kinds"])) == ("strong", ["email", "person", "phone"])


def test_a_repair_deletes_counts_of_tokens_with_one_holder_or_none(world, owner, database):
    hold_the_same_twice(world)
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from match_tokens")
        (before,) = cursor.fetchone()
        cursor.execute(
            "insert into match_tokens (token, family, cases, open_cases, hidden_cases, exact) values ('x', 'email', 0, 0, 0, true)"
        )
        assert not any(administration.reconcile(database, repair=True).values())
        cursor.execute("select count(*) from match_tokens")
        assert cursor.fetchone() == (before,)


def test_a_comparison_of_persons_locks_one_row_of_each(world, owner):
    hold_the_same_twice(world)
    with owner.cursor() as cursor:  # what locked a row stays in it until it is changed
        cursor.execute(
            "select count(*) filter (where xmax <> '0'), count(*) > 1 from holdings where strength <= 0 group by identifier_id"
        )
        assert cursor.fetchall() == [(1, True)] * 2
