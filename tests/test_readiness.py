"""Readiness is told to everybody, so its checks are not made anew for each who asks."""

import pytest
from sending import statements_sent

from coopapi import app as coopapi_app
from coopapi.app import create_app


@pytest.fixture
def service(migrated, keys):
    return create_app(migrated, keys)


def statements_of(service, times):
    """How many statements reach the database while readiness is asked for so many times."""
    with statements_sent(service.extensions["coopapi"].database.engine) as sent:
        answers = {service.test_client().get("/readyz").status_code for _ in range(times)}
    assert answers == {200}
    return len(sent)


def test_many_questions_cost_no_more_than_one(service, migrated, keys):
    assert statements_of(service, 1) == statements_of(create_app(migrated, keys), 30) > 0


def test_what_was_found_is_forgotten_after_some_seconds(service, owner, monkeypatch):
    probe = service.test_client()
    assert probe.get("/readyz").status_code == 200
    with owner.cursor() as cursor:
        cursor.execute("create policy leak on cases for select using (true)")
        try:
            assert probe.get("/readyz").status_code == 200
            service.extensions["gate"].known_until = 0
            monkeypatch.setattr(coopapi_app, "READY_SECONDS", 0)
            assert probe.get("/readyz").status_code == 503
        finally:
            cursor.execute("drop policy leak on cases")
    assert probe.get("/readyz").status_code == 200
