"""What coincides, in exported timelines: a mark tells of nothing that is left out of the file."""

import csv
import io
import json

import pytest
from exports.test_timelines import THIRD, own
from timelining import fact

from coopapi.exports import selecting

FORMS = ["timeline-csv", "timeline-timesketch", "timeline-timesketch-csv"]
AT = "2026-03-05T12:20Z"


@pytest.fixture
def two(world):
    """Two cases of the Dutch police with one address, which belongs to a suspect in both and in the second also to a victim alone."""
    return world.once(_two)


def _two(world):
    first, second = (world.case("investigator", reference=name) for name in ("NL-1", "NL-2"))
    suspects = [world.subject("investigator", case, pseudonym="S1") for case in (first, second)]
    victim = world.subject("investigator", second, "victim", "V1")
    mail, mine = world.hold("investigator", first, "heron@example.org", "egret@example.org", subject_id=suspects[0])
    (same,) = world.hold("investigator", second, "heron@example.org", subject_id=suspects[1])
    (hers,) = world.hold("investigator", second, "egret@example.org", subject_id=victim)
    facts = {
        "here": fact(world, "investigator", first, AT, place={"name": "Lyon"}, identifiers=[{"id": mail}]),
        "mine": fact(world, "investigator", first, "2026-03-06T09:00Z", identifiers=[{"id": mine}]),
        "there": fact(world, "investigator", second, "2026-03-07T09:00Z", identifiers=[{"id": same}]),
        "hers": fact(world, "investigator", second, "2026-03-08T09:00Z", identifiers=[{"id": hers}, {"id": same}]),
    }
    return {"first": first, "second": second, "mail": mail, "same": same, "victim": victim, "suspect": suspects[1], **facts}


def marks(form, file):
    """The entries with which entries coincide, by their ids."""
    if form == "timeline-timesketch":
        rows = [json.loads(line) for line in file.decode().splitlines()]
    else:
        rows = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))
    return {row.get("entry_id") or row.get("id"): row["co_occurrences"] for row in rows if row.get("co_occurrences")}


def exported(world, exports, two, form, who=THIRD, **more):
    """The file of both cases for somebody, after a prosecutor approved it."""
    body = {"format": form, "also_case_ids": [two["second"]], "timeline": {"kind": "fact"}, **more}
    asked = exports.ask(two["first"], recipient=who, **body)
    assert exports.approve(asked).status_code == 200
    world.work()
    return exports.content(asked)


KEPT_BACK = {
    "said to be about a victim": {"about_victim": True},
    "of a victim": {"subjects": "victim"},
    "under H2": {"handling_code": "H2"},
    "outside the period": {"at": "2026-09-01T12:00Z"},
    "undated": {"at": None},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", KEPT_BACK)
@pytest.mark.parametrize("size", [1, 500])
def test_no_mark_names_what_is_left_out(world, exports, two, monkeypatch, form, name, size):
    monkeypatch.setattr(selecting, "MOST_ROWS", size)
    said = {"at": AT, "place": {"name": "Lyon"}, "identifiers": [{"id": two["same"]}], **KEPT_BACK[name]}
    if said.get("subjects"):
        said["subjects"] = [{"id": two["victim"]}]
    left_out = fact(world, "investigator", two["second"], **said)
    period = {"since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z", "kind": "fact"}
    file = exported(world, exports, two, form, timeline=period)
    assert left_out.encode() not in file
    assert two["there"] in marks(form, file)[two["here"]], "what is in the file is marked, in other portions too"


def test_a_mark_tells_of_no_fact_that_was_recorded_after_the_request(world, exports, two):
    asked = exports.ask(two["first"], format="timeline-csv", also_case_ids=[two["second"]], recipient=THIRD)
    later = fact(world, "investigator", two["second"], AT, place={"name": "Lyon"}, identifiers=[{"id": two["same"]}])
    assert exports.approve(asked).status_code == 200
    world.work()
    assert later.encode() not in exports.content(asked)


@pytest.mark.parametrize("form", FORMS)
def test_no_mark_tells_of_a_value_whose_identifier_may_not_be_named(world, exports, two, form):
    """The address of the victim is one of the suspect of the other case, and the fact with it involves a further one."""
    file = exported(world, exports, two, form)
    assert two["mine"] not in marks(form, file)
    file = exported(world, exports, two, form, victims=True)
    assert marks(form, file)[two["mine"]] == f"identifier {two['hers']}"


def test_acts_coincide_with_acts_only_if_only_acts_are_wanted(world, exports, two):
    for case, identifier in ((two["first"], two["mail"]), (two["second"], two["same"])):
        path = f"/cases/{case}/identifiers/{identifier}"
        assert world.as_("investigator").patch(path, {"source": "file"}, If_Match='"v1"').status_code == 200
    body = {"format": "timeline-csv", "also_case_ids": [two["second"]], **own(world)}
    found = marks("timeline-csv", exports.file(two["first"], timeline={"kind": "act"}, **body)[1])
    assert len(found) == 2
    assert set(found.values()) == {f"identifier {one}" for one in found}
    found = marks("timeline-csv", exports.file(two["first"], **body)[1])
    assert any(two["there"] in marked for entry, marked in found.items() if entry not in two.values()), (
        "facts too if they are wanted"
    )
