"""An address whose feed cannot be read, and a message that cannot be built or settled, are put off: the others go on."""

import pytest
from putting_off import TOO_SLOW, planted, put_off
from receiving import machine, send, send_all, webhook

ERRORS = pytest.mark.parametrize("error", [TOO_SLOW, "check_violation"], ids=["too slow", "fails"])


def paths(receiver):
    return {one.path for one in receiver.got}


@ERRORS
def test_an_address(world, owner, receiver, sender, error):
    made = [webhook(world, machine(world), f"{receiver.url}/{n}") for n in range(2)]
    world.case("investigator")
    with planted(
        owner, "webhook_endpoints", "before update", f"new.id = '{made[0]['id']}' and new.place_xid <> old.place_xid", error
    ):
        send(sender, 3)
        assert (put_off(owner), paths(receiver)) == (["webhooks"], {"/hook/1"})
    world.clock.forward(hours=1)
    send(sender, 3)
    assert (put_off(owner), paths(receiver)) == ([], {"/hook/0", "/hook/1"})


@ERRORS
def test_a_message(world, owner, receiver, sender, error):
    client = machine(world)
    webhook(world, client, receiver.url)
    cases = [world.case("investigator") for _ in range(8)]
    lanes = f"new.lane = '{cases[0]}' and new.state <> 'waiting'"
    with planted(owner, "webhook_deliveries", "before update", lanes, error):
        send_all(sender)
        assert put_off(owner) == ["deliveries"]
        assert {one.json["data"]["case_id"] for one in receiver.got} >= set(cases)
    world.clock.forward(hours=1)
    send_all(sender)
    assert put_off(owner) == []
    with owner.cursor() as cursor:
        cursor.execute("select distinct state from webhook_deliveries")
        assert cursor.fetchall() == [("delivered",)]
