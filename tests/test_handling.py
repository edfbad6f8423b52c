"""What people make of an overlap: judged by each side, disclosed item by item, recalled; excluded; grouped."""

from datetime import timedelta

import pytest

from coopapi.overlaps import clusters
from coopapi.overlaps.models import RARITIES

HERON, OWL = "heron@example.org", "owl@example.org"


def pair(world, *values, mine="investigator", theirs="foreign", **more):
    case, there = world.case(mine), world.case(theirs)
    (held, *_) = world.hold(theirs, there, *values, **more)
    world.hold(mine, case, *values)
    (overlap,) = [o for o in world.overlaps(mine, case)]
    return case, there, overlap["id"], held


def step(world, who, overlap, event, reason=None, **more):
    me = world.as_(who)
    where = f"?case_id={more['case_id']}" if more else ""
    version = me.get(f"/overlaps/{overlap}/transitions{where}").json["etag"]
    body = {"event": event, **({"reason": reason} if reason else {}), **more}
    return me.post(f"/overlaps/{overlap}/transitions", body, If_Match=f'"{version}"')


def act(world, who, disclosure, event, **more):
    me = world.as_(who)
    version = me.get(f"/disclosures/{disclosure}").headers["ETag"]
    return me.post(f"/disclosures/{disclosure}/transitions", {"event": event, **more}, If_Match=version)


def prosecutor_of_fr(world, cleared=True):
    """France gets a prosecutor, who decides on disclosures."""
    body = {"name": "fr_prosecutor", "issuer": "https://issuer.test", "subject": "fr_prosecutor", "roles": ["prosecutor"]}
    world.approved(
        world.as_("admin_fr").post(f"/authorities/{world.authorities['fr']}/people", {**body, "victim_cleared": cleared})
    )
    return "fr_prosecutor"


def test_each_side_judges_for_itself_and_does_not_see_the_other(world):
    _, _, overlap, _ = pair(world, HERON)
    assert step(world, "investigator", overlap, "take").json["state"] == "under_verification"
    assert step(world, "investigator", overlap, "confirm").json["side"]["state"] == "confirmed"

    there = world.as_("foreign").get(f"/overlaps/{overlap}").json
    assert (there["state"], there["side"]["decided_by"]) == ("detected", None)
    assert step(world, "foreign", overlap, "take").status_code == 200
    assert step(world, "foreign", overlap, "reject", "another bird").json["state"] == "rejected"
    assert world.as_("investigator").get(f"/overlaps/{overlap}").json["state"] == "confirmed"


def test_a_rejected_overlap_stays_rejected_until_something_new_matches(world):
    case, there, overlap, _ = pair(world, HERON)
    step(world, "investigator", overlap, "take")
    step(world, "investigator", overlap, "reject", "another bird")

    world.hold("foreign", there, HERON.upper(), "unrelated@example.org")
    third = world.case("romanian")
    world.hold("romanian", third, HERON)
    assert world.as_("investigator").get(f"/overlaps/{overlap}").json["state"] == "rejected"

    world.hold("foreign", there, OWL)
    world.hold("investigator", case, OWL)
    shown = world.as_("investigator").get(f"/overlaps/{overlap}").json
    assert (shown["state"], shown["new_since_decision"]) == ("detected", True)
    assert [e["new"] for e in sorted(shown["evidence"], key=lambda e: e["value"])] == [False, True]


def test_only_whoever_took_it_decides_and_a_reason_is_needed(world):
    _, _, overlap, _ = pair(world, HERON)
    step(world, "investigator", overlap, "take")
    assert step(world, "prosecutor", overlap, "confirm").status_code == 409
    refused = step(world, "investigator", overlap, "reject")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/reason")
    wrong = step(world, "investigator", overlap, "take")
    assert (wrong.status_code, set(wrong.json["allowed"])) == (409, {"confirm", "reject", "doubt", "release"})


