"""Addresses that would make the service send requests into the network that it runs in: none is connected to."""

import socket
import threading
from contextlib import suppress
from dataclasses import replace

import pytest
import urllib3.connection
from receiving import Server, lookup, machine, send, webhook

from coopapi.webhooks.addresses import RefusedAddress, is_public, resolve, target_of
from coopapi.webhooks.sender import Sender
from coopapi.webhooks.transport import SECONDS, post

REFUSED_URLS = [
    "http://receiver.example/hook", "ftp://receiver.example/", "https://receiver.example:8443/", "https://receiver.example:80/",
    "https://user@receiver.example/", "https://user:word@receiver.example/", "https://receiver.example@127.0.0.1/",
    "https://127.0.0.1/", "https://127.0.0.1:443/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/",
    "https://0177.0.0.1/", "https://017700000001/", "https://127.1/", "https://0/", "https://10.0.0.1/", "https://169.254.169.254/latest",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[fe80::1%25eth0]/", "https://localhost/",
    "https://localhost./", "https://receiver/", "https://receiver.example./", "https://receiver.example:443:443/", "https://a..example/",
    "https://receiver.example:99999/", "https://receiver.example:/", "https:///hook", "https:receiver.example", "//receiver.example/",
    "https://receiver.example/#part", "https://receiver.example\\\\@127.0.0.1/", "https://receiver.example/a b", "https://rec\\teiver.example/",
    "https://receiver.example%2f@127.0.0.1/", "https://①②⑦.0.0.1/", "https://receivér.example/", "https://-a.example/", "https://a-.example/",
    "https://1.2.3.4.5/", "https://receiver.example/" + "a" * 500,
]  # fmt: skip
PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.0.1",
    "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "203.0.113.5", "224.0.0.1", "239.1.1.1",
    "240.0.0.1", "255.255.255.255", "192.88.99.1", "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
    "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1", "100::1", "not an address",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450::1"]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_an_address_that_may_lead_elsewhere_is_refused_with_a_pointer(world, url):
    client = machine(world)
    refused = world.as_("admin").post("/webhooks", {"client_id": client.id, "url": url})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/url"), url


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_with_an_address_that_is_not_public_is_not_connected_to(address):
    target = target_of("https://receiver.example/hook", frozenset())
    assert not is_public(address)
    for found in ([address], ["8.8.8.8", address]):
        with pytest.raises(RefusedAddress):
            resolve(target, lookup(*found))


def test_public_addresses_are_connected_to():
    assert [address for address in PUBLIC if not is_public(address)] == []
    assert resolve(target_of("https://receiver.example/hook", frozenset()), lookup("8.8.8.8")) == "8.8.8.8"


class Elsewhere:
    """Instead of a connection into the internet, one to the receiver on this machine; keeps where it should have gone."""

    def __init__(self, monkeypatch, port):
        self.asked = []
        real = urllib3.connection.connection.create_connection

        def connect(address, *args, **more):
            self.asked.append(address)
            return real(("127.0.0.1", port), *args, **more)

        monkeypatch.setattr(urllib3.connection.connection, "create_connection", connect)


def test_a_name_that_changes_its_address_is_resolved_once_and_connected_to_where_it_was_checked(monkeypatch, receiver_port):
    answers = iter([["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]])

    def rebinding(host, port, **_kinds):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(answers)]

    elsewhere = Elsewhere(monkeypatch, receiver_port)
    with Server(receiver_port, "receiver.example") as server:
        answer = post(target_of("https://receiver.example/hook", frozenset()), b"{}", {}, server.tls, rebinding)
    assert (answer.status, elsewhere.asked) == (204, [("8.8.8.8", 443)])
    assert server.receiver.got[0].headers["host"] == "receiver.example"
    assert next(answers) == ["127.0.0.1"]  # nobody asked again


def test_the_certificate_must_be_that_of_the_name(monkeypatch, receiver_port):
    Elsewhere(monkeypatch, receiver_port)
    with Server(receiver_port, "other.example") as server:
        answer = post(target_of("https://receiver.example/hook", frozenset()), b"{}", {}, server.tls, lookup("8.8.8.8"))
    assert (answer.status, answer.fault, server.receiver.got) == (None, "tls", [])


def test_a_receiver_whose_name_now_leads_into_the_network_gets_nothing(world, database, server, receiver, monkeypatch):
    """The name was public when it was entered. The delivery fails, and nobody connects to anything."""
    elsewhere = Elsewhere(monkeypatch, receiver.port)
    client = machine(world)
    made = webhook(world, client, "https://receiver.example/hook")
    world.as_("admin").post(f"/webhooks/{made['id']}/ping")
    send(Sender(database, server.tls, lookup("127.0.0.1")), 2)
    (shown,) = client.get(f"/webhooks/{made['id']}/deliveries").json["items"]
    assert shown["attempts"][0] | {"at": "", "milliseconds": 0} == {
        "at": "",
        "status": None,
        "fault": "refused_address",
        "milliseconds": 0,
    }
    assert (elsewhere.asked, receiver.got) == ([], [])


def test_a_redirect_is_not_followed(world, receiver, sender):
    client = machine(world)
    made = webhook(world, client, receiver.url)
    receiver.answer = lambda _got: 302
    client.post(f"/webhooks/{made['id']}/ping")
    send(sender, 2)
    (shown,) = client.get(f"/webhooks/{made['id']}/deliveries").json["items"]
    assert (shown["state"], shown["attempts"][0]["status"]) == ("failed", 302)
    assert [got.path for got in receiver.got] == ["/hook"]


def test_a_host_that_the_settings_no_longer_allow_gets_nothing(world, server, receiver, database):
    client = machine(world)
    made = webhook(world, client, receiver.url)
    client.post(f"/webhooks/{made['id']}/ping")
    closed = replace(database, settings=replace(database.settings, webhook_allow=None))
    send(Sender(closed, server.tls, lookup("127.0.0.1")), 2)
    assert receiver.got == []


def test_a_receiver_that_answers_byte_by_byte_is_cut_off(receiver_port):
    """The time is for the whole answer, not for each byte."""
    target = target_of(f"http://receiver.test:{receiver_port}/", frozenset({f"receiver.test:{receiver_port}"}))
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", receiver_port)) as server:

        def drip():
            connection, _ = server.accept()
            with connection:
                while not stop.wait(0.5):
                    try:
                        connection.sendall(b"H" if stop.is_set() else b"HTTP/1.1 200 OK\r\nA: ")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        answer = post(target, b"{}", {}, None, lookup("127.0.0.1"))
        stop.set()
        thread.join()
    assert (answer.status, answer.fault) == (None, "timeout")
    assert answer.milliseconds < SECONDS * 1000 * 6


@pytest.mark.parametrize(
    "said",
    [b"\0\xff no answer\r\n\r\n", b"HTTP/1.1 20x OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: " + b"a" * 70_000 + b"\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n" + b"A: a\r\n" * 200 + b"\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b""],
)  # fmt: skip
def test_what_is_no_answer_of_http_is_a_fault_of_the_receiver(receiver_port, said):
    target = target_of(f"http://receiver.test:{receiver_port}/", frozenset({f"receiver.test:{receiver_port}"}))
    with socket.create_server(("127.0.0.1", receiver_port)) as server:

        def speak():
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(1000)
                connection.sendall(said)

        thread = threading.Thread(target=speak)
        thread.start()
        answer = post(target, b"{}", {}, None, lookup("127.0.0.1"))
        thread.join()
    assert (answer.status, answer.fault, answer.ok) == (None, "connection", False)
