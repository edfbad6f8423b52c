"""Webhooks as a receiver gets them: signed, in order, exactly the events of the client, and none lost."""

import multiprocessing
import os
import random
import signal

import pytest
from receiving import machine, move, send, webhook
from standardwebhooks import Webhook, WebhookVerificationError
from worlds.test_planted import planted

from coopapi.webhooks import sender as sending

pytestmark = pytest.mark.usefixtures("present")  # the public package checks signatures by its own clock


@pytest.fixture
def client(world):
    return machine(world)


@pytest.fixture
def made(world, client, receiver):
    return webhook(world, client, receiver.url)


def feed(client):
    """The events that `GET /events` gives the client, from the beginning."""
    items, cursor = [], ""
    while True:
        page = client.get(f"/events?limit=200{cursor}").json
        items += page["items"]
        if page["complete"]:
            return items
        cursor = f"&cursor={page['next']}"


def ids(messages):
    return [one.json["data"]["id"] for one in messages]


def test_a_receiver_gets_signed_messages_of_name_ids_time_and_link_only(world, client, made, receiver, sender):
    case = world.case("investigator", title="Operation Heron")
    send(sender, 2)

    (got,) = receiver.got
    assert Webhook(made["secret"]).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(got.body.replace(b"case", b"cage"), got.headers)
    event = client.get(f"/events?case_id={case}").json["items"][0]
    assert got.json == {
        "type": "case.registered",
        "timestamp": event["at"],
        "data": {
            "id": event["id"],
            "case_id": case,
            "object_type": "case",
            "object_id": case,
            "link": f"https://coopapi.test/api/v1/cases/{case}",
        },
    }
    assert got.id == event["id"]
    assert (got.path, got.headers["host"], got.headers["content-type"]) == ("/hook", receiver.url.split("/")[2], "application/json")


def test_for_a_day_after_a_rotation_both_secrets_verify(world, made, receiver, sender, clock):
    etag = world.as_("admin").get(f"/webhooks/{made['id']}").headers["ETag"]
    renewed = world.as_("admin").post(f"/webhooks/{made['id']}/secret", If_Match=etag)
    assert renewed.status_code == 201, renewed.json
    assert renewed.json["secret"] != made["secret"]
    world.case("investigator")
    send(sender, 2)
    for secret in (made["secret"], renewed.json["secret"]):
        assert Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)

    clock.forward(hours=25)
    world.case("investigator")
    send(sender, 2)
    assert len(receiver.got[0].headers["webhook-signature"].split()) == 2
    assert len(receiver.got[1].headers["webhook-signature"].split()) == 1


def test_a_filter_selects_events_by_name(world, client, receiver, sender):
    webhook(world, client, receiver.url, events=["subject.added"])
    case = world.case("investigator")
    world.subject("investigator", case)
    send(sender, 3)
    assert [got.json["type"] for got in receiver.got] == ["subject.added"]


def test_nothing_is_sent_before_a_second_administrator_approves(world, client, receiver, sender):
    asked = world.as_("admin").post("/webhooks", {"client_id": client.id, "url": receiver.url})
    assert (asked.status_code, asked.json["state"], len(asked.json["pending"])) == (201, "requested", 1)
    approval = asked.json["pending"][0]
    own = world.as_("admin").post(
        f"/approvals/{approval['id']}/transitions", {"event": "approve"}, If_Match=f'"{approval["etag"]}"'
    )
    assert own.status_code == 403
    world.case("investigator", "before")
    send(sender, 2)
    assert receiver.got == []

    world.approved(asked)
    later = world.case("investigator", "later")
    send(sender, 2)
    assert [got.json["data"]["case_id"] for got in receiver.got] == [later]


def test_a_rejected_address_is_ended(world, client, receiver):
    asked = world.as_("admin").post("/webhooks", {"client_id": client.id, "url": receiver.url}).json
    approval = asked["pending"][0]
    step = {"event": "withdraw"}
    done = world.as_("admin").post(f"/approvals/{approval['id']}/transitions", step, If_Match=f'"{approval["etag"]}"')
    assert done.status_code == 200, done.json
    assert world.as_("admin").get(f"/webhooks/{asked['id']}").json["state"] == "ended"


def test_what_the_client_may_not_see_is_not_sent(world, client, made, receiver, sender):
    """Not what is foreign, and not what it could see when it happened, but not when it is sent."""
    world.case("foreign")
    case = world.case("foreign")
    grant = (
        world.as_("foreign")
        .post(f"/cases/{case}/access", {"authority_id": str(world.authorities["nl"]), "level": "read", "reason": "because"})
        .json
    )
    sender._read(next(iter(due(sender))))
    path = f"/cases/{case}/access/{grant['id']}/transitions"
    etag = f'"{world.as_("foreign").get(path).json["etag"]}"'
    taken = world.as_("foreign").post(path, {"event": "withdraw", "reason": "over"}, If_Match=etag)
    assert taken.status_code == 200, taken.json
    send(sender, 3)
    assert receiver.got == []
    assert client.get(f"/webhooks/{made['id']}/deliveries").json["items"] == []


