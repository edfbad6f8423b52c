"""A mail server, and the mailer that uses it."""

import pytest
from mailing import Server

from coopapi.mail.mailer import Mailer


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
