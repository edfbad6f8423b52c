"""A mail server, and the mailer that uses it."""

from datetime import timedelta

import pytest
from mailing import Server

from coopapi.mail.mailer import Mailer


@pytest.fixture(autouse=True)
def in_the_morning(clock):
    """It is ten in the morning (UTC), far from midnight, when each address is tested, which is a mail of its own."""
    tomorrow = clock().replace(hour=10, minute=0, second=0) + timedelta(days=1)
    clock.at(tomorrow.isoformat())


@pytest.fixture
def server(mail_port):
    with Server(mail_port) as running:
        yield running


@pytest.fixture
def box(server):
    return server.box


@pytest.fixture
def mailer(database):
    return Mailer(database)
