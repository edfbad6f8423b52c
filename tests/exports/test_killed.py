"""An export whose worker is killed at every statement: it is made once, whole, and the same as without that."""

import hashlib

import pytest
from killing import killed_at

from coopapi.exports import running, selecting


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_at_every_statement_it_is_made_once_and_whole(world, exports, heron, idle, monkeypatch, owner):
    monkeypatch.setattr(selecting, "MOST_ROWS", 12)
    whole = exports.ask(heron["case"])
    while running.export_once(idle):
        pass
    asked = exports.ask(heron["case"])
    number, kills = 1, 0
    while exports.shown(asked)["state"] != "ready":
        if killed_at(idle, number, running.export_once):
            number, kills = number + 1, kills + 1
        else:
            number = 1
    assert kills > 40
    lines = [exports.content(one).splitlines() for one in (whole, asked)]
    assert lines[0][1:-1] == lines[1][1:-1]
    shown = exports.shown(asked)
    assert hashlib.sha256(exports.content(asked)).hexdigest() == shown["sha256"]
    assert {name: shown[name] for name in ("subjects", "identifiers", "links", "left_out")} == {
        name: exports.shown(whole)[name] for name in ("subjects", "identifiers", "links", "left_out")
    }
    with owner.cursor() as found:
        found.execute("select count(*) from journal_entries where action = 'export.made'")
        assert found.fetchone() == (2,)
