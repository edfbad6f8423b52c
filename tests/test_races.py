"""Writers at the same moment: nothing missed, nothing twice, no deadlock, and the sabotage that shows the test can see."""

import threading
from uuid import UUID, uuid4

import pytest
from serving import until

from coopapi.auth.authentication import actor_of
from coopapi.cases import service as cases
from coopapi.identifiers import registration
from coopapi.ops.worker import work_once

VALUES = [f"bird-{number}@example.org" for number in range(1000)]


def together(*jobs):
    barrier = threading.Barrier(len(jobs))
    answers = [None] * len(jobs)

    def run(index, job):
        barrier.wait()
        answers[index] = job()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(jobs)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


def register(world, who, case, values):
    items = [{"kind": "email", "value": value} for value in values]
    return world.as_(who).post(f"/cases/{case}/identifiers", {"identifiers": items}).status_code


def shared_by_brute_force(owner):
    """Every pair of cases and how many tokens it shares, from nothing but the holdings."""
    with owner.cursor() as cursor:
        cursor.execute(
            "select a.case_id, b.case_id, count(*) from holdings a join holdings b on a.token = b.token and a.case_id < b.case_id"
            " join match_tokens t on t.token = a.token and t.family = 'email' group by 1, 2"
        )
        return {(a, b): n for a, b, n in cursor.fetchall()}


def stored(owner):
    with owner.cursor() as cursor:
        cursor.execute("select case_a, case_b, shared_a from case_overlaps where state = 'detected'")
        return {(a, b): n for a, b, n in cursor.fetchall()}


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_two_clients_with_the_same_thousand_values_in_opposite_order_miss_nothing(world, owner, known):
    if known:
        register(world, "romanian", world.case("romanian"), VALUES)
    cases = {"investigator": world.case("investigator"), "foreign": world.case("foreign")}

    answers = together(
        lambda: register(world, "investigator", cases["investigator"], VALUES),
        lambda: register(world, "foreign", cases["foreign"], VALUES[::-1]),
    )

    assert answers == [201, 201]
    assert shared_by_brute_force(owner) == stored(owner)
    assert len(stored(owner)) == (3 if known else 1)
    assert set(stored(owner).values()) == {1000}


def test_single_values_registered_at_the_same_moment_are_never_missed(world, owner):
    for round_ in range(25):
        pair = {who: world.case(who) for who in ("investigator", "foreign")}
        answers = together(*(lambda w=who, c=case: register(world, w, c, [f"r{round_}@example.org"]) for who, case in pair.items()))
        assert answers == [201, 201]

    assert len(stored(owner)) == 25
    assert shared_by_brute_force(owner) == stored(owner)


def test_two_clients_in_one_case_register_each_value_once(world, owner):
    case = world.case("investigator")

    answers = together(*(lambda o=order: register(world, "investigator", case, VALUES[:200][::o]) for order in (1, -1)))

    assert answers == [201, 201]
    with owner.cursor() as cursor:
        cursor.execute("select count(*), count(distinct fingerprint) from identifiers")
        assert cursor.fetchone() == (200, 200)


def test_registering_and_withdrawing_at_once_ends_as_a_rebuild_would(world, owner):
    cases = {who: world.case(who) for who in ("investigator", "foreign", "romanian")}
    mine = world.hold("investigator", cases["investigator"], *VALUES[:30])

    def withdraw():
        for identifier in mine:
            path = f"/cases/{cases['investigator']}/identifiers/{identifier}/transitions"
            world.as_("investigator").post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"')

    together(
        withdraw,
        lambda: [register(world, "foreign", cases["foreign"], [value]) for value in VALUES[:30]],
        lambda: [register(world, "romanian", cases["romanian"], [value]) for value in VALUES[:30][::-1]],
    )

    assert shared_by_brute_force(owner) == stored(owner)
    assert set(stored(owner).values()) == {30}


