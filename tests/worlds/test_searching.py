"""A search for a value tells nothing of what the caller must not learn: which identifiers belong to victims, and what others hold."""

import pytest
from worlds.comparing import differences
from worlds.found import HIDDEN_CASES
from worlds.play import START, VALUES, Secret
from worlds.test_planted import planted
from worlds.test_timelines import ticking

from coopapi.search import identifiers


def compared(lab, who):
    """Search in cases whose values belong to victims, and where they are linked to nobody that the caller sees."""
    answers = []
    for full in (True, False):
        world, places = lab.world()
        world.clock.stopped = START
        ticking(world)
        cases = [places[name][0] for name in ("nl1", "nl2")]
        for case, values in zip(cases, (("heron", "owl"), ("heron", "jay", "address")), strict=True):
            about = {"subjects": [{"id": world.subject("investigator", case, "victim", "V")}]}
            items = [{**VALUES[name], **(about if full else {})} for name in values]
            assert world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": items}).status_code == 201
        world.work()
        caller = world.as_(who)
        found = {}
        for name, value in VALUES.items():
            body = {"case_id": cases[0], "purpose": "investigation", "identifier": value}
            found["search", name] = caller.post("/search/identifiers", body, X_Request_Id="search")
        assert full or [len(found["search", name].json["items"]) for name in ("heron", "jay", "mironenko")] == [2, 1, 0]
        for case in cases:
            found["listed", case] = caller.get(f"/cases/{case}/identifiers", X_Request_Id="search")
        answers.append(found)
    lab.stories += 1
    lab.comparisons += len(answers[0])
    return differences(*answers)


@pytest.mark.parametrize("who", ["colleague", "system"])
def test_which_identifiers_belong_to_victims_is_not_found_out(lab, who):
    assert compared(lab, who) == []


def test_a_search_that_leaves_victims_out_is_seen(lab, owner):
    with planted(owner, "identifiers_with", "not x.outdated", "not x.outdated and (priv.cleared() or priv.open(x.roles))"):
        differing = [path for path, *_ in compared(lab, "colleague")]
    assert "heron?" in differing


def test_a_search_that_knows_what_hidden_cases_hold_is_seen(lab, owner, monkeypatch):
    about = identifiers._about

    def leaky(item, reading):
        with owner.cursor() as cursor:
            cursor.execute("select count(*) from holdings where hidden")
            return {**about(item, reading), "warnings": [{"code": "held", "detail": str(cursor.fetchone()[0])}]}

    story = HIDDEN_CASES["a hidden case holds the value"]
    assert lab.compare(Secret.HIDDEN, "investigator", "nl", story) == []
    monkeypatch.setattr(identifiers, "_about", leaky)
    differing = [path for path, *_ in lab.compare(Secret.HIDDEN, "investigator", "nl", story)]
    assert differing
    assert all(path.startswith("/api/v1/search/identifiers/") for path in differing)