def test_two_who_take_at_once_do_not_both_have_it(world):
    _, _, overlap, _ = pair(world, HERON)
    version = world.as_("investigator").get(f"/overlaps/{overlap}/transitions").json["etag"]
    first = world.as_("investigator").post(f"/overlaps/{overlap}/transitions", {"event": "take"}, If_Match=f'"{version}"')
    second = world.as_("prosecutor").post(f"/overlaps/{overlap}/transitions", {"event": "take"}, If_Match=f'"{version}"')
    assert (first.status_code, second.status_code) == (200, 412)
    assert world.as_("prosecutor").post(f"/overlaps/{overlap}/transitions", {"event": "take"}).status_code == 428


def test_four_eyes_where_both_cases_are_in_one_hand(world):
    case, there, overlap, _ = pair(world, HERON, theirs="prosecutor")
    assert step(world, "investigator", overlap, "take", case_id=case).status_code == 200
    assert step(world, "investigator", overlap, "take", case_id=there).status_code == 409
    assert step(world, "colleague", overlap, "take", case_id=there).status_code == 200


def test_an_overlap_without_evidence_is_withdrawn_and_not_judged(world):
    case, _, overlap, _ = pair(world, HERON)
    world.as_("investigator").post(
        f"/cases/{case}/transitions", {"event": "withdraw", "reason": "filed by mistake"}, If_Match='"v1"'
    )
    assert step(world, "foreign", overlap, "take").status_code == 409


def test_what_is_asked_for_is_disclosed_item_by_item_and_recalled(world, clock):
    _, there, overlap, held = pair(world, HERON, OWL)
    assert world.as_("investigator").post(f"/overlaps/{overlap}/disclosures", _asking()).status_code == 409
    step(world, "investigator", overlap, "take")
    asked = world.as_("investigator").post(f"/overlaps/{overlap}/disclosures", _asking(urgency="ongoing_child_abuse"))
    assert asked.status_code == 201
    assert (asked.json["owner_case"], asked.json["side"]) == (None, "asking")
    again = world.as_("investigator").post(f"/overlaps/{overlap}/disclosures", _asking())
    assert (again.status_code, again.json["existing"]) == (409, f"/api/v1/disclosures/{asked.json['id']}")

    clock.forward(hours=9)
    decider = prosecutor_of_fr(world)
    (late,) = world.as_(decider).get("/disclosures?side=owner&overdue=true").json["items"]
    assert (late["id"], late["asking_case"], late["overdue"]) == (asked.json["id"], None, True)

    assert act(world, "foreign", late["id"], "disclose").status_code == 403
    assert act(world, "investigator", late["id"], "disclose").status_code == 403
    item = {"identifier_id": held, "handling_code": "H1", "conditions": "not to be used in evidence"}
    assert act(world, decider, late["id"], "disclose", items=[{"identifier_id": asked.json["id"]}]).status_code == 422
    assert act(world, decider, late["id"], "disclose").status_code == 422
    assert act(world, decider, late["id"], "disclose", items=[item]).json["state"] == "disclosed_full"

    (shown,) = world.as_("investigator").get(f"/disclosures/{late['id']}").json["items"]
    assert (shown["value"], shown["handling_code"], shown["conditions"]) == (HERON, "H1", "not to be used in evidence")

    assert act(world, decider, late["id"], "recall", reason="wrong person").status_code == 200
    recalled = world.as_("investigator").get(f"/disclosures/{late['id']}").json
    assert (recalled["state"], recalled["items"][0]["value"]) == ("recalled", None)
    events = [e["action"] for e in world.as_("investigator").get("/events").json["items"]]
    assert events[-3:] == ["disclosure.asked", "disclosure.disclose", "disclosure.recall"]
    assert [e["action"] for e in world.as_("foreign").get("/events").json["items"]][-3:] == events[-3:]
    assert HERON not in world.as_("investigator").get("/events").text
    del there


def _asking(**more):
    return {"purpose": "investigation", "offence": "ocsea", "items_asked": ["names", "date_of_birth"], **more}


