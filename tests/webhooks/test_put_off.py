"""An address whose feed cannot be read, and a message that cannot be built or settled, are put off: the others go on."""

from putting_off import ERRORS, planted, put_off
from receiving import machine, send, send_all, webhook
from sqlalchemy import text

from coopapi.webhooks.sender import MOST_TO_ONE


def paths(receiver):
    return {one.path for one in receiver.got}


@ERRORS
def test_an_address_that_fails_holds_up_no_other(world, owner, receiver, sender, error):
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
def test_a_message_that_fails_holds_up_no_other(world, owner, receiver, sender, error):
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


def test_messages_that_fail_do_not_use_up_what_an_address_is_sent_at_one_time(world, owner, receiver, sender):
    client = machine(world)
    webhook(world, client, receiver.url)
    bad = [world.case("investigator") for _ in range(MOST_TO_ONE)]
    good = world.case("investigator")
    lanes = f"new.lane::text = any ('{{{','.join(bad)}}}') and new.state <> 'waiting'"
    with planted(owner, "webhook_deliveries", "before update", lanes):
        send(sender, 4)
        assert put_off(owner) == ["deliveries"] * len(bad)
        assert good in {one.json["data"]["case_id"] for one in receiver.got}
        with owner.cursor() as cursor:
            cursor.execute("select count(*) from webhook_deliveries where state = 'waiting' and leased_until is not null")
            assert cursor.fetchone() == (0,)
        with sender.database.worker() as session:
            assert session.execute(text("select count(*) from priv.webhooks_due()")).scalar() == 0
