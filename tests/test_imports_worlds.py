"""What an import says, and how much work it takes, tells nothing about what other authorities hold."""

import re

import pytest
from sqlalchemy import event
from test_imports import CASE, FILE, emails, report, sent, state

from coopapi.imports import running

VALUES = [one["value"] for one in emails(12)]


def told(world, idle):
    """Everything that the importing client is told, and the statements that its portions send."""
    statements = []

    def seen(_connection, _cursor, statement, *_):
        statements.append(re.sub(r"\s+", " ", statement)[:60])

    job = sent(world, *FILE, *emails(12), {**CASE, "title": "Other"}, *emails(2))
    event.listen(idle.engine, "before_cursor_execute", seen)
    try:
        while running.import_once(idle):
            pass
    finally:
        event.remove(idle.engine, "before_cursor_execute", seen)
    one = state(world, job)
    for name in ("rate", "id", "client_id"):
        one.pop(name)
    listed = world.as_("system").get("/imports")
    shown = [sorted(listed.headers.keys()), one, report(world, job), report(world, job, "colleague")]
    return shown, statements


@pytest.mark.parametrize("visibility", ["hit_no_hit", "hidden"])
def test_it_is_the_same_whether_others_hold_the_values_or_not(world, idle, visibility, clock):
    clock.stopped = clock()
    alone = told(world, idle)
    world.register.as_of("world", lambda: None)
    clock.stopped = clock()
    case = world.case("romanian", visibility=visibility)
    world.hold("romanian", case, *VALUES, "heron@example.org")
    world.work()
    beside = told(world, idle)
    world.work()
    (mine,) = world.as_("system").get("/cases?external_id=C1").json["items"]
    assert len(world.overlaps("investigator", mine["id"])) == (visibility != "hidden")
    assert beside[0] == alone[0]
    assert beside[1] == alone[1]
