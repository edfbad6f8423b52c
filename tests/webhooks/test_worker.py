"""The worker sends webhooks beside its other work, and a receiver that does not answer holds up nothing."""

import multiprocessing
import os
import threading

import pytest
from receiving import Server, machine, webhook
from serving import until

from coopapi.ops import worker


@pytest.fixture
def plain(receiver_port):
    with Server(receiver_port, plain=True) as running:
        yield running.receiver


@pytest.fixture
def working(idle):
    """A worker as a process of its own."""
    process = multiprocessing.get_context("fork").Process(target=_work, args=(idle, os.getpid()))
    yield process
    process.kill()
    process.join()


def _work(database, parent):
    database.engine.dispose(close=False)
    worker.run(database, parent)


def test_overlaps_are_found_while_a_receiver_does_not_answer(world, plain, working):
    answered = threading.Event()
    plain.answer = lambda _got: 204 if answered.wait(60) else 500
    made = webhook(world, machine(world), f"http://127.0.0.1:{plain.port}/hook")
    cases = {who: world.case(who) for who in ("investigator", "foreign")}
    for who, case in cases.items():
        world.hold(who, case, "heron@example.org")
    working.start()
    until(lambda: world.overlaps("investigator", cases["investigator"]))
    assert plain.got == []
    answered.set()
    until(lambda: "overlap.detected" in [got.json["type"] for got in plain.taken])
    assert world.as_("admin").get(f"/webhooks/{made['id']}").json["state"] == "active"
