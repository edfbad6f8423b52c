"""A hit about a victim alone is told to cleared people of both sides; where a side has none, nobody is told for a day."""

import pytest
from test_handling import HERON, OWL
from test_victims import news

from coopapi.ops import administration

ISSUER = "https://issuer.test"


@pytest.fixture
def unclear(world, owner):
    """The Romanian investigator is not cleared any more, and nobody else in Romania is."""
    with owner.cursor() as cursor:
        cursor.execute("update principals set victim_cleared = false where authority_id = %s", (str(world.authorities["ro"]),))
        cursor.execute("update clearance_watch set for_nothing = 0, last_at = %s", (world.clock(),))
    return world


def database(world):
    return world.app.extensions["coopapi"].database


def hit(world, victims="foreign"):
    """A Romanian case and a French one share an address of a victim of one of them, and nothing else."""
    here, there = world.case("romanian"), world.case("foreign")
    for who, case in (("romanian", here), ("foreign", there)):
        about = {"subject_id": world.subject(who, case, "victim")} if who == victims else {}
        world.hold(who, case, HERON, **about)
    return here, there


def pass_(world, **time):
    world.clock.forward(**time)
    world.work()


def alarms(world, who):
    return [e["action"] for e in world.as_(who).get("/events?kind=alarm").json["items"] if e["action"] == "alarm.clearance_missing"]


def add(world, home, name, role="investigator", cleared=True):
    data = {"name": name, "issuer": ISSUER, "subject": name, "roles": [role], "victim_cleared": cleared}
    return administration.add_person(database(world), world.authorities.get(home, home), data)


@pytest.mark.parametrize("victims", ["foreign", "romanian"])
def test_where_both_sides_have_somebody_cleared_both_are_told_at_once(world, victims):
    here, there = hit(world, victims)
    assert news(world, "romanian") == news(world, "foreign") == [("detected", "strong")]
    assert len(world.overlaps("romanian", here)) == len(world.overlaps("foreign", there)) == 1
    assert world.overlaps("uncleared", there) == []


@pytest.mark.parametrize("victims", ["foreign", "romanian"])
def test_where_one_side_has_nobody_cleared_nobody_is_told_for_a_day(unclear, victims):
    here, there = hit(unclear, victims)
    pass_(unclear, hours=23, minutes=50)
    for who, case in (("romanian", here), ("foreign", there)):
        assert (unclear.overlaps(who, case), news(unclear, who)) == ([], [])
    assert unclear.as_("auditor_fr").get("/journal?action=overlap.detected").json["items"] == []
    pass_(unclear, minutes=11)
    assert news(unclear, "foreign") == [("detected", "strong")]
    assert len(unclear.overlaps("foreign", there)) == 1
    assert (unclear.overlaps("romanian", here), news(unclear, "romanian")) == ([], [])
    assert not any(administration.reconcile(database(unclear), repair=False).values())


def test_what_waits_is_no_difference_and_repairing_does_not_tell_of_it(unclear):
    _, there = hit(unclear)
    assert not any(administration.reconcile(database(unclear), repair=True).values())
    assert unclear.overlaps("foreign", there) == []


def test_somebody_who_is_cleared_meanwhile_is_told(unclear):
    here, there = hit(unclear)
    add(unclear, "ro", "newly_cleared")
    unclear.work()
    assert news(unclear, "foreign") == news(unclear, "newly_cleared") == [("detected", "strong")]
    assert len(unclear.overlaps("newly_cleared", here)) == len(unclear.overlaps("foreign", there)) == 1


def test_it_reaches_the_desk_of_the_country_and_one_that_is_entered_later(unclear):
    here, there = hit(unclear)
    assert unclear.overlaps("foreign", there) == []
    desk = administration.add_authority(database(unclear), {"name": "Romanian Desk", "type": "eurojust_desk", "country": "RO"})
    unclear.work()
    assert unclear.overlaps("foreign", there) == []
    add(unclear, desk, "desk_ro", "desk")
    unclear.work()
    assert news(unclear, "desk_ro") == news(unclear, "foreign") == [("detected", "strong")]
    assert len(unclear.overlaps("desk_ro", here)) == 1
    assert unclear.as_("desk_ro").get(f"/cases/{here}").json["level"] == "index"


