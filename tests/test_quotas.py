"""Quotas of new values: exact over workers and restarts, by every route into matching, and enforced by the database."""

import threading
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from approving import decide, from_shell
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from world import ISSUER, Caller, sign

from coopapi.app import create_app
from coopapi.approvals import service as approvals
from coopapi.auth.authentication import actor_of
from coopapi.identifiers import registration
from coopapi.matching import engine
from coopapi.ops import abuse_controls, administration


@pytest.fixture(autouse=True)
def in_the_middle_of_an_hour(world):
    """Quotas are counted by the hour and by the day. No test runs across the end of one unless it says so."""
    world.clock.at("2026-11-28T10:30:00Z")


def guesses(count, name="guess"):
    return [f"{name}-{number}@example.org" for number in range(count)]


def send(caller, case, values):
    return caller.post(f"/cases/{case}/identifiers", {"identifiers": [{"kind": "email", "value": value} for value in values]})


def allow(world, hour, day=10**6, hidden_hour=10**6, hidden_day=10**6, until=None):
    """Set the quotas of a client of the Dutch police; the police as a whole have four times as much."""
    quotas = [hour, day, hidden_hour, hidden_day]
    abuse_controls.set_quota(world.app.extensions["coopapi"].database, world.authorities["nl"], quotas, until, "test")


def held(owner, case):
    with owner.cursor() as cursor:
        cursor.execute("select count(distinct identifier_id) from holdings where case_id = %s", (case,))
        return cursor.fetchone()[0]


def left(answer):
    """Read how many values are left of each quota, as the answer tells it."""
    items = [item.split(";") for item in answer.headers["RateLimit"].split(", ")]
    return {name.strip('"'): int(remaining.removeprefix("r=")) for name, remaining, _ in items}


@pytest.fixture
def workers(migrated, keys, clock):
    """Two workers, each with what takes its place after a restart."""
    apps = [[create_app(migrated, keys, clock) for _ in range(2)] for _ in range(2)]
    yield apps
    for app in (*apps[0], *apps[1]):
        app.extensions["coopapi"].database.engine.dispose()


