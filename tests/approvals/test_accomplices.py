"""A second administrator is another person: accounts that one administrator named alone count as that administrator."""

import pytest
from approving import account, add, asked, change, decide, from_shell

ROLES = {"roles": ["investigator"], "victim_cleared": True}


def fresh(world):
    """The one administrator adds another one."""
    add(world, "admin", "puppet")


def promoted(world):
    """An account that has been there for long becomes an administrator."""
    assert change(world, "admin", "auditor", roles=["admin"]).status_code == 200
    world.people["puppet"] = world.people["auditor"]


def returned(world):
    """An administrator whose access had ended gets it back."""
    from_shell(world, "puppet")
    assert change(world, "admin", "puppet", active=False).status_code == 200
    assert change(world, "admin", "puppet", active=True).json["active"] is True


def of_a_puppet(world):
    """The administrator that the one added adds another one."""
    add(world, "admin", "between")
    add(world, "between", "puppet")


def of_long_ago(world):
    """It was added, and then a month went by."""
    add(world, "admin", "puppet")
    world.clock.forward(days=31)


WAYS = [fresh, promoted, returned, of_a_puppet, of_long_ago]


def name_of(way):
    return "auditor" if way is promoted else "puppet"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_administrator_does_not_approve_with_an_account_of_their_own_making(world, way):
    way(world)
    puppet = name_of(way)
    request = asked(change(world, "admin", "colleague", victim_cleared=True))
    assert decide(world, puppet, request).json["type"] == "/problems/another-must-decide"
    assert decide(world, "operator", request).status_code == 200


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_administrator_does_not_ask_with_an_account_of_their_own_making(world, way):
    """The mirror image: the new account asks, and its maker approves."""
    way(world)
    request = asked(change(world, name_of(way), "colleague", victim_cleared=True))
    assert decide(world, "admin", request).status_code == 403


def test_two_accounts_of_one_maker_are_one(world):
    add(world, "admin", "one")
    add(world, "admin", "two")
    assert decide(world, "two", asked(change(world, "one", "colleague", victim_cleared=True))).status_code == 403


def test_an_account_made_by_one_whose_own_account_is_remade_stays_with_them(world):
    """The maker becomes somebody's account itself: what it made goes along."""
    from_shell(world, "other")
    add(world, "admin", "puppet")
    assert change(world, "other", "admin", roles=["auditor"]).status_code == 200
    assert change(world, "other", "admin", roles=["admin"]).status_code == 200
    assert decide(world, "admin", asked(change(world, "puppet", "colleague", victim_cleared=True))).status_code == 403
    assert decide(world, "other", asked(change(world, "puppet", "analyst", roles=["desk"]))).status_code == 403


def test_an_administrator_counts_as_another_once_another_has_confirmed_them(world):
    made = add(world, "admin", "puppet")
    (confirmation,) = made["pending"]
    assert (made["vouched_by"], confirmation["change"]) == (str(world.people["admin"]), {"confirmed": True})
    assert [decide(world, who, confirmation).status_code for who in ("admin", "puppet")] == [403, 403]

    assert decide(world, "operator", confirmation).status_code == 200

    assert account(world, "admin", "puppet")[1]["vouched_by"] is None
    assert decide(world, "puppet", asked(change(world, "admin", "colleague", victim_cleared=True))).status_code == 200


def test_a_confirmation_that_expired_is_asked_for_again(world):
    add(world, "admin", "puppet")
    world.clock.forward(days=8)
    answer = change(world, "admin", "puppet", roles=["admin"])
    assert asked(answer)["change"] == {"confirmed": True}
    assert decide(world, "operator", asked(answer)).status_code == 200


def test_an_operator_alone_does_not_rule_an_authority_by_an_administrator_it_named(world):
    made = world.as_("operator").post("/authorities", {"name": "New", "type": "police_unit", "country": "BE"}).json
    world.authorities["be"] = made["id"]
    add(world, "operator", "first", home="be")
    request = add(world, "first", "belgian", home="be", **ROLES)["pending"][0]

    assert [decide(world, who, request).status_code for who in ("operator", "first")] == [403, 403]

    from_shell(world, "operator_too", home=None)
    assert decide(world, "operator_too", request).status_code == 200
    assert world.as_("belgian").get("/me").json["victim_cleared"] is True


def test_the_account_that_an_administrator_made_does_not_decide_about_the_maker(world):
    """Somebody else asks in good faith: it would still be the maker's own decision."""
    from_shell(world, "other")
    add(world, "admin", "puppet")
    request = asked(change(world, "other", "admin", roles=["admin", "investigator"]))
    assert decide(world, "puppet", request).status_code == 403
    assert decide(world, "operator", request).status_code == 200


def test_the_rule_about_makers_is_what_stops_the_accomplice(world, owner):
    """Sabotage: without the rule, the account of one's own making approves."""
    add(world, "admin", "puppet")
    request = asked(change(world, "admin", "colleague", victim_cleared=True))
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef('priv.voucher'::regproc)")
        (kept,) = cursor.fetchone()
        cursor.execute(kept.replace("where p.id = p_principal", "where false"))
        try:
            assert decide(world, "puppet", request).status_code == 200
        finally:
            cursor.execute(kept)