def due(sender):
    with sender.database.worker() as session:
        return session.execute(sending._DUE).all()


def test_the_messages_are_those_of_the_feed_each_once(world, client, made, receiver, sender):
    mine = world.case("investigator")
    theirs = world.case("foreign")
    for who, case in (("investigator", mine), ("foreign", theirs)):
        world.hold(who, case, "heron@example.org")
    send(sender, 8)
    later = feed(client)[-len(receiver.got) :]
    assert sorted(ids(receiver.got)) == sorted(event["id"] for event in later)
    assert "overlap.detected" in [got.json["type"] for got in receiver.got]


def test_it_ends_with_the_client(world, client, made, receiver, sender):
    etag = world.as_("admin").get(f"/authorities/{world.authorities['nl']}/clients/{client.id}").headers["ETag"]
    path = f"/authorities/{world.authorities['nl']}/clients/{client.id}"
    assert world.as_("admin").patch(path, {"active": False}, If_Match=etag).status_code == 200
    world.case("investigator")
    send(sender, 2)
    assert receiver.got == []
    assert world.as_("admin").get(f"/webhooks/{made['id']}").json["state"] == "ended"


def test_a_ping_is_sent_once_and_shown_with_its_answer(world, client, made, receiver, sender):
    receiver.answer = lambda _got: 503
    pinged = world.as_("admin").post(f"/webhooks/{made['id']}/ping")
    assert pinged.status_code == 201, pinged.json
    send(sender, 2)
    (got,) = receiver.got
    assert (got.json["type"], got.id) == ("webhook.ping", pinged.json["message_id"])
    assert Webhook(made["secret"]).verify(got.body, got.headers)
    (shown,) = world.as_("admin").get(f"/webhooks/{made['id']}/deliveries").json["items"]
    assert (shown["state"], shown["attempts"][0]["status"]) == ("failed", 503)
    assert shown["attempts"][0]["milliseconds"] >= 0


def test_a_client_replays_a_delivery_and_an_administrator_sees_none(world, client, made, receiver, sender):
    world.case("investigator")
    send(sender, 2)
    (shown,) = client.get(f"/webhooks/{made['id']}/deliveries").json["items"]
    assert (shown["state"], shown["tried"], shown["attempts"][0]["status"]) == ("delivered", 1, 204)
    assert world.as_("admin").get(f"/webhooks/{made['id']}/deliveries").json["items"] == []

    path = f"/webhooks/{made['id']}/deliveries/{shown['id']}/replay"
    assert world.as_("admin").post(path).status_code == 404
    again = client.post(path)
    assert (again.status_code, again.json["kind"]) == (201, "replay")
    send(sender, 2)
    assert [got.id for got in receiver.got] == [shown["message_id"]] * 2
    assert receiver.got[0].body == receiver.got[1].body


def test_events_of_a_case_wait_for_an_earlier_one_and_other_cases_go_on(world, client, made, receiver, sender, clock):
    stuck, free = world.case("investigator", "stuck"), world.case("investigator", "free")
    receiver.answer = lambda got: 500 if got.json["data"]["case_id"] == stuck else 204
    for case in (stuck, free):
        world.subject("investigator", case)
    send(sender, 4)
    assert {got.json["type"] for got in receiver.got if got.json["data"]["case_id"] == stuck} == {"case.registered"}
    assert [got.json["type"] for got in receiver.taken] == ["case.registered", "subject.added"]

    receiver.answer = lambda _got: 204
    clock.forward(minutes=1)
    send(sender, 3)
    assert [got.json["type"] for got in receiver.taken if got.json["data"]["case_id"] == stuck] == [
        "case.registered",
        "subject.added",
    ]


def test_a_receiver_that_does_not_answer_well_is_left_alone_after_five_failures(world, client, made, receiver, sender, clock):
    receiver.answer = lambda _got: 500
    for _ in range(8):
        world.case("investigator")
    send(sender, 10)
    assert len(receiver.got) <= 5 + sending.MOST_TO_ONE
    tried = len(receiver.got)
    clock.forward(minutes=15)
    send(sender, 5)
    assert len(receiver.got) == tried + 1  # one is tried, and the address is left alone again