def test_access_to_what_was_disclosed_ends_on_its_date(world, clock):
    _, _, overlap, held = pair(world, HERON)
    step(world, "investigator", overlap, "take")
    asked = world.as_("investigator").post(f"/overlaps/{overlap}/disclosures", _asking()).json["id"]
    until = (clock().replace(microsecond=0)).isoformat().replace("+00:00", "Z")
    clock.forward(hours=-1)
    act(
        world,
        prosecutor_of_fr(world),
        asked,
        "disclose_in_part",
        reason="the rest is not ours",
        items=[{"identifier_id": held}],
        until=until,
    )
    assert world.as_("investigator").get(f"/disclosures/{asked}").json["items"][0]["value"] == HERON
    clock.forward(hours=2)
    assert world.as_("investigator").get(f"/disclosures/{asked}").json["items"][0]["value"] is None


def test_a_refusal_names_its_ground_and_a_judge_may_be_waited_for(world):
    _, _, overlap, _ = pair(world, HERON)
    step(world, "investigator", overlap, "take")
    asked = world.as_("investigator").post(f"/overlaps/{overlap}/disclosures", _asking()).json["id"]
    decider = prosecutor_of_fr(world)
    assert act(world, decider, asked, "await_authorisation").json["state"] == "awaiting_judicial_authorisation"
    refused = act(world, decider, asked, "refuse", reason="under appeal")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/ground")
    done = act(world, decider, asked, "refuse", reason="under appeal", ground="authorisation_refused")
    assert (done.json["state"], done.json["ground"]) == ("refused", "authorisation_refused")
    assert act(world, decider, asked, "disclose").status_code == 409


def test_a_third_country_finds_no_disclosure_of_others(world):
    case, _, overlap, _ = pair(world, HERON)
    asked = world.asked("investigator", case)
    for path in (f"/disclosures/{asked['id']}", f"/overlaps/{overlap}", f"/overlaps/{overlap}/disclosures"):
        assert world.as_("romanian").get(path).status_code == 404
    assert world.as_("romanian").get("/disclosures").json["items"] == []


def test_a_victims_identifier_is_disclosed_by_and_to_the_cleared_alone(world):
    there = world.case("foreign")
    victim = world.subject("foreign", there, "victim")
    (held,) = world.hold("foreign", there, HERON, subject_id=victim)
    world.hold("foreign", there, OWL)
    case = world.case("investigator")
    world.hold("investigator", case, HERON, OWL)
    asked = world.asked("investigator", case)["id"]
    uncleared = prosecutor_of_fr(world, cleared=False)
    assert act(world, uncleared, asked, "disclose", items=[{"identifier_id": held}]).status_code == 422
    people = world.as_("admin_fr").get(f"/authorities/{world.authorities['fr']}/people").json["items"]
    (row,) = [p for p in people if p["subject"] == uncleared]
    path = f"/authorities/{world.authorities['fr']}/people/{row['id']}"
    world.approved(world.as_("admin_fr").patch(path, {"victim_cleared": True}, If_Match=f'"{row["etag"]}"'))
    assert act(world, uncleared, asked, "disclose", items=[{"identifier_id": held}]).status_code == 200
    assert len(world.as_("investigator").get(f"/disclosures/{asked}").json["items"]) == 1
    assert world.as_("colleague").get(f"/disclosures/{asked}").json["items"] == []