def test_a_desk_that_is_entered_later_does_not_learn_of_hidden_cases(world):
    hidden = world.case("romanian", visibility="hidden", visibility_reason="x")
    desk = administration.add_authority(database(world), {"name": "Romanian Desk", "type": "eurojust_desk", "country": "RO"})
    add(world, desk, "desk_ro", "desk")
    assert world.as_("desk_ro").get(f"/cases/{hidden}").status_code == 404


def test_a_machine_client_that_is_cleared_is_not_somebody_who_is_told(unclear, owner):
    with owner.cursor() as cursor:
        cursor.execute(
            "update principals set kind = 'client', victim_cleared = true, roles = '{system}' where authority_id = %s",
            (str(unclear.authorities["ro"]),),
        )
    there = unclear.case("foreign")
    unclear.hold("foreign", there, HERON, subject_id=unclear.subject("foreign", there, "victim"))
    unclear.hold("romanian", unclear.case("romanian"), HERON)
    assert unclear.overlaps("foreign", there) == []


def test_a_hit_that_is_not_about_victims_alone_does_not_wait(unclear):
    here, there = hit(unclear)
    for who, case in (("romanian", here), ("foreign", there)):
        unclear.hold(who, case, OWL)
    assert len(unclear.overlaps("romanian", here)) == 1
    assert len(unclear.overlaps("foreign", there)[0]["evidence"]) == 2


def test_what_goes_while_it_waits_was_never_there(unclear):
    here, there = hit(unclear)
    (held,) = unclear.as_("romanian").get(f"/cases/{here}/identifiers").json["items"]
    path = f"/cases/{here}/identifiers/{held['id']}/transitions"
    unclear.as_("romanian").post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"')
    pass_(unclear, hours=25)
    assert (unclear.overlaps("foreign", there), news(unclear, "foreign")) == ([], [])


def admin_of_romania(world):
    add(world, "ro", "admin_ro", "admin", cleared=False)


def test_administrators_are_told_that_a_clearance_is_missing_and_nothing_else(unclear):
    admin_of_romania(unclear)
    hit(unclear)
    assert alarms(unclear, "admin_ro") == []
    pass_(unclear, minutes=61)
    (entry,) = [e for e in unclear.as_("admin_ro").get("/events?kind=alarm").json["items"] if "clearance" in e["action"]]
    assert (entry["detail"], entry["case_id"]) == ({}, None)
    assert alarms(unclear, "admin_fr") == []
    for _ in range(3):
        pass_(unclear, minutes=61)
    assert len(alarms(unclear, "admin_ro")) == 1


def test_they_are_told_so_for_nothing_too(unclear, owner):
    admin_of_romania(unclear)
    unclear.case("romanian")
    pass_(unclear, minutes=61)
    assert alarms(unclear, "admin_ro") == []
    with owner.cursor() as cursor:
        cursor.execute("update clearance_watch set for_nothing = 1")
    pass_(unclear, minutes=61)
    assert alarms(unclear, "admin_ro") == ["alarm.clearance_missing"]
    assert alarms(unclear, "admin_fr") == alarms(unclear, "admin") == []


def test_the_uncleared_see_the_same_with_and_without_the_hit(unclear):
    """Two worlds, before and after the day: only the cleared side learns of it."""
    here, there = unclear.case("romanian"), unclear.case("foreign")
    unclear.hold("romanian", here, HERON)
    paths = (
        "/overlaps",
        "/events",
        f"/cases/{here}",
        f"/cases/{here}/overlaps",
        f"/cases/{here}/timeline",
        f"/cases/{here}/access",
    )
    before = (
        [unclear.as_("romanian").get(path).json for path in paths[:2]],
        [unclear.as_("romanian").get(path).json for path in paths[2:]],
    )
    unclear.hold("foreign", there, HERON, subject_id=unclear.subject("foreign", there, "victim"))
    pass_(unclear, hours=25)
    assert len(unclear.overlaps("foreign", there)) == 1
    after = (
        [unclear.as_("romanian").get(path).json for path in paths[:2]],
        [unclear.as_("romanian").get(path).json for path in paths[2:]],
    )
    assert before[0][0] == after[0][0]
    assert [e["action"] for e in before[0][1]["items"]] == [e["action"] for e in after[0][1]["items"]]
    assert before[1][0] == after[1][0]
    assert before[1][1] == after[1][1]
    assert after[1][1]["items"] == []
