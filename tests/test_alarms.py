"""Alarms: who reads them, and that each is a line in the log and a count."""

import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coopapi.store.alarms import ALARMS


@pytest.fixture
def alarm(world, owner):
    with owner.cursor() as cursor:
        cursor.execute("select priv.alarm(%s, 'planted', '{\"count\": 3}')", (world.authorities["nl"],))


def read(world, name):
    found = world.as_(name).get("/events?kind=alarm")
    assert found.status_code == 200, found.json
    found = [
        entry for entry in found.json["items"] if entry["action"] != "alarm.rights_from_shell"
    ]  # the world comes from the shell
    return [(entry["action"], entry["detail"], entry["role"]) for entry in found]


@pytest.mark.parametrize("name", ["auditor", "admin"])
def test_auditors_and_administrators_read_the_alarms_of_their_authority(world, alarm, name):
    assert read(world, name) == [("alarm.planted", {"count": 3}, "machine")]


@pytest.mark.parametrize("name", ["investigator", "prosecutor", "analyst", "desk", "auditor_fr", "admin_fr", "operator"])
def test_other_roles_and_other_authorities_do_not(world, alarm, name):
    assert read(world, name) == []


def test_the_feed_shows_an_administrator_nothing_but_alarms(world, alarm):
    world.case("investigator")
    assert {entry["object_type"] for entry in world.as_("admin").get("/events").json["items"]} == {"alarm"}


def test_the_application_raises_no_alarm_by_itself(world, database):
    with database.anonymous() as session:
        granted = session.scalar(text("select has_function_privilege('priv.alarm(uuid, text, jsonb, timestamptz)', 'execute')"))
    assert not granted


def test_an_alarm_is_logged_and_counted_once_it_is_committed(database, caplog):
    before = ALARMS.labels("planted")._value.get()
    with database.anonymous() as session:
        session.execute(text("do $$ begin raise notice 'coopapi.alarm planted'; end $$"))
        assert ALARMS.labels("planted")._value.get() == before
    with pytest.raises(DBAPIError), database.anonymous() as session:
        session.execute(text("do $$ begin raise notice 'coopapi.alarm planted'; raise exception 'undone'; end $$"))
    assert ALARMS.labels("planted")._value.get() == before + 1
    assert [(r.levelno, r.kind) for r in caplog.records if r.name == "coopapi.alarms"] == [(logging.WARNING, "planted")]