def test_after_a_day_of_failure_it_is_paused_with_an_alarm_and_resumes_without_a_loss(world, client, made, receiver, sender, clock):
    receiver.answer = lambda _got: 503
    cases = [world.case("investigator") for _ in range(3)]
    for _ in range(5):
        send(sender, 2)
        clock.forward(hours=5)
    cases += [world.case("investigator") for _ in range(3)]
    send(sender, 2)
    paused = world.as_("admin").get(f"/webhooks/{made['id']}").json
    assert (paused["state"], paused["pause"]) == ("paused", "failing")
    alarms = [event["action"] for event in world.as_("admin").get("/events?kind=alarm").json["items"]]
    assert alarms.count("alarm.webhook_paused") == 1
    tried = len(receiver.got)
    clock.forward(hours=5)
    send(sender, 2)
    assert len(receiver.got) == tried

    receiver.answer = lambda _got: 204
    move(world, "admin", made, "resume")
    send(sender, 6)
    assert sorted(got.json["data"]["case_id"] for got in receiver.taken) == sorted(cases)


def test_a_client_skips_an_event_that_its_receiver_cannot_take_and_later_ones_of_the_case_follow(
    world, client, made, receiver, sender, clock
):
    case = world.case("investigator")
    world.subject("investigator", case)
    receiver.answer = lambda got: 500 if got.json["type"] == "case.registered" else 204
    send(sender, 3)
    assert receiver.taken == []
    poison = client.get(f"/webhooks/{made['id']}/deliveries").json["items"][-1]
    path = f"/webhooks/{made['id']}/deliveries/{poison['id']}"
    assert world.as_("admin").post(f"{path}/skip").status_code == 404
    other = machine(world)
    assert other.post(f"{path}/skip").status_code == 404
    skipped = client.post(f"{path}/skip")
    assert (skipped.status_code, skipped.json["state"]) == (200, "skipped"), skipped.json
    again = client.post(f"{path}/skip")
    assert (again.status_code, again.json["type"]) == (409, "/problems/not-waiting")
    clock.forward(minutes=1)
    send(sender, 2)
    assert [got.json["type"] for got in receiver.taken] == ["subject.added"]
    assert poison["message_id"] in {event["id"] for event in feed(client)}
    receiver.answer = lambda _got: 204
    assert client.post(f"{path}/replay").status_code == 201
    send(sender, 2)
    assert receiver.taken[-1].id == poison["message_id"]


def test_an_answer_that_comes_after_the_event_was_skipped_changes_nothing(world, client, made, receiver, sender):
    def answer(_got):
        (waiting,) = client.get(f"/webhooks/{made['id']}/deliveries").json["items"]
        assert client.post(f"/webhooks/{made['id']}/deliveries/{waiting['id']}/skip").status_code == 200
        return 500

    receiver.answer = answer
    world.case("investigator")
    send(sender, 2)
    (shown,) = client.get(f"/webhooks/{made['id']}/deliveries").json["items"]
    assert (shown["state"], len(receiver.got)) == ("skipped", 1)