@pytest.mark.parametrize("what", ["value", "kind", "other_id"])
def test_an_exclusion_works_at_once_and_is_reversible(world, what):
    case, there, overlap, _ = pair(world, HERON)
    (mine,) = world.as_("investigator").get(f"/cases/{case}/identifiers").json["items"]
    body = {
        "value": {"case_id": case, "identifier_id": mine["id"]},
        "kind": "email",
        "other_id": str(world.authorities["fr"]),
    }
    made = world.as_("investigator").post("/exclusions", {what: body[what], "reason": "an office everybody writes to"})
    assert made.status_code == 201, made.json
    assert world.overlaps("investigator", case) == world.overlaps("foreign", there) == []

    world.hold("romanian", (third := world.case("romanian")), HERON)
    assert len(world.overlaps("romanian", third)) == (2 if what == "other_id" else 1)

    path = f"/exclusions/{made.json['id']}/transitions"
    assert world.as_("foreign").post(path, {"event": "withdraw", "reason": "x"}, If_Match='"v1"').status_code == 404
    assert world.as_("investigator").post(path, {"event": "withdraw", "reason": "x"}, If_Match='"v1"').status_code == 200
    assert overlap in [o["id"] for o in world.overlaps("investigator", case)]


def test_an_exclusion_lapses_on_its_date(world, clock):
    case, _, overlap, _ = pair(world, HERON)
    until = (clock() + timedelta(days=365)).isoformat()
    world.as_("investigator").post("/exclusions", {"kind": "email", "reason": "for a while", "until": until})
    assert world.overlaps("investigator", case) == []
    clock.forward(days=367)
    world.work()
    assert [o["id"] for o in world.overlaps("investigator", case)] == [overlap]
    (row,) = world.as_("investigator").get("/exclusions").json["items"]
    assert row["state"] == "lapsed"


def test_the_operators_exclusion_is_for_all_and_seen_by_all(world):
    case, there, _, _ = pair(world, HERON)
    assert world.as_("operator").post("/exclusions", {"kind": "email", "reason": "a known list"}).status_code == 201
    assert world.overlaps("investigator", case) == world.overlaps("foreign", there) == []
    assert len(world.as_("romanian").get("/exclusions").json["items"]) == 1


@pytest.mark.parametrize(
    "body",
    [{"reason": "x"}, {"kind": "email", "other_id": "00000000-0000-7000-8000-000000000001", "reason": "x"}, {"kind": "email"}],
)
def test_an_exclusion_names_one_thing_and_a_reason(world, body):
    assert world.as_("investigator").post("/exclusions", body).status_code == 422


def test_clusters_connect_what_overlaps_and_name_others_cases_for_nobody_else(world):
    mine = [world.case("investigator") for _ in range(2)]
    there = world.case("foreign")
    world.hold("foreign", there, HERON, OWL)
    world.hold("investigator", mine[0], HERON)
    world.hold("investigator", mine[1], OWL)
    world.hold("romanian", world.case("romanian"), "jay@example.org")

    (group,) = world.as_("investigator").get("/overlaps/clusters").json["items"]
    assert group["size"] == 3
    assert {m["case_id"] for m in group["cases"]} == {*mine, None}
    assert there not in str(group)
    names = {m["member"] for m in group["cases"]}
    (seen,) = world.as_("foreign").get("/overlaps/clusters").json["items"]
    assert names.isdisjoint(m["member"] for m in seen["cases"])
    assert world.as_("romanian").get("/overlaps/clusters").json["items"] == []


def test_clusters_are_bounded_and_say_so(world, monkeypatch):
    mine = [world.case("investigator") for _ in range(2)]
    there = world.case("foreign")
    world.hold("foreign", there, HERON, OWL)
    for case, value in zip(mine, (HERON, OWL), strict=True):
        world.hold("investigator", case, value)

    monkeypatch.setattr(clusters, "MOST_LISTED", 2)
    (group,) = (found := world.as_("investigator").get("/overlaps/clusters").json)["items"]
    assert (found["complete"], group["complete"], group["size"], len(group["cases"])) == (True, False, 3, 2)
    assert {m["case_id"] for m in group["cases"]} == set(mine)

    monkeypatch.setattr(clusters, "MOST_OVERLAPS", 1)
    found = world.as_("investigator").get("/overlaps/clusters").json
    assert (found["complete"], [group["size"] for group in found["items"]]) == (False, [2])


