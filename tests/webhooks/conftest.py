"""A receiver of webhooks, and what it gets."""

import pytest
from receiving import Server


@pytest.fixture
def server(receiver_port):
    with Server(receiver_port) as running:
        yield running


@pytest.fixture
def receiver(server):
    return server.receiver


@pytest.fixture
def sender(server, database):
    return server.sender(database)