def test_two_clients_with_the_same_persons_in_two_scripts_in_opposite_order_miss_nobody(world, owner):
    """Values that are compared and not equal: the second writer judges each pair."""
    spelt = [("Dmytro Shcherbak", "Дмитро Щербак"), ("Oleh Myronenko", "Олег Мироненко"), ("Yuliia Tkach", "Юлія Ткач")]
    born = [f"19{year}-0{month}-12" for year in range(60, 99) for month in range(1, 4)][:100]
    cases = {who: world.case(who) for who in ("investigator", "foreign")}
    subjects = {who: world.subject(who, case) for who, case in cases.items()}

    def send(who, script, order):
        items = [
            {
                "kind": "person",
                "subjects": [{"id": subjects[who]}],
                "person": {"names": [{"full": spelt[n % 3][script]}], "birth_dates": [born[n]]},
            }
            for n in range(100)
        ][::order]
        return [put(who, items[at : at + 25]) for at in range(0, 100, 25)]

    def put(who, items):
        """Send it, and again if the service says `later`, as it does when it waited too long for its turn."""
        for _ in range(4):
            answer = world.as_(who).post(f"/cases/{cases[who]}/identifiers", {"identifiers": items})
            if answer.status_code != 503:
                break
        return answer.status_code

    assert together(lambda: send("investigator", 0, 1), lambda: send("foreign", 1, -1)) == [[201] * 4, [201] * 4]
    (overlap,) = world.overlaps("investigator", cases["investigator"])
    assert (overlap["strength"], overlap["of_mine"], overlap["of_theirs"]) == ("strong", 100, 100)


def test_of_two_open_transactions_the_one_that_commits_last_sees_both(world):
    assert _countries_met_by_two_open_transactions(world) == ["FR"]


def test_the_sabotage_of_following_changes_by_their_number_is_seen(world, owner):
    """A worker that only looks behind the last number it saw misses a change that got its number early and committed late."""
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef('priv.next_changes'::regproc)")
        (good,) = cursor.fetchone()
        newest = "x where x.id >= (select last_value from public.matching_queue_id_seq)"
        bad = good.replace("public.matching_queue x where not", f"public.matching_queue {newest} and not")
        assert bad != good
        try:
            cursor.execute(bad)
            cursor.execute("grant select on sequence matching_queue_id_seq to coopapi_definer")
            assert _countries_met_by_two_open_transactions(world) == []
        finally:
            cursor.execute(good)
            cursor.execute("revoke select on sequence matching_queue_id_seq from coopapi_definer")


def _countries_met_by_two_open_transactions(world):
    """Register one value in two transactions that are open at the same time, the first of which commits last."""
    database = world.app.extensions["coopapi"].database
    cases = {who: UUID(world.case(who)) for who in ("investigator", "foreign")}
    item = {"kind": "email", "value": "known@example.org"}
    with _open_work(database, "investigator") as early:
        registration.register(early, cases["investigator"], [item])
        with _open_work(database, "foreign") as late:
            registration.register(late, cases["foreign"], [item])
        for _ in range(3):
            work_once(database)
    for _ in range(3):
        work_once(database)
    return [o["counterpart"]["authority"]["country"] for o in world.overlaps("investigator", cases["investigator"])]


def _open_work(database, who):
    return database.work(lambda s: actor_of(s, "https://issuer.test", who, None), uuid4().hex)


def test_a_registration_keeps_a_category_from_changing_but_not_another_registration(world, owner):
    case = UUID(world.case("investigator"))
    subject = world.subject("investigator", case)
    investigator = world.as_("investigator")
    etag = investigator.get(f"/cases/{case}/subjects/{subject}").headers["ETag"]

    def relabel():
        path, body = f"/cases/{case}/subjects/{subject}", {"category": "victim"}
        assert investigator.patch(path, body, **{"If-Match": etag}).status_code == 200

    changing = threading.Thread(target=relabel)
    with _open_work(world.app.extensions["coopapi"].database, "investigator") as work:
        cases.to_add_to(work, case)
        world.hold("investigator", case, "heron@example.org")
        changing.start()
        _wait_for_a_lock(owner)
        assert changing.is_alive()
    changing.join()


def _wait_for_a_lock(owner):
    with owner.cursor() as cursor:
        until(lambda: _waiting(cursor))


def _waiting(cursor):
    cursor.execute("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
    return cursor.fetchone()[0]