@pytest.mark.parametrize("others", [0, 51], ids=["few cases", "many cases"])
def test_the_worklist_has_the_overlaps_of_every_case_by_rank_however_many_cases_there_are(world, others):
    mine, theirs = ([world.case(who) for _ in range(4)] for who in ("investigator", "foreign"))
    for number in range(4):
        values = [f"heron{number}-{other}@example.org" for other in range(number + 1)]
        world.hold("investigator", mine[number], *values)
        world.hold("foreign", theirs[number], *values)
    for _ in range(others):
        world.case("investigator")

    for who in ("investigator", "desk", "foreign"):
        caller = world.as_(who)
        listed, cursor = [], ""
        while cursor is not None:
            page = caller.get(f"/overlaps?limit=3{cursor and f'&cursor={cursor}'}").json
            listed, cursor = listed + page["items"], page["next"]
        keys = [
            (("weak", "possible", "strong").index(o["strength"]), -RARITIES.index(o["rarity"]), o["shared_count"]) for o in listed
        ]
        assert keys == sorted(keys, reverse=True)
        cases = theirs if who == "foreign" else mine
        assert {o["id"] for o in listed} == {o["id"] for case in cases for o in world.overlaps(who, case)}
        assert len(listed) == len({o["id"] for o in listed}) > 3


def test_a_value_that_too_many_hold_connects_nothing(world):
    for number in range(6):
        who = ("investigator", "foreign", "romanian")[number % 3]
        world.hold(who, world.case(who), HERON)
    assert world.as_("investigator").get("/overlaps/clusters").json["items"] == []


def test_lists_are_sorted_by_strength_then_rarity_then_count_and_counted_on_request(world):
    case = world.case("investigator")
    common, rare, weak = ("common@example.org",), ("rare@example.org",), "8.8.77.66"
    world.hold("investigator", case, *common, *rare)
    world.hold("investigator", case, weak, kind="ip")
    others = {}
    for name, who, values in (("rare", "foreign", rare), ("common", "romanian", common), ("more", "romanian", common)):
        others[name] = world.case(who)
        world.hold(who, others[name], *values)
    world.hold("foreign", world.case("foreign"), weak, kind="ip")

    shown = world.as_("investigator").get(f"/cases/{case}/overlaps?totals=true").json
    assert [(o["strength"], o["rarity"]) for o in shown["items"]] == [
        ("strong", "rare"), ("strong", "few"), ("strong", "few"), ("weak", "rare"),
    ]  # fmt: skip
    assert shown["total"] == 4
    for query, count in (("kind=ip", 1), ("strength=strong", 3), ("country=RO", 2), ("scope=within", 0), ("state=confirmed", 0),
                         (f"authority_id={world.authorities['fr']}", 2), ("role=unknown-unknown", 4), ("role=suspect-victim", 0),
                         ("since=2100-01-01T00:00:00Z", 0)):  # fmt: skip
        assert world.as_("investigator").get(f"/cases/{case}/overlaps?totals=true&{query}").json["total"] == count, query


def test_rarity_follows_when_more_cases_come_to_hold_the_value(world):
    _, _, overlap, _ = pair(world, HERON)
    assert world.as_("investigator").get(f"/overlaps/{overlap}").json["rarity"] == "rare"
    (third,) = world.hold("romanian", (there := world.case("romanian")), HERON)
    assert world.as_("investigator").get(f"/overlaps/{overlap}").json["rarity"] == "few"
    path = f"/cases/{there}/identifiers/{third}/transitions"
    world.as_("romanian").post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"')
    assert world.as_("investigator").get(f"/overlaps/{overlap}").json["rarity"] == "rare"


def test_a_machine_judges_nothing(world):
    _, _, overlap, _ = pair(world, HERON)
    assert world.as_("system").post(f"/overlaps/{overlap}/transitions", {"event": "take"}, If_Match='"v1"').status_code == 403
    assert world.as_("system").get(f"/overlaps/{overlap}/transitions").json["allowed"] == []