@pytest.mark.parametrize(("said", "pause"), [("1200", 1200), ("99999", 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", 0)])
def test_a_receiver_that_asks_for_a_pause_is_left_alone_for_it(world, client, made, receiver, sender, clock, said, pause):
    receiver.answer, receiver.says = (lambda _got: 429), {"Retry-After": said}
    for _ in range(2):
        world.case("investigator")
    send(sender, 2)
    tried = len(receiver.got)
    assert tried in {1, 2}
    clock.forward(seconds=max(pause - 60, 0))
    send(sender, 2)
    assert len(receiver.got) == tried
    receiver.answer = lambda _got: 204
    clock.forward(seconds=120)
    send(sender, 3)
    assert len(receiver.taken) == 2


def happen(owner, world, cases, count):
    """So many events, in turn in each of these cases, each committed by itself."""
    with owner.cursor() as cursor:
        for number in range(count):
            cursor.execute(
                "insert into journal_entries (authority_id, at, role, action, object_type, object_id, case_id, purpose, request_id,"
                " consultation, event, victims_only, detail) values (%s, now(), 'machine', 'subject.changed', 'subject', gen_random_uuid(),"
                " %s, 'investigation', '', false, true, false, '{}')",
                (world.authorities["nl"], cases[number % len(cases)]),
            )


def in_order(got, expected):
    """Whether the events of each case first arrived in the order of the feed."""
    first = dict.fromkeys(one.id for one in got)
    return all(
        [one for one in first if one in of_case] == of_case
        for case in {event["case_id"] for event in expected}
        for of_case in [[event["id"] for event in expected if event["case_id"] == case]]
    )


def test_without_lanes_the_order_of_a_case_would_be_lost(world, client, made, receiver, sender, clock, owner):
    """What the next test rests on: it can see a loss of order."""
    dice = random.Random(17)
    receiver.answer = lambda _got: 500 if dice.random() < 0.3 else 204
    case = world.case("investigator")
    happen(owner, world, [case], 40)
    expected = feed(client)[-41:]
    with planted(owner, "enter_deliveries", "(x ->> 'lane')::uuid", "gen_random_uuid()"):
        for _ in range(60):
            send(sender)
            clock.forward(seconds=20)
    assert {got.id for got in receiver.taken} == {event["id"] for event in expected}
    assert not in_order(receiver.taken, expected)


def test_500_events_with_a_receiver_that_fails_30_percent_all_arrive_in_the_order_of_their_case(
    world, client, made, receiver, sender, clock, owner
):
    dice = random.Random(17)
    receiver.answer = lambda _got: 500 if dice.random() < 0.3 else 204
    cases = [world.case("investigator") for _ in range(20)]
    happen(owner, world, cases, 480)
    expected = feed(client)[-500:]
    for _ in range(600):
        send(sender)
        clock.forward(seconds=20)
        if len({got.id for got in receiver.taken}) == 500:
            break
    assert {got.id for got in receiver.taken} == {event["id"] for event in expected}
    assert len(receiver.got) > 600
    assert in_order(receiver.taken, expected)


def test_kill_9_between_sending_and_noting_sends_again_under_the_same_id(
    world, client, made, receiver, sender, clock, server, idle
):
    world.case("investigator")
    fork = multiprocessing.get_context("fork")

    def work():
        idle.engine.dispose(close=False)
        send(server.sender(idle), 2)

    process = fork.Process(target=work)

    def kill(_got):
        os.kill(process.pid, signal.SIGKILL)
        return 204

    receiver.answer = kill
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    receiver.answer = lambda _got: 204
    send(sender, 2)
    assert len(receiver.got) == 1  # the delivery is leased
    clock.forward(minutes=3)
    send(sender, 2)
    assert len(receiver.got) == 2
    assert receiver.got[0].id == receiver.got[1].id
    assert receiver.got[0].body == receiver.got[1].body
    send(sender, 2)
    assert len(receiver.got) == 2


def test_after_a_restore_from_a_backup_it_is_paused_and_resumes_from_then_on(world, client, made, receiver, sender, owner):
    world.case("investigator")
    send(sender, 2)
    with owner.cursor() as cursor:
        cursor.execute("update webhook_endpoints set place_epoch = 'of another cluster'")
    world.case("investigator", "in between")
    send(sender, 2)
    paused = world.as_("admin").get(f"/webhooks/{made['id']}").json
    assert (paused["state"], paused["pause"], len(receiver.got)) == ("paused", "restored", 1)
    assert "alarm.webhook_paused" in [event["action"] for event in world.as_("admin").get("/events?kind=alarm").json["items"]]

    move(world, "admin", made, "resume")
    later = world.case("investigator", "later")
    send(sender, 2)
    assert [got.json["data"]["case_id"] for got in receiver.got[1:]] == [later]


def test_what_is_paused_and_resumed_by_an_administrator_is_sent_later(world, client, made, receiver, sender):
    move(world, "admin", made, "pause")
    case = world.case("investigator")
    world.as_("admin").post(f"/webhooks/{made['id']}/ping")
    send(sender, 2)
    assert [got.json["type"] for got in receiver.got] == ["webhook.ping"]
    move(world, "admin", made, "resume")
    send(sender, 2)
    assert receiver.got[-1].json["data"]["case_id"] == case

    move(world, "admin", made, "end", reason="replaced")
    world.case("investigator")
    send(sender, 2)
    assert len(receiver.got) == 2
    assert world.as_("admin").post(f"/webhooks/{made['id']}/ping").status_code == 409


def test_a_client_has_at_most_ten_addresses_and_an_inactive_role_gets_none(world, client, receiver):
    body = {"client_id": client.id, "url": receiver.url}
    assert world.as_("admin").post("/webhooks", body | {"role": "auditor"}).json["errors"][0]["pointer"] == "/role"
    assert world.as_("admin_fr").post("/webhooks", body).status_code == 404
    for _ in range(10):
        assert world.as_("admin").post("/webhooks", body).status_code == 201
    assert world.as_("admin").post("/webhooks", body).json["type"] == "/problems/too-many-webhooks"


def test_a_hundred_pings_wait_at_most(world, made):
    me = world.as_("admin")
    for _ in range(100):
        assert me.post(f"/webhooks/{made['id']}/ping").status_code == 201
    assert me.post(f"/webhooks/{made['id']}/ping").json["type"] == "/problems/too-many-waiting"
