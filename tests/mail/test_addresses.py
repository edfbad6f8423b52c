"""Addresses: each is used once the person has entered its code, the one before is told, and nobody else sees it."""

import pytest
from mailing import choose, confirmed, send
from receiving import machine


def entered(world, by, address, use="usual", path="/me/notifications/addresses"):
    made = world.as_(by).post(path, {"use": use, "address": address})
    assert made.status_code == 201, made.json
    return made.json


def test_an_address_is_used_when_its_code_was_entered(world, box, mailer):
    made = entered(world, "colleague", "colleague@justice.example")
    assert (made["state"], made["address"]) == ("waiting", "colleague@justice.example")
    choose(world, "colleague", frequency="at_once")
    world.case("colleague")
    send(mailer)
    (got,) = box.got
    assert "confirm" in got.text
    path = f"/me/notifications/addresses/{made['id']}/confirmation"
    wrong = world.as_("colleague").post(path, {"code": "aaaa-bbbb-cccc-dddd"})
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/code")
    assert world.as_("colleague").post(path, {"code": got.code.upper()}).json["state"] == "confirmed"
    assert world.as_("colleague").post(path, {"code": got.code}).status_code == 409


def test_only_the_person_confirms_what_an_administrator_entered(world, box, mailer):
    """So an administrator cannot have the mail of somebody sent elsewhere."""
    person = world.people["colleague"]
    path = f"/authorities/{world.authorities['nl']}/people/{person}/notifications"
    made = entered(world, "admin", "duty@justice.example", "on_call", f"{path}/addresses")
    assert (made["address"], made["state"]) == (None, "waiting")
    send(mailer)
    (got,) = box.got
    code = {"code": got.code}
    for other in ("admin", "investigator"):
        assert world.as_(other).post(f"/me/notifications/addresses/{made['id']}/confirmation", code).status_code == 404
    done = world.as_("colleague").post(f"/me/notifications/addresses/{made['id']}/confirmation", code)
    assert (done.status_code, done.json["address"]) == (200, "duty@justice.example")
    (shown,) = world.as_("admin").get(path).json["addresses"]
    assert (shown["address"], shown["state"], shown["use"]) == (None, "confirmed", "on_call")
    assert world.as_("admin_fr").get(path).status_code == 404


def test_the_address_before_is_told_and_then_erased(world, box, mailer, owner, clock):
    confirmed(world, box, mailer, "colleague", "old@justice.example")
    confirmed(world, box, mailer, "colleague", "new@justice.example")
    send(mailer)
    (got,) = box.of("old@justice.example")
    assert "no longer goes to this address" in got.text
    clock.forward(minutes=1)
    send(mailer)
    with owner.cursor() as cursor:
        cursor.execute("select state, address is null from mail_addresses order by state")
        assert cursor.fetchall() == [("confirmed", False), ("ended", True)]
    assert len(box.got) == 1


def test_a_removed_address_is_told_and_gets_nothing_more(world, box, mailer, clock):
    made = confirmed(world, box, mailer, "colleague")
    choose(world, "colleague", frequency="at_once")
    gone = world.as_("colleague").post(f"/me/notifications/addresses/{made}/removal")
    assert (gone.status_code, gone.json["state"]) == (200, "ended")
    clock.forward(minutes=1)
    send(mailer, 2)
    assert ["no longer" in got.text for got in box.got] == [True]
    assert world.as_("colleague").get("/me/notifications").json["addresses"] == []


def test_a_code_holds_for_two_days(world, box, mailer, clock):
    made = entered(world, "colleague", "colleague@justice.example")
    send(mailer)
    clock.forward(hours=49)
    late = world.as_("colleague").post(f"/me/notifications/addresses/{made['id']}/confirmation", {"code": box.got[0].code})
    assert late.status_code == 409
    send(mailer)
    assert world.as_("colleague").get("/me/notifications").json["addresses"] == []


@pytest.mark.parametrize(
    "address",
    ["x", "x@y", "a b@justice.example", "a@justice.example\r\nBcc: b@x.example", "Ä@justice.example", '"a"@justice.example', "a@[127.0.0.1]",
     "a@justice.example,b@justice.example", "x" * 65 + "@justice.example"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(world, address):
    answer = world.as_("colleague").post("/me/notifications/addresses", {"use": "usual", "address": address})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/address")


def test_ten_addresses_a_day_are_the_most(world):
    for number in range(10):
        entered(world, "colleague", f"a{number}@justice.example")
    full = world.as_("colleague").post("/me/notifications/addresses", {"use": "usual", "address": "b@justice.example"})
    assert (full.status_code, full.json["type"].rpartition("/")[2]) == (409, "too-many-addresses")


def test_a_machine_client_gets_no_mail(world):
    client = machine(world)
    assert client.get("/me/notifications").status_code == 403
    path = f"/authorities/{world.authorities['nl']}/people/{client.id}/notifications/addresses"
    assert world.as_("admin").post(path, {"use": "usual", "address": "a@justice.example"}).status_code == 404


def test_no_address_is_in_the_journal_or_in_clear_in_the_database(world, box, mailer, owner):
    confirmed(world, box, mailer, "colleague", "plover@justice.example")
    with owner.cursor() as cursor:
        cursor.execute(
            "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"select count(*) from {table} t where t::text like '%plover%' or t::text like '%706c6f766572%'")
            assert cursor.fetchone() == (0,), table


def test_somebody_who_is_deactivated_loses_the_address(world, box, mailer, owner, clock):
    confirmed(world, box, mailer, "colleague")
    with owner.cursor() as cursor:
        cursor.execute("update principals set active = false where subject = 'colleague'")
    clock.forward(minutes=1)
    send(mailer, 2)
    clock.forward(minutes=1)
    send(mailer)
    with owner.cursor() as cursor:
        cursor.execute("select state, address from mail_addresses")
        assert cursor.fetchall() == [("ended", None)]
