"""What imports stored is settled after what people and clients register, and no import runs far ahead of it."""

from test_imports import CASE, sent, state

from coopapi.imports import running
from coopapi.matching import settler
from coopapi.ops import worker
from coopapi.store.lag import measure

CASES = 6
LINES = [
    line
    for number in range(CASES)
    for line in (
        {**CASE, "external_id": f"C{number}", "reference": f"R-{number}"},
        {
            "type": "identifier",
            "case": f"C{number}",
            "external_id": f"I{number}",
            "kind": "email",
            "value": f"bird-{number}@example.org",
        },
    )
]


def waiting(owner, *, imported):
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from matching_queue where imported = %s", (imported,))
        return cursor.fetchone()[0]


def test_a_registration_does_not_wait_for_the_overlaps_of_an_import(world, idle, owner, monkeypatch):
    monkeypatch.setattr(settler, "MOST_IMPORTED", 2)
    sent(world, *LINES)
    while running.import_once(idle):
        pass
    cases = {who: world.case(who) for who in ("investigator", "foreign")}
    for who, case in cases.items():
        world.hold(who, case, "heron@example.org")
    assert (waiting(owner, imported=True), waiting(owner, imported=False)) == (CASES, 2)
    worker.work_once(idle)
    assert len(world.overlaps("investigator", cases["investigator"])) == 1
    assert (waiting(owner, imported=True), waiting(owner, imported=False)) == (CASES, 0)
    worker.work_once(idle)
    assert waiting(owner, imported=True) == CASES - 2
    worker.work_until_done(idle)
    assert waiting(owner, imported=True) == 0


def test_an_import_waits_while_too_much_of_it_is_not_settled(world, idle, owner, monkeypatch):
    monkeypatch.setattr(running, "MOST_LINES", 4)
    monkeypatch.setattr(running, "_MOST_WAITING", 3)
    case = world.case("foreign")
    world.hold("foreign", case, "bird-5@example.org")
    worker.work_until_done(idle)
    job = sent(world, *LINES)
    while running.import_once(idle):
        pass
    assert (state(world, job)["state"], state(world, job)["read"], waiting(owner, imported=True)) == ("running", 8, 4)
    worker.work_until_done(idle)
    assert (state(world, job)["state"], state(world, job)["stored"]) == ("finished", len(LINES))
    assert len(world.overlaps("foreign", case)) == 1


def test_what_imports_correct_and_withdraw_is_followed_last_too(world, idle, owner):
    sent(world, *LINES)
    while running.import_once(idle):
        pass
    worker.work_until_done(idle)
    withdrawal = {"type": "withdrawal", "of": "identifier", "case": "C0", "external_id": "I0", "reason": "inaccurate"}
    sent(world, {**LINES[3], "value": "owl@example.org"}, withdrawal)
    while running.import_once(idle):
        pass
    assert waiting(owner, imported=True) > 0
    assert waiting(owner, imported=False) == 0


def test_changes_of_imports_that_wait_long_make_nobody_else_late(world, idle, owner):
    sent(world, *LINES)
    while running.import_once(idle):
        pass
    with owner.cursor() as cursor:
        cursor.execute("update matching_queue set at = at - interval '1 minute'")
    with idle.worker() as session:
        lag = measure(session)
    assert (lag.matching, lag.imports > 59, "imports" in (lag.fault or "")) == (0, True, False)
    mine = world.case("investigator")
    world.hold("investigator", mine, "heron@example.org")
    imported = world.as_("system").get("/cases?reference=R-0").json["items"][0]["id"]
    with owner.cursor() as cursor:
        cursor.execute("select late from priv.settled(%s, '5 seconds', '{100,50}')", (mine,))
        assert cursor.fetchone() == (False,)
        cursor.execute("select late from priv.settled(%s, '5 seconds', '{100,50}')", (imported,))
        assert cursor.fetchone() == (True,)
