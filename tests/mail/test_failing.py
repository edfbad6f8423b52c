"""What becomes of mail when the server is down, refuses, or has no certificate, and when the worker is killed."""

import multiprocessing
import os
import signal
import socket
import ssl
import time
from dataclasses import replace

import pytest
from mail.test_telling import emergency, meet, minutes, on_duty, ready
from mailing import HOST, Mailbox, Server, choose, confirmed, send
from putting_off import ERRORS, planted, put_off
from sqlalchemy import text

from coopapi.mail import mailer as mailing
from coopapi.mail.mailer import Mailer
from coopapi.mail.transport import Undelivered, connected
from coopapi.ops import administration


def mine(world, who="colleague"):
    return world.as_(who).get("/me/notifications").json


def test_mail_waits_while_the_server_is_down_and_comes_once(world, mail_port, mailer, clock):
    with Server(mail_port) as server:
        ready(world, server.box, mailer, "colleague", clock)
    meet(world)
    minutes(clock, mailer, 1)
    assert (mine(world)["fault"], mine(world)["failing_since"] is not None) == ("connection", True)
    meet(world, "owl@example.org")
    minutes(clock, mailer, 20)
    with Server(mail_port) as server:
        minutes(clock, mailer, 61)
        assert len(server.box.got) == 1  # one mail says of both that there is something
        assert (mine(world)["fault"], mine(world)["failing_since"]) == (None, None)


def test_the_pauses_grow_to_an_hour_and_three_days_are_the_end(world, box, mailer, clock, owner):
    ready(world, box, mailer, "colleague", clock)
    box.rcpt = lambda _address: "451 try later"
    meet(world)
    minutes(clock, mailer, 1)
    box.asked.clear()
    for _ in range(12):
        clock.forward(minutes=10)
        send(mailer)
    assert 3 <= len(box.asked) <= 8
    assert mine(world)["fault"] == "later"
    clock.forward(days=4)
    send(mailer, 2)
    with owner.cursor() as cursor:
        cursor.execute("select state from mails where kind = 'news' order by created_at desc limit 1")
        assert cursor.fetchone() == ("failed",)


def test_an_urgent_mail_is_tried_again_every_minute(world, box, mailer, clock):
    confirmed(world, box, mailer, "contact_fr")
    on_duty(world)
    box.rcpt = lambda _address: "451 try later"
    emergency(world)
    minutes(clock, mailer, 1)
    box.asked.clear()
    minutes(clock, mailer, 15)
    assert len(box.asked) >= 14
    box.rcpt = lambda _address: "250 ok"
    minutes(clock, mailer, 2)
    assert len(box.got) == 1


def test_what_the_server_refuses_for_good_is_not_tried_again(world, box, mailer, clock):
    ready(world, box, mailer, "colleague", clock)
    box.data = lambda _got: "554 no"
    meet(world)
    minutes(clock, mailer, 1)
    assert mine(world)["fault"] == "refused"
    box.asked.clear()
    minutes(clock, mailer, 61)
    assert box.asked == []


def test_one_refused_address_does_not_hold_up_the_others(world, box, mailer, clock):
    for who in ("colleague", "investigator"):
        ready(world, box, mailer, who, clock)
    box.rcpt = lambda address: "550 unknown" if address.startswith("colleague") else "250 ok"
    meet(world)
    minutes(clock, mailer, 1)
    assert [got.to for got in box.got] == ["investigator@justice.example"]


def test_administrators_learn_from_a_daily_test_and_not_from_what_waits(world, box, mailer, clock):
    """The time at which mail failed would tell them when something came."""
    ready(world, box, mailer, "colleague", clock)
    path = f"/authorities/{world.authorities['nl']}/people/{world.people['colleague']}/notifications"
    box.rcpt = lambda _address: "550 unknown"
    before = world.as_("admin").get(path).data
    meet(world)
    minutes(clock, mailer, 2)
    assert mine(world)["fault"] == "refused"
    assert world.as_("admin").get(path).data == before
    clock.forward(days=1)
    send(mailer)
    (shown,) = world.as_("admin").get(path).json["addresses"]
    assert (shown["fault"], shown["address"]) == ("refused", None)
    alarms = [e for e in world.as_("admin").get("/events?kind=alarm").json["items"] if e["action"] == "alarm.mail_failing"]
    assert [alarm["detail"] for alarm in alarms] == [{"person": str(world.people["colleague"])}]
    clock.forward(days=1)
    send(mailer)
    assert len([e for e in world.as_("admin").get("/events?kind=alarm").json["items"] if e["action"] == "alarm.mail_failing"]) == 1
    box.rcpt = lambda _address: "250 ok"
    clock.forward(days=1)
    send(mailer)
    (shown,) = world.as_("admin").get(path).json["addresses"]
    assert (shown["fault"], shown["failing_since"]) == (None, None)