def guess(world, workers, case, values):
    """Send guesses through both workers at the same time, each of which is restarted in the middle; count the answers."""
    token = sign(world.signer, world.clock, "system")
    answers = Counter()

    def work(first, second, batches):
        for number, batch in enumerate(batches):
            if number == len(batches) // 2:
                first.extensions["coopapi"].database.engine.dispose()
            app = first if number < len(batches) // 2 else second
            answers[send(Caller(app.test_client(), token), case, batch).status_code] += 1

    batches = [values[at : at + 10] for at in range(0, len(values), 10)]
    threads = [threading.Thread(target=work, args=(*workers[n], batches[n::2])) for n in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


def test_two_workers_and_a_restart_evaluate_exactly_the_quota(world, owner, workers):
    case = world.case("system")
    send(world.as_("foreign"), world.case("foreign"), guesses(600)[::20])
    allow(world, 200)

    answers = guess(world, workers, case, guesses(600))

    assert answers == {201: 20, 429: 40}
    assert held(owner, case) == 200
    world.work()
    stored = {one["value"] for one in world.as_("system").get(f"/cases/{case}/identifiers?limit=200").json["items"]}
    assert sum(overlap["of_mine"] for overlap in world.overlaps("system", case)) == len(stored & set(guesses(600)[::20])) > 0


IN_MEMORY = {
    "quota_lines(boolean, text[])": (
        "case when q.since >= l.begun then q.used else 0 end",
        "coalesce(nullif(current_setting('coopapi.used', true), ''), '0')::bigint",
    ),
    "count_values(boolean, uuid[], boolean[], bytea[], uuid[], bigint[], boolean, boolean)": (
        "insert into public.quota_use as q (holder_id, policy, since, used)",
        "perform set_config('coopapi.used', (coalesce(nullif(current_setting('coopapi.used', true), ''), '0')::bigint"
        " + quota.wanted)::text, false);"
        " insert into public.quota_use as q (holder_id, policy, since, used)",
    ),
}


@contextmanager
def changed(owner, changes):
    """Put other words into functions of the database, and take them out again."""
    with owner.cursor() as cursor:
        good = {}
        for function, (words, others) in changes.items():
            cursor.execute("select pg_get_functiondef(%s::regprocedure)", (f"priv.{function}",))
            good[function] = cursor.fetchone()[0]
            assert words in good[function]
            cursor.execute(good[function].replace(words, others))
        try:
            yield
        finally:
            for function in good.values():
                cursor.execute(function)


def test_the_sabotage_is_seen_a_limiter_in_memory_lets_each_worker_have_the_quota(world, owner, workers):
    case = world.case("system")
    allow(world, 200)

    with changed(owner, IN_MEMORY):
        guess(world, workers, case, guesses(600))

    assert held(owner, case) >= 400


def test_the_refusal_is_a_problem_document_that_says_when_to_come_back(world, clock):
    case, me = world.case("system"), world.as_("system")
    allow(world, 3, 5)

    first, refused = send(me, case, guesses(2)), send(me, case, guesses(4))

    assert (first.status_code, refused.status_code) == (201, 429)
    assert refused.json["type"] == "/problems/quota-exceeded"
    assert refused.json["violated-policies"] == ["hour"]
    assert refused.content_type == "application/problem+json"
    assert 1700 < int(refused.headers["Retry-After"]) <= 1800
    for answer in (first, refused):
        assert answer.headers["RateLimit-Policy"] == '"hour";q=3;qu="values";w=3600, "day";q=5;qu="values";w=86400'
        assert left(answer) == {"hour": 1, "day": 3}
    assert "RateLimit" not in me.get(f"/cases/{case}/identifiers").headers


def test_an_hour_later_the_hour_begins_anew_but_not_the_day(world, clock):
    case, me = world.case("system"), world.as_("system")
    allow(world, 3, 5)
    assert send(me, case, guesses(3)).status_code == 201

    clock.at("2026-11-28T11:00:01Z")
    assert send(me, case, guesses(5)).status_code == 201
    refused = send(me, case, guesses(6))
    assert (refused.status_code, refused.json["violated-policies"]) == (429, ["day"])

    clock.at("2026-11-29T00:00:01Z")
    assert send(world.as_("system"), case, guesses(6)).status_code == 201


def test_a_clock_that_goes_back_gives_nothing_back(world, clock):
    clock.at("2026-11-28T11:00:01Z")
    case, me = world.case("system"), world.as_("system")
    allow(world, 3)
    assert send(me, case, guesses(3)).status_code == 201

    clock.at("2026-11-28T10:59:59Z")

    assert send(me, case, guesses(4)).status_code == 429


def test_a_value_that_the_case_registered_before_costs_nothing(world):
    case, me = world.case("system"), world.as_("system")
    allow(world, 3)
    (first, *_) = send(me, case, guesses(3)).json["identifiers"]
    path = f"/cases/{case}/identifiers/{first['id']}"

    assert send(me, case, guesses(3)).status_code == 201
    withdrawn = me.post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"')
    assert withdrawn.status_code == 200
    again = send(me, case, guesses(1))

    assert (again.status_code, left(again)["hour"]) == (201, 0)
    assert send(me, world.case("system"), guesses(1)).status_code == 429


def test_corrections_count_and_going_back_does_not(world):
    case, me = world.case("system"), world.as_("system")
    allow(world, 2)
    (identifier,) = world.hold("system", case, "first@example.org")
    path = f"/cases/{case}/identifiers/{identifier}"

    def correct(**change):
        return me.patch(path, change, If_Match=f'"{me.get(path).json["etag"]}"')

    assert left(correct(value="second@example.org"))["hour"] == 0
    assert correct(value="first@example.org").status_code == 200
    assert "RateLimit" not in correct(source="a letter").headers
    assert correct(value="third@example.org").status_code == 429
    assert me.get(path).json["value"] == "first@example.org"


def test_the_answer_does_not_depend_on_whether_others_hold_the_value(world):
    def told(case):
        answers = [send(world.as_("system"), case, [value]) for value in guesses(3)]
        return [(a.status_code, a.headers["RateLimit-Policy"], left(a)) for a in answers]

    allow(world, 100)
    alone = told(world.case("system"))
    send(world.as_("foreign"), world.case("foreign"), guesses(3))
    together = told(world.case("system"))

    assert [(status, policy, n["hour"] + 3) for status, policy, n in together] == [(s, p, n["hour"]) for s, p, n in alone]


def test_an_authority_has_four_times_what_one_client_has(world, owner):
    allow(world, 5)
    for who in ("investigator", "colleague", "prosecutor", "system"):
        assert send(world.as_(who), world.case(who), guesses(5)).status_code == 201
    newcomer = {"name": "N", "roles": ["investigator"], "issuer": ISSUER, "subject": "newcomer"}
    administration.add_person(world.app.extensions["coopapi"].database, world.authorities["nl"], newcomer)
    case, more = world.case("newcomer"), guesses(1)
    refused = send(world.as_("newcomer"), case, more)
    assert (refused.status_code, refused.json["violated-policies"], left(refused)["hour"]) == (429, ["hour"], 0)
    assert send(world.as_("foreign"), world.case("foreign"), more).status_code == 201

    with changed(owner, {"quota_lines(boolean, text[])": ("l.own * l.times", "l.own * 1000")}):
        assert send(world.as_("newcomer"), case, more).status_code == 201


def test_a_person_with_many_names_and_dates_costs_as_much_as_the_guesses_that_it_holds(world):
    case = world.case("system")
    subject = world.subject("system", case)
    allow(world, 1000)

    def cost(names, dates):
        person = {"names": [{"full": name} for name in names], "birth_dates": dates}
        before = left(send(world.as_("system"), case, guesses(1)))["hour"]
        item = {"kind": "person", "subjects": [{"id": subject}], "person": person}
        answer = world.as_("system").post(f"/cases/{case}/identifiers", {"identifiers": [item]})
        assert answer.status_code == 201, answer.json
        return before - left(answer)["hour"]

    assert cost(["Aleksandr Mironenko"], ["1960-01-02"]) == 1
    assert cost([f"Aleksandr{n} Mironenko{n}" for n in range(20)], [f"19{year}-01-02" for year in range(60, 70)]) > 10


def test_what_was_announced_stays_counted_when_the_registration_is_rolled_back(world, database, owner):
    case = UUID(world.case("system"))
    allow(world, 3)

    def register_and_break_off(values):
        with acting(database, "system") as work:
            registration.register(work, case, [{"kind": "email", "value": value} for value in values])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        register_and_break_off(guesses(3))

    assert held(owner, case) == 0
    assert send(world.as_("system"), case, guesses(4)).status_code == 429
    assert send(world.as_("system"), case, guesses(3)).status_code == 201


def acting(database, name):
    return database.work(lambda session: actor_of(session, "https://issuer.test", name, None), uuid4().hex)


def holding(token=b"x" * 32, strength=3):
    return engine.Holding(uuid4(), token, "email", strength, "email", common=False)


def test_the_database_takes_no_value_that_was_not_announced(world, database, owner):
    """SQL as the application role with a caller's own context: hold refuses, also in a savepoint, and nothing frees the quota."""
    case = UUID(world.case("system"))
    allow(world, 1)
    with pytest.raises(DBAPIError) as refused, acting(database, "system") as work:
        engine.hold(work, case, [holding()])
    assert refused.value.orig.pgcode == "42501"

    as_key = holding(strength=0)
    with acting(database, "system") as work:
        engine.announce(work, case, [as_key])
    with pytest.raises(DBAPIError), acting(database, "system") as work:
        engine.hold(work, case, [engine.Holding(as_key.identifier_id, as_key.token, "email", 3, "email", common=False)])
    packed = holding(token=b"x" * 64)
    with pytest.raises(DBAPIError), acting(database, "system") as work:
        engine.announce(work, case, [packed])
    assert held(owner, case) == 0


def test_values_of_other_peoples_cases_cannot_be_announced(world, database):
    with pytest.raises(DBAPIError) as refused, acting(database, "foreign") as work:
        engine.announce(work, UUID(world.case("system")), [holding()])
    assert refused.value.orig.pgcode == "42501"


def test_without_the_counters_nothing_is_registered(world, owner):
    case = world.case("system")
    with owner.cursor() as cursor:
        cursor.execute("alter table quota_use rename to elsewhere")
        try:
            assert send(world.as_("system"), case, guesses(1)).status_code >= 500
        finally:
            cursor.execute("alter table elsewhere rename to quota_use")
    assert held(owner, case) == 0
    assert world.as_("system").get(f"/cases/{case}/identifiers").json["items"] == []


def test_a_context_without_quotas_allows_nothing(world, database, owner, monkeypatch):
    case = world.case("foreign")
    monkeypatch.setattr("coopapi.config.Settings.quotas", property(lambda _: ""))
    assert send(world.as_("foreign"), case, guesses(1)).status_code == 429
    assert held(owner, case) == 0


def test_a_hidden_case_has_a_smaller_quota(world):
    hidden, me = world.case("investigator", visibility="hidden"), world.as_("investigator")
    allow(world, 100, 100, 2, 3)

    answer, refused = send(me, hidden, guesses(2)), send(me, hidden, guesses(3))

    assert left(answer) == {"hour": 98, "day": 98, "hidden-hour": 0, "hidden-day": 1}
    assert (refused.status_code, refused.json["violated-policies"]) == (429, ["hidden-hour"])
    assert send(me, world.case("investigator"), guesses(50)).status_code == 201


def test_hiding_a_case_is_no_way_around_the_quota_of_hidden_cases_however_late(world, clock):
    """What a case had held for an hour once counted as nothing when it was hidden."""
    case, me = world.case("investigator"), world.as_("investigator")
    allow(world, 100, 100, 2, 3)
    assert send(me, case, guesses(3)).status_code == 201

    def hide():
        return world.as_("investigator").patch(f"/cases/{case}", {"visibility": "hidden"}, If_Match='"v1"')

    for _ in range(2):
        refused = hide()
        assert (refused.status_code, refused.json["violated-policies"]) == (429, ["hidden-hour"])
        assert "Retry-After" not in refused.headers  # three are more than two, also in an hour
        assert world.as_("investigator").get(f"/cases/{case}").json["visibility"] == "hit_no_hit"
        clock.forward(hours=2)
    allow(world, 100, 100, 3, 3)
    assert hide().status_code == 200


def test_a_quota_is_raised_for_a_time_and_the_authority_is_told(world, clock):
    case, me = world.case("system"), world.as_("system")
    allow(world, 1, until="2026-11-28T11:00:00Z")
    assert send(me, case, guesses(2)).status_code == 429

    clock.at("2026-11-28T11:00:01Z")
    assert left(send(me, case, guesses(2)))["hour"] == 49_998

    assert "alarm.quota_changed" in {alarm["action"] for alarm in world.as_("admin").get("/events?kind=alarm").json["items"]}
    with pytest.raises(DBAPIError) as refused, acting(world.app.extensions["coopapi"].database, "admin") as work:
        work.session.execute(text("select priv.set_quota(:nl, '{9,9,9,9}', null, '')"), {"nl": world.authorities["nl"]})
    assert refused.value.orig.pgcode == "42501"


def test_two_administrators_of_the_operator_set_a_quota(world, database):
    from_shell(world, "second operator", "operator")
    body = {"hour": 1, "day": 1, "hidden_hour": 1, "hidden_day": 1, "reason": "a suspicion"}
    path, case = f"/authorities/{world.authorities['nl']}/quota", world.case("system")
    asked = world.as_("operator").post(path, body)
    assert (asked.status_code, asked.json["state"]) == (201, "requested")
    assert decide(world, "operator", asked.json).status_code == 403
    assert send(world.as_("system"), case, guesses(2)).status_code == 201

    assert decide(world, "second operator", asked.json).status_code == 200

    assert send(world.as_("system"), case, guesses(4)).status_code == 429
    assert any(e["action"] == "alarm.quota_changed" for e in world.as_("admin").get("/events?kind=alarm").json["items"])
    for statement in ("select priv.set_quota(:nl, '{9,9,9,9}', null, '')", "select priv.write_quota(:nl, '{9,9,9,9}', null, '')"):
        with pytest.raises(DBAPIError), acting(database, "operator") as work:
            work.session.execute(text(statement), {"nl": world.authorities["nl"]})


def test_a_request_about_quotas_that_were_set_since_is_not_applied(world):
    """An old request, approved after the operator had acted on a suspicion, once gave the old quotas back."""
    from_shell(world, "second operator", "operator")
    path = f"/authorities/{world.authorities['nl']}/quota"
    body = {"hour": 10**6, "day": 10**6, "hidden_hour": 10**6, "hidden_day": 10**6, "reason": "a first load"}
    over = world.as_("operator").post(path, {**body, "until": "2026-01-01T00:00:00Z"})
    assert (over.status_code, over.json["errors"][0]["pointer"]) == (422, "/until")
    soon = (world.clock() + timedelta(hours=1)).isoformat()
    stale, ending = (world.as_("operator").post(path, {**body, **more}).json for more in ({}, {"until": soon}))
    allow(world, 1)
    changed_since = decide(world, "second operator", stale)
    assert (changed_since.status_code, changed_since.json["type"]) == (409, "/problems/changed-since")
    abuse_controls.set_quota(world.app.extensions["coopapi"].database, world.authorities["nl"], None, None, "test")
    world.clock.forward(hours=2)
    assert decide(world, "second operator", ending).status_code == 409
    assert decide(world, "second operator", stale).status_code == 200


def test_what_an_authoritys_own_administrators_approve_is_no_quota(world, database):
    """SQL as the application role: a request about a quota that names another authority than the operator is not applied."""
    from_shell(world, "second admin")
    with acting(database, "admin") as work:
        row = approvals.ask(
            work, "quota", world.authorities["nl"], (world.authorities["nl"], 1), {"quotas": [9] * 4, "reason": "R"}
        )
        asked = {"id": str(row.id), "etag": row.etag}
    assert decide(world, "second admin", asked).status_code == 403
    assert decide(world, "admin", asked, "withdraw").status_code == 200
