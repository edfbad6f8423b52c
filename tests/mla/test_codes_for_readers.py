"""What the journal tells of a request to whoever reads the case without a part in the request, or in a role that reads no requests."""

import pytest
from assisting import SENT, draft, walk
from timelining import line
from worlds.test_planted import planted

from coopapi.access import GRANTS, Action, Role

STATE_AND_SIDE = {"state", "side", "recorded"}
ORDERED = [{"code": "content", "data_categories": ["content"], "since": "2026-10-01T00:00:00+02:00", "until": "2026-10-14T00:00:00+02:00",
            "identifiers": [{"kind": "email", "value": "heron@example.org"}]}]  # fmt: skip
BODIES = (
    {},
    {"measures": ORDERED, "content": {"offences": [{"national_article": "1", "label": "Fraud", "category": "terrorism"}]}},
)
GROUNDS = ("eio_fundamental_rights", "eio_dual_criminality")


def played(world, number):
    """A case in which a request was sent and refused; the codes of the request differ by this number."""
    case = world.case("investigator")
    body = {"authority_id": str(world.authorities["ro"]), "level": "read", "reason": "They work on it too"}
    assert world.as_("investigator").post(f"/cases/{case}/access", body).status_code == 201
    request = draft(world, case_id=case, reference=f"codes-{number}", **BODIES[number])
    ready = (("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    refusal = {"reason": "No.", "grounds": [GROUNDS[number]]}
    walk(
        world, request, *ready, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"), ("prosecutor_fr", "refuse", refusal)
    )
    return case, request


def told(world, who, case, request):
    """The details of the request in the timeline of the case and in the feed, by the type of the entry."""
    acts = line(world, who, case, limit=200, kind="act")["items"]
    events = world.as_(who).get(f"/events?case_id={case}&limit=200").json["items"]
    entries = [(entry["type"], entry["detail"]) for entry in acts if entry["object"]["id"] == request]
    return entries, [(event["action"], event["detail"]) for event in events if event["object_id"] == request]


def seen_by(world, who):
    return [told(world, who, *played(world, number)) for number in (0, 1)]


@pytest.mark.parametrize("who", ["romanian", "analyst"])
def test_who_has_no_part_in_a_request_or_reads_none_is_told_the_same_whatever_its_codes(world, who):
    one, other = seen_by(world, who)
    assert one == other
    for entries in one:
        detail = dict(entries)
        assert detail["request.transmit"].keys() == detail["request.refuse"].keys() == STATE_AND_SIDE


@pytest.mark.parametrize("who", ["romanian", "analyst"])
def test_the_codes_are_seen_if_the_function_lets_them_through(world, owner, who):
    with planted(owner, "told_detail", "(select priv.role()) = 'auditor'", "true"):
        one, other = seen_by(world, who)
    assert all(entries != more for entries, more in zip(one, other, strict=True))


@pytest.mark.parametrize("who", ["prosecutor", "investigator"])
def test_who_takes_part_is_told_the_codes(world, who):
    for entries in told(world, who, *played(world, 1)):
        detail = dict(entries)
        assert detail["request.transmit"]["measure_codes"] == ["content"]
        assert detail["request.refuse"]["grounds"] == [GROUNDS[1]]


def test_the_roles_that_are_told_codes_are_those_that_read_requests(owner, migrated):
    with owner.cursor() as cursor:
        cursor.execute("select prosrc from pg_proc where oid = 'priv.told_detail'::regproc")
        source = cursor.fetchone()[0]
    assert {role for role in Role if f"'{role}'" in source} == {role for role in Role if Action.MLA_READ in GRANTS[role]} | {
        Role.AUDITOR
    }