def test_a_test_sends_no_mail(world, box, mailer, clock):
    confirmed(world, box, mailer, "colleague")
    box.asked.clear()
    clock.forward(days=1)
    send(mailer)
    assert (box.asked, box.got) == (["colleague@justice.example"], [])


def over(database, url, **more):
    return replace(database, settings=replace(database.settings, smtp_url=url, **more))


@pytest.fixture
def named(monkeypatch):
    """The name of the mail server leads to this machine."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more, **kinds: real("127.0.0.1" if host == HOST else host, *more, **kinds)
    )


def test_the_connection_is_encrypted_by_starttls_with_the_certificate_of_the_name(world, mail_port, database, clock, named):
    with Server(mail_port, starttls=(HOST,)) as server:
        mailer = Mailer(over(database, f"smtp://{HOST}:{mail_port}"), server.tls)
        ready(world, server.box, mailer, "colleague", clock)
        meet(world)
        minutes(clock, mailer, 1)
        assert [got.encrypted for got in server.box.got] == [True]


def test_the_connection_is_encrypted_from_the_start_and_logged_in(world, mail_port, database, clock, named, tmp_path):
    (tmp_path / "password").write_text("se cret\n")
    url = f"smtps://mail%2Buser@{HOST}:{mail_port}"
    with Server(mail_port, secure=True, login=("mail+user", "se cret")) as server:
        mailer = Mailer(over(database, url, smtp_password_file=tmp_path / "password"), server.tls)
        ready(world, server.box, mailer, "colleague", clock)
        (tmp_path / "password").write_text("wrong")
        with pytest.raises(Undelivered, match="login"), connected(mailer.database.settings, server.tls):
            pass


@pytest.mark.parametrize("server_has", ["no TLS", "a certificate of another name", "a certificate of an unknown authority"])
def test_nothing_is_sent_without_an_encrypted_connection(world, mail_port, database, clock, named, server_has):
    hosts = {"no TLS": (), "a certificate of another name": ("other.test",)}.get(server_has, (HOST,))
    with Server(mail_port, starttls=hosts) as server:
        tls = ssl.create_default_context() if "unknown" in server_has else server.tls
        mailer = Mailer(over(database, f"smtp://{HOST}:{mail_port}"), tls)
        made = world.as_("colleague").post("/me/notifications/addresses", {"use": "usual", "address": "a@justice.example"})
        assert made.status_code == 201
        mailer.send()
        assert (server.box.got, server.box.asked) == ([], [])
        with pytest.raises(Undelivered, match="tls"), connected(mailer.database.settings, tls):
            pass


def test_the_check_says_whether_mail_can_be_sent(database, mail_port):
    with Server(mail_port):
        assert administration.mail_server(database).fault is None
    assert administration.mail_server(database).fault == "mail cannot be sent: connection"
    off = replace(database, settings=replace(database.settings, smtp_url=None))
    assert administration.mail_server(off).fault is None


def test_without_a_server_no_address_is_entered_and_the_thread_ends(world, app, monkeypatch):
    database = app.extensions["coopapi"].database
    off = replace(database, settings=replace(database.settings, smtp_url=None))
    mailing.run(off, lambda: True)
    monkeypatch.setitem(app.extensions, "coopapi", replace(app.extensions["coopapi"], database=off))
    refused = world.as_("colleague").post("/me/notifications/addresses", {"use": "usual", "address": "a@justice.example"})
    assert (refused.status_code, refused.json["type"].rpartition("/")[2]) == (409, "mail-is-off")


def test_the_log_has_the_fault_and_nothing_personal(world, box, mailer, clock, caplog):
    ready(world, box, mailer, "colleague", clock)
    box.rcpt = lambda address: f"550 {address} is unknown"
    meet(world)
    caplog.clear()
    minutes(clock, mailer, 1)
    said = [record for record in caplog.records if record.name == "coopapi.mail"]
    assert [record.getMessage() for record in said] == ["mail was not sent"]
    assert said[0].fault == "refused"
    assert "colleague" not in str([vars(record) for record in said])


@pytest.mark.parametrize("moment", ["before it is sent", "after it was sent"])
def test_kill_9_of_the_worker_loses_no_mail_and_doubles_at_most_one_with_the_same_id(
    world, mail_port, mailer, clock, idle, monkeypatch, moment
):
    fork = multiprocessing.get_context("fork")
    box = Mailbox()
    with Server(mail_port, box):
        for who in ("colleague", "investigator"):
            ready(world, box, mailer, who, clock)
    meet(world)
    clock.forward(minutes=1)

    def work():
        idle.engine.dispose(close=False)
        doomed = Mailer(idle)
        if moment == "before it is sent":
            monkeypatch.setattr(doomed, "_send", lambda _taken: os.kill(os.getpid(), signal.SIGKILL))
        else:
            monkeypatch.setattr(doomed, "_settle", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        send(doomed)

    with Server(mail_port, box):
        process = fork.Process(target=work)
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        send(mailer, 2)
        minutes(clock, mailer, 8)
        ids = [got.message["Message-ID"] for got in box.got]
        assert len(set(ids)) == 2
        assert len(ids) == (2 if moment == "before it is sent" else 3)


def test_two_workers_send_nothing_twice(world, box, database, mailer, clock):
    ready(world, box, mailer, "colleague", clock)
    meet(world)
    clock.forward(minutes=1)
    other = Mailer(database)
    for one in (mailer, other):
        one.look()
    for one in (mailer, other):
        one.send()
    assert len(box.got) == 1


@pytest.mark.parametrize("duty", [False, True])
def test_a_person_for_whom_looking_fails_does_not_hold_up_the_others(world, box, mailer, clock, monkeypatch, duty):
    people = sorted(("colleague", "investigator"), key=lambda who: world.people[who])
    failing, other = ("contact_fr", "colleague") if duty else people
    confirmed(world, box, mailer, failing)
    if duty:
        on_duty(world)
    for who in {failing, other}:
        choose(world, who, frequency="at_once")
    confirmed(world, box, mailer, other)
    clock.forward(minutes=1)
    send(mailer, 2)
    box.got.clear()
    meet(world)
    looking = mailer._waiting

    def broken(person, role):
        if person.id == world.people[failing]:
            raise RuntimeError("planted")
        return looking(person, role)

    monkeypatch.setattr(mailing, "MOST_PEOPLE", 1)
    monkeypatch.setattr(mailer, "_waiting", broken)
    clock.forward(minutes=1)
    send(mailer, 3)
    assert [got.to for got in box.got] == [f"{other}@justice.example"]
    monkeypatch.setattr(mailer, "_waiting", looking)
    clock.forward(minutes=1)
    send(mailer, 3)
    assert {got.to for got in box.got} == {f"{other}@justice.example"} | (set() if duty else {f"{failing}@justice.example"})


@ERRORS
def test_a_mail_that_cannot_be_settled_does_not_hold_up_the_others(world, box, mailer, clock, owner, error):
    for who in ("colleague", "investigator"):
        ready(world, box, mailer, who, clock)
    meet(world)
    bad = str(world.people["colleague"])
    about = f"new.state = 'sent' and new.address_id in (select a.id from public.mail_addresses a where a.principal_id = '{bad}')"
    with planted(owner, "mails", "before update", about, error):
        minutes(clock, mailer, 1)
        assert put_off(owner) == ["mails"]
        assert "investigator@justice.example" in [got.to for got in box.got]
    minutes(clock, mailer, 10)
    assert put_off(owner) == []
    assert len({got.message["Message-ID"] for got in box.got}) == 2


@ERRORS
def test_a_person_for_whom_looking_takes_too_long_is_put_off(world, box, mailer, clock, owner, error):
    for who in ("colleague", "investigator"):
        ready(world, box, mailer, who, clock)
    meet(world)
    with planted(owner, "mail_accounts", "before update", f"new.id = '{world.people['colleague']}'", error):
        minutes(clock, mailer, 1)
        assert (put_off(owner), [got.to for got in box.got]) == (["people"], ["investigator@justice.example"])
    minutes(clock, mailer, 2)
    assert (put_off(owner), len(box.got)) == ([], 2)


def test_the_thread_of_the_worker_sends(world, box, database, clock, monkeypatch):
    monkeypatch.setattr(mailing, "TICK", 0.05)
    end = time.monotonic() + 60
    made = world.as_("colleague").post("/me/notifications/addresses", {"use": "usual", "address": "a@justice.example"})
    assert made.status_code == 201
    mailing.run(database, lambda: not box.got and time.monotonic() < end)
    assert len(box.got) == 1
    choose(world, "colleague", frequency="hourly")


@pytest.mark.parametrize("urgent", [True, False])
def test_an_urgent_mail_that_is_put_off_is_tried_again_after_five_minutes_at_most(world, box, mailer, clock, owner, urgent):
    ready(world, box, mailer, "investigator", clock)
    meet(world)
    with planted(owner, "mails", "before update", "new.state = 'sent'"):
        minutes(clock, mailer, 1)
    with owner.cursor() as cursor:
        cursor.execute("update mails set urgent = %s where state = 'waiting'", (urgent,))
        cursor.execute("update put_off set tried = 20 where kind = 'mails' returning piece")
        ((piece,),) = cursor.fetchall()
    with mailer.database.worker() as session:
        session.execute(text("select priv.put_off('mails', :piece)"), {"piece": piece})
    with owner.cursor() as cursor:
        cursor.execute("select extract(epoch from until)::float8 from put_off where piece = %s", (piece,))
        assert round(cursor.fetchone()[0] - clock().timestamp()) in {299, 300} if urgent else {3599, 3600}
