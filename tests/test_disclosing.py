"""Disclosures under pressure: asked or decided twice at once, about victims alone, of a case that was withdrawn."""

from concurrent.futures import ThreadPoolExecutor

from test_handling import HERON, OWL, act, pair, prosecutor_of_fr, step

ASKING = {"purpose": "investigation", "offence": "ocsea", "items_asked": ["names"]}


def at_once(*calls):
    """What several callers are answered who act at the same moment."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(answer.status_code for answer in pool.map(lambda call: call(), calls))


def test_one_of_many_who_ask_at_once_has_asked(world):
    _, _, overlap, _ = pair(world, HERON)
    step(world, "investigator", overlap, "take")
    me = world.as_("investigator").token
    path = f"/overlaps/{overlap}/disclosures"
    ask = lambda: type(world.as_("investigator"))(world.app.test_client(), me).post(path, ASKING)  # noqa: E731
    assert at_once(*[ask] * 6) == [201, *[409] * 5]


def test_one_of_many_who_decide_at_once_has_decided(world):
    _, _, overlap, held = pair(world, HERON)
    step(world, "investigator", overlap, "take")
    asked = world.as_("investigator").post(f"/overlaps/{overlap}/disclosures", ASKING).json["id"]
    decider, path = prosecutor_of_fr(world), f"/disclosures/{asked}/transitions"
    refusing = {"event": "refuse", "reason": "no", "ground": "authorisation_refused"}
    giving = {"event": "disclose", "items": [{"identifier_id": held}]}
    calls = [lambda body=body: world.as_(decider).post(path, body, If_Match='"v1"') for body in (refusing, giving) * 3]
    assert at_once(*calls) == [200, *[412] * 5]


def test_one_of_many_who_take_an_overlap_at_once_has_it(world):
    _, _, overlap, _ = pair(world, HERON)
    calls = [
        lambda who=who: world.as_(who).post(f"/overlaps/{overlap}/transitions", {"event": "take"}, If_Match='"v1"')
        for who in ("investigator", "prosecutor") * 3
    ]
    assert at_once(*calls) == [200, *[412] * 5]


def test_what_is_asked_about_victims_alone_is_there_for_the_cleared_alone(world):
    there = world.case("foreign")
    world.hold("foreign", there, HERON, subject_id=world.subject("foreign", there, "victim"))
    case = world.case("investigator")
    world.hold("investigator", case, HERON)
    asked = world.asked("investigator", case)["id"]
    for who in ("colleague", "uncleared"):
        assert world.as_(who).get("/disclosures").json["items"] == []
        assert world.as_(who).get(f"/disclosures/{asked}").status_code == 404
    assert len(world.as_("foreign").get("/disclosures").json["items"]) == 1

    world.hold("foreign", there, OWL)
    world.hold("investigator", case, OWL)
    assert world.as_("uncleared").get("/disclosures").json["items"] == []
    assert len(world.as_("foreign").get("/disclosures").json["items"]) == 1


def given(world):
    _, there, overlap, held = pair(world, HERON)
    step(world, "investigator", overlap, "take")
    asked = world.as_("investigator").post(f"/overlaps/{overlap}/disclosures", ASKING).json["id"]
    return there, asked, held


def test_access_ends_when_the_owner_withdraws_the_case(world):
    there, asked, held = world.once(given)
    act(world, prosecutor_of_fr(world), asked, "disclose", items=[{"identifier_id": held}])
    assert world.as_("investigator").get(f"/disclosures/{asked}").json["items"][0]["value"] == HERON
    path = f"/cases/{there}/transitions"
    body = {"event": "withdraw", "reason": "filed by mistake", "force": True}
    done = world.as_("foreign").post(path, body, If_Match='"v1"')
    assert done.status_code == 200, done.json
    assert world.as_("investigator").get(f"/disclosures/{asked}").json["items"][0]["value"] is None


def test_nothing_is_disclosed_until_a_day_that_is_over_or_twice(world):
    _, asked, held = world.once(given)
    decider, item = prosecutor_of_fr(world), {"identifier_id": held}
    over = act(world, decider, asked, "disclose", items=[item], until="2020-01-01T00:00:00Z")
    assert (over.status_code, over.json["errors"][0]["pointer"]) == (422, "/until")
    twice = act(world, decider, asked, "disclose", items=[item, {**item, "conditions": "none"}])
    assert (twice.status_code, twice.json["errors"][0]["pointer"]) == (422, "/items/1/identifier_id")


def test_what_is_not_overdue_is_asked_for_too(world, clock):
    given(world)
    clock.forward(hours=1)
    count = lambda query: len(world.as_("foreign").get(f"/disclosures?{query}").json["items"])  # noqa: E731
    assert (count("overdue=false"), count("overdue=true")) == (1, 0)
    clock.forward(hours=48)
    assert (count("overdue=false"), count("overdue=true")) == (0, 1)


def test_whoever_was_told_a_value_is_told_that_it_was_corrected_or_withdrawn(world):
    """LED Art. 16(6)."""
    case, there, overlap, held = pair(world, HERON)
    step(world, "investigator", overlap, "take")
    asked = world.as_("investigator").post(f"/overlaps/{overlap}/disclosures", ASKING).json["id"]
    path = f"/cases/{there}/identifiers/{held}"

    def change(body):
        me = world.as_("foreign")
        assert me.patch(path, body, If_Match=me.get(path).headers["ETag"]).status_code == 200

    def told(who):
        found = world.as_(who).get("/events?limit=200").json["items"]
        return [(e["action"], e["case_id"]) for e in found if e["action"].startswith("disclosure.item_")]

    change({"value": OWL})
    change({"value": HERON})
    assert told("investigator") == []
    giving = {"event": "disclose", "items": [{"identifier_id": held}]}
    assert world.as_(prosecutor_of_fr(world)).post(f"/disclosures/{asked}/transitions", giving, If_Match='"v1"').status_code == 200
    change({"handling_code": "H1"})
    assert told("investigator") == []
    change({"value": OWL})
    assert world.as_("investigator").get(f"/disclosures/{asked}").json["items"][0]["value"] == OWL
    me = world.as_("foreign")
    withdrawn = me.post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=me.get(path).headers["ETag"])
    assert withdrawn.status_code == 200

    assert told("investigator") == [("disclosure.item_corrected", case), ("disclosure.item_withdrawn", case)]
    assert told("foreign") == [("disclosure.item_corrected", there), ("disclosure.item_withdrawn", there)]
    assert told("romanian") == []
    (one, *_) = [e for e in world.as_("investigator").get("/events?limit=200").json["items"] if "item_" in e["action"]]
    assert (one["detail"]["disclosure"], OWL in str(one)) == (asked, False)
