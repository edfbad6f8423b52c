"""The Eurojust desk of a State sees reference, title and handler of its State's cases, and an index of its cooperation."""

import answering
import gathering
import pytest
import teaming
from assisting import sent, walk
from teaming import items

from coopapi.cases.titles import warnings

HERON = "heron@example.org"
TYPES = ("request", "jit", "meeting", "disclosure")


def index(world, what, who="desk", **wanted):
    more = "".join(f"&{key}={value}" for key, value in wanted.items())
    return items(world, who, f"/state-index?type={what}{more}")


def cooperation(world, **case):
    """A Dutch case with a request, a team, a meeting and a disclosure that the Romanians ask for."""
    other = world.case("romanian")
    world.hold("romanian", other, HERON)
    mine = world.case("prosecutor", **case)
    world.hold("prosecutor", mine, HERON)
    request = sent(world, case_id=mine)
    jit = teaming.proposed(world, cases=[mine])
    meeting = gathering.proposed(world, origin=("case", mine))
    return {"request": request, "jit": jit, "meeting": meeting, "case": mine, "other": other}


def test_a_desk_sees_reference_title_and_handler_of_a_case_of_its_state_and_no_subjects(world):
    case = world.case("prosecutor", "NL-7", title="Streams", handler_id=str(world.people["prosecutor"]))
    seen = world.as_("desk").get(f"/cases/{case}").json
    assert (seen["level"], seen["reference"], seen["title"], seen["handler_name"]) == ("index", "NL-7", "Streams", "prosecutor")
    assert [row["id"] for row in items(world, "desk", "/cases?reference=NL-7")] == [case]
    assert world.as_("desk").get(f"/cases/{case}/subjects").status_code == 403
    assert world.as_("desk").get(f"/cases/{case}/identifiers").status_code == 403
    given = {"authority_id": str(world.authorities["desk_fr"]), "level": "index", "reason": "R"}
    assert world.as_("prosecutor").post(f"/cases/{case}/access", given).status_code == 201
    assert (world.as_("desk_fr").get(f"/cases/{case}").json["title"], items(world, "desk_fr", "/cases?reference=NL-7")) == (
        None,
        [],
    )


@pytest.mark.parametrize("kept", [{"visibility": "hidden"}, {"desk": "none"}])
def test_a_desk_sees_nothing_of_hidden_cases_and_of_those_that_are_not_for_it(world, kept):
    before = {what: index(world, what) for what in TYPES}
    made = cooperation(world, **kept)
    assert world.as_("desk").get(f"/cases/{made['case']}").status_code == 404
    assert {what: index(world, what) for what in ("request", "jit", "disclosure")} == {
        what: before[what] for what in ("request", "jit", "disclosure")
    }
    assert index(world, "meeting") == before["meeting"]


def test_a_case_leaves_the_desk_and_returns_when_its_owner_says_so(world):
    made = cooperation(world)
    me, path = world.as_("prosecutor"), f"/cases/{made['case']}"
    for desk, status, listed in (("none", 404, []), ("index", 200, [made["request"]])):
        changed = me.patch(path, {"desk": desk}, If_Match=me.get(path).headers["ETag"])
        assert (changed.status_code, changed.json["desk"]) == (200, desk)
        assert world.as_("desk").get(path).status_code == status
        assert [row["id"] for row in index(world, "request")] == listed


def test_a_desk_lists_the_cooperation_of_its_state_without_taking_part(world):
    made = cooperation(world)
    walk(world, made["request"], ("prosecutor_fr", "receive"))
    for what in ("request", "jit", "meeting"):
        (row,) = index(world, what)
        assert row["id"] == made[what]
        assert row["authority"]["id"] in {str(world.authorities[home]) for home in ("nl", "desk_nl")}
    assert index(world, "request")[0]["countries"] == ["FR", "NL"]
    assert world.as_("desk").get(f"/mla-requests/{made['request']}").status_code == 404
    assert [row["id"] for row in index(world, "request", who="desk_fr")] == [made["request"]]
    assert index(world, "request", who="europol") == []

    assert index(world, "jit")[0]["type"] == "jit"
    assert index(world, "team") == [{**index(world, "jit")[0], "type": "team"}], "the older name answers as before"

    world.asked("romanian", made["other"])
    (row,) = index(world, "disclosure")
    assert (row["stage"], row["missed"], row["countries"]) == ("requested", False, ["NL", "RO"])
    world.clock.forward(days=60)
    assert [row["missed"] for row in index(world, "disclosure", missed="true")] == [True]
    assert [row["id"] for row in index(world, "request", missed="true")] == [made["request"]]


def test_the_index_is_read_in_pages(world):
    requests = [sent(world, reference=f"R{n}") for n in range(3)]
    first = world.as_("desk").get("/state-index?type=request&limit=2").json
    rest = world.as_("desk").get(f"/state-index?type=request&limit=2&cursor={first['next']}").json
    assert [row["id"] for row in first["items"] + rest["items"]] == requests[::-1]
    assert rest["next"] is None


def test_a_desk_that_is_entered_later_gets_what_it_should_have_had(world):
    home = answering.authority(world, "Police of Malta", "police_unit", "MT")
    answering.person(world, home, "maltese", role="investigator")
    seen, hidden, none = (
        world.case("maltese"),
        world.case("maltese", visibility="hidden"),
        world.case("maltese", desk="none"),
    )
    desk = answering.authority(world, "Maltese Desk", "eurojust_desk", "MT")
    answering.person(world, desk, "desk_mt", role="desk")
    assert [row["id"] for row in items(world, "desk_mt", "/cases")] == [seen]
    assert [event["case_id"] for event in items(world, "desk_mt", "/events")] == [seen]
    assert {world.as_("desk_mt").get(f"/cases/{case}").status_code for case in (hidden, none)} == {404}


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Live-streamed abuse for payment", []),
        ("Operation Heron", []),
        ("OPERATION HERON", []),
        ("Recruitment over chat in 2026", []),
        ("Abuse by Jan Jansen", ["name"]),
        ("Jansen, Jan", ["name"]),
        ("The account heron@example.org", ["identifier"]),
        ("Calls from +31 6 1234 5678", ["identifier"]),
        ("Jan Jansen, IBAN NL91 ABNA 0417 1643 00", ["identifier", "name"]),
    ],
)
def test_a_title_that_seems_to_name_somebody_is_accepted_with_a_warning(title, found):
    assert warnings(title) == found
